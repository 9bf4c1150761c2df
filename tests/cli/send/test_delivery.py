"""Which receipts belong to a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.send.delivery import same_message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"42", b"42"),
        (b"0A1B", b"0a1b"),
        (b"0000042", b"42"),
        (b"1A2B3C4D", b"439041101"),
        (b"439041101", b"000000001a2b3c4d"),
        (b"", b""),
    ],
)
def test_ids_in_different_notations_name_one_message(one: bytes, other: bytes) -> None:
    """Case, leading zeros, decimal for hexadecimal and the reverse."""
    assert same_message(one, other)
    assert same_message(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [(b"10", b"16"), (b"alpha-1", b"alpha-2"), (b"42", b""), (b"1_0", b"10")]
)
def test_different_ids_name_different_messages(one: bytes, other: bytes) -> None:
    """Also where small numbers could be read as the same one."""
    assert not same_message(one, other)
    assert not same_message(other, one)


@given(st.binary(max_size=70), st.binary(max_size=70))
def test_any_two_ids_can_be_compared(one: bytes, other: bytes) -> None:
    """Whatever octets they are; the order does not matter, and each is the same as itself."""
    assert same_message(one, other) == same_message(other, one)
    assert same_message(one, one)
