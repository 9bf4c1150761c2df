"""What is needed of workers to show and change them: `Workers`, however they are reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from attrs import frozen
from twisted.internet.defer import Deferred

from smppgate.admin.messages import JSON
from smppgate.admin.workers import WorkerState


class WorkerGone(Exception):
    """The worker has ended before it has answered."""


class WorkerSilent(Exception):
    """The worker has not answered in time."""


@frozen
class Answered:
    """What a worker has answered."""

    status: int
    body: bytes = b""
    content_type: str = JSON


@frozen
class Opened:
    """A stream of a worker.

    :ivar answered: where its status is not 200, there is no stream, and this says why.
    :ivar close: ends it; that may be done again.
    """

    answered: Answered
    close: Callable[[], None]


Write = Callable[[bytes], "Deferred[None] | None"]
"""Takes octets of a stream; a worker sends more of it than a little only when that has fired."""


class Worker(Protocol):
    """A worker that is up: one that takes its place is another."""

    @property
    def number(self) -> int:
        """From 1."""

    def ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Deferred[Answered]:
        """What its gate answers; fails with `WorkerGone` or `WorkerSilent`.

        :param path: with its escapes.
        """

    def open(
        self, path: str, query: Mapping[str, str], write: Write, ended: Callable[[], None]
    ) -> Deferred[Opened]:
        """Have octets of a stream written until it is closed; fails as `ask` does.

        :param ended: called once when the worker has ended it, or has ended itself.
        """

    def observe(self, is_wanted: bool) -> None:
        """Have it count, and tell what happens, or no more."""


class Workers(Protocol):
    """The workers of a gate."""

    def up(self) -> Sequence[Worker]:
        """Those that can be asked, in order of their numbers."""

    def states(self) -> Sequence[WorkerState]:
        """All of them, with what is known without asking them."""

    def follow(self, came: Callable[[Worker], None], gone: Callable[[Worker], None]) -> None:
        """Call these, which must not raise, whenever one can be asked, or no more."""
