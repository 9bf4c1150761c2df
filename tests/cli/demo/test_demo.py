"""The demo's judgement, and what it shows."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.live import Live
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport

from smppgate.cli.demo.command import introduction, report
from smppgate.cli.demo.esme import DemoEsme, DemoSession, Pace
from smppgate.cli.demo.ledger import Ledger
from smppgate.cli.demo.live_table import LiveTable
from smppgate.cli.demo.stage import Stage
from smppgate.cli.demo.verdict import Outcome, shortcomings, summary
from smppgate.cli.demo.view import Lines, view
from smppgate.cli.simulator.pdus import receipt_for
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandId, CommandStatus, MessageState
from smppgate.txsmpp.frame import Frame, FrameBuffer, generic_nack, response
from smppgate.txsmpp.pdu import (
    AlertNotification,
    BindTransceiver,
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    QuerySm,
    SubmitSm,
    SubmitSmResp,
)
from smppgate.txsmpp.timers import Timers

DELIVERED = MessageState.DELIVERED


class Far:
    """The gate's end of a session of acme's, which does right or wrong as a test wishes."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = ledger if ledger is not None else Ledger("acme")
        self.clock = Clock()
        self.session = DemoSession(self.ledger, self.clock, Batch(self.clock))
        self.transport = StringTransport()
        self.session.makeConnection(self.transport)  # type: ignore[no-untyped-call]
        self._buffer = FrameBuffer()
        self.session.request(BindTransceiver(system_id=b"acme"))
        (bind,) = self.received()
        self.deliver(encode(BindTransceiverResp(sequence_number=bind.sequence_number)))

    def received(self) -> list[Frame]:
        self.clock.advance(0)
        octets = self.transport.value()
        self.transport.clear()
        return self._buffer.receive(octets)

    def deliver(self, octets: bytes) -> None:
        self.session.dataReceived(octets)

    def submitted(self, count: int = 1) -> list[Frame]:
        """Messages that the ESME sends now."""
        self.received()
        for _ in range(count):
            self.session.submit(b"1001", b"447700900001")
        return self.received()

    def answer(self, request: Frame, message_id: bytes, status: int = 0) -> None:
        self.deliver(response(request, status, b"" if status else message_id + b"\0"))

    def report(self, request: Frame, message_id: bytes, state: MessageState = DELIVERED) -> None:
        """Bring the receipt for this message under this id."""
        self.deliver(receipt_for(request.octets, message_id, state, 0.0, 0.0))


def outcome(*ledgers: Ledger, **changes: Any) -> Outcome:
    """All is well but for what these ledgers, or the changes, tell."""
    accepted = sum(ledger.accepted for ledger in ledgers)
    taken = {"alpha": accepted - 1, "beta": 1} if accepted else {"alpha": 1, "beta": 1}
    well = Outcome(ledgers, taken, lost_sessions=0, open_exchanges=0, seconds=2.0)
    return evolve(well, **changes)


def found(far: Far) -> list[str]:
    """What is wrong with all that happened to acme."""
    return shortcomings(outcome(far.ledger, taken={"alpha": 1, "beta": far.ledger.accepted - 1}))


def right(far: Far, count: int = 3) -> list[Frame]:
    """Messages answered as they should be, in another order, with their receipts."""
    requests = far.submitted(count)
    for number, request in reversed(list(enumerate(requests))):
        far.answer(request, b"A%d" % number)
    for number, request in enumerate(requests):
        far.report(request, b"A%d" % number)
    return requests


# Nothing wrong


def test_answers_in_any_order_and_receipts_make_no_complaint() -> None:
    far = Far()
    right(far)
    assert found(far) == []
    assert (far.ledger.sent, far.ledger.accepted, far.ledger.home) == (3, 3, 3)


def test_receipts_are_asked_for_and_answered() -> None:
    far = Far()
    requests = right(far)
    pdu = decode(requests[0].octets)
    assert isinstance(pdu, SubmitSm)
    assert pdu.registered_delivery == 1
    answers = [decode(frame.octets) for frame in far.received()]
    assert [type(each) for each in answers] == [DeliverSmResp] * 3
    assert {each.command_status for each in answers} == {CommandStatus.ESME_ROK}


def test_every_message_has_a_text_of_its_own() -> None:
    ledgers = Ledger("acme"), Ledger("bolt")
    texts = [ledger.send() for ledger in ledgers for _ in range(100)]
    assert len(set(texts)) == 200
    assert max(map(len, texts)) <= 20


# Everything that may be wrong


def unanswered(far: Far) -> None:
    far.submitted()


def answered_twice(far: Far) -> None:
    (request, *_) = right(far)
    far.answer(request, b"A0")


def answered_for_somebody_else(far: Far) -> None:
    right(far)
    far.deliver(encode(SubmitSmResp(sequence_number=4711, message_id=b"B7")))


def answered_with_an_error(far: Far) -> None:
    (request,) = far.submitted()
    far.answer(request, b"", CommandStatus.ESME_RSYSERR)


def answered_with_generic_nack(far: Far) -> None:
    (request,) = far.submitted()
    far.deliver(generic_nack(request.sequence_number, CommandStatus.ESME_RINVCMDID))


def answered_with_generic_nack_of_no_error(far: Far) -> None:
    (request,) = far.submitted()
    far.deliver(generic_nack(request.sequence_number, 0))


def answered_with_the_id_of_another(far: Far) -> None:
    one, other = far.submitted(2)
    far.answer(one, b"A0")
    far.answer(other, b"A0")


def answered_too_late(far: Far) -> None:
    far.session.timers = Timers(response=1.0, enquire_link=0.0, inactivity=0.0)
    (request,) = far.submitted()
    far.clock.advance(60)
    far.answer(request, b"A9")


def receipt_missing(far: Far) -> None:
    (request,) = far.submitted()
    far.answer(request, b"A0")


def receipt_twice(far: Far) -> None:
    (request, *_) = right(far)
    far.report(request, b"A0")


def receipt_with_an_unknown_id(far: Far) -> None:
    right(far)
    (request,) = Far(Ledger("acme")).submitted()
    far.report(request, b"Z9")


def receipt_of_another_account(far: Far) -> None:
    right(far)
    (request,) = Far(Ledger("bolt")).submitted()
    far.report(request, b"B0")


def receipts_changed_round(far: Far) -> None:
    """As they are when two answers went to each other's request."""
    one, other = far.submitted(2)
    far.answer(one, b"A1")
    far.answer(other, b"A0")
    far.report(one, b"A0")
    far.report(other, b"A1")


def receipt_of_no_delivery(far: Far) -> None:
    (request,) = far.submitted()
    far.answer(request, b"A0")
    far.report(request, b"A0", MessageState.UNDELIVERABLE)


def receipt_that_says_nothing(far: Far) -> None:
    right(far)
    far.deliver(encode(DeliverSm(esm_class=4, short_message=b"")))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (unanswered, "1 messages without an answer"),
        (answered_twice, "1 answers to nothing that was unanswered"),
        (answered_for_somebody_else, "1 answers to nothing that was unanswered"),
        (answered_with_an_error, "1 messages answered with ESME_RSYSERR (0x00000008)"),
        (answered_with_generic_nack, "1 messages answered with ESME_RINVCMDID (0x00000003)"),
        (answered_with_generic_nack_of_no_error, "1 messages answered with ESME_ROK"),
        (answered_with_the_id_of_another, "1 answers with the id of another message"),
        (answered_too_late, "1 answers to nothing that was unanswered"),
        (receipt_missing, "1 receipts missing"),
        (receipt_twice, "1 receipts that came twice or under an id never given"),
        (receipt_with_an_unknown_id, "1 receipts that came twice or under an id never given"),
        (receipt_of_another_account, "1 receipts for another account's messages"),
        (receipts_changed_round, "2 receipts whose id was given for another message"),
        (receipt_of_no_delivery, "1 receipts that tell of no delivery"),
        (receipt_that_says_nothing, "1 receipts for another account's messages"),
    ],
)
def test_what_goes_wrong_at_an_esme_fails_the_demo(
    wrong: Callable[[Far], None], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    far = Far()
    right(far)
    assert found(far) == []
    far = Far()
    wrong(far)
    assert any(line.startswith(f"acme: {told}") for line in found(far))
    assert report(outcome(far.ledger)) == 1
    assert "FAILED:\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lost_sessions": 1}, "1 ESME sessions were lost"),
        ({"open_exchanges": 2}, "the gate stopped with 2 exchanges not ended"),
        ({"taken": {"alpha": 3, "beta": 1}}, "the SMSCs took 4 messages, the ESMEs know of 3"),
        ({"taken": {"alpha": 3, "beta": 0}}, "an SMSC got no message: nothing was balanced"),
    ],
)
def test_what_goes_wrong_elsewhere_fails_the_demo(changes: dict[str, object], told: str) -> None:
    far = Far()
    right(far)
    assert shortcomings(outcome(far.ledger, **changes)) == [told]


def test_a_demo_in_which_an_esme_sends_nothing_fails() -> None:
    far = Far()
    right(far)
    assert shortcomings(outcome(far.ledger, Ledger("bolt"))) == ["an ESME sent nothing"]


def test_all_well_is_said_and_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    far = Far()
    right(far)
    assert report(outcome(far.ledger)) == 0
    printed = capsys.readouterr().out
    assert "answered exactly once         3   (acme 3)\n" in printed
    assert "receipts home                 3   (acme 3)\n" in printed
    assert "receipts missing              0\n" in printed
    assert "OK: every message was answered exactly once" in printed


def test_the_summary_counts_what_went_wrong() -> None:
    far = Far()
    answered_twice(far)
    receipt_of_another_account(far)
    told = "\n".join(summary(outcome(far.ledger)))
    for line in (
        "answered exactly once         5   (acme 5)",
        "duplicate or stray answers    1   (acme 1)",
        "receipts at the wrong account 1   (acme 1)",
    ):
        assert line in told


def test_an_esme_refuses_what_is_not_for_it() -> None:
    far = Far()
    far.deliver(encode(AlertNotification()))
    far.deliver(encode(QuerySm(sequence_number=3)))
    (refusal,) = far.received()
    assert refusal.command_status != CommandStatus.ESME_ROK
    assert refusal.command_id == CommandId.QUERY_SM_RESP


# Sending


@given(st.lists(st.floats(0.0, 0.04), min_size=1, max_size=100))
def test_the_pace_is_kept_however_often_one_looks(steps: list[float]) -> None:
    pace, now, sent = Pace(1000.0, 0.0), 0.0, 0
    for step in steps:
        now += step
        sent += pace.due(now)
    assert now * 1000 - 1.001 <= sent <= now * 1000 + 0.001


def test_what_a_slow_machine_missed_is_not_made_up_for_in_a_burst() -> None:
    pace = Pace(1000.0, 0.0)
    assert pace.due(10.0) == 50
    assert pace.due(10.0) == 0


def test_an_esme_takes_its_sessions_in_turn_and_keeps_its_window() -> None:
    clock = Clock()
    esme = DemoEsme(Ledger("acme"), "secret", clock, b"1001", rate=1000.0, window=2)
    fars = [Far(esme.ledger) for _ in range(2)]
    esme.sessions = [far.session for far in fars]
    esme.start()
    clock.pump([0.005] * 20)
    requests = [far.received() for far in fars]
    assert [len(each) for each in requests] == [2, 2]
    assert [f.sequence_number for f in requests[0]] == [f.sequence_number for f in requests[1]]
    fars[0].answer(requests[0][0], b"A0")
    clock.advance(0.005)
    assert len(fars[0].received()) == 1
    esme.stop()
    fars[1].answer(requests[1][0], b"A1")
    clock.advance(0.005)
    assert fars[1].received() == []
    assert clock.getDelayedCalls() == []


# What is shown


def stage_with_traffic() -> Stage:
    stage = Stage(MemoryReactorClock(), Random(1))
    for name, taken in (("alpha", 30), ("beta", 10)):
        stage.smscs[name].counts.taken = taken
    for ledger in stage.ledgers:
        ledger.sent = ledger.accepted = ledger.home = 20
        ledger.latencies.add(0.01)
    return stage


def test_the_first_line_says_what_is_shown() -> None:
    assert introduction().startswith("two ESMEs → smppgate → two SMSCs\n")
    assert "acme" in introduction()
    assert "alpha" in introduction()


def test_without_a_terminal_a_line_a_second_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with view() as lines:
        assert isinstance(lines, Lines)
        assert lines.interval == 1.0
        lines.update(stage_with_traffic(), 2.0)
    (line,) = capsys.readouterr().out.splitlines()
    for part in ("2.0 s", "20 messages/s", "alpha 75.0%, beta 25.0%", "average 10.0 ms"):
        assert part in line
    assert line.endswith("40 receipts home, 0 under way")


def test_on_a_terminal_there_is_a_table_of_esmes_and_smscs() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, no_color=True)
    stage = stage_with_traffic()
    with Live(console=console, auto_refresh=False) as live:
        table = LiveTable(live)
        table.update(stage, 1.0)
        stage.ledgers[0].foreign = 1
        table.update(stage, 2.0)
    for part in ("acme", "bolt", "alpha", "beta", "75.0%", "█" * 16, "2.0 s"):
        assert part in out.getvalue()


def test_the_terminal_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with redirect_stdout(Terminal()), view() as shown:
        assert isinstance(shown, LiveTable)
    monkeypatch.setenv("TERM", "dumb")
    with redirect_stdout(Terminal()), view() as shown:
        assert isinstance(shown, Lines)


# The stage
