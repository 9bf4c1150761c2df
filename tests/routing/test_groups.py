"""SMSCs that share message ids, and those that do not."""

from __future__ import annotations

import pytest

from smppgate.routing.groups import Group
from smppgate.routing.pools import Member


def test_smscs_of_one_group_look_for_their_routes_in_one_place() -> None:
    group = Group("both")
    one, two = Member("one", group=group), Member("two", group=group)
    assert one.group is two.group
    assert group.members == [one, two]
    assert group.prefix == b"both\0"


def test_an_smsc_without_a_group_shares_its_ids_with_none() -> None:
    one, two = Member("one"), Member("two")
    assert one.group.prefix == b"one\0"
    assert two.group.prefix == b"two\0"
    assert one.group.members == [one]


def test_no_id_of_one_group_can_be_taken_for_one_of_another() -> None:
    """Were it not for the NUL, that is: "a" with the id "b1" would be "ab" with "1"."""
    assert Group("a").prefix + b"b1" != Group("ab").prefix + b"1"


@pytest.mark.parametrize(
    ("of_one", "of_two", "expected"), [(0, 0, False), (0, 1, True), (2, 0, True), (1, 1, True)]
)
def test_a_group_is_awaited_while_any_of_its_members_is(
    of_one: int, of_two: int, expected: bool
) -> None:
    group = Group("both")
    one, two = Member("one", group=group), Member("two", group=group)
    one.outstanding, two.outstanding = of_one, of_two
    assert group.is_awaited is expected


def test_a_group_has_its_own_notation() -> None:
    assert Group("one").dialect.kind == "auto"
    assert Group("one", "resp_hex").dialect.kind == "resp_hex"
    with pytest.raises(ValueError, match="octal"):
        Group("one", "octal")


def test_a_group_shows_its_name_and_size() -> None:
    group = Group("both")
    Member("one", group=group)
    assert repr(group) == "<Group both of 1>"
