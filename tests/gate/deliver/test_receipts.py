"""Each receipt goes to the session that submitted, under the id that the ESME was given."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.routing.return_path.early_receipts import EarlyReceipts
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import DataSm, DeliverSm, QuerySm, SmeAddress, SubmitMulti, SubmitSm
from smppgate.txsmpp.states import State
from smppgate.txsmpp.tlv import Tlv
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, HeldStore, said

NOBODYS = b"3000"
"""A number that no account serves: where a receipt comes home, it was by its id."""

PATIENCE = EarlyReceipts[Any]().patience

NOT_FINAL = 0x20
"""esm_class of an intermediate notification."""


def receipt(message_id: bytes, number: int = 1, stat: bytes = b"DELIVRD", **options: Any) -> Frame:
    text = b"id:" + message_id + b" sub:001 dlvrd:001 stat:" + stat + b" err:000 text:"
    return fakes.deliver(NOBODYS, number, text, **{"esm_class": fakes.RECEIPT, **options})


def ids(session: FakeSession) -> list[bytes]:
    """The ids in the receipts that ``session`` was sent."""
    texts = [frame.octets.partition(b"id:")[2] for frame in session.requests]
    return [text.partition(b" ")[0] for text in texts]


def held(**options: Any) -> tuple[Gate, HeldStore]:
    store = HeldStore()
    return Gate(tags=True, store=store, **options), store


# To whom


def test_a_receipt_goes_to_the_session_that_submitted() -> None:
    """Not to another of the account, however idle that is."""
    gate = Gate(tags=True)
    sessions, link = [gate.esme() for _ in range(3)], gate.link()
    for at, session in enumerate(sessions):
        gate.submitted(session, link, b"%d" % at)
    for at in (2, 0, 1, 1, 0, 2, 2):
        gate.deliver(link, receipt(b"%d" % at))
    assert [ids(session) for session in sessions] == [
        [b"alpha0"] * 2,
        [b"alpha1"] * 2,
        [b"alpha2"] * 3,
    ]


@pytest.mark.parametrize("why", ["gone", "transmitter", "does not read", "window full"])
def test_if_that_session_cannot_take_it_another_of_the_account_gets_it(why: str) -> None:
    gate = Gate(tags=True)
    state = State.BOUND_TX if why == "transmitter" else State.BOUND_TRX
    submitter = gate.esme(state=state, window=1)
    second, link = gate.esme(), gate.link()
    stranger = gate.esme(gate.other)
    gate.submitted(submitter, link, b"1")
    if why == "gone":
        gate.lose(submitter)
    elif why == "does not read":
        submitter.writable = False
    elif why == "window full":
        gate.deliver(link, receipt(b"1"))
        submitter.requests.clear()
    gate.deliver(link, receipt(b"1"))
    assert (submitter.requests, stranger.requests) == ([], [])
    assert ids(second) == [b"alpha1"]


def test_of_the_other_sessions_the_least_loaded_gets_it() -> None:
    gate = Gate(tags=True)
    submitter, second, third = gate.esme(), gate.esme(), gate.esme()
    link = gate.link()
    gate.submitted(submitter, link, b"1")
    gate.submitted(second, link, b"2")
    gate.deliver(link, receipt(b"2"))
    gate.lose(submitter)
    gate.deliver(link, receipt(b"1"))
    assert ids(third) == [b"alpha1"]


def test_a_receipt_for_an_account_without_sessions_is_answered_0x64() -> None:
    """So that the SMSC sends it again. It is for no other account, whatever its destination."""
    gate = Gate(tags=True)
    submitter, stranger, link = gate.esme(gate.other), gate.esme(), gate.link()
    gate.submitted(submitter, link, b"1")
    gate.lose(submitter)
    gate.deliver(link, fakes.receipt(b"1", b"1000", number=9))
    assert stranger.requests == []
    assert said(link) == [(9, 0x64)]
    again = gate.esme(gate.other)
    gate.deliver(link, fakes.receipt(b"1", b"1000", number=10))
    assert ids(again) == [b"alpha1"]


def test_a_receipt_for_an_account_that_was_removed_is_refused() -> None:
    gate = Gate(tags=True)
    submitter, link = gate.esme(), gate.link()
    submitter.system_id = b"former"
    gate.submitted(submitter, link, b"1")
    gate.lose(submitter)
    gate.deliver(link, receipt(b"1", 9))
    assert said(link) == [(9, 0x64)]


@pytest.mark.parametrize("tags", [True, False])
def test_smscs_that_give_the_same_ids_do_not_mix_up_two_accounts(tags: bool) -> None:
    gate = Gate(tags=tags)
    one, two = gate.esme(), gate.esme(gate.other)
    alpha, beta = gate.link(), gate.link(gate.beta)
    for at in range(1, 6):
        number = b"%d" % at
        gate.forward(one, fakes.submit(at, registered_delivery=1))
        gate.forward(two, fakes.submit(at, registered_delivery=1))
        # Balanced, so each SMSC has one of the two, not always the same.
        for link in (alpha, beta):
            gate.answer(link, 0, number + b"\0")
    told = {session: [frame.octets[16:-1] for frame in session.answers] for session in (one, two)}
    for at in (3, 1, 5, 2, 4):
        gate.deliver(beta, receipt(b"%d" % at))
        gate.deliver(alpha, receipt(b"%d" % at))
    for session in (one, two):
        assert sorted(ids(session)) == sorted(told[session])


def test_a_receipt_may_come_over_any_link_of_its_message_center() -> None:
    gate = Gate(tags=True, shared=True)
    esme, alpha = gate.esme(), gate.link()
    gate.submitted(esme, alpha, b"1")
    beta = gate.link(gate.beta)
    gate.deliver(beta, receipt(b"1"))
    assert ids(esme) == [b"alpha1"]


def test_a_receipt_of_another_message_center_is_about_another_message() -> None:
    gate = Gate(tags=True)
    esme, alpha = gate.esme(), gate.link()
    gate.submitted(esme, alpha, b"1")
    beta = gate.link(gate.beta)
    gate.deliver(beta, receipt(b"1", 9))
    assert esme.requests == []
    assert said(beta) == [(9, 0x64)]


def test_a_receipt_reaches_its_account_after_a_restart() -> None:
    """To the account: its sessions are others, and one with the same place may be bound."""
    gate = Gate(tags=True, run=b"one")
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.clock.advance(0)
    gate = Gate(tags=True, run=b"two", after=gate)
    stranger, again, link = gate.esme(gate.other), gate.esme(), gate.link()
    gate.deliver(link, receipt(b"1"))
    assert (ids(again), stranger.requests) == ([b"alpha1"], [])


def test_a_message_to_many_has_a_receipt_for_each() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    to = tuple(SmeAddress(destination_addr=b"44770090012%d" % at) for at in range(3))
    many = SubmitMulti(source_addr=b"1000", dest_address=to, registered_delivery=1)
    gate.forward(esme, fakes.frame_of(many))
    gate.answer(link, 0, b"1\0\0")
    for _ in range(3):
        gate.deliver(link, receipt(b"1"))
        gate.answer(esme)
        pass_the_grace(gate, esme, link)
    assert ids(esme).count(b"alpha1") == 3


# What is in it


def test_nothing_but_number_and_id_changes() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    came = receipt(b"1")
    gate.deliver(link, came)
    (went,) = esme.requests
    assert went.octets[16:] == receipt(b"alpha1").octets[16:]


@pytest.mark.parametrize("command", ["deliver_sm", "data_sm"])
@pytest.mark.parametrize("where", ["text", "TLV", "both"])
def test_an_id_is_found_in_the_text_in_a_tlv_or_in_both(command: str, where: str) -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.deliver(link, written(command, where, b"1"))
    assert esme.requests[0].octets[16:] == written(command, where, b"alpha1").octets[16:]


def written(command: str, where: str, message_id: bytes) -> Frame:
    text = b"id:" + message_id + b" stat:DELIVRD" if where != "TLV" else b""
    tlvs = [Tlv(Tag.RECEIPTED_MESSAGE_ID, message_id + b"\0")] if where != "text" else []
    if command == "deliver_sm":
        pdu = DeliverSm(esm_class=fakes.RECEIPT, short_message=text, tlvs=tuple(tlvs))
        return fakes.frame_of(pdu)
    if text:
        tlvs.append(Tlv(Tag.MESSAGE_PAYLOAD, text))
    return fakes.frame_of(DataSm(esm_class=fakes.RECEIPT, tlvs=tuple(tlvs)))


# How long its way is known


def pass_the_grace(gate: Gate, esme: FakeSession, link: FakeSession) -> None:
    """Time goes by, and another message is done."""
    gate.clock.advance(3602.0)
    gate.submitted(esme, link, b"other")
    gate.deliver(link, receipt(b"other"))
    gate.answer(esme)
    gate.clock.advance(0)


@pytest.mark.parametrize(
    ("options", "status", "stays"),
    [
        ({}, 0, False),
        ({"stat": b"UNDELIV"}, 0, False),
        ({"stat": b"ENROUTE"}, 0, True),
        ({"esm_class": NOT_FINAL}, 0, True),
        ({}, 0x58, True),
        ({}, 0x45, True),
    ],
    ids=["final", "final failure", "not final", "intermediate", "ESME throttles", "ESME refuses"],
)
def test_a_final_receipt_that_the_esme_took_ends_its_return_path(
    options: dict[str, Any], status: int, stays: bool
) -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.clock.advance(0)
    gate.deliver(link, receipt(b"1", **options))
    gate.answer(esme, status)
    pass_the_grace(gate, esme, link)
    link.answers.clear()
    gate.deliver(link, receipt(b"1", 9))
    assert (ids(esme)[-1] == b"alpha1") is stays
    assert said(link) == ([] if stays else [(9, 0x64)])


HOUR = 3600.0
INTERIM = [b"BUFFRED", b"ACKED", b"SENT", b"RETRY", b"QUEUED", b"ENROUTE", b"ACCEPTD", b"UNKNOWN"]


@pytest.mark.parametrize("stat", [*INTERIM, b"SKIPPED", b"SCHEDLD", b"0", b"DELIVERED"])
def test_a_word_that_is_not_final_ends_no_return_path(stat: bytes) -> None:
    """Whatever SMSCs write: only five words of the specification are the last."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.deliver(link, receipt(b"1", stat=stat))
    gate.answer(esme)
    for hours in (0.02, 1.0, 5.0, 60.0):
        gate.clock.advance(hours * HOUR)
        gate.deliver(link, receipt(b"1", stat=stat))
        gate.answer(esme)
    gate.deliver(link, receipt(b"1"))
    assert ids(esme) == [b"alpha1"] * 6


@pytest.mark.parametrize("stat", [b"DELIVRD", b"EXPIRED", b"DELETED", b"UNDELIV", b"REJECTD"])
def test_after_a_final_receipt_the_return_path_lives_on_for_a_while(stat: bytes) -> None:
    """For the receipt sent again, and for a query."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.deliver(link, receipt(b"1", stat=stat))
    gate.answer(esme)
    gate.clock.advance(0.9 * HOUR)
    gate.forward(esme, fakes.frame_of(QuerySm(message_id=b"alpha1", source_addr=b"1000"), 9))
    assert link.requests[-1].octets[16:].startswith(b"1\0")
    gate.deliver(link, receipt(b"1", stat=stat))
    gate.answer(esme)
    gate.clock.advance(0.9 * HOUR)
    gate.deliver(link, receipt(b"1", stat=stat))
    assert ids(esme) == [b"alpha1"] * 3


def test_how_long_it_does_is_configured() -> None:
    gate = Gate(tags=True, receipted_ttl=60.0)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    for seconds in (59.0, 62.0):
        gate.deliver(link, receipt(b"1"))
        gate.answer(esme)
        gate.clock.advance(seconds)
    gate.deliver(link, receipt(b"1"))
    assert ids(esme) == [b"alpha1"] * 2


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("payload", [b"x", b"x" * 1000])
def test_a_message_payload_may_have_several_receipts(payload: bytes, late: bool) -> None:
    """One for each part that the SMSC makes of it, hours apart."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    tlvs = (Tlv(Tag.MESSAGE_PAYLOAD, payload),)
    gate.forward(esme, fakes.frame_of(SubmitSm(registered_delivery=1, tlvs=tlvs)))
    if late:
        link.expire(gate.now)
    gate.answer(link, 0, b"1\0")
    for _ in range(5):
        gate.deliver(link, receipt(b"1"))
        gate.answer(esme)
        gate.clock.advance(2 * HOUR)
    assert ids(esme) == [b"alpha1"] * 5


def test_two_octets_that_look_like_a_message_payload_are_none() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(1, b"\x04\x24\0\1x", registered_delivery=1))
    gate.answer(link, 0, b"1\0")
    gate.clock.advance(0)
    gate.deliver(link, receipt(b"1"))
    gate.answer(esme)
    gate.clock.advance(HOUR + 2.0)
    gate.deliver(link, receipt(b"1"))
    assert ids(esme) == [b"alpha1"]


def test_the_return_path_of_a_new_message_of_the_same_id_does_not_end() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.deliver(link, receipt(b"1"))
    gate.answer(esme)
    gate.submitted(esme, link, b"1")
    pass_the_grace(gate, esme, link)
    gate.deliver(link, receipt(b"1"))
    assert ids(esme)[-1] == b"alpha1"


# Receipts that come too soon


def early(gate: Gate, message_id: bytes = b"1") -> tuple[FakeSession, FakeSession]:
    """A receipt comes while its message is not answered."""
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(1, registered_delivery=1))
    gate.deliver(link, receipt(message_id, 9))
    return esme, link


@pytest.mark.parametrize("waits", [True, False])
def test_a_receipt_that_overtakes_its_answer_waits_for_it(waits: bool) -> None:
    gate, store = held(waits=waits)
    esme, link = early(gate)
    assert (esme.requests, said(link), gate.router.receipts.waiting) == ([], [], 1)
    gate.answer(link, 0, b"1\0")
    if waits:
        assert (esme.requests, esme.answers) == ([], [])
        assert gate.router.receipts.waiting == 1
        gate.clock.advance(0)
        store.write()
    assert (ids(esme), said(esme)) == ([b"alpha1"], [(1, 0)])
    gate.answer(esme)
    assert said(link) == [(9, 0)]
    gate.clock.advance(0)
    assert gate.router.open_exchanges == 0


def test_a_receipt_never_overtakes_an_answer_that_waits_for_the_store() -> None:
    """It came in the same read, or while the batch was being written."""
    gate, store = held(waits=True)
    esme, link = gate.esme(), gate.link()
    order: list[str] = []
    gate.submitted(esme, link, b"1")
    gate.deliver(link, receipt(b"1", 9, esm_class=NOT_FINAL))
    gate.clock.advance(0)
    gate.deliver(link, receipt(b"1", 10))
    assert (esme.requests, esme.answers) == ([], [])
    send, send_request = esme.send, esme.send_request

    def sent(octets: bytes) -> None:
        order.append("answer")
        send(octets)

    def delivered(request: Any, octets: bytes) -> None:
        order.append("intermediate" if peek.esm_class(octets) == NOT_FINAL else "receipt")
        send_request(request, octets)

    esme.send, esme.send_request = sent, delivered  # type: ignore[method-assign]
    store.write()
    assert order == ["answer", "intermediate", "receipt"]


def test_a_batch_that_cannot_be_written_keeps_no_receipt_back() -> None:
    gate, store = held(waits=True)
    esme, link = early(gate)
    gate.answer(link, 0, b"1\0")
    gate.clock.advance(0)
    store.fail()
    assert (ids(esme), said(esme)) == ([b"alpha1"], [(1, 0)])


def test_receipts_that_wait_are_delivered_in_order_of_arrival() -> None:
    gate = Gate(tags=True)
    esme, link = early(gate)
    for at in (10, 11, 12):
        gate.deliver(link, receipt(b"1", at, stat=b"S%d" % at))
    gate.answer(link, 0, b"1\0")
    for at, frame in zip((10, 11, 12), esme.requests[1:], strict=True):
        assert b"S%d" % at in frame.octets


def test_its_answer_may_come_over_another_link_of_the_message_center() -> None:
    gate = Gate(tags=True, shared=True)
    esme, alpha = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(1, registered_delivery=1))
    beta = gate.link(gate.beta)
    gate.deliver(beta, receipt(b"1", 9))
    gate.answer(alpha, 0, b"1\0")
    assert ids(esme) == [b"alpha1"]
    gate.answer(esme)
    assert said(beta) == [(9, 0)]


def test_a_receipt_that_has_waited_long_enough_is_refused_once() -> None:
    gate = Gate(tags=True)
    esme, link = early(gate, b"unknown")
    gate.clock.advance(PATIENCE - 1.0)
    assert said(link) == []
    gate.clock.advance(2.0)
    assert said(link) == [(9, 0x64)]
    gate.answer(link, 0, b"unknown\0")
    assert esme.requests == []
    gate.clock.advance(60.0)
    assert said(link) == [(9, 0x64)]
    assert gate.router.open_exchanges == 0
    assert gate.clock.getDelayedCalls() == []


def test_many_receipts_that_have_waited_long_enough_do_not_delay_others() -> None:
    """Each is looked for once more, under every notation: that takes time."""
    gate = Gate(tags=True)
    _, link = early(gate, b"unknown")
    for number in range(100, 400):
        gate.deliver(link, receipt(b"unknown", number))
    gate.clock.advance(PATIENCE + 1.0)
    assert 0 < len(link.answers) < 100
    gate.clock.pump([0.01] * 50)
    assert len(link.answers) == 301
    assert gate.router.receipts.waiting == 0


def test_with_nothing_to_wait_for_it_is_refused_at_once() -> None:
    gate = Gate(tags=True)
    gate.esme()
    link = gate.link()
    gate.deliver(link, receipt(b"unknown", 9))
    assert said(link) == [(9, 0x64)]


def test_a_receipt_whose_link_is_lost_meanwhile_is_not_delivered() -> None:
    """The SMSC has had no answer and will send it again."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    receiver = gate.link(state=State.BOUND_RX)
    gate.forward(esme, fakes.submit(1, registered_delivery=1))
    gate.deliver(receiver, receipt(b"1", 9))
    gate.lose(receiver)
    gate.answer(link, 0, b"1\0")
    assert esme.requests == []
    gate.clock.advance(PATIENCE)
    assert gate.router.open_exchanges == 0


def test_a_gate_that_stops_turns_down_what_waits() -> None:
    gate = Gate(tags=True)
    _, link = early(gate)
    gate.router.stopService()
    assert said(link) == [(9, 0x64)]
    assert gate.router.receipts.waiting == 0
    assert gate.clock.getDelayedCalls() == []


def test_a_receipt_of_a_message_without_a_return_path_is_answered() -> None:
    """The message asked for no receipt, and its account may not query messages."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    esme.queries = False
    gate.forward(esme, fakes.submit(1))
    gate.deliver(link, receipt(b"1", 9))
    gate.answer(link, 0, b"1\0")
    gate.clock.advance(PATIENCE)
    assert said(link) == [(9, 0x64)]
    assert gate.router.open_exchanges == 0


# Storms


def test_a_storm_of_unknown_receipts_is_not_looked_up_all_at_once() -> None:
    """What is too many is turned down for now, and the SMSC sends it again."""
    gate, store = held()
    store.forget()
    link = gate.link()
    for number in range(1, 2011):
        gate.deliver(link, fakes.receipt(b"x%d" % number, NOBODYS, number))
    assert said(link) == [(number, 0x64) for number in range(2001, 2011)]


def test_of_a_receipt_with_thousands_of_ids_only_some_are_looked_for() -> None:
    gate, store = held()
    gate.submitted(gate.esme(), link := gate.link(), b"last")
    gate.clock.advance(0)
    store.write()
    ids_told = [b"%d" % number for number in range(3000)]
    tlvs = tuple(Tlv.of(Tag.RECEIPTED_MESSAGE_ID, each) for each in (*ids_told, b"last"))
    pdu = DeliverSm(destination_addr=NOBODYS, esm_class=fakes.RECEIPT, tlvs=tlvs)
    gate.deliver(link, fakes.frame_of(pdu, 2))
    assert said(link) == [(2, 0x64)]
