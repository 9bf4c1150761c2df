"""Requests to an SMSC that another node has links to, and those of other nodes."""

from __future__ import annotations

import pytest

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.fields import envelope, field, fields, unwrapped, wrapped
from smppgate.gate.peers.told import LinkedSmsc
from smppgate.settings import GateSettings
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import SubmitSm, SubmitSmResp
from tests.gate.peers.scripted import MORE, NodeWithPeer
from tests.gate.peers.test_messages import question, status
from tests.txsmpp.pairs import numbered


def linked(node: NodeWithPeer, window: int = 5, name: str = "alpha") -> None:
    """Node b has links to an SMSC."""
    smsc = LinkedSmsc(name, window)
    assert node.outgoing.tell(smsc.octets(), MORE).command_status == 0


def unlinked(node: NodeWithPeer) -> None:
    """The link of node a is lost."""
    node.link.transport.lose()
    node.gate.turn()


SUBMIT = SubmitSm(destination_addr=b"1", registered_delivery=1, short_message=b"hi")


def forwarded(node: NodeWithPeer) -> list[tuple[Frame, dict[int, bytes]]]:
    """The requests that a has sent b for SMSCs, without their envelopes, and these."""
    found = []
    for frame in node.outgoing.hear():
        inside = unwrapped(frame.octets)
        assert inside is not None, frame
        found.append((frame._replace(octets=inside[0]), dict(fields(inside[1]))))
    return found


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
    node = NodeWithPeer()
    linked(node)
    unlinked(node)
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
    node = NodeWithPeer()
    linked(node, window=20)
    unlinked(node)
    esme = node.esme()
    esme.send(b"".join(numbered(SUBMIT, number) for number in range(1, 9)))
    assert len(forwarded(node)) == 8


def test_its_window_is_what_the_node_has_told() -> None:
    node = NodeWithPeer()
    linked(node, window=2)
    unlinked(node)
    esme = node.esme()
    for number in range(1, 4):
        esme.ask(SUBMIT, number)
    first, second = forwarded(node)
    node.outgoing.answer(first[0], 0, taken())
    assert len(forwarded(node)) == 1
    node.outgoing.answer(second[0], 0, taken(b"50"))


def test_an_error_of_the_smsc_is_its_own() -> None:
    node = NodeWithPeer()
    linked(node)
    unlinked(node)
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    ((frame, _),) = forwarded(node)
    node.outgoing.answer(frame, 0x45)
    assert status(esme) == 0x45


def test_what_the_node_could_not_send_waits_for_another_try() -> None:
    """As where an SMSC is sent too much."""
    node = NodeWithPeer()
    linked(node)
    unlinked(node)
    esme = node.esme()
    esme.ask(SUBMIT, 1)
    ((frame, _),) = forwarded(node)
    node.outgoing.send(NotTaken.FULL.resp(frame.command_id, frame.sequence_number))
    node.gate.reactor.advance(6.0)
    assert status(esme) == 0x58


@pytest.mark.parametrize("how", ["lost", "timed out", "link"])
def test_a_request_that_is_lost_there_is_lost(how: str) -> None:
    node = NodeWithPeer()
    linked(node)
    unlinked(node)
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
    node = NodeWithPeer()
    linked(node)
    unlinked(node)
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


def test_a_request_never_goes_on_to_a_third_node() -> None:
    node = NodeWithPeer()
    linked(node)
    unlinked(node)
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
