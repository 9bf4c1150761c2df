"""The submit_sm that `send` and `load` send."""

from __future__ import annotations

import argparse

import pytest

from smppgate.cli.failures import UsageError
from smppgate.cli.message_values import address, hexadecimal, octet
from smppgate.cli.submission import add_arguments, messages, submit_sm
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import DataCoding, Tag
from smppgate.txsmpp.pdu import SubmitSm, Tlv
from smppgate.txsmpp.peek import Address
from smppgate.txsmpp.segmentation import Segmentation
from smppgate.txsmpp.versions import V3_3, V3_4
from tests.cli.peers import parsed


def message(*arguments: str, receipt: bool = False) -> SubmitSm:
    return submit_sm(parsed(add_arguments, *arguments), V3_4, receipt)


def test_the_options_are_the_message() -> None:
    """Addresses, text and the wish for a receipt, and nothing else."""
    made = message("--from", "1234", "--to", "447700900123", "--text", "hello", receipt=True)
    assert made == SubmitSm(
        source_addr=b"1234",
        destination_addr=b"447700900123",
        registered_delivery=1,
        short_message=b"hello",
    )
    assert message().registered_delivery == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("447700900123", Address(0, 0, b"447700900123")),
        ("+447700900123", Address(1, 1, b"447700900123")),
        ("ACME", Address(5, 0, b"ACME")),
        ("1-800", Address(5, 0, b"1-800")),
        ("+", Address(5, 0, b"+")),
    ],
)
def test_an_address_tells_its_type(text: str, told: Address) -> None:
    """International with a sign, alphanumeric with letters, else left to the SMSC."""
    assert address(text) == told


@pytest.mark.parametrize("text", ["", "4" * 21, "☎"])
def test_an_address_that_cannot_be_is_refused(text: str) -> None:
    """Empty, longer than 20 octets, or not one octet a character."""
    with pytest.raises(argparse.ArgumentTypeError):
        address(text)


def test_a_text_beyond_the_gsm_alphabet_goes_in_ucs2() -> None:
    """data_coding says so."""
    made = message("--text", "привет")
    assert made.data_coding == DataCoding.UCS2
    assert made.short_message == "привет".encode("utf-16-be")


def test_octets_go_as_they_are() -> None:
    """As binary, or as what --data-coding and --esm-class say."""
    assert message("--hex", "00 ff").short_message == b"\x00\xff"
    assert message("--hex", "00").data_coding == DataCoding.BINARY
    made = message("--hex", "0500030102014142", "--data-coding", "0", "--esm-class", "0x40")
    assert (made.data_coding, made.esm_class) == (0, 0x40)


def test_a_long_message_goes_as_payload() -> None:
    """254 octets are short; one more goes into message_payload and leaves short_message empty."""
    short, long = message("--text", "x" * 254), message("--text", "x" * 255)
    assert (len(short.short_message), short.tlvs) == (254, ())
    assert long.short_message == b""
    assert long.tlvs == (Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 255),)
    assert decode(encode(long)) == long


def test_a_message_too_long_for_the_version_is_refused() -> None:
    """3.3 has no message_payload, and that has 65535 octets at most."""
    args = parsed(add_arguments, "--text", "x" * 255)
    with pytest.raises(UsageError, match=r"255 octets; SMPP 3\.3 takes 254"):
        submit_sm(args, V3_3, False)
    with pytest.raises(UsageError, match="65536 octets, 65535 are possible"):
        message("--text", "x" * 65536)


def test_a_text_has_its_own_data_coding() -> None:
    """--data-coding without --hex would make something else of it."""
    with pytest.raises(UsageError, match="--data-coding goes with --hex"):
        message("--text", "hello", "--data-coding", "8")


@pytest.mark.parametrize("text", ["0", "xyz", "0x00"])
def test_what_is_not_hexadecimal_is_refused(text: str) -> None:
    """An odd digit, other letters, a prefix."""
    with pytest.raises(argparse.ArgumentTypeError):
        hexadecimal(text)


@pytest.mark.parametrize("text", ["-1", "256", "x"])
def test_what_is_not_an_octet_is_refused(text: str) -> None:
    """Outside 0 to 255, or no number."""
    with pytest.raises(argparse.ArgumentTypeError):
        octet(text)


def test_the_fields_of_a_message_can_be_said() -> None:
    """Flash, times and TLVs, in front of a payload."""
    made = message("--flash", "--schedule", "90", "--validity", "3600", "--tlv", "0x1402=01")
    assert made.data_coding == 0xF0
    assert made.schedule_delivery_time == b"000000000130000R"
    assert made.validity_period == b"000000010000000R"
    assert made.tlvs == (Tlv(0x1402, b"\1"),)
    long = message("--tlv", "0x1402=01", "--text", "x" * 255)
    assert [tlv.tag for tlv in long.tlvs] == [0x1402, Tag.MESSAGE_PAYLOAD]


@pytest.mark.parametrize(
    ("arguments", "by", "sizes"),
    [
        (["--text", "x" * 160], None, [160]),
        (["--text", "x" * 161], None, [6 + 153, 6 + 8]),
        (["--text", "x" * 161], Segmentation.SAR, [153, 8]),
        (["--text", "x" * 161], Segmentation.PAYLOAD, [0]),
        # Octets are sent as they are, unless they are to be cut.
        (["--hex", "00" * 200], None, [200]),
        (["--hex", "00" * 255], None, [0]),
        (["--hex", "00" * 200], Segmentation.UDH, [140, 72]),
    ],
)
def test_a_long_message_goes_in_parts(
    arguments: list[str], by: Segmentation | None, sizes: list[int]
) -> None:
    parts = messages(parsed(add_arguments, *arguments), V3_4, False, by, 7)
    assert [len(part.short_message) for part in parts] == sizes
