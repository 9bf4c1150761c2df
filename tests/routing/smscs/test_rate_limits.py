"""An SMSC that has been sent what its rates allow is paused until a token is there."""

from __future__ import annotations

from typing import Any

from smppgate.routing.admin_state import AdminState
from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.smscs.rate_limits import SmscRates
from smppgate.routing.smscs.smsc import Smsc
from tests.routing import fakes
from tests.routing.fakes import FakeSession
from tests.routing.limits.fakes import FakeRefills


class Told:
    """Waits for an SMSC, and counts how often it is told."""

    def __init__(self, smsc: Smsc) -> None:
        self.count = 0
        smsc.await_room(self)

    def freed(self) -> None:
        self.count += 1


class Paced:
    """An SMSC with rates, and links with windows of 10."""

    def __init__(self, overall: float = 0.0, link: float = 0.0, links: int = 1) -> None:
        self.refills = FakeRefills()
        self.smsc = fakes.smsc("alpha", 1, *[10] * links)
        self.links: list[Any] = list(self.smsc.links)
        self.limit(overall, link)

    def limit(self, overall: float = 0.0, link: float = 0.0, now: float = 0.0) -> None:
        both = [Rate(each, max(1.0, each / 10)) if each else None for each in (overall, link)]
        rates = SmscRates(*both) if overall or link else None
        self.smsc.change_rates(rates, self.refills, now)

    def send(self, now: float = 0.0, count: int = 1) -> Any:
        """A message goes to it, if it may; gives the link."""
        smsc = self.smsc
        link = smsc.link() if smsc.outstanding < smsc.capacity else None
        if link is not None:
            smsc.began(1)
            assert smsc.limits is not None
            smsc.limits.sent(link, count, now)
        return link


def test_without_a_token_it_has_no_capacity_until_one_is_there() -> None:
    paced = Paced(overall=2.0)
    told = Told(paced.smsc)
    assert paced.send() is not None
    assert paced.send() is None
    assert (paced.smsc.capacity, told.count) == (0, 0)
    assert [each.deadline for each in paced.refills.waiting] == [0.5]
    paced.refills.advance(0.5)
    assert (paced.smsc.capacity, told.count) == (10, 1)
    assert paced.send(0.5) is not None
    assert paced.smsc.capacity == 0


def test_with_nobody_waiting_it_comes_back_by_itself() -> None:
    paced = Paced(overall=2.0)
    paced.send()
    paced.refills.advance(9.0)
    assert paced.smsc.capacity == 10
    assert not paced.refills.waiting


def test_it_allows_so_many_messages_as_leave_tokens_wherever_they_go() -> None:
    paced = Paced(overall=100.0, link=40.0, links=2)
    limits = paced.smsc.limits
    assert limits is not None
    assert not limits.allow(1, 0.0), "of links that were sent nothing yet nothing is known"
    for _ in paced.links:
        paced.send(1.0)
    assert limits.allow(3, 2.0)
    assert not limits.allow(4, 2.0), "a link has its burst of 4"
    paced.limit(overall=100.0, now=2.0)
    assert limits.allow(9, 9.0)
    assert not limits.allow(10, 9.0)


def test_a_query_is_sent_while_it_is_paused() -> None:
    paced = Paced(overall=1.0)
    paced.send()
    assert paced.smsc.capacity == 0
    assert paced.smsc.query_link() is paced.links[0]


def test_each_link_has_tokens_of_its_own() -> None:
    paced = Paced(link=1.0, links=2)
    assert {paced.send(), paced.send()} == set(paced.links)
    assert paced.send() is None
    assert paced.smsc.limits is not None
    assert paced.smsc.limits.limited_by == "link_rate"
    paced.refills.advance(1.0)
    assert paced.smsc.capacity == 20
    assert {paced.send(1.0), paced.send(1.0)} == set(paced.links)


def test_a_link_that_has_a_token_is_used_beside_one_that_has_none() -> None:
    paced = Paced(link=1.0, links=2)
    first = paced.send()
    (other,) = (link for link in paced.links if link is not first)
    assert paced.smsc.capacity == 20
    assert paced.send() is other
    assert paced.smsc.limits is not None
    assert paced.smsc.limits.tokens(first, 0.5) == 0.5


def test_a_paused_link_that_is_lost_holds_up_no_other() -> None:
    """And one that comes has a token."""
    paced = Paced(link=1.0, links=2)
    paced.send()
    paced.send()
    told = Told(paced.smsc)
    paced.smsc.remove(paced.links[0])
    assert paced.smsc.capacity == 0
    assert len(paced.refills.waiting) == 1
    paced.smsc.add(FakeSession(10, smsc=paced.smsc))
    assert paced.smsc.capacity == 20
    assert told.count
    assert paced.send() is not paced.links[1]


def test_it_is_paused_after_a_drain_as_before_it() -> None:
    paced = Paced(overall=1.0)
    paced.send()
    paced.smsc.change_state(AdminState.DRAIN)
    assert paced.smsc.capacity == 0
    paced.smsc.change_state(AdminState.READY)
    assert paced.smsc.capacity == 0
    paced.refills.advance(1.0)
    assert paced.smsc.capacity == 10


def test_tokens_that_come_during_a_drain_are_there_after_it() -> None:
    paced = Paced(overall=1.0, link=1.0)
    paced.send()
    paced.smsc.change_state(AdminState.DRAIN)
    paced.refills.advance(1.0)
    assert paced.smsc.capacity == 0
    paced.smsc.change_state(AdminState.READY)
    assert paced.smsc.capacity == 10


def test_sessions_that_serve_one_esme_share_the_rate() -> None:
    paced = Paced(overall=2.0)
    copy = paced.smsc.for_one_session()
    copy.add(FakeSession(10, smsc=copy))
    assert copy.limits is not None
    paced.send()
    assert copy.link() is None
    told = Told(copy)
    paced.refills.advance(0.5)
    assert told.count == 1
    link = copy.link()
    assert link is not None
    copy.limits.sent(link, 1, 0.5)
    assert paced.send(0.5) is None
    assert copy.capacity == 0
    paced.refills.advance(1.0)
    assert (copy.capacity, paced.smsc.capacity) == (10, 10)


def test_a_copy_that_has_ended_waits_for_no_token() -> None:
    paced = Paced(link=1.0)
    copy = paced.smsc.for_one_session()
    copy.add(FakeSession(10, smsc=copy))
    assert copy.limits is not None
    copy.limits.sent(copy.links[0], 1, 0.0)
    assert len(paced.refills.waiting) == 1
    copy.retire()
    assert not paced.refills.waiting


def test_a_copy_keeps_to_the_rate_of_an_smsc_that_is_gone() -> None:
    """Until the copy has retired, too: then nothing waits for a token."""
    paced = Paced(overall=2.0)
    copy = paced.smsc.for_one_session()
    copy.add(FakeSession(10, smsc=copy))
    assert copy.limits is not None
    copy.limits.sent(copy.links[0], 1, 0.0)
    paced.smsc.retire()
    assert copy.link() is None
    paced.refills.advance(0.5)
    assert copy.link() is not None
    copy.limits.sent(copy.links[0], 1, 0.5)
    assert len(paced.refills.waiting) == 1
    copy.retire()
    assert not paced.refills.waiting


def test_a_message_that_takes_many_pauses_it_for_as_long() -> None:
    paced = Paced(overall=2.0, link=4.0)
    paced.send(count=9)
    paced.refills.advance(2.25)
    assert paced.smsc.capacity == 0
    paced.refills.advance(4.5)
    assert paced.smsc.capacity == 10


def test_another_rate_counts_at_once() -> None:
    paced = Paced(overall=0.001)
    paced.send()
    told = Told(paced.smsc)
    paced.limit(overall=10.0)
    assert paced.smsc.capacity == 0
    paced.refills.advance(0.1)
    assert (paced.smsc.capacity, told.count > 0) == (10, True)
    paced.send(0.1)
    paced.limit()
    assert (paced.smsc.capacity, paced.smsc.limits) == (10, None)
    assert paced.smsc.only_link is paced.links[0]
    assert not paced.refills.waiting


def test_another_rate_of_links_counts_at_once() -> None:
    paced = Paced(link=0.001)
    copy = paced.smsc.for_one_session()
    paced.send()
    paced.limit(link=2.0)
    assert paced.smsc.capacity == 0
    paced.refills.advance(0.5)
    assert paced.smsc.capacity == 10
    paced.send(0.5)
    paced.limit(overall=5.0)
    assert paced.smsc.capacity == 10
    assert copy.limits is not None
    paced.limit()
    assert copy.limits is None
    paced.limit()


def test_a_limit_that_comes_with_a_reload_begins_with_one_token() -> None:
    """What it was sent before is not known."""
    paced = Paced()
    copy = paced.smsc.for_one_session()
    paced.limit(overall=100.0)
    assert copy.limits is not None
    paced.send()
    assert paced.smsc.capacity == 0


def test_a_doubted_link_without_a_token_is_not_used() -> None:
    paced = Paced(link=1.0, links=2)
    paced.smsc.doubt(paced.links[0], True)
    assert paced.send() is paced.links[1]
    assert paced.send() is paced.links[0]
    assert paced.send() is None
