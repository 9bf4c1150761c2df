"""`DeliveryAnswerLane`: whole reads of deliver_sm_resp, to the SMSCs that sent the messages."""

from __future__ import annotations

from struct import Struct
from typing import cast

from smppgate.gate.lane.delivery_run import DeliveryRun, Message
from smppgate.gate.relay.events import Events
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.routing.sessions import EsmeSession
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import HEADER_SIZE

_read_header = Struct(">IIII").unpack_from
_answer = Struct(">IIIIB").pack
_DELIVER_SM_RESP = int(CommandId.DELIVER_SM_RESP)
_SIZE = HEADER_SIZE + 1
"""Octets of an answer: its message_id is empty, SMPP v3.4 §4.6.2."""


class DeliveryAnswerLane:
    """Relays deliver_sm_resp with ESME_ROK by the read, and ends return paths.

    :param keeper: ends those of messages whose final receipt is taken.
    """

    def __init__(self, keeper: ReturnPathKeeper, events: Events) -> None:
        self._keeper = keeper
        self._events = events

    # One loop, written out: what it calls for each answer is what it costs.
    def relay(  # noqa: PLR0912, PLR0915
        self, session: EsmeSession, octets: bytes, start: int, now: float
    ) -> int:
        """Relay the plain answers from ``start`` on in a read; gives where those end.

        What becomes of them is what becomes of each by `Delivery.answered`.
        """
        requests, end = session.outstanding.requests, len(octets)
        last = end - HEADER_SIZE
        if start > last or _read_header(octets, start)[1] != _DELIVER_SM_RESP:
            return start
        # A listener may have come since the messages were sent, which is to be told of each.
        if self._events.tells_each_delivery:
            return start
        run: DeliveryRun | None = None
        answers: list[bytes] = []
        ended: list[bytes] = []
        while start <= last:
            length, command_id, status, number = _read_header(octets, start)
            stop = start + length
            if command_id != _DELIVER_SM_RESP or status or stop > end:
                break
            # Some ESMEs leave the NUL out, and some SMSCs need it.
            if length != HEADER_SIZE and (length != _SIZE or octets[stop - 1]):
                break
            entry = requests.get(number)
            if entry.__class__ is not tuple:
                break
            of, at = entry
            if of is not run:
                if of.__class__ is not DeliveryRun:
                    break
                if run is not None:
                    self._answer(session, run, answers, now)
                    answers = []
                run = of
                messages, center = run.messages, run.link.smsc.center
            asked, _, _, known = cast(Message, messages[at])
            messages[at] = None
            del requests[number]
            answers.append(_answer(_SIZE, _DELIVER_SM_RESP, 0, asked, 0))
            if known is not None and known[3]:
                message_id, path, key, _ = known
                ended += self._keeper.ending(center, message_id, path, key)
            start = stop
        if run is not None:
            self._answer(session, run, answers, now)
            self._keeper.end_all(ended)
        return start

    def _answer(
        self, session: EsmeSession, run: DeliveryRun, answers: list[bytes], now: float
    ) -> None:
        """Give the link of ``run`` these answers."""
        link, count = run.link, len(answers)
        link.shares.ended(session, now, count)
        link.answer_all(answers)
        self._events.answered += count
        if self._events.tell_run_delivered is not None:
            self._events.tell_run_delivered(link, session, count)
