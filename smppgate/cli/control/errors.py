"""How asking a running gate fails."""

from __future__ import annotations


class NotReached(Exception):
    """No gate answered: none is there, it went away, or what answered is no gate."""


class Refused(Exception):
    """The gate did not do it; the message says why, in one line.

    :param reason: the ``detail`` of the answer.
    :ivar status: of HTTP.
    :ivar errors: what is wrong, each with its place, where a file has errors.
    """

    def __init__(self, reason: str, status: int, errors: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.status = status
        self.errors = errors
