"""How exchanges end: answered, failed, late. Each exactly once.

The correlator puts the answer under the origin's own number and hands it to the origin's
outbox; no Deferred is made for it. Whoever wants one asks `RouterService.request`, whose origin
turns the answer into a Deferred's result.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field, frozen

from smppgate.routing.pools import Member
from smppgate.routing.translation import Exchange
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import NoAnswer, PduError
from smppgate.txsmpp.frame import Frame, renumbered, response

RETRYABLE: frozenset[int] = frozenset(
    {
        CommandStatus.ESME_RSYSERR,
        CommandStatus.ESME_RMSGQFUL,
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RX_T_APPN,
    }
)
"""Answers of an SMSC that are worth trying another one for; all others are the ESME's to hear."""

MAX_MESSAGE_ID = 64
"""Octets of a message_id, without its NUL, SMPP v3.4 §5.2.23. Longer ones are relayed, but no way
back is kept for them."""

KEPT_OF_LATE = 256
"""Octets kept of a request that was not answered in time: more than the fields up to
registered_delivery may have in a submit_sm, SMPP v3.4 §4.4.1."""

# Requests that make a message a receipt may come for.
_SUBMITS: frozenset[int] = frozenset(
    {CommandId.SUBMIT_SM, CommandId.SUBMIT_MULTI, CommandId.DATA_SM}
)


@frozen
class Endings:
    """How exchanges ended so far, in numbers."""

    answered: int
    retried: int
    failed: int
    late: int


@define
class Correlator:
    """Ends exchanges.

    :param retry: sends an exchange to another member; False when none is left.
    """

    retry: Callable[[Exchange, float], bool]
    _answered: int = field(default=0, init=False)
    _retried: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)
    _late: int = field(default=0, init=False)

    def endings(self) -> Endings:
        """The counts."""
        return Endings(self._answered, self._retried, self._failed, self._late)

    def answered(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """Pass the answer on; or try another member, where the answer is worth that."""
        member = exchange.member
        if member is not None:
            member.outstanding -= 1
            member.answers += 1
            member.latency += now - exchange.sent_at
            status = frame.command_status
            if status == 0:
                if exchange.command_id in _SUBMITS:
                    _remember(exchange, member, frame, now)
            elif status in RETRYABLE and self.retry(exchange, now):
                self._retried += 1
                return
        self._answered += 1
        origin = exchange.origin
        origin.unanswered -= 1
        origin.send(renumbered(frame.octets, exchange.frame.sequence_number))

    def failed(self, exchange: Exchange, reason: NoAnswer) -> None:
        """Tell the origin ESME_RSYSERR, once; see `answered_late` for what may follow."""
        if exchange.member is not None:
            exchange.member.outstanding -= 1
        self._failed += 1
        origin, request = exchange.origin, exchange.frame
        origin.unanswered -= 1
        origin.send(response(request, CommandStatus.ESME_RSYSERR))
        # A late answer needs no more of it, and late ones are kept by the thousand.
        exchange.frame = request._replace(octets=request.octets[:KEPT_OF_LATE])

    def answered_late(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """The origin has had its answer: only the way back for a receipt is still of use."""
        self._late += 1
        member = exchange.member
        if member is not None:
            member.answers += 1
            member.latency += now - exchange.sent_at
            if frame.command_status == 0 and exchange.command_id in _SUBMITS:
                _remember(exchange, member, frame, now)


def _remember(exchange: Exchange, member: Member, frame: Frame, now: float) -> None:
    """Keep the way back for the receipt that the message asked for, if it did."""
    try:
        if peek.registered_delivery(exchange.frame.octets):
            message_id = peek.message_id(frame.octets)
            if 0 < len(message_id) <= MAX_MESSAGE_ID:
                member.receipt_routes.remember(message_id, exchange.origin.address, now)
    except PduError:
        # What the gate cannot read it cannot route a receipt for; the SMSC took the message.
        return
