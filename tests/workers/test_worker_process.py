"""A worker's process that is ended before it has begun."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

# What the import takes half a second for is held up until the test has sent its signal.
HELD_UP = """
import signal, sys, types
signal.signal(signal.SIGINT, signal.default_int_handler)
from smppgate.workers import worker_process
class Held(types.ModuleType):
    def __getattr__(self, name):
        print("importing", flush=True)
        sys.stdin.read()
sys.modules["smppgate.workers.orders"] = Held("held")
worker_process.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_stops_it_while_it_is_imported_ends_it_without_a_traceback(
    number: signal.Signals,
) -> None:
    line = [sys.executable, "-c", HELD_UP]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"importing\n"
        os.kill(process.pid, number)
        assert process.stderr.read() == b""
    assert process.returncode == -number
