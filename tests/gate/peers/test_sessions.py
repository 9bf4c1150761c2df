"""How two nodes come to know each other, or do not."""

from __future__ import annotations

import pytest
from attrs import evolve

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.fields import field
from smppgate.gate.peers.peers import ENQUIRE_LINK
from smppgate.gate.peers.told import BoundSession, telling
from smppgate.settings import EsmeSettings, GateSettings
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.frame import renumbered
from smppgate.txsmpp.pdu import BindTransmitter, Unbind
from tests.gate.memory_gateway import Log, MemoryGateway, bind
from tests.gate.peers.scripted import (
    ACME,
    BOLT,
    OTHERS,
    SECRET,
    THREE,
    NodeWithPeer,
    deliver,
    peer_bind,
)
from tests.gate.test_reload import reload
from tests.txsmpp.pairs import numbered


def test_a_node_binds_with_its_name_and_the_secret() -> None:
    node = NodeWithPeer(is_up=False)
    end = node.gate.smsc(node.client(2791))
    (request,) = end.heard()
    who = peek.credentials(request.octets)
    assert (who.system_id, who.password) == (b"a", SECRET.encode())


def test_both_ways_are_up_when_both_have_told_their_settings() -> None:
    with Log() as log:
        node = NodeWithPeer(is_up=False)
        node.gate.reactor.advance(1.0)
        assert node.state.state == "down"
        node.outgoing = node.reached()
        assert node.state.state == "partly"
        node.incoming = node.bound()
        assert node.state.state == "up"
        assert node.state.last_error == ""
        assert node.state.since > 0
    assert any("peer b bound, both ways" in line for line in log.lines)
    assert SECRET not in "".join(log.lines)


@pytest.mark.parametrize(
    "octets",
    [
        peer_bind(name=b"c"),
        peer_bind(name=b"a"),
        peer_bind(secret=SECRET + "x"),
        peer_bind(secret=""),
        numbered(BindTransmitter(system_id=b"b", password=SECRET.encode()), 1),
    ],
)
def test_no_other_may_bind(octets: bytes) -> None:
    node = NodeWithPeer(is_up=False)
    with Log() as log:
        end = node.connection()
        end.send(octets)
        (resp,) = end.heard()
        assert resp.command_status == CommandStatus.ESME_RBINDFAIL
        node.gate.reactor.advance(1.1)
        assert end.is_closed()
    assert any("bind of a peer" in line for line in log.lines)
    assert SECRET not in "".join(log.lines)
    assert node.state.state == "down"


def test_one_that_is_not_bound_is_told_nothing_and_heard_by_nobody() -> None:
    node = NodeWithPeer(is_up=False)
    end = node.connection()
    session = BoundSession(b"b/1.1", b"acme", receives=True)
    end.send(renumbered(telling(session.octets()), 1))
    assert len(node.peers.elsewhere) == 0
    assert all(frame.command_status for frame in end.heard())


def test_before_its_settings_nothing_else_of_a_peer_counts() -> None:
    node = NodeWithPeer(is_up=False)
    node.outgoing = node.reached()
    end = node.connection()
    end.send(peer_bind())
    end.hear()
    session = BoundSession(b"b/1.1", b"acme", receives=True)
    assert end.tell(session.octets()).command_status == CommandStatus.ESME_RINVBNDSTS
    assert len(node.peers.elsewhere) == 0


def test_a_tag_that_means_another_smsc_is_refused() -> None:
    """By both ends alike, and the log says which."""
    node = NodeWithPeer(is_up=False)
    other = {"A": ("gamma", "gamma")}
    with Log() as log:
        end = node.connection()
        end.send(peer_bind())
        end.hear()
        assert end.introduce(node.settings(tags=other)).command_status
        node.gate.reactor.advance(1.1)
        assert end.is_closed()
        assert node.state.state == "refused"
        node.reached(tags=other)
        assert node.state.state == "refused"
    text = "the tag 'A' is that of SMSC 'alpha' here, and of SMSC 'gamma' there"
    assert [line for line in log.lines if "refused" in line] == [f"SG-8003 peer b refused: {text}"]
    assert node.state.last_error == text


def test_a_peer_that_refuses_is_believed() -> None:
    node = NodeWithPeer(is_up=False)
    end = node.gate.smsc(node.client(2791))
    (request,) = end.heard()
    end.answer(request, 0, b"b\0")
    (told,) = end.heard()
    end.answer(told, CommandStatus.ESME_RBINDFAIL)
    assert end.is_closed()
    assert node.state.state == "refused"


def test_other_settings_are_a_warning() -> None:
    node = NodeWithPeer(is_up=False)
    digests = dict(node.settings().digests, pool=b"another")
    with Log() as log:
        node.outgoing = node.reached(digests=digests)
        node.incoming = node.bound(digests=digests)
    assert node.state.state == "up"
    assert node.state.differs == ("pool",)
    (line,) = [line for line in log.lines if "other settings" in line]
    assert "peer b has other settings: pool" in line


def test_a_node_that_is_another_one_is_refused() -> None:
    """Two have exchanged their places, or their configurations."""
    node = NodeWithPeer(is_up=False)
    node.reached(name="c")
    assert node.state.state == "refused"
    assert node.state.last_error == "it is node 'c', and not 'b'"


def test_a_peer_that_binds_anew_takes_the_place_of_its_former_session() -> None:
    """It knows of an end that this node does not know of yet."""
    node = NodeWithPeer()
    former = node.incoming
    node.has_session()
    node.incoming = node.bound()
    assert former.is_closed()
    assert len(node.peers.elsewhere) == 0
    assert node.state.state == "up"
    node.has_session()
    assert len(node.peers.elsewhere) == 1


def test_a_peer_that_says_nothing_is_dead() -> None:
    node = NodeWithPeer()
    node.has_session()
    with Log() as log:
        node.gate.reactor.advance(ENQUIRE_LINK)
        assert [each.command_id for each in node.incoming.heard()] == [CommandId.ENQUIRE_LINK]
        node.gate.reactor.advance(ENQUIRE_LINK)
    assert node.incoming.is_closed()
    assert len(node.peers.elsewhere) == 0
    assert any("peer b gone" in line for line in log.lines)


def test_a_link_that_unbinds_is_lost_once() -> None:
    """It was bound: why its connection ends then is not why it is not."""
    node = NodeWithPeer()
    node.esme()
    node.send(deliver(), node.token())
    with Log() as log:
        node.outgoing.ask(Unbind(), 2)
        assert not node.outgoing.is_closed(), "a message is open"
        node.outgoing.transport.lose()
        node.gate.turn()
    assert [line for line in log.lines if "peer b" in line] == [
        "SG-8005 peer b gone: unbound by the peer"
    ]
    assert node.state.last_error == "unbound by the peer"


def test_a_link_that_unbinds_ends_after_the_next_is_up() -> None:
    node = NodeWithPeer()
    node.has_session()
    node.link.send(deliver())
    assert len(node.sent()) == 1
    former = node.incoming
    former.ask(Unbind(), 2)
    node.gate.reactor.advance(1.0)
    node.incoming = node.bound()
    since = node.state.since
    former.transport.lose()
    node.gate.turn()
    assert node.state.state == "up"
    assert node.state.since == since > 0


def test_it_is_bound_again_after_a_pause() -> None:
    node = NodeWithPeer()
    before = node.gate.connections.count(2791)
    node.outgoing.transport.lose()
    node.gate.reactor.advance(1.0)
    assert node.gate.connections.count(2791) == before + 1


def test_a_node_that_is_not_reached_is_told_of_once() -> None:
    node = NodeWithPeer(is_up=False)
    with Log() as log:
        for _ in range(3):
            node.gate.refuse(node.client(2791))
            node.gate.reactor.advance(1.0)
    assert sum("peer b not reached" in line for line in log.lines) == 1
    assert not any("Scheduling retry" in line for line in log.lines)
    assert "refused" in node.state.last_error


def test_one_that_does_not_answer_the_bind_is_told_of_once() -> None:
    node = NodeWithPeer(is_up=False)
    with Log() as log:
        for _ in range(3):
            end = node.gate.smsc(node.client(2791))
            assert end.heard()
            end.transport.lose()
            node.gate.reactor.advance(1.0)
    assert sum("peer b not bound" in line for line in log.lines) == 1
    assert not any("retry" in line for line in log.lines)
    assert node.state.last_error


def test_a_node_that_stops_refuses_nobody() -> None:
    """The peer comes back in a moment, and has no reason to tell of a refusal."""
    node = NodeWithPeer()
    node.gate.router.drain()
    end = node.connection()
    end.send(peer_bind())
    assert end.heard() == []
    assert end.is_closed()


# What is told


def sessions_told(node: NodeWithPeer) -> list[tuple[bytes, bool]]:
    told = [BoundSession.of(value) for tag, value in node.told if tag == f.BOUND]
    return [(each.account, each.receives) for each in told]


def test_sessions_are_told_when_they_come_and_go() -> None:
    node = NodeWithPeer()
    end = node.esme()
    assert sessions_told(node) == [(b"acme", True)]
    end.transport.lose()
    node.gate.turn()
    node.outgoing.hear()
    assert node.told[-1] == (f.LOST, node.token())


def test_sessions_that_are_there_already_are_told_to_a_peer_that_comes() -> None:
    node = NodeWithPeer()
    node.esme()
    node.told.clear()
    node.outgoing.transport.lose()
    node.gate.reactor.advance(1.0)
    node.outgoing = node.reached()
    assert sessions_told(node) == [(b"acme", True)]


def test_a_token_names_its_node() -> None:
    node = NodeWithPeer()
    node.esme()
    assert node.token().startswith(b"a/")


def test_the_load_is_told_where_it_has_changed() -> None:
    node = NodeWithPeer()
    end = node.esme()
    for number in range(8):
        node.link.send(deliver(number=number))
    assert len(end.heard()) == 8
    node.told.clear()
    node.gate.reactor.advance(1.0)
    node.outgoing.hear()
    (told,) = [BoundSession.of(value) for tag, value in node.told if tag == f.BOUND]
    assert told.load == 8
    node.told.clear()
    node.gate.reactor.advance(1.0)
    node.outgoing.hear()
    assert node.told == []


def test_the_load_is_told_though_another_peer_comes_meanwhile() -> None:
    node = NodeWithPeer(peer=THREE)
    end = node.esme()
    for number in range(8):
        node.link.send(deliver(number=number))
    assert len(end.heard()) == 8
    node.reached(port=2792, name="c").hear()
    node.told.clear()
    node.gate.reactor.advance(1.0)
    node.outgoing.hear()
    (told,) = [BoundSession.of(value) for tag, value in node.told if tag == f.BOUND]
    assert told.load == 8


def test_what_is_not_answered_ends_the_link() -> None:
    """The peer may not know of a session, or of its end."""
    node = NodeWithPeer(gate=GateSettings(response_timeout=9.0))
    node.gate.esme(bind())
    (frame,) = node.outgoing.heard()
    assert frame.command_id == CommandId.DATA_SM
    for _ in range(12):
        node.gate.reactor.advance(1.0)
        for each in (*node.outgoing.heard(), *node.incoming.heard()):
            if each.command_id == CommandId.ENQUIRE_LINK:
                end = node.outgoing if each.sequence_number else node.incoming
                end.answer(each)
    assert node.outgoing.is_closed()


@pytest.mark.parametrize(
    "octets",
    [
        telling(field(f.BOUND, b"\x14")),
        telling(field(f.BOUND, field(f.SESSION, b"x"))),
        telling(b"\x14"),
    ],
)
def test_what_cannot_be_read_is_an_error(octets: bytes) -> None:
    """And no reason to end a link."""
    node = NodeWithPeer()
    node.incoming.send(renumbered(octets, 9))
    (answer,) = node.incoming.hear()
    assert answer.command_status
    assert node.state.state == "up"


def test_requests_that_are_no_peers_are_refused() -> None:
    node = NodeWithPeer()
    node.outgoing.send(deliver())
    (answer,) = node.outgoing.hear()
    assert answer.command_status == CommandStatus.ESME_RINVCMDID


# The settings change, and the end


def test_a_peer_that_is_removed_is_unbound() -> None:
    node = NodeWithPeer()
    node.has_session()
    reload(node.gate, peer=OTHERS[:1])
    assert node.gate.gateway.state().peers == ()
    assert len(node.peers.elsewhere) == 0
    heard = [each.command_id for each in node.incoming.heard()]
    assert CommandId.UNBIND in heard


def test_a_peer_that_is_added_is_bound_at() -> None:
    node = NodeWithPeer()
    reload(node.gate, peer=THREE)
    assert 2792 in node.gate.connections
    assert [each.name for each in node.gate.gateway.state().peers] == ["b", "c"]
    assert node.state.state == "up"


def test_limits_change_with_the_settings() -> None:
    node = NodeWithPeer()
    slow = GateSettings(deliver_timeout=40.0, max_pdu_size=500_000)
    reload(node.gate, gate=slow)
    for session in next(iter(node.peers.nodes.values())).sessions():
        assert session.timers.response > 40.0
        assert session.max_pdu_size > 500_000


def test_new_settings_are_told() -> None:
    node = NodeWithPeer()
    node.told.clear()
    reload(node.gate, esme=(evolve(ACME, window=3), BOLT))
    node.outgoing.hear()
    node.incoming.hear()
    assert [tag for tag, _ in node.told] == [f.SETTINGS, f.TAG] * 2


def test_an_account_that_comes_later_has_the_sessions_that_are_bound_elsewhere() -> None:
    node = NodeWithPeer()
    node.has_session(account=b"late")
    assert len(node.peers.elsewhere) == 0
    late = EsmeSettings(system_id="late", password="secret", address_ranges=("33*",))
    reload(node.gate, esme=(ACME, BOLT, late))
    assert len(node.peers.elsewhere) == 1


def test_a_gate_that_stops_unbinds() -> None:
    node = NodeWithPeer()
    done: list[object] = []
    node.gate.gateway.stopService().addBoth(done.append)
    for _ in range(60):
        node.gate.reactor.advance(0.1)
        for end in (node.outgoing, node.incoming, node.link):
            for frame in end.heard():
                if frame.command_id == CommandId.UNBIND:
                    end.answer(frame)
    assert done == [None]
    assert node.outgoing.is_closed()
    assert node.incoming.is_closed()
    assert node.gate.reactor.getDelayedCalls() == []


def test_without_a_name_there_is_nothing() -> None:
    gate = MemoryGateway(peer=OTHERS)
    assert gate.gateway.parts.peers is None
    assert gate.gateway.state().peers == ()
    assert gate.router.return_paths.elsewhere is None
