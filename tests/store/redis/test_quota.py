"""Parts of limits in Redis: never more than the whole together, and divided fairly."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smppgate.store.interface import LEAST_PART, WHOLE
from smppgate.store.redis.quota import MOST_NODES, PIECE, fair_part
from smppgate.workers.shares import Shares
from tests.store.redis.counting_nodes import NAMES, SETTLED, Node, Nodes

ALL = WHOLE - MOST_NODES * LEAST_PART
"""What is divided among those that use a limit."""


@pytest.fixture
def nodes() -> Nodes:
    """Three nodes that are known."""
    nodes = Nodes(3)
    nodes.wait(SETTLED)
    return nodes


def parts(nodes: Nodes, name: str = "smsc alpha") -> list[int]:
    """The part that each node uses."""
    return [node.parts.get(name, 0) for node in nodes.nodes]


def pass_by_within_the_whole(nodes: Nodes) -> None:
    """Let all settle, at no moment of which they have more than the whole together."""
    for _ in range(200):
        nodes.wait(0.02)
        assert sum(parts(nodes)) <= WHOLE


def by_master(wishes: list[int]) -> list[int]:
    """How the master of workers divides it."""
    shares, found = Shares(), [0] * len(wishes)
    for index, wish in enumerate(wishes):
        shares.join(index, lambda told, index=index: found.__setitem__(index, told["it"]))  # type: ignore[misc]
        shares.lease(index, {"it": wish})
    return found


def test_one_that_is_alone_has_almost_all(nodes: Nodes) -> None:
    nodes.nodes[0].lease("smsc alpha", 1)
    nodes.wait(0.5)
    assert parts(nodes) == [ALL + LEAST_PART, 0, 0]


@pytest.mark.parametrize(
    "wishes",
    [
        [WHOLE, WHOLE, WHOLE],
        [100_000, WHOLE, WHOLE],
        [1, 50_000, 200_000],
        [1, 1, 1],
        [WHOLE, 1, 400_000],
    ],
)
def test_divides_as_the_master_of_workers_does(nodes: Nodes, wishes: list[int]) -> None:
    for node, wish in zip(nodes.nodes, wishes, strict=True):
        node.lease("smsc alpha", wish)
    nodes.wait(3.0)
    for part, other in zip(parts(nodes), by_master(wishes), strict=True):
        assert abs(part - other) <= 2


def test_a_part_is_taken_away_only_when_others_need_it(nodes: Nodes) -> None:
    one, two, _ = nodes.nodes
    one.lease("smsc alpha", WHOLE)
    two.lease("smsc alpha", 1)
    nodes.wait(2.0)
    before = parts(nodes)
    one.lease("smsc alpha", 1)
    nodes.wait(2.0)
    assert parts(nodes) == before
    two.lease("smsc alpha", 600_000)
    nodes.wait(1.0)
    assert parts(nodes)[1] > 600_000


def test_who_uses_it_no_more_leaves_it_to_the_others(nodes: Nodes) -> None:
    one, two, _ = nodes.nodes
    for node in (one, two):
        node.lease("smsc alpha", WHOLE)
    nodes.wait(2.0)
    one.lease("smsc alpha", 0)
    nodes.wait(1.0)
    assert parts(nodes) == [0, ALL + LEAST_PART, 0]
    one.lease("smsc alpha", 1)
    assert one.parts == {"smsc alpha": LEAST_PART}
    nodes.wait(1.0)
    two.lease("smsc alpha", 0)
    one.lease("smsc alpha", 0)
    nodes.wait(1.0)
    assert NAMES.limit(b"smsc alpha") not in nodes.redis.contents()


def test_what_a_dead_node_had_is_there_for_others_within_5_seconds(nodes: Nodes) -> None:
    one, two, _ = nodes.nodes
    for node in (one, two):
        node.lease("smsc alpha", WHOLE)
    nodes.wait(2.0)
    nodes.die(one)
    nodes.wait(5.0)
    assert parts(nodes) == [ALL + LEAST_PART, 0]


def test_each_goes_on_with_what_it_has_where_the_server_is_frozen(nodes: Nodes) -> None:
    for node, wish in zip(nodes.nodes, (WHOLE, 1, 300_000), strict=True):
        node.lease("smsc alpha", wish)
    nodes.wait(2.0)
    before = parts(nodes)
    for seconds in (2.0, 30.0):
        nodes.redis.freeze()
        nodes.wait(seconds)
        assert parts(nodes) == before
        nodes.redis.thaw()
        nodes.wait(5.0)
        assert parts(nodes) == before


def test_divides_without_replicas() -> None:
    nodes = Nodes(2, replicas=1)
    nodes.wait(SETTLED)
    nodes.redis.cut_replica()
    for node in nodes.nodes:
        node.lease("smsc alpha", WHOLE)
    nodes.wait(5.0)
    assert parts(nodes) == [ALL // 2 + LEAST_PART] * 2


def test_a_part_outlives_a_failover_of_which_its_node_hears_last() -> None:
    nodes = Nodes(0, replicas=1, lag=0.1)
    near, far = nodes.join(), nodes.join(delay=0.05)
    nodes.wait(SETTLED)
    far.lease("smsc alpha", WHOLE)
    nodes.until(lambda: far.parts["smsc alpha"] > LEAST_PART)
    nodes.fail_over(near)
    near.lease("smsc alpha", WHOLE)
    for _ in range(2000):
        nodes.clock.advance(0.001)
        assert sum(parts(nodes)) <= WHOLE
    assert parts(nodes) == [ALL // 2 + LEAST_PART] * 2


def test_nothing_is_asked_where_nothing_is_limited(nodes: Nodes) -> None:
    assert nodes.redis.asked["share"] == 0


def test_limits_of_which_nothing_is_new_are_told_of_seldom(nodes: Nodes) -> None:
    one, two, _ = nodes.nodes
    names = [f"account {number}" for number in range(2 * PIECE + 50)]
    for node in (one, two):
        for name in names:
            node.lease(name, 1)
    nodes.wait(10.0)
    assert all(one.parts[name] == ALL // 2 + LEAST_PART for name in names)
    two.lease("account 7", WHOLE)
    nodes.wait(1.0)
    assert two.parts["account 7"] > WHOLE * 0.9


def test_nobody_gets_what_another_one_does_not_know_yet_to_be_gone() -> None:
    """Its answer takes longer than that of the other."""
    nodes = Nodes(1)
    far, near = nodes.nodes[0], nodes.join(delay=0.001)
    nodes.die(far)
    far = nodes.join(delay=0.11)
    nodes.wait(8.0)
    far.lease("smsc alpha", WHOLE)
    nodes.wait(3.0)
    near.lease("smsc alpha", WHOLE)
    pass_by_within_the_whole(nodes)
    assert parts(nodes) == [ALL // 2 + LEAST_PART] * 2


@pytest.mark.parametrize("again", [1.9, 2.1, 2.4])
@pytest.mark.parametrize("pause", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("frozen", [2.0, 4.4, 10.0])
def test_a_server_that_is_frozen_again_while_nodes_tell_gives_nothing_away(
    frozen: float, pause: float, again: float
) -> None:
    """The one node has reached it in between, the other has not."""
    nodes = Nodes(1)
    near, far = nodes.nodes[0], nodes.join(delay=0.03)
    nodes.wait(SETTLED)
    far.lease("smsc alpha", WHOLE)
    nodes.wait(1.0)
    near.lease("smsc alpha", 1)
    nodes.wait(1.0)
    for seconds in (frozen, again):
        nodes.redis.freeze()
        nodes.wait(seconds)
        nodes.redis.thaw()
        nodes.wait(pause)
    near.lease("smsc alpha", WHOLE)
    pass_by_within_the_whole(nodes)
    assert parts(nodes) == [ALL // 2 + LEAST_PART] * 2


def test_a_late_call_does_nothing(nodes: Nodes) -> None:
    one, two, _ = nodes.nodes
    one.lease("smsc alpha", WHOLE)
    nodes.wait(1.0)
    # Another process of the same name has told more often.
    nodes.redis.call(b"HSET", NAMES.places(b""), b"\0n1", 1000)
    two.lease("smsc alpha", WHOLE)
    nodes.wait(3.0)
    assert parts(nodes) == [ALL // 2 + LEAST_PART] * 2 + [0]


def test_nodes_that_begin_without_the_server_have_the_whole_together() -> None:
    """As after a loss of power, when Redis takes longer than they do."""
    nodes = Nodes(0)
    nodes.redis.stop()
    for _ in range(3):
        nodes.join().quota.share_among(3)
    nodes.wait(0.5)
    for node in nodes.nodes:
        node.lease("smsc alpha", WHOLE)
    nodes.wait(0.2)
    assert parts(nodes) == [fair_part(3)] * 3
    assert WHOLE - 3 * MOST_NODES * LEAST_PART < sum(parts(nodes)) <= WHOLE
    nodes.redis.start()
    pass_by_within_the_whole(nodes)
    assert parts(nodes) == [ALL // 3 + LEAST_PART] * 3


def test_one_that_begins_without_the_server_uses_a_fair_part_and_no_more() -> None:
    nodes = Nodes(2)
    one, two = nodes.nodes
    two.quota.share_among(2)
    nodes.wait(SETTLED)
    one.lease("smsc alpha", WHOLE)
    nodes.wait(1.0)
    nodes.redis.freeze()
    nodes.wait(1.0)
    two.lease("smsc alpha", WHOLE)
    nodes.wait(5.0)
    assert parts(nodes) == [ALL + LEAST_PART, fair_part(2)]
    nodes.redis.thaw()
    nodes.until(lambda: one.server.is_up and two.server.is_up)
    nodes.wait(0.5)
    pass_by_within_the_whole(nodes)
    assert parts(nodes) == [ALL // 2 + LEAST_PART] * 2


def test_what_was_told_holds_while_the_server_is_away() -> None:
    """The least part too: the others have the rest."""
    nodes = Nodes(2)
    one, two = nodes.nodes
    two.quota.share_among(2)
    nodes.wait(SETTLED)
    one.lease("smsc alpha", WHOLE)
    nodes.wait(1.0)
    one.server.cut()
    two.lease("smsc alpha", WHOLE)
    nodes.wait(1.0)
    assert two.parts == {"smsc alpha": LEAST_PART}
    nodes.redis.freeze()
    nodes.wait(2.0)
    assert two.parts == {"smsc alpha": LEAST_PART}


def test_nodes_that_are_not_known_to_each_other_have_the_least_part() -> None:
    nodes = Nodes(0)
    nodes.redis.stop()
    node = nodes.join()
    nodes.wait(0.5)
    node.lease("smsc alpha", WHOLE)
    nodes.wait(1.0)
    assert node.parts == {"smsc alpha": LEAST_PART}
    node.quota.share_among(1)
    node.lease("smsc beta", WHOLE)
    nodes.wait(0.2)
    assert node.parts["smsc beta"] == ALL + LEAST_PART


LIMITS = ["smsc alpha", "account acme"]

MOST = 4
"""Nodes of the model at one time."""


class Model(RuleBasedStateMachine):
    """Nodes come and die, the server fails in all ways: the parts are never more than the whole.

    Nodes that do not use a limit use `LEAST_PART` of it all the same.
    """

    @initialize(replicas=st.integers(0, 1), lag=st.sampled_from([0.0, 0.1]))
    def begin(self, replicas: int, lag: float) -> None:
        self.nodes = Nodes(2, replicas, lag)
        for node in self.nodes.nodes:
            self._known(node)
        self.replicas = replicas
        self.nodes.wait(SETTLED)

    @rule(
        index=st.integers(0, 9),
        name=st.sampled_from(LIMITS),
        wish=st.sampled_from([0, 1, 1, 100_000, 400_000, 700_000, WHOLE]),
    )
    def lease(self, index: int, name: str, wish: int) -> None:
        self._node(index).lease(name, wish)

    @rule(seconds=st.sampled_from([0.02, 0.1, 0.3, 1.0, 3.0]))
    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.nodes.wait(0.02)
            self.no_more_than_the_whole()

    @precondition(lambda self: len(self.nodes.nodes) < MOST)
    @rule(delay=st.sampled_from([0.0005, 0.03]))
    def join(self, delay: float) -> None:
        self._known(self.nodes.join(delay))

    @precondition(lambda self: len(self.nodes.nodes) > 1)
    @rule(index=st.integers(0, 9))
    def die(self, index: int) -> None:
        self.nodes.die(self._node(index))

    @rule(seconds=st.sampled_from([0.1, 0.4, 2.0, 10.0]))
    def freeze(self, seconds: float) -> None:
        self.nodes.redis.freeze()
        self.wait(seconds)
        self.nodes.redis.thaw()

    @precondition(lambda self: len(self.nodes.nodes) < MOST)
    @rule(name=st.sampled_from(LIMITS), seconds=st.sampled_from([0.4, 2.0, 10.0]))
    def begin_while_frozen(self, name: str, seconds: float) -> None:
        """A node comes, and another limit is used, while nothing can be told."""
        self.nodes.redis.freeze()
        self.wait(0.4)
        new = self.nodes.join()
        self._known(new)
        for node in (new, self.nodes.nodes[0]):
            node.lease(name, WHOLE)
        self.wait(seconds)
        self.nodes.redis.thaw()

    @rule()
    def restart_empty(self) -> None:
        self.nodes.redis.restart_empty()

    @precondition(lambda self: self.replicas)
    @rule()
    def fail_over(self) -> None:
        self.nodes.redis.failover()

    @invariant()
    def no_more_than_the_whole(self) -> None:
        if not hasattr(self, "nodes"):
            return
        for name in LIMITS:
            used = [node.parts.get(name, LEAST_PART) for node in self.nodes.nodes]
            others = (MOST_NODES - len(used)) * LEAST_PART
            alone = sum(name in node.alone for node in self.nodes.nodes) * fair_part(MOST)
            assert sum(used) + others <= WHOLE + alone

    def teardown(self) -> None:
        """All settles: the parts are those that the master of workers would give."""
        if not hasattr(self, "nodes"):
            return
        self.wait(9.0)
        for name in LIMITS:
            users = [node for node in self.nodes.nodes if name in node.parts]
            for node in users:
                node.lease(name, WHOLE)
        self.wait(3.0)
        for name in LIMITS:
            users = [node for node in self.nodes.nodes if name in node.parts]
            for node in users:
                assert abs(node.parts[name] - (ALL // len(users) + LEAST_PART)) <= 2

    def _known(self, node: Node) -> None:
        node.quota.share_among(MOST)

    def _node(self, index: int) -> Node:
        return self.nodes.nodes[index % len(self.nodes.nodes)]


Model.TestCase.settings = settings(deadline=None, stateful_step_count=40)
test_model = Model.TestCase
