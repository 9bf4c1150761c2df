"""Which segments go: those passed on, those that have expired, and when room is short the oldest.

When room is short the oldest segment that is not compacted is, together with a small compacted one
before it. Where that gains little, and when all are compacted, the oldest goes.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from math import inf
from typing import Any

from smppgate.notices.store import PATHS_FORGOTTEN
from smppgate.store.records import Limits
from smppgate.store.segments.compaction import SPANS, Compaction
from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.index import read_index
from smppgate.store.segments.indexing import Jobs
from smppgate.store.segments.log import Log
from smppgate.store.segments.records import BEGIN
from smppgate.store.segments.removal import Removal
from smppgate.store.segments.shelf import Segment, Shelf
from smppgate.store.segments.sizes import Sizes
from smppgate.store.segments.tables import Tables
from smppgate.store.worker import AnyWorker
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

RESERVE = 1.5
"""How many segments are to have room beyond those that there are."""

Task = Coroutine[Any, Any, None]


class Room:
    """Keeps the files of the folder within what they may take.

    :param keeps_marks: whether something beside the segments is older than all of them.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        folder: AnyFolder,
        shelf: Shelf,
        log: Log,
        tables: Tables,
        jobs: Jobs,
        worker: AnyWorker,
        removal: Removal,
        limits: Limits,
        sizes: Sizes,
        keeps_marks: Callable[[], bool],
    ) -> None:
        self.octets = 0
        """Of all files, as far as that is known."""
        self.forgotten = 0
        """Return paths that went before they had expired; those that had ended count too."""
        self.most: float = limits.return_paths_disk
        """Octets that the files may take."""
        self.most_paths: float = limits.return_paths or inf
        """Return paths that may be kept."""
        self._reported = 0
        self._clock = clock
        self._folder = folder
        self._shelf = shelf
        self._log = log
        self._tables = tables
        self._jobs = jobs
        self._worker = worker
        self._removal = removal
        self._limits = limits
        self._sizes = sizes
        self._keeps_marks = keeps_marks
        self._is_futile = False
        """Whether the latest compaction gained too little."""

    def next(self) -> Task | None:
        """What is to go next; None if all may stay."""
        for segment in self._shelf.segments:
            if segment.is_passed_on:
                return self._remove(segment)
        oldest = self._shelf.segments[0]
        if oldest.is_open:
            self._roll_if_expired()
            oldest = self._shelf.segments[0]
            if oldest.is_open:
                return None
        if oldest.newest < self._since:
            return self._remove(oldest)
        if not self._is_short:
            return None
        sources = [] if self._is_futile else self._sources()
        return self._compact(sources) if sources else self._forget(oldest)

    def look(self, octets: int) -> None:
        """The files take so many octets."""
        self.octets = octets

    @property
    def _since(self) -> float:
        return self._clock.wall() - self._limits.return_path_ttl

    @property
    def _is_short(self) -> bool:
        if self.octets > self.most - RESERVE * self._sizes.segment:
            return True
        return self._shelf.paths + self._log.written - self._tables.indexed > self.most_paths

    def _roll_if_expired(self) -> None:
        segment = self._log.segment
        if segment.size > BEGIN and segment.newest < self._since:
            self._log.roll()

    # Going

    async def _remove(self, segment: Segment) -> None:
        self._shelf.remove(segment)
        self._tables.indexed = max(self._tables.indexed, segment.mark)
        await self._removal.remove(segment.files)
        await self._measure()

    async def _forget(self, segment: Segment) -> None:
        self._is_futile = False
        self.count_forgotten(segment.lost)
        await self._remove(segment)

    def count_forgotten(self, count: int) -> None:
        """So many return paths are forgotten. It is logged at first, and when they doubled."""
        self.forgotten += count
        if self.forgotten > 2 * self._reported:
            self._reported = self.forgotten
            self.log.tell(PATHS_FORGOTTEN, count=self.forgotten)

    async def _measure(self) -> None:
        sizes = await self._worker.run(self._folder.sizes)
        self.octets = sum(sizes.values())

    # Compacting

    def _sources(self) -> list[Segment]:
        """The oldest segment that is not compacted, and a small compacted one before it."""
        before: Segment | None = None
        for segment in self._shelf.segments:
            if segment.is_open or not segment.is_whole:
                return []
            if not segment.is_compact:
                is_small = before is not None and 2 * before.size < self._sizes.segment
                is_small = is_small and before is not None and before.name.is_compacted
                return [before, segment] if before is not None and is_small else [segment]
            before = segment
        return []

    async def _compact(self, sources: list[Segment]) -> None:
        work = self._work(sources)
        try:
            is_done = await self._worker.run(self._jobs.compact, work)
        except Exception:
            # The next attempt is at the oldest segment itself.
            self._is_futile = True
            raise
        sources[-1].is_compact = True
        self._is_futile = not is_done
        if not is_done:
            return
        target = work.target
        index = await self._worker.run(read_index, self._folder, target.whole_index)
        size = index.summary.end
        made = Segment(target, size, [index], sources[-1].mark, is_whole=True, is_compact=True)
        self._shelf.replace(sources, made)
        await self._removal.remove([name for segment in sources for name in segment.files])
        await self._measure()

    def _work(self, sources: list[Segment]) -> Compaction:
        segments = self._shelf.segments
        first, last = segments.index(sources[0]), segments.index(sources[-1])
        later = [part.name for segment in segments[last + 1 :] for part in segment.parts]
        older = [part.name for segment in segments[:first] for part in segment.parts]
        return Compaction(
            tuple((segment.name, segment.size) for segment in sources),
            tuple(later),
            tuple(older),
            self._since,
            self._limits.return_path_ttl / SPANS,
            self._keeps_marks(),
        )
