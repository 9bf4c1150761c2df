"""Messages with a key wait for the one SMSC of that key, and hold up no others."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.submit import waiting_room
from smppgate.routing.smscs.keys import by_destination
from smppgate.routing.smscs.member import Member
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import SubmitSm
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said

HOLD = 5.0


class Hashes(Gate):
    """A gate whose pool goes by destination, with links of a window of 1 to both SMSCs.

    ``numbers`` has, for each SMSC, destinations whose messages are its.
    """

    def __init__(self, is_hash: bool = True) -> None:
        super().__init__(tags=True)
        members = [Member(self.alpha), Member(self.beta)]
        more = {"key": by_destination} if is_hash else {}
        self.pool.change(members, self.pool_balancer, HOLD, **more)
        self.links = {each: self.link(each, window=1) for each in (self.alpha, self.beta)}
        self.numbers: dict[Any, list[bytes]] = {self.alpha: [], self.beta: []}
        for number in range(40):
            to = b"44770090%02d" % number
            home = self.pool.home(CommandId.SUBMIT_SM, to, ())
            self.numbers[home].append(to)

    @staticmethod
    def pool_balancer() -> Any:
        return fakes.pool()._tiers[0]._balancer

    def submits(self, esme: FakeSession, to: bytes, number: int, replaces: bool = False) -> None:
        pdu = SubmitSm(
            source_addr=b"1000",
            destination_addr=to,
            replace_if_present_flag=int(replaces),
            short_message=b"%d" % number,
        )
        self.forward(esme, fakes.frame_of(pdu, number))

    def answers(self, link: FakeSession, status: int = 0) -> None:
        self.answer(link, status, b"id\0" if not status else b"")
        self.clock.advance(0.0)


def texts(link: FakeSession) -> list[int]:
    """The messages that a link was sent."""
    return [int(frame.octets.split(b"\0")[-1][1:]) for frame in link.requests]


def test_a_message_waits_for_the_smsc_of_its_key_and_holds_up_no_other() -> None:
    gate = Hashes()
    esme, (alpha, beta) = gate.esme(), gate.links.values()
    mine, others = gate.numbers[gate.alpha], gate.numbers[gate.beta]
    for number in (1, 2, 3):
        gate.submits(esme, mine[number], number)
    assert (texts(alpha), texts(beta)) == ([1], [])
    gate.submits(esme, others[0], 4)
    assert texts(beta) == [4]
    gate.answers(alpha)
    assert (texts(alpha), texts(beta)) == ([1, 2], [4])


def test_what_waits_for_an_smsc_that_is_lost_goes_to_the_next_in_the_order_it_came() -> None:
    gate = Hashes()
    esme, (alpha, beta) = gate.esme(), gate.links.values()
    mine, others = gate.numbers[gate.alpha], gate.numbers[gate.beta]
    for number in range(1, 7):
        gate.submits(esme, (mine if number % 2 else others)[number], number)
    assert (texts(alpha), texts(beta)) == ([1], [2])
    gate.alpha.remove(alpha)
    for _ in range(4):
        gate.answers(beta)
    assert texts(beta) == [2, 3, 4, 5, 6]


def test_what_waits_elsewhere_goes_home_when_its_smsc_is_back() -> None:
    gate = Hashes()
    esme, (alpha, beta) = gate.esme(), gate.links.values()
    gate.alpha.remove(alpha)
    for number in (1, 2, 3):
        gate.submits(esme, gate.numbers[gate.alpha][number], number)
    assert texts(beta) == [1]
    gate.alpha.add(alpha)
    gate.clock.advance(0.0)
    assert (texts(alpha), texts(beta)) == ([2], [1])
    gate.answers(alpha)
    assert texts(alpha) == [2, 3]


def test_what_waits_for_an_smsc_that_is_doubted_goes_to_the_next_and_home_again() -> None:
    """Else it would wait for room at an SMSC that none of its key is sent to any more."""
    gate = Hashes()
    esme, (alpha, beta) = gate.esme(), gate.links.values()
    for number in (1, 2, 3):
        gate.submits(esme, gate.numbers[gate.alpha][number], number)
    gate.clock.advance(0.0)
    gate.alpha.doubt(alpha, True)
    gate.clock.advance(0.0)
    assert (texts(alpha), texts(beta)) == ([1], [2])
    gate.alpha.doubt(alpha, False)
    gate.answers(alpha)
    assert (texts(alpha), texts(beta)) == ([1, 3], [2])


def test_many_find_their_smsc_a_few_in_each_turn_and_what_comes_meanwhile_is_behind() -> None:
    gate = Hashes()
    esme, (alpha, beta) = gate.esme(window=100), gate.links.values()
    mine = gate.numbers[gate.alpha]
    for number in range(1, 9):
        gate.submits(esme, mine[0], number)
    gate.submits(esme, gate.numbers[gate.beta][0], 9)
    with patch.object(waiting_room, "MOST_MOVED", 3):
        gate.alpha.remove(alpha)
        gate.submits(esme, mine[0], 10)
        gate.router.batch.flush()
        gate.submits(esme, mine[0], 11)
        assert sum(line.count for line in gate.router.waiting_room.lines().values()) == 9
        for _ in range(12):
            gate.answers(beta)
    assert texts(beta) == [9, *range(2, 9), 10, 11]
    assert not gate.router.waiting_room._rooms
    assert not gate.router.waiting_room._homing


def test_what_goes_while_others_find_their_smsc_is_not_looked_for() -> None:
    gate = Hashes()
    one, two, (alpha, beta) = gate.esme(), gate.esme(), gate.links.values()
    mine = gate.numbers[gate.alpha]
    for number in range(1, 5):
        gate.submits(one, mine[0], number)
    gate.submits(two, mine[1], 5)
    gate.submits(two, gate.numbers[gate.beta][0], 6)
    with patch.object(waiting_room, "MOST_MOVED", 1):
        gate.alpha.remove(alpha)
        gate.router.batch.flush()
        gate.submits(one, mine[0], 7)
        gate.lose(one)
        gate.router.esme_ended(one)
        for _ in range(3):
            gate.answers(beta)
    assert texts(beta) == [6, 5]
    assert len(gate.router.waiting_room) == 0


class Changes(Hashes):
    """The same, where links and weights come and go. Each act has two arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.esmes = [self.esme(window=100), self.esme(window=100)]
        self.to = [each for some in self.numbers.values() for each in some[:3]]
        self.sent: dict[int, tuple[bytes, int]] = {}
        self.taken: list[int] = []
        for link in self.links.values():
            self._listen(link)

    def _listen(self, link: FakeSession) -> None:
        send = link.send_request

        def sent(request: Any, octets: bytes) -> None:
            send(request, octets)
            self.taken += texts(link)[-1:]

        link.send_request = sent  # type: ignore[method-assign]

    def comes(self, at: int, of: int) -> None:
        number = len(self.sent) + 1
        self.sent[number] = self.to[at], of
        self.submits(self.esmes[of], self.to[at], number)

    def is_answered(self, at: int, _: int) -> None:
        link = [*self.links.values()][at % 2]
        if len(link.outstanding):
            self.answer(link, 0, b"id\0")

    def goes(self, at: int, _: int) -> None:
        smsc = [*self.links][at % 2]
        smsc.remove(self.links[smsc])

    def is_back(self, at: int, _: int = 0) -> None:
        smsc = [*self.links][at % 2]
        if not smsc.bound:
            smsc.add(self.links[smsc])

    def weighs(self, at: int, of: int) -> None:
        [*self.links][of].change_weight(1 + 50 * at)

    def turns(self, _: int, __: int) -> None:
        self.router.batch.flush()

    def serve(self) -> None:
        """All links are there, and answer all."""
        for at in (0, 1):
            self.is_back(at)
        for _ in range(2 * len(self.sent) + 2):
            self.clock.advance(0.0)
            for at in (0, 1):
                self.is_answered(at, 0)


_ACTS = ("comes", "comes", "comes", "is_answered", "goes", "is_back", "weighs", "turns")


@given(st.lists(st.tuples(st.sampled_from(_ACTS), st.integers(0, 5), st.integers(0, 1))))
def test_equal_keys_keep_their_order_whatever_comes_and_goes(acts: list[Any]) -> None:
    gate = Changes()
    with patch.object(waiting_room, "MOST_MOVED", 2):
        for act, *more in acts:
            getattr(gate, act)(*more)
        gate.serve()
    assert sorted(gate.taken) == sorted(gate.sent)
    for whose in set(gate.sent.values()):
        own = [number for number in gate.taken if gate.sent[number] == whose]
        assert own == sorted(own)


def test_what_waits_while_none_is_able_goes_home_as_soon_as_one_is() -> None:
    gate = Hashes()
    esme, (alpha, beta) = gate.esme(), gate.links.values()
    gate.alpha.remove(alpha)
    gate.beta.remove(beta)
    for number in (1, 2):
        gate.submits(esme, gate.numbers[gate.alpha][number], number)
    gate.beta.add(beta)
    gate.clock.advance(0.0)
    gate.answers(beta)
    assert (texts(alpha), texts(beta)) == ([], [1, 2])


def test_what_waits_finds_its_smsc_when_a_weight_changes() -> None:
    """Its own is another then: that of those before it has nothing to do with it."""
    gate, probe = Hashes(), Hashes()
    esme, (alpha, beta) = gate.esme(), gate.links.values()
    probe.beta.change_weight(256)
    mine = gate.numbers[gate.alpha]
    moved = [to for to in mine if probe.pool.home(CommandId.SUBMIT_SM, to, ()) is probe.beta]
    for number, to in enumerate((mine[0], *moved[:2]), 1):
        gate.submits(esme, to, number)
    assert (texts(alpha), texts(beta)) == ([1], [])
    gate.beta.change_weight(256)
    gate.clock.advance(0.0)
    assert (texts(alpha), texts(beta)) == ([1], [2])
    gate.answers(beta)
    assert (texts(alpha), texts(beta)) == ([1], [2, 3])


def test_at_the_end_of_hold_it_is_answered_0x58_for_its_smsc_was_full() -> None:
    gate = Hashes()
    esme = gate.esme()
    for number in (1, 2):
        gate.submits(esme, gate.numbers[gate.alpha][number], number)
    gate.clock.advance(HOLD)
    assert said(esme) == [(2, 0x58)]


def test_messages_that_may_replace_each_other_go_to_one_smsc_under_every_balancer() -> None:
    gate = Hashes(is_hash=False)
    esme = gate.esme(window=100)
    links = list(gate.links.values())
    gate.alpha.change_window(100)
    gate.beta.change_window(100)
    for link in links:
        link.window = 100
    gate.alpha._choose_links()
    gate.beta._choose_links()
    for number in range(1, 9):
        gate.submits(esme, b"447700900123", number, replaces=True)
    assert sorted(len(link.requests) for link in links) == [0, 8]
    for number in range(9, 17):
        gate.submits(esme, b"447700900123", number)
    assert sorted(len(link.requests) for link in links) == [8, 8]


def test_a_message_without_the_flag_has_no_key() -> None:
    gate = Hashes(is_hash=False)
    frame: Frame = fakes.submit()
    assert gate.pool.key(frame.command_id, frame.octets, b"acme") is None


def test_a_reload_gives_no_keys_to_what_waits_for_a_pool_of_one() -> None:
    """It would wait beside those that come later, and not in front of them."""
    gate = Hashes()
    gate.pool.change([Member(gate.alpha)], gate.pool_balancer, HOLD, by_destination)
    esme, alpha = gate.esme(), gate.links[gate.alpha]
    for number in (1, 2):
        gate.submits(esme, b"4477", number)
    gate.router.waiting_room.rearrange()
    gate.submits(esme, b"4477", 3)
    gate.answers(alpha)
    gate.answers(alpha)
    assert texts(alpha) == [1, 2, 3]
