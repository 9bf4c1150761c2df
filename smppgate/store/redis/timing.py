"""`Deadline`: until when an answer is waited for."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Deadline:
    """Calls ``missed`` once at a time, if it is not cancelled before.

    Sockets are read once more before it does: where this process itself was held up, the answer
    may be there already.

    :param due: seconds on ``clock``.
    """

    __slots__ = ("_call", "_clock", "_missed")

    def __init__(self, clock: IReactorTime, due: float, missed: Callable[[], None]) -> None:
        self._clock = clock
        self._missed = missed
        pause = max(0.0, due - clock.seconds())
        self._call: IDelayedCall = clock.callLater(pause, self._passed)

    def cancel(self) -> None:
        """The answer is here. It may be called again, and afterwards."""
        if self._call.active():
            self._call.cancel()

    def _passed(self) -> None:
        self._call = self._clock.callLater(0.0, self._missed)
