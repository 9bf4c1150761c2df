"""Where the gate sends a message and why, for those who ask: as records, and as plain values."""

from __future__ import annotations

from typing import Any

from smppgate.routing.esmes.account import AccountPolicy
from smppgate.routing.routes.explain import Explanation, Seen, explain, explained
from smppgate.routing.routes.message import Message
from smppgate.routing.routes.rules import Target
from smppgate.routing.routes.table import Routes
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.statuses import status_meaning


def decided_by(
    name: str, policy: AccountPolicy | None, routes: Routes | None, hooks: str = ""
) -> str:
    """What says where the messages of the account ``name`` go, in words.

    :param hooks: the factory of the hooks, which are not asked here.
    """
    decided = _without_hooks(name, policy, routes)
    return f"{decided}; the hooks {hooks} may change it" if hooks else decided


def _without_hooks(name: str, policy: AccountPolicy | None, routes: Routes | None) -> str:
    if policy is not None and policy.asks_smsc:
        return (
            f'{name} has auth = "smsc": its messages go to the SMSC that took its bind, and '
            "no route is asked"
        )
    if routes is None:
        return f"no routes: the messages of {name} go to the pool of its account"
    return f"{len(routes)} routes"


def explanation(
    system_id: bytes,
    policy: AccountPolicy | None,
    routes: Routes | None,
    pdu: Pdu,
    wall: float,
    now: float = 0.0,
) -> Explanation:
    """Where ``pdu`` of an account goes.

    :param wall: seconds since 1970.
    :param now: seconds of the clock that members of pools are measured with.
    :raises PduError: when it cannot be encoded.
    """
    message = Message(system_id, pdu.command_id, encode(pdu), wall)
    if routes is not None and not (policy is not None and policy.asks_smsc):
        return explain(routes, message, now)
    pool = policy.pool if policy is not None else None
    return explained(Target(None, (pool,) if pool is not None else ()), message, (), now)


def plain(system_id: bytes, decided: str, found: Explanation) -> dict[str, Any]:
    """All of it as JSON has it.

    :param decided: of `decided_by`.
    """
    status, route = found.target.status, found.target.route
    return {
        "esme": system_id.decode("latin-1"),
        "decided_by": decided,
        "routes": [
            {"route": each.route.label, "holds": not each.faults, "reasons": dict(each.faults)}
            for each in found.tried
        ],
        "route": route.label if route is not None else None,
        "status": status or None,
        "status_name": _status_text(status) if status else None,
        "pool": found.pool.name if found.pool is not None else None,
        "pools": [
            {
                "pool": pool.name,
                "is_in_use": pool is found.pool,
                "members": [_member(seen) for seen in members],
            }
            for pool, members in found.members.items()
        ],
        "smsc": next(
            (s.member.smsc.name for some in found.members.values() for s in some if s.is_chosen),
            None,
        ),
    }


def _member(seen: Seen) -> dict[str, Any]:
    return {
        "smsc": seen.member.smsc.name,
        "weight": seen.member.weight,
        "is_chosen": seen.is_chosen,
        "reason": seen.fault or ("" if seen.is_chosen else "another has the turn"),
    }


def _status_text(status: int) -> str:
    try:
        return CommandStatus(status).name
    except ValueError:
        return status_meaning(status)
