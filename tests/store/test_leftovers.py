"""When there are fewer workers, or more, what was kept before is found until it goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from smppgate.store import DiskStore, Limits, StoreError
from smppgate.store.segments.files import FOLDER
from smppgate.store.segments.shelf import FEW_FILTERS
from smppgate.store.segments.sizes import Sizes
from smppgate.store.sqlite.files import StateDirectory
from tests.store.fakes import Inline, logged, octets
from tests.store.processes import LIFETIME, LIMITS, SMALL, Processes


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Processes]:
    """Two workers with 300 return paths each, most of them on disk alone."""
    processes = Processes(2, root=tmp_path)
    processes.fill(1, 300)
    processes.fill(2, 300, 300)
    yield processes
    processes.close()


def test_one_process_finds_what_two_workers_have_kept(two: Processes) -> None:
    two.restart(1)
    assert two.numbers(1, 0, 700) == set(range(600))
    assert two.find(1, [octets(7), octets(1000)]).is_complete
    assert two.stores[1].statistics().paths_on_disk == 600


def test_worker_1_has_what_other_workers_and_the_only_process_have_left(two: Processes) -> None:
    """The others find it by asking that one."""
    two.restart(1)
    two.fill(1, 100, 600)
    two.restart(2)
    two.restart(4)
    assert two.numbers(1, 0, 700) == {*range(300), *range(600, 700)}
    assert two.numbers(2, 0, 700) == set(range(300, 600))
    assert two.numbers(3, 0, 700) == set()
    counts = [two.stores[number].statistics().paths_on_disk for number in range(1, 5)]
    assert counts == [400, 300, 0, 0]


def test_what_lay_in_an_open_segment_is_indexed_at_the_start(two: Processes) -> None:
    """All of it: no process has it in memory."""
    two.kill(1)
    for worker in ("worker-1", "worker-2"):
        logs = {name for name in two.files(worker) if name.endswith(".log")}
        assert logs
        whole = {f"{name.removesuffix('.log')}.idx" for name in logs}
        assert set(two.files(worker)) == logs | whole


def test_not_all_is_known_until_what_is_left_over_is_gone(two: Processes) -> None:
    """Memory alone never says that a key is unknown."""
    two.restart(1)
    store = two.stores[1]
    assert not store.is_all_recent
    two.clock.advance(LIFETIME)
    two.tick(70)
    assert store.is_all_recent


def test_folders_go_when_their_last_return_path_has_expired(two: Processes) -> None:
    two.restart(1)
    assert two.folders() == ["paths", "worker-1", "worker-2"]
    two.clock.advance(LIFETIME / 2)
    two.fill(1, 100, 600)
    two.tick(3)
    assert two.folders() == ["paths", "worker-1", "worker-2"]
    two.clock.advance(LIFETIME / 2)
    two.tick(5)
    assert two.folders() == ["paths"]
    assert two.numbers(1, 0, 700) == set(range(600, 700))
    assert two.stores[1].statistics().forgotten == 0


def test_the_state_directory_itself_stays(two: Processes) -> None:
    two.restart(1)
    two.fill(1, 100, 600)
    two.restart(2)
    assert two.folders() == ["paths", "worker-1", "worker-2"]
    two.clock.advance(LIFETIME)
    two.tick(5)
    assert two.folders() == ["worker-1", "worker-2"]
    two.fill(1, 10)
    assert two.numbers(1, 0, 10) == set(range(10))


def test_a_folder_with_other_files_stays(two: Processes) -> None:
    (two.root / "worker-2" / "notes").write_text("of an operator")
    (two.root / "worker-1" / FOLDER / "notes").write_text("of an operator")
    two.restart(1)
    two.clock.advance(LIFETIME)
    two.tick(5)
    assert two.folders() == ["paths", "worker-1", "worker-2"]
    assert not (two.root / "worker-2" / FOLDER).exists()
    assert two.files("worker-1") == ["notes"]
    two.restart(1)
    two.tick(5)
    assert two.files("worker-1") == ["notes"]


def test_what_is_kept_anew_counts_and_not_what_is_left_over(two: Processes) -> None:
    two.restart(1)
    two.keep(1, {octets(400): b"new"})
    assert two.find(1, [octets(400), octets(401)]).paths == {
        octets(400): b"new",
        octets(401): b"value-401",
    }


def test_of_two_folders_that_are_left_over_the_newest_counts(tmp_path: Path) -> None:
    for order in ((2, 3), (3, 2)):
        processes = Processes(3, root=tmp_path / str(order))
        processes.keep(order[0], {b"key": b"older"})
        processes.clock.advance(10.0)
        processes.keep(order[1], {b"key": b"newer"})
        processes.restart(1)
        assert processes.find(1, [b"key"]).paths == {b"key": b"newer"}
        processes.close()


def test_a_return_path_that_is_left_over_can_end(two: Processes) -> None:
    """Its end is noted among the heir's own, and outlives a restart and what is compacted."""
    two.restart(1)
    two.stores[1].end([octets(5), octets(305)], 50.0)
    assert set(two.find(1, [octets(5), octets(305), octets(306)]).paths) == {
        octets(5),
        octets(305),
        octets(306),
    }
    two.tick(60)
    assert set(two.find(1, [octets(5), octets(305), octets(306)]).paths) == {octets(306)}
    two.fill(1, 300, 600)
    two.stores[1].end([octets(it) for it in range(600, 900)], 0.0)
    two.tick()
    two.kill(1)
    room = two.stores[1]._paths._room
    while sources := room._sources():
        two.wait(Deferred.fromCoroutine(room._compact(sources)))
    assert any("-" in name for name in two.files(""))
    assert set(two.find(1, [octets(5), octets(305), octets(306)]).paths) == {octets(306)}


def test_an_end_counts_also_when_both_folders_are_left_over(tmp_path: Path) -> None:
    """That of the return path, and that of the heir; not for what was kept behind it."""
    processes = Processes(4, root=tmp_path)
    processes.fill(4, 10)
    processes.restart(3)
    processes.clock.advance(1.0)
    processes.stores[1].end([octets(5), octets(6)], 0.0)
    processes.tick()
    processes.clock.advance(1.0)
    processes.keep(2, {octets(6): b"new"})
    processes.restart(1)
    assert processes.folders() == ["paths", "worker-1", "worker-2", "worker-3", "worker-4"]
    found = processes.find(1, [octets(4), octets(5), octets(6)])
    assert found.paths == {octets(4): b"value-4", octets(6): b"new"}
    processes.close()


def test_an_end_in_a_folder_that_is_left_over_counts(two: Processes) -> None:
    two.stores[2].end([octets(305)], 0.0)
    two.tick(2)
    two.kill(1)
    assert set(two.find(1, [octets(305), octets(306)]).paths) == {octets(306)}


def test_all_folders_together_have_the_room(tmp_path: Path) -> None:
    """What is left over goes first, the oldest of it, and those that run keep their parts."""
    limits = evolve(LIMITS, return_paths_disk=120_000)
    processes = Processes(4, limits, root=tmp_path)
    for number in range(1, 5):
        processes.clock.advance(1.0)
        processes.fill(number, 400, 1000 * number)
    processes.restart(1)
    before = processes.octets()
    assert 70_000 < before < 120_000
    processes.tick(3)
    assert processes.numbers(1, 1000, 5000) == {it for it in range(1000, 5000) if it % 1000 < 400}
    for start in range(5000, 6500, 100):
        processes.fill(1, 100, start)
        processes.tick()
        assert processes.octets() <= 120_000
    left = processes.numbers(1, 1000, 5000)
    assert not left & set(range(1000, 2000))
    assert processes.folders() == ["paths", "worker-2", "worker-3", "worker-4"]
    statistics = processes.stores[1].statistics()
    assert statistics.forgotten == 1600 - len(left)
    assert 100_000 < statistics.octets == processes.octets()
    for start in range(6500, 9000, 100):
        processes.fill(1, 100, start)
        processes.tick()
        assert processes.octets() <= 120_000
    assert processes.folders() == ["paths"]
    found = processes.numbers(1, 5000, 9000)
    assert found == set(range(9000 - len(found), 9000))
    assert processes.stores[1].statistics().forgotten == 1600 + 4000 - len(found)
    processes.close()


def test_what_is_left_over_gives_way_before_anything_else(tmp_path: Path) -> None:
    """As long as there is any, two workers forget nothing of their own."""
    limits = evolve(LIMITS, return_paths_disk=130_000)
    processes = Processes(4, limits, root=tmp_path)
    for number in (3, 4):
        processes.clock.advance(1.0)
        processes.fill(number, 500, 1000 * number)
    processes.restart(2)
    for start in range(0, 900, 100):
        for number in (1, 2):
            processes.fill(number, 100, 10_000 * number + start)
        processes.tick()
        assert processes.octets() <= 130_000
    for number in (1, 2):
        first = 10_000 * number
        assert processes.numbers(number, first, first + 900) == set(range(first, first + 900))
    assert processes.stores[2].statistics().forgotten == 0
    left = processes.numbers(1, 3000, 5000)
    assert processes.stores[1].statistics().forgotten == 1000 - len(left) > 0
    assert max(left) == 4499
    processes.close()


def test_only_so_many_return_paths_are_left_over_as_are_kept_in_all(tmp_path: Path) -> None:
    limits = evolve(LIMITS, return_paths=1000)
    processes = Processes(4, limits, root=tmp_path)
    for number in range(1, 5):
        processes.clock.advance(1.0)
        processes.fill(number, 250, 1000 * number)
    processes.limits = evolve(LIMITS, return_paths=400)
    processes.restart(1)
    processes.tick(20)
    left = processes.numbers(1, 1000, 5000)
    assert 200 < len(left) <= 400
    assert max(left) == 4249
    processes.close()


def test_a_folder_whose_worker_still_runs_is_not_taken(two: Processes) -> None:
    two.close()
    lock = StateDirectory(two.root / "worker-2")
    lock.claim()
    with pytest.raises(StoreError, match="worker-2 is in use by another gate"):
        two.open(1)
    two.stores.clear()
    lock.release()
    two.open(1)
    assert two.numbers(1, 0, 600) == set(range(600))


def test_while_it_has_it_the_worker_cannot_start(two: Processes) -> None:
    two.restart(1)
    with pytest.raises(StoreError, match="in use"):
        StateDirectory(two.root / "worker-2").claim()
    two.close()
    StateDirectory(two.root / "worker-2").claim()


def test_a_state_directory_that_cannot_be_listed_is_told(two: Processes) -> None:
    two.close()
    two.count = 1
    root = two.root

    class Unreadable(type(root)):  # type: ignore[misc]
        def iterdir(self) -> Iterator[Path]:
            raise PermissionError("a test says so")

    two.root = Unreadable(root)
    with pytest.raises(StoreError, match="cannot be read: a test says so"):
        two.start(1)
    two.stores.clear()
    two.root = root


def test_what_is_not_indexed_yet_leaves_a_look_up_incomplete(two: Processes) -> None:
    """It is made up for at a tick, and told meanwhile by the name of the folder."""
    two.kill_one(2)
    for name in two.files("worker-2"):
        if name.endswith(".idx"):
            (two.root / "worker-2" / FOLDER / name).unlink()
    two.close()
    two.count = 1
    with logged() as events, pytest.MonkeyPatch.context() as patch:
        patch.setattr("smppgate.store.segments.indexing.build", _fails)
        two.start(1)
        assert not two.find(1, [octets(305)]).is_complete
        assert two.find(1, [octets(5)]).paths
        assert "indexes in worker-2: a test says so" in two.stores[1].statistics().fault
    assert any("part" in event for event in events)
    two.tick(70)
    assert two.numbers(1, 0, 600) == set(range(600))
    assert two.find(1, [octets(1000)]).is_complete
    assert two.stores[1].statistics().fault == ""


def _fails(*_: object) -> None:
    raise OSError("a test says so")


def test_a_start_can_be_given_up(two: Processes) -> None:
    two.close()
    two.count = 1
    two.start(1)
    store = two.stores[1]
    two.wait(store.close())
    two.stores.clear()
    two.open(2)
    assert two.numbers(2, 300, 600) == set(range(300, 600))


def test_a_closed_heir_lets_files_and_locks_go(two: Processes) -> None:
    before = _descriptors()
    two.restart(1)
    two.numbers(1, 0, 600)
    assert len(_descriptors() - before) < 20
    two.close()
    assert len(_descriptors()) < len(before)


def _descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_a_gate_of_one_process_finds_it_too(two: Processes) -> None:
    """`DiskStore`, with queues, and with what was ended by way of it."""
    two.close()
    inline = Inline(two.root, LIMITS, sizes=SMALL, clock=two.clock)
    store = inline.open()
    assert isinstance(store, DiskStore)
    assert set(inline.wait(store.find([octets(5), octets(305)])).paths) == {octets(5), octets(305)}
    assert store.statistics().paths_on_disk == 600
    assert inline.wait(store.find_beside([octets(5)])) == {}
    inline.close()


def test_without_folders_that_are_left_over_nothing_is_done(tmp_path: Path) -> None:
    """No thread is asked anything at a tick that a gate without workers would not ask."""
    inline = Inline(tmp_path, Limits(return_path_ttl=LIFETIME), sizes=Sizes())
    store = inline.open()
    assert store.is_all_recent
    inline.keeper.ran.clear()
    inline.helper.ran.clear()
    inline.finder.ran.clear()
    inline.clock.advance(3.0)
    assert set(inline.keeper.ran) == {"_inspect", "inspect"}
    assert inline.helper.ran == inline.finder.ran == []
    inline.close()


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_nothing_is_lost(tmp_path: Path, seed: int) -> None:
    """With another number of workers each time."""
    chance = Random(seed)
    processes = Processes(chance.randint(1, 4), root=tmp_path)
    kept = 0
    for _ in range(8):
        number = chance.randint(1, processes.count)
        processes.fill(number, 100, kept)
        kept += 100
        processes.kill(chance.randint(1, 4))
        found = [processes.numbers(it, 0, kept) for it in processes.stores]
        assert set().union(*found) == set(range(kept))
        assert sum(map(len, found)) == kept
    processes.remove()


def test_an_end_outlives_that_its_folder_is_compacted_when_that_is_left_over(
    tmp_path: Path,
) -> None:
    """The return path lies in another one."""
    processes = Processes(4, root=tmp_path)
    processes.fill(4, 10)
    processes.restart(3)
    processes.clock.advance(1.0)
    processes.stores[1].end([octets(5)], 0.0)
    processes.tick()
    processes.fill(1, 300, 100)
    processes.stores[1].end([octets(it) for it in range(100, 400)], 0.0)
    processes.tick()
    processes.restart(1)
    for left in processes.stores[1]._paths._leftovers._folders:
        room = left.paths._room
        while sources := room._sources():
            processes.wait(Deferred.fromCoroutine(room._compact(sources)))
    assert any("-" in name for name in processes.files("worker-1"))
    assert set(processes.find(1, [octets(4), octets(5)]).paths) == {octets(4)}
    processes.close()


def test_the_filters_of_all_that_is_left_over_are_bounded_together(tmp_path: Path) -> None:
    processes = Processes(4, root=tmp_path)
    for number in range(1, 5):
        processes.fill(number, 10, 100 * number)
    processes.restart(1)
    folders = processes.stores[1]._paths._leftovers._folders
    assert [each.paths._shelf.filters for each in folders] == [FEW_FILTERS // 4] * 4
    processes.close()


def test_a_folder_that_cannot_be_deleted_is_let_go_and_told(two: Processes) -> None:
    two.restart(1)
    two.clock.advance(LIFETIME)

    def fails(_: object) -> None:
        raise ValueError("a test says so")

    with logged() as events, pytest.MonkeyPatch.context() as patch:
        patch.setattr("smppgate.store.leftovers._Left.remove", fails)
        two.tick(5)
    assert sum("mistake in the store" in str(event) for event in events) == 2
    StateDirectory(two.root / "worker-2").claim()
