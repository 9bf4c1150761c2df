"""Waiting until an SMSC or a link is drained, and showing what is open meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from attrs import frozen

from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import NotReached, Refused
from smppgate.cli.control.texts import figure, shown

POLL_INTERVAL = 0.2
"""Seconds between two looks."""

Object = dict[str, Any]


@frozen
class Place:
    """Where the object is in the API.

    :ivar kind: ``smscs`` or ``links``.
    """

    kind: str
    name: str

    @property
    def noun(self) -> str:
        """What it is, and which."""
        return f"{'SMSC' if self.kind == 'smscs' else 'link'} {shown(self.name)}"

    def look(self, gate: Gate) -> Object:
        """The object as it is now.

        :raises Refused: it is gone.
        """
        return gate.object(self.kind, self.name)


def open_requests(found: Object) -> int:
    """Requests whose answers are waited for; not those whose time is over."""
    return max(
        0, int((figure(found.get("outstanding")) or 0) - (figure(found.get("overdue")) or 0))
    )


def is_drained(found: Object) -> bool:
    """Whether no request is open."""
    return found.get("state") in ("drain", "maint") and not open_requests(found)


def is_away(found: Object) -> bool:
    """Whether it is unbound and stays so."""
    links = found.get("links")
    up = links.get("up") if isinstance(links, dict) else found.get("condition") != "down"
    return found.get("state") == "maint" and not up


@frozen
class Wait:
    """:ivar states: those in which it goes on; another one means that somebody else decided.
    :ivar timeout: seconds.
    """

    states: tuple[str, ...]
    is_done: Callable[[Object], bool]
    timeout: float

    def until_done(self, gate: Gate, place: Place, found: Object) -> Object:
        """The object when it is so.

        :raises Refused: it is not so in time, or somebody else has decided otherwise.
        """
        deadline = time.monotonic() + self.timeout
        with Progress(place.noun) as progress:
            while not self.is_done(found):
                self._check(place, found, time.monotonic() > deadline)
                progress.show(open_requests(found))
                time.sleep(POLL_INTERVAL)
                found = _looked(gate, place)
        return found

    def _check(self, place: Place, found: Object, is_over: bool) -> None:
        if found.get("state") not in self.states:
            raise Refused(f"{place.noun} was told meanwhile: {shown(found.get('state'))}", 409)
        if is_over:
            count, state = open_requests(found), shown(found.get("state"))
            raise Refused(
                f"{place.noun}: {count} open after {self.timeout:g} s; it stays in {state}", 504
            )


def _looked(gate: Gate, place: Place) -> Object:
    try:
        return place.look(gate)
    except NotReached as error:
        raise NotReached(f"{error}, while {place.noun} was waited for") from None


class Progress:
    """What is open, on standard error: one line that changes on a terminal, else one line when it
    begins."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._is_live = sys.stderr.isatty()
        self._last = -1

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_live and self._last >= 0:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def show(self, count: int) -> None:
        """So many are open now."""
        if count == self._last or (self._last >= 0 and not self._is_live):
            return
        self._last = count
        what = f"{self._noun}: {count:,} open"
        if self._is_live:
            print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)
        else:
            print(what, file=sys.stderr, flush=True)
