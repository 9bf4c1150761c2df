"""Connections that cannot be accepted are told of once a minute."""

from __future__ import annotations

from typing import Any

from twisted.internet.tcp import Port
from twisted.logger import Logger

from smppgate.gate.sessions.accept_log import AcceptLog
from tests.gate.memory_gateway import Log


def event(at: float, **more: Any) -> dict[str, Any]:
    return {"log_time": at, "log_format": "EMFILE", **more}


def test_many_in_a_minute_are_one_line() -> None:
    port: Any = Port(0, object())  # type: ignore[no-untyped-call]
    AcceptLog.replace(port)
    with Log() as log:
        for at in range(120):
            port._logger.observer(event(float(at)))
            port._logger.observer(event(float(at), address="1.2.3.4"))
    assert len(log.lines) == 2
    assert "60 closed so far" in log.lines[1]


def test_a_port_of_another_kind_stays_as_it_is() -> None:
    class Other:
        pass

    other = Other()
    AcceptLog.replace(other)
    assert vars(other) == {}
    assert isinstance(Port._logger, Logger)
