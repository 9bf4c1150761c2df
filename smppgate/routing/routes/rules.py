"""`Route`: conditions, and where messages go for which all of them hold; `Target`: that place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from smppgate.routing.numbers import NumberTable
from smppgate.routing.routes.conditions import Accounts, Condition, _text
from smppgate.routing.routes.message import Message
from smppgate.routing.smscs.pool import Pool
from smppgate.txsmpp.constants import CommandStatus


class Target:
    """Where a message goes: to the first of its pools that has an able member; or nowhere.

    :param route: the route that says so; None where none does.
    :param pools: the pool, then those that take its messages while no member of it is able.
    :param status: the command_status of the answer where there are no pools; else 0.
    :param is_fixed: whether no routes are asked: neither when it comes, nor after a reload.
    """

    __slots__ = ("is_fixed", "pools", "route", "status")

    def __init__(
        self,
        route: Route | None,
        pools: Sequence[Pool],
        status: int = 0,
        is_fixed: bool = False,
    ) -> None:
        self.is_fixed = is_fixed
        self.route = route
        self.pools = tuple(pools)
        self.status = status

    def __repr__(self) -> str:
        return f"<Target {' '.join(pool.name for pool in self.pools) or hex(self.status)}>"

    @property
    def has_fallback(self) -> bool:
        """Whether there is more than one pool."""
        return len(self.pools) > 1

    def pool(self, command_id: int) -> Pool:
        """The first pool with an able member, however full; the first of all if none has one."""
        pools = self.pools
        first = pools[0]
        if len(pools) == 1 or first.able(command_id):
            return first
        return next((pool for pool in pools if pool.able(command_id)), first)


UNROUTED = Target(None, (), int(CommandStatus.ESME_RINVDSTADR))
"""That of messages for which no route holds."""


class Leads(Protocol):
    """Says where the messages of one route go."""

    @property
    def key(self) -> str:
        """The setting that it is made of."""

    @property
    def targets(self) -> Sequence[Target]:
        """All that there are."""

    def target(self, message: Message) -> Target | None:
        """Where ``message`` goes; None where the route does not hold for it."""

    def fault(self, message: Message) -> str:
        """Why the route does not hold; empty where it does."""


class ToOne:
    """All messages have one target."""

    key = "pool"

    def __init__(self, target: Target) -> None:
        self.targets = (target,)
        self._target = target

    def target(self, _message: Message) -> Target:
        """That one."""
        return self._target

    def fault(self, _message: Message) -> str:
        """It always holds."""
        return ""


class ByPrefix:
    """The longest prefix of the destination names the pool.

    :param table: prefix → name of a pool.
    :param named: name → where such messages go.
    :param name: what is said of the prefixes.
    """

    key = "pools_file"

    def __init__(self, table: NumberTable[str], named: Mapping[str, Target], name: str) -> None:
        self.targets = tuple(named.values())
        self._table = table
        self._named = named
        self._name = name

    def target(self, message: Message) -> Target | None:
        """Where the destination's longest prefix leads."""
        name = self._table.first(message.destination)
        return self._named[name] if name is not None else None

    def fault(self, message: Message) -> str:
        """That it has no prefix there."""
        if self.target(message) is not None:
            return ""
        return f"{_text(message.destination) or 'an empty address'} has no prefix in {self._name}"


class Route:
    """Conditions that must all hold, and where messages go then. Mutable: it counts.

    :param label: what it is called in logs and explanations.
    :param accounts: whose messages it is for; None for everybody's.
    :param conditions: all others, in the order in which they are looked at.
    :param leads: says where messages go.
    :param patterns: of its condition ``destination``, and ``sources`` of ``source``; empty where
        there is none. By these it is found.
    :ivar place: in the order of the configuration.
    :ivar messages: for how many it was chosen.
    """

    __slots__ = (
        "accounts",
        "conditions",
        "label",
        "leads",
        "messages",
        "patterns",
        "place",
        "sources",
    )

    def __init__(
        self,
        label: str,
        accounts: Accounts | None,
        conditions: Sequence[Condition],
        leads: Leads,
        patterns: Sequence[str] = (),
        sources: Sequence[str] = (),
    ) -> None:
        self.label = label
        self.accounts = accounts
        self.conditions = tuple(conditions)
        self.leads = leads
        self.patterns = tuple(patterns)
        self.sources = tuple(sources)
        self.place = 0
        self.messages = 0

    def __repr__(self) -> str:
        return f"<Route {self.label}>"

    def target(self, message: Message) -> Target | None:
        """Where ``message``, of one of its accounts, goes; None where the route does not hold."""
        for condition in self.conditions:
            if not condition.holds(message):
                return None
        return self.leads.target(message)

    def faults(self, message: Message) -> dict[str, str]:
        """Why it does not hold, by key of the setting; empty where it holds."""
        asked = (self.accounts, *self.conditions, self.leads)
        found = ((each.key, each.fault(message)) for each in asked if each is not None)
        return {key: fault for key, fault in found if fault}
