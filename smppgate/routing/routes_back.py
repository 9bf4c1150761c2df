"""The route back: what leads a receipt, or a query, home.

The store keeps routes as octets under octets, and so does the gate's memory: the cycle collector
passes octets over, and a million of them add nothing to its pauses. A route says whose message
it is by name, not by number, because it outlives the process and changes of the configuration.
"""

from __future__ import annotations

from itertools import count
from typing import Generic, NamedTuple, Protocol, TypeVar

from smppgate.txsmpp.versions import Version

TAGGED, ORIGINAL, ALIASED = b"t", b"o", b"a"
"""How the ESME's id is made: the SMSC's tag in front, the SMSC's own, one of the gate's."""

MANY = b"m"
"""Behind one of these: a message to many, each of whom a receipt comes for."""

# No name of a group is empty, so these keys are nobody's routes.
_ALIAS_PREFIX = b"\0alias\0"
_ORIGINAL_PREFIX = b"\0original\0"


class Sender(Protocol):
    """A session, as far as routes lead to it."""

    system_id: bytes
    """Its account's name; empty for whom nothing can be brought to."""
    token: bytes
    """What it is called in routes, see `Senders`."""
    queries: bool
    """Whether it may ask about messages that it wanted no receipt for."""
    version: Version


class Route(NamedTuple):
    """Whose a message is.

    ``account`` is the system_id, ``tag`` that of the SMSC which took it, ``session`` the token of
    the session that submitted it, ``kind`` one of the above, perhaps with `MANY`, and ``given``
    the ESME's id where it is an alias. None of them has a NUL in it.
    """

    account: bytes
    tag: bytes
    session: bytes
    kind: bytes
    given: bytes = b""

    def octets(self) -> bytes:
        """As the store keeps it."""
        return b"\0".join(self)

    @classmethod
    def of(cls, octets: bytes) -> Route:
        """What `octets` gave."""
        return cls(*octets.split(b"\0", 4))

    @property
    def is_to_many(self) -> bool:
        """Whether a receipt for it is only one of several."""
        return self.kind.endswith(MANY)

    def esme_id(self, message_id: bytes) -> bytes:
        """The id that the ESME was given for the SMSC's ``message_id``."""
        how = self.kind[:1]
        if how == TAGGED:
            return self.tag + message_id
        return message_id if how == ORIGINAL else self.given

    def kept_beside(self, message_id: bytes) -> tuple[bytes, ...]:
        """Under which other keys something is kept of the message with that id of the SMSC's."""
        how = self.kind[:1]
        if how == ALIASED:
            return (alias_key(self.given),)
        return (original_key(self.account, message_id),) if how == ORIGINAL else ()


def alias_key(alias: bytes) -> bytes:
    """Where the store has what ``alias`` stands for: see `alias_value`."""
    return _ALIAS_PREFIX + alias


def alias_value(tag: bytes, message_id: bytes) -> bytes:
    """An SMSC's tag and its id; `alias_target` takes them apart."""
    return tag + b"\0" + message_id


def alias_target(value: bytes) -> tuple[bytes, bytes]:
    """Tag and id."""
    tag, _, message_id = value.partition(b"\0")
    return tag, message_id


def original_key(account: bytes, message_id: bytes) -> bytes:
    """Where the store has the tag of the SMSC that gave ``account`` this id untouched."""
    return _ORIGINAL_PREFIX + account + b"\0" + message_id


S = TypeVar("S", bound=Sender)


class Senders(Generic[S]):
    """The bound sessions that routes may lead to.

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
