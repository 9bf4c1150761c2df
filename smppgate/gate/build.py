"""Makes the objects of a gate from its settings.

No other module of the gate but `smppgate.gate.gateway` reads settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import partial
from ipaddress import ip_network
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from smppgate.gate.hooks import HookContext
from smppgate.gate.hooks.made import CannotMake, Made
from smppgate.gate.options import RouterOptions
from smppgate.gate.rewrite_table import make_rewriting
from smppgate.gate.route_table import make_routes
from smppgate.gate.router import RouterService
from smppgate.gate.sessions.endpoints import client_endpoint
from smppgate.gate.sessions.esme_factory import ListenerRules
from smppgate.gate.sessions.pass_through_target import PassThroughTarget
from smppgate.gate.sessions.password_checks import Compare
from smppgate.gate.sessions.session_slots import SessionSlots
from smppgate.gate.sessions.tls import ClientTls
from smppgate.routing.esmes.account import Account, AccountPolicy
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.esmes.peer import Networks
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.routing.esmes.strangers import StrangerLimits
from smppgate.routing.limits.esme_limits import EsmeRates
from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.return_path.submitters import run_of
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.balancers import BALANCERS
from smppgate.routing.smscs.health.policy import HealthPolicy, RetryPolicy
from smppgate.routing.smscs.keys import HASH_ON, by_replacement
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.rate_limits import SMSC_BURST, SmscRates
from smppgate.routing.smscs.smsc import MessageCenter, Smsc
from smppgate.settings import (
    EsmeSettings,
    GateSettings,
    ListenSettings,
    MemberSettings,
    PoolSettings,
    Settings,
    SettingsError,
    SmscSettings,
)
from smppgate.settings.hook_side import CannotImport, imported
from smppgate.settings.password_hash import PasswordHash, is_same
from smppgate.store import IStore
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, Pdu
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import version_named

BINDS: dict[str, type[BindTransceiver | BindTransmitter | BindReceiver]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
}
"""The settings' names for the three binds."""


class Centers(dict[str, MessageCenter]):
    """Message centers by the names of their groups."""

    def smsc(self, gate: GateSettings, settings: SmscSettings) -> Smsc:
        """An SMSC without links; those of one ``group`` share a message center."""
        name = settings.group_or_name
        if name not in self:
            self[name] = MessageCenter(name, settings.receipt_ids)
        return Smsc(
            settings.name,
            settings.weight,
            settings.tag_or_derived.encode(),
            self[name],
            version_named(settings.interface_version).commands,
            undelivered_status=settings.undelivered_status,
            window=settings.window,
            response_timeout=smsc_timers(gate, settings).response,
        )


def make_pool(settings: PoolSettings, smscs: Mapping[str, Smsc], chance: Random) -> Pool:
    """A pool.

    :param chance: for balancers that choose by it.
    """
    pool = Pool(settings.name)
    change_pool(pool, settings, smscs, chance)
    return pool


def change_pool(
    pool: Pool, settings: PoolSettings, smscs: Mapping[str, Smsc], chance: Random
) -> None:
    """Let ``pool`` be as ``settings`` say. An SMSC that stays in it keeps its seat."""
    known = {member.smsc: member for member in pool.members}
    members = []
    for is_backup, each in _seats(settings):
        smsc = smscs[each.smsc]
        member = known.get(smsc) or Member(smsc)
        member.configure(each.weight, is_backup)
        members.append(member)
    pool.health.policy, pool.health.retry = health_policy(settings), retry_policy(settings)
    # Of its own: the operating system's chance takes longer than the rest of a choice.
    own_chance = Random(chance.getrandbits(64))  # noqa: S311 - nothing to guess
    made = partial(BALANCERS[settings.balance], own_chance)
    key = HASH_ON[settings.hash_on] if settings.balance == "hash" else by_replacement
    pool.change(members, made, settings.hold, key)


def health_policy(settings: PoolSettings) -> HealthPolicy:
    """When members of a pool are ejected."""
    return HealthPolicy(
        max_errors=settings.max_errors,
        eject_time=settings.eject_time,
        max_ejected=settings.max_ejected,
        slow_start=settings.slow_start,
    )


def retry_policy(settings: PoolSettings) -> RetryPolicy:
    """Which messages of a pool are tried again."""
    return RetryPolicy(
        statuses=frozenset(settings.retry_on),
        max_attempts=settings.max_attempts,
        resubmits=settings.on_link_loss == "resubmit",
    )


def _seats(settings: PoolSettings) -> Iterator[tuple[bool, MemberSettings]]:
    for is_backup, members in ((False, settings.members), (True, settings.backup)):
        for each in members:
            yield is_backup, MemberSettings(each) if isinstance(each, str) else each


def make_router(
    settings: Settings,
    clock: Clock,
    smscs: Mapping[str, Smsc],
    store: IStore,
    entropy: Random,
) -> RouterService:
    """The router with its pools and accounts, whose ranges are empty.

    :param entropy: for what must not be guessed, or must differ from run to run.
    """
    pools = {pool.name: make_pool(pool, smscs, entropy) for pool in settings.pool}
    policies = policies_of(settings, pools)
    accounts = [Account[EsmeSession](name, policy) for name, policy in policies.items()]
    ranges: RangeTable[EsmeSession] = RangeTable()
    run = run_of(settings.peers.name, entropy.randbytes(4).hex())
    options = router_options(settings, run)
    router = RouterService(
        clock, smscs.values(), pools, Accounts(accounts), ranges, store, options, entropy
    )
    router.change_routes(make_routes(settings, pools))
    router.transform.rewriting = make_rewriting(settings)
    return router


def make_hooks(settings: GateSettings, reactor: IReactorTime) -> Made | None:
    """The hooks, made by the factory that the settings name; None where they name none.

    :raises SettingsError: there is no such factory, or it fails.
    """
    if not settings.hooks:
        return None
    context = HookContext(reactor, deepcopy(settings.hook_options))
    try:
        return Made(settings.hooks, imported(settings.hooks), context)
    except (CannotImport, CannotMake) as fault:
        raise SettingsError((f"gate.hooks: {fault}",)) from fault.__cause__


def router_options(settings: Settings, run: bytes) -> RouterOptions:
    """The router's choices; ``run`` are octets that no other run of the gate has."""
    gate, store = settings.gate, settings.store
    return RouterOptions(
        run=run,
        tags=gate.message_ids == "tagged",
        # A store that loses its content with the process is nothing to wait for.
        waits=store.kind != "memory" and store.durability != "none",
        acknowledges_unmatched=gate.unmatched_receipts == "ack",
        pass_newer_tlvs=gate.pass_newer_tlvs,
        no_member_status=gate.no_member_status,
        receipt_delay=gate.receipt_delay,
        max_pdu_size=gate.max_pdu_size,
        hold_octets=gate.hold_octets,
        hook_timeout=gate.hook_timeout,
        hooks_refuse=gate.hook_default == "refuse",
        affinity_ttl=gate.affinity_ttl,
        receipt_patience=gate.receipt_patience,
        receipted_ttl=store.receipted_ttl,
    )


def policies_of(settings: Settings, pools: Mapping[str, Pool]) -> dict[str, AccountPolicy]:
    """The rules of each account, by system_id; the first pool is that of accounts without one."""
    default = next(iter(pools.values()))
    folding = {smsc.name for smsc in settings.smsc if smsc.system_id_case == "fold"}
    folds = {
        pool.name: any(smsc.name in folding for smsc in pool.smscs) for pool in pools.values()
    }
    found: dict[str, AccountPolicy] = {}
    for esme in settings.esme:
        pool = pools[esme.pool] if esme.pool else default
        timeout = esme.deliver_timeout or settings.gate.deliver_timeout
        found[esme.system_id] = _policy(esme, pool, timeout, folds[pool.name])
    return found


def _policy(
    esme: EsmeSettings, pool: Pool, deliver_timeout: float, folds_case: bool
) -> AccountPolicy:
    return AccountPolicy(
        password=esme.secret.encode("latin-1"),
        password_hash=esme.password_hash or "",
        allow=networks(esme.allow),
        certificate=esme.certificate,
        binds=frozenset(esme.binds),
        max_binds=esme.max_binds,
        window=esme.window,
        pool=pool,
        weight=esme.weight,
        share=esme.share,
        rates=esme_rates(esme),
        bind_ranges=esme.bind_ranges,
        queries=esme.queries,
        cancels_all=esme.cancel_all,
        asks_smsc=esme.auth == "smsc",
        deliver_timeout=deliver_timeout,
        folds_case=esme.auth == "smsc" and folds_case,
    )


def networks(texts: Iterable[str]) -> Networks | None:
    """Where peers may be; None for everywhere."""
    found = tuple(map(ip_network, texts))
    return Networks(found) if found else None


def esme_rates(esme: EsmeSettings) -> EsmeRates | None:
    """How many messages an account may send a second; None for any number."""
    if not (esme.rate or esme.session_rate):
        return None
    return EsmeRates(
        account=_rate(esme.rate, esme.burst, 1.0),
        session=_rate(esme.session_rate, esme.burst, 1.0),
        rejects=esme.over_rate == "reject",
    )


def smsc_rates(smsc: SmscSettings) -> SmscRates | None:
    """How many messages an SMSC is sent a second; None for any number."""
    if not (smsc.rate or smsc.link_rate or smsc.adaptive_rate):
        return None
    return SmscRates(
        overall=_rate(smsc.rate, smsc.burst, SMSC_BURST),
        link=_rate(smsc.link_rate, smsc.burst, SMSC_BURST),
        adapts=smsc.adaptive_rate,
    )


def _rate(per_second: float, burst: float, seconds: float) -> Rate | None:
    """A limit, whose burst is that of so many seconds unless it is given; None without one."""
    return Rate(per_second, burst or max(1.0, per_second * seconds)) if per_second else None


def compare_in_thread(reactor: Any, threads: Callable[[], ThreadPool] | None = None) -> Compare:
    """Compares a hash with a password in a thread.

    :param threads: gives those that it may be, when there is something to compare; by default
        they are the reactor's.
    """

    def compare(kept: PasswordHash, password: str) -> Deferred[bool]:
        comparing: Deferred[bool] = deferToThreadPool(
            reactor, (threads or reactor.getThreadPool)(), is_same, kept, password
        )
        return comparing

    return compare


def make_bind(smsc: SmscSettings, kind: str) -> Pdu:
    """The bind PDU of ``kind`` for a link to ``smsc``; ``kind`` is a key of `BINDS`."""
    return BINDS[kind](
        system_id=smsc.system_id.encode("latin-1"),
        password=smsc.secret.encode("latin-1"),
        system_type=smsc.system_type.encode("latin-1"),
        interface_version=version_named(smsc.interface_version).interface_version,
        addr_ton=smsc.addr_ton,
        addr_npi=smsc.addr_npi,
        address_range=smsc.address_range.encode("latin-1"),
    )


def listener_rules(listen: ListenSettings) -> ListenerRules:
    """What a listener lets peers do."""
    strangers = StrangerLimits(listen.max_per_address, listen.max_unbound, listen.bind_rate)
    return ListenerRules(strangers, networks(listen.allow))


def esme_timers(gate: GateSettings) -> Timers:
    """The timers of a session with an ESME."""
    return Timers(
        session_init=gate.session_init_timeout,
        enquire_link=gate.enquire_link,
        inactivity=gate.inactivity_timeout,
        response=gate.deliver_timeout,
        enquire_link_timeout=gate.enquire_link_timeout,
        unbind=gate.unbind_timeout,
    )


def smsc_timers(gate: GateSettings, smsc: SmscSettings) -> Timers:
    """The timers of a session with ``smsc``."""
    return Timers(
        session_init=gate.session_init_timeout,
        enquire_link=smsc.enquire_link,
        inactivity=0.0,
        response=smsc.response_timeout or gate.response_timeout,
        enquire_link_timeout=smsc.enquire_link_timeout,
        unbind=gate.unbind_timeout,
    )


def make_target(
    gate: GateSettings,
    settings: SmscSettings,
    smsc: Smsc,
    reactor: IReactorTime,
    tls: ClientTls | None,
    slots: SessionSlots,
) -> PassThroughTarget:
    """An SMSC that binds may be passed through to."""
    return PassThroughTarget(
        smsc,
        client_endpoint(reactor, settings.endpoint, tls),
        smsc_timers(gate, settings),
        gate.max_pdu_size,
        slots,
        settings.endpoint,
        gate.refusal_rate,
        settings.rebind,
        settings.max_timeouts,
        settings.max_pending_binds,
    )
