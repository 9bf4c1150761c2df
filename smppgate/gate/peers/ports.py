"""What the sessions of peers need of the rest of the gate, as a Protocol."""

from __future__ import annotations

from typing import Protocol

from smppgate.gate.peers.counts import LinkCounts
from smppgate.gate.peers.told import BoundSession, LinkedSmsc, NodeSettings
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Outstanding, Request


class Link(Protocol):
    """A session with a peer, as what is sent on it needs it."""

    outstanding: Outstanding
    writable: bool
    unanswered: int
    """Requests of the peer that this node has not answered."""
    counts: LinkCounts
    """Where its messages are counted: together with those of all links to the node."""

    node: str
    """The name of the node at its other end."""

    @property
    def has_room(self) -> bool:
        """Whether the peer can take one more request now."""

    @property
    def has_ended(self) -> bool:
        """Whether the session is over."""

    @property
    def max_pdu_size(self) -> int:
        """Octets that a PDU of the peer may have."""

    def send(self, octets: bytes) -> None:
        """Send whole PDUs as they are."""

    def answer(self, octets: bytes) -> None:
        """Send the answer to one of the ``unanswered`` requests."""

    def answer_all(self, answers: list[bytes]) -> None:
        """Send the answers to so many of them."""

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send ``octets`` under a sequence number of the session, and await the answer."""

    def tell(self, told: bytes) -> None:
        """Tell the peer these fields."""

    def send_unanswered(self, octets: bytes) -> None:
        """Send an alert_notification."""


class Hub(Protocol):
    """What is done with what peers say: `Peers`."""

    @property
    def is_open(self) -> bool:
        """Whether peers may bind: the store is open, and the gate does not stop."""

    def is_peer(self, name: str) -> bool:
        """Whether a node of that name may bind."""

    def settings(self) -> NodeSettings:
        """What this node tells of itself."""

    def judge(self, link: Link, settings: NodeSettings) -> str:
        """Why a peer with these settings is refused; empty where it is not."""

    def up(self, link: Link) -> None:
        """Both ends of a link have taken the settings of the other."""

    def refused(self, link: Link, reason: str) -> None:
        """A peer is refused, or it has refused this node."""

    def ended(self, link: Link, reason: str, was_up: bool) -> None:
        """A link has ended, or takes nothing more."""

    def bound_elsewhere(self, link: Link, session: BoundSession) -> None:
        """A session is bound at the peer, or what was told of it has changed."""

    def lost_elsewhere(self, link: Link, token: bytes) -> None:
        """A session is bound at the peer no longer."""

    def linked_elsewhere(self, link: Link, smsc: LinkedSmsc) -> None:
        """The peer has links to an SMSC, or has none any more."""

    def asked(self, link: Link, frame: Frame, keys: list[bytes]) -> None:
        """The peer asks in ``frame`` for the return paths of these keys: answer it."""

    def ended_elsewhere(self, keys: list[bytes]) -> None:
        """The peer has brought final receipts of messages of this node: let their paths end."""

    def relay_submits(self, link: Link, octets: bytes, start: int, now: float) -> int:
        """Relay the plain messages of a peer that has bound, for SMSCs that have links here, from
        ``start`` on in a read; gives where those end."""

    def relay_answers(self, link: Link, octets: bytes, start: int, now: float) -> int:
        """The same with the plain answers to such messages, of a peer that this node has bound
        at."""

    def take(self, link: Link, frame: Frame, now: float) -> None:
        """A message for a session here, or a request to an SMSC that has links here, comes from
        the peer: answer it, now or later."""

    def alert(self, frame: Frame) -> None:
        """An alert_notification for a session here comes from a peer. It has no answer."""
