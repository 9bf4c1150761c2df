"""Connections that are accepted in one place and served in another, on real sockets."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EMFILE
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.amp import UnhandledCommand
from twisted.python.failure import Failure

from smppgate.gate import CannotListen
from smppgate.gate.sessions.tls import ListenerTls
from smppgate.settings import ListenTlsSettings, Settings, parse
from smppgate.txsmpp.clock import Clock
from smppgate.workers import raw_listener
from smppgate.workers.commands import Ping, Take
from smppgate.workers.handed import AtMaster, HandedOver
from smppgate.workers.listening import Listening
from smppgate.workers.strangers import AllKnown
from tests.certificates import lasting
from tests.e2e.ports import free_port
from tests.e2e.twistd import settings
from tests.fakes import outcomes
from tests.gate.memory_gateway import Log
from tests.workers.pair import RealEnds, real_ends

LOOPBACK = "127.0.0.1"


class Echo(Protocol):
    """Sends back what it is sent, in capitals."""

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data.upper())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        factory: Any = self.factory
        factory.lost += 1


class Echoes(Factory):
    protocol = Echo
    noisy = False

    def __init__(self) -> None:
        self.lost = self.starts = 0

    def doStart(self) -> None:
        self.starts += 1

    def doStop(self) -> None:
        self.starts -= 1


class Site:
    """A master that listens, and one worker, in one process."""

    def __init__(self, ends: RealEnds, handed: HandedOver, listening: Listening) -> None:
        self.ends = ends
        self.handed = handed
        self.listening = listening
        self.factory = Echoes()
        self.clients: list[socket.socket] = []

    def open(self, place: str, tls: ListenerTls | None = None) -> Any:
        """The worker's listener."""
        opened = outcomes(self.handed.endpoint(None, place, tls).listen(self.factory))
        self.ends.until(lambda: opened)
        return opened[0]

    def until(self, is_so: Callable[[], object]) -> None:
        self.ends.until(is_so)

    def done(self, waiting: Deferred[Any]) -> Any:
        seen = outcomes(waiting)
        self.until(lambda: seen)
        return seen[0]

    def connect(self, port: int) -> socket.socket:
        client = socket.create_connection((LOOPBACK, port))
        self.clients.append(client)
        return client

    def asked(self, client: Any, octets: bytes = b"hello") -> bytes:
        """What the worker answers."""
        client.sendall(octets)
        return self.heard(client)

    def heard(self, client: Any) -> bytes:
        """What comes next; empty where the connection is closed."""
        got: list[bytes] = []
        client.setblocking(False)

        def has_come() -> bool:
            try:
                got.append(client.recv(100))
            except (BlockingIOError, ssl.SSLWantReadError):
                return False
            except ConnectionResetError:
                got.append(b"")
            return True

        self.until(has_come)
        return got[0]

    @property
    def load(self) -> int:
        return self.listening.spread.load(0)


def file(place: str, **listen: Any) -> Settings:
    more = "".join(f"{key} = {value}\n" for key, value in listen.items())
    text = settings(0, {"alpha": 1}, store='kind = "memory"')
    return parse(text.replace('"tcp:0:interface=127.0.0.1"', f'"{place}"\n{more}'))


@contextmanager
def site(place: str, sockets: int = 1, **listen: Any) -> Iterator[Site]:
    with real_ends() as bare:
        # The listening is made for the reactor of the ends, and then the ends that it talks by.
        known = AllKnown(Clock.of(bare.reactor), 0.0)
        listening = Listening(bare.reactor, file(place, **listen), sockets, known)
        handed = HandedOver(bare.reactor)
        bare.connect([listening.loads(0)], [handed])
        found = Site(bare, handed, listening)
        listening.privilegedStartService()
        listening.startService()
        try:
            yield found
        finally:
            for client in found.clients:
                client.close()
            if listening.running:
                found.done(listening.stopService())


def port_of(listening: Listening) -> int:
    address: Any = listening.addresses()[0]
    port: int = address.port
    return port


PLACE = f"tcp:0:interface={LOOPBACK}"


def test_a_connection_waits_until_there_is_a_worker() -> None:
    with site(PLACE) as it:
        client = it.connect(port_of(it.listening))
        client.sendall(b"early")
        it.open(PLACE)
        it.listening.join(0, it.ends.master)
        assert it.heard(client) == b"EARLY"


def test_the_master_has_no_part_in_a_connection_that_was_handed_over() -> None:
    with site(PLACE) as it:
        it.open(PLACE)
        it.listening.join(0, it.ends.master)
        clients = [it.connect(port_of(it.listening)) for _ in range(20)]
        assert [it.asked(client) for client in clients] == [b"HELLO"] * 20
        it.until(lambda: it.load == 20)
        for client in clients[:5]:
            client.close()
        it.until(lambda: it.load == 15)
        assert it.factory.lost == 5
        # What is open stays open when the master listens no more.
        it.done(it.listening.stopService())
        assert it.asked(clients[7]) == b"HELLO"


def test_without_workers_connections_wait_again() -> None:
    with site(PLACE) as it:
        it.open(PLACE)
        it.listening.join(0, it.ends.master)
        assert it.asked(it.connect(port_of(it.listening))) == b"HELLO"
        it.listening.leave(0)
        late = it.connect(port_of(it.listening))
        late.sendall(b"late")
        for _ in range(5):
            it.ends.reactor.iterate(0.01)
        it.listening.join(0, it.ends.master)
        assert it.heard(late) == b"LATE"
        assert it.listening.spread.of_listener(PLACE) == 1


def test_a_limit_holds_for_all_and_is_told_in_summary() -> None:
    with Log() as log, site(PLACE, max_sessions=2) as it:
        it.open(PLACE)
        it.listening.join(0, it.ends.master)
        kept = [it.connect(port_of(it.listening)) for _ in range(2)]
        assert [it.asked(client) for client in kept] == [b"HELLO"] * 2
        for _ in range(5):
            assert it.heard(it.connect(port_of(it.listening))) == b""
        assert sum("all 2 sessions of the listener are in use" in line for line in log.lines) == 1
        kept[0].close()
        it.until(lambda: it.load == 1)
        assert it.asked(it.connect(port_of(it.listening))) == b"HELLO"


def counted(it: Site, place: str, count: int) -> None:
    """A worker has asked for so many connections from here."""
    addresses = it.listening._known.addresses
    addresses.join("worker", lambda _: None)
    for _ in range(count):
        addresses.admit("worker", f"{place}\0{LOOPBACK}".encode(), count)


def test_a_flood_from_one_address_does_not_reach_the_workers() -> None:
    told: list[tuple[str, str]] = []
    with Log() as log, site(PLACE, max_per_address=3) as it:
        it.open(PLACE)
        it.listening.join(0, it.ends.master)
        it.listening.refusals.follow(lambda host, why: told.append((host, why)))
        assert it.asked(it.connect(port_of(it.listening))) == b"HELLO"
        counted(it, PLACE, 3)
        for _ in range(5):
            assert it.heard(it.connect(port_of(it.listening))) == b""
        assert it.handed._tallies[PLACE].taken == 1
        assert told == [(LOOPBACK, "3 connections from its address are open")] * 5
        assert (it.listening.refusals.of(PLACE), it.listening.refusals.total) == (5, 5)
        # A reload holds at once.
        it.done(ensureDeferred(it.listening.change(file(PLACE, max_per_address=4))))
        assert it.asked(it.connect(port_of(it.listening))) == b"HELLO"
    lines = [line for line in log.lines if "3 connections from its address are open" in line]
    assert len(lines) == 2
    assert "4 more refused" in lines[1]


def test_behind_a_balancer_the_master_does_not_know_addresses() -> None:
    place = f"haproxy:{PLACE}"
    with site(place, max_per_address=3) as it:
        it.open(place)
        it.listening.join(0, it.ends.master)
        counted(it, place, 3)
        client = it.connect(port_of(it.listening))
        header = b"PROXY TCP4 192.0.2.7 127.0.0.1 40312 2775\r\n"
        assert it.asked(client, header + b"hello") == b"HELLO"


def test_a_connection_to_a_listener_that_is_no_more_is_closed_and_counted() -> None:
    with site(PLACE) as it:
        opened = it.open(PLACE)
        it.listening.join(0, it.ends.master)
        assert it.factory.starts == 1
        it.done(opened.stopListening())
        assert it.factory.starts == 0
        assert it.heard(it.connect(port_of(it.listening))) == b""
        it.until(lambda: it.load == 0)
        # And one that is opened anew has them again.
        it.open(PLACE)
        assert it.asked(it.connect(port_of(it.listening))) == b"HELLO"
        it.until(lambda: it.load == 1)


def test_what_no_descriptor_is_left_for_is_closed_and_told_of_in_measure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Log() as log, site(PLACE) as it:
        it.open(PLACE)
        it.listening.join(0, it.ends.master)
        with monkeypatch.context() as patched:
            adopt = Mock(side_effect=OSError(EMFILE, "too many"))
            patched.setattr(it.ends.reactor, "adoptStreamConnection", adopt)
            for _ in range(3):
                assert it.heard(it.connect(port_of(it.listening))) == b""
        assert sum("SG-2003" in line for line in log.lines) == 1
        assert it.asked(it.connect(port_of(it.listening))) == b"HELLO"


def test_a_peer_that_has_gone_meanwhile_does_no_harm() -> None:
    with site(PLACE) as it:
        it.open(PLACE)
        ours, theirs = socket.socketpair()
        not_connected = socket.socket()
        for each in (theirs, not_connected):
            given = it.ends.master.callRemote(Take, listener=PLACE, connection=each.fileno())
            ours.close()
            assert it.done(given) == {}
            each.close()


def test_what_a_worker_shows_as_its_address_is_the_masters_place() -> None:
    with site(PLACE) as it:
        assert str(it.open(PLACE).getHost()) == PLACE
        assert AtMaster(PLACE) == it.open(PLACE).getHost()


def secured(client: socket.socket) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(client, do_handshake_on_connect=False)


@pytest.mark.parametrize("sockets", [1, 2])
def test_listeners_in_one_place_for_each_worker(sockets: int) -> None:
    """A worker accepts on its own; the master does on those of workers that are gone."""
    with site(PLACE, sockets) as it:
        it.open(PLACE)
        it.listening.join(0, it.ends.master)
        clients = [it.connect(port_of(it.listening)) for _ in range(40)]
        assert [it.asked(client) for client in clients] == [b"HELLO"] * 40
        it.until(lambda: it.load == 40)
        handed = it.handed._tallies[PLACE].taken
        assert handed == 40 if sockets == 1 else 0 < handed < 40


def test_several_sockets_are_in_one_place_at_once() -> None:
    port = free_port()
    place = f"tcp:{port}:interface={LOOPBACK}"
    with site(place, sockets=5) as it:
        assert port_of(it.listening) == port
        (listener,) = it.listening._listeners
        assert len(listener._ports) == 5
    with socket.create_server((LOOPBACK, 0)) as taken:
        place = f"tcp:{taken.getsockname()[1]}:interface={LOOPBACK}"
        with pytest.raises(CannotListen, match="in use"), site(place, sockets=3):
            """It is not begun."""


def test_a_socket_that_a_worker_does_not_know_is_accepted_on_by_the_master() -> None:
    with site(PLACE, 2) as it:
        it.listening.join(0, it.ends.master)
        (listener,) = it.listening._listeners
        assert listener._lent == {0}
        it.until(lambda: not listener._lent)
        it.open(PLACE)
        clients = [it.connect(port_of(it.listening)) for _ in range(20)]
        assert [it.asked(client) for client in clients] == [b"HELLO"] * 20
        assert it.handed._tallies[PLACE].taken == 20


def test_a_socket_may_be_closed_before_it_was_sent() -> None:
    with site(PLACE, 2) as it:
        it.open(PLACE)
        it.listening.join(0, it.ends.master)
        it.done(it.listening.stopService())
        assert it.done(it.ends.master.callRemote(Ping)).check(UnhandledCommand)


def test_without_a_descriptor_for_it_the_master_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(PLACE, 2) as it:
        it.open(PLACE)
        with monkeypatch.context() as patched:
            patched.setattr(raw_listener.os, "dup", Mock(side_effect=OSError(24, "no more")))
            it.listening.join(0, it.ends.master)
        clients = [it.connect(port_of(it.listening)) for _ in range(20)]
        assert [it.asked(client) for client in clients] == [b"HELLO"] * 20
        assert it.handed._tallies[PLACE].taken == 20


def test_what_has_stopped_opens_nothing_in_a_reload() -> None:
    first, second = (f"tcp:{free_port()}:interface={LOOPBACK}" for _ in range(2))
    with site(first) as it:
        it.done(it.listening.stopService())
        for place in (first, second):
            it.done(ensureDeferred(it.listening.change(file(place))))
            assert it.listening.addresses() == ()


def test_a_reload_opens_and_closes(tmp_path: Path) -> None:
    first, second = (f"tcp:{free_port()}:interface={LOOPBACK}" for _ in range(2))
    with site(first) as it:
        for each in (first, second):
            it.open(each)
        it.listening.join(0, it.ends.master)
        old = port_of(it.listening)
        kept = it.connect(old)
        assert it.asked(kept) == b"HELLO"
        it.done(ensureDeferred(it.listening.change(file(second))))
        with pytest.raises(ConnectionRefusedError):
            it.connect(old)
        assert it.asked(it.connect(port_of(it.listening))) == b"HELLO"
        assert it.asked(kept) == b"HELLO"


def test_what_cannot_be_opened_in_a_reload_is_tried_at_the_next() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken, Log() as log, site(PLACE) as it:
        place = f"tcp:{taken.getsockname()[1]}:interface={LOOPBACK}"
        it.open(place)
        it.listening.join(0, it.ends.master)
        it.done(ensureDeferred(it.listening.change(file(place))))
        assert it.listening.addresses() == ()
        assert it.listening.places() == {place: ""}
        assert any("cannot listen on" in line for line in log.lines)
        taken.close()
        it.done(ensureDeferred(it.listening.change(file(place))))
        assert it.listening.places() == {place: f"{LOOPBACK}:{port_of(it.listening)}"}
        assert it.asked(it.connect(port_of(it.listening))) == b"HELLO"


def test_a_unix_socket(tmp_path: Path) -> None:
    place = f"unix:{tmp_path}/s"
    with site(place) as it:
        it.open(place)
        it.listening.join(0, it.ends.master)
        client = socket.socket(socket.AF_UNIX)
        it.clients.append(client)
        client.connect(f"{tmp_path}/s")
        assert it.asked(client) == b"HELLO"


def test_tls_of_a_table_is_as_the_worker_knows_it() -> None:
    files = lasting()
    table = ListenTlsSettings(certificate=f"{files}/cert.pem", key=f"{files}/key.pem")
    tls = ListenerTls(PLACE, table)
    with site(PLACE) as it:
        it.open(PLACE, tls)
        it.listening.join(0, it.ends.master)
        client = secured(it.connect(port_of(it.listening)))
        client.setblocking(False)

        def shaken() -> bool:
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                return False
            return True

        it.until(shaken)
        assert it.asked(client) == b"HELLO"
