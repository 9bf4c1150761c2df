"""Return paths: the newest in memory and in the journal, older ones in the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted.internet.defer import Deferred, succeed

from smppgate.store.recent import RecentPaths, parts
from smppgate.store.records import Found, StoreError
from smppgate.store.sqlite.batches import Batches
from smppgate.store.sqlite.disk import Disk
from smppgate.store.sqlite.journal import pack
from smppgate.store.sqlite.tables import find
from smppgate.store.sqlite.upkeep import Upkeep
from smppgate.txsmpp.clock import Clock

LARGEST_BATCH = 4096
"""Return paths that are packed and put into memory at once; they take a millisecond."""


class ReturnPaths:
    """Puts return paths and their ends into memory and into batches, and finds them again.

    :param batches: writes them to the journal.
    :param upkeep: moves them from memory to the archive.
    """

    def __init__(
        self,
        clock: Clock,
        disk: Disk,
        recent: RecentPaths,
        batches: Batches,
        upkeep: Upkeep,
    ) -> None:
        self.last_batch = 0
        """The number of the newest batch."""
        self._clock = clock
        self._disk = disk
        self._recent = recent
        self._batches = batches
        self._upkeep = upkeep
        self._ended: list[bytes] = []
        """Ended keys that the next batch will have."""
        self._ended_meanwhile: dict[int, set[bytes]] = {}
        """For each search of the archive under way, the keys ended since it began."""

    @property
    def unsaved(self) -> int:
        """Return paths and ends of return paths that are still to be written."""
        return self._batches.unsaved + len(self._ended)

    def begin(self, last_batch: int) -> None:
        """Begin with a newly opened file whose newest batch has the number ``last_batch``."""
        self.last_batch = max(self.last_batch, last_batch)

    def keep(self, paths: Mapping[bytes, bytes]) -> Deferred[None]:
        """See `IStore.keep`."""
        if len(paths) <= LARGEST_BATCH:
            return self._append(paths, pack(self._ended, paths))
        kept = list(parts(paths, LARGEST_BATCH))
        self.append_ended()
        packed = [pack((), part) for part in kept]
        # Batches are written in order: the last of them is written last.
        return [self._append(*batch) for batch in zip(kept, packed, strict=True)][-1]

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        """See `IStore.find`."""
        found: dict[bytes, bytes] = {}
        missing: list[bytes] = []
        for key in keys:
            value = self._recent.get(key)
            if value is not None:
                found[key] = value
            elif not self._upkeep.is_ended(key):
                missing.append(key)
        if not missing or not self._upkeep.archived:
            return succeed(Found(found))
        return Deferred.fromCoroutine(self._find_archived(missing, found))

    def end(self, keys: Sequence[bytes]) -> None:
        """Forget the return paths of ``keys``."""
        self._recent.end(keys)
        self._upkeep.forget(keys)
        for ended in self._ended_meanwhile.values():
            ended.update(keys)
        self._ended += keys
        if len(self._ended) > LARGEST_BATCH:
            self.append_ended()

    def append_ended(self) -> None:
        """Write the ends of return paths that no batch has yet."""
        if self._ended:
            self._append({}, pack(self._ended, {}))

    async def _find_archived(self, keys: Sequence[bytes], found: dict[bytes, bytes]) -> Found:
        """``found``, and the values of ``keys`` in the archive."""
        ended: set[bytes] = set()
        self._ended_meanwhile[id(ended)] = ended
        archived: dict[bytes, bytes] = {}
        is_complete = True
        try:
            archived = await self._disk.read(find, keys, self._clock.wall())
        except StoreError:
            is_complete = False
        del self._ended_meanwhile[id(ended)]
        for key in keys:
            # A key may have been kept anew while the archive was read.
            value = self._recent.get(key)
            if value is None and key not in ended:
                value = archived.get(key)
            if value is not None:
                found[key] = value
        return Found(found, is_complete)

    def _append(self, paths: Mapping[bytes, bytes], octets: bytes) -> Deferred[None]:
        """Make a batch of ``paths`` and of the ended keys, packed as ``octets``."""
        ended, self._ended = self._ended, []
        now = self._clock.wall()
        self.last_batch += 1
        self._recent.update(paths, now, self.last_batch, len(ended))
        done = self._batches.add(self.last_batch, now, octets, len(paths) + len(ended))
        if self._recent.is_crowded:
            self._upkeep.wake()
        return done
