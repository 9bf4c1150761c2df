"""The script of `Replay`, as a model of Redis and a real server run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.store.redis.replay import REPLAY
from smppgate.store.redis.stamps import octets_of
from tests.store.fakes import BEGUN
from tests.store.redis.model import ModelRedis
from tests.store.redis.real import RealRedis

Call = Callable[..., Any]

KEY = b"p:key"
LONG = 100_000


def _model() -> Call:
    redis = ModelRedis(lambda: BEGUN)

    def call(*words: Any) -> Any:
        if words[0] != b"EVAL":
            return redis.call(*words)
        count = words[2]
        return redis.run(REPLAY, words[3 : 3 + count], words[3 + count :])

    return call


@pytest.fixture(params=["model", "real"])
def call(request: pytest.FixtureRequest) -> Iterator[Call]:
    if request.param == "model":
        yield _model()
        return
    with RealRedis() as redis:
        yield redis.call


def _replay(
    call: Call, paths: dict[bytes, tuple[bytes, int]], ends: dict[bytes, tuple[bytes, int]]
) -> None:
    arguments = [word for pair in (*paths.values(), *ends.values()) for word in pair]
    keys = [*paths, *ends]
    call(b"EVAL", REPLAY.text, len(keys), *keys, len(paths), *arguments)


def _value(stamp: int, value: bytes = b"") -> bytes:
    return octets_of(stamp) + value


def test_a_return_path_is_set_where_there_is_none(call: Call) -> None:
    _replay(call, {KEY: (_value(1, b"\0\xff"), LONG)}, {})
    assert call(b"GET", KEY) == _value(1, b"\0\xff")
    assert 0 < call(b"PTTL", KEY) <= LONG


@pytest.mark.parametrize(
    ("there", "comes", "left"),
    [(1, 2, 2), (2, 1, 2), (0xFF, 0x100, 0x100), (0x7F, 0x80, 0x80), (1 << 47, 1, 1 << 47)],
)
def test_the_newer_value_stays(call: Call, there: int, comes: int, left: int) -> None:
    """Whatever octets the stamps have."""
    call(b"SET", KEY, _value(there, b"there"), b"PX", LONG)
    _replay(call, {KEY: (_value(comes, b"comes"), LONG)}, {})
    assert call(b"GET", KEY)[:6] == _value(left)


def test_what_is_there_already_keeps_its_end(call: Call) -> None:
    call(b"SET", KEY, _value(1), b"PX", 5000)
    _replay(call, {KEY: (_value(1), LONG)}, {})
    assert call(b"PTTL", KEY) <= 5000


def test_an_end_is_of_what_is_older(call: Call) -> None:
    call(b"SET", b"older", _value(1), b"PX", LONG)
    call(b"SET", b"newer", _value(3), b"PX", LONG)
    ends = {key: (_value(2), 5000) for key in (b"older", b"newer", b"unknown")}
    _replay(call, {}, ends)
    assert call(b"PTTL", b"older") <= 5000 < call(b"PTTL", b"newer")
    assert call(b"GET", b"unknown") is None


def test_an_end_does_not_come_later_than_another(call: Call) -> None:
    call(b"SET", KEY, _value(1), b"PX", 5000)
    _replay(call, {}, {KEY: (_value(2), LONG)})
    assert call(b"PTTL", KEY) <= 5000


def test_an_end_is_of_a_return_path_of_the_same_call(call: Call) -> None:
    paths = {KEY: (_value(1), LONG), b"b": (_value(3), LONG)}
    _replay(call, paths, {KEY: (_value(2), 5000), b"b": (_value(2), 5000)})
    assert call(b"PTTL", KEY) <= 5000 < call(b"PTTL", b"b")


_WRITES = st.lists(st.tuples(st.sampled_from((b"a", b"b")), st.booleans()), max_size=12)


@given(_WRITES, st.data())
def test_the_order_in_which_it_is_passed_on_does_not_matter(
    writes: list[tuple[bytes, bool]], data: st.DataObject
) -> None:
    """Nor that some of it is passed on twice: at the end the newest values have not ended."""
    calls = [
        ((key, (_value(stamp), LONG)), is_path) for stamp, (key, is_path) in enumerate(writes, 1)
    ]
    call = _model()
    paths = [it for it, is_path in calls if is_path]
    ends = [it for it, is_path in calls if not is_path]
    # Return paths of segments come before the ends of them.
    for key, octets in data.draw(st.permutations(paths * 2)):
        _replay(call, {key: octets}, {})
    for key, (octets, _) in data.draw(st.permutations(ends * 2)):
        _replay(call, {}, {key: (octets, 1000)})
    for key in (b"a", b"b"):
        stamps = [int.from_bytes(octets, "big") for it, (octets, _) in paths if it == key]
        newest = max(stamps, default=0)
        assert call(b"GET", key) == (_value(newest) if newest else None)
        is_ended = any(
            int.from_bytes(octets, "big") > newest for it, (octets, _) in ends if it == key
        )
        if newest:
            assert call(b"PTTL", key) == (1000 if is_ended else LONG)
