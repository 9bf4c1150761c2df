"""Each process of a gate has a folder, and worker 1 has those that are left over."""

from __future__ import annotations

from pathlib import Path

from smppgate.store.segments.home import Home


def _made(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
    return root


def test_the_only_process_has_the_state_directory_itself(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.own == tmp_path
    assert home.neighbours == []
    assert home.is_heir


def test_each_of_several_has_a_folder_in_it(tmp_path: Path) -> None:
    home = Home(tmp_path, 2, 3)
    assert home.own == tmp_path / "worker-2"
    assert home.neighbours == [tmp_path / "worker-1", tmp_path / "worker-3"]
    assert not home.is_heir


def test_nothing_is_left_over_at_first(tmp_path: Path) -> None:
    assert Home(tmp_path / "missing", 1, 2).left_over() == []
    assert Home(tmp_path, 1, 2).left_over() == []
    assert Home(_made(tmp_path, "paths")).left_over() == []


def test_workers_that_are_not_there_any_more_are_left_over(tmp_path: Path) -> None:
    _made(tmp_path, "paths", *(f"worker-{number}" for number in (1, 2, 3, 10)))
    assert Home(tmp_path).left_over() == [tmp_path / f"worker-{it}" for it in (1, 2, 3, 10)]
    assert Home(tmp_path, 1, 2).left_over() == [
        tmp_path,
        tmp_path / "worker-3",
        tmp_path / "worker-10",
    ]
    assert Home(tmp_path, 1, 10).left_over() == [tmp_path]


def test_other_names_are_none_of_workers(tmp_path: Path) -> None:
    _made(tmp_path, "worker-0", "worker-01", "worker-x", "worker-1.old", "my-worker-1", "worker-")
    (tmp_path / "worker-7").write_text("a file")
    assert Home(tmp_path).left_over() == []
