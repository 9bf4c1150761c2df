"""Binds that wait after failures, on a gateway in memory."""

from __future__ import annotations

from typing import Any

from smppgate.gate.sessions.esme import JUDGING_TIME
from smppgate.settings import EsmeSettings, GateSettings
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind


def gate_of(**more: Any) -> MemoryGateway:
    accounts = (EsmeSettings(system_id="acme", password="secret"),)
    return MemoryGateway(esme=accounts, gate=GateSettings(**more))


def statuses(end: End) -> list[int]:
    return [frame.command_status for frame in end.heard()]


def failed(gate: MemoryGateway, times: int) -> None:
    """So many binds fail, each answered before the next."""
    for _ in range(times):
        end = gate.esme(bind(b"wrong"))
        while not (told := statuses(end)):
            gate.reactor.advance(0.5)
        assert told == [0x0E]
        end.transport.lose()


def test_after_some_failures_a_bind_waits_before_it_is_judged() -> None:
    """The right one too; afterwards none does."""
    gate = gate_of()
    failed(gate, 4)
    with Log() as log:
        end = gate.esme(bind())
        assert statuses(end) == []
        gate.reactor.advance(0.9)
        assert statuses(end) == []
        gate.reactor.advance(0.2)
        assert statuses(end) == [0]
        assert statuses(gate.esme(bind())) == [0]
        gate.reactor.advance(1.0)
    assert any("'acme' from" in line and "waits" in line for line in log.lines)


def test_of_many_at_once_the_rest_is_refused_unjudged() -> None:
    """With 0x0D, which says nothing of the password."""
    gate = gate_of()
    failed(gate, 5)
    ends = [gate.esme(bind()) for _ in range(20)]
    told = [statuses(end) for end in ends]
    assert [0x0D] in told
    assert told.count([]) <= 6
    assert told.count([0x0D]) + told.count([]) == 20


def test_a_bind_that_waits_ends_with_its_session() -> None:
    """No timer is left, and nothing is judged."""
    gate = gate_of()
    failed(gate, 4)
    before = gate.timers_left
    end = gate.esme(bind())
    end.transport.lose()
    assert gate.timers_left == before
    gate.reactor.advance(2.0)
    assert gate.router.statistics().esme_sessions == 0


def test_a_wait_beyond_the_time_for_a_bind_is_a_refusal() -> None:
    """Else the connection would end without an answer."""
    gate = gate_of(session_init_timeout=0.4)
    for _ in range(4):
        end = gate.esme(bind(b"wrong"))
        told = statuses(end)
        end.transport.lose()
    assert told == [0x0D]


def test_a_wait_that_leaves_no_time_to_judge_is_one_too() -> None:
    """A password may be compared in a thread afterwards, and the store asked for a place."""
    gate = gate_of(session_init_timeout=JUDGING_TIME + 0.001)
    for _ in range(4):
        end = gate.esme(bind(b"wrong"))
        told = statuses(end)
        end.transport.lose()
    assert told == [0x0D]


def test_an_esme_that_tries_again_soon_is_not_locked_out() -> None:
    """A bind that is refused because it cannot wait puts the next one off no further."""
    gate = gate_of(session_init_timeout=3.0 + JUDGING_TIME)
    failed(gate, 6)
    for _ in range(8):
        end = gate.esme(bind())
        if statuses(end) != [0x0D]:
            break
        end.transport.lose()
        gate.reactor.advance(1.0)
    gate.reactor.advance(2.9)
    assert gate.router.statistics().esme_sessions == 1


def test_it_can_be_switched_off() -> None:
    gate = gate_of(bind_delay=0.0)
    for _ in range(20):
        end = gate.esme(bind(b"wrong"))
        assert statuses(end) == [0x0E]
        end.transport.lose()
    assert statuses(gate.esme(bind())) == [0]


def test_a_storm_of_refusals_is_a_line_a_second() -> None:
    """With address, name and reason."""
    gate = gate_of(bind_delay=0.0)
    with Log() as log:
        for _ in range(500):
            gate.esme(bind(b"wrong")).transport.lose()
        gate.reactor.advance(1.0)
    lines = [line for line in log.lines if "refused" in line]
    assert len(lines) == 2
    assert lines[0].startswith("SG-2101 bind of ESME 'acme' from ")
    assert lines[1].startswith("SG-2101 499 more refused in 1 s: 'acme' from ")
    assert "wrong password (0x0000000E) (499)" in lines[1]
