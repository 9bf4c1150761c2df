"""How large the parts of the store are."""

from __future__ import annotations

from attrs import frozen

from smppgate.store.records import Limits

_SEGMENT = 64 << 20
_LEAST_SEGMENT = 64 << 10
_LEAST_ENTRIES = 1024
_SHARE = 16
"""The part of all that one segment is at most: whole segments are forgotten."""


@frozen
class Sizes:
    """How large the parts of the store are.

    :param segment: octets from which on a segment is closed.
    :param entries: return paths and ends from which on it is closed.
    :param table: return paths and ends in a table of memory.
    :param piece: how many are indexed together; before that, memory has them.
    :param replay: octets that are read into memory at a start rather than indexed first.
    """

    segment: int = _SEGMENT
    entries: int = 1 << 62
    table: int = 65_536
    piece: int = 65_536
    replay: int = 16 << 20

    @classmethod
    def of(cls, limits: Limits) -> Sizes:
        """Those for these limits."""
        segment = min(_SEGMENT, max(_LEAST_SEGMENT, limits.return_paths_disk // _SHARE))
        entries = max(_LEAST_ENTRIES, limits.return_paths // _SHARE)
        return cls(
            segment=segment,
            entries=entries if limits.return_paths else 1 << 62,
            table=min(65_536, max(4096, limits.recent // _SHARE)),
            piece=max(65_536, limits.recent // 4),
        )
