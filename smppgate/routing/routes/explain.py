"""`explain`: why a message goes where it goes, said by what decides it.

It asks each route in order, without looking up first which may hold. So it also is the proof of
that look-up: both must come to the same end.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from smppgate.routing.routes.message import Message
from smppgate.routing.routes.rules import UNROUTED, Route, Target
from smppgate.routing.routes.table import Routes
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc


@frozen
class Tried:
    """A route that was asked.

    :ivar faults: why it does not hold, by key of the setting; empty where it holds.
    """

    route: Route
    faults: Mapping[str, str]


@frozen
class Seen:
    """A member of a pool that a message may go to.

    :ivar fault: why it would not be chosen, in words; empty where it could be.
    :ivar is_chosen: whether it would be.
    """

    member: Member
    fault: str
    is_chosen: bool


@frozen
class Explanation:
    """Where a message goes, and why.

    :ivar tried: the routes that were asked, the last of which holds if any does.
    :ivar pool: the pool in use; None where the message is answered `Target.status`.
    :ivar members: for each pool of the target, its members.
    """

    tried: tuple[Tried, ...]
    target: Target
    pool: Pool | None
    members: Mapping[Pool, tuple[Seen, ...]]


def explain(routes: Routes, message: Message, now: float = 0.0) -> Explanation:
    """Where ``message`` goes by ``routes``.

    :param now: seconds of the clock that members of pools are measured with.
    """
    tried, target = [], UNROUTED
    for route in routes.all:
        faults = route.faults(message)
        tried.append(Tried(route, faults))
        found = None if faults else route.leads.target(message)
        if found is not None:
            target = found
            break
    return explained(target, message, tuple(tried), now)


def explained(
    target: Target, message: Message, tried: tuple[Tried, ...] = (), now: float = 0.0
) -> Explanation:
    """Which of the pools of ``target``, and of their members, gets a request.

    The balancer is asked as for a message that is sent: its turn goes on.
    """
    command_id = message.command_id
    pool = target.pool(command_id) if target.pools else None
    chosen = _chosen(pool, message, now) if pool is not None else None
    members = {
        each: tuple(_seen(each, pool, member, command_id, chosen) for member in each.members)
        for each in target.pools
    }
    return Explanation(tried, target, pool, members)


def _chosen(pool: Pool, message: Message, now: float) -> Smsc | None:
    command_id = message.command_id
    key = pool.key(command_id, message.octets, message.account)
    return pool.chooser(command_id, key)(now, key, pool.without(command_id))


def _seen(
    pool: Pool, in_use: Pool | None, member: Member, command_id: int, chosen: Smsc | None
) -> Seen:
    if pool is in_use and member.smsc is chosen:
        return Seen(member, "", True)
    return Seen(member, member.reason(command_id) or _fault(pool, in_use, member), False)


def _fault(pool: Pool, in_use: Pool | None, member: Member) -> str:
    """Why a member that is able would not be chosen."""
    if pool is not in_use:
        return "its pool is not in use"
    if member not in pool.active:
        return "a backup, and members are able"
    smsc = member.smsc
    if smsc.outstanding >= smsc.capacity:
        return f"its window is full: {smsc.outstanding} of {smsc.capacity} unanswered"
    return ""
