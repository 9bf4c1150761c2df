"""`Commits`: return paths on their way to the store, and the answers that wait for them.

Return paths of one turn of the reactor go to the store as one batch, and only when the store has
it do the answers leave. While one batch is being written the next one gathers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import define, field
from twisted.python.failure import Failure

from smppgate.gate.return_path.path_ends import PathEnds
from smppgate.routing.sessions import Origin
from smppgate.store import IStore
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

MIN_BATCH_INTERVAL = 0.0005
"""Seconds from one batch to the next at the least, but for a message that comes alone. A batch
costs the processor as much as some thirty messages do; what comes together may as well wait."""


@define(eq=False)
class _Gathered:
    """The content of one batch, and what follows once the store has it."""

    paths: dict[bytes, bytes] = field(factory=dict)
    answers: list[tuple[Origin, bytes]] = field(factory=list)
    then: list[Callable[[], None]] = field(factory=list)


class Commits:
    """Gathers return paths into batches, and sends answers once their batch is kept.

    :param batch: the sessions' own, so that the answers of one batch leave in one piece.
    :param ends: learns which return paths are kept anew.
    :param waits: whether answers wait for the store at all.
    """

    log = Logger()

    def __init__(
        self, clock: Clock, batch: Batch, store: IStore, ends: PathEnds, waits: bool
    ) -> None:
        self.waits = waits
        self.leaving: Callable[[Mapping[bytes, bytes]], None] | None = None
        """Called with each batch of return paths when its answers leave."""
        self._clock = clock
        self._batch = batch
        self._store = store
        self._ends, self._ending = ends, ends.keys
        self._gathering = _Gathered()
        self._being_kept: _Gathered | None = None
        self._scheduled = False
        self._rests_until = 0.0

    @property
    def answers_waiting(self) -> int:
        """Answers that wait for the store."""
        waiting = (self._gathering, self._being_kept)
        return sum(len(gathered.answers) for gathered in waiting if gathered is not None)

    def keep(self, key: bytes, value: bytes) -> None:
        """Put a return path into the batch that is gathering."""
        self._gathering.paths[key] = value
        if key in self._ending:
            self._ends.stay(key)
        if not self._scheduled:
            self._schedule()

    def answer(self, origin: Origin, octets: bytes) -> None:
        """Send ``octets`` to ``origin`` once the batch that is gathering is kept."""
        self._gathering.answers.append((origin, octets))

    def recent(self, key: bytes) -> bytes | None:
        """The value under ``key`` in a batch that the store does not have yet."""
        value = self._gathering.paths.get(key)
        if value is None and self._being_kept is not None:
            value = self._being_kept.paths.get(key)
        return value

    def holds(self, key: bytes) -> bool:
        """Whether the answer about ``key`` waits for the store."""
        if not self.waits:
            return False
        kept = self._being_kept
        return key in self._gathering.paths or (kept is not None and key in kept.paths)

    def when_out(self, key: bytes, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` once the answer about ``key`` is sent, which this `holds`.

        What follows a message must not overtake its answer.
        """
        gathered = self._gathering
        if key not in gathered.paths and self._being_kept is not None:
            gathered = self._being_kept
        gathered.then.append(go_on)

    def _schedule(self) -> None:
        self._scheduled = True
        if self._being_kept is None:
            self._batch.at_end(self._end_turn)

    def _end_turn(self) -> None:
        """Commit now, or as soon as the last batch is `MIN_BATCH_INTERVAL` ago."""
        pause = self._rests_until - self._clock.monotonic()
        if pause > 0.0 and len(self._gathering.paths) > 1:
            self._clock.callLater(pause, self._commit)
        else:
            self._commit()

    def _commit(self) -> None:
        if self._being_kept is not None or not self._scheduled:
            return
        self._being_kept, self._gathering = self._gathering, _Gathered()
        self._scheduled = False
        self._rests_until = self._clock.monotonic() + MIN_BATCH_INTERVAL
        self._store.keep(self._being_kept.paths).addBoth(self._kept)

    def _kept(self, result: object) -> None:
        """Send the answers, whatever became of the batch: the SMSC has taken the messages."""
        if isinstance(result, Failure):
            self.log.failure("return paths were not kept", result)
        done, self._being_kept = self._being_kept, None
        self._batch.open()
        try:
            if done is not None:
                if self.leaving is not None:
                    self.leaving(done.paths)
                _release(done)
        finally:
            self._batch.close()
            if self._scheduled:
                self._end_turn()


def _release(done: _Gathered) -> None:
    for origin, octets in done.answers:
        origin.answer(octets)
    for go_on in done.then:
        go_on()
