"""Other people's programs, and the gate between them and SMSCs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.ports import free_port
from tests.e2e.program import RunningProgram, launched, until_done
from tests.e2e.twistd import RunningGate, running, settings

MESSAGES = int(os.environ.get("MESSAGES", "500"))
"""How many messages each of them sends: ``MESSAGES=5000 make foreign`` for as many."""

NODE_MODULES = Path(sys.prefix) / "node" / "node_modules"
"""Where `make foreign` puts what node needs."""


def found(name: str) -> str:
    """Where this program is; without it the test fails."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        pytest.fail(f"{name} is not installed; .ci/run says where it comes from")
    return path


def program(
    folder: Path, ready: str, *command: object, environment: Mapping[str, str] | None = None
) -> AbstractContextManager[RunningProgram]:
    """Run a command, once it has said ``ready``; ended afterwards."""
    name, *arguments = (str(word) for word in command)
    return until_done(
        RunningProgram(launched(folder, [found(name), *arguments], environment)), ready
    )


@contextmanager
def before(folder: Path, smscs: Mapping[str, int], more: str = "") -> Iterator[RunningGate]:
    """A gate before these SMSCs: name → port. It may log no error of its own.

    ``more`` is more of its ``[gate]``.
    """
    port = free_port()
    with running(folder, settings(port, smscs, more), port) as gate:
        yield gate
    assert "Traceback" not in gate.log
    assert "#error]" not in gate.log


@contextmanager
def before_simulated(folder: Path, more: str = "") -> Iterator[RunningGate]:
    """A gate before two simulated SMSCs; ``more`` is more of its ``[gate]``.

    They hand out the same ids, answer in any order, and send a receipt right behind each answer.
    """
    simulate = (sys.executable, "-m", "smppgate", "simulate")
    chance = ("--latency", "0.002", "--jitter", "0.002")
    with ExitStack() as stack:
        smscs = {name: free_port() for name in ("alpha", "beta")}
        for port in smscs.values():
            listen = ("--listen", f"tcp:{port}:interface=127.0.0.1")
            stack.enter_context(program(folder, "listens on", *simulate, *listen, *chance))
        gate = stack.enter_context(before(folder, smscs, more))
        gate.wait_for_log("bound at", len(smscs))
        yield gate
