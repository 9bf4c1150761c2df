"""Sessions and links as peers see them, over sockets."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.ports import free_port
from tests.e2e.twistd import relaying, running, settings
from tests.e2e.wire import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Smsc,
    answer,
    bind_body,
    bound,
    connect,
    message_body,
    pdu,
    readable,
    receipt_body,
)


def test_no_answer_is_lost_to_an_unbind(tmp_path: Path) -> None:
    """Twenty messages and an unbind in one write, as node-smpp and ruby-smpp do it."""
    with relaying(tmp_path, "aa") as (gate, [link]):
        esme = bound(gate.port)
        submits = b"".join(pdu(SUBMIT_SM, number, message_body()) for number in range(2, 22))
        esme.send(submits + pdu(UNBIND, 22))
        for request in [link.receive_message() for _ in range(20)]:
            answer(link, request)
        heard = [esme.receive() for _ in range(21)]
        assert [(got.command_id, got.status, got.number) for got in heard] == [
            *((SUBMIT_SM | RESP, 0, number) for number in range(2, 22)),
            (UNBIND | RESP, 0, 22),
        ]
        assert esme.is_closed()


def test_a_receipt_on_another_session_comes_after_its_answer(tmp_path: Path) -> None:
    """Though the SMSC sends both in one write."""
    with relaying(tmp_path, "aa") as (gate, [link]):
        sender = bound(gate.port, command=BIND_TRANSMITTER)
        receiver = bound(gate.port, command=BIND_RECEIVER)
        for number in range(2, 12):
            sender.send(pdu(SUBMIT_SM, number, message_body(registered=1)))
            request = link.receive_message()
            resp = pdu(SUBMIT_SM | RESP, request.number, b"id%d\0" % number)
            link.send(resp + pdu(DELIVER_SM, number, receipt_body(b"id%d" % number)))
            assert readable(sender, receiver) is sender
            assert sender.receive().number == number
            answer(receiver, receiver.receive(), b"\0")
            assert link.receive_message()[:3] == (DELIVER_SM | RESP, 0, number)


def test_what_an_esme_sends_behind_its_bind_is_relayed(tmp_path: Path) -> None:
    """Bind, message and unbind in one write."""
    with relaying(tmp_path, "aa") as (gate, [link]):
        esme = connect(gate.port)
        bind = pdu(BIND_TRANSMITTER, 1, bind_body(b"acme", b"secret"))
        esme.send(bind + pdu(SUBMIT_SM, 2, message_body()) + pdu(UNBIND, 3))
        answer(link, link.receive_message())
        heard = [esme.receive()[:3] for _ in range(3)]
        commands = (BIND_TRANSMITTER, SUBMIT_SM, UNBIND)
        assert heard == [(each | RESP, 0, at) for at, each in enumerate(commands, 1)]
        assert esme.is_closed()


def test_a_link_whose_smsc_has_forgotten_the_bind_is_bound_anew(tmp_path: Path) -> None:
    """The ESME hears 0x08 and not 0x04, the log tells why, and messages flow again."""
    port = free_port()
    with Smsc() as smsc, running(tmp_path, settings(port, {"aa": smsc.port}), port) as gate:
        link = smsc.link()
        gate.wait_for_log("bound at")
        esme = bound(port)
        for number in range(2, 5):
            esme.send(pdu(SUBMIT_SM, number, message_body()))
            answer(link, link.receive_message(), b"", 0x04)
            assert esme.receive()[:3] == (SUBMIT_SM | RESP, 0x08, number)
        assert link.receive().command_id == UNBIND
        link.sock.close()
        again = smsc.link()
        gate.wait_for_log("bound at", 2)
        assert "aa transceiver 1 is bound anew: the SMSC has forgotten the bind" in gate.log
        esme.send(pdu(SUBMIT_SM, 9, message_body()))
        answer(again, again.receive_message())
        assert esme.receive()[:3] == (SUBMIT_SM | RESP, 0, 9)


def test_a_refused_bind_has_a_body_and_the_peer_closes_first(tmp_path: Path) -> None:
    """It is not closed before the peer had time to read the status."""
    with relaying(tmp_path, "aa") as (gate, _):
        esme = connect(gate.port)
        esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"wrong")))
        assert esme.receive() == (BIND_TRANSCEIVER | RESP, 0x0E, 1, b"gate1\0")
        assert esme.is_closed()
