"""The form under which a message_id is looked up, and the id in a resp."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.id_key import given_id, id_key, with_given_id
from tests.txsmpp.strategies import framed

SUBMIT_SM_RESP = 0x80000004


@given(st.binary(max_size=300))
def test_a_key_is_short_and_its_own_key(message_id):
    key = id_key(message_id)
    assert len(key) <= 64
    assert id_key(key) == key


@pytest.mark.parametrize("around", [b"%b", b" %b", b"%b\0", b"\t%b \r\n", b"%b\0rubbish"])
@pytest.mark.parametrize(
    "message_id", [b"77", b"a b", b"12,34", b"x" * 64, b"y" * 65, b"z" * 9999]
)
def test_blanks_around_an_id_are_not_its(message_id, around):
    assert id_key(around % message_id) == id_key(message_id)
    assert len(message_id) > 64 or id_key(message_id) == message_id


def test_long_ids_that_differ_anywhere_have_different_keys():
    long = b"0123456789" * 100
    others = {long, long + b"0", long[:-1], b"1" + long[1:], long[:500] + b"x" + long[501:]}
    assert len({id_key(each) for each in others}) == len(others)
    assert id_key(long).startswith(long[:21])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"77\0", b"77"),
        (b"77", b"77"),
        (b" 77 \0", b"77"),
        (b"", b""),
        (b"\0", b""),
        (b" \0", b""),
        (b"\0\4\x27\0\1\2", b""),
        (b"77\0\4\x27\0\1\2", b"77"),
    ],
)
def test_the_id_of_a_resp_is_read_with_blanks_or_without_its_nul(body, expected):
    assert given_id(framed(SUBMIT_SM_RESP, body)) == expected


@pytest.mark.parametrize("body", [b"77\0", b"77", b" 77 \0", b"\0", b"x" * 500 + b"\0"])
@pytest.mark.parametrize("tlvs", [b"", b"\4\x27\0\1\2"])
def test_a_resp_with_another_id_has_a_nul_behind_it_and_keeps_its_tlvs(body, tlvs):
    tlvs = tlvs if b"\0" in body else b""
    octets = framed(SUBMIT_SM_RESP, body + tlvs)
    assert with_given_id(octets, b"a77") == framed(SUBMIT_SM_RESP, b"a77\0" + tlvs)
