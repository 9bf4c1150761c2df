"""`LinkHealth`: what the answers on one link show of the SMSC behind it.

A link may be up and of no use: the SMSC has forgotten the bind while TCP stands, or it answers
enquire_link and no message. Either is seen in the answers to messages, or in their absence.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field

from smppgate.txsmpp.constants import CommandId, numbers
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.statuses import BIND_STATUSES

MAX_BIND_ERRORS = 3
"""Messages answered with a status of `BIND_STATUSES`, and none with ESME_ROK between, after which
the SMSC has forgotten the bind."""

_MESSAGES = numbers(CommandId.SUBMIT_SM, CommandId.DATA_SM)
_ANSWERS = numbers(CommandId.SUBMIT_SM_RESP, CommandId.DATA_SM_RESP, CommandId.GENERIC_NACK)


@define
class LinkHealth:
    """What is known of one link. Mutable.

    :param max_timeouts: messages in a row without an answer in time after which the SMSC is taken
        to be silent; 0 never takes it so.
    :ivar is_forgotten: whether the SMSC does not know the bind any more.
    """

    max_timeouts: int
    is_forgotten: bool = field(default=False, init=False)
    _bind_errors: int = field(default=0, init=False)
    _timeouts: int = field(default=0, init=False)
    _is_half_full: bool = field(default=False, init=False)

    @property
    def is_watched(self) -> bool:
        """Whether answers matter now: something was wrong before."""
        return bool(self._bind_errors or self._timeouts or self._is_half_full)

    @property
    def is_silent(self) -> bool:
        """Whether no message was answered for as long as it takes to say so."""
        return 0 < self.max_timeouts <= self._timeouts

    @property
    def works(self) -> bool:
        """Whether it takes messages, slowly perhaps."""
        return not (self.is_forgotten or self.is_silent)

    @property
    def complaint(self) -> str:
        """What is wrong with the link, in words; empty while nothing is."""
        if self.is_forgotten:
            return "the SMSC has forgotten the bind"
        if self.is_silent:
            return f"no answer in time to {self._timeouts} messages in a row"
        if self._is_half_full and self.max_timeouts:
            return "half of its window is taken by messages without an answer in time"
        return ""

    def heard(self, frames: Iterable[Frame]) -> None:
        """These arrived; to be told while it is watched, and with each error about the bind."""
        for frame in frames:
            if frame.command_id not in _ANSWERS:
                continue
            self._timeouts = 0
            if frame.command_status in BIND_STATUSES:
                self._bind_errors += 1
                self.is_forgotten |= self._bind_errors >= MAX_BIND_ERRORS
            elif frame.command_status == 0:
                self._bind_errors = 0

    def timed_out(self, requests: Iterable[Request]) -> None:
        """These were not answered in time."""
        self._timeouts += sum(request.command_id in _MESSAGES for request in requests)

    def overdue(self, count: int, window: int) -> None:
        """So many requests of the window are overdue."""
        self._is_half_full = 2 * count >= window and count > 0

    def forgotten(self) -> None:
        """The SMSC has said that it does not know the bind."""
        self.is_forgotten = True
