"""A view takes its share of the reactor's time and of memory, and tells what it leaves out."""

from __future__ import annotations

import pytest

from smppgate.observe.traffic import MOST_VIEWS, TooManyViews, Traffic
from smppgate.observe.traffic.traffic import PAUSE
from smppgate.observe.traffic.view import MOST_KEPT
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.tlv import Tlv
from tests.gate.test_reload import bound, linked
from tests.observe.traffic.looking import Looking, gate, submit

LONG = submit(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 60_000),))


class Slow:
    """A gate with one account whose messages are long, and a view of it."""

    def __init__(self) -> None:
        self.gate = gate()
        self.link = linked(self.gate)
        self.end = bound(self.gate)
        self.looking = Looking(self.gate)
        self.looking.turn()
        self.number = 10

    def send(self, count: int) -> None:
        for _ in range(count):
            self.number += 1
            self.end.ask(LONG, self.number)
            (request,) = self.link.heard()
            self.link.answer(request, 0, b"1\0")


def test_nothing_is_written_in_the_turn_of_a_message() -> None:
    slow = Slow()
    assert slow.looking.written == [b"head"]
    slow.send(1)
    assert slow.looking.written == [b"head"]
    slow.gate.reactor.advance(PAUSE)
    assert len(slow.looking.written) == 2


def test_a_client_that_does_not_read_costs_no_more_than_so_much_memory() -> None:
    slow = Slow()
    view, form = slow.looking.view, slow.looking.form
    view.pause(True)
    slow.send(100)
    slow.looking.turn()
    assert slow.looking.written == [b"head"]
    assert MOST_KEPT < view._size < MOST_KEPT + 200_000
    assert view.left_out > 0
    seen_before = len(view._kept)
    view.pause(False)
    slow.looking.turn()
    assert form.left == [view.left_out]
    assert len(form.all) == seen_before
    assert len(form.all) + view.left_out == 400
    slow.send(1)
    slow.looking.turn()
    assert len(form.all) + view.left_out == 404
    assert not slow.gate.reactor.getDelayedCalls() or slow.looking.traffic._turn is None


def test_what_was_left_out_has_its_place() -> None:
    """Also where there is room again before the client reads."""
    slow = Slow()
    view, form = slow.looking.view, slow.looking.form
    view.pause(True)
    slow.send(60)
    lost = view.left_out
    view.pause(False)
    # A turn that writes only some of it.
    view.work(float("-inf"))
    slow.send(1)
    slow.looking.turn()
    assert sum(form.left) == view.left_out
    assert lost > 0
    assert view._missing == 0


def test_a_turn_ends_when_its_time_is_over() -> None:
    slow = Slow()
    slow.send(30)
    slow.looking.view.work(float("-inf"))
    assert 0 < len(slow.looking.form.all) < 120


def test_a_view_that_ends_writes_what_it_has_seen_first() -> None:
    slow = Slow()
    ended: list[bool] = []
    slow.send(1)
    slow.looking.view.finish(lambda: ended.append(True))
    slow.send(1)
    slow.looking.turn()
    assert (len(slow.looking.form.all), ended) == (4, [True])


def test_there_are_so_many_views_at_one_time() -> None:
    here = gate()
    traffic = Traffic(here.gateway)
    views = [Looking(here, traffic) for _ in range(MOST_VIEWS)]
    with pytest.raises(TooManyViews):
        Looking(here, traffic)
    traffic.close(views[0].view)
    Looking(here, traffic)
    assert len(traffic) == MOST_VIEWS


def test_no_timer_is_left_of_a_view() -> None:
    slow = Slow()
    before = len(slow.gate.reactor.getDelayedCalls())
    slow.send(1)
    slow.looking.traffic.close(slow.looking.view)
    assert slow.looking.traffic._turn is None
    assert len(slow.gate.reactor.getDelayedCalls()) <= before
    slow.send(1)
    slow.looking.turn()
    assert slow.looking.written == [b"head"]
