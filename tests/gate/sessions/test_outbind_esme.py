"""An ESME that is away is asked by outbind to come and get its messages."""

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
from tests.gate.passed import End, Gate, Log, smsc
from tests.txsmpp.pairs import numbered

ESME_PORT = 4000

DELIVER_RESP = CommandId.DELIVER_SM | RESPONSE_BIT


def account(system_id: str = "acme", **more: Any) -> EsmeSettings:
    """An account with a queue that is asked by outbind."""
    parts = {
        "password": "secret",
        "queue": True,
        "outbind": f"tcp:127.0.0.1:{ESME_PORT}",
        "outbind_password": "opensesame",
        "address_ranges": ("1*",),
    }
    return EsmeSettings(system_id=system_id, **{**parts, **more})


class Asking(Gate):
    """A gate with one link to an SMSC, ``link``; messages for ``acme`` begin with 1."""

    def __init__(self, *esmes: EsmeSettings, **more: Any) -> None:
        super().__init__(smsc(sessions=1), esme=esmes or (account(),), **more)
        self.link = self.smsc()
        (asked,) = self.link.heard()
        self.link.answer(asked, 0, b"smsc\0")
        self._serial = 0

    @property
    def asked(self) -> int:
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

    def away(self, end: End) -> None:
        """The connection is gone."""
        end.transport.lose()
        self.turn()

    def waits(self, seconds: float) -> None:
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
    gate = Asking()
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
    gate.waits(120.0)
    assert gate.asked == 1


def test_until_it_binds_the_session_is_outbound() -> None:
    gate = Asking()
    gate.message(b"a")
    gate.reached()
    (session,) = gate.gateway._esme_outbinds[0].factory.sessions
    assert session.session.state is State.OUTBOUND


def test_nobody_is_asked_while_nothing_waits() -> None:
    gate = Asking()
    gate.waits(120.0)
    assert gate.asked == 0


def test_nobody_is_asked_who_receives_already() -> None:
    gate = Asking(account(window=1))
    end = gate.esme(numbered(receiver(), 1))
    gate.message(b"a", b"b")
    assert take(end) == [b"a"]
    gate.waits(0.1)
    assert take(end) == [b"b"]
    assert gate.asked == 0


def test_a_transmitter_does_not_receive_and_its_account_is_asked() -> None:
    gate = Asking()
    gate.esme(numbered(receiver(kind=BindTransmitter), 1))
    gate.message(b"a")
    assert gate.asked == 1


def test_an_account_without_outbind_is_not_asked() -> None:
    gate = Asking(account(outbind=""))
    gate.message(b"a")
    gate.waits(120.0)
    assert gate.asked == 0


def test_one_connection_at_a_time_however_much_comes() -> None:
    gate = Asking()
    gate.message(b"a", b"b")
    assert gate.asked == 1
    end, _ = gate.reached()
    gate.message(b"c")
    gate.waits(10.0)
    assert gate.asked == 1
    end.ask(receiver())
    gate.message(b"d")
    assert take(end) == [b"a", b"b", b"c", b"d"]
    assert gate.asked == 1


def test_not_reached_it_is_asked_more_and_more_seldom() -> None:
    gate = Asking()
    gate.message(b"a")
    for count, wait in enumerate((1, 2, 4, 8, 16, 32, 60, 60), 1):
        gate.refuse()
        gate.message(b"more")
        gate.waits(wait - 0.5)
        assert gate.asked == count
        gate.waits(0.5)
        assert gate.asked == count + 1


def test_a_connection_without_bind_is_closed_and_asked_for_again_later() -> None:
    gate = Asking()
    gate.message(b"a")
    end, _ = gate.reached()
    gate.waits(30.0)
    assert end.is_closed()
    gate.away(end)
    assert gate.asked == 1
    gate.waits(1.0)
    assert gate.asked == 2


def test_after_a_session_that_stood_for_long_the_pauses_begin_anew() -> None:
    gate = Asking()
    gate.message(b"a")
    for wait in (1, 2, 4):
        gate.refuse()
        gate.waits(wait)
    end, _ = gate.reached()
    end.ask(receiver())
    take(end)
    gate.waits(20.0)
    gate.away(end)
    gate.message(b"b")
    gate.waits(1.0)
    assert gate.asked == 5


def test_once_nothing_waits_any_more_it_is_not_asked_again() -> None:
    """It has come by itself while the gate waited."""
    gate = Asking()
    gate.message(b"a")
    gate.refuse()
    end = gate.esme(numbered(receiver(), 1))
    assert take(end) == [b"a"]
    gate.waits(120.0)
    assert gate.asked == 1


def test_what_is_left_after_the_session_is_asked_for_again() -> None:
    gate = Asking()
    gate.message(b"a")
    end, _ = gate.reached()
    end.ask(receiver())
    end.ask(Unbind(), 2)
    gate.away(end)
    gate.waits(1.0)
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
def test_a_bind_of_anybody_else_is_refused(bind: Any, status: int) -> None:
    """Nothing is learned about the password of another account."""
    gate = Asking(account(), account("bolt", password="hidden", outbind="", address_ranges=()))
    gate.message(b"a")
    end, _ = gate.reached()
    end.ask(bind, 3)
    (resp,) = end.heard()
    assert resp[:3] == (bind.command_id | RESPONSE_BIT, status, 3)
    assert end.is_closed()
    gate.away(end)
    gate.waits(1.0)
    assert gate.asked == 2


def test_a_bind_as_transceiver_receives_too() -> None:
    gate = Asking()
    gate.message(b"a")
    end, _ = gate.reached()
    end.ask(receiver(kind=BindTransceiver))
    assert take(end) == [b"a"]


def test_what_waits_since_an_earlier_run_is_reason_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_with_a_message(store: MemoryStore) -> Deferred[None]:
        pdu = encode(DeliverSm(destination_addr=b"1000", short_message=b"old"))
        return store.enqueue([NewMessage(b"acme", pdu, 1000.0)])

    monkeypatch.setattr(MemoryStore, "open", open_with_a_message)
    gate = Gate(esme=(account(),))
    assert gate.connections == [ESME_PORT]


def test_stopped_while_connecting_nothing_is_left() -> None:
    gate = Asking()
    gate.message(b"a")
    stopped = gate.gateway.stopService()
    gate.waits(0.1)
    (unbind,) = [f for f in gate.link.heard() if f.command_id == CommandId.UNBIND]
    gate.link.answer(unbind)
    gate.away(gate.link)
    for _ in range(10):
        gate.waits(0.2)
    assert stopped.called
    assert gate.reactor.getDelayedCalls() == []
    assert gate.asked == 1


def test_stopped_while_it_waits_or_is_bound_nothing_is_left() -> None:
    gate = Asking()
    gate.message(b"a")
    end, _ = gate.reached()
    end.ask(receiver())
    take(end)
    stopped = gate.gateway.stopService()
    for each in (gate.link, end):
        gate.waits(0.1)
        (unbind,) = [f for f in each.heard() if f.command_id == CommandId.UNBIND]
        each.answer(unbind)
        gate.away(each)
    for _ in range(10):
        gate.waits(0.2)
    assert stopped.called
    assert gate.reactor.getDelayedCalls() == []


def test_the_password_is_in_no_line_of_the_log() -> None:
    gate = Asking()
    with Log() as log:
        gate.message(b"a")
        gate.refuse()
        gate.waits(1.0)
        end, _ = gate.reached()
        end.ask(receiver(b"wrong"))
    assert any("not reached for outbind" in line for line in log.lines)
    assert any("was sent outbind" in line for line in log.lines)
    assert not any("opensesame" in line or "secret" in line for line in log.lines)
    assert "opensesame" not in repr(gate.gateway._esme_outbinds[0])
