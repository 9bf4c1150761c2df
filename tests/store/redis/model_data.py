"""`Database`: what a Redis server holds, and the commands that the store uses, at a given time.

Only these commands are known, and of them only the options that are used. Anything else is an
error, so that a script which begins to use more is noticed at once.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, TypeAlias, TypeVar

from attrs import define, field

Answer: TypeAlias = Any
"""`Status`, octets, an integer, None, or a list of these."""
Arguments: TypeAlias = Sequence[bytes]
Id: TypeAlias = tuple[int, int]
T = TypeVar("T")

LAST: Id = (2**64 - 1, 2**64 - 1)
_ARITY = "ERR wrong number of arguments for command"
_SYNTAX = "ERR syntax error"
_INTEGER = "ERR value is not an integer or out of range"
_FLOAT = "ERR value is not a valid float"
_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
_ID = "ERR Invalid stream ID specified as stream command argument"
_SMALL_ID = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
OOM = "OOM command not allowed when used memory > 'maxmemory'."
READONLY = "READONLY You can't write against a read only replica."


class RedisError(Exception):
    """What a server answers with a minus sign before it."""


class Status(bytes):
    """What a server answers with a plus sign before it, such as ``OK``."""


class Scores(dict[bytes, float]):
    """A sorted set."""

    def ordered(self) -> list[tuple[float, bytes]]:
        """Its members, by score, and by octets where that is the same."""
        return sorted((score, member) for member, score in self.items())


class Stream(dict[Id, list[bytes]]):
    """The entries of a stream, which stays when it is empty."""

    last: Id = (0, 0)


@define
class Entry:
    """A value, and when it expires, in milliseconds."""

    value: Any
    expires: float = inf


@define
class Command:
    """One that is known.

    :ivar arity: how many words it has at the least, or, if ``exact``, at all.
    """

    run: Callable[[Database, Arguments], Answer]
    arity: int
    exact: bool
    writes: bool
    grows: bool


COMMANDS: dict[bytes, Command] = {}
"""All that are known, by their names in capitals."""

Body = TypeVar("Body", bound=Callable[..., Any])


def _command(
    name: str, arity: int, exact: bool = False, writes: bool = False, grows: bool = False
) -> Callable[[Body], Body]:
    def enter(function: Body) -> Body:
        COMMANDS[name.encode()] = Command(function, arity, exact, writes or grows, grows)
        return function

    return enter


@define
class Database:
    """All keys of one server.

    :ivar time: microseconds since 1970, as the server's clock says; set by the caller.
    :ivar entries: also those that have expired and were not looked at since.
    :ivar refuses: the error that commands are answered with which write, or, where it is
        `OOM`, those that need more memory. A script that has begun to write goes on.
    :ivar effects: the writes, each with its time; a replica that does the same has the same.
    """

    time: int = 0
    entries: dict[bytes, Entry] = field(factory=dict)
    refuses: str = ""
    effects: list[tuple[int, tuple[bytes, ...]]] = field(factory=list)

    def call(self, words: Sequence[bytes], is_dirty: bool = False) -> Answer:
        """Run one command.

        :param is_dirty: whether it is one of a script that has written already.
        :raises RedisError: what the server answers.
        """
        name = words[0].upper()
        command = COMMANDS.get(name)
        if command is None:
            raise RedisError(f"ERR the model does not know the command {name!r}")
        if len(words) < command.arity or (command.exact and len(words) != command.arity):
            raise RedisError(_ARITY)
        if self.refuses and not is_dirty:
            self._check_refused(command)
        answer = command.run(self, words[1:])
        if command.writes:
            self.effects.append((self.time, tuple(words)))
        return answer

    def follow(self, effects: Sequence[tuple[int, tuple[bytes, ...]]]) -> None:
        """Do what another has done."""
        for self.time, words in effects:
            self.call(words)

    def contents(self) -> dict[bytes, tuple[Any, float]]:
        """All that is there, with when it expires."""
        return {key: (e.value, e.expires) for key, e in self.entries.items() if self._lives(e)}

    def value(self, key: bytes, kind: type[T]) -> T | None:
        """The value of ``key``, if there is one.

        :raises RedisError: when it is of another kind.
        """
        entry = self.entry(key)
        if entry is None:
            return None
        # Sorted sets and streams are dictionaries too, and no hashes.
        if type(entry.value) is not kind:
            raise RedisError(_TYPE)
        value: T = entry.value
        return value

    def made(self, key: bytes, kind: type[T]) -> T:
        """The same; a new one where there is none."""
        value = self.value(key, kind)
        if value is None:
            value = kind()
            self.entries[key] = Entry(value)
        return value

    def entry(self, key: bytes) -> Entry | None:
        """That of a key that has not expired."""
        entry = self.entries.get(key)
        if entry is not None and not self._lives(entry):
            del self.entries[key]
            return None
        return entry

    def tidy(self, key: bytes) -> None:
        """Sets and hashes that are empty are not there; streams are."""
        if not self.entries[key].value:
            del self.entries[key]

    @property
    def milliseconds(self) -> int:
        """The time."""
        return self.time // 1000

    def _lives(self, entry: Entry) -> bool:
        return entry.expires > self.milliseconds

    def _check_refused(self, command: Command) -> None:
        if command.grows if self.refuses == OOM else command.writes:
            raise RedisError(self.refuses)


def integer(word: bytes) -> int:
    """What a word says; Redis takes no spaces, signs or zeros that are not needed."""
    try:
        number = int(word)
    except ValueError:
        raise RedisError(_INTEGER) from None
    if b"%d" % number != word or not -(2**63) <= number < 2**63:
        raise RedisError(_INTEGER)
    return number


def _float(word: bytes) -> float:
    try:
        if word != word.strip() or b"_" in word:
            raise ValueError
        return float(word)
    except ValueError:
        raise RedisError(_FLOAT) from None


def _written(score: float) -> bytes:
    return b"%d" % score if score == int(score) and abs(score) < 1e17 else b"%.17g" % score


# The server


@_command("PING", arity=1)
def _ping(data: Database, words: Arguments) -> Answer:
    return words[0] if words else Status(b"PONG")


@_command("TIME", arity=1, exact=True)
def _time(data: Database, words: Arguments) -> Answer:
    seconds, rest = divmod(data.time, 1_000_000)
    return [b"%d" % seconds, b"%d" % rest]


# Keys


@_command("EXISTS", arity=2)
def _exists(data: Database, words: Arguments) -> Answer:
    return sum(data.entry(key) is not None for key in words)


@_command("DEL", arity=2, writes=True)
def _delete(data: Database, words: Arguments) -> Answer:
    there = [key for key in dict.fromkeys(words) if data.entry(key) is not None]
    for key in there:
        del data.entries[key]
    return len(there)


_KINDS: dict[type[Any], bytes] = {
    bytes: b"string",
    dict: b"hash",
    set: b"set",
    Scores: b"zset",
    Stream: b"stream",
}


@_command("TYPE", arity=2, exact=True)
def _type(data: Database, words: Arguments) -> Answer:
    entry = data.entry(words[0])
    return Status(b"none" if entry is None else _KINDS[type(entry.value)])


@_command("PEXPIRE", arity=3, writes=True)
def _expire(data: Database, words: Arguments) -> Answer:
    at = data.milliseconds + integer(words[1])
    entry, options = data.entry(words[0]), {word.upper() for word in words[2:]}
    if options - {b"NX", b"XX", b"GT", b"LT"}:
        raise RedisError("ERR Unsupported option")
    if entry is None:
        return 0
    if (b"NX" in options and entry.expires < inf) or (b"XX" in options and entry.expires == inf):
        return 0
    if (b"LT" in options and at >= entry.expires) or (b"GT" in options and at <= entry.expires):
        return 0
    entry.expires = at
    return 1


@_command("PTTL", arity=2, exact=True)
def _rest(data: Database, words: Arguments) -> Answer:
    entry = data.entry(words[0])
    if entry is None:
        return -2
    return -1 if entry.expires == inf else int(entry.expires - data.milliseconds)


# Strings

_UNITS = {b"EX": 1000, b"PX": 1, b"EXAT": 1000, b"PXAT": 1}


@_command("SET", arity=3, grows=True)
def _set(data: Database, words: Arguments) -> Answer:
    key, value, *options = words
    old, expires = data.entry(key), inf
    words_left = iter(options)
    for option in map(bytes.upper, words_left):
        if option in _UNITS:
            expires = integer(next(words_left, b"")) * _UNITS[option]
            if expires <= 0:
                raise RedisError("ERR invalid expire time in 'set' command")
            expires += 0 if option.endswith(b"AT") else data.milliseconds
        elif option == b"KEEPTTL":
            expires = old.expires if old is not None else inf
        elif option not in (b"NX", b"XX"):
            raise RedisError(_SYNTAX)
        elif (old is None) == (option == b"XX"):
            return None
    data.entries[key] = Entry(value, expires)
    return Status(b"OK")


@_command("GET", arity=2, exact=True)
def _get(data: Database, words: Arguments) -> Answer:
    return data.value(words[0], bytes)


@_command("MGET", arity=2)
def _get_several(data: Database, words: Arguments) -> Answer:
    found = [data.entry(key) for key in words]
    return [e.value if e is not None and isinstance(e.value, bytes) else None for e in found]


@_command("INCRBY", arity=3, exact=True, grows=True)
def _increase(data: Database, words: Arguments) -> Answer:
    key, by = words[0], integer(words[1])
    number = integer(data.value(key, bytes) or b"0") + by
    if not -(2**63) <= number < 2**63:
        raise RedisError("ERR increment or decrement would overflow")
    entry = data.entries.setdefault(key, Entry(b""))
    entry.value = b"%d" % number
    return number


# Hashes


@_command("HSET", arity=4, grows=True)
def _hash_set(data: Database, words: Arguments) -> Answer:
    key, *rest = words
    if len(rest) % 2:
        raise RedisError(_ARITY)
    fields = data.made(key, dict)
    before = len(fields)
    fields.update(zip(rest[::2], rest[1::2], strict=True))
    return len(fields) - before


@_command("HGET", arity=3, exact=True)
def _hash_get(data: Database, words: Arguments) -> Answer:
    return (data.value(words[0], dict) or {}).get(words[1])


@_command("HMGET", arity=3)
def _hash_get_several(data: Database, words: Arguments) -> Answer:
    fields = data.value(words[0], dict) or {}
    return [fields.get(name) for name in words[1:]]


@_command("HGETALL", arity=2, exact=True)
def _hash_get_all(data: Database, words: Arguments) -> Answer:
    fields = data.value(words[0], dict) or {}
    return [word for pair in fields.items() for word in pair]


@_command("HDEL", arity=3, writes=True)
def _hash_delete(data: Database, words: Arguments) -> Answer:
    return _drop(data, words, dict)


@_command("HINCRBY", arity=4, exact=True, grows=True)
def _hash_increase(data: Database, words: Arguments) -> Answer:
    key, name, by = words[0], words[1], integer(words[2])
    old = (data.value(key, dict) or {}).get(name, b"0")
    try:
        number = integer(old) + by
    except RedisError:
        raise RedisError("ERR hash value is not an integer") from None
    if not -(2**63) <= number < 2**63:
        raise RedisError("ERR increment or decrement would overflow")
    data.made(key, dict)[name] = b"%d" % number
    return number


def _drop(data: Database, words: Arguments, kind: type[Any]) -> int:
    """Members or fields go; gives how many there were."""
    key, *names = words
    there = data.value(key, kind)
    if there is None:
        return 0
    gone = [name for name in dict.fromkeys(names) if name in there]
    for name in gone:
        there.remove(name) if isinstance(there, set) else there.pop(name)
    data.tidy(key)
    return len(gone)


# Sets


@_command("SADD", arity=3, grows=True)
def _set_add(data: Database, words: Arguments) -> Answer:
    members = data.made(words[0], set)
    before = len(members)
    members.update(words[1:])
    return len(members) - before


@_command("SREM", arity=3, writes=True)
def _set_remove(data: Database, words: Arguments) -> Answer:
    return _drop(data, words, set)


@_command("SSCAN", arity=3)
def _set_scan(data: Database, words: Arguments) -> Answer:
    key, cursor, *options = words
    there = data.value(key, set)
    if there is None:
        # Whatever the options are.
        return [b"0", []]
    count = _taken(options, b"COUNT", 1)
    if options:
        raise RedisError(_SYNTAX)
    # In the order of a digest: what comes or goes meanwhile moves no other.
    members = sorted((crc32(member) + 1, member) for member in there)
    found = [each for each in members if each[0] > integer(cursor)]
    last = found[: integer(count[0]) if count else 10][-1:]
    if not last or last[0][0] == found[-1][0]:
        return [b"0", [member for _, member in found]]
    place = last[0][0]
    return [b"%d" % place, [member for at, member in found if at <= place]]


@_command("SMEMBERS", arity=2, exact=True)
def _set_members(data: Database, words: Arguments) -> Answer:
    # Redis gives them in any order.
    return sorted(data.value(words[0], set) or ())


# Sorted sets

_ADDING = {b"NX", b"XX", b"GT", b"LT", b"CH"}


@_command("ZADD", arity=4, grows=True)
def _scores_add(data: Database, words: Arguments) -> Answer:
    key, *rest = words
    options = set()
    while rest and rest[0].upper() in _ADDING:
        options.add(rest.pop(0).upper())
    if not rest or len(rest) % 2:
        raise RedisError(_SYNTAX)
    pairs = [(member, _float(score)) for score, member in zip(rest[::2], rest[1::2], strict=True)]
    scores = data.made(key, Scores)
    added = changed = 0
    for member, score in pairs:
        old = scores.get(member)
        if old is None:
            is_wanted = b"XX" not in options
            added += is_wanted
        else:
            is_wanted = b"NX" not in options and score != old
            is_wanted = is_wanted and not (b"GT" in options and score < old)
            is_wanted = is_wanted and not (b"LT" in options and score > old)
            changed += is_wanted
        if is_wanted:
            scores[member] = score
    data.tidy(key)
    return added + changed if b"CH" in options else added


@_command("ZREM", arity=3, writes=True)
def _scores_remove(data: Database, words: Arguments) -> Answer:
    return _drop(data, words, Scores)


@_command("ZSCORE", arity=3, exact=True)
def _score(data: Database, words: Arguments) -> Answer:
    score = (data.value(words[0], Scores) or Scores()).get(words[1])
    return None if score is None else _written(score)


def _within(data: Database, key: bytes, low: bytes, high: bytes) -> list[tuple[float, bytes]]:
    least, most = _float(low.lstrip(b"(")), _float(high.lstrip(b"("))
    scores = data.value(key, Scores) or Scores()
    return [
        (score, member)
        for score, member in scores.ordered()
        if (least < score if low.startswith(b"(") else least <= score)
        and (score < most if high.startswith(b"(") else score <= most)
    ]


def _limited(found: list[T], options: list[bytes]) -> list[T]:
    """With ``LIMIT offset count`` in it."""
    if not options:
        return found
    offset, count = map(integer, options)
    return found[offset:] if count < 0 else found[offset : offset + count]


def _members(found: list[tuple[float, bytes]], with_scores: bool) -> list[bytes]:
    if not with_scores:
        return [member for _, member in found]
    return [word for score, member in found for word in (member, _written(score))]


def _taken(options: list[bytes], name: bytes, count: int) -> list[bytes] | None:
    """The words behind an option, which are taken away with it; None where it is not there."""
    names = [word.upper() for word in options]
    if name not in names:
        return None
    at = names.index(name)
    words = options[at + 1 : at + 1 + count]
    if len(words) < count:
        raise RedisError(_SYNTAX)
    del options[at : at + 1 + count]
    return words


@_command("ZRANGEBYSCORE", arity=4)
def _scores_by_score(data: Database, words: Arguments) -> Answer:
    key, low, high, *options = words
    limit, with_scores = _taken(options, b"LIMIT", 2), _taken(options, b"WITHSCORES", 0)
    if options:
        raise RedisError(_SYNTAX)
    found = _limited(_within(data, key, low, high), limit or [])
    return _members(found, with_scores is not None)


@_command("ZRANGE", arity=4)
def _scores_range(data: Database, words: Arguments) -> Answer:
    key, start, stop, *options = words
    limit, with_scores = _taken(options, b"LIMIT", 2), _taken(options, b"WITHSCORES", 0)
    is_reversed, by_score = _taken(options, b"REV", 0), _taken(options, b"BYSCORE", 0)
    if options or (limit is not None and by_score is None):
        raise RedisError(_SYNTAX)
    if by_score is not None:
        low, high = (start, stop) if is_reversed is None else (stop, start)
        found = _within(data, key, low, high)
        found = found if is_reversed is None else found[::-1]
        return _members(_limited(found, limit or []), with_scores is not None)
    bounds = [integer(word) for word in (start, stop)]
    found = (data.value(key, Scores) or Scores()).ordered()
    found = found if is_reversed is None else found[::-1]
    first, last = (at + len(found) if at < 0 else at for at in bounds)
    return _members(found[max(first, 0) : max(last + 1, 0)], with_scores is not None)


@_command("ZCOUNT", arity=4, exact=True)
def _scores_count(data: Database, words: Arguments) -> Answer:
    return len(_within(data, *words))


@_command("ZREMRANGEBYSCORE", arity=4, exact=True, writes=True)
def _scores_remove_range(data: Database, words: Arguments) -> Answer:
    gone = [member for _, member in _within(data, *words)]
    return _drop(data, [words[0], *gone], Scores) if gone else 0


# Streams


def _id(word: bytes, missing: int = 0) -> Id:
    first, dash, second = word.partition(b"-")
    if not first.isdigit() or (dash and not second.isdigit()):
        raise RedisError(_ID)
    return int(first), int(second) if dash else missing


def _bound(word: bytes, missing: int, step: int) -> Id:
    """An end of a range, with a bracket before it where it does not belong to it."""
    if word in (b"-", b"+"):
        return (0, 0) if word == b"-" else LAST
    if not word.startswith(b"("):
        return _id(word, missing)
    first, second = _id(word[1:], missing)
    return first, second + step


def _id_written(number: Id) -> bytes:
    return b"%d-%d" % number


@_command("XADD", arity=5, grows=True)
def _stream_add(data: Database, words: Arguments) -> Answer:
    key, *rest = words
    if rest[0].upper() in (b"NOMKSTREAM", b"MAXLEN", b"MINID"):
        raise RedisError("ERR the model knows no options of XADD")
    name, *fields = rest
    if not fields or len(fields) % 2:
        raise RedisError(_ARITY)
    _next_id(data, name, (-1, 0))
    stream = data.value(key, Stream)
    number = _next_id(data, name, stream.last if stream is not None else (0, 0))
    stream = data.made(key, Stream)
    stream[number] = fields
    stream.last = number
    return _id_written(number)


def _next_id(data: Database, name: bytes, last: Id) -> Id:
    if name == b"*":
        return max((data.milliseconds, 0), (last[0], last[1] + 1))
    if name.endswith(b"-*"):
        first = _id(name[:-2])[0]
        number = (first, last[1] + 1 if first == last[0] else 0)
    else:
        number = _id(name)
    if number == (0, 0):
        raise RedisError("ERR The ID specified in XADD must be greater than 0-0")
    if number <= last:
        raise RedisError(_SMALL_ID)
    return number


def _entries(data: Database, key: bytes, low: bytes, high: bytes) -> list[Answer]:
    first, last = _bound(low, 0, 1), _bound(high, LAST[1], -1)
    stream = data.value(key, Stream) or Stream()
    return [[_id_written(it), list(stream[it])] for it in stream if first <= it <= last]


def _first(found: list[Answer], options: list[bytes]) -> Answer:
    """With ``COUNT`` in it."""
    count = _taken(options, b"COUNT", 1)
    if options:
        raise RedisError(_SYNTAX)
    if count is None:
        return found
    if integer(count[0]) <= 0:
        raise RedisError("ERR the model knows no COUNT below 1")
    return found[: integer(count[0])]


@_command("XRANGE", arity=4)
def _stream_range(data: Database, words: Arguments) -> Answer:
    key, low, high, *options = words
    return _first(_entries(data, key, low, high), options)


@_command("XLEN", arity=2, exact=True)
def _stream_length(data: Database, words: Arguments) -> Answer:
    return len(data.value(words[0], Stream) or ())


@_command("XDEL", arity=3, writes=True)
def _stream_delete(data: Database, words: Arguments) -> Answer:
    stream = data.value(words[0], Stream)
    if stream is None:
        return 0
    numbers = [_id(word) for word in words[1:]]
    return sum(stream.pop(number, None) is not None for number in dict.fromkeys(numbers))
