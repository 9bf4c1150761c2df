"""One run of a load: how messages are shared out, and when it is over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure

from smppgate.txsmpp.frame import Frame
from tests.cli.load.rig import RESPONSE_TIMEOUT, Rig, receipt
from tests.fakes import outcomes


def answer_all(rig: Rig) -> int:
    """Answer what came, and what comes for that, until nothing comes; gives how many."""
    answered = 0
    while True:
        pending = [(i, frame) for i in range(len(rig.peers)) for frame in rig.submitted(i)]
        if not pending:
            return answered
        for index, frame in pending:
            rig.peers[index].answer(frame, b"id\0")
        answered += len(pending)


def test_all_messages_are_sent_and_answered() -> None:
    """Over all sessions together, and then it is over."""
    rig = Rig(sessions=3, window=4, count=100).start()
    assert answer_all(rig) == 100
    assert rig.done == [None]
    assert (rig.tally.sent, rig.tally.ok, rig.tally.errors) == (100, 100, {})


def test_nothing_is_sent_before_the_start() -> None:
    """Sessions that are bound wait for the others."""
    rig = Rig(sessions=2)
    assert [rig.submitted(0), rig.submitted(1), rig.tally.sent] == [[], [], 0]
    rig.start()
    assert [len(rig.submitted(0)), len(rig.submitted(1))] == [2, 2]


def test_it_is_not_over_before_the_last_answer() -> None:
    """One unanswered message keeps it going."""
    rig = Rig(window=2, count=2).start()
    first, second = rig.submitted()
    rig.peers[0].answer(first, b"id\0")
    assert rig.done == []
    rig.peers[0].answer(second, b"id\0")
    assert rig.done == [None]


def test_the_rate_is_counted_from_the_first_to_the_last_answer() -> None:
    """A wait for receipts is no part of it."""
    rig = Rig(window=10, count=10, receipts_wait=60.0).start()
    rig.clock.advance(2.0)
    answer_all(rig)
    rig.clock.advance(30.0)
    assert rig.tally.rate == 5.0


def test_a_rate_spreads_messages_over_time_and_sessions() -> None:
    """Ten a second over two sessions are one each every fifth of a second."""
    rig = Rig(sessions=2, window=10, count=20, rate=10.0).start()
    per_session = [0, 0]
    for tenth in range(20):
        got = [len(rig.submitted(0)), len(rig.submitted(1))]
        assert sum(got) == 1, f"after {tenth} tenths"
        per_session = [a + b for a, b in zip(per_session, got, strict=True)]
        rig.clock.advance(0.1)
    assert per_session == [10, 10]
    assert rig.tally.sent == 20


def test_a_high_rate_goes_in_small_batches() -> None:
    """No timer for each message: 2000 a second are 10 every 5 ms."""
    rig = Rig(sessions=5, window=1000, count=100_000, rate=2000.0).start()
    sent = []
    for _ in range(4):
        rig.clock.advance(0.005)
        sent.append(rig.tally.sent)
    assert sent == [11, 21, 31, 41]
    assert all(len(rig.submitted(i)) in (8, 9) for i in range(5))
    assert len([call for call in rig.clock.getDelayedCalls() if call.getTime() < 1.0]) == 1


def test_a_rate_does_not_pass_the_window() -> None:
    """What finds no room waits for it, and then goes at once."""
    rig = Rig(window=3, count=100, rate=10.0).start()
    frames: list[Frame] = []
    for _ in range(9):
        frames += rig.submitted()
        rig.clock.advance(0.1)
    frames += rig.submitted()
    assert len(frames) == 3
    rig.peers[0].answer(frames[0], b"id\0")
    assert len(rig.submitted()) == 1


def test_a_duration_ends_it() -> None:
    """Nothing is sent after it; what is unanswered then is waited for."""
    rig = Rig(window=2, count=None, duration=5.0).start()
    first, second = rig.submitted()
    rig.clock.advance(4.9)
    rig.peers[0].answer(first, b"id\0")
    (third,) = rig.submitted()
    rig.clock.advance(0.2)
    rig.peers[0].answer(second, b"id\0")
    assert rig.submitted() == []
    assert rig.done == []
    rig.peers[0].answer(third, b"id\0")
    assert rig.done == [None]
    assert rig.tally.ok == 3


def test_a_duration_ends_it_when_nothing_is_unanswered() -> None:
    """Between two messages of a slow load."""
    rig = Rig(count=None, rate=0.5, duration=1.0).start()
    answer_all(rig)
    assert rig.done == []
    rig.clock.advance(1.0)
    assert rig.done == [None]


def test_receipts_are_waited_for() -> None:
    """It ends with as many receipts as messages were accepted."""
    rig = Rig(window=2, count=2, receipts_wait=10.0).start()
    answer_all(rig)
    rig.peers[0].deliver(receipt(1))
    assert rig.done == []
    rig.peers[0].deliver(receipt(2))
    assert rig.done == [None]
    assert rig.tally.receipts == 2


def test_receipts_that_do_not_come_are_not_waited_for_long() -> None:
    """The wait counts from the latest one."""
    rig = Rig(window=3, count=3, receipts_wait=10.0).start()
    answer_all(rig)
    rig.clock.advance(9.0)
    rig.peers[0].deliver(receipt(1))
    rig.clock.advance(9.0)
    assert rig.done == []
    rig.clock.advance(1.1)
    assert rig.done == [None]
    assert rig.tally.receipts == 1


def test_refused_messages_have_no_receipts_to_wait_for() -> None:
    """Only those accepted count."""
    rig = Rig(window=1, count=1, receipts_wait=10.0).start()
    rig.peers[0].answer(rig.submitted()[0], status=0x58)
    assert rig.done == [None]


def test_the_others_go_on_for_a_session_that_is_lost() -> None:
    """What it had unanswered is counted as lost and not sent again."""
    rig = Rig(sessions=2, window=3, count=20).start()
    rig.peers[0].hang_up()
    assert rig.tally.lost == 3
    assert answer_all(rig) == 17
    assert rig.done == [None]
    assert (rig.tally.sent, rig.tally.ok) == (20, 17)
    assert rig.tally.lost_sessions.total() == 1


def test_without_sessions_it_is_over() -> None:
    """Whether they go in the middle or were gone before the start."""
    rig = Rig(sessions=2, window=3, count=20).start()
    for peer in rig.peers:
        peer.hang_up()
    assert rig.done == [None]
    assert (rig.tally.lost, rig.tally.sent) == (6, 6)
    rig = Rig(sessions=1)
    rig.peers[0].hang_up()
    assert rig.start().done == [None]
    assert rig.tally.lost_sessions.total() == 1


def test_sessions_that_end_afterwards_are_not_lost() -> None:
    """An end after the end is in order."""
    rig = Rig(count=2).start()
    answer_all(rig)
    rig.peers[0].hang_up()
    assert rig.tally.lost_sessions.total() == 0
    assert rig.done == [None]


@pytest.mark.parametrize(("rate", "duration"), [(None, None), (10.0, 100.0)])
def test_it_can_be_cancelled(rate: float | None, duration: float | None) -> None:
    """It ends with a CancelledError and leaves no timer but the sessions'."""
    rig = Rig(rate=rate, duration=duration)
    before = len(rig.clock.getDelayedCalls())
    running = rig.run.start()
    rig.clock.advance(0)
    assert rig.tally.sent > 0
    running.cancel()
    (failure,) = outcomes(running)
    assert isinstance(failure, Failure)
    assert failure.check(CancelledError)
    assert len(rig.clock.getDelayedCalls()) == before


class _Chaos:
    """An SMSC that answers, errs, repeats itself, is silent or goes away, as it is told."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.open: list[list[Frame]] = [[] for _ in rig.peers]
        self.alive = [True] * len(rig.peers)

    def look(self) -> None:
        """Read what came; no window may be passed."""
        for index in range(len(self.open)):
            self.open[index] += self.rig.submitted(index)
            assert len(self.open[index]) <= self.rig.window

    def do(self, action: str, index: int, which: int) -> None:
        """One thing, at one of the sessions."""
        self.look()
        if action == "silence":
            self.rig.clock.advance(RESPONSE_TIMEOUT + 0.1)
            self.open = [[] for _ in self.open]
        elif action == "hang up" and self.alive[index]:
            self.rig.peers[index].hang_up()
            self.alive[index] = False
            self.open[index].clear()
        elif action in ("answer", "twice", "error") and self.open[index]:
            frame = self.open[index].pop(which % len(self.open[index]))
            for _ in range(2 if action == "twice" else 1):
                self.rig.peers[index].answer(frame, status=0x58 if action == "error" else 0)
        self.look()


@given(
    sessions=st.integers(1, 3),
    window=st.integers(1, 5),
    count=st.integers(1, 30),
    actions=st.lists(
        st.tuples(
            st.sampled_from(
                ["answer", "answer", "answer", "twice", "error", "silence", "hang up"]
            ),
            st.integers(0, 2),
            st.integers(0, 4),
        )
    ),
)
def test_every_message_ends_exactly_once(
    sessions: int, window: int, count: int, actions: list[tuple[str, int, int]]
) -> None:
    """Whatever the SMSC does: no window is passed, nothing counts twice, and it ends."""
    rig = Rig(sessions=sessions, window=window, count=count).start()
    chaos = _Chaos(rig)
    for action, index, which in actions:
        chaos.do(action, index % sessions, which)
    while not rig.done:
        chaos.do("silence", 0, 0)
    tally = rig.tally
    assert tally.sent == tally.answered + tally.timeouts + tally.lost
    assert tally.sent == count or not any(chaos.alive)
    assert rig.done == [None]
    assert len(tally.latencies) == tally.answered
