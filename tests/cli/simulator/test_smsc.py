"""The simulated SMSC, on real sessions in memory."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandStatus, EsmClass, MessageState, Tag
from smppgate.txsmpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BroadcastSm,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    DistributionList,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    Resp,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from smppgate.txsmpp.receipts import STAT_OF, read
from tests.cli.simulator.simulation import BINDS, Esme, Simulation, message

LATE = 1_000.0
"""Seconds after which everything that was to come has come."""


def ids(esme: Esme) -> list[bytes]:
    """The ids in the answers that came."""
    return [pdu.message_id for pdu in esme.received() if isinstance(pdu, SubmitSmResp)]


def deliveries(esme: Esme) -> list[DeliverSm]:
    """What was delivered since the last time."""
    return [pdu for pdu in esme.received() if isinstance(pdu, DeliverSm)]


# Binds


@pytest.mark.parametrize("kind", BINDS)
def test_anyone_may_bind_in_any_way(kind: Any) -> None:
    esme = Simulation.of(name=b"alpha").connect()
    esme.send(kind(system_id=b"whoever", password=b"whatever", interface_version=0x34))
    (resp,) = esme.received()
    assert resp.command_status == CommandStatus.ESME_ROK
    assert (resp.system_id, resp.tlv(Tag.SC_INTERFACE_VERSION)) == (b"alpha", 0x34)  # type: ignore[attr-defined]


def test_an_esme_of_smpp_3_3_is_sent_no_tlv() -> None:
    """Neither in its bind_resp nor in receipts: SMPP v3.4 §1.6.1."""
    simulation = Simulation.of()
    esme = simulation.connect()
    esme.send(BindTransceiver(system_id=b"acme", interface_version=0x33))
    assert esme.received_one(BindTransceiverResp).tlvs == ()
    esme.send(message(registered_delivery=1))
    (receipt,) = deliveries(esme)
    assert receipt.tlvs == ()
    assert receipt.short_message.startswith(b"id:00000001 ")


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        (b"acme", b"secret", CommandStatus.ESME_ROK),
        (b"bolt", b"secret", CommandStatus.ESME_RINVSYSID),
        (b"acme", b"guess", CommandStatus.ESME_RINVPASWD),
    ],
)
def test_it_can_be_told_whom_to_accept(system_id: bytes, password: bytes, status: int) -> None:
    esme = Simulation.of(system_id=b"acme", password=b"secret").connect()
    esme.send(BindTransceiver(system_id=system_id, password=password))
    assert esme.received_one(BindTransceiverResp).command_status == status
    assert esme.transport.disconnecting is (status != CommandStatus.ESME_ROK)


def test_a_bind_that_cannot_be_read_is_refused() -> None:
    esme = Simulation.of().connect()
    octets = encode(BindTransceiver(system_id=b"acme"))[:20]
    esme.session.dataReceived(bytes((0, 0, 0, 20)) + octets[4:])
    resp = esme.received_one(BindTransceiverResp)
    assert resp.command_status != CommandStatus.ESME_ROK
    assert esme.transport.disconnecting


# Answers


def test_messages_of_one_read_are_answered_at_once_in_order_and_in_one_write() -> None:
    esme = Simulation.of().bind()
    esme.send(message(5), message(9), message(7))
    answers = esme.received()
    assert [pdu.sequence_number for pdu in answers] == [5, 9, 7]
    assert [pdu.command_status for pdu in answers] == [0, 0, 0]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ({}, [b"00000001", b"00000002"]),
        ({"hexadecimal_ids": False}, [b"1", b"2"]),
        ({"id_prefix": b"A-"}, [b"A-00000001", b"A-00000002"]),
    ],
)
def test_ids_are_written_as_wished(behaviour: dict[str, Any], expected: list[bytes]) -> None:
    esme = Simulation.of(**behaviour).bind()
    esme.send(message(1), message(2))
    assert ids(esme) == expected


def test_data_sm_and_submit_multi_are_answered_with_ids_of_their_own() -> None:
    esme = Simulation.of().bind()
    destinations = (SmeAddress(destination_addr=b"1"), DistributionList(dl_name=b"all"))
    esme.send(DataSm(sequence_number=1), SubmitMulti(sequence_number=2, dest_address=destinations))
    assert esme.received() == [
        DataSmResp(sequence_number=1, message_id=b"00000001"),
        SubmitMultiResp(sequence_number=2, message_id=b"00000002"),
    ]


def test_an_answer_takes_its_time() -> None:
    simulation = Simulation.of(latency=0.5)
    esme = simulation.bind()
    esme.send(message())
    simulation.clock.advance(0.49)
    assert esme.received() == []
    simulation.clock.advance(0.02)
    assert len(esme.received()) == 1


def test_many_delayed_answers_share_one_timer() -> None:
    simulation = Simulation.of(latency=0.5, jitter=0.1, receipt_delay=1.0)
    esme = simulation.bind()
    before = len(simulation.clock.getDelayedCalls())
    esme.send(*(message(number, 1) for number in range(1, 1001)))
    assert len(simulation.clock.getDelayedCalls()) == before + 1


def order_of_answers(seed: int) -> list[int]:
    simulation = Simulation.of(seed, latency=0.5, jitter=0.4)
    esme = simulation.bind()
    esme.send(*(message(number) for number in range(1, 51)))
    simulation.clock.pump([0.01] * 100)
    return [pdu.sequence_number for pdu in esme.received()]


def test_jitter_lets_answers_change_places_in_the_same_way_for_the_same_seed() -> None:
    order = order_of_answers(1)
    assert sorted(order) == list(range(1, 51))
    assert order != sorted(order)
    assert order == order_of_answers(1)
    assert order != order_of_answers(2)


def test_messages_are_refused_as_often_as_wished_without_id_and_receipt() -> None:
    statuses = (CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RINVDSTADR)
    simulation = Simulation.of(error_rate=0.5, error_statuses=statuses)
    esme = simulation.bind()
    esme.send(*(message(number, 1) for number in range(1, 401)))
    answers = [pdu for pdu in esme.received() if isinstance(pdu, SubmitSmResp)]
    refused = [pdu for pdu in answers if pdu.command_status]
    assert len(answers) == 400
    assert 150 < len(refused) < 250
    assert {pdu.command_status for pdu in refused} == set(statuses)
    assert not any(pdu.has_body for pdu in refused)
    statistics = simulation.smsc.statistics()
    assert (statistics.counts.refused, statistics.counts.receipts) == (
        len(refused),
        400 - len(refused),
    )


def test_a_message_that_cannot_be_read_is_refused_and_the_session_goes_on() -> None:
    esme = Simulation.of().bind()
    octets = encode(message(3))[:24]
    esme.session.dataReceived(bytes((0, 0, 0, 24)) + octets[4:])
    esme.send(message(4))
    bad, good = esme.received()
    assert bad.command_status == CommandStatus.ESME_RINVREGDLVFLG
    assert (good.command_status, good.sequence_number) == (CommandStatus.ESME_ROK, 4)


def test_with_a_full_queue_messages_are_refused() -> None:
    simulation = Simulation.of(latency=0.5, queue=2)
    esme = simulation.bind()
    esme.send(message(1), message(2), message(3))
    assert [(pdu.sequence_number, pdu.command_status) for pdu in esme.received()] == [
        (3, CommandStatus.ESME_RMSGQFUL)
    ]
    simulation.clock.advance(1)
    assert [pdu.sequence_number for pdu in esme.received()] == [1, 2]


def test_what_it_does_not_know_it_says_so() -> None:
    esme = Simulation.of().bind()
    esme.send(BroadcastSm(sequence_number=8))
    (resp,) = esme.received()
    assert resp.command_status == CommandStatus.ESME_RINVCMDID


# Receipts


def test_a_receipt_follows_the_answer_and_tells_it_in_text_and_tlvs() -> None:
    simulation = Simulation.of()
    simulation.clock.advance(86_400 * 365)
    esme = simulation.bind()
    esme.send(message(1, 1, service_type=b"CMT", source_addr_ton=5, dest_addr_ton=1))
    resp, receipt = esme.received()
    assert isinstance(resp, SubmitSmResp)
    assert isinstance(receipt, DeliverSm)
    assert receipt.esm_class == EsmClass.MC_DELIVERY_RECEIPT
    assert (receipt.source_addr_ton, receipt.source_addr) == (1, b"447700900123")
    assert (receipt.dest_addr_ton, receipt.destination_addr) == (5, b"1001")
    assert receipt.service_type == b"CMT"
    assert receipt.short_message == (
        b"id:00000001 sub:001 dlvrd:001 submit date:7101010000 done date:7101010000 "
        b"stat:DELIVRD err:000 text:hello"
    )
    assert receipt.tlv(Tag.RECEIPTED_MESSAGE_ID) == resp.message_id
    assert receipt.tlv(Tag.MESSAGE_STATE) == MessageState.DELIVERED


@pytest.mark.parametrize(
    ("registered_delivery", "receipts"), [(0, 0), (1, 1), (2, 0), (3, 1), (4, 0), (0x11, 1)]
)
def test_only_who_asks_for_a_receipt_gets_one(registered_delivery: int, receipts: int) -> None:
    """2 is for failures only, and the rest is not the SMSC's: SMPP v3.4 §5.2.17."""
    esme = Simulation.of().bind()
    esme.send(message(1, registered_delivery))
    assert len(deliveries(esme)) == receipts


def test_a_data_sm_gets_its_receipt_and_a_submit_multi_one_for_each_number() -> None:
    esme = Simulation.of().bind()
    one, two = SmeAddress(destination_addr=b"1"), SmeAddress(destination_addr=b"2")
    everyone = (one, two, DistributionList(dl_name=b"all"))
    esme.send(DataSm(destination_addr=b"3", registered_delivery=1))
    esme.send(SubmitMulti(dest_address=everyone, registered_delivery=1))
    told = [(pdu.source_addr, pdu.tlv(Tag.RECEIPTED_MESSAGE_ID)) for pdu in deliveries(esme)]
    assert told == [(b"3", b"00000001"), (b"1", b"00000002"), (b"2", b"00000002")]


def test_a_text_that_is_not_ascii_is_left_out_of_the_receipt() -> None:
    esme = Simulation.of().bind()
    esme.send(SubmitSm(registered_delivery=1, short_message=b"\xff"))
    (receipt,) = deliveries(esme)
    assert receipt.short_message.endswith(b"text:")


def test_receipts_go_to_a_receiver_of_the_same_system_id() -> None:
    simulation = Simulation.of()
    transmitter = simulation.bind(BindTransmitter)
    stranger = simulation.bind(BindTransceiver, b"bolt")
    receiver = simulation.bind(BindReceiver)
    transmitter.send(message(1, 1))
    assert len(deliveries(receiver)) == 1
    assert [type(pdu) for pdu in transmitter.received()] == [SubmitSmResp]
    assert stranger.received() == []


def test_a_receipt_waits_for_a_receiver() -> None:
    simulation = Simulation.of()
    transmitter = simulation.bind(BindTransmitter)
    transmitter.send(message(1, 1))
    assert simulation.smsc.statistics().waiting == 1
    receiver = simulation.connect()
    receiver.send(BindReceiver(system_id=b"acme"))
    assert len(deliveries(receiver)) == 1
    assert simulation.smsc.statistics().waiting == 0


def test_a_share_of_the_receipts_may_be_left_out() -> None:
    esme = Simulation.of(receipts=0.25, window=1000).bind()
    esme.send(*(message(number, 1) for number in range(1, 401)))
    assert 60 < len(deliveries(esme)) < 140


def test_a_receipt_never_comes_before_its_answer() -> None:
    simulation = Simulation.of(latency=0.5, jitter=0.4, window=1000)
    esme = simulation.bind()
    esme.send(*(message(number, 1) for number in range(1, 101)))
    simulation.clock.pump([0.01] * 100)
    given: set[object] = set()
    reported = 0
    for pdu in esme.received():
        if isinstance(pdu, SubmitSmResp):
            given.add(pdu.message_id)
        else:
            assert pdu.tlv(Tag.RECEIPTED_MESSAGE_ID) in given
            reported += 1
    assert (len(given), reported) == (100, 100)


def test_no_more_receipts_are_unanswered_than_the_window_allows() -> None:
    esme = Simulation.of(window=2).bind()
    esme.send(*(message(number, 1) for number in range(1, 6)))
    first = deliveries(esme)
    assert len(first) == 2
    esme.answer(first[0])
    assert len(deliveries(esme)) == 1


def test_receipts_that_find_the_queue_full_are_dropped_and_counted() -> None:
    simulation = Simulation.of(window=1, queue=2)
    esme = simulation.bind()
    esme.send(*(message(number, 1) for number in range(1, 6)))
    statistics = simulation.smsc.statistics()
    assert (statistics.waiting, statistics.counts.dropped, statistics.counts.receipts) == (2, 2, 5)


def test_delayed_receipts_that_find_the_queue_full_are_dropped_and_counted() -> None:
    simulation = Simulation.of(receipt_delay=5.0, queue=2)
    esme = simulation.bind()
    esme.send(*(message(number, 1) for number in range(1, 6)))
    assert simulation.smsc.statistics().counts.dropped == 3


def test_an_esme_that_does_not_read_is_sent_nothing_until_it_does() -> None:
    simulation = Simulation.of()
    transmitter, receiver = simulation.bind(BindTransmitter), simulation.bind(BindReceiver)
    receiver.session.pauseProducing()
    transmitter.send(message(1, 1))
    assert receiver.received() == []
    receiver.session.resumeProducing()
    simulation.clock.advance(0)
    assert len(deliveries(receiver)) == 1


def test_a_receipt_that_cannot_be_taken_now_comes_again() -> None:
    simulation = Simulation.of()
    esme = simulation.bind()
    esme.send(message(1, 1))
    (first,) = deliveries(esme)
    esme.answer(first, status=CommandStatus.ESME_RX_T_APPN)
    assert deliveries(esme) == []
    simulation.clock.advance(1)
    (second,) = deliveries(esme)
    assert second.short_message == first.short_message
    esme.answer(second)
    simulation.clock.advance(LATE)
    statistics = simulation.smsc.statistics()
    assert (statistics.counts.delivered, statistics.counts.repeated) == (1, 1)
    assert deliveries(esme) == []


def test_a_receipt_is_not_sent_again_for_ever() -> None:
    simulation = Simulation.of()
    esme = simulation.bind()
    esme.send(message(1, 1))
    sent = 0
    for _ in range(100):
        came = deliveries(esme)
        sent += len(came)
        esme.answer(*came, status=CommandStatus.ESME_RX_T_APPN)
        simulation.clock.advance(1)
    assert sent == 20
    assert simulation.smsc.statistics().counts.delivery_failures == 1


def test_a_receipt_that_is_refused_for_good_does_not_come_again() -> None:
    simulation = Simulation.of()
    esme = simulation.bind()
    esme.send(message(1, 1))
    esme.answer(*deliveries(esme), status=CommandStatus.ESME_RX_R_APPN)
    simulation.clock.advance(10)
    assert deliveries(esme) == []
    assert simulation.smsc.statistics().counts.delivery_failures == 1


def test_a_receipt_that_was_under_way_when_the_session_broke_comes_again() -> None:
    simulation = Simulation.of()
    esme = simulation.bind()
    esme.send(message(1, 1))
    (lost,) = deliveries(esme)
    esme.session.connectionLost(Failure(ConnectionDone()))
    other = simulation.bind()
    simulation.clock.advance(1)
    (again,) = deliveries(other)
    assert again.short_message == lost.short_message


# What becomes of messages


def test_a_message_is_under_way_and_then_delivered() -> None:
    simulation = Simulation.of(receipt_delay=5.0)
    esme = simulation.bind()
    esme.send(message(1))
    (message_id,) = ids(esme)
    esme.send(QuerySm(message_id=message_id))
    assert esme.received_one(QuerySmResp).message_state == MessageState.ENROUTE
    simulation.clock.advance(5)
    esme.send(QuerySm(message_id=message_id))
    resp = esme.received_one(QuerySmResp)
    assert (resp.message_state, resp.final_date) == (
        MessageState.DELIVERED,
        b"700101000005000+",
    )


def test_a_message_can_be_cancelled_while_it_is_under_way() -> None:
    simulation = Simulation.of(receipt_delay=5.0)
    esme = simulation.bind()
    esme.send(message(1, 1))
    (message_id,) = ids(esme)
    esme.send(CancelSm(message_id=message_id))
    assert esme.received_one(CancelSmResp).command_status == CommandStatus.ESME_ROK
    esme.send(QuerySm(message_id=message_id))
    assert esme.received_one(QuerySmResp).message_state == MessageState.DELETED
    simulation.clock.advance(5)
    receipt = read(encode(esme.received_one(DeliverSm)))
    assert receipt is not None
    assert (receipt.stat, receipt.dlvrd, receipt.state) == (
        b"DELETED",
        b"000",
        MessageState.DELETED,
    )


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        (QuerySm, CommandStatus.ESME_RQUERYFAIL),
        (CancelSm, CommandStatus.ESME_RCANCELFAIL),
        (ReplaceSm, CommandStatus.ESME_RREPLACEFAIL),
    ],
)
def test_an_id_never_given_is_refused(request_of: Any, status: int) -> None:
    esme = Simulation.of(receipt_delay=5.0).bind()
    esme.send(message(1))
    ids(esme)
    for unknown in (b"00000002", b"nonsense", b"1", b""):
        esme.send(request_of(message_id=unknown))
        assert esme.received_one(Resp).command_status == status


def test_a_message_can_be_replaced_until_it_is_delivered() -> None:
    simulation = Simulation.of(receipt_delay=5.0)
    esme = simulation.bind()
    esme.send(message(1))
    (message_id,) = ids(esme)
    statuses = []
    for seconds in (0, 5):
        simulation.clock.advance(seconds)
        esme.send(ReplaceSm(message_id=message_id))
        statuses.append(esme.received_one(Resp).command_status)
    assert statuses == [CommandStatus.ESME_ROK, CommandStatus.ESME_RREPLACEFAIL]


def test_a_query_without_an_end_to_its_id_is_refused() -> None:
    esme = Simulation.of().bind()
    octets = encode(QuerySm(message_id=b"12"))[:18]
    esme.session.dataReceived(bytes((0, 0, 0, 18)) + octets[4:])
    assert esme.received_one(Resp).command_status == CommandStatus.ESME_RINVMSGID


# Mobile-originated messages


def test_mobile_originated_messages_come_at_their_rate_to_receivers() -> None:
    simulation = Simulation.of(mo_rate=50.0, mo_destinations=(b"1001", b"2002"), window=1000)
    transmitter, receiver = simulation.bind(BindTransmitter), simulation.bind(BindReceiver)
    simulation.clock.pump([0.02] * 100)
    came = deliveries(receiver)
    assert len(came) == 100
    assert {pdu.destination_addr for pdu in came} == {b"1001", b"2002"}
    assert {pdu.esm_class for pdu in came} == {0}
    assert transmitter.received() == []
    assert simulation.smsc.statistics().counts.mobile_originated == 100


def test_they_are_shared_by_all_who_receive() -> None:
    simulation = Simulation.of(mo_rate=50.0)
    esmes = [simulation.bind(system_id=name) for name in (b"acme", b"bolt")]
    simulation.clock.pump([0.02] * 50)
    assert [len(deliveries(esme)) for esme in esmes] == [25, 25]


def test_without_a_receiver_there_are_none() -> None:
    simulation = Simulation.of(mo_rate=50.0)
    simulation.bind(BindTransmitter)
    simulation.clock.pump([0.02] * 50)
    assert simulation.smsc.statistics().counts.mobile_originated == 0


# The end


def test_statistics_tell_what_was_done() -> None:
    simulation = Simulation.of()
    esme = simulation.bind()
    simulation.connect()
    esme.send(message(1), message(2, 1))
    esme.answer(*deliveries(esme))
    statistics = simulation.smsc.statistics()
    assert (statistics.sessions, statistics.counts.taken) == (1, 2)
    assert (statistics.counts.receipts, statistics.counts.delivered, statistics.waiting) == (
        1,
        1,
        0,
    )


def test_an_unbind_waits_for_answers_that_take_their_time() -> None:
    simulation = Simulation.of(latency=0.5)
    esme = simulation.bind()
    esme.send(message(1))
    esme.send(Unbind(sequence_number=2))
    assert esme.received() == []
    simulation.clock.advance(0.6)
    resp, unbound = esme.received()
    assert (type(resp), type(unbound)) == (SubmitSmResp, UnbindResp)


def test_stopped_it_unbinds_its_sessions_and_leaves_nothing_to_be_done() -> None:
    simulation = Simulation.of(latency=5.0, mo_rate=1.0)
    esme = simulation.bind()
    esme.send(message(1))
    stopped = simulation.smsc.stopService()
    simulation.clock.advance(0)
    unbind = esme.received_one(Unbind)
    esme.send(UnbindResp(sequence_number=unbind.sequence_number))
    esme.session.connectionLost(Failure(ConnectionDone()))
    assert stopped.called
    assert not simulation.smsc.sessions
    assert simulation.clock.getDelayedCalls() == []


def test_an_esme_that_does_not_answer_the_unbind_is_cut_off() -> None:
    simulation = Simulation.of()
    esme = simulation.bind()
    stopped = simulation.smsc.stopService()
    simulation.clock.advance(1)
    assert stopped.called
    assert esme.transport.disconnected


def test_a_session_that_has_ended_receives_nothing() -> None:
    simulation = Simulation.of()
    transmitter, receiver = simulation.bind(BindTransmitter), simulation.bind(BindReceiver)
    receiver.session.connectionLost(Failure(ConnectionDone()))
    transmitter.send(message(1, 1))
    assert deliveries(receiver) == []
    assert simulation.smsc.statistics().waiting == 1


def test_the_password_is_not_shown() -> None:
    simulation = Simulation.of(password=b"secret")
    assert "secret" not in repr(simulation.smsc.behaviour)


# Trouble


def stats(esme: Esme) -> list[bytes]:
    """The words in the receipts that came."""
    found = [read(encode(pdu)) for pdu in deliveries(esme)]
    return [receipt.stat for receipt in found if receipt is not None]


def test_some_messages_end_in_other_states() -> None:
    """Receipts and query_sm say the same of each."""
    states = ((MessageState.UNDELIVERABLE, 0.3), (MessageState.EXPIRED, 0.2))
    simulation = Simulation.of(states=states, window=1000)
    esme = simulation.bind()
    esme.send(*(message(number, 1) for number in range(1, 401)))
    received = [pdu for pdu in esme.received() if isinstance(pdu, DeliverSm)]
    receipts = [read(encode(pdu)) for pdu in received]
    words = Counter(receipt.stat for receipt in receipts if receipt is not None)
    assert 80 < words[b"UNDELIV"] < 160
    assert 50 < words[b"EXPIRED"] < 110
    assert words.total() == 400
    esme.answer(*received)
    for receipt in receipts[:20]:
        assert receipt is not None
        assert receipt.err == (b"000" if receipt.stat == b"DELIVRD" else b"001")
        esme.send(QuerySm(message_id=receipt.message_id))
        assert STAT_OF[esme.received_one(QuerySmResp).message_state] == receipt.stat


@pytest.mark.parametrize(
    ("share", "asked", "expected"),
    [
        (1.0, 1, [b"REJECTD"]),
        (1.0, 2, [b"REJECTD"]),
        (1.0, 3, []),
        (0.0, 2, []),
        (0.0, 3, [b"DELIVRD"]),
    ],
)
def test_a_receipt_comes_where_its_state_was_asked_for(
    share: float, asked: int, expected: list[bytes]
) -> None:
    """SMPP v3.4 §5.2.17: always, on failure, or (v5.0) on success."""
    esme = Simulation.of(states=((MessageState.REJECTED, share),)).bind()
    esme.send(message(1, asked))
    assert stats(esme) == expected


def test_some_messages_are_never_answered_and_have_no_receipt() -> None:
    simulation = Simulation.of(silence=0.5, window=1000)
    esme = simulation.bind()
    esme.send(*(message(number, 1) for number in range(1, 201)))
    answers = [pdu for pdu in esme.received() if isinstance(pdu, SubmitSmResp)]
    counts = simulation.smsc.counts
    assert 60 < counts.unanswered < 140
    assert len(answers) == counts.taken == counts.receipts == 200 - counts.unanswered


def test_messages_over_a_rate_are_throttled() -> None:
    simulation = Simulation.of(throttle=10.0)
    one, other = simulation.bind(), simulation.bind()

    def statuses() -> list[int]:
        one.send(*(message(number) for number in range(1, 11)))
        other.send(*(message(number) for number in range(1, 11)))
        return [pdu.command_status for esme in (one, other) for pdu in esme.received()]

    assert statuses() == [0] * 10 + [CommandStatus.ESME_RTHROTTLED] * 10
    simulation.clock.advance(0.5)
    assert statuses().count(0) == 5
    assert simulation.smsc.counts.refused == 25


def test_connections_are_cut_one_at_a_time() -> None:
    simulation = Simulation.of(drop_every=5.0)
    esmes = [simulation.bind() for _ in range(3)]
    unbound = simulation.connect()
    for cut in (1, 2, 3, 3):
        simulation.clock.advance(5.0)
        assert sum(esme.session.has_ended for esme in esmes) == cut
        assert simulation.smsc.counts.cut == cut
    assert not unbound.session.has_ended


@pytest.mark.parametrize(
    ("behaviour", "answered", "noted"),
    [
        ({"id_length": 64}, b"0" * 63 + b"1", b"0" * 63 + b"1"),
        ({"id_length": 12, "id_prefix": b"A-"}, b"A-0000000001", b"A-0000000001"),
        ({"id_length": 6, "hexadecimal_ids": False}, b"000001", b"000001"),
        ({"hexadecimal_receipts": False}, b"00000001", b"1"),
        ({"hexadecimal_ids": False, "hexadecimal_receipts": True}, b"1", b"00000001"),
    ],
)
def test_ids_may_be_long_and_look_otherwise_in_receipts(
    behaviour: dict[str, Any], answered: bytes, noted: bytes
) -> None:
    esme = Simulation.of(**behaviour).bind()
    esme.send(message(1, 1))
    answer, receipt = esme.received()
    assert isinstance(answer, SubmitSmResp)
    assert isinstance(receipt, DeliverSm)
    told = read(encode(receipt))
    assert told is not None
    assert (answer.message_id, told.message_id) == (answered, noted)
    esme.answer(receipt)
    esme.send(QuerySm(message_id=answered))
    assert esme.received_one(QuerySmResp).message_state == MessageState.DELIVERED
