"""Values of PDUs as text for a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.terminal import shown, status_text
from smppgate.txsmpp.constants import DataCoding


@given(st.binary(), st.integers(0, 255))
def test_what_is_shown_cannot_steer_a_terminal(octets: bytes, data_coding: int) -> None:
    """No octets of a peer's become control characters, whatever their coding."""
    assert shown(octets, data_coding).isprintable()


def test_what_can_be_read_is_shown_as_it_is() -> None:
    """Other alphabets too; what is left out is told by its escape."""
    assert shown("привет".encode("utf-16-be"), DataCoding.UCS2) == "привет"
    assert shown(b"a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"


def test_a_status_has_name_number_and_meaning() -> None:
    """A status without a name begins with its number."""
    assert status_text(0x14) == "ESME_RMSGQFUL (0x00000014): message queue full"
    assert status_text(0x4FF).startswith("0x000004FF: ")
