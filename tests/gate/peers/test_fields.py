"""Fields and envelopes: what is put in comes out, and what is unknown is passed over."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.fields import (
    all_wrapped,
    envelope,
    envelope_at,
    field,
    fields,
    integer,
    number,
    unwrapped,
    wrapped,
)
from smppgate.gate.peers.told import (
    MOST_OCTETS,
    BoundSession,
    NodeSettings,
    in_pieces,
    telling,
    told_in,
)
from smppgate.txsmpp.errors import GivenUp, PduError, RequestTimeout, SessionLost
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.located import located_tlvs

VALUES = st.binary(max_size=300)
TAGS = st.integers(0x1400, 0x3FFF)
PDUS = st.binary(max_size=300).map(
    lambda body: (16 + len(body)).to_bytes(4, "big") + b"\0\0\0\5" + bytes(8) + body
)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
RANGES = st.lists(st.sampled_from(("44*", "4477", "^49.*$", "*")), unique=True).map(tuple)
LARGE = st.integers(0, 2**32 - 1)

SESSIONS = st.builds(
    BoundSession,
    token=st.binary(min_size=1, max_size=20),
    account=st.binary(min_size=1, max_size=15),
    receives=st.booleans(),
    version=st.sampled_from((0x33, 0x34, 0x50)),
    window=LARGE,
    load=LARGE,
    ranges=RANGES,
)
SETTINGS = st.builds(
    NodeSettings,
    name=NAMES,
    digests=st.dictionaries(NAMES, st.binary(min_size=1, max_size=16), max_size=4),
    tags=st.dictionaries(NAMES, st.tuples(NAMES, NAMES), max_size=4),
)


@given(st.lists(st.tuples(TAGS, VALUES)))
def test_fields_come_out_as_they_went_in(pairs: list[tuple[int, bytes]]) -> None:
    octets = b"".join(field(tag, value) for tag, value in pairs)
    assert list(fields(octets)) == pairs


@given(st.binary(max_size=100))
def test_other_octets_are_an_error_or_fields(octets: bytes) -> None:
    """And nothing else, whatever comes."""
    try:
        found = list(fields(octets))
    except PduError:
        return
    assert b"".join(field(tag, value) for tag, value in found) == octets


def test_all_tags_are_of_vendors_and_no_two_are_equal() -> None:
    tags = [value for name, value in vars(f).items() if name.isupper() and name[0] != "_"]
    assert len(set(tags)) == len(tags) > 15
    assert all(0x1400 <= tag <= 0x3FFF for tag in tags)


# Envelopes


@given(PDUS, st.lists(st.tuples(TAGS, VALUES), max_size=4))
def test_a_message_leaves_its_envelope_as_it_was(
    octets: bytes, pairs: list[tuple[int, bytes]]
) -> None:
    """Whatever is in it, and in fields that are not known."""
    sealed = envelope(*(field(tag, value) for tag, value in pairs))
    inside = wrapped(octets, sealed)
    assert Frame.of(inside).octets[16 : len(octets)] == octets[16:]
    found = unwrapped(inside)
    assert found is not None
    assert found[0] == octets
    assert list(fields(found[1])) == pairs


@given(PDUS)
def test_a_message_without_an_envelope_has_none(octets: bytes) -> None:
    assert unwrapped(octets) is None


@given(st.lists(PDUS, min_size=1, max_size=6), st.binary(max_size=9), st.binary(max_size=9))
def test_several_messages_are_wrapped_as_each_is(
    pdus: list[bytes], before: bytes, behind: bytes
) -> None:
    sealed = envelope(field(f.MEMBER, b"alpha"))
    octets = before + b"".join(pdus) + behind
    places = list(accumulate(map(len, pdus), initial=len(before)))
    alike = [wrapped(each, sealed) for each in pdus]
    assert all_wrapped(bytearray(octets), places, sealed) == b"".join(alike)
    ends = list(accumulate(map(len, alike), initial=0))
    for start, stop in pairwise(ends):
        assert envelope_at(b"".join(alike), start, stop) == sealed


def test_an_envelope_is_a_tlv_to_others() -> None:
    """To Wireshark, for one."""
    body = b"\0\1\1" + b"123\0" + b"\1\1" + b"456\0" + b"\4\0\0\0\0\0\0\0\0\2hi"
    octets = (16 + len(body)).to_bytes(4, "big") + b"\0\0\0\5" + bytes(8) + body
    inside = wrapped(octets, envelope(field(f.ACCOUNT, b"acme")))
    ((tag, _, value),) = located_tlvs(inside, len(octets))
    assert tag == f.ENVELOPE
    assert list(fields(value)) == [(f.ACCOUNT, b"acme"), (f.SIZE, b"\0\x12")]


# What is told


@given(SESSIONS)
def test_a_session_is_read_as_it_was_told(session: BoundSession) -> None:
    ((tag, value),) = fields(session.octets())
    assert tag == f.BOUND
    assert BoundSession.of(value) == session


@given(SESSIONS, TAGS.filter(lambda tag: tag > 0x1500), VALUES)
def test_a_later_version_may_tell_more_of_a_session(
    session: BoundSession, tag: int, more: bytes
) -> None:
    ((_, value),) = fields(session.octets())
    assert BoundSession.of(field(tag, more) + value + field(tag, more)) == session


def test_an_earlier_version_may_tell_less_of_a_session() -> None:
    told = field(f.SESSION, b"b/1.1") + field(f.ACCOUNT, b"acme")
    assert BoundSession.of(told) == BoundSession(b"b/1.1", b"acme", receives=False)


@pytest.mark.parametrize("lacks", [f.SESSION, f.ACCOUNT])
def test_a_session_without_a_name_is_none(lacks: int) -> None:
    parts = {f.SESSION: b"b/1.1", f.ACCOUNT: b"acme", lacks: b""}
    with pytest.raises(PduError):
        BoundSession.of(b"".join(field(tag, value) for tag, value in parts.items()))


@given(SETTINGS, TAGS.filter(lambda tag: tag > 0x1500), VALUES)
def test_settings_are_read_as_they_were_told(
    settings: NodeSettings, tag: int, more: bytes
) -> None:
    told = list(fields(settings.octets()))
    assert NodeSettings.of(told) == settings
    ((first, value), *tags) = told
    later = [(tag, more), (first, value + field(tag, more)), *tags, (tag, more)]
    assert NodeSettings.of(later) == settings
    assert NodeSettings.of(tags) is None


@given(SETTINGS)
def test_a_node_has_no_conflict_with_its_like(settings: NodeSettings) -> None:
    assert settings.conflict(settings) == ""
    assert settings.differences(settings) == []


def test_a_tag_that_means_another_smsc_is_a_conflict() -> None:
    def node(smsc: str, group: str) -> NodeSettings:
        return NodeSettings("a", {}, {"A": (smsc, group), "B": ("beta", "beta")})

    assert node("alpha", "alpha").conflict(node("gamma", "gamma")) == (
        "the tag 'A' is that of SMSC 'alpha' here, and of SMSC 'gamma' there"
    )
    assert node("alpha", "alpha").conflict(node("alpha", "center")) == (
        "the tag 'A' is that of SMSC 'alpha' here, and of SMSC 'alpha' of group 'center' there"
    )
    assert node("alpha", "alpha").conflict(NodeSettings("b", {}, {"C": ("x", "x")})) == ""


def test_other_tables_are_named() -> None:
    one = NodeSettings("a", {"esme": b"1", "pool": b"2"}, {})
    other = NodeSettings("b", {"esme": b"1", "pool": b"3", "route": b"4"}, {})
    assert one.differences(other) == ["pool", "route"]


@given(st.lists(st.binary(max_size=9000), max_size=20))
def test_pieces_have_all_and_are_not_too_large(parts: list[bytes]) -> None:
    pieces = list(in_pieces(parts))
    assert b"".join(pieces) == b"".join(parts)
    assert all(len(piece) <= MOST_OCTETS for piece in pieces)


def test_what_is_told_is_a_data_sm() -> None:
    octets = telling(number(f.WINDOW, 7))
    assert Frame.of(octets).command_id == 0x103
    ((tag, value),) = told_in(octets)
    assert (tag, integer(value)) == (f.WINDOW, 7)


def test_a_data_sm_of_somebody_else_tells_nothing() -> None:
    octets = bytearray(telling(b""))
    octets[20] = 1
    with pytest.raises(PduError):
        told_in(bytes(octets))


# Failures


@pytest.mark.parametrize(
    ("why", "error"),
    [
        (NotTaken.FULL, SessionLost),
        (NotTaken.LOST, SessionLost),
        (NotTaken.TIMED_OUT, RequestTimeout),
    ],
)
def test_a_failure_is_told_as_what_it_is(why: NotTaken, error: type[Exception]) -> None:
    frame = Frame.of(why.resp(5, 77))
    assert frame.sequence_number == 77
    assert NotTaken.told_in(frame) is why
    assert isinstance(why.as_error(), error)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (SessionLost("gone"), NotTaken.LOST),
        (RequestTimeout("late"), NotTaken.TIMED_OUT),
        (GivenUp("stopping"), NotTaken.TIMED_OUT),
    ],
)
def test_how_a_request_ended_here_is_told(
    error: SessionLost | RequestTimeout, why: NotTaken
) -> None:
    assert NotTaken.of(error) is why


@pytest.mark.parametrize("body", [b"", b"\0", field(f.FAILED)[:3], field(0x1500, b"x")])
def test_the_same_status_of_an_esme_is_its_answer(body: bytes) -> None:
    frame = Frame.of(response(Frame(5, 0, 1, b""), 0x64, body))
    assert NotTaken.told_in(frame) is None


def test_a_failure_of_a_later_version_is_a_loss() -> None:
    for value in (b"", b"\x63"):
        octets = response(Frame(5, 0, 1, b""), 0x64, field(f.FAILED, value))
        assert NotTaken.told_in(Frame.of(octets)) in (NotTaken.LOST, None)
