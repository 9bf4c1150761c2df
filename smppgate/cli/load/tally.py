"""The counts of a load: sent, answered and lost messages, latencies, receipts."""

from __future__ import annotations

from collections import Counter

from smppgate.cli.latencies import Latencies
from smppgate.txsmpp.constants import CommandStatus


class Tally:
    """Counts over all sessions. Mutable and slotted: every message changes it.

    :ivar sent: submit_sm that were sent.
    :ivar ok: messages answered with ESME_ROK.
    :ivar errors: messages answered with another status, by command_status.
    :ivar timeouts: messages not answered within the response timeout.
    :ivar late: answers that came after the timeout.
    :ivar lost: messages unanswered when their session ended.
    :ivar strays: resps that answer no request.
    :ivar lost_sessions: sessions that ended before the load did, by the reason.
    :ivar receipts: receipts that were delivered.
    :ivar other_messages: other messages that were delivered.
    :ivar began: when the first message was sent, seconds on the sessions' clock.
    :ivar ended: when the last message was answered, on the same clock.
    """

    __slots__ = (
        "began",
        "ended",
        "errors",
        "late",
        "latencies",
        "lost",
        "lost_sessions",
        "ok",
        "other_messages",
        "receipts",
        "sent",
        "strays",
        "timeouts",
    )

    def __init__(self) -> None:
        self.latencies = Latencies()
        self.errors: Counter[int] = Counter()
        self.sent = self.ok = self.timeouts = self.late = self.lost = self.strays = 0
        self.lost_sessions: Counter[str] = Counter()
        self.receipts = self.other_messages = 0
        self.began = self.ended = 0.0

    @property
    def answered(self) -> int:
        """Messages answered within the response timeout, with any status."""
        return self.ok + self.errors.total()

    @property
    def rate(self) -> float:
        """Messages answered per second between the first message and the last answer."""
        took = self.ended - self.began
        return self.answered / took if took > 0 else 0.0

    def answer(self, command_status: int, sent_at: float, now: float) -> None:
        """Count the answer, received at ``now``, to a message sent at ``sent_at``."""
        if command_status == CommandStatus.ESME_ROK:
            self.ok += 1
        else:
            self.errors[command_status] += 1
        self.ended = now
        self.latencies.add(now - sent_at)
