"""The folder of segments on a real disk."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from smppgate.store.segments.files import OPEN_FILES, Folder


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "paths")
    folder.make()
    return folder


def test_all_is_for_the_gates_user_alone(folder: Folder) -> None:
    folder.append("a.log").close()
    folder.save("a.idx", lambda write: write(b"index"))
    assert _mode(folder.path) == 0o700
    assert [_mode(file) for file in folder.path.iterdir()] == [0o600, 0o600]
    folder.make()


def test_it_is_not_made_before_the_folder_above_it(tmp_path: Path) -> None:
    """That one is to be locked by who makes it."""
    with pytest.raises(FileNotFoundError):
        Folder(tmp_path / "state" / "paths").make()


def test_a_file_is_appended_to_and_cut_off(folder: Folder) -> None:
    file = folder.append("a.log")
    assert file.write(b"one") == 3
    file.write(b"two")
    file.truncate(4)
    file.write(b"!")
    file.sync()
    folder.sync("a.log")
    file.close()
    file.close()
    folder.append("a.log").write(b"more")
    assert folder.read("a.log", 100, 1) == b"net!more"
    assert folder.sizes() == {"a.log": 9}


def test_descriptors_are_not_inherited(folder: Folder) -> None:
    file = folder.append("a.log")
    folder.read("a.log", 1, 0)
    descriptors = [file._fd, *folder._open.values()]  # type: ignore[attr-defined]
    assert not any(os.get_inheritable(it) for it in descriptors)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda path: None, True),
        (lambda path: path.unlink(), False),
        (lambda path: path.rename(path.with_name("b")), False),
        (lambda path: (path.unlink(), path.touch()), False),
        (lambda path: shutil.rmtree(path.parent), False),
    ],
)
def test_a_file_knows_whether_it_is_in_its_place(
    folder: Folder, change: Callable[[Path], object], expected: bool
) -> None:
    file = folder.append("a.log")
    change(folder.path / "a.log")
    assert file.is_in_place() is expected
    file.close()


def test_a_closed_file_is_not_missed(folder: Folder) -> None:
    file = folder.append("a.log")
    file.close()
    assert file.is_in_place()


def test_a_file_is_saved_whole_or_not_at_all(folder: Folder) -> None:
    folder.save("a.idx", lambda write: write(b"old"))

    def fail(write: Callable[[bytes], object]) -> None:
        write(b"new")
        raise OSError("a test")

    with pytest.raises(OSError, match="a test"):
        folder.save("a.idx", fail)
    assert folder.read("a.idx", 10, 0) == b"old"
    folder.save("a.idx", lambda write: write(b"newer"))
    assert folder.read("a.idx", 10, 0) == b"newer"


def test_what_is_renamed_or_removed_is_not_read_any_more(folder: Folder) -> None:
    folder.save("a.idx", lambda write: write(b"a"))
    folder.save("b.idx", lambda write: write(b"b"))
    assert (folder.read("a.idx", 1, 0), folder.read("b.idx", 1, 0)) == (b"a", b"b")
    folder.rename("a.idx", "b.idx")
    assert folder.read("b.idx", 1, 0) == b"a"
    with pytest.raises(FileNotFoundError):
        folder.read("a.idx", 1, 0)
    folder.remove("b.idx")
    folder.remove("b.idx")
    with pytest.raises(FileNotFoundError):
        folder.read("b.idx", 1, 0)


def test_few_files_are_open_at_a_time(folder: Folder) -> None:
    for number in range(OPEN_FILES + 10):
        folder.save(f"{number}.idx", lambda write: write(b"x"))
    for number in [*range(OPEN_FILES + 10), 0]:
        assert folder.read(f"{number}.idx", 1, 0) == b"x"
    assert len(folder._open) == OPEN_FILES
    folder.close()
    assert not folder._open
