"""The submit_sm encoded ahead."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.failures import UsageError
from smppgate.cli.load.template import Template
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.pdu import SubmitSm, Tlv


@given(st.integers(1, 0x7FFFFFFF), st.binary(max_size=100))
def test_head_number_and_tail_are_the_pdu(number: int, payload: bytes) -> None:
    """As `encode` would have it under that number."""
    message = SubmitSm(destination_addr=b"4477", tlvs=(Tlv(0x0424, payload),))
    template = Template.of(message, 1)
    octets = template.head + number.to_bytes(4, "big") + next(template.endless())
    decoded = decode(octets)
    assert isinstance(decoded, SubmitSm)
    assert decoded.sequence_number == number
    assert (decoded.destination_addr, decoded.tlvs) == (b"4477", message.tlvs)


def test_destinations_count_up_and_begin_again() -> None:
    """With the digits of the first, leading zeros included."""
    template = Template.of(SubmitSm(destination_addr=b"0098"), 3)
    whole = [template.head + bytes(4) + tail for tail in islice(template.endless(), 7)]
    numbers = [getattr(decode(octets), "destination_addr") for octets in whole]  # noqa: B009
    assert numbers == [b"0098", b"0099", b"0100"] * 2 + [b"0098"]


@pytest.mark.parametrize(("first", "fits"), [(b"97", True), (b"98", False), (b"ACME", False)])
def test_all_destinations_have_the_same_length(first: bytes, fits: bool) -> None:
    """One digit more would change the PDU's; a name cannot count."""
    message = SubmitSm(destination_addr=first)
    if fits:
        assert len(Template.of(message, 3).tails) == 3
    else:
        with pytest.raises(UsageError, match="--to"):
            Template.of(message, 3)


def test_one_destination_may_be_a_name() -> None:
    """Nothing has to be counted."""
    assert len(Template.of(SubmitSm(destination_addr=b"ACME"), 1).tails) == 1
