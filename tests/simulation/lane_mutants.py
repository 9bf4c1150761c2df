"""Deliberate faults of the lane: see ``mutants.py``."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from smppgate.gate.lane import answers, submits
from smppgate.gate.lane.run import Run
from smppgate.gate.lane.submits import SubmitLane
from smppgate.gate.return_path.commits import Commits
from smppgate.gate.sessions.relay_session import RelaySession
from smppgate.gate.submit.submitter import Submitter
from smppgate.observe import counting
from smppgate.routing.smscs.balancers import LeastOutstanding
from smppgate.routing.smscs.links import Links
from smppgate.routing.smscs.pool import Pool
from smppgate.txsmpp.sequence import MAX_SEQUENCE_NUMBER, Outstanding
from tests.simulation.mutant import mutant

# Reads of submit_sm


@mutant(submits, "alone_submits", "The last message of a run is lost.")
def _last_of_run_lost(find: Any) -> Any:
    def found(*asked: Any) -> Any:
        bounds, numbers, wants_receipt = find(*asked)
        return bounds, numbers[:-1] if len(numbers) > 1 else numbers, wants_receipt

    return found


@mutant(submits, "alone_submits", "An ESME's window does not bound a run.", "in_runs")
def _run_over_window(find: Any) -> Any:
    return lambda octets, start, _most, *more: find(octets, start, 1000, *more)


@mutant(
    submits, "alone_submits", "A run may have one message more than an ESME's window.", "in_runs"
)
def _run_over_window_by_one(find: Any) -> Any:
    return lambda octets, start, most, *more: find(octets, start, most + 1, *more)


@mutant(
    submits, "alone_submits", "Of a run all ask for a receipt if the first one does.", "in_runs"
)
def _receipts_as_the_first(find: Any) -> Any:
    return lambda octets, start, most, size, _are_alike: find(octets, start, most, size, False)


@mutant(submits, "alone_submits", "An answer has the number of the message beside it.")
def _answer_to_the_one_beside(find: Any) -> Any:
    def found(*asked: Any) -> Any:
        bounds, numbers, wants_receipt = find(*asked)
        return bounds, [*numbers[1:], *numbers[:1]], wants_receipt

    return found


@mutant(submits, "_is_sent", "The slice of a link ends one message too early.", "in_runs")
def _slice_too_short(is_sent: Any) -> Any:
    def sent(run: Any, share: Any, at: int, buffer: Any, places: Any) -> bool:
        return bool(is_sent(run, share, at, buffer, places[:-1] if len(places) > 2 else places))

    return sent


@mutant(submits, "_is_sent", "The slice of a link ends one message too late.", "in_runs")
def _slice_too_long(is_sent: Any) -> Any:
    def sent(run: Any, share: Any, at: int, buffer: Any, places: Any) -> bool:
        return bool(is_sent(run, share, at, buffer, run._bounds[at : at + len(places) + 1]))

    return sent


@mutant(submits, "_put_number", "Messages of a run keep the numbers that the ESME gave them.")
def _run_not_renumbered(_put: Any) -> Any:
    return lambda buffer, place, number: None


@mutant(Run, "claim", "What one link gets of a run is taken to be the first of it.")
def _every_part_the_first(claim: Any) -> Any:
    return lambda self, link, _at, count: claim(self, link, 0, count)


@mutant(Outstanding, "claim_run", "A number that still awaits an answer is given to a run.")
def _number_of_run_not_reserved(_claim: Any) -> Any:
    def claimed(self: Any, run: Any, at: int, count: int) -> list[int]:
        numbers = []
        for place in range(at, at + count):
            number = self._next
            self._next = number % MAX_SEQUENCE_NUMBER + 1
            self.requests[number] = run, place
            numbers.append(number)
        return numbers

    return claimed


@mutant(
    Outstanding, "_are_free", "What comes next is taken to be free.", "numbers_crowded", "in_runs"
)
def _crowded_is_free(_are_free: Any) -> Any:
    return lambda self, first, behind: behind <= MAX_SEQUENCE_NUMBER


@mutant(
    Outstanding, "claim_run", "A number of a late answer is given to a run.", "silent", "in_runs"
)
def _late_number_for_a_run(claim: Any) -> Any:
    def claimed(self: Any, run: Any, at: int, count: int) -> list[int]:
        late, self._late = self._late, {}
        try:
            return list(claim(self, run, at, count))
        finally:
            self._late = late

    return claimed


@mutant(
    SubmitLane,
    "relay",
    "The policy that an account had at its first run is kept for good.",
    "in_runs",
    "changing",
)
def _policy_of_first_run(relay: Any) -> Any:
    policies: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def relayed(self: Any, origin: Any, octets: bytes, start: int, now: float) -> int:
        account = origin.account
        current = account.policy
        account.policy = policies.setdefault(account, current)
        try:
            return int(relay(self, origin, octets, start, now))
        finally:
            account.policy = current

    return relayed


@mutant(Submitter, "is_routed", "Runs go to the pool of their account, whatever routes say.")
def _run_not_routed(_is_routed: Any) -> Any:
    return lambda self, origin: False


@mutant(Submitter, "admits_all", "A run takes no tokens of its account.", "limited_accounts")
def _run_over_rate(_admits: Any) -> Any:
    return lambda self, origin, count, now: self.is_open


@mutant(Submitter, "take_tokens", "A run takes no tokens of its SMSCs.", "limited_smscs")
def _tokens_not_taken_for_run(_take: Any) -> Any:
    return lambda self, share, now: None


@mutant(Pool, "allows", "A run is sent whatever tokens its SMSCs have.", "limited_smscs")
def _run_without_tokens(_allows: Any) -> Any:
    return lambda self, count, now: True


@mutant(LeastOutstanding, "share_out", "A run is too much for an SMSC's window.", "in_runs")
def _run_over_window_of_smsc(_share_out: Any) -> Any:
    def shared(self: Any, count: int, now: float) -> Any:
        smsc = self.choose(now, None, ())
        return {} if smsc is None else {smsc: count}

    return shared


@mutant(
    Links, "share_out", "A run is shared out to links without a look at their windows.", "in_runs"
)
def _run_over_window_of_link(_share_out: Any) -> Any:
    def shared(self: Any, count: int) -> Any:
        found: dict[Any, int] = {}
        for place in range(count):
            link = self.links[place % len(self.links)]
            found[link] = found.get(link, 0) + 1
        return found

    return shared


@mutant(
    Submitter, "submit_admitted", "What no link has room for of a run is lost.", "narrow_smscs"
)
def _rest_of_run_lost(_submit: Any) -> Any:
    return lambda self, origin, frames, pool, now: None


@mutant(
    submits,
    "_frames",
    "What waits of a run is one message for another.",
    "narrow_smscs",
    "in_runs",
)
def _rest_of_run_shifted(frames: Any) -> Any:
    def shifted(octets: bytes, places: Any) -> Any:
        found = frames(octets, places)
        return [found[0]] * len(found)

    return shifted


# Reads of answers


@mutant(Commits, "gathering", "The return paths of answers to a run are not kept.")
def _paths_of_run_not_kept(gathering: Any) -> Any:
    return lambda self: None if gathering(self) is None else {}


@mutant(RelaySession, "answer_all", "What was answered of a run counts as unanswered still.")
def _run_stays_unanswered(answer: Any) -> Any:
    def answered(self: Any, octets: list[bytes]) -> None:
        answer(self, octets)
        self.unanswered += len(octets)

    return answered


@mutant(RelaySession, "answer_all", "An answer of a run is counted twice.")
def _answer_of_run_counts_twice(answer: Any) -> Any:
    def answered(self: Any, octets: list[bytes]) -> None:
        answer(self, octets)
        self.unanswered -= 1

    return answered


@mutant(RelaySession, "answer_all", "The last of several answers of a run is lost.")
def _last_answer_of_run_lost(answer: Any) -> Any:
    def answered(self: Any, octets: list[bytes]) -> None:
        answer(self, octets[:-1] if len(octets) > 1 else octets)

    return answered


@mutant(answers._Answered, "count", "Answers of a run go on counting against their SMSC.")
def _run_stays_outstanding(_count: Any) -> Any:
    return lambda self: None


@mutant(
    Run,
    "message",
    "A message of a run that is tried again is the one beside it.",
    "erring",
    "in_runs",
)
def _wrong_message_again(message: Any) -> Any:
    def beside(self: Any, at: int) -> bytes:
        last = len(self.asked) - 1
        if isinstance(self._octets, dict) or not last:
            return bytes(message(self, at))
        return bytes(message(self, at + 1 if at < last else 0))

    return beside


@mutant(counting.Counting, "run_taken", "What was taken of a run is counted once.")
def _run_counted_once(taken: Any) -> Any:
    return lambda self, run, link, places, answers, now: taken(
        self, run, link, places[:1], answers[:1], now
    )
