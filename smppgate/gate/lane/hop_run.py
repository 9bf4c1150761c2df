"""`HopRun`: plain submit_sm of one read that go by way of another node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from smppgate.gate.lane.run import Run
from smppgate.txsmpp.sequence import Request


class RunLink(Protocol):
    """A link by way of another node, as runs need it; see `gate.peers.remote_link`."""

    def hop(self, request: Request) -> Request:
        """What awaits the answer to a message that was sent on the link."""

    def took(self, count: int) -> None:
        """The SMSC has taken ``count`` messages that were sent on the link."""

    def send_run(self, octets: bytearray, places: Sequence[int]) -> None:
        """Send messages under the numbers that they have.

        :param places: where each of them begins in ``octets``, and behind those where the last
            one ends.
        """


class HopRun(Run):
    """What one such link gets of a run: a run of its own. Mutable and slotted.

    :param run: nothing of it is answered yet.
    :param at: the place of the first message in ``run``.
    """

    __slots__ = ("link",)

    def __init__(self, run: Run, at: int, count: int, link: RunLink) -> None:
        until = at + count
        super().__init__(
            run._correlator,
            run.origin,
            run.pool,
            cast(bytes, run._octets),
            run._bounds[at : until + 1],
            run.asked[at:until],
            run.wants_receipt,
            run.sent_at,
        )
        self.link = link

    def is_on(self, link: object) -> bool:
        """Whether it is of ``link``: a session with a node has runs of several."""
        return link is self.link

    def single(self, at: int) -> Request:
        """What awaits the answer to the message at ``at``, which is none of the run's any more."""
        return self.link.hop(super().single(at))

    def answered_some(self, count: int) -> None:
        """``count`` of them were answered."""
        super().answered_some(count)
        self.link.took(count)
