"""What breaks. Each is a generator: it breaks something, yields seconds, and mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from benchmarks.cluster.cluster import Cluster

Course = Callable[[Cluster], Iterator[float]]

_AWAY_SECONDS = 10.0
"""Until what was killed is started again."""

_CUT_SECONDS = 20.0
_DRAIN_SECONDS = 0.7
"""After which the node is killed that brings a queue: not all of it has come by then."""


@frozen
class Fault:
    """One of them.

    :ivar text: what happens; ``needs_redis``: whether it is for nodes that share a Redis.
    """

    name: str
    text: str
    course: Course
    needs_redis: bool = False


def _node_killed(cluster: Cluster) -> Iterator[float]:
    node = cluster.nodes[0]
    node.kill()
    yield _AWAY_SECONDS
    node.start()


def _disk_lost(cluster: Cluster) -> Iterator[float]:
    node = cluster.nodes[0]
    node.kill()
    node.lose_disk()
    yield _AWAY_SECONDS
    node.start()


def _redis_killed(cluster: Cluster) -> Iterator[float]:
    master = cluster.redis.master
    master.kill()
    # Not before the replica is the master: one that is back at once has lost nothing.
    yield 2 * _AWAY_SECONDS
    cluster.redis.start_again(master)


def _redis_frozen(seconds: float) -> Course:
    def course(cluster: Cluster) -> Iterator[float]:
        master = cluster.redis.master
        master.freeze()
        yield seconds
        master.thaw()

    return course


def _redis_away(cluster: Cluster) -> Iterator[float]:
    for server in cluster.redis.servers:
        server.freeze()
    yield 30.0
    for server in cluster.redis.servers:
        server.thaw()


def _partition(cluster: Cluster) -> Iterator[float]:
    cluster.between.freeze()
    yield _CUT_SECONDS
    cluster.between.thaw()


def _queue(cluster: Cluster) -> Iterator[float]:
    node, absent = cluster.nodes[1], cluster.absent
    absent.port, absent.is_wanted = node.port, True
    yield _DRAIN_SECONDS
    node.kill()
    absent.port = cluster.front
    yield _AWAY_SECONDS
    node.start()


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("node", "kill -9 of node a, which starts again on its disk", _node_killed),
        Fault("disk", "kill -9 of node a, and its disk is lost", _disk_lost, needs_redis=True),
        Fault("redis", "kill -9 of the master of Redis", _redis_killed, needs_redis=True),
        Fault("freeze-2", "the master frozen for 2 s", _redis_frozen(2.0), needs_redis=True),
        Fault("freeze-30", "the master frozen for 30 s", _redis_frozen(30.0), needs_redis=True),
        Fault("away-30", "master and replica frozen for 30 s", _redis_away, needs_redis=True),
        Fault("partition", "nothing passes between nodes a and b for 20 s", _partition),
        Fault("queue", "kill -9 of the node that brings an ESME its queue", _queue),
    )
}
