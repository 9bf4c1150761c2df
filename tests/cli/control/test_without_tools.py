"""What is left without ``smppgate[tools]``: all that the gate needs, in plain text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from smppgate.cli.main import COMMANDS
from tests.cli.control.fake_gate import FakeGate
from tests.cli.control.screens import Screen

HIDDEN = "import sys\nsys.modules['rich'] = sys.modules['shtab'] = None\n"

MISSING = "which is not installed: pip install 'smppgate[tools]'"

CONFIG = """
[[listen]]
endpoint = "tcp:2775"
[[esme]]
system_id = "acme"
password = "secret"
[[smsc]]
name = "alpha"
endpoint = "tcp:127.0.0.1:3001"
system_id = "gate"
password = "pw"
"""

pytestmark = pytest.mark.thorough


@pytest.fixture
def hidden(tmp_path: Path) -> dict[str, str]:
    """The environment of a Python that has neither Rich nor shtab."""
    folder = tmp_path / "hidden"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HIDDEN)
    return {"PYTHONPATH": str(folder)}


def ran(hidden: dict[str, str], *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, *words],
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8", **hidden},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_every_command_and_the_plugin_of_twistd_are_there(hidden: dict[str, str]) -> None:
    program = (
        "from smppgate.cli.main import whole_parser\nimport smppgate.tap, smppgate.gate\n"
        "print(whole_parser().format_help())"
    )
    status, out, err = ran(hidden, "-c", program)
    assert (status, err) == (0, "")
    assert all(name in out for name in COMMANDS)


def test_a_file_is_checked(hidden: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(CONFIG)
    status, _, err = ran(hidden, "-m", "smppgate", "check", str(tmp_path / "gate.toml"))
    assert status == 0, err


@pytest.mark.parametrize("name", ["status", "smscs", "accounts"])
def test_a_terminal_gets_plain_lines(hidden: dict[str, str], gate: FakeGate, name: str) -> None:
    screen = Screen(100, name, "--socket", gate.path, environment=hidden)
    assert screen.end() == 0
    assert "alpha" in screen.text or "acme" in screen.text or "accounts" in screen.text
    assert "\x1b" not in screen.written


def test_top_says_what_it_needs_and_shows_one_screen_without(
    hidden: dict[str, str], gate: FakeGate
) -> None:
    live = Screen(100, "top", "--socket", gate.path, environment=hidden)
    assert live.end() == 1
    assert f"smppgate top: this needs rich, {MISSING}" in live.text
    once = Screen(
        100, "top", "--once", "--interval", "0.1", "--socket", gate.path, environment=hidden
    )
    assert once.end() == 0
    assert "alpha" in once.text


def test_completion_says_what_it_needs(hidden: dict[str, str]) -> None:
    assert ran(hidden, "-m", "smppgate", "completion", "bash") == (
        1,
        "",
        f"smppgate completion: this needs shtab, {MISSING}\n",
    )


def test_the_demo_and_a_load_write_lines(hidden: dict[str, str]) -> None:
    screen = Screen(120, "demo", "--seconds", "0.5", environment=hidden)
    assert screen.end() == 0
    assert "messages/s  alpha" in screen.text
    assert "OK: every message was answered exactly once" in screen.text
    status, _, err = ran(hidden, "-m", "smppgate", "load", "--connect", "127.0.0.1:1")
    assert status == 1
    assert err.startswith("smppgate load: cannot connect")
