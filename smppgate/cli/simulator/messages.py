"""The messages that a simulated SMSC accepted: their ids and their states.

An id is a prefix and a consecutive number, so an unknown id is recognised without a table of
ids. A ring of plain numbers keeps the times of the latest `REMEMBERED` messages; older ones count
as delivered.
"""

from __future__ import annotations

from array import array
from math import inf

from smppgate.txsmpp.constants import MessageState

REMEMBERED = 1 << 16
"""Messages whose times and cancellations are kept; a power of 2."""

_MASK = REMEMBERED - 1


def _format(hexadecimal: bool, digits: int) -> bytes:
    """How an id is made of prefix and number, with so many digits at the least."""
    if hexadecimal:
        return b"%%b%%0%dX" % max(8, digits)
    return b"%%b%%0%dd" % max(1, digits)


class Messages:
    """Gives out message_ids and knows the state of each message.

    :param prefix: the octets that each id begins with.
    :param hexadecimal: whether numbers are hexadecimal, with at least 8 digits, or decimal.
    :param delivery: seconds from the acceptance of a message to its final state.
    :param length: octets of an id at the least.
    """

    def __init__(self, prefix: bytes, hexadecimal: bool, delivery: float, length: int = 0) -> None:
        self._prefix = prefix
        self._format = _format(hexadecimal, length - len(prefix))
        self._base = 16 if hexadecimal else 10
        self._delivery = delivery
        self._last = 0
        self._taken_at = array("d", bytes(8 * REMEMBERED))
        self._ends = bytearray(REMEMBERED)
        self._deleted: dict[int, None] = {}

    def __len__(self) -> int:
        """How many messages were accepted."""
        return self._last

    def take(self, now: float, end: int = MessageState.DELIVERED) -> bytes:
        """Accept one message, which comes to the state ``end``; returns its id."""
        self._last = number = self._last + 1
        self._taken_at[number & _MASK] = now
        self._ends[number & _MASK] = end
        return self._format % (self._prefix, number)

    def state(self, message_id: bytes, now: float) -> MessageState | None:
        """ENROUTE, the final state, or DELETED; None for an unknown id."""
        number = self._number(message_id)
        if number is None:
            return None
        if number in self._deleted:
            return MessageState.DELETED
        if number <= self._last - REMEMBERED:
            return MessageState.DELIVERED
        if now - self._taken_at[number & _MASK] >= self._delivery:
            return MessageState(self._ends[number & _MASK])
        return MessageState.ENROUTE

    def end(self, message_id: bytes) -> MessageState:
        """The final state of a message that was accepted not long ago: as given, or DELETED."""
        return self.state(message_id, inf) or MessageState.DELIVERED

    def noted(self, message_id: bytes, hexadecimal: bool) -> bytes:
        """An id that was given out, with its number in this notation."""
        number = int(message_id[len(self._prefix) :], self._base)
        return _format(hexadecimal, 0) % (self._prefix, number)

    def delete(self, message_id: bytes, now: float) -> bool:
        """Cancel a message; False when its id is unknown or it is no longer ENROUTE."""
        number = self._number(message_id)
        if number is None or self.state(message_id, now) is not MessageState.ENROUTE:
            return False
        self._deleted[number] = None
        if len(self._deleted) > REMEMBERED:
            del self._deleted[next(iter(self._deleted))]
        return True

    def _number(self, message_id: bytes) -> int | None:
        if not message_id.startswith(self._prefix):
            return None
        try:
            number = int(message_id[len(self._prefix) :], self._base)
        except ValueError:
            return None
        is_ours = 1 <= number <= self._last and self._format % (self._prefix, number) == message_id
        return number if is_ours else None
