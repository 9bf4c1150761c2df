"""`QueueRules`: what holds of messages that go through a queue, whichever node sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.nodes.models import QUEUED, Attempt

if TYPE_CHECKING:
    from tests.simulation.nodes.world import NodesWorld

AFTERMATH = 1.0
"""Seconds around a disturbance in which messages and answers may have been lost under way."""

UNDER_WAY = 0.3
"""Seconds that a message needs from a gate to an ESME, or to another gate."""


class QueueRules:
    """Holds that no message is sent again that an ESME has taken, and that none passes another.

    Where a session, a wire or a node was lost about then, nothing is held of it: an answer may be
    lost with it, and what was under way goes out again, in its old place.
    """

    def __init__(self, world: NodesWorld) -> None:
        self._world = world
        self._disturbed_at = float("-inf")
        self._waiting: dict[str, dict[int, Attempt]] = {}
        """Node → what it has answered ESME_ROK and no gate was seen to send, in order."""

    @property
    def _is_calm(self) -> bool:
        """Whether nothing was lost a moment ago, or may be at any time."""
        plan = self._world.plan
        if plan.trouble or plan.slow or plan.losing:
            return False
        return self._world.clock.now > self._disturbed_at + AFTERMATH

    def disturbed(self) -> None:
        """A session of that account, or a node, is lost."""
        self._disturbed_at = self._world.clock.now
        self._waiting.clear()

    def answered(self, label: int, attempt: Attempt) -> None:
        """A gate has answered the SMSC."""
        if self._is_queued(attempt) and not attempt.status and not attempt.sent_at:
            self._waiting.setdefault(attempt.node, {})[label] = attempt

    def sent(self, label: int, attempt: Attempt) -> None:
        """A gate is seen to send it, to an ESME or to another gate."""
        if not self._is_queued(attempt) or attempt.sent_at:
            return
        attempt.sent_at = self._world.clock.now
        waiting = self._waiting.get(attempt.node, {})
        waiting.pop(label, None)
        ahead = [each for each in waiting.values() if each.at < attempt.at]
        if ahead and self._is_calm:
            self._world.agenda.call(UNDER_WAY, self._check_passed, label, attempt, ahead)

    def arrived(self, label: int, attempt: Attempt) -> None:
        """An ESME gets it."""
        self.sent(label, attempt)
        if self._is_queued(attempt) and attempt.accepted and self._is_calm:
            calm_since = self._disturbed_at + AFTERMATH
            if calm_since < attempt.accepted_at < self._world.clock.now - UNDER_WAY:
                self._world.violated(f"<d{label}> comes again, and the ESME has taken it")

    def accepted(self, attempt: Attempt) -> None:
        """An ESME has taken it."""
        attempt.accepted_at = attempt.accepted_at or self._world.clock.now

    def _check_passed(self, label: int, attempt: Attempt, ahead: list[Attempt]) -> None:
        if self._is_calm and any(not each.sent_at for each in ahead):
            self._world.violated(f"<d{label}> passes what waits in the queue at {attempt.node}")

    def _is_queued(self, attempt: Attempt) -> bool:
        return attempt.outgoing.account == QUEUED and attempt.outgoing.message is None
