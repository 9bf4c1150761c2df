"""Return paths and messages whose Deferreds have fired survive ``kill -9``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from smppgate.store import DiskStore, Limits
from tests.store.fakes import ThreadedClock, octets

SCRIPT = """
import sys
from smppgate.store import Durability, Limits, NewMessage, DiskStore
from tests.store.fakes import BEGUN, ThreadedClock, some

clock = ThreadedClock()
limits = Limits(return_paths_in_memory=1600)
store = DiskStore(clock, sys.argv[1], limits, Durability(sys.argv[2]))
clock.wait(store.open())
for number in range(0, 10**9, 20):
    clock.wait(store.keep(some(20, number)))
    clock.wait(store.enqueue([NewMessage(b"one", b"%d" % number, BEGUN + 1000)]))
    clock.advance(0.01)
    print(number, flush=True)
"""


@pytest.mark.parametrize("durability", ["process", "disk"])
def test_no_acknowledged_return_path_or_message_is_lost(tmp_path: Path, durability: str) -> None:
    """Also while return paths are being archived."""
    last = -1
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path), durability],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = int(line)
            if last >= 4000:
                process.kill()
                break
        last = max([last, *(int(line) for line in process.stdout if line.endswith("\n"))])
    clock = ThreadedClock()
    store = DiskStore(clock, tmp_path, Limits(return_paths_in_memory=1600))
    clock.wait(store.open())
    keys = [octets(number) for number in range(last + 20)]
    assert clock.wait(store.find(keys)).paths.keys() == set(keys)
    messages = clock.wait(store.queued(b"one", 0, 10_000))
    expected = [b"%d" % number for number in range(0, last + 1, 20)]
    assert [message.pdu for message in messages][: len(expected)] == expected
    assert store.statistics().paths_on_disk > 1000
    clock.wait(store.close())
