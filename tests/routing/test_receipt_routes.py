"""Receipt routes are bounded and expire, and weigh nothing on the cycle collector."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from smppgate.routing.receipt_routes import SEGMENTS, ReceiptRoutes

LIFETIME = 10.0
# Seconds after which a route is gone, and a little for what floats make of them.
LONGEST = LIFETIME * (1 + 1 / SEGMENTS) + 1e-6
IDS = st.sampled_from([b"", *(b"id-%d" % number for number in range(12))])

needs_untracked_dicts = pytest.mark.skipif(
    gc.is_tracked({b"key": 1}), reason="this Python tracks every dict"
)


def test_what_was_remembered_is_found() -> None:
    routes = ReceiptRoutes(10, LIFETIME)
    routes.remember(b"id-1", 7, 0.0)
    assert routes.find(b"id-1", 0.0) == 7
    assert routes.find(b"id-2", 0.0) is None


def test_an_id_that_is_used_again_leads_to_the_later_message() -> None:
    """Also when the earlier one is in the older table."""
    routes = ReceiptRoutes(4, LIFETIME)
    for message_id in (b"id-1", b"id-2", b"id-3"):
        routes.remember(message_id, 1, 0.0)
    routes.remember(b"id-1", 2, 0.0)
    assert routes.find(b"id-1", 0.0) == 2


def test_finding_a_route_does_not_end_it() -> None:
    """An intermediate notification comes before the receipt."""
    routes = ReceiptRoutes(10, LIFETIME)
    routes.remember(b"id-1", 7, 0.0)
    assert [routes.find(b"id-1", 1.0) for _ in range(3)] == [7, 7, 7]


@given(st.integers(1, 9), st.lists(st.integers(0, 40), max_size=60))
def test_there_are_never_more_than_the_limit(limit: int, ids: list[int]) -> None:
    routes = ReceiptRoutes(limit, LIFETIME)
    for message_id in ids:
        routes.remember(b"%d" % message_id, 1, 0.0)
        assert len(routes) <= limit
        assert routes.find(b"%d" % message_id, 0.0) == 1


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 63, 64, 65, 127, 128, 1000, 6400])
def test_at_the_limit_the_newest_stay(limit: int) -> None:
    """All but two of 64 parts of the limit at the least."""
    routes = ReceiptRoutes(limit, LIFETIME)
    kept = limit - 2 * (limit // SEGMENTS)
    for number in range(limit * 3):
        routes.remember(b"%d" % number, number, 0.0)
        assert routes.find(b"%d" % number, 0.0) == number
        oldest = max(0, number + 1 - kept)
        assert routes.find(b"%d" % oldest, 0.0) == oldest


@pytest.mark.parametrize("started", [0.0, 1_800_000_000.0])
def test_a_route_is_kept_for_its_lifetime_and_not_for_long_after(started: float) -> None:
    routes = ReceiptRoutes(10, LIFETIME)
    routes.remember(b"id-1", 7, started)
    assert routes.find(b"id-1", started + LIFETIME) == 7
    assert routes.find(b"id-1", started + LONGEST) is None


@pytest.mark.parametrize("others", [1, 63, 200, 3000])
def test_a_route_is_kept_for_its_lifetime_while_others_come(others: int) -> None:
    """So many, evenly: there is room for all of them."""
    routes = ReceiptRoutes(6400, LIFETIME)
    step = LIFETIME / others
    for number in range(others * 3):
        now = 1000.0 + number * step
        routes.remember(b"%d" % number, number, now)
        oldest = max(0, number + 1 - others)
        assert routes.find(b"%d" % oldest, now) == oldest


def test_a_burst_ends_no_route_while_there_is_room() -> None:
    """A tenth of the limit over a lifetime, then half of it at once."""
    routes = ReceiptRoutes(6400, LIFETIME)
    for number in range(640):
        routes.remember(b"%d" % number, number, number * LIFETIME / 640)
    for number in range(640, 3840):
        routes.remember(b"%d" % number, number, LIFETIME)
    assert routes.find(b"10", LIFETIME) == 10


def test_a_route_ends_though_nothing_else_comes() -> None:
    """Or the id, used again by the SMSC meanwhile, would lead to the wrong ESME."""
    routes = ReceiptRoutes(10, LIFETIME)
    routes.remember(b"id-1", 7, 100.0)
    assert routes.find(b"id-1", 100.0 + 1000 * LIFETIME) is None


def test_routes_of_long_ago_are_gone_with_the_next_one() -> None:
    """Not only not found: their memory is free again."""
    routes = ReceiptRoutes(1000, LIFETIME)
    for number in range(100):
        routes.remember(b"%d" % number, 1, 0.0)
    routes.remember(b"id-1", 1, 5 * LIFETIME)
    assert len(routes) == 1


class Routes(RuleBasedStateMachine):
    """Against a list of all that was ever remembered, with time going on between."""

    @initialize(limit=st.integers(1, 200))
    def make(self, limit: int) -> None:
        self.limit = limit
        self.routes = ReceiptRoutes(limit, LIFETIME)
        self.now = 1000.0
        self.told: list[tuple[bytes, int, float]] = []

    @rule(seconds=st.floats(0.0, 3 * LIFETIME))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(message_id=IDS, address=st.integers(0, 2**70))
    def remember(self, message_id: bytes, address: int) -> None:
        self.routes.remember(message_id, address, self.now)
        self.told.append((message_id, address, self.now))

    @rule(first=st.integers(0, 500), count=st.integers(1, 100))
    def remember_many(self, first: int, count: int) -> None:
        for number in range(first, first + count):
            self.remember(b"%d" % number, number)

    @rule(message_id=IDS)
    def find(self, message_id: bytes) -> None:
        found = self.routes.find(message_id, self.now)
        latest = next((told for told in reversed(self.told) if told[0] == message_id), None)
        if found is not None:
            assert latest is not None
            assert found == latest[1]
            assert self.now - latest[2] <= LONGEST
        elif latest is not None:
            since = len(self.told) - self.told.index(latest)
            kept = self.limit - 2 * (self.limit // SEGMENTS)
            assert since > kept or self.now - latest[2] >= LIFETIME - 1e-6

    @invariant()
    def is_bounded(self) -> None:
        if hasattr(self, "routes"):
            assert len(self.routes) <= self.limit


TestRoutes = Routes.TestCase


def _filled() -> ReceiptRoutes:
    """Several tables with routes of large addresses."""
    routes = ReceiptRoutes(100, LIFETIME)
    for number in range(80):
        routes.remember(b"id-%d" % number, number << 40 | 1, 0.0)
    return routes


@needs_untracked_dicts
def test_the_cycle_collector_passes_the_tables_over() -> None:
    """A million routes would otherwise be walked through by each of its long runs."""
    routes = _filled()
    gc.collect()
    tables = [segment.routes for segment in routes._segments]
    assert sum(map(len, tables)) == 80
    assert not any(map(gc.is_tracked, tables))


def test_routes_are_nothing_that_the_cycle_collector_follows() -> None:
    """Keys are octets and values integers in every Python."""
    for segment in _filled()._segments:
        assert {(type(k), type(v)) for k, v in segment.routes.items()} == {(bytes, int)}
