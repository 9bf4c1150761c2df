"""`RateShares`: the parts that this process has of limits which several processes have together.

Every `BLOCK` it looks what was taken of each, and tells the store where it could use another part.
What the store tells it holds until it is told otherwise: so no message asks for anything, and a
store that is slow or does not answer slows no message. In the only process nothing of this runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from twisted.internet.task import LoopingCall

from smppgate.notices.program import SHARES_IDLE
from smppgate.routing.esmes.account import Account
from smppgate.routing.limits.wishes import Divided, Wish
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.rate_limits import OverallLimit
from smppgate.routing.smscs.smsc import Smsc
from smppgate.store import IStore
from smppgate.store.interface import LEAST_PART, WHOLE
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

BLOCK = 0.1
"""Seconds from one look to the next."""


class RateShares:
    """Has limits divided among processes, while this one uses them. ``len()`` is their number.

    :param store: see `smppgate.store.interface.IQuota`.
    """

    log = Logger()

    def __init__(self, clock: Clock, batch: Batch, store: IStore) -> None:
        self._clock = clock
        self._batch = batch
        self._store = store
        self._wishes: dict[str, Wish] = {}
        self._of_smscs: dict[Smsc, OverallLimit] = {}
        # Those that the store has been told nothing of.
        self._new: dict[str, None] = {}
        self._ticks = LoopingCall(self._look)
        self._ticks.clock = clock
        if store.is_quota_shared:
            store.tell_leased(self._leased)

    def __len__(self) -> int:
        return len(self._wishes)

    def start(self) -> None:
        """Look from now on."""
        if self._store.is_quota_shared:
            ticking = self._ticks.start(BLOCK, now=False)
            ticking.addErrback(partial(self.log.tell_failure, SHARES_IDLE))
            self._tell_new()

    def stop(self) -> None:
        """Look no more."""
        if self._ticks.running:
            self._ticks.stop()

    # Who has limits

    def account_changed(self, account: Account[EsmeSession]) -> None:
        """A session of ``account`` is bound here or has ended, or its policy is another one."""
        rates = account.policy.rates
        if account.sessions and rates is not None and rates.account is not None:
            self._use(_of_account(account), account.limit)
        else:
            self._use_no_more(_of_account(account), account.limit)

    def smsc_changed(self, smsc: Smsc) -> None:
        """``smsc`` has a limit, has another one or has none any more."""
        limits = smsc.limits
        if limits is None or limits.overall.rates.overall is None:
            self.smsc_removed(smsc)
        elif self._of_smscs.get(smsc) is not limits.overall:
            self._of_smscs[smsc] = limits.overall
            self._use(_of_smsc(smsc), limits.overall)

    def smsc_removed(self, smsc: Smsc) -> None:
        """``smsc`` is no more, or has no limit that is divided."""
        limit = self._of_smscs.pop(smsc, None)
        if limit is not None:
            self._use_no_more(_of_smsc(smsc), limit)
            # It may still adapt to what its SMSC takes of this process.
            limit.apportion(1.0, self._clock.monotonic())

    def _use(self, name: str, limit: Divided) -> None:
        if not self._store.is_quota_shared:
            return
        known, now = self._wishes.get(name), self._clock.monotonic()
        if known is not None and known.limit is limit:
            return
        if known is not None:
            # An account that was removed and is there again: sessions of the former are leaving.
            self._use_no_more(name, known.limit)
        limit.apportion(_LEAST, now)
        self._wishes[name] = Wish(limit, now)
        if self._ticks.running and not self._new:
            self._batch.at_end(self._tell_new)
        self._new[name] = None

    def _use_no_more(self, name: str, limit: Divided) -> None:
        known = self._wishes.get(name)
        if known is None or known.limit is not limit:
            return
        del self._wishes[name]
        limit.apportion(_LEAST, self._clock.monotonic())
        if self._new.pop(name, self) is self:
            self._store.lease({name: 0})

    def _tell_new(self) -> None:
        """Have a part before anything was taken: what no other process is in need of."""
        if self._new and self._ticks.running:
            told, self._new = self._new, {}
            self._store.lease(dict.fromkeys(told, 1))

    # Every block

    def _look(self) -> None:
        now = self._clock.monotonic()
        changed = {
            name: max(1, int(wish.part * WHOLE))
            for name, wish in self._wishes.items()
            if wish.has_changed(now)
        }
        for name in changed:
            self._new.pop(name, None)
        if changed:
            self._store.lease(changed)

    def _leased(self, parts: Mapping[str, int]) -> None:
        now = self._clock.monotonic()
        for name, part in parts.items():
            wish = self._wishes.get(name)
            # One that has been given up may be told of still, and be used anew meanwhile.
            if wish is not None and name not in self._new:
                wish.limit.apportion(max(part, LEAST_PART) / WHOLE, now)


_LEAST = LEAST_PART / WHOLE


def _of_account(account: Account[EsmeSession]) -> str:
    return f"account {account.system_id}"


def _of_smsc(smsc: Smsc) -> str:
    return f"smsc {smsc.name}"
