"""`Tally`: how one member answered in the last seconds."""

from __future__ import annotations

from attrs import define, field

from smppgate.routing.smscs.recent import Recent


@define(eq=False)
class Tally:
    """How one member answered in the last ``seconds``. Mutable.

    :ivar answers: messages that it answered, or not in time.
    :ivar errors: those of them with an error, see `smppgate.routing.smscs.health.errors`.
    :ivar unexplained: those of these that say nothing of the message.
    """

    seconds: int
    answers: Recent = field(init=False)
    errors: Recent = field(init=False)
    unexplained: Recent = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.answers, self.errors = Recent(self.seconds), Recent(self.seconds)
        self.unexplained = Recent(self.seconds)

    def step(self) -> None:
        """A second is over."""
        if self.answers.total:
            for each in (self.answers, self.errors, self.unexplained):
                each.step()
