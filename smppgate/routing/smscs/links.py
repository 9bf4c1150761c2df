"""`Links`: the links of an SMSC, and which of them the next message goes on.

Which take new messages, and how many there may be on all of them, is found out whenever one comes
or goes, and not when it is asked for.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Protocol

from smppgate.routing.admin_state import AdminState
from smppgate.routing.smscs.load import Load
from smppgate.routing.smscs.rate_limits import RateLimits
from smppgate.txsmpp.sequence import Outstanding, Request
from smppgate.txsmpp.versions import Version


class Link(Protocol):
    """A bound session with an SMSC that can take requests."""

    outstanding: Outstanding
    """The requests that are unanswered on it."""
    version: Version
    """The SMPP version that the SMSC speaks on it."""

    @property
    def is_remote(self) -> bool:
        """Whether it is another node that has the links, and passes messages on."""

    @property
    def window(self) -> int:
        """The most requests that may be unanswered on it; that of its SMSC."""

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send ``octets`` under a sequence number of this link, and await the answer."""


_NONE_TAKEN: Mapping[Link, int] = {}


class Seat(Protocol):
    """A seat of an SMSC in a pool."""

    def changed(self) -> None:
        """Its links have changed, its weight, or what an operator has decided."""


class Links(Load):
    """The links of an SMSC, beside its load. Mutable and slotted for the hot path.

    :param window: the most requests that may be unanswered on one link, in either direction.
    :param is_told: whether its limits tell it when it may be sent nothing; else it has to look.
    :ivar members: its seats in pools; they are told of what they must know.
    :ivar state: what an operator has decided; a reload leaves it as it is.
    :ivar bound: the links that are bound and not unbinding.
    :ivar remote: links by way of other nodes; they are used while none is bound here.
    :ivar links: those of ``bound``, or else of ``remote``, that take new messages.
    :ivar limits: how many messages a second it is sent at the most; None without a limit.
    :ivar only_link: the link, where there is one alone that takes new messages and no other; None
        where a limit has to be looked at.
    """

    __slots__ = (
        "_doubted",
        "_full_capacity",
        "_held",
        "_is_told",
        "_last",
        "_leaving",
        "bound",
        "limits",
        "links",
        "members",
        "only_link",
        "remote",
        "state",
        "window",
    )

    def __init__(self, window: int, is_told: bool) -> None:
        super().__init__()
        self.window = window
        self._is_told = is_told
        self.state = AdminState.READY
        self.members: dict[Seat, None] = {}
        self.bound: list[Link] = []
        self.remote: list[Link] = []
        self.links: list[Link] = []
        self.only_link: Link | None = None
        self.limits: RateLimits | None = None
        self._full_capacity = 0
        """The capacity whatever its limits say."""
        self._held: dict[Link, None] = {}
        self._last = 0
        """Index of the link that was used last."""
        # Links with which something is wrong: they come after the others.
        self._doubted: dict[Link, None] = {}
        # Links that are unbinding.
        self._leaving: dict[Link, None] = {}

    @property
    def is_reached(self) -> bool:
        """Whether a link is bound, here or at another node."""
        return bool(self.bound or self.remote)

    def add(self, link: Link) -> None:
        """Use ``link``, which is bound and can take requests, unless an operator holds it."""
        (self.remote if link.is_remote else self.bound).append(link)
        self._choose_links()

    def leave(self, link: Link) -> None:
        """Send no more requests on ``link``; open ones may still be answered, until `remove`.

        Their places are kept beside the windows of the other links.
        """
        self._doubted.pop(link, None)
        kept = self.remote if link.is_remote else self.bound
        if link in kept:
            kept.remove(link)
            self._leaving[link] = None
            self._choose_links()

    def remove(self, link: Link) -> None:
        """Do not use ``link`` any more; a link that was not added is ignored."""
        self.leave(link)
        if self._leaving.pop(link, self) is None:
            self._choose_links()

    def hold(self, link: Link, is_held: bool) -> None:
        """Send no new messages on ``link``, or send them again. Queries may still use it."""
        self._held.pop(link, None)
        if is_held:
            self._held[link] = None
        self._choose_links()

    def change_state(self, state: AdminState) -> None:
        """Take new messages, or take none."""
        self.state = state
        self._choose_links()

    def windows_changed(self) -> None:
        """Its links may have more, or fewer, unanswered requests than before."""
        self._choose_links()

    def flow_changed(self) -> None:
        """Its limits let it have messages again, or no more."""
        is_paused = self.limits is not None and self.limits.is_paused()
        self.capacity = 0 if is_paused else self._full_capacity
        if not is_paused and self.waiters is not None:
            self.tell()

    def _tell_seats(self) -> None:
        for seat in self.members:
            seat.changed()

    def _choose_links(self) -> None:
        """Find out which links take new messages, and how many there may be."""
        is_ready = self.state is AdminState.READY
        # An operator who holds all links here wants nothing sent, by whatever way.
        near = self.bound or self.remote
        self.links = [each for each in near if is_ready and each not in self._held]
        capacity = sum(each.window for each in self.links)
        is_alone = len(near) == len(self.links) == 1 and not self._leaving
        is_alone = is_alone and not any(len(each.outstanding) for each in self._unused_remote())
        # A copy is not told that its rate lets it have nothing: it has to look.
        is_alone = is_alone and (self.limits is None or self._is_told)
        self.only_link = self.links[0] if is_alone else None
        if self.links:
            # Requests that are open on other links are no load for these.
            others = [*self._leaving, *(each for each in self.bound if each not in self.links)]
            others += self._unused_remote()
            capacity += sum(len(each.outstanding) for each in others)
        self._full_capacity = self.capacity = capacity
        if self.limits is not None:
            self.limits.keep([*self.bound, *self.remote])
            self.capacity = 0 if self.limits.is_paused() else capacity
        self._tell_seats()
        if self.waiters is not None:
            self.tell()

    def _unused_remote(self) -> list[Link]:
        return self.remote if self.bound else []

    def remote_idle(self) -> None:
        """A remote link has no open requests any more: a link here may be the only one again."""
        if self.bound and self.remote and self.only_link is None:
            self._choose_links()

    def doubt(self, link: Link, is_doubted: bool) -> None:
        """Use ``link`` after all others, or like the others again."""
        was_doubted = self.is_doubted
        self._doubted.pop(link, None)
        if is_doubted and link in self.links:
            self._doubted[link] = None
        if self.is_doubted is not was_doubted:
            self._tell_seats()

    @property
    def is_doubted(self) -> bool:
        """Whether it has links, and something is wrong with all of them."""
        return 0 < len(self.links) <= len(self._doubted)

    def has_sound_link(self, other_than: Link) -> bool:
        """Whether it has a link, not this one, with which nothing is wrong."""
        return any(each is not other_than and each not in self._doubted for each in self.links)

    def link(self, now: float = 0.0, taken: Mapping[Link, int] = _NONE_TAKEN) -> Link | None:
        """The next link in turn for a message; None when none has room, or may be sent one now.

        A single link is returned in any case: the caller has seen that the SMSC has room.

        :param taken: messages that are to be sent on links before this one.
        """
        if self.only_link is not None:
            return self.only_link
        limits = self.limits
        if limits is None:
            return self._next_link(taken, ())
        if limits.is_paused():
            return None
        return self._next_link(taken, limits.dry_after(taken, now) if taken else limits.dry)

    def share_out(self, count: int) -> dict[Link, int]:
        """How many of ``count`` messages go on which link, as `link` would give one by one.

        Fewer where their windows leave no more room. Limits are the caller's to look at.
        """
        if not self.links or self._doubted:
            return {}
        room = min(each.window - len(each.outstanding) for each in self.links)
        rounds = max(0, min(count // len(self.links), room))
        taken = dict.fromkeys(self.links, rounds) if rounds else {}
        for _ in range(count - rounds * len(self.links)):
            link = self._next_link(taken, ())
            if link is None:
                break
            taken[link] = taken.get(link, 0) + 1
        return taken

    def _next_link(self, taken: Mapping[Link, int], dry: Container[Link]) -> Link | None:
        """The next link in turn with room in its window that is not in ``dry``."""
        links = self.links
        if self._doubted:
            links = self._sound_links(taken, dry) or links
        for _ in links:
            self._last = (self._last + 1) % len(links)
            link = links[self._last]
            if len(link.outstanding) + taken.get(link, 0) < link.window and link not in dry:
                return link
        return None

    def _sound_links(self, taken: Mapping[Link, int], dry: Container[Link]) -> list[Link]:
        """The links with room, and not in ``dry``, with which nothing is wrong."""
        return [
            link
            for link in self.links
            if link not in self._doubted
            and link not in dry
            and len(link.outstanding) + taken.get(link, 0) < link.window
        ]

    def query_link(self, dry: Container[Link] = ()) -> Link | None:
        """A link for a request about a message: also one that takes no new messages.

        None when no link has room for one more request. It is none of ``dry``.
        """
        has_room = self.outstanding < self._full_capacity
        link = (self.only_link or self._next_link(_NONE_TAKEN, dry)) if has_room else None
        if link is not None or self.links:
            return link
        free = (
            each for each in self.bound if len(each.outstanding) < each.window and each not in dry
        )
        return next(free, None)

    def begun_link(self, link: Link | None) -> Link | None:
        """A link for what belongs to something that was begun on ``link``.

        That link as long as it is bound, drained too; then any other. None when it has no room.
        """
        dry: Container[Link] = ()
        if self.limits is not None:
            dry = self.limits.dry
            if self.limits.is_paused() or link in dry:
                return None
        if link is None or link not in self.bound:
            return self.query_link(dry)
        if link in self.links and self.outstanding >= self.capacity:
            return None
        return link if len(link.outstanding) < link.window else None
