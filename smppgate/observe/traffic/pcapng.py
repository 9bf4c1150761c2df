"""`Pcapng`: what is seen as a file that Wireshark opens.

Blocks of PCAP Next Generation (draft-ietf-opsawg-pcapng): a section, one interface, and a packet
for each PDU, with what the gate decided as its comment. Numbers are little-endian. Four kinds of
blocks are no reason for a dependency of the daemon: scapy and python-pcapng do much more.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

from smppgate.observe.traffic.packets import Conversation
from smppgate.observe.traffic.seen import Decision, Kind, Place, Seen
from smppgate.txsmpp.masking import masked
from smppgate.txsmpp.printable import shown

CONTENT_TYPE = "application/x-pcapng"

SECTION, INTERFACE, STATISTICS, PACKET = 0x0A0D0D0A, 1, 5, 6
"""Types of blocks."""

_MAGIC = 0x1A2B3C4D
_RAW = 101
"""LINKTYPE_RAW: packets begin with the header of IP, of either version."""

_END, _COMMENT = 0, 1
_IF_NAME, _USER_APPLICATION, _DROPPED, _FLAGS = 2, 4, 5, 2
_INBOUND, _OUTBOUND = 1, 2

_MICROSECONDS = 1_000_000

MOST_CONVERSATIONS = 10_000
"""Connections at one time; the oldest begins anew, should it go on."""

_word = Struct("<I").pack
_option = Struct("<HH").pack
_head = Struct("<II").pack
_section = Struct("<IHHq").pack
_interface = Struct("<HHI").pack
_packet = Struct("<IIIII").pack
_statistics = Struct("<III").pack


class Pcapng:
    """A capture.

    :param shows_text: whether texts of messages are in it.
    :param made_by: the program and its version.
    :param worker: the number of the worker that sees it, of several that write one file: each
        has an interface of its own, and `head_of` is written before; 0 where it is all there is.
    """

    def __init__(self, shows_text: bool, made_by: str, worker: int = 0) -> None:
        self._shows_text = shows_text
        self._made_by = made_by
        self._worker = worker
        self._interface = max(0, worker - 1)
        self._conversations: dict[Place, Conversation] = {}
        self._left_out = 0
        self._missing = 0

    def head(self) -> bytes:
        """The section and its interface; a worker's is in the head of all."""
        return b"" if self._worker else head_of(self._made_by, ["smppgate"])

    def sign_of_life(self, time: float) -> bytes:
        """How many were left out so far: statistics of the interface."""
        options = _options((_DROPPED, self._left_out.to_bytes(8, "little")))
        return block(STATISTICS, _statistics(self._interface, *_halves(time)) + options)

    def left_out(self, count: int, time: float) -> bytes:
        """The same, and the comment of the next packet will say it."""
        self._left_out += count
        self._missing += count
        return self.sign_of_life(time)

    def seen(self, seen: Seen) -> bytes:
        """The packets of a PDU, or of the end of a connection."""
        if seen.kind is Kind.CLOSED:
            return self._closed(seen)
        if seen.kind is not Kind.PDU:
            return b""
        conversation, head = self._conversation(seen)
        octets = masked(seen.octets, self._shows_text)
        comment, pieces = self._comment(seen.decision), [head]
        for packet in conversation.packets(seen.is_received, octets):
            pieces.append(self._block(packet, seen.time, seen.is_received, comment))
            comment = ""
        return b"".join(pieces)

    def _conversation(self, seen: Seen) -> tuple[Conversation, bytes]:
        """That of the place of ``seen``, and what comes first where it is a new one."""
        found = self._conversations.get(seen.place)
        if found is not None:
            return found, b""
        if len(self._conversations) >= MOST_CONVERSATIONS:
            del self._conversations[next(iter(self._conversations))]
        made = self._conversations[seen.place] = Conversation(seen.place)
        return made, self._blocks(made.handshake(), seen.time)

    def _closed(self, seen: Seen) -> bytes:
        conversation = self._conversations.pop(seen.place, None)
        return self._blocks(conversation.end(), seen.time) if conversation is not None else b""

    def _comment(self, decision: Decision) -> str:
        words = [f"{name} {value}" for name, value in decision.items()]
        if self._missing:
            words.insert(0, f"{self._missing} PDUs before this one were left out")
            self._missing = 0
        return shown("; ".join(words))

    def _blocks(self, packets: Iterable[tuple[bool, bytes]], time: float) -> bytes:
        return b"".join(self._block(each, time, is_received) for is_received, each in packets)

    def _block(self, packet: bytes, time: float, is_received: bool, comment: str = "") -> bytes:
        return packet_block(packet, time, is_received, comment, self._interface)


def head_of(made_by: str, names: Iterable[str]) -> bytes:
    """The section, and an interface for each of these names."""
    section = _section(_MAGIC, 1, 0, -1) + _options((_USER_APPLICATION, made_by.encode()))
    interfaces = (
        block(INTERFACE, _interface(_RAW, 0, 0) + _options((_IF_NAME, name.encode())))
        for name in names
    )
    return block(SECTION, section) + b"".join(interfaces)


def packet_block(
    packet: bytes, time: float, is_received: bool, comment: str, interface: int = 0
) -> bytes:
    """A packet.

    :param time: seconds since 1970.
    """
    options = [(_FLAGS, _word(_INBOUND if is_received else _OUTBOUND))]
    if comment:
        options.append((_COMMENT, comment.encode("utf-8", "replace")))
    size = len(packet)
    fixed = _packet(interface, *_halves(time), size, size)
    return block(PACKET, fixed + _padded(packet) + _options(*options))


def block(kind: int, body: bytes) -> bytes:
    """A block of this type; its body fills words of four octets."""
    size = len(body) + 12
    return _head(kind, size) + body + _word(size)


def _options(*options: tuple[int, bytes]) -> bytes:
    written = (_option(code, len(value)) + _padded(value) for code, value in options)
    return b"".join(written) + _option(_END, 0)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)


def _halves(time: float) -> tuple[int, int]:
    microseconds = int(time * _MICROSECONDS)
    return microseconds >> 32 & 0xFFFFFFFF, microseconds & 0xFFFFFFFF
