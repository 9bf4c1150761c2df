"""Requests to an SMSC that another node has links to, and those of other nodes."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.fields import envelope, field, fields, unwrapped, wrapped
from smppgate.gate.peers.remote_link import PAUSE
from smppgate.gate.peers.told import LinkedSmsc
from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.smscs.rate_limits import SmscRates
from smppgate.routing.smscs.smsc import Smsc
from smppgate.settings import GateSettings
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import QuerySm, SmeAddress, SubmitMulti, SubmitSm, SubmitSmResp
from tests.gate.memory_gateway import Log, smsc
from tests.gate.peers.scripted import MORE, THREE, NodeWithPeer
from tests.gate.peers.test_messages import question, status
from tests.txsmpp.pairs import numbered


def linked(node: NodeWithPeer, window: int = 5, name: str = "alpha") -> None:
    """Node b has links to an SMSC."""
    told = LinkedSmsc(name, window)
    assert node.outgoing.tell(told.octets(), MORE).command_status == 0


def unlinked(node: NodeWithPeer) -> None:
    """The link of node a is lost."""
    node.link.transport.lose()
    node.gate.turn()


def by_way_of_b(window: int = 5, **more: Any) -> NodeWithPeer:
    """Node a, which reaches the SMSC by way of node b alone."""
    node = NodeWithPeer(**more)
    linked(node, window)
    unlinked(node)
    return node


SUBMIT = SubmitSm(destination_addr=b"1", registered_delivery=1, short_message=b"hi")


def forwarded(node: NodeWithPeer) -> list[tuple[Frame, dict[int, bytes]]]:
    """The requests that a has sent b for SMSCs, without their envelopes, and these."""
    found = []
    for frame in node.outgoing.hear():
        inside = unwrapped(frame.octets)
        assert inside is not None, frame
        found.append((frame._replace(octets=inside[0]), dict(fields(inside[1]))))
    return found


def full(node: NodeWithPeer, frame: Frame) -> None:
    """The other node has no room for what was sent in ``frame``."""
    node.outgoing.send(NotTaken.FULL.resp(frame.command_id, frame.sequence_number))


def turn_back(node: NodeWithPeer) -> None:
    """Node b has no room for what it has been sent."""
    for frame in node.outgoing.hear():
        if frame.command_id == CommandId.SUBMIT_SM:
            full(node, frame)


def taken(message_id: bytes = b"4F") -> bytes:
    return encode(SubmitSmResp(message_id=message_id))[16:]


def test_a_link_that_is_here_is_used_first() -> None:
    node = NodeWithPeer()
    linked(node)
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    assert len(node.link.heard()) == 1
    assert forwarded(node) == []
    assert node.gate.gateway.state().smscs[0].remote == ("b",)


def test_a_request_goes_by_way_of_a_node_that_has_links() -> None:
    """The answer comes back, and its return path is kept here."""
    node = by_way_of_b()
    esme = node.esme()
    esme.ask(SUBMIT, 7)
    ((frame, named),) = forwarded(node)
    assert frame.octets[16:] == numbered(SUBMIT, 7)[16:]
    assert named == {f.MEMBER: b"alpha", f.VERSION: b"\x34"}
    node.outgoing.answer(frame, 0, taken())
    (resp,) = esme.heard()
    assert resp[:3] == (CommandId.SUBMIT_SM_RESP, 0, 7)
    assert resp.octets[16:] == b"A4F\0"
    node.gate.reactor.advance(0.1)
    assert len(question(node)) == 2


def test_a_read_of_plain_messages_goes_there_too() -> None:
    node = by_way_of_b(window=20)
    esme = node.esme()
    esme.send(b"".join(numbered(SUBMIT, number) for number in range(1, 9)))
    assert len(forwarded(node)) == 8


def test_its_window_is_what_the_node_has_told() -> None:
    node = by_way_of_b(window=2)
    esme = node.esme()
    for number in range(1, 4):
        esme.ask(SUBMIT, number)
    first, second = forwarded(node)
    node.outgoing.answer(first[0], 0, taken())
    assert len(forwarded(node)) == 1
    node.outgoing.answer(second[0], 0, taken(b"50"))


def test_a_pool_stays_up_when_another_window_is_told() -> None:
    """What is open takes its place in the new window."""
    node = by_way_of_b(window=3)
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    ((first, _),) = forwarded(node)
    with Log() as log:
        linked(node, window=2)
    assert [line for line in log.lines if "pool" in line] == []
    for number in (2, 3):
        esme.ask(SUBMIT, number)
    ((second, _),) = forwarded(node)
    for number, frame in enumerate((first, second), 1):
        node.outgoing.answer(frame, 0, taken())
        assert [each.sequence_number for each in esme.heard()] == [number]


def test_the_rate_of_a_link_holds_when_another_window_is_told() -> None:
    node = by_way_of_b(smsc=(smsc(sessions=1, link_rate=1.0),))
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    assert len(forwarded(node)) == 1
    linked(node, window=9)
    esme.ask(SUBMIT, 2)
    assert forwarded(node) == []
    node.gate.reactor.advance(1.0)
    assert len(forwarded(node)) == 1


def test_an_error_of_the_smsc_is_its_own() -> None:
    node = by_way_of_b()
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    ((frame, _),) = forwarded(node)
    node.outgoing.answer(frame, 0x45)
    assert status(esme) == 0x45


def test_what_the_node_could_not_send_waits_for_another_try() -> None:
    """A moment later, and that is nothing that the SMSC has done."""
    node = by_way_of_b(smsc=(smsc(sessions=1, adaptive_rate=True),))
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    with Log() as log:
        turn_back(node)
        node.gate.reactor.advance(PAUSE - 0.01)
        assert forwarded(node) == []
        node.gate.reactor.advance(0.01)
    assert [line for line in log.lines if "alpha" in line or "pool" in line] == []
    ((frame, _),) = forwarded(node)
    state = node.gate.gateway.state().smscs[0]
    assert (state.refused, state.lost, state.outstanding, state.adaptive_rate) == (0, 0, 1, 0.0)
    node.outgoing.answer(frame, 0, taken())
    assert status(esme) == 0


def test_what_the_node_never_sends_is_refused_when_its_time_is_over() -> None:
    node = by_way_of_b()
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    for _ in range(int(6.0 / PAUSE)):
        turn_back(node)
        node.gate.reactor.advance(PAUSE)
    assert status(esme) == 0x58
    assert node.outgoing.hear() == []


def test_a_link_that_ends_while_it_rests_leaves_no_timer() -> None:
    node = by_way_of_b()
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    esme.ask(SUBMIT, 2)
    (first, _), (second, _) = forwarded(node)
    full(node, first)
    linked(node, window=0)
    timers = len(node.gate.reactor.getDelayedCalls())
    full(node, second)
    node.gate.reactor.advance(PAUSE)
    assert len(node.gate.reactor.getDelayedCalls()) <= timers
    assert forwarded(node) == []


@pytest.mark.parametrize("how", ["lost", "timed out", "link"])
def test_a_request_that_is_lost_there_is_lost(how: str) -> None:
    node = by_way_of_b()
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    ((frame, _),) = forwarded(node)
    if how == "link":
        node.outgoing.transport.lose()
        node.gate.turn()
    else:
        why = NotTaken.LOST if how == "lost" else NotTaken.TIMED_OUT
        node.outgoing.send(why.resp(frame.command_id, frame.sequence_number))
    assert status(esme) == 0x08
    state = node.gate.gateway.state().smscs[0]
    assert (state.outstanding, state.overdue) == (0, 0)


def test_a_node_without_links_any_more_is_sent_nothing() -> None:
    node = by_way_of_b()
    linked(node, window=0)
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    assert forwarded(node) == []
    node.gate.reactor.advance(6.0)
    assert status(esme) == 0x08


def test_an_smsc_that_is_not_known_here_is_passed_over() -> None:
    node = NodeWithPeer()
    linked(node, name="gamma")
    assert [each.name for each in node.gate.gateway.state().smscs] == ["alpha"]


def smscs_told(node: NodeWithPeer) -> list[tuple[str, int]]:
    told = [LinkedSmsc.of(value) for tag, value in node.told if tag == f.SMSC]
    return [(each.name, each.window) for each in told]


def test_links_are_told_when_they_come_and_go() -> None:
    node = NodeWithPeer()
    assert smscs_told(node) == [("alpha", 100)]
    node.told.clear()
    unlinked(node)
    node.incoming.hear()
    assert smscs_told(node) == [("alpha", 0)]


def test_what_an_operator_decides_is_told_a_second_later() -> None:
    node = NodeWithPeer()
    node.told.clear()
    node.gate.gateway.smsc("alpha").drain()
    node.gate.reactor.advance(1.0)
    node.incoming.hear()
    assert smscs_told(node) == [("alpha", 0)]


def test_what_an_operator_decides_is_told_though_another_peer_comes_meanwhile() -> None:
    node = NodeWithPeer(peer=THREE)
    node.gate.gateway.smsc("alpha").drain()
    node.bound(name="c").hear()
    node.told.clear()
    node.gate.reactor.advance(1.0)
    node.incoming.hear()
    assert smscs_told(node) == [("alpha", 0)]


def test_a_peer_that_comes_hears_of_what_an_operator_takes_back() -> None:
    """All know the same when it has come."""
    node = NodeWithPeer(peer=THREE)
    alpha = node.gate.gateway.smsc("alpha")
    alpha.drain()
    other = node.bound(name="c")
    other.hear()
    alpha.ready()
    node.told.clear()
    node.gate.reactor.advance(1.0)
    other.hear()
    assert smscs_told(node) == [("alpha", 100)]


def passed_on(node: NodeWithPeer, octets: bytes, member: bytes = b"alpha") -> None:
    """Node b has a request for an SMSC of node a."""
    node.incoming.send(wrapped(octets, envelope(field(f.MEMBER, member), MORE)))


def test_a_request_of_another_node_goes_to_the_smsc() -> None:
    """It takes a place in the window meanwhile; the answer goes back as it is."""
    node = NodeWithPeer()
    passed_on(node, numbered(SUBMIT, 70))
    (request,) = node.link.heard()
    assert request.octets[16:] == numbered(SUBMIT, 70)[16:]
    assert node.gate.gateway.state().smscs[0].outstanding == 1
    node.link.answer(request, 0, taken())
    (resp,) = node.incoming.hear()
    assert resp[:3] == (CommandId.SUBMIT_SM_RESP, 0, 70)
    assert resp.octets[16:] == taken()
    assert node.gate.gateway.state().smscs[0].outstanding == 0
    assert node.gate.gateway.state().smscs[0].taken == 0, "it is counted where it came from"
    assert node.gate.router.smscs[0].taken == 1


def test_a_message_of_another_node_takes_a_token_for_each_destination() -> None:
    """As one of an ESME that is here; requests about messages take none, and need none."""
    node = NodeWithPeer(smsc=(smsc(sessions=1, rate=3.0, burst=3.0),))
    node.gate.reactor.advance(1.0)
    to_three = tuple(SmeAddress(destination_addr=b"%d" % each) for each in range(3))
    passed_on(node, numbered(SubmitMulti(dest_address=to_three, short_message=b"hi"), 70))
    passed_on(node, numbered(SUBMIT, 71))
    (resp,) = node.incoming.hear()
    assert (resp.sequence_number, NotTaken.told_in(resp)) == (71, NotTaken.FULL)
    passed_on(node, numbered(QuerySm(message_id=b"4F"), 72))
    heard = [each.command_id for each in node.link.heard()]
    assert heard == [CommandId.SUBMIT_MULTI, CommandId.QUERY_SM]
    node.gate.reactor.advance(0.4)
    passed_on(node, numbered(SUBMIT, 73))
    assert len(node.link.heard()) == 1


def test_a_request_never_goes_on_to_a_third_node() -> None:
    node = by_way_of_b()
    passed_on(node, numbered(SUBMIT, 70))
    (resp,) = node.incoming.hear()
    assert NotTaken.told_in(resp) is NotTaken.FULL
    assert forwarded(node) == []


def test_a_request_for_an_smsc_that_is_not_known_goes_back() -> None:
    node = NodeWithPeer()
    passed_on(node, numbered(SUBMIT, 70), b"gamma")
    (resp,) = node.incoming.hear()
    assert NotTaken.told_in(resp) is NotTaken.FULL


def test_an_smsc_that_is_lost_or_silent_is_told() -> None:
    node = NodeWithPeer(gate=GateSettings(response_timeout=1.0))
    passed_on(node, numbered(SUBMIT, 70))
    assert len(node.link.heard()) == 1
    node.gate.reactor.advance(1.1)
    (resp,) = node.incoming.hear()
    assert NotTaken.told_in(resp) is NotTaken.TIMED_OUT
    passed_on(node, numbered(SUBMIT, 71))
    assert len(node.link.heard()) == 1
    unlinked(node)
    (resp,) = (each for each in node.incoming.hear() if each.is_response)
    assert NotTaken.told_in(resp) is NotTaken.LOST
    state = node.gate.gateway.state().smscs[0]
    assert (state.timed_out, state.lost) == (0, 0)


def limited(node: NodeWithPeer, part: float, link: float = 0.0) -> Smsc:
    """The SMSC may be sent one message a second, and ``link`` on each link."""
    gate = node.gate
    smsc: Smsc = gate.gateway.parts.smscs["alpha"].smsc
    rates = SmscRates(Rate(1.0, 1.0), Rate(link, 1.0) if link else None)
    now = gate.gateway.clock.monotonic()
    smsc.change_rates(rates, gate.router.refills, now)
    assert smsc.limits is not None
    smsc.limits.overall.apportion(part, now)
    return smsc


def went(node: NodeWithPeer, count: int) -> list[bool]:
    """Which of so many requests of another node the SMSC gets."""
    found = []
    for number in range(70, 70 + count):
        passed_on(node, numbered(SUBMIT, number))
        found.append(bool(node.link.heard()))
        told = [NotTaken.told_in(each) for each in node.incoming.hear()]
        assert told == ([] if found[-1] else [NotTaken.FULL])
    return found


def test_a_rate_of_this_node_alone_holds_for_requests_of_others() -> None:
    node = NodeWithPeer()
    limited(node, 1.0)
    assert went(node, 2) == [True, False]


def test_a_request_has_its_token_where_all_nodes_have_one_rate() -> None:
    """From where it comes: here there may be few, and they are for what comes here."""
    node = NodeWithPeer()
    smsc = limited(node, 0.1)
    assert went(node, 3) == [True, True, True]
    assert smsc.capacity > 0
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    esme.ask(SUBMIT, 2)
    assert len(node.link.heard()) == 1
    assert smsc.capacity == 0
    assert went(node, 2) == [True, True]


def test_a_rate_of_a_link_holds_for_all_that_is_sent_on_it() -> None:
    node = NodeWithPeer()
    smsc = limited(node, 0.1, link=1.0)
    assert went(node, 2) == [True, False]
    assert smsc.capacity == 0
    node.gate.reactor.advance(1.1)
    assert went(node, 2) == [True, False]


def room(node: NodeWithPeer) -> int:
    """Requests that the links of the other node may have from here."""
    smsc: Smsc = node.gate.gateway.parts.smscs["alpha"].smsc
    return smsc.capacity


def test_what_others_leave_of_a_window_is_found_out() -> None:
    node = by_way_of_b(window=10)
    esme = node.esme()
    for number in range(1, 5):
        esme.ask(SUBMIT, number)
    first, second, third, fourth = (frame for frame, _ in forwarded(node))
    full(node, fourth)
    assert room(node) == 3, "no more than what is under way"
    for frame in (first, second, third):
        node.outgoing.answer(frame, 0, taken())
    assert room(node) == 4, "a window was answered"
    linked(node, window=10)
    assert room(node) == 4, "the same is told again"
    linked(node, window=12)
    assert room(node) == 12


def test_a_window_that_is_told_smaller_is_no_larger_by_what_had_no_room() -> None:
    """Though more is under way, from before."""
    node = by_way_of_b()
    esme = node.esme()
    for number in range(1, 5):
        esme.ask(SUBMIT, number)
    *_, fourth = (frame for frame, _ in forwarded(node))
    linked(node, window=2)
    assert room(node) == 2
    full(node, fourth)
    assert room(node) == 2


class Waiter:
    """Counts how often it is told of room."""

    def __init__(self) -> None:
        self.told = 0

    def freed(self) -> None:
        self.told += 1


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_node_without_any_room_is_asked_again_after_a_pause(is_lost: bool) -> None:
    node = by_way_of_b()
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    ((frame, _),) = forwarded(node)
    full(node, frame)
    if is_lost:
        node.outgoing.transport.lose()
        node.gate.turn()
    waiter = Waiter()
    node.gate.gateway.parts.smscs["alpha"].smsc.await_room(waiter)
    node.gate.reactor.advance(PAUSE / 2)
    assert waiter.told == 0
    node.gate.reactor.advance(PAUSE / 2)
    assert waiter.told == (0 if is_lost else 1)
