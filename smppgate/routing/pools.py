"""Pools of SMSCs, and what a balancer needs to know of each.

A `Member` is one SMSC with its bound links. Its load and room are two numbers, so choosing
costs the same however many links a member has; a link that is lost takes its share of the room
with it. An SMSC that stalls is found by its window: it fills, and others are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from smppgate.routing.groups import Group
from smppgate.txsmpp.sequence import Outstanding, Request
from smppgate.txsmpp.versions import V5_0, Version


class Link(Protocol):
    """A session bound to an SMSC, able to take requests."""

    window: int
    """Unanswered requests allowed on it."""
    outstanding: Outstanding
    version: Version
    """What its SMSC speaks."""

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send under a number of the link's."""


class Member:
    """One SMSC. Mutable and slotted: the hot path counts in it.

    :param name: the SMSC's, as configured.
    :param weight: its share relative to others, 1 or more.
    :param tag: what the ids of its messages begin with where ESMEs see them.
    :param group: the SMSCs that share ids with it; by default it shares them with none.
    :param commands: the requests that it knows; by default all.
    :param reserved: whether it is for one ESME session alone, see `for_one_session`.
    """

    __slots__ = (
        "_next",
        "answers",
        "capacity",
        "commands",
        "group",
        "latency",
        "links",
        "name",
        "outstanding",
        "share",
        "tag",
        "weight",
    )

    def __init__(
        self,
        name: str,
        weight: int = 1,
        tag: bytes = b"",
        group: Group | None = None,
        commands: frozenset[int] = V5_0.commands,
        reserved: bool = False,
    ) -> None:
        self.name = name
        self.tag = tag
        self.group = group if group is not None else Group(name)
        if reserved:
            self.group.reserved.add(self)
        else:
            self.group.members.append(self)
        self.commands = commands
        self.weight = weight
        self.share = 1.0 / weight
        """How much one more message weighs here."""
        self.links: list[Link] = []
        self.capacity = 0
        """Unanswered requests that all links may have together; 0 without a link."""
        self.outstanding = 0
        self.answers = 0
        """Requests answered, in time or not."""
        self.latency = 0.0
        """Seconds that all answers took, summed up."""
        self._next = 0

    def __repr__(self) -> str:
        return (
            f"<Member {self.name} {self.outstanding}/{self.capacity} on {len(self.links)} links>"
        )

    def for_one_session(self) -> Member:
        """The same SMSC with links and counters of its own, for one ESME session alone.

        To be given up with `retire`.
        """
        return Member(self.name, self.weight, self.tag, self.group, self.commands, reserved=True)

    def retire(self) -> None:
        """The session that it was for has ended; again, or for any other member, no error."""
        self.group.reserved.discard(self)

    def add(self, link: Link) -> None:
        """A link is bound and can take requests."""
        self.links.append(link)
        self.capacity += link.window

    def remove(self, link: Link) -> None:
        """A link is lost or cannot take requests; one that is not there is no error."""
        if link in self.links:
            self.links.remove(link)
            self.capacity -= link.window

    def link(self) -> Link | None:
        """The link to send on next: in turn, those with a full window passed over."""
        links = self.links
        if len(links) == 1:
            return links[0]
        for _ in links:
            self._next = (self._next + 1) % len(links)
            link = links[self._next]
            if len(link.outstanding) < link.window:
                return link
        return None

    def free_link(self) -> Link | None:
        """`link`, if there is room for one more request."""
        return self.link() if self.outstanding < self.capacity else None


class Balancer(Protocol):
    """A way to choose among the members it was made for."""

    members: tuple[Member, ...]
    """In the order of the configuration."""

    def choose(self, tried: Sequence[Member] = ()) -> Member | None:
        """A member with room that is not in ``tried``; None when there is none."""


class Pool:
    """SMSCs that take the same messages.

    :ivar choose: the member for the next message, or None; see `Balancer.choose`.
    """

    __slots__ = ("choose", "members", "name")

    def __init__(self, name: str, balancer: Balancer) -> None:
        self.name = name
        self.members = balancer.members
        self.choose = balancer.choose

    def __repr__(self) -> str:
        return f"<Pool {self.name} {self.members!r}>"

    def without(self, command_id: int) -> tuple[Member, ...]:
        """The members that do not know this request."""
        return tuple(member for member in self.members if command_id not in member.commands)

    @property
    def is_up(self) -> bool:
        """Whether any member has a bound link."""
        return any(member.links for member in self.members)
