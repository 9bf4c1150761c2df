"""Makes the objects of a gate from its settings.

No other module of the gate but `smppgate.gate.gateway` reads settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from random import Random

from twisted.internet.interfaces import IReactorTime

from smppgate.gate.options import RouterOptions
from smppgate.gate.router import RouterService
from smppgate.gate.sessions.endpoints import client_endpoint
from smppgate.gate.sessions.pass_through_target import PassThroughTarget
from smppgate.routing.esmes.account import Account, AccountPolicy
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.balancers import BALANCERS
from smppgate.routing.smscs.pool import Member, Pool
from smppgate.routing.smscs.smsc import MessageCenter, Smsc
from smppgate.settings import EsmeSettings, GateSettings, Settings, SmscSettings
from smppgate.store import Durability, IStore, Limits, MemoryStore, SqliteStore
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


def make_store(settings: Settings, reactor: IReactorTime) -> IStore:
    """The store, not open yet.

    :param reactor: for a store on disk it must have threads.
    """
    store = settings.store
    limits = Limits(store.return_paths, store.return_paths_in_memory, store.return_path_ttl)
    if store.kind == "memory":
        return MemoryStore(reactor, limits)
    return SqliteStore(reactor, settings.gate.state_dir, limits, Durability(store.durability))


def make_smscs(settings: Iterable[SmscSettings]) -> dict[str, Smsc]:
    """Each SMSC by its name. SMSCs of one ``group`` share a message center."""
    centers: dict[str, MessageCenter] = {}
    smscs: dict[str, Smsc] = {}
    for smsc in settings:
        name = smsc.group_or_name
        if name not in centers:
            centers[name] = MessageCenter(name, smsc.receipt_ids)
        smscs[smsc.name] = Smsc(
            smsc.name,
            smsc.weight,
            smsc.tag_or_derived.encode(),
            centers[name],
            version_named(smsc.interface_version).commands,
            undelivered_status=smsc.undelivered_status,
            window=smsc.window,
        )
    return smscs


def make_router(
    settings: Settings, clock: Clock, smscs: Mapping[str, Smsc], store: IStore, entropy: Random
) -> RouterService:
    """The router, with its pools, accounts and ranges.

    :param entropy: for what must not be guessed, or must differ from run to run.
    """
    pools = {
        pool.name: Pool(
            pool.name, BALANCERS[pool.balance]([Member(smscs[name]) for name in pool.members])
        )
        for pool in settings.pool
    }
    default = next(iter(pools.values()))
    accounts: list[Account[EsmeSession]] = [
        Account(
            esme.system_id,
            account_policy(settings, esme, pools[esme.pool] if esme.pool else default),
        )
        for esme in settings.esme
    ]
    ranges: RangeTable[EsmeSession] = RangeTable()
    for esme, account in zip(settings.esme, accounts, strict=True):
        for address_range in esme.address_ranges:
            ranges.add(address_range, account)
    options = _options(settings, entropy)
    return RouterService(
        clock, smscs.values(), pools, Accounts(accounts), ranges, store, options, entropy
    )


def _options(settings: Settings, entropy: Random) -> RouterOptions:
    gate, store = settings.gate, settings.store
    return RouterOptions(
        run=entropy.randbytes(4).hex().encode(),
        tags=gate.message_ids == "tagged",
        # A store that loses its content with the process is nothing to wait for.
        waits=store.kind != "memory" and store.durability != "none",
        acknowledges_unmatched=gate.unmatched_receipts == "ack",
        pass_newer_tlvs=gate.pass_newer_tlvs,
        no_member_status=gate.no_member_status,
        receipt_delay=gate.receipt_delay,
        max_pdu_size=gate.max_pdu_size,
        receipt_patience=gate.receipt_patience,
        receipted_ttl=store.receipted_ttl,
    )


def account_policy(settings: Settings, esme: EsmeSettings, pool: Pool) -> AccountPolicy:
    """The rules of the account of ``esme``."""
    folding = {smsc.name for smsc in settings.smsc if smsc.system_id_case == "fold"}
    folds_case = any(smsc.name in folding for smsc in pool.smscs)
    return AccountPolicy(
        password=(esme.password or "").encode("latin-1"),
        binds=frozenset(esme.binds),
        max_binds=esme.max_binds,
        window=esme.window,
        pool=pool,
        weight=esme.weight,
        bind_ranges=esme.bind_ranges,
        queries=esme.queries,
        cancels_all=esme.cancel_all,
        asks_smsc=esme.auth == "smsc",
        deliver_timeout=esme.deliver_timeout or settings.gate.deliver_timeout,
        folds_case=esme.auth == "smsc" and folds_case,
    )


def make_bind(smsc: SmscSettings, kind: str) -> Pdu:
    """The bind PDU of ``kind`` for a link to ``smsc``; ``kind`` is a key of `BINDS`."""
    return BINDS[kind](
        system_id=smsc.system_id.encode("latin-1"),
        password=smsc.password.encode("latin-1"),
        system_type=smsc.system_type.encode("latin-1"),
        interface_version=version_named(smsc.interface_version).interface_version,
        addr_ton=smsc.addr_ton,
        addr_npi=smsc.addr_npi,
        address_range=smsc.address_range.encode("latin-1"),
    )


def esme_timers(gate: GateSettings) -> Timers:
    """The timers of a session with an ESME."""
    return Timers(
        session_init=gate.session_init_timeout,
        enquire_link=gate.enquire_link,
        inactivity=gate.inactivity_timeout,
        response=gate.deliver_timeout,
        sign_of_life=gate.response_timeout,
        unbind=gate.unbind_timeout,
    )


def smsc_timers(gate: GateSettings, smsc: SmscSettings) -> Timers:
    """The timers of a session with ``smsc``."""
    return Timers(
        session_init=gate.session_init_timeout,
        enquire_link=smsc.enquire_link,
        inactivity=0.0,
        response=smsc.response_timeout or gate.response_timeout,
        sign_of_life=smsc.response_timeout or gate.response_timeout,
        unbind=gate.unbind_timeout,
    )


def make_targets(
    settings: Settings, smscs: Mapping[str, Smsc], reactor: IReactorTime
) -> Iterator[PassThroughTarget]:
    """The SMSCs that binds may be passed through to; none where no account needs them."""
    if not any(esme.auth == "smsc" for esme in settings.esme):
        return
    for smsc in settings.smsc:
        yield PassThroughTarget(
            smscs[smsc.name],
            client_endpoint(reactor, smsc.endpoint),
            smsc_timers(settings.gate, smsc),
            settings.gate.max_pdu_size,
            smsc.endpoint,
            settings.gate.refusal_rate,
            smsc.rebind,
            smsc.max_timeouts,
            smsc.max_pending_binds,
        )
