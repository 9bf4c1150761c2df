"""The session timers of SMPP v3.4 §7.2, without a clock.

A `Watch` remembers when something was last heard on a session and says, when asked, what is
due. It is asked rarely: one timer per session, set to the next thing that can fall due, never
one per message.
"""

from __future__ import annotations

from enum import Enum

from attrs import define, field, frozen

NEVER = float("inf")

MIN_PROBE_INTERVAL = 1.0
"""Seconds from one `Watch.probe` that asks the peer to the next."""


@frozen
class Timers:
    """How long a session may take over what; seconds. The first three may be 0: no limit."""

    session_init: float = 30.0
    """From the connection to the bind."""
    enquire_link: float = 30.0
    """Silence after which the peer is asked for a sign of life."""
    inactivity: float = 300.0
    """How long the peer may send nothing but answers to our own enquire_link."""
    response: float = 60.0
    """From a request to its answer."""
    enquire_link_timeout: float = 10.0
    """From an enquire_link to its answer, or to anything else that is heard in its place."""
    unbind: float = 2.0
    """From this end's unbind to its unbind_resp: some peers never answer one."""
    unbinding: float = 5.0
    """From an unbind of either end to the end of the session, while requests are open."""
    closing: float = 5.0
    """From the decision to close until the connection is cut, read or unread."""


class Due(Enum):
    """What a `Watch` finds is to be done now."""

    NOTHING = "nothing"
    ENQUIRE = "enquire_link"
    NOT_BOUND = "no bind in time"
    UNANSWERED = "enquire_link unanswered"
    INACTIVE = "inactive"


@define
class Watch:
    """When a session was last heard of; mutable, touched once per read."""

    timers: Timers
    started: float
    heard: float = field()
    active: float = field()
    asked: float = NEVER
    """When an enquire_link was sent that nothing was heard since; NEVER when none is."""
    probed_at: float = -NEVER
    """When `probe` expected a sign of life last."""
    probed_until: float = NEVER
    """When it is due; NEVER when none is expected."""

    @heard.default
    def _heard(self) -> float:
        return self.started

    @active.default
    def _active(self) -> float:
        return self.started

    def hear(self, now: float) -> bool:
        """Octets came.

        Gives whether they were waited for: then `next` may be earlier than it was.
        """
        was_asked = self.asked != NEVER
        self.heard = now
        self.asked = self.probed_until = NEVER
        return was_asked

    def probe(self, now: float, patience: float) -> bool:
        """Expect something to be heard in ``patience`` seconds.

        Gives whether the peer is to be asked for it: once a second, and not while it is asked.
        """
        if now - self.probed_at < MIN_PROBE_INTERVAL:
            return False
        self.probed_at = now
        is_asked = self.asked != NEVER
        self.asked = min(self.asked, now)
        self.probed_until = min(self.probed_until, now + patience)
        return not is_asked

    def due(self, now: float, bound: bool) -> Due:
        """What is to be done at ``now``; after ENQUIRE, `asked` counts from now."""
        if not bound:
            late = self._init_at() <= now
            return Due.NOT_BOUND if late else Due.NOTHING
        if self._unanswered_at() <= now:
            return Due.UNANSWERED
        if self._inactive_at() <= now:
            return Due.INACTIVE
        if self._enquire_at() <= now:
            self.asked = now
            return Due.ENQUIRE
        return Due.NOTHING

    def next(self, bound: bool) -> float:
        """When `due` has something to say next, if nothing is heard until then."""
        if not bound:
            return self._init_at()
        return min(self._enquire_at(), self._unanswered_at(), self._inactive_at())

    def _init_at(self) -> float:
        return _after(self.started, self.timers.session_init)

    def _enquire_at(self) -> float:
        return NEVER if self.asked != NEVER else _after(self.heard, self.timers.enquire_link)

    def _unanswered_at(self) -> float:
        return min(self.asked + self.timers.enquire_link_timeout, self.probed_until)

    def _inactive_at(self) -> float:
        return _after(self.active, self.timers.inactivity)


def _after(time: float, seconds: float) -> float:
    return time + seconds if seconds else NEVER
