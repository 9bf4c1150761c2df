"""Random routes and messages, decided by a `random.Random` alone, and the pools that they name."""

from __future__ import annotations

from random import Random
from typing import Any

from smppgate.gate.trial import Trial
from smppgate.settings import (
    EsmeSettings,
    ListenSettings,
    PoolSettings,
    RouteSettings,
    Settings,
    SmscSettings,
)
from smppgate.settings.number_files import NumberFile
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.destinations import DistributionList, SmeAddress
from smppgate.txsmpp.pdu import BroadcastSm, DataSm, SubmitMulti, SubmitSm
from smppgate.txsmpp.tlv import Tlv

POOLS = ("main", "backup", "night")
ACCOUNTS = ("acme", "bank", "bolt", "corp-1")
_NUMBERS = (
    "447700900123",
    "447700900124",
    "4420",
    "491711234567",
    "4917",
    "+447700",
    "1",
    "My Shop",
)
_PREFIXES = ("4", "44", "4477", "447700900123", "49", "4917", "1", "")
_PATTERNS = ("4477*", "44*", "*", "49171*", "447700900123", "^44[0-9]+$", "^4917.*$", "1*", "My*")


def settings_of(*routes: RouteSettings) -> Settings:
    """Three pools of one SMSC each, and some accounts."""
    return Settings(
        listen=(ListenSettings(endpoint="tcp:2775"),),
        esme=tuple(EsmeSettings(system_id=name, password="x") for name in ACCOUNTS),
        smsc=tuple(
            SmscSettings(name=name, endpoint="tcp:127.0.0.1:1", system_id="g", password="x")
            for name in POOLS
        ),
        pool=tuple(PoolSettings(name=name, members=(name,)) for name in POOLS),
        route=routes,
    )


def trial_of(*routes: RouteSettings) -> Trial:
    """What would be decided by these routes."""
    return Trial(settings_of(*routes))


def random_settings(random: Random, most: int = 30) -> Settings:
    """Those of up to so many random routes."""
    count = random.choice((1, 2, 3, random.randint(0, most)))
    return settings_of(*(random_route(random) for _ in range(count)))


def random_route(random: Random) -> RouteSettings:
    """With none to three conditions."""
    drawn = random.sample(list(_CONDITIONS), random.choice((0, 1, 1, 2, 3)))
    values: dict[str, Any] = {key: _CONDITIONS[key](random) for key in drawn}
    return RouteSettings(**values, **_lead(random))


def _lead(random: Random) -> dict[str, Any]:
    kind = random.random()
    if kind < 0.15:
        return {"reject": random.choice((0x0B, 0x45, 0x58))}
    fallback = tuple(random.sample(POOLS, random.choice((0, 0, 1, 2))))
    if kind < 0.4:
        lines = {random.choice(POOLS): random.sample(_PREFIXES, 2) for _ in range(2)}
        taken: dict[str, str] = {p: pool for pool, prefixes in lines.items() for p in prefixes}
        by_pool = {pool: [p for p in taken if taken[p] == pool] for pool in taken.values()}
        content = "\n".join(" ".join((pool, *found)) for pool, found in by_pool.items())
        return {"pools_file": NumberFile("pools.txt", content.encode()), "fallback": fallback}
    return {"pool": random.choice(POOLS), "fallback": fallback}


def _some(random: Random, values: tuple[Any, ...], most: int = 2) -> tuple[Any, ...]:
    return tuple(random.sample(values, random.randint(1, most)))


def _between(random: Random) -> dict[str, Any]:
    zone = random.choice(("UTC", "Europe/Berlin", "Asia/Kathmandu"))
    times = _some(random, ("08:00-18:00", "22:00-06:00", "00:00-24:00", "23:59-00:01"))
    days = random.choice(((), ("mon", "tue"), ("sun",)))
    return {"times": times, "days": days, "zone": zone}


def _masked(random: Random) -> dict[str, int]:
    mask = random.choice((0x00, 0x40, 0xC3, 0xFF))
    return {"mask": mask, "value": random.choice((0x00, 0x40, 0x03)) & mask}


def _file(random: Random) -> NumberFile:
    content = " ".join(("", *random.sample(_PREFIXES, 3)))
    return NumberFile("prefixes.txt", content.encode())


_CONDITIONS: dict[str, Any] = {
    "esme": lambda random: _some(random, (*ACCOUNTS, "b*", "^corp-[0-9]$", "*")),
    "source": lambda random: _some(random, (*_PATTERNS, "My Shop", "^My .*$")),
    "destination": lambda random: _some(random, _PATTERNS),
    "destination_file": _file,
    "source_ton": lambda random: _some(random, (0, 1, 5)),
    "destination_ton": lambda random: _some(random, (0, 1, 5)),
    "service_type": lambda random: _some(random, ("", "WAP", "USSD")),
    "data_coding": lambda random: _some(random, (0, 3, 8)),
    "esm_class": _masked,
    "tlv": lambda random: _some(random, ("0x1400", "0x1400=01", "0x1401=", "0x0424")),
    "between": _between,
    "percent": lambda random: random.choice((0.0, 0.1, 33.3, 50.0, 99.9)),
}


def random_message(random: Random) -> tuple[bytes, int, bytes, float]:
    """An account, a command_id, octets, and a time."""
    account = random.choice((*ACCOUNTS, "")).encode()
    pdu = random.choice((_submit_sm, _submit_sm, _data_sm, _submit_multi, _broadcast_sm))(random)
    octets = encode(pdu)
    if random.random() < 0.1:
        octets = octets[: random.randint(16, len(octets))]
    return account, int(pdu.command_id), octets, random.uniform(1.7e9, 1.8e9)


def _fields(random: Random) -> dict[str, Any]:
    return {
        "service_type": random.choice((b"", b"WAP")),
        "source_addr_ton": random.choice((0, 1, 5)),
        "source_addr": random.choice(_NUMBERS).encode(),
        "data_coding": random.choice((0, 3, 8)),
        "tlvs": random.choice(((), (Tlv(0x1400, b"\1"),), (Tlv(0x1400, b"\2"), Tlv(0x1401, b"")))),
    }


def _to(random: Random) -> dict[str, Any]:
    number = random.choice(_NUMBERS).encode()
    return {"dest_addr_ton": random.choice((0, 1, 5)), "destination_addr": number}


def _submit_sm(random: Random) -> SubmitSm:
    esm_class = random.choice((0x00, 0x40, 0x43))
    return SubmitSm(esm_class=esm_class, short_message=b"x", **_fields(random), **_to(random))


def _data_sm(random: Random) -> DataSm:
    return DataSm(esm_class=random.choice((0x00, 0x40, 0x43)), **_fields(random), **_to(random))


def _submit_multi(random: Random) -> SubmitMulti:
    first = random.choice((SmeAddress(**_to(random)), DistributionList(dl_name=b"list")))
    return SubmitMulti(dest_address=(first, SmeAddress(**_to(random))), **_fields(random))


def _broadcast_sm(random: Random) -> BroadcastSm:
    fields = _fields(random)
    area = Tlv(0x0606, b"\0area")
    more = (area, Tlv(0x0601, b"\0\0\1"), Tlv(0x0604, b"\0\1"), Tlv(0x0605, b"\0\0\1"))
    return BroadcastSm(**{**fields, "tlvs": (*fields["tlvs"], *more)})
