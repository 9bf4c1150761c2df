"""Whole reads over a hop: the same as message by message, at both nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.lane.hop_run import HopRun
from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.fields import MEMBER as OF_MEMBER
from smppgate.gate.peers.fields import envelope, field, wrapped
from smppgate.gate.peers.submitting_lane import SubmittedRun
from smppgate.observe.counting import Counting
from smppgate.observe.formats import FORMATS
from smppgate.observe.message_log import MessageLog
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import SubmitSm
from tests.gate.lane.scripts import (
    STEP,
    TERMS,
    EsmeSends,
    Loses,
    Passes,
    Reply,
    SmscSends,
    Step,
    Terms,
)
from tests.gate.lane.stages import Script
from tests.gate.lane.test_lane import played
from tests.gate.memory_gateway import MemoryGateway, smsc
from tests.gate.peers.hop_stage import HopStage
from tests.gate.peers.scripted import NodeWithPeer
from tests.txsmpp.pairs import numbered

LOST_WIRE = st.builds(Loses, st.just("peer"), st.integers(0, 1))
STEPS = st.lists(st.one_of(*[STEP] * 12, LOST_WIRE), min_size=6, max_size=30)


@pytest.fixture(autouse=True)
def takes_the_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATE_LANE", raising=False)


@given(terms=TERMS, steps=STEPS)
def test_the_lane_does_what_the_general_way_does(terms: Terms, steps: list[Step]) -> None:
    """Octets, records, and what both nodes count."""
    played(terms, steps, HopStage)


def runs_in(session: Any, kind: type[object]) -> int:
    """How many requests that a session has open are of such runs."""
    entries = session.outstanding.requests.values()
    return sum(1 for each in entries if isinstance(each, tuple) and isinstance(each[0], kind))


def under_way(stage: HopStage) -> tuple[int, int]:
    """How many messages are in runs: on the links between the nodes, and on those to SMSCs."""
    a, b = (gate.gateway.parts for gate in stage.gates)
    between = [each for node in a.peers.nodes.values() for each in node.sessions()]
    links = [each for part in b.smscs.values() for each in part.smsc.bound]
    hops = sum(runs_in(each, HopRun) for each in between)
    return hops, sum(runs_in(each, SubmittedRun) for each in links)


def test_a_read_goes_all_the_way_in_runs() -> None:
    script = played(Terms(), [EsmeSends(0, ("plain",) * 16)], HopStage)
    fast, slow = script.stages
    assert isinstance(fast, HopStage)
    assert isinstance(slow, HopStage)
    assert under_way(fast) == (16, 16)
    assert under_way(slow) == (0, 0)
    assert len(script.waiting(0)) == 16
    script.play(SmscSends(0, tuple(Reply(0, 0, b"10%d" % at) for at in range(16))))
    assert under_way(fast) == (0, 0)
    assert len(fast.records()) == 16, "the return paths are where the ESME is"


@pytest.mark.parametrize("status", [0x08, 0x0B, 0x58])
def test_what_is_refused_of_a_run_is_refused_at_both_nodes(status: int) -> None:
    replies = tuple(Reply(0, status if at == 3 else 0, b"10%d" % at) for at in range(8))
    played(Terms(), [EsmeSends(0, ("with receipt",) * 8), SmscSends(0, replies)], HopStage)


@pytest.mark.parametrize("window", [1, 4])
def test_what_has_no_room_of_a_run_waits(window: int) -> None:
    terms = Terms(smsc=(("window", window),))
    replies = tuple(Reply(0, 0, b"10%d" % at) for at in range(window))
    steps: list[Step] = [EsmeSends(0, ("plain",) * 8)]
    for _ in range(8 // window):
        steps += [SmscSends(0, replies), Passes(0.1)]
    script = played(terms, steps, HopStage)
    assert script.waiting(0) == []


@pytest.mark.parametrize("side", ["peer", "smsc"])
def test_a_run_that_is_lost_under_way_is_lost(side: str) -> None:
    steps = [EsmeSends(0, ("plain",) * 8), Loses(side, 1), Passes(4.0)]
    script = played(Terms(), steps, HopStage)
    stage = script.stages[0]
    assert isinstance(stage, HopStage)
    assert under_way(stage) == (0, 0)


def test_a_run_that_is_not_answered_is_answered_late() -> None:
    replies = tuple(Reply(0, 0, b"10%d" % at) for at in range(8))
    steps = [EsmeSends(0, ("with receipt",) * 8), Passes(4.0), SmscSends(0, replies)]
    script = played(Terms(), steps, HopStage)
    assert script.stages[0].gate.router.events.late == 0, "the node said that it was over"


@given(
    asks=st.lists(st.integers(0, 1), min_size=1, max_size=40),
    statuses=st.lists(st.sampled_from((0, 0, 0, 0x0B, 0x45)), min_size=1, max_size=5),
    has_lane=st.booleans(),
)
def test_every_message_is_answered_as_its_smsc_says_whichever_that_is(
    asks: list[int], statuses: list[int], has_lane: bool
) -> None:
    """With two SMSCs at the other node, and so two remote links by one session."""
    messages = [
        SubmitSm(source_addr=b"1", registered_delivery=each, short_message=b"n%d" % at)
        for at, each in enumerate(asks, 1)
    ]
    octets = b"".join(numbered(pdu, at) for at, pdu in enumerate(messages, 1))
    stage = HopStage(Terms(smscs=2), has_lane)
    stage.settle()
    stage.esmes[0].send(octets)
    stage.dial()
    for link in stage.links:
        link.send(b"".join(_answered(link.heard(), statuses, link is stage.links[0])))
    stage.dial()
    heard = {each.sequence_number: each for each in stage.esmes[0].heard()}
    for at in range(1, len(asks) + 1):
        status = statuses[at % len(statuses)]
        assert heard[at].command_status == status
        if not status:
            assert heard[at].octets[16:] in (b"A%d\0" % at, b"B%d\0" % (1000 + at))
    assert [gate.router.open_exchanges for gate in stage.gates] == [0, 0]


def _answered(requests: list[Frame], statuses: list[int], is_first: bool) -> Iterator[bytes]:
    for request in requests:
        at = int(request.octets.rpartition(b"n")[2])
        status = statuses[at % len(statuses)]
        yield response(request, status, b"" if status else b"%d\0" % (at + 1000 * (not is_first)))


def test_listeners_are_told_the_same_of_a_run_over_a_hop() -> None:
    """Message log and counts, where the ESME is; at the other node there is nothing to tell."""
    told = []
    kinds = ("with receipt", "plain") * 4
    replies = tuple(Reply(0, 0x45 if at == 5 else 0, b"A%d" % at) for at in range(8))
    for has_lane in (True, False):
        stage = HopStage(Terms(), has_lane)
        logs = [_log(gate) for gate in stage.gates]
        counting = Counting()
        stage.gate.router.events.attach(counting)
        script = Script(stage)
        script.play(EsmeSends(0, kinds))
        assert under_way(stage) == ((8, 8) if has_lane else (0, 0))
        script.play(SmscSends(0, replies))
        lines = [log() for log in logs]
        assert [len(each) for each in lines] == [8, 0]
        (alpha,) = stage.gate.router.smscs
        told.append((sorted(lines[0]), sorted(alpha.tally.counts())))
    assert told[0] == told[1]


def _log(gate: MemoryGateway) -> Callable[[], list[bytes]]:
    """Keeps a message log; gives what gives its lines."""
    lines: list[bytes] = []
    log = MessageLog(gate.gateway.clock, FORMATS["json"](), lines.extend)
    gate.router.events.attach(log)

    def written() -> list[bytes]:
        log.flush()
        return lines

    return written


# What comes from another node


SUBMIT = SubmitSm(destination_addr=b"1", registered_delivery=1, short_message=b"hi")


def sealed(member: bytes) -> bytes:
    """The envelope of a message to this SMSC."""
    return envelope(field(OF_MEMBER, member))


def passed_on(node: NodeWithPeer, members: list[bytes]) -> None:
    """Node b has messages for these SMSCs, from number 70 on, in one read."""
    pdus = (wrapped(numbered(SUBMIT, at), sealed(name)) for at, name in enumerate(members, 70))
    node.incoming.send(b"".join(pdus))


def test_each_message_goes_to_the_smsc_on_its_own_envelope() -> None:
    node = NodeWithPeer(smsc=(smsc(sessions=1), smsc("beta", sessions=1)))
    beta = node.gate.smsc(node.client(3000 + ord("b")))
    (request,) = beta.heard()
    beta.answer(request, 0, b"smsc\0")
    passed_on(node, [b"alpha", b"alpha", b"beta", b"gamma", b"alpha", b"beta", b"beta"])
    assert [len(each.heard()) for each in (node.link, beta)] == [3, 3]
    (resp,) = node.incoming.hear()
    assert (resp.sequence_number, NotTaken.told_in(resp)) == (73, NotTaken.FULL)


@pytest.mark.parametrize("tail", [b"\0\x03", b"\xff\xff", b"\0\x0a"])
def test_what_has_no_whole_envelope_is_no_message_of_a_node(tail: bytes) -> None:
    node = NodeWithPeer()
    octets = numbered(SUBMIT, 70)[:-2] + tail
    node.incoming.send(octets + octets)
    assert node.link.heard() == []
    assert [each.command_status for each in node.incoming.hear()] == [0x03, 0x03]


def test_messages_for_smscs_come_only_from_a_node_that_has_bound() -> None:
    """The other end is an SMSC, which has none: the general way refuses them, too."""
    node = NodeWithPeer()
    octets = (wrapped(numbered(SUBMIT, at), sealed(b"alpha")) for at in (70, 71))
    node.outgoing.send(b"".join(octets))
    assert node.link.heard() == []
    assert [each.command_status for each in node.outgoing.hear()] == [0x04, 0x04]


def test_a_rate_is_looked_at_message_by_message() -> None:
    node = NodeWithPeer(smsc=(smsc(sessions=1, rate=2.0, burst=2.0),))
    node.gate.reactor.advance(2.0)
    node.incoming.hear()
    passed_on(node, [b"alpha"] * 4)
    assert len(node.link.heard()) == 2
    assert len([each for each in node.incoming.hear() if each.is_response]) == 2


def test_more_than_there_is_room_for_goes_back_in_order() -> None:
    node = NodeWithPeer(smsc=(smsc(sessions=1, window=3),))
    passed_on(node, [b"alpha"] * 5)
    heard = node.link.heard()
    assert [each.octets[16:] for each in heard] == [numbered(SUBMIT, 1)[16:]] * 3
    returned = node.incoming.hear()
    assert [(each.sequence_number, NotTaken.told_in(each)) for each in returned] == [
        (73, NotTaken.FULL),
        (74, NotTaken.FULL),
    ]
    node.link.send(b"".join(response(each, 0, b"4F\0") for each in heard))
    answers = node.incoming.hear()
    assert [each[:3] for each in answers] == [
        (CommandId.SUBMIT_SM_RESP, 0, at) for at in (70, 71, 72)
    ]
    alpha = node.gate.router.smscs[0]
    assert (alpha.outstanding, alpha.taken) == (0, 3)
