"""The simulator's memory of the messages it took: ids, and what has become of each.

Ids are a prefix and a number in turn, so an id tells by itself whether it was ever given. When
a message was taken is kept for the latest `REMEMBERED` only, in a ring of plain numbers; older
ones have long been delivered.
"""

from __future__ import annotations

from array import array

from smppgate.txsmpp.constants import MessageState

REMEMBERED = 1 << 16
"""Messages whose time is known; a power of 2."""

_MASK = REMEMBERED - 1


class Messages:
    """The messages that a simulated SMSC took.

    :param prefix: octets in front of each id.
    :param hexadecimal: whether numbers are written so (8 digits at least), or in decimal.
    :param delivery: seconds from taking a message to its delivery.
    """

    def __init__(self, prefix: bytes, hexadecimal: bool, delivery: float) -> None:
        self._prefix = prefix
        self._format = b"%b%08X" if hexadecimal else b"%b%d"
        self._base = 16 if hexadecimal else 10
        self._delivery = delivery
        self._last = 0
        self._taken_at = array("d", bytes(8 * REMEMBERED))
        self._deleted: dict[int, None] = {}

    def __len__(self) -> int:
        """Messages taken so far."""
        return self._last

    def take(self, now: float) -> bytes:
        """Take one more message; gives its id."""
        self._last = number = self._last + 1
        self._taken_at[number & _MASK] = now
        return self._format % (self._prefix, number)

    def state(self, message_id: bytes, now: float) -> MessageState | None:
        """What has become of it: ENROUTE, DELIVERED or DELETED; None for an id never given."""
        number = self._number(message_id)
        if number is None:
            return None
        if number in self._deleted:
            return MessageState.DELETED
        is_old = number <= self._last - REMEMBERED
        if is_old or now - self._taken_at[number & _MASK] >= self._delivery:
            return MessageState.DELIVERED
        return MessageState.ENROUTE

    def delete(self, message_id: bytes, now: float) -> bool:
        """Cancel a message; False when it is unknown or no longer on its way."""
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
