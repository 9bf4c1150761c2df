"""While a worker does not answer, the others find what lies on disk in its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from smppgate.store.interface import IPathStore
from smppgate.store.segments.files import FOLDER
from smppgate.store.segments.neighbours import IDLE
from tests.store.fakes import octets
from tests.store.processes import LIFETIME, Processes


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(3, root=tmp_path)
    for number in (1, 2, 3):
        processes.clock.advance(1.0)
        processes.fill(number, 200, 1000 * number)
    yield processes
    processes.close()


def _indexed(processes: Processes, number: int) -> int:
    """How many return paths the indexes of a process have."""
    return processes.stores[number]._paths._shelf.paths


def test_a_worker_has_what_the_interface_asks_for(three: Processes) -> None:
    assert verifyObject(IPathStore, three.stores[1])


def test_each_worker_finds_its_own_alone(three: Processes) -> None:
    for number in (1, 2, 3):
        first = 1000 * number
        assert three.numbers(number, 1000, 4000) == set(range(first, first + 200))


def test_the_folder_of_a_dead_worker_is_read(three: Processes) -> None:
    """As far as it is indexed: the rest is known when that worker is back."""
    indexed = _indexed(three, 2)
    assert 100 < indexed < 200
    three.kill_one(2)
    for number in (1, 3):
        assert three.beside(number, 2000, 3000) == set(range(2000, 2000 + indexed))
    three.start(2)
    assert three.numbers(2, 2000, 3000) == set(range(2000, 2200))


def test_folders_of_living_workers_are_read_too(three: Processes) -> None:
    """One of them may hang."""
    assert three.beside(1, 1000, 2000) == set()
    assert len(three.beside(1, 2000, 3000)) > 100
    assert len(three.beside(1, 3000, 4000)) > 100


def test_of_several_folders_the_newest_counts(three: Processes) -> None:
    for order in ((2, 3), (3, 2)):
        key = b"key-of-%d" % order[0]
        three.keep(order[0], {key: b"older"})
        three.clock.advance(10.0)
        three.keep(order[1], {key: b"newer"})
        for number in order:
            three.fill(number, 200, 10_000 * number)
        three.tick()
        assert three.find_beside(1, [key]) == {key: b"newer"}


def test_what_is_left_over_is_read_while_its_heir_is_dead(three: Processes) -> None:
    three.restart(2)
    assert three.numbers(1, 3000, 4000) == set(range(3000, 3200))
    three.kill_one(1)
    assert three.beside(2, 3000, 4000) == set(range(3000, 3200))
    three.start(1)
    assert three.beside(1, 3000, 4000) == set()
    assert three.numbers(1, 3000, 4000) == set(range(3000, 3200))


def test_what_went_by_its_age_is_not_found(three: Processes) -> None:
    assert len(three.beside(1, 2000, 3000)) > 100
    three.clock.advance(LIFETIME + 1)
    three.tick(70)
    assert three.beside(1, 2000, 3000) == set()
    assert three.files("worker-2") == []


def test_nothing_is_read_before_the_first_question_and_all_is_forgotten_later(
    three: Processes,
) -> None:
    store = three.stores[1]
    assert three.workers[1].finder.ran.count("look") == 0  # type: ignore[attr-defined]
    assert not store._paths._neighbours._shelves
    three.beside(1, 2000, 3000)
    assert len(store._paths._neighbours._shelves) == 2
    three.tick(int(IDLE) - 2)
    assert store._paths._neighbours._shelves
    three.beside(1, 2000, 3000)
    three.tick(int(IDLE) - 2)
    assert store._paths._neighbours._shelves
    three.tick(5)
    assert not store._paths._neighbours._shelves
    assert len(three.beside(1, 2000, 3000)) > 100


def test_no_file_stays_open(three: Processes) -> None:
    three.beside(1, 2000, 4000)
    open_files = {
        os.readlink(f"/proc/self/fd/{it}")
        for it in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{it}")
    }
    folder = str(three.root / "worker-3" / FOLDER)
    # Its own process has some, each once.
    assert sum(name.startswith(folder) for name in open_files) <= 8


def test_a_state_directory_that_cannot_be_read_has_nothing(three: Processes) -> None:
    three.kill_one(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "iterdir", _refuse)
        assert len(three.beside(2, 1000, 2000)) > 100


def _refuse(_: Path) -> Iterator[Path]:
    raise PermissionError("a test says so")


def test_a_store_that_is_closed_finds_nothing(three: Processes) -> None:
    store = three.stores[1]
    three.wait(store.close())
    assert three.wait(store.find_beside([octets(2000)])) == {}
