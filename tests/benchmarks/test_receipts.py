"""Receipts of the simulated SMSCs, and the receivers they go to."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import wire
from benchmarks.debt import Debt, OwingRing, ReceiptRing
from benchmarks.ids import Home
from benchmarks.receipts import OwingResponder, ReceiptSender, ReceiptTaker
from benchmarks.requester import LARGEST_WINDOW
from benchmarks.ring import AnswerRing, RequestRing
from benchmarks.session import Ledger
from tests.benchmarks.fakes import (
    FakeSocket,
    as_socket,
    deliver_sm_resp,
    feed,
    loop,
    numbered,
    pdus,
)

ID = b"tag110000000042"
REQUEST = wire.message(wire.SUBMIT_SM, "447700000001", receipt_asked=True)


class Smsc:
    """An SMSC's pair of sessions."""

    def __init__(self, *, tlvs: bool = False) -> None:
        self.ledger = Ledger()
        self.debt = Debt()
        self.transmitter, self.receiver = FakeSocket(), FakeSocket()
        self.responder = OwingResponder(
            loop(),
            as_socket(self.transmitter),
            self.ledger,
            OwingRing(1, self.debt),
            RequestRing([REQUEST]),
            self.debt,
        )
        self.sender = ReceiptSender(
            loop(), as_socket(self.receiver), self.ledger, ReceiptRing(1, tlvs=tlvs), self.debt
        )

    def submit(self, count: int) -> list[bytes]:
        """Send it so many messages in one read; gives the ids it answered with."""
        messages = (numbered(REQUEST, number % 255 + 1) for number in range(count))
        feed(self.responder, self.transmitter, b"".join(messages))
        return [answer[16:-1] for answer in self.transmitter.taken()]


class Receiver:
    """An ESME's receiver session."""

    def __init__(self, *, tlvs: bool = False) -> None:
        self.ledger, self.home, self.sock = Ledger(), Home(), FakeSocket()
        answers = AnswerRing([deliver_sm_resp(0)] * 1000)
        self.session = ReceiptTaker(
            loop(), as_socket(self.sock), self.ledger, answers, self.home, tlvs=tlvs
        )


@given(st.lists(st.integers(1, 400), min_size=1, max_size=20), st.booleans())
def test_every_message_taken_has_one_receipt_with_its_id(reads: list[int], tlvs: bool) -> None:
    """In the order of the answers, whatever the reads, over laps of the ring, window by window."""
    smsc = Smsc(tlvs=tlvs)
    given_ids = [message_id for count in reads for message_id in smsc.submit(count)]
    receipts: list[bytes] = []
    while sent := smsc.receiver.taken():
        numbers = [receipt[15] for receipt in sent]
        assert len(set(numbers)) == len(numbers) <= LARGEST_WINDOW
        receipts += sent
        feed(smsc.sender, smsc.receiver, b"".join(map(deliver_sm_resp, numbers)))
    assert [numbered(receipt, 0) for receipt in receipts] == [
        wire.receipt(message_id, tlvs=tlvs) for message_id in given_ids
    ]
    assert len(set(given_ids)) == len(given_ids)
    smsc.sender.check()
    assert smsc.sender.drained
    assert not smsc.ledger.faults


def test_receipts_leave_after_the_answers() -> None:
    """The ids are known to the other side, or on their way there, when a receipt names them."""
    smsc = Smsc()
    order: list[FakeSocket] = []
    smsc.transmitter.order = smsc.receiver.order = order
    smsc.submit(3)
    assert order == [smsc.transmitter, smsc.receiver]


def test_an_smsc_that_owes_much_takes_no_more() -> None:
    """What it does not read stays where it is, until receipts have been answered."""
    smsc = Smsc()
    asked = itertools.count(1)
    while next(asked) < 100 and smsc.submit(400):
        pass
    assert smsc.transmitter.arriving
    while numbers := [receipt[15] for receipt in smsc.receiver.taken()]:
        feed(smsc.sender, smsc.receiver, b"".join(map(deliver_sm_resp, numbers)))
    smsc.responder.ready(0)
    assert not smsc.transmitter.arriving


def test_a_receipt_refused_or_answered_twice_is_a_fault() -> None:
    """By its status, and by a number that is free twice."""
    smsc = Smsc()
    smsc.submit(1)
    (receipt,) = smsc.receiver.taken()
    feed(smsc.sender, smsc.receiver, numbered(deliver_sm_resp(0), receipt[15], 0x64))
    assert smsc.ledger.faults == {"receipt answered 0x00000064": 1}
    feed(smsc.sender, smsc.receiver, deliver_sm_resp(receipt[15]))
    smsc.sender.check()
    assert smsc.ledger.faults["receipts whose answers are not their numbers"] == 1


@given(st.integers(1, 40), st.lists(st.integers(1, 6000), max_size=6), st.booleans())
def test_receipts_are_noted_and_answered_however_they_are_cut(
    count: int, cuts: list[int], tlvs: bool
) -> None:
    """A read may end anywhere in a PDU."""
    receiver = Receiver(tlvs=tlvs)
    ids = [b"tag1100000%05d" % n for n in range(count)]
    octets = b"".join(numbered(wire.receipt(i, tlvs=tlvs), n + 1) for n, i in enumerate(ids))
    bounds = [0, *sorted({cut % len(octets) for cut in cuts} - {0}), len(octets)]
    feed(
        receiver.session,
        receiver.sock,
        *(octets[start:stop] for start, stop in itertools.pairwise(bounds)),
    )
    assert receiver.home.receipted.counts() == dict.fromkeys(ids, 1)
    assert pdus(bytes(receiver.sock.sent)) == [deliver_sm_resp(n + 1) for n in range(count)]
    assert receiver.session.answered == count
    assert not receiver.ledger.faults


def test_a_receipt_with_anything_else_changed_is_a_fault() -> None:
    """But for the id, and what that makes longer, a relay leaves it alone."""
    receiver = Receiver()
    changed = wire.receipt(ID).replace(b"stat:DELIVRD", b"stat:EXPIRED")
    feed(receiver.session, receiver.sock, changed)
    wrong_length = bytearray(wire.receipt(ID))
    wrong_length[wrong_length.index(b"id:") - 1] -= 4
    feed(receiver.session, receiver.sock, bytes(wrong_length))
    assert receiver.ledger.faults == {"PDU 0x00000005 that is no receipt sent": 2}
    assert not receiver.home.receipted.counts()


def test_the_tlv_of_a_receipt_has_to_name_the_message_of_its_text() -> None:
    """In whatever place of a read: a relay that rewrites only one of the two is found out."""
    receiver = Receiver(tlvs=True)
    good = wire.receipt(ID, tlvs=True)
    bad = bytearray(good)
    _, copy = wire.places(good, ID)
    bad[copy + len(ID) - 1] += 1
    feed(receiver.session, receiver.sock, good, good + bytes(bad) + good)
    assert receiver.ledger.faults == {"PDU 0x00000005 that is no receipt sent": 1}
    assert receiver.session.answered == 3
    receiver = Receiver(tlvs=True)
    feed(receiver.session, receiver.sock, wire.receipt(ID))
    assert receiver.ledger.faults == {"PDU 0x00000005 that is no receipt sent": 1}


def test_tlvs_are_those_of_the_specification() -> None:
    """SMPP v3.4 §5.3.2.12 and §5.3.2.35: delivered."""
    bare, whole = wire.receipt(b"42"), wire.receipt(b"42", tlvs=True)
    assert whole[16:] == bare[16:] + bytes.fromhex("001e 0003") + b"42\0" + bytes.fromhex(
        "0427 0001 02"
    )
    assert int.from_bytes(whole[:4]) == len(whole)
    assert wire.places(whole, b"") == ()
