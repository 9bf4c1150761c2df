"""`Server`: what the parts of `RedisStore` know of a server, and how it fails them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from twisted.internet.defer import Deferred

from smppgate.store.records import StoreError
from smppgate.store.redis.script import Script

Word: TypeAlias = bytes | int
"""An argument of a command or script."""


class Unreached(StoreError):
    """The server has not answered within the patience, is not connected, or too few replicas have
    what was written. It may have been done all the same."""


class Refused(StoreError):
    """The server has answered with an error: nothing was done."""


def without_arguments(error: str) -> str:
    """What a server says is wrong. Of a command that it does not know it repeats what came with
    it: of AUTH the password."""
    return error.partition(", with args beginning with")[0]


class Server(Protocol):
    """One Redis master, whichever machine has it at present.

    All that it is asked for fires within the patience, and fails with `Unreached` or `Refused`.
    Answers are octets, integers, None, and lists of these.
    """

    @property
    def is_up(self) -> bool:
        """Whether it has answered all that it was asked lately.

        Where it has not, all that it is asked for fails at once, and it is looked for again and
        again until it answers.
        """

    def keep(
        self,
        kept: Mapping[bytes, bytes],
        lifetime: int,
        ended: Mapping[bytes, int],
        waited: float = 0.0,
    ) -> Deferred[None]:
        """Set ``kept``, key to value, then let ``ended``, key to time, end; in this order.

        What is set anew does not end. It fires when as many replicas as are asked for have it.
        Of several calls, also of one after the other's failure, the later comes later.

        :param lifetime: milliseconds until what is kept expires.
        :param ended: milliseconds until each expires, if it would not before.
        :param waited: seconds of the patience that are over already.
        """

    def find(self, keys: Sequence[bytes]) -> Deferred[list[bytes | None]]:
        """The values of ``keys``, None for those that there are not."""

    def run(
        self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word]
    ) -> Deferred[Any]:
        """What ``script`` returns. A failover may undo what it has done."""

    def run_safely(
        self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word]
    ) -> Deferred[Any]:
        """The same, when as many replicas as are asked for have what it has done."""

    def follow(self, told: Callable[[], None]) -> None:
        """Call ``told`` after each change of `is_up`. It must not raise."""
