"""Deliberate faults of peers, and of what they share: a seed must find each of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from smppgate.gate.peers import submitting, submitting_lane, taking
from smppgate.gate.peers.answering import Answering
from smppgate.gate.peers.asking import Asking, Question
from smppgate.gate.peers.elsewhere import Elsewhere
from smppgate.gate.peers.here import Here
from smppgate.gate.peers.hop import Hop
from smppgate.gate.peers.remote_link import Forwarded, RemoteLink
from smppgate.gate.peers.remote_session import RemoteSession
from smppgate.gate.peers.smscs import SmscsElsewhere
from smppgate.gate.peers.submitting import Submitted
from smppgate.gate.peers.taking import Taken, Taking
from smppgate.gate.queue.account_queue import AccountQueue
from smppgate.gate.sessions.bind_places import BindPlaces
from smppgate.gate.submit.rate_shares import RateShares
from smppgate.routing.esmes.account import Cluster
from smppgate.routing.limits.token_bucket import TokenBucket
from smppgate.store.claims import Claims
from smppgate.store.interface import LEAST_PART
from smppgate.store.sharing import QueueShare
from smppgate.workers import shares
from tests.simulation import place_mutants
from tests.simulation.mutant import Mutant
from tests.simulation.mutant import mutant as mutant_of_one_gate

MUTANTS: dict[str, Mutant] = {}

mutant = partial(mutant_of_one_gate, table=MUTANTS)


@mutant(Taking, "_session", "A message for a session that is full goes back to its origin.")
def message_sent_back(session: Any) -> Any:
    def anywhere(self: Any, address: Any) -> Any:
        found = session(self, address)
        account = self._router.accounts.named(address.account)
        return found or (account.receiver() if account is not None else None)

    return anywhere


@mutant(Elsewhere, "link_lost", "Sessions of a node are known when the link to it has ended.")
def stale_registry(_link_lost: Any) -> Any:
    return lambda self, link: None


@mutant(Elsewhere, "lost", "A session of a node is known when it has ended.")
def stale_session(_lost: Any) -> Any:
    return lambda self, link, token: None


@mutant(Here, "lost", "Peers are not told of the end of a session.")
def end_not_told(_lost: Any) -> Any:
    return lambda self, session, reason: None


@mutant(Here, "all", "A peer that binds is not told which sessions are bound.")
def beginning_not_told(_all: Any) -> Any:
    return lambda self: iter(())


@mutant(Question, "answer", "A peer that could not be asked counts as one that knows nothing.")
def incomplete_is_complete(answer: Any) -> Any:
    def answered(self: Any, wanted: Any) -> None:
        self.is_complete = True
        answer(self, wanted)

    return answered


@mutant(Asking, "awaits", "Peers do not say that they await answers.")
def awaited_elsewhere_is_not_waited_for(_awaits: Any) -> Any:
    return lambda self, center: False


@mutant(Answering, "_answer", "A return path is told to peers before its answer has left.")
def receipt_before_its_id(answer: Any) -> Any:
    def answered(self: Any, *arguments: Any) -> None:
        receipts = self._router.receipts
        receipts.must_wait = lambda key: False
        try:
            answer(self, *arguments)
        finally:
            del receipts.must_wait

    return answered


@mutant(taking, "unwrapped", "The envelope of a message is left where it is.")
def envelope_left(unwrapped: Any) -> Any:
    def left(octets: bytes) -> Any:
        found = unwrapped(octets)
        return (octets, found[1]) if found is not None else None

    return left


@mutant(Taken, "failed", "A message that a lost session has is never answered.")
def lost_and_not_told(_failed: Any) -> Any:
    return lambda self, reason: None


@mutant(Hop, "answered", "What a node could not bring counts as what an ESME has taken.")
def not_taken_is_taken(answered: Any) -> Any:
    def taken(self: Any, frame: Any, now: float) -> None:
        octets = frame.octets[:8] + bytes(4) + frame.octets[12:16] + b"\0"
        octets = len(octets).to_bytes(4, "big") + octets[4:]
        answered(self, frame._replace(command_status=0, octets=octets), now)

    return taken


@mutant(RemoteSession, "send_request", "A message is sent to another session of that node.")
def wrong_account(send_request: Any) -> Any:
    def sent(self: Any, request: Any, octets: bytes) -> None:
        others = [e for e in _all_of(self) if e.receives and e.system_id != self.system_id]
        send_request(others[0] if others else self, request, octets)

    def _all_of(session: Any) -> Any:
        return list(session.link.hub.elsewhere)

    return sent


@mutant(submitting, "near_links", "A request of another node goes on to a third one, or back.")
def request_sent_on(_near_links: Any) -> Any:
    return lambda smsc: smsc.links


@mutant(Submitted, "answered", "A request of another node is never taken out of the load.")
def load_that_stays(answered: Any) -> Any:
    def counted(self: Any, frame: Any, now: float) -> None:
        self._smsc.began(1)
        answered(self, frame, now)

    return counted


@mutant(SmscsElsewhere, "link_lost", "A remote link is used when the link to its node has ended.")
def remote_link_that_stays(_link_lost: Any) -> Any:
    return lambda self, link: None


@mutant(Cluster, "session", "Sessions of other nodes are never chosen.")
def remote_never_chosen(_session: Any) -> Any:
    return lambda self: self.session_here()


@mutant(QueueShare, "claim", "Whoever asks for the claim on a queue has it.")
def claim_not_checked(claim: Any) -> Any:
    def granted(self: Any, account: bytes, rank: int) -> None:
        claim(self, account, rank)
        queues = self._queues
        if queues._claims.holder(account) is not self:
            queues._watcher(account, self).granted(queues._store.stored(account))

    return granted


@mutant(Claims, "leave", "The claims of a process that has died are never free.")
def claim_not_released(_leave: Any) -> Any:
    return lambda self, process: {}


@mutant(AccountQueue, "holds", "A gate does not see what others have to send of a queue.")
def new_message_passes(holds: Any) -> Any:
    def own_alone(self: Any) -> bool:
        filled, self._is_filled = self._is_filled, False
        held: bool = holds.fget(self)
        self._is_filled = filled
        return held

    return property(own_alone)


# Whole reads over a hop


@mutant(Forwarded, "claim_run", "A run is sent over a hop under numbers that are in use.")
def hop_number_in_use(_claim: Any) -> Any:
    def claimed(self: Any, run: Any, at: int, count: int) -> list[int]:
        self.count += count
        numbers = list(range(1, count + 1))
        for place, number in enumerate(numbers, at):
            self.link.outstanding.requests[number] = run, place
        return numbers

    return claimed


@mutant(RemoteLink, "took", "What was taken of a run takes its place on the remote link still.")
def hop_stays_open(_took: Any) -> Any:
    return lambda self, count: self.taken(count)


@mutant(submitting_lane, "_sent", "The envelope of a run is left where it is.")
def envelope_left_on_a_run(sent: Any) -> Any:
    return lambda run, octets, places, _size: sent(run, octets, places, 0)


@mutant(submitting_lane, "submits_ending_in", "An answer over a hop is that of the next message.")
def hop_answered_beside(find: Any) -> Any:
    def found(*asked: Any) -> Any:
        places, numbers = find(*asked)
        return places, [*numbers[1:], *numbers[:1]]

    return found


@mutant(submitting_lane, "_count", "A run of another node stays in the load.")
def run_stays_in_load(_count: Any) -> Any:
    return lambda smsc, times: None


# What the gates have together


@mutant(BindPlaces, "leave", "The place of a session that has ended is not given back.")
def place_not_given_back(_leave: Any) -> Any:
    def forgotten(self: Any, esme: Any) -> None:
        for table in (self._questions, self._refusals, self._held):
            table.pop(esme, None)

    return forgotten


mutant(BindPlaces, "leave", "The place of a session that has ended is given back twice.")(
    place_mutants.place_given_back_twice
)


@mutant(BindPlaces, "_answered", "A place that comes when its session has ended is kept.")
def late_place_kept(answered: Any) -> Any:
    def kept(self: Any, esme: Any, question: Any, has_place: Any) -> None:
        if self._questions.get(esme) is question:
            answered(self, esme, question, has_place)

    return kept


@mutant(BindPlaces, "_ask", "Places are counted by each gate for itself.")
def places_counted_here_alone(_ask: Any) -> Any:
    def counted(self: Any, esme: Any, question: Any) -> None:
        self.leave(esme)
        self._questions[esme] = question
        held = list(self._held.values()).count(question.name)
        self._answered(esme, question, held < question.limit)

    return counted


@mutant(RateShares, "_use", "Each gate uses all of a rate that they have together.")
def lease_not_counted(_use: Any) -> Any:
    return lambda self, name, limit: None


@mutant(TokenBucket, "apportion", "A part of a rate that grows brings tokens that were not there.")
def tokens_with_a_part(_apportion: Any) -> Any:
    def filled(self: Any, part: float, now: float) -> None:
        self._follow(self.rate, part)
        self._begin(self._burst, now)

    return filled


@mutant(shares._Limit, "_divided", "Each gate gets what it wishes for, whatever others have.")
def all_wishes_fulfilled(_divided: Any) -> Any:
    return lambda self: [max(wish, LEAST_PART) for wish in self.wanted.values()]
