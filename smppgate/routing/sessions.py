"""What a decision needs to know of a session, whatever the session runs on.

Protocols, so that decisions know no transport and sessions need not know who decides.
"""

from __future__ import annotations

from typing import Any, Protocol

from smppgate.routing.return_path.submitters import Addressee
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.sequence import Outstanding, Request


class Origin(Addressee, Protocol):
    """What sent a request into the gate: a session, or this process."""

    unanswered: int
    """Its requests that the gate has not answered: its window counts them."""
    answer_forms: dict[Smsc, Any]
    """The form of answers from each SMSC; made and read by the return path keeper."""

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, so that it can be answered no more."""

    def send(self, octets: bytes) -> None:
        """Take a PDU; once the origin has ended this does nothing."""


class Requester(Origin, Protocol):
    """An origin whose requests go to SMSCs: an ESME's session, or this process."""

    window: int
    """Unanswered requests it may have."""
    pool: Pool | None
    """Where its messages go; None before it is bound."""
    passed_through: Smsc | None
    """The SMSC session that serves it alone, where its bind was passed through."""


class EsmeSession(Requester, Protocol):
    """A bound session of an ESME."""

    outstanding: Outstanding
    """Requests to the ESME that it has not answered."""

    @property
    def receives(self) -> bool:
        """Whether it is bound to receive."""

    @property
    def has_room(self) -> bool:
        """Whether it can take one more request now."""

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send under a number of the session's."""

    def send_unanswered(self, octets: bytes) -> None:
        """Send an alert_notification under a number of the session's."""


class SmscSession(Origin, Protocol):
    """A bound session with an SMSC."""

    smsc: Smsc
    window: int
    """Unanswered requests that either end may have."""
    outstanding: Outstanding
    """Requests to the SMSC that it has not answered."""

    @property
    def owner(self) -> EsmeSession | None:
        """The ESME session that it serves alone; None where it serves all."""

    @property
    def submits(self) -> bool:
        """Whether messages can be sent on it."""

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send under a number of the session's."""
