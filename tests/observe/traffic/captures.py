"""A capture read again: its blocks, packets and streams, without what has written it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

from smppgate.observe.traffic.pcapng import INTERFACE, PACKET, SECTION, STATISTICS


class Segment(NamedTuple):
    """One packet, of which lengths and checksums are right."""

    source: tuple[str, int]
    target: tuple[str, int]
    number: int
    acknowledged: int
    flags: int
    octets: bytes
    time: float
    comment: str
    interface: int = 0


def blocks(capture: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each block; fails where one is not what it should be."""
    at = 0
    while at < len(capture):
        kind, size = struct.unpack_from("<II", capture, at)
        assert size % 4 == 0
        assert 12 <= size <= len(capture) - at
        assert struct.unpack_from("<I", capture, at + size - 4) == (size,)
        yield kind, capture[at + 8 : at + size - 4]
        at += size


def segments(capture: bytes, interfaces: int = 1) -> list[Segment]:
    """All packets, in order."""
    found = list(blocks(capture))
    head, rest = found[: 1 + interfaces], found[1 + interfaces :]
    assert [kind for kind, _ in head] == [SECTION, *[INTERFACE] * interfaces]
    assert {kind for kind, _ in rest} <= {PACKET, STATISTICS}
    packets = [_segment(body) for kind, body in rest if kind == PACKET]
    assert all(each.interface < interfaces for each in packets)
    return packets


def dropped(capture: bytes) -> int:
    """What the last statistics say."""
    *_, last = [body for kind, body in blocks(capture) if kind == STATISTICS]
    return int.from_bytes(dict(options(last[12:]))[5], "little")


def options(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while True:
        code, size = struct.unpack_from("<HH", octets, at)
        if code == 0:
            assert octets[at + 4 :] == b""
            return
        yield code, octets[at + 4 : at + 4 + size]
        at += 4 + size + -size % 4


def streams(found: list[Segment]) -> dict[tuple[tuple[str, int], tuple[str, int]], bytes]:
    """The octets of each direction of each connection; fails at a gap, or what came twice."""
    expected: dict[object, int] = {}
    made: dict[tuple[tuple[str, int], tuple[str, int]], bytes] = {}
    for each in found:
        key = each.source, each.target
        if each.flags & 2:
            expected[key] = each.number
        assert each.number == expected[key], each
        if each.flags & 0x10:
            assert each.acknowledged == expected[each.target, each.source]
        taken = len(each.octets) + (1 if each.flags & 3 else 0)
        expected[key] = (each.number + taken) & 0xFFFFFFFF
        made[key] = made.get(key, b"") + each.octets
    return made


def _segment(body: bytes) -> Segment:
    interface, high, low, size, original = struct.unpack_from("<IIIII", body)
    assert original == size
    packet = body[20 : 20 + size]
    told = dict(options(body[20 + size + -size % 4 :]))
    if packet[0] >> 4 == 4:
        assert _sum(packet[:20]) == 0xFFFF
        assert struct.unpack_from(">H", packet, 2) == (size,)
        source, target, tcp = packet[12:16], packet[16:20], packet[20:]
    else:
        assert packet[0] >> 4 == 6
        assert struct.unpack_from(">H", packet, 4) == (size - 40,)
        source, target, tcp = packet[8:24], packet[24:40], packet[40:]
    assert packet[9 if packet[0] >> 4 == 4 else 6] == 6
    pseudo = source + target + struct.pack(">HH", 6, len(tcp))
    assert _sum(pseudo + tcp) == 0xFFFF
    source_port, target_port, number, acknowledged, offset, flags = struct.unpack_from(
        ">HHIIBB", tcp
    )
    assert offset == 0x50
    return Segment(
        (str(ip_address(source)), source_port),
        (str(ip_address(target)), target_port),
        number,
        acknowledged,
        flags,
        tcp[20:],
        ((high << 32) + low) / 1e6,
        told.get(1, b"").decode(),
        interface,
    )


def _sum(octets: bytes) -> int:
    """One's complement sum, word by word: RFC 1071."""
    octets += bytes(len(octets) % 2)
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
