"""What is said on new connections: user and password, and whether the server will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred

from smppgate.store.records import StoreError
from smppgate.store.redis.access import Access
from smppgate.store.redis.ports import Refused, Unreached

OLDEST = 7
"""The version of Redis that is needed: PEXPIRE has LT, and WAIT asks the replicas at once. Valkey
says 7 too."""

_OTHERS = {
    "sentinel": "it is a Sentinel, which keeps nothing: it belongs into sentinels, not into url",
    "cluster": "it belongs to a Redis Cluster, which is not supported: let url list servers that "
    "run without cluster-enabled",
}
"""What is wrong with servers that run in these modes."""


class Unfit(StoreError):
    """An operator has to change the server, or how it is spoken to."""


class Greeted(Protocol):
    """A connection that answers one command after the other."""

    def ask(self, *words: bytes) -> Deferred[Any]:
        """What a command is answered."""


@frozen
class Visit:
    """Which connections there are to which run of which server."""

    run: bytes
    ids: tuple[int, ...]


async def greet(connections: Sequence[Greeted], access: Access, last: Visit | None) -> Visit:
    """Make the server ready for what is asked on all ``connections``, the last of which is asked.

    What was sent on the connections of the ``last`` visit may not have been read yet by a server
    that was frozen. Those are ended at first, so that nothing of it is done from now on.

    :raises Unfit: where an operator has to act.
    :raises Unreached: where it is no master at present, or the connections are lost.
    """
    for connection in connections:
        await log_in(connection, access)
    asker = connections[-1]
    try:
        run = _examined(await asker.ask(b"INFO"))
        ids = [int(await connection.ask(b"CLIENT", b"ID")) for connection in connections]
        # At a first visit the asker is to end itself, which it does not. But where the user may
        # not end connections that is found out at the start, not after the first silence.
        for number in last.ids if last is not None and last.run == run else ids[-1:]:
            await asker.ask(b"CLIENT", b"KILL", b"ID", b"%d" % number)
    except Refused as error:
        raise told(error) from error
    return Visit(run, tuple(ids))


async def log_in(connection: Greeted, access: Access) -> None:
    """Say the user and password, and which database is meant.

    :raises Unfit: where that is refused.
    """
    user = [access.username.encode()] if access.username else []
    try:
        if access.password:
            await connection.ask(b"AUTH", *user, access.password.encode(errors="surrogateescape"))
        if access.database:
            await connection.ask(b"SELECT", b"%d" % access.database)
        await connection.ask(b"PING")
    except Refused as error:
        raise told(error) from error


def examine(info: Mapping[str, str]) -> None:
    """Look at what a server says of itself.

    :raises Unfit: where it must not be used as it is.
    :raises Unreached: where it cannot be used at present.
    """
    mode = info.get("redis_mode", "")
    if mode in _OTHERS:
        raise Unfit(_OTHERS[mode])
    version = info.get("redis_version", "0")
    if int(version.partition(".")[0]) < OLDEST:
        raise Unfit(f"Redis {version} is too old: {OLDEST}.0 is needed, or Valkey")
    if info.get("role") != "master":
        raise Unreached("it is a replica at present, not the master")
    if info.get("loading", "0") != "0":
        raise Unreached("it is reading its file")
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction" and info.get("maxmemory", "0") != "0":
        raise Unfit(
            f"its maxmemory-policy is {policy}, by which it throws away what it was to keep: set "
            "maxmemory-policy noeviction in redis.conf, and CONFIG SET it on all that run"
        )


def told(error: Refused) -> StoreError:
    """What a server means that has refused a command."""
    text = str(error)
    if text.startswith(("WRONGPASS", "NOAUTH", "NOPERM")) or "AUTH" in text:
        return Unfit(f"it refuses the user name or password, or what the user may do: {text}")
    if "DB index" in text:
        return Unfit(f"it does not have the database of the URL: {text}")
    return Unreached(text)


def _examined(answer: bytes) -> bytes:
    info = _fields(answer)
    examine(info)
    return info.get("run_id", "").encode()


def _fields(answer: bytes) -> dict[str, str]:
    lines = answer.decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name: value for name, _, value in pairs}
