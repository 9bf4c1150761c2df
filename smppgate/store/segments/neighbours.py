"""`Neighbours`: what other processes of a gate have on disk, for when they do not answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smppgate.store.segments.files import FEW_FILES, FOLDER, Folder
from smppgate.store.segments.foreign_shelf import ForeignShelf
from smppgate.store.segments.home import Home
from smppgate.store.segments.searching import Newest
from smppgate.store.segments.shelf import FEW_FILTERS
from smppgate.store.worker import AnyWorker
from smppgate.txsmpp.clock import Clock

IDLE = 60.0
"""Seconds after the last look-up until all that is known of the others is forgotten."""


class Neighbours:
    """Looks keys up in the folders of all other processes, and in those that are left over.

    Nothing is read before the first look-up.

    :param worker: the thread of look-ups.
    :param lifetime: seconds that a return path is kept.
    """

    def __init__(self, clock: Clock, home: Home, worker: AnyWorker, lifetime: float) -> None:
        self._clock = clock
        self._home = home
        self._worker = worker
        self._lifetime = lifetime
        self._shelves: dict[Path, ForeignShelf] = {}
        self._asked_at = 0.0

    async def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """What they have of ``keys``, as far as indexes have it; of each the newest."""
        self._asked_at = self._clock.monotonic()
        newest = Newest()
        for folder in await self._folders():
            shelf = self._shelf(folder)
            now = self._clock.wall()
            since = now - self._lifetime
            # One after the other: a look-up of this process's own goes in between.
            newest.add(await self._worker.run(shelf.look, keys, self._asked_at, now, since))
        return newest.paths

    def tick(self) -> None:
        """Forget what is not needed; called once a second."""
        if self._shelves and self._clock.monotonic() - self._asked_at >= IDLE:
            self._shelves = {}

    async def _folders(self) -> list[Path]:
        """All folders with return paths that this process does not have itself."""
        found = self._home.neighbours
        if not self._home.is_heir:
            found += await self._worker.run(_left_over, self._home)
        return found

    def _shelf(self, folder: Path) -> ForeignShelf:
        if folder not in self._shelves:
            filters = FEW_FILTERS // self._home.count
            self._shelves[folder] = ForeignShelf(Folder(folder / FOLDER, FEW_FILES), filters)
        return self._shelves[folder]


def _left_over(home: Home) -> list[Path]:
    try:
        return home.left_over()
    except OSError:
        return []
