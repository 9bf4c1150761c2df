"""Messages and receipts between two nodes: what goes there, what comes, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from twisted.internet.defer import Deferred, succeed

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.fields import field, fields
from smppgate.gate.peers.peers import MARGIN
from smppgate.gate.peers.remote_session import REST
from smppgate.gate.peers.told import told_in
from smppgate.routing.return_path.records import ReturnPath
from smppgate.settings import EsmeSettings, GateSettings, StoreSettings
from smppgate.store import Found
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitSm, SubmitSmResp
from tests.gate.memory_gateway import End, bind
from tests.gate.peers.scripted import NodeWithPeer, deliver
from tests.txsmpp.pairs import numbered

FULL, AWAY = 0x14, 0x64
PATH = ReturnPath(b"acme", b"A", b"b/1.1", b"t").octets()


def status(end: End, number: int = 1) -> int | None:
    """What the SMSC is told; None while it is told nothing."""
    found = [frame for frame in end.heard() if frame.is_response]
    assert all(frame.sequence_number == number for frame in found)
    return found[0].command_status if found else None


def receipt(message_id: bytes = b"4F", to: bytes = b"1", number: int = 1) -> bytes:
    text = b"id:%b sub:001 dlvrd:001 stat:DELIVRD err:000 text:x" % message_id
    pdu = DeliverSm(source_addr=b"99", destination_addr=to, esm_class=4, short_message=text)
    return numbered(pdu, number)


# To a session of another node


def test_a_message_goes_to_the_node_where_its_esme_is() -> None:
    """Octet for octet, and the ESME's answer is the SMSC's."""
    node = NodeWithPeer()
    node.has_session()
    node.link.send(deliver())
    ((frame, named),) = node.sent()
    assert frame.octets[16:] == deliver()[16:]
    assert named == {f.ACCOUNT: b"acme", f.SESSION: b"b/1.1", f.VERSION: b"\x34"}
    assert status(node.link) is None
    node.incoming.answer(frame, 0, b"\0")
    assert status(node.link) == 0


@pytest.mark.parametrize("answer", [FULL, AWAY, 0x45])
def test_what_the_esme_refuses_is_refused(answer: int) -> None:
    node = NodeWithPeer()
    node.has_session()
    node.link.send(deliver())
    ((frame, _),) = node.sent()
    node.incoming.answer(frame, answer)
    assert status(node.link) == answer


def test_a_session_that_is_here_is_chosen_first() -> None:
    """As long as it has room; then the other one is."""
    node = NodeWithPeer()
    node.has_session()
    esme = node.esme()
    for number in range(11):
        node.link.send(deliver(number=number))
    assert len(esme.heard()) == 10
    ((frame, _),) = node.sent()
    node.incoming.answer(frame, 0, b"\0")
    assert status(node.link, 10) == 0


def test_a_read_of_many_goes_to_both_as_they_have_room() -> None:
    """What is plain takes the lane, the rest does not."""
    node = NodeWithPeer()
    node.has_session()
    esme = node.esme()
    node.link.send(b"".join(deliver(b"%d" % number, number=number) for number in range(14)))
    assert len(esme.heard()) == 10
    assert len(node.sent()) == 4


def test_a_transmitter_elsewhere_gets_nothing() -> None:
    node = NodeWithPeer()
    node.has_session(receives=False)
    node.link.send(deliver())
    assert node.sent() == []
    assert status(node.link) == AWAY


def test_its_window_bounds_what_it_is_sent() -> None:
    node = NodeWithPeer()
    node.has_session(window=2)
    for number in range(3):
        node.link.send(deliver(number=number))
    assert len(node.sent()) == 2
    assert status(node.link, 2) == AWAY


def test_one_that_ends_gets_no_more() -> None:
    node = NodeWithPeer()
    node.has_session()
    node.incoming.tell(field(f.LOST, b"b/1.1"))
    node.link.send(deliver())
    assert status(node.link) == AWAY


def test_it_serves_the_ranges_of_its_bind() -> None:
    node = NodeWithPeer()
    node.has_session(ranges=("33*", "49*", "^[7"))
    for number, to in enumerate((b"331", b"441", b"491", b"7"), 1):
        node.link.send(deliver(to=to, number=number))
    sent = node.sent()
    assert [frame.octets[16:] for frame, _ in sent] == [
        deliver(to=b"331")[16:],
        deliver(to=b"441")[16:],
    ]
    answers = {frame.sequence_number: frame.command_status for frame in node.link.heard()}
    assert answers == {3: AWAY, 4: AWAY}, "another account's, and no expression"


def test_another_version_gets_what_it_can_take() -> None:
    """The node that knows the message puts it into that form."""
    node = NodeWithPeer()
    node.has_session(version=0x33)
    pdu = DataSm(source_addr=b"99", destination_addr=b"44", data_coding=0)
    node.link.send(numbered(pdu, 1))
    ((frame, named),) = node.sent()
    assert frame.command_id == CommandId.DELIVER_SM
    assert named[f.VERSION] == b"\x33"
    node.incoming.answer(frame, 0, b"\0")
    (resp,) = node.link.heard()
    assert resp[:2] == (CommandId.DATA_SM_RESP, 0)


# How it ends without an answer of the ESME


def test_one_that_is_full_is_left_alone_for_a_moment() -> None:
    node = NodeWithPeer()
    node.has_session()
    node.link.send(deliver())
    ((frame, _),) = node.sent()
    node.incoming.send(NotTaken.FULL.resp(frame.command_id, frame.sequence_number))
    assert status(node.link) == AWAY
    node.link.send(deliver(number=2))
    assert node.sent() == []
    assert status(node.link, 2) == AWAY
    node.gate.reactor.advance(REST)
    node.link.send(deliver(number=3))
    assert len(node.sent()) == 1


@pytest.mark.parametrize("why", [NotTaken.LOST, NotTaken.TIMED_OUT])
def test_an_esme_that_is_lost_there_is_lost(why: NotTaken) -> None:
    """The SMSC is told its undelivered_status, as if it had been lost here."""
    node = NodeWithPeer()
    node.has_session()
    node.link.send(deliver())
    ((frame, _),) = node.sent()
    node.incoming.send(why.resp(frame.command_id, frame.sequence_number))
    assert status(node.link) == AWAY
    assert node.gate.router.statistics().failed == 1


def test_a_link_that_is_lost_is_a_session_that_is_lost() -> None:
    node = NodeWithPeer()
    node.has_session()
    node.link.send(deliver())
    node.incoming.transport.lose()
    assert status(node.link) == AWAY
    node.link.send(deliver(number=2))
    assert status(node.link, 2) == AWAY


def test_a_node_that_does_not_answer_is_not_waited_for() -> None:
    """Longer than its ESME, or an SMSC, may take."""
    node = NodeWithPeer(gate=GateSettings(deliver_timeout=3.0, response_timeout=3.0))
    node.has_session()
    node.link.send(deliver())
    ((frame, _),) = node.sent()
    for _ in range(4):
        node.gate.reactor.advance((3.0 + MARGIN) / 4)
        for end in (node.incoming, node.outgoing):
            for each in end.hear():
                if each.command_id == CommandId.ENQUIRE_LINK:
                    end.answer(each)
    assert status(node.link) == AWAY
    node.incoming.answer(frame, 0, b"\0")
    assert status(node.link) is None
    assert node.gate.router.statistics().late == 1


def test_what_nobody_takes_waits_in_the_queue_until_an_esme_binds_elsewhere() -> None:
    node = NodeWithPeer(
        esme=(EsmeSettings("acme", "secret", address_ranges=("44*",), queue=True),)
    )
    node.link.send(deliver())
    assert status(node.link) == 0
    node.has_session()
    node.gate.turn()
    ((frame, _),) = node.sent()
    assert frame.octets[16:] == deliver()[16:]
    node.incoming.answer(frame, 0, b"\0")
    assert node.gate.gateway.state().queues[0].queued == 0


def test_a_queued_message_that_is_lost_there_goes_again() -> None:
    node = NodeWithPeer(
        esme=(EsmeSettings("acme", "secret", address_ranges=("44*",), queue=True),)
    )
    node.link.send(deliver())
    node.has_session()
    node.gate.turn()
    ((frame, _),) = node.sent()
    node.incoming.send(NotTaken.LOST.resp(frame.command_id, frame.sequence_number))
    node.gate.turn()
    assert len(node.sent()) == 1


def test_an_alert_goes_to_its_node() -> None:
    node = NodeWithPeer()
    node.has_session()
    body = b"\1\1" + b"99\0" + b"\1\1" + b"447700900123\0"
    octets = (16 + len(body)).to_bytes(4, "big") + b"\0\0\1\2" + bytes(4) + b"\0\0\0\7" + body
    node.link.send(octets)
    ((frame, named),) = node.sent()
    assert frame.octets[16:] == body
    assert named[f.SESSION] == b"b/1.1"


# From another node


def test_a_message_of_another_node_comes_to_its_esme() -> None:
    node = NodeWithPeer()
    esme = node.esme()
    node.send(deliver(number=70), node.token())
    (frame,) = esme.heard()
    assert frame.octets[16:] == deliver()[16:]
    esme.answer(frame, 0x45, b"\0")
    assert node.outgoing.hear() == [
        Frame.of(response(Frame(5, 0, 70, b""), 0x45, b"\0")),
    ]


def test_a_session_that_is_gone_takes_nothing() -> None:
    """No other has the token, be it of the same account: the other node chooses again."""
    node = NodeWithPeer()
    node.esme()
    node.send(deliver(), b"a/gone.1")
    (answer,) = node.outgoing.hear()
    assert NotTaken.told_in(answer) is NotTaken.FULL


def test_another_account_does_not_get_it() -> None:
    node = NodeWithPeer()
    node.esme()
    node.send(deliver(), node.token(), account=b"bolt")
    (answer,) = node.outgoing.hear()
    assert NotTaken.told_in(answer) is NotTaken.FULL


def test_another_session_of_the_account_gets_what_is_too_much_for_one() -> None:
    node = NodeWithPeer()
    one = node.esme()
    token = node.token()
    other = node.esme()
    for number in range(11):
        node.send(deliver(number=number), token)
    assert len(one.heard()) == 10
    assert len(other.heard()) == 1


def test_it_never_goes_back_or_on() -> None:
    """The session is full here, and one at the other node has room."""
    node = NodeWithPeer()
    node.has_session()
    esme = node.esme()
    for number in range(11):
        node.send(deliver(number=number), node.token())
    assert len(esme.heard()) == 10
    (answer,) = node.outgoing.hear()
    assert NotTaken.told_in(answer) is NotTaken.FULL
    assert node.sent() == []
    assert node.state.returned == 1


def test_it_never_goes_into_a_queue_here() -> None:
    """Its SMSC is answered when an ESME has it."""
    node = NodeWithPeer(
        esme=(EsmeSettings("acme", "secret", address_ranges=("44*",), queue=True),)
    )
    node.esme()
    node.send(deliver(), b"a/gone.1")
    (answer,) = node.outgoing.hear()
    assert NotTaken.told_in(answer) is NotTaken.FULL
    assert node.gate.gateway.state().queues[0].queued == 0


def test_an_esme_that_is_lost_here_is_told() -> None:
    node = NodeWithPeer()
    esme = node.esme()
    node.send(deliver(), node.token())
    esme.transport.lose()
    node.gate.turn()
    (answer,) = node.outgoing.hear()
    assert NotTaken.told_in(answer) is NotTaken.LOST


def test_an_esme_that_does_not_answer_is_told() -> None:
    node = NodeWithPeer(gate=GateSettings(deliver_timeout=1.5))
    node.esme()
    node.send(deliver(), node.token())
    node.gate.reactor.advance(1.6)
    (answer,) = node.outgoing.hear()
    assert NotTaken.told_in(answer) is NotTaken.TIMED_OUT


def test_another_session_may_speak_another_version() -> None:
    """Then the message is put into its form here, and the answer back."""
    node = NodeWithPeer()
    esme = node.esme(interface_version=0x33)
    pdu = DataSm(source_addr=b"99", destination_addr=b"44")
    node.send(numbered(pdu, 5), node.token(), version=0x34)
    (frame,) = esme.heard()
    assert frame.command_id == CommandId.DELIVER_SM
    esme.answer(frame, 0, b"\0")
    (resp,) = node.outgoing.hear()
    assert resp[:3] == (CommandId.DATA_SM_RESP, 0, 5)


def test_an_alert_of_another_node_comes_to_its_esme() -> None:
    node = NodeWithPeer()
    esme = node.esme()
    body = b"\1\1" + b"99\0" + b"\1\1" + b"44\0"
    octets = (16 + len(body)).to_bytes(4, "big") + b"\0\0\1\2" + bytes(4) + b"\0\0\0\7" + body
    node.send(octets, node.token())
    (frame,) = esme.heard()
    assert frame.octets[16:] == body


# Return paths


def asked(node: NodeWithPeer) -> list[bytes]:
    """The keys that b is asked for on either session, in one PDU."""
    for end in (node.outgoing, node.incoming):
        end.hear()
        if end.asked:
            return [v for t, v in _told(end.asked[-1]) if t == f.ASKED]
    return []


def _told(frame: Frame) -> list[tuple[int, bytes]]:
    return told_in(frame.octets)


def tell(node: NodeWithPeer, *told: bytes) -> None:
    """Node b answers what it was asked."""
    end = node.outgoing if node.outgoing.asked else node.incoming
    question = end.asked.pop(0)
    end.answer(question, 0, b"\0" + b"".join(told))


def found(node: NodeWithPeer, value: bytes = PATH) -> bytes:
    key = asked(node)[0]
    return field(f.ASKED, key) + field(f.FOUND, value)


def test_a_return_path_that_is_not_here_is_asked_for() -> None:
    """And the receipt goes to the session that it names, with the id that the ESME knows."""
    node = NodeWithPeer()
    node.has_session()
    node.link.send(receipt())
    assert asked(node)[0] == b"alpha\x004F"
    tell(node, found(node), field(0x3FF0, b"more"))
    ((frame, named),) = node.sent()
    assert b"id:A4F " in frame.octets
    assert named[f.SESSION] == b"b/1.1"
    node.incoming.answer(frame, 0, b"\0")
    assert status(node.link) == 0


def test_what_comes_in_one_turn_is_asked_in_one_pdu() -> None:
    node = NodeWithPeer()
    node.link.send(b"".join(receipt(b"%d" % n, number=n) for n in range(1, 4)))
    assert {b"alpha\x00%d" % n for n in range(1, 4)} <= set(asked(node))
    assert len(node.outgoing.asked) == 1


def test_what_is_here_is_asked_of_nobody() -> None:
    node = NodeWithPeer()
    esme = node.esme()
    submit(node, esme)
    node.gate.reactor.advance(0.1)
    node.link.send(receipt())
    assert len(esme.heard()) == 1
    assert asked(node) == []


def test_a_key_that_is_too_long_is_not_asked_for_and_not_known() -> None:
    """Its message may be a peer's."""
    node = NodeWithPeer()
    answers: list[Found] = []
    node.peers.asking.ask([b"x" * 20_000], answers.append)
    node.peers.asking.ask([b"x" * 20_000, b"alpha\x004F"], answers.append)
    node.gate.turn()
    assert answers == [Found({}, is_complete=False)]
    assert asked(node) == [b"alpha\x004F"]
    tell(node, found(node))
    assert answers[1] == Found({b"alpha\x004F": PATH}, is_complete=False)


def test_a_receipt_of_nobody_s_message_goes_by_its_number() -> None:
    """When all peers have said that they do not know it."""
    node = NodeWithPeer()
    esme = node.esme(system_id=b"bolt")
    node.link.send(receipt(to=b"491"))
    for _ in range(3):
        if asked(node):
            tell(node)
    assert len(esme.heard()) == 1


@pytest.mark.parametrize("how", ["silent", "lost", "incomplete", "refusing", "down"])
def test_where_a_peer_cannot_be_asked_a_receipt_is_given_to_nobody(how: str) -> None:
    """Its message may be one of that peer's."""
    node = NodeWithPeer(is_up=how != "down")
    if how == "down":
        esme = node.gate.esme(_bind_of_bolt())
        esme.heard()
    else:
        esme = node.esme(system_id=b"bolt")
    node.link.send(receipt(to=b"491"))
    if how == "lost":
        node.outgoing.transport.lose()
        node.incoming.transport.lose()
    told = None
    for _ in range(100):
        while how in ("incomplete", "refusing") and asked(node):
            if how == "incomplete":
                tell(node, field(f.INCOMPLETE))
            else:
                node.outgoing.answer(node.outgoing.asked.pop(0), 0x08)
        node.gate.reactor.advance(0.05)
        told = status(node.link) if told is None else told
    assert esme.heard() == []
    assert told == AWAY


@pytest.mark.parametrize("how", ["silent", "incomplete", "down"])
def test_what_a_peer_that_cannot_be_asked_has_on_disk_is_found(how: str) -> None:
    """Where both have one state directory; likelier keys alone are looked for."""
    node = NodeWithPeer(is_up=how != "down")
    esme = node.gate.esme(bind(system_id=b"acme"))
    esme.heard()
    keys = _finds_beside(node, {b"alpha\x004F": PATH})
    node.link.send(receipt())
    for _ in range(30):
        while how == "incomplete" and asked(node):
            tell(node, field(f.INCOMPLETE))
        node.gate.reactor.advance(0.05)
    assert len(esme.heard()) == 1
    assert keys[0] == b"alpha\x004F"


def test_while_all_peers_answer_nothing_of_theirs_is_read() -> None:
    """They have looked themselves; nor what one of them has found in time."""
    node = NodeWithPeer()
    esme = node.esme(system_id=b"bolt")
    keys = _finds_beside(node, {b"alpha\x004F": PATH})
    node.link.send(receipt(to=b"491"))
    for _ in range(3):
        if asked(node):
            tell(node)
    assert len(esme.heard()) == 1
    answers: list[Found] = []
    node.gate.router.return_paths.find([b"alpha\x004F"], answers.append)
    node.gate.turn()
    tell(node, found(node) + field(f.INCOMPLETE))
    assert answers == [Found({b"alpha\x004F": PATH}, is_complete=False)]
    assert keys == []


def _finds_beside(node: NodeWithPeer, paths: dict[bytes, bytes]) -> list[bytes]:
    """Let the store find these beside its own; gives the keys that it is asked for."""
    asked_for: list[bytes] = []

    def find_beside(keys: Sequence[bytes]) -> Deferred[Mapping[bytes, bytes]]:
        asked_for.extend(keys)
        return succeed({key: paths[key] for key in keys if key in paths})

    node.gate.router.return_paths.store.find_beside = find_beside
    return asked_for


def _bind_of_bolt() -> bytes:
    return bind(system_id=b"bolt")


def test_a_receipt_that_is_awaited_elsewhere_waits_and_is_asked_for_again() -> None:
    """At 5, 20, 80 and 320 ms."""
    node = NodeWithPeer()
    node.has_session()
    awaited = field(f.AWAITED, b"alpha")
    node.link.send(receipt())
    assert asked(node)
    tell(node, awaited)
    for pause in (0.005, 0.015, 0.06):
        assert asked(node) == []
        node.gate.reactor.advance(pause + 0.0001)
        assert asked(node)
        tell(node, awaited)
    node.gate.reactor.advance(0.24)
    assert asked(node)
    tell(node, found(node))
    assert len(node.sent()) == 1
    assert asked(node) == []


def test_its_patience_ends() -> None:
    node = NodeWithPeer(gate=GateSettings(receipt_patience=0.5))
    node.link.send(receipt())
    for _ in range(40):
        while asked(node):
            tell(node, field(f.AWAITED, b"alpha"))
        node.gate.reactor.advance(0.05)
    assert status(node.link) == AWAY


def test_what_a_peer_holds_is_asked_for_until_it_tells() -> None:
    node = NodeWithPeer()
    node.has_session()
    node.link.send(receipt())
    key = asked(node)[0]
    tell(node, field(f.HELD, key))
    assert status(node.link) is None
    for _ in range(3):
        node.gate.reactor.advance(0.021)
        assert asked(node)[0] == key
        tell(node, field(f.HELD, key))
    node.gate.reactor.advance(0.021)
    tell(node, found(node))
    assert len(node.sent()) == 1


def submit(node: NodeWithPeer, esme: End, message_id: bytes = b"4F") -> None:
    """A message goes through this node, and its receipt is asked for."""
    esme.ask(SubmitSm(destination_addr=b"1", registered_delivery=1, short_message=b"hi"), 1)
    (request,) = node.link.heard()
    body = encode(SubmitSmResp(message_id=message_id))[16:]
    node.link.answer(request, 0, body)
    assert len(esme.heard()) == 1


def question(node: NodeWithPeer, key: bytes = b"alpha\x004F") -> list[tuple[int, bytes]]:
    """Node b asks; gives the answer."""
    answer = node.incoming.tell(field(f.ASKED, key), field(f.ASKED, b"alpha\x00other"))
    assert answer.command_status == 0
    return list(fields(answer.octets[17:]))


def test_a_peer_is_told_a_return_path_of_this_node() -> None:
    """Not before its answer has left, so long ago that the receipt cannot overtake it."""
    node = NodeWithPeer()
    esme = node.esme()
    assert question(node) == []
    submit(node, esme)
    assert question(node) == [(f.HELD, b"alpha\x004F")]
    node.gate.reactor.advance(0.06)
    ((tag, key), (other, value)) = question(node)
    assert (tag, key, other) == (f.ASKED, b"alpha\x004F", f.FOUND)
    path = ReturnPath.of(value)
    assert (path.account, path.tag, path.session) == (b"acme", b"A", node.token())


def test_a_peer_is_told_where_answers_are_awaited() -> None:
    node = NodeWithPeer()
    esme = node.esme()
    esme.ask(SubmitSm(destination_addr=b"1", registered_delivery=1), 1)
    assert question(node) == [(f.AWAITED, b"alpha")]


def test_a_final_receipt_ends_its_return_path_where_that_is() -> None:
    node = NodeWithPeer()
    node.has_session()
    node.link.send(receipt())
    tell(node, found(node))
    ((frame, _),) = node.sent()
    node.told.clear()
    node.incoming.answer(frame, 0, b"\0")
    for end in (node.outgoing, node.incoming):
        end.hear()
    assert node.told == [(f.ENDED, b"alpha\x004F")]


def test_a_return_path_ends_when_a_peer_has_brought_its_receipt() -> None:
    """Some time later, as after one that was brought here."""
    node = NodeWithPeer(store=StoreSettings(kind="memory", receipted_ttl=5.0))
    esme = node.esme()
    submit(node, esme)
    node.gate.reactor.advance(0.1)
    node.incoming.tell(field(f.ENDED, b"alpha\x004F"))
    node.gate.reactor.advance(0.1)
    assert len(question(node)) == 2
    for _ in range(40):
        node.gate.reactor.advance(0.5)
        for end in (node.incoming, node.outgoing):
            for each in end.hear():
                if each.command_id == CommandId.ENQUIRE_LINK:
                    end.answer(each)
    assert question(node) == []


def test_a_gate_that_stops_asks_nothing_more() -> None:
    """What waits for answers is refused."""
    node = NodeWithPeer(store=StoreSettings(kind="memory"))
    node.link.send(receipt())
    assert asked(node)
    node.peers.asking.stop()
    node.peers.asking.stop()
    node.gate.turn()
    assert status(node.link) in (None, AWAY)
