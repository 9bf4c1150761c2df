"""Which SMSCs of the pools come last because something is wrong with their links."""

from __future__ import annotations

from collections.abc import Iterable

from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Link, Smsc


def rank(pools: Iterable[Pool], smsc: Smsc) -> None:
    """Rank ``smsc``, whose links have changed, in each pool that it is in."""
    for pool in pools:
        if smsc in pool.smscs:
            pool.rank()


def is_dispensable(pools: Iterable[Pool], smsc: Smsc, link: Link) -> bool:
    """Whether each pool of ``smsc`` has a link with which nothing is wrong beside ``link``."""
    groups = [pool.smscs for pool in pools if smsc in pool.smscs] or [(smsc,)]
    return all(any(each.has_sound_link(link) for each in group) for group in groups)
