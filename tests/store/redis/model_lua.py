"""`Lua`: runs scripts as Redis does: Lua 5.1, its sandbox, and its conversion of types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha1
from typing import Any

from lupa.lua51 import LuaRuntime, lua_type

from smppgate.store.redis.script import Script
from tests.store.redis.model_data import COMMANDS, Answer, Database, RedisError, Status

# What scripts may use; a name that is not there is an error, and so is to make one.
_SANDBOX = b"""
local ask, sha1 = ...
local format = string.format
local function invoke(...)
    local words, count = {...}, select('#', ...)
    for at = 1, count do
        -- Not outside of Lua, where a whole number has no sign if it is 0.
        if type(words[at]) == 'number' then words[at] = format('%.17g', words[at]) end
    end
    return ask(unpack(words, 1, count))
end
local function call(...)
    local answer = invoke(...)
    if type(answer) == 'table' and answer.err then error(answer, 0) end
    return answer
end
local function caught(well, fault, ...)
    if not well and type(fault) == 'table' and fault.err then fault = fault.err end
    return well, fault, ...
end
local redis = {
    call = call,
    pcall = invoke,
    error_reply = function(text) return {err = text} end,
    status_reply = function(text) return {ok = text} end,
    sha1hex = sha1,
    log = function() end,
    LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
}
local base = {
    redis = redis, string = string, table = table, math = math, coroutine = coroutine,
    assert = assert, tonumber = tonumber, tostring = tostring, pairs = pairs, ipairs = ipairs,
    next = next, type = type, error = error, select = select,
    pcall = function(...) return caught(pcall(...)) end,
    unpack = unpack, rawget = rawget, rawset = rawset, rawequal = rawequal,
    getmetatable = getmetatable, setmetatable = setmetatable, _VERSION = _VERSION,
}
local function load(text)
    local made, fault = loadstring(text, '@user_script')
    if not made then return nil, fault end
    return function(keys, argv)
        local own = {KEYS = keys, ARGV = argv}
        setfenv(made, setmetatable({}, {
            __index = function(_, name)
                local value = own[name]
                if value == nil then value = base[name] end
                if value == nil then
                    error('Script attempted to access nonexistent global variable ' .. name, 2)
                end
                return value
            end,
            __newindex = function() error('Attempt to modify a readonly table', 2) end,
        }))
        return pcall(made)
    end
end
return load
"""

_Made = Callable[[Any, Any], Any]


class Lua:
    """Runs scripts on a `Database`, which may be another one from one script to the next."""

    def __init__(self) -> None:
        self._runtime = LuaRuntime(encoding=None, unpack_returned_tuples=True, register_eval=False)
        self._load = self._runtime.compile(_SANDBOX)(self._invoke, _sha1)
        self._made: dict[bytes, _Made] = {}
        self._data = Database()
        self._is_dirty = False

    def run(
        self, data: Database, script: Script, keys: Sequence[bytes], arguments: Sequence[bytes]
    ) -> Answer:
        """What ``script`` returns.

        :raises RedisError: what it raises.
        """
        made = self._made.get(script.digest)
        if made is None:
            made = self._made[script.digest] = self._loaded(script.text)
        self._data, self._is_dirty = data, False
        table = self._runtime.table_from
        ended = made(table(keys), table(arguments))
        is_well, result, *_ = ended if isinstance(ended, tuple) else (ended, None)
        if is_well:
            return self._answer(result)
        raise RedisError(_fault(result))

    def _loaded(self, text: bytes) -> _Made:
        loaded = self._load(text)
        if isinstance(loaded, tuple):
            raise RedisError(f"ERR Error compiling script: {loaded[1]!r}")
        made: _Made = loaded
        return made

    def _invoke(self, *words: Any) -> Any:
        """What ``redis.call`` of ``words`` gives."""
        try:
            said = [_word(word) for word in words]
            answer = self._data.call(said, self._is_dirty)
        except RedisError as error:
            return self._runtime.table_from({b"err": str(error).encode()})
        self._is_dirty = self._is_dirty or COMMANDS[said[0].upper()].writes
        return self._value(answer)

    def _value(self, answer: Answer) -> Any:
        """An answer as a script sees it."""
        if answer is None:
            return False
        if isinstance(answer, Status):
            return self._runtime.table_from({b"ok": bytes(answer)})
        if isinstance(answer, list):
            return self._runtime.table_from([self._value(each) for each in answer])
        return answer

    def _answer(self, value: Any) -> Answer:
        """What a script returns, as a client sees it."""
        if isinstance(value, bytes):
            return value
        if isinstance(value, int | float) and value is not False:
            return int(value)
        if lua_type(value) != "table":
            # False, nil and functions.
            return None
        if value[b"err"] is not None:
            raise RedisError(value[b"err"].decode())
        if value[b"ok"] is not None:
            return Status(value[b"ok"])
        return self._list(value)

    def _list(self, table: Any) -> list[Answer]:
        """A list ends before its first nil."""
        found: list[Answer] = []
        while (value := table[len(found) + 1]) is not None:
            found.append(self._answer(value))
        return found


def _word(word: Any) -> bytes:
    if isinstance(word, bytes):
        return word
    raise RedisError("ERR Lua redis lib command arguments must be strings or integers")


def _fault(raised: Any) -> str:
    if isinstance(raised, bytes):
        return "ERR " + raised.decode()
    if lua_type(raised) == "table" and raised[b"err"] is not None:
        text: str = raised[b"err"].decode()
        return text
    return "ERR unknown error"


def _sha1(text: bytes) -> bytes:
    return sha1(text, usedforsecurity=False).hexdigest().encode()
