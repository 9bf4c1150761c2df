"""What became of the messages of a load, counted as it happens."""

from __future__ import annotations

from collections import Counter

from smppgate.cli.latencies import Latencies
from smppgate.txsmpp.constants import CommandStatus


class Tally:
    """Counts over all sessions. Mutable and slotted: written to for every message.

    :ivar sent: submit_sm sent.
    :ivar ok: answered with ESME_ROK.
    :ivar errors: answered otherwise, by command_status.
    :ivar timeouts: not answered in time.
    :ivar late: answered after that.
    :ivar lost: not answered when their session ended.
    :ivar strays: resps that answer nothing.
    :ivar lost_sessions: sessions that ended before the load did, by the reason.
    :ivar receipts: receipts delivered; ``other_messages`` whatever else was.
    :ivar began: when the first message was sent; ``ended`` when the last was answered; seconds
        on the sessions' clock.
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
        """Messages answered in time, whatever the status."""
        return self.ok + self.errors.total()

    @property
    def rate(self) -> float:
        """Messages answered per second, from the first sent to the last answered."""
        took = self.ended - self.began
        return self.answered / took if took > 0 else 0.0

    def answer(self, command_status: int, sent_at: float, now: float) -> None:
        """Count one answer, to a message sent at ``sent_at``."""
        if command_status == CommandStatus.ESME_ROK:
            self.ok += 1
        else:
            self.errors[command_status] += 1
        self.ended = now
        self.latencies.add(now - sent_at)
