"""The whole gateway on a reactor in memory. The test plays the peers."""

from __future__ import annotations

from random import Random
from typing import Any, cast

from attrs import evolve
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from smppgate.gate import Gateway
from smppgate.gate.seat import ALONE, Seat
from smppgate.gate.sessions.password_checks import Compare
from smppgate.settings import (
    EsmeSettings,
    GateSettings,
    ListenSettings,
    Settings,
    SmscSettings,
    StoreSettings,
)
from smppgate.settings.password_hash import PasswordHash, is_same
from smppgate.store import IStore
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import BindTransceiver, Pdu
from tests.fakes import MemoryTransport, NoJitter, connect
from tests.txsmpp.pairs import frames_of, numbered


def smsc(name: str = "alpha", **more: Any) -> SmscSettings:
    """An SMSC without links of the gate's own, on a port that tells it from others.

    Its window is wide: what waits for a place in one is the subject of few tests.
    """
    port = 3000 + ord(name[0])
    parts: dict[str, Any] = {"system_id": "gate", "password": "pw", "sessions": 0, "window": 100}
    parts |= {"endpoint": f"tcp:127.0.0.1:{port}", "tag": name[0].upper()}
    return SmscSettings(name=name, **{**parts, **more})


def esme(system_id: str = "acme", **more: Any) -> EsmeSettings:
    """An account whose binds an SMSC judges."""
    return EsmeSettings(system_id=system_id, auth="smsc", **more)


def compare_at_once(kept: PasswordHash, password: str) -> Deferred[bool]:
    """Compare a password without a thread."""
    return succeed(is_same(kept, password))


def bind(password: bytes = b"secret", number: int = 7, **more: Any) -> bytes:
    """The octets of an ESME's bind."""
    fields = {"system_id": b"acme", "password": password, "interface_version": 0x34, **more}
    return numbered(BindTransceiver(**fields), number)


class End:
    """The peer's end of a connection of the gate's."""

    def __init__(self, gate: MemoryGateway, protocol: Any) -> None:
        self._gate = gate
        self.transport: MemoryTransport = connect(gate.reactor, protocol)

    def is_closed(self) -> bool:
        """Whether the gate has closed or cut it."""
        return self.transport.disconnecting or not self.transport.connected

    def send(self, octets: bytes) -> None:
        """The peer sends; then the turn ends."""
        self.transport.deliver(octets)
        self._gate.turn()

    def ask(self, pdu: Pdu, number: int = 1) -> None:
        """The peer sends a request under this number."""
        self.send(numbered(pdu, number))

    def answer(self, request: Frame, status: int = 0, body: bytes = b"") -> None:
        """The peer answers ``request``."""
        self.send(response(request, status, body))

    def heard(self) -> list[Frame]:
        """What the gate wrote since the last look."""
        self._gate.turn()
        return frames_of(self.transport.take())

    def unbound(self) -> None:
        """The gate has unbound, and nothing else; answer it as a peer does."""
        (unbind,) = self.heard()
        assert unbind.command_id == CommandId.UNBIND
        assert not self.is_closed(), "it does not wait for the answer"
        self.answer(unbind)
        assert self.is_closed()


class MemoryGateway:
    """A `Gateway` with its listeners and connections, the latter in the order they were made.

    :param kept: its store; by default the one that its settings describe.
    """

    def __init__(
        self,
        *smscs: SmscSettings,
        refused_bind_wait: float = 0.0,
        entropy: Random | None = None,
        compare: Compare | None = None,
        seat: Seat = ALONE,
        kept: IStore | None = None,
        **more: Any,
    ) -> None:
        # Twisted's fakes are annotated in part only.
        self.reactor: Any = MemoryReactorClock()
        parts: dict[str, Any] = {
            # In most tests all peers are at one address.
            "listen": (ListenSettings(endpoint="tcp:2775", bind_rate=0),),
            "store": StoreSettings(kind="memory"),
            "esme": (esme(),),
            "smsc": smscs or (smsc(),),
        }
        parts.update(more)
        # Tests look at a connection at once, unless it is their subject.
        gate = parts.get("gate", GateSettings())
        parts["gate"] = evolve(gate, refused_bind_wait=refused_bind_wait)
        settings = Settings(**parts)
        entropy = entropy or NoJitter(1)
        compare = compare or compare_at_once
        gateway = Gateway(
            settings, self.reactor, entropy=entropy, compare=compare, store=kept, seat=seat
        )
        self.gateway = cast(Any, gateway)
        self.gateway.privilegedStartService()
        self.gateway.startService()
        self.turn()
        self._idle_timers = len(self.reactor.getDelayedCalls())

    @property
    def router(self) -> Any:
        """Its router."""
        return self.gateway.router

    @property
    def connections(self) -> list[int]:
        """The ports that the gate has tried to connect to."""
        return [port for _, port, *_ in self.reactor.tcpClients]

    @property
    def timers_left(self) -> int:
        """Timers set beyond those of a gate at rest."""
        return max(0, len(self.reactor.getDelayedCalls()) - self._idle_timers)

    def turn(self) -> None:
        """Run all calls that are due now."""
        for _ in range(4):
            self.reactor.advance(0)

    def esme(self, octets: bytes = b"") -> End:
        """An ESME connects, and perhaps sends."""
        end = End(self, self.reactor.tcpServers[0][1].buildProtocol(None))
        if octets:
            end.send(octets)
        return end

    def outbind(self, octets: bytes = b"") -> End:
        """An SMSC connects where it may send outbind."""
        end = End(self, self.reactor.tcpServers[-1][1].buildProtocol(None))
        if octets:
            end.send(octets)
        return end

    def smsc(self, at: int = -1) -> End:
        """The SMSC takes a connection of the gate's; the latest by default."""
        end = End(self, self.reactor.tcpClients[at][2].buildProtocol(None))
        self.turn()
        return end

    def refuse(self, at: int = -1) -> None:
        """The connection is refused."""
        factory, connector = self.reactor.tcpClients[at][2], self.reactor.connectors[at]
        factory.clientConnectionFailed(connector, Failure(ConnectionRefusedError()))
        self.turn()

    def joined(self, octets: bytes = b"", body: bytes = b"smsc\0") -> tuple[End, End]:
        """The ends of an ESME and its SMSC, after a bind that was passed through."""
        end = self.esme(octets or bind())
        link = self.smsc()
        (request,) = link.heard()
        link.answer(request, 0, body)
        (resp,) = end.heard()
        assert resp[:2] == (request.command_id | RESPONSE_BIT, 0)
        return end, link


class Log:
    """The lines logged while it is open."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __enter__(self) -> Log:
        globalLogPublisher.addObserver(self)  # type: ignore[arg-type]
        return self

    def __exit__(self, *_: object) -> None:
        globalLogPublisher.removeObserver(self)  # type: ignore[arg-type]

    def __call__(self, event: LogEvent) -> None:
        """Keep the line."""
        self.lines.append(formatEvent(event) + str(event.get("log_failure", "")))
