"""Whether the pools of an SMSC can do without one of its links."""

from __future__ import annotations

from collections.abc import Iterable

from smppgate.routing.smscs.links import Link
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc


def is_dispensable(pools: Iterable[Pool], smsc: Smsc, link: Link) -> bool:
    """Whether each pool of ``smsc`` has a link with which nothing is wrong beside ``link``."""
    seats = [pool.members for pool in pools if smsc in pool.smscs]
    groups = [[seat.smsc for seat in each if seat.weight] for each in seats] or [[smsc]]
    return all(any(each.has_sound_link(link) for each in group) for group in groups)
