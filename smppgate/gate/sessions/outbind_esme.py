"""`EsmeOutbind`: sends outbind to an ESME that is not bound and for which messages wait.

The gate connects to the ESME and sends outbind (SMPP v3.4 §2.2.1, §4.1.7). From then on the
connection is like one that a listener has accepted: the ESME binds on it, with its own system_id
and to receive, and `QueueSender` sends the messages that wait. The gate connects only while
messages wait and no session is bound to receive them. If the ESME is not reached or does not bind,
the gate tries again after pauses that grow (`Backoff`). There is one connection at a time.
"""

from __future__ import annotations

from typing import cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IProtocol,
    IStreamClientEndpoint,
)
from twisted.python.failure import Failure

from smppgate.gate.queue.sender import QueueSender
from smppgate.gate.reports.trouble import in_words
from smppgate.gate.sessions.binds import Bind
from smppgate.gate.sessions.esme import EsmeProtocol, EsmeSessionConfig
from smppgate.gate.sessions.esme_factory import EsmeFactory
from smppgate.notices.esmes import ESME_NOT_REACHED
from smppgate.routing.esmes.account import Account
from smppgate.routing.esmes.accounts import BindRejected
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp import peek
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import Outbind


class OutboundEsme(EsmeProtocol):
    """A session with an ESME that begins with outbind.

    :param outbind: the PDU that the gate sends first.
    :param account: the account that may bind on it.
    """

    def __init__(
        self,
        config: EsmeSessionConfig,
        factory: _OutboundFactory,
        outbind: Outbind,
        account: Account[EsmeSession],
    ) -> None:
        super().__init__(config, factory)
        self._outbind = outbind
        self._expected = account
        self.bound_since: float | None = None
        """The time at which it was bound; seconds on its clock."""

    def connectionMade(self) -> None:
        """Send outbind."""
        super().connectionMade()
        self.outbind(self._outbind)
        self.log.info(
            "ESME {system_id} at {where} was sent outbind",
            system_id=self._expected.system_id,
            where=self.where,
        )

    def accept_bind(self, bind: Bind, body: bytes, passed_through: Smsc | None = None) -> None:
        """Accept the bind, and note the time for the next pause."""
        super().accept_bind(bind, body, passed_through)
        self.bound_since = self.clock.monotonic()

    def hash_for(self, name: bytes) -> str:
        """That of its account; a bind of another name is refused whatever its password."""
        return super().hash_for(name) if self._is_expected(name) else ""

    def _is_expected(self, name: bytes) -> bool:
        return name == self._expected.system_id.encode("latin-1")

    def _admit(self, frame: Frame, proven: str) -> Bind:
        # First of all: other checks would show whether the password of another account is right.
        if not self._is_expected(peek.credentials(frame.octets).system_id):
            raise BindRejected("outbind was for another", CommandStatus.ESME_RBINDFAIL)
        if frame.command_id == CommandId.BIND_TRANSMITTER:
            raise BindRejected("outbind is for receivers", CommandStatus.ESME_RBINDFAIL)
        return super()._admit(frame, proven)


class _OutboundFactory(EsmeFactory):
    """Makes the sessions of one `EsmeOutbind`, one after the other."""

    def __init__(self, config: EsmeSessionConfig, outbind: Outbind, owner: EsmeOutbind) -> None:
        super().__init__(config, limit=1)
        self._outbind = outbind
        self._owner = owner

    def make_session(self) -> OutboundEsme:
        """A session on a connection that the gate has made."""
        return OutboundEsme(self._config, self, self._outbind, self._owner.account)

    def lost(self, session: EsmeProtocol) -> None:
        """The connection is lost: tell the owner how long the session was bound."""
        super().lost(session)
        self._owner.lost(cast(OutboundEsme, session).bound_since)


class EsmeOutbind(Service):
    """Sends outbind to one ESME while messages wait for it.

    :param account: the ESME's account.
    :param sender: of the account's queue.
    :param endpoint: where the ESME listens.
    :param outbind: the PDU to send; its password is the gate's at this ESME.
    :param backoff: gives the pause before the next try.
    :ivar factory: has the session, while there is one.
    """

    log = Logger()

    def __init__(
        self,
        account: Account[EsmeSession],
        sender: QueueSender,
        endpoint: IStreamClientEndpoint,
        config: EsmeSessionConfig,
        outbind: Outbind,
        backoff: Backoff,
        clock: Clock,
    ) -> None:
        self.account = account
        self.factory: EsmeFactory = _OutboundFactory(config, outbind, self)
        self._sender = sender
        self._endpoint = endpoint
        self._backoff = backoff
        self._clock = clock
        self._connecting: Deferred[IProtocol] | None = None
        self._pause: IDelayedCall | None = None
        sender.receiver_needed = self.connect_if_needed

    def startService(self) -> None:
        """Send outbind now if messages wait, and from now on as soon as they do."""
        super().startService()
        self.connect_if_needed()

    def stopService(self) -> None:
        """Connect no more. A session goes on: `Gateway` ends it with all others."""
        super().stopService()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._connecting is not None:
            self._connecting.cancel()

    def connect_if_needed(self) -> None:
        """Connect, unless no receiver is needed or a connection or a pause is under way."""
        is_busy = self._connecting is not None or self._pause is not None or self.factory.sessions
        if is_busy or not self.running or not self._sender.needs_receiver:
            return
        self._connecting = connecting = self._endpoint.connect(self.factory)
        connecting.addCallbacks(self._reached, self._not_reached)

    def lost(self, bound_since: float | None) -> None:
        """The session has ended; it was bound at ``bound_since``, or never."""
        if bound_since is not None:
            self._backoff.bound(bound_since)
        self._backoff.lost(self._clock.monotonic())
        self._begin_pause()

    def _reached(self, _session: IProtocol) -> None:
        self._connecting = None

    def _not_reached(self, failure: Failure) -> None:
        self._connecting = None
        if not self.running:
            return
        self.log.tell(
            ESME_NOT_REACHED,
            account=self.account.system_id,
            reason=in_words(failure.value) if failure.value is not None else "unknown",
        )
        self._begin_pause()

    def _begin_pause(self) -> None:
        if self.running and self._pause is None:
            self._pause = self._clock.callLater(self._backoff(0), self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        self.connect_if_needed()
