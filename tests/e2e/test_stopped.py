"""A process that was stopped: what lies in its sockets has come in time."""

from __future__ import annotations

import select
import signal
from pathlib import Path

from tests.e2e.twistd import relaying
from tests.e2e.wire import RESP, SUBMIT_SM, answer, bound, message_body, pdu

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
