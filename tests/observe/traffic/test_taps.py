"""Taps see all that a session reads and writes, in whatever pieces it comes, also in the lane."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address

from smppgate.observe.traffic import Interest, Traffic
from smppgate.observe.traffic.pcapng import Pcapng
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.masking import masked
from smppgate.txsmpp.pdu import EnquireLink
from tests.gate.memory_gateway import End, MemoryGateway, bind
from tests.gate.test_reload import bound, esme, linked
from tests.observe.traffic.captures import segments, streams
from tests.observe.traffic.looking import Looking, gate, mo, submit
from tests.txsmpp.pairs import numbered

MANY = 30
PEER = ("192.0.2.9", 4000)


def answered(link: End, requests: list[Frame]) -> None:
    """All in one read."""
    body = b"12345678\0"
    link.send(
        b"".join(
            (16 + len(body)).to_bytes(4, "big")
            + int(CommandId.SUBMIT_SM_RESP).to_bytes(4, "big")
            + bytes(4)
            + each.sequence_number.to_bytes(4, "big")
            + body
            for each in requests
        )
    )


class Runs:
    """A gate, and how many runs its lane took."""

    def __init__(self) -> None:
        self.gate: MemoryGateway = gate()
        self.link = linked(self.gate)
        self.acme, self.other = bound(self.gate), bound(self.gate, b"other")
        self.taken: list[int] = []
        relay = self.gate.router.relay_from_esme

        def counted(*arguments: Any) -> int:
            taken: int = relay(*arguments)
            self.taken.append(taken)
            return taken

        self.gate.router.relay_from_esme = counted

    def pass_run(self, end: End) -> None:
        # The first read behind a bind goes the general way.
        end.ask(EnquireLink(), 99)
        end.heard()
        self.taken.clear()
        octets = b"".join(numbered(submit(), number) for number in range(1, MANY + 1))
        end.send(octets)
        is_on = os.environ.get("GATE_LANE") != "off"
        assert self.taken.pop(0) == (len(octets) if is_on else 0)
        answered(self.link, self.link.heard())
        assert len(end.heard()) == MANY


def test_whole_reads_of_the_lane_are_seen_on_both_sides() -> None:
    runs = Runs()
    looking = Looking(runs.gate, account="acme")
    runs.pass_run(runs.acme)
    runs.pass_run(runs.other)
    enquiry, answer, *words = looking.words()
    assert (enquiry, answer) == ("acme > enquire_link 99", "acme < enquire_link_resp 99")
    assert len(words) == 4 * MANY
    assert [each for each in words if each.startswith("acme > submit_sm ")] == [
        f"acme > submit_sm {number}" for number in range(1, MANY + 1)
    ]
    assert sum(each.startswith("alpha < submit_sm ") for each in words) == MANY


def test_reads_of_messages_to_esmes_are_seen_on_both_sides() -> None:
    both = gate(esme=(esme(address_ranges=("44*",)), esme(system_id="other")))
    link, end = linked(both), bound(both)
    looks = [Looking(both, account="acme")]
    looks += [Looking(both, looks[0].traffic, smsc="alpha"), Looking(both, looks[0].traffic)]
    end.ask(EnquireLink(), 99)
    link.ask(EnquireLink(), 99)
    end.heard()
    link.heard()
    for each in looks:
        each.all()
    link.send(b"".join(numbered(mo(b"447"), number) for number in range(1, MANY + 1)))
    requests = end.heard()
    assert len(requests) == MANY
    end.send(b"".join(response(each, 0, b"\0") for each in requests))
    assert len(link.heard()) == MANY
    for each in looks:
        seen = each.all()
        assert len(seen) == 4 * MANY
        told = [s.decision["from"] for s in seen if "from" in s.decision]
        assert told == ["alpha transceiver 1"] * MANY


def test_of_a_run_that_an_smsc_gets_the_sessions_side_is_seen() -> None:
    runs = Runs()
    looking = Looking(runs.gate, smsc="alpha")
    runs.pass_run(runs.acme)
    words = looking.words()
    assert len(words) == 4 * MANY
    assert words[0] == "acme > submit_sm 1"
    assert words[1].startswith("alpha < submit_sm ")


def test_a_view_that_begins_in_the_middle_of_a_pdu_sees_all_of_it() -> None:
    runs = Runs()
    octets = numbered(EnquireLink(), 9)
    runs.acme.send(octets[:7])
    looking = Looking(runs.gate, account="acme")
    runs.acme.send(octets[7:])
    assert looking.words() == ["acme > enquire_link 9", "acme < enquire_link_resp 9"]


pieces = st.one_of(
    st.binary(max_size=40),
    st.integers(1, 99).map(lambda number: numbered(submit(), number)),
    st.integers(1, 99).map(lambda number: numbered(EnquireLink(), number)),
)


@settings(max_examples=60, deadline=None)
@given(st.booleans(), st.lists(pieces, max_size=12), st.lists(st.integers(1, 90), max_size=30))
def test_any_octets_in_any_splits_give_a_valid_capture(
    binds: bool, parts: list[bytes], sizes: list[int]
) -> None:
    """What is in it of a direction are whole PDUs, in order, as far as the gate read any."""
    here = gate()
    link = linked(here)
    traffic, written = Traffic(here.gateway), list[bytes]()
    view = traffic.open(Interest(), Pcapng(True, "smppgate"))
    view.start(written.append)
    stream = b"".join(([bind()] if binds else []) + parts)
    end, rest = here.esme(), stream
    # All connections in memory have the same addresses, and no real ones.
    end.transport.peerAddr = IPv4Address("TCP", *PEER)
    for size in [*sizes, len(stream)]:
        if rest and not end.is_closed():
            end.send(rest[:size])
        rest = rest[size:]
    heard = end.heard()
    here.reactor.advance(0.02)
    found = streams(segments(b"".join(written)))
    whole = Counter(masked(octets, True) for octets in _whole(stream))
    gate_side = ("10.0.0.1", 12345)
    # What waits for the answer to a bind is seen when it is dealt with.
    assert Counter(_whole(found.get((PEER, gate_side), b""))) <= whole
    assert found.get((gate_side, PEER), b"") == b"".join(each.octets for each in heard)
    assert link


def _whole(stream: bytes) -> list[bytes]:
    """The PDUs that it begins with."""
    found = []
    while len(stream) >= 16:
        size = int.from_bytes(stream[:4], "big")
        if not 16 <= size <= len(stream):
            break
        found.append(stream[:size])
        stream = stream[size:]
    return found
