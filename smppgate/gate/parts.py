"""What a gate is made of, from its settings: the one place that knows both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from secrets import token_hex

from twisted.internet.interfaces import IReactorTime

from smppgate.gate.esme import EsmeProtocol
from smppgate.gate.router import RouterOptions, RouterService
from smppgate.routing.accounts import Account, Accounts
from smppgate.routing.balancers import BALANCERS
from smppgate.routing.groups import Group
from smppgate.routing.pools import Member, Pool
from smppgate.routing.ranges import RangeTable
from smppgate.settings import EsmeSettings, GateSettings, Settings, SmscSettings
from smppgate.store import Durability, IStore, Limits, MemoryStore, SqliteStore
from smppgate.txsmpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, Pdu
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import version_named

_BINDS: dict[str, type[BindTransceiver | BindTransmitter | BindReceiver]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
}


def make_store(settings: Settings, reactor: IReactorTime) -> IStore:
    """The store, not open yet.

    :param reactor: with threads, for one on disk.
    """
    store = settings.store
    limits = Limits(store.routes, store.routes_in_memory, store.route_ttl)
    if store.kind == "memory":
        return MemoryStore(reactor, limits)
    return SqliteStore(reactor, settings.gate.state_dir, limits, Durability(store.durability))


def make_members(smscs: Iterable[SmscSettings]) -> dict[str, Member]:
    """Each SMSC by its name, those of one group sharing it."""
    groups: dict[str, Group] = {}
    members: dict[str, Member] = {}
    for smsc in smscs:
        name = smsc.group_or_name
        if name not in groups:
            groups[name] = Group(name, smsc.receipt_ids)
        members[smsc.name] = Member(
            smsc.name,
            smsc.weight,
            smsc.tag_or_derived.encode(),
            groups[name],
            version_named(smsc.interface_version).commands,
        )
    return members


def make_router(
    settings: Settings, reactor: IReactorTime, members: Mapping[str, Member], store: IStore
) -> RouterService:
    """The router, with its pools, accounts and ranges."""
    pools = {
        pool.name: Pool(
            pool.name, BALANCERS[pool.balance]([members[name] for name in pool.members])
        )
        for pool in settings.pool
    }
    default = next(iter(pools.values()))
    accounts = [
        _account(esme, pools[esme.pool] if esme.pool else default) for esme in settings.esme
    ]
    ranges: RangeTable[EsmeProtocol] = RangeTable()
    for esme, account in zip(settings.esme, accounts, strict=True):
        for address_range in esme.address_ranges:
            ranges.add(address_range, account)
    return RouterService(
        reactor, members.values(), pools, Accounts(accounts), ranges, store, _options(settings)
    )


def _options(settings: Settings) -> RouterOptions:
    gate, store = settings.gate, settings.store
    return RouterOptions(
        run=token_hex(4).encode(),
        tags=gate.message_ids == "tagged",
        # What is in memory only is there at once, and nothing of it survives anything.
        waits=store.kind != "memory" and store.durability != "none",
        acknowledges_unmatched=gate.unmatched_receipts == "ack",
        pass_newer_tlvs=gate.pass_newer_tlvs,
        no_member_status=gate.no_member_status,
    )


def _account(esme: EsmeSettings, pool: Pool) -> Account[EsmeProtocol]:
    return Account(
        system_id=esme.system_id,
        password=(esme.password or "").encode("latin-1"),
        binds=frozenset(esme.binds),
        max_binds=esme.max_binds,
        window=esme.window,
        pool=pool,
        weight=esme.weight,
        bind_ranges=esme.bind_ranges,
        queries=esme.queries,
        asks_smsc=esme.auth == "smsc",
    )


def make_bind(smsc: SmscSettings, kind: str) -> Pdu:
    """The bind of that ``kind`` with which a link to ``smsc`` begins."""
    return _BINDS[kind](
        system_id=smsc.system_id.encode("latin-1"),
        password=smsc.password.encode("latin-1"),
        system_type=smsc.system_type.encode("latin-1"),
        interface_version=version_named(smsc.interface_version).interface_version,
        addr_ton=smsc.addr_ton,
        addr_npi=smsc.addr_npi,
        address_range=smsc.address_range.encode("latin-1"),
    )


def esme_timers(gate: GateSettings) -> Timers:
    """The timers of an ESME's session."""
    return Timers(
        session_init=gate.session_init_timeout,
        enquire_link=gate.enquire_link,
        inactivity=gate.inactivity_timeout,
        response=gate.response_timeout,
    )


def smsc_timers(gate: GateSettings, smsc: SmscSettings) -> Timers:
    """The timers of a session with ``smsc``."""
    return Timers(
        session_init=gate.session_init_timeout,
        enquire_link=smsc.enquire_link,
        inactivity=0.0,
        response=gate.response_timeout,
    )
