"""Whatever nodes do with their stores, a redis-server gives the same answers as its model."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from math import inf
from os import environ
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import smppgate.store.redis
from smppgate.store import Limits, NewMessage
from smppgate.store.redis.ports import Word
from smppgate.store.redis.script import Script
from smppgate.store.redis.store import RedisStore
from smppgate.store.segments.indexing import HereJobs
from smppgate.store.segments.setting import Setting
from tests.store.boxes import SMALL
from tests.store.fakes import Watcher, inline_workers
from tests.store.redis.box import FineClock
from tests.store.redis.line import Line, RedisSaysNo
from tests.store.redis.model import ModelRedis, ModelServer
from tests.store.redis.model_data import Answer, RedisError, Stream
from tests.store.redis.real import RealRedis
from tests.store.segments.model_disk import ModelFolder

pytestmark = pytest.mark.thorough

ACCOUNTS = st.sampled_from([b"one", b"two\0\xff"])
NODES = st.integers(0, 2)
UNORDERED = {"look", "sizes"}
"""Scripts that give what they have of all accounts in any order."""


BUSY = 60_000
"""Milliseconds that may pass between two commands."""

_ALIGN = "for i = 1, #ARGV, 2 do redis.call('PEXPIRE', ARGV[i], ARGV[i + 1]) end"


class MirroredRedis(ModelRedis):
    """A model that asks a server too, at its own time, and compares.

    A server cannot be told the time: it is told before each command how long keys live from now,
    and scripts have the time in the place of the command for it.

    :ivar scripts: those that were run.
    """

    def __init__(self, now: Callable[[], float], line: Line) -> None:
        super().__init__(now)
        self.scripts: set[str] = set()
        self._line = line
        line.call("FLUSHALL")

    def call(self, *words: Word) -> Answer:
        """See `ModelRedis.call`."""
        self._align()
        should_be = self._asked(*words)
        return self._compared(lambda: ModelRedis.call(self, *words), should_be, words)

    def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word] = ()) -> Answer:
        """See `ModelRedis.run`."""
        self.scripts.add(script.name)
        self._align()
        seconds, rest = divmod(self.data.time, 1_000_000)
        text = script.text.replace(b"redis.call('TIME')", b"{'%d', '%d'}" % (seconds, rest))
        should_be = self._asked("EVAL", text, len(keys), *keys, *arguments)
        run = ModelRedis.run
        said = (script.name, *keys, *arguments)
        return self._compared(lambda: run(self, script, keys, arguments), should_be, said)

    def check(self) -> None:
        """Both have the same."""
        self._align()
        there = {key: value for key, (value, _) in self.contents().items()}
        assert set(self._line.call("KEYS", "*")) == set(there)
        for key, value in there.items():
            assert self._held(key, value) == value, key

    def _compared(self, do: Callable[[], Answer], should_be: Any, said: Sequence[Any]) -> Answer:
        is_ordered = said[0] not in UNORDERED
        failed: RedisError | None = None
        try:
            answer = do()
        except RedisError as error:
            answer, failed = _kind(error), error
        assert _told(answer, is_ordered) == _told(should_be, is_ordered), said
        if failed is not None:
            raise failed
        return answer

    def _asked(self, *words: Word | str) -> Any:
        try:
            return self._line.call(*words)
        except RedisSaysNo as error:
            return _kind(error)

    def _align(self) -> None:
        self._set_time()
        words: list[Word] = []
        for key, entry in self.data.entries.items():
            if entry.expires < inf:
                # Where it has expired, this ends it at once. Others wait for a busy machine; not
                # strings: of their ends the earlier counts.
                rest = int(entry.expires) - self.data.milliseconds
                is_free = rest > 0 and not isinstance(entry.value, bytes)
                words += [key, rest + BUSY if is_free else rest]
        if words:
            self._line.call("EVAL", _ALIGN, 0, *words)

    def _held(self, key: bytes, value: Any) -> Any:
        """What the server has under a key, as the model would."""
        call = self._line.call
        if isinstance(value, bytes):
            return call("GET", key)
        if isinstance(value, set):
            return set(call("SMEMBERS", key))
        if isinstance(value, Stream):
            return {_id(number): fields for number, fields in call("XRANGE", key, "-", "+")}
        if type(value) is dict:
            words = call("HGETALL", key)
            return dict(zip(words[::2], words[1::2], strict=True))
        words = call("ZRANGE", key, 0, -1, "WITHSCORES")
        return {name: float(score) for name, score in zip(words[::2], words[1::2], strict=True)}


def _id(number: bytes) -> tuple[int, int]:
    first, second = number.split(b"-")
    return int(first), int(second)


def _kind(error: Exception) -> tuple[str]:
    return (str(error).split()[0],)


def _told(answer: Any, is_ordered: bool) -> Any:
    if is_ordered or not isinstance(answer, list):
        return answer
    return sorted((_told(each, is_ordered) for each in answer), key=repr)


class Nodes:
    """Three nodes' stores on one model, which is compared.

    :param line: to a server that has nothing else.
    """

    def __init__(self, line: Line) -> None:
        self.clock = FineClock()
        self.redis = MirroredRedis(self.clock.seconds, line)
        self.folder = tempfile.TemporaryDirectory()
        self.runs = 0
        self.stores: list[RedisStore] = []
        self.ways: list[ModelServer] = []
        self.watchers: list[Watcher] = []
        for _ in range(3):
            self._start()
        self.clock.is_quiet = lambda: not any(way.is_asked for way in self.ways)
        self.pass_by(0.1)

    def _start(self) -> None:
        self.runs += 1
        way = ModelServer(self.redis, self.clock)
        disk = ModelFolder()
        store = RedisStore(
            self.clock,
            Path(self.folder.name) / str(self.runs),
            [way],
            "t:",
            b"node.%d" % self.runs,
            Limits(return_paths_in_memory=4, return_path_ttl=1600.0),
            workers=inline_workers(),
            settings=lambda _: Setting(disk, HereJobs(disk), SMALL),
        )
        self.stores.append(store)
        self.ways.append(way)
        self.watchers.append(Watcher())
        store.tell_expired(lambda account, message: None)
        store.open()

    def pass_by(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def replace(self, node: int) -> None:
        """One node ends as it should, and another begins."""
        self.stores.pop(node).close()
        self.pass_by(0.5)
        self.ways.pop(node)
        self.watchers.pop(node)
        self._start()

    def close(self) -> None:
        for store in self.stores:
            store.close()
        self.pass_by(1.0)
        self.folder.cleanup()


Step = Callable[[Nodes], Any]


def _steps() -> st.SearchStrategy[Step]:
    keys = st.lists(st.integers(0, 9).map(lambda it: b"key-%d" % it), min_size=1, max_size=4)
    return st.one_of(
        st.builds(_keep, NODES, keys),
        st.builds(_find, NODES, keys),
        st.builds(_end, NODES, keys, st.sampled_from([0.0, 3.0, 100.0])),
        st.builds(_enqueue, NODES, st.lists(ACCOUNTS, max_size=4), st.floats(-1, 60)),
        st.builds(_watch, NODES, ACCOUNTS),
        st.builds(_claim, NODES, ACCOUNTS, st.integers(0, 2)),
        st.builds(_claim, NODES, ACCOUNTS, st.integers(0, 2)),
        st.builds(_release, NODES, ACCOUNTS),
        st.builds(_take, NODES, ACCOUNTS),
        st.builds(_count, NODES),
        st.builds(_admit, NODES, ACCOUNTS),
        st.builds(_leave, NODES, ACCOUNTS),
        st.builds(_lease, NODES, st.sampled_from(["a", "b"]), st.integers(0, 1_000_000)),
        st.builds(_reserve, NODES),
        st.builds(_replace, NODES),
        st.builds(_freeze, st.floats(0.1, 6)),
        st.builds(_wait, st.floats(0, 3) | st.sampled_from([20.0, 700.0])),
    )


def _keep(node: int, keys: list[bytes]) -> Step:
    return lambda nodes: nodes.stores[node].keep(dict.fromkeys(keys, b"%d" % nodes.runs))


def _find(node: int, keys: list[bytes]) -> Step:
    return lambda nodes: nodes.stores[node].find(keys)


def _end(node: int, keys: list[bytes], grace: float) -> Step:
    return lambda nodes: nodes.stores[node].end(keys, grace)


def _enqueue(node: int, accounts: list[bytes], ttl: float) -> Step:
    def do(nodes: Nodes) -> None:
        expires = nodes.clock.seconds() + ttl
        new = [NewMessage(account, b"pdu", expires, limit=5) for account in accounts]
        nodes.stores[node].enqueue(new)

    return do


def _watch(node: int, account: bytes) -> Step:
    return lambda nodes: nodes.stores[node].watch(account, nodes.watchers[node])


def _claim(node: int, account: bytes, rank: int) -> Step:
    def do(nodes: Nodes) -> None:
        nodes.stores[node].watch(account, nodes.watchers[node])
        nodes.stores[node].claim(account, rank)

    return do


def _release(node: int, account: bytes) -> Step:
    return lambda nodes: nodes.stores[node].release(account)


def _take(node: int, account: bytes) -> Step:
    """Read some messages, and remove the first two, whoever has the queue."""

    def do(nodes: Nodes) -> None:
        store = nodes.stores[node]
        reading = store.queued(account, 0, 3)
        reading.addCallback(lambda them: store.remove(account, [it.number for it in them[:2]]))
        reading.addErrback(lambda _: None)

    return do


def _count(node: int) -> Step:
    def do(nodes: Nodes) -> None:
        for asking in (nodes.stores[node].queue_sizes(), nodes.stores[node].queue_ends()):
            asking.addErrback(lambda _: None)

    return do


def _admit(node: int, account: bytes) -> Step:
    return lambda nodes: nodes.stores[node].admit(account, 3).addErrback(lambda _: None)


def _leave(node: int, account: bytes) -> Step:
    return lambda nodes: nodes.stores[node].leave(account)


def _lease(node: int, name: str, part: int) -> Step:
    return lambda nodes: nodes.stores[node].lease({name: part})


def _reserve(node: int) -> Step:
    return lambda nodes: nodes.stores[node].reserve_numbers(3).addErrback(lambda _: None)


def _replace(node: int) -> Step:
    return lambda nodes: nodes.replace(node)


def _freeze(seconds: float) -> Step:
    def do(nodes: Nodes) -> None:
        nodes.redis.freeze()
        nodes.pass_by(seconds)
        nodes.redis.thaw()

    return do


def _wait(seconds: float) -> Step:
    return lambda nodes: nodes.pass_by(seconds)


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with RealRedis() as server, Line(server.address) as made:
        yield made


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=int(environ.get("MODEL_EXAMPLES", "40")),
    phases=[Phase.generate, Phase.shrink],
)
@given(steps=st.lists(st.tuples(_steps(), st.sampled_from([0.0, 0.0, 0.01, 0.6])), max_size=40))
def test_a_server_answers_the_same(line: Line, steps: list[tuple[Step, float]]) -> None:
    _played(line, steps)


def test_it_does_so_where_every_script_is_run(line: Line) -> None:
    one = b"one"
    steps = [
        _keep(0, [b"key"]),
        _claim(0, one, 1),
        _claim(1, one, 2),
        _enqueue(1, [one, one, one, one], 60.0),
        _enqueue(2, [one, one], 2.0),
        _wait(1.0),
        _take(0, one),
        _take(1, one),
        _count(2),
        _admit(0, one),
        _admit(1, one),
        _lease(0, "a", 900_000),
        _lease(1, "a", 900_000),
        _reserve(0),
        _release(0, one),
        _wait(3.0),
        _take(1, one),
        _freeze(0.5),
        _keep(0, [b"key"]),
        _freeze(0.5),
        _wait(2.0),
        _replace(1),
    ]
    nodes = _played(line, [(step, 0.01) for step in steps])
    folder = resources.files(smppgate.store.redis) / "scripts"
    names = {it.name.removesuffix(".lua") for it in folder.iterdir()}
    assert nodes.redis.scripts == names


def _played(line: Line, steps: list[tuple[Step, float]]) -> Nodes:
    nodes = Nodes(line)
    for step, pause in steps:
        step(nodes)
        nodes.pass_by(pause)
    nodes.pass_by(1.0)
    nodes.redis.check()
    nodes.close()
    return nodes
