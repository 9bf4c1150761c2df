"""The report of a load, as lines of text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from attrs import frozen

from smppgate.cli.load.tally import Tally
from smppgate.cli.terminal import status_text
from smppgate.txsmpp.constants import status_meaning, status_name

KEYS = """\
The keys of the JSON object:
  sessions, window    as given
  count, rate_limit   as given by --count and --rate, or null
  seconds             from the first message sent to the last one answered
  rate                messages answered per second
  sent, ok            submit_sm sent, and answered with ESME_ROK
  errors              answers with another status: a list of objects with
                      status (number), name, meaning and count
  timeouts, late      not answered within the response timeout; answered after it
  lost                not answered when their session ended
  unanswered          given up because the load was interrupted
  lost_sessions       sessions that ended early: an object, reason to number
  strays              resps that answer nothing
  latency_ms          p50, p90, p99 (with an error of at most 1 %) and max of all
                      answers in milliseconds, or null where there is none
  receipts            receipts that came, or null where none were asked for
  other_messages      other messages that were delivered
"""

_PERCENTILES = (50, 90, 99)


@frozen
class Report:
    """The figures of one load.

    :param count: messages that were to be sent; None where only the duration was limited.
    :param rate_limit: messages per second; None without a limit.
    :param receipts: whether receipts were requested.
    :param ended_early: whether the load ended before its last message was sent or answered.
    """

    tally: Tally
    sessions: int
    window: int
    count: int | None
    rate_limit: float | None
    receipts: bool
    ended_early: bool

    @property
    def is_good(self) -> bool:
        """Whether every message was answered with ESME_ROK."""
        tally = self.tally
        return tally.ok == tally.sent and not self.ended_early

    @property
    def unanswered(self) -> int:
        """Messages that were neither answered nor counted as timed out or lost."""
        tally = self.tally
        return tally.sent - tally.answered - tally.timeouts - tally.lost

    def as_json(self) -> str:
        """One JSON object with the keys that `KEYS` describes."""
        tally = self.tally
        return json.dumps(
            {
                "sessions": self.sessions,
                "window": self.window,
                "count": self.count,
                "rate_limit": self.rate_limit,
                "seconds": round(tally.ended - tally.began, 6),
                "rate": round(tally.rate, 3),
                "sent": tally.sent,
                "ok": tally.ok,
                "errors": self._errors(),
                "timeouts": tally.timeouts,
                "late": tally.late,
                "lost": tally.lost,
                "unanswered": self.unanswered,
                "lost_sessions": dict(tally.lost_sessions),
                "strays": tally.strays,
                "latency_ms": self._latency(),
                "receipts": tally.receipts if self.receipts else None,
                "other_messages": tally.other_messages,
            }
        )

    def lines(self) -> Iterator[str]:
        """The same figures as lines of text; troubles that did not occur have no line."""
        tally = self.tally
        took = tally.ended - tally.began
        yield f"rate      {tally.rate:.0f} msg/s: {tally.answered} answered in {took:.2f} s"
        latency = self._latency()
        if latency:
            yield "latency   " + "  ".join(f"{k} {v:.3f} ms" for k, v in latency.items())
        yield f"ok        {tally.ok} of {self._wanted}"
        for status, times in tally.errors.most_common():
            yield f"error     {times} × {status_text(status)}"
        yield from self._troubles()
        if self.receipts:
            yield f"receipts  {tally.receipts}"

    def _troubles(self) -> Iterator[str]:
        tally = self.tally
        counts = {
            "timeouts": tally.timeouts,
            "late": tally.late,
            "lost": tally.lost,
            "open": self.unanswered,
            "strays": tally.strays,
            "MO": tally.other_messages,
        }
        meanings = {
            "timeouts": "messages not answered in time",
            "late": "of them answered later",
            "lost": "messages unanswered when their session ended",
            "open": "messages unanswered when the load was interrupted",
            "strays": "answers to nothing",
            "MO": "other messages delivered",
        }
        for name, times in counts.items():
            if times:
                yield f"{name:9} {times} {meanings[name]}"
        for reason, times in tally.lost_sessions.most_common():
            yield f"sessions  {times} lost: {reason}"

    @property
    def _wanted(self) -> int:
        return self.tally.sent if self.count is None else self.count

    def _errors(self) -> list[dict[str, object]]:
        return [
            {
                "status": int(status),
                "name": status_name(status),
                "meaning": status_meaning(status),
                "count": times,
            }
            for status, times in self.tally.errors.most_common()
        ]

    def _latency(self) -> dict[str, float] | None:
        latencies = self.tally.latencies
        if not len(latencies):
            return None
        figures = {f"p{p}": latencies.percentile(p) for p in _PERCENTILES}
        figures["max"] = latencies.longest
        return {name: round(seconds * 1000, 6) for name, seconds in figures.items()}
