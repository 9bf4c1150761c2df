"""`Elsewhere`: what may know return paths that this process does not, as a Protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from smppgate.routing.smscs.smsc import MessageCenter
from smppgate.store import Found


class Elsewhere(Protocol):
    """Other processes of the same gate."""

    def ask(self, keys: Sequence[bytes], go_on: Callable[[Found], None]) -> None:
        """Ask for the return paths of ``keys``, the likeliest first; then call ``go_on``.

        `Found.is_complete` is False where not all of them could be asked.
        """

    def end(self, session: bytes, keys: Sequence[bytes]) -> bool:
        """Let what is kept under ``keys`` end where the session with this token was bound.

        Gives whether that is elsewhere.
        """

    def awaits(self, center: MessageCenter) -> bool:
        """Whether any of them has said, when it was asked last, that it awaits answers there."""
