"""`Leases`: one node at a time has a queue, and the next has it in time."""

from __future__ import annotations

from smppgate.store.redis.leases import IDLE
from tests.store.redis.nodes import ONE, Site


def test_a_queue_without_messages_is_claimed_at_no_server() -> None:
    site = Site()
    heard = site.nodes[0].watching(rank=2)
    site.pass_by(2.0)
    assert heard.news() == ["emptied"]
    assert not site.redis.asked["claim"]
    site.put(site.nodes[1], ONE)
    site.pass_by(0.6)
    assert "granted with 1" in heard.news()


def test_one_that_can_send_asks_one_that_cannot_to_let_go() -> None:
    site = Site()
    first, _ = site.nodes
    heard, other = site.contend(0, 2)
    assert heard.news()[-2:] == ["granted with 1", "wanted"]
    first.queues.release(ONE)
    first.queues.claim(ONE, 0)
    site.pass_by(1.2)
    assert (heard.news(), other.news()[-1:]) == ([], ["granted with 1"])


def test_of_equal_ranks_the_first_that_asked_comes_first() -> None:
    site = Site(3)
    first, second, third = site.nodes
    first.watching(rank=2)
    site.put(first, ONE)
    heard, other = second.watching(rank=1), third.watching(rank=1)
    site.pass_by(1.2)
    first.queues.release(ONE)
    first.queues.claim(ONE, 1)
    site.pass_by(1.2)
    assert "granted with 1" in heard.news()
    assert "granted with 1" not in other.news()


def test_one_that_asks_no_longer_is_not_waited_for() -> None:
    site = Site(3)
    first, second, third = site.nodes
    first.watching(rank=2)
    site.put(first, ONE)
    second.watching(rank=1)
    heard = third.watching(rank=0)
    site.pass_by(1.2)
    second.queues.release(ONE)
    site.pass_by(0.1)
    first.queues.release(ONE)
    site.pass_by(1.2)
    assert "granted with 1" in heard.news()


def test_another_rank_holds_for_a_queue_that_is_had() -> None:
    site = Site()
    first, _ = site.nodes
    heard, _ = site.contend(2, 1)
    assert "wanted" not in heard.news()
    first.queues.claim(ONE, 0)
    site.pass_by(1.2)
    assert heard.news() == ["wanted"]


def test_the_queues_of_a_node_that_ends_are_had_within_five_seconds() -> None:
    site = Site()
    first, _ = site.nodes
    _, heard = site.contend(2, 2)
    site.pass_by(1.17)
    first.die()
    site.pass_by(3.8)
    assert "granted with 1" not in heard.news()
    site.pass_by(1.0)
    assert "granted with 1" in heard.news()


def test_a_node_that_is_cut_off_gives_up_before_another_can_have_it() -> None:
    site = Site()
    first, _ = site.nodes
    heard, other = site.contend(2, 2)
    site.pass_by(0.8)
    heard.news()
    first.server.cut()
    site.pass_by(3.4)
    assert heard.news() == []
    site.pass_by(0.7)
    assert (heard.news(), "granted with 1" in other.news()) == (["wanted"], False)
    site.pass_by(1.0)
    assert "granted with 1" in other.news()
    assert first.queues.lost == 1


def test_an_empty_queue_is_let_go_after_a_while() -> None:
    site = Site()
    first, _ = site.nodes
    heard = first.watching(rank=2)
    site.put(first, ONE)
    site.remove(first, *site.read(first))
    heard.news()
    site.pass_by(IDLE - 2.0)
    assert "wanted" not in heard.news()
    site.pass_by(3.0)
    assert heard.news() == ["wanted"]
    first.queues.release(ONE)
    first.queues.claim(ONE, 2)
    site.pass_by(2.0)
    assert (heard.news(), b"holder" in site.claim()) == ([], False)


def test_a_lease_that_no_replica_knows_of_is_not_had() -> None:
    """Another master would give it to another node."""
    site = Site(replicas=1, lag=0.2)
    first, _ = site.nodes
    heard = first.watching()
    site.put(first, ONE)
    heard.news()
    first.queues.claim(ONE, 2)
    site.pass_by(0.1)
    assert site.claim()[b"holder"] == first.name
    site.redis.failover()
    assert (heard.news(), b"holder" in site.claim()) == ([], False)


def test_without_a_replica_a_lease_is_had_at_the_next_look() -> None:
    """None is there that could take the master's place without knowing of it."""
    site = Site(replicas=1)
    first, _ = site.nodes
    heard = first.watching()
    site.put(first, ONE)
    site.redis.cut_replica()
    first.queues.claim(ONE, 2)
    site.pass_by(0.8)
    assert "granted with 1" in heard.news()
    site.pass_by(6.0)
    assert (heard.news(), site.claim()[b"holder"]) == ([], first.name)


def test_a_lease_is_let_go_when_what_was_removed_is_written() -> None:
    site = Site()
    first, second = site.nodes
    _, heard = site.contend(2, 2, count=2)
    messages = site.read(first)
    first.server.cut()
    first.queues.remove(ONE, [messages[0].number])
    first.queues.release(ONE)
    site.pass_by(0.5)
    first.server.heal()
    site.pass_by(1.5)
    assert "granted with 1" in heard.news()
    assert site.texts(second) == [2]


def test_it_ends_when_a_node_departs() -> None:
    site = Site()
    first, _ = site.nodes
    _, heard = site.contend(2, 0)
    first.queues.release(ONE)
    first.queues.stop()
    site.wait(first.presence.stop())
    site.pass_by(0.6)
    assert "granted with 1" in heard.news()


def test_a_full_server_lets_queues_be_sent_all_the_same() -> None:
    site = Site()
    first, _ = site.nodes
    _, heard = site.contend(2, 2, count=2)
    site.redis.refuse()
    site.pass_by(6.0)
    messages = site.read(first)
    site.remove(first, messages[0])
    first.queues.release(ONE)
    site.pass_by(1.2)
    assert "granted with 1" in heard.news()
