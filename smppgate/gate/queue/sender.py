"""`QueueSender`: how the messages of one queue get to the ESME, in order.

A message is sent under a number of the session's, as often as it takes, until the ESME has
answered or it has expired. With a window of more than one, "in order" is the order of sending:
what the ESME turns down for now goes out again in its old place, before all that was not sent yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.gate.queue.read_ahead import ReadAhead
from smppgate.routing.esmes.account import Account, Cluster
from smppgate.routing.sessions import EsmeSession
from smppgate.store import QueuedMessage, StoreError
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandStatus, status_meaning
from smppgate.txsmpp.errors import NoAnswer, ProtocolError, RequestTimeout
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.statuses import TRANSIENT
from smppgate.txsmpp.versions import Version

RETRYABLE: frozenset[int] = TRANSIENT | {
    CommandStatus.ESME_RSUBMITFAIL,
    CommandStatus.ESME_RQUERYFAIL,
    CommandStatus.ESME_RDELIVERYFAILURE,
    CommandStatus.ESME_RUNKNOWNERR,
}
"""Answers of an ESME that mean "later": those on which providers deliver again, and
ESME_RX_T_APPN, the specification's own word for it (SMPP v3.4 §5.1.3)."""

_QUICKEST, _SLOWEST = 1.0, 60.0
"""Seconds to wait after such an answer: doubling from the one to the other."""

_LOOK = 0.1
"""Seconds until the next look for room, where no answer of ours will tell of any."""

# Of messages that are lost one line in so many seconds is enough for each account.
_QUIET_SECONDS = 60.0

InVersion: TypeAlias = Callable[[Version, int, bytes], tuple[bytes, int]]
"""See `smppgate.gate.dispatcher.Dispatcher.in_version`."""

Choose: TypeAlias = "Callable[[Cluster[EsmeSession], bytes, float], EsmeSession | None]"
"""Gives the session of a cluster that a message goes to now, or None when none can take it."""


def any_of(cluster: Cluster[EsmeSession], _octets: bytes, _now: float) -> EsmeSession | None:
    """Whichever session is next."""
    return cluster.session()


class QueueStore(Protocol):
    """Where the messages are: the store, asked in batches."""

    def remove(self, number: int) -> None:
        """Remove the message of that number."""

    def read(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """The next messages of an account; none that was removed before."""


class QueuedRequest(Request):
    """A message of a queue on its way to the ESME. Mutable and slotted."""

    __slots__ = ("_delivery", "_number")

    def __init__(
        self, delivery: QueueSender, number: int, command_id: int, sent_at: float
    ) -> None:
        super().__init__(command_id, sent_at)
        self._delivery = delivery
        self._number = number

    def answered(self, frame: Frame, now: float) -> None:
        """The ESME answered."""
        self._delivery.answered(self._number, frame)

    def failed(self, reason: NoAnswer) -> None:
        """It did not, or its session has ended."""
        self._delivery.unanswered(self._number, reason)

    def answered_late(self, frame: Frame, now: float) -> None:
        """It did after all."""
        self._delivery.answered_late(self._number, frame)


class QueueSender:
    """Brings the messages of one account's queue to its sessions.

    :param in_version: puts a message as a peer of another version can take it.
    :param choose: chooses a session for a message.
    :ivar away: called when messages wait and no session is bound that receives; more than once.
    """

    log = Logger()

    def __init__(
        self,
        account: Account[EsmeSession],
        read_ahead: ReadAhead,
        store: QueueStore,
        clock: IReactorTime,
        in_version: InVersion,
        choose: Choose,
    ) -> None:
        self.away: Callable[[], None] | None = None
        self.delivered = self.dropped = self.expired = 0
        self._account = account
        self._name = account.system_id.encode("latin-1")
        self._read_ahead = read_ahead
        self._store = store
        self._clock = clock
        self._in_version = in_version
        self._choose = choose
        self._reading: Deferred[list[QueuedMessage]] | None = None
        self._turn: IDelayedCall | None = None
        self._pause: IDelayedCall | None = None
        self._later: IDelayedCall | None = None
        self._step = _QUICKEST
        self._rests = False
        self._told = float("-inf")

    @property
    def is_away(self) -> bool:
        """Whether messages wait and nobody is bound to receive them."""
        return self._read_ahead.unsent > 0 and not len(self._account.receivers)

    # When

    def bound(self) -> None:
        """A session that receives is bound: whatever was waited for, try again."""
        self._step = _QUICKEST
        _cancel(self._pause)
        self._pause = None
        self.news()

    def news(self) -> None:
        """Something may be possible that was not: look at the end of this turn."""
        if self._turn is None and not self._rests:
            self._turn = self._clock.callLater(0, self._look)

    def rest(self) -> None:
        """Send nothing more; what is under way may still be answered."""
        self._rests = True
        _cancel(self._pause)
        _cancel(self._turn)
        _cancel(self._later)
        self._pause = self._turn = self._later = None

    def _look(self) -> None:
        self._turn = None
        if not len(self._account.receivers):
            self._reading = None
            self._read_ahead.forget()
            if self.away is not None and self.is_away:
                self.away()
            return
        self._expire(self._clock.seconds())
        if self._pause is None:
            self._send_all()
            self._read_on()

    def _back_off(self) -> None:
        if self._pause is None:
            if not self._rests:
                self._pause = self._clock.callLater(self._step, self._resume)
            self._step = min(_SLOWEST, self._step * 2)

    def _resume(self) -> None:
        self._pause = None
        self.news()

    def _look_later(self) -> None:
        # No pause: what is answered meanwhile makes room at once.
        if self._later is None and not self._rests:
            self._later = self._clock.callLater(_LOOK, self._look_now)

    def _look_now(self) -> None:
        self._later = None
        self.news()

    def _expire(self, now: float) -> None:
        # The first that was put there is the first that expires.
        while (message := self._read_ahead.next()) is not None and message.expires <= now:
            self.expired += 1
            self._store.remove(self._read_ahead.end_next().number)

    # Sending

    def _send_all(self) -> None:
        read_ahead, now = self._read_ahead, self._clock.seconds()
        while (message := read_ahead.next()) is not None:
            session = self._choose(self._account.receivers, message.pdu, now)
            if session is None:
                # A window may be full of what is not ours, or its ESME does not read.
                self._look_later()
                return
            self._send(session, message, now)

    def _send(self, session: EsmeSession, message: QueuedMessage, now: float) -> None:
        octets = message.pdu
        try:
            command_id = Frame.of(octets).command_id
            octets, command_id = self._in_version(session.version, command_id, octets)
        except ProtocolError as error:
            self._store.remove(self._read_ahead.end_next().number)
            self._drop(str(error))
            return
        self._read_ahead.send()
        session.send_request(QueuedRequest(self, message.number, command_id, now), octets)

    def answered(self, number: int, frame: Frame) -> None:
        """The ESME answered the message of that number."""
        status = frame.command_status
        if status in RETRYABLE:
            self._read_ahead.come_back(number)
            self._back_off()
            return
        self._read_ahead.end(number)
        self._store.remove(number)
        if status == CommandStatus.ESME_ROK and frame.command_id != RESPONSE_BIT:
            self.delivered += 1
            self._step = _QUICKEST
        else:
            self._drop(f"{status_meaning(status)} (0x{status:08X})")
        self.news()

    def unanswered(self, number: int, reason: NoAnswer) -> None:
        """The ESME did not answer it: it goes out again, in its place."""
        self._read_ahead.come_back(number)
        if isinstance(reason, RequestTimeout):
            self._back_off()
        else:
            self.news()

    def answered_late(self, number: int, frame: Frame) -> None:
        """The answer came after all; if it has not gone out again yet, it need not."""
        if frame.command_status == CommandStatus.ESME_ROK and self._read_ahead.end_late(number):
            self.delivered += 1
            self._store.remove(number)

    def _drop(self, why: str) -> None:
        self.dropped += 1
        now = self._clock.seconds()
        if now - self._told >= _QUIET_SECONDS:
            self._told = now
            self.log.warn(
                "a message that waited for ESME {account} is dropped: {why} ({count} so far)",
                account=self._account.system_id,
                why=why,
                count=self.dropped,
            )

    # Reading

    def _read_on(self) -> None:
        read_ahead = self._read_ahead
        if self._reading is not None or self._pause is not None or not read_ahead.lacks:
            return
        # What comes is all there is only if nothing arrives meanwhile.
        arrivals = -1 if read_ahead.arriving else read_ahead.arrivals
        self._reading = reading = self._store.read(self._name, read_ahead.after, read_ahead.piece)
        reading.addCallbacks(
            self._was_read, self._was_not_read, (reading, arrivals), errbackArgs=(reading,)
        )

    def _was_read(
        self,
        messages: list[QueuedMessage],
        reading: Deferred[list[QueuedMessage]],
        arrivals: int,
    ) -> None:
        if reading is not self._reading:
            # Everybody has left since, and perhaps come back.
            return
        self._reading = None
        read_ahead = self._read_ahead
        read_ahead.read(messages)
        is_all = len(messages) < read_ahead.piece and arrivals == read_ahead.arrivals
        if is_all:
            self.expired += max(0, read_ahead.correct())
        # With something on its way into the store there will be news anyway.
        if messages or not (is_all or read_ahead.arriving):
            self.news()

    def _was_not_read(self, failure: Failure, reading: Deferred[list[QueuedMessage]]) -> None:
        if not failure.check(StoreError):
            self.log.failure("a queue could not be read", failure)
        if reading is self._reading:
            self._reading = None
            self._back_off()


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None:
        call.cancel()
