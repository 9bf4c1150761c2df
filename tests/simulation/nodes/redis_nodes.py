"""`RedisWorld`: gates that share a Redis, to which things happen, for one seed.

All that a world of nodes holds goes on to hold (`NodesWorld`). Besides:

- While Redis does not answer, an ESME has the answer to a message when the patience is over.
- A queue is never sent from at two nodes.
- What Redis had not confirmed it has in the end.
- A return path of which an ESME knows is found as long as it lives: receipts come late, too,
  after nodes and masters were lost.
"""

from __future__ import annotations

from random import Random
from typing import Any

from smppgate.gate.queue.claims import QueueClaims
from smppgate.notices.messages import ORPHANS
from smppgate.notices.redis import (
    PATHS_UNCONFIRMED,
    REDIS_LACKS_REPLICAS,
    REDIS_REFUSES,
    REDIS_UNREACHED,
)
from smppgate.notices.store import STORE_FAILS
from smppgate.workers.places import Places
from tests.simulation.nodes.models import QUEUED, Message
from tests.simulation.nodes.redis_plan import RedisNodesPlan
from tests.simulation.nodes.redis_sharing import PREFIX, RedisSharing, RedisTrouble
from tests.simulation.nodes.shared import Shared, SharedPlan
from tests.simulation.nodes.world import NodesPlan, NodesWorld

LOOKED = 5
"""Turns from one look at the queues to the next."""

EXPECTED = {
    notice.code
    for notice in (
        REDIS_UNREACHED,
        REDIS_LACKS_REPLICAS,
        REDIS_REFUSES,
        PATHS_UNCONFIRMED,
        STORE_FAILS,
    )
}


class RedisShared(Shared):
    """Places and rates that the nodes have together by Redis."""

    world: RedisWorld

    def check_places(self) -> None:
        """See `Shared.check_places`; Redis counts them."""
        bound = self._bound()
        for account, count in bound.items():
            key = f"{PREFIX}b:{account}".encode()
            words = self.world.redis_sharing.redis.call(b"HGETALL", key)
            taken = sum(map(int, words[1::2]))
            if taken != count:
                self.world.violated(f"{taken} places of {account} are taken, of {count} sessions")


class RedisWorld(NodesWorld):
    """One world."""

    of_store = 'kind = "redis"\nurl = "redis://10.8.0.1"\n'
    # Nodes are killed, and begin anew: in other notations a lost id may be another message's.
    of_smsc = 'receipt_ids = "same"\n'

    plan: RedisNodesPlan

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.trouble = RedisTrouble(self, self.redis_sharing, self._chance())

    def run(self) -> None:
        """See `NodesWorld.run`."""
        try:
            super().run()
        finally:
            self.redis_sharing.close()

    def _planned(self, seed: int) -> NodesPlan:
        return RedisNodesPlan.of(seed)

    def _made_sharing(self) -> Any:
        chance: Random = self._chance()
        self.redis_sharing = RedisSharing(self, self.plan.redis, chance)
        return self.redis_sharing

    def _begin(self) -> None:
        if self.plan.redis.kinds:
            self._errors.expected |= EXPECTED
        if self.plan.redis.crowd:
            self._errors.expected.add(ORPHANS.code)
        super()._begin()
        self.trouble.start(self.plan.redis.rate, self.plan.redis.kinds)

    def _calm(self) -> None:
        super()._calm()
        self.trouble.calm()

    def _made_shared(self, plan: SharedPlan | None) -> Shared | None:
        return RedisShared(self, plan, Places()) if plan is not None else None

    # Rules

    def took(self, message: Message, delay: float) -> None:
        """See `NodesWorld.took`. Some receipts come long after the answer."""
        message.answered_at = self.clock.now + delay
        super().took(message, delay)

    def _receipt_pause(self, delay: float) -> float:
        return self._draw.choice((-delay, 0.0, 0.01, 0.5, 4.0))

    def given(self, message: Message) -> None:
        """See `NodesWorld.given`."""
        super().given(message)
        took = self.clock.now - message.answered_at
        weather = self.plan.weather
        longest = self.plan.redis.longest + 20 * (weather.latency + weather.jitter)
        if not self.plan.kinds and took > longest:
            self.violated(f"<m{message.label}> is answered {took:.3f} s after its SMSC has")

    def _stop(self) -> None:
        for name, store in self.redis_sharing.stores.items():
            left = store.statistics().paths_on_disk
            if left:
                self.violated(f"{name} has not passed {left} return paths on")
        super()._stop()

    def _look(self) -> None:
        super()._look()
        if self.turns % LOOKED == 0:
            self._check_senders()

    def _check_senders(self) -> None:
        senders = [node.name for node in self.nodes.values() if node.is_up and _sends(node)]
        if len(senders) > 1:
            self.violated(f"{senders} send from the queue of {QUEUED}")


def _sends(node: Any) -> bool:
    """Whether a node takes the queue for its own, and was not told to let it go."""
    claims: QueueClaims = node.gateway.router.queues._claims
    claim = claims._claims.get(QUEUED.encode())
    return claim is not None and claim._is_held and not claim._is_leaving
