"""Whatever fails, one thing at a time: no acknowledged message is lost, nodes send one at a time
and in order, the next goes on within five seconds, and what is sent twice is counted."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from smppgate.store import Enqueued, QueuedMessage
from smppgate.store.redis.presence import MOST_QUEUES
from tests.store.redis.drains import WINDOW, Drain
from tests.store.redis.nodes import NAMES, ONE, Site

NODES = 3


class World:
    """Nodes that drain one queue, and what must hold whatever happens to them.

    :param crowd: other queues that have messages; with any, a look tells of one queue alone.
    """

    def __init__(self, crowd: int = 0) -> None:
        most = 1 if crowd else MOST_QUEUES
        self.site = Site(0, replicas=1, lag=0.001, most_queues=most)
        self.round = 0.5 * (crowd + 1) if crowd else 0.0
        """Seconds in which looks tell of all queues, if it takes several."""
        self.drains: list[Drain] = []
        self.acknowledged: set[bytes] = set()
        self.sent: Counter[bytes] = Counter()
        self.last = 0
        """The highest number that was sent."""
        self.was_faulty = False
        self.excused = 0
        """Messages that may be sent once more: nothing could note that they were taken."""
        self.resumed = float("inf")
        """When the first message was sent since the last fault."""
        for _ in range(NODES):
            self.join()
        self.site.pass_by(0.1)
        for number in range(crowd):
            self.site.put(self.drains[0].node, b"other %d" % number, ttl=1e6)

    def join(self) -> None:
        self.drains.append(Drain(self.site, self.site.join(), self._sending))

    def _sending(self, drain: Drain, message: QueuedMessage) -> None:
        others = [it for it in self.drains if it is not drain and it.sends]
        assert not others, "two nodes send at once"
        if not self.sent[message.pdu]:
            assert message.number > self.last, "sent out of order"
            self.last = message.number
        self.sent[message.pdu] += 1
        self.resumed = min(self.resumed, self.site.clock.seconds())

    # What happens

    def put(self, which: int, count: int) -> None:
        drain = self.drains[which % len(self.drains)]
        for _ in range(count):
            self.site.sent += 1
            text = b"%d" % self.site.sent

            def told(outcome: Enqueued, text: bytes = text) -> None:
                if outcome is Enqueued.STORED:
                    self.acknowledged.add(text)

            drain.put(text, told)

    def bind(self, which: int, is_bound: bool) -> None:
        self.drains[which % len(self.drains)].bind(is_bound)

    def fault(self, kind: str, which: int, pause: float) -> None:
        """Something fails for a time, and all of it recovers."""
        self.was_faulty = True
        site, drain = self.site, self.drains[which % len(self.drains)]
        redis = site.redis
        self._put_all(2)
        site.pass_by(pause % 0.2)
        if kind == "kill":
            self._kill(drain)
        elif kind == "failover":
            redis.freeze()
            self.traffic(pause)
            redis.failover()
        elif kind == "crash":
            redis.failover()
        elif kind == "freeze":
            redis.freeze()
            self.traffic(pause)
            redis.thaw()
        elif kind == "cut":
            drain.node.server.cut()
            self.traffic(pause)
            drain.node.server.heal()
        elif kind == "alone":
            redis.cut_replica()
            self.traffic(pause)
            redis.join_replica(0.001)
        self.resumed, recovered = float("inf"), site.clock.seconds()
        self.traffic(6.0 + 2 * self.round)
        if any(it.is_bound for it in self.drains):
            assert self.resumed - recovered < 5.0 + 2 * self.round, "nobody goes on"

    def _kill(self, drain: Drain) -> None:
        """Another node takes its place."""
        self.drains.remove(drain)
        drain.die()
        # As many as are under way, and as many of which the removal was.
        self.excused += 2 * WINDOW + drain.node.queues.unremoved
        self.join()

    def _put_all(self, count: int) -> None:
        for which in range(NODES):
            self.put(which, count)

    def traffic(self, seconds: float) -> None:
        """Time passes, and messages come to all nodes."""
        for _ in range(max(1, round(seconds / 0.3))):
            self._put_all(1)
            self.site.pass_by(0.3)

    # What holds

    def end(self) -> None:
        """All is well for a time, and the ESME is bound everywhere."""
        for drain in self.drains:
            drain.bind(True)
        self.site.pass_by(12.0 + 2 * self.round)
        missing = self.acknowledged - self.sent.keys()
        assert not missing, f"lost: {sorted(missing)}"
        assert not self.site.redis.call(b"XLEN", NAMES.messages(ONE)), "some are not sent"
        assert not any(drain.is_filled for drain in self.drains), "believed to be filled"
        excused = self.excused + sum(it.node.queues.unremoved for it in self.drains)
        assert sum(count - 1 for count in self.sent.values()) <= excused, "sent twice"
        if not self.was_faulty:
            assert set(self.sent.values()) <= {1}, "sent twice"
            assert not any(drain.missing for drain in self.drains), "counted and not found"


STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, NODES - 1), st.integers(1, 20)),
    st.tuples(st.just("pass"), st.floats(0.0, 3.0)),
    st.tuples(st.just("bind"), st.integers(0, NODES - 1), st.booleans()),
)
CROWDS = st.sampled_from([0, 0, 3])
KINDS = ("kill", "failover", "crash", "freeze", "cut", "alone")
FAULTS = st.tuples(
    st.just("fault"), st.sampled_from(KINDS), st.integers(0, NODES - 1), st.floats(0.1, 7.0)
)


def run(world: World, steps: list[tuple[object, ...]]) -> None:
    for name, *values in steps:
        if name == "pass":
            world.site.pass_by(*values)  # type: ignore[arg-type]
        else:
            getattr(world, str(name))(*values)
    world.end()


@settings(max_examples=30, deadline=None)
@given(crowd=CROWDS, steps=st.lists(STEPS, max_size=12))
def test_without_faults_each_message_is_sent_once(
    crowd: int, steps: list[tuple[object, ...]]
) -> None:
    run(World(crowd), steps)


@settings(max_examples=80, deadline=None)
@given(crowd=CROWDS, steps=st.lists(st.one_of(STEPS, FAULTS), min_size=2, max_size=8))
def test_no_fault_loses_a_message(crowd: int, steps: list[tuple[object, ...]]) -> None:
    run(World(crowd), steps)
