"""Listeners that are added, changed and closed while others go on."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.selectreactor import SelectReactor
from twisted.logger import LogEvent, LogLevel, globalLogPublisher
from twisted.python.failure import Failure

from smppgate.gate import CannotListen
from smppgate.gate.sessions.endpoints import server_endpoint
from smppgate.gate.sessions.listener import Listener
from smppgate.gate.sessions.listeners import Listeners
from tests.certificates import Pair
from tests.fakes import outcomes
from tests.gate.configs import esme_config
from tests.gate.memory_gateway import Log, MemoryGateway

LOOPBACK = "127.0.0.1"
# Turns of the reactor in which something has to happen; each lasts this long if nothing does.
TURNS, TURN = 400, 0.05


class Running:
    """Listeners on real sockets."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.config = esme_config(MemoryGateway().router)
        self.listeners = Listeners(reactor, self.config)
        self.clients: list[socket.socket] = []

    def start(self) -> None:
        self.listeners.privilegedStartService()
        self.listeners.startService()

    def until(self, is_so: Callable[[], object]) -> None:
        """Run the reactor until it is so."""
        for _ in range(TURNS):
            if is_so():
                return
            self.reactor.iterate(TURN)
        raise AssertionError("it does not come to be so")

    def done(self, deferred: Deferred[Any]) -> None:
        """Run the reactor until ``deferred`` has fired, without a failure."""
        seen = outcomes(deferred)
        self.until(lambda: seen)
        assert not isinstance(seen[0], Failure)

    @property
    def ports(self) -> list[int]:
        """The ports that are listened on."""
        return [cast(IPv4Address, address).port for address in self.listeners.addresses()]

    def connect(self, port: int) -> socket.socket:
        """A connection, which the reactor has yet to see."""
        client = socket.create_connection((LOOPBACK, port))
        self.clients.append(client)
        return client

    def session(self, port: int) -> socket.socket:
        """A connection that has a session."""
        before = len(self.listeners.sessions())
        client = self.connect(port)
        self.until(lambda: len(self.listeners.sessions()) == before + 1)
        return client

    def is_cut(self, client: socket.socket) -> bool:
        """Whether the gate has closed this connection."""
        client.setblocking(False)
        try:
            return client.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def close(self) -> None:
        for client in self.clients:
            client.close()
        for session in self.listeners.sessions():
            session.abort("the test is over")
        if self.listeners.running:
            self.done(self.listeners.stopService())
        self.until(lambda: not self.listeners.sessions())


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    reactor: Any = SelectReactor()
    # TLS asks for the reactor of the process, which is not to be installed by a test.
    monkeypatch.setattr("twisted.protocols.tls._get_default_clock", lambda: reactor)
    running = Running(reactor)
    yield running
    running.close()
    reactor.removeAll()


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


def on(port: int) -> str:
    return f"tcp:{port}:interface={LOOPBACK}"


def is_refused(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port)).close()
    except ConnectionRefusedError:
        return True
    return False


class Errors:
    """What is logged at error level or above."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __enter__(self) -> Errors:
        globalLogPublisher.addObserver(self)  # type: ignore[arg-type]
        return self

    def __exit__(self, *_: object) -> None:
        globalLogPublisher.removeObserver(self)  # type: ignore[arg-type]

    def __call__(self, event: LogEvent) -> None:
        if event["log_level"] >= LogLevel.error:
            self.lines.append(str(event["log_format"]).format(**event))


def test_a_listener_is_added_beside_others(running: Running) -> None:
    first, second = free_port(), free_port()
    running.listeners.add(on(first), 10)
    assert running.listeners.addresses() == ()
    running.start()
    running.session(first)
    running.listeners.add(on(second), 10)
    assert running.ports == [first, second]
    running.session(second)
    assert len(running.listeners.sessions()) == 2


def test_a_listener_is_closed_and_its_sessions_go_on(running: Running) -> None:
    port, other = free_port(), free_port()
    running.listeners.add(on(port), 10)
    running.listeners.add(on(other), 10)
    running.start()
    client = running.session(port)
    with Log() as log:
        running.done(running.listeners.remove(on(port)))
    assert f"no longer listening on {on(port)}; 1 of its sessions go on" in log.lines
    assert is_refused(port)
    assert running.ports == [other]
    assert not running.is_cut(client)
    (session,) = running.listeners.sessions()
    # Served as before: what is no PDU ends it.
    client.sendall(bytes(16))
    running.until(lambda: running.is_cut(client))
    running.until(lambda: session not in running.listeners.sessions())
    # Nothing is kept of a closed listener without sessions.
    assert len(running.listeners._factories) == 1


def test_a_closed_listener_without_sessions_is_forgotten(running: Running) -> None:
    for _ in range(3):
        port = free_port()
        running.listeners.add(on(port), 10)
        running.start()
        running.done(running.listeners.remove(on(port)))
    assert (running.listeners._factories, list(running.listeners)) == ({}, [])


def test_sessions_of_a_closed_listener_are_there_at_a_stop(running: Running) -> None:
    port = free_port()
    running.listeners.add(on(port), 10)
    running.start()
    client = running.session(port)
    running.done(running.listeners.remove(on(port)))
    running.done(running.listeners.stopService())
    (session,) = running.listeners.sessions()
    session.abort("the gate is stopping")
    running.until(lambda: not running.listeners.sessions())
    assert running.is_cut(client)


def test_one_port_goes_from_all_addresses_to_one(running: Running) -> None:
    """With a session there that came in before."""
    port = free_port()
    running.listeners.add(f"tcp:{port}", 10)
    running.start()
    client = running.session(port)
    with Errors() as errors:
        running.done(running.listeners.remove(f"tcp:{port}"))
        running.listeners.add(on(port), 10)
    assert errors.lines == []
    assert running.listeners.addresses() == (IPv4Address("TCP", LOOPBACK, port),)
    running.session(port)
    assert len(running.listeners.sessions()) == 2
    assert not running.is_cut(client)


def test_a_limit_is_raised_and_lowered(running: Running) -> None:
    """Nothing is cut that is there; nothing comes until there are less than the limit."""
    port = free_port()
    running.listeners.add(on(port), 1)
    running.start()
    clients = [running.session(port)]
    running.listeners.change(on(port), 3)
    clients += [running.session(port), running.session(port)]
    running.listeners.change(on(port), 2)
    refused = running.connect(port)
    running.until(lambda: running.is_cut(refused))
    for left in (2, 1):
        assert not running.is_cut(clients[-1])
        clients.pop().close()
        running.until(lambda left=left: len(running.listeners.sessions()) == left)
    clients.append(running.session(port))
    refused = running.connect(port)
    running.until(lambda: running.is_cut(refused))
    assert not any(map(running.is_cut, clients))


def test_a_port_in_use_is_an_error_in_the_log_and_tried_again(running: Running) -> None:
    own, port = free_port(), 0
    running.listeners.add(on(own), 10)
    running.start()
    running.session(own)
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = int(taken.getsockname()[1])
        with Errors() as errors:
            running.listeners.add(on(port), 10)
            running.listeners.retry()
        assert len(errors.lines) == 2
        for line in errors.lines:
            assert line.startswith(f"SG-2001 cannot listen on {on(port)}: ")
            assert "Address already in use" in line
        assert running.ports == [own]
    with Errors() as errors:
        running.listeners.retry()
        running.listeners.retry()
    assert errors.lines == []
    assert running.ports == [own, port]
    running.session(port)


def test_what_never_could_be_opened_can_be_removed(running: Running) -> None:
    running.start()
    with socket.create_server((LOOPBACK, 0)) as taken:
        endpoint = on(int(taken.getsockname()[1]))
        running.listeners.add(endpoint, 10)
        running.done(running.listeners.remove(endpoint))
    with Errors() as errors:
        running.listeners.retry()
    assert (errors.lines, running.ports) == ([], [])


def test_at_the_start_a_port_in_use_ends_it(running: Running) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        endpoint = on(int(taken.getsockname()[1]))
        running.listeners.add(endpoint, 10)
        with pytest.raises(CannotListen, match="already in use"):
            running.listeners.privilegedStartService()


def test_an_unknown_endpoint_is_an_error_of_the_caller(running: Running) -> None:
    with pytest.raises(KeyError):
        running.listeners.change("tcp:1", 1)
    with pytest.raises(KeyError):
        running.listeners.remove("tcp:1")


def test_of_listeners_with_one_string_the_last_is_closed(running: Running) -> None:
    """The system gives each its own port."""
    for _ in range(2):
        running.listeners.add(on(0), 10)
    running.start()
    first, second = running.ports
    running.done(running.listeners.remove(on(0)))
    assert (running.ports, is_refused(second)) == ([first], True)


def test_other_listeners_start_and_stop_with_them(running: Running) -> None:
    endpoint = on(free_port())
    other = Listener(endpoint, server_endpoint(running.reactor, endpoint), Factory())
    other.setServiceParent(running.listeners)
    port = free_port()
    running.listeners.add(on(port), 10)
    running.start()
    assert running.listeners.addresses()[0] == IPv4Address("TCP", LOOPBACK, port)
    assert running.listeners.addresses()[1] == other.address
    running.done(running.listeners.stopService())
    assert running.listeners.addresses() == ()


def test_a_certificate_is_renewed_under_a_session(running: Running, tmp_path: Path) -> None:
    """The port stays open, and the session goes on with the certificate that it has."""
    port, old, new = free_port(), Pair("old.example"), Pair("new.example")
    running.listeners.add(f"ssl:{port}:{old.write(tmp_path)}:interface={LOOPBACK}", 10)
    running.start()
    first = shaken(running, port)
    assert first.getpeercert(binary_form=True) == old.der
    new.write(tmp_path)
    with Log() as log:
        running.listeners.renew()
    assert [line for line in log.lines if "CN=new.example" in line] == log.lines
    second = shaken(running, port)
    assert second.getpeercert(binary_form=True) == new.der
    # What is no PDU is read, and ends the session.
    first.send(bytes(16))
    running.until(lambda: is_ended(first))


def shaken(running: Running, port: int) -> ssl.SSLSocket:
    """A connection whose TLS handshake is done."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = running.connect(port)
    client.setblocking(False)
    tls = context.wrap_socket(client, do_handshake_on_connect=False)
    running.clients.append(tls)

    def is_shaken() -> bool:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    running.until(is_shaken)
    return tls


def is_ended(client: ssl.SSLSocket) -> bool:
    """Whether the gate has ended TLS."""
    try:
        return client.recv(100) == b""
    except ssl.SSLWantReadError:
        return False
