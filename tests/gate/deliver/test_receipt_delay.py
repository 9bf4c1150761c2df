"""A receipt never leaves before its answer, on whatever session."""

from __future__ import annotations

from typing import Any, cast

from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.states import State
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, HeldStore

DELAY = 0.05


class TwoSockets:
    """ESME acme with a transmitter and a receiver, and a link to alpha."""

    def __init__(self, store: HeldStore | None = None, **options: float) -> None:
        self.gate = Gate(
            waits=store is not None, store=store, **{"receipt_delay": DELAY, **options}
        )
        self.sender = self.gate.esme(state=State.BOUND_TX)
        self.receiver = self.gate.esme(state=State.BOUND_RX)
        self.link = self.gate.link()

    def take(self, message_id: bytes = b"id") -> None:
        self.gate.submitted(self.sender, self.link, message_id)

    def bring(self, message_id: bytes = b"id", number: int = 1) -> None:
        self.gate.deliver(self.link, fakes.receipt(message_id, number=number))

    def wait(self, seconds: float) -> None:
        self.gate.clock.advance(seconds)

    @property
    def brought(self) -> list[Frame]:
        return self.receiver.requests


def test_a_receipt_on_another_session_waits_until_its_answer_has_a_lead() -> None:
    two = TwoSockets()
    two.take()
    two.bring()
    two.wait(0)
    assert two.brought == []
    assert (two.gate.router.receipts.waiting, two.link.unanswered) == (1, 1)
    two.wait(DELAY - 0.01)
    assert two.brought == []
    two.wait(0.01)
    assert [frame.command_id for frame in two.brought] == [CommandId.DELIVER_SM]
    assert two.gate.router.receipts.waiting == 0
    two.gate.answer(two.receiver, 0, b"\0")
    assert (fakes.said(two.link), two.link.unanswered) == ([(1, 0)], 0)


def test_one_that_comes_before_its_answer_waits_as_long_after_it() -> None:
    two = TwoSockets()
    two.gate.forward(two.sender, fakes.submit(registered_delivery=1))
    two.bring()
    two.wait(1)
    two.gate.answer(two.link, 0, b"id\0")
    two.wait(0)
    two.wait(DELAY - 0.01)
    assert two.brought == []
    two.wait(0.01)
    assert len(two.brought) == 1


def test_the_time_counts_from_the_answer_and_not_from_the_store() -> None:
    """The answer waits for the store, and the receipt for both."""
    store = HeldStore()
    two = TwoSockets(store)
    two.take()
    two.bring()
    two.wait(0)
    two.wait(3)
    assert two.brought == []
    assert two.sender.answers == []
    store.write()
    assert len(two.sender.answers) == 1
    # They are written when the turn ends.
    two.wait(0)
    two.wait(DELAY - 0.01)
    assert two.brought == []
    two.wait(0.02)
    assert len(two.brought) == 1


def test_a_receipt_that_comes_later_leaves_at_once() -> None:
    two = TwoSockets()
    two.take()
    two.wait(0)
    two.wait(DELAY)
    two.bring()
    assert len(two.brought) == 1


def test_each_waits_for_its_own_answer_and_with_one_timer() -> None:
    two = TwoSockets()
    two.take(b"one")
    two.wait(0)
    two.wait(0.03)
    two.take(b"two")
    two.wait(0)
    two.bring(b"two", 2)
    two.bring(b"one", 1)
    before = len(two.gate.clock.getDelayedCalls())
    two.wait(0.02)
    assert [b"one" in frame.octets for frame in two.brought] == [True]
    two.wait(0.03)
    assert [b"two" in frame.octets for frame in two.brought] == [False, True]
    assert before <= 2


def test_on_the_session_of_the_answer_it_leaves_at_once() -> None:
    two = TwoSockets()
    session = two.gate.esme()
    two.gate.submitted(session, two.link, b"id")
    two.bring()
    assert len(session.requests) == 1


def test_on_the_link_of_another_session_it_waits() -> None:
    """Where binds are passed through, a receipt goes to the session whose link it comes on."""
    two = TwoSockets()
    one, other = two.gate.esme(), two.gate.esme()
    two.gate.submitted(one, two.link, b"id")
    two.link.owner = other
    two.bring()
    two.wait(0)
    assert (one.requests, other.requests) == ([], [])
    two.wait(DELAY)
    assert (one.requests, len(other.requests)) == ([], 1)


def test_where_a_queue_may_choose_the_session_it_waits() -> None:
    two = TwoSockets()
    session = two.gate.esme()
    two.gate.router.queues.add(cast(Any, two.gate.acme), limit=10, ttl=60.0)
    two.gate.router.queues.start()
    two.gate.submitted(session, two.link, b"id")
    two.bring()
    two.wait(0)
    assert (session.requests, two.brought) == ([], [])
    two.wait(DELAY)
    assert len(session.requests + two.brought) == 1


def test_it_can_be_switched_off() -> None:
    two = TwoSockets(receipt_delay=0.0)
    two.take()
    two.bring()
    assert len(two.brought) == 1


def test_a_gate_that_stops_leaves_no_timer() -> None:
    two = TwoSockets()
    two.take()
    two.bring()
    two.gate.router.receipts.stop()
    two.wait(1)
    assert two.brought == []


def test_fake_sessions_have_a_window() -> None:
    """A submitter without room is another session: its receipt goes to the receiver, later."""
    two = TwoSockets()
    full: FakeSession = two.gate.esme(window=1)
    two.gate.submitted(full, two.link, b"id")
    full.window = 0
    two.bring()
    assert (full.requests, two.brought) == ([], [])
    two.wait(0)
    two.wait(DELAY)
    assert len(two.brought) == 1
