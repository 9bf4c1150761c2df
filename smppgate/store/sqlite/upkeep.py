"""Work on the disk besides writing batches, done in small steps.

A batch of return paths waits for one step at most. Steps of different kinds take turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from attrs import define
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.store.recent import RecentPaths, Segment
from smppgate.store.sqlite.disk import UPKEEP, Disk
from smppgate.store.sqlite.tables import STEP, archive, expire_archive, trim, unarchive
from smppgate.store.waiters import Waiters
from smppgate.txsmpp.clock import Clock

TRIM_STEP = 32
"""Batches that one step deletes."""
STEP_INTERVAL = 0.01
"""Seconds between two steps, unless they are urgent."""
URGENT_ENDED = 5000
"""Ended return paths still to be deleted from the archive, beyond which steps are urgent."""
MAX_ENDED = 100_000
"""Ended return paths that may wait to be deleted from the archive. Beyond it the archive keeps the
oldest until they expire."""

Step = Callable[[], Deferred[Any] | None]
"""Begins a step of one kind; None when there is nothing to do."""


@define(eq=False)
class _Departure:
    """A segment of memory that is being archived."""

    segment: Segment
    keys: Iterator[bytes]

    def next_paths(self) -> dict[bytes, bytes]:
        """Its next return paths that have not been ended meanwhile, at most `STEP`."""
        paths = self.segment.paths
        live = (key for key in self.keys if key in paths)
        return {key: paths[key] for key in islice(live, STEP)}


class Upkeep:
    """Archives return paths that leave memory, and deletes what has expired or been ended.

    :param limit: return paths in the archive, beyond which the oldest are forgotten.
    :param others: kinds of steps that take their turns with those of this class.
    """

    def __init__(
        self,
        clock: Clock,
        disk: Disk,
        recent: RecentPaths,
        limit: int,
        others: Sequence[Step],
    ) -> None:
        self.archived = 0
        """Return paths in the archive."""
        self.forgotten = 0
        """Return paths deleted from it before they expired, because of ``limit``."""
        self._clock = clock
        self._disk = disk
        self._recent = recent
        self._limit = limit
        self._departure: _Departure | None = None
        self._ended: dict[bytes, None] = {}
        """Keys still to be deleted from the archive, the oldest first."""
        self._trimmed = 0
        """Number of the batch up to which the journal has been deleted."""
        self._is_expiry_due = False
        self._is_at_work = False
        self._rests = False
        """Whether steps wait for the next tick, after an error or because of `stop`."""
        self._is_stopped = False
        self._settled = Waiters()
        self._kinds: deque[Step] = deque(
            (self._unarchive, self._archive, self._trim, self._expire, *others)
        )

    def begin(self, archived: int) -> None:
        """Begin with a newly opened file that has ``archived`` return paths in its archive."""
        self.archived = archived
        if self._departure is not None:
            self._departure.segment.saved = 0
        self._departure = None
        self._trimmed = 0
        self._ended.clear()

    def tick(self) -> None:
        """Retry what failed and look for what has expired; called once a second."""
        self._rests = self._is_stopped
        self._is_expiry_due = True
        self.wake()

    def wake(self) -> None:
        """Begin to make steps, as there may be something to do."""
        if not self._is_at_work and not self._rests:
            self._is_at_work = True
            self._step()

    def forget(self, keys: Iterable[bytes]) -> None:
        """Delete ``keys``, which have been ended in memory, from the archive too."""
        if self.archived or self._departure is not None:
            self._ended.update(dict.fromkeys(keys))
            while len(self._ended) > MAX_ENDED:
                del self._ended[next(iter(self._ended))]
            self.wake()

    def is_ended(self, key: bytes) -> bool:
        """Whether ``key`` has been ended and is still to be deleted from the archive."""
        return key in self._ended

    def settle(self) -> Deferred[None]:
        """Fires when there is nothing left to do, or when a step has failed."""
        return self._settled.wait() if self._is_at_work else succeed(None)

    def stop(self) -> Deferred[None]:
        """Make no more steps; fires when the present one has ended."""
        self._is_stopped = self._rests = True
        return self.settle()

    # Steps

    def _step(self) -> None:
        step = None if self._rests else self._next()
        if step is None:
            self._rest()
        else:
            step.addCallbacks(self._stepped, self._failed)

    def _next(self) -> Deferred[Any] | None:
        """Begin the next step; None when there is nothing to do."""
        if self._disk.is_behind:
            return self._disk.catch_up()
        for _ in range(len(self._kinds)):
            self._kinds.rotate(-1)
            step = self._kinds[0]()
            if step is not None:
                return step
        self._disk.probe(UPKEEP)
        return None

    def _stepped(self, _: object) -> None:
        # Between two steps the disk is free for lookups, unless the steps are urgent.
        is_urgent = self._settled or self._recent.is_nearly_full or len(self._ended) > URGENT_ENDED
        self._clock.callLater(0 if is_urgent else STEP_INTERVAL, self._step)

    def _failed(self, _: object) -> None:
        self._rests = True
        self._rest()

    def _rest(self) -> None:
        self._is_at_work = False
        self._settled.release()

    def _write(self, function: Callable[..., int], *args: object) -> Deferred[int]:
        return self._disk.write(UPKEEP, 0, function, *args)

    def _archive(self) -> Deferred[None] | None:
        """Write the next return paths of the segment that is to leave memory."""
        departure = self._next_departure()
        if departure is None:
            return None
        paths = departure.next_paths()
        if not paths:
            self._departure = None
            self._recent.let_go(departure.segment)
            return self._archive()
        for key in paths:
            # The new row replaces the one that was to be deleted.
            self._ended.pop(key, None)
        expires = self._recent.expires(departure.segment)
        step = self._write(archive, paths, expires)
        return step.addCallbacks(
            self._archived,
            self._not_archived,
            callbackArgs=(departure, len(paths)),
            errbackArgs=(departure, paths),
        )

    def _next_departure(self) -> _Departure | None:
        departure = self._departure
        if departure is None or not self._recent.is_oldest(departure.segment):
            segment = self._recent.next_to_leave()
            departure = _Departure(segment, iter(list(segment.paths))) if segment else None
            self._departure = departure
        return departure

    def _archived(self, more: int, departure: _Departure, count: int) -> None:
        self.archived += more
        departure.segment.saved += count

    def _not_archived(
        self, failure: Failure, departure: _Departure, paths: dict[bytes, bytes]
    ) -> Failure:
        departure.keys = chain(paths, departure.keys)
        return failure

    def _unarchive(self) -> Deferred[None] | None:
        """Delete ended return paths from the archive."""
        keys = list(islice(self._ended, STEP))
        if not keys:
            return None
        return self._write(unarchive, keys).addCallback(self._unarchived, keys)

    def _unarchived(self, deleted: int, keys: Sequence[bytes]) -> None:
        self.archived -= deleted
        for key in keys:
            self._ended.pop(key, None)

    def _trim(self) -> Deferred[None] | None:
        """Delete batches that have no return path in memory any more from the journal."""
        last = self._recent.trimmable
        if last <= self._trimmed:
            return None
        return self._write(trim, last, TRIM_STEP).addCallback(self._trimmed_to, last)

    def _trimmed_to(self, deleted: int, last: int) -> None:
        if deleted < TRIM_STEP:
            self._trimmed = last

    def _expire(self) -> Deferred[None] | None:
        """Delete the oldest of the archive: those over its limit, else those that have expired."""
        surplus = min(STEP, self.archived - self._limit)
        if surplus > 0:
            step = self._write(expire_archive, float("inf"), surplus)
            return step.addCallback(self._forgot)
        if self._is_expiry_due and self.archived:
            step = self._write(expire_archive, self._clock.wall(), STEP)
            return step.addCallback(self._expired)
        return None

    def _forgot(self, deleted: int) -> None:
        self.archived -= deleted
        self.forgotten += deleted

    def _expired(self, deleted: int) -> None:
        self.archived -= deleted
        self._is_expiry_due = deleted == STEP
