"""`EsmeOutbind`: asks an ESME that is away, and for whom messages wait, to come and get them.

The gate connects to the ESME and sends outbind (SMPP v3.4 §2.2.1, §4.1.7); from then on the
connection is like one that a listener has accepted: the ESME binds on it, as itself and to
receive, and what waits for it is delivered. Only while something waits and nobody receives it does
the gate ask; not reached or not answered, it asks again, ever more slowly. One connection at a
time.
"""

from __future__ import annotations

from typing import cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocol,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Protocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.gate.esme import Bind, EsmeFactory, EsmeProtocol, EsmeSide
from smppgate.gate.queue_delivery import QueueDelivery
from smppgate.gate.smsc import Reconnection
from smppgate.routing.accounts import Account, BindRejected
from smppgate.routing.pools import Member
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import Outbind


class OutboundEsme(EsmeProtocol):
    """A session that the gate has asked an ESME for.

    :param outbind: what it begins with.
    :param account: who may bind on it.
    """

    def __init__(
        self,
        side: EsmeSide,
        factory: EsmeFactory,
        outbind: Outbind,
        account: Account[EsmeProtocol],
    ) -> None:
        super().__init__(side, factory)
        self._outbind = outbind
        self._asked = account
        self.bound_since: float | None = None
        """When it was bound; seconds on its clock."""

    def connectionMade(self) -> None:
        """Ask for the bind."""
        super().connectionMade()
        self.outbind(self._outbind)
        self.log.info(
            "ESME {system_id} at {where} was sent outbind",
            system_id=self._asked.system_id,
            where=self.where,
        )

    def accept_bind(self, bind: Bind, body: bytes, passed_through: Member | None = None) -> None:
        """The ESME has come."""
        super().accept_bind(bind, body, passed_through)
        self.bound_since = self.clock.seconds()

    def _admit(self, frame: Frame) -> Bind:
        # Before anything else: here nobody learns about the password of another account.
        if peek.credentials(frame.octets).system_id != self._asked.system_id.encode("latin-1"):
            raise BindRejected("outbind was for another", CommandStatus.ESME_RBINDFAIL)
        if frame.command_id == CommandId.BIND_TRANSMITTER:
            raise BindRejected("outbind is for receivers", CommandStatus.ESME_RBINDFAIL)
        return super()._admit(frame)


class _OutboundFactory(EsmeFactory):
    """Makes the sessions of one `EsmeOutbind`, one after the other."""

    def __init__(self, side: EsmeSide, outbind: Outbind, owner: EsmeOutbind) -> None:
        super().__init__(side, 1)
        self._outbind = outbind
        self._owner = owner

    def buildProtocol(self, _addr: IAddress | None) -> Protocol:
        """A session on a connection that the gate has made."""
        session = OutboundEsme(self._side, self, self._outbind, self._owner.account)
        session.factory = self
        self.sessions[session] = None
        return session

    def lost(self, session: EsmeProtocol) -> None:
        """The connection is gone."""
        super().lost(session)
        self._owner.lost(cast(OutboundEsme, session).bound_since)


class EsmeOutbind(Service):
    """Asks one ESME to bind while messages wait for it.

    :param account: whose messages.
    :param delivery: of its queue.
    :param endpoint: where it is.
    :param outbind: what it is sent; its password is the gate's for this ESME.
    :param reconnection: how long to wait before asking again.
    :ivar factory: has the session, if there is one.
    """

    log = Logger()

    def __init__(
        self,
        account: Account[EsmeProtocol],
        delivery: QueueDelivery,
        endpoint: IStreamClientEndpoint,
        side: EsmeSide,
        outbind: Outbind,
        reconnection: Reconnection,
        clock: IReactorTime,
    ) -> None:
        self.account = account
        self.factory: EsmeFactory = _OutboundFactory(side, outbind, self)
        self._delivery = delivery
        self._endpoint = endpoint
        self._reconnection = reconnection
        self._clock = clock
        self._connecting: Deferred[IProtocol] | None = None
        self._again: IDelayedCall | None = None
        delivery.away = self.ask

    def startService(self) -> None:
        """Ask as soon as something waits."""
        super().startService()
        self.ask()

    def stopService(self) -> None:
        """Ask no more. The session, if there is one, is for whoever ends all sessions."""
        super().stopService()
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._connecting is not None:
            self._connecting.cancel()

    def ask(self) -> None:
        """Connect, if that is of use and not under way."""
        is_busy = self._connecting is not None or self._again is not None or self.factory.sessions
        if is_busy or not self.running or not self._delivery.is_away:
            return
        self._connecting = connecting = self._endpoint.connect(self.factory)
        connecting.addCallbacks(self._reached, self._not_reached)

    def lost(self, bound_since: float | None) -> None:
        """The session has ended, which was bound since then or never."""
        if bound_since is not None:
            self._reconnection.bound(bound_since)
        self._reconnection.lost(self._clock.seconds())
        self._wait()

    def _reached(self, _session: IProtocol) -> None:
        self._connecting = None

    def _not_reached(self, failure: Failure) -> None:
        self._connecting = None
        if not self.running:
            return
        self.log.warn(
            "ESME {system_id} not reached for outbind: {reason}",
            system_id=self.account.system_id,
            reason=failure.getErrorMessage(),
        )
        self._wait()

    def _wait(self) -> None:
        if self.running and self._again is None:
            self._again = self._clock.callLater(self._reconnection(0), self._ask_again)

    def _ask_again(self) -> None:
        self._again = None
        self.ask()
