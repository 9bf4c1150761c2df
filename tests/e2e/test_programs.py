"""The programs of README, docs and examples do what is written beside them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import both_ends
from tests.e2e.ports import free_port
from tests.e2e.twistd import settings
from tests.e2e.wire import PATIENCE
from tests.programs import programs

PROGRAMS = programs()

RUN = {"README-1", "README-2", "txsmpp-1", "txsmpp-2", "settings-1", "embed"}
"""Those that a test below runs."""

HOOKS = {"hooks-1", "http_hooks"}
"""Those that a gate runs: in ``test_hooks.py`` and ``tests/gate/hooks/test_interface.py``."""


def test_every_program_is_run() -> None:
    assert set(PROGRAMS) == RUN | HOOKS


@contextmanager
def started(*command: str | Path, cwd: Path, told: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has written a line with ``told``."""
    words = [sys.executable, *map(str, command)]
    with subprocess.Popen(words, cwd=cwd, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if told in line:
                    break
            else:
                pytest.fail(f"{command} has ended before it told {told!r}")
            yield process
        finally:
            process.kill()


def written(name: str, folder: Path, port: int) -> Path:
    """The program as a file, with ``port`` in place of SMPP's own."""
    path = folder / f"{name}.py"
    path.write_text(PROGRAMS[name].replace("2775", str(port)))
    return path


def ran(*command: str | Path, cwd: Path) -> list[str]:
    """The lines that a program writes which succeeds."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def smsc(tmp_path: Path, port: int) -> Iterator[int]:
    """The port of a simulated SMSC with MO messages."""
    listen = f"tcp:{port}:interface=127.0.0.1"
    command = ["-m", "smppgate", "simulate", "--listen", listen, "--mo-rate", "20"]
    with started(*command, cwd=tmp_path, told="listens on"):
        yield port


def test_a_gate_is_embedded(tmp_path: Path, smsc: int) -> None:
    (tmp_path / "smppgate.toml").write_text(settings(free_port(), {"alpha": smsc}))
    (line,) = ran(written("README-1", tmp_path, free_port()), cwd=tmp_path)
    assert line == "0 b'alpha00000001'"


def test_a_gate_is_embedded_without_a_file(tmp_path: Path, smsc: int) -> None:
    listen = f"tcp:{free_port()}:interface=127.0.0.1"
    program = written("embed", tmp_path, free_port())
    (line,) = ran(program, f"tcp:127.0.0.1:{smsc}", listen, cwd=tmp_path)
    assert re.fullmatch("no error, message_id ....00000001", line)


def test_settings_are_made_in_a_program(tmp_path: Path) -> None:
    assert ran(written("settings-1", tmp_path, 2775), cwd=tmp_path) == []


def test_a_short_client_sends_a_long_text(tmp_path: Path, smsc: int) -> None:
    lines = ran(written("README-2", tmp_path, smsc), cwd=tmp_path)
    assert lines == ["0 b'00000001'", "0 b'00000002'", "0 b'00000003'"]


def test_a_client_sends_and_gets_receipts_and_messages(tmp_path: Path, smsc: int) -> None:
    lines = ran(written("txsmpp-1", tmp_path, smsc), cwd=tmp_path)
    assert [line for line in lines if line.startswith("no error")] == [
        "no error 00000001",
        "no error 00000002",
    ]
    assert {"receipt 00000001 DELIVRD", "receipt 00000002 DELIVRD"} < set(lines)
    assert any(line.startswith("message MO ") for line in lines)


def test_a_server_takes_a_message_and_delivers_its_receipt(tmp_path: Path, port: int) -> None:
    program = written("txsmpp-2", tmp_path, port)
    with started(program, cwd=tmp_path, told="listening") as server:
        where = ["--connect", f"127.0.0.1:{port}"]
        lines = ran("-m", "smppgate", "send", *where, "--text", "hello", cwd=tmp_path)
        assert "message_id 00000001" in lines[1]
        assert lines[2].startswith("receipt   DELIVRD (delivered)")
        assert server.stdout is not None
        assert server.stdout.readline() == "acme sends hello\n"


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_client_and_a_server_talk_over_sockets_and_come_together_again(
    tmp_path: Path, port: int, kind: str
) -> None:
    """A window of requests each way; what is cut comes back, and both stop in order."""
    listen, connect = f"tcp:{port}:interface=127.0.0.1", f"tcp:127.0.0.1:{port}"
    if kind == "unix":
        listen = connect = f"unix:{tmp_path / 'smsc'}"
    lines = ran(Path(both_ends.__file__), listen, connect, cwd=tmp_path)
    assert lines == ["True", "True", "lost"] * 2 + ["0"]
