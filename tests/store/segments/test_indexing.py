"""Indexes are made in processes of their own, which import little and can be ended."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from smppgate.store.segments import indexing
from smppgate.store.segments.compaction import Compaction
from smppgate.store.segments.files import Folder
from smppgate.store.segments.index import hash_of, read_index
from smppgate.store.segments.indexing import HereJobs, NewIndex, ProcessJobs
from smppgate.store.segments.names import SegmentName
from smppgate.store.segments.records import BEGIN, VERSION, pack
from tests.store.fakes import octets, some

NAME = SegmentName(1, 1)
TIMEOUT = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    file = folder.append(NAME.log)
    file.write(VERSION + pack(1000.0, some(10)) + pack(1000.0, {}, {octets(3): 1.0}))
    file.close()
    return folder


def _size(folder: Folder) -> int:
    return folder.sizes()[NAME.log]


def test_a_process_makes_an_index_and_compacts(folder: Folder) -> None:
    jobs = ProcessJobs(folder.path)
    jobs.build(NewIndex(NAME.log, BEGIN, _size(folder), NAME.whole_index))
    key = int.from_bytes(hash_of(octets(7)), "big")
    assert read_index(folder, NAME.whole_index).offsets(folder, key) == [BEGIN]
    work = Compaction(((NAME, _size(folder)),), (), (), 2000.0, 1.0)
    assert not jobs.compact(work._replace(since=0.0))
    assert sorted(folder.sizes()) == ["00000001.idx", "00000001.log"]


def test_the_compacted_segment_is_there_when_it_says_so(folder: Folder) -> None:
    file = folder.append(NAME.log)
    file.write(pack(1000.0, {}, {octets(number): 1.0 for number in range(9)}))
    file.close()
    jobs = ProcessJobs(folder.path)
    jobs.build(NewIndex(NAME.log, BEGIN, _size(folder), NAME.whole_index))
    work = Compaction(((NAME, _size(folder)),), (), (), 0.0, 1.0)
    # Ends have entries of their own: of 19 keys, one path and nine ends are the newest.
    assert jobs.compact(work)
    index = read_index(folder, work.target.whole_index)
    assert (index.summary.entries, index.summary.paths) == (1, 1)
    assert folder.sizes()[work.target.log] == index.summary.end


def test_one_process_does_all_and_is_made_anew_when_it_has_ended(folder: Folder) -> None:
    jobs = ProcessJobs(folder.path)
    pids = []
    for _ in range(3):
        jobs.build(NewIndex(NAME.log, BEGIN, _size(folder), NAME.whole_index))
        process = jobs._process.running
        assert process is not None
        pids.append(process.pid)
        if len(pids) == 2:
            process.kill()
            process.wait()
    assert pids[0] == pids[1] != pids[2]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not show them")
def test_the_process_keeps_no_file_open(folder: Folder) -> None:
    """It would have no more descriptors after some hundreds of segments; and what is deleted would
    still take its room on the disk."""
    jobs, names = ProcessJobs(folder.path), []
    for _ in range(3):
        jobs.build(NewIndex(NAME.log, BEGIN, _size(folder), NAME.whole_index))
        process = jobs._process.running
        assert process is not None
        files = Path(f"/proc/{process.pid}/fd")
        names.append([str(each.readlink()) for each in sorted(files.iterdir())])
    assert names[0] == names[1] == names[2]
    assert not [each for each in names[0] if str(folder.path) in each]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no process")
def test_the_process_leaves_the_core_that_the_gate_is_pinned_to(folder: Folder) -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    os.sched_setaffinity(0, {core})
    jobs = ProcessJobs(folder.path)
    try:
        jobs.build(NewIndex(NAME.log, BEGIN, _size(folder), NAME.whole_index))
        process = jobs._process.running
        assert process is not None
        found = os.sched_getaffinity(process.pid)
    finally:
        os.sched_setaffinity(0, before)
    assert found == (before - {core} or {core})


def test_it_takes_breaks_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """What shares its core goes on then."""
    breaks: list[float] = []
    monkeypatch.setattr(time, "sleep", breaks.append)
    before, end = signal.getsignal(signal.SIGALRM), time.monotonic() + TIMEOUT
    try:
        with indexing._breaks(indexing.STINT):
            while len(breaks) < 3:
                assert time.monotonic() < end
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert set(breaks) == {indexing.BREAK}


@pytest.mark.parametrize(
    ("is_late", "as_long", "as_nice"),
    [(False, indexing.STINT, indexing.GROUP_NICENESS), (True, indexing.LATE_STINT, 0)],
)
def test_what_is_late_lets_others_go_first_less(
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
    is_late: bool,
    as_long: float,
    as_nice: int,
) -> None:
    stints: list[float] = []
    told_nice: list[tuple[int, int]] = []

    @contextmanager
    def breaks(stint: float) -> Iterator[None]:
        stints.append(stint)
        yield

    def do(_: object, job: str) -> str:
        told = io.StringIO()
        monkeypatch.setattr(sys, "stdin", [job])
        monkeypatch.setattr(sys, "stdout", told)
        indexing.main()
        return told.getvalue()

    monkeypatch.setattr(indexing, "_leave_core", lambda: None)
    monkeypatch.setattr(indexing, "_started", lambda: None)
    monkeypatch.setattr(indexing, "_breaks", breaks)
    monkeypatch.setattr(indexing, "_set_group_niceness", lambda *it: told_nice.append(it))
    monkeypatch.setattr(indexing, "_asked", do)
    whole = NewIndex(NAME.log, BEGIN, _size(folder), NAME.whole_index)
    ProcessJobs(folder.path).build(whole, is_late)
    assert read_index(folder, NAME.whole_index).summary.paths == 10
    assert stints == [as_long]
    assert told_nice == [(os.getpid(), as_nice)]


@pytest.mark.skipif(
    not Path("/proc/self/autogroup").exists(), reason="sessions are no groups here"
)
def test_its_session_lets_others_go_first_until_it_is_late(folder: Folder) -> None:
    jobs = ProcessJobs(folder.path)
    whole = NewIndex(NAME.log, BEGIN, _size(folder), NAME.whole_index)
    steps: list[tuple[Callable[[], None], int]] = [
        (partial(jobs.build, whole), indexing.GROUP_NICENESS),
        (jobs.hurry, 0),
        (partial(jobs.build, whole), indexing.GROUP_NICENESS),
        (partial(jobs.build, whole, is_late=True), 0),
    ]
    own = Path("/proc/self/autogroup").read_text()
    jobs.hurry()
    for do, niceness in steps:
        end = time.monotonic() + TIMEOUT
        do()
        # Linux takes so many changes a second, whoever makes them.
        while _group_niceness(jobs) != niceness:
            assert time.monotonic() < end
            do()
    assert Path("/proc/self/autogroup").read_text() == own


def _group_niceness(jobs: ProcessJobs) -> int:
    process = jobs._process.running
    assert process is not None
    return int(Path(f"/proc/{process.pid}/autogroup").read_text().split()[-1])


def test_the_process_ends_with_the_gate(folder: Folder) -> None:
    jobs = ProcessJobs(folder.path)
    jobs.build(NewIndex(NAME.log, BEGIN, _size(folder), NAME.whole_index))
    process = jobs._process.running
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(TIMEOUT) == 0


@pytest.mark.parametrize("kind", [HereJobs, ProcessJobs])
def test_what_goes_wrong_is_an_error_of_the_disk(folder: Folder, kind: type) -> None:
    jobs = kind(folder.path if kind is ProcessJobs else folder)
    with pytest.raises(OSError, match="00000009"):
        jobs.build(NewIndex("00000009.log", BEGIN, 100, "00000009.idx"))
    folder.save(NAME.whole_index, lambda write: write(b"no index"))
    with pytest.raises(OSError, match="no index of this version"):
        jobs.compact(Compaction(((NAME, 10),), (), (), 0.0, 1.0))


def test_a_stopped_one_fails_at_once(folder: Folder) -> None:
    """Also one that is at work; it leaves no index."""
    jobs = ProcessJobs(folder.path)
    errors: list[OSError] = []

    def build() -> None:
        try:
            jobs.build(NewIndex(NAME.log, BEGIN, _size(folder), NAME.whole_index))
        except OSError as error:
            errors.append(error)

    jobs.stop()
    thread = Thread(target=build)
    thread.start()
    thread.join()
    assert len(errors) == 1
    assert NAME.whole_index not in folder.sizes()


def test_the_process_imports_little() -> None:
    """No Twisted, no attrs: its start takes the gate's time."""
    script = (
        "import sys, smppgate.store.segments.indexing as it; assert it;"
        "print([name for name in ('twisted', 'attr', 'zope') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
