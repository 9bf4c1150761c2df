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
class LinkShares:
    """Messages of one link under way to ESME sessions, by session.

    While others want the link, a session may hold half of its window, and at least one message;
    one that is slow, half of what is under way. What others want the gate cannot see while an SMSC
    waits for a slow one: they do as long as one of them has lately got a message.

    :param window: the most messages that the link is to have under way.
    """

    window: int
    # Session → how many it has, and when it last answered, or had nothing to answer.
    _held: dict[object, int] = field(factory=dict, init=False)
    _since: dict[object, float] = field(factory=dict, init=False)
    _total: int = field(default=0, init=False)
    # The session of the last message, and until when others than it want the link.
    _last: object = field(default=None, init=False)
    _wanted_until: float = field(default=float("-inf"), init=False)

    def __len__(self) -> int:
        """How many messages are under way."""
        return self._total

    def has_room(self, session: object, now: float) -> bool:
        """Whether ``session`` may have one more message."""
        if session is self._last:
            if now >= self._wanted_until:
                return True
        elif self._last is not None:
            self._wanted_until = now + WANTED_FOR
        self._last = session
        held = self._held.get(session, 0)
        if not held or now >= self._wanted_until:
            return True
        is_slow = now - self._since[session] >= SLOW_AFTER
        most = self._total if is_slow else max(self._total, self.window)
        return held < max(1, most // 2)

    def began(self, session: object, now: float) -> None:
        """A message went to ``session``."""
        self._total += 1
        held = self._held.get(session, 0)
        if not held:
            self._since[session] = now
        self._held[session] = held + 1

    def ended(self, session: object, now: float | None) -> None:
        """``session`` answered a message at ``now``; None where it will not."""
        self._total -= 1
        held = self._held[session] - 1
        if not held:
            del self._held[session], self._since[session]
            return
        self._held[session] = held
        if now is not None:
            self._since[session] = now
