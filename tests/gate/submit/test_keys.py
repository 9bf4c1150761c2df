"""Messages with a key wait for the one SMSC of that key, and hold up no others."""

from __future__ import annotations

from typing import Any

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
