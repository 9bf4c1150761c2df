"""SMSCs of one message center share message ids, others do not."""

from __future__ import annotations

import pytest

from smppgate.routing.smscs.smsc import MessageCenter
from tests.routing import fakes


def test_return_paths_of_one_message_center_have_one_prefix() -> None:
    center = MessageCenter("both", "auto")
    one, two = fakes.smsc("one", center=center), fakes.smsc("two", center=center)
    assert one.center is two.center
    assert center.smscs == [one, two]
    assert center.prefix == b"both\0"


def test_an_smsc_without_a_group_is_a_message_center_of_its_own() -> None:
    one, two = fakes.smsc("one"), fakes.smsc("two")
    assert one.center.prefix == b"one\0"
    assert two.center.prefix == b"two\0"
    assert one.center.smscs == [one]


def test_no_id_of_one_message_center_is_taken_for_another_ones() -> None:
    """Without the NUL, the message center "a" with the id "b1" would be "ab" with "1"."""
    one, two = MessageCenter("a", "auto"), MessageCenter("ab", "auto")
    assert one.prefix + b"b1" != two.prefix + b"1"


@pytest.mark.parametrize(
    ("of_one", "of_two", "expected"), [(0, 0, False), (0, 1, True), (2, 0, True), (1, 1, True)]
)
def test_a_message_center_is_awaited_while_any_of_its_smscs_is(
    of_one: int, of_two: int, expected: bool
) -> None:
    center = MessageCenter("both", "auto")
    one, two = fakes.smsc("one", center=center), fakes.smsc("two", center=center)
    one.outstanding, two.outstanding = of_one, of_two
    assert center.is_awaited is expected


def test_a_message_center_has_notations() -> None:
    assert MessageCenter("one", "resp_hex").notations.kind == "resp_hex"
    with pytest.raises(ValueError, match="octal"):
        MessageCenter("one", "octal")


def test_a_message_center_shows_its_name_and_size() -> None:
    center = MessageCenter("both", "auto")
    fakes.smsc("one", center=center)
    assert repr(center) == "<MessageCenter both of 1>"
