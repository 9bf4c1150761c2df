"""`RedisQueues`: what one node puts in the others hear of, and one at a time has a queue."""

from __future__ import annotations

import pytest

from smppgate.store import Enqueued, NewMessage, StoreError
from smppgate.store.redis.presence import Presence
from smppgate.store.redis.queues import RedisQueues
from smppgate.store.redis.slots import Slots
from smppgate.txsmpp.clock import Clock
from tests.store.fakes import BEGUN, clock_at, result_of
from tests.store.redis.model import ModelRedis, ModelServer
from tests.store.redis.nodes import NAMES, ONE, Site


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


def test_what_is_put_in_while_a_lease_is_asked_for_is_counted_once() -> None:
    site = Site()
    first, second = site.nodes
    heard = second.watching()
    site.put(first, ONE)
    site.pass_by(0.6)
    heard.news()
    expires = site.clock.seconds() + 100.0
    second.queues.claim(ONE, 2)
    site.clock.advance(0)
    second.queues.enqueue([NewMessage(ONE, b"2", expires), NewMessage(ONE, b"3", expires)])
    site.pass_by(0.3)
    # The gate does not count what it puts in before it has the queue.
    assert heard.news() == ["granted with 3"]


def test_a_node_does_not_read_what_it_was_not_told_of() -> None:
    """It would count it when it is told."""
    site = Site()
    first, second = site.nodes
    heard = first.watching(rank=2)
    site.put(first, ONE)
    looks: list[float] = []
    first.presence.follow_looks(lambda _, look: looks.append(look.sent))
    while not looks:
        site.pass_by(0.01)
    heard.news()
    second.queues.enqueue([NewMessage(ONE, b"2", site.clock.seconds() + 9.0)])
    assert site.wait(second.queues.queued(ONE, 0, 100), 0.1)[1].pdu == b"2"
    assert [it.pdu for it in site.wait(first.queues.queued(ONE, 0, 100), 0.1)] == [b"1"]
    assert heard.news() == []
    site.pass_by(0.6)
    assert heard.news() == ["1 came"]
    assert site.texts(first) == [1, 2]


def test_removed_messages_are_not_read_though_they_are_there_yet() -> None:
    site = Site()
    first, _ = site.nodes
    first.watching(rank=2)
    site.put(first, ONE, ONE, ONE)
    messages = site.read(first)
    reading = first.queues.queued(ONE, 0, 100)
    first.queues.remove(ONE, [messages[1].number])
    assert [it.pdu for it in site.wait(reading)] == [b"1", b"3"]
    assert site.texts(first) == [1, 3]


def test_a_removal_is_tried_until_it_is_written() -> None:
    site = Site(replicas=1)
    first, second = site.nodes
    first.watching(rank=2)
    site.put(first, ONE, ONE)
    messages = site.read(first)
    site.redis.freeze()
    removing = first.queues.remove(ONE, [messages[0].number])
    site.wait(removing)
    first.queues.remove(ONE, [messages[1].number])
    site.redis.failover()
    assert site.redis.call(b"XLEN", NAMES.messages(ONE)) == 2
    site.pass_by(1.0)
    assert site.wait(second.queues.queue_sizes()) == {}
    assert first.queues.unremoved == 0


def test_what_another_node_has_by_then_is_not_removed() -> None:
    site = Site()
    first, second = site.nodes
    _, heard = site.contend(2, 2, count=2)
    messages = site.read(first)
    first.server.cut()
    first.queues.remove(ONE, [it.number for it in messages])
    site.pass_by(6.0)
    assert "granted with 2" in heard.news()
    first.server.heal()
    site.pass_by(1.5)
    assert site.texts(second) == [1, 2]
    assert (first.queues.unremoved, second.queues.unremoved) == (2, 0)


def test_nothing_is_read_from_a_server_that_may_have_lost_some() -> None:
    site = Site(replicas=1)
    first, _ = site.nodes
    heard = first.watching(rank=2)
    site.put(first, ONE)
    heard.news()
    site.redis.failover()
    site.clock.advance(0.3)
    with pytest.raises(StoreError):
        result_of(first.queues.queued(ONE, 0, 10))
    site.pass_by(1.0)
    assert heard.news() == ["wanted"]
    first.queues.release(ONE)
    first.queues.claim(ONE, 2)
    site.pass_by(0.6)
    assert heard.news() == ["granted with 1"]
    assert site.texts(first) == [1]


def test_messages_that_cannot_be_stored_fail_at_once() -> None:
    site = Site()
    first, _ = site.nodes
    site.redis.refuse()
    assert site.put(first, ONE) == [Enqueued.FAILED]
    assert first.queues.doubtful == 0
    site.redis.refuse("")
    site.redis.freeze()
    assert site.put(first, ONE) == [Enqueued.FAILED]
    assert first.queues.doubtful == 1
    expires = site.clock.seconds() + 100.0
    assert result_of(first.queues.enqueue([NewMessage(ONE, b"x", expires)])) == [Enqueued.FAILED]


def test_without_a_server_queues_are_believed_to_be_empty() -> None:
    """Messages are forwarded all the same."""
    site = Site(0)
    site.redis.freeze()
    node = site.join()
    heard = node.watching(rank=2)
    site.pass_by(0.5)
    assert heard.news() == ["emptied"]


def test_messages_expire_and_the_node_that_has_the_queue_is_told() -> None:
    site = Site()
    first, second = site.nodes
    second.watching(rank=2)
    site.put(second, ONE, ttl=3.0)
    site.put(second, ONE)
    site.put(first, b"nobody's", ttl=3.0)
    site.pass_by(4.0)
    assert [it.pdu for _, it in second.expired if _ == ONE] == [b"1"]
    assert [name for name, _ in first.expired + second.expired].count(b"nobody's") == 1
    assert not [name for name, _ in first.expired if name == ONE]
    assert site.texts(second) == [2]


def test_sizes_and_ends_are_of_what_has_not_expired() -> None:
    site = Site(2)
    first, _ = site.nodes
    first.presence.stop()
    site.nodes[1].presence.stop()
    site.put(first, ONE, ttl=1.0)
    site.put(first, ONE, b"two", ttl=50.0)
    site.pass_by(1.0)
    assert site.wait(first.queues.queue_sizes()) == {ONE: 1, b"two": 1}
    ends = site.wait(first.queues.queue_ends())
    assert set(ends) == {ONE, b"two"}
    assert all(abs(end - BEGUN - 50.4) < 0.05 for end in ends.values())
    site.redis.freeze()
    with pytest.raises(StoreError):
        site.wait(first.queues.queue_sizes())


def test_many_messages_go_in_order_and_in_pieces() -> None:
    site = Site()
    first, _ = site.nodes
    expires = site.clock.seconds() + 100.0
    new = [NewMessage(ONE, b"%d" % at, expires) for at in range(1200)]
    assert site.wait(first.queues.enqueue(new)) == [Enqueued.STORED] * 1200
    assert site.redis.asked["enqueue"] == 3
    found = site.wait(first.queues.queued(ONE, 0, 2000))
    assert [it.pdu for it in found] == [it.pdu for it in new]


def test_one_of_several_servers_fails_alone() -> None:
    clock = clock_at(BEGUN)
    redis = [ModelRedis(clock.seconds) for _ in range(2)]
    servers = [ModelServer(it, clock) for it in redis]
    slots = Slots(servers)
    presence = Presence(Clock.of(clock), slots, NAMES, b"node")
    queues = RedisQueues(Clock.of(clock), slots, NAMES, presence)
    presence.start()
    names = [b"%d" % at for at in range(8)]
    here = [name for name in names if slots.of(name) is servers[0]]
    assert 0 < len(here) < len(names)
    clock.pump([0.01] * 10)
    redis[0].freeze()
    new = [NewMessage(name, name, BEGUN + 100.0) for name in names]
    putting, sizes = queues.enqueue(new), queues.queue_sizes()
    clock.pump([0.01] * 30)
    stored: list[Enqueued] = result_of(putting)
    assert stored == [Enqueued.FAILED if it in here else Enqueued.STORED for it in names]
    with pytest.raises(StoreError):
        result_of(sizes)
    redis[0].thaw()
    clock.pump([0.01] * 100)
    # What was on its way came late: its senders were told that it failed.
    sizes = queues.queue_sizes()
    clock.pump([0.01] * 10)
    assert result_of(sizes) == dict.fromkeys(names, 1)
    assert (queues.doubtful, queues.count) == (len(here), 8)
    queues.stop()
    presence.stop()
    for server in servers:
        server.close()
    assert not clock.getDelayedCalls()


MANY = [b"queue %d" % number for number in range(30)]


def test_of_many_queues_all_is_heard_some_looks_later() -> None:
    """What comes, what goes, and who may send: four looks tell of all."""
    site = Site(2, most_queues=8)
    first, second = site.nodes
    heard = {account: second.watching(account, rank=1) for account in MANY}
    site.pass_by(0.6)
    assert all(it.news() == ["emptied"] for it in heard.values())
    site.put(first, *MANY, *MANY)
    site.pass_by(3.0)
    assert all(it.news()[-1] == "granted with 2" for it in heard.values())
    assert second.queues.count == first.queues.count == 60
    site.put(first, *MANY)
    site.pass_by(2.6)
    assert all(it.news() == ["1 came"] for it in heard.values())
    for account in MANY:
        messages = site.wait(second.queues.queued(account, 0, 100), 0.05)
        second.queues.remove(account, [it.number for it in messages])
    site.pass_by(5.1)
    assert [it.news() for it in heard.values()] == [["emptied"]] * 30
    assert second.queues.count == first.queues.count == 0


def test_a_queue_is_not_believed_to_be_empty_before_all_were_told_of() -> None:
    site = Site(1, most_queues=8)
    site.put(site.nodes[0], *MANY)
    node = site.join()
    # Behind the first look.
    site.pass_by(0.1)
    heard = [node.watching(account) for account in MANY]
    nothing = node.watching(b"nothing")
    site.pass_by(1.2)
    assert not any("emptied" in it.heard for it in heard)
    assert nothing.heard == []
    site.pass_by(1.5)
    assert [it.news() for it in heard] == [["1 came"]] * 30
    assert nothing.heard == ["emptied"]


def test_what_this_node_puts_in_behind_a_look_is_known_to_be_there() -> None:
    """A round that has begun before tells of it, or does not."""
    site = Site(1, most_queues=8)
    (node,) = site.nodes
    site.put(node, *MANY)
    site.pass_by(3.0)
    for number in range(12):
        account = b"new %d" % number
        heard = node.watching(account)
        site.put(node, account)
        site.pass_by(0.5)
        site.put(node, account)
        for _ in range(60):
            site.pass_by(0.05)
            assert node.queues._watches.has_messages(account)
        assert heard.heard == ["emptied"]
