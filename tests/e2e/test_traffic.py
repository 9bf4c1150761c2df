"""Traces and captures of a real gate, by the commands that people use."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from tests.e2e.program import RunningProgram
from tests.e2e.test_control import DONE, REFUSED, Controlled, controlled
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    MESSAGE_PAYLOAD,
    SUBMIT_SM,
    answer,
    bind_body,
    bound,
    connect,
    message_body,
    pdu,
    tlv,
)
from tests.observe.traffic.captures import segments, streams

PASSWORD, TEXT, PAYLOAD = b"S3CR3T-1", b"H1DDEN-TEXT-1", b"H1DDEN-TEXT-2"


def started(at: Controlled, *words: str) -> RunningProgram:
    """A command that the gate has begun to answer: that is a line of its log."""
    count = at.gate.log.count("admin: ")
    program = at.start(*words)
    at.gate.wait_for_log("admin: ", count + 1)
    return program


def exchange(at: Controlled, esme: Any, number: int, body: bytes, status: int = 0) -> None:
    esme.send(pdu(SUBMIT_SM, number, body))
    answer(at.links[0], at.links[0].receive_message(), b"id-%d\0" % number, status)
    assert esme.receive_message().status == status


def talk(at: Controlled) -> None:
    """A bind that is refused, one that is not, and messages with secrets in them."""
    refused = connect(at.gate.port)
    refused.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", PASSWORD)))
    assert refused.receive().status == 0x0E
    esme = bound(at.gate.port)
    exchange(at, esme, 2, message_body(text=TEXT))
    exchange(at, esme, 3, message_body(text=b"", tlvs=tlv(MESSAGE_PAYLOAD, PAYLOAD)), 0x45)


def test_a_trace_shows_both_legs_and_why(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        trace = started(at, "trace", "--account", "acme")
        talk(at)
        trace.wait_for_log("submit_sm_resp 3 ESME_RSUBMITFAIL")
        lines = [line.partition("  ")[2] for line in trace.log.splitlines()]
        first = next(at for at, line in enumerate(lines) if "submit_sm 2" in line)
        esme, to_link, from_link, to_esme = lines[first : first + 4]
        assert esme.startswith("ESME acme/"), lines
        assert "from 1234 (1/1) to 4477009001 (1/1)" in esme
        assert to_link.startswith("> SMSC alpha ")
        assert "[pool " in to_link
        assert "ESME_ROK" in from_link
        assert "id id-2" in from_link
        assert to_esme.startswith("> ESME acme/")
        assert any("bind_transceiver_resp 1 ESME_RINVPASWD" in line for line in lines)
        trace.stop()


def test_secrets_are_nowhere_unless_texts_are_asked_for(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        file = tmp_path / "x.pcapng"
        programs = [
            started(at, "trace"),
            started(at, "trace", "--json"),
            started(at, "capture", "-w", str(file)),
        ]
        texts = started(at, "trace", "--text")
        talk(at)
        for program in programs[:2]:
            program.wait_for_log("id-3", 2)
        for text in (TEXT, PAYLOAD):
            texts.wait_for_log(text.decode(), 2)
        for program in (*programs, texts):
            program.stop()
        shown = [program.log.encode() for program in programs]
        for found in (*shown, file.read_bytes(), at.gate.log.encode()):
            assert not any(secret in found for secret in (PASSWORD, TEXT, PAYLOAD))
        assert PASSWORD not in texts.log.encode()
        assert b"secret" not in file.read_bytes()


def test_a_capture_has_the_real_addresses_and_mode_600(tmp_path: Path) -> None:
    with controlled(tmp_path, "alpha", "beta") as at:
        file = tmp_path / "x.pcapng"
        capture = started(at, "capture", "-w", str(file), "--seconds", "3", "--text")
        esme = bound(at.gate.port)
        esme.send(pdu(SUBMIT_SM, 2, message_body(text=TEXT)))
        own = esme.sock.getsockname()
        assert capture.wait() == DONE, capture.log
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        found = streams(segments(file.read_bytes()))
        gate = ("127.0.0.1", at.gate.port)
        assert TEXT in found[own, gate]
        to_smscs = {target for (_, target), octets in found.items() if TEXT in octets}
        assert to_smscs - {gate} <= {("127.0.0.1", smsc.port) for smsc in at.smscs}
        assert len(to_smscs) == 2
        assert " packets" in capture.log


def test_a_capture_of_a_number_ends_at_its_size(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        file = tmp_path / "x.pcapng"
        words = ("capture", "-w", str(file), "--to", "4477", "--max-size", "2000")
        capture = started(at, *words)
        esme = bound(at.gate.port)
        for number in range(10, 60, 2):
            exchange(at, esme, number, message_body(b"33" + b"%d" % number))
            exchange(at, esme, number + 1, message_body(b"4477%d" % number))
        assert capture.wait() == DONE, capture.log
        octets = file.read_bytes()
        assert 1000 < len(octets) <= 2000
        assert not any(b"\x0033" in stream for stream in streams(segments(octets)).values())


def test_a_gate_forgets_who_has_looked(tmp_path: Path) -> None:
    """More than may look at one time, one after the other."""
    with controlled(tmp_path) as at:
        for _ in range(3):
            several = [started(at, "trace", "--smsc", "alpha") for _ in range(4)]
            for each in several:
                each.stop()
        esme = bound(at.gate.port)
        exchange(at, esme, 2, message_body())


def test_json_of_a_trace(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        trace = started(at, "trace", "--smsc", "alpha", "--json", "--seconds", "2")
        exchange(at, bound(at.gate.port), 2, message_body())
        assert trace.wait() == DONE, trace.log
        events = [json.loads(line) for line in trace.log.splitlines()]
        assert [each["command"] for each in events if each["number"]][:2] == ["submit_sm"] * 2


def test_what_is_not_there(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        done = at.run("trace", "--smsc", "omega")
        assert (done.returncode, "there is no SMSC omega" in done.stdout) == (REFUSED, True)
