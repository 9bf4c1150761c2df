"""Octets in, octets out: bounds, and the headers of each response."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from smppgate.admin.http import (
    HEADERS,
    MOST_BODY,
    MOST_CONNECTIONS,
    PATIENCE,
    AdminFactory,
)
from smppgate.admin.messages import Answer, Asked
from smppgate.gate.sessions.listener import TurnedAway

PEER = IPv4Address("TCP", "192.0.2.7", 4000)


class Transport(StringTransport):
    """A connection in memory that can be cut."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True
        self.loseConnection()


class Served:
    """A listener whose answers the test gives."""

    def __init__(self) -> None:
        self.reactor: Any = MemoryReactorClock()
        self.asked: list[Asked] = []
        self.cancelled: list[object] = []
        self.answers: list[Deferred[Answer]] = []
        self.factory = AdminFactory(self.reactor, self._respond)
        self.factory.doStart()

    async def _respond(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        answer: Deferred[Answer] = Deferred(self.cancelled.append)
        self.answers.append(answer)
        return await answer

    def connect(self) -> tuple[Any, Transport]:
        channel: Any = self.factory.buildProtocol(PEER)
        transport = Transport(peerAddress=PEER)
        transport.protocol = channel
        channel.makeConnection(transport)
        return channel, transport

    def send(self, octets: bytes) -> tuple[Any, Transport]:
        channel, transport = self.connect()
        channel.dataReceived(octets)
        return channel, transport


GET = b"GET /api/v1/a%2Fb?x=1&y= HTTP/1.1\r\nHost: gate\r\nX-A: b\r\n\r\n"


def test_a_request_comes_whole_and_its_answer_has_the_strict_headers() -> None:
    served = Served()
    _, transport = served.send(GET)
    (asked,) = served.asked
    assert (asked.method, asked.path, asked.query) == ("GET", "/api/v1/a%2Fb", {"x": "1", "y": ""})
    assert (asked.headers["host"], asked.headers["x-a"]) == ("gate", "b")
    assert (asked.client.network, asked.client.is_local) == ("192.0.2.7", False)
    served.answers[0].callback(Answer(body=(b"[1,", b"2]")))
    head, _, body = transport.value().partition(b"\r\n\r\n")
    assert body == b"[1,2]"
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    told = dict(line.split(": ", 1) for line in lines[1:])
    lower = {name.lower(): value for name, value in told.items()}
    assert lower.items() >= {name.lower(): value for name, value in HEADERS.items()}.items()
    assert lower["content-length"] == "5"
    assert "server" not in lower
    assert "set-cookie" not in lower
    for directive in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
        assert directive in lower["content-security-policy"]


def test_a_body_comes_whole() -> None:
    served = Served()
    served.send(b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\n12345")
    served.send(
        b"POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\n12\r\n3\r\n345\r\n0\r\n\r\n"
    )
    assert [each.body for each in served.asked] == [b"12345", b"12345"]


def test_a_body_that_is_too_long_is_refused_before_it_is_there() -> None:
    served = Served()
    length = b"%d" % (MOST_BODY + 1)
    head = b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: " + length + b"\r\n\r\n"
    _, transport = served.send(head)
    assert transport.value().startswith(b"HTTP/1.1 413 ")
    assert transport.disconnecting
    assert served.asked == []


def test_chunks_that_add_up_to_too_much_are_refused_too() -> None:
    served = Served()
    channel, transport = served.send(
        b"POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for _ in range(MOST_BODY // 1000 + 2):
        channel.dataReceived(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
    channel.dataReceived(b"0\r\n\r\n")
    assert transport.value().count(b"HTTP/1.1 ") == 1
    assert transport.value().startswith(b"HTTP/1.1 413 ")
    assert served.asked == []


@pytest.mark.parametrize(
    "octets",
    [
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_is_no_request_ends_the_connection(octets: bytes) -> None:
    served = Served()
    _, transport = served.send(octets)
    assert transport.disconnecting
    assert served.asked == []


def test_a_request_has_its_time_however_slowly_it_comes() -> None:
    """Each octet is no reason to wait longer."""
    served = Served()
    channel, transport = served.connect()
    for octet in GET[:-1]:
        channel.dataReceived(bytes([octet]))
        served.reactor.advance(PATIENCE / 20)
        if transport.disconnecting:
            break
    assert transport.disconnecting
    assert served.asked == []
    served.reactor.advance(PATIENCE)
    assert transport.aborted


def test_an_idle_connection_ends_and_one_that_is_answered_does_not() -> None:
    served = Served()
    _, idle = served.connect()
    channel, busy = served.send(GET)
    served.reactor.advance(PATIENCE + 1)
    assert idle.disconnecting
    assert not busy.disconnecting
    served.answers[0].callback(Answer())
    served.reactor.advance(PATIENCE - 1)
    channel.dataReceived(GET)
    assert len(served.asked) == 2


def test_there_is_a_limit_to_connections() -> None:
    served = Served()
    ends = [served.connect() for _ in range(MOST_CONNECTIONS)]
    assert isinstance(served.factory.buildProtocol(PEER), TurnedAway)
    ends[0][0].connectionLost(Failure(ConnectionDone()))
    assert not isinstance(served.factory.buildProtocol(PEER), TurnedAway)


def test_an_answer_that_nobody_waits_for_is_cancelled() -> None:
    served = Served()
    channel, _ = served.send(GET)
    channel.connectionLost(Failure(ConnectionDone()))
    assert served.cancelled == served.answers
    assert served.reactor.getDelayedCalls() == []


def test_requests_of_one_connection_are_answered_in_order() -> None:
    served = Served()
    _, transport = served.send(GET + GET)
    assert len(served.asked) == 1
    served.answers[0].callback(Answer(body=(b"one",)))
    assert len(served.asked) == 2
    served.answers[1].callback(Answer(body=(b"two",)))
    assert transport.value().count(b"HTTP/1.1 200 OK") == 2


def test_http2_is_not_spoken() -> None:
    assert Served().factory.acceptableProtocols() == [b"http/1.1"]


def test_a_listener_that_closes_answers_what_is_asked_and_cuts_the_rest() -> None:
    served = Served()
    _, asking = served.send(GET)
    _, idle = served.connect()
    served.factory.close()
    assert (asking.aborted, idle.aborted) == (False, True)
    served.answers[0].callback(Answer(body=(b"done",)))
    assert asking.value().endswith(b"done")
    assert asking.disconnecting


def test_a_listener_that_closes_ends_what_has_no_end() -> None:
    served = Served()
    _, transport = served.send(GET)
    served.answers[0].callback(
        Answer(stream=lambda request: request.registerProducer(object(), True))
    )
    served.factory.close()
    assert transport.aborted
