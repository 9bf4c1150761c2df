"""Where Redis is: URLs of servers, and the places of sentinels.

A URL may have a password. It is taken apart where it is checked, and what is wrong with it is said
without it: so no error, log or repr has the password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

from smppgate.settings.checks import Check, Several, kind_of, shown
from smppgate.settings.errors import Problem
from smppgate.settings.texts import Text

REDIS_PORT, SENTINEL_PORT = 6379, 26379
"""The ports of those that name none."""

_NUMBER = re.compile(r"[0-9]{1,5}")
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
_ESCAPE = "; in a password, % : / ? # and @ are written %25 %3A %2F %3F %23 and %40"


@attrs.frozen
class RedisUrl:
    """A server of Redis: where it is, and what it is told when a connection begins.

    :ivar text: the URL without the password.
    :ivar faults: what is wrong with it; none shows the password.
    """

    text: str
    host: str = ""
    port: int = REDIS_PORT
    is_tls: bool = False
    username: str = ""
    password: str = attrs.field(default="", repr=False)
    database: int = 0
    faults: tuple[str, ...] = attrs.field(default=(), repr=False)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def read(cls, text: str) -> RedisUrl:
        """Take ``text`` apart."""
        if _UNSAFE.search(text):
            return cls("", faults=("must have no spaces and control characters",))
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            return cls("", faults=(f"must be redis://HOST:PORT/DATABASE{_ESCAPE}",))
        faults = tuple(_faults(parts, port))
        if faults:
            return cls("", faults=faults)
        return cls(
            _without_password(parts),
            parts.hostname or "",
            port or REDIS_PORT,
            parts.scheme == "rediss",
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            int(parts.path.removeprefix("/") or 0),
        )


def _faults(parts: SplitResult, port: int | None) -> Iterator[str]:
    if parts.scheme not in ("redis", "rediss"):
        yield f"must begin with redis:// or rediss://{_ESCAPE}"
        return
    if not parts.hostname:
        yield f"must have a host: redis://HOST:PORT/DATABASE{_ESCAPE}"
    if port == 0:
        yield "must have a port from 1 to 65535"
    database = parts.path.removeprefix("/")
    if parts.query or parts.fragment or not _NUMBER.fullmatch(database or "0"):
        yield f"must have nothing behind the host but the number of a database, /0{_ESCAPE}"


def _without_password(parts: SplitResult) -> str:
    user, _, place = parts.netloc.rpartition("@")
    name, has_password, _ = user.partition(":")
    said = f"{name}:***@" if has_password else f"{name}@" if name else ""
    return parts._replace(netloc=f"{said}{place}").geturl()


@attrs.frozen
class ServerUrl(Check):
    """The URL of one server."""

    @property
    def allowed(self) -> str:
        """The forms of it."""
        return "`redis://HOST:PORT/DATABASE`, with TLS `rediss://HOST:PORT/DATABASE`"

    def write(self, value: object) -> str:
        """Without the password."""
        return f'"{value}"'

    def tidy(self, value: object) -> object:
        """A string taken apart."""
        return RedisUrl.read(value) if isinstance(value, str) else value

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is no URL of a server; no problem shows it."""
        if not isinstance(value, RedisUrl):
            yield Problem("", f"must be a string, not {kind_of(value)}")
            return
        for fault in value.faults:
            yield Problem("", fault)


@attrs.frozen
class ServerUrls(Several):
    """The URL of one server, or of several: an array. They are kept as a tuple."""

    item: Check = attrs.field(factory=ServerUrl)

    @property
    def kind(self) -> str:
        """``string or array of strings``."""
        return "string or array of strings"

    def write(self, value: object) -> str:
        """One alone as a string, as the file would."""
        if isinstance(value, tuple) and len(value) == 1:
            return self.item.write(value[0])
        return super().write(value)

    def tidy(self, value: object) -> object:
        """Each taken apart, in a tuple."""
        if isinstance(value, (str, RedisUrl)):
            value = (value,)
        if isinstance(value, (list, tuple)):
            return tuple(self.item.tidy(each) for each in value)
        return value

    def problems(self, value: object) -> Iterator[Problem]:
        """One alone is named without its place in an array."""
        if not isinstance(value, tuple):
            yield Problem("", f"must be a string or an array, not {kind_of(value)}")
            return
        for where, text in super().problems(value):
            yield Problem("" if len(value) == 1 else where, text)

    def identity(self, item: object) -> object:
        """Where it is, however that is written."""
        if not isinstance(item, RedisUrl) or item.faults:
            return item
        return f"{item.host}:{item.port}/{item.database}"


@attrs.frozen
class SentinelPlace(Text):
    """Where a sentinel is: ``HOST:PORT``."""

    @property
    def allowed(self) -> str:
        """The form of it."""
        return "`HOST:PORT`"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has another form."""
        try:
            parts = urlsplit(f"//{text}")
            is_place = bool(parts.hostname) and parts.netloc == text and parts.port != 0
        except ValueError:
            is_place = False
        if not is_place or "@" in text or _UNSAFE.search(text):
            # It may be a URL with a password.
            yield f"must be HOST:PORT, not {shown(text) if '@' not in text else 'a URL'}"


def place_of(sentinel: str) -> tuple[str, int]:
    """Host and port of a sentinel, which `SentinelPlace` has found valid."""
    parts: Any = urlsplit(f"//{sentinel}")
    return parts.hostname, parts.port or SENTINEL_PORT


def urls_of(value: object) -> tuple[RedisUrl, ...]:
    """The URLs of ``value``, which is as a file or a program gives it."""
    found = ServerUrls().tidy(value)
    urls = found if isinstance(found, tuple) else ()
    return tuple(url for url in urls if isinstance(url, RedisUrl))
