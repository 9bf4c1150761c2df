"""Records of return paths, as the store keeps them.

A record is octets under a key of octets, in memory too: the cycle collector passes octets over,
and a million of them add nothing to its pauses. A return path names account and SMSC by system_id
and tag, not by number, because it outlives the process and changes of the configuration.
"""

from __future__ import annotations

from typing import NamedTuple

from smppgate.routing.return_path.addresses import Addresses

TAGGED, ORIGINAL, ALIASED = b"t", b"o", b"a"
"""Kinds of ids given to ESMEs: the SMSC's with its tag in front, the SMSC's own, an alias."""

MANY = b"m"
"""Appended to a kind: several final receipts may come for the message, see `submissions`."""

LONGEST_NAMEABLE = 255
"""Octets of an SMSC's id that is kept as it is, so that requests can name the message to the SMSC.
The specification has 64; one PDU may have 65 535, and each record may be kept for days."""

# The key of a return path begins with the name of a message center, which is not empty. So these
# keys differ from all of them.
_ALIAS_PREFIX = b"\0alias\0"
_ORIGINAL_PREFIX = b"\0original\0"
_FOLDED_PREFIX = b"\0folded\0"


class ReturnPath(NamedTuple):
    """The return path of one message.

    ``account`` is the system_id of the account that submitted the message, ``session`` the token
    of its session, see `Submitters`. ``tag`` is that of the SMSC that took the message. ``kind``
    is `TAGGED`, `ORIGINAL` or `ALIASED`, with `MANY` appended where several receipts may
    come. ``given`` is the ESME's id where it is an alias, and empty otherwise. No part
    has a NUL in it but ``addresses``: those of a message whose addresses were rewritten, see
    `Addresses`. They are empty for all others, whose records end before them, as all records of
    version 0.1 do.
    """

    account: bytes
    tag: bytes
    session: bytes
    kind: bytes
    given: bytes = b""
    addresses: bytes = b""

    def octets(self) -> bytes:
        """The record."""
        return b"\0".join(self if self.addresses else self[:5])

    @classmethod
    def of(cls, octets: bytes) -> ReturnPath:
        """The return path in a record; the reverse of `octets`."""
        return cls(*octets.split(b"\0", 5))

    def restored(self, receipt: bytes) -> bytes:
        """A receipt in whole, with the addresses that the ESME gave."""
        return Addresses.of(self.addresses).restored(receipt) if self.addresses else receipt

    def translated(self, request: bytes) -> bytes:
        """A request about the message, with the addresses that the SMSC was told."""
        return Addresses.of(self.addresses).translated(request) if self.addresses else request

    @property
    def is_to_many(self) -> bool:
        """Whether several final receipts may come for the message."""
        return self.kind.endswith(MANY)

    def esme_id(self, message_id: bytes) -> bytes:
        """The id that the ESME was given for the SMSC's ``message_id``."""
        kind = self.kind[:1]
        if kind == TAGGED:
            return self.tag + message_id
        return message_id if kind == ORIGINAL else self.given

    def kept_beside(self, message_id: bytes) -> tuple[bytes, ...]:
        """The keys of the other records of this message, for the SMSC's ``message_id``.

        But for that of `folded_key`, which another message's id may have in common with it.
        """
        kind = self.kind[:1]
        if kind == ALIASED:
            return (alias_key(self.given),)
        return (original_key(self.account, message_id),) if kind == ORIGINAL else ()

    @property
    def is_original(self) -> bool:
        """Whether the ESME was given the SMSC's own id."""
        return self.kind[:1] == ORIGINAL


def with_addresses(record: bytes, addresses: Addresses | None) -> bytes:
    """The record of a return path, with those of its message."""
    return record + b"\0" + addresses.octets() if addresses is not None else record


def folded_key(prefix: bytes, folded: bytes) -> bytes:
    """The key of the record of an id of the message center with this prefix: see `Notations`.

    ``folded`` is the id without a difference of case and of zeros in front.
    """
    return _FOLDED_PREFIX + prefix + folded


def alias_key(alias: bytes) -> bytes:
    """The key of the record of what ``alias`` stands for, see `alias_value`."""
    return _ALIAS_PREFIX + alias


def alias_value(tag: bytes, message_id: bytes) -> bytes:
    """The record of an SMSC's tag and id; `alias_target` is the reverse.

    The id is empty where it is longer than `LONGEST_NAMEABLE`: no request can name it.
    """
    return tag + b"\0" + message_id


def alias_target(value: bytes) -> tuple[bytes, bytes]:
    """The SMSC's tag and id in a record."""
    tag, _, message_id = value.partition(b"\0")
    return tag, message_id


def original_key(account: bytes, message_id: bytes) -> bytes:
    """The key of the record of the tag of the SMSC whose id ``account`` was given untouched."""
    return _ORIGINAL_PREFIX + account + b"\0" + message_id
