"""`RelaySession`: a session that the router relays requests on, with an ESME or an SMSC."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import ensureDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from smppgate.gate.reports.reports import Reports
from smppgate.gate.reports.trouble import in_words
from smppgate.gate.sessions.addresses import network_of, shown_address, shown_host
from smppgate.gate.sessions.read_budget import ReadBudget, read_less
from smppgate.notices.esmes import SESSION_RESTS
from smppgate.routing.smscs.smsc import Smsc
from smppgate.routing.tally import Tally
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import V3_4, Version

# Of sessions that are not bound: nothing is counted of them.
_UNBOUND = Tally()


class RelaySession(SmppProtocol):
    """A session with a window for each direction.

    :param reports: what the gate tells in summary.
    :param refusal_rate: PDUs a second that no window bounds; see `ReadBudget`.

    The other parameters are those of `SmppProtocol`.
    """

    is_remote = False
    """It is bound here."""

    def __init__(
        self,
        role: Role,
        clock: Clock,
        timers: Timers,
        max_pdu_size: int,
        batch: Batch,
        reports: Reports,
        refusal_rate: float,
    ) -> None:
        super().__init__(role, clock, timers, max_pdu_size, batch)
        self._reports = reports
        self._budget = ReadBudget(refusal_rate, self.clock.monotonic())
        self._resting: IDelayedCall | None = None
        self._departure = ""
        self._departing: IDelayedCall | None = None
        self.outstanding = self.session.outstanding
        self.bound_at = 0.0
        """When it was bound; seconds since 1970, 0 before that."""
        self.unanswered = 0
        """Requests of the peer that the gate has not answered."""
        self.version: Version = V3_4
        """The peer's version of SMPP."""
        self.tells_congestion = False
        """Whether answers say how congested the gate is."""
        # The rest of an `Origin`. For a session with an SMSC they stay empty: no return path leads
        # to it.
        self.system_id = self.token = b""
        self.answer_forms: dict[Smsc, Any] = {}
        self.tally = _UNBOUND

    @property
    def window(self) -> int:
        """Unanswered requests allowed in each direction: looked up, for a reload may change it."""
        raise NotImplementedError

    @property
    def queries(self) -> bool:
        """Whether messages that ask for no receipt have a return path too."""
        return False

    @property
    def receives(self) -> bool:
        """Whether the ESME end is bound to receive."""
        return self.session.receives

    @property
    def submits(self) -> bool:
        """Whether the ESME end is bound to submit."""
        return self.session.submits

    @property
    def has_room(self) -> bool:
        """Whether the peer can take one more request now."""
        return self.writable and not self.session.unbinding and len(self.outstanding) < self.window

    @property
    def open_requests(self) -> int:
        """Requests of the peer that the gate has not answered."""
        return self.unanswered

    @property
    def where(self) -> str:
        """The peer's network address, for the log."""
        if self.transport is None:
            return "nowhere"
        return shown_address(self.transport.getPeer())

    @property
    def host(self) -> str:
        """The peer's address without its port."""
        return shown_host(self.transport.getPeer()) if self.transport is not None else "nowhere"

    @property
    def who(self) -> str:
        """The peer's name, for the log."""
        return "a peer that is not bound"

    def change_limits(self, max_pdu_size: int, refusal_rate: float) -> None:
        """Go by these limits from now on, see `SmppProtocol` and `ReadBudget`."""
        self.session.change_max_pdu_size(max_pdu_size)
        self._budget.rate = refusal_rate

    def leave(self, reason: str, seconds: float) -> None:
        """Unbind the session once its requests are answered, after ``seconds`` at the most.

        Until then it is served as before: some peers hang up on an unbind. Requests that are open
        after ``seconds`` may still be answered between the unbind and the unbind_resp.
        """
        if self.unbinding or self._departure or self.has_ended:
            return
        self._departure = reason
        if seconds and self.unanswered:
            self._departing = self.clock.callLater(seconds, self._depart)
            self.when_idle = self._depart
            return
        if not seconds:
            self.timers = evolve(self.timers, unbinding=0.0)
        self._depart()

    def _depart(self) -> None:
        self._stay()
        if not self.has_ended:
            ensureDeferred(self.unbind(self._departure))

    def _stay(self) -> None:
        """Stop the timer of a session that is to leave."""
        departing, self._departing, self.when_idle = self._departing, None, None
        if departing is not None and departing.active():
            departing.cancel()

    def congested(self, octets: bytes) -> bytes:
        """A resp that says how congested the way is that its request took."""
        raise NotImplementedError

    def answer(self, octets: bytes) -> None:
        """Send the answer to a request that was counted in ``unanswered``."""
        self.unanswered -= 1
        if self.tells_congestion:
            octets = self.congested(octets)
        outbox = self.session.outbox
        if outbox:
            outbox.append(octets)
        else:
            self.send(octets)

    def answer_all(self, answers: list[bytes]) -> None:
        """Send the answers to several such requests, to a peer that is told no congestion."""
        self.unanswered -= len(answers)
        outbox = self.session.outbox
        if not outbox:
            if self.has_ended:
                return
            self.batch.add(self)
        outbox += answers

    # A session that sends too much of what no window bounds is not read for a while.

    def readAnswered(self, pdus: list[bytes]) -> None:
        """Count what the gate answered to one read by itself, and what it dropped."""
        ignored, self.session.ignored = self.session.ignored, 0
        count = ignored + sum(octets[4] >> 7 for octets in pdus)
        pause = self._budget.spend(count, self.clock.monotonic())
        if pause and self.session.close_reason is None:
            self._rest(pause)

    def strayReceived(self, frame: Frame) -> None:
        """Count a resp that answers no request."""
        self.session.ignored += 1

    def charge(self) -> None:
        """Count a request that no window bounds, and that is answered later."""
        self.session.ignored += 1

    def sessionEnded(self, reason: str) -> None:
        """Stop the timers of a session that is not read, or that is to leave."""
        self._stay()
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    def _rest(self, pause: float) -> None:
        self.hold_reading(True)
        if self._resting is not None:
            self._resting.reset(pause)
            return
        read_less(self.transport)
        self._resting = self.clock.callLater(pause, self._end_rest)
        kind = f"{self.who}, {self.host}"
        self._reports.resting.add(SESSION_RESTS, kind, who=self.who, peer=self.where)

    def _end_rest(self) -> None:
        self._resting = None
        self.hold_reading(False)

    @property
    def network(self) -> str:
        """The network that the peer is in, see `network_of`."""
        return network_of(self.transport.getPeer()) if self.transport is not None else ""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the session, for a reason in words."""
        if reason.value is not None and self.session.close_reason is None:
            self.session.close(in_words(reason.value, self.transport))
        super().connectionLost(reason)
