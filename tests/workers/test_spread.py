"""The worker with the fewest connections gets the next, and of several each in its turn."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.workers.spread import Spread


def spread(workers: int) -> Spread:
    made = Spread()
    for each in range(workers):
        made.join(each)
    return made


def test_without_workers_nobody_gets_one() -> None:
    assert Spread().next("a") is None


@given(st.integers(1, 32), st.integers(1, 5))
def test_sessions_are_spread_evenly(workers: int, each: int) -> None:
    made = spread(workers)
    got = Counter(made.next("a") for _ in range(workers * each))
    assert set(got.values()) == {each}


def test_eight_workers_hold_sixteen_sessions_as_two_each_while_others_come_and_go() -> None:
    """Looks of a balancer, which close at once, move the turn and nothing else."""
    made = spread(8)
    taken: Counter[int] = Counter()
    held: Counter[int] = Counter()
    for _ in range(16):
        for is_kept in (False, True):
            worker = made.next("a")
            assert worker is not None
            taken[worker] += 1
            held[worker] += is_kept
            made.told(worker, "a", held[worker], taken[worker])
    assert set(held.values()) == {2}
    assert made.of_listener("a") == 16


def test_a_worker_that_comes_back_has_none_and_gets_those_that_come() -> None:
    made = spread(2)
    for _ in range(10):
        made.next("a")
    made.leave(0)
    assert [made.next("a") for _ in range(2)] == [1, 1]
    made.join(0)
    assert [made.next("a") for _ in range(7)] == [0] * 7
    assert (made.load(0), made.load(1)) == (7, 7)


def test_what_a_worker_tells_that_is_gone_is_not_counted() -> None:
    made = spread(1)
    made.leave(0)
    made.told(0, "a", 5, 5)
    assert made.of_listener("a") == 0
    assert made.workers == []


class Connections(RuleBasedStateMachine):
    """Workers that are told late of what they are given, and tell late of what has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.spread = spread(3)
        self.way: dict[int, list[str]] = {each: [] for each in range(3)}
        self.open: dict[int, Counter[str]] = {each: Counter() for each in range(3)}
        self.taken: dict[int, Counter[str]] = {each: Counter() for each in range(3)}

    @rule(listener=st.sampled_from("ab"))
    def connect(self, listener: str) -> None:
        loads = {each: self.spread.load(each) for each in self.spread.workers}
        worker = self.spread.next(listener)
        assert worker is not None
        assert loads[worker] == min(loads.values())
        self.way[worker].append(listener)

    @rule(worker=st.integers(0, 2))
    def arrive(self, worker: int) -> None:
        for listener in self.way[worker]:
            self.open[worker][listener] += 1
            self.taken[worker][listener] += 1
        self.way[worker].clear()
        self.tell(worker)

    @rule(worker=st.integers(0, 2), listener=st.sampled_from("ab"))
    def lose(self, worker: int, listener: str) -> None:
        if self.open[worker][listener]:
            self.open[worker][listener] -= 1
            self.tell(worker)

    def tell(self, worker: int) -> None:
        for listener in "ab":
            opened, taken = self.open[worker][listener], self.taken[worker][listener]
            self.spread.told(worker, listener, opened, taken)

    @invariant()
    def all_are_counted(self) -> None:
        for listener in "ab":
            assert self.spread.of_listener(listener) == sum(
                self.open[each][listener] + self.way[each].count(listener) for each in range(3)
            )
        for each in range(3):
            assert self.spread.load(each) == self.open[each].total() + len(self.way[each])


TestConnections = Connections.TestCase
