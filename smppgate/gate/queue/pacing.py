"""`Pacing`: when a `QueueSender` looks for messages to send."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall

from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock

MIN_BACKOFF, MAX_BACKOFF = 1.0, 60.0
"""Seconds of the first and of the longest pause after an answer that means "later". Each pause is
twice as long as the one before; a success or a new bind begins again with the first."""

POLL_INTERVAL = 0.1
"""Seconds to the next look while sessions are bound and none has room. Other traffic may fill
their windows, and its answers do not reach the queue."""


class Pacing:
    """The timers of one `QueueSender`.

    :param batch: tells the end of a turn of the reactor.
    :param look: called when it is time to look for messages to send.
    """

    def __init__(self, clock: Clock, batch: Batch, look: Callable[[], None]) -> None:
        self._clock = clock
        self._batch = batch
        self._look = look
        self._backoff = MIN_BACKOFF
        self._is_stopped = False
        self._looks_soon = False
        self._poll: IDelayedCall | None = None
        self._pause: IDelayedCall | None = None

    @property
    def is_paused(self) -> bool:
        """Whether a pause is under way, in which nothing is sent or read."""
        return self._pause is not None

    def look_soon(self) -> None:
        """Look at the end of this turn of the reactor."""
        if not self._looks_soon and not self._is_stopped:
            self._looks_soon = True
            self._batch.at_end(self._turn_ended)

    def look_later(self) -> None:
        """Look after `POLL_INTERVAL`. This is no pause: an answer until then is used at once."""
        if self._poll is None and not self._is_stopped:
            self._poll = self._clock.callLater(POLL_INTERVAL, self._polled)

    def back_off(self) -> None:
        """Begin a pause; during a pause this changes nothing."""
        if self._pause is None:
            if not self._is_stopped:
                self._pause = self._clock.callLater(self._backoff, self._resumed)
            self._backoff = min(MAX_BACKOFF, self._backoff * 2)

    def succeeded(self) -> None:
        """The ESME took a message: the next pause is the shortest."""
        self._backoff = MIN_BACKOFF

    def resume(self) -> None:
        """End the pause, let the next one be the shortest, and look."""
        self._backoff = MIN_BACKOFF
        _cancel(self._pause)
        self._pause = None
        self.look_soon()

    def start(self) -> None:
        """Set timers again after `stop`, and look."""
        self._is_stopped = False
        self.resume()

    def stop(self) -> None:
        """Cancel all timers and set none any more."""
        self._is_stopped = True
        for call in (self._poll, self._pause):
            _cancel(call)
        self._poll = self._pause = None

    def _turn_ended(self) -> None:
        self._looks_soon = False
        if not self._is_stopped:
            self._look()

    def _polled(self) -> None:
        self._poll = None
        self.look_soon()

    def _resumed(self) -> None:
        self._pause = None
        self.look_soon()


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None:
        call.cancel()
