"""`Drain`: a queue as a gate has it, and an ESME that takes what it is sent."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smppgate.gate.queue.claims import Claim
from smppgate.gate.queue.read_ahead import ReadAhead
from smppgate.store import Enqueued, NewMessage, QueuedMessage, StoreError
from tests.store.redis.nodes import ONE, Node, Site

WINDOW = 4
ANSWER = 0.25
"""Seconds in which the ESME answers."""


class Drain:
    """The queue of one account at one node; what `smppgate.gate.queue.claims.Claimed` is.

    :param sending: called with each message before it is sent.
    :ivar missing: messages that it counted and never found.
    :ivar is_bound: whether the ESME is bound here.
    """

    def __init__(
        self, site: Site, node: Node, sending: Callable[[Drain, QueuedMessage], None]
    ) -> None:
        self.name = ONE
        self.node = node
        self.missing = 0
        self.is_bound = True
        self.is_mine = self.is_filled = self.is_paused = False
        self.ahead = ReadAhead()
        self.ahead.read_size = 8
        self._clock = site.clock
        self._sending = sending
        self._reading: Deferred[list[QueuedMessage]] | None = None
        self._timers: list[IDelayedCall] = []
        self._claim = Claim(self, node.queues, lambda: None)  # type: ignore[arg-type]
        self._claim.begin(rests=False)

    @property
    def rank(self) -> int:
        return 2 if self.is_bound else 1

    @property
    def under_way(self) -> int:
        return self.ahead.under_way

    @property
    def sends(self) -> bool:
        """Whether it may send at present."""
        return self.is_mine and not self.is_paused

    def bind(self, is_bound: bool) -> None:
        """The ESME is bound here, or not any more."""
        self.is_bound = is_bound
        self._claim.look()
        self._look()

    def put(self, text: bytes, told: Callable[[Enqueued], None], ttl: float = 1000.0) -> None:
        """A message comes from an SMSC."""
        self.ahead.arrive()
        new = NewMessage(ONE, text, self._clock.seconds() + ttl)

        def kept(outcomes: list[Enqueued]) -> None:
            (outcome,) = outcomes
            is_stored = outcome is Enqueued.STORED
            self.ahead.arrived(is_stored and self.is_mine)
            if is_stored:
                self.is_filled = not self.is_mine
            told(outcome)
            self._look()

        self.node.queues.enqueue([new]).addCallback(kept)

    def die(self) -> None:
        """The node ends."""
        self.is_mine = False
        self._reading = None
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        self.node.die()

    # `Claimed`

    def share(self) -> None:
        self.is_mine = False

    def begin(self, count: int) -> None:
        self.is_mine, self.is_filled, self.is_paused = True, False, False
        self.ahead.begin(count)
        self._look()

    def came(self, count: int) -> None:
        assert count > 0
        if self.is_mine:
            self.ahead.add(count)
            self._look()
        else:
            self.is_filled = True

    def emptied(self) -> None:
        if not self.is_mine:
            self.is_filled = False

    def pause(self) -> None:
        self.is_paused = True

    def let_go(self) -> None:
        self.is_mine, self.is_filled = False, self.ahead.unsent > 0
        self._reading = None
        self.ahead.let_go()

    # Sending

    def _look(self) -> None:
        if not self.sends:
            return
        if not self.is_bound:
            self._reading = None
            self.ahead.forget()
            return
        while self.ahead.under_way < WINDOW and self.ahead.next() is not None:
            message = self.ahead.send()
            self._sending(self, message)
            self._timers.append(self._clock.callLater(ANSWER, self._answered, message))
        self._read_on()

    def _answered(self, message: QueuedMessage) -> None:
        self.ahead.end(message.number)
        self.node.queues.remove(ONE, [message.number])
        self._look()
        self._claim.came_back()

    def _read_on(self) -> None:
        if self._reading is not None or not self.ahead.needs_reading:
            return
        arrivals = -1 if self.ahead.arriving else self.ahead.arrivals
        self._reading = reading = self.node.queues.queued(ONE, self.ahead.after, 8)
        reading.addCallbacks(
            self._was_read, self._was_not_read, (reading, arrivals), errbackArgs=(reading,)
        )

    def _was_read(
        self,
        messages: list[QueuedMessage],
        reading: Deferred[list[QueuedMessage]],
        arrivals: int,
    ) -> None:
        if reading is not self._reading:
            return
        self._reading = None
        is_all = len(messages) < 8 and arrivals == self.ahead.arrivals
        self.ahead.read(messages)
        if is_all:
            self.missing += max(0, self.ahead.all_read())
        if messages or not (is_all or self.ahead.arriving):
            self._timers.append(self._clock.callLater(0.01, self._look))

    def _was_not_read(self, failure: Failure, reading: Deferred[list[QueuedMessage]]) -> None:
        failure.trap(StoreError)
        if reading is self._reading:
            self._reading = None
            self._timers.append(self._clock.callLater(0.5, self._look))
