"""`SmppServer`: an SMSC, or another server of ESMEs, as a factory of sessions."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias, cast

from twisted.internet.defer import Deferred, DeferredList, ensureDeferred, maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from smppgate.txsmpp.answers import bind_resp_body
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.notices import SERVER_BIND_UNJUDGED, SERVER_FULL
from smppgate.txsmpp.pdu import Bind, Pdu
from smppgate.txsmpp.program_session import Limits, ProgramSession, Reply
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import version_of

Authenticate: TypeAlias = Callable[[Bind], int | Deferred[Any] | Coroutine[Any, Any, int]]
"""Judges a bind: the command_status to answer it with, ESME_ROK to accept it; now or later."""

OnRequest: TypeAlias = Callable[["ServerSession", Any], Reply]
"""Is given each request and its session; what it returns, or fires with, is the answer."""


def accounts(passwords: Mapping[bytes, bytes]) -> Authenticate:
    """Lets those bind who have one of these passwords, each under its system_id.

    Others are answered ESME_RINVSYSID or ESME_RINVPASWD.
    """

    def authenticate(bind: Bind) -> int:
        expected = passwords.get(bind.system_id)
        if expected is None:
            return CommandStatus.ESME_RINVSYSID
        is_right = hmac.compare_digest(bind.password, expected)
        return CommandStatus.ESME_ROK if is_right else CommandStatus.ESME_RINVPASWD

    return authenticate


class SmppServer(Factory):
    """Makes a session for each connection, of ESMEs that bind to this end.

    `listen` is one way to give it connections; it may be given to any endpoint.

    ::

        def answer(session: ServerSession, request: Pdu) -> Reply:
            if isinstance(request, SubmitSm):
                return SubmitSmResp(message_id=b"1")
            return CommandStatus.ESME_RINVCMDID

        server = SmppServer(reactor, accounts({b"acme": b"secret"}), answer)
        await server.listen("tcp:2775")

    :param reactor: Twisted's.
    :param authenticate: judges each bind; one that it fails to judge is answered ESME_RBINDFAIL.
    :param on_request: answers each request of a bound ESME. An error in it is logged and answered
        ESME_RSYSERR.
    :param system_id: what it calls itself in a bind_resp, up to 15 octets.
    :param max_sessions: connections at a time; further ones are closed at once.
    :ivar sessions: those that are connected, bound or not.
    """

    noisy = False
    log = Logger()

    def __init__(
        self,
        reactor: Any,
        authenticate: Authenticate,
        on_request: OnRequest,
        *,
        system_id: bytes = b"smsc",
        limits: Limits | None = None,
        timers: Timers | None = None,
        max_sessions: int = 1000,
    ) -> None:
        self._reactor = reactor
        self._ports: list[IListeningPort] = []
        self.clock = Clock.of(reactor)
        self.batch = Batch(self.clock)
        self.authenticate = authenticate
        self.on_request = on_request
        self.system_id = system_id
        self.limits = limits or Limits()
        self.timers = timers or Timers()
        self.sessions: set[ServerSession] = set()
        self._max_sessions = max_sessions

    async def listen(self, endpoint: str) -> IListeningPort:
        """Listen on a Twisted server endpoint string; returns the port, which has its address.

        :raises CannotListenError: when it cannot be opened.
        """
        # It loads OpenSSL, which half of the programs that import this package have no need of.
        from twisted.internet.endpoints import serverFromString  # noqa: PLC0415

        listening = serverFromString(self._reactor, endpoint).listen(self)
        port = cast(IListeningPort, await listening)
        self._ports.append(port)
        return port

    async def stop(self, reason: str = "the server is stopping") -> None:
        """Stop listening and unbind all sessions; returns when they have ended."""
        # A copy: a session that is not bound ends at once, and leaves the set.
        sessions = list(self.sessions)
        ends: list[Deferred[Any]] = [ensureDeferred(each.unbind(reason)) for each in sessions]
        ports, self._ports = self._ports, []
        ends += [maybeDeferred(port.stopListening) for port in ports]
        await DeferredList(ends)

    def buildProtocol(self, addr: IAddress | None) -> ServerSession | None:  # noqa: N802
        """A session for a connection from ``addr``; None closes it."""
        if len(self.sessions) >= self._max_sessions:
            self.log.tell(SERVER_FULL, count=len(self.sessions))
            return None
        session = ServerSession(self)
        session.factory = self
        self.sessions.add(session)
        return session

    def receivers(self, system_id: bytes) -> list[ServerSession]:
        """The sessions of ``system_id`` that can be sent a deliver_sm now."""
        return [each for each in self.sessions if each.receives and each.system_id == system_id]


class ServerSession(ProgramSession):
    """A session of an `SmppServer`. ``session.request(DeliverSm(…))`` sends to its ESME.

    :ivar bound_by: the bind PDU, password included; None before.
    """

    fault_status = CommandStatus.ESME_RSYSERR

    def __init__(self, server: SmppServer) -> None:
        super().__init__(Role.SMSC, server.clock, server.timers, server.batch, server.limits)
        self.bound_by: Bind | None = None
        self._server = server

    @property
    def system_id(self) -> bytes:
        """Who has bound; empty before."""
        return self.bound_by.system_id if self.bound_by is not None else b""

    @property
    def receives(self) -> bool:
        """Whether it can be sent a deliver_sm now."""
        return self.session.receives and not self.unbinding

    def bindReceived(self, frame: Frame) -> None:  # noqa: N802
        """Let the program judge the bind."""
        try:
            bind = cast(Bind, decode(frame.octets))
        except PduError as error:
            self._refuse(frame, error.command_status)
            return
        judge: Callable[[Bind], Any] = self._server.authenticate
        judging: Deferred[Any] = maybeDeferred(judge, bind)
        judging.addErrback(self._not_judged)
        judging.addCallback(self._judged, frame, bind)

    def answer_to(self, pdu: Pdu) -> Reply:
        """What the program says."""
        return self._server.on_request(self, pdu)

    def sessionEnded(self, reason: str) -> None:  # noqa: N802
        """Leave the server."""
        self._server.sessions.discard(self)

    def _not_judged(self, failure: Failure) -> int:
        self.log.tell_failure(SERVER_BIND_UNJUDGED, failure)
        return CommandStatus.ESME_RBINDFAIL

    def _judged(self, status: int, frame: Frame, bind: Bind) -> None:
        if self.has_ended:
            return
        if status != CommandStatus.ESME_ROK:
            self._refuse(frame, status)
            return
        self.bound_by = bind
        version = version_of(bind.interface_version)
        self.answer_bind(frame, status, bind_resp_body(self._server.system_id, version))

    def _refuse(self, frame: Frame, command_status: int) -> None:
        self.answer_bind(frame, command_status)
        self.close("bind refused")
