"""The capacity of an SMSC is that of its links, and its requests go over them in turn."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.admin_state import AdminState
from smppgate.routing.smscs.load import Outcome
from smppgate.routing.smscs.smsc import MessageCenter, Smsc
from smppgate.txsmpp.sequence import Request
from tests.routing import fakes
from tests.routing.fakes import FakeSession

WINDOWS = st.lists(st.integers(1, 50), min_size=1, max_size=6)


def fill(link: FakeSession) -> None:
    while len(link.outstanding) < link.window:
        link.outstanding.claim(Request(4, 0.0))


@given(WINDOWS, st.data())
def test_capacity_is_the_sum_of_the_windows_of_its_links(
    windows: list[int], data: st.DataObject
) -> None:
    """Links are added and removed in any order; some are removed twice or were never added."""
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


def test_a_link_removed_twice_lowers_the_capacity_once() -> None:
    one = fakes.smsc("alpha", 1, 10, 20)
    lost = one.links[0]
    one.remove(lost)
    one.remove(lost)
    assert one.capacity == 20


def test_removing_a_link_that_was_not_added_changes_nothing() -> None:
    one = fakes.smsc("alpha", 1, 10)
    one.remove(FakeSession(10))
    assert one.capacity == 10


def test_without_links_there_is_no_link_and_no_capacity() -> None:
    assert fakes.smsc().link() is None
    assert fakes.smsc().capacity == 0


def test_a_single_link_takes_every_request() -> None:
    one = fakes.smsc("alpha", 1, 1)
    assert [one.link() for _ in range(3)] == [one.links[0]] * 3


@given(WINDOWS)
def test_links_are_used_in_turn(windows: list[int]) -> None:
    """Each link as often as every other."""
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


def test_a_link_for_a_query_is_found_while_the_smsc_has_room() -> None:
    one = fakes.smsc("alpha", 1, 2)
    one.outstanding = 1
    assert one.query_link() is one.links[0]
    one.outstanding = 2
    assert one.query_link() is None


def test_the_turn_survives_the_loss_of_any_link() -> None:
    one = fakes.smsc("alpha", 1, 5, 5, 5)
    one.link()
    one.link()
    one.remove(one.links[2])
    one.remove(one.links[0])
    assert one.link() is one.links[0]


def test_an_smsc_shows_its_name_load_and_links() -> None:
    one = fakes.smsc("alpha", 1, 10, 10)
    one.outstanding = 3
    assert repr(one) == "<Smsc alpha 3/20 on 2 links>"


def test_an_smsc_for_one_session_is_the_same_with_counters_of_its_own() -> None:
    """It is not among those that other requests go to, but its message center is awaited."""
    shared = Smsc("alpha", 3, b"a", MessageCenter("group", "auto"), frozenset({4}))
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


def test_an_smsc_leaves_its_message_center_when_it_is_retired() -> None:
    shared = fakes.smsc("alpha")
    own = shared.for_one_session()
    own.retire()
    assert (shared.center.smscs, list(shared.center.reserved)) == ([shared], [])
    shared.retire()
    assert shared.center.smscs == []


# Who waits for it


class Told:
    """Waits for an SMSC, and counts how often it is told."""

    def __init__(self) -> None:
        self.count = 0

    def freed(self) -> None:
        self.count += 1


def test_who_waits_is_told_of_each_place_that_may_be_free() -> None:
    alpha, waiter = fakes.smsc("alpha", 1, 10), Told()
    alpha.began(3)
    alpha.await_room(waiter)
    alpha.ended(1, Outcome.TAKEN, 0.1)
    alpha.ended(1, Outcome.TIMED_OUT, 0.1)
    assert waiter.count == 1
    alpha.released(1)
    alpha.ended(1, Outcome.LOST, 0.1)
    assert waiter.count == 3
    alpha.add(fakes.FakeSession(smsc=alpha))
    alpha.change_state(AdminState.DRAIN)
    alpha.change_window(20)
    assert waiter.count == 6


def test_who_waits_no_more_is_not_told() -> None:
    alpha, waiter, other = fakes.smsc("alpha", 1, 10), Told(), Told()
    for each in (waiter, other):
        alpha.await_room(each)
    alpha.await_no_more(waiter)
    alpha.change_window(20)
    assert (waiter.count, other.count) == (0, 1)
    alpha.await_no_more(other)
    alpha.await_no_more(other)
    assert alpha.waiters is None


def test_the_time_to_answer_is_that_of_its_copies_too() -> None:
    alpha = fakes.smsc("alpha")
    copy = alpha.for_one_session()
    alpha.change_response_timeout(7.0)
    assert (alpha.response_timeout, copy.response_timeout) == (7.0, 7.0)
    assert alpha.for_one_session().response_timeout == 7.0
