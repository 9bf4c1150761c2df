"""`ReadBudget`: how much a session may send that no window bounds.

Most requests are bounded by a window: the next comes when one is answered. What the gate answers
by itself is not: a request over the window, an unknown command, an enquire_link, a query of an
unknown id. A peer can send some 200 000 of these a second, and while the gate answers them it
relays nothing. So they cost the session that sends them its turn: it is not read until its budget,
which grows with time, is paid back.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.abstract import FileDescriptor

LONGEST_PAUSE = 1.0
"""Seconds that a session is not read at the most: what it sends meanwhile, an unbind perhaps,
waits that long."""

LEAST_PAUSE = 0.02
"""Seconds of a pause beyond what pays the budget back: a session that sends one PDU at a time
would else have a pause for each."""

BURST = 0.25
"""Seconds of the rate that may come at once."""

READ_SIZE = 4096
"""Octets of one read of a session that has been over its budget, or is not bound: with 65 536,
Twisted's own, the PDUs of one read take as long as many messages of others, and what waits behind
the binds of strangers takes as much memory."""


class ReadBudget:
    """The budget of one session. Mutable and slotted.

    :param rate: PDUs a second; 0 is no limit.
    :param now: seconds.
    """

    __slots__ = ("_at", "_left", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._left = rate * BURST
        self._at = now

    def spend(self, count: int, now: float) -> float:
        """Take ``count`` PDUs from the budget.

        :return: seconds that the session is not to be read now; 0 as long as the budget lasts.
        """
        rate = self.rate
        if not rate:
            return 0.0
        left = min(rate * BURST, self._left + (now - self._at) * rate) - count
        self._left = max(left, (LEAST_PAUSE - LONGEST_PAUSE) * rate)
        self._at = now
        return LEAST_PAUSE - self._left / rate if self._left < 0 else 0.0


def read_less(transport: Any) -> None:
    """Let the socket under ``transport`` be read in pieces of `READ_SIZE`, if that is known."""
    socket = _socket_under(transport)
    if socket is not None:
        socket.bufferSize = READ_SIZE


def read_as_usual(transport: Any) -> None:
    """Let the socket under ``transport`` be read in pieces of Twisted's size again."""
    socket = _socket_under(transport)
    if socket is not None:
        socket.bufferSize = type(socket).bufferSize


def _socket_under(transport: Any) -> Any:
    while transport is not None and not isinstance(transport, FileDescriptor):
        # TLS and PROXY wrap the transport that they read from.
        transport = getattr(transport, "transport", None)
    return transport
