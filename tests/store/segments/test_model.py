"""Whatever happens, return paths are found as a dictionary has them."""

from __future__ import annotations

from random import Random

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from twisted.internet.defer import Deferred

from smppgate.store.records import Durability, Limits
from smppgate.store.segments.sizes import Sizes
from tests.store.fakes import octets
from tests.store.segments.boxes import LIFETIME, Box

KEYS = st.integers(0, 60).map(octets)
VALUES = st.binary(max_size=3)
LONGEST = LIFETIME * (1 + 1 / 16 + 1 / 64 + 1 / 64) + 2.0


class Model(RuleBasedStateMachine):
    """Calls the store and compares its answers with what the calls before lead to."""

    @initialize(
        segment=st.sampled_from([300, 1500, 6000]),
        table=st.integers(1, 40),
        piece=st.integers(5, 60),
        replay=st.sampled_from([100, 1 << 20]),
        memory=st.integers(60, 200),
        durability=st.sampled_from([Durability.PROCESS, Durability.DISK]),
    )
    def begin(
        self,
        segment: int,
        table: int,
        piece: int,
        replay: int,
        memory: int,
        durability: Durability,
    ) -> None:
        sizes = Sizes(segment=segment, table=table, piece=piece, replay=replay)
        limits = Limits(return_paths_in_memory=memory, return_path_ttl=LIFETIME)
        self.box = Box(limits, sizes, durability)
        self.paths: dict[bytes, tuple[bytes, float]] = {}
        self.ends: dict[bytes, tuple[float, float]] = {}
        self.is_failing = False
        self.forgets = False

    @property
    def now(self) -> float:
        return float(self.box.clock.seconds())

    @rule(paths=st.dictionaries(KEYS, VALUES, max_size=8))
    def keep(self, paths: dict[bytes, bytes]) -> None:
        kept = self.box.paths.keep(paths)
        for key, value in paths.items():
            self.paths[key] = (value, self.now)
            self.ends.pop(key, None)
            assert self.box.paths.recent(key) == value
        self.box.wait(kept)
        self.box.clock.advance(0)

    @rule(first=st.integers(100, 500), count=st.integers(1, 60))
    def keep_many(self, first: int, count: int) -> None:
        self.keep({octets(it): b"%d" % it for it in range(first, first + count)})

    @rule(keys=st.lists(KEYS, max_size=5), grace=st.sampled_from([0.0, 1.0, 50.0]))
    def end(self, keys: list[bytes], grace: float) -> None:
        self.box.paths.end(keys, grace)
        for key in dict.fromkeys(keys):
            # One that has ended may come back until the new end, if memory does not know of it.
            earliest = self.ends.get(key, (self.now + 1, 0.0))[0]
            earliest = earliest if earliest <= self.now else self.now + grace
            self.ends[key] = (earliest, self.now + grace)

    @rule(keys=st.lists(st.one_of(KEYS, st.integers(100, 600).map(octets)), max_size=30))
    def find(self, keys: list[bytes]) -> None:
        found = self.box.find(keys)
        assert found.is_complete or self.is_failing
        for key in keys:
            self._check(key, found.paths.get(key), found.is_complete)

    @rule()
    def find_all(self) -> None:
        self.find(list(self.paths))

    @rule(key=KEYS)
    def look_up(self, key: bytes) -> None:
        value = self.box.paths.recent(key)
        if value is not None or self.box.paths.is_all_recent:
            self._check(key, value, True)

    @rule(seconds=st.one_of(st.floats(0, 5), st.floats(0, LIFETIME)))
    def let_time_pass(self, seconds: float) -> None:
        self.box.clock.advance(seconds)
        self.box.tick()

    @precondition(lambda self: not self.is_failing)
    @rule()
    def restart(self) -> None:
        self.box.restart()

    @precondition(lambda self: not self.is_failing)
    @rule(is_power=st.booleans(), seed=st.integers(0, 1000))
    def kill(self, is_power: bool, seed: int) -> None:
        """At any moment; ends are on disk within a second."""
        self.box.tick()
        loses = is_power and self.box.durability is Durability.DISK
        self.box.kill(Random(seed) if loses else None)

    @precondition(lambda self: not self.is_failing)
    @rule(data=st.data())
    def lose_index(self, data: st.DataObject) -> None:
        """While the store is closed: removed, cut or changed."""
        self.box.close()
        names = [name for name in self.box.folder.files if name.endswith(".idx")]
        if names:
            name = data.draw(st.sampled_from(sorted(names)))
            content = self.box.folder.files[name].octets
            how = data.draw(st.sampled_from(["remove", "cut", "change"]))
            if how == "remove":
                self.box.folder.remove(name)
            elif how == "cut":
                del content[data.draw(st.integers(0, len(content))) :]
            else:
                content[data.draw(st.integers(0, len(content) - 1))] ^= 255
        self.box.open()
        # One whose damage shows only when it is read is made anew then: by a look for any key, for
        # an index of ends alone has no path.
        self.is_failing = True
        self.box.find([octets(it) for it in range(601)])
        self.box.tick(3)
        self.is_failing = False

    @precondition(lambda self: not self.is_failing)
    @rule()
    def remove_index(self) -> None:
        """While it is open."""
        names = [name for name in self.box.folder.files if name.endswith(".idx")]
        if names:
            self.box.folder.remove(max(names))
            self.box.tick(3)

    @rule(room=st.integers(0, 300), longest=st.sampled_from([7, 1 << 40]), tails=st.booleans())
    def fill_disk(self, room: int, longest: int, tails: bool) -> None:
        folder = self.box.folder
        folder.room = sum(folder.sizes().values()) + room
        folder.longest_write, folder.keeps_tails = longest, tails
        self.is_failing = True

    @rule()
    def mend(self) -> None:
        folder = self.box.folder
        folder.room, folder.longest_write, folder.keeps_tails = 1 << 40, 1 << 40, False
        self.box.tick(70)
        self.is_failing = False
        assert self.box.paths.unsaved == 0
        assert str(self.box.faults) == ""

    @precondition(lambda self: not self.is_failing)
    @rule()
    def compact(self) -> None:
        """Until nothing more can be compacted. What is to end at some time may go at once."""
        self.ends = {key: (self.now, latest) for key, (_, latest) in self.ends.items()}
        room = self.box.paths._room
        for _ in range(50):
            sources = room._sources()
            if not sources:
                break
            try:
                self.box.wait(Deferred.fromCoroutine(room._compact(sources)))
            except OSError:
                # An index is damaged that nobody has read yet.
                break

    def _check(self, key: bytes, value: bytes | None, is_complete: bool) -> None:
        kept, since = self.paths.get(key, (None, 0.0))
        never = float("inf")
        earliest, latest = self.ends.get(key, (never, never))
        if value is not None:
            assert value == kept
            assert self.now < latest
            assert self.now - since <= LONGEST
        elif kept is not None and is_complete and self.now < earliest:
            assert self.now - since >= LIFETIME - 1e-6


Model.TestCase.settings = settings(
    max_examples=settings().max_examples * 3 // 5,
    stateful_step_count=40,
    phases=[Phase.generate, Phase.shrink],
)
TestModel = Model.TestCase
