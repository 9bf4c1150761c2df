"""Links by way of other nodes: used while none is bound here."""

from __future__ import annotations

from smppgate.routing.admin_state import AdminState
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.sequence import Request
from tests.routing.fakes import FakeSession


def near(window: int = 10) -> FakeSession:
    return FakeSession(window)


def far(window: int = 10) -> FakeSession:
    link = FakeSession(window)
    link.is_remote = True
    return link


def take(link: FakeSession, count: int = 1) -> None:
    for _ in range(count):
        link.outstanding.claim(Request(CommandId.SUBMIT_SM, 0.0))


def test_a_link_here_is_used_and_no_other() -> None:
    smsc, here, there = Smsc("alpha"), near(4), far(7)
    smsc.add(there)
    assert (smsc.links, smsc.capacity, smsc.only_link) == ([there], 7, there)
    smsc.add(here)
    assert (smsc.links, smsc.capacity, smsc.only_link) == ([here], 4, here)
    assert smsc.bound == [here]
    smsc.remove(here)
    assert (smsc.links, smsc.capacity) == ([there], 7)
    smsc.remove(there)
    assert (smsc.links, smsc.capacity, smsc.is_reached) == ([], 0, False)


def test_several_nodes_share() -> None:
    smsc, one, other = Smsc("alpha"), far(), far()
    smsc.add(one)
    smsc.add(other)
    assert {smsc.link(), smsc.link()} == {one, other}
    assert smsc.is_reached
    assert smsc.bound == []


def test_what_is_open_elsewhere_is_no_load_for_a_link_that_is_back() -> None:
    """But the link is looked at for room, until all of that has ended."""
    smsc, here, there = Smsc("alpha"), near(4), far(7)
    smsc.add(there)
    smsc.began(3)
    take(there, 3)
    smsc.add(here)
    assert smsc.capacity == 7
    assert smsc.only_link is None
    take(here, 4)
    assert smsc.link() is None
    for request in there.outstanding.drain():
        request.released()
    smsc.remote_idle()
    assert smsc.capacity == 4
    assert smsc.only_link is here


def test_an_smsc_that_an_operator_drains_is_sent_nothing_by_any_way() -> None:
    smsc, there = Smsc("alpha"), far()
    smsc.add(there)
    smsc.change_state(AdminState.DRAIN)
    assert smsc.links == []
    assert smsc.is_reached
    smsc.change_state(AdminState.READY)
    assert smsc.links == [there]


def test_a_link_here_that_is_held_is_not_passed_by() -> None:
    """An operator holds the one that there is."""
    smsc, here, there = Smsc("alpha"), near(), far()
    smsc.add(there)
    smsc.add(here)
    smsc.hold(here, True)
    assert smsc.links == []
    smsc.hold(here, False)
    assert smsc.links == [here]
