"""`Correlator`: ends each exchange exactly once: answered or failed.

The answer gets the origin's own sequence number and goes into the origin's outbox, without a
Deferred. `RouterService.request` gives a Deferred: its origin is a `LocalEsme`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import define, field

from smppgate.gate.relay.events import Events
from smppgate.gate.relay.reason import Cause, Reason, of_queue, refusal
from smppgate.gate.relay.transform import Transform
from smppgate.gate.reports.undelivered import Miss, ignore, smsc_of
from smppgate.routing.exchange import Exchange, TurnedBack
from smppgate.routing.smscs.load import LOST, REFUSED, TAKEN, TIMED_OUT, Outcome
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId, CommandStatus, numbers
from smppgate.txsmpp.errors import GivenUp, NoAnswer, RequestTimeout
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, renumbered, spliced
from smppgate.txsmpp.statuses import BIND_STATUSES

KEPT_OF_LATE = 256
"""Octets kept of a request that was not answered in time, for `ReturnPathKeeper.take_late`. The
fields up to registered_delivery of a submit_sm are shorter: SMPP v3.4 §4.4.1."""

# Requests that submit a message.
_SUBMITS = numbers(
    CommandId.SUBMIT_SM, CommandId.SUBMIT_MULTI, CommandId.DATA_SM, CommandId.BROADCAST_SM
)

# Requests whose answers show whether the SMSC still knows the bind: of others, ESME_RINVBNDSTS may
# say that they are not for this account.
_SHOWS_BIND = numbers(CommandId.SUBMIT_SM, CommandId.DATA_SM)

_DELIVER_SM_RESP = int(CommandId.DELIVER_SM_RESP)


class AnswerKeeper(Protocol):
    """Answers the origins of messages that an SMSC took: the keeper of return paths."""

    def take(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> bytes:
        """Answer the origin as soon as the return path is stored; gives the answer."""

    def take_late(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> bytes:
        """Keep the return path; the origin was told an error before.

        Gives the id that receipts will have; empty where no return path is kept.
        """


_OTHERWISE = Reason.REJECTED.because("a hook gives it another status")


class Retrier(Protocol):
    """Decides whether a message without success goes on to another SMSC: the submitter."""

    def refused(self, exchange: Exchange, status: int, now: float) -> bool:
        """An SMSC has answered with this error; True where the message goes on."""

    def unanswered(self, exchange: Exchange, outcome: Outcome, now: float) -> bool:
        """`TIMED_OUT` or `LOST`; True where the message goes on."""

    def turned_back(self, exchange: Exchange, now: float) -> bool:
        """Its SMSC was not asked, see `TurnedBack`; True where the message goes on."""


class AnswerHook(Protocol):
    """Decides what the origin of a message hears of an SMSC's answer."""

    def hears(
        self, exchange: Exchange, frame: Frame, status: int, go_on: Callable[[int], None]
    ) -> None:
        """Call ``go_on`` once with the command_status to tell, now or later.

        :param status: that of the answer in ``frame`` as it would be told: rules may have another.
        """


@define
class Correlator:
    """Ends exchanges.

    :param retrier: sends messages without success to other SMSCs.
    :param keeper: answers the origins of messages that an SMSC took.
    :param transform: gives answers as origins of another version can take them.
    :param events: counts and tells how exchanges end.
    :param missed: called with the kind of each message that is not delivered.
    :ivar hook: decides about answers of SMSCs to messages; None where they are told as they are.
    """

    clock: Clock
    retrier: Retrier
    keeper: AnswerKeeper
    transform: Transform
    events: Events
    missed: Callable[[Miss], None] = ignore
    hook: AnswerHook | None = field(default=None, init=False)

    def answered(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """Pass the answer on; after an error another SMSC may be tried first.

        A status about the gate's own bind is never the origin's to hear.
        """
        smsc, status = exchange.smsc, frame.command_status
        if smsc is not None:
            smsc.ended(1, REFUSED if status else TAKEN, now - exchange.sent_at)
            if status == 0 and exchange.command_id in _SUBMITS:
                if smsc.taken_for is not None and exchange.pool in smsc.taken_for:
                    smsc.taken_for[exchange.pool] += 1
                if self.hook is None:
                    self._taken(exchange, smsc, frame, now)
                else:
                    self._hook_taken(self.hook, exchange, smsc, frame, now)
                return
        self._not_taken(exchange, frame, now)

    def _taken(self, exchange: Exchange, smsc: Smsc, frame: Frame, now: float) -> None:
        self.events.answered += 1
        answer = self.keeper.take(exchange, smsc, frame)
        if self.events.tell_taken is not None:
            self.events.tell_taken(exchange, frame, answer, now)

    def _not_taken(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """Pass on the answer of an ESME, an error, or the answer to what is no message."""
        smsc, octets, status = exchange.smsc, frame.octets, frame.command_status
        if self.events.tell_answered is not None:
            self.events.tell_answered(exchange, status, now)
        if smsc is not None and status:
            if self._is_retried(exchange, smsc, status, now):
                return
            if status in BIND_STATUSES:
                status = int(CommandStatus.ESME_RSYSERR)
                octets = exchange.resp(status)
        elif smsc is None and frame.command_id == _DELIVER_SM_RESP:
            octets = _without_message_id(frame)
        if self.hook is None or smsc is None or exchange.command_id not in _SUBMITS:
            self._end(exchange, octets, status, now, frame.command_status)
        else:
            self._hook_refused(self.hook, exchange, frame, octets, status, now)

    def _end(
        self, exchange: Exchange, octets: bytes, status: int, now: float, reported: int
    ) -> None:
        # Without an attempt it was not a peer that answered, but the queue of an account.
        cause = refusal(reported) if exchange.attempts else of_queue(reported)
        if status:
            self._miss(exchange, cause, reported)
        self._pass_on(exchange, octets, status, now, cause)

    def _pass_on(
        self, exchange: Exchange, octets: bytes, status: int, now: float, cause: Cause
    ) -> None:
        """Answer the origin with ``status``, or what rules make of it."""
        # Without an attempt it is the gate's own answer, for the queue of an account.
        if exchange.rewritten is not None and status and exchange.attempts:
            status, octets = self.transform.told(exchange, status, octets)
        if exchange.adapts is not None:
            asked, sent = exchange.asked, exchange.command_id
            octets = self.transform.answer(octets, exchange.adapts, asked, sent)
        exchange.origin.answer(renumbered(octets, exchange.number))
        self.events.answered += 1
        if self.events.tell_ended is not None:
            self.events.tell_ended(exchange, status, now, cause)

    # A hook decides what is told

    def _hook_taken(
        self, hook: AnswerHook, exchange: Exchange, smsc: Smsc, frame: Frame, now: float
    ) -> None:
        """Tell that a message was taken; or an error, as if it had been taken too late."""

        def go_on(status: int) -> None:
            center.undecided -= 1
            if not status:
                self._taken(exchange, smsc, frame, now)
                return
            if self.events.tell_answered is not None:
                self.events.tell_answered(exchange, 0, now)
            self._tell_instead(exchange, status, now)
            # Behind the answer: a receipt may wait for the return path.
            self._taken_late(exchange, smsc, frame, now)

        center = smsc.center
        # Until its return path is kept, receipts of it are early.
        center.undecided += 1
        hook.hears(exchange, frame, 0, go_on)

    def _hook_refused(
        self,
        hook: AnswerHook,
        exchange: Exchange,
        frame: Frame,
        octets: bytes,
        status: int,
        now: float,
    ) -> None:
        """Tell the error of an SMSC as rules have it, or another, which no rule changes."""
        told = exchange.told(status)

        def go_on(other: int) -> None:
            if other == told:
                self._end(exchange, octets, status, now, frame.command_status)
            else:
                self._tell_instead(exchange, other, now)

        hook.hears(exchange, frame, told, go_on)

    def _tell_instead(self, exchange: Exchange, status: int, now: float) -> None:
        """Answer with a status that is not the SMSC's."""
        self.events.answered += 1
        self._miss(exchange, _OTHERWISE, status)
        exchange.origin.answer(exchange.resp(status))
        if self.events.tell_ended is not None:
            self.events.tell_ended(exchange, status, now, _OTHERWISE)

    def _is_retried(self, exchange: Exchange, smsc: Smsc, status: int, now: float) -> bool:
        """Whether the request went to another SMSC after this error."""
        if status in BIND_STATUSES and exchange.command_id in _SHOWS_BIND:
            smsc.bind_errors += 1
        if not self.retrier.refused(exchange, status, now):
            return False
        self.events.retried += 1
        return True

    def failed(self, exchange: Exchange, reason: NoAnswer) -> None:
        """Answer the origin with `Exchange.failure_status`; `answered_late` may follow.

        A message whose link was lost may go on to another SMSC instead.
        """
        smsc, status, now = exchange.smsc, exchange.failure_status, self.clock.monotonic()
        if smsc is not None:
            if self._goes_on(exchange, smsc, reason, now):
                self.events.retried += 1
                return
            if isinstance(reason, TurnedBack):
                status = int(CommandStatus.ESME_RTHROTTLED)
        self.events.failed += 1
        cause = _why(reason)
        self._miss(exchange, cause, status)
        exchange.origin.answer(exchange.resp(status))
        if self.events.tell_ended is not None:
            self.events.tell_ended(exchange, status, now, cause)
        # A late answer needs no more of it, and each session keeps up to 10 000 late requests.
        exchange.shorten(KEPT_OF_LATE)

    def _goes_on(self, exchange: Exchange, smsc: Smsc, reason: NoAnswer, now: float) -> bool:
        """Count that ``smsc`` has not answered; gives whether the request went on all the same."""
        if isinstance(reason, TurnedBack):
            smsc.turned_back()
            return self.retrier.turned_back(exchange, now)
        outcome = TIMED_OUT if isinstance(reason, RequestTimeout) else LOST
        smsc.ended(1, outcome, now - exchange.sent_at)
        return self.retrier.unanswered(exchange, outcome, now)

    def answered_late(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """The origin has its answer already: only the return path of a message taken is kept."""
        self.events.late += 1
        if self.events.tell_answered is not None:
            self.events.tell_answered(exchange, frame.command_status, now)
        smsc = exchange.smsc
        is_taken = frame.command_status == 0 and exchange.command_id in _SUBMITS
        if smsc is not None and is_taken:
            self._taken_late(exchange, smsc, frame, now)

    def _taken_late(self, exchange: Exchange, smsc: Smsc, frame: Frame, now: float) -> None:
        """The origin of a message that was taken has been told an error: keep the return path."""
        given = self.keeper.take_late(exchange, smsc, frame)
        if self.events.tell_taken_late is not None:
            self.events.tell_taken_late(exchange, frame, given, now)

    def _miss(self, exchange: Exchange, cause: Cause, status: int) -> None:
        """Report a message without success, and no other request."""
        notice = cause.reason.notice
        if exchange.smsc is None:
            smsc, why = smsc_of(exchange.origin), f"to the ESME: {cause.text}"
            self.missed(Miss(notice, why, exchange.account, smsc, status))
        elif exchange.command_id in _SUBMITS:
            smsc, why = exchange.smsc.name, f"to the SMSC: {cause.text}"
            self.missed(Miss(notice, why, exchange.origin.system_id, smsc, status))

    def released(self, exchange: Exchange) -> None:
        """Count a late request no longer against the window of its SMSC."""
        smsc = exchange.smsc
        if smsc is not None:
            smsc.released(1)


def _why(reason: NoAnswer) -> Cause:
    if isinstance(reason, GivenUp):
        return Reason.STOPPING.because(str(reason))
    if isinstance(reason, TurnedBack):
        return Reason.THROTTLED.because(str(reason))
    is_late = isinstance(reason, RequestTimeout)
    return (Reason.TIMEOUT if is_late else Reason.LINK_LOST).because(str(reason))


def _without_message_id(frame: Frame) -> bytes:
    """A deliver_sm_resp whose message_id is empty, as it must be: SMPP v3.4 §4.6.2."""
    octets = frame.octets
    if octets[HEADER_SIZE : HEADER_SIZE + 1] == b"\0":
        return octets
    if len(octets) == HEADER_SIZE:
        # Some ESMEs leave the NUL out, and some SMSCs need it.
        return (
            spliced(octets, HEADER_SIZE, HEADER_SIZE, b"\0")
            if not frame.command_status
            else octets
        )
    end = octets.find(0, HEADER_SIZE)
    return spliced(octets, HEADER_SIZE, end if end > 0 else len(octets), b"\0"[end > 0 :])
