"""`Seen`: a PDU that one connection brought or was given, and what the gate decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import frozen

from smppgate.gate.sessions.addresses import shown_address
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.smsc import SmscProtocol

Session = EsmeProtocol | SmscProtocol

Decision = Mapping[str, object]
"""What the gate decided, by ``pool``, ``route``, ``smsc``, ``link``, ``account``, ``attempt``,
``receipt_of``, ``why`` and the like; those that there are."""


class Kind(Enum):
    """What was seen."""

    PDU = "pdu"
    NO_PDU = "no_pdu"
    """What the peer sent is no SMPP: nothing behind it is read."""
    WAITING = "waiting"
    """A request waits: for an SMSC, or in a queue."""
    CLOSED = "closed"
    """The connection is lost."""


@frozen(eq=False)
class Place:
    """One connection.

    :ivar number: counted from 1, by the view that sees it.
    :ivar is_esme: whether an ESME is at its other end; else an SMSC.
    :ivar id: that of the session, of an ESME; 0 of others.
    :ivar local: the gate's address and port; ``peer``: those of the other end. Ports are 0 where
        there are none.
    """

    number: int
    is_esme: bool
    id: int
    local: tuple[str, int]
    peer: tuple[str, int]
    shown_peer: str

    @classmethod
    def of(cls, session: Session, number: int) -> Place:
        """That of ``session``, which has a connection."""
        transport = session.transport
        local = transport.getHost() if transport is not None else None
        peer = transport.getPeer() if transport is not None else None
        is_esme = isinstance(session, EsmeProtocol)
        id = session.id if isinstance(session, EsmeProtocol) else 0
        return cls(number, is_esme, id, _address(local), _address(peer), shown_address(peer))


@frozen(eq=False)
class Seen:
    """One PDU, or whatever else of `Kind`.

    :ivar time: seconds since 1970, of the read or write.
    :ivar name: of the account, or of the link.
    :ivar is_received: whether the peer sent it; else the gate did.
    :ivar octets: of the PDU, with its secrets; none of what is no PDU of SMPP.
    """

    kind: Kind
    time: float
    place: Place
    name: str
    is_received: bool
    octets: bytes
    decision: Decision

    def __repr__(self) -> str:
        return f"<Seen {self.kind.value} of {self.name} {len(self.octets)} octets>"


def _address(address: object) -> tuple[str, int]:
    return str(getattr(address, "host", "")), int(getattr(address, "port", 0))
