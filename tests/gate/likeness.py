"""What a gate would do, in words that two gates can be compared by.

A gate that was reloaded has to answer like one that was started with the same settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from smppgate.routing.esmes.accounts import BindRejected
from smppgate.routing.routes.message import Message
from smppgate.settings import Settings
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.pdu import SubmitSm

BINDS = (CommandId.BIND_TRANSMITTER, CommandId.BIND_RECEIVER, CommandId.BIND_TRANSCEIVER)

NUMBERS = (b"447700900123", b"4477009001", b"44209", b"+44205", b"4478123", b"1", b"99555")


def likeness(gateway: Any, numbers: Iterable[bytes], names: Iterable[str]) -> dict[str, object]:
    """All that must be the same.

    :param numbers: destinations to look up.
    :param names: system_ids to bind with.
    """
    found: dict[str, object] = {"configuration": gateway.state().configuration}
    found.update(_ranges(gateway, numbers))
    found.update(_routes(gateway, numbers, names))
    found.update(_admissions(gateway, names))
    found.update(_accounts(gateway))
    found.update(_pools(gateway))
    found.update(_smscs(gateway))
    found.update(_common(gateway))
    found.update(_hooks(gateway))
    return found


def _hooks(gateway: Any) -> dict[str, object]:
    """Which are asked, and what they were told."""
    hooks = gateway.router.hooks
    made = hooks._asking.made
    options = made._hooks.context.options if made is not None else None
    return {"hooks": (hooks.name, hooks.kinds, options)}


def differences(one: dict[str, object], other: dict[str, object]) -> list[str]:
    """What is not the same, in words."""
    keys = dict.fromkeys([*one, *other])
    return [
        f"{key}: {one.get(key)!r} and not {other.get(key)!r}"
        for key in keys
        if one.get(key) != other.get(key)
    ]


def objects_of(gateway: Any) -> dict[str, object]:
    """What has run-time state, by name."""
    found: dict[str, object] = {}
    for service in gateway.parts.accounts.values():
        found[f"account {service.account.system_id}"] = service.account
    for name, service in gateway.parts.smscs.items():
        found[f"SMSC {name}"] = service.smsc
    for name, pool in gateway.router.pools.items():
        found[f"pool {name}"] = pool
    return found


def _routes(
    gateway: Any, numbers: Iterable[bytes], names: Iterable[str]
) -> Iterator[tuple[str, object]]:
    """Where messages go, and which pools are watched for those that stand in for others."""
    router = gateway.router
    yield "rules", [(rule.kind, rule.label) for rule in router.transform.rewriting.all]
    yield "routes", None if router.routes is None else [r.label for r in router.routes.all]
    yield "watched", sorted(n for n, pool in router.pools.items() if pool.watcher is not None)
    for name in names if router.routes is not None else ():
        for number in numbers:
            octets = encode(SubmitSm(destination_addr=number[:20], source_addr=b"Info-1"))
            message = Message(name.encode("latin-1"), CommandId.SUBMIT_SM, octets, 1e9)
            target = router.routes.choose(message)
            pools = [(p.name, router.pools[p.name] is p) for p in target.pools]
            yield f"{name} to {number.decode()}", (pools, target.status)


def _ranges(gateway: Any, numbers: Iterable[bytes]) -> Iterator[tuple[str, object]]:
    ranges = gateway.router.ranges
    yield "ranges", len(ranges)
    for number in numbers:
        cluster = ranges.cluster(number, 1, 1)
        names = None if cluster is None else [each.system_id for each in cluster.accounts]
        yield f"owners of {number.decode()}", names


def _admissions(gateway: Any, names: Iterable[str]) -> Iterator[tuple[str, object]]:
    passwords = dict.fromkeys(["", "guess", *_passwords(gateway.settings)])
    for name in names:
        for password in passwords:
            for bind in BINDS:
                key = f"bind {bind:#x} of {name!r} with {password!r}"
                yield key, _admission(gateway.router.accounts, bind, name, password)


def _passwords(settings: Settings) -> Iterator[str]:
    return (esme.secret for esme in settings.esme if esme.secret)


def _admission(accounts: Any, bind: int, name: str, password: str) -> object:
    try:
        account = accounts.admit(bind, name.encode("latin-1"), password.encode("latin-1"))
    except BindRejected as error:
        return str(error)
    return account.system_id, account.policy.asks_smsc


def _accounts(gateway: Any) -> Iterator[tuple[str, object]]:
    configured = [esme.system_id for esme in gateway.settings.esme]
    yield "accounts", sorted(configured)
    for name in configured:
        account = gateway.router.accounts.configured(name.encode("latin-1"))
        yield f"pool of {name}", account.policy.pool.name
        yield f"policy of {name}", _without_pool(account.policy)
        queue = gateway.router.queues.get(account)
        # A queue that is closed goes as soon as it is empty.
        if queue is not None and not queue.is_closing:
            yield f"queue of {name}", (queue._limit, queue._ttl)
        service = gateway.parts.accounts[name]
        yield f"outbind of {name}", service._outbind is not None


def _without_pool(policy: Any) -> dict[str, object]:
    return {key: getattr(policy, key) for key in policy.__slots__ if key not in _NOT_PLAIN}


_NOT_PLAIN = ("pool", "__weakref__")


def _pools(gateway: Any) -> Iterator[tuple[str, object]]:
    router = gateway.router
    # But for the first, that of accounts without pool, their order has no effect.
    yield "first pool", next(iter(router.pools))
    yield "first pool of this process", router.local_esmes.by_pool[None].pool.name
    yield "pools", sorted(router.pools)
    yield "pools of this process", sorted(filter(None, router.local_esmes.by_pool))
    yield "pools watched", sorted(pool.name for pool in router.reports.pools._pools)
    for name, pool in router.pools.items():
        yield f"balance of {name}", [type(tier._balancer).__name__ for tier in pool._tiers]
        yield f"hold of {name}", pool.hold
        members = [(m.smsc.name, m.weight, m.cost, m.is_backup) for m in pool.members]
        yield f"members of {name}", members
        yield f"tiers of {name}", [repr(tier._members) for tier in pool._tiers]
        yield (
            f"SMSCs of {name}",
            [gateway.parts.smscs[m.smsc.name].smsc is m.smsc for m in pool.members],
        )


def _smscs(gateway: Any) -> Iterator[tuple[str, object]]:
    router, parts = gateway.router, gateway.parts
    yield "services", sorted(parts.smscs)
    yield "SMSCs", sorted(smsc.name for smsc in router.smscs)
    tags = router.return_paths.message_ids._by_tag
    yield "tags", sorted((tag, smsc.name) for tag, smsc in tags.items())
    yield "targets", sorted(smsc.name for smsc in parts.pass_through.targets)
    for name, service in parts.smscs.items():
        smsc, target = service.smsc, parts.pass_through.targets[service.smsc]
        yield f"SMSC {name}", {key: getattr(smsc, key) for key in _OF_SMSC}
        limits = smsc.limits
        yield f"rates of {name}", limits.overall.rates if limits is not None else None
        yield f"center of {name}", (smsc.center.name, sorted(s.name for s in smsc.center.smscs))
        yield f"seats of {name}", len(smsc.members)
        yield f"target of {name}", {key: getattr(target, key) for key in _OF_TARGET}
        yield f"links of {name}", sorted(map(_link, service.links))
        yield f"outbinds of {name}", _outbinds(service)


_OF_SMSC = (
    "name",
    "weight",
    "tag",
    "commands",
    "undelivered_status",
    "window",
    "response_timeout",
)
_OF_TARGET = (
    "place",
    "timers",
    "max_pdu_size",
    "refusal_rate",
    "rebinds",
    "max_timeouts",
    "max_pending",
)


def _link(link: Any) -> tuple[str, ...]:
    config = link.config
    backoff = config.backoff.shortest, config.backoff.longest
    limits = config.max_pdu_size, config.refusal_rate, config.rebinds, config.max_timeouts
    parts = (config.name, config.endpoint, config.bind, config.version.name, config.timers)
    return tuple(map(repr, (*parts, backoff, limits)))


def _outbinds(service: Any) -> object:
    if service.outbinds is None:
        return None
    config = service._outbind_config
    where = config.endpoint, service.outbinds.limit, config.version.name
    return where, config.system_id, config.password, config.bind, config.timers


def _common(gateway: Any) -> Iterator[tuple[str, object]]:
    router, config = gateway.router, gateway.parts.esme_config
    yield "options", {key: getattr(router._options, key) for key in _OF_ROUTER if key != "run"}
    yield "delay of receipts", router._delay._delay
    yield "status without SMSC", router.reports.pools.status
    yield "sessions with ESMEs", {key: getattr(config, key) for key in _OF_ESMES}
    listeners = gateway.parts.listeners._listeners
    services = gateway.parts.listeners.all()
    yield "all listeners", sorted(each.description for each in services)
    yield "services of links", len(list(gateway.parts.linking))
    yield (
        "listeners",
        sorted(
            (
                each.description,
                each.factory.limit,
                attrs.astuple(each.factory.strangers.limits),
                str(each.factory._rules.allow),
            )
            for each in listeners
        ),
    )


_OF_ROUTER = (
    "hook_timeout",
    "hooks_refuse",
    "tags",
    "waits",
    "acknowledges_unmatched",
    "pass_newer_tlvs",
    "receipt_delay",
    "no_member_status",
    "hold_octets",
    "affinity_ttl",
    "receipt_patience",
    "receipted_ttl",
    "max_pdu_size",
)
_OF_ESMES = (
    "name",
    "timers",
    "max_pdu_size",
    "accepts_without_smsc",
    "refusal_rate",
    "refused_bind_wait",
    "stale_bind_timeout",
)
