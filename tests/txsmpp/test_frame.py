"""Octets in any pieces, the same PDUs out; nothing kept of what cannot be a PDU."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp import frame as module
from smppgate.txsmpp.errors import FrameError
from smppgate.txsmpp.frame import (
    HEADER_SIZE,
    MAX_PDU_SIZE,
    Frame,
    FrameBuffer,
    generic_nack,
    header_only,
    renumbered,
    response,
)

uint32 = st.integers(0, 0xFFFFFFFF)
bodies = st.one_of(st.binary(max_size=40), st.integers(0, 300).map(bytes))
MAX = 400
BAD_LENGTHS = [0, 1, 15, MAX + 1, 2**31 - 1, 2**31, 2**32 - 1]


def pdu(command_id: int, status: int, number: int, body: bytes = b"") -> bytes:
    """Octets of a whole PDU, made by hand."""
    header = (HEADER_SIZE + len(body), command_id, status, number)
    return b"".join(value.to_bytes(4, "big") for value in header) + body


pdus = st.builds(pdu, uint32, uint32, uint32, bodies)


@st.composite
def pieces(draw: st.DrawFn, stream: bytes) -> list[bytes]:
    """``stream`` cut anywhere, empty pieces included."""
    cuts = draw(st.lists(st.integers(0, len(stream)), max_size=30).map(sorted))
    ends = [*cuts, len(stream)]
    return [stream[start:end] for start, end in zip([0, *cuts], ends, strict=True)]


def fed(buffer: FrameBuffer, parts: list[bytes]) -> list[bytes]:
    """The octets of every PDU that comes out."""
    return [frame.octets for part in parts for frame in buffer.receive(part)]


@given(st.lists(pdus, max_size=8), st.data())
def test_any_split_gives_the_same_pdus(stream: list[bytes], data: st.DataObject) -> None:
    """Whole PDUs come out in order, however they were cut."""
    buffer = FrameBuffer(MAX)
    assert fed(buffer, data.draw(pieces(b"".join(stream)))) == stream
    assert len(buffer) == 0
    assert buffer.error is None


@given(st.lists(pdus, max_size=5))
def test_one_octet_at_a_time_gives_the_same_pdus(stream: list[bytes]) -> None:
    """The worst split there is."""
    buffer = FrameBuffer(MAX)
    assert fed(buffer, [bytes([octet]) for octet in b"".join(stream)]) == stream


@given(st.lists(pdus, min_size=1, max_size=4), st.data())
def test_each_pdu_comes_out_with_its_last_octet(stream: list[bytes], data: st.DataObject) -> None:
    """Nothing waits for the PDU after it, and what is kept is what is missing."""
    last = stream[-1]
    cut = data.draw(st.integers(0, len(last) - 1))
    buffer = FrameBuffer(MAX)
    assert fed(buffer, [b"".join(stream[:-1]) + last[:cut]]) == stream[:-1]
    assert len(buffer) == cut
    assert fed(buffer, [last[cut:]]) == [last]


@given(uint32, uint32, uint32, bodies)
def test_the_header_is_read(command_id: int, status: int, number: int, body: bytes) -> None:
    """All of 4 octets each, unsigned."""
    octets = pdu(command_id, status, number, body)
    [frame] = FrameBuffer(MAX).receive(octets)
    assert frame == (command_id, status, number, octets)
    assert type(frame) is Frame
    assert frame == Frame.of(octets)
    assert frame.is_response is (command_id >= 0x80000000)


@pytest.mark.parametrize("length", BAD_LENGTHS)
def test_a_bad_length_is_known_with_its_fourth_octet(length: int) -> None:
    """And not before: three octets may still become anything."""
    buffer = FrameBuffer(MAX)
    for octet in length.to_bytes(4, "big")[:3]:
        assert buffer.receive(bytes([octet])) == []
        assert buffer.error is None
    assert buffer.receive(length.to_bytes(4, "big")[3:]) == []
    assert isinstance(buffer.error, FrameError)
    assert buffer.error.command_status == 0x02
    assert len(buffer) == 0


@pytest.mark.parametrize("length", BAD_LENGTHS)
@given(front=st.lists(pdus, max_size=4), rest=st.binary(max_size=40), data=st.data())
def test_pdus_in_front_of_a_bad_length_are_given(
    length: int, front: list[bytes], rest: bytes, data: st.DataObject
) -> None:
    """Whatever follows it is thrown away, in the same read or later."""
    buffer = FrameBuffer(MAX)
    stream = b"".join(front) + length.to_bytes(4, "big") + rest
    assert fed(buffer, data.draw(pieces(stream))) == front
    assert buffer.error is not None
    assert fed(buffer, [pdu(0x15, 0, 1)]) == []
    assert len(buffer) == 0


@pytest.mark.parametrize("length", BAD_LENGTHS)
def test_the_number_of_a_bad_pdu_is_told_when_its_header_is_there(length: int) -> None:
    """So that the generic_nack can bear it."""
    buffer = FrameBuffer(MAX)
    buffer.receive(length.to_bytes(4, "big") + bytes(8) + (77).to_bytes(4, "big"))
    assert buffer.error is not None
    assert buffer.error.sequence_number == 77


def test_the_first_error_stays() -> None:
    """What comes after it means nothing and cannot change it."""
    buffer = FrameBuffer(MAX)
    buffer.receive(bytes(4))
    first = buffer.error
    buffer.receive(b"\xff" * 16)
    assert buffer.error is first


@pytest.mark.parametrize("size", [16, 17, MAX - 1, MAX])
def test_the_limits_themselves_are_allowed(size: int) -> None:
    """16 ≤ command_length ≤ max_pdu_size."""
    octets = pdu(4, 0, 1, bytes(size - 16))
    assert fed(FrameBuffer(MAX), [octets]) == [octets]


def test_a_pdu_over_the_limit_is_refused_though_it_is_all_there() -> None:
    """In one read with one that is not."""
    buffer = FrameBuffer(MAX)
    good, bad = pdu(4, 0, 1), pdu(4, 0, 2, bytes(MAX - 15))
    assert fed(buffer, [good + bad + good]) == [good]
    assert buffer.error is not None
    assert buffer.error.sequence_number == 2


def test_a_full_message_payload_fits_the_default() -> None:
    """65 535 octets in a TLV, SMPP v3.4 §5.3.2.32, and what stands before it."""
    octets = pdu(4, 0, 1, bytes(33 + 4 + 65_535))
    assert len(octets) < MAX_PDU_SIZE
    assert fed(FrameBuffer(), [octets]) == [octets]


def test_frames_do_not_change_with_the_octets_given() -> None:
    """A transport may hand in something that it writes to again."""
    octets = bytearray(pdu(4, 0, 1, b"abc"))
    buffer = FrameBuffer(MAX)
    buffer.receive(bytes(octets[:10]))
    [frame] = buffer.receive(bytes(octets[10:]))
    assert isinstance(frame.octets, bytes)


class Copied:
    """Counts the octets that go through bytes() and bytearray() in the module."""

    def __init__(self) -> None:
        self.octets = 0

    def bytes(self, octets: Any) -> bytes:
        self.octets += len(octets)
        return bytes(octets)

    def bytearray(self, octets: Any) -> bytearray:
        self.octets += len(octets)
        return bytearray(octets)


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> Copied:
    copied = Copied()
    monkeypatch.setattr(module, "bytes", copied.bytes, raising=False)
    monkeypatch.setattr(module, "bytearray", copied.bytearray, raising=False)
    return copied


def long_stream(sizes: Iterator[int], total: int) -> bytes:
    """PDUs of these sizes, ``total`` octets or a little more."""
    parts, length = [], 0
    while length < total:
        parts.append(pdu(4, 0, 1, bytes(next(sizes) - 16)))
        length += len(parts[-1])
    return b"".join(parts)


def repeated(*sizes: int) -> Iterator[int]:
    while True:
        yield from sizes


@pytest.mark.parametrize("sizes", [(16,), (17,), (180,), (16, 1000, 70_000), (70_000,)])
@pytest.mark.parametrize("step", [1, 7, 4099])
def test_the_work_is_linear_in_the_octets(
    copied: Copied, sizes: tuple[int, ...], step: int
) -> None:
    """1 MiB in small pieces: each octet is copied a few times, not once per piece.

    Octets reach a frame through bytes() and bytearray() alone, which are counted, and through
    slices of what those gave, which do not overlap.
    """
    stream = long_stream(repeated(*sizes), 2**20)
    buffer = FrameBuffer()
    frames = 0
    for at in range(0, len(stream), step):
        frames += len(buffer.receive(stream[at : at + step]))
    assert len(buffer) == 0
    assert frames >= len(stream) // 70_000
    # Once as the beginning of a length, once as the beginning of a PDU, once when it is whole.
    assert 0 < copied.octets <= 3 * len(stream)


def test_what_is_kept_is_never_more_than_one_pdu_and_a_read() -> None:
    """A peer cannot make the buffer grow by sending slowly, or a lot."""
    random_pieces = random.Random(1)
    stream = long_stream(repeated(16, 399, 400, 50), 2**16)
    buffer, at = FrameBuffer(MAX), 0
    while at < len(stream):
        size = random_pieces.choice([1, 3, 60, 2000])
        buffer.receive(stream[at : at + size])
        at += size
        assert len(buffer) < MAX


@pytest.mark.parametrize("octets", [b"", bytes(15), pdu(4, 0, 1)[:-1], pdu(4, 0, 1) + b"\0"])
def test_only_one_whole_pdu_is_a_frame(octets: bytes) -> None:
    """Frame.of is for octets of one's own."""
    with pytest.raises(FrameError):
        Frame.of(octets)


@given(uint32, uint32, uint32, st.binary(max_size=30))
def test_a_resp_bears_the_requests_command_and_number(
    command_id: int, status: int, number: int, body: bytes
) -> None:
    """And nothing else of it."""
    request = Frame.of(pdu(command_id, 5, number, b"request"))
    expected = pdu(command_id | 0x80000000, status, number, body)
    assert response(request, status, body) == expected


@given(uint32, uint32, uint32)
def test_pdus_without_a_body(command_id: int, status: int, number: int) -> None:
    """16 octets; a generic_nack is one of them, SMPP v3.4 §4.3."""
    assert header_only(command_id, status, number) == pdu(command_id, status, number)
    assert generic_nack(number, status) == pdu(0x80000000, status, number)


@given(pdus, uint32)
def test_renumbering_changes_four_octets(octets: bytes, number: int) -> None:
    """Octets 12 to 15; all others pass as they are."""
    changed = renumbered(octets, number)
    assert Frame.of(changed).sequence_number == number
    assert (changed[:12], changed[16:]) == (octets[:12], octets[16:])


# What is dealt with before it is cut into frames

_READ = b"".join(header_only(0x15, 0, number) for number in (1, 2, 3))


@given(cuts=st.lists(st.integers(0, 48), max_size=5), done=st.integers(0, 3))
def test_what_a_look_has_dealt_with_is_not_given(cuts: list[int], done: int) -> None:
    """Whole PDUs at the beginning; it sees them from their beginning on, and no PDU alone."""
    buffer, shown, seen = FrameBuffer(), list[bytes](), list[int]()

    def look(octets: bytes) -> int:
        shown.append(octets)
        count = min(done, len(octets) // 16)
        seen.extend(int.from_bytes(octets[at * 16 + 12 : at * 16 + 16]) for at in range(count))
        return count * 16

    places = [0, *sorted(cuts), 48]
    for begin, end in pairwise(places):
        seen += [each.sequence_number for each in buffer.receive(_READ[begin:end], look)]
    assert seen == [1, 2, 3]
    assert all(len(octets) > 16 and octets[:4] == b"\0\0\0\x10" for octets in shown)
    assert len(buffer) == 0


def test_nothing_is_shown_behind_a_length_that_cannot_be() -> None:
    buffer, shown = FrameBuffer(), list[bytes]()

    def look(octets: bytes) -> int:
        shown.append(octets)
        return 16

    assert buffer.receive(_READ[:16] + b"\0\0\0\1" + _READ[:16], look) == []
    assert buffer.error is not None
    assert buffer.receive(_READ, look) == []
    assert len(shown) == 1


def test_a_frame_shows_nothing_of_its_body() -> None:
    """There may be a password in it, or the text of a message."""
    frame = Frame.of(header_only(0x4, 0, 7)[:3] + b"\x16" + header_only(0x4, 0, 7)[4:] + b"secret")
    assert repr(frame) == "<Frame 0x00000004, 0x0, 7, 22 octets>"
