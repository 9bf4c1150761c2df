"""Which part of which segment is indexed next."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.index import read_index
from smppgate.store.segments.indexing import Jobs, NewIndex
from smppgate.store.segments.log import Log
from smppgate.store.segments.records import BEGIN
from smppgate.store.segments.removal import Removal
from smppgate.store.segments.shelf import Segment, Shelf
from smppgate.store.segments.tables import Tables
from smppgate.store.worker import AnyWorker

Task = Coroutine[Any, Any, None]


class Indexer:
    """Has indexes made: of each closed segment, and of the open one bit by bit.

    :param worker: a thread, in which ``jobs`` are waited for.
    :param piece: return paths and ends of the open segment that are indexed together.
    :param most: return paths and ends that memory may have in any case.
    """

    def __init__(
        self,
        folder: AnyFolder,
        shelf: Shelf,
        log: Log,
        tables: Tables,
        jobs: Jobs,
        worker: AnyWorker,
        removal: Removal,
        piece: int,
        most: int,
    ) -> None:
        self._folder = folder
        self._shelf = shelf
        self._log = log
        self._tables = tables
        self._jobs = jobs
        self._worker = worker
        self._removal = removal
        self._piece = piece
        self._most = most

    @property
    def is_due(self) -> bool:
        """Whether there is enough to index."""
        return self._log.written - self._tables.indexed >= self._piece

    @property
    def is_late(self) -> bool:
        """Whether so much is not indexed that memory has more than it is to have."""
        return self._log.written - self._tables.indexed > self._tables.limit

    def tick(self) -> None:
        """Hurry if need be; called once a second."""
        # Of a folder that is left over hardly anything is to be in memory: what waits there until
        # it is enough to index is not late.
        if self.is_due and self.is_late:
            self._jobs.hurry()

    def next(self) -> Task | None:
        """What is to be indexed next; None if there is nothing."""
        for segment in self._shelf.segments:
            if segment.is_open:
                is_due = self.is_due or segment.is_hidden
                return self._index_more(segment) if is_due else None
            if not segment.is_whole:
                return self.index(segment)
        return None

    async def index(self, segment: Segment) -> None:
        """Make one index of all of a closed segment, which takes the place of those of its parts.

        :raises OSError: when that is not possible.
        """
        old = [part.name for part in segment.parts]
        if segment.size > BEGIN:
            name = segment.name.whole_index
            await self._make(segment, BEGIN, segment.size, name, old)
        segment.is_whole = True
        segment.parts = segment.parts[-1:] if segment.size > BEGIN else []
        segment.is_hidden = False
        self._indexed(segment.mark)
        await self._removal.remove(old)

    async def _index_more(self, segment: Segment) -> None:
        """Make an index of what the open segment has that is not indexed."""
        mark, end = self._log.written, self._log.segment.size
        start = segment.indexed or BEGIN
        if self._log.segment.name == segment.name and end > start:
            await self._make(segment, start, end, segment.name.piece(start, end))
        segment.is_hidden = False
        self._indexed(mark)

    async def _make(
        self, segment: Segment, start: int, end: int, name: str, parts: Sequence[str] = ()
    ) -> None:
        made = NewIndex(segment.name.log, start, end, name, parts)
        await self._worker.run(self._jobs.build, made, self.is_late)
        index = await self._worker.run(read_index, self._folder, name)
        segment.parts.append(index)
        self._shelf.make_room_for_filters()

    def _indexed(self, mark: float) -> None:
        self._tables.indexed = max(self._tables.indexed, mark)
        self._tables.shrink(self._most)
