"""What several processes of one gate share out: links, numbers of sessions, the end of a stop."""

from __future__ import annotations

from itertools import islice

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from smppgate.gate.peers.build import node_settings
from smppgate.gate.seat import ALONE, Seat
from smppgate.store import NewMessage
from smppgate.txsmpp import CommandId, SubmitSm
from tests.fakes import outcomes
from tests.gate.memory_gateway import Log, MemoryGateway, smsc
from tests.gate.test_stop import Stage

SUBMIT_RESP = CommandId.SUBMIT_SM_RESP

counts = st.integers(1, 32)


@given(counts, st.integers(0, 200), st.integers(1, 50))
def test_each_link_has_one_process(count: int, first: int, link: int) -> None:
    seats = [Seat(number, count, {"alpha": first}) for number in range(count)]
    owners = [seat.number for seat in seats if seat.has_link("alpha", link)]
    assert owners == [(first + link - 1) % count]


@given(counts)
def test_no_number_is_given_to_sessions_twice(count: int) -> None:
    given = [
        number for each in range(count) for number in islice(Seat(each, count).session_ids(), 20)
    ]
    assert sorted(given) == list(range(1, 20 * count + 1))


def test_a_gate_alone_has_all_links_and_all_numbers() -> None:
    assert ALONE.is_alone
    assert all(ALONE.has_link(name, link) for name in ("alpha", "beta") for link in range(1, 20))
    assert [*islice(ALONE.session_ids(), 3)] == [1, 2, 3]


def test_a_process_keeps_up_its_own_links_alone() -> None:
    seat = Seat(1, 3, {"alpha": 1, "beta": 2})
    gate = MemoryGateway(smsc(sessions=4), smsc("beta", sessions=2), seat=seat)
    services = gate.gateway.parts.smscs
    assert [*services["alpha"].keys] == [(1, "transceiver"), (4, "transceiver")]
    assert [*services["beta"].keys] == []
    assert len(gate.gateway.links) == 2


def test_a_reload_gives_it_those_that_are_new() -> None:
    gate = MemoryGateway(smsc(sessions=2), seat=Seat(1, 2, {"alpha": 0}))
    parts = gate.gateway.parts
    before = gate.gateway.links
    settings = parts.settings
    more = evolve(
        settings,
        smsc=(evolve(settings.smsc[0], sessions=5), smsc("beta", sessions=3)),
    )
    parts.seat = evolve(parts.seat, smscs={"alpha": 0, "beta": 1})
    done = outcomes(gate.gateway.reload(more))
    gate.turn()
    assert done
    assert [*parts.smscs["alpha"].keys] == [(2, "transceiver"), (4, "transceiver")]
    assert [*parts.smscs["beta"].keys] == [(1, "transceiver"), (3, "transceiver")]
    assert [link for link in gate.gateway.links if link in before] == before


def test_what_a_reload_changes_is_told_by_one_of_several() -> None:
    for seat, is_told in ((ALONE, True), (Seat(1, 2), False)):
        gate = MemoryGateway(smsc(), seat=seat)
        with Log() as log:
            gate.gateway.reload(evolve(gate.gateway.settings, smsc=(smsc(window=7),)))
            gate.turn()
        assert any("reload: " in line for line in log.lines) is is_told


def test_messages_of_accounts_without_queue_are_told_by_one_of_several() -> None:
    for seat, is_told in ((ALONE, True), (Seat(0, 2), True), (Seat(1, 2), False)):
        gate = MemoryGateway(smsc(), seat=seat)
        expires = gate.gateway.parts.clock.wall() + 1000.0
        gate.gateway.store.enqueue([NewMessage(b"gone", b"pdu", expires)])
        with Log() as log:
            gate.gateway.reload(evolve(gate.gateway.settings, smsc=(smsc(window=7),)))
            gate.turn()
        assert any("gone" in line for line in log.lines) is is_told


def test_processes_of_one_gate_do_not_compare_their_settings() -> None:
    settings = MemoryGateway(smsc()).gateway.settings
    alike, other = (node_settings(settings, are_alike=each) for each in (True, False))
    assert alike.digests == {}
    assert other.digests
    assert alike.tags == other.tags


class Waiting(Stage):
    """A gate whose stop waits for others before it lets go of its links."""

    def __init__(self) -> None:
        super().__init__()
        self.others: Deferred[None] = Deferred()
        self.is_asked = False
        self.gate.gateway.esmes_ended = self._esmes_ended

    async def _esmes_ended(self) -> None:
        self.is_asked = True
        await self.others


def test_links_stay_until_no_process_serves_esmes() -> None:
    stage = Waiting()
    stage.stop()
    assert not stage.is_asked
    stage.answers(stage.esme)
    stage.wait(0.2)
    assert stage.is_asked
    assert stage.link.heard() == []
    # A request of another process, so to speak.
    waiting = outcomes(stage.gate.gateway.router.request(SubmitSm(short_message=b"x")))
    (request,) = stage.link.heard()
    stage.link.answer(request, 0, b"id\0")
    assert waiting
    stage.others.callback(None)
    stage.wait(0.1)
    stage.answers(stage.link)
    stage.wait(0.5)
    assert stage.stopped == [None]


def test_others_are_not_waited_for_beyond_the_time_of_the_stop() -> None:
    stage = Waiting()
    stage.stop()
    stage.answers(stage.esme)
    stage.wait(8.0)
    assert stage.stopped == [None]
