"""`ServerPaths`: the return paths of one server, and those that it has not confirmed.

What goes to the server in one call is a *batch*. When one fails it goes into the segments of this
process, and with it all batches that are under way: so what lies there is in the order of stamps.
What the server then has all the same does no harm, see `replay`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import repeat
from types import MappingProxyType
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smppgate.store.faults import Faults
from smppgate.store.interface import KEEP_DEADLINE
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server, Unreached
from smppgate.store.redis.stamps import Stamps, time_of
from smppgate.store.segments.waiting_paths import WaitingPaths
from smppgate.store.waiters import Waiters
from smppgate.txsmpp.clock import Clock

T = TypeVar("T")

KEEPING, FINDING = "keeping return paths", "finding return paths"
"""The parts of the store that fail here, where a server refuses what it is asked for."""
ENDS_DELAY = 0.1
"""Seconds that ends wait for a batch to take them along."""
MOST_ENDS = 1024
"""Ends that wait for that."""
_NONE: Mapping[bytes, int] = MappingProxyType({})


@define(eq=False)
class _Batch:
    """What goes to the server in one call; the keys are those in Redis. Mutable, one a turn.

    ``aside`` fires when segments have it.
    """

    stamp: int
    kept: Mapping[bytes, bytes]
    ends: Mapping[bytes, float]
    aside: Deferred[None] | None = field(default=None)


class ServerPaths:
    """Keeps, finds and ends return paths on ``server``.

    :param waiting: has what the server has not confirmed.
    :param lifetime: seconds that a return path is kept.
    """

    def __init__(
        self,
        clock: Clock,
        server: Server,
        names: Names,
        waiting: WaitingPaths,
        stamps: Stamps,
        lifetime: float,
        faults: Faults,
    ) -> None:
        self.unconfirmed = 0
        """Return paths that `keep` has fired for although the server had not confirmed them."""
        self._clock = clock
        self._server = server
        self._prefix = names.path
        self._waiting = waiting
        self._stamps = stamps
        self._lifetime = int(lifetime * 1000)
        self._faults = faults
        self._ends: dict[bytes, float] = {}
        """Ends that the next batch takes along; the keys are those in Redis."""
        self._flying: dict[_Batch, None] = {}
        """Batches that the server has not answered, the oldest first."""
        self._landed = Waiters()
        self._timer: IDelayedCall | None = None
        self._is_refused = False

    @property
    def unsaved(self) -> int:
        """Return paths and ends that neither the server nor a segment has yet, as far as known."""
        return len(self._ends) + sum(len(it.kept) + len(it.ends) for it in self._flying)

    def keep(self, stamp: int, kept: Mapping[bytes, bytes], waited: float = 0.0) -> Deferred[None]:
        """Keep ``kept``, key in Redis to value with ``stamp``.

        :param waited: see `IReturnPaths.keep`.

        :return: fires when the server has confirmed it, or when segments have it; never fails.
        """
        ends = self._ends
        if ends:
            # What is kept anew does not end. A loop in C; a deque of no length keeps no results.
            deque(map(ends.pop, kept, repeat(None)), maxlen=0)
            self._ends = {}
        return self._send(_Batch(stamp, kept, ends), waited)

    def end(self, keys: Sequence[bytes], at: float) -> None:
        """Let the return paths of ``keys`` end at a time."""
        ends, prefix = self._ends, self._prefix
        for key in keys:
            name = prefix + key
            ends[name] = min(at, ends.get(name, at))
        if len(ends) >= MOST_ENDS:
            self.flush()
        elif self._timer is None:
            self._timer = self._clock.callLater(ENDS_DELAY, self._flush_in_time)

    def flush(self) -> None:
        """Send the ends that wait."""
        ends, self._ends = self._ends, {}
        if ends:
            self._send(_Batch(self._stamps.next(), {}, ends))

    async def find(self, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], bool]:
        """The values of ``keys`` with their stamps, and whether all could be asked for."""
        try:
            values = await self._server.find([self._prefix + key for key in keys])
        except Exception:
            self._note_refusal(FINDING, Failure())
            return {}, False
        self._faults.worked(FINDING)
        pairs = zip(keys, values, strict=True)
        return {key: value for key, value in pairs if value is not None}, True

    def under_way(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of ``keys`` with their stamps that the server has not answered yet."""
        named = [(key, self._prefix + key) for key in keys]
        return {
            key: batch.kept[name]
            for batch in self._flying
            for key, name in named
            if name in batch.kept
        }

    def tick(self) -> None:
        """See whether return paths can be found again, if they could not be."""
        if FINDING in self._faults and self._server.is_up:
            Deferred.fromCoroutine(self.find([b""]))

    async def settle(self) -> None:
        """Wait until all is confirmed or lies in segments: for `KEEP_DEADLINE` at the most."""
        self._stop_timer()
        self.flush()
        if self._flying:
            # It comes before that: a server fails what it has not answered within its patience.
            late = self._clock.callLater(KEEP_DEADLINE, self._landed.release)
            await self._landed.wait()
            if late.active():
                late.cancel()
        self._set_aside()

    # What is sent

    def _send(self, batch: _Batch, waited: float = 0.0) -> Deferred[None]:
        if not self._server.is_up:
            return self._let_out(batch)
        ended = self._prepared(batch) if batch.ends else _NONE
        self._flying[batch] = None
        done = self._server.keep(batch.kept, self._lifetime, ended, waited)
        return done.addCallbacks(
            self._kept, self._not_kept, callbackArgs=(batch,), errbackArgs=(batch,)
        )

    def _prepared(self, batch: _Batch) -> dict[bytes, int]:
        """The ends of ``batch`` in milliseconds from now.

        While older return paths wait in segments, these have the ends too: they come behind.
        """
        if self._waiting.is_behind:
            self._waiting.put(time_of(batch.stamp), {}, self._unprefixed(batch.ends))
        now = self._clock.wall()
        return {key: max(1, int((at - now) * 1000)) for key, at in batch.ends.items()}

    def _kept(self, _: None, batch: _Batch) -> None:
        del self._flying[batch]
        if self._is_refused:
            self._is_refused = False
            self._faults.worked(KEEPING)
        if not self._flying and self._landed:
            self._landed.release()

    def _not_kept(self, failure: Failure, batch: _Batch) -> Deferred[None]:
        if failure.check(Unreached) is None:
            self._is_refused = True
            self._note_refusal(KEEPING, failure)
        done = self._let_out(batch)
        self._flying.pop(batch, None)
        if not self._flying and self._landed:
            self._landed.release()
        return done

    def _note_refusal(self, part: str, failure: Failure) -> None:
        if failure.check(Unreached) is None:
            self._faults.failed(part, failure)

    # What is set aside

    def _let_out(self, batch: _Batch) -> Deferred[None]:
        """Fires when segments have ``batch``, and in any case in time."""
        self.unconfirmed += len(batch.kept)
        self._set_aside()
        done = batch.aside = batch.aside or self._put(batch)
        if not done.called:
            age = min(max(0.0, self._clock.wall() - time_of(batch.stamp)), KEEP_DEADLINE)
            done.addTimeout(KEEP_DEADLINE - age, self._clock, lambda *_: None)
        return done

    def _set_aside(self) -> None:
        """Put the batches that are under way into segments: they come before all later ones."""
        for batch in self._flying:
            batch.aside = batch.aside or self._put(batch)

    def _put(self, batch: _Batch) -> Deferred[None]:
        paths, ends = self._unprefixed(batch.kept), self._unprefixed(batch.ends)
        return self._waiting.put(time_of(batch.stamp), paths, ends)

    def _unprefixed(self, table: Mapping[bytes, T]) -> dict[bytes, T]:
        begin = len(self._prefix)
        return {key[begin:]: value for key, value in table.items()}

    # Time

    def _flush_in_time(self) -> None:
        self._timer = None
        self.flush()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
