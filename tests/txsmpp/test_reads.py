"""The submit_sm at the beginning of a read that stand alone are those that do so one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import HEADER_SIZE, MAX_PDU_SIZE, FrameBuffer, header_only
from smppgate.txsmpp.pdu import SubmitSm
from smppgate.txsmpp.reads import alone_submits, submits_ending_in
from smppgate.txsmpp.segments import may_be_related, stands_alone
from smppgate.txsmpp.tlv import Tlv
from tests.txsmpp.pairs import bare, numbered

_TEXTS = st.binary(max_size=20) | st.sampled_from((b"", b"Hello", b"x" * 255, b"\5\0\3\1\2\1a"))
_SUBMITS = st.builds(
    SubmitSm,
    service_type=st.sampled_from((b"", b"CMT")),
    source_addr=st.sampled_from((b"", b"1000")),
    destination_addr=st.sampled_from((b"", b"447700900123")),
    esm_class=st.sampled_from((0, 0, 0, 0x40, 0x80, 0x03)),
    registered_delivery=st.sampled_from((0, 0, 1, 17)),
    replace_if_present_flag=st.sampled_from((0, 0, 0, 1)),
    data_coding=st.integers(0, 255),
    short_message=_TEXTS,
    tlvs=st.sampled_from(((), (), (), (Tlv(0x0424, b"payload"),), (Tlv(0x1400, b""),))),
)
_PLAIN = st.builds(
    SubmitSm,
    registered_delivery=st.sampled_from((0, 1)),
    destination_addr=st.sampled_from((b"1", b"447700900123")),
    short_message=st.sampled_from((b"Hello", b"x", b"x" * 100)),
)
_NUMBERS = st.integers(0, 0xFFFFFFFF)
_PDUS = (
    st.builds(numbered, _PLAIN, _NUMBERS)
    | st.builds(numbered, _PLAIN | _SUBMITS, _NUMBERS)
    | st.builds(
        bare, st.sampled_from((CommandId.ENQUIRE_LINK, CommandId.SUBMIT_SM, 0x80000004)), _NUMBERS
    )
    # A body of anything under the header of a submit_sm.
    | st.binary(max_size=40).map(
        lambda body: (
            (16 + len(body)).to_bytes(4, "big") + header_only(CommandId.SUBMIT_SM, 0, 9)[4:] + body
        )
    )
)
_ENDS = st.just(b"") | st.binary(max_size=30) | st.builds(numbered, _PLAIN, _NUMBERS)


def one_by_one(
    octets: bytes, start: int, most: int, max_pdu_size: int, are_alike: bool
) -> tuple[list[int], list[int], bool]:
    """The same, with each PDU as a frame of its own.

    A text without octets stands alone, unless it is known by no PDU behind it.
    """
    starts, numbers, wants_receipt = [start], list[int](), False
    for frame in FrameBuffer(max_pdu_size).receive(octets[start:]):
        behind = octets[starts[-1] + len(frame.octets) :]
        is_alone = frame.command_id == CommandId.SUBMIT_SM and (
            stands_alone(frame.octets) or _is_empty(frame.octets, behind)
        )
        if not is_alone or len(numbers) == most:
            break
        asks = peek.registered_delivery(frame.octets) != 0
        if not numbers:
            wants_receipt = asks
        elif are_alike and asks is not wants_receipt:
            break
        starts.append(starts[-1] + len(frame.octets))
        numbers.append(frame.sequence_number)
    return starts, numbers, wants_receipt


def _is_empty(octets: bytes, behind: bytes) -> bool:
    """Whether it would stand alone if its text had the next octet."""
    if not behind or octets[-1:] != b"\0":
        return False
    return stands_alone(octets[:-1] + b"\1" + behind[:1])


@given(
    pdus=st.lists(_PDUS, max_size=12),
    end=_ENDS,
    cut=st.integers(0, 60),
    skipped=st.integers(0, 2),
    most=st.integers(0, 10) | st.just(100),
    max_pdu_size=st.sampled_from((30, 60, MAX_PDU_SIZE)),
    are_alike=st.booleans(),
)
def test_those_in_a_row_are_those_that_stand_alone(
    pdus: list[bytes],
    end: bytes,
    cut: int,
    skipped: int,
    most: int,
    max_pdu_size: int,
    are_alike: bool,
) -> None:
    octets = b"".join((*pdus, end[: len(end) - cut] if cut < len(end) else b""))
    start = sum(map(len, pdus[:skipped]))
    found = alone_submits(octets, start, most, max_pdu_size, are_alike)
    assert found == one_by_one(octets, start, most, max_pdu_size, are_alike)


def test_a_text_of_no_octets_is_related_to_nothing_if_it_is_taken() -> None:
    """It is taken only where another PDU follows, of which the pattern sees the first octet."""
    empty = numbered(SubmitSm(destination_addr=b"44", short_message=b""), 1)
    plain = numbered(SubmitSm(destination_addr=b"44", short_message=b"text"), 2)
    assert alone_submits(empty, 0, 9, 100, False)[1] == []
    assert alone_submits(empty + plain, 0, 9, 100, False)[1] == [1, 2]
    assert not may_be_related(empty[16:])


@given(octets=st.binary(max_size=200), start=st.integers(0, 20))
def test_garbage_has_none(octets: bytes, start: int) -> None:
    """Nor does it raise: 16 octets that are the header of a submit_sm are not found by chance."""
    if start <= len(octets):
        assert alone_submits(octets, start, 9, 100, False) == ([start], [], False)


@given(
    st.lists(_PDUS | st.builds(lambda pdu: pdu[:-3] + b"end", _PDUS), max_size=8),
    _ENDS,
    st.sampled_from((b"", b"end", b"\0")),
    st.integers(0, 9),
    st.integers(20, 200),
)
def test_those_that_end_alike_are_those_that_do_so_one_by_one(
    pdus: list[bytes], end: bytes, ending: bytes, most: int, max_pdu_size: int
) -> None:
    octets, start = b"".join((b"before", *pdus, end)), len(b"before")
    starts, numbers = [start], list[int]()
    for frame in FrameBuffer(max_pdu_size).receive(octets[start:])[:most]:
        body = frame.octets[HEADER_SIZE:]
        if frame.command_id != CommandId.SUBMIT_SM or not body or not body.endswith(ending):
            break
        starts.append(starts[-1] + len(frame.octets))
        numbers.append(frame.sequence_number)
    assert submits_ending_in(ending, octets, start, most, max_pdu_size) == (starts, numbers)
