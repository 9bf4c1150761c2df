"""Factories of sessions: how many connections they take, and in which order they keep them."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from smppgate.gate.reports.summary import Summaries
from smppgate.gate.sessions.listener import LimitedFactory, Listener, TurnedAway
from smppgate.txsmpp.clock import Clock as SmppClock
from smppgate.txsmpp.log import Logger


class TwoSessions(LimitedFactory[Protocol]):
    """Takes two connections at one time."""

    def __init__(self) -> None:
        super().__init__(2, Summaries(SmppClock.of(Clock()), Logger(), "refused", 1.0))

    def make_session(self) -> Protocol:
        return Protocol()

    def limit_reached(self) -> str:
        return f"{self.limit} are enough"


def test_sessions_are_kept_in_order_of_arrival() -> None:
    factory = TwoSessions()
    first, second = factory.buildProtocol(None), factory.buildProtocol(None)
    factory.lost(first)
    third = factory.buildProtocol(None)
    assert list(factory.sessions) == [second, third]
    assert [session.factory for session in factory.sessions] == [factory, factory]


def test_a_connection_over_the_limit_is_cut_and_logged() -> None:
    factory = TwoSessions()
    sessions = [factory.buildProtocol(None) for _ in range(2)]
    with capturedLogs() as events:
        assert isinstance(factory.buildProtocol(None), TurnedAway)
    assert [formatEvent(event) for event in events] == [
        "SG-2002 connection from None closed: 2 are enough"
    ]
    assert list(factory.sessions) == sessions


def test_a_session_that_is_lost_twice_is_no_error() -> None:
    factory = TwoSessions()
    session = factory.buildProtocol(None)
    factory.lost(session)
    factory.lost(session)
    assert factory.sessions == {}


def test_an_endpoint_that_opens_after_the_stop_is_closed_again() -> None:
    opening: Deferred[Any] = Deferred()
    endpoint, port = Mock(), Mock()
    endpoint.listen.return_value = opening
    listener = Listener("slow:1", endpoint, Factory())
    listener.privilegedStartService()
    listener.open()
    listener.stopService()
    opening.callback(port)
    assert (endpoint.listen.call_count, port.stopListening.call_count) == (1, 1)
    assert listener.address is None
