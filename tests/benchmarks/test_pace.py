"""Messages at a steady rate."""

from __future__ import annotations

import time

from benchmarks import wire
from benchmarks.ids import Home, Tags
from benchmarks.pace import Pace, Paced
from benchmarks.ring import RequestRing
from benchmarks.session import Ledger
from tests.benchmarks.fakes import FakeSocket, as_socket, feed, loop, submit_sm_resp

REQUEST = wire.message(wire.SUBMIT_SM, "447700000001")
ID = b"tag110000000042"


class Esme:
    """One session with a window of 2."""

    def __init__(self) -> None:
        self.sock, self.ledger, self.home = FakeSocket(), Ledger(), Home()
        self.session = Paced(
            loop(),
            as_socket(self.sock),
            self.ledger,
            RequestRing([REQUEST] * 10),
            2,
            Tags(wanted=True).judge,
            self.home,
        )


def test_a_message_is_timed_from_when_it_was_due() -> None:
    """Whatever kept it from being sent then is part of its latency."""
    esme = Esme()
    late = 5_000_000_000
    esme.session.send(time.perf_counter_ns() - late)
    (request,) = esme.sock.taken()
    feed(esme.session, esme.sock, submit_sm_resp(ID, request[15]))
    assert esme.ledger.latencies[0] >= late
    assert esme.home.given.counts() == {ID: 1}


def test_what_the_window_has_no_room_for_is_sent_later() -> None:
    """In its turn, as soon as a number is free, and its latency counts from when it was due."""
    esme = Esme()
    for _ in range(3):
        esme.session.send(0)
    first, second = esme.sock.taken()
    feed(esme.session, esme.sock, submit_sm_resp(ID, first[15]))
    (third,) = esme.sock.taken()
    assert third[15] == first[15]
    drained = [esme.session.drained]
    for request in (second, third):
        feed(esme.session, esme.sock, submit_sm_resp(ID, request[15]))
    esme.session.check()
    assert [*drained, esme.session.drained] == [False, True]
    assert not esme.ledger.faults


def test_errors_strays_and_silence_are_faults() -> None:
    """An answer with an error, one to nothing, and none at all."""
    esme = Esme()
    esme.session.send(0)
    esme.session.send(0)
    first, _ = esme.sock.taken()
    refusal = wire.HEADER.pack(16, wire.SUBMIT_SM | wire.RESPONSE, 0x58, first[15])
    feed(esme.session, esme.sock, refusal, refusal)
    esme.session.check()
    assert esme.ledger.faults == {
        "command_status 0x00000058": 1,
        "PDU 0x80000004 that answers nothing": 1,
        "requests never answered": 1,
    }


def test_a_pace_goes_over_its_sessions_in_turn() -> None:
    """What was due by now is sent now: no burst is left out."""
    esmes = [Esme() for _ in range(3)]
    pace = Pace([esme.session for esme in esmes], 2000)
    while sum(len(esme.sock.sent) for esme in esmes) < 6 * len(REQUEST):
        pace()
    assert [len(esme.sock.taken()) for esme in esmes] == [2, 2, 2]
