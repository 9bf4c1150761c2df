"""The return path: what leads a receipt, or a query, home.

The store keeps return paths as octets under octets, and so does the gate's memory: the cycle
collector passes octets over, and a million of them add nothing to its pauses. A return path says
whose message it is by name, not by number, because it outlives the process and changes of the
configuration.
"""

from __future__ import annotations

from typing import NamedTuple

TAGGED, ORIGINAL, ALIASED = b"t", b"o", b"a"
"""How the ESME's id is made: the SMSC's tag in front, the SMSC's own, one of the gate's."""

MANY = b"m"
"""Behind one of these: a message to many, each of whom a receipt comes for."""

# No name of a group is empty, so these keys are nobody's return paths.
_ALIAS_PREFIX = b"\0alias\0"
_ORIGINAL_PREFIX = b"\0original\0"


class ReturnPath(NamedTuple):
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
    def of(cls, octets: bytes) -> ReturnPath:
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
