"""How many workers there are, and what `check` says of it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from smppgate.settings import Settings, SettingsError, parse, warnings
from smppgate.settings.changes import keys_taking
from smppgate.settings.gate_side import GateSettings
from smppgate.settings.takes import Takes
from smppgate.settings.workers import MOST_WORKERS, worker_count
from tests.settings import documents


def document(sessions: int = 2, **gate: Any) -> dict[str, Any]:
    found = documents.minimal()
    found["gate"] = gate
    found["smsc"][0]["sessions"] = sessions
    return found


def read(found: dict[str, Any]) -> Settings:
    return parse(documents.toml(found))


def errors_of(found: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(found)
    return caught.value.errors


def advice(found: dict[str, Any]) -> list[str]:
    return [line for line in warnings(read(found)) if "worker" in line or "reuse_port" in line]


def test_one_process_is_the_default() -> None:
    gate = read(documents.minimal()).gate
    assert (gate.workers, gate.reuse_port) == (1, False)
    assert advice(document(sessions=1)) == []


@pytest.mark.parametrize("wanted", [1, 8, MOST_WORKERS, "auto"])
def test_a_number_or_auto(wanted: int | str) -> None:
    assert read(document(workers=wanted)).gate.workers == wanted


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        (0, "must be at least 1, not 0"),
        (MOST_WORKERS + 1, f"must be at most {MOST_WORKERS}, not {MOST_WORKERS + 1}"),
        (True, "must be an integer, not "),
        (2.0, "must be an integer, not "),
        ("many", 'must be an integer or "auto", not '),
        ("8", 'must be an integer or "auto", not '),
    ],
)
def test_nothing_else(wanted: object, fault: str) -> None:
    (error,) = errors_of(document(workers=wanted))
    assert error.startswith(f"gate.workers: {fault}")


def test_auto_is_a_worker_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker_count("auto") == min(len(os.sched_getaffinity(0)), MOST_WORKERS)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(100)))
    assert worker_count("auto") == MOST_WORKERS
    assert worker_count(3) == 3


@pytest.mark.parametrize("wanted", [2, "auto"])
def test_workers_beside_peers_are_an_error(wanted: int | str) -> None:
    found = document(workers=wanted)
    found["peers"] = {"name": "a", "endpoint": "tcp:2790", "secret": documents.PASSWORD}
    (error,) = errors_of(found)
    assert error.startswith("gate.workers: must be 1 where there are [peers]")
    found["gate"]["workers"] = 1
    assert read(found).peers.name == "a"


def test_a_list_of_peers_alone_is_none() -> None:
    found = document(workers=2)
    found["peer"] = [{"name": "b", "endpoint": "tcp:b:2790"}]
    assert read(found).gate.workers == 2


@pytest.mark.parametrize(
    ("sessions", "workers", "said"),
    [
        (2, 8, "has 2 sessions, 8 workers: three messages of four are relayed"),
        (1, 2, "has 1 session, 2 workers: one message of two is relayed"),
        (2, 3, "has 2 sessions, 3 workers: one message of three is relayed"),
        (3, 32, "has 3 sessions, 32 workers: 29 messages of 32 are relayed"),
    ],
)
def test_what_is_relayed_is_said(sessions: int, workers: int, said: str) -> None:
    name = documents.minimal()["smsc"][0]["name"]
    (line,) = advice(document(sessions, workers=workers))
    assert line == f"smsc[0].sessions: {name} {said} from one worker to another"


@pytest.mark.parametrize(("sessions", "workers"), [(8, 8), (9, 8), (0, 8), (1, 1)])
def test_nothing_is_said_where_nothing_has_to_be_relayed(sessions: int, workers: int) -> None:
    assert advice(document(sessions, workers=workers)) == []


def test_a_port_for_each_of_one_process_is_of_no_use() -> None:
    assert advice(document(reuse_port=True)) == [
        "gate.reuse_port: is not used, there is one process"
    ]


def test_with_a_port_for_each_worker_the_limit_of_a_listener_is_that_of_each() -> None:
    found = document(2, reuse_port=True, workers=2)
    found["listen"] = [
        {"endpoint": "haproxy:tcp:2775", "max_sessions": 500},
        {"endpoint": "unix:/run/gate/esme.sock", "max_sessions": 500},
    ]
    assert advice(found) == [
        "listen[0].max_sessions: with reuse_port it holds in each of 2 workers, "
        "up to 1000 connections in all"
    ]
    found["gate"]["reuse_port"] = False
    assert advice(found) == []


def test_both_wait_for_a_restart() -> None:
    assert {"workers", "reuse_port"} <= set(keys_taking(GateSettings, Takes.AT_RESTART))
