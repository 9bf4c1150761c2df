"""Why a message, a bind or a connection came to nothing: the log alone says it.

One test for each reason. What is about a message stands in the message log, in one word; what is
about the gate and its peers stands in the gate's own log, under a code.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from smppgate.notices import notice_of
from tests.e2e.admin import Client
from tests.e2e.ports import free_port
from tests.e2e.twistd import ACCOUNTS, RunningGate, relaying, running, settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    SUBMIT_SM,
    Smsc,
    Wire,
    answer,
    bind_body,
    bound,
    connect,
    message_body,
    pdu,
    receipt_body,
)

LOG = '[log]\nmessages = "messages.log"\n'
OF_ACME, OF_BOLT, OF_NOBODY = b"4477009001", b"4988001", b"4999"
NUMBER = 5


class Gate:
    """A gate with one SMSC, and an ESME that is bound to it."""

    def __init__(self, folder: Path, gate: RunningGate, link: Wire) -> None:
        self.gate, self.link = gate, link
        self.esme = bound(gate.port)
        self._folder = folder

    def submits(self, destination: bytes = OF_NOBODY) -> None:
        """The ESME sends a message."""
        self.esme.send(pdu(SUBMIT_SM, NUMBER, message_body(destination, b"words", OF_ACME)))

    def status(self) -> int:
        """That of the answer that the ESME gets next."""
        return self.esme.receive_message().status

    def smsc_answers(self, status: int) -> None:
        """The SMSC answers what it got, so."""
        answer(self.link, self.link.receive_message(), b"", status)

    def smsc_is_told(self, body: bytes) -> int:
        """The status that the SMSC gets for this deliver_sm."""
        self.link.send(pdu(DELIVER_SM, NUMBER, body))
        return self.link.receive_message().status

    def told(self) -> str:
        """Its own log, once it has stopped."""
        self.gate.stop()
        return self.gate.log

    def line(self) -> dict[str, Any]:
        """The one line of the message log, once the gate has stopped."""
        self.gate.stop()
        (line,) = (self._folder / "messages.log").read_text().splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def gate_of(folder: Path, esmes: str = ACCOUNTS, **more: str) -> Iterator[Gate]:
    """The gate with the message log on; ``more`` goes to `settings`."""
    with relaying(folder, "alpha", esmes=esmes + LOG, **more) as (gate, (link,)):
        yield Gate(folder, gate, link)


def assert_message(line: dict[str, Any], reason: str, status: str, **more: str) -> None:
    """The line says this, and whose message it was."""
    assert (line["reason"], line["status"]) == (reason, status)
    assert {name: line.get(name) for name in more} == more


def assert_told(log: str, code: str, *words: str) -> None:
    """A line begins with this code, which is explained, and has these words."""
    assert notice_of(code) is not None
    found = [line for line in log.splitlines() if f"] {code} " in line]
    assert any(all(word in line for word in words) for line in found), (code, words, log)


# Messages that an SMSC got, or might have got


def test_the_smsc_refuses_a_message(tmp_path: Path) -> None:
    with gate_of(tmp_path) as at:
        at.submits()
        at.smsc_answers(0x0B)
        assert at.status() == 0x0B
        assert_message(
            at.line(), "refused", "ESME_RINVDSTADR", account="acme", smsc="alpha", event="sent"
        )
        assert_told(at.told(), "SG-3001", "to the SMSC: refused", "acme", "alpha", "0x0000000B")


def test_the_smsc_throttles(tmp_path: Path) -> None:
    with gate_of(tmp_path, pool="hold = 0.0") as at:
        at.submits()
        at.smsc_answers(0x58)
        assert at.status() == 0x58
        assert_message(at.line(), "throttled", "ESME_RTHROTTLED", smsc="alpha")
        assert_told(at.told(), "SG-3002", "acme", "alpha", "0x00000058")


def test_the_smsc_does_not_answer(tmp_path: Path) -> None:
    with gate_of(tmp_path, gate="response_timeout = 1.0") as at:
        at.submits()
        at.link.receive_message()
        assert at.status() == 0x08
        line = at.line()
        assert_message(line, "timeout", "ESME_RSYSERR", smsc="alpha", link="alpha transceiver 1")
        assert line["latency"] >= 1.0
        assert_told(at.told(), "SG-3004", "to the SMSC: no answer in", "acme", "alpha")


def test_the_link_is_lost(tmp_path: Path) -> None:
    with gate_of(tmp_path) as at:
        at.submits()
        at.link.receive_message()
        at.link.sock.close()
        assert at.status() == 0x08
        assert_message(at.line(), "link_lost", "ESME_RSYSERR", smsc="alpha")
        assert_told(at.told(), "SG-1004", "SMSC alpha transceiver 1 at tcp:127.0.0.1:", " gone: ")
        assert_told(at.told(), "SG-3005", "acme", "alpha")


# Messages that never left


def test_the_window_of_the_esme_is_full(tmp_path: Path) -> None:
    esmes = ACCOUNTS.replace('"secret"', '"secret"\nwindow = 1')
    with gate_of(tmp_path, esmes=esmes) as at:
        at.submits()
        at.submits()
        assert at.status() == 0x58
        answer(at.link, at.link.receive_message())
        assert at.status() == 0
        at.gate.stop()
        refused, sent = (tmp_path / "messages.log").read_text().splitlines()
        assert_message(json.loads(refused), "window", "ESME_RTHROTTLED", account="acme")
        assert "reason" not in json.loads(sent)
        assert_told(at.told(), "SG-3003", "over the window of its session", "acme")


def test_hold_is_over(tmp_path: Path) -> None:
    with gate_of(tmp_path, smsc="window = 1", pool="hold = 0.5") as at:
        at.submits()
        at.link.receive_message()
        at.submits()
        assert at.status() == 0x58
        at.gate.stop()
        held = json.loads((tmp_path / "messages.log").read_text().splitlines()[0])
        assert_message(held, "hold", "ESME_RTHROTTLED", pool="default", event="refused")
        assert_told(at.told(), "SG-3007", "no SMSC had room in the time of hold", "acme")


def test_the_pool_is_down(tmp_path: Path) -> None:
    with gate_of(tmp_path, pool="hold = 0.0") as at:
        at.link.sock.close()
        at.gate.wait_for_log("is without an SMSC")
        at.submits()
        assert at.status() == 0x08
        assert_message(at.line(), "no_smsc", "ESME_RSYSERR", pool="default", event="refused")
        assert_told(at.told(), "SG-1301", "pool default is without an SMSC", "answered 0x08")
        assert_told(at.told(), "SG-3006", "acme", "0x00000008")


def test_an_operator_has_drained_the_last_smsc(tmp_path: Path) -> None:
    with gate_of(tmp_path, pool="hold = 0.0") as at:
        assert Client(tmp_path / "state/admin.sock").post("smscs/alpha/drain")[0] in (200, 202)
        at.submits()
        assert at.status() == 0x08
        assert_message(at.line(), "no_smsc", "ESME_RSYSERR", pool="default", event="refused")
        assert "SMSC alpha: drain" in at.told()
        assert_told(at.told(), "SG-1301", "pool default is without an SMSC")


ROUTES = """
[[route]]
name = "no-spam"
destination = "4999*"
reject = 0x0B
[[route]]
destination = "1*"
pool = "default"
"""


@pytest.mark.parametrize(
    ("destination", "reason", "code", "words"),
    [
        (OF_NOBODY, "rejected", "SG-3008", "a route rejects it"),
        (OF_BOLT, "no_route", "SG-3009", "no route is for it"),
    ],
)
def test_a_route_rejects_it_or_none_is_for_it(
    tmp_path: Path, destination: bytes, reason: str, code: str, words: str
) -> None:
    with gate_of(tmp_path, pool=f"hold = 0.0\n{ROUTES}") as at:
        at.submits(destination)
        assert at.status() == 0x0B
        route = {"route": "no-spam"} if reason == "rejected" else {}
        assert_message(at.line(), reason, "ESME_RINVDSTADR", **route)
        assert_told(at.told(), code, words, "acme")


# Messages of SMSCs


@pytest.mark.parametrize(
    ("destination", "reason", "account", "code"),
    [(OF_BOLT, "not_bound", "bolt", "SG-3010"), (OF_NOBODY, "no_route", "", "SG-3009")],
)
def test_a_message_for_an_account_that_is_not_bound_or_for_none(
    tmp_path: Path, destination: bytes, reason: str, account: str, code: str
) -> None:
    with gate_of(tmp_path) as at:
        assert at.smsc_is_told(message_body(destination, b"words", b"123")) == 0x64
        line = at.line()
        assert_message(line, reason, "ESME_RX_T_APPN", event="mo", smsc="alpha")
        assert line.get("account", "") == account
        assert_told(at.told(), code, f"account {account or '-'}, SMSC alpha, status 0x00000064")


def test_a_receipt_of_an_unknown_message(tmp_path: Path) -> None:
    with gate_of(tmp_path, gate="receipt_patience = 0.1") as at:
        assert at.smsc_is_told(receipt_body(b"strange", OF_NOBODY)) == 0x64
        assert_message(
            at.line(), "unmatched", "ESME_RX_T_APPN", event="receipt", smsc_id="strange"
        )
        assert_told(at.told(), "SG-3011", "receipt of an unknown message", "SMSC alpha")


# Peers


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS in place of SMPP"),
        (b"GET / HTTP/1.1\r\n\r\n", "HTTP in place of SMPP"),
        (b"\xff" * 40, "no SMPP: command_length 4294967295 is not between"),
    ],
)
def test_what_comes_to_the_port_is_no_smpp(tmp_path: Path, octets: bytes, words: str) -> None:
    with gate_of(tmp_path) as at:
        with connect(at.gate.port) as stranger:
            stranger.send(octets)
            at.gate.wait_for_log("ended without a bind")
        assert_told(at.told(), "SG-2104", "connection from 127.0.0.1:", words)


@pytest.mark.parametrize(
    ("name", "words", "status"),
    [(b"acme", "wrong password", 0x0E), (b"nobody", "unknown system_id", 0x0F)],
)
def test_a_bind_with_a_wrong_password_or_name(
    tmp_path: Path, name: bytes, words: str, status: int
) -> None:
    with gate_of(tmp_path) as at:
        with connect(at.gate.port) as stranger:
            stranger.send(pdu(BIND_TRANSCEIVER, 1, bind_body(name, b"guessed")))
            assert stranger.receive().status == status
        who = f"bind of ESME '{name.decode()}' from 127.0.0.1:"
        assert_told(at.told(), "SG-2101", who, f"refused: {words} (0x{status:08X})")
        assert "guessed" not in at.told()


def test_the_smsc_refuses_the_gates_bind(tmp_path: Path) -> None:
    with Smsc() as smsc:
        port = free_port()
        with running(tmp_path, settings(port, {"alpha": smsc.port}), port) as gate:
            with smsc.accept() as link:
                answer(link, link.receive(), b"", 0x0E)
                gate.wait_for_log("SG-1002")
            gate.stop()
            assert_told(gate.log, "SG-1002", "SMSC alpha transceiver 1", "0x0000000E", "tcp:127")
            assert "pw-of-alpha" not in gate.log


def test_the_gate_is_stopping(tmp_path: Path) -> None:
    """What is not answered when the time of the stop is over; and binds meanwhile."""
    with gate_of(tmp_path, gate="stop_timeout = 1.5") as at:
        late = connect(at.gate.port)
        # Its answer shows that the connection before it was accepted.
        bound(at.gate.port)
        at.submits()
        at.link.receive_message()
        # The SMSC and the ESME are there still.
        at.gate.process.send_signal(signal.SIGTERM)
        at.gate.wait_for_log("stopping: 1 requests open")
        late.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
        assert late.receive().status == 0x0D
        at.gate.wait()
        assert_message(at.line(), "stopping", "ESME_RSYSERR", account="acme", smsc="alpha")
        assert_told(at.told(), "SG-3012", "acme", "alpha")
        assert_told(at.told(), "SG-2102", "bind of ESME 'acme' from", "the gate is stopping")
