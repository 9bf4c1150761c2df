"""`Presence`: a node that lives says so, and is told what there is."""

from __future__ import annotations

import itertools

from smppgate.store.redis.ports import Server
from smppgate.store.redis.presence import Look, Whose
from tests.store.redis.nodes import NAMES, ONE, Site


def test_a_node_lives_as_long_as_it_looks() -> None:
    site = Site(1)
    (node,) = site.nodes
    key = NAMES.node(node.name)
    site.pass_by(20.0)
    assert site.redis.call(b"EXISTS", key)
    site.nodes[0].die()
    site.pass_by(3.9)
    assert site.redis.call(b"EXISTS", key)
    site.pass_by(0.7)
    assert not site.redis.call(b"EXISTS", key)


def test_it_looks_twice_a_second() -> None:
    site = Site(1)
    site.redis.asked.clear()
    site.pass_by(10.0)
    assert 18 <= site.redis.asked["look"] <= 21


def test_one_that_stops_lives_no_longer() -> None:
    site = Site(1)
    (node,) = site.nodes
    site.wait(node.presence.stop())
    assert not site.redis.call(b"EXISTS", NAMES.node(node.name))
    site.redis.asked.clear()
    site.pass_by(2.0)
    assert not site.redis.asked["look"]


def test_it_is_told_when_a_server_did_not_know_the_node() -> None:
    site = Site(1)
    told: list[bool] = []
    node = site.join()
    node.presence.follow(lambda _, is_new: told.append(is_new))
    site.pass_by(1.2)
    assert told == [True, False, False]
    site.redis.restart_empty()
    site.pass_by(0.8)
    assert told[3] is True
    assert not any(told[4:])


def test_a_server_that_answers_again_is_looked_at_at_once() -> None:
    site = Site(1)
    (node,) = site.nodes
    looks: list[float] = []
    turns: list[tuple[bool, float]] = []
    node.presence.follow_looks(lambda _, look: looks.append(look.sent))
    node.server.follow(lambda: turns.append((node.server.is_up, site.clock.seconds())))
    site.redis.freeze()
    site.pass_by(3.0)
    site.redis.thaw()
    site.pass_by(0.5)
    (is_up, at) = turns[-1]
    assert is_up
    assert looks[0] == at


def test_looks_that_are_not_answered_are_told_of() -> None:
    site = Site(1)
    (node,) = site.nodes
    missed: list[Server] = []
    node.presence.follow_missed(lambda server, _: missed.append(server))
    site.pass_by(1.0)
    assert not missed
    node.server.cut()
    site.pass_by(2.1)
    assert 3 <= len(missed) <= 5


def test_full_accounts_are_told_of_once_they_are_noted() -> None:
    site = Site(1)
    (node,) = site.nodes
    full: list[bytes] = []
    site.redis.call(b"ZADD", NAMES.full, round(1000 * site.clock.seconds()) - 60_000, b"old")
    node.presence.follow_full(full.append)
    site.pass_by(1.0)
    site.redis.call(b"ZADD", NAMES.full, round(1000 * site.clock.seconds()), ONE)
    site.pass_by(2.0)
    assert full == [ONE]
    assert site.redis.call(b"ZRANGE", NAMES.full, 0, -1) == [ONE]


def test_a_look_tells_whose_a_queue_is() -> None:
    site = Site()
    first, second = site.nodes
    looks: list[Look] = []
    second.presence.follow_looks(lambda _, look: looks.append(look))
    first.watching(rank=2)
    second.watching(rank=1)
    site.put(first, ONE, ONE)
    site.pass_by(1.2)
    seen = looks[-1].queues[ONE]
    assert (seen.count, seen.came, seen.whose, seen.rank) == (2, 2, Whose.ANOTHERS, 1)
    assert 3.9 < seen.rest <= 4.5


MANY = [b"queue %d" % number for number in range(20)]


def test_of_many_queues_each_look_tells_of_some_until_all_were_told_of() -> None:
    site = Site(1, most_queues=6)
    (node,) = site.nodes
    looks: list[Look] = []
    site.put(node, *MANY)
    node.presence.follow_looks(lambda _, look: looks.append(look))
    site.pass_by(8.0)
    ends = [at for at, look in enumerate(looks) if look.round is not None]
    assert [later - earlier for earlier, later in itertools.pairwise(ends)][:2] == [4, 4]
    first, second, *_ = ends
    told = [account for look in looks[first + 1 : second + 1] for account in look.queues]
    assert sorted(told) == sorted(MANY)
    ended = looks[second].round
    assert ended is not None
    assert (ended.serial, ended.accounts) == (looks[first + 1].serial, set(MANY))


def test_a_round_begins_anew_where_another_server_may_answer() -> None:
    """Where the first one would have gone on means nothing to it."""
    site = Site(1, replicas=1, most_queues=6)
    (node,) = site.nodes
    looks: list[Look] = []
    site.put(node, *MANY)
    site.pass_by(3.0)
    node.presence.follow_looks(lambda _, look: looks.append(look))
    while not looks or looks[-1].round is not None:
        site.pass_by(0.01)
    looks.clear()
    site.redis.failover()
    site.pass_by(3.0)
    assert [look.round is not None for look in looks[:4]] == [False, False, False, True]
    assert sorted(account for look in looks[:4] for account in look.queues) == sorted(MANY)
