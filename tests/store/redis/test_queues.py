"""`RedisQueues`: what one node puts in the others hear of, and one at a time has a queue."""

from __future__ import annotations

from smppgate.store import Enqueued
from tests.store.fakes import BEGUN
from tests.store.redis.nodes import ONE, Site


def test_messages_are_read_in_the_order_in_which_they_came() -> None:
    site = Site()
    first, second = site.nodes
    assert site.put(first, ONE, ONE, b"two") == [Enqueued.STORED] * 3
    assert site.put(second, ONE) == [Enqueued.STORED]
    assert site.texts(second) == [1, 2, 4]
    messages = site.read(first)
    assert [it.number for it in messages] == sorted({it.number for it in messages})
    assert messages[0].expires == BEGUN + 0.1 + 1000.0
    some = site.wait(first.queues.queued(ONE, messages[0].number, 1))
    assert some == messages[1:2]


def test_what_a_node_puts_in_the_others_hear_of() -> None:
    site = Site(3)
    heard = [node.watching() for node in site.nodes]
    assert [it.news() for it in heard] == [["emptied"]] * 3
    site.put(site.nodes[0], ONE, ONE)
    site.pass_by(0.6)
    assert [it.news() for it in heard] == [[], ["2 came"], ["2 came"]]
    site.put(site.nodes[1], ONE)
    site.put(site.nodes[0], ONE)
    site.pass_by(0.6)
    counts = [sum(int(line.split()[0]) for line in it.news()) for it in heard]
    assert counts == [1, 1, 2]


def test_all_hear_when_a_queue_is_empty() -> None:
    site = Site()
    first, second = site.nodes
    heard, other = first.watching(), second.watching()
    site.put(first, ONE)
    site.pass_by(0.6)
    other.news()
    site.remove(first, *site.read(first))
    site.pass_by(0.6)
    assert (heard.news()[-1:], other.news()) == (["emptied"], ["emptied"])


def test_a_full_queue_takes_no_more_from_any_node() -> None:
    site = Site()
    first, second = site.nodes
    assert site.put(first, ONE, ONE, limit=2) == [Enqueued.STORED] * 2
    assert site.put(second, ONE, b"two", limit=2) == [Enqueued.FULL, Enqueued.STORED]


def test_a_lease_comes_with_the_number_of_messages() -> None:
    site = Site()
    first, second = site.nodes
    heard = first.watching(rank=2)
    site.put(first, ONE, ONE, ONE)
    assert heard.news() == ["emptied", "granted with 3"]
    other = second.watching(rank=2)
    site.pass_by(1.0)
    assert other.news() == ["emptied", "3 came"]
    site.remove(first, *site.read(first)[:1])
    first.queues.release(ONE)
    site.pass_by(0.6)
    assert (heard.news(), other.news()) == ([], ["granted with 2"])
