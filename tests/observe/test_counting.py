"""What is counted is what a model counted of the same random traffic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from smppgate.observe.counting import Counting
from smppgate.routing.exchange import Exchange
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from tests.gate.deliver.test_receipts import receipt
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate

_STATUSES = st.sampled_from((0, 0, 0, 0x45, 0x58, 0x0B, 0x0412))
_STEPS = st.one_of(
    st.tuples(st.just("submit"), st.just(0)),
    st.tuples(st.sampled_from(("smsc answers", "esme answers")), _STATUSES),
    st.tuples(st.sampled_from(("message", "nobody's", "receipt")), st.just(0)),
    st.tuples(st.just("time"), st.sampled_from((0, 1, 7))),
)


class Peers:
    """An ESME with a window of 4 and an SMSC, and what each of them counts."""

    def __init__(self) -> None:
        self.gate = Gate(tags=True)
        self.gate.router.events.attach(Counting())
        self.esme, self.link = self.gate.esme(window=4), self.gate.link(window=100)
        self.answered: dict[FakeSession, Counter[tuple[int, int]]] = {}
        self.answered = {self.esme: Counter(), self.link: Counter()}
        self.open: dict[FakeSession, list[int]] = {self.esme: [], self.link: []}
        self.receipts = self._number = 0

    def step(self, what: str, value: int) -> None:
        """One of them does something."""
        self._number += 1
        if what == "submit":
            self._sends(
                self.link, lambda: self.gate.forward(self.esme, fakes.submit(self._number))
            )
        elif what == "smsc answers":
            self._answers(self.link, value, b"%d\0" % self._number)
        elif what == "esme answers":
            self._answers(self.esme, value, b"\0")
        elif what == "time":
            self.gate.clock.advance(value / 1000)
        else:
            self._delivers(what)

    def _delivers(self, what: str) -> None:
        self.receipts += what == "receipt"
        frame = fakes.deliver(b"1000" if what == "message" else b"999", self._number)
        if what == "receipt":
            frame = receipt(b"unknown", self._number)
        self._sends(self.esme, lambda: self.gate.deliver(self.link, frame))

    def _sends(self, to: FakeSession, send: Callable[[], None]) -> None:
        count = len(to.requests)
        send()
        self.open[to] += range(count, len(to.requests))

    def _answers(self, session: FakeSession, status: int, body: bytes) -> None:
        if self.open[session]:
            at = self.open[session].pop(0)
            self.answered[session][session.requests[at].command_id, status] += 1
            self.gate.answer(session, status, body * (not status), at=at)

    def counted(self, session: FakeSession) -> Counter[tuple[int, int]]:
        """What it answered and was answered."""
        was = Counter((f.command_id & ~RESPONSE_BIT, f.command_status) for f in session.answers)
        return self.answered[session] + was


@given(st.lists(_STEPS, max_size=60))
def test_counts_are_those_of_the_peers(steps: list[tuple[str, int]]) -> None:
    peers = Peers()
    for what, value in steps:
        peers.step(what, value)
    # Until receipts of unknown messages are given up.
    peers.gate.clock.advance(60.0)
    for session in (peers.esme, peers.link):
        tally = peers.gate.acme.tally if session is peers.esme else peers.gate.alpha.tally
        found = {(command, status): count for command, status, count in tally.counts() if count}
        assert found == dict(peers.counted(session))
    buckets, _ = peers.gate.alpha.tally.latencies()
    assert sum(buckets) == peers.answered[peers.link].total()
    assert sum(peers.gate.alpha.tally.receipts.values()) == peers.receipts


@given(runs=st.lists(st.tuples(st.integers(1, 9), st.sampled_from((0.0, 0.5, 2.0))), max_size=6))
def test_a_run_counts_as_its_messages_do(runs: list[tuple[int, float]]) -> None:
    counts = []
    for is_run in (True, False):
        gate, counting = Gate(), Counting()
        esme, smsc = cast(Any, gate.esme(gate.acme)), gate.alpha
        for count, seconds in runs:
            if is_run:
                run, link = SimpleNamespace(origin=esme, sent_at=0.0), SimpleNamespace(smsc=smsc)
                counting.run_taken(
                    cast(Any, run), cast(Any, link), range(count), [b""] * count, seconds
                )
                continue
            for _ in range(count):
                exchange = Exchange(cast(Any, None), esme, fakes.submit(), None, 0.0)
                exchange.smsc = smsc
                counting.taken(exchange, fakes.submit(), b"", seconds)
        tally = smsc.tally
        counts.append((esme.tally.counts(), tally.counts(), tally.seconds, tally.repeats))
    assert counts[0] == counts[1]


def test_what_is_delivered_of_a_run_is_counted_on_both_sides() -> None:
    counting, gate = Counting(), Gate()
    session, link = gate.esme(), gate.link()
    counting.run_delivered(cast(Any, link), cast(Any, session), 3)
    for tally in (session.tally, link.tally):
        assert tally.deliveries == 3
        assert (int(CommandId.DELIVER_SM), 0, 3) in tally.counts()
