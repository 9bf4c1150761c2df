"""`Reload`: lets a running gate be as new settings say, by changing what differs.

The order keeps every message at home: SMSCs and pools that are new come first, then accounts go
over to them, then what is gone is drained. What a setting's change needs is said by its `Takes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice

from twisted.internet.defer import CancelledError, Deferred, DeferredLock, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from smppgate.gate.build import (
    change_pool,
    listener_rules,
    make_hooks,
    make_pool,
    make_target,
    policies_of,
    router_options,
)
from smppgate.gate.parts import Parts
from smppgate.gate.peers.build import change_peers
from smppgate.gate.relay.events import MOST_LINES
from smppgate.gate.rewrite_table import make_rewriting
from smppgate.gate.route_table import make_routes
from smppgate.gate.smsc_service import SmscService
from smppgate.notices.program import CHANGES_UNTOLD, NOT_UNBOUND
from smppgate.routing.esmes.account import Account, AccountPolicy
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.pool import Pool
from smppgate.settings import EsmeSettings, Settings, SmscSettings
from smppgate.settings.applicable import applicable
from smppgate.settings.changes import Change
from smppgate.settings.difference import Difference, difference
from smppgate.txsmpp.log import Logger

A_TURN = 25
"""Accounts that are changed in one turn of the reactor: some milliseconds."""

LINES_A_TURN = 50
"""Lines that are written into the log in one turn: a millisecond or two."""


class Reload:
    """Applies new settings to the parts of a gate, one after the other if there are several."""

    log = Logger()

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = DeferredLock()
        self._is_stopped = False
        self.followers: list[Callable[[Settings], None]] = []
        """Each is called after a reload, with the settings in force."""

    def request(self, settings: Settings) -> Deferred[Settings]:
        """Apply ``settings``; fires with those in force then.

        Fails with `SettingsError`, and nothing is changed, see `applicable`.
        """
        running: Deferred[Settings] = self._lock.run(self._run, settings)
        return running

    def stop(self) -> None:
        """The gate stops: what is drained is drained by the stop."""
        self._is_stopped = True
        for service in (*self._parts.smscs.values(), *self._parts.leaving):
            service.hurry()

    def _run(self, settings: Settings) -> Deferred[Settings]:
        return ensureDeferred(self._apply(settings))

    async def _apply(self, settings: Settings) -> Settings:
        self._check_stopped()
        parts = self._parts
        before = parts.settings
        found = applicable(before, settings)
        changes = difference(before, found)
        waiting = difference(found, settings).waiting()
        # In one turn: nothing is changed where they cannot be made.
        self._hooks(changes)
        self._tell(changes, waiting)
        await self._rest()
        parts.settings = found
        await self._listeners(changes)
        await self._end_outbinds(changes)
        self._gate(changes)
        self._smscs(changes)
        self._pools(changes)
        self._routes(changes)
        self._rewrites(changes)
        await self._accounts(changes)
        for smsc in changes.smsc.removed:
            self._remove_smsc(smsc)
        for service in parts.smscs.values():
            service.renew()
        if parts.peers is not None and changes:
            change_peers(parts.peers, found, are_alike=not parts.seat.is_alone)
        parts.router.queues.tell_orphans()
        for follow in self.followers:
            follow(found)
        self._tell_listeners(changes, waiting)
        return found

    def _tell_listeners(self, changes: Difference, waiting: list[str]) -> None:
        events = self._parts.router.events
        if events.tell_reloaded is not None:
            # One more shows that there are more; the rest need not be made.
            events.tell_reloaded(list(islice(change_lines(changes, waiting), MOST_LINES + 1)))

    def _check_stopped(self) -> None:
        if self._is_stopped:
            raise CancelledError("the gate is stopping")

    async def _rest(self) -> None:
        """Let the reactor have a turn, where so many accounts are to be looked at."""
        parts = self._parts
        if max(len(parts.accounts), len(parts.settings.esme)) > A_TURN:
            await deferLater(parts.clock, 0.0)
            self._check_stopped()

    def _tell(self, changes: Difference, waiting: list[str]) -> None:
        """Tell what changed; of several processes one tells it for all."""
        if not self._parts.seat.is_alone:
            return
        tell_changes(change_lines(changes, waiting), self.log, self._parts.clock)

    # Listeners and what holds for all

    async def _listeners(self, changes: Difference) -> None:
        listeners = self._parts.listeners
        for gone in changes.listen.removed:
            await listeners.remove(gone.endpoint)
        listeners.retry()
        for new in changes.listen.added:
            listeners.add(new.endpoint, new.max_sessions, listener_rules(new), new.tls)
        for change in changes.listen.changed:
            new = change.new
            listeners.change(new.endpoint, new.max_sessions, listener_rules(new), new.tls)
        listeners.renew()

    def _hooks(self, changes: Difference) -> None:
        """Ask other hooks from now on.

        :raises SettingsError: they cannot be made.
        """
        change = changes.gate
        if change is not None and change.keys & {"hooks", "hook_options"}:
            parts = self._parts
            parts.router.hooks.change(make_hooks(change.new, parts.reactor))

    def _gate(self, changes: Difference) -> None:
        if changes.gate is None:
            return
        parts = self._parts
        parts.router.change(router_options(parts.settings, b""))
        parts.configure_esmes(parts.settings.gate)

    # SMSCs and pools

    async def _end_outbinds(self, changes: Difference) -> None:
        """Close what SMSCs listen on no more: others may listen there after this reload."""
        names = [smsc.name for smsc in changes.smsc.removed]
        names += [each.new.name for each in changes.smsc.changed if _listens_anew(each)]
        for name in names:
            await self._parts.smscs[name].listen_no_more()

    def _smscs(self, changes: Difference) -> None:
        parts = self._parts
        for settings in changes.smsc.added:
            self._add_smsc(settings)
        changed = {each.new.name: each for each in changes.smsc.changed}
        for settings in parts.settings.smsc:
            change = changed.get(settings.name)
            if change is None and changes.gate is None:
                continue
            service = parts.smscs[settings.name]
            if change is not None and "weight" in change.keys:
                service.smsc.change_weight(settings.weight)
                parts.router.smsc_changed(service.smsc)
            if change is not None and _listens_anew(change):
                self._listen_for_outbinds(settings)
            service.change(parts.settings.gate, settings)
            target = make_target(
                parts.settings.gate,
                settings,
                service.smsc,
                parts.reactor,
                service.tls,
                service.session_slots,
            )
            parts.pass_through.set_target(target)

    def _add_smsc(self, settings: SmscSettings) -> None:
        parts = self._parts
        for leaving in parts.leaving:
            if leaving.settings.name == settings.name:
                # It is back before it was gone: the old links are unbound at once.
                leaving.hurry()
        smsc = parts.centers.smsc(parts.settings.gate, settings)
        parts.router.add_smsc(smsc)
        parts.add_smsc(settings, smsc)

    def _listen_for_outbinds(self, settings: SmscSettings) -> None:
        """Sessions that came by the former listener go on."""
        parts = self._parts
        service = parts.smscs[settings.name]
        service.settings = settings
        service.listen_anew(parts.listeners)

    def _pools(self, changes: Difference) -> None:
        parts = self._parts
        if not (changes.pool or changes.default_pool or changes.smsc):
            return
        smscs = {name: service.smsc for name, service in parts.smscs.items()}
        pools: dict[str, Pool] = {}
        for settings in parts.settings.pool:
            pool = parts.router.pools.get(settings.name)
            if pool is None:
                pool = make_pool(settings, smscs, parts.entropy)
            else:
                change_pool(pool, settings, smscs, parts.entropy)
            pools[settings.name] = pool
        for name in parts.router.pools.keys() - pools.keys():
            parts.router.pools[name].leave()
        parts.router.change_pools(pools)

    def _routes(self, changes: Difference) -> None:
        """In the same turn as pools: no route leads to one that is not there."""
        if changes.route or changes.are_routes_moved or changes.pool:
            router = self._parts.router
            routes = make_routes(self._parts.settings, router.pools, router.routes)
            router.change_routes(routes)

    def _rewrites(self, changes: Difference) -> None:
        """What has come before is sent as the rules of its time have made it."""
        if changes.rewrite or changes.are_rewrites_moved:
            transform = self._parts.router.transform
            transform.rewriting = make_rewriting(self._parts.settings, transform.rewriting)

    # Accounts

    async def _accounts(self, changes: Difference) -> None:
        """Change accounts, some of them a turn of the reactor: their ranges take a while."""
        parts = self._parts
        policies = policies_of(parts.settings, parts.router.pools)
        for account in self._configured():
            policy = policies.get(account.system_id, account.policy)
            if policy != account.policy:
                parts.router.accounts.change(account, policy)
                parts.router.ranges.weigh(account, policy.weight)
                for each in parts.router.accounts.derived(account):
                    parts.router.rate_shares.account_changed(each)
        if changes:
            parts.router.waiting_room.rearrange()
        await self._rest()
        for count, change in enumerate(self._account_changes(changes, policies), 1):
            change()
            if count % A_TURN == 0:
                await self._rest()
        names = [esme.system_id for esme in parts.settings.esme]
        parts.router.ranges.arrange(parts.accounts[name].account for name in names)

    def _account_changes(
        self, changes: Difference, policies: Mapping[str, AccountPolicy]
    ) -> Iterator[Callable[[], None]]:
        """What is to be done, in this order: a number may go from one account to another."""
        accounts = self._parts.accounts
        for gone in changes.esme.removed:
            yield partial(self._remove_account, gone.system_id)
        for new in changes.esme.added:
            yield partial(self._add_account, new, policies[new.system_id])
        for change in changes.esme.changed:
            yield partial(accounts[change.new.system_id].change, change.new)

    def _configured(self) -> Iterator[Account[EsmeSession]]:
        for service in self._parts.accounts.values():
            yield service.account

    def _add_account(self, settings: EsmeSettings, policy: AccountPolicy) -> None:
        parts = self._parts
        account: Account[EsmeSession] = Account(settings.system_id, policy)
        parts.router.accounts.add(account)
        parts.add_account(settings, account)

    def _remove_account(self, system_id: str) -> None:
        """Its sessions are unbound once their requests are answered."""
        parts = self._parts
        service = parts.accounts.pop(system_id)
        service.leave()
        service.disownServiceParent()
        parts.keep_sessions(service)
        seconds = parts.settings.gate.response_timeout
        for account in parts.router.accounts.remove(service.account):
            for session in list(account.sessions):
                session.leave("its account is removed", seconds)

    # What leaves

    def _remove_smsc(self, settings: SmscSettings) -> None:
        """Drain the SMSC, then unbind it; the reload does not wait for that."""
        service = self._parts.smscs.pop(settings.name)
        sessions = self._parts.pass_through.remove_target(service.smsc)
        for session in sessions:
            session.leave("its SMSC is removed", service.answer_timeout)
        self._parts.leaving[service] = None
        leaving = ensureDeferred(service.leave(service.answer_timeout))
        what = f"SMSC {settings.name}"
        leaving.addErrback(lambda why: self.log.tell_failure(NOT_UNBOUND, why, what=what))
        leaving.addCallback(lambda _: self._left(service))

    def _left(self, service: SmscService) -> None:
        self._parts.leaving.pop(service, None)
        self._parts.router.remove_smsc(service.smsc)


def change_lines(changes: Difference, waiting: Iterable[str]) -> Iterator[str]:
    """What changed, and what waits for a restart, one line each."""
    lines = changes.each_line() if changes else iter(["nothing has changed"])
    return chain(lines, (f"waits for a restart: {line}" for line in waiting))


def tell_changes(lines: Iterable[str], log: Logger, clock: IReactorTime) -> None:
    """Write what changed into ``log``, some lines a turn of the reactor."""
    telling = ensureDeferred(_told(lines, log, clock))
    telling.addErrback(lambda why: log.tell_failure(CHANGES_UNTOLD, why))


async def _told(lines: Iterable[str], log: Logger, clock: IReactorTime) -> None:
    for count, line in enumerate(lines, 1):
        log.info("reload: {line}", line=line)
        if count % LINES_A_TURN == 0:
            await deferLater(clock, 0.0)


def _listens_anew(change: Change[SmscSettings]) -> bool:
    return "outbind_listen" in change.keys
