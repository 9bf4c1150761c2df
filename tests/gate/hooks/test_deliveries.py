"""Hooks decide about messages and receipts of SMSCs; those of a link stay in their order."""

from __future__ import annotations

from typing import Any, cast

import pytest
from attrs import evolve

from smppgate.gate.hooks import PASS, Change, Refuse
from smppgate.gate.relay.events import Listener
from smppgate.settings import RewriteSettings
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import response
from smppgate.txsmpp.pdu import AlertNotification, DeliverSm
from tests.gate.hooks.scripted import (
    DELIVER_SM_RESP,
    HookedGate,
    delivery,
    message,
    several,
    texts,
)
from tests.gate.memory_gateway import End, Log, bind, smsc
from tests.txsmpp.pairs import numbered

RECEIPT = b"id:77 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD"


def hooked(**more: Any) -> HookedGate:
    return HookedGate("Deliveries", **more)


def test_messages_of_a_link_go_on_in_order_once_decided() -> None:
    gate = hooked()
    esme = gate.esme()
    gate.link.send(several(delivery(b"1"), delivery(b"2")))
    one, two = gate.hooks.waiting
    two.callback(PASS)
    assert esme.heard() == []
    one.callback(Change(source_addr=b"9"))
    first, second = esme.heard()
    assert texts([first, second]) == [b"1", b"2"]
    assert b"\0" + b"9\0" in first.octets
    esme.answer(first, 0, b"\0")
    assert [frame[:3] for frame in gate.link.heard()] == [(DELIVER_SM_RESP, 0, 1)]


def test_a_hook_sees_whether_it_is_a_receipt() -> None:
    gate = hooked()
    gate.hooks.does = PASS
    gate.esme()
    gate.link.send(several(delivery(), delivery(RECEIPT, esm_class=4)))
    plain, receipt = gate.hooks.views
    assert (plain.smsc, plain.receipt) == ("alpha", None)
    assert receipt.receipt.ids == (b"77",)
    assert "4477" not in repr(receipt)
    assert "alpha" in repr(receipt)


def test_a_change_decides_whose_a_message_is() -> None:
    """The account of the number that it has then, which is nobody's here."""
    gate = hooked()
    esme = gate.esme()
    gate.hooks.does = Change(destination_addr=b"5511")
    gate.link.ask(delivery())
    assert esme.heard() == []
    assert [frame.command_status for frame in gate.link.heard()] == [0x64]
    gate.hooks.does = Change(destination_addr=b"4411")
    gate.link.ask(delivery(destination_addr=b"5511"))
    assert len(esme.heard()) == 1


def test_a_receipt_finds_its_message_after_a_change() -> None:
    gate = hooked()
    gate.hooks.does = Change(source_addr=b"9")
    esme = gate.esme()
    esme.ask(message(registered_delivery=1))
    (request,) = gate.link.heard()
    gate.link.answer(request, 0, b"77\0")
    esme.heard()
    gate.link.ask(delivery(RECEIPT, esm_class=4, destination_addr=b"99"))
    gate.gate.reactor.advance(0.1)
    (receipt,) = esme.heard()
    assert b"id:A77 " in receipt.octets


def test_what_is_refused_is_answered() -> None:
    gate = hooked()
    gate.hooks.does = Refuse(0x65)
    esme = gate.esme()
    gate.link.ask(delivery(), 5)
    assert [frame[:3] for frame in gate.link.heard()] == [(DELIVER_SM_RESP, 0x65, 5)]
    assert esme.heard() == []
    assert gate.gate.router.statistics().undeliverable == 1


@pytest.mark.parametrize("does", [Change(source_addr=b"4" * 30), ValueError(), None])
@pytest.mark.parametrize("default", ["refuse", "pass"])
def test_the_default_holds_where_a_hook_fails(does: Any, default: str) -> None:
    gate = hooked(hook_default=default)
    gate.hooks.does = does
    esme = gate.esme()
    with Log() as log:
        gate.link.ask(delivery())
    assert len(esme.heard()) == (default == "pass")
    heard = [frame.command_status for frame in gate.link.heard()]
    assert heard == ([0x64] if default == "refuse" else [])
    assert any("hook failed: on_deliver" in line for line in log.lines)


def test_what_waits_is_bounded_in_octets() -> None:
    gate = hooked(hold_octets=1600)
    esme = gate.esme()
    gate.link.send(several(delivery(b"1"), delivery(b"2"), delivery(b"3")))
    assert [frame[1:3] for frame in gate.link.heard()] == [(0x64, 3)]
    for waiting in gate.hooks.waiting:
        waiting.callback(PASS)
    assert texts(esme.heard()) == [b"1", b"2"]


def test_nothing_is_delivered_for_a_link_that_is_gone() -> None:
    """Its SMSC sends it again."""
    gate = hooked()
    esme = gate.esme()
    gate.link.ask(delivery())
    gate.link.transport.lose()
    assert gate.hooks.cancelled == gate.hooks.waiting
    assert esme.heard() == []
    assert len(gate.gate.router.hooks.deliveries) == 0


def test_nothing_is_asked_of_what_came_in_one_read_with_the_end_of_its_link() -> None:
    """The bind's answer, a message, and octets that are no PDU."""
    gate = hooked()
    esme = gate.esme()
    gate.link.transport.lose()
    gate.gate.reactor.advance(10.0)
    link = gate.gate.smsc(-1)
    (request,) = [frame for frame in link.heard() if not frame.is_response]
    link.send(response(request, 0, b"smsc\0") + numbered(delivery(), 1) + b"\0" * 16)
    assert gate.hooks.waiting == []
    assert len(gate.gate.router.hooks.deliveries) == 0
    assert esme.heard() == []


def test_what_goes_to_a_queue_is_decided_before() -> None:
    gate = hooked(account={"queue": True})
    gate.link.send(several(delivery(b"1"), delivery(b"2")))
    gate.hooks.waiting[0].callback(Refuse(0x65))
    gate.hooks.waiting[1].callback(PASS)
    assert [frame[1:3] for frame in gate.link.heard()] == [(0x65, 1), (0, 2)]
    esme = gate.gate.esme(bind())
    heard = [frame for frame in esme.heard() if frame.command_id == CommandId.DELIVER_SM]
    assert texts(heard) == [b"2"]


def test_an_alert_notification_is_not_asked_about() -> None:
    gate = hooked()
    esme = gate.esme()
    gate.link.ask(AlertNotification(source_addr=b"1", esme_addr=b"4477"))
    assert [frame.command_id for frame in esme.heard()] == [CommandId.ALERT_NOTIFICATION]
    assert gate.hooks.views == []


def test_the_stop_answers_what_waits() -> None:
    gate = hooked(hook_timeout=600.0)
    gate.esme()
    gate.link.ask(delivery())
    done: list[Any] = []
    gate.gate.gateway.stopService().addBoth(done.append)
    for _ in range(700):
        gate.gate.reactor.advance(0.05)
        if done:
            break
    assert done == [None]
    assert (DELIVER_SM_RESP, 0x64) in [frame[:2] for frame in gate.link.heard()]
    assert gate.gate.reactor.getDelayedCalls() == []


def test_without_hooks_what_comes_goes_behind_what_waits_for_the_former() -> None:
    gate = hooked()
    esme = gate.esme()
    gate.link.ask(delivery(b"1"), 1)
    gateway = gate.gate.gateway
    gateway.reload(evolve(gateway.settings, gate=evolve(gateway.settings.gate, hooks="")))
    gate.gate.turn()
    gate.link.ask(delivery(b"2"), 2)
    assert esme.heard() == []
    gate.hooks.waiting[0].callback(PASS)
    assert texts(esme.heard()) == [b"1", b"2"]
    gate.link.ask(delivery(b"3"), 3)
    assert texts(esme.heard()) == [b"3"]


def test_what_comes_while_the_gate_closes_is_refused() -> None:
    gate = hooked()
    gate.gate.router.close()
    gate.link.ask(delivery())
    assert [frame.command_status for frame in gate.link.heard()] == [0x64]
    assert gate.hooks.views == []


OLD: dict[str, Any] = {"smscs": (smsc("alpha", sessions=1, interface_version="3.3"),)}
"""What makes a gate whose SMSC speaks SMPP 3.3."""


CAME = {
    "message": delivery(),
    "receipt": delivery(RECEIPT, esm_class=4),
    "unmatched receipt": delivery(RECEIPT.replace(b"77", b"88"), esm_class=4),
}


@pytest.mark.parametrize("what", CAME)
def test_an_esme_is_sent_no_tlv_of_a_hook_that_its_version_does_not_have(what: str) -> None:
    """Also where its SMSC is of the same version, so that all else goes as it comes."""
    gate = hooked(**OLD)
    gate.hooks.does = Change(tlvs={0x1400: b"\1"}, source_addr=b"9")
    esme = gate.esme(interface_version=0x33)
    submitted(gate, esme)
    gate.link.ask(CAME[what])
    gate.gate.reactor.advance(5.1)
    (frame,) = esme.heard()
    pdu = cast(DeliverSm, decode(frame.octets))
    assert (pdu.tlvs, pdu.source_addr) == ((), b"9")
    esme.answer(frame, 0, b"\0")
    assert [frame[:2] for frame in gate.link.heard()] == [(DELIVER_SM_RESP, 0)]


def submitted(gate: HookedGate, esme: End) -> None:
    """The ESME has submitted the message that `RECEIPT` is about."""
    esme.ask(message(registered_delivery=1))
    (request,) = gate.link.heard()
    gate.link.answer(request, 0, b"77\0")
    esme.heard()


class Originals(Listener):
    """Keeps what came, of each message of an SMSC that has entered, and that has ended."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes]] = []

    def entered(self, exchange: Any) -> None:
        self.told.append(("entered", exchange.original))

    def ended(self, exchange: Any, command_status: int, now: float, cause: Any) -> None:
        self.told.append(("ended", exchange.original))

    def turned_down(self, origin: Any, frame: Any, command_status: int, cause: Any) -> None:
        self.told.append(("turned_down", frame.octets))


@pytest.mark.parametrize(
    "rules",
    [
        (),
        [RewriteSettings(applies_to=kind, set_source="3") for kind in ("deliver", "receipt")],
        [
            RewriteSettings(applies_to=kind, set_source="3", esme="acme")  # type: ignore[arg-type]
            for kind in ("deliver", "receipt")
        ],
    ],
    ids=["no rules", "rules", "rules for the account"],
)
@pytest.mark.parametrize("what", CAME)
def test_what_the_smsc_sent_is_known_beside_a_change(rules: Any, what: str) -> None:
    """Logs and captures show it, also where rules change the message again."""
    gate = hooked(rewrite=tuple(rules))
    gate.hooks.does = Change(source_addr=b"9")
    esme = gate.esme()
    submitted(gate, esme)
    listener = Originals()
    gate.gate.router.events.attach(listener)
    gate.link.ask(CAME[what], 5)
    gate.gate.reactor.advance(5.1)
    (frame,) = esme.heard()
    esme.answer(frame, 0, b"\0")
    came = numbered(CAME[what], 5)
    assert listener.told == [("entered", came), ("ended", came)]
    assert (cast(DeliverSm, decode(frame.octets)).source_addr == b"3") == bool(rules)


def test_what_is_turned_down_is_told_of_as_the_smsc_sent_it() -> None:
    gate = hooked()
    gate.hooks.does = Change(destination_addr=b"5511")
    listener = Originals()
    gate.gate.router.events.attach(listener)
    for number, came in enumerate(CAME.values(), 5):
        gate.link.ask(came, number)
        gate.gate.reactor.advance(5.1)
        assert [frame[1:3] for frame in gate.link.heard()] == [(0x64, number)]
        assert listener.told[-1] == ("turned_down", numbered(came, number))
