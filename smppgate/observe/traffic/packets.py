"""`Conversation`: PDUs of one connection as packets of TCP over IP (RFC 9293, 791 and 8200).

They are made up of what the gate read and wrote: the addresses and ports are real, and so is the
order. Sequence numbers count what is in the capture, so that it has no gaps where not all PDUs
were of interest. It begins with a handshake, by which it is told who has connected, and from
another that had the same addresses and ports before.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct

from smppgate.observe.traffic.seen import Place

MOST_IN_PACKET = 65_000
"""Octets of a segment: IPv4 and IPv6 both have 65 535 for it and TCP's header."""

_FIN, _SYN, _PSH, _ACK = 0x01, 0x02, 0x08, 0x10
_TCP = 6
_WINDOW = 65_535
_OFFSET = 5 << 4
_HOPS = 64

_tcp = Struct(">HHIIBBHHH").pack
_v4 = Struct(">BBHHHBBH4s4s").pack
_v6 = Struct(">IHBB16s16s").pack
_TCP_SIZE, _V4_SIZE = 20, 20

_UNKNOWN_PORT = 2775
"""SMPP's own: for ends of UNIX sockets, which have none."""

_FIRST_PORT = 49_152
"""Of those that nobody is assigned: for the other ends of these."""

_STRIDE = 0x01000193
"""Between the first sequence numbers of two connections: not to be mistaken for each other."""


class Conversation:
    """The packets of one connection."""

    def __init__(self, place: Place) -> None:
        local, peer = _version_of(place.local[0]), _version_of(place.peer[0])
        is_v6 = isinstance(local, IPv6Address) or isinstance(peer, IPv6Address)
        self._is_v6 = is_v6
        own, other = (_octets(each, is_v6) for each in (local, peer))
        made_up = _FIRST_PORT + place.number % (65_536 - _FIRST_PORT)
        # Who listens has a port that is known.
        ports = (_UNKNOWN_PORT, made_up) if place.is_esme else (made_up, _UNKNOWN_PORT)
        own_port, other_port = place.local[1] or ports[0], place.peer[1] or ports[1]
        # By direction: received, and sent.
        self._addresses = {True: other + own, False: own + other}
        self._ports = {True: (other_port, own_port), False: (own_port, other_port)}
        first = place.number * _STRIDE & 0xFFFFFFFF
        self._next = {True: first, False: first ^ 0x55555555}
        self._by_peer = place.is_esme

    def handshake(self) -> Iterator[tuple[bool, bytes]]:
        """Packets of the beginning, each with whether it is received."""
        client = self._by_peer
        yield client, self._packet(client, b"", _SYN)
        yield not client, self._packet(not client, b"", _SYN | _ACK)
        yield client, self._packet(client, b"", _ACK)

    def end(self) -> Iterator[tuple[bool, bytes]]:
        """Packets of the end: who has begun it is not known."""
        yield True, self._packet(True, b"", _FIN | _ACK)
        yield False, self._packet(False, b"", _FIN | _ACK)
        yield True, self._packet(True, b"", _ACK)

    def packets(self, is_received: bool, octets: bytes) -> Iterator[bytes]:
        """The packets that carry ``octets``."""
        for at in range(0, len(octets), MOST_IN_PACKET):
            piece = octets[at : at + MOST_IN_PACKET]
            yield self._packet(is_received, piece, _PSH | _ACK)

    def _packet(self, is_received: bool, octets: bytes, flags: int) -> bytes:
        number = self._next[is_received]
        acknowledged = self._next[not is_received] if flags & _ACK else 0
        taken = len(octets) + (1 if flags & (_SYN | _FIN) else 0)
        self._next[is_received] = (number + taken) & 0xFFFFFFFF
        addresses, ports = self._addresses[is_received], self._ports[is_received]
        size = _TCP_SIZE + len(octets)
        head = (*ports, number, acknowledged, _OFFSET, flags, _WINDOW)
        # The pseudo header of either version sums up to this: RFC 9293 §3.1, RFC 8200 §8.1.
        pseudo = addresses + bytes((0, _TCP)) + size.to_bytes(4, "big")
        tcp = _tcp(*head, checksum(pseudo + _tcp(*head, 0, 0) + octets), 0)
        return self._ip(addresses, size) + tcp + octets

    def _ip(self, addresses: bytes, size: int) -> bytes:
        if self._is_v6:
            return _v6(6 << 28, size, _TCP, _HOPS, addresses[:16], addresses[16:])
        source, target = addresses[:4], addresses[4:]
        # Do not fragment; so it needs no identification: RFC 6864 §4.1.
        head = (0x45, 0, _V4_SIZE + size, 0, 0x4000, _HOPS, _TCP)
        return _v4(*head, checksum(_v4(*head, 0, source, target)), source, target)


def checksum(octets: bytes) -> int:
    """That of IP and TCP, RFC 1071: of whole words of two octets, an odd one with a 0 behind it.

    One's complement addition is addition modulo 65 535, in which 65 536 is 1: so the sum of all
    words is what the octets are as one number.
    """
    number = int.from_bytes(octets, "big") << (8 if len(octets) % 2 else 0)
    # What sums up to 0 is not told from what sums up to 65 535, but no header is all zeros.
    return 0xFFFF - (number % 0xFFFF or 0xFFFF)


def _version_of(host: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        # A UNIX socket, or a name.
        return IPv4Address("127.0.0.1")


def _octets(address: IPv4Address | IPv6Address, is_v6: bool) -> bytes:
    if is_v6 and isinstance(address, IPv4Address):
        return bytes(10) + b"\xff\xff" + address.packed
    return address.packed
