"""Messages that wait for an SMSC, in a whole gate: ends of sessions, reloads, and the stop."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from smppgate.settings import EsmeSettings, GateSettings, PoolSettings, SmscSettings
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import Frame, header_only
from smppgate.txsmpp.pdu import QuerySm, SubmitSm
from tests.gate.memory_gateway import End, MemoryGateway, bind
from tests.gate.memory_gateway import smsc as passed_smsc
from tests.gate.test_reload import bound, gate_of, linked, reload, said, smsc
from tests.txsmpp.pairs import numbered

SUBMIT_RESP, UNBIND = CommandId.SUBMIT_SM_RESP, CommandId.UNBIND
HOLD = 5.0


def submits(*numbers: int) -> bytes:
    """Messages under these numbers, which are their texts too."""
    return b"".join(numbered(SubmitSm(short_message=b"%d" % n), n) for n in numbers)


def texts(end: End) -> list[int]:
    """The messages that an SMSC has got since the last look."""
    messages = [each for each in end.heard() if each.command_id == CommandId.SUBMIT_SM]
    return [int(each.octets.split(b"\0")[-1][1:]) for each in messages]


def serves(end: End) -> list[int]:
    """An SMSC answers what it gets, as long as something comes."""
    found = []
    while messages := [f for f in end.heard() if f.command_id == CommandId.SUBMIT_SM]:
        for each in messages:
            found.append(int(each.octets.split(b"\0")[-1][1:]))
            end.answer(each, 0, b"id\0")
    return found


class Narrow:
    """A gate with an SMSC that has a window of 1, and an ESME that is bound."""

    def __init__(self, *others: SmscSettings, **more: Any) -> None:
        self.gate = gate_of(smsc("alpha", window=1), *others, **more)
        self.link, self.esme = linked(self.gate, 0), bound(self.gate)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.gate.reactor.pump([0.1] * round(seconds * 10))

    @property
    def waiting(self) -> int:
        """Messages that wait."""
        return len(self.gate.router.waiting_room)


def test_a_place_is_handed_on_in_the_same_turn() -> None:
    """One write to the SMSC has the next messages, and one to the ESME all answers."""
    narrow = Narrow()
    narrow.esme.send(submits(1, 2, 3))
    assert serves(narrow.link) == [1, 2, 3]
    assert [status for _, status in said(narrow.esme)] == [0, 0, 0]


def test_an_unbind_lets_what_waits_be_served() -> None:
    narrow = Narrow()
    narrow.esme.send(submits(1, 2) + header_only(UNBIND, 0, 9))
    assert serves(narrow.link) == [1, 2]
    heard = [frame[:3] for frame in narrow.esme.heard()]
    assert heard == [(SUBMIT_RESP, 0, 1), (SUBMIT_RESP, 0, 2), (UNBIND | RESPONSE_BIT, 0, 9)]
    assert narrow.esme.is_closed()


def test_what_waits_still_when_the_time_of_an_unbind_is_over_is_answered() -> None:
    """In front of the unbind_resp."""
    pools = (PoolSettings(name="default", members=("alpha",), hold=60.0),)
    narrow = Narrow(pool=pools)
    narrow.esme.send(submits(1, 2) + header_only(UNBIND, 0, 9))
    narrow.wait(4.9)
    assert narrow.esme.heard() == []
    narrow.wait(0.2)
    heard = [frame[:3] for frame in narrow.esme.heard()]
    assert heard == [(SUBMIT_RESP, 0x58, 2), (UNBIND | RESPONSE_BIT, 0, 9)]
    assert narrow.esme.is_closed()
    assert narrow.waiting == 0


def test_what_waits_of_a_session_that_is_lost_is_not_sent() -> None:
    narrow = Narrow()
    narrow.esme.send(submits(1, 2, 3))
    narrow.esme.transport.lose()
    assert serves(narrow.link) == [1]
    statistics = narrow.gate.router.statistics()
    assert (statistics.dropped, statistics.waiting) == (2, 0)


def test_a_passed_through_session_has_a_room_of_its_own() -> None:
    gate = MemoryGateway(passed_smsc(window=1))
    (one, own), (other, others) = gate.joined(), gate.joined(bind(b"other"))
    one.send(submits(1, 2))
    other.send(submits(3, 4))
    assert (serves(own), serves(others)) == ([1, 2], [3, 4])


def test_when_its_smsc_is_lost_nothing_waits_any_more() -> None:
    gate = MemoryGateway(passed_smsc(window=1))
    one, own = gate.joined()
    one.send(submits(1, 2))
    own.transport.lose()
    one.send(submits(3) + numbered(QuerySm(message_id=b"A1"), 4))
    *heard, asked = [frame[:3] for frame in one.heard()]
    assert heard[:2] == [(SUBMIT_RESP, 0x08, 2), (SUBMIT_RESP, 0x08, 1)]
    assert [frame[0] for frame in heard[2:]] == [UNBIND, SUBMIT_RESP]
    assert asked == (CommandId.QUERY_SM_RESP, 0x0C, 4)


# Reloads


def test_a_reload_routes_what_waits_anew() -> None:
    """By the pool that the account has now; it keeps its place, and its time."""
    pools = tuple(PoolSettings(name=each, members=(each,)) for each in ("alpha", "beta"))
    accounts = (EsmeSettings(system_id="acme", password="secret", pool="alpha"),)
    narrow = Narrow(smsc("beta", window=1), pool=pools, esme=accounts)
    beta = linked(narrow.gate, 1)
    narrow.esme.send(submits(1, 2, 3, 4))
    narrow.wait(2.0)
    reload(narrow.gate, esme=(evolve(accounts[0], pool="beta"),))
    assert texts(narrow.link) == [1]
    (second,) = beta.heard()
    narrow.esme.send(submits(5))
    beta.answer(second, 0, b"id\0")
    assert texts(beta) == [3]
    narrow.wait(2.8)
    assert narrow.waiting == 2
    narrow.wait(0.4)
    assert narrow.waiting == 1, "5 came later than 4"
    narrow.wait(2.0)
    assert narrow.waiting == 0


def test_a_pool_that_is_removed_leaves_nothing_behind() -> None:
    pools = tuple(PoolSettings(name=each, members=("alpha",)) for each in ("main", "spare"))
    accounts = (EsmeSettings(system_id="acme", password="secret", pool="spare"),)
    narrow = Narrow(pool=pools, esme=accounts)
    narrow.esme.send(submits(1, 2, 3))
    reload(narrow.gate, pool=pools[:1], esme=(evolve(accounts[0], pool="main"),))
    assert narrow.gate.router.pools["main"].waiting == 2
    assert serves(narrow.link) == [1, 2, 3]


@pytest.mark.parametrize(("hold", "after"), [(0.0, 0.0), (8.0, 6.0)])
def test_a_new_hold_counts_for_what_waits_already(hold: float, after: float) -> None:
    narrow = Narrow(pool=(PoolSettings(name="default", members=("alpha",)),))
    narrow.esme.send(submits(1, 2))
    narrow.wait(2.0)
    reload(narrow.gate, pool=(PoolSettings(name="default", members=("alpha",), hold=hold),))
    narrow.wait(after - 0.1)
    assert narrow.waiting == int(bool(hold))
    narrow.wait(0.2)
    assert narrow.waiting == 0


def test_a_new_share_counts_for_what_waits_already() -> None:
    accounts = tuple(EsmeSettings(system_id=each, password="secret") for each in ("acme", "bolt"))
    narrow = Narrow(esme=accounts)
    bolt = bound(narrow.gate, b"bolt")
    narrow.esme.send(submits(*range(1, 7)))
    bolt.send(submits(*range(11, 17)))
    reload(narrow.gate, esme=(accounts[0], evolve(accounts[1], share=3)))
    assert serves(narrow.link) == [1, 2, 11, 12, 13, 3, 14, 15, 16, 4, 5, 6]


def test_a_window_that_grows_has_places_for_what_waits() -> None:
    narrow = Narrow()
    narrow.esme.send(submits(1, 2, 3, 4))
    assert texts(narrow.link) == [1]
    reload(narrow.gate, smsc=(smsc("alpha", window=3),))
    assert texts(narrow.link) == [2, 3]


def test_an_account_that_is_removed_is_served_to_the_end() -> None:
    accounts = tuple(EsmeSettings(system_id=each, password="secret") for each in ("acme", "bolt"))
    narrow = Narrow(esme=accounts)
    narrow.esme.send(submits(1, 2, 3))
    reload(narrow.gate, esme=accounts[1:])
    assert serves(narrow.link) == [1, 2, 3]
    kinds = [frame.command_id for frame in narrow.esme.heard()]
    assert kinds == [SUBMIT_RESP] * 3 + [UNBIND]


# The stop


def test_a_stop_serves_what_waits_and_answers_the_rest_in_time() -> None:
    narrow = Narrow(gate=GateSettings(stop_timeout=4.0, unbind_timeout=2.0))
    narrow.esme.send(submits(1, 2, 3))
    (first,) = narrow.link.heard()
    stopped: list[object] = []
    narrow.gate.gateway.stopService().addBoth(stopped.append)
    narrow.wait(1.0)
    assert [frame.command_id for frame in narrow.esme.heard()] == [UNBIND]
    narrow.link.answer(first, 0, b"id\0")
    assert texts(narrow.link) == [2]
    narrow.wait(1.6)
    answers = sorted(said(narrow.esme))
    assert answers == [(SUBMIT_RESP, 0), (SUBMIT_RESP, 0x08), (SUBMIT_RESP, 0x08)]
    narrow.wait(4.0)
    assert stopped == [None]
    assert narrow.gate.reactor.getDelayedCalls() == []


def test_a_stop_serves_what_this_process_has_waiting() -> None:
    narrow = Narrow(gate=GateSettings(stop_timeout=8.0))
    results: list[Any] = []
    for text in (b"1", b"2"):
        narrow.gate.router.request(SubmitSm(short_message=text)).addBoth(results.append)
    narrow.gate.gateway.stopService()
    narrow.wait(0.2)
    (unbind,) = narrow.esme.heard()
    narrow.esme.answer(unbind)
    narrow.wait(0.2)
    assert serves(narrow.link) == [1, 2]
    assert [each.command_status for each in results] == [0, 0]


def test_a_query_that_is_looked_up_when_the_gate_closes_does_not_wait() -> None:
    """Nothing would answer it any more."""
    narrow = Narrow()
    narrow.gate.router.close()
    exchange = Frame.of(submits(7))
    narrow.gate.router.forward(narrow.gate.gateway.esme_sessions()[0], exchange, 0.0)
    assert said(narrow.esme) == [(SUBMIT_RESP, 0x08)]
    assert narrow.waiting == 0
