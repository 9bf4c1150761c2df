"""The stop of a gate, step by step, on a reactor in memory."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from smppgate.settings import EsmeSettings, GateSettings
from smppgate.store import MemoryStore
from smppgate.txsmpp import BindTransceiver, CommandId, DeliverSm, SubmitSm, Unbind
from tests.fakes import outcomes
from tests.gate.memory_gateway import End, Log, MemoryGateway, smsc
from tests.txsmpp.pairs import numbered

SUBMIT_RESP, DELIVER_RESP = CommandId.SUBMIT_SM_RESP, CommandId.DELIVER_SM_RESP


class Stage:
    """A gate between an ESME and an SMSC, and its stop."""

    def __init__(self, stop_timeout: float = 8.0, **more: Any) -> None:
        account = EsmeSettings(
            system_id="acme", password="secret", address_ranges=("1000",), **more
        )
        self.gate = MemoryGateway(
            smsc(sessions=1), esme=(account,), gate=GateSettings(stop_timeout=stop_timeout)
        )
        self.link = self.gate.smsc()
        (request,) = self.link.heard()
        self.link.answer(request, 0, b"smsc\0")
        self.esme = self.bound()
        self.stopped: list[object] = []

    def bound(self) -> End:
        """An ESME that is bound."""
        bind = BindTransceiver(system_id=b"acme", password=b"secret", interface_version=0x34)
        end = self.gate.esme(numbered(bind, 1))
        assert end.heard()[0].command_status == 0
        return end

    def stop(self) -> None:
        """The gate begins to stop."""
        self.gate.gateway.stopService().addBoth(self.stopped.append)
        self.wait(0.1)

    def wait(self, seconds: float) -> None:
        """Let time pass, a tenth of a second at a time."""
        self.gate.reactor.pump([0.1] * round(seconds * 10))

    def unbinds(self, end: End) -> Any:
        """The gate's unbind to this peer, which is all that it has heard."""
        (unbind,) = end.heard()
        assert unbind.command_id == CommandId.UNBIND
        return unbind

    def answers(self, end: End) -> None:
        """The peer answers the unbind, and its connection closes."""
        end.answer(self.unbinds(end))
        self.closes(end)

    def closes(self, end: End) -> None:
        """The connection of the peer is closed, from both sides."""
        self.wait(0.1)
        assert end.is_closed()
        end.transport.lose()
        self.wait(0.1)


def kinds(frames: list[Any]) -> list[tuple[int, int]]:
    """Command and status of each."""
    return [frame[:2] for frame in frames]


def test_smscs_are_unbound_when_the_last_esme_is_gone() -> None:
    stage = Stage()
    other = stage.bound()
    stage.stop()
    stage.answers(stage.esme)
    assert stage.link.heard() == []
    stage.answers(other)
    stage.answers(stage.link)
    stage.wait(0.2)
    assert stage.stopped == [None]
    assert stage.gate.reactor.getDelayedCalls() == []


def test_what_comes_in_front_of_the_unbind_resp_is_served() -> None:
    stage = Stage()
    stage.stop()
    unbind = stage.unbinds(stage.esme)
    stage.esme.ask(SubmitSm(short_message=b"hi"), 7)
    (request,) = stage.link.heard()
    stage.esme.answer(unbind)
    assert not stage.esme.is_closed()
    stage.link.answer(request, 0, b"id\0")
    assert kinds(stage.esme.heard()) == [(SUBMIT_RESP, 0)]
    assert stage.esme.is_closed()


@pytest.mark.parametrize(("queue", "status"), [(True, 0), (False, 0x64)])
def test_a_message_without_a_session_goes_into_the_queue_or_back(queue: bool, status: int) -> None:
    stage = Stage(queue=queue)
    stage.stop()
    stage.link.ask(DeliverSm(destination_addr=b"1000", short_message=b"mo"), 9)
    assert kinds(stage.link.heard()) == [(DELIVER_RESP, status)]
    assert stage.gate.router.queues.statistics().queued == int(queue)


def test_a_new_bind_is_refused() -> None:
    stage = Stage()
    end = stage.gate.esme()
    stage.stop()
    assert end.is_closed()


def test_when_the_time_of_esmes_is_over_they_are_answered_and_smscs_still_have_theirs() -> None:
    """Of 8 s 2 are the links' and 1 is the store's. A late answer still makes a return path."""
    stage = Stage()
    asked = SubmitSm(registered_delivery=1, short_message=b"hi")
    stage.esme.ask(asked, 7)
    (request,) = stage.link.heard()
    stage.stop()
    stage.unbinds(stage.esme)
    stage.wait(4.8)
    assert stage.esme.heard() == []
    stage.wait(0.2)
    assert kinds(stage.esme.heard()) == [(SUBMIT_RESP, 0x08)]
    stage.closes(stage.esme)
    unbind = stage.unbinds(stage.link)
    stage.link.answer(request, 0, b"id\0")
    assert stage.gate.router.return_paths.store.statistics().paths_recent == 1
    stage.link.answer(unbind)
    stage.closes(stage.link)
    assert stage.stopped == [None]


def test_peers_that_say_nothing_are_cut_in_time() -> None:
    """Also an ESME that has sent an unbind of its own, and reads nothing."""
    stage = Stage(stop_timeout=4.0)
    stage.esme.ask(SubmitSm(), 7)
    stage.esme.ask(Unbind(), 8)
    stage.stop()
    stage.wait(3.5)
    assert stage.esme.is_closed()
    assert stage.link.is_closed()
    stage.wait(0.5)
    assert stage.stopped == [None]


def test_a_link_that_a_reload_unbound_is_cut_in_time_though_its_session_is_over() -> None:
    """Its SMSC has answered the unbind, and reads nothing, so that the connection stays."""
    stage = Stage(stop_timeout=4.0)
    stage.link.transport.stop_reading()
    settings = stage.gate.gateway.settings
    (alpha,) = settings.smsc
    changed = evolve(settings, smsc=(evolve(alpha, system_type="other"),))
    outcomes(stage.gate.gateway.reload(changed))
    stage.wait(0.2)
    stage.link.answer(stage.unbinds(stage.link))
    stage.wait(0.1)
    assert stage.link.transport.disconnecting
    assert stage.link.transport.connected
    with Log() as log:
        stage.stop()
        stage.answers(stage.esme)
        stage.wait(4.0)
    assert not stage.link.transport.connected
    assert stage.stopped == [None]
    assert not [line for line in log.lines if "SG-4005" in line]


def test_a_stop_that_is_cut_waits_for_nobody() -> None:
    stage = Stage(stop_timeout=300.0)
    stage.esme.ask(SubmitSm(), 7)
    stage.stop()
    stage.unbinds(stage.esme)
    stage.gate.gateway.cut()
    stage.wait(0.2)
    assert kinds(stage.esme.heard()) == [(SUBMIT_RESP, 0x08)]
    assert stage.esme.is_closed()
    assert stage.link.is_closed()
    for end in (stage.esme, stage.link):
        end.transport.lose()
    stage.wait(0.2)
    assert stage.stopped == [None]


def test_a_gate_that_does_not_stop_is_not_cut() -> None:
    stage = Stage()
    stage.gate.gateway.cut()
    stage.wait(0.2)
    assert not stage.esme.is_closed()


def test_a_store_that_hangs_does_not_hold_the_stop_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryStore, "close", lambda _: Deferred())
    stage = Stage(stop_timeout=2.0)
    with Log() as log:
        stage.stop()
        stage.answers(stage.esme)
        stage.answers(stage.link)
        stage.wait(0.5)
        assert stage.stopped == []
        stage.wait(1.2)
    assert stage.stopped == [None]
    assert any("was not closed in time" in line for line in log.lines)


def test_a_step_that_fails_does_not_keep_the_others_from_their_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()

    async def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(stage.gate.gateway, "close_doors", broken)
    with Log() as log:
        stage.stop()
        stage.answers(stage.esme)
        stage.answers(stage.link)
        stage.wait(0.2)
    assert stage.stopped == [None]
    assert any("a step of the stop failed" in line for line in log.lines)
