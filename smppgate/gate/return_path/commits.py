"""`Commits`: return paths on their way to the store, before the answers that belong to them.

Return paths of one turn of the reactor go to the store as one batch. A store that keeps at once
has it before anything of that turn is written to any session, and answers are put into their
outboxes like all others. Otherwise the answers wait here until the store has kept the batch;
meanwhile the next one gathers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import define, field
from twisted.python.failure import Failure

from smppgate.notices.store import PATHS_NOT_KEPT
from smppgate.routing.sessions import Origin
from smppgate.store import IStore
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

MIN_BATCH_INTERVAL = 0.0005
"""Seconds from one batch that is waited for to the next at the least, but for a message that comes
alone. Such a batch costs the processor as much as some thirty messages do; what comes together may
as well wait."""


@define(eq=False)
class _Batch:
    """Return paths that the store is keeping, and what follows once it has them."""

    paths: dict[bytes, bytes]
    answers: list[tuple[Origin, bytes]] = field(factory=list)
    then: list[Callable[[], None]] = field(factory=list)


class Commits:
    """Gathers return paths into batches, and lets no answer leave before its own.

    :param batch: the sessions' own, which tells when they are about to be written to.
    :param may_wait: whether answers wait for a store that does not keep at once.
    :ivar waits: whether answers about the return paths that gather now wait for the store.
    :ivar leaving: called with each batch of return paths whose answers leave, before they do;
        where answers do not wait, more may be added to it in the same turn.
    """

    log = Logger()

    def __init__(self, clock: Clock, batch: Batch, store: IStore, may_wait: bool) -> None:
        self.waits = False
        self.leaving: Callable[[Mapping[bytes, bytes]], None] | None = None
        self._clock = clock
        self._batch = batch
        self._store = store
        self._may_wait = may_wait
        self._paths: dict[bytes, bytes] = {}
        """Those that gather."""
        self._waiting = _Batch(self._paths)
        """The same, with the answers that are to wait for them; of no use while none does."""
        self._being_kept: _Batch | None = None
        self._rests_until = 0.0
        self._began = 0.0
        """When the first of those that gather came, where answers wait for them."""

    @property
    def answers_waiting(self) -> int:
        """Answers that wait for the store."""
        waiting = (self._waiting, self._being_kept)
        return sum(len(batch.answers) for batch in waiting if batch is not None)

    def keep(self, key: bytes, value: bytes) -> None:
        """Put a return path into the batch that is gathering."""
        if not self._paths:
            self._begin()
        self._paths[key] = value

    def gathering(self) -> dict[bytes, bytes] | None:
        """The batch that is gathering, for many return paths to be put in; None where answers wait
        for the store."""
        if self.waits or (self._may_wait and not self._store.keeps_at_once):
            return None
        if not self._paths:
            self._begin()
        return self._paths

    def answer(self, origin: Origin, octets: bytes) -> None:
        """Send ``octets`` to ``origin`` once the batch that is gathering is kept.

        Only while this `waits`, and behind the call of `keep` for its return path.
        """
        self._waiting.answers.append((origin, octets))

    def recent(self, key: bytes) -> bytes | None:
        """The value under ``key`` in a batch that the store does not have yet."""
        value = self._paths.get(key)
        if value is None and self._being_kept is not None:
            value = self._being_kept.paths.get(key)
        return value

    def holds(self, key: bytes) -> bool:
        """Whether the answer about ``key`` waits for the store."""
        if self.waits and key in self._paths:
            return True
        return self._being_kept is not None and key in self._being_kept.paths

    def when_out(self, key: bytes, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` once the answer about ``key`` is sent, which this `holds`.

        What follows a message must not overtake its answer.
        """
        batch = self._waiting
        if key not in self._paths and self._being_kept is not None:
            batch = self._being_kept
        batch.then.append(go_on)

    def _begin(self) -> None:
        """The first return path of a batch comes."""
        self.waits = self._may_wait and not self._store.keeps_at_once
        if not self.waits:
            self._batch.before_writing(self._keep_now)
            if self.leaving is not None:
                self.leaving(self._paths)
            return
        self._waiting = _Batch(self._paths)
        self._began = self._clock.monotonic()
        if self._being_kept is None:
            self._batch.at_end(self._end_turn)

    def _gathered(self) -> dict[bytes, bytes]:
        """What has gathered; from here on the next batch gathers."""
        paths, self._paths = self._paths, {}
        self.waits = False
        return paths

    # Answers do not wait

    def _keep_now(self) -> None:
        # It never fails, and nothing waits for it.
        paths = self._gathered()
        if paths:
            self._store.keep(paths)

    # Answers wait

    def _end_turn(self) -> None:
        """Commit now, or as soon as the last batch is `MIN_BATCH_INTERVAL` ago."""
        pause = self._rests_until - self._clock.monotonic()
        if pause > 0.0 and len(self._paths) > 1:
            self._clock.callLater(pause, self._commit)
        else:
            self._commit()

    def _commit(self) -> None:
        if self._being_kept is None and self.waits:
            self._being_kept, self._waiting = self._waiting, _Batch({})
            now = self._clock.monotonic()
            self._rests_until = now + MIN_BATCH_INTERVAL
            keeping = self._store.keep(self._gathered(), now - self._began)
            keeping.addErrback(self._not_kept).addCallback(self._kept)

    def _not_kept(self, failure: Failure) -> None:
        self.log.tell_failure(PATHS_NOT_KEPT, failure)

    def _kept(self, _: None) -> None:
        """Send the answers, whatever became of the batch: the SMSC has taken the messages."""
        done, self._being_kept = self._being_kept, None
        self._batch.open()
        try:
            if done is not None:
                if self.leaving is not None:
                    self.leaving(done.paths)
                _release(done)
        finally:
            self._batch.close()
            if self.waits:
                self._end_turn()


def _release(done: _Batch) -> None:
    for origin, octets in done.answers:
        origin.answer(octets)
    for go_on in done.then:
        go_on()
