"""Gates that share queues over their master: in order, none missing, none twice, whoever dies."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.task import Clock

from smppgate.store import Limits, MemoryStore
from smppgate.txsmpp.sequence import Request
from tests.gate.queue.queueing import Desk, Session, text_of
from tests.workers.shared_boxes import Master

T = TypeVar("T")

PLACE = st.integers(0, 9)
GATES = st.integers(0, 2)


class WatchedSession(Session):
    """A session that checks each message it is given."""

    def __init__(self, window: int, order: SharedOrder) -> None:
        super().__init__(window)
        self._order = order

    def send_request(self, request: Request, octets: bytes) -> None:
        self._order.sends(text_of(octets))
        super().send_request(request, octets)


class Gate:
    """One gate, with a clock of its own: one that has died does nothing more."""

    def __init__(self, master: Master, now: float) -> None:
        self.clock = Clock()
        self.clock.rightNow = now
        self.store, self.ends = master.worker()
        self.desk = Desk(self.clock, self.store, limit=60, ttl=1e9)
        self.sessions: list[WatchedSession] = []
        self.owed: set[str] = set()
        """What it has put in, told its SMSC of, and what no session was given yet."""
        self.rests = False

    def hold(self, is_out: bool) -> None:
        """What one end sends, the gate or the master, does not arrive."""
        transport = self.ends.transport
        assert transport.peer is not None
        (transport.peer if is_out else transport).stop_reading()

    def go_on(self) -> None:
        transport = self.ends.transport
        assert transport.peer is not None
        transport.start_reading()
        transport.peer.start_reading()


class SharedOrder(RuleBasedStateMachine):
    """The queue of one account in three gates."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.queues = MemoryStore(self.clock, Limits())
        self.master = Master(self.clock, self.queues)
        self.gates = [self.begin() for _ in range(3)]
        self.acknowledged: list[str] = []
        self.taken: dict[str, Gate] = {}
        """What the ESME has taken, and from which gate."""
        self.ever_taken: set[str] = set()
        self.serial = 0
        self.settle()

    def begin(self) -> Gate:
        return Gate(self.master, self.clock.seconds())

    def settle(self) -> None:
        """Let all happen that follows, in no time."""
        clocks = (self.clock, *(gate.clock for gate in self.gates))
        while due := [clock for clock in clocks if _is_due(clock)]:
            due[0].advance(0)
        for gate in self.gates:
            answers, gate.desk.smsc.answers = gate.desk.smsc.answers, {}
            told = [text for text, status in answers.items() if status == 0]
            self.acknowledged += told
            gate.owed |= set(told) - self.ever_sent
        self.check_order()

    ever_sent: set[str] = set()

    # What the rules look at

    def numbers(self) -> dict[str, int]:
        """Where each message has its place, of those in the store."""
        return {text_of(m.pdu): m.number for m in self.queues._queues.get(b"acme", {}).values()}

    def under_way(self) -> set[str]:
        sessions = [session for gate in self.gates for session in gate.sessions]
        return {text for session in sessions for text in session.open}

    def sends(self, text: str) -> None:
        """A gate is about to send a message to the ESME."""
        numbers, under_way = self.numbers(), self.under_way()
        assert text not in under_way, "sent twice at one time"
        assert text not in self.taken, "sent again although the ESME has taken it"
        ahead = {t for t, number in numbers.items() if number < numbers[text]}
        assert ahead <= under_way | self.taken.keys(), "sent before one that was there earlier"
        self.ever_sent = self.ever_sent | {text}
        for gate in self.gates:
            gate.owed.discard(text)

    def check_order(self) -> None:
        """What comes next at a gate goes behind what it has put in."""
        for gate in self.gates:
            assert gate.desk.queue.holds or not gate.owed, "a new message would pass these"

    # What may happen

    @rule(gate=GATES, count=st.integers(1, 5))
    def put(self, gate: int, count: int) -> None:
        for _ in range(count):
            self.serial += 1
            self.gates[gate].desk.put(f"m{self.serial}")
        self.settle()

    @rule(seconds=st.sampled_from([0.1, 1.0, 60.0]))
    def pass_time(self, seconds: float) -> None:
        for clock in (self.clock, *(gate.clock for gate in self.gates)):
            clock.advance(seconds)
        self.settle()

    @rule(gate=GATES, is_out=st.booleans())
    def hold(self, gate: int, is_out: bool) -> None:
        self.gates[gate].hold(is_out)

    @rule(gate=GATES)
    def go_on(self, gate: int) -> None:
        self.gates[gate].go_on()
        self.settle()

    @rule(gate=GATES, window=st.integers(1, 5), is_remote=st.booleans())
    def bind(self, gate: int, window: int, is_remote: bool) -> None:
        at = self.gates[gate]
        if len(at.sessions) < 2:
            session = WatchedSession(window, self)
            session.is_remote = is_remote
            at.sessions.append(session)
            at.desk.acme.add(session)
            at.desk.queues.bound(at.desk.acme)
        self.settle()

    @precondition(lambda self: self.under_way())
    @rule(session=PLACE, at=PLACE, status=st.sampled_from([0, 0, 0, 0, 0x58, 0x0B]))
    def answer(self, session: int, at: int, status: int) -> None:
        busy = [(gate, each) for gate in self.gates for each in gate.sessions if each.open]
        gate, answering = busy[session % len(busy)]
        at %= len(answering.open)
        text = answering.open[at]
        if status != 0x58:
            self.taken[text] = gate
            self.ever_taken.add(text)
        answering.answer(status, at)
        self.settle()

    @rule(gate=GATES, session=PLACE)
    def lose(self, gate: int, session: int) -> None:
        at = self.gates[gate]
        if at.sessions:
            lost = at.sessions.pop(session % len(at.sessions))
            at.desk.acme.remove(lost)
            at.desk.queues.lost(at.desk.acme)
            lost.lose()
        self.settle()

    @rule(gate=GATES)
    def time_out(self, gate: int) -> None:
        for session in self.gates[gate].sessions:
            session.expire(float("inf"))
        self.settle()

    @rule(gate=GATES)
    def rest(self, gate: int) -> None:
        """The gate stops in order: what it has under way is waited for."""
        self.gates[gate].rests = True
        self.gates[gate].desk.queues.rest()
        self.settle()

    @rule(gate=GATES)
    def die(self, gate: int) -> None:
        """kill -9, and another one is started."""
        died, self.gates[gate] = self.gates[gate], self.begin()
        died.ends.transport.lose()
        # An answer that did not get as far as the store is lost with the gate.
        self.clock.advance(0)
        for text in self.numbers():
            if self.taken.get(text) is died:
                del self.taken[text]
        self.settle()

    @invariant()
    def at_most_one_counts_them(self) -> None:
        assert sum(gate.desk.queue.is_mine for gate in self.gates) <= 1

    @invariant()
    def none_is_lost(self) -> None:
        missing = set(self.acknowledged) - self.numbers().keys() - self.ever_taken
        assert not missing, f"{missing} were acknowledged"

    def teardown(self) -> None:
        """In the end all of them reach the ESME."""
        for number, gate in enumerate(self.gates):
            self.go_on(number)
            if gate.rests:
                self.die(number)
        self.bind(0, 5, False)
        for _ in range(500):
            self.settle()
            if not self.numbers():
                break
            while self.under_way():
                self.answer(0, 0, 0)
            self.pass_time(60.0)
        assert not self.numbers(), "not all of them are delivered"
        queued = [gate.desk.queues.statistics().queued for gate in self.gates]
        assert queued == [0, 0, 0]
        self.pass_time(0.1)
        assert not any(gate.desk.queue.holds for gate in self.gates)


def _is_due(clock: Clock) -> bool:
    return any(call.getTime() <= clock.seconds() for call in clock.calls)


TestSharedOrder = SharedOrder.TestCase
TestSharedOrder.settings = settings(
    max_examples=40, stateful_step_count=50, deadline=None, phases=[Phase.generate]
)
