"""Every store does what `IStore` says: each is compared with one model, across restarts too."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from zope.interface.verify import verifyObject

from smppgate.store import (
    Enqueued,
    IStore,
    Limits,
    NewMessage,
    QueuedMessage,
    StoreStatistics,
)
from tests.store.boxes import LIFETIME, DiskBox, LooseBox, MemoryBox, SafeBox, TightBox
from tests.store.fakes import BEGUN, Watcher, octets, some
from tests.store.redis.box import RedisBox, SeveralRedisBox
from tests.workers.shared_boxes import SharedBox, SharedMemoryBox

# A return path may be kept for a sixteenth longer, and until the next tick, a second later; a
# restart knows the time of a whole piece of the journal only.
LONGEST = LIFETIME * (1 + 1 / 16 + 1 / 64) + 2.0
# A return path may end so many seconds late.
END_DELAY = 3.0

KEYS = st.sampled_from([b"", b"\0", *(b"key-%d" % number for number in range(12))])
VALUES = st.binary(max_size=8)
ACCOUNTS = st.sampled_from([b"", b"one", b"two,:\0\xff"])

ALONE: tuple[type[MemoryBox], ...] = (MemoryBox, DiskBox, TightBox, LooseBox, SafeBox)
"""Stores that no other process uses."""
BOXES = (*ALONE, SharedMemoryBox, SharedBox, RedisBox, SeveralRedisBox)


@pytest.mark.parametrize("box", [MemoryBox, DiskBox, SharedMemoryBox, SharedBox, RedisBox])
def test_it_has_what_the_interface_asks_for(box: type[MemoryBox]) -> None:
    made = box()
    assert verifyObject(IStore, made.store)
    assert isinstance(made.store.statistics(), StoreStatistics)
    made.close()


def _milliseconds(seconds: float) -> float:
    """No store knows more of a time."""
    return round(seconds, 3)


class Model(RuleBasedStateMachine):
    """Calls a store, and compares its answers with what the calls before lead to."""

    make: type[MemoryBox]

    @initialize()
    def begin(self) -> None:
        self.box = self.make()
        self.paths: dict[bytes, tuple[bytes, float]] = {}
        self.ends: dict[bytes, tuple[float, float]] = {}
        """When paths end at the earliest and, but for `END_DELAY`, at the latest."""
        self.latest = 0.0
        self.messages: dict[int, tuple[bytes, QueuedMessage]] = {}
        self.unnumbered: list[NewMessage] = []
        self.numbers = 0

    def teardown(self) -> None:
        if hasattr(self, "box"):
            self.box.close()

    @property
    def store(self) -> IStore:
        return self.box.store

    @property
    def now(self) -> float:
        return float(self.box.clock.seconds())

    @property
    def is_on_disk(self) -> bool:
        return isinstance(self.box, DiskBox)

    # Return paths

    @rule(paths=st.dictionaries(KEYS, VALUES, max_size=5))
    def keep(self, paths: dict[bytes, bytes]) -> None:
        kept = self.store.keep(paths)
        for key, value in paths.items():
            assert self.store.recent(key) == value
        self.box.wait(kept)
        self.paths.update({key: (value, self.now) for key, value in paths.items()})
        for key in paths:
            self.ends.pop(key, None)

    @rule(first=st.integers(0, 500), count=st.integers(1, 40), value=VALUES)
    def keep_many(self, first: int, count: int, value: bytes) -> None:
        # Four at a time, with pauses: memory has room for no more at once.
        for start in range(first, first + count, 4):
            self.keep(some(4, start, value.replace(b"%", b"")))
            for _ in range(4):
                self.box.clock.advance(0.01)

    @rule(keys=st.lists(KEYS, max_size=5), grace=st.sampled_from([0.0, 3.0, 100.0]))
    def end(self, keys: list[bytes], grace: float) -> None:
        self.store.end(keys, grace)
        # One end is never before that of another that was asked for sooner.
        self.latest = max(self.latest, self.now + grace)
        for key in keys:
            if key in self.paths:
                # One that may have ended does not come back.
                earliest = self.ends.get(key, (self.now + grace, 0.0))[0]
                earliest = earliest if earliest <= self.now else self.now + grace
                self.ends[key] = (earliest, self.latest)

    @rule(first=st.integers(0, 500), count=st.integers(1, 40))
    def end_many(self, first: int, count: int) -> None:
        self.end([octets(number) for number in range(first, first + count)], 0.0)

    @rule(keys=st.lists(st.one_of(KEYS, st.integers(0, 540).map(octets)), max_size=20))
    def find(self, keys: list[bytes]) -> None:
        found = self.box.wait(self.store.find(keys))
        assert found.is_complete
        assert found.paths.keys() <= set(keys)
        for key in keys:
            self._check(key, found.paths.get(key))

    @rule(key=KEYS)
    def look_up(self, key: bytes) -> None:
        value = self.store.recent(key)
        if value is not None or self.store.is_all_recent:
            self._check(key, value)

    def _check(self, key: bytes, value: bytes | None) -> None:
        kept, since = self.paths.get(key, (None, 0.0))
        earliest, latest = self.ends.get(key, (float("inf"), float("inf")))
        if value is not None:
            assert value == kept
            assert self.now - since <= LONGEST
            assert self.now <= latest + END_DELAY
        elif kept is not None:
            assert self.now - since >= LIFETIME - 1e-6 or self.now >= earliest - 1e-6

    # Queues and numbers

    @rule(
        new=st.lists(
            st.tuples(ACCOUNTS, st.binary(max_size=5), st.floats(-5, 5000).map(_milliseconds)),
            max_size=5,
        )
    )
    def enqueue(self, new: list[tuple[bytes, bytes, float]]) -> None:
        messages = [
            NewMessage(account, pdu, _milliseconds(self.now + ttl)) for account, pdu, ttl in new
        ]
        outcomes = self.box.wait(self.store.enqueue(messages))
        assert outcomes == [Enqueued.STORED] * len(messages)
        self.unnumbered += messages

    @rule(account=ACCOUNTS)
    def look_into_queue(self, account: bytes) -> None:
        """Read the whole queue, three messages at a time."""
        seen: list[QueuedMessage] = []
        while some := self.box.wait(self.store.queued(account, seen[-1].number if seen else 0, 3)):
            assert len(some) <= 3
            seen += some
        assert [(it.pdu, it.expires) for it in seen] == self._expected(account)
        numbers = [it.number for it in seen]
        assert numbers == sorted(set(numbers))

    @rule(account=ACCOUNTS, places=st.sets(st.integers(0, 6)))
    def remove(self, account: bytes, places: set[int]) -> None:
        messages = self.box.wait(self.store.queued(account, 0, 100))
        live = [it for it in self.unnumbered if it.account == account and it.expires > self.now]
        gone = [place for place in places if place < len(messages)]
        removed = self.store.remove(account, [messages[place].number for place in gone])
        for place in gone:
            self.unnumbered = [it for it in self.unnumbered if it is not live[place]]
        self.look_into_queue(account)
        self.box.wait(removed)

    @rule()
    def count(self) -> None:
        expected = {name: len(self._expected(name)) for name in (b"", b"one", b"two,:\0\xff")}
        sizes = self.box.wait(self.store.queue_sizes())
        assert sizes == {account: size for account, size in expected.items() if size}

    @rule()
    def ask_for_the_ends(self) -> None:
        live = {name: self._expected(name) for name in (b"", b"one", b"two,:\0\xff")}
        ends = self.box.wait(self.store.queue_ends())
        assert ends == {name: max(at for _, at in some) for name, some in live.items() if some}

    def _expected(self, account: bytes) -> list[tuple[bytes, float]]:
        live = [it for it in self.unnumbered if it.account == account and it.expires > self.now]
        return [(it.pdu, it.expires) for it in live]

    @rule(count=st.integers(1, 1000))
    def reserve(self, count: int) -> None:
        first = self.box.wait(self.store.reserve_numbers(count))
        assert first > self.numbers
        self.numbers = first + count - 1

    # Time, restarts and kills

    @rule(seconds=st.one_of(st.floats(0, 5), st.floats(0, LIFETIME)).map(_milliseconds))
    def let_time_pass(self, seconds: float) -> None:
        self.box.clock.pump([1.0] * min(5, int(seconds)) + [max(0.0, seconds - 5)])

    @precondition(lambda self: self.is_on_disk)
    @rule()
    def restart(self) -> None:
        assert isinstance(self.box, DiskBox)
        self.box.restart()

    @precondition(lambda self: self.is_on_disk)
    @rule()
    def kill(self) -> None:
        assert isinstance(self.box, DiskBox)
        # Ends of return paths are on disk within a second.
        self.box.clock.advance(1.0)
        self.box.kill()

    @rule()
    def nothing_failed(self) -> None:
        statistics = self.store.statistics()
        assert (statistics.failures, statistics.fault, statistics.lost) == (0, "", 0)
        assert statistics.forgotten == 0


@pytest.mark.parametrize("box", BOXES)
def test_it_does_what_the_model_says(box: type[MemoryBox]) -> None:
    class Run(Model):
        make = box

    Run.TestCase.settings = settings(
        max_examples=25, stateful_step_count=40, phases=[Phase.generate]
    )
    Run.TestCase().runTest()


@pytest.mark.parametrize("box", BOXES)
def test_what_is_no_octets_is_refused_and_nothing_of_it_kept(box: type[MemoryBox]) -> None:
    made = box()
    with pytest.raises(TypeError):
        made.store.keep({b"key": b"value", "text": b""})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        made.store.keep({b"key": 7})  # type: ignore[dict-item]
    assert made.store.recent(b"key") is None
    made.close()


@pytest.mark.parametrize("box", BOXES)
def test_it_may_be_closed_twice(box: type[MemoryBox]) -> None:
    made = box()
    made.wait(made.store.close())
    made.close()


@pytest.mark.parametrize("box", BOXES)
def test_a_full_queue_takes_what_it_has_room_for(box: type[MemoryBox]) -> None:
    """And what has left makes room, as soon as it is removed."""
    made = box()

    def put(count: int, account: bytes = b"one") -> list[Enqueued]:
        new = [NewMessage(account, b"pdu", BEGUN + 1000.0, limit=3)] * count
        return made.wait(made.store.enqueue(new))

    stored, full = Enqueued.STORED, Enqueued.FULL
    assert put(5) == [stored, stored, stored, full, full]
    assert put(1, b"two") == [stored]
    first, *_ = made.wait(made.store.queued(b"one", 0, 10))
    made.store.remove(b"one", [first.number])
    assert put(2) == [stored, full]
    assert made.wait(made.store.queue_sizes()) == {b"one": 3, b"two": 1}
    made.close()


@pytest.mark.parametrize("box", BOXES)
def test_a_message_is_removed_from_the_queue_of_its_account_only(box: type[MemoryBox]) -> None:
    made = box()
    made.wait(made.store.enqueue([NewMessage(b"one", b"pdu", BEGUN + 1000.0)]))
    (message,) = made.wait(made.store.queued(b"one", 0, 10))
    made.wait(made.store.remove(b"two", [message.number]))
    assert made.wait(made.store.queued(b"one", 0, 10)) == [message]
    made.close()


@pytest.mark.parametrize("box", ALONE)
def test_queues_are_those_of_the_only_process(box: type[MemoryBox]) -> None:
    """No other can have them, or put anything into them, so there is nothing to claim or tell."""
    made = box()
    assert not made.store.is_shared
    watcher = Watcher()
    made.store.watch(b"one", watcher)
    made.store.claim(b"one", rank=2)
    made.wait(made.store.enqueue([NewMessage(b"one", b"pdu", BEGUN + 1000.0)]))
    made.store.release(b"one")
    made.store.watch(b"one", None)
    assert watcher.heard == []
    made.close()


@pytest.mark.parametrize("box", BOXES)
def test_sessions_have_places_up_to_the_limit_of_their_account(box: type[MemoryBox]) -> None:
    made, full = box(), list[bytes]()
    store = made.store
    store.tell_full(full.append)
    assert [made.wait(store.admit(b"one", 2)) for _ in range(3)] == [True, True, False]
    assert full == [b"one"]
    assert made.wait(store.admit(b"two", 1))
    store.leave(b"one")
    assert [made.wait(store.admit(b"one", 2)) for _ in range(2)] == [True, False]
    store.leave(b"three")
    assert not made.wait(store.admit(b"three", 0))
    made.close()


@pytest.mark.parametrize("box", ALONE)
def test_the_only_process_has_all_limits_as_a_whole(box: type[MemoryBox]) -> None:
    """Nothing is told, whatever it wishes for."""
    made, told = box(), list[object]()
    made.store.tell_leased(told.append)
    made.store.lease({"account acme": 500})
    assert not made.store.is_quota_shared
    assert told == []
    made.close()


@pytest.mark.parametrize("box", BOXES)
def test_a_return_path_that_is_kept_anew_does_not_end(box: type[MemoryBox]) -> None:
    """The SMSC has given the same id again."""
    made = box()
    made.wait(made.store.keep({b"key": b"old", b"other": b"old"}))
    made.store.end([b"key", b"other"], 10.0)
    made.wait(made.store.keep({b"key": b"new"}))
    made.clock.pump([1.0] * 20)
    found = made.wait(made.store.find([b"key", b"other"]))
    assert found.paths == {b"key": b"new"}
    made.close()


@pytest.mark.parametrize("box", BOXES)
def test_what_it_keeps_at_once_is_kept_when_the_call_returns(box: type[MemoryBox]) -> None:
    made = box()
    if made.store.keeps_at_once:
        assert made.store.keep({b"key": b"value"}).called
    else:
        made.wait(made.store.keep({b"key": b"value"}))
    assert made.wait(made.store.find([b"key"])).paths == {b"key": b"value"}
    made.close()


@settings(max_examples=20)
@given(limit=st.integers(1, 100), count=st.integers(0, 300))
def test_memory_is_bounded_and_the_newest_stay(limit: int, count: int) -> None:
    class Bounded(MemoryBox):
        limits = Limits(return_paths=limit, return_paths_in_memory=limit, return_path_ttl=LIFETIME)

    made = Bounded()
    for number in range(count):
        made.store.keep({octets(number): b"value"})
        assert made.store.statistics().paths_recent <= limit
        assert made.store.recent(octets(number)) == b"value"
    made.close()


@pytest.mark.parametrize("box", [MemoryBox, DiskBox, TightBox])
def test_messages_go_when_they_expire_although_nobody_reads_them(box: type[MemoryBox]) -> None:
    made = box()
    made.wait(made.store.enqueue([NewMessage(b"one", b"pdu", BEGUN + 5.0)] * 3))
    made.wait(made.store.enqueue([NewMessage(b"one", b"pdu", BEGUN + 1000.0)]))
    told: list[tuple[bytes, QueuedMessage]] = []
    made.store.tell_expired(lambda account, message: told.append((account, message)))
    made.wait(made.store.enqueue([NewMessage(b"two:,", bytes(range(256)), BEGUN + 7.25)]))
    (removed,) = made.wait(made.store.queued(b"one", 0, 1))
    made.store.remove(b"one", [removed.number])
    for _ in range(60):
        made.clock.advance(1.0)
    assert made.store.statistics().queued == 1
    assert [(account, it.pdu, it.expires) for account, it in told] == [
        (b"one", b"pdu", BEGUN + 5.0),
        (b"one", b"pdu", BEGUN + 5.0),
        (b"two:,", bytes(range(256)), BEGUN + 7.25),
    ]
    assert removed.number not in [it.number for account, it in told if account == b"one"]
    made.close()


@pytest.mark.parametrize("box", [DiskBox, TightBox])
def test_statistics_count_what_is_in_each_place(box: type[DiskBox]) -> None:
    made = box()
    for start in range(0, 300, 3):
        made.wait(made.store.keep(some(3, start)))
        made.clock.pump([0.01] * 5)
    made.wait(made.store.enqueue([NewMessage(b"one", b"pdu", BEGUN + 100)] * 3))
    made.clock.advance(1.0)
    statistics = made.store.statistics()
    assert statistics.paths_on_disk == 300
    assert statistics.paths_recent == 300 or box is TightBox
    assert (statistics.unsaved, statistics.forgotten, statistics.queued) == (0, 0, 3)
    assert statistics.octets > 4096
    assert made.store.is_all_recent is (box is DiskBox)
    made.close()
