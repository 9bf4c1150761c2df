"""Hooks are changed by a reload, and stopped; what cannot be made changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from smppgate.gate.hooks import PASS, AnswerView, BindView, Refuse
from smppgate.gate.relay.events import Listener
from smppgate.gate.trial import Trial
from smppgate.settings import GateSettings, SettingsError
from tests.fakes import outcomes
from tests.gate.hooks.scripted import (
    Asked,
    HookedGate,
    delivery,
    message,
    settings,
    several,
    texts,
)
from tests.gate.memory_gateway import MemoryGateway


def reloaded(gate: HookedGate, **changes: Any) -> list[Any]:
    """What came of a reload with these changes in [gate]."""
    gateway = gate.gate.gateway
    found = evolve(gateway.settings, gate=evolve(gateway.settings.gate, **changes))
    result = outcomes(gateway.reload(found))
    gate.gate.turn()
    return result


def test_what_waits_is_decided_by_those_that_were_asked() -> None:
    gate = HookedGate()
    esme = gate.esme()
    esme.ask(message(b"1"), 1)
    old = gate.hooks
    reloaded(gate, hook_options={"new": 1})
    new: Any = Asked.latest
    assert new is not old
    assert new.context.options == {"new": 1}
    esme.ask(message(b"2"), 2)
    assert len(new.views) == 1
    new.waiting[0].callback(PASS)
    assert gate.link.heard() == [], "order holds"
    assert old.stopped == 0
    old.waiting[0].callback(PASS)
    assert texts(gate.link.heard()) == [b"1", b"2"]
    assert old.stopped == 1


def test_without_hooks_what_comes_goes_behind_what_waits_for_the_former() -> None:
    gate = HookedGate()
    esme = gate.esme()
    esme.send(several(message(b"1")))
    reloaded(gate, hooks="", hook_options={})
    router = gate.gate.router
    esme.ask(message(b"2"), 2)
    assert gate.link.heard() == []
    gate.hooks.waiting[0].callback(Refuse(0x45))
    assert texts(gate.link.heard()) == [b"2"]
    assert gate.hooks.stopped == 1
    assert router.forward.__self__ is not router.hooks.submits, "nothing is in the way any more"
    esme.send(several(*[message() for _ in range(10)], first=10))
    assert len(gate.link.heard()) == 10


@pytest.mark.parametrize("end", ["lost", "drained"])
def test_without_hooks_nothing_is_in_the_way_once_the_last_that_waited_is_taken(end: str) -> None:
    """The line is taken as a whole where its session ends, or its time does."""
    gate = HookedGate()
    esme, other = gate.esme(), gate.esme()
    esme.send(several(message(b"1"), message(b"2")))
    reloaded(gate, hooks="", hook_options={})
    router = gate.gate.router
    assert router.forward.__self__ is router.hooks.submits
    if end == "lost":
        esme.transport.lose()
    else:
        esme.send(bytes.fromhex("00000010 00000006 00000000 00000009"))
        gate.gate.reactor.advance(5.1)
    assert router.forward.__self__ is not router.hooks.submits, "nothing is in the way any more"
    other.ask(message(b"3"))
    assert texts(gate.link.heard()) == [b"3"]


def test_without_hooks_nothing_is_in_the_way_of_smscs_once_the_last_link_that_waited_ends() -> (
    None
):
    gate = HookedGate("Deliveries")
    gate.esme()
    gate.link.ask(delivery())
    reloaded(gate, hooks="", hook_options={})
    router = gate.gate.router
    assert router._take_delivery.__self__ is router.hooks.deliveries
    gate.link.transport.lose()
    assert router._take_delivery.__self__ is not router.hooks.deliveries


def test_hooks_come_with_a_reload() -> None:
    gate = MemoryGateway()
    assert gate.router.hooks.name == ""
    found = evolve(gate.gateway.settings, gate=settings("Everything"))
    outcomes(gate.gateway.reload(found))
    gate.turn()
    assert gate.router.hooks.kinds == ("on_bind", "on_submit", "on_deliver", "on_answer")
    assert gate.router.hooks.name.endswith(":Everything")


def test_time_and_default_are_changed_without_other_hooks() -> None:
    gate = HookedGate()
    reloaded(gate, hook_timeout=1.0, hook_default="pass")
    assert Asked.latest is gate.hooks
    esme = gate.esme()
    esme.ask(message())
    gate.gate.reactor.advance(1.1)
    assert len(gate.link.heard()) == 1


@pytest.mark.parametrize(
    ("kind", "how"), [("Submits", "fails: ValueError (scripted.py"), ("NoHooks", "no hooks")]
)
def test_what_cannot_be_made_is_an_error_of_the_configuration(kind: str, how: str) -> None:
    gate = HookedGate()
    name = settings(kind).hooks
    (failure,) = reloaded(gate, hooks=name, hook_options={"fails": True}, name="other")
    error = failure.value if hasattr(failure, "value") else failure
    assert isinstance(error, SettingsError)
    assert str(error).startswith("gate.hooks: ")
    assert how in str(error)
    assert "hush" not in str(error)
    assert gate.gate.gateway.settings.gate.name == "smppgate", "nothing is changed"
    esme = gate.esme()
    esme.ask(message())
    assert len(gate.hooks.views) == 1


def test_a_gate_does_not_start_with_hooks_that_cannot_be_made() -> None:
    with pytest.raises(SettingsError, match=r"gate\.hooks: returns no hooks"):
        MemoryGateway(gate=settings("NoHooks"))


def test_options_are_not_shown() -> None:
    gate = HookedGate(hook_options={"token": "hush"})
    assert gate.hooks.context.options == {"token": "hush"}
    assert "hush" not in repr(gate.hooks.context)
    assert "hush" not in repr(gate.gate.gateway.settings)
    assert "hush" not in str(GateSettings(hook_options={"token": "hush"}))


def test_the_stop_waits_for_that_of_the_hooks() -> None:
    gate = HookedGate()
    gate.hooks.stopping = stopping = Deferred[None]()
    done: list[Any] = []
    gate.gate.gateway.stopService().addBoth(done.append)
    gate.gate.reactor.pump([0.05] * 120)
    assert (gate.hooks.stopped, done) == (1, [])
    stopping.callback(None)
    gate.gate.reactor.pump([0.05] * 40)
    assert done == [None]


def test_hooks_that_do_not_stop_are_not_waited_for_beyond_the_time_of_the_stop() -> None:
    gate = HookedGate()
    gate.hooks.stopping = Deferred[None]()
    done: list[Any] = []
    gate.gate.gateway.stopService().addBoth(done.append)
    gate.gate.reactor.pump([0.5] * 70)
    assert done == [None]


def test_the_state_shows_what_is_asked() -> None:
    gate = HookedGate()
    esme = gate.esme()
    esme.send(several(message(), message(), message()))
    gate.hooks.waiting[0].callback(Refuse(0x45))
    gate.hooks.waiting[1].callback("nonsense")
    (hook,) = gate.gate.gateway.state().hooks
    assert (hook.name, hook.factory) == ("on_submit", settings().hooks)
    assert (hook.asked, hook.refused, hook.failed, hook.waiting) == (3, 2, 1, 1)


def test_who_asks_where_a_message_goes_is_told_of_hooks() -> None:
    gate = HookedGate()
    decided, _ = gate.gate.gateway.explain("acme", message(), 0.0)
    assert decided.endswith(f"; the hooks {settings().hooks} may change it")
    trial = Trial(gate.gate.gateway.settings)
    assert trial.decided_by(b"acme") == decided
    reloaded(gate, hooks="")
    decided, _ = gate.gate.gateway.explain("acme", message(), 0.0)
    assert "hooks" not in decided


def test_what_is_refused_or_told_otherwise_has_its_reason() -> None:
    """With its end, told once, behind where it began."""
    gate = HookedGate("Everything")
    listener = Told()
    gate.gate.router.events.attach(listener)
    gate.hooks.does = lambda view: PASS if isinstance(view, BindView) else Refuse(0x45)
    esme = gate.esme()
    esme.ask(message())
    assert listener.told == [("entered",), ("ended", 0x45, "rejected")]
    listener.told.clear()
    gate.link.ask(delivery())
    assert listener.told == [("turned_down", 0x45, "rejected")]
    gate.link.heard()
    listener.told.clear()
    gate.hooks.does = lambda view: Refuse(0x46) if isinstance(view, AnswerView) else PASS
    esme.ask(message())
    (request,) = gate.link.heard()
    gate.link.answer(request, 0, b"id\0")
    assert listener.told == [("entered",), ("ended", 0x46, "rejected")]


class Told(Listener):
    """Keeps what it is told of messages."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def entered(self, exchange: Any) -> None:
        self.told.append(("entered",))

    def ended(self, exchange: Any, command_status: int, now: float, cause: Any) -> None:
        self.told.append(("ended", command_status, cause.reason.word))

    def turned_down(self, origin: Any, frame: Any, command_status: int, cause: Any) -> None:
        self.told.append(("turned_down", command_status, cause.reason.word))
