"""Whatever fails, in whatever order: what was acknowledged is found, the newest, until it ends."""

from __future__ import annotations

import errno
from functools import partial

from hypothesis import event, given, settings
from hypothesis import strategies as st

from smppgate.store.records import Limits
from tests.store.redis.model import ModelRedis
from tests.store.redis.path_box import LIFETIME, PathBox
from tests.store.segments.model_disk import ModelFolder

KEYS = (b"a", b"b", b"c", b"d", b"e")
GRACE = 3.0
# Seconds that an end takes to be as safe as it is to be, see `IReturnPaths.end`.
SAFE = 1.0
FULL = OSError(errno.ENOSPC, "a test says that the disk is full")

_keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)
_server = st.integers(0, 1)
_often = st.one_of(
    st.tuples(st.just("keep"), _keys),
    st.tuples(st.just("end"), _keys),
    st.tuples(st.just("pass"), st.sampled_from((0.02, 0.1, 0.3, 1.0))),
)
_trouble = st.one_of(
    st.tuples(st.just("freeze"), _server),
    st.tuples(st.just("thaw"), _server),
    st.tuples(st.just("refuse"), _server),
    st.tuples(st.just("allow"), _server),
    st.tuples(st.just("lose"), _server),
    st.tuples(st.just("stop"), _server),
    st.tuples(st.just("start"), _server),
    st.tuples(st.just("burst"), st.integers(20, 60)),
    st.tuples(st.just("look"), _keys),
)
_ends = st.tuples(st.sampled_from(("kill", "restart")), st.none())
_disk = st.tuples(st.sampled_from(("fill", "free")), _server)


class _Key:
    """What is known of a key.

    :ivar newest: the value that was kept last; ``maybe`` those that may be there instead, as long
        as it is not acknowledged, or where a kill came before its end was safe.
    """

    def __init__(self) -> None:
        self.newest: bytes | None = None
        self.is_acknowledged = True
        self.due: float | None = None
        self.ended_at = 0.0
        self.maybe: set[bytes | None] = set()
        self.earlier: set[bytes] = set()

    def kept(self, value: bytes) -> None:
        if self.newest is not None:
            self.earlier.add(self.newest)
        self.maybe.add(self.newest)
        if self.due is not None:
            self.maybe.add(None)
        self.newest, self.is_acknowledged, self.due = value, False, None

    def acknowledged(self, value: bytes) -> None:
        if value == self.newest:
            self.is_acknowledged = True
            self.maybe.clear()

    def ended(self, now: float) -> None:
        if self.due is None and self.newest is not None:
            self.due, self.ended_at = now + GRACE, now

    def killed(self, now: float) -> None:
        if not self.is_acknowledged:
            self.maybe |= {self.newest, None}
        if self.due is not None and now < self.ended_at + SAFE:
            self.maybe.add(self.newest)

    def expected(self, now: float) -> set[bytes | None]:
        """What may be found when all works."""
        is_over = self.due is not None and now > self.due
        return self.maybe | {None if is_over else self.newest}


class _World:
    def __init__(self, count: int) -> None:
        limits = Limits(return_paths_in_memory=3, return_path_ttl=LIFETIME)
        self.box = PathBox(count, limits)
        self.keys = {key: _Key() for key in KEYS}
        self.numbers = 0
        self.burst: dict[bytes, bytes] = {}

    def do(self, what: str, how: object) -> None:
        getattr(self, "_" + what)(how)

    # What the gate does

    def _keep(self, keys: list[bytes]) -> None:
        self.numbers += 1
        paths = {key: b"%d of " % self.numbers + key for key in keys}
        for key, value in paths.items():
            self.keys[key].kept(value)
        self.box.paths.keep(paths).addCallback(partial(self._acknowledged, paths))

    def _acknowledged(self, paths: dict[bytes, bytes], _: None) -> None:
        for key, value in paths.items():
            self.keys[key].acknowledged(value)

    def _end(self, keys: list[bytes]) -> None:
        for key in keys:
            self.keys[key].ended(self.box.clock.seconds())
        self.box.paths.end(keys, GRACE)

    def _burst(self, count: int) -> None:
        """Return paths that are kept once: some segments of them."""
        for _ in range(count):
            self.numbers += 1
            key = b"once %d" % self.numbers
            self.box.paths.keep({key: key}).addCallback(partial(self._note_once, key))

    def _note_once(self, key: bytes, _: None) -> None:
        self.burst[key] = key

    def _pass(self, seconds: float) -> None:
        self.box.pass_time(seconds)

    def _look(self, keys: list[bytes]) -> None:
        began = self.box.clock.seconds()
        found = self.box.find(*keys)
        for key in keys:
            known = self.keys[key]
            allowed = known.expected(began) | known.expected(self.box.clock.seconds())
            if known.due is not None:
                allowed.add(known.newest)
            if not found.is_complete:
                allowed |= {None, *known.earlier}
            if self.box.waiting:
                # An end waits that has not been passed on.
                allowed |= known.earlier if known.due is not None else set()
            assert found.paths.get(key) in allowed, (key, found, allowed)

    # Trouble

    def _freeze(self, place: int) -> None:
        self._redis(place).freeze()

    def _thaw(self, place: int) -> None:
        self._redis(place).thaw()

    def _refuse(self, place: int) -> None:
        self._redis(place).refuse()

    def _allow(self, place: int) -> None:
        self._redis(place).refuse("")

    def _lose(self, place: int) -> None:
        self.box.servers[place % len(self.box.servers)].lost()

    def _stop(self, place: int) -> None:
        self._redis(place).stop()

    def _start(self, place: int) -> None:
        self._redis(place).start()

    def _fill(self, place: int) -> None:
        self._folder(place).fault = FULL

    def _free(self, place: int) -> None:
        self._folder(place).fault = None

    def _kill(self, _: None) -> None:
        for key in self.keys.values():
            key.killed(self.box.clock.seconds())
        self.box.kill()

    def _restart(self, _: None) -> None:
        self.box.restart()

    def _folder(self, place: int) -> ModelFolder:
        return self.box.folders[f"redis-{place % len(self.box.redis) + 1}"]

    def _redis(self, place: int) -> ModelRedis:
        return self.box.redis[place % len(self.box.redis)]

    # The end

    def check(self) -> None:
        for place, redis in enumerate(self.box.redis):
            self._free(place)
            redis.start()
            redis.refuse("")
            redis.thaw()
        event("something waited" if self.box.waiting else "nothing waited")
        for _ in range(70):
            self.box.pass_time(1.0)
            if not self.box.waiting:
                break
        self.box.pass_time(GRACE + 1.5)
        statistics = self.box.paths.statistics()
        assert (statistics.paths_on_disk, statistics.unsaved) == (0, 0)
        assert str(self.box.faults) == ""
        now = self.box.clock.seconds()
        for is_new in (False, True):
            for key, known in self.keys.items():
                found = self.box.find(key)
                assert found.is_complete
                assert found.paths.get(key) in known.expected(now), (key, found, vars(known))
                assert self.box.stored(key) == found.paths.get(key)
            assert self.box.find(*self.burst).paths == self.burst
            if not is_new:
                self.box.restart()


def _played(count: int, steps: list[tuple[str, object]]) -> None:
    world = _World(count)
    for what, how in steps:
        world.do(what, how)
    world.check()


@given(st.integers(1, 2), st.lists(st.one_of(_often, _often, _trouble, _ends), max_size=40))
@settings(max_examples=100, deadline=None)
def test_it_survives_servers_and_kills(count: int, steps: list[tuple[str, object]]) -> None:
    _played(count, steps)


@given(st.integers(1, 2), st.lists(st.one_of(_often, _often, _trouble, _disk), max_size=40))
@settings(max_examples=60, deadline=None)
def test_it_survives_servers_and_full_disks(count: int, steps: list[tuple[str, object]]) -> None:
    _played(count, steps)
