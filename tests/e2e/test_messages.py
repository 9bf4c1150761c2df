"""The message log of a real gate: why a message is not delivered, the line alone says."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.e2e.daemon import KINDS, command, daemon
from tests.e2e.ports import free_port
from tests.e2e.program import RunningProgram
from tests.e2e.twistd import ACCOUNTS, RunningGate, relaying, settings
from tests.e2e.wire import (
    BIND_RECEIVER,
    DELIVER_SM,
    SUBMIT_SM,
    Smsc,
    Wire,
    answer,
    bound,
    delivered,
    message_body,
    pdu,
    receipt_body,
    submitted,
)

LOG = '[log]\nmessages = "messages.log"\n'
OF_ACME, OF_BOLT, OF_NOBODY = b"4477009001", b"4988001", b"4999"

Line = dict[str, Any]


class Messages:
    """A gate with one SMSC that writes a message log."""

    def __init__(self, folder: Path, gate: RunningGate, link: Wire) -> None:
        self.gate, self.link = gate, link
        self._folder = folder
        self._number = 0

    def sends(self, esme: Wire, text: bytes = b"secret words") -> None:
        """An ESME sends a message."""
        self._number += 1
        esme.send(pdu(SUBMIT_SM, self._number, message_body(OF_NOBODY, text, OF_ACME)))

    def is_answered(self, esme: Wire) -> int:
        """The status of the answer that an ESME gets next."""
        return esme.receive_message().status

    def is_refused(self, destination: bytes, body: bytes = b"") -> int:
        """The status that the SMSC is answered, when it sends a message or this."""
        self.link.send(pdu(DELIVER_SM, 77, body or message_body(destination, b"words", b"123")))
        return self.link.receive_message().status

    def lines(self) -> list[Line]:
        """All that is written, once the gate has stopped."""
        self.gate.stop()
        return lines_of(self._folder / "messages.log")


def lines_of(path: Path) -> list[Line]:
    """Those of a file of JSON."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def why(lines: list[Line]) -> list[tuple[str, str, str]]:
    """Event, reason and status of each."""
    return [(each["event"], each.get("reason", ""), each["status"]) for each in lines]


@contextmanager
def logging(
    folder: Path, log: str = LOG, esmes: str = ACCOUNTS, **more: str
) -> Iterator[Messages]:
    """The gate, bound to its SMSC."""
    with relaying(folder, "alpha", esmes=esmes + log, **more) as (gate, (link,)):
        yield Messages(folder, gate, link)


def test_a_message_and_its_receipt_are_joined_by_id(tmp_path: Path) -> None:
    with logging(tmp_path) as messages:
        esme = bound(messages.gate.port)
        given = submitted(esme, messages.link, b"4F").decode()
        delivered(messages.link, esme, receipt_body(b"4F", OF_ACME))
        delivered(messages.link, esme, message_body(OF_ACME, b"words", b"123"))
        lines = messages.lines()
    sent, receipt, mo = lines
    assert why(lines) == [(each, "", "ESME_ROK") for each in ("sent", "receipt", "mo")]
    assert (sent["id"], sent["smsc_id"]) == (receipt["id"], receipt["smsc_id"]) == (given, "4F")
    assert (receipt["receipt"], receipt["matched"]) == ("DELIVRD", "id")
    for each in lines:
        assert (each["account"], each["smsc"]) == ("acme", "alpha")
        assert each["link"] == "alpha transceiver 1"
        assert each["session"] == 1
        assert each["peer"].startswith("127.0.0.1:")
    assert (sent["pool"], sent["attempts"]) == ("default", 1)
    assert sent["entered"] <= sent["sent"] <= sent["time"]
    assert (mo["source"], mo["destination"]) == ("123", OF_ACME.decode())


def test_the_smsc_refuses_throttles_or_is_silent_and_its_link_is_lost(tmp_path: Path) -> None:
    with logging(tmp_path, gate="response_timeout = 1.0", pool="hold = 0.0") as messages:
        esme = bound(messages.gate.port)
        for status in (0x0B, 0x58):
            messages.sends(esme)
            answer(messages.link, messages.link.receive_message(), b"", status)
            assert messages.is_answered(esme) == status
        messages.sends(esme)
        messages.link.receive_message()
        assert messages.is_answered(esme) == 0x08
        messages.sends(esme)
        messages.link.receive_message()
        messages.link.sock.close()
        assert messages.is_answered(esme) == 0x08
        messages.sends(esme)
        assert messages.is_answered(esme) == 0x08
        lines = messages.lines()
    assert why(lines) == [
        ("sent", "refused", "ESME_RINVDSTADR"),
        ("sent", "throttled", "ESME_RTHROTTLED"),
        ("sent", "timeout", "ESME_RSYSERR"),
        ("sent", "link_lost", "ESME_RSYSERR"),
        ("refused", "no_smsc", "ESME_RSYSERR"),
    ]
    assert lines[2]["latency"] >= 1.0


def test_over_the_window_and_over_hold_and_what_is_open_when_the_gate_stops(
    tmp_path: Path,
) -> None:
    esmes = ACCOUNTS.replace('"secret"', '"secret"\nwindow = 2')
    more = {"smsc": "window = 1", "pool": "hold = 0.5", "gate": "stop_timeout = 1.0"}
    with logging(tmp_path, esmes=esmes, **more) as messages:
        esme = bound(messages.gate.port)
        for _ in range(3):
            messages.sends(esme)
        assert [messages.is_answered(esme) for _ in range(2)] == [0x58, 0x58]
        # The SMSC and the ESME are there still.
        RunningProgram.stop(messages.gate)
        lines = messages.lines()
    assert why(lines) == [
        ("refused", "window", "ESME_RTHROTTLED"),
        ("refused", "hold", "ESME_RTHROTTLED"),
        ("sent", "stopping", "ESME_RSYSERR"),
    ]


def test_a_route_rejects_it_and_none_is_for_it(tmp_path: Path) -> None:
    route = """
[[route]]
name = "no-spam"
destination = "4999*"
source = "4477009001"
reject = 0x0B
[[route]]
destination = "1*"
pool = "default"
"""
    with logging(tmp_path, pool=f"hold = 0.0\n{route}") as messages:
        esme = bound(messages.gate.port)
        messages.sends(esme)
        assert messages.is_answered(esme) == 0x0B
        esme.send(pdu(SUBMIT_SM, 9, message_body(OF_NOBODY, b"words", b"5")))
        assert messages.is_answered(esme) == 0x0B
        lines = messages.lines()
    assert why(lines) == [
        ("refused", "rejected", "ESME_RINVDSTADR"),
        ("refused", "no_route", "ESME_RINVDSTADR"),
    ]
    assert lines[0]["route"] == "no-spam"


def test_a_message_for_an_account_that_is_not_bound_and_a_receipt_of_no_known_message(
    tmp_path: Path,
) -> None:
    with logging(tmp_path) as messages:
        bound(messages.gate.port)
        assert messages.is_refused(OF_BOLT)
        assert messages.is_refused(OF_NOBODY)
        assert messages.is_refused(OF_NOBODY, receipt_body(b"strange", OF_NOBODY))
        lines = messages.lines()
    status = "ESME_RX_T_APPN"
    assert why(lines) == [
        ("mo", "not_bound", status),
        ("mo", "no_route", status),
        ("receipt", "unmatched", status),
    ]
    assert lines[0]["account"] == "bolt"
    assert (lines[2]["smsc_id"], lines[2]["matched"]) == ("strange", "no")


def test_what_waits_in_a_queue_has_a_line_when_it_is_there_and_when_it_leaves(
    tmp_path: Path,
) -> None:
    esmes = ACCOUNTS.replace('"hidden"', '"hidden"\nqueue = true')
    with logging(tmp_path, esmes=esmes) as messages:
        assert messages.is_refused(OF_BOLT) == 0
        bolt = bound(messages.gate.port, b"bolt", b"hidden", BIND_RECEIVER)
        answer(bolt, bolt.receive_message(), b"\0")
        lines = messages.lines()
    assert why(lines) == [("mo", "queued", "ESME_ROK"), ("mo", "", "ESME_ROK")]
    assert [each["account"] for each in lines] == ["bolt", "bolt"]
    assert lines[1]["session"]


def test_texts_and_passwords_are_in_no_line_and_controls_never_raw(tmp_path: Path) -> None:
    with logging(tmp_path, log=f'{LOG}[cdr]\npath = "cdr.csv"\n') as messages:
        esme = bound(messages.gate.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body(b"49\x1b[2J\n1", b"secret words", OF_ACME)))
        answer(messages.link, messages.link.receive_message(), b"i\x07d\0")
        esme.receive_message()
        (line,) = messages.lines()
    assert line["destination"] == "49\x1b[2J\n1"
    for name in ("messages.log", "cdr.csv"):
        text = (tmp_path / name).read_bytes()
        assert b"words" not in text
        assert b"secret" not in text
        assert text.replace(b"\n", b"").decode().isprintable()


def test_texts_are_there_where_they_are_wanted_and_lines_for_people(tmp_path: Path) -> None:
    log = f'{LOG}format = "text"\nlog_text = true\n'
    with logging(tmp_path, log=log) as messages:
        esme = bound(messages.gate.port)
        messages.sends(esme)
        answer(messages.link, messages.link.receive_message())
        messages.is_answered(esme)
        messages.gate.stop()
    (line,) = (tmp_path / "messages.log").read_text().splitlines()
    assert " event=sent account=acme " in line
    assert line.endswith(' text="secret words"')


def test_a_cdr_is_one_record_for_each_message(tmp_path: Path) -> None:
    with logging(tmp_path, log='[cdr]\npath = "cdr.csv"\n') as messages:
        esme = bound(messages.gate.port)
        given = submitted(esme, messages.link, b"4F").decode()
        delivered(messages.link, esme, receipt_body(b"4F", OF_ACME))
        assert messages.is_refused(OF_BOLT)
        messages.gate.stop()
    with (tmp_path / "cdr.csv").open(newline="") as file:
        sent, mo = csv.DictReader(file)
    assert (sent["event"], sent["id"], sent["account"]) == ("sent", given, "acme")
    assert (mo["event"], mo["reason"]) == ("mo", "not_bound")


@pytest.mark.parametrize("kind", KINDS)
def test_signals_open_it_anew_and_turn_it_on_and_off(tmp_path: Path, kind: str) -> None:
    """In both ways that a gate is started."""
    with Smsc() as smsc:
        port = free_port()
        file, log = tmp_path / "gate.toml", tmp_path / "messages.log"
        without = settings(port, {"alpha": smsc.port})
        file.write_text(without)
        with daemon(tmp_path, command(kind, file), port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            esme = bound(port)
            submitted(esme, link, b"1")
            file.write_text(without + LOG)
            _reload(gate, '[log]: messages "" -> "messages.log", at once')
            submitted(esme, link, b"2")
            file.write_text(without)
            _reload(gate, '[log]: messages "messages.log" -> "", at once')
            submitted(esme, link, b"3")
            log.rename(tmp_path / "old.log")
            file.write_text(without + LOG)
            _reload(gate, '[log]: messages "" -> "messages.log", at once', 2)
            submitted(esme, link, b"4")
            gate.process.send_signal(signal.SIGUSR1)
            gate.wait_for_log("opened anew")
            submitted(esme, link, b"5")
            gate.stop()
    assert [each["smsc_id"] for each in lines_of(tmp_path / "old.log")] == ["2"]
    assert [each["smsc_id"] for each in lines_of(log)] == ["4", "5"]


def _reload(gate: RunningGate, line: str, times: int = 1) -> None:
    gate.process.send_signal(signal.SIGHUP)
    gate.wait_for_log(line, times)
    gate.wait_for_log("reload", times)


def _fill(file: BinaryIO) -> None:
    while True:
        file.write(b"x" * 4096)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that is full."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    with (folder / "filler").open("wb", 0) as filler, pytest.raises(OSError, match="space"):
        _fill(filler)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_messages_go_on_while_the_disk_is_full(tmp_path: Path, full_disk: Path) -> None:
    log = f'[log]\nmessages = "{full_disk}/messages.log"\n'
    with logging(tmp_path, log=log) as messages:
        esme = bound(messages.gate.port)
        for number in range(1, 21):
            assert submitted(esme, messages.link, b"%d" % number, number)
        messages.gate.wait_for_log("lines of the message log are lost, messages go on: ")
        assert messages.gate.log.count("No space left on device") == 1
        assert messages.gate.stop() in (0, -signal.SIGTERM)
    assert not (full_disk / "messages.log").read_bytes()


def test_what_is_answered_a_second_before_a_kill_is_written(tmp_path: Path) -> None:
    """The time of the last lines is told by the log itself: none that is older is missing."""
    with logging(tmp_path) as messages:
        esme = bound(messages.gate.port)
        given = [submitted(esme, messages.link, b"%d" % n, n) for n in range(1, 6)]
        messages.gate.wait_for_log("bound as")
        # A file that grows is seen; nothing else tells when its time has come.
        path = tmp_path / "messages.log"
        for _ in range(1_000_000):
            if path.exists() and len(path.read_bytes().splitlines()) == len(given):
                break
        messages.gate.kill()
    assert [each["id"] for each in lines_of(path)] == [each.decode() for each in given]
