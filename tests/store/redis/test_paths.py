"""What becomes of return paths while servers answer, fail, and come back."""

from __future__ import annotations

import errno
from functools import partial
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import formatEvent
from zope.interface.verify import verifyObject

from smppgate.notices.redis import REDIS_REFUSES
from smppgate.store.interface import KEEP_DEADLINE, IReturnPaths
from smppgate.store.records import Durability, Found, Limits, StoreError
from smppgate.store.redis.names import Names
from smppgate.store.redis.paths import RedisPaths
from smppgate.store.redis.server_paths import MOST_ENDS
from smppgate.store.redis.slots import Slots
from smppgate.txsmpp.clock import Clock
from tests.store.fakes import InlineWorker, logged, result_of
from tests.store.redis.model import PATIENCE
from tests.store.redis.path_box import LIFETIME, PathBox, keys_for, values

A, B = b"a", b"b"


def _fell(box: PathBox) -> None:
    """The server is known not to answer."""
    box.redis[0].freeze()
    box.keep(b"first", b"")
    box.pass_time(PATIENCE + 0.02)
    assert not box.servers[0].is_up


def _risen(box: PathBox) -> None:
    box.redis[0].thaw()
    box.pass_time(3)
    assert box.servers[0].is_up


def test_it_provides_the_interface() -> None:
    assert verifyObject(IReturnPaths, PathBox().paths)


def test_what_is_kept_is_found_at_once_and_confirmed_later() -> None:
    box = PathBox()
    done = box.keep(A, b"1")
    assert (box.paths.recent(A), done.called) == (b"1", False)
    box.wait(done)
    assert box.stored(A) == b"1"
    assert box.paths.statistics().unconfirmed == 0
    assert not any(folder.sizes() for folder in box.folders.values())


def test_what_another_node_has_just_kept_is_told_when_its_answer_has_left() -> None:
    """Until then a receipt would come before the id that it is about."""
    box = PathBox(answered=0.5)
    box.kept({A: b"1"})
    box.restart()
    finding = box.paths.find([A])
    box.pass_time(0.4)
    assert not finding.called
    box.pass_time(0.2)
    assert result_of(finding).paths == {A: b"1"}
    assert box.find(B) == Found({})


def test_a_stop_waits_for_no_answer_of_another_node() -> None:
    box = PathBox(answered=0.5)
    box.kept({A: b"1"})
    box.restart()
    finding = box.paths.find([A])
    box.pass_time(0.1)
    box.close()
    assert result_of(finding).paths == {A: b"1"}
    assert box.clock.getDelayedCalls() == []


def test_another_node_finds_it() -> None:
    box = PathBox()
    box.kept({A: b"1", B: b""})
    box.restart()
    assert box.paths.recent(A) is None
    found = box.find(A, B, b"c")
    assert (dict(found.paths), found.is_complete) == ({A: b"1", B: b""}, True)


def test_it_expires() -> None:
    box = PathBox()
    box.kept({A: b"1"})
    box.clock.advance(LIFETIME + 1)
    box.restart()
    assert not box.find(A).paths


@pytest.mark.parametrize("count", [1, 3])
def test_nothing_is_kept_that_is_no_octets(count: int) -> None:
    box = PathBox(count)
    for wrong in ({A: b"1", b"c": "text"}, {A: b"1", "text": b""}):
        with pytest.raises(TypeError):
            box.paths.keep(wrong)  # type: ignore[arg-type]
    box.pass_time()
    assert (box.paths.recent(A), box.stored(A)) == (None, None)


def test_nothing_to_keep_has_been_kept() -> None:
    assert result_of(PathBox().paths.keep({})) is None


# Ends


def test_an_end_goes_with_the_next_batch_or_soon() -> None:
    box = PathBox()
    box.kept({A: b"1", B: b"2"})
    asked = box.redis[0].asked["keep"]
    box.paths.end([A], 10.0)
    box.kept({b"c": b""})
    box.paths.end([B], 10.0)
    box.pass_time(9)
    assert (box.stored(A), box.stored(B)) == (b"1", b"2")
    assert box.redis[0].asked["keep"] == asked + 2
    box.pass_time(3)
    assert (box.stored(A), box.stored(B)) == (None, None)
    assert not box.find(A, B).paths


def test_ends_that_wait_are_bounded() -> None:
    box = PathBox()
    box.paths.end([b"%d" % number for number in range(MOST_ENDS)], 10.0)
    assert box.paths.statistics().unsaved == MOST_ENDS
    box.clock.advance(0.05)
    assert box.redis[0].asked["keep"] == 1


def test_the_earlier_of_two_ends_counts() -> None:
    box = PathBox()
    box.kept({A: b"1"})
    box.paths.end([A], 5.0)
    box.paths.end([A], 500.0)
    box.pass_time(8)
    assert box.stored(A) is None


@pytest.mark.parametrize("pause", [0.0, 1.0])
def test_what_is_kept_anew_does_not_end(pause: float) -> None:
    box = PathBox()
    box.kept({A: b"1"})
    box.paths.end([A], 5.0)
    box.pass_time(pause)
    box.kept({A: b"2"})
    box.pass_time(10)
    assert box.find(A).paths == {A: b"2"}
    assert box.stored(A) == b"2"


# A server that does not answer


def test_what_is_not_confirmed_in_time_goes_into_segments_and_its_answer_goes_out() -> None:
    box = PathBox()
    box.redis[0].freeze()
    done = box.keep(A, b"1")
    box.clock.advance(PATIENCE - 0.01)
    assert not done.called
    box.clock.advance(0.02)
    assert result_of(done) is None
    # From now on nothing is waited for.
    assert box.keep(B, b"2").called
    assert (box.waiting, box.paths.statistics().unconfirmed) == (2, 2)
    box.forget_recent()
    found = box.find(A, B, b"unknown")
    assert (dict(found.paths), found.is_complete) == ({A: b"1", B: b"2"}, False)


def test_segments_fit_into_the_room_of_their_server(tmp_path: Path) -> None:
    """Of a little room for many servers each has several segments: whole ones are forgotten."""
    box = PathBox(count=16)
    limits = Limits(return_paths_disk=16 << 20)
    paths = RedisPaths(
        Clock.of(box.clock),
        Slots(box.servers),
        Names(b"t:"),
        tmp_path,
        box.workers,
        box.faults,
        limits,
    )
    sizes = paths._settings(tmp_path).sizes
    assert 8 * sizes.segment <= limits.return_paths_disk / 16


def test_a_server_that_refuses_is_a_fault_until_it_does_not() -> None:
    box = PathBox()
    box.redis[0].refuse()
    with logged() as events:
        box.kept({A: b"1"})
    (line,) = map(formatEvent, events)
    assert line.startswith(REDIS_REFUSES.code)
    assert "keeping return paths in redis-1 is refused by Redis: OOM" in line
    assert "keeping return paths" in str(box.faults)
    box.pass_time(1.1)
    assert "passing return paths on" in str(box.faults)
    assert box.waiting == 1
    box.redis[0].refuse("")
    box.kept({B: b"2"})
    box.pass_time(2)
    assert (str(box.faults), box.waiting, box.stored(A)) == ("", 0, b"1")


def test_all_of_it_is_passed_on_when_the_server_answers_again() -> None:
    box = PathBox()
    _fell(box)
    paths = values(b"%d" % number for number in range(200))
    for key, value in paths.items():
        assert box.keep(key, value).called
    assert len(box.folders["redis-1"].sizes()) > 3
    _risen(box)
    assert all(box.stored(key) == value for key, value in paths.items())
    assert box.waiting == 0
    assert not box.folders["redis-1"].sizes()
    assert box.find(*paths).paths == paths


def test_also_after_a_kill() -> None:
    box = PathBox()
    _fell(box)
    box.keep(A, b"1")
    box.paths.end([B], 5.0)
    box.pass_time(1)
    box.redis[0].thaw()
    box.redis[0].call(b"SET", b"t:p:b", b"\0\0\0\0\0\1" + b"2")
    box.kill()
    box.pass_time(2)
    assert (box.stored(A), box.stored(B), box.waiting) == (b"1", b"2", 0)
    box.pass_time(5)
    assert box.stored(B) is None


def test_what_is_kept_after_a_restart_is_newer_though_the_clock_was_set_back() -> None:
    box = PathBox()
    _fell(box)
    box.keep(A, b"old")
    box.clock.rightNow -= 1000
    box.kill()
    box.redis[0].freeze()
    box.wait(box.keep(A, b"new"))
    _risen(box)
    assert (box.stored(A), box.waiting) == (b"new", 0)


def test_what_is_passed_on_expires_when_it_would_have() -> None:
    box = PathBox()
    _fell(box)
    box.keep(A, b"1")
    box.pass_time(100)
    _risen(box)
    left = box.redis[0].call(b"PTTL", b"t:p:a")
    assert LIFETIME - 105 < left / 1000 < LIFETIME - 100


def test_what_has_expired_is_not_passed_on() -> None:
    box = PathBox()
    _fell(box)
    box.keep(A, b"1")
    box.clock.advance(LIFETIME + 1)
    _risen(box)
    assert (box.stored(A), box.waiting) == (None, 0)


def test_an_older_value_does_not_take_the_place_of_a_newer_one() -> None:
    """Kept anew before the older one was passed on, here and by another node."""
    box = PathBox()
    _fell(box)
    box.keep(A, b"old")
    box.keep(B, b"old")
    box.redis[0].refuse()
    box.redis[0].thaw()
    box.pass_time(2)
    assert box.waiting
    stamp = int((box.clock.seconds() + 1) * 64_000).to_bytes(6, "big")
    box.redis[0].refuse("")
    box.redis[0].call(b"SET", b"t:p:b", stamp + b"new")
    box.kept({A: b"new"})
    assert box.stored(A) == b"new"
    box.pass_time(2)
    assert (box.waiting, box.stored(A), box.stored(B)) == (0, b"new", b"new")


def test_a_newer_value_that_waits_wins_over_the_servers() -> None:
    box = PathBox()
    box.kept({A: b"old"})
    box.redis[0].refuse()
    box.kept({A: b"new"})
    box.forget_recent()
    assert box.find(A).paths == {A: b"new"}


def test_an_end_of_what_waits_is_not_lost() -> None:
    """Though the server is up, and has been told of it: the return path comes after that."""
    box = PathBox()
    _fell(box)
    box.keep(A, b"1")
    box.redis[0].refuse()
    box.redis[0].thaw()
    box.pass_time(2)
    box.paths.end([A], 3.0)
    box.pass_time(1)
    box.redis[0].refuse("")
    box.pass_time(1.5)
    assert box.stored(A) == b"1"
    box.pass_time(3)
    assert (box.stored(A), box.waiting) == (None, 0)
    assert not box.find(A).paths


def test_an_end_behind_a_batch_that_is_refused_is_not_lost() -> None:
    """It is sent before that fails, and done: a server without room lets return paths end."""
    box = PathBox()
    box.redis[0].refuse()
    box.keep(A, b"1")
    box.paths.end([A, *(b"%d" % number for number in range(MOST_ENDS))], 3.0)
    box.pass_time(1)
    assert box.waiting
    box.redis[0].refuse("")
    box.pass_time(5)
    assert (box.stored(A), box.waiting) == (None, 0)


def test_an_end_that_waits_is_not_of_what_is_kept_anew() -> None:
    box = PathBox()
    box.kept({A: b"old"})
    _fell(box)
    box.paths.end([A], 30.0)
    box.pass_time(1)
    _risen_refusing(box)
    box.redis[0].refuse("")
    box.kept({A: b"new"})
    box.pass_time(40)
    assert (box.stored(A), box.waiting) == (b"new", 0)
    assert box.find(A).paths == {A: b"new"}


def _risen_refusing(box: PathBox) -> None:
    box.redis[0].refuse()
    box.redis[0].thaw()
    box.pass_time(0.5)


def test_what_a_late_server_has_done_all_the_same_does_no_harm() -> None:
    box = PathBox()
    box.redis[0].freeze()
    box.keep(A, b"1")
    box.pass_time(PATIENCE + 0.02)
    box.paths.end([A], 2.0)
    box.pass_time(0.5)
    _risen(box)
    assert (box.stored(A), box.waiting) == (None, 0)


def test_passing_on_goes_on_where_the_server_went_down() -> None:
    box = PathBox()
    _fell(box)
    paths = values(b"%d" % number for number in range(300))
    for key, value in paths.items():
        box.keep(key, value)
    box.redis[0].thaw()
    while not box.redis[0].asked["replay"]:
        box.clock.advance(0.001)
    box.redis[0].freeze()
    box.pass_time(5)
    assert 0 < box.waiting <= 300
    assert box.keep(b"more", b"").called
    _risen(box)
    assert box.waiting == 0
    assert all(box.stored(key) == value for key, value in paths.items())


def test_a_kill_while_it_is_passed_on_loses_nothing() -> None:
    box = PathBox()
    _fell(box)
    paths = values(b"%d" % number for number in range(300))
    for key, value in paths.items():
        box.keep(key, value)
    box.redis[0].thaw()
    while box.redis[0].asked["replay"] < 3:
        box.clock.advance(0.001)
    box.kill()
    assert box.find(*paths).paths == paths
    box.pass_time(3)
    assert box.waiting == 0
    assert all(box.stored(key) == value for key, value in paths.items())


def test_what_was_passed_on_is_not_found_here_after_it_has_ended_elsewhere() -> None:
    box = PathBox()
    _fell(box)
    box.keep(A, b"1")
    _risen(box)
    box.redis[0].call(b"DEL", b"t:p:a")
    box.forget_recent()
    found = box.find(A)
    assert (dict(found.paths), found.is_complete) == ({}, True)


# Several servers


def test_a_server_that_is_down_does_not_hold_up_the_others() -> None:
    box = PathBox(2)
    mine, others = values(keys_for(box, 0, 5)), values(keys_for(box, 1, 5))
    for redis in box.redis:
        redis.freeze()
    box.wait(box.paths.keep(mine | others))
    box.redis[1].thaw()
    box.pass_time(3)
    assert all(box.stored(key) == value for key, value in others.items())
    assert not any(map(box.stored, mine))
    assert box.waiting == len(mine)
    box.kept(others)
    assert box.paths.statistics().unconfirmed == len(mine | others)
    box.forget_recent()
    found = box.find(*mine, *others)
    assert (dict(found.paths), found.is_complete) == (mine | others, False)
    assert box.find(*others).is_complete
    box.redis[0].thaw()
    box.pass_time(3)
    assert box.waiting == 0
    assert all(box.stored(key) == value for key, value in mine.items())


def test_what_waits_goes_to_its_server_where_there_are_fewer_by_now() -> None:
    box = PathBox(2)
    paths = values(keys_for(box, 1, 5))
    box.redis[1].freeze()
    box.wait(box.paths.keep(paths))
    box.restart(1)
    assert box.find(*paths).paths == paths
    box.pass_time(3)
    assert box.waiting == 0
    assert all(box.stored(key) == value for key, value in paths.items())


# The disk


def test_an_answer_goes_out_though_neither_the_server_nor_the_disk_has_it() -> None:
    box = PathBox()
    _fell(box)
    folder = box.folders["redis-1"]
    folder.fault = OSError(errno.ENOSPC, "a test says that the disk is full")
    assert box.keep(A, b"1").called
    assert "the disk is full" in str(box.faults)
    assert box.find(A).paths == {A: b"1"}
    folder.fault = None
    box.pass_time(70)
    _risen(box)
    assert (str(box.faults), box.stored(A), box.waiting) == ("", b"1", 0)


def test_a_disk_that_takes_long_holds_no_answer_up() -> None:
    box = PathBox(durability=Durability.DISK)
    log = box.workers.log
    assert isinstance(log, InlineWorker)
    log.holds = True
    box.redis[0].freeze()
    began = box.clock.seconds()
    box.wait(box.keep(A, b"1"))
    assert PATIENCE <= box.clock.seconds() - began <= KEEP_DEADLINE + 0.01
    log.go_on()


def test_a_folder_that_cannot_be_used_is_told_to_an_operator() -> None:
    box = PathBox()
    box.close()
    helper = box.workers.helper
    assert isinstance(helper, InlineWorker)
    helper.fault = OSError("a test says no")
    paths = box.paths_on(box.servers)
    failed = Deferred.fromCoroutine(paths.open())
    with pytest.raises(StoreError, match="a test says no"):
        result_of(failed)


def test_folders_that_are_not_its_own_are_let_be() -> None:
    box = PathBox()
    for name in ("redis-0", "redis-01", "redis-x", "redis"):
        (Path(box.temporary.name) / name).mkdir()
    box.restart()
    assert set(box.folders) == {"redis-1"}


def test_an_opening_can_be_stopped() -> None:
    box = PathBox()
    _fell(box)
    box.keep(A, b"1")
    box.close()
    finder = box.workers.finder
    assert isinstance(finder, InlineWorker)
    finder.holds = True
    paths = box.paths_on(box.servers)
    opening = Deferred.fromCoroutine(paths.open())
    paths.stop_opening()
    finder.go_on()
    assert result_of(opening) is False


# The end of it


def test_closing_waits_until_all_is_confirmed() -> None:
    box = PathBox()
    box.keep(A, b"1")
    box.paths.end([B], 5.0)
    closing = Deferred.fromCoroutine(box.paths.close())
    assert not closing.called
    box.wait(closing)
    assert box.stored(A) == b"1"
    assert box.redis[0].asked["keep"] == 2
    assert not box.folders["redis-1"].sizes()


@pytest.mark.parametrize("is_late", [False, True])
def test_what_is_not_confirmed_until_then_waits_for_the_next_start(is_late: bool) -> None:
    """Also where the server does not even fail it in time."""
    box = PathBox()
    box.redis[0].freeze()
    if is_late:
        box.servers[0]._patience = 10.0
    box.keep(A, b"1")
    box.paths.end([B], 50.0)
    box.wait(Deferred.fromCoroutine(box.paths.close()))
    box.redis[0].restart_empty()
    box.kill()
    assert box.find(A).paths == {A: b"1"}
    box.pass_time()
    assert (box.stored(A), box.waiting) == (b"1", 0)


def test_nothing_is_left_to_be_done_by_a_timer() -> None:
    box = PathBox()
    _fell(box)
    box.keep(A, b"1")
    box.paths.end([A], 5.0)
    box.close()
    box.paths.end([A], 5.0)
    assert not box.clock.getDelayedCalls()


def test_what_is_under_way_is_found_though_memory_has_forgotten_it() -> None:
    """The server is asked on another connection: it may not have it yet."""
    box = PathBox()
    box.redis[0].freeze()
    box.keep(A, b"old")
    box.paths.keep({b"other-%d" % number: b"" for number in range(16)})
    box.keep(A, b"1")
    box.paths.keep({b"more-%d" % number: b"" for number in range(16)})
    assert box.paths.recent(A) is None
    box.redis[0].refuse()
    finding = box.paths.find([A])
    box.redis[0].thaw()
    assert box.wait(finding).paths == {A: b"1"}


def test_memory_is_bounded_and_what_it_forgets_is_found() -> None:
    box = PathBox(limits=Limits(return_paths_in_memory=16, return_path_ttl=LIFETIME))
    box.kept({A: b"1"})
    box.forget_recent()
    statistics = box.paths.statistics()
    assert (box.paths.recent(A), statistics.forgotten) == (None, 0)
    assert statistics.paths_recent <= 16
    assert box.find(A).paths == {A: b"1"}


def test_what_is_kept_anew_while_it_is_looked_for_is_found_as_that() -> None:
    box = PathBox()
    box.kept({A: b"old"})
    box.forget_recent()
    finding = box.paths.find([A])
    box.keep(A, b"new")
    assert box.wait(finding).paths == {A: b"new"}
    assert partial(box.find, A)().paths == {A: b"new"}
