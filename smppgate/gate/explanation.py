"""What the gate makes of a message, where it sends it and why: as records, and as plain values."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from smppgate.routing.esmes.account import AccountPolicy
from smppgate.routing.rewrite.explain import Asked, Made
from smppgate.routing.rewrite.explain import explain as made_by
from smppgate.routing.rewrite.rules import Chain
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


@frozen
class Outlook:
    """What becomes of a message.

    :ivar near: what rules make of it before it is known where it goes.
    :ivar found: where it goes then; None where it goes nowhere because of that.
    :ivar far: what rules make of it for the SMSC that is chosen; None where none is.
    """

    near: Made
    found: Explanation | None
    far: Made | None

    @property
    def fault(self) -> str:
        """Why it cannot be sent as rules have made it; empty where it can be."""
        return self.near.fault or (self.far.fault if self.far is not None else "")

    @property
    def status(self) -> int:
        """The command_status that it is answered at once; 0 where it is not."""
        if self.found is None:
            return self.near.status
        return self.found.target.status or (self.far.status if self.far is not None else 0)

    @property
    def smsc(self) -> str:
        """The name of the SMSC that gets it; empty where none does."""
        return chosen(self.found) if self.found is not None and not self.fault else ""


def outlook(
    system_id: bytes,
    policy: AccountPolicy | None,
    routes: Routes | None,
    rules: Chain,
    pdu: Pdu,
    wall: float,
    now: float = 0.0,
) -> Outlook:
    """What becomes of ``pdu`` of an account.

    :param wall: seconds since 1970.
    :param now: seconds of the clock that members of pools are measured with.
    :raises PduError: when it cannot be encoded.
    """
    near = made_by(rules.near, system_id, encode(pdu), wall)
    if near.fault:
        return Outlook(near, None, None)
    message = Message(system_id, pdu.command_id, near.octets, wall)
    found = _explanation(policy, routes, message, now)
    smsc = chosen(found)
    far = made_by(rules.far, system_id, near.octets, wall, smsc) if smsc else None
    return Outlook(near, found, far)


def _explanation(
    policy: AccountPolicy | None, routes: Routes | None, message: Message, now: float
) -> Explanation:
    """Where a message of an account goes."""
    if routes is not None and not (policy is not None and policy.asks_smsc):
        return explain(routes, message, now)
    pool = policy.pool if policy is not None else None
    return explained(Target(None, (pool,) if pool is not None else ()), message, (), now)


def chosen(found: Explanation) -> str:
    """The name of the SMSC that is chosen; empty where none is."""
    seen = (each for some in found.members.values() for each in some if each.is_chosen)
    return next((each.member.smsc.name for each in seen), "")


def plain(system_id: bytes, decided: str, of: Outlook) -> dict[str, Any]:
    """All of it as JSON has it.

    :param decided: of `decided_by`.
    """
    found, status = of.found, of.status
    route = found.target.route if found is not None else None
    return {
        "esme": system_id.decode("latin-1"),
        "decided_by": decided,
        "rewrites": [_rewrite(each) for each in of.near.asked],
        "routes": [
            {"route": each.route.label, "holds": not each.faults, "reasons": dict(each.faults)}
            for each in (found.tried if found is not None else ())
        ],
        "route": route.label if route is not None else None,
        "status": status or None,
        "status_name": _status_text(status) if status else None,
        "fault": of.fault,
        "pool": found.pool.name if found is not None and found.pool is not None else None,
        "pools": [
            {
                "pool": pool.name,
                "is_in_use": found is not None and pool is found.pool,
                "members": [_member(seen) for seen in members],
            }
            for pool, members in (found.members.items() if found is not None else ())
        ],
        "smsc_rewrites": [_rewrite(each) for each in (of.far.asked if of.far is not None else ())],
        "smsc": of.smsc or None,
    }


def _rewrite(asked: Asked) -> dict[str, Any]:
    return {
        "rule": asked.rule.label,
        "holds": not asked.faults,
        "reasons": dict(asked.faults),
        "changes": [each._asdict() for each in asked.changes],
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
