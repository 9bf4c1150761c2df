"""Random scripts of what peers do, played to one gate with the lane and to one without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from attrs import evolve, frozen
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred

from smppgate.gate.router import nothing_is_plain
from smppgate.settings import EsmeSettings, PoolSettings, SmscSettings
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import Frame, FrameBuffer, generic_nack, response
from smppgate.txsmpp.pdu import BindTransceiver, DataSm, Pdu, QuerySm, SubmitSm
from smppgate.txsmpp.tlv import Tlv
from tests.gate.memory_gateway import End, MemoryGateway, smsc
from tests.txsmpp.pairs import bare, numbered

BINDS = (CommandId.BIND_TRANSMITTER, CommandId.BIND_RECEIVER, CommandId.BIND_TRANSCEIVER)

# What an ESME may send


def _submit(**more: Any) -> SubmitSm:
    fields: dict[str, Any] = {"source_addr": b"1000", "destination_addr": b"447700900123"}
    return SubmitSm(**{**fields, "short_message": b"Hello there", **more})


REQUESTS: dict[str, Pdu] = {
    "plain": _submit(),
    "with receipt": _submit(registered_delivery=1),
    "long": _submit(registered_delivery=1, short_message=b"x" * 160),
    "part": _submit(esm_class=0x40, short_message=b"\5\0\3\7\2\1text"),
    "last part": _submit(esm_class=0x40, short_message=b"\5\0\3\7\2\2text"),
    "sar": _submit(tlvs=(Tlv(0x020C, b"\0\1"), Tlv(0x020E, b"\2"), Tlv(0x020F, b"\1"))),
    "payload": _submit(short_message=b"", registered_delivery=1, tlvs=(Tlv(0x0424, b"payload"),)),
    "vendor": _submit(registered_delivery=1, tlvs=(Tlv(0x1400, b"abc"),)),
    "replaces": _submit(replace_if_present_flag=1, service_type=b"CMT"),
    "empty": _submit(short_message=b""),
    "empty with receipt": _submit(short_message=b"", registered_delivery=1),
    "data_sm": DataSm(source_addr=b"1000", destination_addr=b"4477"),
    "query_sm": QuerySm(message_id=b"A1", source_addr=b"1000"),
}

USUAL = ("plain", "with receipt")

RAW: dict[str, bytes] = {
    "enquire_link": bare(CommandId.ENQUIRE_LINK),
    "short submit_sm": bare(CommandId.SUBMIT_SM),
    "cut submit_sm": b"\0\0\0\x14\0\0\0\4" + bytes(8) + b"\0\1\1a",
    "unknown": bare(0x0001FFFF),
    "stray": bare(CommandId.DELIVER_SM | RESPONSE_BIT, 77),
    "unbind": bare(CommandId.UNBIND),
}

IDS = (
    *(b"1234567", b"12345678", b"ABCDEF01", b"abcdef01", b"aBcDeF02", b" 77 ", b"", b"x" * 64),
    *(b"x" * 70, b"0042", b"\x01\x02", b"z" * 63, b"\xe9A"),
)

STATUSES = (0, 0, 0, 0, 0, 0, 0x08, 0x14, 0x58, 0x45, 0x04, 0x0B, 0x64)


@frozen
class EsmeSends:
    """An ESME sends these, and leaves the last octets for its next read."""

    esme: int
    kinds: tuple[str, ...]
    kept: int = 0


@frozen
class Reply:
    """An SMSC answers one of its open requests: which, how, and as what."""

    which: int
    status: int = 0
    message_id: bytes = b"1"
    how: str = "answer"


@frozen
class SmscSends:
    """An SMSC sends these, and leaves the last octets for its next read."""

    link: int
    replies: tuple[Reply, ...]
    kept: int = 0


@frozen
class Passes:
    """Time passes."""

    seconds: float


@frozen
class Loses:
    """A connection is lost, which is made again."""

    side: str
    which: int


@frozen
class Reloads:
    """The settings are changed."""

    esme: tuple[tuple[str, Any], ...]
    smsc: tuple[tuple[str, Any], ...]


Step = EsmeSends | SmscSends | Passes | Loses | Reloads


@frozen
class Terms:
    """The settings of a gate, as far as they vary."""

    esme: tuple[tuple[str, Any], ...] = ()
    smsc: tuple[tuple[str, Any], ...] = ()
    pool: tuple[tuple[str, Any], ...] = ()
    versions: tuple[int, ...] = (0x34, 0x34)
    smscs: int = 1


def _some(**choices: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[tuple[str, Any], ...]]:
    """Up to two of these settings."""
    changes = [
        strategy.map(lambda value, n=name: (n, value)) for name, strategy in choices.items()
    ]
    made = st.lists(st.one_of(*changes), max_size=2)
    return made.map(lambda several: tuple(dict(several).items()))


def _often(*choices: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of these, as often as its number says; the first is the simplest."""
    by_number = [strategy for count, strategy in choices for _ in range(count)]
    return st.sampled_from(range(len(by_number))).flatmap(by_number.__getitem__)


ESME_TERMS = _some(
    window=st.sampled_from((1, 3, 8, 100)),
    queries=st.booleans(),
    rate=st.sampled_from((0.0, 5.0, 1000.0)),
    session_rate=st.sampled_from((0.0, 5.0)),
    over_rate=st.sampled_from(("delay", "reject")),
)
SMSC_TERMS = _some(
    window=st.sampled_from((1, 4, 10, 100)),
    rate=st.sampled_from((0.0, 5.0, 200.0)),
    link_rate=st.sampled_from((0.0, 5.0)),
    adaptive_rate=st.booleans(),
    max_timeouts=st.sampled_from((0, 2)),
)
POOL_TERMS = _some(
    hold=st.sampled_from((0.0, 2.0)),
    balance=st.sampled_from(("least_outstanding", "round_robin", "hash")),
    on_link_loss=st.sampled_from(("answer", "resubmit")),
    max_errors=st.sampled_from((0, 2)),
)

_VERSIONS = _often(
    (6, st.sampled_from(((0x34, 0x34), (0x33, 0x33), (0x50, 0x50)))),
    (1, st.tuples(st.sampled_from((0x33, 0x34, 0x50)), st.sampled_from((0x33, 0x34, 0x50)))),
)
_NONE: st.SearchStrategy[Any] = st.just(())
TERMS = st.builds(
    Terms,
    _often((1, _NONE), (2, ESME_TERMS)),
    _often((2, _NONE), (1, SMSC_TERMS)),
    _often((2, _NONE), (1, POOL_TERMS)),
    _often((2, st.just((0x34, 0x34))), (1, _VERSIONS)),
)

_KINDS = _often((6, st.sampled_from(USUAL)), (1, st.sampled_from((*REQUESTS, *RAW))))
_READS = _often(
    (2, st.lists(st.sampled_from(USUAL), min_size=2, max_size=20)),
    (2, st.lists(_KINDS, min_size=1, max_size=12)),
    (1, st.sampled_from(USUAL).flatmap(lambda kind: st.just([kind] * 16))),
)
_KEPT = _often((3, st.just(0)), (1, st.integers(1, 60)))
_REPLY = st.builds(
    Reply,
    st.integers(0, 30),
    st.sampled_from(STATUSES),
    st.sampled_from(IDS),
    st.sampled_from(("answer",) * 12 + ("twice", "wrong", "nack", "enquire", "bare")),
)
_USUAL_REPLY = st.builds(Reply, st.just(0), st.just(0), st.sampled_from(IDS[:3]))
_REPLIES = _often(
    (2, st.lists(_USUAL_REPLY, min_size=1, max_size=20)),
    (2, st.lists(_often((3, _USUAL_REPLY), (1, _REPLY)), min_size=1, max_size=20)),
    (1, st.lists(_REPLY, min_size=1, max_size=6)),
)

ESME_SENDS = st.builds(EsmeSends, st.integers(0, 1), _READS.map(tuple), _KEPT)
SMSC_SENDS = st.builds(SmscSends, st.integers(0, 1), _REPLIES.map(tuple), _KEPT)
STEP = _often(
    (6, ESME_SENDS),
    (6, SMSC_SENDS),
    (2, st.builds(Passes, st.sampled_from((0.01, 0.3, 1.5, 4.0, 11.0)))),
    (1, st.builds(Reloads, ESME_TERMS, SMSC_TERMS)),
    (1, st.builds(Loses, st.sampled_from(("esme", "smsc")), st.integers(0, 1))),
)
STEPS = st.lists(STEP, min_size=6, max_size=30)

# What plays them


class Stage:
    """One gate, two ESMEs of one account, and a link to each SMSC.

    :param has_lane: whether whole reads take it.
    """

    def __init__(self, terms: Terms, has_lane: bool) -> None:
        self.terms = terms
        names = ("alpha", "beta")[: terms.smscs]
        more = dict(terms.pool)
        self.gate = MemoryGateway(
            *(self._smsc(name, terms.smsc) for name in names),
            esme=(self._esme(terms.esme),),
            pool=(PoolSettings(name="all", members=names, **more),),
        )
        self._store = self.gate.router.return_paths.store
        self._kept: dict[bytes, None] = {}
        self._keep_there, self._store.keep = self._store.keep, self._keep
        if not has_lane:
            self.gate.router.relay_submits = self.gate.router.relay_answers = nothing_is_plain
        self._dialled = 0
        self.links: list[End] = []
        self.esmes: list[End] = []
        self.dial()
        for at in range(2):
            self.esmes.append(self._bind(at))

    def _smsc(self, name: str, more: Sequence[tuple[str, Any]]) -> SmscSettings:
        version = {0x33: "3.3", 0x34: "3.4", 0x50: "5.0"}[self.terms.versions[1]]
        parts: dict[str, Any] = {"response_timeout": 3.0, "interface_version": version}
        return smsc(name, sessions=1, **{**parts, **dict(more)})

    def _esme(self, more: Sequence[tuple[str, Any]]) -> EsmeSettings:
        parts = {"password": "secret", "max_binds": 50, **dict(more)}
        return EsmeSettings(system_id="acme", **parts)

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
            buffer = FrameBuffer()
            for frame in buffer.receive(end.transport.take()):
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
        by itself, such as enquire_link, comes before what stands in front of it in a read.
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
            requests = [frame for frame in frames if not frame.is_response]
            heard.append((requests, answers, end.is_closed()))
        return heard

    def records(self) -> dict[bytes, bytes | None]:
        """The return paths in the store."""
        return {key: self._store.recent(key) for key in self._kept}

    def _keep(self, paths: Mapping[bytes, bytes]) -> Deferred[None]:
        self._kept.update(dict.fromkeys(paths))
        return cast(Deferred[None], self._keep_there(paths))

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
        names = [each.name for each in self.gate.gateway.settings.smsc]
        settings = evolve(
            self.gate.gateway.settings,
            esme=(self._esme(step.esme),),
            smsc=tuple(self._smsc(name, step.smsc) for name in names),
        )
        self.gate.gateway.reload(settings).addErrback(lambda failure: failure.value)
        self.gate.turn()


class Script:
    """Plays the same to several gates, and compares them.

    :param stages: of which the first is looked at.
    """

    def __init__(self, *stages: Stage) -> None:
        self.stages = stages
        self._number = 1
        self._kept: dict[tuple[str, int], bytes] = {}
        # Link → what it has not answered, and what it has.
        self._open: dict[int, list[Frame]] = {}
        self._done: dict[int, list[Frame]] = {}

    def play(self, step: Step) -> None:
        """Do one step, and compare what all gates have said."""
        match step:
            case EsmeSends():
                octets = b"".join(map(self._request, step.kinds))
                self._send("esme", step.esme, octets, step.kept)
            case SmscSends():
                self._answer(step)
            case Passes():
                for _ in range(4):
                    for stage in self.stages:
                        stage.gate.reactor.advance(step.seconds / 4)
                    self.compare()
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

    def compare(self) -> None:
        """All gates have said the same, and keep the same."""
        first, *others = [stage.settle() for stage in self.stages]
        for other in others:
            assert other == first
        records = [stage.records() for stage in self.stages]
        for each in records[1:]:
            assert each == records[0]
        for at, (requests, _, is_closed) in enumerate(first[2:]):
            if is_closed:
                self._open.pop(at, None)
                self._kept.pop(("smsc", at), None)
            else:
                self._open.setdefault(at, []).extend(requests)
        for at in range(2):
            if first[at][2]:
                self._kept.pop(("esme", at), None)

    def waiting(self, link: int) -> list[Frame]:
        """The requests that an SMSC has not answered."""
        return self._open.get(link, [])

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

    def _answer(self, step: SmscSends) -> None:
        links = self.stages[0].links
        open_ones = [at for at, end in enumerate(links) if not end.is_closed()]
        if not open_ones:
            return
        at = open_ones[step.link % len(open_ones)]
        octets = b"".join(self._reply(at, reply) for reply in step.replies)
        self._send("smsc", at, octets, step.kept)

    def _reply(self, at: int, reply: Reply) -> bytes:
        waiting, done = self._open.setdefault(at, []), self._done.setdefault(at, [])
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
        is_message = frame.command_id in (CommandId.SUBMIT_SM, CommandId.DATA_SM)
        body = reply.message_id + b"\0" if is_message and not reply.status else b""
        return response(frame, reply.status, body if reply.how != "bare" else b"")
