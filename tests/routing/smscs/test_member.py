"""A member's weight, and why it takes no new messages."""

from __future__ import annotations

from math import inf

from smppgate.routing.admin_state import AdminState
from smppgate.routing.smscs.member import Member
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.versions import V3_3
from tests.routing import fakes


def test_a_member_has_the_weight_of_its_smsc_unless_it_has_its_own() -> None:
    smsc = fakes.smsc("alpha", 4, 10)
    usual, own, none = Member(smsc), Member(smsc, 2), Member(smsc, 0)
    assert [(m.weight, m.cost) for m in (usual, own, none)] == [(4, 0.25), (2, 0.5), (0, inf)]
    smsc.change_weight(5)
    assert [member.weight for member in (usual, own, none)] == [5, 2, 0]


def test_an_operators_weight_holds_in_every_seat_until_it_is_changed_again() -> None:
    smsc = fakes.smsc("alpha", 4, 10)
    usual, own = Member(smsc), Member(smsc, 2)
    smsc.change_weight(0, is_decided=True)
    assert [member.weight for member in (usual, own)] == [0, 0]
    own.configure(3, is_backup=False)
    assert own.weight == 0
    smsc.change_weight(1)
    assert [member.weight for member in (usual, own)] == [1, 3]


def test_a_member_says_why_it_is_not_able() -> None:
    smsc = fakes.smsc("alpha", 1, commands=V3_3.commands)
    member = Member(smsc)
    assert member.reason() == "down"
    link = fakes.FakeSession(1, smsc=smsc)
    smsc.add(link)
    assert (member.reason(), member.is_able) == ("", True)
    assert member.reason(CommandId.DATA_SM) == "does not know data_sm"
    smsc.began(1)
    assert member.is_able
    smsc.hold(link, True)
    assert member.reason() == "its links are held"
    smsc.hold(link, False)
    smsc.change_weight(0)
    assert (member.reason(), member.is_able) == ("weight 0", False)
    smsc.change_state(AdminState.DRAIN)
    assert member.reason() == "drain"


def test_a_member_that_has_left_counts_no_more() -> None:
    smsc = fakes.smsc("alpha", 1, 1)
    member = Member(smsc)
    member.leave()
    smsc.change_weight(7)
    assert member.weight == 1


def test_a_backup_shows_that_it_is_one() -> None:
    assert repr(Member(fakes.smsc("alpha"), 3, True)) == "<Member alpha weight=3 backup>"
