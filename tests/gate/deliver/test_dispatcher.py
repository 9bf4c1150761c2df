"""Messages of SMSCs reach a session that serves the number; answers return to their link."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.exchange import Exchange
from smppgate.txsmpp import receipts
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId, Tag
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import AlertNotification, DataSm, DeliverSm, Outbind
from smppgate.txsmpp.states import State
from smppgate.txsmpp.tlv import Tlv
from smppgate.txsmpp.versions import V3_3, V3_4, V5_0, Version
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said

VENDORS = Tlv(0x1400, b"vendor")
NEWER = Tlv(Tag.BROADCAST_AREA_IDENTIFIER, b"\0x")
"""A TLV that only SMPP 5.0 has."""


def data_sm(destination: bytes = b"1000", text: bytes = b"hello", number: int = 9) -> Frame:
    tlvs = (Tlv(Tag.MESSAGE_PAYLOAD, text), VENDORS)
    pdu = DataSm(source_addr=b"4477", destination_addr=destination, tlvs=tlvs)
    return fakes.frame_of(pdu, number)


def part(number: int, reference: int = 7, source: bytes = b"4477", total: int = 3) -> Frame:
    """A part of a long message, by its user data header."""
    header = bytes((5, 0, 3, reference, total, number))
    pdu = DeliverSm(
        source_addr=source,
        destination_addr=b"1000",
        esm_class=0x40,
        short_message=header + b"part %d" % number,
    )
    return fakes.frame_of(pdu, number)


def alert(esme_addr: bytes = b"1000") -> Frame:
    return fakes.frame_of(AlertNotification(source_addr=b"4477", esme_addr=esme_addr))


# The answer


@given(
    st.lists(st.integers(1, 0xFFFFFFFF), min_size=1, max_size=8, unique=True),
    st.randoms(use_true_random=False),
)
def test_each_answer_returns_to_its_own_link_under_its_own_number(
    numbers: list[int], random: Any
) -> None:
    """Four links, two of them to the same SMSC, all using the same numbers."""
    gate = Gate()
    esme = gate.esme(window=100)
    links = [gate.link(m) for m in (gate.alpha, gate.alpha, gate.beta, gate.beta)]
    sent = [(link, number) for link in links for number in numbers]
    random.shuffle(sent)
    for at, (link, number) in enumerate(sent):
        gate.deliver(link, fakes.deliver(b"1000", number, b"%d" % at))
    order = list(range(len(sent)))
    random.shuffle(order)
    for at in order:
        gate.answer(esme, 0x400 + at, b"\0", at)
    for link in links:
        expected = {(n, 0x400 + at) for at, (to, n) in enumerate(sent) if to is link}
        assert set(said(link)) == expected
        assert len(link.answers) == len(numbers)
        assert link.unanswered == 0
    assert gate.router.open_exchanges == 0


@pytest.mark.parametrize("body", [b"\0", b"", b"id\0"])
def test_the_message_id_of_a_deliver_sm_resp_is_empty(body: bytes) -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.deliver(link, fakes.deliver(number=9))
    gate.answer(esme, 0, body)
    assert link.answers == [fakes.raw(CommandId.DELIVER_SM_RESP, 0, 9, b"\0")]


# Who gets it


def test_parts_of_a_long_message_go_to_one_session() -> None:
    """Whatever else comes between them."""
    gate = Gate()
    sessions, link = [gate.esme(window=100) for _ in range(2)], gate.link()
    for number in (1, 2, 3):
        for reference in range(6):
            gate.deliver(link, part(number, reference))
            for _ in range(reference % 3):
                gate.deliver(link, fakes.deliver(b"1000"))
    got = [
        {frame.octets[-9] for frame in session.requests if b"part" in frame.octets}
        for session in sessions
    ]
    assert got[0] | got[1] == set(range(6))
    assert not got[0] & got[1]
    assert got[0]
    assert got[1]


def test_parts_of_messages_with_the_same_reference_of_others_are_other_messages() -> None:
    gate = Gate()
    one, two = gate.esme(), gate.esme()
    link = gate.link()
    gate.deliver(link, part(1, source=b"4477"))
    gate.deliver(link, part(1, source=b"4488"))
    assert (len(one.requests), len(two.requests)) == (1, 1)


def test_where_the_session_of_the_first_part_is_gone_the_rest_go_together() -> None:
    gate = Gate()
    link, first = gate.link(), gate.esme()
    gate.deliver(link, part(1))
    others = [gate.esme(), gate.esme()]
    gate.lose(first)
    gate.deliver(link, part(2))
    gate.deliver(link, part(3))
    assert sorted(len(session.requests) for session in others) == [0, 2]


def test_a_part_whose_session_is_full_does_not_go_to_another() -> None:
    """The SMSC is answered 0x64, to send it again: a part alone is of no use to the other."""
    gate = Gate()
    link, first = gate.link(), gate.esme(window=1)
    gate.deliver(link, part(1))
    second = gate.esme()
    gate.deliver(link, part(2))
    assert second.requests == []
    assert said(link) == [(2, 0x64)]
    gate.answer(first)
    gate.deliver(link, part(2))
    assert len(first.requests) == 2


def test_a_message_on_a_link_of_one_session_goes_to_that_session() -> None:
    """Whatever other session serves the number: the bind was passed through."""
    gate = Gate()
    owner, other, link = gate.esme(gate.other), gate.esme(), gate.link()
    link.owner = owner
    gate.deliver(link, fakes.deliver(b"1000", 9))
    assert (len(owner.requests), other.requests) == (1, [])
    owner.writable = False
    gate.deliver(link, fakes.deliver(b"1000", 10))
    assert said(link) == [(10, 0x64)]
    assert other.requests == []


# alert_notification


def test_an_alert_goes_to_the_esme_of_its_address_and_is_not_answered() -> None:
    gate = Gate()
    one, two, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.deliver(link, alert(b"2000"))
    assert (one.requests, len(two.requests)) == ([], 1)
    assert two.requests[0].octets[16:] == alert(b"2000").octets[16:]
    assert (link.answers, link.unanswered, len(two.outstanding)) == ([], 0, 0)
    assert gate.router.open_exchanges == 0


@pytest.mark.parametrize("version", [V3_3, V3_4])
@pytest.mark.parametrize("esme_addr", [b"3000", b"1000"])
def test_an_alert_that_no_session_can_take_is_dropped_and_counted(
    version: Version, esme_addr: bytes
) -> None:
    """SMPP 3.3 has no such command."""
    gate = Gate()
    esme, link = gate.esme(version=version), gate.link()
    gate.deliver(link, alert(esme_addr))
    taken = version is V3_4 and esme_addr == b"1000"
    assert len(esme.requests) == taken
    assert gate.router.statistics().undeliverable == (not taken)
    assert link.answers == []


def test_an_alert_in_which_no_address_is_found_is_dropped() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.deliver(link, fakes.raw(CommandId.ALERT_NOTIFICATION, 0, 9, b"\0\0cut"))
    assert (esme.requests, link.answers) == ([], [])
    assert gate.router.statistics().undeliverable == 1


def test_an_alert_on_a_link_of_one_session_goes_to_that_session() -> None:
    gate = Gate()
    owner, other, link = gate.esme(gate.other), gate.esme(), gate.link()
    link.owner = owner
    gate.deliver(link, alert(b"1000"))
    assert (len(owner.requests), other.requests) == (1, [])


def test_an_outbind_goes_to_no_session() -> None:
    """Its password, read as an address, could be in the range of an account."""
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.deliver(link, fakes.frame_of(Outbind(system_id=b"smsc", password=b"pw1000")))
    assert (esme.requests, link.answers) == ([], [])


# Peers of different versions


def test_a_data_sm_reaches_an_esme_of_3_3_as_a_deliver_sm() -> None:
    """And the answer to that is the answer to the data_sm."""
    gate = Gate()
    esme, link = gate.esme(version=V3_3), gate.link()
    gate.deliver(link, data_sm())
    (went,) = esme.requests
    pdu = decode(went.octets)
    assert isinstance(pdu, DeliverSm)
    assert (pdu.short_message, pdu.destination_addr, pdu.tlvs) == (b"hello", b"1000", ())
    gate.answer(esme, 0, b"\0")
    assert link.answers == [fakes.raw(CommandId.DATA_SM_RESP, 0, 9, b"\0")]
    assert gate.router.open_exchanges == 0


@pytest.mark.parametrize("pdu", [DeliverSm, DataSm])
def test_a_receipt_in_tlvs_reaches_an_esme_of_3_3_as_a_text(
    pdu: type[DeliverSm] | type[DataSm],
) -> None:
    """Or nothing would be left of it."""
    gate = Gate(tags=True)
    esme, link = gate.esme(version=V3_3), gate.link()
    gate.submitted(esme, link, b"1")
    told = esme.answers[0].octets[16:-1]
    tlvs = (Tlv(Tag.RECEIPTED_MESSAGE_ID, b"1\0"), Tlv(Tag.MESSAGE_STATE, b"\5"))
    gate.deliver(link, fakes.frame_of(pdu(esm_class=fakes.RECEIPT, tlvs=tlvs)))
    (went,) = esme.requests
    receipt = receipts.read(went.octets)
    assert receipt is not None
    assert (receipt.message_id, receipt.stat) == (told, b"UNDELIV")
    assert decode(went.octets).tlvs == ()


@pytest.mark.parametrize("message_id", [b"unknown", b"x" * 300])
def test_a_receipt_without_a_state_does_not_become_one_of_success(message_id: bytes) -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(version=V3_3), gate.link()
    tlvs = (Tlv(Tag.RECEIPTED_MESSAGE_ID, message_id),)
    pdu = DeliverSm(destination_addr=b"1000", esm_class=fakes.RECEIPT, tlvs=tlvs)
    gate.deliver(link, fakes.frame_of(pdu))
    text = decode(esme.requests[0].octets)
    assert isinstance(text, DeliverSm)
    assert text.short_message.startswith(b"id:alpha" + message_id[:20])
    assert b"DELIVRD" not in text.short_message


def test_what_says_nothing_in_tlvs_either_stays_without_a_text() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(version=V3_3), gate.link()
    gate.deliver(link, fakes.deliver(b"1000", esm_class=fakes.RECEIPT))
    gate.deliver(link, fakes.deliver(b"1000"))
    for frame in esme.requests:
        pdu = decode(frame.octets)
        assert isinstance(pdu, DeliverSm)
        assert pdu.short_message == b""


@pytest.mark.parametrize("status", [0x45, 0x58])
def test_a_refusal_of_a_deliver_sm_that_was_a_data_sm_is_one_of_that(status: int) -> None:
    gate = Gate()
    esme, link = gate.esme(version=V3_3), gate.link()
    gate.deliver(link, data_sm())
    gate.answer(esme, status)
    assert link.answers == [fakes.raw(CommandId.DATA_SM_RESP, status, 9)]


def test_a_data_sm_that_is_too_long_for_3_3_is_refused() -> None:
    """Nothing is cut off."""
    gate = Gate()
    esme, link = gate.esme(version=V3_3), gate.link()
    gate.deliver(link, data_sm(text=b"x" * 255))
    assert esme.requests == []
    assert [status for _, status in said(link)] == [0x01]
    assert (link.unanswered, gate.router.open_exchanges) == (0, 0)


@pytest.mark.parametrize(
    ("smsc", "esme", "expected"),
    [
        (V3_4, V3_4, (VENDORS, NEWER)),
        (V5_0, V5_0, (VENDORS, NEWER)),
        (V5_0, V3_4, (VENDORS,)),
        (V3_4, V5_0, (VENDORS, NEWER)),
        (V3_4, V3_3, ()),
        (V5_0, V3_3, ()),
    ],
)
def test_tlvs_go_to_peers_whose_version_has_such(
    smsc: Version, esme: Version, expected: tuple[Tlv, ...]
) -> None:
    """Between peers of one version everything passes. Here and back."""
    gate = Gate()
    session, link = gate.esme(version=esme), gate.link(version=smsc)
    pdu = DeliverSm(destination_addr=b"1000", short_message=b"hello", tlvs=(VENDORS, NEWER))
    gate.deliver(link, fakes.frame_of(pdu))
    went = decode(session.requests[0].octets)
    assert went.tlvs == expected
    submitted = fakes.submit(registered_delivery=1)
    gate.forward(session, submitted)
    gate.answer(link, 0, b"1\0\x14\0\0\6vendor")
    answer = decode(session.answers[0].octets)
    assert answer.tlvs == ((VENDORS,) if esme is not V3_3 else ())


def test_tlvs_of_a_newer_version_may_be_passed_by_choice() -> None:
    gate = Gate(pass_newer_tlvs=True)
    session, link = gate.esme(version=V3_4), gate.link(version=V5_0)
    pdu = DeliverSm(destination_addr=b"1000", tlvs=(NEWER,))
    gate.deliver(link, fakes.frame_of(pdu))
    assert decode(session.requests[0].octets).tlvs == (NEWER,)


def test_a_message_of_an_esme_goes_to_an_smsc_of_3_3_without_tlvs() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link(version=V3_3)
    frame = fakes.submit(text=b"hello")
    gate.forward(esme, fakes.raw(frame.command_id, 0, 1, frame.octets[16:] + b"\x14\0\0\1x"))
    assert link.requests[0].octets[16:] == frame.octets[16:]
    gate.answer(link, 0, b"1\0")
    assert said(esme) == [(1, 0)]


@pytest.mark.parametrize("command", [CommandId.DATA_SM, CommandId.BROADCAST_SM])
def test_a_command_goes_to_an_smsc_that_knows_it(command: int) -> None:
    """The other one has more room, and cannot be asked."""
    gate = Gate()
    gate.alpha.commands, gate.beta.commands = V3_3.commands, V5_0.commands
    esme = gate.esme(version=V5_0)
    alpha = gate.link(window=100, version=V3_3)
    beta = gate.link(gate.beta, version=V5_0)
    for _ in range(3):
        gate.forward(esme, fakes.raw(command, 0, 1, b"\0" * 12))
    assert (len(alpha.requests), len(beta.requests)) == (0, 3)
    gate.lose(beta)
    esme.answers.clear()
    gate.forward(esme, fakes.raw(command, 0, 7, b"\0" * 12))
    assert said(esme) == [(7, 0x08)]


# Queues


def partial_receipt(message_id: bytes, number: int) -> Frame:
    """A receipt that repeats which part of which message its message was."""
    tlvs = (
        Tlv.of(Tag.SAR_MSG_REF_NUM, 7),
        Tlv.of(Tag.SAR_TOTAL_SEGMENTS, 2),
        Tlv.of(Tag.SAR_SEGMENT_SEQNUM, 1),
    )
    pdu = DeliverSm(
        source_addr=b"4477",
        destination_addr=b"9000",
        esm_class=fakes.RECEIPT,
        short_message=b"id:" + message_id + b" stat:DELIVRD err:000",
        tlvs=tlvs,
    )
    return fakes.frame_of(pdu, number)


def test_what_waits_for_two_accounts_and_reads_as_parts_of_one_message_goes_to_both() -> None:
    gate = Gate(tags=True)
    link = gate.link()
    for account in (gate.acme, gate.other):
        gate.router.queues.add(cast(Any, account), 10, 1000.0)
        esme = gate.esme(account)
        gate.submitted(esme, link, account.system_id.encode())
        gate.lose(esme)
    gate.router.queues.start()
    gate.deliver(link, partial_receipt(b"acme", 1))
    gate.deliver(link, partial_receipt(b"other", 2))
    gate.clock.pump([0.1] * 3)
    esmes = [gate.esme(gate.acme), gate.esme(gate.other)]
    gate.clock.pump([0.1] * 5)
    texts = [[r.octets.partition(b"id:")[2].split()[0] for r in e.requests] for e in esmes]
    assert texts == [[b"alphaacme"], [b"alphaother"]]
    gate.router.queues.stop()


class FakeQueue:
    """A queue that remembers what it was given, and answers when the test says so."""

    name = b"acme"

    def __init__(self, holds: bool = False) -> None:
        self.holds = holds
        self.is_closing = False
        self.taken: list[tuple[Exchange, bytes]] = []

    def put(self, exchange: Exchange, octets: bytes) -> None:
        self.taken.append((exchange, octets))

    def answer(self, status: int = 0) -> None:
        exchange, _ = self.taken[-1]
        exchange.answered(Frame.of(exchange.resp(status, b"\0")), 0.0)


def with_queue(holds: bool = False) -> tuple[Gate, FakeQueue, FakeSession]:
    gate, queue = Gate(tags=True), FakeQueue(holds)
    gate.router.dispatcher.queues = {gate.acme: queue}  # type: ignore[dict-item]
    return gate, queue, gate.link()


def test_a_message_that_no_session_can_take_goes_to_the_queue_of_the_account() -> None:
    """It is open until the queue has it; then the SMSC is answered under its own number."""
    gate, queue, link = with_queue()
    message = fakes.deliver(b"1000", 9)
    gate.deliver(link, message)
    assert [octets for _, octets in queue.taken] == [message.octets]
    assert (link.answers, link.unanswered, gate.router.open_exchanges) == ([], 1, 1)
    queue.answer()
    assert (said(link), link.unanswered, gate.router.open_exchanges) == ([(9, 0)], 0, 0)


def test_a_message_that_a_session_can_take_does_not_go_to_the_queue() -> None:
    gate, queue, link = with_queue()
    esme = gate.esme()
    gate.deliver(link, fakes.deliver(b"1000"))
    assert (len(esme.requests), queue.taken) == (1, [])


def test_a_queue_that_closes_takes_only_what_has_to_go_behind_waiting_messages() -> None:
    gate, queue, link = with_queue(holds=True)
    queue.is_closing = True
    gate.deliver(link, fakes.deliver(b"1000", 5))
    assert [(frame.sequence_number, frame.command_status) for frame in link.answers] == [(5, 0x64)]
    assert not queue.taken
    gate.esme()
    gate.deliver(link, fakes.deliver(b"1000", 6))
    assert len(queue.taken) == 1
    assert len(link.answers) == 1


def test_what_comes_while_the_queue_holds_something_goes_behind_it() -> None:
    gate, queue, link = with_queue(holds=True)
    esme = gate.esme()
    gate.deliver(link, fakes.deliver(b"1000"))
    assert (esme.requests, len(queue.taken)) == ([], 1)


def test_the_queue_of_one_account_does_not_delay_another_account() -> None:
    """Both serve the number, and the one that is there takes it."""
    gate, queue, link = with_queue(holds=True)
    gate.router.ranges.add("2*", cast(Any, gate.acme))
    esme = gate.esme(gate.other)
    gate.deliver(link, fakes.deliver(b"2000"))
    assert (len(esme.requests), queue.taken) == (1, [])


def test_the_queue_of_an_account_with_sessions_is_preferred() -> None:
    gate, queue, link = with_queue(holds=True)
    gate.router.ranges.add("1*", cast(Any, gate.other))
    others = FakeQueue()
    gate.router.dispatcher.queues = {gate.acme: queue, gate.other: others}  # type: ignore[dict-item]
    gate.esme(gate.other, window=0)
    gate.deliver(link, fakes.deliver(b"1000"))
    assert (len(others.taken), queue.taken) == (1, [])


def test_an_account_without_a_queue_is_refused_as_before() -> None:
    gate, queue, link = with_queue(holds=True)
    gate.deliver(link, fakes.deliver(b"2000", 9))
    assert (said(link), queue.taken) == ([(9, 0x64)], [])


def test_a_receipt_waits_there_under_the_id_that_the_esme_was_given() -> None:
    """Its own account's queue, and no other's, whatever its destination."""
    gate, queue, link = with_queue()
    esme, _ = gate.esme(), gate.esme(gate.other)
    gate.submitted(esme, link, b"1")
    gate.lose(esme)
    gate.deliver(link, fakes.receipt(b"1", b"2000", number=9))
    assert queue.taken[0][1] == fakes.receipt(b"alpha1", b"2000", number=9).octets
    queue.answer()
    assert said(link) == [(9, 0)]


def test_a_message_to_a_receiver_that_is_full_goes_to_the_queue() -> None:
    gate, queue, link = with_queue()
    gate.esme(window=0)
    gate.esme(state=State.BOUND_TX)
    gate.deliver(link, fakes.deliver(b"1000"))
    assert len(queue.taken) == 1
