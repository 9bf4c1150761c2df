"""Whatever becomes of the processes of a gate, what they have kept is found by each of them."""

from __future__ import annotations

from functools import partial
from math import inf
from pathlib import Path
from random import Random

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from twisted.internet.defer import Deferred

from smppgate.store import Limits
from smppgate.store.segments.files import FOLDER, Folder
from smppgate.store.segments.index import hash_of, read_index
from smppgate.store.segments.names import index_of, segment_of
from smppgate.store.segments.records import body_at, unpack
from smppgate.store.segments.sizes import Sizes
from tests.store.fakes import octets
from tests.store.processes import LIFETIME, Processes

KEYS = st.integers(0, 15).map(octets)
NUMBERS = st.integers(1, 4)
LONGEST = LIFETIME * (1 + 1 / 16 + 1 / 64 + 1 / 64) + 2.0


class Model(RuleBasedStateMachine):
    """Asks as the gate does: a process, then the others, then the folders of those that are dead.

    :ivar kept: name of the folder → key → value and time of what was kept there last.
    :ivar values: key → all values it ever had, with their times.
    :ivar ends: key → since when it may be unknown, as it was to end somewhere.
    :ivar over: key → name of the folder in which it was noted that it has ended.
    """

    @initialize(
        count=NUMBERS,
        segment=st.sampled_from([300, 1500, 6000]),
        table=st.integers(1, 40),
        piece=st.integers(5, 60),
        replay=st.sampled_from([100, 1 << 20]),
        memory=st.integers(60, 400),
    )
    def begin(
        self, count: int, segment: int, table: int, piece: int, replay: int, memory: int
    ) -> None:
        sizes = Sizes(segment=segment, table=table, piece=piece, replay=replay)
        limits = Limits(return_paths_in_memory=memory, return_path_ttl=LIFETIME)
        self.several = Processes(count, limits, sizes)
        self.kept: dict[str, dict[bytes, tuple[bytes, float]]] = {}
        self.values: dict[bytes, dict[bytes, float]] = {}
        self.ends: dict[bytes, float] = {}
        self.over: dict[bytes, str] = {}
        self.written = 0

    def teardown(self) -> None:
        if hasattr(self, "several"):
            self.several.remove()

    @property
    def now(self) -> float:
        return float(self.several.clock.seconds())

    def _living(self, number: int) -> int:
        """A process that is not dead."""
        living = sorted(self.several.stores)
        return living[number % len(living)]

    def _folder(self, number: int) -> str:
        return self._name(self.several.home(number).own)

    def _name(self, directory: Path) -> str:
        return directory.relative_to(self.several.root).name

    # What users do

    @rule(number=NUMBERS, keys=st.lists(KEYS, max_size=8, unique=True))
    def keep(self, number: int, keys: list[bytes]) -> None:
        number = self._living(number)
        self.written += 1
        value = b"%d" % self.written
        self.several.keep(number, dict.fromkeys(keys, value))
        kept = self.kept.setdefault(self._folder(number), {})
        for key in keys:
            kept[key] = (value, self.now)
            self.over.pop(key, None)
            self.values.setdefault(key, {})[value] = self.now

    @rule(number=NUMBERS, first=st.integers(100, 400), count=st.integers(1, 60))
    def keep_many(self, number: int, first: int, count: int) -> None:
        self.keep(number, [octets(it) for it in range(first, first + count)])

    @rule(number=NUMBERS, keys=st.lists(KEYS, max_size=4), grace=st.sampled_from([0.0, 50.0]))
    def end(self, number: int, keys: list[bytes], grace: float) -> None:
        """It holds in that process's folder, for what was kept before."""
        number = self._living(number)
        self.several.stores[number].end(keys, grace)
        for key in keys:
            self.ends[key] = min(self.ends.get(key, inf), self.now + grace)
            if not grace:
                self.over[key] = self._folder(number)
        # What is left over has ended with it.
        assert grace or not self.several.find(number, keys).paths

    @rule(number=NUMBERS, keys=st.lists(st.one_of(KEYS, st.integers(100, 470).map(octets))))
    def find(self, number: int, keys: list[bytes]) -> None:
        number = self._living(number)
        found = self.several.find(number, keys)
        assert found.is_complete
        own = self.kept.get(self._folder(number), {})
        for key in keys:
            value = found.paths.get(key)
            if key in own and key not in self.ends and self.now - own[key][1] < LIFETIME:
                assert value == own[key][0]
            self._check(key, value or self._found_elsewhere(number, key))

    def _found_elsewhere(self, number: int, key: bytes) -> bytes | None:
        for other in self.several.stores:
            if other != number:
                found = self.several.find(other, [key])
                assert found.is_complete
                if key in found.paths:
                    return found.paths[key]
        if len(self.several.stores) == self.several.count:
            return None
        return self.several.find_beside(number, [key]).get(key)

    @rule(number=NUMBERS)
    def find_all(self, number: int) -> None:
        self.find(number, list(self.values))

    @rule(number=NUMBERS)
    def look_beside(self, number: int) -> None:
        """What is found has been kept, also while its owner lives and has a newer one."""
        for key, value in self.several.find_beside(self._living(number), self.values).items():
            assert self.now - self.values[key][value] <= LONGEST

    def _check(self, key: bytes, value: bytes | None) -> None:
        """That is what all processes together say of ``key``."""
        if value is not None:
            assert self.now - self.values[key][value] <= LONGEST
            assert not self._is_over(key)
            return
        if self.ends.get(key, inf) <= self.now + 1:
            return
        dead = {
            self._folder(it)
            for it in range(1, self.several.count + 1)
            if it not in self.several.stores
        }
        for name, kept in self.kept.items():
            is_kept = key in kept and self.now - kept[key][1] < LIFETIME - 1e-6
            is_unread = name in dead or (name in self._left() and 1 not in self.several.stores)
            assert not is_kept or (is_unread and not self._is_indexed(name, *kept[key], key))

    def _is_over(self, key: bytes) -> bool:
        """Whether ``key`` has ended where all its return paths are, as far as is promised.

        A return path of a process's own counts also where it has ended in what is left over.
        """
        if key not in self.over or len(self.several.stores) < self.several.count:
            return False
        left = self._left()
        elsewhere = {name for name, kept in self.kept.items() if key in kept} - {self.over[key]}
        is_asked = self.over[key] in left | {self._folder(1)}
        return not elsewhere or (is_asked and elsewhere <= left)

    def _left(self) -> set[str]:
        return {self._name(it) for it in self.several.home(1).left_over()}

    def _is_indexed(self, name: str, value: bytes, time: float, key: bytes) -> bool:
        """Whether an index in that folder leads to this value of ``key``."""
        folder = Folder(self.several.root / name / FOLDER)
        hashed = int.from_bytes(hash_of(key), "big")
        for file in folder.sizes():
            index = index_of(file)
            log = f"{index.stem}.log" if index is not None else ""
            if segment_of(log) is not None and log in folder.sizes():
                for offset in read_index(folder, file).offsets(folder, hashed):
                    record = unpack(body_at(partial(folder.read, log), offset, 1 << 16))
                    if record is not None and record.paths.get(key) == value:
                        folder.close()
                        return True
        folder.close()
        return False

    # What becomes of them

    @rule(seconds=st.one_of(st.floats(0, 5), st.floats(0, LIFETIME)))
    def let_time_pass(self, seconds: float) -> None:
        self.several.clock.advance(seconds)
        self.several.tick(2)

    @rule(count=NUMBERS)
    def restart(self, count: int) -> None:
        self.several.tick()
        self.several.restart(count)

    @rule(count=NUMBERS)
    def kill(self, count: int) -> None:
        """Ends are on disk within a second."""
        self.several.tick()
        self.several.kill(count)

    @precondition(lambda self: len(self.several.stores) > 1)
    @rule(number=NUMBERS)
    def kill_one(self, number: int) -> None:
        self.several.tick()
        self.several.kill_one(self._living(number))

    @precondition(lambda self: len(self.several.stores) < self.several.count)
    @rule(data=st.data())
    def start_again(self, data: st.DataObject) -> None:
        dead = set(range(1, self.several.count + 1)) - set(self.several.stores)
        self.several.start(data.draw(st.sampled_from(sorted(dead))))

    @rule(seed=st.integers(0, 1000))
    def compact(self, seed: int) -> None:
        """Let one process be short of room for a while; what has ended may go at once."""
        number = self._living(seed)
        room = self.several.stores[number]._paths._room
        chance = Random(seed)
        for _ in range(chance.randint(1, 20)):
            sources = room._sources()
            if not sources:
                break
            self.several.wait(Deferred.fromCoroutine(room._compact(sources)))
        self.ends = dict.fromkeys(self.ends, self.now)


Model.TestCase.settings = settings(
    max_examples=settings().max_examples * 2 // 5,
    stateful_step_count=30,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
)
TestModel = Model.TestCase
