"""What chance, and a limit of messages a second, make of a message at a simulated SMSC."""

from __future__ import annotations

from random import Random

from smppgate.cli.simulator.behaviour import Behaviour
from smppgate.routing.limits.token_bucket import Rate, by_rate
from smppgate.txsmpp.constants import CommandStatus, MessageState


class Chance:
    """Decides as a `Behaviour` says; what is off there draws no random number.

    :param now: seconds on the SMSC's clock.
    """

    def __init__(self, behaviour: Behaviour, random: Random, now: float) -> None:
        self._behaviour = behaviour
        self._random = random
        self._tokens = by_rate(None, _throttle(behaviour), now)

    def is_throttled(self, now: float) -> bool:
        """Whether a message is one too many for this second; if not, it counts."""
        return self._tokens is not None and not self._tokens.take_if_any(now, 1)

    def is_silent(self) -> bool:
        """Whether a message is never answered."""
        return self._happens(self._behaviour.silence)

    def refusal(self) -> int:
        """The command_status that a message is refused with; ESME_ROK: it is not."""
        if not self._happens(self._behaviour.error_rate):
            return CommandStatus.ESME_ROK
        return self._random.choice(self._behaviour.error_statuses)

    def final_state(self) -> MessageState:
        """How a message ends."""
        if not self._behaviour.states:
            return MessageState.DELIVERED
        chance = self._random.random()
        for state, share in self._behaviour.states:
            chance -= share
            if chance < 0:
                return state
        return MessageState.DELIVERED

    def has_receipt(self) -> bool:
        """Whether a receipt that was asked for is sent."""
        return self._behaviour.receipts >= 1 or self._happens(self._behaviour.receipts)

    def latency(self) -> float:
        """Seconds until the answer."""
        jitter = self._behaviour.jitter
        return max(0.0, self._behaviour.latency + self._random.uniform(-jitter, jitter))

    def _happens(self, share: float) -> bool:
        return bool(share) and self._random.random() < share


def _throttle(behaviour: Behaviour) -> Rate | None:
    per_second = behaviour.throttle
    return Rate(per_second, max(1.0, per_second)) if per_second else None
