"""What a cluster writes down: each thing that may be lost, doubled or elsewhere is seen."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from benchmarks import wire
from benchmarks.cluster.__main__ import main
from benchmarks.cluster.books import OWN_ID_SIZE, SERVED_SECONDS, Books, Brought, Message, Owed
from benchmarks.cluster.esme import EsmeSession, Seat
from benchmarks.cluster.faults import FAULTS
from benchmarks.cluster.smsc import ABSENT, SmscLink, SteadySmsc
from tests.benchmarks.fakes import (
    FakeSocket,
    as_socket,
    deliver_sm_resp,
    feed,
    loop,
    pdus,
    submit_sm_resp,
)


def own(number: int) -> bytes:
    return b"%0*d" % (OWN_ID_SIZE, number)


def acknowledged(books: Books, number: int, account: str = "acme") -> tuple[Message, Owed]:
    """A message that went through, a tenth of a second after it was sent."""
    message, octets = books.sent(account, 10.0)
    owed = books.taken(octets, own(number))
    assert owed is not None
    books.answered(message, 0, b"s1" + own(number) + b"\0", 10.1)
    return message, owed


def receipt(number: int) -> bytes:
    return wire.receipt(b"s1" + own(number))


def test_what_all_came_of_has_no_faults() -> None:
    books = Books()
    _, owed = acknowledged(books, 1)
    assert not books.is_settled()
    books.brought("acme", receipt(1))
    pushed = books.pushed(ABSENT, "4988")
    assert books.is_settled()
    pushed.is_taken = True
    assert not books.is_settled()
    books.brought(ABSENT, pushed.octets)
    assert books.is_settled()
    found = books.outcome()
    assert found.faults == {}
    assert (found.sent, found.acknowledged, found.served) == (1, 1, 0.0)
    assert found.longest == pytest.approx(0.1)
    assert found.receipts == found.queued == Brought(1, 0, 0, 0, 0, 0)
    assert owed.arrivals == 1


def test_what_is_lost_doubled_or_elsewhere_is_seen() -> None:
    books = Books()
    for number in range(1, 5):
        acknowledged(books, number)
    twice, _ = acknowledged(books, 5)
    books.answered(twice, 0, own(5) + b"\0", 10.2)
    for account, number in (("acme", 1), ("acme", 1), ("bolt", 2), ("acme", 3), ("acme", 5)):
        books.brought(account, receipt(number))
    books.sent("acme", 11.0)
    for _ in range(2):
        books.pushed(ABSENT, "4988").is_taken = True
    books.brought("acme", books.pushed(ABSENT, "4988").octets)
    assert not books.is_settled()
    assert books.outcome().faults == {
        "answers missing": 1,
        "answered twice": 1,
        "receipts missing": 2,
        "receipts at a wrong account": 1,
        "queued messages lost": 2,
        "queued messages at a wrong account": 1,
    }
    assert books.outcome().receipts.doubled == 1


def test_what_nobody_sent_is_strange_and_what_an_earlier_fault_left_is_not() -> None:
    before = Books()
    acknowledged(before, 1)
    books = Books(before)
    books.brought("acme", receipt(1))
    assert books.outcome().faults == {}
    books.brought("acme", receipt(2))
    assert books.taken(wire.message(wire.SUBMIT_SM, "447799999999"), own(3)) is None
    message, _ = books.sent("acme", 10.0)
    books.answered(message, 0, own(4) + b"\0", 10.1)
    assert set(books.outcome().strange) == {
        "deliver_sm that no SMSC sent",
        "submit_sm that no ESME sent",
        "ids that no SMSC gave",
    }


def test_served_again_is_when_the_last_was_sent_that_had_to_wait() -> None:
    books = Books()
    books.broken = 100.0
    for sent, seconds, status in (
        (99.0, 0.1, 0x58),
        (102.0, SERVED_SECONDS + 0.5, 0),
        (103.0, 0.1, 0x08),
        (105.0, 0.1, 0),
    ):
        message, octets = books.sent("acme", sent)
        books.taken(octets, own(int(sent)))
        books.answered(message, status, own(int(sent)) + b"\0", sent + seconds)
    found = books.outcome()
    assert (found.refused, found.acknowledged) == (2, 2)
    assert found.served == pytest.approx(3.0)
    assert (found.longest, found.longest_at) == pytest.approx((1.5, 2.0))
    books.held(104.5)
    assert books.outcome().served == pytest.approx(4.5)


def seat(books: Books, latency: float = 0.0) -> tuple[EsmeSession, FakeSocket]:
    """A session that is bound."""
    sock = FakeSocket()
    wanted = Seat(loop(), "acme", 1, 0.0, books, latency)
    session = EsmeSession(loop(), as_socket(sock), wanted, 0.0)
    sock.taken()
    feed(session, sock, wire.pdu(wire.BIND_TRANSCEIVER | wire.RESPONSE, 1, b"gate\0"))
    return session, sock


def test_an_esme_writes_down_its_answers_and_what_a_lost_session_cuts_off() -> None:
    books = Books()
    session, sock = seat(books)
    session.submit(1.0)
    session.submit(1.0)
    first, second = sock.taken()
    books.taken(first, own(1))
    number = int.from_bytes(first[12:16])
    feed(session, sock, submit_sm_resp(own(1), number))
    feed(session, sock, receipt(1)[:12] + bytes((0, 0, 0, 7)) + receipt(1)[16:])
    assert sock.taken() == [deliver_sm_resp(7)]
    feed(session, sock, b"")
    found = books.outcome()
    assert (found.acknowledged, found.cut, found.unanswered) == (1, 1, 0)
    assert found.faults == {}
    assert second != first


def test_an_esme_that_takes_its_time_answers_later() -> None:
    books = Books()
    session, sock = seat(books, latency=0.5)
    pushed = books.pushed("acme", "447710")
    feed(session, sock, pushed.octets)
    assert sock.taken() == []
    session.turn(float("inf"))
    assert sock.taken() == [deliver_sm_resp(0)]
    assert pushed.arrivals == 1


def test_an_smsc_sends_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Again after a refusal, and after a lost link; never once it is taken."""
    books = Books()
    smsc = SteadySmsc(loop(), "s1", Random(1), books)
    links: list[SmscLink] = []
    later: list[Callable[[], None]] = []
    try:
        monkeypatch.setattr(smsc, "_later", lambda _when, act: later.append(act))
        monkeypatch.setattr(smsc, "_links", lambda: links)
        owed = books.pushed(ABSENT, "4988")
        smsc.bring(owed)
        for answer in (deliver_sm_resp(1)[:11] + b"\x64" + deliver_sm_resp(1)[12:], b""):
            sock = FakeSocket()
            links[:] = [SmscLink(loop(), as_socket(sock), smsc)]
            later.pop()()
            assert [pdu[16:] for pdu in sock.taken()] == [owed.octets[16:]]
            feed(links[0], sock, answer)
        assert (owed.sends, owed.refusals, owed.is_taken) == (2, 1, False)
        sock = FakeSocket()
        links[:] = [SmscLink(loop(), as_socket(sock), smsc)]
        later.pop()()
        feed(links[0], sock, deliver_sm_resp(1))
        assert owed.is_taken
        assert later == []
    finally:
        smsc.close()


def test_an_smsc_answers_and_owes_a_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books()
    smsc = SteadySmsc(loop(), "s1", Random(1), books)
    sock = FakeSocket()
    later: list[Callable[[], None]] = []
    try:
        monkeypatch.setattr(smsc, "_later", lambda _when, act: later.append(act))
        link = SmscLink(loop(), as_socket(sock), smsc)
        monkeypatch.setattr(smsc, "_links", lambda: [link])
        message, octets = books.sent("acme", 1.0)
        feed(link, sock, octets)
        for act in later:
            act()
        answer, brought = sock.taken()
        books.answered(message, 0, answer[16:], 1.1)
        books.brought("acme", brought)
        assert books.is_settled()
        assert pdus(brought) == [brought]
    finally:
        smsc.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--faults", "flood"],
        ["--store", "disk", "--faults", "redis"],
        ["--seconds", "1"],
        ["--rate", "0"],
    ],
)
def test_what_cannot_be_asked_for(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_faults_have_their_names() -> None:
    assert all(name == fault.name for name, fault in FAULTS.items())
