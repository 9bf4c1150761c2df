"""`in_turn`: several lanes for the reads of one side of the gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

S = TypeVar("S")

Relay = Callable[[S, bytes, int, float], int]
"""Relays the plain PDUs of one kind from an offset on in a read, at a time; gives where they end.
It looks at no octet behind a beginning that is not of its kind."""


def in_turn(first: Relay[S], second: Relay[S]) -> Relay[S]:
    """Both lanes by turns, as long as what comes next is plain to one of them."""

    def relay(session: S, octets: bytes, start: int, now: float) -> int:
        end = len(octets)
        while True:
            begin = start
            start = first(session, octets, start, now)
            if start < end:
                start = second(session, octets, start, now)
            if start in (begin, end):
                return start

    return relay


def nothing_is_plain(session: object, octets: bytes, start: int, now: float) -> int:
    """What relays whole reads where every PDU goes the general way: nothing."""
    return start
