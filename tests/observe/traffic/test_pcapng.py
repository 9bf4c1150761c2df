"""Captures: what they are made of is what was seen, and what they say is right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.observe.traffic.packets import MOST_IN_PACKET, checksum
from smppgate.observe.traffic.pcapng import MOST_CONVERSATIONS, Pcapng
from smppgate.observe.traffic.seen import Kind, Place, Seen
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.frame import header_only
from smppgate.txsmpp.pdu import BindTransceiver, SubmitSm
from smppgate.txsmpp.tlv import Tlv
from tests.observe.traffic.captures import dropped, segments, streams

V4 = ("192.0.2.7", 40312), ("192.0.2.1", 2775)
V6 = ("2001:db8::7", 40312), ("2001:db8::1", 2775)
MIXED = ("::ffff:192.0.2.7", 40312), ("192.0.2.1", 2775)
UNIX = ("", 0), ("", 0)

TIME = 1_769_896_800.123456


def place(ends: object = V4, number: int = 1, is_esme: bool = True) -> Place:
    peer, local = ends  # type: ignore[misc]
    return Place(number, is_esme, 17, local, peer, "shown")


def pdu(octets: bytes, where: Place, is_received: bool = True, **decision: object) -> Seen:
    return Seen(Kind.PDU, TIME, where, "acme", is_received, octets, decision)


def captured(*all_seen: Seen, shows_text: bool = True) -> bytes:
    form = Pcapng(shows_text, "smppgate 1.0")
    return form.head() + b"".join(map(form.seen, all_seen))


LINK = header_only(0x15, 0, 7)


@pytest.mark.parametrize("ends", [V4, V6])
def test_addresses_ports_time_and_octets_are_real(ends: tuple[tuple[str, int], ...]) -> None:
    where = place(ends)
    peer, local = ends
    found = segments(captured(pdu(LINK, where), pdu(b"\0" + LINK[1:], where, is_received=False)))
    assert [each.flags for each in found] == [0x02, 0x12, 0x10, 0x18, 0x18]
    assert [each.source for each in found] == [peer, local, peer, peer, local]
    assert [each.octets for each in found[3:]] == [LINK, LINK]
    assert {each.time for each in found} == {TIME}


def test_the_gate_is_the_client_of_an_smsc() -> None:
    syn, *_ = segments(captured(pdu(LINK, place(is_esme=False))))
    assert syn.source == V4[1]


def test_ipv4_beside_ipv6_and_sockets_without_an_address() -> None:
    (*_, found) = segments(captured(pdu(LINK, place(MIXED))))
    assert found.source[0] == "::ffff:c000:207" or found.source[0] == "::ffff:192.0.2.7"
    (*_, found) = segments(captured(pdu(LINK, place(UNIX, number=3))))
    assert (found.source, found.target) == (("127.0.0.1", 49155), ("127.0.0.1", 2775))


def test_a_pdu_that_is_longer_than_a_packet() -> None:
    octets = encode(SubmitSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 65535),)))
    for ends in (V4, V6):
        found = segments(captured(pdu(octets, place(ends), why="it is long")))[3:]
        assert [len(each.octets) for each in found] == [MOST_IN_PACKET, len(octets) - 65_000]
        assert [each.comment for each in found] == ["why it is long", ""]
        assert b"".join(each.octets for each in found) == octets


def test_what_was_decided_is_a_comment_without_control_characters() -> None:
    (*_, found) = segments(captured(pdu(LINK, place(), pool="main", route="a\x1bb")))
    assert found.comment == "pool main; route a\\x1bb"


def test_what_was_left_out_is_told() -> None:
    form = Pcapng(True, "smppgate")
    capture = form.head() + form.left_out(3, TIME) + form.seen(pdu(LINK, place()))
    capture += form.left_out(4, TIME) + form.sign_of_life(TIME)
    assert dropped(capture) == 7
    assert segments(capture)[-1].comment == "3 PDUs before this one were left out"


def test_the_end_of_a_connection_and_another_with_the_same_ports() -> None:
    closed = Seen(Kind.CLOSED, TIME, place(), "acme", True, b"", {})
    first = place()
    closed = Seen(Kind.CLOSED, TIME, first, "acme", True, b"", {})
    found = segments(captured(pdu(LINK, first), closed, pdu(LINK, place(number=2)), closed))
    assert [each.flags for each in found[4:7]] == [0x11, 0x11, 0x10]
    assert streams(found)[V4[0], V4[1]] == LINK * 2
    assert found[7].number != found[0].number


def test_other_things_are_no_packets() -> None:
    waits = Seen(Kind.WAITING, TIME, place(), "acme", True, b"", {})
    assert segments(captured(waits)) == []


def test_secrets_are_masked() -> None:
    bind = encode(BindTransceiver(system_id=b"acme", password=b"s3cr3t"))
    text = encode(SubmitSm(short_message=b"h1dden"))
    where = place()
    masked = captured(pdu(bind, where), pdu(text, where), shows_text=False)
    assert b"s3cr3t" not in masked
    assert b"h1dden" not in masked
    shown = captured(pdu(bind, where), pdu(text, where))
    assert b"s3cr3t" not in shown
    assert b"h1dden" in shown


def test_connections_that_are_remembered_have_a_bound() -> None:
    form = Pcapng(True, "smppgate")
    for number in range(MOST_CONVERSATIONS + 5):
        form.seen(pdu(LINK, place(number=number)))
    assert len(form._conversations) == MOST_CONVERSATIONS


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.booleans(), st.binary(max_size=300), st.sampled_from("PC")
        ),
        max_size=20,
    )
)
def test_any_octets_in_any_splits_give_a_valid_capture(
    all_seen: list[tuple[int, bool, bytes, str]],
) -> None:
    """Each direction of each connection is, in order, what was seen of it."""
    ends = (V4, V6, MIXED, UNIX)
    places = [place((("192.0.2.9", 1000 + at), ends[at][1]), at) for at in range(4)]
    places[1] = place(V6, 1)
    expected: dict[tuple[int, bool], bytes] = {}
    given_seen = []
    for at, is_received, body, kind in all_seen:
        octets = (16 + len(body)).to_bytes(4, "big") + LINK[4:] + body
        if kind == "C":
            given_seen.append(Seen(Kind.CLOSED, TIME, places[at], "x", is_received, b"", {}))
            continue
        given_seen.append(pdu(octets, places[at], is_received))
        expected[at, is_received] = expected.get((at, is_received), b"") + octets
    found = [octets for octets in streams(segments(captured(*given_seen))).values() if octets]
    assert sorted(found) == sorted(expected.values())


@given(st.binary(max_size=200))
def test_sums_are_those_of_words(octets: bytes) -> None:
    words = octets + bytes(len(octets) % 2)
    total = sum(int.from_bytes(words[at : at + 2], "big") for at in range(0, len(words), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    # 0 and 65 535 are the same number.
    assert checksum(octets) % 0xFFFF == (0xFFFF - total) % 0xFFFF
