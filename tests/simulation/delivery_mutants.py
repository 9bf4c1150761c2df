"""Deliberate faults of the lane for deliver_sm and their answers: see ``mutants.py``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from smppgate.gate.lane import deliveries, delivery_answers
from smppgate.gate.lane.deliveries import DeliveryLane
from smppgate.gate.lane.delivery_answers import DeliveryAnswerLane
from smppgate.gate.lane.delivery_run import DeliveryRun
from smppgate.gate.lane.lots import Lot, Lots
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.txsmpp.sequence import MAX_SEQUENCE_NUMBER, Outstanding
from tests.simulation.mutant import mutant

# Reads of deliver_sm


@mutant(DeliveryRun, "send", "A deliver_sm of a run has another's number.", "in_bursts")
def _delivery_under_wrong_number(send: Any) -> Any:
    def sent(self: Any, lot: Any, number: int, *more: Any) -> Any:
        return send(self, lot, number + (len(self.messages) == 1), *more)

    return sent


@mutant(Lot, "_chosen", "An ESME's window does not bound a run of deliver_sm.", "in_bursts")
def _deliveries_over_window(chosen: Any) -> Any:
    return lambda self: self._session or chosen(self)


@mutant(Lot, "may_send", "A run of deliver_sm overtakes what is in the queue.", "in_bursts")
def _run_overtakes_queue(may_send: Any) -> Any:
    def may(self: Any, session: Any, now: float) -> Any:
        self._has_queue = False
        return may_send(self, session, now)

    return may


@mutant(
    Lots, "_new_way", "A receipt of a run does not wait behind its answer.", "receipts_at_once"
)
def _run_does_not_wait(new_way: Any) -> Any:
    def way(self: Any, record: bytes) -> Any:
        found = new_way(self, record)
        return found and found._replace(follows=True)

    return way


@mutant(
    DeliveryLane,
    "_receipt",
    "A receipt of a run does not wait for an answer that waits for the store.",
    "in_bursts",
    "slow_store",
)
def _run_before_what_is_kept(receipt: Any) -> Any:
    def relayed(self: Any, *more: Any) -> Any:
        commits, self._commits = self._commits, SimpleNamespace(holds=lambda _: False)
        try:
            return receipt(self, *more)
        finally:
            self._commits = commits

    return relayed


@mutant(DeliveryLane, "_go_on", "Receipts of a run that were held are lost.", "in_bursts")
def _held_run_lost(_go_on: Any) -> Any:
    return lambda self, link, held: None


@mutant(
    deliveries,
    "relation_of",
    "In a run the parts of a long message go to any session.",
    "in_bursts",
    "long_messages",
)
def _parts_of_run_anywhere(_relation_of: Any) -> Any:
    return lambda octets: None


@mutant(
    Outstanding,
    "claim",
    "A number of a late answer is given to a run.",
    "silent",
    "in_bursts",
)
def _late_number_to_delivery(claim: Any) -> Any:
    def claimed(self: Any, request: Any) -> int:
        if not isinstance(request, tuple):
            return int(claim(self, request))
        number = self._next
        while number in self.requests:
            number = number % MAX_SEQUENCE_NUMBER + 1
        self._next = number % MAX_SEQUENCE_NUMBER + 1
        self.requests[number] = request
        return int(number)

    return claimed


@mutant(
    DeliveryRun,
    "single",
    "A deliver_sm of a run that is not answered ok stays in its session's share of the link.",
    "in_bursts",
)
def _single_keeps_its_share(single: Any) -> Any:
    def delivery(self: Any, at: int) -> Any:
        made = single(self, at)
        made.shares = None
        return made

    return delivery


# Reads of their answers


@mutant(
    DeliveryAnswerLane, "_answer", "The last answer of a run does not reach the SMSC.", "in_bursts"
)
def _last_delivery_unanswered(answer: Any) -> Any:
    def answered(self: Any, session: Any, run: Any, answers: Any, now: float) -> None:
        answer(self, session, run, answers[:-1] if len(answers) > 1 else answers, now)

    return answered


@mutant(
    delivery_answers, "_answer", "Answers of a run have the number of the one before.", "in_bursts"
)
def _delivery_answer_under_wrong_number(pack: Any) -> Any:
    before = [0]

    def packed(size: int, command_id: int, status: int, number: int, *more: int) -> bytes:
        last, before[0] = before[0] or number, number
        return bytes(pack(size, command_id, status, last, *more))

    return packed


@mutant(ReturnPathKeeper, "end_all", "Return paths end with no grace at all.", "in_bursts")
def _ends_at_once(_end_all: Any) -> Any:
    return lambda self, keys: self.store.end(keys, 0.0) if keys else None
