"""Return paths that end, some time after their final receipt was delivered."""

from __future__ import annotations

from collections.abc import KeysView
from itertools import islice

from attrs import define, field

SIZE_OF_ENTRY = 160
"""Octets of memory that an entry takes beside its key, at the most usual fill of a table."""


@define
class EndingPaths:
    """Keys of return paths that are to end, in the order in which they will.

    The end of a return path only makes room in the store. So when this table is full, return paths
    are not noted, and stay until their time to live is over: none ends too early. One may end
    later: up to a second, and not before those that were noted sooner.

    :param limit: octets that the entries may take.
    """

    limit: int = 128 * 1024 * 1024
    octets: int = field(default=0, init=False)
    """Those that the entries take now."""
    # Key → the time of its end, in whole seconds so that many entries share one object. Octets and
    # numbers: the cycle collector does not look into it.
    _due: dict[bytes, float] = field(factory=dict, init=False)
    _latest: float = field(default=0.0, init=False)

    def __len__(self) -> int:
        return len(self._due)

    def add(self, key: bytes, due: float) -> bool:
        """Let the return path under ``key`` end at ``due``, also if it was to end sooner.

        False when there is no room to note it.
        """
        if key in self._due:
            self.stay(key)
        if self.octets >= self.limit:
            return False
        if due > self._latest:
            self._latest = float(int(due) + 1)
        self._due[key] = self._latest
        self.octets += SIZE_OF_ENTRY + len(key)
        return True

    @property
    def keys(self) -> KeysView[bytes]:
        """The keys, as a view of them that goes on being right."""
        return self._due.keys()

    def stay(self, key: bytes) -> None:
        """Keep the return path under ``key``: it is a new message's."""
        if key in self._due:
            del self._due[key]
            self.octets -= SIZE_OF_ENTRY + len(key)

    def take(self, now: float, most: int) -> list[bytes]:
        """Take out the keys that are due, in their order, ``most`` of them at most."""
        first = islice(self._due.items(), most)
        taken = [key for key, due in first if due <= now]
        for key in taken:
            self.stay(key)
        return taken
