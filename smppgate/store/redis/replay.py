"""`Replay`: passes on to the servers what waits in segments, the oldest first.

A script puts it there: no older value takes the place of a newer one, and no end is of a value
that is newer than it. So it does no harm where something is passed on again: after a kill, after
an answer that was late, or where another process of the gate's has kept a key anew meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.store.faults import Faults
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server, Unreached, Word
from smppgate.store.redis.script import Script
from smppgate.store.redis.server_paths import KEEPING
from smppgate.store.redis.slots import Slots
from smppgate.store.redis.stamps import octets_of, stamp_at, stamp_of, time_of
from smppgate.store.segments.records import BEGIN, Record
from smppgate.store.segments.shelf import Segment
from smppgate.store.segments.waiting_paths import WaitingPaths
from smppgate.store.waiters import Waiters
from smppgate.txsmpp.clock import Clock

REPLAY = Script("replay")
PART = "passing return paths on"
"""The part of the store that fails here."""
MOST = 512
"""Return paths and ends of one call: they take a server a millisecond or two."""


class _Entry(NamedTuple):
    """A return path, or the end of one: its stamp alone is in ``octets``."""

    key: bytes
    octets: bytes
    rest: int
    is_path: bool


class Replay:
    """Passes on what waits in ``waiting``, when it is told to.

    :param is_up: whether the servers answer that it is for.
    :param lifetime: seconds that a return path is kept.
    """

    def __init__(
        self,
        clock: Clock,
        slots: Slots,
        names: Names,
        waiting: WaitingPaths,
        is_up: Callable[[], bool],
        lifetime: float,
        faults: Faults,
    ) -> None:
        self._clock = clock
        self._slots = slots
        self._prefix = names.path
        self._waiting = waiting
        self._is_up = is_up
        self._lifetime = lifetime
        self._faults = faults
        self._is_at_work = False
        self._is_stopped = False
        self._settled = Waiters()
        self._segment: Segment | None = None
        """The segment that has been passed on up to `_offset`."""
        self._offset = BEGIN

    def wake(self) -> None:
        """Begin, or go on, if something waits and can be passed on."""
        if self._is_at_work or self._is_stopped or self._waiting.is_empty or not self._is_up():
            return
        self._is_at_work = True
        Deferred.fromCoroutine(self._work())

    def stop(self) -> Deferred[None]:
        """Begin nothing more; fires when the servers have answered what was begun."""
        self._is_stopped = True
        return self._settled.wait() if self._is_at_work else succeed(None)

    async def _work(self) -> None:
        try:
            while not self._is_stopped and (segment := self._waiting.oldest()) is not None:
                await self._pass_on(segment)
            for part in (PART, KEEPING):
                self._faults.worked(part)
        except Unreached:
            # It goes on with the same records when the server is up again.
            pass
        except Exception:
            self._faults.failed(PART, Failure())
        self._is_at_work = False
        self._settled.release()

    async def _pass_on(self, segment: Segment) -> None:
        if segment is not self._segment:
            self._segment, self._offset = segment, BEGIN
        while not self._is_stopped:
            records, end = await self._waiting.read(segment, self._offset)
            if not records:
                self._waiting.drop(segment)
                self._segment = None
                return
            await self._send(records)
            self._offset = end

    async def _send(self, records: Sequence[Record]) -> None:
        now = self._clock.wall()
        for server, entries in self._spread([*self._paths(records, now), *_ends(records, now)]):
            rest = iter(entries)
            while part := list(islice(rest, MOST)):
                await server.run_safely(REPLAY, *self._call(part))

    def _paths(self, records: Sequence[Record], now: float) -> Iterator[_Entry]:
        """The newest value of each key, which is the latest, if it has not expired."""
        newest = {key: value for record in records for key, value in record.paths.items()}
        for key, value in newest.items():
            rest = time_of(stamp_of(value)) + self._lifetime - now
            if rest > 0:
                yield _Entry(key, value, _ms(min(rest, self._lifetime)), True)

    def _spread(self, entries: Sequence[_Entry]) -> Iterator[tuple[Server, list[_Entry]]]:
        spread: dict[Server, list[_Entry]] = {}
        for entry in entries:
            spread.setdefault(self._slots.of(entry.key), []).append(entry)
        yield from spread.items()

    def _call(self, part: Sequence[_Entry]) -> tuple[list[bytes], list[Word]]:
        """Keys and arguments of the script. Of ``part`` return paths come first."""
        arguments: list[Word] = [sum(entry.is_path for entry in part)]
        for entry in part:
            arguments += (entry.octets, entry.rest)
        return [self._prefix + entry.key for entry in part], arguments


def _ends(records: Sequence[Record], now: float) -> Iterator[_Entry]:
    for record in records:
        stamp = octets_of(stamp_at(record.time))
        for key, at in record.marks.items():
            yield _Entry(key, stamp, _ms(at - now), False)


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
