"""Gates that a script is played to: one with the lane and one without it, which are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

from attrs import evolve
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred

from smppgate.gate.lane.in_turn import nothing_is_plain
from smppgate.settings import EsmeSettings, PoolSettings, SmscSettings
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import Frame, FrameBuffer, generic_nack, response
from smppgate.txsmpp.pdu import BindTransceiver
from tests.gate.lane.scripts import (
    DELIVERIES,
    RAW,
    REQUESTS,
    RULES,
    Deliver,
    EsmeAnswers,
    EsmeSends,
    Loses,
    Passes,
    Reloads,
    Reply,
    SmscSends,
    Step,
    Terms,
)
from tests.gate.memory_gateway import End, MemoryGateway, smsc
from tests.txsmpp.pairs import bare, numbered

_MESSAGES = (CommandId.SUBMIT_SM, CommandId.DATA_SM, CommandId.DELIVER_SM)
_DELIVER_SM_RESP = CommandId.DELIVER_SM | RESPONSE_BIT
BINDS = (CommandId.BIND_TRANSMITTER, CommandId.BIND_RECEIVER, CommandId.BIND_TRANSCEIVER)


_BEHIND_ID = {"unended": b"", "with a tlv": b"\0\x14\x01\0\1\x07", "with a nul": b"\0\0"}
"""What is behind the id in an answer, where that is not its NUL alone."""


class Stage:
    """One gate, two ESMEs of one account, and a link to each SMSC.

    :param has_lane: whether whole reads take it.
    """

    def __init__(self, terms: Terms, has_lane: bool) -> None:
        self.terms = terms
        self.gate = self._made()
        self._store = self.gate.router.return_paths.store
        self._kept: dict[bytes, None] = {}
        self._keep_there, self._store.keep = self._store.keep, self._keep
        if not has_lane:
            self._close_lane()
        self._dialled = 0
        self.links: list[End] = []
        self.esmes: list[End] = []
        self.dial()
        for at in range(2):
            self.esmes.append(self._bind(at))

    def _made(self) -> MemoryGateway:
        return self._gate()

    def _close_lane(self) -> None:
        self.gate.router.relay_from_esme = self.gate.router.relay_from_smsc = nothing_is_plain

    def _gate(self, sessions: int = 1, **more: Any) -> MemoryGateway:
        """One with so many links to each SMSC."""
        names = ("alpha", "beta")[: self.terms.smscs]
        return MemoryGateway(
            *(self._smsc(name, self.terms.smsc, sessions) for name in names),
            esme=(self._esme(self.terms.esme),),
            pool=(PoolSettings(name="all", members=names, **dict(self.terms.pool)),),
            rewrite=tuple(RULES[name] for name in self.terms.rules),
            **more,
        )

    def _smsc(self, name: str, more: Sequence[tuple[str, Any]], sessions: int) -> SmscSettings:
        version = {0x33: "3.3", 0x34: "3.4", 0x50: "5.0"}[self.terms.versions[1]]
        parts: dict[str, Any] = {"response_timeout": 3.0, "interface_version": version}
        return smsc(name, sessions=sessions, **{**parts, **dict(more)})

    def _esme(self, more: Sequence[tuple[str, Any]]) -> EsmeSettings:
        parts: dict[str, Any] = {"password": "secret", "max_binds": 50, **dict(more)}
        return EsmeSettings(system_id="acme", address_ranges=("1*",), **parts)

    def _bind(self, at: int) -> End:
        factory = self.gate.reactor.tcpServers[0][1]
        end = End(self.gate, factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 5000 + at)))
        end.send(
            numbered(
                BindTransceiver(
                    system_id=b"acme",
                    password=b"secret",
                    interface_version=self.terms.versions[0],
                ),
                1,
            )
        )
        for _ in range(3):
            self.gate.reactor.advance(0.01)
        # The first read behind a bind is looked at PDU by PDU.
        end.send(bare(CommandId.ENQUIRE_LINK, 2))
        return end

    def dial(self) -> None:
        """The SMSCs take the connections that the gate has made."""
        clients = self.gate.reactor.tcpClients
        while self._dialled < len(clients):
            end = self.gate.smsc(self._dialled)
            self._dialled += 1
            self.join(end)

    def join(self, end: End) -> None:
        """An SMSC has taken a connection: it accepts the bind."""
        for frame in FrameBuffer().receive(end.transport.take()):
            if frame.command_id in BINDS:
                end.answer(frame, 0, b"smsc\0")
        self.links.append(end)

    @property
    def ends(self) -> list[End]:
        """All connections so far."""
        return [*self.esmes, *self.links]

    def settle(self) -> list[tuple[list[Frame], dict[int, list[Frame]], bool]]:
        """What each end has heard since the last time, and whether it is closed.

        Requests are in their order. Of answers those of one command are: what a session answers
        by itself, such as enquire_link, comes before what stands in front of it in a read. Not so
        those to an SMSC: a receipt that was held may be refused behind a later one.
        """
        self.gate.turn()
        self.dial()
        heard = []
        for end in self.ends:
            frames = FrameBuffer().receive(end.transport.take())
            answers: dict[int, list[Frame]] = {}
            for frame in frames:
                if frame.is_response:
                    answers.setdefault(frame.command_id, []).append(frame)
            answers.get(_DELIVER_SM_RESP, []).sort(key=attrgetter("sequence_number"))
            requests = [frame for frame in frames if not frame.is_response]
            heard.append((requests, answers, end.is_closed()))
        return heard

    def records(self) -> dict[bytes, bytes | None]:
        """The return paths in the store."""
        return {key: self._store.recent(key) for key in self._kept}

    def counts(self) -> tuple[object, ...]:
        """What is counted besides, and the same in all gates."""
        return ()

    def _keep(self, paths: Mapping[bytes, bytes], waited: float = 0.0) -> Deferred[None]:
        self._kept.update(dict.fromkeys(paths))
        return cast(Deferred[None], self._keep_there(paths, waited))

    def lose(self, side: str, at: int) -> None:
        """A connection is lost."""
        if side == "smsc":
            if not self.links[-1].is_closed():
                self.links[-1].transport.lose()
        else:
            self.esmes[at].transport.lose()

    def bind_again(self) -> None:
        """ESMEs whose connections are gone bind again."""
        for at in range(2):
            if self.esmes[at].is_closed():
                self.esmes[at] = self._bind(at)

    def reload(self, step: Reloads) -> None:
        """Change the settings."""
        self._reload(self.gate, step)
        self.gate.turn()

    def _reload(self, gate: MemoryGateway, step: Reloads) -> None:
        before = gate.gateway.settings
        settings = evolve(
            before,
            esme=(self._esme(step.esme),),
            smsc=tuple(self._smsc(each.name, step.smsc, each.sessions) for each in before.smsc),
            rewrite=tuple(RULES[name] for name in step.rules),
        )
        gate.gateway.reload(settings).addErrback(lambda failure: failure.value)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.gate.reactor.advance(seconds)


class Script:
    """Plays the same to several gates, and compares them.

    :param stages: of which the first is looked at.
    """

    def __init__(self, *stages: Stage) -> None:
        self.stages = stages
        self._number = 1
        self._kept: dict[tuple[str, int], bytes] = {}
        # Connection → what its peer has not answered, and what it has.
        self._open: dict[tuple[str, int], list[Frame]] = {}
        self._done: dict[tuple[str, int], list[Frame]] = {}

    def play(self, step: Step) -> None:
        """Do one step, and compare what all gates have said."""
        match step:
            case EsmeSends():
                octets = b"".join(map(self._request, step.kinds))
                self._send("esme", step.esme, octets, step.kept)
            case EsmeAnswers():
                octets = b"".join(self._reply(("esme", step.esme), each) for each in step.replies)
                self._send("esme", step.esme, octets, step.kept)
            case SmscSends():
                self._smsc_sends(step)
            case Passes():
                self._pass(step.seconds)
            case Loses():
                for stage in self.stages:
                    stage.lose(step.side, step.which)
                self.compare()
            case Reloads():
                for stage in self.stages:
                    stage.reload(step)
        self.compare()
        for stage in self.stages:
            stage.bind_again()
        self.compare()

    def _pass(self, seconds: float) -> None:
        for _ in range(4):
            for stage in self.stages:
                stage.advance(seconds / 4)
            self.compare()

    def compare(self) -> None:
        """All gates have said the same, and keep the same."""
        first, *others = [stage.settle() for stage in self.stages]
        for other in others:
            assert other == first
        records = [stage.records() for stage in self.stages]
        for each in records[1:]:
            assert each == records[0]
        counts = [stage.counts() for stage in self.stages]
        for each in counts[1:]:
            assert each == counts[0]
        names = [("esme", 0), ("esme", 1), *(("smsc", at) for at in range(len(first) - 2))]
        for name, (requests, _, is_closed) in zip(names, first, strict=True):
            if is_closed:
                self._open.pop(name, None)
                self._kept.pop(name, None)
            else:
                self._open.setdefault(name, []).extend(requests)

    def waiting(self, link: int) -> list[Frame]:
        """The requests that an SMSC has not answered."""
        return self._open.get(("smsc", link), [])

    def _request(self, kind: str) -> bytes:
        self._number += 1
        pdu = REQUESTS.get(kind)
        if pdu is not None:
            return numbered(pdu, self._number)
        octets = RAW[kind]
        return octets[:12] + self._number.to_bytes(4, "big") + octets[16:]

    def _send(self, side: str, at: int, octets: bytes, kept: int) -> None:
        key = side, at
        octets = self._kept.pop(key, b"") + octets
        until = max(0, len(octets) - kept)
        octets, self._kept[key] = octets[:until], octets[until:]
        for stage in self.stages:
            end = stage.esmes[at] if side == "esme" else stage.links[at]
            if octets and not end.is_closed():
                end.send(octets)

    def _smsc_sends(self, step: SmscSends) -> None:
        links = self.stages[0].links
        open_ones = [at for at, end in enumerate(links) if not end.is_closed()]
        if not open_ones:
            return
        at = open_ones[step.link % len(open_ones)]
        octets = b"".join(
            self._delivery(each) if isinstance(each, Deliver) else self._reply(("smsc", at), each)
            for each in step.replies
        )
        self._send("smsc", at, octets, step.kept)

    def _delivery(self, deliver: Deliver) -> bytes:
        self._number += 1
        return numbered(DELIVERIES[deliver.kind](deliver.message_id), self._number)

    def _reply(self, name: tuple[str, int], reply: Reply) -> bytes:
        waiting, done = self._open.setdefault(name, []), self._done.setdefault(name, [])
        if reply.how == "enquire":
            return bare(CommandId.ENQUIRE_LINK, reply.which + 1)
        if reply.how == "wrong":
            return bare(CommandId.SUBMIT_SM | RESPONSE_BIT, 900_000 + reply.which)
        if reply.how == "twice" and done:
            frame = done[-1 - reply.which % len(done)]
        elif waiting:
            frame = waiting.pop(reply.which % len(waiting))
            done.append(frame)
        else:
            return b""
        if reply.how == "nack":
            return generic_nack(frame.sequence_number, 0x03)
        is_message = frame.command_id in _MESSAGES
        if not is_message or reply.status or reply.how == "bare":
            return response(frame, reply.status, b"")
        return response(frame, 0, reply.message_id + _BEHIND_ID.get(reply.how, b"\0"))
