"""`RateRoom`: messages of one account that is over its rate, until it may send again.

It is in front of the rooms of the pools. A message waits here for a token of its session and one
of its account. Sessions take turns, and within a session the first in is the first out: what comes
while others of its session wait here goes behind them. Then it is the pool's, and may wait there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from attrs import define, field

from smppgate.gate.relay.reason import Reason
from smppgate.gate.submit.room import Waiting
from smppgate.routing.limits.esme_limits import AccountLimit, SessionLimit
from smppgate.routing.limits.refills import Refill, Refills
from smppgate.txsmpp import peek


@define(eq=False)
class _Line:
    """What waits of one session. Mutable."""

    limit: SessionLimit
    messages: OrderedDict[Waiting, None] = field(factory=OrderedDict)


class RateRoom:
    """Messages of one account that wait for tokens. ``len()`` is their number.

    :param account: the limit of the account.
    :param let: called with each message that may go on.
    """

    lack = "its account was over its rate"
    reason = Reason.THROTTLED

    def __init__(
        self, account: AccountLimit, refills: Refills, let: Callable[[RateRoom, Waiting], None]
    ) -> None:
        self.account = account
        self._refills = refills
        self._let = let
        self._count = 0
        self._lines: dict[SessionLimit | None, _Line] = {}
        # Lines of sessions that have a token of their own; the one whose turn it is first.
        self._ready: OrderedDict[_Line, None] = OrderedDict()
        # What each of the others waits for; under the account, what all wait for.
        self._awaited: dict[SessionLimit | AccountLimit, Refill] = {}

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Waiting]:
        """All messages, session by session."""
        for line in self._lines.values():
            yield from line.messages

    def __repr__(self) -> str:
        return f"<RateRoom with {len(self)} of {len(self._lines)} sessions>"

    def add(self, waiting: Waiting, limit: SessionLimit, now: float) -> None:
        """Let it wait behind the others of its session, whose limit this is."""
        line = self._lines.get(limit)
        if line is None:
            line = self._lines[limit] = _Line(limit)
            self._ready[line] = None
        waiting.room, waiting.limit = self, limit
        line.messages[waiting] = None
        limit.waiting += 1
        self._count += 1
        self._look(now)

    def remove(self, waiting: Waiting) -> None:
        """It does not wait here any more."""
        line = self._lines[waiting.limit]
        limit = line.limit
        waiting.room = waiting.limit = None
        del line.messages[waiting]
        limit.waiting -= 1
        self._count -= 1
        if not line.messages:
            del self._lines[limit]
            self._ready.pop(line, None)
            self._await_no_more(limit)
        if not self._lines:
            self._await_no_more(self.account)

    def is_able(self, _command_id: int) -> bool:
        """It waits for tokens alone, and these come."""
        return True

    def _look(self, now: float) -> None:
        """Let go what may go now, and wait for the next token."""
        while self._ready and self._has_token(self.account, now):
            line = next(iter(self._ready))
            if self._has_token(line.limit, now):
                self._serve(line, now)
            else:
                del self._ready[line]

    def _serve(self, line: _Line, now: float) -> None:
        waiting = next(iter(line.messages))
        line.limit.take(now, peek.destinations(waiting.exchange.octets))
        self.remove(waiting)
        if line in self._ready:
            self._ready.move_to_end(line)
        self._let(self, waiting)

    def _has_token(self, limit: SessionLimit | AccountLimit, now: float) -> bool:
        """Whether there is a token; else it is waited for."""
        bucket = limit.bucket
        if bucket is None or bucket.has_token(now):
            self._await_no_more(limit)
            return True
        if limit not in self._awaited:
            self._awaited[limit] = self._refills.await_tokens(
                bucket.due(now), lambda then: self._refilled(limit, then)
            )
        return False

    def _refilled(self, limit: SessionLimit | AccountLimit, now: float) -> None:
        del self._awaited[limit]
        if isinstance(limit, SessionLimit):
            self._ready[self._lines[limit]] = None
        self._look(now)

    def _await_no_more(self, limit: SessionLimit | AccountLimit) -> None:
        refill = self._awaited.pop(limit, None)
        if refill is not None:
            self._refills.cancel(refill)
