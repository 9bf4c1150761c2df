"""Hooks decide what an ESME is told of the answer of an SMSC."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.gate.hooks import PASS, Refuse
from smppgate.gate.relay.events import Listener
from smppgate.gate.relay.reason import Cause, Reason
from smppgate.routing.exchange import Exchange
from smppgate.settings import PoolSettings, RewriteSettings
from smppgate.txsmpp.frame import Frame
from tests.gate.hooks.scripted import (
    SUBMIT_SM_RESP,
    HookedGate,
    delivery,
    message,
    several,
)
from tests.gate.hooks.test_deliveries import RECEIPT
from tests.gate.memory_gateway import smsc


def sent(*statuses: int, **more: Any) -> tuple[HookedGate, Any]:
    """A gate whose SMSC has answered so many messages so, and its ESME."""
    gate = HookedGate("Answers", **more)
    esme = gate.esme()
    gate.hooks.views.clear()
    esme.send(several(*[message(registered_delivery=1) for _ in statuses]))
    for request, status in zip(gate.link.heard(), statuses, strict=True):
        gate.link.answer(request, status, b"77\0" if not status else b"")
    return gate, esme


def test_a_hook_sees_the_answer_and_its_message() -> None:
    gate, esme = sent(0)
    (view,) = gate.hooks.views
    assert (view.status, view.message_id, view.smsc) == (0, b"77", "alpha")
    assert (view.system_id, view.request.destination_addr) == ("acme", b"4477")
    assert view.pdu.message_id == b"77"
    assert "4477" not in repr(view)
    assert esme.heard() == []
    gate.hooks.waiting[0].callback(PASS)
    assert [(f[:3], f.octets[16:]) for f in esme.heard()] == [((SUBMIT_SM_RESP, 0, 1), b"A77\0")]


def test_answers_wait_for_no_other() -> None:
    gate, esme = sent(0, 0x45)
    gate.hooks.waiting[1].callback(PASS)
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 0x45, 2)]
    gate.hooks.waiting[0].callback(PASS)
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 0, 1)]
    assert gate.gate.router.open_exchanges == 0


@pytest.mark.parametrize("status", [0, 0x45])
def test_another_status_is_told(status: int) -> None:
    gate, esme = sent(status)
    gate.hooks.waiting[0].callback(Refuse(0x0B))
    (frame,) = esme.heard()
    assert frame[:3] == (SUBMIT_SM_RESP, 0x0B, 1)
    assert len(frame.octets) == 16
    # What the SMSC took has its return path: a receipt may come.
    kept = gate.gate.gateway.store.recent(b"alpha\x0077")
    assert (kept is not None) == (status == 0)


class Recorder(Listener):
    """Notes how messages end, and what is taken late."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def ended(self, exchange: Exchange, command_status: int, now: float, cause: Cause) -> None:
        self.told.append(("ended", command_status, cause.reason))

    def taken_late(self, exchange: Exchange, frame: Frame, given: bytes, now: float) -> None:
        self.told.append(("late", frame.command_status, given))


@pytest.mark.parametrize("status", [0, 0x45])
def test_what_was_taken_although_its_esme_is_told_otherwise_is_told_of(status: int) -> None:
    """With the id that its receipts have, behind its end."""
    gate, _ = sent(status)
    recorder = Recorder()
    gate.gate.router.events.attach(recorder)
    gate.hooks.waiting[0].callback(Refuse(0x0B))
    ended, *late = recorder.told
    assert ended == ("ended", 0x0B, Reason.REJECTED)
    assert late == ([] if status else [("late", 0, b"A77")])


@pytest.mark.parametrize(
    ("decision", "told"),
    [(PASS, 0x58), (Refuse(0x58), 0x58), (Refuse(0x45), 0x45), (Refuse(0x0B), 0x0B)],
)
def test_rules_tell_what_a_hook_sees_and_none_changes_what_it_decides(
    decision: Any, told: int
) -> None:
    rule = RewriteSettings(applies_to="submit", set_statuses={0x45: 0x58, 0x0B: 0x14})  # type: ignore[arg-type]
    gate, esme = sent(0x45, rewrite=(rule,))
    (view,) = gate.hooks.views
    assert (view.status, view.pdu.command_status) == (0x58, 0x45)
    gate.hooks.waiting[0].callback(decision)
    assert [frame[:3] for frame in esme.heard()] == [(SUBMIT_SM_RESP, told, 1)]


def test_a_hook_sees_the_message_as_rules_had_it_sent() -> None:
    """Also those that ask for the SMSC."""
    near = RewriteSettings(applies_to="submit", set_destination="0044")
    far = RewriteSettings(applies_to="submit", smsc="alpha", set_source="Shop")  # type: ignore[arg-type]
    gate, _ = sent(0, rewrite=(near, far))
    (view,) = gate.hooks.views
    assert (view.request.source_addr, view.request.destination_addr) == (b"Shop", b"0044")


@pytest.mark.parametrize("does", [ValueError(), None, "late"])
@pytest.mark.parametrize("status", [0, 0x45])
def test_a_failure_lets_it_pass(does: Any, status: int) -> None:
    gate, esme = sent(status)
    (waiting,) = gate.hooks.waiting
    if does == "late":
        gate.gate.reactor.advance(2.1)
    elif does is None:
        waiting.callback(None)
    else:
        waiting.errback(does)
    assert [frame[:2] for frame in esme.heard()] == [(SUBMIT_SM_RESP, status)]
    assert gate.failures() == 1


@pytest.mark.parametrize("decision", [PASS, Refuse(0x0B)])
def test_a_receipt_does_not_come_before_its_answer(decision: Any) -> None:
    gate, esme = sent(0)
    gate.link.ask(delivery(RECEIPT, esm_class=4))
    gate.gate.reactor.advance(1.0)
    assert esme.heard() == []
    assert gate.link.heard() == []
    gate.hooks.waiting[0].callback(decision)
    gate.gate.reactor.advance(0.1)
    answer, receipt = esme.heard()
    assert answer.command_id == SUBMIT_SM_RESP
    assert b"id:A77 " in receipt.octets


def test_the_return_path_is_kept_although_the_session_ends() -> None:
    gate, esme = sent(0)
    esme.transport.lose()
    gate.gate.turn()
    assert gate.gate.gateway.store.recent(b"alpha\x0077") is not None
    assert len(gate.hooks.cancelled) == 1
    assert gate.failures() == 0
    assert gate.gate.router.open_exchanges == 0


def test_what_goes_on_to_another_smsc_is_not_asked_about() -> None:
    """An error is asked about once it is the last."""
    gate = HookedGate(
        "Answers",
        smscs=(smsc("alpha", sessions=1), smsc("beta", sessions=1)),
        pool=(PoolSettings("main", ("alpha", "beta"), retry_on=(0x14,)),),
    )
    esme = gate.esme()
    esme.ask(message())
    first = next(link for link in gate.links if (heard := link.heard()))
    first.answer(heard[0], 0x14)
    assert gate.hooks.views == []
    (other,) = (link for link in gate.links if link is not first)
    other.answer(other.heard()[0], 0x14)
    assert [view.status for view in gate.hooks.views] == [0x14]


def test_answers_to_this_process_are_not_asked_about() -> None:
    gate = HookedGate("Answers")
    answers: list[Any] = []
    gate.gate.router.request(message()).addBoth(answers.append)
    (request,) = gate.link.heard()
    gate.link.answer(request, 0x45)
    assert [each.command_status for each in answers] == [0x45]
    assert gate.hooks.views == []


def test_the_stop_tells_what_smscs_have_answered() -> None:
    gate, esme = sent(0, hook_timeout=600.0)
    gate.gate.router.close()
    assert [frame[:2] for frame in esme.heard()] == [(SUBMIT_SM_RESP, 0)]
    assert gate.failures() == 0


def test_answers_that_are_told_while_others_are_given_up_are_told_once() -> None:
    """What is told may end the session, and with it the time of the others."""
    gate, esme = sent(0x45, 0x46)
    router = gate.gate.router
    (session,) = router.accounts.named(b"acme").sessions
    answer = session.answer

    def ending(octets: bytes) -> None:
        answer(octets)
        router.esme_drained(session)

    session.answer = ending
    router.esme_drained(session)
    assert sorted(frame[1:3] for frame in esme.heard()) == [(0x45, 1), (0x46, 2)]
    assert session.unanswered == 0
