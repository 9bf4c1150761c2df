"""An ESME that is not bound and for which messages wait is sent outbind."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from smppgate.settings import EsmeSettings
from smppgate.store import MemoryStore, NewMessage
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    Outbind,
    Unbind,
)
from smppgate.txsmpp.states import State
from tests.gate.memory_gateway import End, Log, MemoryGateway, smsc
from tests.txsmpp.pairs import numbered

ESME_PORT = 4000

DELIVER_RESP = CommandId.DELIVER_SM | RESPONSE_BIT


def account(system_id: str = "acme", **more: Any) -> EsmeSettings:
    """An account with a queue and outbind."""
    parts = {
        "password": "secret",
        "queue": True,
        "outbind": f"tcp:127.0.0.1:{ESME_PORT}",
        "outbind_password": "opensesame",
        "address_ranges": ("1*",),
    }
    return EsmeSettings(system_id=system_id, **{**parts, **more})


class OutbindGateway(MemoryGateway):
    """A gate with one link to an SMSC, ``link``; messages for ``acme`` begin with 1."""

    def __init__(self, *esmes: EsmeSettings, **more: Any) -> None:
        super().__init__(smsc(sessions=1), esme=esmes or (account(),), **more)
        self.link = self.smsc()
        (asked,) = self.link.heard()
        self.link.answer(asked, 0, b"smsc\0")
        self._serial = 0

    @property
    def tries(self) -> int:
        """How often the gate has tried to connect to the ESME."""
        return self.connections.count(ESME_PORT)

    def message(self, *texts: bytes) -> None:
        """The SMSC sends these to ``acme``."""
        for text in texts:
            self._serial += 1
            self.link.ask(DeliverSm(destination_addr=b"1000", short_message=text), self._serial)

    def reached(self) -> tuple[End, Outbind]:
        """The ESME takes the connection; its end and what it was sent."""
        end = self.smsc()
        (outbind,) = end.heard()
        pdu = decode(outbind.octets)
        assert isinstance(pdu, Outbind)
        return end, pdu

    def lose(self, end: End) -> None:
        """The connection of ``end`` is lost."""
        end.transport.lose()
        self.turn()

    def pass_time(self, seconds: float) -> None:
        """Time passes."""
        self.reactor.advance(seconds)
        self.turn()


def receiver(
    password: bytes = b"secret", system_id: bytes = b"acme", kind: Any = BindReceiver
) -> Any:
    """A bind on such a connection."""
    return kind(system_id=system_id, password=password, interface_version=0x34)


def texts(frames: list[Frame]) -> list[bytes]:
    """The messages among these."""
    pdus = [decode(frame.octets) for frame in frames]
    return [pdu.short_message for pdu in pdus if isinstance(pdu, DeliverSm)]


def take(end: End) -> list[bytes]:
    """Answer all messages; gives them."""
    got = end.heard()
    for frame in got:
        if frame.command_id == CommandId.DELIVER_SM:
            end.answer(frame, 0, b"\0")
    return texts(got)


def test_outbind_then_bind_receiver_then_the_queue() -> None:
    gate = OutbindGateway()
    gate.message(b"a", b"b")
    assert [f[:3] for f in gate.link.heard()] == [(DELIVER_RESP, 0, n) for n in (1, 2)]
    end, outbind = gate.reached()
    assert (outbind.system_id, outbind.password) == (b"smppgate", b"opensesame")
    end.ask(receiver(), 1)
    resp, *messages = end.heard()
    assert resp[:3] == (CommandId.BIND_RECEIVER_RESP, 0, 1)
    assert texts(messages) == [b"a", b"b"]
    for message in messages:
        end.answer(message, 0, b"\0")
    assert gate.router.statistics().queues.queued == 0
    gate.pass_time(120.0)
    assert gate.tries == 1


def test_until_it_binds_the_session_is_outbound() -> None:
    gate = OutbindGateway()
    gate.message(b"a")
    gate.reached()
    (session,) = gate.gateway.parts.accounts["acme"].sessions()
    assert session.session.state is State.OUTBOUND


def test_no_outbind_is_sent_while_no_message_waits() -> None:
    gate = OutbindGateway()
    gate.pass_time(120.0)
    assert gate.tries == 0


def test_no_outbind_is_sent_while_a_session_receives() -> None:
    gate = OutbindGateway(account(window=1))
    end = gate.esme(numbered(receiver(), 1))
    gate.message(b"a", b"b")
    assert take(end) == [b"a"]
    gate.pass_time(0.1)
    assert take(end) == [b"b"]
    assert gate.tries == 0


def test_outbind_is_sent_to_an_account_with_a_transmitter_only() -> None:
    gate = OutbindGateway()
    gate.esme(numbered(receiver(kind=BindTransmitter), 1))
    gate.message(b"a")
    assert gate.tries == 1


def test_an_account_without_outbind_is_sent_none() -> None:
    gate = OutbindGateway(account(outbind=""))
    gate.message(b"a")
    gate.pass_time(120.0)
    assert gate.tries == 0


def test_one_connection_at_a_time_however_many_messages_come() -> None:
    gate = OutbindGateway()
    gate.message(b"a", b"b")
    assert gate.tries == 1
    end, _ = gate.reached()
    gate.message(b"c")
    gate.pass_time(10.0)
    assert gate.tries == 1
    end.ask(receiver())
    gate.message(b"d")
    assert take(end) == [b"a", b"b", b"c", b"d"]
    assert gate.tries == 1


def test_while_the_esme_is_not_reached_the_pauses_grow() -> None:
    gate = OutbindGateway()
    gate.message(b"a")
    for count, wait in enumerate((1, 2, 4, 8, 16, 32, 60, 60), 1):
        gate.refuse()
        gate.message(b"more")
        gate.pass_time(wait - 0.5)
        assert gate.tries == count
        gate.pass_time(0.5)
        assert gate.tries == count + 1


def test_a_connection_without_bind_is_closed_and_made_again_after_a_pause() -> None:
    gate = OutbindGateway()
    gate.message(b"a")
    end, _ = gate.reached()
    gate.pass_time(30.0)
    assert end.is_closed()
    gate.lose(end)
    assert gate.tries == 1
    gate.pass_time(1.0)
    assert gate.tries == 2


def test_after_a_long_session_the_pauses_begin_anew() -> None:
    gate = OutbindGateway()
    gate.message(b"a")
    for wait in (1, 2, 4):
        gate.refuse()
        gate.pass_time(wait)
    end, _ = gate.reached()
    end.ask(receiver())
    take(end)
    gate.pass_time(20.0)
    gate.lose(end)
    gate.message(b"b")
    gate.pass_time(1.0)
    assert gate.tries == 5


def test_once_no_message_waits_no_outbind_is_sent() -> None:
    """The ESME has bound by itself during the pause."""
    gate = OutbindGateway()
    gate.message(b"a")
    gate.refuse()
    end = gate.esme(numbered(receiver(), 1))
    assert take(end) == [b"a"]
    gate.pass_time(120.0)
    assert gate.tries == 1


def test_messages_left_after_a_session_lead_to_another_outbind() -> None:
    gate = OutbindGateway()
    gate.message(b"a")
    end, _ = gate.reached()
    end.ask(receiver())
    end.ask(Unbind(), 2)
    gate.lose(end)
    gate.pass_time(1.0)
    end, _ = gate.reached()
    end.ask(receiver())
    assert take(end) == [b"a"]


@pytest.mark.parametrize(
    ("bind", "status"),
    [
        (receiver(b"hidden", b"bolt"), 0x0D),
        (receiver(b"wrong", b"bolt"), 0x0D),
        (receiver(b"secret", b"nobody"), 0x0D),
        (receiver(b"wrong"), 0x0E),
        (receiver(kind=BindTransmitter), 0x0D),
    ],
)
def test_a_bind_of_another_account_is_refused(bind: Any, status: int) -> None:
    """The answer does not show whether the password of another account is right."""
    gate = OutbindGateway(
        account(), account("bolt", password="hidden", outbind="", address_ranges=())
    )
    gate.message(b"a")
    end, _ = gate.reached()
    end.ask(bind, 3)
    (resp,) = end.heard()
    assert resp[:3] == (bind.command_id | RESPONSE_BIT, status, 3)
    assert end.is_closed()
    gate.lose(end)
    gate.pass_time(1.0)
    assert gate.tries == 2


def test_a_bind_as_transceiver_receives_too() -> None:
    gate = OutbindGateway()
    gate.message(b"a")
    end, _ = gate.reached()
    end.ask(receiver(kind=BindTransceiver))
    assert take(end) == [b"a"]


def test_messages_of_an_earlier_run_lead_to_an_outbind(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_with_a_message(store: MemoryStore) -> Deferred[None]:
        pdu = encode(DeliverSm(destination_addr=b"1000", short_message=b"old"))
        return store.enqueue([NewMessage(b"acme", pdu, 1000.0)])

    monkeypatch.setattr(MemoryStore, "open", open_with_a_message)
    gate = MemoryGateway(esme=(account(),))
    assert gate.connections == [ESME_PORT]


def test_stopped_while_connecting_nothing_is_left() -> None:
    gate = OutbindGateway()
    gate.message(b"a")
    stopped = gate.gateway.stopService()
    gate.pass_time(0.1)
    (unbind,) = [f for f in gate.link.heard() if f.command_id == CommandId.UNBIND]
    gate.link.answer(unbind)
    gate.lose(gate.link)
    for _ in range(10):
        gate.pass_time(0.2)
    assert stopped.called
    assert gate.reactor.getDelayedCalls() == []
    assert gate.tries == 1


def test_stopped_while_it_waits_or_is_bound_nothing_is_left() -> None:
    gate = OutbindGateway()
    gate.message(b"a")
    end, _ = gate.reached()
    end.ask(receiver())
    take(end)
    stopped = gate.gateway.stopService()
    for each in (end, gate.link):
        gate.pass_time(0.1)
        (unbind,) = [f for f in each.heard() if f.command_id == CommandId.UNBIND]
        each.answer(unbind)
        gate.lose(each)
    for _ in range(10):
        gate.pass_time(0.2)
    assert stopped.called
    assert gate.reactor.getDelayedCalls() == []


def test_the_password_is_in_no_line_of_the_log() -> None:
    gate = OutbindGateway()
    with Log() as log:
        gate.message(b"a")
        gate.refuse()
        gate.pass_time(1.0)
        end, _ = gate.reached()
        end.ask(receiver(b"wrong"))
    assert any("not reached for outbind" in line for line in log.lines)
    assert any("was sent outbind" in line for line in log.lines)
    assert not any("opensesame" in line or "secret" in line for line in log.lines)
    assert "opensesame" not in repr(gate.gateway.parts.accounts["acme"]._outbind)
