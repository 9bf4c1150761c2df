"""A gate with one peer whose octets the test writes."""

from __future__ import annotations

from typing import Any

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.fields import envelope, field, fields, unwrapped, wrapped
from smppgate.gate.peers.told import BoundSession, NodeSettings, telling, told_in
from smppgate.settings import EsmeSettings, PeerSettings, PeersSettings
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, renumbered
from smppgate.txsmpp.pdu import BindTransceiver, DeliverSm
from tests.gate.memory_gateway import End, MemoryGateway, bind, smsc
from tests.txsmpp.pairs import numbered

SECRET = "hush-of-peers"
PEERS = PeersSettings(name="a", endpoint="tcp:2790", secret=SECRET)
OTHERS = (PeerSettings("a", "tcp:127.0.0.1:2790"), PeerSettings("b", "tcp:127.0.0.1:2791"))
THREE = (*OTHERS, PeerSettings("c", "tcp:127.0.0.1:2792"))

ACME = EsmeSettings(system_id="acme", password="secret", address_ranges=("44*",), window=10)
BOLT = EsmeSettings(system_id="bolt", password="secret", address_ranges=("49*",))

MORE = field(0x3FF0, b"of a later version")
"""A field that this version does not know."""


def deliver(text: bytes = b"hello", to: bytes = b"447700900123", number: int = 1) -> bytes:
    """A message for a number."""
    return numbered(DeliverSm(source_addr=b"99", destination_addr=to, short_message=text), number)


class PeerEnd(End):
    """The end of node b of one of both sessions."""

    def __init__(self, node: NodeWithPeer, end: End) -> None:
        self._gate, self.transport = end._gate, end.transport
        self._node = node
        self._next = 100
        self._left: list[Frame] = []
        self.asked: list[Frame] = []

    def hear(self) -> list[Frame]:
        """What the gate has sent, but for what it tells: that is answered, and noted."""
        left, self._left = self._left, []
        for frame in self.heard():
            if frame.command_id == CommandId.DATA_SM and unwrapped(frame.octets) is None:
                told = told_in(frame.octets)
                self._node.told += told
                if any(tag == f.ASKED for tag, _ in told):
                    self.asked.append(frame)
                else:
                    self.answer(frame, 0, b"\0")
            else:
                left.append(frame)
        return left

    def tell(self, *told: bytes) -> Frame:
        """Tell the gate these fields; gives its answer."""
        self._next += 1
        self.send(renumbered(telling(b"".join(told)), self._next))
        heard = self.hear()
        (answer,) = (each for each in heard if each.sequence_number == self._next)
        self._left = [each for each in heard if each is not answer]
        return answer

    def introduce(self, settings: NodeSettings) -> Frame:
        """Tell the settings of node b."""
        return self.tell(settings.octets() + MORE)


class NodeWithPeer:
    """Node a, and both sessions with node b: at ``incoming`` b has bound at a.

    :ivar told: all that a has told b.
    """

    def __init__(self, is_up: bool = True, **more: Any) -> None:
        parts: dict[str, Any] = {"peers": PEERS, "peer": OTHERS, "esme": (ACME, BOLT)}
        self.gate = MemoryGateway(smsc(sessions=1), **{**parts, **more})
        self.told: list[tuple[int, bytes]] = []
        self.link = self.gate.smsc(self.client(3000 + ord("a")))
        (request,) = self.link.heard()
        self.link.answer(request, 0, b"smsc\0")
        if is_up:
            self.outgoing = self.reached()
            self.incoming = self.bound()

    @property
    def peers(self) -> Any:
        """The service."""
        return self.gate.gateway.parts.peers

    @property
    def state(self) -> Any:
        """What is shown of node b."""
        return self.gate.gateway.state().peers[0]

    def settings(self, **more: Any) -> NodeSettings:
        """Those of node b: as those of a, but for the name."""
        own = self.peers.settings()
        return NodeSettings(**{"name": "b", "digests": own.digests, "tags": own.tags, **more})

    def client(self, port: int) -> int:
        """Which of the connections that a has made was to this port: the latest."""
        ports = self.gate.connections
        return len(ports) - 1 - ports[::-1].index(port)

    def connection(self) -> PeerEnd:
        """Somebody connects where peers bind."""
        factory = next(each[1] for each in self.gate.reactor.tcpServers if each[0] == 2790)
        return PeerEnd(self, End(self.gate, factory.buildProtocol(None)))

    def bound(self, **settings: Any) -> PeerEnd:
        """Node b binds, or another ``name``, and tells its settings."""
        end = self.connection()
        end.send(peer_bind(settings.get("name", "b").encode()))
        (resp,) = end.hear()
        assert resp[:2] == (CommandId.BIND_TRANSCEIVER_RESP, 0)
        end.introduce(self.settings(**settings))
        return end

    def reached(self, port: int = 2791, **settings: Any) -> PeerEnd:
        """Node b, or the one at another port, takes the connection that a makes, and its bind."""
        end = PeerEnd(self, self.gate.smsc(self.client(port)))
        (request,) = end.hear()
        assert request.command_id == CommandId.BIND_TRANSCEIVER
        end.answer(request, 0, b"b\0")
        end.hear()
        end.introduce(self.settings(**settings))
        return end

    def esme(self, **more: Any) -> End:
        """An ESME binds at a."""
        end = self.gate.esme(bind(**more))
        (resp,) = end.heard()
        assert resp.command_status == 0
        for each in (self.outgoing, self.incoming):
            each.hear()
        return end

    def has_session(self, token: bytes = b"b/1.1", account: bytes = b"acme", **more: Any) -> None:
        """An ESME binds at b."""
        session = BoundSession(token, account, **{"receives": True, **more})
        ((tag, value),) = fields(session.octets())
        assert self.incoming.tell(field(tag, value + MORE), MORE).command_status == 0

    def sent(self) -> list[tuple[Frame, dict[int, bytes]]]:
        """The messages that a has sent b, without their envelopes, and these."""
        found = []
        for frame in self.incoming.hear():
            inside = unwrapped(frame.octets)
            assert inside is not None, frame
            message = frame._replace(octets=inside[0])
            found.append((message, dict(fields(inside[1]))))
        return found

    def token(self) -> bytes:
        """That of the last session that a has told of."""
        told = [value for tag, value in self.told if tag == f.BOUND]
        return BoundSession.of(told[-1]).token

    def send(
        self, octets: bytes, token: bytes, account: bytes = b"acme", version: int = 0x34
    ) -> None:
        """Node b sends a message for a session at a."""
        sealed = envelope(
            field(f.ACCOUNT, account),
            field(f.SESSION, token),
            field(f.VERSION, bytes((version,))),
            MORE,
        )
        self.outgoing.send(wrapped(octets, sealed))


def peer_bind(name: bytes = b"b", secret: str = SECRET) -> bytes:
    """The bind of a node."""
    pdu = BindTransceiver(system_id=name, password=secret.encode(), interface_version=0x50)
    return numbered(pdu, 1)
