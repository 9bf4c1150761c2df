"""`Signals`: what the process does when it gets a signal.

Handlers only note the signal; what is to be done is done by the reactor. Those of SIGTERM and
SIGINT are set once the reactor runs, as it sets its own while it starts.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

MOST_TOLD = 2
"""How often a process may be told to stop until the next signal ends it by itself."""

_TWISTD = "twisted.scripts._twistd_unix"


class Signals:
    """The signals of a process and their meaning.

    :param meaning: called in the reactor's thread, for each signal that does not end the process.
    :param is_stopping: whether the process stops already.
    :param cut: called for a SIGTERM or SIGINT while the process stops, with its number. The first
        is the reactor's, which stops for it, and the third ends the process by itself.
    """

    def __init__(
        self,
        reactor: Any,
        meaning: Mapping[signal.Signals, Callable[[], None]],
        is_stopping: Callable[[], bool],
        cut: Callable[[int], None],
    ) -> None:
        self._reactor = reactor
        self._meaning = meaning
        self._is_stopping = is_stopping
        self._cut = cut
        self._told = 0
        """How often the process was told to stop."""
        self._is_begun = False
        self._previous: dict[int, Any] = {}

    def install(self) -> None:
        """Handle all of them from now on; SIGTERM and SIGINT as soon as the reactor runs.

        A signal that has a handler already keeps it.
        """
        for number in self._meaning:
            if not _is_of_host(signal.getsignal(number)):
                self._handle(number, self._signalled)
        self._reactor.callWhenRunning(self._install_to_stop)

    def restore(self) -> None:
        """Leave signals to those who handled them before."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _install_to_stop(self) -> None:
        for number, own in self._of_reactor().items():
            # Where it is another's, as that of a debugger, or is ignored, it stays so.
            if signal.getsignal(number) == own:
                self._handle(number, self._told_to_stop)

    def _of_reactor(self) -> dict[int, Any]:
        """What the reactor does by itself."""
        reactor = self._reactor
        return {signal.SIGTERM: reactor.sigTerm, signal.SIGINT: reactor.sigInt}

    def _stop(self, number: int) -> None:
        if self._is_begun or self._is_stopping():
            self._cut(number)
        else:
            self._is_begun = True
            self._of_reactor()[number](number)

    def _handle(self, number: int, handler: Callable[[int, FrameType | None], None]) -> None:
        self._previous[number] = signal.signal(number, handler) or signal.SIG_DFL

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self._reactor.callFromThread(self._meaning[signal.Signals(number)])

    def _told_to_stop(self, number: int, _frame: FrameType | None) -> None:
        self._told += 1
        if self._told <= MOST_TOLD:
            self._reactor.callFromThread(self._stop, number)
            return
        # Even where the reactor is held up.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _is_of_host(handler: Any) -> bool:
    """Whether the signal has a handler that counts.

    twistd's own moves its log file at SIGUSR1 and makes a new one, while logrotate has moved it
    already: that is replaced.
    """
    return callable(handler) and getattr(handler, "__module__", "") != _TWISTD
