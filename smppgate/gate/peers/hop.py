"""`Hop`: a request that is under way by way of another node."""

from __future__ import annotations

from smppgate.gate.peers.failure import NotTaken
from smppgate.txsmpp.errors import NoAnswer
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request


class Hop(Request):
    """Ends a request as the answer of the other node says. Mutable and slotted.

    :param request: what was to be sent.
    """

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        super().__init__(request.command_id, request.sent_at)
        self._request = request

    def over(self) -> None:
        """It is not under way any more: its place is free."""
        raise NotImplementedError

    def turned_back(self, now: float) -> None:
        """Nothing at the other node had room for it."""
        raise NotImplementedError

    def answered(self, frame: Frame, now: float) -> None:
        """The peer there has answered, or its node could not give it the request."""
        self.over()
        reason = NotTaken.told_in(frame) if frame.command_status else None
        if reason is None:
            self._request.answered(frame, now)
        elif reason is NotTaken.FULL:
            self.turned_back(now)
        else:
            self._request.failed(reason.as_error())
            if reason is NotTaken.TIMED_OUT:
                # Its node counts it as long as the peer may be at work on it.
                self._request.released()

    def failed(self, reason: NoAnswer) -> None:
        """The node has not answered in time, or the link to it has ended."""
        self.over()
        self._request.failed(reason)

    def answered_late(self, frame: Frame, now: float) -> None:
        """The answer came after `failed`."""
        if not frame.command_status or NotTaken.told_in(frame) is None:
            self._request.answered_late(frame, now)

    def released(self) -> None:
        """It takes no place in the window of the link between the nodes any more."""
        self._request.released()
