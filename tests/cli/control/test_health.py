"""`smppgate health`: whether the gate can serve, as an exit status."""

from __future__ import annotations

import pytest

from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate, Request


@pytest.mark.parametrize(
    ("status", "word", "exit_status"), [(200, "ready", 0), (503, "not ready", 1)]
)
def test_its_exit_status_is_the_gates_answer(
    gate: FakeGate,
    command: Command,
    capsys: pytest.CaptureFixture[str],
    status: int,
    word: str,
    exit_status: int,
) -> None:
    def answer(request: Request) -> None:
        request.octets(f"{word}\n".encode(), status, "text/plain")

    gate.answers["GET /readyz"] = answer
    assert command("health") == exit_status
    assert capsys.readouterr().out == f"{word}\n"


def test_what_is_no_gate_is_not_reached(
    gate: FakeGate, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.answers["GET /readyz"] = lambda request: request.octets(b"hello")
    assert command("health") == 2
    assert "answers what no gate does" in capsys.readouterr().err


def test_where_nothing_listens_it_is_not_reached(gate: FakeGate, command: Command) -> None:
    gate.shutdown()
    gate.server_close()
    assert command("health") == 2
