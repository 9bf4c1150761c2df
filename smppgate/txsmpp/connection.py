"""`SmppConnection`: a `Session` on a Twisted transport: it reads, writes, times and closes."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.errors import GivenUp, NoAnswer, RequestTimeout, SessionLost
from smppgate.txsmpp.frame import MAX_PDU_SIZE, Frame
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.notices import FAILURE_UNTOLD
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.session import Session
from smppgate.txsmpp.session_timer import SessionTimer
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.stream import SmppStream, Tap
from smppgate.txsmpp.timers import NEVER, Due, Timers, Watch
from smppgate.txsmpp.unbinding import Unbinding


class SmppConnection(SmppStream):
    """A session on a transport; `smppgate.txsmpp.protocol.SmppProtocol` is what programs use.

    :param role: which end this is.
    :param clock: time and timers: a reactor as a rule, or its `Clock`.
    :param timers: the session's timers.
    :param max_pdu_size: octets a PDU of the peer may have.
    :param batch: shared by sessions that relay to each other, or its own.
    """

    log = Logger()

    def __init__(
        self,
        role: Role,
        clock: IReactorTime,
        timers: Timers | None = None,
        max_pdu_size: int = MAX_PDU_SIZE,
        batch: Batch | None = None,
    ) -> None:
        super().__init__()
        self.session = Session(role, max_pdu_size)
        self.clock = Clock.of(clock)
        self.timers = timers if timers is not None else Timers()
        self.batch = batch if batch is not None else Batch(self.clock)
        self.reads = 0
        """Reads so far."""
        self.when_idle: Callable[[], None] | None = None
        """Called after each write that leaves no request of the peer's open."""
        self._ended = False
        self._unbinding: Unbinding | None = None
        self._awaiting_end: list[Deferred[None]] = []
        self._patience = 0.0
        self._closes_at = self._cut_at = NEVER
        self._timer = SessionTimer(self.clock, self)
        self._octets_sent = 0
        self._read_at = 0.0

    # What subclasses may want to know

    def octetsReceived(self, octets: bytes, now: float) -> int:
        """A read of a bound session that has more than one PDU, before it is cut into those.

        Gives how many octets, whole PDUs at the beginning, have been dealt with: they do not come
        to `framesReceived`.
        """
        return 0

    def framesReceived(self, frames: list[Frame], now: float) -> None:
        """The requests and resps of one read, all allowed in the session's state."""

    def readAnswered(self, pdus: list[bytes]) -> None:
        """A read has put these into the outbox, or had PDUs that ``session.ignored`` counts.

        Called once a read, before they are written.
        """

    def fellDue(self, due: Due, now: float) -> None:
        """A session timer says that ``due`` is to be done."""

    def requestsTimedOut(self, requests: list[Request]) -> None:
        """These were not answered in time. Their windows count them a while longer."""

    def sessionLeaving(self) -> None:
        """An unbind was sent or received; called once, before `sessionEnding`, or never.

        From here on no new request is to be sent on the session. Open ones are still answered.
        """

    def sessionDrained(self) -> None:
        """The time of an unbind is over: what is answered now goes in front of the unbind_resp.

        Called once, before `sessionEnding`; not where the session is cut, or closed otherwise.
        """

    def sessionEnding(self, reason: str) -> None:
        """The session is over; called once, before what is outstanding is failed.

        Here is the place to see that nothing more is sent on it: whoever is told of a failure
        may try again at once. Its connection may live a little longer, to write what was sent
        before.
        """

    def sessionEnded(self, reason: str) -> None:
        """The session is over; called once, after every outstanding request was failed."""

    # What subclasses and owners may do

    @property
    def open_requests(self) -> int:
        """Requests of the peer that are not answered yet: the end after an unbind waits for them.

        0 unless a subclass counts them.
        """
        return 0

    @property
    def max_pdu_size(self) -> int:
        """Octets that a PDU of the peer may have now."""
        return self.session.max_pdu_size

    @property
    def unbinding(self) -> bool:
        """Whether an unbind was sent or received: no more requests are to be sent."""
        return self.session.unbinding

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is going on but the one PDU in the outbox, and its answer if any."""
        return len(self.session.outbox) == 1 and len(self.session.outstanding) <= 1

    @property
    def has_ended(self) -> bool:
        """Whether the session is over."""
        return self._ended

    @property
    def heard_at(self) -> float:
        """When octets came last; seconds on the session's clock."""
        return self._watch.heard

    def close(self, reason: str, patience: float = 0.0) -> None:
        """Write what is in the outbox, then close; cut if the peer does not read it.

        :param patience: seconds that the peer has to close first. Some peers lose what they were
            told last when the end of the stream follows at once.
        """
        self._patience = patience
        self.session.close(reason)
        self._flush_now()

    def attach_tap(self, tap: Tap | None) -> None:
        """Let ``tap`` see the session from now on, in place of one before it; or none."""
        self._tap = tap
        self.session.show_to(tap.received if tap is not None else None)

    def change_timers(self, timers: Timers) -> None:
        """Go by these timers from now on."""
        self.timers = timers
        if self.transport is not None:
            self._watch.timers = timers
            self._timer.wake(self.next_look())

    def give_up(self) -> None:
        """Wait for no answer any longer: fail what is outstanding, as if its time were over.

        Answers that come later are told to `Request.answered_late`.
        """
        for request in self.session.outstanding.expire(self.clock.monotonic()):
            self._fail(request, GivenUp("the time for its answer is over"))

    def abort(self, reason: str) -> None:
        """Cut the connection at once."""
        self.session.close(reason)
        self._end()
        if self.transport is not None:
            self._tcp.abortConnection()

    def flush(self) -> None:
        """Write what is to be sent, in one piece; then close, if it has come to that."""
        if self._ended:
            return
        session = self.session
        if self._unbinding is not None:
            self._end_unbinding(self._unbinding)
        octets = session.data_to_send()
        if octets:
            self._write(octets)
        if session.close_reason is not None:
            self._close()
            return
        oldest = session.outstanding.oldest()
        if oldest is not None:
            self._timer.wake(oldest + self.timers.response)
        if self.when_idle is not None and not self.open_requests:
            self.when_idle()

    def _flush_now(self) -> None:
        """Write before the turn is over, but not before what has to come first."""
        self.batch.write_first()
        self.flush()

    # Twisted's side

    def connectionMade(self) -> None:
        """Set the socket up and start the timers."""
        self._open_stream()
        if self.batch.sockets is not None:
            self.batch.sockets.take(self.transport)
        self._watch = Watch(self.timers, self.clock.monotonic())
        self._timer.start()

    def dataReceived(self, data: bytes) -> None:
        """One read: all whole PDUs in it, then one write per peer that got something."""
        self._read_at = now = self.clock.monotonic()
        self.reads += 1
        session = self.session
        outbox = session.outbox
        before = len(outbox)
        if not self._is_producer:
            self._become_producer()
        self.batch.open()
        try:
            frames = session.receive_data(data, self._look)
            # What the session answered by itself.
            if outbox and not before:
                self.batch.add(self)
            if self._watch.hear(now):
                self._timer.wake(self.next_look())
            if session.peer_spoke:
                self._watch.active = now
            if session.unbinding and self._unbinding is None:
                self._leave()
            if frames:
                self.framesReceived(frames, now)
            if len(outbox) > before or session.ignored:
                self.readAnswered(outbox[before:])
        finally:
            self.batch.close()
        if session.close_reason is not None or session.unbinding:
            self._flush_now()
        elif session.unread.is_used and session.unread.is_full:
            self.hold_reading(True)

    def _look(self, octets: bytes) -> int:
        """Show a read to `octetsReceived`."""
        done = self.octetsReceived(octets, self._read_at)
        if done:
            self._watch.active = self._read_at
        return done

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Fail what is outstanding, each once, and stop the timer."""
        self.session.close(reason.getErrorMessage())
        self._end()
        self._timer.stop()
        if self._tap is not None:
            self._tap.lost(self.session.close_reason or "")

    def pauseProducing(self) -> None:
        """The transport's buffer is full: from here on progress is seen by what is sent."""
        super().pauseProducing()
        self._octets_sent = self.octets_sent

    def resumeProducing(self) -> None:
        """The transport's buffer has been written: the peer reads."""
        super().resumeProducing()
        if self._watch.hear(self.clock.monotonic()):
            self._timer.wake(self.next_look())

    def _leave(self) -> None:
        """An unbind was sent or received: the session ends as soon as nothing is open."""
        now, session = self.clock.monotonic(), self.session
        self._unbinding = Unbinding.begun(now, self.timers, session.is_unbind_answered)
        self._timer.wake(self._unbinding.next(now))
        self.sessionLeaving()

    def _end_unbinding(self, unbinding: Unbinding) -> None:
        """End the session if it is time to."""
        session = self.session
        unbinding.is_answered = session.is_unbind_answered
        has_open = session.outstanding.oldest() is not None or self.open_requests > 0
        if unbinding.is_over(self.clock.monotonic(), has_open):
            self.sessionDrained()
            session.unbound()

    def _close(self) -> None:
        self._end()
        if self._patience:
            self._closes_at = self.clock.monotonic() + self._patience
            self._timer.wake(self._closes_at)
        else:
            self._lose()

    def _lose(self) -> None:
        self._closes_at = NEVER
        self._lose_connection()
        self._cut_at = self.clock.monotonic() + self.timers.closing
        self._timer.wake(self._cut_at)

    def _end(self) -> None:
        """The session is over, whatever becomes of the connection; once."""
        if self._ended:
            return
        self._ended = True
        reason = self.session.close_reason or ""
        self.session.outbox.clear()
        self.sessionEnding(reason)
        for request in self.session.outstanding.drain():
            self._fail(request, SessionLost(reason))
        self.sessionEnded(reason)
        awaiting, self._awaiting_end = self._awaiting_end, []
        for waiter in awaiting:
            waiter.callback(None)

    def _fail(self, request: Request, reason: NoAnswer) -> None:
        try:
            request.failed(reason)
        except Exception:
            # Its owner's fault is no reason to leave the others untold.
            self.log.tell_failure(FAILURE_UNTOLD, Failure())

    # Time

    def next_look(self) -> float:
        """When `look` may have something to do next, if nothing is heard until then."""
        if self._ended:
            return min(self._closes_at, self._cut_at)
        if self._unbinding is not None:
            at = self._unbinding.next(self.clock.monotonic())
        else:
            at = self._watch.next(self.session.is_bound)
        return min(at, self.session.outstanding.next_expiry(self.timers.response))

    def _note_progress(self, now: float) -> None:
        """Take it for a sign of life that a peer reads which is not read itself for now."""
        if not self.writable and self.octets_sent > self._octets_sent:
            self._octets_sent = self.octets_sent
            self._watch.hear(now)

    def _look_at_end(self, now: float) -> bool:
        if now >= self._closes_at:
            self._lose()
        if now < self._cut_at:
            return True
        self._tcp.abortConnection()
        return False

    def _expire(self, now: float, timeout: float) -> None:
        outstanding = self.session.outstanding
        outstanding.release(now - 2 * timeout)
        expired = outstanding.expire(now - timeout)
        for request in expired:
            self._fail(request, RequestTimeout(f"no answer in {timeout:g} s"))
        if expired:
            self.requestsTimedOut(expired)

    def look(self, now: float) -> bool:
        """Do what is due at ``now``; False when nothing will ever be due again."""
        if self._ended:
            return self._look_at_end(now)
        self._expire(now, self.timers.response)
        if self._unbinding is not None:
            self._flush_now()
        else:
            self._note_progress(now)
            self.fellDue(self._watch.due(now, self.session.is_bound), now)
        return True
