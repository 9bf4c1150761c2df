"""Hooks decide about messages of ESMEs; those of a session stay in their order."""

from __future__ import annotations

from typing import Any, cast

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from smppgate.gate.hooks import PASS, Change, Pass, Refuse, Route
from smppgate.settings import PoolSettings, RouteSettings
from smppgate.txsmpp import Tlv
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import response
from smppgate.txsmpp.pdu import (
    CancelSm,
    DataSm,
    DeliverSm,
    EnquireLink,
    QuerySm,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
)
from tests.gate.hooks.scripted import (
    SUBMIT_SM_RESP,
    WAIT,
    Asked,
    HookedGate,
    delivery,
    message,
    settings,
    several,
    texts,
)
from tests.gate.memory_gateway import Log, MemoryGateway, smsc
from tests.gate.memory_gateway import esme as judged


def test_a_hook_sees_what_came_and_it_goes_on_as_it_is() -> None:
    gate = HookedGate()
    gate.hooks.does = PASS
    esme = gate.esme()
    esme.ask(message(b"x"), 9)
    (view,) = gate.hooks.views
    assert (view.system_id, view.source_addr, view.destination_addr) == ("acme", b"1234", b"4477")
    assert (view.registered_delivery, view.pdu.short_message) == (0, b"x")
    assert view.session_id > 0
    assert "4477" not in repr(view)
    (request,) = gate.link.heard()
    assert request.octets[16:] == view.octets[16:]
    gate.link.answer(request, 0, b"id\0")
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 0, 9)]


def test_what_comes_behind_one_that_waits_goes_on_in_order_and_others_at_once() -> None:
    gate = HookedGate()
    first, second = gate.esme(), gate.esme()
    first.send(several(message(b"1"), message(b"2"), message(b"3")))
    assert len(gate.hooks.views) == 3, "all are asked about as they come"
    one, two, three = gate.hooks.waiting
    three.callback(PASS)
    two.callback(PASS)
    assert gate.link.heard() == []
    gate.hooks.does = PASS
    second.ask(message(b"9"))
    assert texts(gate.link.heard()) == [b"9"]
    first.ask(message(b"4"), 4)
    assert gate.link.heard() == []
    one.callback(PASS)
    assert texts(gate.link.heard()) == [b"1", b"2", b"3", b"4"]
    assert not len(gate.gate.router.hooks.submits)
    assert gate.gate.router.hooks.octets == 0


def test_requests_about_messages_wait_behind_them_too() -> None:
    gate = HookedGate()
    esme = gate.esme()
    esme.send(several(message(), QuerySm(message_id=b"A1"), CancelSm(message_id=b"A1")))
    assert len(gate.hooks.views) == 1, "they are not asked about"
    assert esme.heard() == []
    gate.hooks.waiting[0].callback(PASS)
    assert len(gate.link.heard()) == 1
    assert [frame.sequence_number for frame in esme.heard()] == [2, 3]


def test_what_is_refused_is_answered_and_told_as_rejected() -> None:
    gate = HookedGate()
    esme = gate.esme()
    esme.send(several(message(b"1"), message(b"2")))
    gate.hooks.waiting[0].callback(Refuse(0x45))
    gate.hooks.waiting[1].callback(PASS)
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 0x45, 1)]
    assert texts(gate.link.heard()) == [b"2"]
    statistics = gate.gate.router.statistics()
    assert (statistics.rejected, statistics.turned_down) == (1, 1)
    counts = gate.gate.router.hooks.counts["on_submit"]
    assert (counts.asked, counts.refused, counts.failed) == (2, 1, 0)


def test_what_is_changed_leaves_changed_and_else_as_it_was() -> None:
    gate = HookedGate()
    gate.hooks.does = Change(
        source_addr=b"Shop",
        source_addr_ton=5,
        destination_addr=b"447700900123",
        dest_addr_ton=1,
        dest_addr_npi=1,
        service_type=b"WAP",
        validity_period=b"000001000000000R",
        data_coding=8,
        registered_delivery=1,
        short_message=b"other",
        tlvs={0x1400: b"\1", 0x0204: None},
    )
    esme = gate.esme()
    sent = message(protocol_id=7, tlvs=(Tlv(0x0204, b"\0\1"), Tlv(0x1401, b"kept")))
    esme.ask(sent)
    (request,) = gate.link.heard()
    pdu = cast(SubmitSm, decode(request.octets))
    assert (pdu.source_addr, pdu.source_addr_ton) == (b"Shop", 5)
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi) == (1, 1)
    assert (pdu.destination_addr, pdu.service_type) == (b"447700900123", b"WAP")
    assert (pdu.validity_period, pdu.data_coding) == (b"000001000000000R", 8)
    assert (pdu.registered_delivery, pdu.short_message, pdu.protocol_id) == (1, b"other", 7)
    assert pdu.tlvs == (Tlv(0x1401, b"kept"), Tlv(0x1400, b"\1"))
    # What asks for a receipt now has a return path, by which that comes in the ESME's own words.
    gate.link.answer(request, 0, b"77\0")
    esme.heard()
    numbers = {"source_addr": b"447700900123", "destination_addr": b"Shop"}
    gate.link.ask(delivery(b"id:77 stat:DELIVRD", esm_class=4, **numbers))
    (receipt,) = esme.heard()
    told = cast(DeliverSm, decode(receipt.octets))
    assert (told.source_addr, told.destination_addr) == (sent.destination_addr, sent.source_addr)


def pools() -> dict[str, Any]:
    return {
        "smscs": (smsc("alpha", sessions=1), smsc("beta", sessions=1)),
        "pool": (PoolSettings("main", ("alpha",)), PoolSettings("other", ("beta",))),
    }


def test_a_hook_names_the_pool() -> None:
    gate = HookedGate(**pools())
    gate.hooks.does = Route("other", Change(short_message=b"!"))
    gate.esme().ask(message())
    alpha, beta = gate.links
    assert (texts(beta.heard()), alpha.heard()) == ([b"!"], [])


def test_routes_are_not_asked_where_a_hook_names_the_pool() -> None:
    gate = HookedGate(**pools(), route=(RouteSettings("all", pool="main"),))
    gate.hooks.does = lambda view: Route("other") if view.pdu.short_message == b"o" else PASS
    gate.esme().send(several(message(b"m"), message(b"o")))
    alpha, beta = gate.links
    assert (texts(alpha.heard()), texts(beta.heard())) == ([b"m"], [b"o"])


@pytest.mark.parametrize(
    ("does", "how"),
    [
        (Route("nowhere"), "pool that there is not"),
        (Change(destination_addr=b"4" * 21), "destination_addr"),
        (Change(source_addr_ton=256), "source_addr_ton"),
        (Change(tlvs={0x1400: b"x" * 70_000}), "TLV"),
        (Change(tlvs={0x1400: b"x" * 65_535, 0x1401: b"x" * 9000}), "max_pdu_size"),
        (Change(tlvs={0x1400: cast(Any, "x")}), "TLV 0x1400: bytes are needed, not str"),
        (Change(tlvs={0x1400: cast(Any, 1)}), "TLV 0x1400: bytes are needed, not int"),
        (Change(tlvs={0x10000: b"x"}), "TLV 0x10000: too long"),
        (None, "returned NoneType"),
        ("pass", "returned str"),
        (Pass, "returned Pass"),
        (ValueError("hush"), "raised ValueError (scripted.py, line"),
    ],
)
@pytest.mark.parametrize("default", ["refuse", "pass"])
def test_the_default_holds_where_a_hook_fails(does: Any, how: str, default: str) -> None:
    gate = HookedGate(hook_default=default)
    gate.hooks.does = (lambda _: does) if does is Pass else does
    esme = gate.esme()
    with Log() as log:
        esme.ask(message())
    assert len(gate.link.heard()) == (default == "pass")
    assert [frame[:2] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 8)][: default == "refuse"]
    (line,) = (line for line in log.lines if "hook failed" in line)
    assert "on_submit" in line
    assert how in line or does is Pass
    assert "hush" not in line
    assert gate.failures() == 1


def test_a_hook_that_fails_later_is_the_same() -> None:
    gate = HookedGate()
    esme = gate.esme()
    esme.send(several(message(), message()))
    gate.hooks.waiting[0].errback(ValueError("hush"))
    gate.hooks.waiting[1].callback("nonsense")
    assert [frame[:3] for frame in esme.heard()] == [
        (SUBMIT_SM_RESP, 8, 1),
        (SUBMIT_SM_RESP, 8, 2),
    ]
    assert gate.failures() == 2


def test_a_hook_has_so_much_time() -> None:
    """One timer for all; what comes too late is not heard."""
    gate = HookedGate(hook_timeout=2.0)
    esme = gate.esme()
    esme.ask(message(), 1)
    gate.gate.reactor.advance(1.5)
    esme.ask(message(), 2)
    before = gate.gate.timers_left
    esme.ask(message(), 3)
    assert gate.gate.timers_left == before
    gate.gate.reactor.advance(0.6)
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 8, 1)]
    assert gate.hooks.cancelled == gate.hooks.waiting[:1]
    gate.hooks.waiting[1].callback(PASS)
    assert len(gate.link.heard()) == 1
    gate.gate.reactor.advance(2)
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 8, 3)]
    assert gate.failures() == 2
    assert gate.gate.router.open_exchanges == 1


def test_coroutines_are_awaited_and_cancelled() -> None:
    gate = HookedGate("Coroutines", hook_timeout=2.0)
    esme = gate.esme()
    esme.send(several(message(b"1"), message(b"2")))
    gate.hooks.waiting[0].callback(PASS)
    assert texts(gate.link.heard()) == [b"1"]
    gate.gate.reactor.advance(2.1)
    assert [frame.command_status for frame in esme.heard()] == [8]
    assert gate.hooks.cancelled == gate.hooks.waiting[1:]


def test_one_deferred_may_decide_about_several() -> None:
    gate = HookedGate()
    both: Deferred[Any] = Deferred()
    gate.hooks.does = lambda _: both
    gate.esme().send(several(message(b"1"), message(b"2")))
    both.callback(PASS)
    assert texts(gate.link.heard()) == [b"1", b"2"]


def test_a_decision_that_does_not_end_when_it_is_cancelled_does_no_harm() -> None:
    gate = HookedGate(hook_timeout=1.0)

    def cancel(_: Any) -> None:
        raise ValueError("it cannot be cancelled")

    stubborn: Deferred[Any] = Deferred(cancel)
    gate.hooks.does = lambda _: stubborn
    esme = gate.esme()
    esme.ask(message())
    with Log() as log:
        gate.gate.reactor.advance(1.1)
    assert [frame.command_status for frame in esme.heard()] == [8]
    assert any("could not be cancelled" in line for line in log.lines)
    stubborn.callback(PASS)
    assert gate.link.heard() == []


def test_a_message_that_waits_stays_with_the_pool_that_a_hook_has_named() -> None:
    """Whatever routes a reload brings; unless it takes that pool away."""
    gate = HookedGate(**pools())
    alpha, beta = gate.links
    beta.transport.lose()
    gate.hooks.does = Route("other")
    gate.esme().ask(message())
    gateway = gate.gate.gateway
    found = evolve(gateway.settings, route=(RouteSettings("all", pool="main"),))
    gateway.reload(found)
    gate.gate.turn()
    assert alpha.heard() == []
    main, _ = found.pool
    gateway.reload(evolve(found, pool=(main,)))
    gate.gate.turn()
    assert len(alpha.heard()) == 1


def test_what_waits_counts_against_the_window() -> None:
    gate = HookedGate(account={"window": 2})
    esme = gate.esme()
    esme.send(several(message(), message(), message()))
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 0x58, 3)]
    assert len(gate.hooks.views) == 2, "what is over it is not asked about"
    for waiting in gate.hooks.waiting:
        waiting.callback(PASS)
    assert len(gate.link.heard()) == 2


def test_what_waits_is_bounded_in_octets() -> None:
    gate = HookedGate(hold_octets=3000)
    esme = gate.esme()
    esme.send(several(message(b"1"), message(b"2"), message(b"3")))
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 0x58, 3)]
    for waiting in gate.hooks.waiting:
        waiting.callback(PASS)
    assert texts(gate.link.heard()) == [b"1", b"2"]


def test_what_waits_is_dropped_with_its_session() -> None:
    gate = HookedGate()
    esme, other = gate.esme(), gate.esme()
    esme.send(several(message(), message()))
    other.ask(message(b"o"))
    esme.transport.lose()
    assert gate.hooks.cancelled == gate.hooks.waiting[:2]
    gate.hooks.waiting[2].callback(PASS)
    assert texts(gate.link.heard()) == [b"o"]
    assert gate.gate.router.statistics().dropped == 2
    assert gate.gate.router.hooks.waiting["on_submit"] == 0


def test_an_unbind_lets_what_waits_be_decided_then_it_is_answered() -> None:
    gate = HookedGate(hook_timeout=60.0)
    esme = gate.esme()
    esme.send(several(message(b"1"), message(b"2")))
    esme.send(bytes.fromhex("00000010 00000006 00000000 00000009"))
    gate.hooks.waiting[0].callback(PASS)
    (request,) = gate.link.heard()
    gate.link.answer(request, 0, b"id\0")
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 0, 1)]
    gate.gate.reactor.advance(5.1)
    assert [frame.sequence_number for frame in esme.heard()] == [2, 9]
    assert gate.hooks.cancelled == gate.hooks.waiting[1:]


def test_the_stop_answers_what_waits_and_stops_the_hooks() -> None:
    gate = HookedGate(hook_timeout=600.0)
    esme = gate.esme()
    esme.ask(message())
    done: list[Any] = []
    gate.gate.gateway.stopService().addBoth(done.append)
    for _ in range(700):
        gate.gate.reactor.advance(0.05)
    assert done == [None]
    assert SUBMIT_SM_RESP in [frame.command_id for frame in esme.heard()]
    assert gate.hooks.stopped == 1
    assert gate.hooks.cancelled == gate.hooks.waiting
    assert gate.gate.reactor.getDelayedCalls() == []


def test_decisions_that_come_while_another_is_carried_out_keep_the_order() -> None:
    gate = HookedGate()
    esme = gate.esme()

    def does(view: Any) -> Any:
        if view.pdu.short_message == b"3":
            # It learns of both earlier ones at once, the later one first.
            one, two = gate.hooks.waiting
            two.callback(PASS)
            one.callback(PASS)
            return PASS
        return WAIT

    gate.hooks.does = does
    esme.send(several(message(b"1"), message(b"2"), message(b"3")))
    assert texts(gate.link.heard()) == [b"1", b"2", b"3"]


def test_a_submit_multi_and_a_data_sm_are_asked_about() -> None:
    gate = HookedGate()
    gate.hooks.does = Change(source_addr=b"Shop")
    many = SubmitMulti(dest_address=(SmeAddress(destination_addr=b"4477"),), short_message=b"m")
    gate.esme().send(several(many, DataSm(destination_addr=b"4477")))
    requests = gate.link.heard()
    assert [frame.command_id for frame in requests] == [CommandId.SUBMIT_MULTI, CommandId.DATA_SM]
    assert [cast(Any, decode(frame.octets)).source_addr for frame in requests] == [b"Shop"] * 2
    assert gate.failures() == 0


def test_requests_of_this_process_are_not_asked_about() -> None:
    gate = HookedGate()
    answers: list[Any] = []
    gate.gate.router.request(message()).addBoth(answers.append)
    (request,) = gate.link.heard()
    gate.link.answer(request, 0, b"id\0")
    assert answers[0].message_id == b"Aid"
    assert gate.hooks.views == []


@pytest.mark.parametrize("kind", ["Submits", "Deliveries", "Answers", "Nothing"])
def test_only_what_is_asked_about_leaves_the_lane(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anything else is relayed by the read, as without hooks."""
    monkeypatch.delenv("GATE_LANE", raising=False)
    gate = HookedGate(kind)
    gate.hooks.does = PASS
    esme = gate.esme()
    # The first read behind a bind is looked at PDU by PDU.
    for end in (esme, gate.link):
        end.ask(EnquireLink(), 90)
        end.heard()
    esme.send(several(*[message() for _ in range(10)]))
    (link,) = gate.gate.router.smscs[0].links
    in_lane = [entry.__class__ is tuple for entry in link.outstanding.requests.values()]
    assert in_lane == [kind != "Submits"] * 10
    requests = gate.link.heard()
    gate.link.send(b"".join(response(each, 0, b"7%d\0" % at) for at, each in enumerate(requests)))
    assert [frame[:2] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 0)] * 10
    gate.link.send(several(*[delivery() for _ in range(10)]))
    (session,) = gate.gate.router.accounts.named(b"acme").sessions
    in_lane = [entry.__class__ is tuple for entry in session.outstanding.requests.values()]
    assert in_lane == [kind != "Deliveries"] * 10
    assert len(gate.hooks.views) == (10 if kind != "Nothing" else 0)


def test_a_session_with_an_smsc_of_its_own_goes_to_no_pool() -> None:
    """What names one is a failure."""
    gate = MemoryGateway(smsc(), esme=(judged(),), gate=settings(hook_default="pass"))
    hooks: Any = Asked.latest
    hooks.does = Route("default")
    esme, link = gate.joined()
    with Log() as log:
        esme.ask(message())
    assert len(link.heard()) == 1
    assert any("bind was passed through" in line for line in log.lines)
