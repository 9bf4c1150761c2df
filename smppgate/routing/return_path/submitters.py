"""The bound sessions that submit messages, by the token that their return paths name."""

from __future__ import annotations

from itertools import count
from typing import Generic, Protocol, TypeVar

from smppgate.txsmpp.versions import Version


class Addressee(Protocol):
    """A session, as far as return paths lead to it."""

    system_id: bytes
    """Its account's name; empty for whom nothing can be brought to."""
    token: bytes
    """What it is called in return paths, see `Submitters`."""
    queries: bool
    """Whether it may ask about messages that it wanted no receipt for."""
    version: Version


S = TypeVar("S", bound=Addressee)


class Submitters(Generic[S]):
    """The bound sessions that return paths may lead to.

    :param run: octets without NUL that no other run of the gate has: a token of an earlier one is
        nobody's.
    """

    def __init__(self, run: bytes) -> None:
        self._run = run
        self._serials = count(1)
        self._sessions: dict[bytes, S] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, session: S) -> None:
        """Give ``session``, which is bound now, its token."""
        session.token = b"%s.%x" % (self._run, next(self._serials))
        self._sessions[session.token] = session

    def remove(self, session: S) -> None:
        """It has ended; one that was never added is no error."""
        self._sessions.pop(session.token, None)

    def find(self, token: bytes) -> S | None:
        """The session of that token, if it is bound still."""
        return self._sessions.get(token)
