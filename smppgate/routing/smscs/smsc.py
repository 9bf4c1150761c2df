"""An SMSC: who it is, what is decided about it, and the message center whose ids it gives out.

`Smsc` is `Links`, which is `Load`: one object, so that a choice and a count have no way to go.
"""

from __future__ import annotations

from itertools import chain

from smppgate.routing.limits.refills import Refills
from smppgate.routing.smscs.links import Links, Seat
from smppgate.routing.smscs.notations import Notations
from smppgate.routing.smscs.rate_limits import OverallLimit, RateLimits, SmscRates
from smppgate.routing.tally import SmscTally
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.versions import V5_0


class Smsc(Links):
    """One SMSC. Mutable and slotted: the hot path counts in it.

    :param name: as configured.
    :param weight: its share of a pool's messages relative to other SMSCs; with 0 it takes no new
        ones.
    :param tag: the octets that are put in front of its message ids for ESMEs.
    :param center: the message center whose ids it gives out; by default one of its own.
    :param commands: the command_ids of the requests that it knows; by default all.
    :param reserved: whether it serves one ESME session alone, see `for_one_session`.
    :param undelivered_status: the command_status that tells it that nothing can take its message.
    :param window: see `Links`.
    :param response_timeout: seconds that it has to answer a request.
    :ivar is_weight_decided: whether ``weight`` is an operator's, and holds in all pools.
    :ivar tally: what is counted of it for those who observe the gate.
    :ivar taken_for: pool → the messages that it has taken for it; None while it is in one alone.
    """

    __slots__ = (
        "_copies",
        "_is_retired",
        "_origin",
        "center",
        "commands",
        "is_weight_decided",
        "name",
        "response_timeout",
        "tag",
        "taken_for",
        "tally",
        "undelivered_status",
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
        undelivered_status: int = CommandStatus.ESME_RX_T_APPN,
        window: int = 10,
        response_timeout: float = 60.0,
    ) -> None:
        # The copies for one session are not told that the rate of all lets them have nothing.
        super().__init__(window, is_told=not reserved)
        self.name, self.tag = name, tag
        self.weight, self.is_weight_decided = weight, False
        self.commands = commands
        self.undelivered_status = undelivered_status
        self.response_timeout = response_timeout
        self.tally = SmscTally()
        self.taken_for: dict[object, int] | None = None
        self._copies: dict[Smsc, None] = {}
        self._origin: Smsc | None = None
        self._is_retired = False
        self.center = center if center is not None else MessageCenter(name, "auto")
        if reserved:
            self.center.reserved[self] = None
        else:
            self.center.smscs.append(self)

    def __repr__(self) -> str:
        return f"<Smsc {self.name} {self.outstanding}/{self.capacity} on {len(self.links)} links>"

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
        """Leave the message center: its sessions have ended.

        The rate over all sessions holds on until the last copy for one session has retired, too.
        """
        origin = self._origin if self._origin is not None else self
        if origin is self:
            self.center.smscs.remove(self)
        else:
            self.center.reserved.pop(self, None)
            origin._copies.pop(self, None)
        self._is_retired = True
        if self.limits is not None:
            self.limits.end()
            if origin._is_retired and not origin._copies:
                self.limits.overall.end()

    def change_window(self, window: int) -> None:
        """Let each link have up to ``window`` unanswered requests. Open ones stay."""
        self.window = window
        for copy in self._copies:
            copy.change_window(window)
        self.windows_changed()

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


class MessageCenter:
    """One space of message ids, given out by one SMSC or by several.

    The receipt for a message may come from any SMSC of the message center, not only from the one
    that took the message. The setting ``group`` of an ``[[smsc]]`` names its message center.

    :param name: the group's; for an SMSC without a group, the SMSC's.
    :param receipt_ids: how it writes ids: see `Notations`.
    :ivar smscs: its SMSCs, in the order of the configuration.
    :ivar reserved: its SMSCs that serve one ESME session each, in the order they were made.
    :ivar prefix: the beginning of the keys of its return paths.
    :ivar undecided: answers with ids whose return paths are not kept yet, for a hook decides.
    """

    __slots__ = ("name", "notations", "prefix", "reserved", "smscs", "undecided")

    def __init__(self, name: str, receipt_ids: str) -> None:
        self.name = name
        self.undecided = 0
        self.notations = Notations(receipt_ids)
        self.smscs: list[Smsc] = []
        self.reserved: dict[Smsc, None] = {}
        self.prefix = name.encode("latin-1") + b"\0"

    def __repr__(self) -> str:
        return f"<MessageCenter {self.name} of {len(self.smscs)}>"

    @property
    def is_awaited(self) -> bool:
        """Whether a request to any of its SMSCs is unanswered, or an answer waits for a hook."""
        return bool(self.undecided) or any(
            smsc.outstanding for smsc in chain(self.smscs, self.reserved)
        )
