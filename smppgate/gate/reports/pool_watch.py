"""`PoolWatch`: tells when a pool is left without an SMSC, and when it has one again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from smppgate.notices.smscs import POOL_DOWN, POOL_UP
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.log import Logger

Told: TypeAlias = Callable[[Pool, Smsc, bool], None]


class PoolWatch:
    """Knows which pools are without a bound link now.

    :param status: the command_status of messages meanwhile.
    :param told: is called with each pool that changed, an SMSC that did it, and whether it is up.
    """

    log = Logger()

    def __init__(self, pools: Iterable[Pool], status: int, told: Told) -> None:
        self.status = status
        self._told = told
        self._pools = tuple(pools)
        # In order, so that lines are too.
        self._down: dict[Pool, None] = {}

    def watch(self, pools: Iterable[Pool]) -> None:
        """Watch these pools in place of those before."""
        self._pools = tuple(pools)
        self._down = {pool: None for pool in self._down if pool in self._pools}

    def changed(self, smsc: Smsc) -> None:
        """``smsc`` takes new messages again, or takes none."""
        self.bound(smsc)
        self.lost(smsc)

    def bound(self, smsc: Smsc) -> None:
        """A link of ``smsc`` is bound."""
        for pool in self._pools:
            if pool in self._down and pool.is_up:
                del self._down[pool]
                self.log.tell(POOL_UP, pool=pool.name, smsc=smsc.name)
                self._told(pool, smsc, True)

    def lost(self, smsc: Smsc) -> None:
        """A link of ``smsc`` has ended."""
        for pool in self._pools:
            if pool not in self._down and smsc in pool.smscs and not pool.is_up:
                self._down[pool] = None
                self.log.tell(
                    POOL_DOWN,
                    pool=pool.name,
                    answer=f"0x{self.status:02X}" + (f" after {pool.hold:g} s" * bool(pool.hold)),
                )
                self._told(pool, smsc, False)
