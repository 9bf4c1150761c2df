"""Protocols: what decisions need to know of a session.

They keep both sides apart: a decision knows no transport, and a session does not import the code
that decides about it.
"""

from __future__ import annotations

from typing import Any, Protocol

from smppgate.routing.esmes.account import AccountPolicy
from smppgate.routing.limits.esme_limits import SessionLimit
from smppgate.routing.return_path.submitters import Addressee
from smppgate.routing.smscs.link_shares import LinkShares
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.routing.tally import Tally
from smppgate.txsmpp.sequence import Outstanding, Request


class Origin(Addressee, Protocol):
    """The origin of a request: a session on which it arrived, or this process."""

    unanswered: int
    """Its requests that the gate has not answered; its window limits them."""
    answer_forms: dict[Smsc, Any]
    """SMSC → the form of that SMSC's answers; made and read by the return path keeper."""
    tally: Tally
    """Where its requests are counted: that of its account, or of its SMSC."""

    @property
    def has_ended(self) -> bool:
        """Whether it has ended: an answer cannot reach it any more."""

    def send(self, octets: bytes) -> None:
        """Send a whole PDU; does nothing once the origin has ended."""

    def answer(self, octets: bytes) -> None:
        """Send the answer to one of the ``unanswered`` requests, which is none any more."""


class Requester(Origin, Protocol):
    """An origin whose requests go to SMSCs: an ESME's session, or this process."""

    own_pool: Pool | None
    """The pool that serves this session alone; None unless its bind was passed through."""
    passed_through: Smsc | None
    """The SMSC that serves this session alone; None unless its bind was passed through."""
    limit: SessionLimit | None
    """How many messages it may send a second; None before it is bound, and for this process."""

    @property
    def is_routed(self) -> bool:
        """Whether routes say where its messages go; not where it has a pool of its own."""

    @property
    def policy(self) -> AccountPolicy:
        """The rules that hold for it now."""

    @property
    def window(self) -> int:
        """The most requests that it may have unanswered."""

    @property
    def pool(self) -> Pool | None:
        """The pool that takes its messages; None before it is bound."""

    @property
    def hold(self) -> float:
        """Seconds that a message of its may wait for an SMSC; 0: it does not wait."""

    def charge(self) -> None:
        """Count a request that is looked up on disk: a window does not bound those of a second."""


class EsmeSession(Requester, Protocol):
    """A bound session with an ESME."""

    id: int
    """What an operator calls it by."""
    outstanding: Outstanding
    """Requests to the ESME that the ESME has not answered."""
    writable: bool
    """Whether the ESME reads what it is sent."""
    tells_congestion: bool
    """Whether its answers say how congested the gate is."""

    @property
    def is_remote(self) -> bool:
        """Whether it is bound at another node: it takes messages then, and sends none here."""

    def answer_all(self, answers: list[bytes]) -> None:
        """Send the answers to so many of its requests; not where it ``tells_congestion``."""

    @property
    def max_pdu_size(self) -> int:
        """Octets that a PDU of the ESME may have."""

    def policy_changed(self) -> None:
        """The policy of its account is another one."""

    @property
    def host(self) -> str:
        """The address of the ESME, without its port."""

    @property
    def kind(self) -> str:
        """How it is bound: ``transmitter``, ``receiver`` or ``transceiver``."""

    @property
    def submits(self) -> bool:
        """Whether the ESME is bound as transmitter or transceiver."""

    @property
    def receives(self) -> bool:
        """Whether the ESME is bound as receiver or transceiver."""

    @property
    def has_room(self) -> bool:
        """Whether the session can take one more request now."""

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send ``octets`` under a sequence number of this session, and await the answer."""

    def probe(self, patience: float) -> None:
        """End it unless something is heard of its peer in ``patience`` seconds."""

    def leave(self, reason: str, seconds: float) -> None:
        """Unbind it once open requests are answered, after ``seconds`` at the most."""

    def send_unanswered(self, octets: bytes) -> None:
        """Send an alert_notification under a sequence number of this session."""


class SmscSession(Origin, Protocol):
    """A bound session with an SMSC."""

    smsc: Smsc
    shares: LinkShares
    """What ESME sessions hold of its messages."""
    outstanding: Outstanding
    """Requests to the SMSC that the SMSC has not answered."""

    @property
    def is_remote(self) -> bool:
        """Whether it is another node's; a session is not."""

    @property
    def window(self) -> int:
        """The most requests that either end may have unanswered."""

    @property
    def max_pdu_size(self) -> int:
        """Octets that a PDU of the SMSC may have."""

    @property
    def owner(self) -> EsmeSession | None:
        """The ESME session that it serves alone; None where it serves all of them."""

    @property
    def unbinding(self) -> bool:
        """Whether an unbind was sent or received."""

    @property
    def submits(self) -> bool:
        """Whether the gate is bound as transmitter or transceiver."""

    @property
    def receives(self) -> bool:
        """Whether the gate is bound as receiver or transceiver."""

    def answer_all(self, answers: list[bytes]) -> None:
        """Send the answers to so many of its requests."""

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send ``octets`` under a sequence number of this session, and await the answer."""
