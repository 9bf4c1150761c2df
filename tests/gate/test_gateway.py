"""The gate as a service, on a reactor in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from smppgate.gate import CannotListen, Gateway
from smppgate.settings import (
    EsmeSettings,
    GateSettings,
    ListenSettings,
    PeerSettings,
    PeersSettings,
    PoolSettings,
    Settings,
    SmscSettings,
    StoreSettings,
    StoreTlsSettings,
)
from smppgate.store import MemoryStore
from smppgate.txsmpp import (
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    CommandId,
    DeliverSm,
    Frame,
    QuerySm,
    SubmitSm,
    Tag,
    UnbindResp,
    decode,
    encode,
)
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.frame import FrameBuffer
from tests.certificates import Authority
from tests.fakes import NoJitter

REFUSED = Failure(ConnectionRefusedError())
DONE = Failure(ConnectionDone())


def settings(**more: Any) -> Settings:
    """A small gate."""
    parts: dict[str, Any] = {
        # A reactor in memory has no threads.
        "store": StoreSettings(kind="memory"),
        "listen": (ListenSettings(endpoint="tcp:2775", max_sessions=3),),
        "esme": (
            EsmeSettings(system_id="acme", password="secret", max_binds=2),
            EsmeSettings(system_id="bolt", password="hidden", binds=("receiver",)),
        ),
        "smsc": (
            SmscSettings(
                name="alpha", endpoint="tcp:127.0.0.1:3001", system_id="g", password="pw"
            ),
        ),
    }
    return Settings(**{**parts, **more})


class Transport(StringTransport):
    """A connection in memory that can be cut."""

    def __init__(self, reactor: MemoryReactorClock) -> None:
        super().__init__()
        self.reactor = reactor

    def abortConnection(self) -> None:
        self.loseConnection()


class Ends:
    """The outside of a gate on a reactor in memory."""

    def __init__(self, **more: Any) -> None:
        self.reactor = MemoryReactorClock()
        self.gateway = Gateway(settings(**more), self.reactor, entropy=NoJitter(1))
        self.gateway.privilegedStartService()
        self.gateway.startService()

    def esme(self) -> tuple[Any, Transport]:
        """A connection of an ESME's."""
        session = self.reactor.tcpServers[0][1].buildProtocol(None)
        transport = Transport(self.reactor)
        session.makeConnection(transport)
        return session, transport

    def bound(self, bind: Any) -> tuple[Any, Transport]:
        """An ESME's session and what it was answered to ``bind``."""
        session, transport = self.esme()
        session.dataReceived(encode(bind))
        return session, transport

    def smsc(self, index: int = -1) -> tuple[Any, Transport]:
        """The gate's latest connection to an SMSC, not yet bound."""
        factory = self.reactor.tcpClients[index][2]
        session = factory.buildProtocol(None)
        transport = Transport(self.reactor)
        session.makeConnection(transport)
        self.reactor.advance(0)
        return session, transport


def frames(transport: Transport) -> list[Frame]:
    """What was written since the last look, once the turn of the reactor is over."""
    transport.reactor.advance(0)
    octets = transport.value()
    transport.clear()
    return FrameBuffer().receive(octets)


def accept(session: Any, transport: Transport) -> Any:
    """Answer the gate's bind; gives it decoded."""
    (bind,) = frames(transport)
    answer = bytearray(encode(BindTransceiverResp(sequence_number=bind.sequence_number)))
    answer[4:8] = (bind.command_id | 0x80000000).to_bytes(4, "big")
    session.dataReceived(bytes(answer))
    return decode(bind.octets)


def test_the_bind_toward_an_smsc_says_what_the_settings_say() -> None:
    smsc = SmscSettings(
        name="alpha",
        endpoint="tcp:127.0.0.1:3001",
        system_id="gate",
        password="pw",
        system_type="VMA",
        interface_version="5.0",
        addr_ton=1,
        addr_npi=1,
        address_range="^44",
    )
    ends = Ends(smsc=(smsc,))
    assert accept(*ends.smsc()) == BindTransceiver(
        sequence_number=1,
        system_id=b"gate",
        password=b"pw",
        system_type=b"VMA",
        interface_version=0x50,
        addr_ton=1,
        addr_npi=1,
        address_range=b"^44",
    )


def test_a_pair_of_binds_and_parallel_sessions_are_links_of_one_smsc() -> None:
    smsc = SmscSettings(
        name="alpha",
        endpoint="tcp:127.0.0.1:3001",
        system_id="g",
        password="pw",
        bind="transmitter+receiver",
        sessions=2,
        window=7,
    )
    ends = Ends(smsc=(smsc,))
    binds = [type(accept(*ends.smsc(index))) for index in range(4)]
    assert binds == [BindTransmitter, BindReceiver] * 2
    smsc = ends.gateway.parts.smscs["alpha"].smsc
    # Receivers take no requests.
    assert (len(smsc.links), smsc.capacity) == (2, 14)
    assert ends.gateway.router.statistics().smsc_links == 4


def test_a_link_that_is_lost_comes_back_later_and_later_and_resets_when_bound() -> None:
    ends = Ends()
    waits = []
    for _ in range(8):
        connector = ends.reactor.connectors[-1]
        others = set(ends.reactor.getDelayedCalls())
        ends.reactor.tcpClients[-1][2].clientConnectionFailed(connector, REFUSED)
        (retry,) = set(ends.reactor.getDelayedCalls()) - others
        waits.append(retry.getTime() - ends.reactor.seconds())
        ends.reactor.advance(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    session, transport = ends.smsc()
    accept(session, transport)
    session.connectionLost(DONE)
    assert ends.gateway.parts.smscs["alpha"].smsc.links == []


def test_messages_of_an_account_go_to_its_pool() -> None:
    smscs = tuple(
        SmscSettings(name=name, endpoint="tcp:127.0.0.1:3001", system_id="g", password="pw")
        for name in ("alpha", "beta")
    )
    pools = tuple(PoolSettings(name=f"to-{s.name}", members=(s.name,)) for s in smscs)
    esmes = (
        EsmeSettings(system_id="acme", password="secret"),
        EsmeSettings(system_id="bolt", password="hidden", pool="to-beta"),
    )
    ends = Ends(smsc=smscs, pool=pools, esme=esmes)
    links = [ends.smsc(index) for index in range(2)]
    for link in links:
        accept(*link)
    for system_id, password in ((b"acme", b"secret"), (b"bolt", b"hidden")):
        session, _ = ends.bound(BindTransceiver(system_id=system_id, password=password))
        session.dataReceived(encode(SubmitSm(sequence_number=2, source_addr=system_id)))
    told = [[decode(f.octets).source_addr for f in frames(transport)] for _, transport in links]
    assert told == [[b"acme"], [b"bolt"]]


@pytest.mark.parametrize(
    ("version", "tlvs"), [(0x33, ()), (0x34, ((Tag.SC_INTERFACE_VERSION, b"\x34"),))]
)
def test_the_bind_resp_names_the_gate_and_its_version(version: int, tlvs: tuple[Any, ...]) -> None:
    """Those before 3.4 know no TLVs."""
    ends = Ends(gate=GateSettings(name="gate1"))
    bind = BindTransceiver(system_id=b"acme", password=b"secret", interface_version=version)
    _, transport = ends.bound(bind)
    (answer,) = frames(transport)
    resp = decode(answer.octets)
    assert (resp.command_status, resp.system_id) == (0, b"gate1")
    assert tuple((tlv.tag, tlv.value) for tlv in resp.tlvs) == tlvs


@pytest.mark.parametrize(
    ("bind", "status"),
    [
        (BindTransceiver(system_id=b"nobody", password=b"secret"), 0x0F),
        (BindTransceiver(system_id=b"acme", password=b"Secret"), 0x0E),
        (BindTransceiver(system_id=b"bolt", password=b"hidden"), 0x0D),
    ],
)
def test_a_bind_that_is_refused_is_answered_once_and_closed(bind: Any, status: int) -> None:
    ends = Ends()
    session, transport = ends.bound(bind)
    (answer,) = frames(transport)
    assert answer[:2] == (CommandId.BIND_TRANSCEIVER_RESP, status)
    assert not transport.disconnecting
    ends.reactor.advance(1)
    assert transport.disconnecting
    assert session.account is None


def test_a_bind_that_cannot_be_read_is_refused_with_the_fields_status() -> None:
    """The password runs on without its NUL."""
    ends = Ends()
    session, transport = ends.esme()
    session.dataReceived(b"\0\0\0\x1a\0\0\0\x09\0\0\0\0\0\0\0\x05" + b"acme\0secre")
    (answer,) = frames(transport)
    assert answer[:3] == (CommandId.BIND_TRANSCEIVER_RESP, 0x0E, 5)


def test_until_the_store_is_open_no_message_is_said_to_be_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opening: Deferred[None] = Deferred()
    monkeypatch.setattr(MemoryStore, "open", lambda _: opening)
    ends = Ends()
    session, transport = ends.bound(BindTransceiver(system_id=b"acme", password=b"secret"))
    told = []
    for number in (2, 3):
        frames(transport)
        session.dataReceived(encode(QuerySm(sequence_number=number, message_id=b"1")))
        told.append(frames(transport)[0].command_status)
        if not opening.called:
            opening.callback(None)
    assert told == [0x08, 0x0C]


def test_too_many_binds_are_refused_until_one_unbinds() -> None:
    ends = Ends()
    bind = BindTransceiver(system_id=b"acme", password=b"secret")
    first, _ = ends.bound(bind)
    ends.bound(bind)
    _, third = ends.bound(bind)
    assert frames(third)[0].command_status == 0x0D
    first.dataReceived(b"\0\0\0\x10\0\0\0\x06\0\0\0\0\0\0\0\x09")
    first.connectionLost(DONE)
    ends.reactor.advance(0)
    _, fourth = ends.bound(bind)
    # The refused one still has its connection, so the listener has room for this one only.
    assert frames(fourth)[0].command_status == 0


def test_a_listener_takes_max_sessions_connections_and_cuts_further_ones() -> None:
    ends = Ends()
    pairs = [ends.esme() for _ in range(4)]
    assert [transport.disconnecting for _, transport in pairs] == [False, False, False, True]
    pairs[0][0].connectionLost(DONE)
    _, transport = ends.esme()
    assert not transport.disconnecting


def test_binds_may_be_refused_while_no_link_is_up() -> None:
    ends = Ends(gate=GateSettings(accept_binds_without_smsc=False))
    bind = BindTransceiver(system_id=b"acme", password=b"secret")
    _, transport = ends.bound(bind)
    assert frames(transport)[0].command_status == 0x0D
    accept(*ends.smsc())
    _, transport = ends.bound(bind)
    assert frames(transport)[0].command_status == 0


def test_the_end_of_a_gate_leaves_nothing_behind() -> None:
    """Both sides are unbound, every table is empty, no timer is left."""
    ends = Ends()
    link, to_smsc = ends.smsc()
    accept(link, to_smsc)
    session, to_esme = ends.bound(BindTransceiver(system_id=b"acme", password=b"secret"))
    frames(to_esme)
    stopped = ends.gateway.stopService()
    for end, transport in ((session, to_esme), (link, to_smsc)):
        ends.reactor.pump([0.1] * 2)
        (unbind,) = frames(transport)
        assert unbind.command_id == CommandId.UNBIND
        end.dataReceived(encode(UnbindResp(sequence_number=unbind.sequence_number)))
        end.connectionLost(DONE)
    ends.reactor.pump([0.1] * 5)
    assert stopped.called
    told = ends.gateway.router.statistics()
    assert (told.esme_sessions, told.smsc_links, told.open_exchanges) == (0, 0, 0)
    assert ends.gateway.addresses() == ()
    assert ends.reactor.getDelayedCalls() == []


def test_a_gate_stops_although_its_peers_say_nothing() -> None:
    """In the time that a stop may take, all of it."""
    ends = Ends(gate=GateSettings(stop_timeout=2.0))
    link, to_smsc = ends.smsc()
    accept(link, to_smsc)
    session, to_esme = ends.bound(BindTransceiver(system_id=b"acme", password=b"secret"))
    session.dataReceived(encode(SubmitSm(sequence_number=2)))
    stopped = ends.gateway.stopService()
    ends.reactor.pump([0.1] * 12)
    # Still waiting for the answer.
    assert not to_esme.disconnecting
    ends.reactor.pump([0.1] * 2)
    assert [frame[:3] for frame in frames(to_esme)][-1] == (CommandId.SUBMIT_SM_RESP, 0x08, 2)
    assert to_esme.disconnecting
    assert not to_smsc.disconnecting
    ends.reactor.pump([0.1] * 5)
    assert to_smsc.disconnecting
    assert not stopped.called
    ends.reactor.pump([0.1] * 2)
    assert stopped.called
    for end in (session, link):
        end.connectionLost(DONE)
    ends.reactor.advance(0)
    assert ends.reactor.getDelayedCalls() == []


def test_an_endpoint_that_cannot_be_opened_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    reactor = MemoryReactorClock()

    def taken(*_: Any, **__: Any) -> None:
        raise CannotListenError("127.0.0.1", 2775, "Address already in use")

    monkeypatch.setattr(reactor, "listenTCP", taken)
    gateway = Gateway(settings(), reactor)
    with pytest.raises(CannotListen, match=r"cannot listen on tcp:2775: .*already in use"):
        gateway.privilegedStartService()


def test_link_up_is_cancelled_when_the_gate_stops() -> None:
    ends = Ends()
    waiting = ends.gateway.router.link_up()
    cancelled: list[Any] = []
    waiting.addErrback(cancelled.append)
    ends.gateway.stopService()
    ends.reactor.pump([0.1] * 30)
    (failure,) = cancelled
    assert failure.check(CancelledError)


def test_a_bind_needs_no_more_than_system_id_and_password() -> None:
    """Odd octets behind that are no reason to refuse: a TLV cut short, or no version at all."""
    for rest in (b"\0\x34\0\0\0\x12", b"\0\x34\0\0\0\x02\x10\0\x05\x34", b""):
        ends = Ends()
        session, transport = ends.esme()
        body = b"acme\0secret\0" + rest
        session.dataReceived((16 + len(body)).to_bytes(4, "big") + b"\0\0\0\x09" + bytes(8) + body)
        assert frames(transport)[0].command_status == 0


def test_a_bind_in_front_of_an_impossible_length_ends_with_it() -> None:
    """It is answered first, and the session ends with what stands behind it."""
    ends = Ends()
    session, transport = ends.esme()
    bind = encode(BindTransceiver(sequence_number=1, system_id=b"acme", password=b"secret"))
    session.dataReceived(bind + bytes(16))
    assert [frame[:2] for frame in frames(transport)] == [
        (CommandId.BIND_TRANSCEIVER_RESP, 0),
        (CommandId.GENERIC_NACK, 0x02),
    ]
    assert transport.disconnecting
    assert ends.gateway.router.statistics().esme_sessions == 0


@pytest.mark.parametrize("body", [b"no end", b"smsc\0\x02\x10\0\x09\x34", b"smsc\0x", b""])
def test_a_bind_resp_counts_by_its_status(body: bytes) -> None:
    """An SMSC's name without its end, a TLV cut short, a stray octet: the link is used."""
    ends = Ends()
    link, transport = ends.smsc()
    (bind,) = frames(transport)
    header = (bind.command_id | 0x80000000).to_bytes(4, "big") + bytes(4)
    number = bind.sequence_number.to_bytes(4, "big")
    link.dataReceived((16 + len(body)).to_bytes(4, "big") + header + number + body)
    assert len(ends.gateway.parts.smscs["alpha"].smsc.links) == 1


def test_messages_for_an_account_without_sessions_are_not_for_one_with_a_wider_range() -> None:
    """The most specific range owns the number."""
    esmes = (
        EsmeSettings(system_id="acme", password="secret", address_ranges=("447700900123",)),
        EsmeSettings(system_id="bolt", password="hidden", address_ranges=("4477*", "*")),
    )
    ends = Ends(esme=esmes)
    link, to_smsc = ends.smsc()
    accept(link, to_smsc)
    _, to_bolt = ends.bound(BindTransceiver(system_id=b"bolt", password=b"hidden"))
    frames(to_bolt)
    link.dataReceived(encode(DeliverSm(sequence_number=5, destination_addr=b"447700900123")))
    assert frames(to_bolt) == []
    assert frames(to_smsc)[0][:3] == (CommandId.DELIVER_SM_RESP, 0x64, 5)


def test_a_link_that_is_closed_soon_after_its_bind_waits_longer_each_time() -> None:
    """As one that cannot be reached does; once it has stood for a while, it is quick again."""
    waits = []
    backoff = Backoff(1.0, 60.0, lambda: 1.0)
    now = 0.0
    for uptime in (0.0, 0.1, 0.1, 0.1, 100.0, 0.1):
        backoff.bound(now)
        now += uptime
        backoff.lost(now)
        waits.append(backoff(1))
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 1, 2]


def test_a_link_that_was_stopped_does_not_connect_again_while_others_stop() -> None:
    smscs = tuple(
        SmscSettings(name=n, endpoint="tcp:127.0.0.1:3001", system_id="g", password="pw")
        for n in ("alpha", "beta")
    )
    ends = Ends(smsc=smscs)
    links = [ends.smsc(index) for index in range(2)]
    for link in links:
        accept(*link)
    ends.gateway.stopService()
    ends.reactor.pump([0.1] * 2)
    (unbind,) = frames(links[0][1])
    links[0][0].dataReceived(encode(UnbindResp(sequence_number=unbind.sequence_number)))
    links[0][0].connectionLost(DONE)
    ends.reactor.pump([0.1] * 15)
    # Beta has not answered yet, and alpha is not asked again.
    assert not links[1][1].disconnecting
    assert len(ends.reactor.tcpClients) == 2


def test_a_bind_that_has_lost_a_nul_leaves_no_password_in_the_log() -> None:
    """The password would be part of the name; a name of 70 000 octets is not logged either."""
    told: list[str] = []

    def observer(event: LogEvent) -> None:
        told.append(formatEvent(event))

    globalLogPublisher.addObserver(observer)
    try:
        ends = Ends()
        for body in (b"acme\x01SECRET\0\0\x34\0\0\0", b"acme\x01SECRET\0", b"x" * 900 + b"\0\0"):
            session, transport = ends.esme()
            header = (16 + len(body)).to_bytes(4, "big") + b"\0\0\0\x09" + bytes(8)
            session.dataReceived(header + body)
            assert frames(transport)[0].command_status in (0x0E, 0x0F)
            session.connectionLost(DONE)
    finally:
        globalLogPublisher.removeObserver(observer)
    assert any("refused" in line for line in told)
    assert not any("SECRET" in line or "xxxx" in line for line in told)


def test_before_a_bind_the_gate_keeps_a_kilobyte_at_most() -> None:
    """Before a bind, a PDU of a kilobyte is the limit; after it, max_pdu_size is."""
    ends = Ends()
    session, transport = ends.esme()
    session.dataReceived((1025).to_bytes(4, "big"))
    assert frames(transport)[0][:2] == (CommandId.GENERIC_NACK, 0x02)
    session, transport = ends.bound(BindTransceiver(system_id=b"acme", password=b"secret"))
    frames(transport)
    session.dataReceived((70_000).to_bytes(4, "big"))
    assert frames(transport) == []
    assert not transport.disconnecting


def test_the_store_hears_how_many_nodes_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start and after each reload; none where this one has no name."""
    heard: list[int] = []
    monkeypatch.setattr(MemoryStore, "share_among", lambda _, nodes: heard.append(nodes))
    own = PeersSettings("a", "tcp:2790", "hush")
    nodes = [PeerSettings(name, f"tcp:10.0.0.9:{2790 + at}") for at, name in enumerate("abc")]
    ends = Ends(peers=own, peer=tuple(nodes))
    more = PeerSettings("d", "tcp:10.0.0.9:2799")
    reloading = ends.gateway.reload(settings(peers=own, peer=(*nodes[1:], more)))
    ends.reactor.pump([0.1] * 30)
    assert reloading.called
    assert heard == [3, 4]
    Gateway(settings(), ends.reactor)
    assert heard[2:] == [0]


def test_files_of_tls_to_redis_are_looked_at(tmp_path: Path) -> None:
    tls = StoreTlsSettings(ca=str(Authority().write(tmp_path)))
    ends = Ends(store=StoreSettings(kind="memory", tls=tls))
    watched = [name for each in ends.gateway.certificates._all() for name in each.names()]
    assert watched == [tls.ca]
