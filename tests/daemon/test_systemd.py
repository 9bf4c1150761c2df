"""What is told to systemd, on a socket that the test has."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from smppgate.daemon.systemd import Notifier, watchdog_interval
from smppgate.daemon.unit import STATUS_INTERVAL, Unit
from smppgate.txsmpp.clock import Clock as GateClock
from tests.e2e.daemon import Notifications


@pytest.fixture(params=["abstract", "path"])
def systemd(request: pytest.FixtureRequest) -> Iterator[Notifications]:
    """The socket of systemd, of both kinds. A path of one is short."""
    with tempfile.TemporaryDirectory() as folder:
        address = "" if request.param == "abstract" else str(Path(folder, "notify"))
        with Notifications(address) as notifications:
            yield notifications


def test_each_state_is_one_message(systemd: Notifications) -> None:
    notifier = Notifier.of_process(systemd.environment)
    notifier.ready()
    notifier.stopping()
    notifier.status("12 ESMEs, 4 of 4 links")
    notifier.alive()
    assert [systemd.next() for _ in range(4)] == [
        "READY=1",
        "STOPPING=1",
        "STATUS=12 ESMEs, 4 of 4 links",
        "WATCHDOG=1",
    ]


def test_a_reload_has_its_time(systemd: Notifications) -> None:
    """By the monotonic clock, in microseconds."""
    before = time.monotonic_ns() // 1000
    Notifier.of_process(systemd.environment).reloading()
    state, time_of_it = systemd.next().splitlines()
    assert state == "RELOADING=1"
    assert before <= int(time_of_it.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-listens", "x" * 200, "a\0b"])
def test_without_systemd_all_is_quiet(address: str) -> None:
    notifier = Notifier.of_process({"NOTIFY_SOCKET": address} if address else {})
    notifier.ready()
    assert notifier.is_heard == bool(address)


def test_a_socket_that_is_full_does_not_hold_the_gate_up(systemd: Notifications) -> None:
    notifier = Notifier.of_process(systemd.environment)
    for _ in range(1000):
        notifier.alive()
    assert systemd.next() == "WATCHDOG=1"


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
        ({}, 0.0),
    ],
)
def test_signs_of_life_come_twice_in_the_time_of_the_watchdog(
    environment: dict[str, str], seconds: float
) -> None:
    assert watchdog_interval(environment) == seconds


class Told(Notifier):
    """Keeps what it is told."""

    def __init__(self, address: str = "@somebody") -> None:
        super().__init__(address)
        self.messages: list[str] = []

    def _send(self, message: str) -> None:
        self.messages.append(message)


def test_a_status_is_told_when_it_changes() -> None:
    clock, told, status = Clock(), Told(), ["0 ESMEs"]
    unit = Unit(told, GateClock.of(clock), lambda: status[0], watchdog=0.0)
    unit.start()
    unit.started()
    clock.pump([STATUS_INTERVAL] * 3)
    status[0] = "1 ESME"
    clock.pump([STATUS_INTERVAL] * 3)
    unit.stopping()
    unit.stop()
    assert told.messages == ["READY=1", "STATUS=0 ESMEs", "STATUS=1 ESME", "STOPPING=1"]
    assert clock.getDelayedCalls() == []


def test_a_gate_is_alive_from_its_start_to_the_end_of_its_stop() -> None:
    clock, told = Clock(), Told()
    unit = Unit(told, GateClock.of(clock), lambda: "", watchdog=2.0)
    unit.start()
    clock.pump([1.0] * 4)
    unit.stopping()
    clock.pump([1.0] * 2)
    unit.stop()
    clock.pump([1.0] * 4)
    assert told.messages == ["WATCHDOG=1"] * 3 + ["STOPPING=1", "WATCHDOG=1"]


def test_without_systemd_no_timer_runs() -> None:
    clock = Clock()
    unit = Unit(Notifier(), GateClock.of(clock), lambda: "", watchdog=2.0)
    unit.start()
    unit.started()
    assert clock.getDelayedCalls() == []
