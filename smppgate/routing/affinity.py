"""`Affinity`: what belongs together, and where the first of it went.

The parts of one long message go one way, and so do the steps of a dialogue. Entries are kept for a
short time and in little memory; what comes later goes where any message would.
"""

from __future__ import annotations

from collections import OrderedDict
from struct import Struct
from typing import Generic, TypeVar

from smppgate.txsmpp.address_range import LONGEST_ADDRESS
from smppgate.txsmpp.dialogues import Step
from smppgate.txsmpp.user_data_header import Segment

OVERHEAD = 300
"""Octets that an entry is counted with beside its key: its value, and its place in the table.
Measured with 100 000 anchors on Python 3.11: 275 each."""

MOST_OCTETS = 16 << 20
"""Octets of all entries of one table: some 45 000 of them."""

RENEWAL = 1.0
"""Seconds after which an entry that is asked for is kept anew: most parts come in less."""

_pack = Struct(">HH").pack

V = TypeVar("V")


class Affinity(Generic[V]):
    """Key → where what has this key goes. ``len()`` is the number of entries.

    :param lifetime: seconds that an entry is kept after `put`, or a `get`; may change.
    :param most_octets: the most that all entries occupy; beyond it the oldest are dropped.
    :ivar octets: what they occupy.
    """

    def __init__(self, lifetime: float = 60.0, most_octets: int = MOST_OCTETS) -> None:
        self.lifetime = lifetime
        self.most_octets = most_octets
        self.octets = 0
        # With the time at which each was put, in the order in which they were.
        self._known: OrderedDict[bytes, tuple[V, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: bytes, now: float) -> V | None:
        """What was put under ``key``, which is kept anew; None when that was too long ago."""
        known = self._known.get(key)
        if known is None:
            return None
        value, since = known
        age = now - since
        if age < RENEWAL:
            return value
        if age < self.lifetime:
            self.put(key, value, now)
            return value
        self._drop(key)
        return None

    def put(self, key: bytes, value: V, now: float) -> None:
        """Keep ``value`` from now on, in place of any other under ``key``."""
        known = self._known
        if key not in known:
            self.octets += len(key) + OVERHEAD
        known[key] = (value, now)
        known.move_to_end(key)
        while self.octets > self.most_octets:
            self._drop(next(iter(known)))
        # Two overdue entries at most go for each one put: no message waits for the removal of
        # many, and all of them go in time.
        for _ in range(2):
            oldest = next(iter(known), None)
            if oldest is None or now - known[oldest][1] < self.lifetime:
                return
            self._drop(oldest)

    def end(self, key: bytes, now: float, seconds: float) -> None:
        """Keep what is under ``key`` for so many more seconds, and not longer."""
        known = self._known.get(key)
        if known is not None:
            value, since = known
            self._known[key] = (value, min(since, now - self.lifetime + seconds))

    def _drop(self, key: bytes) -> None:
        del self._known[key]
        self.octets -= len(key) + OVERHEAD


def parts_key(
    source: bytes, destination: bytes, segment: Segment, account: bytes = b""
) -> bytes | None:
    """What the parts of one message have in common, and no other message has.

    :param account: whose message it is, where it comes from an ESME.

    None where an address is longer than SMPP has: such ones would fill memory.
    """
    if len(source) > LONGEST_ADDRESS or len(destination) > LONGEST_ADDRESS:
        return None
    reference, total, _ = segment
    return b"%b\0%b\0%b\0%b" % (account, source, destination, _pack(reference, total))


def dialogue_keys(account: bytes, subscriber: bytes, step: Step) -> tuple[bytes, ...]:
    """By which a dialogue of an account with a subscriber's address is known, the surest first.

    None where the address is longer than SMPP has.
    """
    if len(subscriber) > LONGEST_ADDRESS:
        return ()
    name = account + b"\0" + subscriber + b"\0"
    keys = () if step.session is None else (name + bytes((step.session,)),)
    return (*keys, name) if step.is_ussd else keys
