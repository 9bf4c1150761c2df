"""Blocking SMPP ends on plain sockets, so that tests decide every octet that is sent."""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

# For things that a healthy machine does in a second; only a broken gate makes a test wait.
PATIENCE = 30.0

HEADER = struct.Struct(">IIII")

BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 1, 2, 9
SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 4, 5, 6, 0x15
RESP = 0x80000000


class Pdu(NamedTuple):
    """A PDU as it stands on the wire."""

    command_id: int
    status: int
    number: int
    body: bytes


def pdu(command_id: int, number: int, body: bytes = b"", status: int = 0) -> bytes:
    """The octets of a PDU."""
    return HEADER.pack(16 + len(body), command_id, status, number) + body


def bind_body(system_id: bytes, password: bytes) -> bytes:
    """The body of any bind."""
    return system_id + b"\0" + password + b"\0" + b"\0" + b"\x34\0\0" + b"\0"


def message_body(
    destination: bytes = b"4477009001",
    text: bytes = b"hello",
    source: bytes = b"1234",
    esm_class: int = 0,
    registered: int = 0,
    tlvs: bytes = b"",
) -> bytes:
    """The body of a submit_sm or deliver_sm."""
    flags = bytes([esm_class, 0, 0]) + b"\0\0" + bytes([registered, 0, 0, 0, len(text)])
    return b"\0\1\1" + source + b"\0\1\1" + destination + b"\0" + flags + text + tlvs


_wires: list[Wire] = []


def hang_up() -> None:
    """Close all sessions: a gate that stops waits for its peers to answer its unbind."""
    while _wires:
        _wires.pop().sock.close()


class Wire:
    """One end of a session, until `hang_up`."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(PATIENCE)
        _wires.append(self)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, octets: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(octets)

    def receive(self) -> Pdu:
        """The next PDU; ConnectionError at the end of the stream."""
        length, command_id, status, number = HEADER.unpack(self._exactly(16))
        return Pdu(command_id, status, number, self._exactly(length - 16))

    def receive_message(self) -> Pdu:
        """The next PDU that is no enquire_link; those are answered."""
        while True:
            got = self.receive()
            if got.command_id != ENQUIRE_LINK:
                return got
            self.send(pdu(ENQUIRE_LINK | RESP, got.number))

    def is_closed(self) -> bool:
        """Whether the peer has closed or cut the connection, with nothing more to read."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def is_quiet(self) -> bool:
        """Whether nothing more came than a round trip of our own brings back."""
        self.send(pdu(ENQUIRE_LINK, 0x0EADBEEF))
        return self.receive() == Pdu(ENQUIRE_LINK | RESP, 0, 0x0EADBEEF, b"")

    def _exactly(self, size: int) -> bytes:
        octets = b""
        while len(octets) < size:
            more = self.sock.recv(size - len(octets))
            if not more:
                raise ConnectionError("closed by the peer")
            octets += more
        return octets


def connect(port: int) -> Wire:
    """A connection to the gate."""
    return Wire(socket.create_connection(("127.0.0.1", port), PATIENCE))


def bound(
    port: int,
    system_id: bytes = b"acme",
    password: bytes = b"secret",
    command: int = BIND_TRANSCEIVER,
) -> Wire:
    """An ESME that is bound to the gate."""
    esme = connect(port)
    esme.send(pdu(command, 1, bind_body(system_id, password)))
    answer = esme.receive()
    assert answer.status == 0, answer
    return esme


class Smsc:
    """An SMSC that takes one bind at a time and leaves the rest to the test."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(PATIENCE)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Smsc:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def accept(self) -> Wire:
        """The next connection, before its bind."""
        sock, _ = self._listener.accept()
        return Wire(sock)

    def link(self) -> Wire:
        """The next connection, its bind answered with ESME_ROK."""
        wire = self.accept()
        bind = wire.receive()
        wire.send(pdu(bind.command_id | RESP, bind.number, b"smsc\0"))
        return wire
