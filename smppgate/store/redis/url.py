"""Where a server is, and how it is spoken to: ``redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]``."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from attrs import field, frozen

PORT = 6379
"""Where a server listens if the URL does not say."""

SENTINEL_PORT = 26379
"""Where a Sentinel does."""

_SCHEMES = {"redis": False, "rediss": True}


class Address(NamedTuple):
    """A host, by name or number, and a port of TCP."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@frozen
class Access:
    """How to come in.

    :ivar username: of Redis' access control lists; empty for its default user.
    :ivar password: empty where none is asked for.
    :ivar database: 0 to 15, as far as the server is configured otherwise.
    :ivar is_encrypted: whether TLS is spoken.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    database: int = 0
    is_encrypted: bool = False


def parse_url(text: str) -> tuple[Address, Access]:
    """What a URL says.

    :raises ValueError: says what is wrong with it, without the URL: a password may be in it.
    """
    parts = _split(text)
    if parts.scheme not in _SCHEMES:
        raise ValueError("must begin with redis:// or rediss://")
    if not parts.hostname:
        raise ValueError("has no host")
    if parts.query or parts.fragment:
        raise ValueError(
            "must end with the number of the database: nothing behind ? or # is known"
        )
    access = Access(
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=_database(parts.path),
        is_encrypted=_SCHEMES[parts.scheme],
    )
    return Address(parts.hostname, _port(parts, PORT)), access


def parse_address(text: str, port: int = SENTINEL_PORT) -> Address:
    """What ``HOST[:PORT]`` says.

    :raises ValueError: says what is wrong with it.
    """
    parts = _split(f"//{text}")
    if not parts.hostname or parts.netloc != text or "@" in text:
        raise ValueError("must be HOST or HOST:PORT")
    return Address(parts.hostname, _port(parts, port))


def _split(text: str) -> SplitResult:
    # What urlsplit says of an error may have the text in it.
    try:
        return urlsplit(text)
    except ValueError:
        raise ValueError("is no URL") from None


def _port(parts: SplitResult, default: int) -> int:
    try:
        port = parts.port
    except ValueError:
        raise ValueError("the port must be 1 to 65535") from None
    if port == 0:
        raise ValueError("the port must be 1 to 65535")
    return default if port is None else port


def _database(path: str) -> int:
    number = path.removeprefix("/") or "0"
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise ValueError("the database must be a number, as in redis://HOST/0")
    return int(number)
