"""Binds passed through to an SMSC, and SMSCs that send outbind: a real `twistd`, real sockets."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.twistd import RunningGate, free_port, running, settings
from tests.e2e.wire import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    DELIVER_SM,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    Smsc,
    Wire,
    answer,
    bind_body,
    connect,
    delivered,
    message_body,
    pdu,
    receipt_body,
    submitted,
)

ASKING = """
[[esme]]
system_id = "acme"
auth = "smsc"
max_binds = 60
"""

EVERYBODY = """
[[esme]]
system_id = "*"
auth = "smsc"
"""

BIND_RESP = BIND_TRANSCEIVER | RESP


@contextmanager
def gate(
    folder: Path, *names: str, esmes: str = ASKING, smsc: str = "sessions = 0"
) -> Iterator[tuple[RunningGate, list[Smsc]]]:
    """A gate without links, and an SMSC for each name."""
    with ExitStack() as stack:
        smscs = {name: stack.enter_context(Smsc()) for name in names}
        port = free_port()
        ports = {name: each.port for name, each in smscs.items()}
        config = settings(port, ports, esmes=esmes, smsc=smsc)
        yield stack.enter_context(running(folder, config, port)), list(smscs.values())


def asked(
    port: int, password: bytes = b"secret", system_id: bytes = b"acme", number: int = 7
) -> Wire:
    """An ESME that has sent its bind."""
    esme = connect(port)
    esme.send(pdu(BIND_TRANSCEIVER, number, bind_body(system_id, password)))
    return esme


def joined(instance: RunningGate, smsc: Smsc, system_id: bytes = b"acme") -> tuple[Wire, Wire]:
    """An ESME that is bound through, and its SMSC's end."""
    esme = asked(instance.port, system_id=system_id)
    link = smsc.link()
    assert esme.receive() == Pdu(BIND_RESP, 0, 7, b"smsc\0")
    return esme, link


def test_the_smsc_judges_the_password(tmp_path: Path) -> None:
    """The bind and both of its answers, octet for octet under the gate's numbers."""
    with gate(tmp_path, "alpha") as (instance, (smsc,)):
        wrong = asked(instance.port, b"wrong", number=0xFFFFFFFF)
        link = smsc.accept()
        bind = link.receive()
        assert (bind.command_id, bind.body) == (BIND_TRANSCEIVER, bind_body(b"acme", b"wrong"))
        assert 1 <= bind.number <= 0x7FFFFFFF
        answer(link, bind, b"who?\0", 0x0E)
        assert wrong.receive() == Pdu(BIND_RESP, 0x0E, 0xFFFFFFFF, b"who?\0")
        assert wrong.is_closed()
        assert link.is_closed()
        right = asked(instance.port, b"right", number=3)
        link = smsc.accept()
        bind = link.receive()
        assert bind.body == bind_body(b"acme", b"right")
        tlv = b"\x02\x10\0\1\x50"
        answer(link, bind, b"the center\0" + tlv)
        assert right.receive() == Pdu(BIND_RESP, 0, 3, b"the center\0" + tlv)
        assert right.is_quiet()
        assert link.is_quiet()
    assert "wrong" not in instance.log
    assert "right" not in instance.log


def test_a_storm_of_wrong_binds_reaches_the_smsc_once(tmp_path: Path) -> None:
    """Fifty at once, and another one after that; a bind with the right password goes through."""
    with gate(tmp_path, "alpha") as (instance, (smsc,)):
        storm = [asked(instance.port, b"wrong") for _ in range(50)]
        link = smsc.accept()
        answer(link, link.receive(), b"", 0x0E)
        for esme in [*storm, asked(instance.port, b"wrong")]:
            assert esme.receive() == Pdu(BIND_RESP, 0x0E, 7, b"gate1\0")
            assert esme.is_closed()
        right = asked(instance.port, b"right")
        link = smsc.accept()
        bind = link.receive()
        # It is the very next that the SMSC has heard of.
        assert bind.body == bind_body(b"acme", b"right")
        answer(link, bind, b"smsc\0")
        assert right.receive().status == 0


def test_messages_receipts_and_mobile_originated_ones_stay_on_the_session(tmp_path: Path) -> None:
    """Two sessions of one account at one SMSC, which gives the same id on both."""
    with gate(tmp_path, "alpha") as (instance, (smsc,)):
        pairs = [joined(instance, smsc) for _ in range(2)]
        for esme, link in pairs:
            given = submitted(esme, link, b"abc")
            assert given == b"alphaabc"
            body = delivered(link, esme, receipt_body(b"abc"))
            assert b"id:alphaabc " in body
            assert delivered(link, esme, message_body(b"999", b"yo")) == message_body(
                b"999", b"yo"
            )
        for esme, link in pairs:
            assert esme.is_quiet()
            assert link.is_quiet()


def test_everybody_may_be_judged_by_the_smsc(tmp_path: Path) -> None:
    """A wildcard account: who is bound is known by his own name."""
    with gate(tmp_path, "alpha", esmes=EVERYBODY) as (instance, (smsc,)):
        one, to_one = joined(instance, smsc, b"one")
        two, to_two = joined(instance, smsc, b"two")
        assert submitted(one, to_one, b"1") == b"alpha1"
        assert submitted(two, to_two, b"2") == b"alpha2"
        body = delivered(to_one, one, receipt_body(b"1"))
        assert b"id:alpha1 " in body
        stranger = asked(instance.port, system_id=b"three")
        link = smsc.accept()
        answer(link, link.receive(), b"", 0x0F)
        assert stranger.receive() == Pdu(BIND_RESP, 0x0F, 7, b"gate1\0")
        assert "ESME one bound" in instance.log


@pytest.mark.parametrize("who", ["esme", "smsc"])
def test_when_one_side_unbinds_the_other_is_unbound(tmp_path: Path, who: str) -> None:
    """Each unbind is answered, and then both connections are closed."""
    with gate(tmp_path, "alpha") as (instance, (smsc,)):
        esme, link = joined(instance, smsc)
        leaving, left = (esme, link) if who == "esme" else (link, esme)
        leaving.send(pdu(UNBIND, 9))
        assert leaving.receive() == Pdu(UNBIND | RESP, 0, 9, b"")
        assert leaving.is_closed()
        unbind = left.receive()
        assert unbind.command_id == UNBIND
        answer(left, unbind, b"")
        assert left.is_closed()
        # And it may be bound again.
        joined(instance, smsc)


def test_when_the_smsc_dies_its_esme_is_told_and_unbound(tmp_path: Path) -> None:
    with gate(tmp_path, "alpha") as (instance, (smsc,)):
        esme, link = joined(instance, smsc)
        esme.send(pdu(SUBMIT_SM, 5, message_body()))
        link.receive_message()
        link.sock.close()
        assert esme.receive() == Pdu(SUBMIT_SM | RESP, 0x08, 5, b"")
        unbind = esme.receive()
        assert unbind.command_id == UNBIND
        answer(esme, unbind, b"")
        assert esme.is_closed()


def test_when_the_esme_dies_its_smsc_session_is_unbound(tmp_path: Path) -> None:
    with gate(tmp_path, "alpha") as (instance, (smsc,)):
        esme, link = joined(instance, smsc)
        link.send(pdu(DELIVER_SM, 5, message_body()))
        esme.receive_message()
        esme.sock.close()
        assert link.receive() == Pdu(DELIVER_SM | RESP, 0x64, 5, b"")
        unbind = link.receive()
        assert unbind.command_id == UNBIND
        answer(link, unbind, b"")
        assert link.is_closed()


def test_an_esme_that_hangs_up_before_the_answer_leaves_no_session(tmp_path: Path) -> None:
    with gate(tmp_path, "alpha") as (instance, (smsc,)):
        esme = asked(instance.port)
        link = smsc.accept()
        link.receive()
        esme.sock.close()
        assert link.is_closed()


def test_an_smsc_that_is_down_leaves_the_bind_to_the_next(tmp_path: Path) -> None:
    """And when all are down, the ESME is told what it may try again after: 0x0D."""
    with gate(tmp_path, "alpha", "beta") as (instance, (alpha, beta)):
        alpha.__exit__()
        esme, link = joined(instance, beta)
        assert submitted(esme, link, b"1") == b"beta1"
        beta.__exit__()
        other = asked(instance.port, number=8)
        assert other.receive() == Pdu(BIND_RESP, 0x0D, 8, b"gate1\0")
        assert other.is_closed()
        assert esme.is_quiet()


def test_a_gate_that_stops_unbinds_both_sides(tmp_path: Path) -> None:
    with gate(tmp_path, "alpha") as (instance, (smsc,)):
        esme, link = joined(instance, smsc)
        instance.process.send_signal(signal.SIGTERM)
        for end in (esme, link):
            unbind = end.receive()
            assert unbind.command_id == UNBIND
            answer(end, unbind, b"")
            assert end.is_closed()
        assert instance.wait() == -signal.SIGTERM
    assert "Traceback" not in instance.log


def test_an_smsc_asks_to_be_bound_to(tmp_path: Path) -> None:
    """Right and wrong passwords in its outbind; then a message over the connection."""
    port = free_port()
    smsc = f"""
sessions = 0
outbind_listen = "tcp:{port}:interface=127.0.0.1"
outbind_system_id = "center"
outbind_password = "let-me"
"""
    outbind = 0x0B
    with gate(tmp_path, "alpha", esmes=EVERYBODY + ACME, smsc=smsc) as (instance, _):
        instance.wait_for_log("listening on ", 2)
        wrong = connect(port)
        wrong.send(pdu(outbind, 1, b"center\0let-ne\0"))
        assert wrong.is_closed()
        stranger = connect(port)
        stranger.send(pdu(DELIVER_SM, 1, message_body()))
        assert stranger.is_closed()
        link = connect(port)
        link.send(pdu(outbind, 1, b"center\0let-me\0"))
        bind = link.receive()
        assert bind.command_id == BIND_RECEIVER
        assert bind.body.startswith(b"gate\0pw-of-alpha\0")
        answer(link, bind, b"smsc\0")
        esme = connect(instance.port)
        esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
        assert esme.receive().status == 0
        body = message_body(b"4477009001", b"yo")
        assert delivered(link, esme, body) == body
        link.send(pdu(UNBIND, 9))
        assert link.receive() == Pdu(UNBIND | RESP, 0, 9, b"")
        assert link.is_closed()
    assert "let-" not in instance.log
    assert "pw-of-alpha" not in instance.log


ACME = """
[[esme]]
system_id = "acme"
password = "secret"
address_ranges = ["4477009*"]
"""
