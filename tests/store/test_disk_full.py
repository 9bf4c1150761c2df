"""A disk that is really full: a process whose files may not grow any further."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, resource, sys
from smppgate.store import DiskStore, Limits, NewMessage
from tests.store.fakes import BEGUN, ThreadedClock, octets, some

clock = ThreadedClock()
store = DiskStore(clock, sys.argv[1], Limits())
seen = {}

def limit(octets):
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))

clock.wait(store.open())
clock.wait(store.keep(some(1000)))
limit(200_000)
for start in range(1000, 20_000, 1000):
    clock.wait(store.keep(some(1000, start)))
    clock.advance(1.0)
full = store.statistics()
seen["unsaved"], seen["failures"], seen["fault"] = full.unsaved, full.failures, full.fault
seen["recent"] = full.paths_recent
message = NewMessage(b"one", b"x" * 300_000, BEGUN + 1000)
seen["outcome"] = [it.value for it in clock.wait(store.enqueue([message]))]
seen["queued"] = len(clock.wait(store.queued(b"one", 0, 10)))
limit(resource.RLIM_INFINITY)
for _ in range(20):
    clock.advance(1.0)
    clock.wait(store.reserve_numbers(1))
mended = store.statistics()
seen["mended"] = [mended.unsaved, mended.fault, mended.lost]
clock.wait(store.close())
again = DiskStore(clock, sys.argv[1], Limits())
clock.wait(again.open())
seen["after"] = again.statistics().paths_recent
clock.wait(again.close())
print(json.dumps(seen))
"""


def test_a_full_disk_costs_nothing_but_what_it_would_have_kept(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "state")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["recent"] == 20_000
    assert seen["unsaved"] > 10_000
    assert seen["failures"] > 3
    assert seen["fault"].startswith("return paths: ")
    assert seen["outcome"] == ["failed"]
    assert seen["queued"] == 0
    assert seen["mended"] == [0, "", 0]
    assert seen["after"] == 20_000
