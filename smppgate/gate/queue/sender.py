"""`QueueSender`: sends the messages of one account's queue to its sessions, in order.

A message is sent under a number of the session's until the ESME has answered it or it has expired.
With a window of more than one, "in order" is the order of sending: a message that the ESME refuses
for now goes out again in its old place, before all that were not sent yet.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from attrs import define
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.gate.queue.pacing import Pacing
from smppgate.gate.queue.ports import ChooseSession, QueueStore, ToEsme
from smppgate.gate.queue.read_ahead import ReadAhead
from smppgate.gate.relay.correlator import KEPT_OF_LATE
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.reason import EXPIRED, Cause, Reason
from smppgate.notices.messages import QUEUE_DROPPED, QUEUE_EXPIRED
from smppgate.notices.program import QUEUE_UNREAD
from smppgate.routing.esmes.account import Account
from smppgate.routing.sessions import EsmeSession
from smppgate.store import QueuedMessage, StoreError
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandStatus, status_meaning
from smppgate.txsmpp.errors import NoAnswer, ProtocolError, RequestTimeout
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.statuses import TRANSIENT

RETRYABLE: frozenset[int] = TRANSIENT | {
    CommandStatus.ESME_RSUBMITFAIL,
    CommandStatus.ESME_RQUERYFAIL,
    CommandStatus.ESME_RDELIVERYFAILURE,
    CommandStatus.ESME_RUNKNOWNERR,
}
"""Answers of an ESME that mean "later": those on which providers deliver again, and
ESME_RX_T_APPN, the specification's own word for it (SMPP v3.4 §5.1.3)."""

WARNING_INTERVAL = 60.0
"""Seconds between two warnings of one account's lost messages: each has the count so far."""


MOST_READ = 1 << 20
"""Octets that one read adds to the messages of a queue in memory; one message may be larger."""


@define
class _Seldom:
    """Lets one of many warnings pass in each `WARNING_INTERVAL`."""

    last: float = float("-inf")

    def is_due(self, now: float) -> bool:
        """Whether it may be given now; it counts as given then."""
        if now - self.last < WARNING_INTERVAL:
            return False
        self.last = now
        return True


class QueuedRequest(Request):
    """A message of a queue that is under way to the ESME. Mutable and slotted."""

    __slots__ = ("_sender", "number", "octets", "session")

    def __init__(
        self,
        sender: QueueSender,
        message: QueuedMessage,
        session: EsmeSession,
        command_id: int,
        sent_at: float,
    ) -> None:
        super().__init__(command_id, sent_at)
        self._sender = sender
        self.number, self.octets = message.number, message.pdu
        self.session = session

    def answered(self, frame: Frame, now: float) -> None:
        """The ESME answered."""
        self._sender.answered(self, frame, now)

    def failed(self, reason: NoAnswer) -> None:
        """The ESME did not answer in time, or its session has ended."""
        # A late answer needs no more of it, and each session keeps up to 10 000 late requests.
        self.octets = self.octets[:KEPT_OF_LATE]
        self._sender.unanswered(self.number, reason)

    def answered_late(self, frame: Frame, now: float) -> None:
        """The ESME answered after `failed`."""
        self._sender.answered_late(self, frame, now)


class QueueSender:
    """Sends the messages of one account's queue to its sessions.

    :param to_esme: gives a message as a peer of another version can take it.
    :param choose: gives the session for a message.
    :ivar receiver_needed: called whenever messages wait and no session is bound to receive; it
        may be called again while that lasts.
    """

    log = Logger()

    def __init__(
        self,
        account: Account[EsmeSession],
        read_ahead: ReadAhead,
        store: QueueStore,
        clock: Clock,
        batch: Batch,
        to_esme: ToEsme,
        choose: ChooseSession,
        events: Events,
    ) -> None:
        self.receiver_needed: Callable[[], None] | None = None
        self.delivered = self.dropped = self.expired = 0
        self._account = account
        self._name = account.system_id.encode("latin-1")
        self._read_ahead = read_ahead
        self._store = store
        self._clock = clock
        self._to_esme = to_esme
        self._choose = choose
        self._events = events
        self._pacing = Pacing(clock, batch, self._look)
        self._reading: Deferred[list[QueuedMessage]] | None = None
        self._drops, self._expiries = _Seldom(), _Seldom()

    @property
    def needs_receiver(self) -> bool:
        """Whether messages wait and no session of the account is bound to receive."""
        return self._read_ahead.unsent > 0 and not len(self._account.receivers)

    # When to send

    def bound(self) -> None:
        """A session that receives is bound: a pause ends, and sending begins."""
        self._pacing.resume()

    def look_soon(self) -> None:
        """Look for messages that can be sent, at the end of this turn of the reactor."""
        self._pacing.look_soon()

    def stop(self) -> None:
        """Send nothing more; messages that are under way may still be answered."""
        self._pacing.stop()

    def start(self) -> None:
        """Send again after `stop`."""
        self._pacing.start()

    def serve(self, account: Account[EsmeSession]) -> None:
        """Send to the sessions of ``account``, of the same system_id as the one before."""
        self._account = account

    def let_go(self) -> None:
        """Forget what is in memory, none of which is under way: another process sends it."""
        self._reading = None
        self._read_ahead.let_go()

    def _look(self) -> None:
        if not len(self._account.receivers):
            self._reading = None
            self._read_ahead.forget()
            if self.receiver_needed is not None and self.needs_receiver:
                self.receiver_needed()
            return
        self._expire(self._clock.wall())
        if not self._pacing.is_paused:
            self._send_all()
            self._read_on()

    def _expire(self, now: float) -> None:
        # The first stored is the first to expire, unless queue_ttl was made shorter: then one that
        # expires before those ahead of it goes when it is the first.
        while (message := self._read_ahead.next()) is not None and message.expires <= now:
            ended = self._read_ahead.end_next()
            self._store.remove_message(self._name, ended.number)
            self.lost(ended, EXPIRED)
            self.have_expired(1)

    # Sending

    def _send_all(self) -> None:
        read_ahead, now = self._read_ahead, self._clock.monotonic()
        wall = self._clock.wall()
        while (message := read_ahead.next()) is not None:
            if message.expires <= wall:
                self._expire(wall)
                continue
            session = self._choose(self._account.receivers, message.pdu, now)
            if session is None:
                # Other traffic may fill the windows, or the ESMEs do not read.
                self._pacing.look_later()
                return
            self._send(session, message, now)

    def _send(self, session: EsmeSession, message: QueuedMessage, now: float) -> None:
        octets = message.pdu
        try:
            command_id = Frame.of(octets).command_id
            octets, command_id = self._to_esme(octets, command_id, session.version)
        except ProtocolError as error:
            self._store.remove_message(self._name, self._read_ahead.end_next().number)
            self.lost(message, Reason.DROPPED.because(str(error)))
            self._drop(str(error))
            return
        self._read_ahead.send()
        session.send_request(QueuedRequest(self, message, session, command_id, now), octets)

    def answered(self, request: QueuedRequest, frame: Frame, now: float) -> None:
        """The ESME answered a message."""
        self._tell(request, frame, now)
        self._take(request, frame)
        self._store.ended(self._name)

    def _tell(self, request: QueuedRequest, frame: Frame, now: float) -> None:
        if self._events.tell_dequeued is not None:
            self._events.tell_dequeued(self._account, request, frame.command_status, now)

    def _take(self, request: QueuedRequest, frame: Frame) -> None:
        status, number = frame.command_status, request.number
        if status in RETRYABLE:
            self._read_ahead.put_back(number)
            self._pacing.back_off()
            return
        message = self._read_ahead.end(number)
        self._store.remove_message(self._name, number)
        if status == CommandStatus.ESME_ROK and frame.command_id != RESPONSE_BIT:
            self.delivered += 1
            self._pacing.succeeded()
        else:
            why = f"{status_meaning(status)} (0x{status:08X})"
            self.lost(message, Reason.DROPPED.because(why))
            self._drop(why)
        self._pacing.look_soon()

    def unanswered(self, number: int, reason: NoAnswer) -> None:
        """The ESME did not answer the message of that number: it goes out again, in its place."""
        self._read_ahead.put_back(number)
        if isinstance(reason, RequestTimeout):
            self._pacing.back_off()
        else:
            self._pacing.look_soon()
        self._store.ended(self._name)

    def answered_late(self, request: QueuedRequest, frame: Frame, now: float) -> None:
        """The answer came after all: a message that has not gone out again yet is done."""
        self._tell(request, frame, now)
        number, is_taken = request.number, frame.command_status == CommandStatus.ESME_ROK
        if is_taken and self._read_ahead.end_late(number):
            self.delivered += 1
            self._store.remove_message(self._name, number)

    def lost(self, message: QueuedMessage, cause: Cause) -> None:
        """A message leaves the queue, and is not delivered."""
        if self._events.tell_unqueued is not None:
            self._events.tell_unqueued(self._name, message.pdu, cause)

    def have_expired(self, count: int) -> None:
        """So many messages were not delivered in time; none where it is less than one."""
        if count <= 0:
            return
        self.expired += count
        if self._expiries.is_due(self._clock.monotonic()):
            self.log.tell(
                QUEUE_EXPIRED,
                account=self._account.system_id,
                messages=f"{count} message{'' if count == 1 else 's'}",
                count=self.expired,
            )

    def _drop(self, why: str) -> None:
        self.dropped += 1
        if self._drops.is_due(self._clock.monotonic()):
            self.log.tell(
                QUEUE_DROPPED,
                account=self._account.system_id,
                reason=why,
                count=self.dropped,
            )

    # Reading

    def _read_on(self) -> None:
        read_ahead = self._read_ahead
        if self._reading is not None or self._pacing.is_paused or not read_ahead.needs_reading:
            return
        # The result is all that the store has only if no message arrives meanwhile.
        arrivals = -1 if read_ahead.arriving else read_ahead.arrivals
        self._reading = reading = self._store.read(
            self._name, read_ahead.after, read_ahead.read_size
        )
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
            # All receivers have ended since, and `ReadAhead` begins again with the first message.
            return
        self._reading = None
        read_ahead = self._read_ahead
        is_all = len(messages) < read_ahead.read_size and arrivals == read_ahead.arrivals
        kept = _within(messages, MOST_READ)
        is_all = is_all and len(kept) == len(messages)
        read_ahead.read(kept)
        if is_all:
            self.have_expired(read_ahead.all_read())
        # A message on its way into the store leads to a look when it is stored.
        if messages or not (is_all or read_ahead.arriving):
            self._pacing.look_soon()

    def _was_not_read(self, failure: Failure, reading: Deferred[list[QueuedMessage]]) -> None:
        if not failure.check(StoreError):
            self.log.tell_failure(QUEUE_UNREAD, failure)
        if reading is self._reading:
            self._reading = None
            self._pacing.back_off()


def _within(messages: list[QueuedMessage], octets: int) -> list[QueuedMessage]:
    """The first of ``messages`` that have ``octets`` together, and one at least."""
    sizes = accumulate(len(message.pdu) for message in messages)
    return messages[: max(1, sum(size <= octets for size in sizes))]
