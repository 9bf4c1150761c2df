"""An SMSC with its bound links, and the message center whose ids it gives out.

The load and the room of an SMSC are two numbers, so a choice costs the same however many links it
has; a link that is lost takes its share of the room with it. An SMSC that stalls shows by its
window: the window fills, and other SMSCs are chosen.
"""

from __future__ import annotations

from itertools import chain
from typing import Protocol

from smppgate.routing.smscs.dialects import Dialect
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


class Smsc:
    """One SMSC. Mutable and slotted: the hot path counts in it.

    :param name: as configured.
    :param weight: its share of a pool's messages relative to other SMSCs, 1 or more.
    :param tag: the octets in front of its message ids, as ESMEs see them.
    :param center: shares its ids with this SMSC; by default the ids are this SMSC's alone.
    :param commands: the requests that it knows; by default all.
    :param reserved: whether it serves one ESME session alone, see `for_one_session`.
    """

    __slots__ = (
        "_next",
        "capacity",
        "center",
        "commands",
        "links",
        "name",
        "outstanding",
        "tag",
        "weight",
    )

    def __init__(
        self,
        name: str,
        weight: int = 1,
        tag: bytes = b"",
        center: MessageCenter | None = None,
        commands: frozenset[int] = V5_0.commands,
        reserved: bool = False,
    ) -> None:
        self.name = name
        self.tag = tag
        self.center = center if center is not None else MessageCenter(name)
        if reserved:
            self.center.reserved[self] = None
        else:
            self.center.smscs.append(self)
        self.commands = commands
        self.weight = weight
        self.links: list[Link] = []
        self.capacity = 0
        """Unanswered requests that all links together may have; 0 without a link."""
        self.outstanding = 0
        self._next = 0

    def __repr__(self) -> str:
        return f"<Smsc {self.name} {self.outstanding}/{self.capacity} on {len(self.links)} links>"

    def for_one_session(self) -> Smsc:
        """The same SMSC with links and counters of its own, for one ESME session alone.

        `retire` takes it out of its message center.
        """
        return Smsc(self.name, self.weight, self.tag, self.center, self.commands, reserved=True)

    def retire(self) -> None:
        """The session that it was made for has ended; no error for any other SMSC."""
        self.center.reserved.pop(self, None)

    def add(self, link: Link) -> None:
        """A link is bound and can take requests."""
        self.links.append(link)
        self.capacity += link.window

    def remove(self, link: Link) -> None:
        """A link is lost or cannot take requests; a link that was not added is no error."""
        if link in self.links:
            self.links.remove(link)
            self.capacity -= link.window

    def link(self) -> Link | None:
        """The link for the next request: in turn, passing over links with a full window."""
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


class MessageCenter:
    """One space of message ids, and the notations it uses for them.

    The SMSCs of one message center are several links to the same ids: a receipt may come over any
    of them, whichever took the message. The settings call this a ``group``.

    :param name: of the group, as configured.
    :param receipt_ids: a `Dialect`'s kind.
    """

    __slots__ = ("dialect", "name", "prefix", "reserved", "smscs")

    def __init__(self, name: str, receipt_ids: str = "auto") -> None:
        self.name = name
        self.dialect = Dialect(receipt_ids)
        self.smscs: list[Smsc] = []
        self.reserved: dict[Smsc, None] = {}
        """Those of one ESME session each, in the order they were made."""
        self.prefix = name.encode("latin-1") + b"\0"
        """The beginning of the keys of its return paths."""

    def __repr__(self) -> str:
        return f"<MessageCenter {self.name} of {len(self.smscs)}>"

    @property
    def is_awaited(self) -> bool:
        """Whether any of its SMSCs has yet to answer a request."""
        return any(smsc.outstanding for smsc in chain(self.smscs, self.reserved))
