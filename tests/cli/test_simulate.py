"""``smppgate simulate``: its arguments and its lines."""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import CancelledError, ensureDeferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from smppgate.cli.simulate import Plan, Report, add_arguments, run, simulate, where
from smppgate.cli.simulator import Behaviour, SimulatedSmsc
from smppgate.cli.simulator.options import OPTIONS
from smppgate.txsmpp.constants import MessageState
from tests.docs.blocks import ROOT, blocks_of


def parsed(*argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(argv)


def test_without_arguments_it_accepts_and_answers_everything_at_once() -> None:
    args = parsed()
    assert Plan.of(args) == Plan(Behaviour(), "tcp:3001:interface=127.0.0.1", 5.0, None)


def test_each_argument_changes_what_it_says() -> None:
    args = parsed(
        *("--system-id", "acme", "--password", "secret", "--name", "alpha"),
        *("--latency", "0.02", "--jitter", "0.01", "--error-rate", "5%"),
        *("--error-status", "0x58", "--error-status", "ESME_RSYSERR"),
        *("--id-prefix", "A", "--id-format", "decimal"),
        *("--receipts", "50", "--receipt-delay", "2", "--mo-rate", "3"),
        *("--mo-destination", "1001", "--mo-destination", "2002"),
        *("--window", "7", "--queue", "9", "--drop-every", "60"),
        *("--throttle", "50", "--silence", "1", "--id-length", "64"),
        *("--receipt-ids", "hex", "--state", "UNDELIV=10%", "--state", "expired=5"),
    )
    assert Plan.of(args).behaviour == Behaviour(
        name=b"alpha",
        system_id=b"acme",
        password=b"secret",
        latency=0.02,
        jitter=0.01,
        error_rate=0.05,
        error_statuses=(0x58, 0x08),
        receipts=0.5,
        receipt_delay=2.0,
        mo_rate=3.0,
        mo_destinations=(b"1001", b"2002"),
        id_prefix=b"A",
        hexadecimal_ids=False,
        window=7,
        queue=9,
        drop_every=60.0,
        throttle=50.0,
        silence=0.01,
        id_length=64,
        hexadecimal_receipts=True,
        states=((MessageState.UNDELIVERABLE, 0.1), (MessageState.EXPIRED, 0.05)),
    )


def smsc_and_report() -> tuple[SimulatedSmsc, Report]:
    smsc = SimulatedSmsc(Behaviour(), Clock(), Random(1))
    return smsc, Report(smsc, 2.0)


def test_a_line_tells_the_rate_since_the_last_one(capsys: pytest.CaptureFixture[str]) -> None:
    smsc, report = smsc_and_report()
    smsc.counts.taken = 3000
    report.print_line()
    smsc.counts.taken = 3010
    report.print_line()
    first, second = capsys.readouterr().out.splitlines()
    assert "  1,500 messages/s  3,000 taken  " in first
    assert "  5 messages/s  3,010 taken  " in second


def test_troubles_are_told_only_where_there_are_any() -> None:
    smsc, report = smsc_and_report()
    before = smsc.statistics()
    assert "dropped" not in report.line(before, before)
    smsc.counts.dropped = 4
    assert report.line(before, smsc.statistics()).endswith("  4 dropped")


def test_where_it_listens_is_told_so_that_it_can_be_typed() -> None:
    assert where(IPv4Address("TCP", "127.0.0.1", 3001)) == "127.0.0.1:3001"
    assert "/tmp/smsc" in where(UNIXAddress("/tmp/smsc"))


def test_it_listens_reports_and_stops_when_it_is_cancelled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reactor = MemoryReactorClock()
    running = ensureDeferred(
        simulate(Plan.of(parsed("--listen", "tcp:3001", "--report", "2")), reactor)
    )
    assert [server[0] for server in reactor.tcpServers] == [3001]
    reactor.advance(2)
    reactor.advance(2)
    running.cancel()
    ended = []
    running.addErrback(lambda failure: ended.append(failure.check(CancelledError)))
    assert ended == [CancelledError]
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("SMSC smsc listens on ")
    assert len(lines) == 2
    assert reactor.getDelayedCalls() == []


# A file


FILE = """
listen = "tcp:4001"
latency = 0.02
error_rate = 5
error_status = ["ESME_RTHROTTLED", 0x14]
state = { UNDELIV = "10%", EXPIRED = 5 }
id_format = "decimal"
password = "1234"
"""


def test_a_file_says_the_same_and_the_command_line_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "smsc.toml"
    path.write_text(FILE)
    # Also where it says what is the default.
    plan = Plan.of(parsed("--latency", "0", "--file", str(path), "--id-format", "hex"))
    assert (plan.listen, plan.behaviour.latency) == ("tcp:4001", 0.0)
    assert plan.behaviour.hexadecimal_ids
    assert plan.behaviour.error_rate == 0.05
    assert plan.behaviour.error_statuses == (0x58, 0x14)
    assert plan.behaviour.states == ((5, 0.1), (3, 0.05))
    assert plan.behaviour.password == b"1234"


def test_the_file_in_the_documentation_can_be_used(tmp_path: Path) -> None:
    (options,) = blocks_of(ROOT / "docs" / "tools.md", "toml")
    path = tmp_path / "smsc.toml"
    path.write_text(options.text)
    plan = Plan.of(parsed("--file", str(path)))
    assert (plan.behaviour.id_length, plan.behaviour.hexadecimal_receipts) == (64, False)
    assert plan.behaviour.states == ((5, 0.1), (3, 0.05))


def test_all_that_is_wrong_in_a_file_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "smsc.toml"
    path.write_text(
        'latncy = 1\njitter = -1\nwindow = true\nerror_status = [8, "x"]\n'
        'mo_destination = "4477"\nid_format = "octal"\n[state]\nUNDELIV = 101\nLOST = 1\n'
    )
    assert run(parsed("--file", str(path))) == 2
    lines = capsys.readouterr().err.splitlines()
    prefix = f"smppgate simulate: {path}: "
    assert [line.removeprefix(prefix).split(": ")[0] for line in lines] == [
        "latncy",
        "jitter",
        "window",
        "error_status[1]",
        "id_format",
        "state.UNDELIV",
        "state.LOST",
    ]
    assert lines[0].endswith("there is no such option; did you mean 'latency'?")


@pytest.mark.parametrize("text", ["latency = ", None, b"\xff"])
def test_a_file_that_cannot_be_read_is_one_line(
    text: str | bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "smsc.toml"
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    assert run(parsed("--file", str(path))) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_more_than_all_messages_cannot_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(parsed("--state", "UNDELIV=60", "--state", "EXPIRED=50")) == 2
    assert "state: the shares are 110% of all messages" in capsys.readouterr().err


def test_each_option_has_a_line_of_help_and_a_default() -> None:
    text = argparse.ArgumentParser(prog="x")
    add_arguments(text)
    told = text.format_help()
    assert all(f"--{option.name} " in told for option in OPTIONS)
    assert "SUPPRESS" not in told


@pytest.mark.parametrize(
    "words",
    [
        ("--state", "DELIVRD=5"),
        ("--state", "UNDELIV"),
        ("--id-length", "65"),
        ("--id-format", "octal"),
        ("--seed", "x"),
    ],
)
def test_values_that_cannot_be_are_refused(words: tuple[str, str]) -> None:
    with pytest.raises(SystemExit):
        parsed(*words)
