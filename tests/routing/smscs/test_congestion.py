"""What an SMSC, and the gate, say of congestion in their resps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.smscs.congestion import Congestion, telling_congestion, told_congestion
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId
from tests.routing import fakes

TOLD = b"\x04\x28\0\1"
OTHER = b"\x14\x00\0\x05" + TOLD + b"\x09"
"""A vendor's TLV with octets in it that look like one of congestion."""


def resp(body: bytes, command_id: int = CommandId.SUBMIT_SM_RESP) -> bytes:
    return fakes.raw(command_id, 0, 7, body).octets


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b"", None),
        (b"id\0", None),
        (b"id\0" + TOLD + b"\x5a", 90),
        (b"id\0" + TOLD + b"\xff", 100),
        (b"id\0" + TOLD + b"\x0a" + b"\x14\x00\0\0", 10),
        (b"id\0" + OTHER, None),
        (b"id\0" + OTHER + TOLD + b"\x01", 1),
        (b"id\0" + TOLD, None),
        (b"id" + TOLD[:2], None),
        (b"id\0\x04\x28\0\2\0\1", None),
    ],
)
def test_a_resp_says_how_congested_its_sender_is(body: bytes, state: int | None) -> None:
    assert told_congestion(resp(body)) == state


def test_an_enquire_link_resp_says_it_too() -> None:
    assert told_congestion(resp(TOLD + b"\x32", CommandId.ENQUIRE_LINK_RESP)) == 50
    assert told_congestion(resp(b"x\0" + TOLD + b"\x32", CommandId.QUERY_SM_RESP)) is None


@given(
    st.binary(max_size=20).filter(lambda each: 0 not in each),
    st.sampled_from((b"", OTHER, b"\x14\x00\0\0")),
    st.one_of(st.none(), st.integers(0, 255)),
    st.integers(0, 100),
)
def test_the_gates_own_takes_the_place_of_the_smscs(
    message_id: bytes, other: bytes, said: int | None, own: int
) -> None:
    """Everything else stays as it is."""
    said_tlv = TOLD + bytes((said,)) if said is not None else b""
    octets = telling_congestion(resp(message_id + b"\0" + said_tlv + other), own)
    assert octets == resp(message_id + b"\0" + other + TOLD + bytes((own,)))
    assert told_congestion(octets) == own
    decode(octets)


@pytest.mark.parametrize(
    "octets", [resp(b""), resp(b"id"), resp(b"\0\1", CommandId.QUERY_SM_RESP)]
)
def test_what_cannot_say_it_stays_as_it_is(octets: bytes) -> None:
    assert telling_congestion(octets, 50) == octets


def test_what_was_said_counts_less_and_less() -> None:
    congestion = Congestion(80, 10.0)
    assert [congestion.at(now) for now in (9.0, 10.0, 15.0, 20.0)] == [0.8, 0.8, 0.4, 0.2]
    assert congestion.at(60.0) == 0.0


def test_an_smsc_has_a_burden_as_long_as_it_counts() -> None:
    smsc = fakes.smsc("alpha", 1, 10)
    assert not smsc.is_burdened
    smsc.told_congestion(90, 0.0)
    assert (smsc.is_burdened, smsc.burden(0.0), smsc.utilization(0.0)) == (True, 9.0, 0.9)
    assert (smsc.burden(100.0), smsc.is_burdened) == (0.0, False)
    smsc.began(5)
    assert smsc.utilization(100.0) == 0.5
