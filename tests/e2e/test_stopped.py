"""A process that was stopped: what lies in its sockets has come in time."""

from __future__ import annotations

import select
import signal
from pathlib import Path

from tests.e2e.ports import free_port
from tests.e2e.twistd import relaying, running, settings
from tests.e2e.wire import (
    ENQUIRE_LINK,
    RESP,
    SUBMIT_SM,
    Pdu,
    Smsc,
    answer,
    bound,
    message_body,
    pdu,
)

STOPPED = 5.0
"""Seconds; more than the response_timeout, which is over before the process reads again."""


def test_answers_that_lie_in_the_socket_reach_their_esme(tmp_path: Path) -> None:
    """Twenty answers come while the gate is stopped; none of them is called missing."""
    with relaying(tmp_path, "alpha", gate="response_timeout = 3.0") as (gate, (link,)):
        esme = bound(gate.port)
        for number in range(2, 22):
            esme.send(pdu(SUBMIT_SM, number, message_body()))
        requests = [link.receive_message() for _ in range(20)]
        gate.process.send_signal(signal.SIGSTOP)
        for request in requests:
            answer(link, request)
        silent = select.select([esme.sock], [], [], STOPPED)[0] == []
        gate.process.send_signal(signal.SIGCONT)
        answers = [esme.receive_message() for _ in range(20)]
        assert silent
        assert [got[:2] for got in answers] == [(SUBMIT_SM | RESP, 0)] * 20
        assert sorted(got.number for got in answers) == list(range(2, 22))


def test_an_smsc_that_is_stopped_is_left_and_its_messages_are_answered(tmp_path: Path) -> None:
    """Long before their own time is over; what comes next goes to the other SMSC."""
    with Smsc() as alpha, Smsc() as beta:
        port = free_port()
        config = settings(port, {"alpha": alpha.port, "beta": beta.port}).replace(
            'name = "alpha"', 'name = "alpha"\nenquire_link = 0.3\nenquire_link_timeout = 0.3', 1
        )
        with running(tmp_path, config, port) as gate:
            frozen, other = alpha.link(), beta.link()
            gate.wait_for_log("bound at", 2)
            esme = bound(port)
            esme.send(pdu(SUBMIT_SM, 2, message_body()) + pdu(SUBMIT_SM, 3, message_body()))
            answer(other, other.receive_message())
            assert esme.receive()[:3] == (SUBMIT_SM | RESP, 0, 3)
            assert frozen.receive().command_id == SUBMIT_SM
            assert esme.receive() == Pdu(SUBMIT_SM | RESP, 0x08, 2, b"")
            assert frozen.receive().command_id == ENQUIRE_LINK
            assert frozen.is_closed()
            esme.send(pdu(SUBMIT_SM, 4, message_body()))
            answer(other, other.receive_message())
            assert esme.receive()[:3] == (SUBMIT_SM | RESP, 0, 4)
            gate.wait_for_log("enquire_link unanswered")
