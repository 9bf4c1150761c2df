"""`SmppClient` and `SmppServer` joined in memory."""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from zope.interface import implementer

from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.client import OnMessage, SmppClient
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.pdu import Bind, BindTransceiver, Pdu, SubmitSm, SubmitSmResp
from smppgate.txsmpp.program_session import Limits, Reply
from smppgate.txsmpp.server import ServerSession, SmppServer, accounts
from tests.fakes import MemoryTransport, connect

PASSWORDS = {b"acme": b"secret", b"bolt": b"hidden"}
BIND = BindTransceiver(system_id=b"acme", password=b"secret")


@implementer(IStreamClientEndpoint)
@define
class MemoryEndpoint:
    """Connects to ``server`` in memory, unless there is nobody."""

    clock: Clock
    server: SmppServer
    is_there: bool = True
    transports: list[MemoryTransport] = field(factory=list)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        """Connect now."""
        if not self.is_there:
            return fail(Refused())
        protocol: Any = protocolFactory.buildProtocol(None)  # type: ignore[arg-type]
        peer = self.server.buildProtocol(None)
        self.transports.append(connect(self.clock, protocol, peer=peer))
        if peer is None:
            self.transports[-1].lose()
        return succeed(protocol)


@define
class Programs:
    """A server, and clients of it; what the server is asked is kept.

    :ivar replies: what it gives, first to last; then ids that count up.
    """

    clock: Clock = field(factory=Clock)
    server: SmppServer = field(init=False)
    endpoint: MemoryEndpoint = field(init=False)
    requests: list[Pdu] = field(factory=list)
    replies: list[Any] = field(factory=list)

    @server.default
    def _server(self) -> SmppServer:
        return SmppServer(self.clock, accounts(PASSWORDS), self._answer)

    @endpoint.default
    def _endpoint(self) -> MemoryEndpoint:
        return MemoryEndpoint(self.clock, self.server)

    def client(
        self, on_message: OnMessage | None = None, bind: Bind = BIND, limits: Limits | None = None
    ) -> SmppClient:
        """A client that is started; pauses are as long as they can be."""
        backoff = Backoff(1.0, 60.0, lambda: 1.0)
        client = SmppClient(
            self.clock, self.endpoint, bind, on_message, limits=limits, backoff=backoff
        )
        client.startService()
        self.turn()
        return client

    def turn(self, count: int = 10) -> None:
        """Let what was written arrive, and the answers to it."""
        self.clock.pump([0.0] * count)

    def session(self, system_id: bytes = b"acme") -> ServerSession:
        """The one session of ``system_id``."""
        (session,) = self.server.receivers(system_id)
        return session

    def _answer(self, session: ServerSession, request: Pdu) -> Reply:
        self.requests.append(request)
        if self.replies:
            reply: Reply = self.replies.pop(0)
            if isinstance(reply, Exception):
                raise reply
            return reply
        if isinstance(request, SubmitSm):
            return SubmitSmResp(message_id=b"%d" % len(self.requests))
        return CommandStatus.ESME_RINVCMDID
