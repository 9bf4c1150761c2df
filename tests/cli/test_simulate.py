"""``smppgate simulate``: its arguments and its lines."""

from __future__ import annotations

import argparse
from random import Random

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import CancelledError, ensureDeferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from smppgate.cli.simulate import Report, add_arguments, behaviour, simulate, where
from smppgate.cli.simulator import Behaviour, SimulatedSmsc


def parsed(*argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(argv)


def test_without_arguments_it_accepts_and_answers_everything_at_once() -> None:
    args = parsed()
    assert behaviour(args) == Behaviour()
    assert args.listen == "tcp:3001:interface=127.0.0.1"


def test_each_argument_changes_what_it_says() -> None:
    args = parsed(
        *("--system-id", "acme", "--password", "secret", "--name", "alpha"),
        *("--latency", "0.02", "--jitter", "0.01", "--error-rate", "5%"),
        *("--error-status", "0x58", "--error-status", "ESME_RSYSERR"),
        *("--id-prefix", "A", "--id-format", "decimal"),
        *("--receipts", "50", "--receipt-delay", "2", "--mo-rate", "3"),
        *("--mo-destination", "1001", "--mo-destination", "2002"),
        *("--window", "7", "--queue", "9"),
    )
    assert behaviour(args) == Behaviour(
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
    running = ensureDeferred(simulate(parsed("--listen", "tcp:3001", "--report", "2"), reactor))
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
