"""An SMSC with its bound links, and the message center whose ids it gives out.

Load and capacity of an SMSC are two integers, kept as links come and go, so a choice costs the
same with any number of links. An SMSC that stops answering fills its windows, has no room then,
and other SMSCs are chosen.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from enum import Enum
from itertools import chain
from typing import Protocol

from smppgate.routing.admin_state import AdminState
from smppgate.routing.limits.refills import Refills
from smppgate.routing.smscs.congestion import Congestion
from smppgate.routing.smscs.notations import Notations
from smppgate.routing.smscs.peaks import Peaks
from smppgate.routing.smscs.rate_limits import OverallLimit, RateLimits, SmscRates
from smppgate.routing.smscs.recent import Recent
from smppgate.routing.tally import SmscTally
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.sequence import Outstanding, Request
from smppgate.txsmpp.versions import V5_0, Version

ERROR_SECONDS = 10
"""How long an error weighs like an unanswered request, see `Smsc.errors`."""

LATENCY_STEP = 0.1
"""How much of the difference to a new answer's latency the smoothed latency moves by."""


class Outcome(Enum):
    """How a request to an SMSC ended."""

    TAKEN = "taken"
    """It was answered ESME_ROK."""
    REFUSED = "refused"
    """It was answered with another status."""
    TIMED_OUT = "timed out"
    LOST = "lost"
    """The link was lost before the answer."""


# Plain names: to look up a member of an enumeration costs more than to count with it.
TAKEN, REFUSED, TIMED_OUT, LOST = Outcome


class Link(Protocol):
    """A bound session with an SMSC that can take requests."""

    outstanding: Outstanding
    """The requests that are unanswered on it."""
    version: Version
    """The SMPP version that the SMSC speaks on it."""

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


class Waiter(Protocol):
    """Has messages that wait for an SMSC."""

    def freed(self) -> None:
        """The SMSC may have room now."""


class Smsc:
    """One SMSC. Mutable and slotted: the hot path counts in it.

    :param name: as configured.
    :param weight: its share of a pool's messages relative to other SMSCs; with 0 it takes no new
        ones.
    :param tag: the octets that are put in front of its message ids for ESMEs.
    :param center: the message center whose ids it gives out; by default one of its own.
    :param commands: the command_ids of the requests that it knows; by default all.
    :param reserved: whether it serves one ESME session alone, see `for_one_session`.
    :param undelivered_status: the command_status that tells it that nothing can take its message.
    :param window: the most requests that may be unanswered on one link, in either direction.
    :param response_timeout: seconds that it has to answer a request.
    :ivar waiters: who is told when it may have room; None while nobody waits for it.
    :ivar members: its seats in pools; they are told of what they must know.
    :ivar is_weight_decided: whether ``weight`` is an operator's, and holds in all pools.
    :ivar state: what an operator has decided; a reload leaves it as it is.
    :ivar bound: the links that are bound and not unbinding.
    :ivar links: those of them that take new messages.
    :ivar capacity: the most messages that may be unanswered on all links together; 0 without a
        link, and while its limits let it have none.
    :ivar limits: how many messages a second it is sent at the most; None without a limit.
    :ivar outstanding: requests that it has not answered: counted by `began` and `ended`, and
        nowhere else.
    :ivar overdue: those of them that were not answered in time, and that may be answered yet.
    :ivar taken: requests that it answered ESME_ROK; ``refused`` those it answered otherwise,
        ``timed_out`` and ``lost`` those without an answer, see `Outcome`.
    :ivar only_link: the link, where there is one alone that takes new messages and no other; None
        where a limit has to be looked at.
    :ivar latency: seconds from a request to its answer, smoothed over some ten answers.
    :ivar is_burdened: whether it may have a `burden`.
    :ivar bind_errors: answers to messages that say that it does not know the bind.
    :ivar errors: its errors of the last `ERROR_SECONDS`.
    :ivar tally: what is counted of it for those who observe the gate.
    :ivar taken_for: pool → the messages that it has taken for it; None while it is in one alone.
    """

    __slots__ = (
        "_congestion",
        "_copies",
        "_doubted",
        "_full_capacity",
        "_held",
        "_last",
        "_leaving",
        "_origin",
        "_peaks",
        "_recent_errors",
        "bind_errors",
        "bound",
        "capacity",
        "center",
        "commands",
        "errors",
        "is_burdened",
        "is_weight_decided",
        "latency",
        "limits",
        "links",
        "lost",
        "members",
        "name",
        "only_link",
        "outstanding",
        "overdue",
        "refused",
        "response_timeout",
        "state",
        "tag",
        "taken",
        "taken_for",
        "tally",
        "timed_out",
        "undelivered_status",
        "waiters",
        "weight",
        "window",
    )

    _congestion: Congestion | None
    _peaks: Peaks | None

    def __init__(
        self,
        name: str,
        weight: int = 1,
        tag: bytes = b"",
        center: MessageCenter | None = None,
        commands: frozenset[int] = V5_0.commands,
        reserved: bool = False,
        undelivered_status: int = CommandStatus.ESME_RX_T_APPN,
        window: int = 10,
        response_timeout: float = 60.0,
    ) -> None:
        self.name, self.window, self.response_timeout = name, window, response_timeout
        # The first is the index of the link that was used last.
        self._last, self.tally = 0, SmscTally()
        self.waiters: dict[Waiter, None] | None = None
        self.state = AdminState.READY
        self.bound: list[Link] = []
        self.only_link: Link | None = None
        self._held: dict[Link, None] = {}
        self._copies: dict[Smsc, None] = {}
        self._origin: Smsc | None = None
        self.members: dict[Seat, None] = {}
        self.undelivered_status = undelivered_status
        self.tag = tag
        self.center = center if center is not None else MessageCenter(name, "auto")
        if reserved:
            self.center.reserved[self] = None
        else:
            self.center.smscs.append(self)
        self.commands, self.weight = commands, weight
        self.is_weight_decided = self.is_burdened = False
        self._congestion = self._peaks = None
        self.links: list[Link] = []
        self.limits: RateLimits | None = None
        # The first is the capacity whatever its limits say.
        self._full_capacity = self.capacity = self.outstanding = self.overdue = self.errors = 0
        self.taken = self.refused = self.timed_out = self.lost = self.bind_errors = 0
        self.latency = 0.0
        self._recent_errors = Recent(ERROR_SECONDS)
        self.taken_for: dict[object, int] | None = None
        # Links with which something is wrong: they come after the others.
        self._doubted: dict[Link, None] = {}
        # Links that are unbinding.
        self._leaving: dict[Link, None] = {}

    def __repr__(self) -> str:
        return f"<Smsc {self.name} {self.outstanding}/{self.capacity} on {len(self.links)} links>"

    def began(self, count: int) -> None:
        """``count`` requests are sent to it."""
        self.outstanding += count

    def ended(self, count: int, outcome: Outcome, seconds: float) -> None:
        """``count`` requests have ended, ``seconds`` after they were sent.

        Those that timed out stay outstanding until `released`: it may be at work on them.
        """
        if outcome is TIMED_OUT:
            self.timed_out += count
            self.overdue += count
            if self._peaks is not None:
                self._peaks.answered(seconds)
            return
        self.outstanding -= count
        if self.waiters is not None:
            self.tell()
        if outcome is LOST:
            self.lost += count
            return
        if outcome is TAKEN:
            self.taken += count
        else:
            self.refused += count
        self.latency += (seconds - self.latency) * LATENCY_STEP
        if self._peaks is not None:
            self._peaks.answered(seconds)

    def released(self, count: int) -> None:
        """``count`` requests that timed out take no place in a window any more."""
        self.outstanding -= count
        self.overdue -= count
        if self.waiters is not None:
            self.tell()

    # What balancers weigh beside its unanswered requests

    def measure_peaks(self) -> None:
        """Have a `peak_latency` from now on."""
        if self._peaks is None:
            self._peaks = Peaks()

    def peak_latency(self, now: float) -> float:
        """Seconds from a request to its answer, see `Peaks`; 0 where that is not measured."""
        return self._peaks.at(now, self.outstanding) if self._peaks is not None else 0.0

    def told_congestion(self, state: int, now: float) -> None:
        """It has said how congested it is: 0 to 100."""
        self._congestion = Congestion(state, now)
        self.is_burdened = True

    def congestion(self, now: float) -> float:
        """How congested it says it is, 0 to 1; what it said long ago counts less and less."""
        return self._congestion.at(now) if self._congestion is not None else 0.0

    def utilization(self, now: float) -> float:
        """How much of what it can take it has, 0 to 1: of its windows, or as it says itself."""
        own = self.outstanding / self.capacity if self.capacity else 1.0
        return min(1.0, max(own, self.congestion(now)))

    def burden(self, now: float) -> float:
        """Its load beside its unanswered requests: as many more of them as this.

        To be asked while ``is_burdened``. So much of its windows counts as taken as it says of
        itself: others may send to it too. And its errors: one that fails fast has little to do.
        """
        congestion = self.congestion(now)
        if not congestion:
            self._congestion, self.is_burdened = None, bool(self.errors)
        return congestion * self.capacity + self.errors

    def erred(self) -> None:
        """It has answered with an error, or not in time, or lost a link with requests on it."""
        self._recent_errors.add()
        self.errors = self._recent_errors.total
        self.is_burdened = True

    def errors_age(self, seconds: int) -> None:
        """So many seconds are over."""
        if self.errors:
            for _ in range(seconds):
                self._recent_errors.step()
            self.errors = self._recent_errors.total

    def seated(self, pool: object) -> None:
        """It has a seat in ``pool``; beside others, what it takes is counted for each pool."""
        if self.taken_for is None and len(self.members) > 1:
            self.taken_for = {}
        if self.taken_for is not None:
            self.taken_for.setdefault(pool, 0)

    def unseated(self, seat: Seat, pool: object) -> None:
        """It has that seat no more."""
        self.members.pop(seat, None)
        if self.taken_for is not None:
            self.taken_for.pop(pool, None)

    def await_room(self, waiter: Waiter) -> None:
        """Tell ``waiter`` from now on whenever there may be room for a request."""
        if self.waiters is None:
            self.waiters = {}
        self.waiters[waiter] = None

    def await_no_more(self, waiter: Waiter) -> None:
        """Tell ``waiter`` no more."""
        if self.waiters is not None:
            self.waiters.pop(waiter, None)
            # None again, not empty: that is what an answer costs while nobody waits.
            self.waiters = self.waiters or None

    def tell(self) -> None:
        """There may be room: tell those who wait."""
        for waiter in self.waiters or ():
            waiter.freed()

    def _tell_seats(self) -> None:
        for seat in self.members:
            seat.changed()

    def for_one_session(self) -> Smsc:
        """Make the same SMSC anew, without links, to serve one ESME session alone.

        The new one has counters of its own and is in the same message center until `retire`.
        """
        copy = Smsc(
            self.name,
            # In a pool of its own a weight of 0 would let it take nothing.
            self.weight or 1,
            self.tag,
            self.center,
            self.commands,
            reserved=True,
            undelivered_status=self.undelivered_status,
            window=self.window,
            response_timeout=self.response_timeout,
        )
        self._copies[copy] = None
        copy._origin = self
        copy.tally = self.tally
        if self.limits is not None:
            copy._limit(self.limits.overall)
        return copy

    def retire(self) -> None:
        """Leave the message center, if made by `for_one_session`: that session has ended."""
        self.center.reserved.pop(self, None)
        if self._origin is not None:
            self._origin._copies.pop(self, None)
        if self.limits is not None:
            self.limits.end()

    def add(self, link: Link) -> None:
        """Use ``link``, which is bound and can take requests, unless an operator holds it."""
        self.bound.append(link)
        self._choose_links()

    def leave(self, link: Link) -> None:
        """Send no more requests on ``link``; open ones may still be answered, until `remove`.

        Their places are kept beside the windows of the other links.
        """
        self._doubted.pop(link, None)
        if link in self.bound:
            self.bound.remove(link)
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

    def change_window(self, window: int) -> None:
        """Let each link have up to ``window`` unanswered requests. Open ones stay."""
        self.window = window
        for copy in self._copies:
            copy.change_window(window)
        self._choose_links()

    def change_response_timeout(self, seconds: float) -> None:
        """Know that it has so many seconds to answer; its links' timers are their own."""
        self.response_timeout = seconds
        for copy in self._copies:
            copy.response_timeout = seconds

    def change_weight(self, weight: int, is_decided: bool = False) -> None:
        """Give it another share, in each pool that has no weight of its own for it.

        :param is_decided: by an operator: then in all pools, until it is changed again.
        """
        self.weight, self.is_weight_decided = weight, is_decided
        self._tell_seats()

    def change_undelivered_status(self, status: int) -> None:
        """Tell it ``status`` when nothing can take its message."""
        self.undelivered_status = status
        for copy in self._copies:
            copy.undelivered_status = status

    def change_rates(self, rates: SmscRates | None, refills: Refills, now: float) -> None:
        """Be sent no more messages a second than ``rates`` say; None for any number.

        :param refills: tells when it may be sent messages again.
        """
        alike, limits = (self, *self._copies), self.limits
        if rates is None:
            self._limit_no_more()
        elif limits is None:
            overall = OverallLimit(self, rates, refills, now)
            for each in alike:
                each._limit(overall)
        elif rates != limits.overall.rates:
            limits.overall.change(rates, now)
            for each in alike:
                each._limits_changed(now)

    def _limit(self, overall: OverallLimit) -> None:
        self.limits = RateLimits(self, overall)
        self._choose_links()

    def _limits_changed(self, now: float) -> None:
        if self.limits is not None:
            self.limits.change(now)
        self._choose_links()

    def _limit_no_more(self) -> None:
        if self.limits is None:
            return
        self.limits.overall.end()
        for each in (self, *self._copies):
            if each.limits is not None:
                each.limits.end()
            each.limits = None
            each._choose_links()

    def flow_changed(self) -> None:
        """Its limits let it have messages again, or no more."""
        is_paused = self.limits is not None and self.limits.is_paused()
        self.capacity = 0 if is_paused else self._full_capacity
        if not is_paused and self.waiters is not None:
            self.tell()

    def _choose_links(self) -> None:
        """Find out which links take new messages, and how many there may be."""
        is_ready = self.state is AdminState.READY
        self.links = [each for each in self.bound if is_ready and each not in self._held]
        capacity = sum(each.window for each in self.links)
        is_alone = len(self.bound) == len(self.links) == 1 and not self._leaving
        # A copy is not told that its rate lets it have nothing: it has to look.
        is_alone = is_alone and (self.limits is None or self._origin is None)
        self.only_link = self.links[0] if is_alone else None
        if self.links:
            # Requests that are open on other links are no load for these.
            others = [*self._leaving, *(each for each in self.bound if each not in self.links)]
            capacity += sum(len(each.outstanding) for each in others)
        self._full_capacity = self.capacity = capacity
        if self.limits is not None:
            self.limits.keep(self.bound)
            self.capacity = 0 if self.limits.is_paused() else capacity
        self._tell_seats()
        if self.waiters is not None:
            self.tell()

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


class MessageCenter:
    """One space of message ids, given out by one SMSC or by several.

    The receipt for a message may come from any SMSC of the message center, not only from the one
    that took the message. The setting ``group`` of an ``[[smsc]]`` names its message center.

    :param name: the group's; for an SMSC without a group, the SMSC's.
    :param receipt_ids: how it writes ids: see `Notations`.
    :ivar smscs: its SMSCs, in the order of the configuration.
    :ivar reserved: its SMSCs that serve one ESME session each, in the order they were made.
    :ivar prefix: the beginning of the keys of its return paths.
    """

    __slots__ = ("name", "notations", "prefix", "reserved", "smscs")

    def __init__(self, name: str, receipt_ids: str) -> None:
        self.name = name
        self.notations = Notations(receipt_ids)
        self.smscs: list[Smsc] = []
        self.reserved: dict[Smsc, None] = {}
        self.prefix = name.encode("latin-1") + b"\0"

    def __repr__(self) -> str:
        return f"<MessageCenter {self.name} of {len(self.smscs)}>"

    @property
    def is_awaited(self) -> bool:
        """Whether a request to any of its SMSCs is unanswered."""
        return any(smsc.outstanding for smsc in chain(self.smscs, self.reserved))
