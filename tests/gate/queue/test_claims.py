"""Queues that two gates share: one of them sends, both put in, and no message passes another."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smppgate.gate.queue.account_queue import QueueStatistics
from smppgate.store import Limits, MemoryStore, QueuedMessage
from smppgate.store.sharing import QueueShare, SharedQueues
from tests.fakes import outcomes
from tests.gate.queue.queueing import Desk, Session

OK, FULL, LATER, TOO_MANY = 0, 0x14, 0x64, 0x58


class Gates:
    """Two gates and what they share."""

    def __init__(self, limit: int = 100) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock, Limits())
        self.store.open()
        self.shared = SharedQueues(self.store)
        self.shares: list[QueueShare] = []
        self.a, self.b = self.gate(limit), self.gate(limit)

    def gate(self, limit: int = 100) -> Desk:
        """One gate more."""
        self.shares.append(self.shared.join())
        desk = Desk(self.clock, self.shares[-1], limit)
        desk.turn()
        return desk

    def statistics(self) -> QueueStatistics:
        return self.a.queues.statistics() + self.b.queues.statistics()


def test_one_gate_counts_what_both_put_in() -> None:
    gates = Gates()
    gates.a.stored("a1", "a2")
    gates.b.stored("b1")
    assert (gates.a.smsc.answers, gates.b.smsc.answers) == ({"a1": OK, "a2": OK}, {"b1": OK})
    assert [each.queues.statistics().queued for each in (gates.a, gates.b)] == [3, 0]
    assert gates.a.queue.holds
    assert gates.b.queue.holds


def test_the_gate_where_the_esme_binds_sends_what_all_have_put_in() -> None:
    gates = Gates()
    gates.a.stored("a1")
    gates.b.stored("b1")
    gates.a.stored("a2")
    session = gates.b.bind()
    assert session.texts == ["a1", "b1", "a2"]
    assert [each.queues.statistics().queued for each in (gates.a, gates.b)] == [0, 3]
    for _ in range(3):
        session.answer()
    gates.b.turn()
    assert gates.statistics() == QueueStatistics(delivered=3)


def test_what_comes_at_one_gate_goes_behind_what_the_other_has_not_sent() -> None:
    gates = Gates()
    session = gates.a.bind(Session(window=1))
    gates.a.stored("a1", "a2")
    assert session.texts == ["a1"]
    assert gates.b.queue.holds
    gates.b.stored("b1")
    for _ in range(3):
        session.answer()
        gates.a.turn()
    assert session.texts == ["a1", "a2", "b1"]
    assert not gates.b.queue.holds
    assert not gates.a.queue.holds


def test_what_it_has_put_in_itself_is_ahead_until_the_other_has_sent_it() -> None:
    gates = Gates()
    gates.b.stored("b1")
    assert gates.b.queue.holds
    session = gates.a.bind()
    assert session.texts == ["b1"]
    assert gates.b.queue.holds
    session.answer()
    gates.a.turn()
    assert not gates.b.queue.holds


def test_a_gate_that_is_asked_to_lets_go_when_nothing_is_under_way() -> None:
    gates = Gates()
    gates.a.stored("a1", "a2", "a3")
    # A session of another node, say.
    far = Session(window=2)
    far.is_remote = True
    gates.a.bind(far)
    assert far.texts == ["a1", "a2"]
    near = gates.b.bind()
    assert near.texts == []
    far.answer()
    gates.a.turn()
    assert (far.texts, near.texts) == (["a1", "a2"], [])
    far.answer(TOO_MANY)
    gates.a.turn()
    assert near.texts == ["a2", "a3"]
    assert gates.statistics() == QueueStatistics(queued=2, delivered=1)
    assert gates.a.clock.getDelayedCalls() != []


def test_the_claim_follows_the_sessions() -> None:
    gates = Gates()
    first = gates.a.bind()
    second = gates.b.bind()
    gates.a.stored("1")
    assert first.texts == ["1"]
    gates.a.lose(first)
    assert second.texts == ["1"]
    gates.a.stored("2")
    assert second.texts == ["1", "2"]
    assert gates.statistics().queued == 2


def test_the_other_goes_on_when_a_gate_dies() -> None:
    gates = Gates()
    gates.a.stored("1", "2")
    session = gates.a.bind(Session(window=1))
    session.answer()
    gates.a.turn()
    assert session.texts == ["1", "2"]
    other = gates.b.bind()
    gates.shares[0].leave()
    gates.b.turn()
    assert other.texts == ["2"]
    assert gates.b.queues.statistics().queued == 1


def test_a_gate_that_rests_lets_go_and_puts_in_all_the_same() -> None:
    gates = Gates()
    session = gates.a.bind()
    other = gates.b.bind()
    gates.a.stored("1")
    gates.a.queues.rest()
    gates.a.stored("2")
    assert (session.texts, other.texts) == (["1"], [])
    session.answer()
    gates.a.turn()
    assert (session.texts, other.texts) == (["1"], ["2"])
    assert gates.a.smsc.answers == {"1": OK, "2": OK}
    gates.a.lose(session)
    gates.a.bind()
    assert gates.a.queues.statistics().queued == 0


def test_the_limit_counts_what_all_have_put_in() -> None:
    gates = Gates(limit=3)
    gates.a.stored("a1", "a2")
    gates.b.stored("b1", "b2")
    gates.a.stored("a3")
    assert gates.b.smsc.answers == {"b1": OK, "b2": FULL}
    assert gates.a.smsc.answers == {"a1": OK, "a2": OK, "a3": FULL}
    assert gates.statistics() == QueueStatistics(queued=3, refused=2)


def test_only_the_gate_with_the_claim_drops_what_waits() -> None:
    gates = Gates()
    gates.a.stored("a1", "a2")
    gates.b.stored("b1")
    dropped: list[int] = []
    for gate in (gates.b, gates.a):
        running = gate.queue.drop()
        try:
            running.send(None)
        except StopIteration as done:
            dropped.append(done.value)
    assert dropped == [0, 3]
    assert gates.statistics() == QueueStatistics(dropped=3)
    gates.b.turn()
    assert not gates.b.queue.holds


def test_what_was_read_to_be_dropped_is_sent_where_the_queue_has_gone_meanwhile() -> None:
    """Also when it has come back by then."""
    gates = Gates()
    gates.a.stored("1", "2", "3")
    share, read = gates.shares[0], gates.shares[0].queued
    messages = outcomes(read(b"acme", 0, 2))[0]
    reads: list[Deferred[list[QueuedMessage]]] = [Deferred(), Deferred()]
    share.queued = lambda *_: reads[-1]
    drops = [outcomes(Deferred.fromCoroutine(gates.a.queue.drop()))]
    session = gates.b.bind(Session(window=1))
    reads.pop().callback(messages)
    assert drops == [[0]]
    assert gates.statistics() == QueueStatistics(queued=3)
    gates.b.lose(session)
    gates.a.bind(Session(window=0))
    drops.append(outcomes(Deferred.fromCoroutine(gates.a.queue.drop())))
    gates.a.lose(gates.a.acme.sessions[0])
    session = gates.b.bind()
    session.answer()
    session.answer()
    gates.b.lose(session)
    gates.a.bind(Session(window=0))
    reads.pop().callback(messages)
    assert drops == [[0], [0]]
    assert gates.statistics() == QueueStatistics(queued=1, delivered=2)


def test_a_queue_that_has_expired_before_it_is_let_go_holds_nothing() -> None:
    """What the gate with the claim has counted is not what is there."""
    gates = Gates()
    gates.a.queues.change(gates.a.acme, 100, 5.0)
    gates.a.stored("1")
    for _ in range(8):
        gates.a.turn(1.0)
    assert gates.a.queue.stored == 1
    gates.b.bind()
    assert not gates.a.queue.is_mine
    assert not gates.a.queue.holds


def test_a_queue_that_is_removed_before_it_is_counted_goes_when_it_is() -> None:
    gates = Gates()
    gates.a.stored("1")
    share = gates.shared.join()
    watch, watched = share.watch, []
    later: Any = lambda *asked: watched.append(asked)  # noqa: E731
    share.watch = later  # type: ignore[method-assign]
    third = Desk(gates.clock, share)
    third.turn()
    third.queues.remove(third.acme)
    third.turn()
    (mine,) = [asked for asked in watched if asked[0] == b"acme"]
    watch(*mine)
    third.turn()
    assert watched[-1] == (b"acme", None)


def test_only_the_gate_with_the_claim_needs_a_receiver() -> None:
    gates = Gates()
    asked: list[str] = []
    gates.a.queue.sender.receiver_needed = lambda: asked.append("a")
    gates.b.queue.sender.receiver_needed = lambda: asked.append("b")
    gates.b.stored("b1")
    assert set(asked) == {"a"}
    assert gates.a.queue.sender.needs_receiver
    assert not gates.b.queue.sender.needs_receiver


def test_what_expires_is_told_and_counted_once() -> None:
    gates = Gates()
    gates.a.stored("a1")
    gates.b.stored("b1")
    gates.a.turn(2000.0)
    gates.a.turn(60.0)
    assert gates.a.lost + gates.b.lost == [
        ("acme", "a1", "expired"),
        ("acme", "b1", "expired"),
    ]
    assert gates.statistics() == QueueStatistics(expired=2)
    assert not gates.b.queue.holds


def test_a_queue_that_closes_is_gone_everywhere_when_it_is_empty() -> None:
    gates = Gates()
    gates.a.stored("1")
    gone: list[str] = []
    for name, gate in (("a", gates.a), ("b", gates.b)):
        closing = gate.queues.close(gate.acme)
        closing.addCallback(lambda is_gone, name=name: gone.append(f"{name} {is_gone}"))
    gates.a.turn()
    assert gone == []
    session = gates.b.bind()
    session.answer()
    gates.a.turn()
    assert sorted(gone) == ["a True", "b True"]
    again = gates.a.queues.add(gates.a.acme, 10, 1000.0)
    gates.a.turn()
    assert again.is_mine


def test_an_account_that_is_removed_at_one_gate_is_the_others() -> None:
    gates = Gates()
    gates.a.stored("1", "2")
    session = gates.a.bind(Session(window=1))
    other = gates.b.bind()
    gates.a.queues.remove(gates.a.acme)
    gates.a.turn()
    assert other.texts == []
    session.answer()
    gates.a.turn()
    assert other.texts == ["2"]
    assert gates.statistics() == QueueStatistics(queued=1, delivered=1)


def test_an_account_that_returns_while_its_last_message_is_under_way() -> None:
    """It lets go all the same, as it may have been asked to, and asks again."""
    gates = Gates()
    gates.a.stored("1", "2")
    session = gates.a.bind(Session(window=1))
    gates.a.queues.remove(gates.a.acme)
    gates.a.queue = gates.a.queues.add(gates.a.acme, 100, 1000.0)
    gates.a.turn()
    assert session.texts == ["1"]
    session.answer()
    gates.a.turn()
    assert session.texts == ["1", "2"]
    assert gates.a.queue.is_mine


def test_a_gate_that_starts_hears_what_is_there() -> None:
    gates = Gates()
    gates.a.stored("1")
    third = gates.gate()
    assert third.queue.holds
    third.stored("2")
    assert third.smsc.answers == {"2": OK}
    session = third.bind()
    assert session.texts == ["1", "2"]
