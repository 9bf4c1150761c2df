"""Where a server is, and how to come in."""

from __future__ import annotations

from typing import NamedTuple

from attrs import field, frozen


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
    """

    username: str = ""
    password: str = field(default="", repr=False)
    database: int = 0
