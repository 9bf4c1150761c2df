"""A member's room follows its links; requests go over its links in turn."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.smscs.pool import Member
from smppgate.routing.smscs.smsc import MessageCenter, Smsc
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import V3_3, V3_4
from tests.routing import fakes
from tests.routing.fakes import FakeSession

WINDOWS = st.lists(st.integers(1, 50), min_size=1, max_size=6)


def fill(link: FakeSession) -> None:
    while len(link.outstanding) < link.window:
        link.outstanding.claim(Request(4, 0.0))


@given(WINDOWS, st.data())
def test_capacity_is_the_sum_of_the_windows_of_the_links_there_are(
    windows: list[int], data: st.DataObject
) -> None:
    """Whatever is added and removed, in any order, some of it twice or never there."""
    one = fakes.smsc()
    links = [FakeSession(window) for window in windows]
    present: list[FakeSession] = []
    for link in data.draw(st.lists(st.sampled_from(links), max_size=20)):
        if link not in present and data.draw(st.booleans()):
            one.add(link)
            present.append(link)
        else:
            one.remove(link)
            present = [p for p in present if p is not link]
        assert one.capacity == sum(p.window for p in present)
        assert one.links == present


def test_a_link_removed_twice_takes_its_room_with_it_once() -> None:
    one = fakes.smsc("alpha", 1, 10, 20)
    lost = one.links[0]
    one.remove(lost)
    one.remove(lost)
    assert one.capacity == 20


def test_removing_a_link_that_was_never_there_changes_nothing() -> None:
    one = fakes.smsc("alpha", 1, 10)
    one.remove(FakeSession(10))
    assert one.capacity == 10


def test_without_a_link_there_is_none_to_send_on() -> None:
    assert fakes.smsc().link() is None
    assert fakes.smsc().capacity == 0


def test_the_only_link_is_the_one_to_send_on() -> None:
    one = fakes.smsc("alpha", 1, 1)
    assert [one.link() for _ in range(3)] == [one.links[0]] * 3


@given(WINDOWS)
def test_links_are_used_in_turn(windows: list[int]) -> None:
    """Each as often as every other."""
    one = fakes.smsc("alpha", 1, *windows)
    chosen = Counter(id(one.link()) for _ in range(len(windows) * 3))
    assert chosen == {id(link): 3 for link in one.links}


def test_links_with_a_full_window_are_passed_over() -> None:
    one = fakes.smsc()
    links = [FakeSession(5) for _ in range(3)]
    for link in links:
        one.add(link)
    fill(links[0])
    fill(links[2])
    assert [one.link() for _ in range(4)] == [links[1]] * 4


def test_the_turn_survives_the_loss_of_any_link() -> None:
    one = fakes.smsc("alpha", 1, 5, 5, 5)
    one.link()
    one.link()
    one.remove(one.links[2])
    one.remove(one.links[0])
    assert one.link() is one.links[0]


def test_a_member_shows_its_name_load_and_links() -> None:
    one = fakes.smsc("alpha", 1, 10, 10)
    one.outstanding = 3
    assert repr(one) == "<Smsc alpha 3/20 on 2 links>"


def test_cost_is_what_one_message_adds_to_the_load() -> None:
    assert [Member(smsc).cost for smsc in fakes.smscs(1, 4)] == [1.0, 0.25]


def is_up(*smscs: Smsc) -> bool:
    return fakes.pool(*smscs).is_up


def test_a_pool_is_up_while_any_member_has_a_link() -> None:
    alpha, beta = fakes.smsc("alpha", 1), fakes.smsc("beta", 1, 10)
    assert is_up(alpha, beta)
    beta.remove(beta.links[0])
    assert not is_up(alpha, beta)


def test_a_pool_shows_its_members() -> None:
    assert repr(fakes.pool(fakes.smsc("alpha"))) == "<Pool main (<Member alpha weight=1>,)>"


def test_a_member_for_one_session_is_the_same_smsc_with_counters_of_its_own() -> None:
    """Nobody else sends there, but its answers are awaited as any other's."""
    shared = Smsc("alpha", 3, b"a", MessageCenter("g"), frozenset({4}))
    own = shared.for_one_session()
    assert (own.name, own.weight, own.tag, own.center) == ("alpha", 3, b"a", shared.center)
    assert own.commands == shared.commands
    own.add(FakeSession(5))
    assert (own.capacity, shared.capacity) == (5, 0)
    assert shared.center.smscs == [shared]
    awaited = []
    for outstanding in (0, 1):
        own.outstanding = outstanding
        awaited.append(shared.center.is_awaited)
    own.retire()
    assert [*awaited, shared.center.is_awaited] == [False, True, False]
    assert shared.center.smscs == [shared]


def test_a_member_that_is_for_all_stays_when_it_is_retired() -> None:
    shared = Smsc("alpha", center=MessageCenter("g"))
    own = shared.for_one_session()
    for smsc in (own, own, shared):
        smsc.retire()
    assert shared.center.smscs == [shared]


def test_a_pool_knows_who_does_not_know_a_command() -> None:
    old = Smsc("old", commands=V3_3.commands)
    new, unsaid = Smsc("new", commands=V3_4.commands), Smsc("unsaid")
    three = fakes.pool(old, new, unsaid)
    assert three.without(CommandId.SUBMIT_SM) == ()
    assert three.without(CommandId.DATA_SM) == (old,)
    assert three.without(CommandId.BROADCAST_SM) == (old, new)
