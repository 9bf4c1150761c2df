"""`Rewritten`: what is kept of a request that hooks or rules change, while it is under way."""

from __future__ import annotations

from smppgate.routing.return_path.addresses import Addresses, addresses
from smppgate.routing.rewrite.rules import Statuses


class Rewritten:
    """A request that a hook has changed, or that rules hold for. Mutable and slotted.

    As a `Submission` it is what its peer was sent.

    :param original: the request as its origin sent it.
    :ivar octets: as it was sent last, but for the version of its peer.
    """

    __slots__ = ("_far", "_near", "command_id", "octets", "original")

    def __init__(self, command_id: int, original: bytes) -> None:
        self.command_id = command_id
        self.original = self.octets = original
        self._near: tuple[Statuses, ...] = ()
        self._far: tuple[Statuses, ...] = ()

    def entered(self, octets: bytes, statuses: tuple[Statuses, ...]) -> None:
        """A hook, or rules that do not ask where it goes, have made this of it."""
        self.octets, self._near = octets, statuses

    def left(self, octets: bytes, statuses: tuple[Statuses, ...]) -> None:
        """It is sent in these octets: rules that ask where it goes have had their say."""
        self.octets, self._far = octets, statuses

    def told(self, status: int) -> int:
        """The command_status that the origin hears where its peer answers with ``status``."""
        for statuses in (*self._far, *self._near):
            status = statuses.get(status, status)
        return status

    def shorten(self, size: int) -> None:
        """Keep so many octets of it."""
        self.original, self.octets = self.original[:size], self.octets[:size]

    @property
    def addresses(self) -> Addresses | None:
        """Its addresses in the words of both sides; None where they are the same."""
        return addresses(self.original, self.octets)
