"""A pool is up while any of its SMSCs has a link; each SMSC has a seat in it, its member."""

from __future__ import annotations

from smppgate.routing.smscs.member import Member
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.versions import V3_3, V3_4
from tests.routing import fakes


def test_a_member_has_the_weight_of_its_smsc_and_the_load_that_a_message_adds() -> None:
    members = [Member(smsc) for smsc in fakes.smscs(1, 4)]
    assert [(member.weight, member.cost) for member in members] == [(1, 1.0), (4, 0.25)]


def test_a_pool_has_the_smscs_of_its_members_in_their_order() -> None:
    beta, alpha = fakes.smsc("beta"), fakes.smsc("alpha")
    assert fakes.pool(beta, alpha).smscs == (beta, alpha)


def test_a_pool_is_up_while_any_of_its_smscs_has_a_link() -> None:
    alpha, beta = fakes.smsc("alpha", 1), fakes.smsc("beta", 1, 10)
    pool = fakes.pool(alpha, beta)
    assert pool.is_up
    beta.remove(beta.links[0])
    assert not pool.is_up


def test_a_pool_shows_its_members() -> None:
    assert repr(fakes.pool(fakes.smsc("alpha"))) == "<Pool main (<Member alpha weight=1>,)>"


def test_a_pool_has_the_smscs_that_do_not_know_a_command() -> None:
    old = fakes.smsc("old", commands=V3_3.commands)
    newer = fakes.smsc("newer", commands=V3_4.commands)
    newest = fakes.smsc("newest")
    pool = fakes.pool(old, newer, newest)
    assert pool.without(CommandId.SUBMIT_SM) == ()
    assert pool.without(CommandId.DATA_SM) == (old,)
    assert pool.without(CommandId.BROADCAST_SM) == (old, newer)


def test_a_member_is_able_while_it_is_up_and_knows_the_command() -> None:
    """Whether it has room or not."""
    alpha, beta = fakes.smsc("alpha", 1, 1, commands=V3_3.commands), fakes.smsc("beta")
    alpha.began(1)
    pool = fakes.pool(alpha, beta)
    assert pool.able(CommandId.SUBMIT_SM)
    assert not pool.able(CommandId.DATA_SM)
    assert not pool.able(CommandId.SUBMIT_SM, tried=(alpha,))
    alpha.remove(alpha.links[0])
    assert not pool.able(CommandId.SUBMIT_SM)
