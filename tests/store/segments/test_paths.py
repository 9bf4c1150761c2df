"""What is found on disk, what is damaged there, and how it begins and ends."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import formatEvent

from smppgate.store.records import Limits, StoreError
from smppgate.store.segments.opening import Opening
from smppgate.store.segments.shelf import Segment
from smppgate.store.segments.sizes import Sizes
from tests.store.fakes import InlineWorker, errors, logged, octets, result_of, some
from tests.store.segments.boxes import LIFETIME, Box


def _filled(count: int = 1000) -> Box:
    """Nearly all of it is found on disk."""
    box = Box()
    box.fill(count)
    box.tick()
    assert box.paths.count_recent < 200
    return box


def _finder(box: Box) -> InlineWorker:
    assert isinstance(box.workers.finder, InlineWorker)
    return box.workers.finder


def test_all_are_found_and_nothing_else() -> None:
    box = _filled()
    assert box.paths.count_on_disk == 1000
    assert not box.paths.is_all_recent
    assert box.paths.recent(octets(0)) is None
    assert box.numbers(0, 1100) == set(range(1000))


def test_all_keys_of_a_search_are_one_job() -> None:
    box = _filled()
    _finder(box).ran.clear()
    box.find(octets(number) for number in range(60))
    assert _finder(box).ran == ["run"]


def test_the_disk_is_not_asked_for_what_memory_knows() -> None:
    """Nor where memory has all there is."""
    box = _filled()
    box.paths.end([octets(0)], 0.0)
    _finder(box).ran.clear()
    assert box.find([octets(0), octets(999)]).paths == some(1, 999)
    small = Box()
    small.fill(20)
    assert small.paths.is_all_recent
    assert not small.find([b"unknown"]).paths
    assert not _finder(box).ran


def test_the_newer_of_memory_and_disk_wins() -> None:
    """Also when it is kept, or ended, after the disk was read and before its answer is here."""
    box = _filled()
    _finder(box).late = True
    finding = Deferred.fromCoroutine(box.paths.search([octets(number) for number in range(4)]))
    box.paths.keep({octets(0): b""})
    box.paths.end([octets(1), octets(2)], 0.0)
    box.paths.keep({octets(2): b"new"})
    _finder(box).go_on()
    found, unknown = result_of(finding)
    assert found.paths == {octets(0): b"", octets(2): b"new", octets(3): b"value-3"}
    assert unknown == []


@pytest.mark.parametrize("is_over", [False, True])
def test_what_leaves_memory_for_an_index_while_the_disk_is_asked_is_found(is_over: bool) -> None:
    """The indexes that are asked are those of before; what has ended since is not found."""
    box = _filled()
    _finder(box).holds = True
    finding = Deferred.fromCoroutine(box.paths.search([octets(0), octets(999)]))
    box.fill(500, first=1000)
    box.tick(3)
    assert box.paths.recent(octets(999)) is None
    if is_over:
        box.paths.end([octets(999)], 0.0)
    _finder(box).go_on()
    found, unknown = result_of(finding)
    assert (found.paths, unknown) == (some(1) if is_over else {**some(1), **some(1, 999)}, [])


def test_a_segment_that_goes_while_it_is_asked_is_deleted_afterwards() -> None:
    box = _filled()
    _finder(box).holds = True
    finding = Deferred.fromCoroutine(box.paths.search([octets(0)]))
    box.clock.advance(LIFETIME * 2)
    box.paths.tick()
    box.clock.advance(0)
    assert box.folder.sizes()
    _finder(box).go_on()
    found, _ = result_of(finding)
    assert (dict(found.paths), found.is_complete) == (some(1), True)
    box.tick(3)
    assert not box.folder.sizes()


def test_what_cannot_be_read_is_told_apart_from_what_is_not_there() -> None:
    box = _filled()
    box.folder.fault = OSError("a test says no")
    with logged() as events:
        found = box.find([octets(0), octets(999)])
        assert (found.paths, found.is_complete) == (some(1, 999), False)
        assert len(errors(events)) == 1
    assert "reading return paths: a test says no" in str(box.faults)
    box.folder.fault = None
    box.tick(2)
    assert str(box.faults) == ""
    assert box.find([octets(0)]).paths == some(1)


def test_a_damaged_record_is_not_taken_and_logged_once() -> None:
    box = _filled()
    content = box.folder.files["00000001.log"].octets
    for place in range(30, len(content), 40):
        content[place] ^= 1
    with logged() as events:
        found = box.find(octets(number) for number in range(60))
        assert found.is_complete
        assert len(found.paths) < 30
        assert len(errors(events)) == 1
        assert "are damaged: 00000001.log at" in formatEvent(errors(events)[0])
    assert box.paths._lookups.damaged > 10


def test_a_damaged_index_is_made_anew() -> None:
    box = _filled()
    content = box.folder.files["00000001.idx"].octets
    content[-5] ^= 1
    content[-300] ^= 1
    keys = [octets(number) for number in range(50)]
    with logged() as events:
        assert not box.find(keys).is_complete
        assert any("00000001.idx" in formatEvent(event) for event in errors(events))
    box.tick(3)
    found = box.find(keys)
    assert (dict(found.paths), found.is_complete) == (some(50), True)
    assert str(box.faults) == ""


# Starts


def test_a_torn_tail_is_left_as_it_is_and_told() -> None:
    """A new segment is begun; the torn one keeps what is good of it."""
    box = Box(sizes=Sizes(table=16, piece=50))
    box.fill(500)
    box.keep(some(10, 500))
    content = box.folder.files["00000001.log"].octets
    del content[-5:]
    before = bytes(content)
    with logged() as events:
        box.kill()
        text = formatEvent(errors(events)[0])
    assert "octets of 00000001.log are no return paths" in text
    box.fill(10, 600)
    assert bytes(box.folder.files["00000001.log"].octets) == before
    assert "00000002.log" in box.folder.sizes()
    for _ in range(2):
        assert box.numbers(0, 700) == {*range(500), *range(600, 610)}
        box.tick(3)
        with logged() as events:
            box.restart()
        assert not errors(events)


def test_a_version_that_is_not_known_is_refused() -> None:
    box = Box()
    box.fill(10)
    box.folder.files["00000001.log"].octets[0] = 9
    box.folder = box.folder.crashed()
    with pytest.raises(StoreError, match=r"00000001\.log of the return paths is of version 09"):
        box.open()


def test_a_folder_that_cannot_be_used_is_refused() -> None:
    box = Box()
    box.folder.fault = OSError("a test says no")
    with pytest.raises(StoreError, match="cannot be used: a test says no"):
        box.open()


def test_leftovers_are_removed_and_other_files_stay() -> None:
    box = _filled()
    files = dict(box.folder.sizes())
    for name in ("00000001.1-99.idx", "00000007-00000009.part", "x.new", "00009999.idx", "notes"):
        box.folder.append(name).write(b"octets")
    box.folder.append("00000099.log")
    box.kill()
    assert box.folder.sizes() == files | {"notes": 6}


def test_much_that_is_not_indexed_is_indexed_at_a_start_and_not_read_into_memory() -> None:
    box = Box(sizes=Sizes(segment=4000, table=16, piece=50, replay=2000))
    box.fill(1000)
    for name in list(box.folder.files):
        if name.endswith(".idx"):
            box.folder.remove(name)
    box.kill()
    assert box.paths.count_recent < 200
    assert box.numbers(0, 1000) == set(range(1000))


def test_what_expired_meanwhile_is_not_read_into_memory() -> None:
    limits = Limits(return_paths_in_memory=5000, return_path_ttl=LIFETIME)
    box = Box(limits, Sizes(table=100, piece=5000))
    box.fill(100)
    box.clock.advance(LIFETIME / 2)
    box.fill(100, 100)
    box.clock.advance(LIFETIME * 3 / 5)
    box.restart()
    assert box.paths.count_recent == 100
    assert box.numbers(0, 200) == set(range(100, 200))


def test_a_start_that_is_given_up_changes_nothing() -> None:
    box = Box(sizes=Sizes(table=16, piece=50_000))
    box.fill(9000)
    files = {name: bytes(content.octets) for name, content in box.folder.files.items()}
    replay = Opening._replay

    def stopped(opening: Opening, segment: Segment) -> Coroutine[Any, Any, None]:
        opening.stop()
        return replay(opening, segment)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Opening, "_replay", stopped)
        box.open()
    assert 0 < box.paths.count_recent < 9000
    box.paths.keep({b"late": b""})
    box.paths.tick()
    box.clock.advance(10.0)
    assert {name: bytes(it.octets) for name, it in box.folder.files.items()} == files


def test_indexes_hurry_while_memory_has_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    box, hurried = Box(), []
    build = box.jobs.build
    monkeypatch.setattr(box.jobs, "hurry", lambda: hurried.append(box.paths.count_recent))
    monkeypatch.setattr(box.jobs, "build", lambda *_: box.folder.read("no such file", 0, 1))
    box.fill(60)
    box.tick()
    assert not hurried
    box.fill(60, first=60)
    box.tick()
    assert hurried == [120]
    monkeypatch.setattr(box.jobs, "build", build)
    box.tick(4)
    hurried.clear()
    box.tick()
    assert not hurried
    assert box.paths.count_recent < 100


def test_what_is_too_little_to_index_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory is to have hardly anything, as of a folder that is left over."""
    box = Box(Limits(return_paths_in_memory=1, return_path_ttl=LIFETIME))
    monkeypatch.setattr(box.jobs, "hurry", lambda: pytest.fail("it hurries"))
    box.fill(40)
    box.tick()
    assert box.paths.count_recent > 1
