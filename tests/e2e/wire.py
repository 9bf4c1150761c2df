"""Blocking SMPP ends on plain sockets, so that tests decide every octet that is sent."""

from __future__ import annotations

import select
import socket
import struct
from contextlib import suppress
from typing import NamedTuple

from tests.e2e.ports import free_port

# For things that a healthy machine does in a second; only a broken gate makes a test wait.
PATIENCE = 30.0

HEADER = struct.Struct(">IIII")

BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 1, 2, 9
QUERY_SM, SUBMIT_SM, DELIVER_SM, UNBIND, REPLACE_SM, CANCEL_SM = 3, 4, 5, 6, 7, 8
ENQUIRE_LINK, SUBMIT_MULTI, ALERT_NOTIFICATION, DATA_SM = 0x15, 0x21, 0x102, 0x103
BROADCAST_SM, QUERY_BROADCAST_SM, CANCEL_BROADCAST_SM = 0x111, 0x112, 0x113
RESP = GENERIC_NACK = 0x80000000

DELIVERY_RECEIPT, INTERMEDIATE = 0x04, 0x20
UDHI = 0x40
"""Of esm_class."""

NETWORK_ERROR_CODE, MESSAGE_PAYLOAD, MESSAGE_STATE = 0x0423, 0x0424, 0x0427
RECEIPTED_MESSAGE_ID, SC_INTERFACE_VERSION = 0x001E, 0x0210


class Pdu(NamedTuple):
    """A PDU as it stands on the wire."""

    command_id: int
    status: int
    number: int
    body: bytes


def pdu(command_id: int, number: int, body: bytes = b"", status: int = 0) -> bytes:
    """The octets of a PDU."""
    return HEADER.pack(16 + len(body), command_id, status, number) + body


def bind_body(
    system_id: bytes,
    password: bytes,
    version: int = 0x34,
    address_range: bytes = b"",
) -> bytes:
    """The body of any bind."""
    return (
        b"\0".join((system_id, password, b"", bytes([version]))) + b"\0\0" + address_range + b"\0"
    )


def message_body(
    destination: bytes = b"4477009001",
    text: bytes = b"hello",
    source: bytes = b"1234",
    esm_class: int = 0,
    registered: int = 0,
    tlvs: bytes = b"",
    data_coding: int = 0,
) -> bytes:
    """The body of a submit_sm or deliver_sm."""
    flags = bytes([esm_class, 0, 0]) + b"\0\0" + bytes([registered, 0, data_coding, 0, len(text)])
    return b"\0\1\1" + source + b"\0\1\1" + destination + b"\0" + flags + text + tlvs


def data_body(
    destination: bytes = b"4477009001",
    source: bytes = b"1234",
    esm_class: int = 0,
    registered: int = 0,
    tlvs: bytes = b"",
) -> bytes:
    """The body of a data_sm."""
    addresses = b"\0\1\1" + source + b"\0\1\1" + destination + b"\0"
    return addresses + bytes([esm_class, registered, 0]) + tlvs


def tlv(tag: int, value: bytes) -> bytes:
    """The octets of a TLV."""
    return struct.pack(">HH", tag, len(value)) + value


def receipt_text(message_id: bytes, stat: bytes = b"DELIVRD", text: bytes = b"hello") -> bytes:
    """What most SMSCs write about a message."""
    return (
        b"id:%b sub:001 dlvrd:001 submit date:2611231750 done date:2611231751 stat:%b err:000 "
        b"text:%b" % (message_id, stat, text)
    )


def receipt_body(
    message_id: bytes, destination: bytes = b"1234", esm_class: int = DELIVERY_RECEIPT
) -> bytes:
    """The body of a deliver_sm with a receipt, from the number that the message was for."""
    return message_body(destination, receipt_text(message_id), b"4477009001", esm_class=esm_class)


def id_of(got: Pdu) -> bytes:
    """The message_id that a resp begins with."""
    return got.body.partition(b"\0")[0]


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
        # Else two requests in a row wait 40 ms for the kernel's acknowledgement. A peer that has
        # cut the connection already is for the test to find out.
        with suppress(OSError):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
        """The next PDU that is no enquire_link; one of those is answered.

        The gate asks after as long as a test is patient.
        """
        got = self.receive()
        if got.command_id == ENQUIRE_LINK:
            self.send(pdu(ENQUIRE_LINK | RESP, got.number))
            got = self.receive()
        return got

    def is_closed(self) -> bool:
        """Whether the peer has closed or cut the connection, with nothing more to read."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def has_gone(self) -> bool:
        """Whether it is known by now that the peer has closed or cut the connection."""
        if not select.select([self.sock], [], [], 0)[0]:
            return False
        return self.sock.recv(1, socket.MSG_PEEK) == b""

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


def answer(link: Wire, request: Pdu, body: bytes = b"id\0", status: int = 0) -> None:
    """Answer a request."""
    link.send(pdu(request.command_id | RESP, request.number, body, status))


def submitted(esme: Wire, link: Wire, message_id: bytes, number: int = 1) -> bytes:
    """Submit a message that wants a receipt and give it this id at the SMSC; gives the ESME's."""
    esme.send(pdu(SUBMIT_SM, number, message_body(registered=1)))
    answer(link, link.receive_message(), message_id + b"\0")
    got = esme.receive_message()
    assert got[:3] == (SUBMIT_SM | RESP, 0, number), got
    return id_of(got)


def delivered(
    link: Wire, esme: Wire, body: bytes, command: int = DELIVER_SM, number: int = 500
) -> bytes:
    """Bring a message from an SMSC to this ESME, and its resp back; gives the body that came."""
    link.send(pdu(command, number, body))
    got = esme.receive_message()
    assert got.command_id == command, got
    answer(esme, got, b"\0")
    assert link.receive_message() == Pdu(command | RESP, 0, number, b"\0")
    return got.body


def readable(*wires: Wire) -> Wire:
    """The first of these to which something comes."""
    ready, _, _ = select.select([wire.sock for wire in wires], [], [], PATIENCE)
    return next(wire for wire in wires if wire.sock in ready)


def connect(port: int) -> Wire:
    """A connection to the gate."""
    return Wire(socket.create_connection(("127.0.0.1", port), PATIENCE))


def bound(
    port: int,
    system_id: bytes = b"acme",
    password: bytes = b"secret",
    command: int = BIND_TRANSCEIVER,
    version: int = 0x34,
    address_range: bytes = b"",
) -> Wire:
    """An ESME that is bound to the gate."""
    esme = connect(port)
    esme.send(pdu(command, 1, bind_body(system_id, password, version, address_range)))
    answer = esme.receive()
    assert answer.status == 0, answer
    return esme


class Smsc:
    """An SMSC that takes one bind at a time and leaves the rest to the test."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port or free_port()))
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
        """The next connection that is still there, its bind answered with ESME_ROK.

        A gate that was stopped may have connected once more when the test had closed its link.
        """
        while True:
            wire = self.accept()
            with suppress(ConnectionError):
                bind = wire.receive()
                if not wire.has_gone():
                    break
        wire.send(pdu(bind.command_id | RESP, bind.number, b"smsc\0"))
        return wire
