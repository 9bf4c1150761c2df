"""A redis-server with thousands of queues that have messages: no look takes it long."""

from __future__ import annotations

import pytest

from smppgate.store.redis.presence import MOST_QUEUES, Look, Presence
from smppgate.store.redis.slots import Slots
from smppgate.txsmpp.clock import Clock
from tests.store.redis.nodes import NAMES
from tests.store.redis.real import RealRedis
from tests.store.redis.scripts_of_tests import script
from tests.store.redis.test_server import opened

pytestmark = pytest.mark.thorough

COUNT = 5000
FILL = script(
    b"for at = 1, ARGV[1] do "
    b"redis.call('SADD', KEYS[1], at) "
    b"redis.call('XADD', ARGV[2] .. at, '1-0', 'm', 'pdu', 'x', 1) "
    b"end"
)


def test_looks_share_them() -> None:
    with RealRedis() as redis, opened(redis) as node:
        redis.call("EVAL", FILL.text, 1, NAMES.queues, COUNT, NAMES.messages(b""))
        presence = Presence(Clock.of(node.it.reactor), Slots([node.server]), NAMES, b"node")
        looks: list[Look] = []
        presence.follow_looks(lambda _, look: looks.append(look))
        presence.start()
        node.it.until(lambda: looks and looks[-1].round is not None)
        node.it.wait(presence.stop())
        assert all(len(look.queues) < 1.1 * MOST_QUEUES for look in looks)
        told = {account for look in looks for account in look.queues}
        assert told == {b"%d" % at for at in range(1, COUNT + 1)}
        assert looks[-1].round is not None
        assert looks[-1].round.accounts == told
        assert node.server.is_up
