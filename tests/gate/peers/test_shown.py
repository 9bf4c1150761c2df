"""What operators see of peers: the state, metrics, events; and what is in the message log."""

from __future__ import annotations

from attrs import evolve

from smppgate.observe.event_log import EventLog
from smppgate.observe.families import FAMILIES
from smppgate.observe.telling import Telling
from tests.gate.memory_gateway import smsc
from tests.gate.peers.scripted import (
    ACME,
    BOLT,
    OTHERS,
    NodeWithPeer,
    deliver,
)
from tests.gate.peers.test_requests import SUBMIT, linked, passed_on, smscs_told
from tests.gate.test_reload import reload
from tests.txsmpp.pairs import numbered


class _Scrape:
    """As much of a scrape as the families of peers look at."""

    def __init__(self, node: NodeWithPeer) -> None:
        self.parts = node.gate.gateway.parts


def metrics(node: NodeWithPeer, name: str) -> dict[tuple[str, ...], float]:
    (family,) = (
        each for each in FAMILIES if each.name.removesuffix("_total") == f"smppgate_{name}"
    )
    return dict(family.rows(_Scrape(node)))  # type: ignore[union-attr,arg-type]


def test_messages_are_counted_in_both_directions() -> None:
    node = NodeWithPeer()
    node.has_session()
    node.link.send(deliver())
    assert len(node.sent()) == 1
    node.esme()
    node.send(deliver(number=2), node.token())
    node.send(deliver(number=3), b"a/gone.1")
    state = node.state
    assert (state.sent, state.taken, state.returned, state.sessions) == (1, 2, 1, 1)
    assert metrics(node, "peer_messages") == {
        ("b", "sent"): 1,
        ("b", "taken"): 2,
        ("b", "returned"): 1,
    }
    assert metrics(node, "peer_state") == {
        ("b", "up"): 1,
        ("b", "partly"): 0,
        ("b", "refused"): 0,
        ("b", "down"): 0,
    }
    assert metrics(node, "peer_paths_found") == {(): 0}


def test_counts_go_on_when_a_link_comes_back() -> None:
    node = NodeWithPeer()
    node.has_session()
    node.link.send(deliver())
    node.incoming = node.bound()
    node.has_session()
    node.link.send(deliver(number=2))
    assert node.state.sent == 2


def test_what_happens_to_a_peer_is_told() -> None:
    node = NodeWithPeer(is_up=False)
    log = EventLog(node.gate.gateway.clock)
    node.gate.router.events.attach(Telling(log))
    node.gate.reactor.advance(1.0)
    digests = dict(node.settings().digests, esme=b"another")
    node.outgoing = node.reached(digests=digests)
    node.incoming = node.bound(digests=digests)
    node.incoming.transport.lose()
    node.outgoing.transport.lose()
    node.gate.reactor.advance(1.0)
    node.reached(name="c")
    told = [(each.kind, each.fields["peer"]) for each in log.since() if "peer" in each.kind]
    assert told == [
        ("peer_differs", "b"),
        ("peer_bound", "b"),
        ("peer_lost", "b"),
        ("peer_refused", "b"),
    ]


# What reloads change


def test_a_session_follows_its_account() -> None:
    """That is removed, and comes back as another one."""
    node = NodeWithPeer()
    node.has_session()
    reload(node.gate, esme=(BOLT,))
    assert len(node.peers.elsewhere) == 0
    reload(node.gate, esme=(ACME, BOLT))
    assert len(node.peers.elsewhere) == 1
    node.link.send(deliver())
    assert len(node.sent()) == 1


def test_a_session_that_is_told_anew_is_changed() -> None:
    node = NodeWithPeer()
    node.has_session(window=1)
    node.has_session(window=7)
    (session,) = node.peers.elsewhere
    assert session.window == 7
    node.has_session(receives=False)
    node.link.send(deliver())
    assert node.sent() == []


def test_links_follow_their_smsc() -> None:
    """That comes later than what is told of it."""
    node = NodeWithPeer()
    linked(node, name="beta")
    reload(node.gate, smsc=(smsc(sessions=1), smsc("beta")))
    state = node.gate.gateway.state()
    assert [(each.name, each.remote) for each in state.smscs] == [("alpha", ()), ("beta", ("b",))]
    linked(node, window=9, name="beta")
    assert node.gate.router.smscs[1].capacity == 9
    reload(node.gate, smsc=(smsc(sessions=1),))
    assert [each.name for each in node.gate.gateway.state().smscs] == ["alpha"]


def is_back(node: NodeWithPeer) -> None:
    """The SMSC is removed and back, while its former link is being unbound."""
    (pool,) = node.gate.gateway.settings.pool
    reload(node.gate, smsc=(smsc("beta"),), pool=(evolve(pool, members=("beta",)),))
    reload(node.gate, smsc=(smsc(sessions=1),), pool=(pool,))
    assert [each.name for each in node.gate.router.smscs] == ["alpha", "alpha"]


def test_links_of_a_peer_are_those_of_an_smsc_that_is_back() -> None:
    node = NodeWithPeer()
    linked(node)
    is_back(node)
    (shown,) = node.gate.gateway.state().smscs
    assert (shown.name, shown.remote) == ("alpha", ("b",))


def test_the_end_of_a_former_link_is_none_of_an_smsc_that_is_back() -> None:
    """Requests of peers go to its new link."""
    node = NodeWithPeer()
    is_back(node)
    link = node.gate.smsc(len(node.gate.connections) - 1)
    (request,) = link.heard()
    link.answer(request, 0, b"smsc\0")
    passed_on(node, numbered(SUBMIT, 70))
    assert len(link.heard()) == 1
    node.incoming.hear()
    node.told.clear()
    node.link.transport.lose()
    node.gate.turn()
    node.incoming.hear()
    assert smscs_told(node) == [("alpha", 100)]


def test_a_peer_that_moves_is_bound_at_where_it_is_now() -> None:
    node = NodeWithPeer()
    moved = evolve(OTHERS[1], endpoint="tcp:127.0.0.1:2799")
    reload(node.gate, peer=(OTHERS[0], moved))
    assert 2799 in node.gate.connections
