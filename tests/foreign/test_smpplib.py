"""A client that nobody here wrote: smpplib, from PyPI."""

from __future__ import annotations

from pathlib import Path

import smpplib.client
import smpplib.consts

from tests.e2e.twistd import free_port, running, settings
from tests.e2e.wire import DELIVER_SM, PATIENCE, RESP, SUBMIT_SM, Smsc, message_body, pdu
from tests.foreign.programs import MESSAGES, before_simulated


def test_smpplib_binds_sends_and_gets_its_receipt(tmp_path: Path) -> None:
    """The whole round through a real gate."""
    with Smsc() as smsc:
        port = free_port()
        with running(tmp_path, settings(port, {"alpha": smsc.port}), port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            client = smpplib.client.Client(
                "127.0.0.1", port, timeout=PATIENCE, allow_unknown_opt_params=True
            )
            sent, received = [], []
            # Both are called with the keyword `pdu`.
            client.set_message_sent_handler(lambda **told: sent.append(told["pdu"]))
            client.set_message_received_handler(lambda **told: received.append(told["pdu"]))
            client.connect()
            client.bind_transceiver(system_id="acme", password="secret")
            client.send_message(
                source_addr="1234",
                destination_addr="4477009001",
                short_message=b"hello",
                registered_delivery=True,
            )
            request = link.receive_message()
            link.send(pdu(SUBMIT_SM | RESP, request.number, b"4F\0"))
            client.read_once()
            assert [answer.message_id for answer in sent] == [b"alpha4F"]

            text = b"id:4F sub:001 dlvrd:001 stat:DELIVRD err:000 text:hello"
            link.send(pdu(DELIVER_SM, 77, message_body(b"1234", text, b"4477009001", esm_class=4)))
            client.read_once()
            assert [message.short_message for message in received] == [
                text.replace(b"4F", b"alpha4F")
            ]
            acknowledged = link.receive_message()
            assert acknowledged[:3] == (DELIVER_SM | RESP, 0, 77)

            client.unbind()
            client.disconnect()
            gate.wait_for_log("ESME acme at")


def test_every_message_is_answered_and_has_its_receipt(tmp_path: Path) -> None:
    """No id comes twice, although two SMSCs hand out the same ones."""
    ids: list[bytes] = []
    told: list[bytes] = []

    def submit() -> None:
        client.send_message(
            source_addr="1234",
            destination_addr="4477009001",
            short_message=b"hello",
            registered_delivery=True,
        )

    def answered(pdu: smpplib.command.SubmitSMResp) -> None:
        assert pdu.status == 0
        ids.append(pdu.message_id)
        if len(ids) <= MESSAGES - 10:
            submit()

    def received(pdu: smpplib.command.DeliverSM) -> None:
        assert pdu.receipted_message_id in ids
        told.append(pdu.receipted_message_id)

    with before_simulated(tmp_path) as gate:
        client = smpplib.client.Client(
            "127.0.0.1", gate.port, timeout=PATIENCE, allow_unknown_opt_params=True
        )
        client.set_message_sent_handler(answered)
        client.set_message_received_handler(received)
        client.connect()
        client.bind_transceiver(system_id="acme", password="secret")
        for _ in range(10):
            submit()
        while len(ids) < MESSAGES or len(told) < MESSAGES:
            client.read_once()
        client.unbind()
        client.disconnect()
        gate.wait_for_log("ESME acme at")
    assert len(set(ids)) == MESSAGES
    assert sorted(told) == sorted(ids)
