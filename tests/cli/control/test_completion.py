"""Scripts that complete the command line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smppgate.cli.main import COMMANDS, main
from tests.cli.control.fake_gate import FakeGate


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_all_commands_and_options_are_in_it(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = script(shell, capsys)
    for name in COMMANDS:
        assert name in text
    for option in ("--no-wait", "--socket", "--latency"):
        assert option in text
    assert "smppgate smscs --names" in text


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["dra"], {"drain"}),
        (["drain", "a"], {"alpha"}),
        (["drain", "alpha", "--no"], {"--no-wait"}),
        (["close", ""], {"acme", "bolt"}),
        (["log-level", "d"], {"debug"}),
        (["queue", "d"], {"drop"}),
        (["queue", "drop", ""], {"bolt"}),
        (["trace", "--account", ""], {"acme", "bolt"}),
        (["send", "--long", ""], {"udh", "sar", "payload"}),
        (["simulate", "--receipt-ids", "d"], {"decimal"}),
        (["simulate", "--th"], {"--throttle"}),
        (["capture", "--smsc", "a"], {"alpha"}),
    ],
)
def test_bash_completes(
    gate: FakeGate,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: list[str],
    found: set[str],
) -> None:
    """Names come from the gate that runs."""
    (tmp_path / "smppgate").write_text(f'#!/bin/sh\nexec {sys.executable} -m smppgate "$@"\n')
    (tmp_path / "smppgate").chmod(0o755)
    (tmp_path / "completion").write_text(script("bash", capsys))
    line = ["smppgate", *words]
    asked = f"""
        source ./completion
        COMP_WORDS=({" ".join(repr(word) for word in line)}) COMP_CWORD={len(line) - 1}
        _shtab_smppgate smppgate "{line[-1]}" "{line[-2]}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "SMPPGATE_SOCKET": gate.path},
    )
    assert found <= {word.strip() for word in done.stdout.split()}, done
