"""The same seed gives the same trace, octet for octet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Among them one with the store on disk, and one with a crash.
SEEDS = range(40, 52)


def digests(hash_seed: str) -> str:
    """What a process of its own says of the traces of all `SEEDS`."""
    first, count = str(SEEDS.start), str(len(SEEDS))
    command = [sys.executable, "-m", "tests.simulation", "--digests", "--jobs", "1"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [*command, "--first", first, "--seeds", count],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def once() -> str:
    """A first time."""
    return digests("1")


@pytest.mark.thorough
def test_another_process_gives_the_same_traces(once: str) -> None:
    """Neither the process nor the seed of Python's hashes can be seen in them."""
    assert digests("4242") == once


@pytest.mark.thorough
def test_each_seed_has_its_own(once: str) -> None:
    """The digests are of something."""
    lines = once.split("\n")[:-1]
    assert len(lines) == len(set(lines)) == len(SEEDS)
