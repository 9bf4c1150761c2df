"""Random changes of the settings of a world, small ones, as an operator makes them.

Each gives other settings that are valid, and that the models can live with.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from attrs import evolve

from smppgate.settings import (
    EsmeSettings,
    ListenSettings,
    MemberSettings,
    PoolSettings,
    Settings,
    SmscSettings,
)
from smppgate.settings.members import name_in
from tests.simulation.hashes import hash_of

BALANCERS = ("least_outstanding", "round_robin", "p2c", "peak_ewma", "hash")

OTHER_PORT = 3001
"""Where each SMSC listens as well."""

OTHER_LISTENER = "tcp:2776"


def differing(settings: Settings, original: Settings, draw: Random) -> Settings:
    """One to four changes."""
    for _ in range(draw.randint(1, 4)):
        settings = draw.choice(_CHANGES)(settings, original, draw)
    return settings


def relinking(settings: Settings, _original: Settings, draw: Random) -> Settings:
    """The links of one SMSC are to be bound anew, or are to be more or less."""
    smsc = draw.choice(settings.smsc)
    return _with_smsc(settings, evolve(smsc, **_pick(draw, _LINK_VALUES, smsc)))


def removing(settings: Settings, original: Settings, draw: Random) -> Settings:
    """An account or an SMSC goes, or is back."""
    if draw.random() < 0.5:
        return _accounts(settings, original, draw)
    return _smscs(settings, original, draw)


def impossible(settings: Settings, draw: Random) -> Settings:
    """A new SMSC has the tag that another keeps until a restart."""
    smsc = draw.choice(settings.smsc)
    renamed = evolve(smsc, tag="q")
    new = evolve(smsc, name="new", outbind_listen="")
    smscs = tuple(renamed if each is smsc else each for each in settings.smsc)
    return evolve(settings, smsc=(*smscs, new))


def restored(settings: Settings, original: Settings) -> Settings:
    """All accounts and SMSCs are back, with their ranges and weights, and in their pools."""
    esmes = tuple(
        evolve(_named(settings.esme, each) or each, address_ranges=each.address_ranges)
        for each in original.esme
    )
    smscs = tuple(
        evolve(_named(settings.smsc, each) or each, weight=each.weight) for each in original.smsc
    )
    pools, routes = original.pool, original.route
    return evolve(settings, esme=esmes, smsc=smscs, pool=pools, route=routes)


def _named(tables: tuple[Any, ...], like: Any) -> Any:
    key = "system_id" if isinstance(like, EsmeSettings) else "name"
    return next((each for each in tables if getattr(each, key) == getattr(like, key)), None)


# Accounts


def _accounts(settings: Settings, original: Settings, draw: Random) -> Settings:
    gone = [each for each in original.esme if _named(settings.esme, each) is None]
    if gone and draw.random() < 0.6:
        back = draw.choice(gone)
        ranges = _free(settings, back.address_ranges)
        return evolve(settings, esme=(*settings.esme, evolve(back, address_ranges=ranges)))
    if len(settings.esme) < 2:
        return settings
    esme = draw.choice(settings.esme)
    return evolve(settings, esme=tuple(each for each in settings.esme if each is not esme))


def _free(settings: Settings, ranges: tuple[str, ...]) -> tuple[str, ...]:
    """Those that no account has: models expect that no two share one."""
    taken = {each for esme in settings.esme for each in esme.address_ranges}
    return tuple(each for each in ranges if each not in taken)


def _account(settings: Settings, original: Settings, draw: Random) -> Settings:
    esme = draw.choice(settings.esme)
    values: dict[str, tuple[Any, ...]] = {
        "window": (1, 4, 10, 50),
        "weight": (1, 2, 5),
        "share": (1, 2, 5),
        "pool": tuple(each.name for each in settings.pool),
        "queries": (True, False),
        "address_ranges": ((), _free(settings, _named(original.esme, esme).address_ranges)),
        "deliver_timeout": (0.0, 20.0),
        "rate": (0.0, 2.0, 20.0),
        "session_rate": (0.0, 2.0, 20.0),
        "over_rate": ("delay", "reject"),
    }
    if esme.auth == "gate":
        password = f"p{draw.randrange(100)}"
        if esme.password_hash is None:
            values["password"] = (password,)
        else:
            values["password_hash"] = (hash_of(password),)
        values["queue_size"] = (3, 1000)
        if not esme.outbind:
            values["queue"] = (True, False)
    changed = evolve(esme, **_pick(draw, values, esme))
    # By default messages are queued for longer than any world lives, and left over at its end.
    return _with_esme(settings, evolve(changed, queue_ttl=settings.store.return_path_ttl))


def _swap(settings: Settings, _original: Settings, draw: Random) -> Settings:
    """Two accounts have each other's numbers."""
    if len(settings.esme) < 2:
        return settings
    one, other = draw.sample(settings.esme, 2)
    swapped = _with_esme(settings, evolve(one, address_ranges=other.address_ranges))
    return _with_esme(swapped, evolve(other, address_ranges=one.address_ranges))


def _with_esme(settings: Settings, esme: EsmeSettings) -> Settings:
    esmes = (esme if it.system_id == esme.system_id else it for it in settings.esme)
    return evolve(settings, esme=tuple(esmes))


# SMSCs


def _smscs(settings: Settings, original: Settings, draw: Random) -> Settings:
    gone = [each for each in original.smsc if _named(settings.smsc, each) is None]
    if gone and draw.random() < 0.6:
        back = draw.choice(gone)
        found = evolve(settings, smsc=(*settings.smsc, back))
        return _join_pools(found, original, back.name)
    if len(settings.smsc) < 2:
        return settings
    return without(settings, draw.choice(settings.smsc).name)


def without(settings: Settings, name: str) -> Settings:
    """An SMSC goes, which is not the only one; where a pool has no other, another takes it up."""
    left = tuple(each for each in settings.smsc if each.name != name)
    pools = tuple(_pool_without(pool, name, left[0].name) for pool in settings.pool)
    return evolve(settings, smsc=left, pool=pools)


def _pool_without(pool: PoolSettings, name: str, other: str) -> PoolSettings:
    members, backup = (
        tuple(each for each in these if name_in(each) != name)
        for these in (pool.members, pool.backup)
    )
    if members:
        return evolve(pool, members=members, backup=backup)
    backup = tuple(each for each in backup if name_in(each) != other)
    return evolve(pool, members=(other,), backup=backup)


def _join_pools(settings: Settings, original: Settings, name: str) -> Settings:
    homes = {each.name for each in original.pool if name in each.names}
    pools = tuple(
        evolve(pool, members=(*pool.members, name)) if pool.name in homes else pool
        for pool in settings.pool
    )
    return evolve(settings, pool=pools)


_LINK_VALUES: dict[str, tuple[Any, ...]] = {
    "sessions": (1, 2, 3),
    "bind": ("transceiver", "transmitter+receiver"),
    "password": ("pw", "pw2", "pw3"),
    "system_type": ("", "gate"),
    "addr_ton": (0, 1),
    "endpoint": (),
}

_SMSC_VALUES: dict[str, tuple[Any, ...]] = {
    "window": (1, 3, 10, 50),
    "weight": (0, 1, 2, 5),
    "undelivered_status": (0x64, 0x65, 0x408),
    "reconnect_min": (0.2, 0.5),
    "reconnect_max": (2.0, 4.0),
    "enquire_link": (0.0, 2.0, 10.0),
    "enquire_link_timeout": (1.5, 4.0, 10.0),
    "max_timeouts": (5, 20),
    "rate": (0.0, 2.0, 20.0),
    "link_rate": (0.0, 2.0, 20.0),
    "burst": (0.0, 3.0),
    "adaptive_rate": (False, True),
}


def _smsc(settings: Settings, _original: Settings, draw: Random) -> Settings:
    smsc = draw.choice(settings.smsc)
    return _with_smsc(settings, evolve(smsc, **_pick(draw, _SMSC_VALUES, smsc)))


def _with_smsc(settings: Settings, smsc: SmscSettings) -> Settings:
    smscs = tuple(smsc if it.name == smsc.name else it for it in settings.smsc)
    return evolve(settings, smsc=smscs)


_ON_LINK_LOSS = ("answer", "answer", "resubmit")


def _pool(settings: Settings, _original: Settings, draw: Random) -> Settings:
    pool = draw.choice(settings.pool)
    names = [each.name for each in settings.smsc]
    members = tuple(draw.sample(names, draw.randint(1, len(names))))
    backup = tuple(each for each in names if each not in members and draw.random() < 0.5)
    weights = draw.choice(((None, 0, 1, 3), (None, 1, 5)))
    tables = tuple(MemberSettings(each, draw.choice(weights)) for each in members)
    changes = draw.choice(
        (
            {"members": members, "backup": backup},
            {"members": tables, "backup": backup},
            {"balance": draw.choice(BALANCERS)},
            {"hash_on": draw.choice(("destination", "source", "account"))},
            {"hold": draw.choice((0.0, 0.5, 5.0, 10.0))},
            {"max_errors": draw.choice((0, 2, 5)), "max_ejected": draw.choice((0.0, 0.5, 1.0))},
            {"eject_time": draw.choice((1.0, 5.0)), "slow_start": draw.choice((0.0, 5.0))},
            {"retry_on": draw.choice(((), (0x08,), (0x08, 0x58)))},
            {"max_attempts": draw.choice((1, 3)), "on_link_loss": draw.choice(_ON_LINK_LOSS)},
        )
    )
    pools = tuple(evolve(it, **changes) if it is pool else it for it in settings.pool)
    return evolve(settings, pool=pools)


def _routes(settings: Settings, original: Settings, draw: Random) -> Settings:
    """Routes, where there are any, in another order, without one, or as they were."""
    if not original.route:
        return settings
    routes = draw.choice((settings.route, original.route))
    if draw.random() < 0.6 and len(routes) > 1:
        routes = tuple(draw.sample(routes, draw.randint(1, len(routes))))
    changed = draw.choice(routes)
    if changed.pool:
        names = [each.name for each in settings.pool]
        new = evolve(changed, pool=draw.choice(names), fallback=draw.choice(((), (names[0],))))
        routes = tuple(new if each is changed else each for each in routes)
    return evolve(settings, route=routes)


# The gate


def _gate(settings: Settings, original: Settings, draw: Random) -> Settings:
    least = original.gate.response_timeout
    values: dict[str, tuple[Any, ...]] = {
        "response_timeout": (least, least * 1.5),
        "enquire_link": (0.0, 2.0, 10.0),
        "enquire_link_timeout": (1.5, 4.0, 10.0),
        "inactivity_timeout": (0.0, 15.0, 60.0),
        "unmatched_receipts": ("reject", "ack"),
        "no_member_status": (0x08, 0x64),
        "hold_octets": (original.gate.hold_octets, 4000, 1 << 28),
        "affinity_ttl": (5.0, 60.0),
        "accept_binds_without_smsc": (True, False),
        "max_pdu_size": (65536, 70000),
        "name": ("smppgate",),
    }
    if settings.gate.hooks and draw.random() < 0.5:
        return _other_hooks(settings, draw)
    return evolve(settings, gate=evolve(settings.gate, **_pick(draw, values, settings.gate)))


def _other_hooks(settings: Settings, draw: Random) -> Settings:
    """Hooks of the same kind, made anew, which take the place of those that are there."""
    options = {**settings.gate.hook_options, "turn": draw.randrange(1000)}
    return evolve(settings, gate=evolve(settings.gate, hook_options=options))


def _listeners(settings: Settings, _original: Settings, _draw: Random) -> Settings:
    """Another one, or no more."""
    here = tuple(each for each in settings.listen if each.endpoint != OTHER_LISTENER)
    if here != settings.listen:
        return evolve(settings, listen=here)
    return evolve(settings, listen=(*here, ListenSettings(endpoint=OTHER_LISTENER)))


def _store(settings: Settings, _original: Settings, draw: Random) -> Settings:
    """Something that waits for a restart."""
    count = draw.choice((500_000, 1_000_000))
    return evolve(settings, store=evolve(settings.store, return_paths_in_memory=count))


_CHANGES: tuple[Callable[[Settings, Settings, Random], Settings], ...] = (
    _account,
    _account,
    _account,
    _swap,
    _smsc,
    _smsc,
    _pool,
    _routes,
    _routes,
    _gate,
    _listeners,
    _store,
)


def _pick(draw: Random, values: dict[str, tuple[Any, ...]], table: Any) -> dict[str, Any]:
    """One to three of the values."""
    keys = draw.sample(list(values), draw.randint(1, 3))
    found = {key: draw.choice(values[key]) for key in keys if values[key]}
    if "endpoint" in keys:
        host = table.endpoint.split(":")[1]
        found["endpoint"] = f"tcp:{host}:{draw.choice((3000, OTHER_PORT))}"
    return found
