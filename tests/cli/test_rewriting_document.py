"""The examples of docs/rewriting.md are what they say they are."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from smppgate.cli.main import main
from tests.docs.blocks import ROOT, blocks_of

DOCUMENT = ROOT / "docs/rewriting.md"

PEERS = """
[[listen]]
endpoint = "tcp:2775:interface=127.0.0.1"
[[esme]]
system_id = "acme"
password = "secret"
[[smsc]]
name = "alpha"
endpoint = "tcp:127.0.0.1:3001"
system_id = "gate"
password = "pw"
[[smsc]]
name = "beta"
endpoint = "tcp:127.0.0.1:3002"
system_id = "gate"
password = "pw"
"""


def test_what_would_happen_is_what_the_command_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rules at the top of the document."""
    (rules,) = blocks_of(DOCUMENT, "toml")
    (session,) = blocks_of(DOCUMENT, "")
    command, _, expected = session.text.partition("\n")
    monkeypatch.chdir(tmp_path)
    Path("gate.toml").write_text(PEERS + rules.text)
    assert main(shlex.split(command)[2:]) == 0
    assert capsys.readouterr().out == expected


def test_the_rules_are_valid_and_warned_of_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (rules,) = blocks_of(DOCUMENT, "toml")
    path = tmp_path / "gate.toml"
    path.write_text(PEERS + rules.text)
    assert main(["check", str(path)]) == 0
    told = capsys.readouterr()
    assert "6 rules" in told.out
    assert "rewrite" not in told.err
