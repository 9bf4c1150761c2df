"""What nodes tell each other beside messages: their settings, and the sessions of their ESMEs.

It goes as the TLVs of a data_sm whose mandatory fields are empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.fields import field, fields, integer, number
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE

# Mandatory fields of a data_sm, all of them empty: SMPP v3.4 §4.7.1.
_EMPTY = bytes(10)
_DATA_SM = int(CommandId.DATA_SM).to_bytes(4, "big")

MOST_OCTETS = 32_768
"""Octets of fields that one PDU has; one field may be more."""


def telling(told: bytes) -> bytes:
    """A data_sm that has ``told``, without a sequence number."""
    length = HEADER_SIZE + len(_EMPTY) + len(told)
    return length.to_bytes(4, "big") + _DATA_SM + bytes(8) + _EMPTY + told


def told_in(octets: bytes) -> list[tuple[int, bytes]]:
    """The fields that a data_sm tells.

    :raises PduError: when it is none of a peer's.
    """
    start = HEADER_SIZE + len(_EMPTY)
    if octets[HEADER_SIZE:start] != _EMPTY:
        raise PduError("no data_sm of a peer", CommandStatus.ESME_RSYSERR)
    return list(fields(octets[start:]))


def in_pieces(parts: Iterable[bytes], most: int = MOST_OCTETS) -> Iterator[bytes]:
    """Fields put together, up to ``most`` octets at a time."""
    piece: list[bytes] = []
    size = 0
    for part in parts:
        if piece and size + len(part) > most:
            yield b"".join(piece)
            piece, size = [], 0
        piece.append(part)
        size += len(part)
    if piece:
        yield b"".join(piece)


@frozen
class NodeSettings:
    """What a node tells of its settings.

    :ivar name: the node's.
    :ivar digests: of each table that all nodes should have in common, by its name.
    :ivar tags: name and group of each SMSC, by its tag.
    """

    name: str
    digests: dict[str, bytes]
    tags: dict[str, tuple[str, str]]

    def octets(self) -> bytes:
        """The fields."""
        digests = (
            field(f.DIGEST, name.encode() + b"\0" + digest)
            for name, digest in self.digests.items()
        )
        tags = (
            field(f.TAG, "\0".join((tag, *smsc)).encode("latin-1"))
            for tag, smsc in self.tags.items()
        )
        node = field(f.SETTINGS, b"".join((field(f.NAME, self.name.encode()), *digests)))
        return b"".join((node, *tags))

    @classmethod
    def of(cls, told: Iterable[tuple[int, bytes]]) -> NodeSettings | None:
        """The settings in these fields; the reverse of `octets`. None where there are none.

        :raises PduError: when they cannot be read.
        """
        name: str | None = None
        digests: dict[str, bytes] = {}
        tags: dict[str, tuple[str, str]] = {}
        for tag, value in told:
            if tag == f.SETTINGS:
                name, digests = _node(value)
            elif tag == f.TAG:
                of_smsc, smsc, group, *_ = (*value.decode("latin-1").split("\0"), "", "")
                tags[of_smsc] = (smsc, group)
        return cls(name, digests, tags) if name is not None else None

    def conflict(self, other: NodeSettings) -> str:
        """A tag that means another SMSC to the ``other``, in words; empty where there is none."""
        for tag, smsc in self.tags.items():
            theirs = other.tags.get(tag, smsc)
            if theirs != smsc:
                return (
                    f"the tag {tag!r} is that of SMSC {_smsc(*smsc)} here, and of SMSC "
                    f"{_smsc(*theirs)} there"
                )
        return ""

    def differences(self, other: NodeSettings) -> list[str]:
        """The tables that are not the same as those of the ``other``."""
        names = dict.fromkeys((*self.digests, *other.digests))
        return [name for name in names if self.digests.get(name) != other.digests.get(name)]


def _node(value: bytes) -> tuple[str, dict[str, bytes]]:
    name, digests = "", {}
    for tag, each in fields(value):
        if tag == f.NAME:
            name = each.decode("latin-1")
        elif tag == f.DIGEST:
            table, _, digest = each.partition(b"\0")
            digests[table.decode("latin-1")] = digest
    return name, digests


def _smsc(name: str, group: str) -> str:
    return repr(name) if group == name else f"{name!r} of group {group!r}"


@frozen
class LinkedSmsc:
    """An SMSC, as a node tells it that has links to it.

    :ivar version: its interface_version.
    :ivar window: requests that may be unanswered on all these links; 0 where there is none.
    """

    name: str
    window: int
    version: int = 0x34

    def octets(self) -> bytes:
        """The field."""
        parts = (
            field(f.MEMBER, self.name.encode("latin-1")),
            number(f.WINDOW, self.window),
            field(f.VERSION, bytes((self.version,))),
        )
        return field(f.SMSC, b"".join(parts))

    @classmethod
    def of(cls, value: bytes) -> LinkedSmsc:
        """The SMSC in the value of a field; the reverse of `octets`.

        :raises PduError: when it cannot be read.
        """
        found = dict(fields(value))
        return cls(
            found.get(f.MEMBER, b"").decode("latin-1"),
            integer(found.get(f.WINDOW, b"")),
            integer(found.get(f.VERSION, b"\x34")),
        )


@frozen
class BoundSession:
    """A session of an ESME's, as the node tells it where it is bound.

    :ivar token: see `Submitters`.
    :ivar version: its interface_version.
    :ivar load: requests that are unanswered on it.
    :ivar ranges: that its bind names, with the ``ton`` and ``npi`` of the bind.
    """

    token: bytes
    account: bytes
    receives: bool
    version: int = 0x34
    window: int = 10
    load: int = 0
    ranges: tuple[str, ...] = ()
    ton: int = 0
    npi: int = 0

    def octets(self) -> bytes:
        """The field."""
        parts = [
            field(f.SESSION, self.token),
            field(f.ACCOUNT, self.account),
            field(f.RECEIVES, bytes((self.receives,))),
            field(f.VERSION, bytes((self.version,))),
            number(f.WINDOW, self.window),
            number(f.LOAD, self.load),
            *(field(f.RANGE, each.encode("latin-1")) for each in self.ranges),
        ]
        if self.ranges:
            parts.append(field(f.KIND, bytes((self.ton, self.npi))))
        return field(f.BOUND, b"".join(parts))

    @classmethod
    def of(cls, value: bytes) -> BoundSession:
        """The session in the value of a field; the reverse of `octets`.

        :raises PduError: when it cannot be read, or has no token or no account.
        """
        found: dict[int, bytes] = {}
        ranges: list[str] = []
        for tag, each in fields(value):
            if tag == f.RANGE:
                ranges.append(each.decode("latin-1"))
            else:
                found[tag] = each
        token, account = found.get(f.SESSION, b""), found.get(f.ACCOUNT, b"")
        if not token or not account:
            raise PduError("a session without token or account", CommandStatus.ESME_RINVTLVVAL)
        kind = (found.get(f.KIND, b"") + b"\0\0")[:2]
        return cls(
            token,
            account,
            integer(found.get(f.RECEIVES, b"")) != 0,
            integer(found.get(f.VERSION, b"\x34")),
            integer(found.get(f.WINDOW, b"\x0a")),
            integer(found.get(f.LOAD, b"")),
            tuple(ranges),
            kind[0],
            kind[1],
        )
