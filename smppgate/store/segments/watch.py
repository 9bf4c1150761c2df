"""Sees when files have vanished, and has what memory has of them written again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from twisted.python.failure import Failure

from smppgate.notices.store import FILE_GONE, INDEX_ANEW
from smppgate.store.faults import Faults
from smppgate.store.segments.appending import OpenSegment
from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.log import Log
from smppgate.store.segments.records import parts
from smppgate.store.segments.room import Room
from smppgate.store.segments.shelf import Segment, Shelf
from smppgate.store.segments.tables import Table, Tables
from smppgate.store.worker import AnyWorker
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

FOLDER = "folder"
"""The part of the store that fails here."""
STEP = 1024
"""Return paths that are written again in one turn of the reactor."""

Append = Callable[[float, Mapping[bytes, bytes], Mapping[bytes, float]], float]
"""Writes a record of that time, of these paths and these ends, which are older; its mark."""


class Watch:
    """Compares the folder with what should be in it, once a second, in a thread.

    :param append: writes a record.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        folder: AnyFolder,
        shelf: Shelf,
        log: Log,
        tables: Tables,
        room: Room,
        worker: AnyWorker,
        faults: Faults,
        append: Append,
    ) -> None:
        self._clock = clock
        self._folder = folder
        self._shelf = shelf
        self._log = log
        self._tables = tables
        self._room = room
        self._worker = worker
        self._faults = faults
        self._append = append
        self._is_looking = False
        self._again: Iterator[None] | None = None
        """Writes again what has vanished, step by step."""

    def tick(self) -> None:
        """Begin to look; called once a second."""
        if self._is_looking:
            return
        self._is_looking = True
        files = {segment: segment.files for segment in self._shelf.segments}
        job = self._worker.run(_inspect, self._folder, self._log.segment)
        job.addCallbacks(self._inspected, self._failed, (self._log.segment, files))

    def stop(self) -> None:
        """Write all that is still to be written again."""
        for _ in self._again or ():
            pass
        self._again = None

    def _failed(self, failure: Failure) -> None:
        self._is_looking = False
        self._faults.failed(FOLDER, failure)

    def _inspected(
        self,
        seen: tuple[Mapping[str, int], bool],
        current: OpenSegment,
        files: Mapping[Segment, list[str]],
    ) -> None:
        self._is_looking = False
        self._faults.worked(FOLDER)
        sizes, is_in_place = seen
        self._room.look(sum(sizes.values()))
        gone = [
            it
            for it in self._shelf.segments
            if it in files and not it.is_open and it.name.log not in sizes
        ]
        for segment in gone:
            self._forget(segment)
        for segment in self._shelf.segments:
            self._find_indexes(segment, files.get(segment, []), sizes)
        is_current_gone = not is_in_place and current is self._log.segment
        if is_current_gone:
            self._abandon(current)
        if is_current_gone or any(not segment.is_whole for segment in gone):
            self._begin_again()

    def _forget(self, segment: Segment) -> None:
        self._shelf.remove(segment)
        self._room.count_forgotten(segment.lost)
        self.log.tell(FILE_GONE, file=segment.name.log)

    def _abandon(self, current: OpenSegment) -> None:
        self.log.tell(FILE_GONE, file=current.name.log)
        segment = self._shelf.named(current.name)
        if segment is not None:
            self._room.count_forgotten(segment.lost)
            self._shelf.remove(segment)
        self._log.abandon()
        self._shelf.add(Segment(self._log.segment.name, 0, is_open=True))

    def _find_indexes(self, segment: Segment, known: list[str], sizes: Mapping[str, int]) -> None:
        """Let indexes that are gone be made anew."""
        lost = [it for it in segment.parts if it.name in known and it.name not in sizes]
        if lost:
            self.lose_index(lost[0].name)

    def lose_index(self, name: str) -> None:
        """The index ``name`` is of no use: let it be made anew, and those behind it."""
        for segment in self._shelf.segments:
            names = [part.name for part in segment.parts]
            if name in names:
                self.log.tell(INDEX_ANEW, file=name)
                segment.seen = segment.newest
                del segment.parts[names.index(name) :]
                segment.is_whole = False
                segment.is_hidden = True

    # Writing again

    def _begin_again(self) -> None:
        self._again = self._write_again(self._tables.hold_unindexed())
        self._go_on(self._again)

    def _go_on(self, again: Iterator[None]) -> None:
        if self._again is again:
            if next(again, again) is again:
                self._again = None
            else:
                self._clock.callLater(0, self._go_on, again)

    def _write_again(self, tables: list[Table]) -> Iterator[None]:
        """Write what memory has of ``tables``, as it is by now."""
        for table in tables:
            keys = dict.fromkeys((*table.paths, *table.ends), b"")
            mark = self._tables.indexed
            for part in parts(keys, STEP):
                paths, ends = self._tables.state(part)
                # Ends that are newer than the paths go into a record behind them.
                if paths:
                    mark = self._append(table.newest, paths, {})
                if ends:
                    mark = self._append(table.newest, {}, ends)
                yield
            table.mark = mark


def _inspect(folder: AnyFolder, segment: OpenSegment) -> tuple[Mapping[str, int], bool]:
    """The sizes of all files, and whether the youngest segment's is in its place."""
    try:
        sizes = folder.sizes()
    except FileNotFoundError:
        return {}, segment.is_in_place()
    return sizes, segment.is_in_place()
