"""Look-ups in segments, and what they find to be wrong there."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.python.failure import Failure

from smppgate.notices.store import PATHS_DAMAGED
from smppgate.store.faults import Faults
from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.searching import Search, Searched
from smppgate.store.segments.shelf import Shelf
from smppgate.store.segments.tables import Tables
from smppgate.store.segments.watch import Watch
from smppgate.store.worker import AnyWorker
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

READING = "reading return paths"
"""The part of the store that fails here."""


class Lookups:
    """Looks keys up in a thread.

    :param worker: that thread.
    :param lifetime: seconds that a return path is kept.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        folder: AnyFolder,
        shelf: Shelf,
        tables: Tables,
        watch: Watch,
        worker: AnyWorker,
        faults: Faults,
        lifetime: float,
    ) -> None:
        self.damaged = 0
        """Damaged records that were found."""
        self._clock = clock
        self._folder = folder
        self._shelf = shelf
        self._tables = tables
        self._watch = watch
        self._worker = worker
        self._faults = faults
        self._lifetime = lifetime

    async def run(self, keys: Sequence[bytes], ends: Sequence[bytes]) -> tuple[Searched, bool]:
        """Look ``keys`` up, of which memory has ``ends`` of some; and whether all was searched."""
        now = self._clock.wall()
        search = Search(self._folder, tuple(self._shelf.parts()), now, now - self._lifetime)
        is_hidden = self._shelf.is_hidden or self._tables.is_hidden
        searched = await self._worker.run(search.run, keys, ends)
        self._judge(searched)
        return searched, searched.error is None and not is_hidden

    def tick(self) -> None:
        """See whether segments can be read again, if they could not be."""
        if READING in self._faults and self._shelf.segments:
            name = self._shelf.segments[0].name.log
            job = self._worker.run(self._folder.read, name, 1, 0)
            job.addCallbacks(lambda _: self._faults.worked(READING), lambda _: None)

    def _judge(self, searched: Searched) -> None:
        if searched.error is not None:
            self._faults.failed(READING, Failure(searched.error))
        elif READING in self._faults:
            self._faults.worked(READING)
        for name in searched.indexes:
            self._watch.lose_index(name)
        if searched.records:
            if not self.damaged:
                self.log.tell(PATHS_DAMAGED, what=searched.records[0])
            self.damaged += len(searched.records)
