"""`Rendezvous`: equal keys go to one SMSC, whatever comes and goes.

Each member gives each key a score that depends on their names alone, and the highest wins: so a
member that leaves moves its own keys only, each to where it would have been without it, and all
gates choose alike. Scores are weighted as by J. Mosko, C. Schindelhauer and C. Schomaker: weighted
distributed hash tables, 2005: shares are exactly as weights are.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from math import inf, log
from zlib import crc32

from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc

_64_BITS = (1 << 64) - 1
_SPREAD = 0x9E3779B97F4A7C15
"""2**64 over the golden ratio, odd: it spreads the 32 bits of a CRC over 64."""
_UNIT = 1.0 / (1 << 64)


class Rendezvous:
    """Chooses by key, and by nothing else: a member that is full is waited for."""

    def __init__(self) -> None:
        # Each with two hashes of its name, the second of them odd.
        self._members: tuple[tuple[Member, int, int], ...] = ()

    def arrange(self, members: tuple[Member, ...]) -> None:
        """Choose among these from now on."""
        self._members = tuple((member, *_hashes_of(member.smsc.name)) for member in members)

    def home(self, key: bytes, tried: Sequence[Smsc]) -> Smsc | None:
        """The SMSC of ``key``, whether it has room or not; None where all are ``tried``.

        With some of them tried it is the next: that of the key if there were only the others.
        """
        best: Smsc | None = None
        least = inf
        hashed = crc32(key) * _SPREAD
        for member, name, factor in self._members:
            # A number between 0 and 1 that looks like chance, of which is made an exponential
            # variable whose rate is the weight: the least of several is each one's with a chance
            # in proportion to its weight. A blake2b for each member would take twice as long.
            chance = (((hashed ^ name) * factor & _64_BITS) + 1) * _UNIT
            score = -log(chance) * member.cost
            if score < least and member.smsc not in tried:
                best, least = member.smsc, score
        return best

    def choose(self, now: float, key: bytes | None, tried: Sequence[Smsc]) -> Smsc | None:
        """The SMSC of ``key``, if it has room; None until it has."""
        home = self.home(key or b"", tried)
        return home if home is not None and home.outstanding < home.capacity else None


def _hashes_of(name: str) -> tuple[int, int]:
    digest = blake2b(name.encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big") | 1
