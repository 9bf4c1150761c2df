"""Sessions and links as peers see them, over sockets."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.twistd import relaying
from tests.e2e.wire import RESP, SUBMIT_SM, UNBIND, answer, bound, message_body, pdu


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
