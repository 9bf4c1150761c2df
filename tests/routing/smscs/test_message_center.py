"""SMSCs that share message ids, and those that do not."""

from __future__ import annotations

import pytest

from smppgate.routing.smscs.smsc import MessageCenter, Smsc


def test_smscs_of_one_group_look_for_their_routes_in_one_place() -> None:
    center = MessageCenter("both")
    one, two = Smsc("one", center=center), Smsc("two", center=center)
    assert one.center is two.center
    assert center.smscs == [one, two]
    assert center.prefix == b"both\0"


def test_an_smsc_without_a_group_shares_its_ids_with_none() -> None:
    one, two = Smsc("one"), Smsc("two")
    assert one.center.prefix == b"one\0"
    assert two.center.prefix == b"two\0"
    assert one.center.smscs == [one]


def test_no_id_of_one_group_can_be_taken_for_one_of_another() -> None:
    """Were it not for the NUL, that is: "a" with the id "b1" would be "ab" with "1"."""
    assert MessageCenter("a").prefix + b"b1" != MessageCenter("ab").prefix + b"1"


@pytest.mark.parametrize(
    ("of_one", "of_two", "expected"), [(0, 0, False), (0, 1, True), (2, 0, True), (1, 1, True)]
)
def test_a_group_is_awaited_while_any_of_its_members_is(
    of_one: int, of_two: int, expected: bool
) -> None:
    center = MessageCenter("both")
    one, two = Smsc("one", center=center), Smsc("two", center=center)
    one.outstanding, two.outstanding = of_one, of_two
    assert center.is_awaited is expected


def test_a_group_has_its_own_notation() -> None:
    assert MessageCenter("one").dialect.kind == "auto"
    assert MessageCenter("one", "resp_hex").dialect.kind == "resp_hex"
    with pytest.raises(ValueError, match="octal"):
        MessageCenter("one", "octal")


def test_a_group_shows_its_name_and_size() -> None:
    center = MessageCenter("both")
    Smsc("one", center=center)
    assert repr(center) == "<MessageCenter both of 1>"
