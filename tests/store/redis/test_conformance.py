"""`ModelRedis` answers as a redis-server does: commands, and what scripts see and return."""

from __future__ import annotations

from collections.abc import Iterator
from time import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from smppgate.store.redis.script import Script
from tests.store.fakes import BEGUN
from tests.store.redis.line import Line, RedisSaysNo
from tests.store.redis.model import ModelRedis
from tests.store.redis.model_data import COMMANDS, RedisError
from tests.store.redis.real import RealRedis
from tests.store.redis.test_model import script

LATER = int(BEGUN) * 1000
KEYS = st.sampled_from([b"string", b"hash", b"set", b"scores", b"stream", b"other"])
FIELDS = st.sampled_from([b"a", b"b", b"\0c", b"", b"12"])
INTEGERS = st.integers(-5, 5) | st.sampled_from([0, 10, 2**53 + 1, 2**63 - 1, -(2**63)])
NUMBERS = INTEGERS.map(lambda it: b"%d" % it) | st.sampled_from([b"x", b" 1", b"1.5", b""])
SCORES = NUMBERS | st.sampled_from([b"-inf", b"+inf", b"1e3", b"0.1", b"1800000000123"])
BOUNDS = st.sampled_from([b"-inf", b"+inf", b"0", b"(0", b"3", b"(3", b"10", b"1800000000123"])
IDS = st.sampled_from([b"1", b"2-0", b"3-0", b"3-1", b"5-*", b"0-0", b"9-0", b"x", b"1-x"])
ENDS = IDS | st.sampled_from([b"-", b"+", b"(2-0", b"(3-0", b"(1", b"+"])
TIMES = st.sampled_from([b"0", b"-1", b"1800000", b"90000000", b"x"])
COUNTS = st.integers(1, 3).map(lambda it: b"%d" % it)


def _words(name: str, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[list[bytes]]:
    """A command of ``parts``, each a word or a list of them; some have a word too few."""
    flat = st.tuples(*parts).map(
        lambda it: [w for part in it for w in (part if isinstance(part, list) else [part])]
    )
    whole = flat.map(lambda words: [name.encode(), *words])
    return st.integers(0, 19).flatmap(
        lambda it: whole if it else whole.map(lambda words: words[:-1] or words)
    )


def _some(one: st.SearchStrategy[bytes], most: int = 3) -> st.SearchStrategy[list[bytes]]:
    return st.lists(one, min_size=1, max_size=most)


def _pairs(
    one: st.SearchStrategy[bytes], two: st.SearchStrategy[bytes]
) -> st.SearchStrategy[list[bytes]]:
    pairs = st.lists(st.tuples(one, two), min_size=1, max_size=3)
    return pairs.map(lambda them: [word for pair in them for word in pair])


def _maybe(*options: list[bytes]) -> st.SearchStrategy[list[bytes]]:
    return st.sampled_from([[], *options])


SHAPES: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
    "PING": (),
    "EXISTS": (_some(KEYS),),
    "DEL": (_some(KEYS, 2),),
    "TYPE": (KEYS,),
    "PEXPIRE": (KEYS, TIMES, _maybe([b"LT"], [b"NX"], [b"xx"], [b"no"])),
    "PTTL": (KEYS,),
    "SET": (
        KEYS,
        NUMBERS,
        _maybe(
            [b"PX", b"9000000"], [b"EX", b"9000"], [b"px", b"0"], [b"NX"], [b"XX"], [b"KEEPTTL"]
        )
        | st.just([b"PXAT", b"%d" % (2 * LATER), b"NX"]),
    ),
    "GET": (KEYS,),
    "MGET": (_some(KEYS),),
    "INCRBY": (KEYS, NUMBERS),
    "HSET": (KEYS, _pairs(FIELDS, NUMBERS)),
    "HGET": (KEYS, FIELDS),
    "HMGET": (KEYS, _some(FIELDS)),
    "HGETALL": (KEYS,),
    "HDEL": (KEYS, _some(FIELDS)),
    "HINCRBY": (KEYS, FIELDS, NUMBERS),
    "SADD": (KEYS, _some(FIELDS)),
    "SREM": (KEYS, _some(FIELDS)),
    "SMEMBERS": (KEYS,),
    "SSCAN": (KEYS, st.just(b"0"), _maybe([b"COUNT", b"100"], [b"count"], [b"no"])),
    "ZADD": (
        KEYS,
        _maybe([b"NX"], [b"XX"], [b"GT"], [b"LT", b"CH"], [b"CH"]),
        _pairs(SCORES, FIELDS),
    ),
    "ZREM": (KEYS, _some(FIELDS)),
    "ZSCORE": (KEYS, FIELDS),
    "ZRANGEBYSCORE": (
        KEYS,
        BOUNDS,
        BOUNDS,
        _maybe([b"LIMIT", b"0", b"2"], [b"limit", b"1", b"-1"], [b"WITHSCORES"]),
    ),
    "ZRANGE": (
        KEYS,
        BOUNDS,
        BOUNDS,
        _maybe(
            [b"WITHSCORES"],
            [b"REV"],
            [b"BYSCORE"],
            [b"BYSCORE", b"LIMIT", b"0", b"2"],
            [b"BYSCORE", b"REV", b"WITHSCORES"],
            [b"LIMIT", b"0", b"1"],
        ),
    ),
    "ZCOUNT": (KEYS, BOUNDS, BOUNDS),
    "ZREMRANGEBYSCORE": (KEYS, BOUNDS, BOUNDS),
    "XADD": (KEYS, IDS, _pairs(FIELDS, NUMBERS)),
    "XRANGE": (KEYS, ENDS, ENDS, st.just([]) | COUNTS.map(lambda it: [b"COUNT", it])),
    "XLEN": (KEYS,),
    "XDEL": (KEYS, _some(IDS)),
}
ANY = st.sampled_from(sorted(SHAPES)).flatmap(lambda name: _words(name, *SHAPES[name]))


@pytest.fixture(scope="module")
def real() -> Iterator[Line]:
    with RealRedis() as server, Line(server.address) as line:
        yield line


def _asked(line: Line, *words: bytes) -> Any:
    try:
        return line.call(*words)
    except RedisSaysNo as error:
        return _kind(error)


def _modelled(model: ModelRedis, *words: bytes) -> Any:
    try:
        return model.call(*words)
    except RedisError as error:
        return _kind(error)


def _kind(error: Exception) -> tuple[str]:
    """Its first word: what it says besides, no program looks at."""
    return (str(error).removeprefix("-").split()[0],)


def _told(words: list[bytes], answer: Any) -> Any:
    """What has to be the same: not the order of a set, nor how long a command took."""
    name = words[0]
    if name == b"SSCAN" and isinstance(answer, list):
        return [answer[0], sorted(answer[1])]
    if name == b"SMEMBERS" and isinstance(answer, list):
        return sorted(answer)
    if name == b"PTTL" and isinstance(answer, int) and answer > 0:
        # One of TIMES: each is much longer than any test takes, and far from the others.
        return round(answer / 60_000)
    return answer


def test_all_commands_are_tried() -> None:
    assert set(map(str.encode, SHAPES)) == set(COMMANDS) - {b"TIME"}


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=settings().max_examples * 3 // 5,
    phases=[Phase.generate, Phase.shrink],
)
@given(commands=st.lists(ANY, max_size=40))
def test_commands_do_the_same(real: Line, commands: list[list[bytes]]) -> None:
    # Some moments are given as such, and have passed for both, or not.
    model = ModelRedis(time)
    real.call(b"FLUSHALL")
    for words in commands:
        answer, should_be = _modelled(model, *words), _asked(real, *words)
        assert _told(words, answer) == _told(words, should_be), words


VALUES: st.SearchStrategy[str] = st.recursive(
    st.sampled_from(["nil", "false", "true", "'x'", "{ok='fine'}", "{}", "KEYS", "ARGV[1]"])
    | st.floats(-1e12, 1e12).map(repr)
    | st.integers(-(2**53), 2**53).map(str),
    lambda them: st.lists(them, max_size=4).map(lambda it: "{" + ",".join(it) + "}"),
)
WORDS = st.lists(st.binary(max_size=5) | NUMBERS, max_size=3)


def _run(line: Line, made: Script, keys: list[bytes], words: list[bytes]) -> Any:
    return _asked(line, b"EVAL", made.text, b"%d" % len(keys), *keys, *words)


def _run_model(made: Script, keys: list[bytes], words: list[bytes]) -> Any:
    try:
        return ModelRedis(lambda: BEGUN).run(made, keys, words)
    except RedisError as error:
        return _kind(error)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES, keys=WORDS, words=WORDS)
def test_scripts_return_the_same(
    real: Line, value: str, keys: list[bytes], words: list[bytes]
) -> None:
    made = script("return " + value)
    assert _run_model(made, keys, words) == _run(real, made, keys, words)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.floats(-1e15, 1e15) | st.integers(-(2**53), 2**53))
@example(number=-0.0)
def test_numbers_are_written_the_same(real: Line, number: float) -> None:
    """As arguments of commands, and as text: Lua has less digits there."""
    made = script(
        f"local n = {number!r} redis.call('SET', 'n', n) "
        "return {redis.call('GET', 'n'), tostring(n), n .. '', n}"
    )
    assert _run_model(made, [], []) == _run(real, made, [], [])


@pytest.mark.parametrize(
    "text",
    [
        "return redis.call('GET', 'none')",
        "return type(redis.call('GET', 'none'))",
        "return redis.call('SET', 'k', 'v').ok",
        "return redis.call('SET', 'k', 'v')",
        "return redis.call('SET', 'k', 'v', 'XX') == false",
        "return redis.pcall('GET')",
        "return type(redis.pcall('GET').err)",
        "return redis.call('GET')",
        "return redis.call('NONE', 'k')",
        "redis.call('SET', 'k', 'v'); return redis.call('HGET', 'k', 'f')",
        "local well, fault = pcall(redis.call, 'GET'); return {well, type(fault)}",
        "return redis.error_reply('WRONG indeed')",
        "return redis.error_reply('-WRONG indeed')",
        "return {err='WRONG indeed'}",
        "return redis.status_reply('FINE')",
        "return redis.sha1hex('')",
        "x = 1",
        "return x",
        "return 1 + {}",
        "return redis.call('SET', 'k', {})",
        "return redis.call('SET', 'k', true)",
        "return redis.call()",
        "error('no')",
        "error({err='WRONG indeed'})",
        "return os.time()",
        "return io",
        "this is no Lua",
        "return",
        "",
        "return redis.call('TYPE', 'k')",
        "return redis.call('ZRANGE', 'k', 0, -1)",
        "redis.call('XADD', 's', '5-0', 'm', 'x'); return redis.call('XRANGE', 's', '-', '+')",
        "redis.call('HSET', 'h', 'f', 7); return redis.call('HGET', 'h', 'f') + 1",
        "redis.call('ZADD', 'z', 1.5, 'm'); return redis.call('ZSCORE', 'z', 'm')",
        "local t = {} for i = 1, 300 do t[i] = i end return redis.call('PING', unpack(t, 1, 1))",
        "return ('abc'):byte(1, -1)",
        "return {('abc'):byte(1, -1)}",
        "return 'a\\0b' < 'a\\0c'",
        "return string.format('%d %s %.3f', 3, 'x', 0.5)",
        "return math.floor(-1.5)",
        "return math.max(1, 2, 3)",
        "return table.concat({1, 2, 'x'}, ',')",
        "return tonumber('0x10')",
        "return #ARGV",
        "return ARGV[1]",
        "return next({})",
        "return {1, nil, 3}",
        "return {[2] = 1}",
        "return function() end",
        "KEYS[1] = 'x'; return KEYS[1]",
    ],
)
def test_scripts_see_the_same(real: Line, text: str) -> None:
    real.call(b"FLUSHALL")
    made = script(text)
    assert _run_model(made, [], []) == _run(real, made, [], [])
