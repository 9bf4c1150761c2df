"""What the tests of commands that ask a running gate share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smppgate.cli.main import main
from tests.cli.control.fake_gate import FakeGate, fake_gate

Command = Callable[..., int]


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable and no file of the surroundings names a gate."""
    monkeypatch.chdir(tmp_path)
    for name in ("SOCKET", "URL", "CONFIG", "USER", "PASSWORD"):
        monkeypatch.delenv(f"SMPPGATE_{name}", raising=False)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[FakeGate]:
    """A gate that runs."""
    with fake_gate(tmp_path) as server:
        yield server


@pytest.fixture
def command(gate: FakeGate) -> Command:
    """Runs a command against the gate; gives its exit status."""

    def run(*words: str) -> int:
        return main([*words, "--socket", gate.path])

    return run
