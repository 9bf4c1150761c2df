"""Times, TLVs and ways to be long, as they are typed."""

from __future__ import annotations

import argparse
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.message_values import time, tlv
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.tlv import Tlv


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("90", b"000000000130000R"),
        ("86400.9", b"000001000000000R"),
        ("2026-12-01T10:00+01:00", b"261201090000000+"),
        ("2026-12-01 10:00:30.5Z", b"261201100030500+"),
        ("261201100000004-", b"261201100000004-"),
    ],
)
def test_a_time_is_seconds_a_date_or_smpps_own(text: str, written: bytes) -> None:
    assert time(text) == written


def test_a_date_without_a_zone_is_local() -> None:
    assert re.fullmatch(rb"2612\d{8}000\+", time("2026-12-01T10:00"))


@given(st.text())
def test_what_is_no_time_is_refused_and_what_is_has_16_octets(text: str) -> None:
    with suppress(argparse.ArgumentTypeError):
        assert len(time(text)) == 16


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "1e9", "tomorrow", "1969-01-01T00:00Z", ""])
def test_times_that_cannot_be_written_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        time(text)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("0x1402=0A0b", Tlv(0x1402, b"\x0a\x0b")),
        ("5122=", Tlv(0x1402, b"")),
        ("user_message_reference=0007", Tlv(Tag.USER_MESSAGE_REFERENCE, b"\0\7")),
    ],
)
def test_a_tlv_has_a_tag_by_number_or_name(text: str, made: Tlv) -> None:
    assert tlv(text) == made


@pytest.mark.parametrize("text", ["0x1402", "0x10000=00", "-1=00", "no_such_tag=00", "1=0", "=00"])
def test_what_is_no_tlv_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        tlv(text)
