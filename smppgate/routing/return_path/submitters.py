"""The bound sessions that submit messages, by the tokens in their return paths."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Generic, Protocol, TypeVar

from smppgate.txsmpp.versions import Version


class Addressee(Protocol):
    """What a return path needs to know of the session that it leads to."""

    system_id: bytes
    """The system_id of its account; empty for an origin that return paths cannot lead to."""
    token: bytes
    """The octets that name it in return paths, see `Submitters`."""
    version: Version
    """The SMPP version that the peer speaks."""

    @property
    def queries(self) -> bool:
        """Whether messages that ask for no receipt have a return path too."""


_NODE_ENDS = "/"
"""Behind the name of its node in a token; no name of a node has it, and nothing else does."""


def run_of(node: str, run: str) -> bytes:
    """The octets of a run for `Submitters`: they name their node, which no other one does.

    :param node: its name; empty for one that has none.
    """
    return f"{node}{_NODE_ENDS}{run}".encode() if node else run.encode()


def node_of(token: bytes) -> str:
    """The name of the node that gave ``token``; empty for one that has no name."""
    return token.decode("latin-1").rpartition(_NODE_ENDS)[0]


S = TypeVar("S", bound=Addressee)


class Submitters(Generic[S]):
    """The bound sessions that return paths may lead to, here and at other nodes.

    :param run: octets without NUL that no other run of the gate has, of any node. They begin each
        token, so a token of an earlier run leads to no session.
    """

    def __init__(self, run: bytes) -> None:
        self._run = run
        self._serials = count(1)
        self._sessions: dict[bytes, S] = {}
        self._elsewhere: dict[bytes, S] = {}

    def __len__(self) -> int:
        """How many of them are bound here."""
        return len(self._sessions)

    def add(self, session: S) -> None:
        """Add ``session``, which is bound, and give it its token."""
        session.token = b"%s.%x" % (self._run, next(self._serials))
        self._sessions[session.token] = session

    def remove(self, session: S) -> None:
        """Remove ``session``, which has ended; a session that was not added is ignored."""
        self._sessions.pop(session.token, None)

    def add_remote(self, session: S) -> None:
        """Add a session of another node, which has given it its token."""
        self._elsewhere[session.token] = session

    def remove_remote(self, session: S) -> None:
        """Remove a session of another node; one that was not added is ignored."""
        self._elsewhere.pop(session.token, None)

    def here(self, token: bytes) -> S | None:
        """The session with this token, if it is bound here."""
        return self._sessions.get(token)

    def find(self, token: bytes) -> S | None:
        """The session with this token; None once it has ended."""
        return self._sessions.get(token) or self._elsewhere.get(token)

    @property
    def of_this_node(self) -> Iterator[S]:
        """Those that are bound here, in the order in which they were bound."""
        return iter(self._sessions.values())
