"""The admin interface as a part of its gate: what it opens, and what a reload changes."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.admin import AdminService
from smppgate.gate import CannotListen
from smppgate.settings import AdminSettings
from tests.admin.asking import USERS, Asking, off
from tests.gate.memory_gateway import Log
from tests.gate.test_reload import gate_of, reload

TCP = "tcp:8080:interface=127.0.0.1"
OTHER = "tcp:8081:interface=127.0.0.1"


def ports(asking: Asking) -> list[int]:
    """Those that were opened, other than that of ESMEs."""
    return [port for port, *_ in asking.gate.reactor.tcpServers if port != 2775]


def admin(*endpoint: str, **more: Any) -> AdminSettings:
    """Endpoints, with users."""
    return AdminSettings(endpoint=endpoint, user=USERS, **more)


def test_without_endpoints_nothing_is_opened_counted_or_timed() -> None:
    gate = gate_of(admin=off())
    before = len(gate.reactor.getDelayedCalls())
    service: Any = AdminService(gate.gateway, gate.reactor)
    service.setServiceParent(gate.gateway)
    assert len(gate.reactor.getDelayedCalls()) == before
    assert service.observer.parent is None
    assert gate.router.events.tell_ended is None


def test_a_reload_opens_and_closes_endpoints_and_changes_users() -> None:
    asking = Asking()
    assert ports(asking) == []
    reload(asking.gate, admin=admin(TCP))
    assert ports(asking) == [8080]
    assert asking.service.observer.parent is asking.service
    assert set(asking.service._guard._users) == {"vera", "otto"}
    reload(asking.gate, admin=admin(TCP, OTHER))
    assert ports(asking) == [8080, 8081]
    with Log() as log:
        reload(asking.gate, admin=admin(OTHER, metrics=False))
    assert asking.service.listeners.descriptions == [OTHER]
    assert asking.service.observer.metrics is None
    assert any("endpoint 1 removed" in line for line in log.lines)
    reload(asking.gate, admin=off())
    assert asking.service.listeners.descriptions == []
    assert asking.service.observer.parent is None


def test_a_stop_closes_all_and_leaves_no_timer() -> None:
    asking = Asking(admin=admin(TCP))
    stopping = asking.gate.gateway.stopService()
    asking.gate.reactor.pump([0.1] * 50)
    assert stopping.called
    assert asking.service.listeners.descriptions == []
    assert asking.gate.reactor.getDelayedCalls() == []


def test_a_gate_whose_endpoint_cannot_be_opened_does_not_start(tmp_path: Any) -> None:
    (tmp_path / "a").mkdir()
    gate = gate_of(admin=AdminSettings(endpoint=(f"unix:{tmp_path}/a",)))
    with pytest.raises(CannotListen, match="is no socket"):
        AdminService(gate.gateway, gate.reactor).privilegedStartService()  # type: ignore[no-untyped-call]


def test_metrics_that_are_off_are_404() -> None:
    asking = Asking(admin=off(metrics=False))
    assert asking.answer("GET", "/metrics")[0] == 404
    reload(asking.gate, admin=off())
    assert asking.service.observer.metrics is not None
