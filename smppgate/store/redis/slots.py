"""`Slots`: which of several servers has which key."""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterator, Sequence

from smppgate.store.redis.ports import Server


class Slots:
    """All servers of a store, in the order of the settings, which is the same for all nodes."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = tuple(servers)
        self._count = len(self._servers)

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers)

    @property
    def are_up(self) -> bool:
        """Whether all of them answer."""
        return all(server.is_up for server in self._servers)

    def of(self, name: bytes) -> Server:
        """The server that has ``name``: the key of a return path, or an account, or a limit."""
        if self._count == 1:
            return self._servers[0]
        return self._servers[crc32(name) % self._count]

    def spread(self, names: Sequence[bytes]) -> dict[Server, list[bytes]]:
        """Each server with those of ``names`` that it has."""
        if self._count == 1:
            return {self._servers[0]: list(names)}
        spread: dict[Server, list[bytes]] = {}
        for name in names:
            spread.setdefault(self.of(name), []).append(name)
        return spread
