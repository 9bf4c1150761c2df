"""`Correlator`: ends each exchange exactly once: answered or failed.

The answer gets the origin's own sequence number and goes into the origin's outbox, without a
Deferred. `RouterService.request` gives a Deferred: its origin is a `LocalEsme`.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Protocol

from attrs import define, field, frozen

from smppgate.gate.reports.undelivered import Miss, ignore, smsc_of
from smppgate.routing.exchange import Exchange
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus, numbers
from smppgate.txsmpp.errors import NoAnswer, RequestTimeout
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, renumbered, response, spliced
from smppgate.txsmpp.statuses import BIND_STATUSES, TRANSIENT
from smppgate.txsmpp.versions import Version

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

_RETRIED = TRANSIENT | BIND_STATUSES

_DELIVER_SM_RESP = int(CommandId.DELIVER_SM_RESP)
_COMMAND_ID = Struct(">I")


@frozen
class Outcomes:
    """Counts of ended exchanges.

    :ivar retried: answers after which the request went to another SMSC; the exchange went on.
    :ivar late: answers that came after their exchange had failed.
    """

    answered: int
    retried: int
    failed: int
    late: int


class AnswerKeeper(Protocol):
    """Answers the origins of messages that an SMSC took: the keeper of return paths."""

    def take(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> None:
        """Answer the origin as soon as the return path is stored."""

    def take_late(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> None:
        """Keep the return path; the origin was answered ESME_RSYSERR before."""


@define
class Correlator:
    """Ends exchanges.

    :param retry: sends an exchange to another SMSC; False when none is left.
    :param keeper: answers the origins of messages that an SMSC took.
    :param adapt: gives a PDU as a peer of another version can take it.
    :param missed: called with the kind of each message that is not delivered.
    """

    retry: Callable[[Exchange, float], bool]
    keeper: AnswerKeeper
    adapt: Callable[[bytes, Version], bytes]
    missed: Callable[[Miss], None] = ignore
    _answered: int = field(default=0, init=False)
    _retried: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)
    _late: int = field(default=0, init=False)

    def outcomes(self) -> Outcomes:
        """The counts so far."""
        return Outcomes(self._answered, self._retried, self._failed, self._late)

    def answered(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """Pass the answer on; after a transient error try another SMSC first.

        A status about the gate's own bind is never the origin's to hear.
        """
        smsc = exchange.smsc
        octets = frame.octets
        if smsc is not None:
            smsc.outstanding -= 1
            status = frame.command_status
            if status == 0:
                if exchange.command_id in _SUBMITS:
                    self._answered += 1
                    self.keeper.take(exchange, smsc, frame)
                    return
            elif status in _RETRIED:
                if status in BIND_STATUSES and exchange.command_id in _SHOWS_BIND:
                    smsc.bind_errors += 1
                if self.retry(exchange, now):
                    self._retried += 1
                    return
                if status in BIND_STATUSES:
                    octets = response(exchange.frame, CommandStatus.ESME_RSYSERR)
        elif frame.command_id == _DELIVER_SM_RESP:
            octets = _without_message_id(frame)
        self._answered += 1
        if frame.command_status:
            self._miss(exchange, "refused", frame.command_status)
        if exchange.adapts is not None:
            octets = self._adapted(exchange, exchange.adapts, octets)
        origin = exchange.origin
        origin.unanswered -= 1
        origin.send(renumbered(octets, exchange.frame.sequence_number))

    def failed(self, exchange: Exchange, reason: NoAnswer) -> None:
        """Answer the origin with `Exchange.failure_status`; `answered_late` may follow."""
        smsc = exchange.smsc
        if smsc is not None and isinstance(reason, RequestTimeout):
            # The SMSC may be at work on it: its window counts it until `released`.
            smsc.overdue += 1
        elif smsc is not None:
            smsc.outstanding -= 1
        self._failed += 1
        origin, request = exchange.origin, exchange.frame
        self._miss(exchange, str(reason), CommandStatus.ESME_RSYSERR)
        origin.unanswered -= 1
        origin.send(response(request, exchange.failure_status))
        # A late answer needs no more of it, and each session keeps up to 10 000 late requests.
        exchange.frame = request._replace(octets=request.octets[:KEPT_OF_LATE])

    def answered_late(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """The origin has its answer already: only the return path of a message taken is kept."""
        self._late += 1
        smsc = exchange.smsc
        is_taken = frame.command_status == 0 and exchange.command_id in _SUBMITS
        if smsc is not None and is_taken:
            self.keeper.take_late(exchange, smsc, frame)

    def _miss(self, exchange: Exchange, why: str, status: int) -> None:
        """Tell of a message without success, and of no other request."""
        if exchange.smsc is None:
            smsc = smsc_of(exchange.origin)
            self.missed(Miss(f"to the ESME: {why}", exchange.account, smsc, status))
        elif exchange.command_id in _SUBMITS:
            origin = exchange.origin
            self.missed(Miss(f"to the SMSC: {why}", origin.system_id, exchange.smsc.name, status))

    def released(self, exchange: Exchange) -> None:
        """Count a late request no longer against the window of its SMSC."""
        smsc = exchange.smsc
        if smsc is not None:
            smsc.outstanding -= 1
            smsc.overdue -= 1

    def _adapted(self, exchange: Exchange, version: Version, octets: bytes) -> bytes:
        asked, sent = exchange.frame.command_id, exchange.command_id
        if asked != sent and _COMMAND_ID.unpack_from(octets, 4)[0] == sent | RESPONSE_BIT:
            # The request was sent as another command, see `adaptation.to_deliver_sm`.
            octets = octets[:4] + _COMMAND_ID.pack(asked | RESPONSE_BIT) + octets[8:]
        return self.adapt(octets, version)


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
