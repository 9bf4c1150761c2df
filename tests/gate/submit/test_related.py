"""Parts of one long message go to one link, and the steps of a dialogue stay together."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

import pytest

from smppgate.routing.admin_state import AdminState
from smppgate.routing.smscs.balancers import LeastOutstanding
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import DeliverSm, SubmitSm, Tlv
from smppgate.txsmpp.states import State
from tests.gate.submit.test_waiting_room import Waits
from tests.routing.fakes import FakeSession, frame_of, said

SOURCE, TO = b"1000", b"447700900123"


def part(
    number: int,
    reference: int = 7,
    total: int = 5,
    source: bytes = SOURCE,
    to: bytes = TO,
    sequence: int = 0,
    text: bytes = b"",
) -> Frame:
    """A part of a long message; its sequence number is that of the part by default."""
    header = bytes((5, 0, 3, reference, total, number))
    pdu = SubmitSm(
        source_addr=source, destination_addr=to, esm_class=0x40, short_message=header + text
    )
    return frame_of(pdu, sequence or number)


def longer(frame: Frame) -> Frame:
    """With an address of 65 octets in place of `TO`."""
    octets = frame.octets.replace(TO, b"4" * 65)
    return Frame.of(len(octets).to_bytes(4, "big") + octets[4:])


def numbers(link: FakeSession) -> list[int]:
    """The parts that a link was sent."""
    return [frame.octets[frame.octets.index(b"\5\0\3") + 5] for frame in link.requests]


class Parts(Waits):
    """A gate with a link to each of ``alpha`` and ``beta``."""

    def __init__(self, window: int = 10, hold: float = 5.0, **options: Any) -> None:
        super().__init__(hold, window, **options)
        self.second = self.link(self.beta, window=window)

    @property
    def links(self) -> tuple[FakeSession, FakeSession]:
        """Both of them."""
        return self.first, self.second

    def sends(self, esme: FakeSession, *frames: Frame) -> None:
        """An ESME sends them in one go."""
        for frame in frames:
            self.forward(esme, frame)

    def begun(self, esme: FakeSession) -> tuple[FakeSession, FakeSession]:
        """An ESME sends the first part; the link that got it, and the other."""
        self.sends(esme, part(1))
        return self.links if self.first.requests else self.links[::-1]


def test_all_parts_go_to_the_link_of_the_first() -> None:
    """Though other messages go to the less loaded one."""
    gate = Parts(window=20)
    esme = gate.esme(window=50)
    own, other = gate.begun(esme)
    for number in range(2, 6):
        gate.submits(esme, 100 + number)
        gate.sends(esme, part(number))
    assert [n for n in (1, 2, 3, 4, 5) if part(n).octets[16:] in bodies(own)] == [1, 2, 3, 4, 5]
    assert not any(part(n).octets[16:] in bodies(other) for n in range(1, 6))


def bodies(link: FakeSession) -> list[bytes]:
    return [frame.octets[16:] for frame in link.requests]


def test_parts_come_over_several_sessions_of_the_account_out_of_order() -> None:
    gate = Parts()
    one, two = gate.esme(), gate.esme()
    gate.sends(one, part(3), part(1))
    gate.sends(two, part(5), part(2), part(4))
    own, other = gate.links if gate.first.requests else gate.links[::-1]
    assert sorted(numbers(own)) == [1, 2, 3, 4, 5]
    assert other.requests == []


def test_equal_references_of_two_accounts_are_two_messages() -> None:
    gate = Parts()
    for account in (gate.acme, gate.other):
        gate.sends(gate.esme(account), part(1), part(2))
    assert [numbers(link) for link in gate.links] == [[1, 2], [1, 2]]


@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_interleaved_messages_are_each_whole_on_one_link(seed: int) -> None:
    """Of two senders with equal references, over two sessions, out of order."""
    chance = Random(seed)
    gate = Parts(window=7)
    links = [*gate.links, gate.link(gate.beta, window=7), gate.link(window=7)]
    sessions = [gate.esme(window=30), gate.esme(window=30)]
    sequences = count(1)
    todo = [
        (number, at % 256, b"100%d" % sender, b"4477%06d" % (at // 256))
        for at in range(500)
        for sender in (1, 2)
        for number in range(1, 6)
    ]
    # Interleaved as far as an ESME would: 40 messages at a time.
    blocks = [todo[at : at + 200] for at in range(0, len(todo), 200)]
    for block in blocks:
        chance.shuffle(block)
        for number, reference, source, to in block:
            while all(each.unanswered >= each.window for each in sessions):
                answer_one(gate, links, chance)
            esme = next(s for s in chance.sample(sessions, 2) if s.unanswered < s.window)
            sent = part(number, reference, 5, source, to, sequence=next(sequences))
            gate.sends(esme, sent)
    while any(len(link.outstanding) for link in links):
        answer_one(gate, links, chance)
    assert all(status == 0 for esme in sessions for _, status in said(esme))
    whole: dict[Any, set[int]] = {}
    sent_on = 0
    for place, link in enumerate(links):
        for frame in link.requests:
            header = frame.octets.index(b"\5\0\3")
            key = (frame.octets[16 : header - 6], frame.octets[header : header + 5])
            whole.setdefault(key, set()).add(place)
            sent_on += 1
    assert (sent_on, len(whole)) == (5000, 1000)
    assert {len(places) for places in whole.values()} == {1}
    assert gate.router.statistics().split == 0
    assert gate.is_empty()


def answer_one(gate: Parts, links: list[FakeSession], chance: Random) -> None:
    """An SMSC takes one of the messages that it has."""
    link = chance.choice([each for each in links if len(each.outstanding)])
    number = chance.choice(list(link.outstanding.requests))
    request = next(each for each in reversed(link.requests) if each.sequence_number == number)
    link.reply(request, 0, b"id\0", gate.now)
    gate.turn()


# Without room


def test_a_part_waits_for_its_own_link_and_holds_up_nothing_else() -> None:
    gate = Parts(window=1)
    esme = gate.esme()
    own, other = gate.begun(esme)
    gate.sends(esme, part(2))
    gate.submits(esme, 9)
    gate.turn()
    assert numbers(own) == [1]
    assert len(other.requests) == 1
    gate.answers(own)
    assert numbers(own) == [1, 2]
    assert gate.is_empty()


def test_what_comes_later_does_not_take_its_place() -> None:
    gate = Parts(window=1)
    esme, quiet = gate.esme(), gate.esme(gate.other)
    own, other = gate.begun(esme)
    gate.submits(quiet, 8)
    gate.sends(esme, part(2))
    gate.answer(own, 0, b"id\0")
    gate.submits(quiet, 9)
    gate.turn()
    assert numbers(own) == [1, 2]
    assert len(other.requests) == 1


def test_parts_behind_the_first_go_with_it_though_all_have_waited() -> None:
    gate = Parts(window=1)
    esme, busy = gate.esme(), gate.esme(gate.other)
    gate.submits(busy, 8, 9)
    gate.sends(esme, part(1), part(2), part(3))
    gate.answers(gate.first)
    own = gate.first
    assert numbers_of_parts(own) == [1]
    gate.answers(gate.second)
    assert numbers_of_parts(gate.second) == []
    for _ in range(2):
        gate.answers(own)
        gate.turn()
    assert numbers_of_parts(own) == [1, 2, 3]
    gate.answers(own)
    assert gate.is_empty()


def numbers_of_parts(link: FakeSession) -> list[int]:
    parts = [frame.octets for frame in link.requests if b"\5\0\3" in frame.octets]
    return [octets[octets.index(b"\5\0\3") + 5] for octets in parts]


def test_at_the_end_of_hold_a_part_is_answered() -> None:
    """0x58: its SMSC is up and full, whatever others do."""
    gate = Parts(window=1)
    esme = gate.esme()
    gate.begun(esme)
    gate.sends(esme, part(2))
    gate.turn(5.0)
    assert said(esme) == [(2, 0x58)]
    assert gate.is_empty()


def test_without_hold_a_part_without_room_is_answered_at_once() -> None:
    gate = Parts(window=1, hold=0.0)
    esme = gate.esme()
    gate.begun(esme)
    gate.sends(esme, part(2))
    assert said(esme) == [(2, 0x08)]


# Links and SMSCs that go


def test_when_the_link_is_gone_the_same_smsc_gets_the_rest() -> None:
    gate = Parts()
    esme = gate.esme()
    own, other = gate.begun(esme)
    another = gate.link(own.smsc)
    gate.lose(own)
    gate.sends(esme, part(2), part(3))
    assert numbers(another) == [2, 3]
    assert other.requests == []
    assert gate.router.statistics().split == 0


def test_when_the_smsc_is_gone_the_rest_goes_on_elsewhere_and_is_counted() -> None:
    gate = Parts()
    esme = gate.esme()
    own, other = gate.begun(esme)
    gate.lose(own)
    gate.sends(esme, part(2), part(3))
    assert numbers(other) == [2, 3]
    assert gate.router.statistics().split == 1


def test_what_waits_goes_on_elsewhere_when_the_smsc_is_gone() -> None:
    gate = Parts(window=1)
    esme = gate.esme()
    own, other = gate.begun(esme)
    gate.sends(esme, part(2), part(3))
    gate.submits(esme, 9)
    gate.turn()
    gate.lose(own)
    gate.turn()
    assert numbers_of_parts(other) == []
    gate.answers(other)
    gate.turn()
    gate.answers(other)
    gate.turn()
    assert numbers_of_parts(other) == [2, 3]
    gate.answers(other)
    assert gate.is_empty()


@pytest.mark.parametrize("what", ["smsc", "link"])
def test_what_was_begun_still_goes_where_nothing_new_does(what: str) -> None:
    gate = Parts(window=2)
    esme = gate.esme()
    own, other = gate.begun(esme)
    if what == "smsc":
        own.smsc.change_state(AdminState.DRAIN)
    else:
        own.smsc.hold(own, True)
    gate.sends(esme, part(2), part(3), part(1, reference=8))
    gate.turn()
    assert numbers(own) == [1, 2]
    assert numbers(other) == [1]
    gate.answers(own)
    assert numbers(own) == [1, 2, 3]
    assert gate.router.statistics().split == 0


def test_a_reload_takes_what_waits_out_of_a_pool() -> None:
    gate = Parts(window=1)
    esme = gate.esme()
    _, other = gate.begun(esme)
    gate.sends(esme, part(2))
    seats = [each for each in gate.pool.members if each.smsc is other.smsc]
    gate.pool.change(seats, LeastOutstanding, gate.pool.hold)
    gate.room.rearrange()
    gate.turn()
    assert numbers(other) == [2]
    assert gate.is_empty()


# Parts that are turned down


def test_a_part_that_is_turned_down_goes_to_its_own_smsc_again() -> None:
    gate = Parts()
    esme = gate.esme()
    own, other = gate.begun(esme)
    gate.sends(esme, part(2))
    gate.answer(own, 0x58)
    gate.turn()
    assert numbers(own) == [1, 2, 2]
    gate.answer(own, 0x14)
    gate.answer(own, 0x14)
    assert numbers(own) == [1, 2, 2, 2]
    assert said(esme) == [(2, 0x14)]
    assert other.requests == []


def test_the_first_part_that_is_turned_down_goes_elsewhere_and_the_rest_follows() -> None:
    gate = Parts()
    esme = gate.esme()
    own, other = gate.begun(esme)
    gate.answer(own, 0x58)
    gate.sends(esme, part(2), part(3))
    assert (numbers(own), numbers(other)) == ([1], [1, 2, 3])
    assert gate.router.statistics().split == 0


def test_a_message_that_is_turned_down_as_a_whole_goes_elsewhere_as_a_whole() -> None:
    gate = Parts(window=2)
    esme = gate.esme()
    own, other = gate.begun(esme)
    gate.sends(esme, part(2))
    first, second = own.requests
    own.window = 0
    for request in (first, second):
        own.reply(request, 0x58, b"", gate.now)
    gate.turn()
    gate.turn()
    assert sorted(numbers(other)) == [1, 2]
    assert gate.is_empty()


# How long, and for what


def test_after_affinity_ttl_a_part_goes_anywhere() -> None:
    gate = Parts(affinity_ttl=60.0)
    esme = gate.esme()
    own, other = gate.begun(esme)
    gate.turn(59.0)
    gate.sends(esme, part(2))
    gate.turn(61.0)
    gate.sends(esme, part(3))
    assert (numbers(own), numbers(other)) == ([1, 2], [3])


def test_plain_messages_and_single_parts_are_not_kept() -> None:
    gate = Parts()
    esme = gate.esme()
    gate.submits(esme, 1)
    gate.sends(esme, part(1, total=1), longer(part(1)))
    assert gate.router.statistics().related == 0
    assert gate.router.statistics().related_octets == 0
    gate.begun(esme)
    assert gate.router.statistics().related == 1


def test_what_is_kept_is_bounded() -> None:
    gate = Parts(window=5000)
    gate.router.related._messages.most_octets = 10_000
    esme = gate.esme(window=5000)
    for number in range(100):
        gate.sends(esme, part(1, to=b"4477%06d" % number, sequence=number + 1))
    assert 0 < gate.router.statistics().related_octets <= 10_000


# Dialogues

STAR = b"1555"
"""A service number of ``acme``."""


def ussd(operation: int, session: int | None = None, is_end: bool = False) -> tuple[Tlv, ...]:
    tlvs = [Tlv(Tag.USSD_SERVICE_OP, bytes((operation,)))] if operation >= 0 else []
    if session is not None:
        tlvs.append(Tlv(Tag.ITS_SESSION_INFO, bytes((session, int(is_end)))))
    return tuple(tlvs)


def from_subscriber(subscriber: bytes, *tlvs: Tlv, number: int = 1) -> Frame:
    return frame_of(DeliverSm(source_addr=subscriber, destination_addr=STAR, tlvs=tlvs), number)


def to_subscriber(subscriber: bytes, *tlvs: Tlv, number: int = 1) -> Frame:
    return frame_of(SubmitSm(source_addr=STAR, destination_addr=subscriber, tlvs=tlvs), number)


def subscriber_of(frame: Frame, at: int) -> bytes:
    return frame.octets[17:].split(b"\0")[at][2:]


@pytest.mark.parametrize("form", ["ussd", "its", "both"])
def test_twenty_interleaved_dialogues_stay_together_in_both_directions(form: str) -> None:
    """Over two SMSCs and two sessions."""
    chance = Random(form)
    gate = Parts(window=100)
    sessions = [gate.esme(window=100), gate.esme(window=100)]
    subscribers = [b"4477009%03d" % each for each in range(20)]
    links = {each: chance.choice(gate.links) for each in subscribers}

    def step(each: bytes, operation: int, is_end: bool = False) -> tuple[Tlv, ...]:
        number = int(each[-3:]) if form != "ussd" else None
        return ussd(operation if form != "its" else -1, number, is_end)

    served: dict[bytes, FakeSession] = {}
    for turn in range(6):
        chance.shuffle(subscribers)
        for each in list(subscribers):
            before = [len(session.requests) for session in sessions]
            gate.deliver(links[each], from_subscriber(each, *step(each, 18 if turn else 1)))
            after = [len(session.requests) for session in sessions]
            (got,) = [s for s, b, a in zip(sessions, before, after, strict=True) if a > b]
            assert served.setdefault(each, got) is got
            gate.answer(got, 0, b"\0")
        chance.shuffle(subscribers)
        for each in subscribers:
            seen = len(links[each].requests)
            is_end = turn == 5
            gate.sends(
                chance.choice(sessions),
                to_subscriber(each, *step(each, 17 if is_end else 2, is_end)),
            )
            assert len(links[each].requests) == seen + 1
            gate.answer(links[each], 0, b"id\0")
    assert {served[each] for each in subscribers} == set(sessions)
    assert gate.router.statistics().split == 0
    gate.turn(6.0)
    dialogues = gate.router.related._dialogues
    assert not any(dialogues.get(key, gate.now) for key in list(dialogues._known))


def test_a_dialogue_that_the_esme_begins_comes_back_to_its_session() -> None:
    gate = Parts()
    sessions = [gate.esme() for _ in range(5)]
    asks = sessions[3]
    gate.sends(asks, to_subscriber(b"4477", *ussd(2)))
    own, _ = gate.links if gate.first.requests else gate.links[::-1]
    for _ in range(3):
        gate.deliver(own, from_subscriber(b"4477", *ussd(18)))
        gate.answer(asks, 0, b"\0")
        gate.sends(asks, to_subscriber(b"4477", *ussd(2)))
    assert len(asks.requests) == 3
    assert len(own.requests) == 4


def test_an_answer_goes_on_a_link_that_may_take_it() -> None:
    """The step came on a receiver."""
    gate = Parts()
    receiver = gate.link(gate.beta, state=State.BOUND_RX)
    esme = gate.esme()
    gate.deliver(receiver, from_subscriber(b"4477", *ussd(1)))
    gate.sends(esme, to_subscriber(b"4477", *ussd(2)))
    assert len(gate.second.requests) == 1


def test_a_session_that_only_sends_gets_no_step() -> None:
    gate = Parts()
    sends, receives = gate.esme(state=State.BOUND_TX), gate.esme(state=State.BOUND_RX)
    gate.sends(sends, to_subscriber(b"4477", *ussd(2)))
    for _ in range(2):
        gate.deliver(gate.first, from_subscriber(b"4477", *ussd(18)))
    assert (len(sends.requests), len(receives.requests)) == (0, 2)


def test_the_session_of_a_dialogue_that_has_ended_gives_way_to_another() -> None:
    gate = Parts()
    sessions = [gate.esme(), gate.esme()]
    gate.deliver(gate.first, from_subscriber(b"4477", *ussd(1)))
    own, other = sessions if sessions[0].requests else sessions[::-1]
    gate.lose(own)
    for _ in range(2):
        gate.deliver(gate.first, from_subscriber(b"4477", *ussd(18)))
    assert len(other.requests) == 2


def test_another_account_has_no_part_in_a_dialogue() -> None:
    gate = Parts()
    esme, stranger = gate.esme(), gate.esme(gate.other)
    gate.sends(stranger, to_subscriber(b"4477", *ussd(2)))
    gate.deliver(gate.first, from_subscriber(b"4477", *ussd(1)))
    assert (len(esme.requests), len(stranger.requests)) == (1, 0)


def test_an_address_that_is_too_long_is_no_name_of_a_dialogue() -> None:
    gate = Parts()
    esme = gate.esme()
    gate.deliver(gate.first, longer(from_subscriber(TO, *ussd(1))))
    gate.sends(esme, longer(to_subscriber(TO, *ussd(2))))
    assert gate.router.statistics().related == 0
    assert len(esme.requests) == 1


def test_a_session_without_room_refuses_a_step_instead_of_another() -> None:
    gate = Parts()
    sessions = [gate.esme(window=1), gate.esme(window=1)]
    gate.deliver(gate.first, from_subscriber(b"4477", *ussd(1), number=1))
    gate.deliver(gate.first, from_subscriber(b"4477", *ussd(18), number=2))
    assert sorted(len(each.requests) for each in sessions) == [0, 1]
    assert said(gate.first) == [(2, 0x64)]


def test_the_answer_goes_where_the_step_that_was_taken_came_from() -> None:
    """A step that is turned down comes on another SMSC's link in between: no ESME has seen it."""
    gate = Parts()
    esme = gate.esme(window=1)
    gate.deliver(gate.second, from_subscriber(b"4477", *ussd(1), number=1))
    gate.deliver(gate.first, from_subscriber(b"4477", *ussd(18), number=2))
    assert said(gate.first) == [(2, 0x64)]
    gate.sends(esme, to_subscriber(b"4477", *ussd(2)))
    assert (len(gate.first.requests), len(gate.second.requests)) == (0, 1)


# Parts that wait, and the shares of accounts


class Floods(Parts):
    """A gate with a link of a window of 1 to ``alpha`` alone, taken by the first of many parts."""

    def __init__(self) -> None:
        super().__init__(window=1, hold=60.0)
        self.lose(self.second)
        self.flood, self.quiet = self.esme(window=100), self.esme(self.other, window=100)
        self.sends(self.flood, part(1, total=50, sequence=1001))

    def floods(self, *numbers: int) -> None:
        """Parts that wait for the link of the first."""
        self.sends(self.flood, *(part(n, total=50, sequence=1000 + n) for n in numbers))

    def serves(self, count: int) -> list[int]:
        """What is sent next: texts, and of parts their numbers and 1000."""
        before = len(self.first.requests)
        for _ in range(count):
            self.answers(self.first)
        return [self._number(frame) for frame in self.first.requests[before:]]

    @staticmethod
    def _number(frame: Frame) -> int:
        at = frame.octets.find(b"\5\0\3")
        return 1000 + frame.octets[at + 5] if at > 0 else int(frame.octets.split(b"\0")[-1][1:])


def test_parts_are_charged_to_the_share_of_their_account() -> None:
    gate = Floods()
    gate.submits(gate.quiet, 1, 2, 3)
    gate.floods(*range(2, 8))
    assert gate.serves(9) == [1002, 1, 1003, 2, 1004, 3, 1005, 1006, 1007]
    assert gate.is_empty()


def test_an_account_of_a_larger_share_has_more_parts_in_a_row() -> None:
    gate = Floods()
    gate.flood.share = 3
    gate.submits(gate.quiet, 1, 2, 3)
    gate.floods(*range(2, 9))
    assert gate.serves(8) == [1002, 1003, 1004, 1, 1005, 1006, 1007, 2]


def test_parts_and_other_messages_of_one_account_have_its_share_together() -> None:
    gate = Floods()
    gate.submits(gate.quiet, 1, 2, 3)
    gate.submits(gate.flood, 11, 12, 13)
    gate.floods(2, 3)
    assert gate.serves(8) == [1002, 1, 1003, 2, 3, 11, 12, 13]


def test_of_one_account_what_has_been_begun_comes_first() -> None:
    gate = Floods()
    gate.submits(gate.flood, 11, 12)
    gate.floods(2, 3, 4)
    assert gate.serves(5) == [1002, 1003, 1004, 11, 12]


def test_parts_do_not_wait_for_others_that_cannot_be_served() -> None:
    """The SMSC is drained: what has been begun goes there, and nothing else."""
    gate = Floods()
    gate.submits(gate.quiet, 1, 2)
    gate.floods(2, 3, 4)
    gate.alpha.change_state(AdminState.DRAIN)
    assert gate.serves(3) == [1002, 1003, 1004]
