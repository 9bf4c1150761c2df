"""How exchanges end: answered, failed, late. Each exactly once.

The correlator puts the answer under the origin's own number and hands it to the origin's
outbox; no Deferred is made for it. Whoever wants one asks `RouterService.request`, whose origin
turns the answer into a Deferred's result.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Protocol

from attrs import define, field, frozen

from smppgate.routing.exchange import Exchange
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus
from smppgate.txsmpp.errors import NoAnswer
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, renumbered, response, spliced
from smppgate.txsmpp.statuses import TRANSIENT
from smppgate.txsmpp.versions import Version

KEPT_OF_LATE = 256
"""Octets kept of a request that was not answered in time: more than the fields up to
registered_delivery may have in a submit_sm, SMPP v3.4 §4.4.1."""

# Requests that make a message a receipt may come for.
_SUBMITS: frozenset[int] = frozenset(
    {CommandId.SUBMIT_SM, CommandId.SUBMIT_MULTI, CommandId.DATA_SM, CommandId.BROADCAST_SM}
)

_COMMAND_ID = Struct(">I")


@frozen
class Outcomes:
    """How exchanges ended so far, in numbers."""

    answered: int
    retried: int
    failed: int
    late: int


class AnswerKeeper(Protocol):
    """Who answers for messages that an SMSC took: it knows the return paths."""

    def take(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> None:
        """Answer the origin, as soon as the return path for a receipt is safe."""

    def take_late(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> None:
        """The origin has been told otherwise; keep the return path all the same."""


@define
class Correlator:
    """Ends exchanges.

    :param retry: sends an exchange to another member; False when none is left.
    :param keeper: answers for messages that were taken.
    :param adapt: gives a PDU as a peer of another version can take it.
    """

    retry: Callable[[Exchange, float], bool]
    keeper: AnswerKeeper
    adapt: Callable[[bytes, Version], bytes]
    _answered: int = field(default=0, init=False)
    _retried: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)
    _late: int = field(default=0, init=False)

    def outcomes(self) -> Outcomes:
        """The counts."""
        return Outcomes(self._answered, self._retried, self._failed, self._late)

    def answered(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """Pass the answer on; or try another member, where the answer is worth that."""
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
            elif status in TRANSIENT and self.retry(exchange, now):
                self._retried += 1
                return
        elif frame.command_id == CommandId.DELIVER_SM_RESP:
            octets = _without_message_id(frame)
        self._answered += 1
        if exchange.adapts is not None:
            octets = self._adapted(exchange, exchange.adapts, octets)
        origin = exchange.origin
        origin.unanswered -= 1
        origin.send(renumbered(octets, exchange.frame.sequence_number))

    def failed(self, exchange: Exchange, reason: NoAnswer) -> None:
        """Tell the origin ESME_RSYSERR, once; see `answered_late` for what may follow."""
        if exchange.smsc is not None:
            exchange.smsc.outstanding -= 1
        self._failed += 1
        origin, request = exchange.origin, exchange.frame
        origin.unanswered -= 1
        origin.send(response(request, CommandStatus.ESME_RSYSERR))
        # A late answer needs no more of it, and late ones are kept by the thousand.
        exchange.frame = request._replace(octets=request.octets[:KEPT_OF_LATE])

    def answered_late(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """The origin has had its answer: only the return path for a receipt is still of use."""
        self._late += 1
        smsc = exchange.smsc
        is_taken = frame.command_status == 0 and exchange.command_id in _SUBMITS
        if smsc is not None and is_taken:
            self.keeper.take_late(exchange, smsc, frame)

    def _adapted(self, exchange: Exchange, version: Version, octets: bytes) -> bytes:
        asked, sent = exchange.frame.command_id, exchange.command_id
        if asked != sent and _COMMAND_ID.unpack_from(octets, 4)[0] == sent | RESPONSE_BIT:
            # It went out as another command, see `adaptation.to_deliver_sm`.
            octets = octets[:4] + _COMMAND_ID.pack(asked | RESPONSE_BIT) + octets[8:]
        return self.adapt(octets, version)


def _without_message_id(frame: Frame) -> bytes:
    """A deliver_sm_resp whose message_id is empty, as it must be: SMPP v3.4 §4.6.2."""
    octets = frame.octets
    if octets[HEADER_SIZE : HEADER_SIZE + 1] == b"\0":
        return octets
    if len(octets) == HEADER_SIZE:
        # Some ESMEs leave it out, and some SMSCs cannot do without.
        return (
            spliced(octets, HEADER_SIZE, HEADER_SIZE, b"\0")
            if not frame.command_status
            else octets
        )
    end = octets.find(0, HEADER_SIZE)
    return spliced(octets, HEADER_SIZE, end if end > 0 else len(octets), b"\0"[end > 0 :])
