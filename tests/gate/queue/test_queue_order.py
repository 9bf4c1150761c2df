"""Whatever happens to sessions, store and gate: in order, none missing, none twice."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.task import Clock

from smppgate.gate.queue import read_ahead
from smppgate.txsmpp.sequence import Request
from tests.gate.queue.queueing import Desk, ManualStore, Session, account, text_of

PLACE = st.integers(0, 9)


class WatchedSession(Session):
    """A session that checks each message it is given."""

    def __init__(self, window: int, order: QueueOrder) -> None:
        super().__init__(window)
        self._order = order

    def send_request(self, request: Request, octets: bytes) -> None:
        self._order.sends(text_of(octets))
        super().send_request(request, octets)


class QueueOrder(RuleBasedStateMachine):
    """One account's queue over several lives of the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = ManualStore(self.clock)
        self.desk = self.begin()
        self.sessions: list[WatchedSession] = []
        self.old_sessions: list[WatchedSession] = []
        """Those of an account that was removed."""
        self.acknowledged: list[str] = []
        self.taken: set[str] = set()
        """What the ESME has answered ok, as far as this life of the gate knows."""
        self.ever_taken: set[str] = set()
        self.first_sent: list[int] = []
        self.sent: set[str] = set()
        self.serial = 0

    def begin(self) -> Desk:
        """The gate starts; nothing expires here."""
        self.has_queue = True
        return Desk(self.clock, self.store, limit=60, ttl=1e9)

    # What the rules look at

    def numbers(self) -> dict[str, int]:
        """Where each message has its place, of those in the store."""
        return {text_of(m.pdu): number for number, m in self.store.messages.items()}

    def under_way(self) -> set[str]:
        sessions = [*self.sessions, *self.old_sessions]
        return {text for session in sessions for text in session.open}

    def sends(self, text: str) -> None:
        """The gate is about to send a message to the ESME."""
        numbers = self.numbers()
        under_way = self.under_way()
        assert text not in under_way, "sent twice at one time"
        assert text not in self.taken, "sent again although the ESME has taken it"
        ahead = {t for t, number in numbers.items() if number < numbers[text]}
        assert ahead <= under_way | self.taken, "sent before one that was there earlier"
        if text not in self.sent:
            self.sent.add(text)
            self.first_sent.append(numbers[text])

    def note_answers(self) -> None:
        answers, self.desk.smsc.answers = self.desk.smsc.answers, {}
        self.acknowledged += [text for text, status in answers.items() if status == 0]

    # What may happen

    @precondition(lambda self: self.has_queue)
    @rule(count=st.integers(1, 8))
    def put(self, count: int) -> None:
        """The SMSC sends some."""
        for _ in range(count):
            self.serial += 1
            self.desk.put(f"m{self.serial}")

    @rule(seconds=st.sampled_from([0.0, 0.0, 0.0, 0.1, 1.0, 60.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.note_answers()

    @rule()
    def hold_back(self) -> None:
        """The store begins, or ceases, to take its time."""
        self.store.holds_back = not self.store.holds_back

    @rule(broken=st.booleans())
    def store_answers(self, broken: bool) -> None:
        self.store.broken = broken
        self.store.answer()
        self.store.broken = False
        self.note_answers()

    @precondition(lambda self: len(self.sessions) < 3)
    @rule(window=st.integers(1, 5))
    def bind(self, window: int) -> None:
        session = WatchedSession(window, self)
        self.sessions.append(session)
        self.desk.acme.add(session)
        self.desk.queues.bound(self.desk.acme)

    @precondition(lambda self: any(each.open for each in self.sessions))
    @rule(session=PLACE, at=PLACE, status=st.sampled_from([0, 0, 0, 0, 0x58, 0x0B]))
    def answer(self, session: int, at: int, status: int) -> None:
        busy = [each for each in self.sessions if each.open]
        answering = busy[session % len(busy)]
        at %= len(answering.open)
        text = answering.open[at]
        answering.answer(status, at)
        if status != 0x58:
            self.taken.add(text)
            self.ever_taken.add(text)

    @precondition(lambda self: self.sessions)
    @rule(session=PLACE)
    def lose(self, session: int) -> None:
        lost = self.sessions.pop(session % len(self.sessions))
        self.desk.acme.remove(lost)
        self.desk.queues.lost(self.desk.acme)
        lost.lose()

    @precondition(lambda self: any(each.open for each in self.sessions))
    @rule(session=PLACE, late=st.booleans())
    def time_out(self, session: int, late: bool) -> None:
        """A session does not answer in time, but perhaps later."""
        busy = [each for each in self.sessions if each.open]
        slow = busy[session % len(busy)]
        asked = slow.unanswered()[0]
        slow.expire(float("inf"))
        if late:
            slow.hear(asked)
            self.taken.add(text_of(asked.octets))
            self.ever_taken.add(text_of(asked.octets))

    @precondition(lambda self: self.has_queue)
    @rule()
    def remove(self) -> None:
        """The account is removed; its sessions are there for a while."""
        self.desk.queues.remove(self.desk.acme)
        self.has_queue = False

    @precondition(lambda self: not self.has_queue)
    @rule(is_another=st.booleans())
    def add(self, is_another: bool) -> None:
        """The account returns, as another object or the same."""
        if is_another:
            self.desk.acme = account("acme")
            self.old_sessions += self.sessions
            self.sessions.clear()
        self.desk.queue = self.desk.queues.add(self.desk.acme, 60, 1e9)
        self.has_queue = True

    @precondition(lambda self: self.old_sessions)
    @rule(is_answered=st.booleans())
    def end_old(self, is_answered: bool) -> None:
        """A session of the account that was removed answers what is open on it, or does not."""
        session = self.old_sessions.pop(0)
        while is_answered and session.open:
            text = session.open[0]
            session.answer()
            self.taken.add(text)
            self.ever_taken.add(text)
        session.lose()

    @precondition(lambda self: self.has_queue)
    @rule(again=st.booleans())
    def close(self, again: bool) -> None:
        """The account is to have no queue, which changes again before or after it is gone."""
        gone: list[bool] = []
        self.desk.queues.close(self.desk.acme).addCallback(gone.append)
        if again or not gone:
            self.desk.queue = self.desk.queues.add(self.desk.acme, 60, 1e9)
            assert len(gone) == 1
        else:
            self.has_queue = False

    @rule()
    def restart(self) -> None:
        """kill -9: all is gone but the store, with what it was asked to do just now."""
        self.store._waiting.clear()
        self.sessions.clear()
        self.old_sessions.clear()
        self.note_answers()
        for call in list(self.clock.getDelayedCalls()):
            call.cancel()
        self.desk = self.begin()
        # An answer that did not get as far as the store is lost with the gate.
        self.taken -= self.numbers().keys()

    @invariant()
    def nothing_acknowledged_is_missing(self) -> None:
        there = self.numbers().keys() | self.ever_taken
        assert set(self.acknowledged) <= there

    @invariant()
    def the_order_is_that_of_the_store(self) -> None:
        assert self.first_sent == sorted(self.first_sent)

    def teardown(self) -> None:
        """In the end one session takes all messages."""
        self.store.holds_back = False
        for _ in range(5):
            self.store.answer()
            self.desk.turn(1.0)
        for session in self.sessions[:]:
            self.desk.lose(session)
        for session in self.old_sessions:
            session.lose()
        self.old_sessions.clear()
        if not self.has_queue:
            self.add(is_another=True)
        self.sessions[:] = [last := WatchedSession(4, self)]
        self.desk.bind(last)
        while last.open:
            text = last.open[0]
            last.answer()
            self.taken.add(text)
            self.ever_taken.add(text)
            self.desk.turn()
        self.note_answers()
        assert set(self.acknowledged) <= self.ever_taken
        assert not self.store.messages
        assert not self.desk.queue.holds
        assert self.desk.queue.statistics().queued == 0
        assert self.desk.queues.statistics().queued == 0
        self.desk.queues.remove(self.desk.acme)
        self.desk.turn()
        assert self.desk.queues._by_name.keys() == {b"bolt"}
        assert not self.desk.queues._ending


TestQueueOrder = QueueOrder.TestCase
TestQueueOrder.settings = settings(stateful_step_count=60)


class SmallReads(QueueOrder):
    """The same with reads of 4 messages, so that most steps meet the end of one."""

    def __init__(self) -> None:
        self._read_size, read_ahead.READ_SIZE = read_ahead.READ_SIZE, 4
        super().__init__()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            read_ahead.READ_SIZE = self._read_size


TestSmallReads = SmallReads.TestCase
TestSmallReads.settings = settings(stateful_step_count=60)
