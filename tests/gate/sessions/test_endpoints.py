"""What the gate adds to Twisted's endpoints."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport

from smppgate.gate.sessions.endpoints import client_endpoint, server_endpoint
from smppgate.gate.sessions.proxy_header import ProxyHeaderFactory
from tests.fakes import outcomes
from tests.txsmpp.pairs import failure_of


class Received(Protocol):
    """Remembers what it is given."""

    def __init__(self) -> None:
        self.octets = b""

    def dataReceived(self, data: bytes) -> None:
        self.octets += data


class Taken:
    """A connection behind a balancer, and the session on it."""

    def __init__(self, *reads: bytes) -> None:
        self.session = Received()
        factory = Factory.forProtocol(lambda: self.session)
        protocol: Any = ProxyHeaderFactory(factory).buildProtocol(IPv4Address("TCP", "9.9.9.9", 9))
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", "9.9.9.9", 9))
        protocol.makeConnection(self.transport)
        for read in reads:
            protocol.dataReceived(read)

    @property
    def peer(self) -> Any:
        assert self.session.transport is not None
        return self.session.transport.getPeer()


KNOWN = b"PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x04\x57\x08\xae"


@given(
    header=st.sampled_from([KNOWN, V2, b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN a b 1 2\r\n"]),
    cuts=st.lists(st.integers(1, 50), max_size=60),
)
def test_a_header_is_taken_in_pieces_of_any_size(header: bytes, cuts: list[int]) -> None:
    """What stands behind it is the session's."""
    stream, reads = header + b"behind", []
    for cut in cuts:
        reads.append(stream[:cut])
        stream = stream[cut:]
    taken = Taken(*filter(None, [*reads, stream]))
    assert taken.session.octets == b"behind"
    assert taken.peer.host == ("1.2.3.4" if header in (KNOWN, V2) else "9.9.9.9")


@pytest.mark.parametrize("stream", [b"\0\0\0\x10", b"PROXY" + b"x" * 200, b"PRX"])
def test_what_is_no_header_is_closed(stream: bytes) -> None:
    taken = Taken(*(stream[at : at + 1] for at in range(len(stream))))
    assert taken.transport.disconnecting
    assert taken.session.octets == b""


@pytest.mark.parametrize(
    ("description", "backlog"),
    [
        ("tcp:2775:interface=127.0.0.1", 1024),
        ("haproxy:tcp:2775", 1024),
        ("tcp:2775:backlog=7", 7),
    ],
)
def test_a_listener_asks_for_a_long_backlog(description: str, backlog: int) -> None:
    reactor = MemoryReactorClock()
    server_endpoint(reactor, description).listen(Factory())
    ((_, _, asked, _),) = reactor.tcpServers
    assert asked == backlog


def test_systemd_without_systemd_is_a_failure_to_listen() -> None:
    """One line for the operator, and no traceback."""
    endpoint = server_endpoint(MemoryReactorClock(), "systemd:domain=INET:index=0")
    failure = failure_of(outcomes(endpoint.listen(Factory())))
    assert isinstance(failure, OSError)
    assert "no such socket" in str(failure)


@pytest.mark.parametrize(
    ("description", "by_name"),
    [
        ("tcp:smsc.example:2775:timeout=7", True),
        ("tcp:127.0.0.1:2775", False),
        ("tcp:host=\\:\\:1:port=2775", False),
        ("unix:/tmp/smsc", False),
    ],
)
def test_a_host_name_stands_for_all_its_addresses(description: str, by_name: bool) -> None:
    endpoint: Any = client_endpoint(MemoryReactorClock(), description)
    assert isinstance(endpoint, HostnameEndpoint) is by_name
    if by_name:
        assert (endpoint._port, endpoint._timeout) == (2775, 7)
