"""``smppgate send`` and ``smppgate load`` as programs, through a real gate to an SMSC here."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from smppgate.txsmpp import peek, segment_of
from tests.e2e.twistd import free_port, running, settings
from tests.e2e.wire import (
    DELIVER_SM,
    ENQUIRE_LINK,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    Smsc,
    Wire,
    message_body,
    pdu,
)

REFUSED = b"4477009000"
"""The destination that the SMSC here takes nothing for."""
RINVDSTADR = 0x0B

COMMAND = [sys.executable, "-m", "smppgate"]


class Center:
    """An SMSC that takes every message but one destination's, and delivers it at once."""

    def __init__(self) -> None:
        self.messages: list[Pdu] = []
        self.got_one = threading.Event()

    def serve(self, link: Wire) -> None:
        """Answer what comes over ``link``, until it is closed."""
        with suppress(OSError):
            while True:
                self._answer(link, link.receive())

    def _answer(self, link: Wire, got: Pdu) -> None:
        if got.command_id == SUBMIT_SM:
            self.messages.append(got)
            self._take(link, got, len(self.messages))
            self.got_one.set()
        elif got.command_id in (ENQUIRE_LINK, UNBIND):
            link.send(pdu(got.command_id | RESP, got.number))

    def _take(self, link: Wire, got: Pdu, count: int) -> None:
        octets = pdu(got.command_id, got.number, got.body)
        if peek.destination(octets) == REFUSED:
            link.send(pdu(SUBMIT_SM | RESP, got.number, status=RINVDSTADR))
            return
        answer = pdu(SUBMIT_SM | RESP, got.number, b"m%d\0" % count)
        if peek.registered_delivery(octets):
            text = b"id:m%d sub:001 dlvrd:001 stat:DELIVRD err:000 text:hello" % count
            body = message_body(peek.source(octets), text, peek.destination(octets), esm_class=4)
            answer += pdu(DELIVER_SM, count, body)
        link.send(answer)


@pytest.fixture
def center() -> Center:
    return Center()


@pytest.fixture
def gate(tmp_path: Path, center: Center) -> Iterator[str]:
    """Where a gate listens that is bound to ``center``."""
    with ExitStack() as stack:
        smsc = stack.enter_context(Smsc())
        port = free_port()
        config = settings(port, {"alpha": smsc.port})
        instance = stack.enter_context(running(tmp_path, config, port))
        link = smsc.link()
        serving = threading.Thread(target=center.serve, args=(link,), daemon=True)
        serving.start()
        stack.callback(serving.join, PATIENCE)
        stack.callback(link.sock.shutdown, socket.SHUT_RDWR)
        instance.wait_for_log("bound at")
        yield f"127.0.0.1:{port}"


def start(*arguments: str, password: str = "secret") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "SMPPGATE_PASSWORD": password},
    )


def ran(*arguments: str, password: str = "secret") -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command that ends by itself."""
    with start(*arguments, password=password) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        return process.returncode, out, err


def test_a_message_is_sent_and_its_receipt_comes(gate: str, center: Center) -> None:
    """Exit 0; the steps are on standard output, and the SMSC got what was meant."""
    text = "hello, €uro"
    status, out, err = ran("send", "--connect", gate, "--to", "4477009001", "--text", text)
    assert (status, err) == (0, "")
    bound, accepted, receipt = out.splitlines()
    assert bound == f"bound     to tcp:{gate} as acme"
    assert accepted.startswith("accepted  ESME_ROK (no error), message_id alpham1, in ")
    assert receipt.startswith("receipt   DELIVRD (delivered), error 000, after ")
    assert center.messages[0].body.endswith(b"hello, \x1beuro")


def test_a_long_message_arrives_whole(gate: str, center: Center) -> None:
    """As message_payload, if that is wanted."""
    arguments = ["send", "--connect", gate, "--no-receipt", "--text", "x" * 1000]
    arguments += ["--long", "payload"]
    assert ran(*arguments)[::2] == (0, "")
    assert center.messages[0].body.endswith(b"\x04\x24\x03\xe8" + b"x" * 1000)


def test_a_long_text_arrives_in_parts_each_with_its_receipt(gate: str, center: Center) -> None:
    """Twice, under two references, each part with the flash class, the time and the TLV."""
    more = ["--count", "2", "--rate", "1000", "--flash", "--validity", "600", "--tlv", "0x1402=0A"]
    status, out, err = ran("send", "--connect", gate, "--text", "x" * 300, *more)
    assert (status, err) == (0, "")
    assert out.count("accepted  ESME_ROK") == 4
    assert out.count("receipt   DELIVRD (delivered)") == 4
    octets = [pdu(SUBMIT_SM, 1, got.body) for got in center.messages]
    found = [segment_of(each) for each in octets]
    assert [part and (part.total, part.number) for part in found] == [(2, 1), (2, 2)] * 2
    assert len({part.reference for part in found if part is not None}) == 2
    assert all(b"000000001000000R\0\1\0\xf0\0" in each for each in octets)
    assert all(each.endswith(b"x\x14\x02\0\x01\x0a") for each in octets)


def test_a_refused_message_is_one_line(gate: str) -> None:
    """Exit 1, with the SMSC's own status."""
    status, _, err = ran("send", "--connect", gate, "--to", REFUSED.decode())
    assert status == 1
    expected = "refused: ESME_RINVDSTADR (0x0000000B): invalid destination address"
    assert err == f"smppgate send: {expected}\n"


@pytest.mark.parametrize("command", ["send", "load"])
def test_a_refused_bind_is_one_line(gate: str, command: str) -> None:
    """Exit 1, with the meaning and without the password."""
    status, out, err = ran(command, "--connect", gate, password="wrong")
    assert (status, out) == (1, "")
    expected = f"smppgate {command}: tcp:{gate}: bind refused: invalid password (0x0000000E)\n"
    assert err == expected


@pytest.mark.parametrize("command", ["send", "load"])
def test_nobody_there_is_one_line(command: str) -> None:
    """Exit 1."""
    where = f"127.0.0.1:{free_port()}"
    status, out, err = ran(command, "--connect", where)
    assert (status, out) == (1, "")
    assert err.startswith(f"smppgate {command}: cannot connect to tcp:{where}: ")
    assert err.count("\n") == 1


def test_every_message_of_a_load_is_answered(gate: str, center: Center) -> None:
    """Over four sessions, receipts included; exit 0 and one JSON object."""
    arguments = ["--sessions", "4", "--window", "10", "--count", "2000", "--to-range", "50"]
    to = ["--to", "4477009100"]
    status, out, err = ran("load", "--connect", gate, *arguments, *to, "--receipts", "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert (told["sent"], told["ok"], told["receipts"]) == (2000, 2000, 2000)
    assert (told["errors"], told["timeouts"], told["lost"], told["strays"]) == ([], 0, 0, 0)
    assert told["latency_ms"]["p50"] <= told["latency_ms"]["max"]
    assert len(center.messages) == 2000
    assert len({peek.destination(pdu(4, 1, got.body)) for got in center.messages}) == 50


def test_a_load_at_a_rate_counts_its_errors(gate: str, center: Center) -> None:
    """Exit 1 with the errors by their status, on lines for people."""
    arguments = ["--sessions", "2", "--count", "40", "--rate", "1000", "--to", REFUSED.decode()]
    status, out, err = ran("load", "--connect", gate, *arguments)
    assert (status, err) == (1, "")
    assert "ok        0 of 40\n" in out
    assert "error     40 × ESME_RINVDSTADR (0x0000000B): invalid destination address\n" in out
    assert len(center.messages) == 40


def test_an_interrupted_load_reports_what_it_has(gate: str, center: Center) -> None:
    """Ctrl-C ends it as shells expect, and nothing is left unsaid."""
    with start("load", "--connect", gate, "--duration", "3600", "--rate", "100", "--json") as load:
        try:
            assert center.got_one.wait(PATIENCE)
            load.send_signal(signal.SIGINT)
            out, err = load.communicate(timeout=PATIENCE)
        finally:
            load.kill()
    assert (load.returncode, err) == (130, "")
    told = json.loads(out)
    assert told["sent"] >= 1
    assert told["sent"] == told["ok"] + told["unanswered"]
