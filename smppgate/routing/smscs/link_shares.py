"""How much of one SMSC's link each ESME session holds with messages that it has not answered.

An SMSC sends so many deliver_sm on a link at a time and waits for answers then. A session that
does not answer would take them all, and others would get nothing.
"""

from __future__ import annotations

from attrs import define, field

SLOW_AFTER = 1.0
"""Seconds without any answer after which a session that has messages is slow."""

WANTED_FOR = 30.0
"""Seconds for which another session counts as one that wants the link."""


@define(eq=False)
class Share:
    """What one session holds of a link. Mutable and slotted: it is on the hot path.

    :ivar held: messages that it has and has not answered.
    :ivar since: when it last answered, or had nothing to answer.
    """

    held: int = 0
    since: float = 0.0


@define(eq=False)
class LinkShares:
    """Messages of one link under way to ESME sessions, by session.

    While others want the link, a session may hold half of its window, and at least one message;
    one that is slow, half of what is under way. What others want the gate cannot see while an SMSC
    waits for a slow one: they do as long as one of them has lately got a message.

    """

    # Of sessions that have messages.
    _shares: dict[object, Share] = field(factory=dict, init=False)
    _total: int = field(default=0, init=False)
    # The session of the last message, and until when others than it want the link.
    _last: object = field(default=None, init=False)
    _wanted_until: float = field(default=float("-inf"), init=False)

    def __len__(self) -> int:
        """How many messages are under way."""
        return self._total

    def has_room(self, session: object, now: float, window: int) -> bool:
        """Whether ``session`` may have one more message.

        :param window: the most messages that the link is to have under way.
        """
        if session is self._last:
            if now >= self._wanted_until:
                return True
        elif self._last is not None:
            self._wanted_until = now + WANTED_FOR
        self._last = session
        share = self._shares.get(session)
        if share is None or now >= self._wanted_until:
            return True
        most = window
        if self._total > most or now - share.since >= SLOW_AFTER:
            most = self._total
        return share.held < (most // 2 or 1)

    def began(self, session: object, now: float) -> None:
        """A message went to ``session``."""
        self._total += 1
        share = self._shares.get(session)
        if share is None:
            share = self._shares[session] = Share(0, now)
        share.held += 1

    def ended(self, session: object, now: float | None, count: int = 1) -> None:
        """``session`` answered ``count`` messages at ``now``; None where it will not."""
        self._total -= count
        share = self._shares[session]
        share.held -= count
        if not share.held:
            del self._shares[session]
        elif now is not None:
            share.since = now
