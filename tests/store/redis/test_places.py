"""Places and slots in Redis: over all nodes that live there are no more than the limit."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from smppgate.store import StoreError
from smppgate.store.redis.places import PIECE, RedisPlaces
from smppgate.store.redis.ports import Refused
from smppgate.store.redis.presence import Presence
from smppgate.store.redis.script import Script
from smppgate.store.redis.slots import Slots
from smppgate.txsmpp.clock import Clock
from tests.store.fakes import BEGUN, clock_at
from tests.store.redis.counting_nodes import NAMES, SETTLED, Node, Nodes
from tests.store.redis.model import OOM, ModelRedis, ModelServer


@pytest.fixture
def nodes() -> Nodes:
    """Two nodes that are known."""
    nodes = Nodes(2)
    nodes.wait(SETTLED)
    return nodes


def admitted(nodes: Nodes, node: Node, limit: int = 3, account: bytes = b"acme") -> bool:
    """Whether the node has got one more place."""
    answers = node.admit(account, limit)
    nodes.wait(0.1)
    (answer,) = answers
    return answer


def test_counts_the_sessions_of_all_nodes(nodes: Nodes) -> None:
    one, two = nodes.nodes
    assert [admitted(nodes, node) for node in (one, two, one, two)] == [True, True, True, False]
    assert admitted(nodes, two, account=b"bolt", limit=1)
    one.places.leave(b"acme")
    nodes.wait(0.1)
    assert [admitted(nodes, two) for _ in range(2)] == [True, False]


def test_admits_as_many_as_there_are_of_those_that_ask_at_once(nodes: Nodes) -> None:
    one, two = nodes.nodes
    asked = [node.admit(b"acme", 5) for node in (one, two, one, two, one, two, one)]
    nodes.wait(0.1)
    assert sum(answer for answers in asked for answer in answers) == 5


def test_many_accounts_are_told_in_pieces(nodes: Nodes) -> None:
    one, two = nodes.nodes
    names = [b"%d" % number for number in range(2 * PIECE + 1)]
    asked = [one.admit(name, 1) for name in names]
    nodes.wait(1.0)
    assert all(answers == [True] for answers in asked)
    nodes.redis.restart_empty()
    nodes.wait(1.0)
    refused = [two.admit(name, 1) for name in names]
    nodes.wait(SETTLED)
    assert all(answers == [False] for answers in refused)


def test_what_a_dead_node_had_is_free_within_5_seconds(nodes: Nodes) -> None:
    one, two = nodes.nodes
    assert admitted(nodes, one, 1)
    one.take_slot("alpha", 1)
    nodes.wait(0.1)
    nodes.die(one)
    assert not admitted(nodes, two, 1)
    nodes.wait(4.5)
    assert admitted(nodes, two, 1)
    slot = two.take_slot("alpha", 1)
    nodes.wait(0.1)
    assert slot == [True]


def test_tells_who_has_places_that_a_session_got_none(nodes: Nodes) -> None:
    one, two = nodes.nodes
    assert admitted(nodes, one, 1)
    assert not admitted(nodes, two, 1)
    nodes.wait(1.1)
    assert (one.full, two.full) == ([b"acme"], [])
    assert not admitted(nodes, one, 1)
    assert one.full[:2] == [b"acme", b"acme"]


def test_admits_nobody_before_all_have_told(nodes: Nodes) -> None:
    one, two = nodes.nodes
    assert admitted(nodes, one, 1)
    nodes.redis.restart_empty()
    nodes.wait(0.3)
    asked = two.admit(b"acme", 1)
    nodes.wait(1.0)
    assert asked == []
    nodes.wait(2.0)
    assert asked == [False]


def test_admits_by_its_own_count_where_the_server_is_not_up(nodes: Nodes) -> None:
    one, two = nodes.nodes
    assert admitted(nodes, one, 2)
    nodes.redis.freeze()
    asked = [two.admit(b"acme", 2) for _ in range(3)]
    nodes.wait(0.4)
    assert sorted(asked) == [[False], [True], [True]]
    assert two.admit(b"acme", 2) == [False]
    nodes.redis.thaw()
    nodes.wait(SETTLED)
    two.places.leave(b"acme")
    assert not admitted(nodes, two, 2)
    two.places.leave(b"acme")
    assert admitted(nodes, one, 2)


def test_admits_by_its_own_count_where_the_server_refuses(nodes: Nodes) -> None:
    one, _ = nodes.nodes
    nodes.redis.refuse(OOM)
    assert [admitted(nodes, one, 1) for _ in range(2)] == [True, False]


def test_waits_no_longer_where_the_server_refuses_its_looks(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = nodes.nodes
    run = one.server.run

    def refused(script: Script, *words: Any) -> Deferred[Any]:
        return fail(Refused("NOPERM")) if script.name == "look" else run(script, *words)

    monkeypatch.setattr(one.server, "run", refused)
    nodes.redis.restart_empty()
    nodes.wait(0.3)
    asked, slot = one.admit(b"acme", 1), one.take_slot("alpha", 1)
    nodes.wait(0.6)
    assert asked == [True]
    assert [isinstance(each, Failure) for each in slot] == [True]


def test_counts_all_nodes_without_replicas() -> None:
    nodes = Nodes(2, replicas=1)
    nodes.wait(SETTLED)
    nodes.redis.cut_replica()
    one, two = nodes.nodes
    asked = [node.admit(b"acme", 2) for node in (one, two, one, two)]
    nodes.wait(1.5)
    assert sum(answer for (answer,) in asked) == 2


def test_each_server_is_told_once_a_look_however_many_there_are() -> None:
    clock = clock_at(BEGUN)
    sites = [ModelRedis(clock.seconds) for _ in range(4)]
    ways = [(site, 0.001 + 0.03 * far) for far, site in enumerate(sites)]
    slots = Slots([ModelServer(site, clock, delay=partial(float, way)) for site, way in ways])
    looks = Presence(Clock.of(clock), slots, NAMES, b"n")
    RedisPlaces(slots, NAMES, b"n", looks)
    looks.start()
    clock.pump([0.05] * 100)
    assert all(it.asked["places"] <= it.asked["look"] for it in sites)
    assert all(it.asked["places"] > 5 for it in sites)


def test_a_slot_is_given_by_the_server_alone(nodes: Nodes) -> None:
    one, two = nodes.nodes
    slots = [node.take_slot("alpha", 1) for node in (one, two)]
    nodes.wait(0.1)
    assert sorted(map(str, slots)) == ["[False]", "[True]"]
    assert len(one.places) + len(two.places) == 1
    nodes.redis.freeze()
    failed: list[Any] = two.take_slot("beta", 1)
    nodes.wait(0.4)
    failed += two.take_slot("beta", 1)
    assert [each.check(StoreError) for each in failed if isinstance(each, Failure)] == [
        StoreError,
        StoreError,
    ]
    nodes.redis.thaw()
    nodes.wait(SETTLED)
    for node in (one, two):
        if len(node.places):
            node.places.give_slot("alpha")
    nodes.wait(0.1)
    again = two.take_slot("alpha", 1)
    nodes.wait(0.1)
    assert again == [True]


def test_an_account_and_an_smsc_of_one_name_are_two(nodes: Nodes) -> None:
    one, two = nodes.nodes
    assert admitted(nodes, one, 1, b"alpha")
    slot = one.take_slot("alpha", 1)
    nodes.wait(0.1)
    assert slot == [True]
    two.take_slot("alpha", 1)
    nodes.wait(1.1)
    assert one.full == []


def test_nothing_is_left_of_what_was_given_back(nodes: Nodes) -> None:
    one, _ = nodes.nodes
    assert admitted(nodes, one)
    one.places.leave(b"acme")
    nodes.wait(0.1)
    assert NAMES.places(b"acme") not in nodes.redis.contents()


def test_nothing_is_left_of_the_calls_of_nodes_that_live_no_longer(nodes: Nodes) -> None:
    _, two = nodes.nodes
    two.lease("smsc alpha", 1)
    nodes.wait(0.5)
    nodes.die(two)
    nodes.wait(5.0)
    nodes.join()
    nodes.wait(1.0)
    fields = nodes.redis.contents()[NAMES.places(b"")][0]
    assert set(fields) == {b"", b"n1", b"n3"}


def test_a_late_call_does_nothing(nodes: Nodes) -> None:
    one, two = nodes.nodes
    assert admitted(nodes, one, 1)
    # Another process of the same name has told more often.
    nodes.redis.call(b"HSET", NAMES.places(b""), b"n2", 1000)
    assert not admitted(nodes, two, 1)
    one.places.leave(b"acme")
    nodes.wait(0.1)
    assert admitted(nodes, two, 1)


def test_a_place_outlives_the_failover() -> None:
    nodes = Nodes(2, replicas=1, lag=0.1)
    nodes.wait(SETTLED)
    one, two = nodes.nodes
    asked = one.admit(b"acme", 1)
    while not asked:
        nodes.clock.advance(0.001)
    nodes.redis.failover()
    other = two.admit(b"acme", 1)
    nodes.wait(SETTLED)
    again = two.admit(b"acme", 1)
    nodes.wait(0.5)
    # It is admitted by the own count of its node, where that has not reached the server yet.
    assert (again, len(one.places)) == ([False], 1)
    assert len(two.places) == sum(other)


def test_a_place_is_not_given_again_after_a_failover_of_which_its_node_hears_last() -> None:
    nodes = Nodes(0, replicas=1, lag=0.1)
    near, far = nodes.join(), nodes.join(delay=0.05)
    nodes.wait(SETTLED)
    asked = far.admit(b"acme", 1)
    nodes.until(lambda: asked)
    nodes.fail_over(near)
    other = near.admit(b"acme", 1)
    nodes.until(lambda: other)
    assert (asked, other) == ([True], [False])


ACCOUNTS = [b"acme", b"bolt"]
LIMIT = 3
DELAYS = st.sampled_from([0.0005, 0.03])
LATER = st.floats(0.0, 1.0)


class Model(RuleBasedStateMachine):
    """Nodes come and die, the server fails in all ways: there are never more than the limit.

    Only what the server has given counts; a node whose places it does not know is not counted
    while it could not tell them.
    """

    @initialize(replicas=st.integers(0, 1), lag=st.sampled_from([0.0, 0.1]))
    def begin(self, replicas: int, lag: float) -> None:
        self.nodes = Nodes(2, replicas, lag)
        self.replicas = replicas
        self.given: dict[tuple[Node, bytes], int] = {}
        self.alone: set[bytes] = set()
        self.nodes.wait(SETTLED)

    @property
    def is_well(self) -> bool:
        redis = self.nodes.redis
        return not (redis.is_frozen or redis.is_down)

    @rule(index=st.integers(0, 9), account=st.sampled_from(ACCOUNTS))
    def admit(self, index: int, account: bytes) -> None:
        node = self._node(index)
        is_alone = not node.server.is_up

        def answered(has_place: bool) -> None:
            if has_place:
                self.given[node, account] = self.given.get((node, account), 0) + 1
                if is_alone or not node.server.is_up:
                    self.alone.add(account)

        node.places.admit(account, LIMIT).addCallback(answered)

    @rule(account=st.sampled_from(ACCOUNTS))
    def admit_everywhere(self, account: bytes) -> None:
        for index in range(len(self.nodes.nodes)):
            for _ in range(LIMIT):
                self.admit(index, account)

    @rule(index=st.integers(0, 9))
    def take_slot(self, index: int) -> None:
        node = self._node(index)

        def answered(has_slot: object) -> None:
            if has_slot is True:
                self.given[node, b""] = self.given.get((node, b""), 0) + 1

        node.places.take_slot("alpha", LIMIT).addBoth(answered)

    @rule(index=st.integers(0, 9), account=st.sampled_from([*ACCOUNTS, b""]))
    def leave(self, index: int, account: bytes) -> None:
        node = self._node(index)
        if self.given.get((node, account)):
            self.given[node, account] -= 1
            if account:
                node.places.leave(account)
            else:
                node.places.give_slot("alpha")

    @rule(seconds=st.sampled_from([0.02, 0.1, 0.3, 1.0, 3.0]))
    def wait(self, seconds: float) -> None:
        self.nodes.wait(seconds)

    @precondition(lambda self: len(self.nodes.nodes) < 4)
    @rule(delay=DELAYS)
    def join(self, delay: float) -> None:
        self.nodes.join(delay)

    @precondition(lambda self: len(self.nodes.nodes) > 1)
    @rule(index=st.integers(0, 9))
    def die(self, index: int) -> None:
        node = self._node(index)
        self.nodes.die(node)
        self.given = {key: count for key, count in self.given.items() if key[0] is not node}

    @precondition(lambda self: self.is_well)
    @rule(seconds=st.sampled_from([0.1, 0.4, 2.0, 10.0]), later=LATER)
    def freeze(self, seconds: float, later: float) -> None:
        self.nodes.redis.freeze()
        self.nodes.wait(seconds)
        self.nodes.redis.thaw()
        self._ask_again(later)

    @precondition(lambda self: self.is_well)
    @rule(later=LATER)
    def restart_empty(self, later: float) -> None:
        self.nodes.redis.restart_empty()
        self._ask_again(later)

    @precondition(lambda self: self.is_well and self.replicas)
    @rule(later=LATER)
    def fail_over(self, later: float) -> None:
        self.nodes.redis.failover()
        self._ask_again(later)

    def _ask_again(self, later: float) -> None:
        """When all are about to come back."""
        self.nodes.wait(later)
        for account in ACCOUNTS:
            self.admit_everywhere(account)
        self.nodes.wait(0.3)

    @invariant()
    def no_more_than_the_limit(self) -> None:
        if not hasattr(self, "nodes"):
            return
        for account in [*ACCOUNTS, b""]:
            count = sum(count for (_, name), count in self.given.items() if name == account)
            if count <= LIMIT:
                self.alone.discard(account)
            assert count <= LIMIT or account in self.alone

    def teardown(self) -> None:
        """All settles: the places are those that the nodes have, and no other."""
        if not hasattr(self, "nodes"):
            return
        self.nodes.wait(8.0)
        held = {node: node.places._held for node in self.nodes.nodes}
        for account, name in [*((each, each) for each in ACCOUNTS), (b"", b"\0alpha")]:
            for node in self.nodes.nodes:
                given = self.given.get((node, account), 0)
                assert held[node].get(name, 0) == given
            fields = self.nodes.redis.contents().get(NAMES.places(name))
            found = dict(fields[0]) if fields else {}
            for node in self.nodes.nodes:
                there = int(found.get(node.name.encode(), 0))
                assert there == held[node].get(name, 0)

    def _node(self, index: int) -> Node:
        return self.nodes.nodes[index % len(self.nodes.nodes)]


Model.TestCase.settings = settings(deadline=None, stateful_step_count=40)
test_model = Model.TestCase
