"""Tags in front of ids, and the aliases of ids that cannot have one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.return_path.message_ids import (
    MessageIds,
    alias,
    alias_in,
    longest_taggable,
    longest_untouched,
)
from smppgate.routing.smscs.smsc import MessageCenter, Smsc
from smppgate.txsmpp.versions import V3_3, V3_4, V5_0, Version

# Octets that a tag and an id may have.
LONGEST_TAG, LONGEST_ID = 5, 64
CHARACTERS = "".join(map(chr, [*range(48, 58), *range(65, 91), *range(97, 123)]))
TAGS = st.text(CHARACTERS, min_size=1, max_size=LONGEST_TAG).map(str.encode)
IDS = st.binary(min_size=1, max_size=LONGEST_ID).filter(lambda octets: 0 not in octets)
NUMBERS = st.integers(0, 2**63 - 1)
VERSIONS = st.sampled_from([V3_3, V3_4, V5_0])


def without_beginnings(tags: list[bytes]) -> list[bytes]:
    """The ``tags`` without those that are the beginning of another or begin with another."""
    kept: list[bytes] = []
    for tag in tags:
        if not any(tag.startswith(other) or other.startswith(tag) for other in kept):
            kept.append(tag)
    return kept


SETS_OF_TAGS = st.lists(TAGS, min_size=1, max_size=8).map(without_beginnings)


def smsc(tag: bytes) -> Smsc:
    name = "smsc-" + tag.decode()
    return Smsc(name, 1, tag, MessageCenter(name, "auto"), V3_4.commands)


@given(SETS_OF_TAGS, IDS, st.data())
def test_a_tagged_id_is_split_into_smsc_and_id(
    tags: list[bytes], message_id: bytes, data: st.DataObject
) -> None:
    """Any id: also one that looks like a tag, or like a tag with an id behind it."""
    smscs = [smsc(tag) for tag in tags]
    ids = MessageIds(smscs)
    chosen = data.draw(st.sampled_from(smscs))
    found = data.draw(st.sampled_from([message_id, *(tag + message_id for tag in tags), *tags]))
    assert ids.split(chosen.tag + found) == (chosen, found)


@given(SETS_OF_TAGS, IDS)
def test_an_id_without_a_tag_belongs_to_no_smsc(tags: list[bytes], message_id: bytes) -> None:
    expected = any(message_id.startswith(tag) for tag in tags)
    assert (MessageIds(map(smsc, tags)).split(message_id) is not None) is expected


def test_an_smsc_is_found_by_its_whole_tag_only() -> None:
    alpha = smsc(b"al")
    ids = MessageIds([alpha])
    assert ids.tagged(b"al") is alpha
    assert ids.tagged(b"a") is None
    assert ids.tagged(b"alp") is None
    assert ids.tagged(b"") is None


def test_the_tag_alone_stands_for_an_empty_id() -> None:
    alpha = smsc(b"al")
    assert MessageIds([alpha]).split(b"al") == (alpha, b"")


def test_no_id_is_split_into_an_empty_tag() -> None:
    """An SMSC without a tag would seem to have every message that has no other tag."""
    assert MessageIds([smsc(b"")]).split(b"anything") is None


@pytest.mark.parametrize("tag", [b"a", b"abcde"])
@pytest.mark.parametrize("version", [V3_4, V5_0])
def test_the_longest_id_that_can_be_tagged_fills_the_field(tag: bytes, version: Version) -> None:
    """65 octets with the NUL, SMPP v3.4 §5.2.23."""
    assert len(tag) + longest_taggable(tag, version) + 1 == 65


def test_for_3_3_nothing_can_be_tagged() -> None:
    """Its ids are numbers in hexadecimal: not even an empty one takes a tag."""
    assert longest_taggable(b"a", V3_3) < 0


def test_the_longest_id_that_can_be_given_as_it_is_fills_the_field() -> None:
    """9 octets with the NUL in 3.3, 65 in later versions."""
    assert [longest_untouched(v) + 1 for v in (V3_3, V3_4, V5_0)] == [9, 65, 65]


@given(NUMBERS, NUMBERS, st.sampled_from([V3_4, V5_0]))
def test_aliases_of_different_numbers_differ(one: int, other: int, version: Version) -> None:
    assert (alias(one, version) == alias(other, version)) is (one == other)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_aliases_for_3_3_of_different_numbers_of_32_bits_differ(one: int, other: int) -> None:
    assert (alias(one, V3_3) == alias(other, V3_3)) is (one == other)


@given(st.integers(0, 2**64 - 1))
def test_for_3_3_an_alias_is_eight_hexadecimal_digits(number: int) -> None:
    given_out = alias(number, V3_3)
    assert len(given_out) == 8
    assert int(given_out, 16) == number % 2**32


@given(st.integers(0, 2**64 - 1), VERSIONS)
def test_an_alias_fits_its_field_and_is_recognized(number: int, version: Version) -> None:
    given_out = alias(number, version)
    assert len(given_out) < version.message_id_size
    assert alias_in(given_out, version) == given_out


@given(TAGS, IDS)
def test_no_tagged_id_is_taken_for_an_alias_beyond_3_3(tag: bytes, message_id: bytes) -> None:
    """Tags have letters and digits only."""
    assert alias_in(tag + message_id, V3_4) == b""


@pytest.mark.parametrize("written", [b"AB", b"ab", b"0ab", b"000000aB"])
def test_for_3_3_an_alias_may_be_written_in_any_case_and_without_zeros_in_front(
    written: bytes,
) -> None:
    assert alias_in(written, V3_3) == b"000000AB"


def test_for_3_3_more_than_eight_octets_are_no_alias() -> None:
    assert alias_in(b"123456789", V3_3) == b""
