"""`RedisPlan`: what one seed decides of a Redis that the nodes of a world share."""

from __future__ import annotations

from random import Random

from attrs import evolve, fields, frozen

from tests.simulation.nodes.shared import SharedPlan
from tests.simulation.nodes.world import NodesPlan
from tests.store.redis.model import PATIENCE

KINDS = ("frozen", "down", "failover", "cut", "slow", "full", "replica")
"""What may happen to it, see `RedisTrouble`."""


@frozen
class RedisPlan:
    """One Redis.

    :param replicas: one that is waited for, or none.
    :param lag: seconds until it has what the master has.
    :param delay: seconds from a node to Redis, on the average.
    :param kinds: what happens to Redis, and ``rate`` how often a second.
    :param memory: how many return paths a node has in memory.
    :param crowd: other queues that have messages; with any, a look tells of one queue alone.
    """

    replicas: int
    lag: float
    delay: float
    kinds: tuple[str, ...]
    rate: float
    memory: int
    crowd: int = 0

    @property
    def longest(self) -> float:
        """Seconds that an answer waits for Redis at the most, whatever happens to it.

        What it waits behind the batch before counts too.
        """
        return PATIENCE + 0.1

    @classmethod
    def of(cls, draw: Random) -> RedisPlan:
        """The plan of a seed."""
        replicas = draw.choice((0, 1, 1))
        possible = KINDS if replicas else tuple(k for k in KINDS if k not in _OF_REPLICAS)
        kinds = draw.choice(((), (draw.choice(possible),), possible))
        return cls(
            replicas,
            draw.choice((0.001, 0.05, 0.15)),
            draw.choice((0.0003, 0.005)),
            kinds,
            draw.choice((0.2, 0.6)) if kinds else 0.0,
            draw.choice((8, 10_000)),
        )


_OF_REPLICAS = ("failover", "replica")


@frozen
class RedisNodesPlan(NodesPlan):
    """What one seed decides of a world whose nodes share a Redis.

    :param redis: that.
    """

    redis: RedisPlan = RedisPlan(0, 0.0, 0.0003, (), 0.0, 8)

    @classmethod
    def of(cls, seed: int) -> RedisNodesPlan:
        """The plan of a seed."""
        base = NodesPlan.of(seed)
        given = {it.name: getattr(base, it.name) for it in fields(NodesPlan)}
        draw = Random(f"{seed} plan of a redis")
        crowd = Random(f"{seed} crowd of queues").choice((0, 0, 3))
        redis = evolve(RedisPlan.of(draw), crowd=crowd)
        plan = cls(**{**given, "shared": None, "shares": False, "crashes": ()}, redis=redis)
        crashes = tuple(draw.uniform(1.5, 9.0) for _ in range(draw.choice((0, 1, 2))))
        if redis.kinds:
            # One thing after the other: wires are well while Redis is not, in most seeds.
            kinds = base.kinds if draw.random() < 0.3 else ()
            trouble = max(plan.trouble, 0.1)
            return evolve(plan, trouble=trouble, kinds=kinds, crashes=crashes)
        if draw.random() < 0.5:
            return evolve(plan._calm(), shared=SharedPlan.of(draw))
        return evolve(plan._calm(), crashes=crashes[:1])
