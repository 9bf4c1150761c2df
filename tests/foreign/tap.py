"""What passes between two who talk over TCP, as it passes, and as a file that tshark reads."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.e2e.ports import free_port
from tests.e2e.wire import DELIVER_SM, HEADER, PATIENCE, RESP, SUBMIT_SM, Pdu, id_of
from tests.foreign.programs import found

PORT = 2775
"""The server's, in the file."""

_NAMED = re.compile(rb"id:(\S+) ")

_MOST = 60_000
"""Octets of one packet, which IPv4 has 65 535 of."""

_SYN, _ACK, _PUSH = 0x02, 0x10, 0x08


class Passed(NamedTuple):
    """Some octets that passed, over a connection and in a direction."""

    connection: int
    to_server: bool
    octets: bytes


class Tap:
    """Listens on ``port``, passes everything on to ``server_port`` and back, and keeps it.

    As long as the test runs, and with all connections there are.
    """

    def __init__(self, server_port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        self.port: int = self._listener.getsockname()[1]
        self._server_port = server_port
        self._passed: list[Passed] = []
        self._sockets: list[socket.socket] = []
        _begin(self._accept)

    def __enter__(self) -> Tap:
        return self

    def __exit__(self, *_: object) -> None:
        # Only a shutdown wakes the thread that accepts.
        for sock in (self._listener, *self._sockets):
            _end(sock, socket.SHUT_RDWR)

    @property
    def passed(self) -> list[Passed]:
        """All of it so far."""
        return list(self._passed)

    def _accept(self) -> None:
        with self._listener:
            for connection in range(1, 1000):
                try:
                    client, _ = self._listener.accept()
                    server = socket.create_connection(("127.0.0.1", self._server_port), PATIENCE)
                except OSError:
                    return
                server.settimeout(None)
                self._sockets += client, server
                _begin(self._pass, client, server, connection, True)
                _begin(self._pass, server, client, connection, False)

    def _pass(
        self, source: socket.socket, target: socket.socket, connection: int, to_server: bool
    ) -> None:
        with suppress(OSError):
            while octets := source.recv(65536):
                self._passed.append(Passed(connection, to_server, octets))
                target.sendall(octets)
        _end(target, socket.SHUT_WR)


def _begin(work: object, *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def _end(sock: socket.socket, how: int) -> None:
    with suppress(OSError):
        sock.shutdown(how)


def overtaking(passed: list[Passed]) -> list[bytes]:
    """The ids that clients had a receipt for before the submit_sm_resp, on the same connection."""
    found: list[bytes] = []
    streams: dict[int, bytearray] = {}
    for connection, to_server, octets in passed:
        if not to_server:
            streams.setdefault(connection, bytearray()).extend(octets)
    for stream in streams.values():
        given: set[bytes] = set()
        for got in _pdus(bytes(stream)):
            if got.command_id == SUBMIT_SM | RESP:
                given.add(id_of(got))
            elif got.command_id == DELIVER_SM:
                named = _NAMED.search(got.body)
                assert named is not None, got
                found += {named[1]} - given
    return found


def _pdus(stream: bytes) -> Iterator[Pdu]:
    at = 0
    while at < len(stream):
        length, command_id, status, number = HEADER.unpack_from(stream, at)
        yield Pdu(command_id, status, number, stream[at + HEADER.size : at + length])
        at += length


def dissected(folder: Path, passed: list[Passed]) -> Counter[int]:
    """Have tshark read it: command_id → PDUs. Fails if it finds anything malformed."""
    file = folder / "passed.pcap"
    file.write_bytes(_pcap(passed))
    read = (found("tshark"), "-r", str(file), "-d", f"tcp.port=={PORT},smpp")
    malformed = "_ws.malformed || _ws.expert.severity == error || tcp.analysis.flags"
    wrong = _told(*read, "-Y", malformed, "-V")
    assert not wrong, wrong
    ids = _told(*read, "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id")
    return Counter(int(each, 0) for line in ids.split() for each in line.split(","))


def _told(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _pcap(passed: list[Passed]) -> bytes:
    """A file of IPv4 packets: for each connection a handshake, then what passed."""
    file = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 101))
    streams: dict[int, _Stream] = {}
    for connection, to_server, octets in passed:
        if connection not in streams:
            streams[connection] = _Stream(connection)
            file += streams[connection].handshake()
        for at in range(0, len(octets), _MOST):
            file += streams[connection].packet(to_server, octets[at : at + _MOST], _ACK | _PUSH)
    return bytes(file)


class _Stream:
    """A connection in the file."""

    def __init__(self, connection: int) -> None:
        self._client_port = 40_000 + connection
        self._next = {True: 0, False: 0}

    def handshake(self) -> bytes:
        packets = self.packet(True, b"", _SYN) + self.packet(False, b"", _SYN | _ACK)
        return packets + self.packet(True, b"", _ACK)

    def packet(self, to_server: bool, octets: bytes, flags: int) -> bytes:
        ports = (self._client_port, PORT) if to_server else (PORT, self._client_port)
        sequence, acknowledged = self._next[to_server], self._next[not to_server]
        tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 0x50, flags, 65535, 0, 0)
        self._next[to_server] += len(octets) or flags & _SYN > 0
        length = 40 + len(octets)
        home = bytes((127, 0, 0, 1))
        ip = struct.pack(">BBHHHBBH", 0x45, 0, length, 0, 0, 64, 6, 0) + home + home
        return struct.pack("<IIII", 0, 0, length, length) + ip + tcp + octets
