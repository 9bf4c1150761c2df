"""What URLs and addresses say, and what is wrong with others."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.store.redis.url import Access, Address, parse_address, parse_url


@pytest.mark.parametrize(
    ("text", "address", "access"),
    [
        ("redis://10.0.0.5", Address("10.0.0.5", 6379), Access()),
        ("redis://h.example:7000/", Address("h.example", 7000), Access()),
        ("redis://:p%40ss@h/2", Address("h", 6379), Access(password="p@ss", database=2)),
        (
            "rediss://gate:geheim@[::1]:1/15",
            Address("::1", 1),
            Access("gate", "geheim", 15, is_encrypted=True),
        ),
    ],
)
def test_a_url(text: str, address: Address, access: Access) -> None:
    assert parse_url(text) == (address, access)
    assert "geheim" not in repr(access)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10.0.0.5:6379", "must begin with redis:// or rediss://"),
        ("http://geheim@h", "must begin with"),
        ("redis://", "has no host"),
        ("redis://:geheim@:6379", "has no host"),
        ("redis://:geheim@h:99999", "the port must be 1 to 65535"),
        ("redis://:geheim@h:0", "the port must be 1 to 65535"),
        ("redis://h/geheim", "the database must be a number"),
        ("redis://h/0?geheim=1", "nothing behind ? or #"),
        ("redis://[geheim/0", "is no URL"),
    ],
)
def test_a_url_that_says_nothing(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as raised:
        parse_url(text)
    assert "geheim" not in str(raised.value)


@given(st.text())
def test_any_text_is_a_url_or_a_fault(text: str) -> None:
    for parse in (parse_url, parse_address):
        with suppress(ValueError):
            assert parse(text)


def test_an_address() -> None:
    assert parse_address("10.0.0.5") == Address("10.0.0.5", 26379)
    assert parse_address("[::1]:5") == Address("::1", 5)
    assert str(Address("::1", 5)) == "[::1]:5"
    assert str(Address("h", 5)) == "h:5"


@pytest.mark.parametrize("text", ["", ":5", "h:x", "h:70000", "user@h", "h/0", "h:5/0"])
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be HOST or HOST:PORT|the port must be"):
        parse_address(text)
