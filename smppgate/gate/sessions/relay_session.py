"""`RelaySession`: a session that the router relays requests on, with an ESME or an SMSC."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address

from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import V3_4, Version


class RelaySession(SmppProtocol):
    """A session with a window for each direction.

    :param window: unanswered requests allowed in each direction.

    The other parameters are those of `SmppProtocol`.
    """

    def __init__(
        self,
        role: Role,
        clock: Clock,
        timers: Timers,
        max_pdu_size: int,
        batch: Batch,
        window: int,
    ) -> None:
        super().__init__(role, clock, timers, max_pdu_size, batch)
        self.outstanding = self.session.outstanding
        self.window = window
        self.unanswered = 0
        """Requests of the peer that the gate has not answered."""
        self.version: Version = V3_4
        """The peer's version of SMPP."""
        # The rest of an `Origin`. For a session with an SMSC they stay empty: no return path leads
        # to it.
        self.system_id = self.token = b""
        self.queries = False
        self.answer_forms: dict[Smsc, Any] = {}

    @property
    def receives(self) -> bool:
        """Whether the ESME end is bound to receive."""
        return self.session.receives

    @property
    def submits(self) -> bool:
        """Whether the ESME end is bound to submit."""
        return self.session.submits

    @property
    def has_room(self) -> bool:
        """Whether the peer can take one more request now."""
        return self.writable and not self.session.unbinding and len(self.outstanding) < self.window

    @property
    def open_requests(self) -> int:
        """Requests of the peer that the gate has not answered."""
        return self.unanswered

    @property
    def where(self) -> str:
        """The peer's network address, for the log."""
        if self.transport is None:
            return "nowhere"
        address = self.transport.getPeer()
        if isinstance(address, IPv4Address | IPv6Address):
            return f"{address.host}:{address.port}"
        return str(address)
