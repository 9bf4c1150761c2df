"""Limits of a listener for peers that it does not know, on a gateway in memory."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.internet.address import IPv4Address

from smppgate.gate.relay.events import Listener
from smppgate.gate.sessions.esme import JUDGING_TIME
from smppgate.gate.sessions.proxy_header import ProxyHeaderFactory
from smppgate.settings import EsmeSettings, GateSettings, ListenSettings
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind

HERE, THERE = "192.0.2.7", "192.0.2.8"


class Rig(Listener):
    """A gate whose listener has limits, and peers at addresses."""

    def __init__(self, gate: GateSettings | None = None, **limits: Any) -> None:
        self.told: list[tuple[str, str]] = []
        self.gate = MemoryGateway(
            listen=(ListenSettings(endpoint="tcp:2775", **limits),),
            esme=(EsmeSettings(system_id="acme", password="secret", max_binds=1000),),
            gate=gate or GateSettings(),
        )
        self.factory: Any = self.gate.reactor.tcpServers[0][1]
        self.gate.router.events.attach(self)

    def connection_refused(self, host: str, reason: str) -> None:
        self.told.append((host, reason))

    def connect(self, host: str) -> End:
        address = IPv4Address("TCP", host, 4000)
        end = End(self.gate, self.factory.buildProtocol(address))
        end.transport.peerAddr = address
        return end

    def proxied(self, host: str, more: bytes = b"") -> End:
        """A connection by a balancer, with a header in two pieces."""
        balancer = IPv4Address("TCP", "10.0.0.1", 4000)
        end = End(self.gate, ProxyHeaderFactory(self.factory).buildProtocol(balancer))
        header = b"PROXY TCP4 %b 10.0.0.1 4000 2775\r\n" % host.encode()
        end.send(header[:20])
        end.send(header[20:] + more)
        return end

    def reload(self, **limits: Any) -> None:
        settings = self.gate.gateway.settings
        listen = evolve(settings.listen[0], **limits)
        self.gate.gateway.reload(evolve(settings, listen=(listen,)))
        self.gate.turn()


def statuses(end: End) -> list[int]:
    return [frame.command_status for frame in end.heard()]


def test_connections_of_one_address_are_limited() -> None:
    rig = Rig(max_per_address=2)
    with Log() as log:
        first, second = rig.connect(HERE), rig.connect(HERE)
        assert rig.connect(HERE).is_closed()
        assert rig.connect(HERE).is_closed()
        assert not rig.connect(THERE).is_closed()
        first.send(bind())
        assert statuses(first) == [0]
        assert rig.connect(HERE).is_closed(), "one that is bound counts too"
        first.transport.lose()
        assert not rig.connect(HERE).is_closed()
        assert not second.is_closed()
        rig.gate.reactor.pump([0.5] * 4)
    (line, summary) = (line for line in log.lines if HERE in line and "open" in line)
    why = "2 connections from its address are open"
    assert line == f"SG-2002 connection from {HERE}:4000 closed: {why}"
    assert "2 more refused" in summary
    assert rig.told == [(HERE, "2 connections from its address are open")] * 3
    (listener,) = rig.gate.gateway.state().listeners
    assert (listener.sessions, listener.unbound, listener.refused) == (3, 3, 3)
    assert rig.gate.router.statistics().connections_refused == 3


def test_connections_without_a_bind_are_limited() -> None:
    """Wherever they come from; who binds makes room for the next."""
    rig = Rig(max_unbound=2)
    first, _ = rig.connect(HERE), rig.connect(THERE)
    assert rig.connect("192.0.2.9").is_closed()
    first.send(bind())
    assert statuses(first) == [0]
    assert not rig.connect("192.0.2.9").is_closed()
    assert rig.connect("192.0.2.9").is_closed()


def test_behind_a_balancer_the_address_in_the_header_counts() -> None:
    """The balancer's own counts for nothing; what comes behind the header is not read."""
    rig = Rig(max_per_address=1)
    assert statuses(rig.proxied(HERE, bind())) == [0]
    refused = rig.proxied(HERE, bind())
    assert refused.is_closed()
    assert refused.transport.take() == b""
    assert statuses(rig.proxied(THERE, bind())) == [0]
    assert [host for host, _ in rig.told] == [HERE]


def test_binds_of_one_address_wait_for_their_turn() -> None:
    """A second's worth are judged at once; those of others do not wait."""
    rig = Rig(bind_rate=2)
    with Log() as log:
        ends = [rig.connect(HERE) for _ in range(4)]
        for end in ends:
            end.send(bind())
        assert [statuses(end) for end in ends] == [[0], [0], [], []]
        other = rig.connect(THERE)
        other.send(bind())
        assert statuses(other) == [0]
        rig.gate.reactor.advance(0.5)
        assert [statuses(end) for end in ends[2:]] == [[0], []]
        rig.gate.reactor.advance(0.5)
        assert statuses(ends[3]) == [0]
    assert any("waits 0.5 s: many binds come from there" in line for line in log.lines)
    assert rig.gate.gateway.state().listeners[0].delayed == 2


def test_binds_that_would_wait_too_long_are_refused() -> None:
    """With 0x0D; by then the connection would be over."""
    rig = Rig(gate=GateSettings(session_init_timeout=2.0 + JUDGING_TIME), bind_rate=1)
    ends = [rig.connect(HERE) for _ in range(4)]
    for end in ends:
        end.send(bind())
    assert [statuses(end) for end in ends] == [[0], [], [0x0D], [0x0D]]
    assert [end.is_closed() for end in ends] == [False, False, True, True]
    rig.gate.reactor.advance(1.0)
    assert statuses(ends[1]) == [0]


def test_a_turn_that_leaves_no_time_to_judge_is_too_late() -> None:
    """A password may be compared in a thread afterwards, and the store asked for a place."""
    rig = Rig(gate=GateSettings(session_init_timeout=1.0 + JUDGING_TIME), bind_rate=1)
    ends = [rig.connect(HERE) for _ in range(2)]
    for end in ends:
        end.send(bind())
    assert [statuses(end) for end in ends] == [[0], [0x0D]]


def test_a_bind_that_waits_leaves_no_timer_behind() -> None:
    rig = Rig(bind_rate=1)
    ends = [rig.connect(HERE) for _ in range(2)]
    for end in ends:
        end.send(bind())
    for end in ends:
        end.transport.lose()
    assert rig.gate.timers_left == 0


def test_limits_change_while_the_listener_is_open() -> None:
    """Nobody is cut, and nobody is taken until there are less."""
    rig = Rig(max_per_address=0, max_unbound=0, bind_rate=0)
    ends = [rig.connect(HERE) for _ in range(5)]
    rig.reload(max_per_address=3)
    assert not any(end.is_closed() for end in ends)
    assert rig.connect(HERE).is_closed()
    rig.reload(max_per_address=6)
    assert not rig.connect(HERE).is_closed()
    rig.reload(max_unbound=6)
    assert rig.connect(THERE).is_closed()
    rig.reload(max_unbound=0, bind_rate=1)
    for end in ends[:2]:
        end.send(bind())
    assert [statuses(end) for end in ends[:2]] == [[0], []]


@pytest.mark.parametrize("host", ["2001:db8::1", "2001:db8::ffff"])
def test_an_ipv6_network_is_one_address(host: str) -> None:
    """A machine has 2**64 of them."""
    rig = Rig(max_per_address=1)
    rig.connect("2001:db8::7")
    assert rig.connect(host).is_closed()
    assert not rig.connect("2001:db8:0:1::7").is_closed()
