"""Lines are appended whole or not at all; files are rotated; the journal gets entries."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.observe.appending import AppendedFile, Journal, Unwritten


class Time:
    """A wall clock that the test sets."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def names(folder: Path) -> list[str]:
    """The files in there."""
    return sorted(each.name for each in folder.iterdir())


def test_lines_are_behind_those_that_were_there(tmp_path: Path) -> None:
    path = tmp_path / "messages.log"
    path.write_bytes(b"before\n")
    file = AppendedFile(str(path))
    file.write(b"one\ntwo\n")
    file.close()
    assert path.read_bytes() == b"before\none\ntwo\n"


def test_others_cannot_read_it(tmp_path: Path) -> None:
    path = tmp_path / "messages.log"
    AppendedFile(str(path)).write(b"one\n")
    assert not stat.S_IMODE(path.stat().st_mode) & 0o137


def test_it_is_opened_anew_under_its_path(tmp_path: Path) -> None:
    path, moved = tmp_path / "messages.log", tmp_path / "messages.log.1"
    file = AppendedFile(str(path))
    file.write(b"one\n")
    path.rename(moved)
    file.write(b"two\n")
    file.reopen()
    file.write(b"three\n")
    assert (moved.read_bytes(), path.read_bytes()) == (b"one\ntwo\n", b"three\n")


def test_a_folder_that_is_not_there_costs_lines_until_it_is(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "messages.log"
    file = AppendedFile(str(path))
    with pytest.raises(Unwritten) as raised:
        file.write(b"one\ntwo\n")
    assert raised.value.lines == 2
    assert raised.value.why == f"{path}: No such file or directory"
    path.parent.mkdir()
    file.write(b"three\n")
    assert path.read_bytes() == b"three\n"


@given(
    st.lists(st.lists(st.binary(max_size=9).map(lambda o: o.replace(b"\n", b"")), min_size=1)),
    st.lists(st.integers(1, 40), min_size=1),
    st.booleans(),
)
def test_what_is_written_in_part_is_cut_off(
    batches: list[list[bytes]], rooms: list[int], has_head: bool
) -> None:
    """A disk that has so much room, and for the next lines so much again."""
    head = b"time,event\n" if has_head else b""
    disk = _Disk()
    file = AppendedFile("file", head)
    kept, lost = [], 0
    with pytest.MonkeyPatch.context() as patch:
        disk.replace(patch)
        for at, batch in enumerate(batches):
            disk.room = rooms[at % len(rooms)]
            lines = [line + b"\n" for line in batch]
            try:
                file.write(b"".join(lines))
            except Unwritten as error:
                lost += error.lines
                lines = lines[: len(lines) - error.lines]
            kept += lines
    assert disk.octets in (head + b"".join(kept), b"")
    assert len(kept) + lost == sum(map(len, batches))


class _Disk:
    """A file on a disk with a certain room, which writes what fits."""

    def __init__(self) -> None:
        self.octets = b""
        self.room = 0

    def replace(self, patch: pytest.MonkeyPatch) -> None:
        """Be what the module knows as the operating system's functions."""
        real = os.stat_result

        def fstat(_file: int) -> Any:
            return real((0, 0, 0, 0, 0, 0, len(self.octets), 0, 0, 0))

        for name, function in {
            "open": lambda *_: 3,
            "close": lambda _: None,
            "fstat": fstat,
            "write": self._write,
            "ftruncate": self._truncate,
        }.items():
            patch.setattr(f"smppgate.observe.appending.os.{name}", function)

    def _write(self, _file: int, octets: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = octets[: min(self.room, 7)]
        self.room -= len(written)
        self.octets += written
        return len(written)

    def _truncate(self, _file: int, size: int) -> None:
        self.octets = self.octets[:size]


def _write_often(file: AppendedFile, lines: bytes) -> None:
    for _ in range(20):
        file.write(lines)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full_has_whole_lines_and_goes_on_when_there_is_room(
    small_disk: Path,
) -> None:
    path, other = small_disk / "messages.log", small_disk / "other"
    other.write_bytes(b"x" * 20_000)
    file, line = AppendedFile(str(path)), b"y" * 999 + b"\n"
    with pytest.raises(Unwritten) as raised:
        _write_often(file, line * 7)
    assert "No space left on device" in raised.value.why
    assert 0 < raised.value.lines <= 7
    before = path.read_bytes()
    assert before == line * (len(before) // 1000)
    other.unlink()
    file.write(b"again\n")
    assert path.read_bytes() == before + b"again\n"


# Rotation


def test_a_file_that_would_be_too_large_gets_the_time_as_a_suffix(tmp_path: Path) -> None:
    path, clock = tmp_path / "cdr.csv", Time(1_000_000_000.0)
    file = AppendedFile(str(path), b"a,b\n", rotate_size=12, wall=clock)
    for line in (b"1,2\n", b"3,4\n", b"5,6\n", b"larger,than,all\n", b"7,8\n"):
        file.write(line)
    assert names(tmp_path) == [
        "cdr.csv",
        "cdr.csv.20010909T014640Z",
        "cdr.csv.20010909T014640Z-2",
        "cdr.csv.20010909T014640Z-3",
    ]
    found = [(tmp_path / name).read_bytes() for name in names(tmp_path)]
    assert found == [
        b"a,b\n7,8\n",
        b"a,b\n1,2\n3,4\n",
        b"a,b\n5,6\n",
        b"a,b\nlarger,than,all\n",
    ]


def test_a_file_has_what_came_in_one_interval(tmp_path: Path) -> None:
    path, clock = tmp_path / "cdr.csv", Time(3_600.0 * 24)
    file = AppendedFile(str(path), rotate_interval=3600.0, wall=clock)
    file.write(b"at midnight\n")
    clock.now += 3599.0
    file.write(b"in time\n")
    assert file.rest() == 1.0
    clock.now += 1.0
    file.write(b"later\n")
    assert (tmp_path / "cdr.csv.19700102T010000Z").read_bytes() == b"at midnight\nin time\n"
    assert path.read_bytes() == b"later\n"


def test_it_is_rotated_though_nothing_comes_but_never_empty(tmp_path: Path) -> None:
    path, clock = tmp_path / "cdr.csv", Time()
    file = AppendedFile(str(path), b"a\n", rotate_interval=60.0, wall=clock)
    file.write(b"1\n")
    clock.now += 61.0
    assert file.rest() == 59.0
    assert names(tmp_path) == ["cdr.csv", "cdr.csv.19700101T000101Z"]
    clock.now += 600.0
    file.rest()
    assert len(names(tmp_path)) == 2
    assert path.read_bytes() == b"a\n"


def test_what_another_process_has_left_is_rotated_at_its_time(tmp_path: Path) -> None:
    path = tmp_path / "cdr.csv"
    path.write_bytes(b"1\n")
    os.utime(path, (1000.0, 1000.0))
    file = AppendedFile(str(path), rotate_interval=60.0, wall=Time(2000.0))
    file.write(b"2\n")
    assert path.read_bytes() == b"2\n"


def test_without_rotation_nothing_is_ever_due(tmp_path: Path) -> None:
    assert AppendedFile(str(tmp_path / "file")).rest() is None
    assert Journal().rest() is None


# The journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Callable[[], list[bytes]]]:
    """A socket that journald would have; gives what came."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(tmp_path / "socket"))
        there.setblocking(False)

        def came() -> list[bytes]:
            found = []
            while True:
                try:
                    found.append(there.recv(65536))
                except BlockingIOError:
                    return found

        yield came


def test_the_journal_has_an_entry_for_each_line(
    tmp_path: Path, journal: Callable[[], list[bytes]]
) -> None:
    to = Journal(str(tmp_path / "socket"))
    to.write(b"one\ntwo\n")
    to.reopen()
    to.write(b"three\n")
    to.close()
    entries = [entry.split(b"\n") for entry in journal()]
    assert [entry[-2] for entry in entries] == [b"MESSAGE=one", b"MESSAGE=two", b"MESSAGE=three"]
    assert b"SYSLOG_IDENTIFIER=smppgate" in entries[0]


def test_without_a_journal_lines_are_lost(tmp_path: Path) -> None:
    to = Journal(str(tmp_path / "nothing"))
    with pytest.raises(Unwritten, match="the journal: No such file") as raised:
        to.write(b"one\ntwo\n")
    assert raised.value.lines == 2
