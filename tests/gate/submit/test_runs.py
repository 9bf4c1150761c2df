"""The submit_sm of one read are one run: what becomes of them is what would one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.relay.events import Listener
from smppgate.gate.relay.reason import Cause
from smppgate.routing.exchange import Exchange
from smppgate.routing.limits.esme_limits import EsmeRates, SessionLimit
from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.routes.rules import Route, Target, ToOne
from smppgate.routing.routes.table import Routes
from smppgate.routing.sessions import Origin
from smppgate.routing.smscs.keys import by_destination
from smppgate.routing.smscs.rate_limits import SmscRates
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import SubmitSm, Tlv
from smppgate.txsmpp.versions import V3_3, V3_4
from tests.routing.fakes import FakeSession, Gate, frame_of, said

_KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "plain": lambda _: {},
    "part": lambda n: {"esm_class": 0x40, "short_message": bytes((5, 0, 3, 9, 5, n % 5 + 1))},
    "replaces": lambda _: {"replace_if_present_flag": 1},
    "step": lambda n: {"tlvs": (Tlv(0x0501, bytes((n % 20,))),)},
    "empty": lambda _: {"short_message": b""},
}


def message(kind: str, number: int) -> Frame:
    """A submit_sm of that kind, to one of three numbers."""
    fields = {"source_addr": b"1000", "destination_addr": b"4477%d" % (number % 3)}
    pdu = SubmitSm(**{**fields, "short_message": b"text", **_KINDS[kind](number)})
    return frame_of(pdu, number)


class Told(Listener):
    """Notes what it is told of messages."""

    def __init__(self, told: list[tuple[str, int]]) -> None:
        self._told = told

    def entered(self, exchange: Exchange) -> None:
        self._told.append(("entered", exchange.number))

    def turned_down(self, origin: Origin, frame: Frame, command_status: int, cause: Cause) -> None:
        self._told.append(("turned down", command_status))

    def waiting(self, exchange: Exchange) -> None:
        self._told.append(("waiting", exchange.number))

    def sent(self, exchange: Exchange) -> None:
        self._told.append(("sent", exchange.number))

    def ended(self, exchange: Exchange, command_status: int, now: float, cause: Cause) -> None:
        self._told.append(("ended", exchange.number))


class Runs(Gate):
    """A gate with two links to one of its SMSCs and one to the other.

    :param is_one_by_one: whether what comes in one read is taken one by one.
    :param setting: a name of `_SETTINGS`.
    """

    def __init__(self, is_one_by_one: bool, setting: str) -> None:
        super().__init__(tags=True)
        self._is_one_by_one = is_one_by_one
        self.told: list[tuple[str, int]] = []
        self.pool.hold = 5.0 if setting != "no hold" else 0.0
        version = V3_3 if setting == "versions" else V3_4
        self.links = [self.link(of, 3) for of in (self.alpha, self.alpha)]
        self.links.append(self.link(self.beta, 4, version=version))
        self.esmes = [self.esme(self.acme, 8), self.esme(self.other, 8)]
        if setting == "hash":
            members = self.pool.members
            self.pool.change(members, lambda: self.pool._tiers[0]._balancer, 5.0, by_destination)
        if setting == "rates":
            for esme in self.esmes:
                esme.rates = EsmeRates(Rate(5.0, 9.0), Rate(3.0, 4.0), rejects=False)
                esme.limit = SessionLimit(self.acme.limit)
            rates = SmscRates(Rate(6.0, 4.0), Rate(3.0, 3.0))
            self.beta.change_rates(rates, self.router.refills, self.now)
        if setting == "routes":
            route = Route("all", None, (), ToOne(Target(None, (self.router.pools["beta"],))))
            self.router.change_routes(Routes((route,)))
        if setting == "closed":
            self.router.close()
        if setting == "listener":
            self.router.events.attach(Told(self.told))

    def reads(self, esme: FakeSession, frames: list[Frame]) -> None:
        """These come in one read, then the turn ends."""
        if self._is_one_by_one:
            for frame in frames:
                self.forward(esme, frame)
        else:
            self.forward_all(esme, frames)
        self.clock.advance(0.0)

    @property
    def seen(self) -> Any:
        """All that peers and listeners have seen, and what is counted."""
        counts = [esme.unanswered for esme in self.esmes], self.router.statistics()
        sent = [[each.octets for each in link.requests] for link in self.links]
        return sent, [said(esme) for esme in self.esmes], self.told, counts


_SETTINGS = ("usual", "no hold", "rates", "hash", "versions", "closed", "listener", "routes")

steps = st.one_of(
    st.tuples(
        st.just("read"),
        st.integers(0, 1),
        st.lists(st.sampled_from(["plain"] * 4 + [*_KINDS]), min_size=1, max_size=10),
    ),
    st.tuples(st.just("answer"), st.integers(0, 2), st.sampled_from([0, 0, 0x58, 0x45])),
    st.tuples(st.just("pass"), st.sampled_from([0.1, 0.5, 2.0]), st.none()),
)


@given(st.sampled_from(_SETTINGS), st.lists(steps, max_size=20))
def test_a_run_is_what_its_messages_are_one_by_one(setting: str, what: list[Any]) -> None:
    gates = [Runs(is_one_by_one, setting) for is_one_by_one in (True, False)]
    number, answered = 0, [0, 0, 0]
    for kind, at, more in what:
        frames = []
        for each in more if kind == "read" else ():
            number += 1
            frames.append(message(each, number))
        for gate in gates:
            if kind == "read":
                gate.reads(gate.esmes[at], frames)
            elif kind == "pass":
                gate.clock.advance(at)
            elif answered[at] < len(gate.links[at].requests):
                gate.answer(gate.links[at], more, b"id%d\0" % number, at=answered[at])
        if kind == "answer" and answered[at] < len(gates[0].links[at].requests):
            answered[at] += 1
        assert gates[0].seen == gates[1].seen


def test_what_is_over_the_window_is_refused() -> None:
    gate = Runs(False, "usual")
    gate.reads(gate.esmes[0], [message("plain", number) for number in range(1, 11)])
    assert said(gate.esmes[0]) == [(9, 0x58), (10, 0x58)]
    assert sum(len(link.requests) for link in gate.links) == 8


def test_a_message_of_a_run_does_not_overtake_those_that_wait() -> None:
    gate = Runs(False, "usual")
    gate.esmes[0].window = 20
    gate.reads(gate.esmes[0], [message("plain", number) for number in range(1, 13)])
    for link in gate.links:
        gate.answer(link, 0, b"id\0", at=0)
    gate.reads(gate.esmes[0], [message("plain", 13)])
    assert gate.router.statistics().waiting == 0
    assert sum(len(link.requests) for link in gate.links) == 13
