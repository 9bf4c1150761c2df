"""``smppgate check``: what it prints and how it exits."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from smppgate.cli import check
from tests.settings import documents


def run(path: Path) -> int:
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)
    return check.run(parser.parse_args([str(path)]))


def test_a_valid_file_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, lines with what is in it, nothing on standard error."""
    document = documents.full()
    document["gate"]["message_ids"] = "tagged"
    for table in (*document["esme"], *document["smsc"]):
        table["password"] = "pw"
    path = tmp_path / "gate.toml"
    path.write_text(documents.toml(document))
    assert run(path) == 0
    out, err = capsys.readouterr()
    valid, tags = out.splitlines()
    assert valid == f"{path}: valid: 1 listener, 2 ESME accounts, 2 SMSCs, 2 pools"
    assert tags.startswith("message ids begin with ")
    assert all(f"({smsc['name']})" in tags for smsc in document["smsc"])
    assert err == ""


def test_warnings_do_not_make_it_invalid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0 still; each warning is a line on standard error."""
    path = tmp_path / "gate.toml"
    path.write_text(documents.toml(documents.minimal()))
    assert run(path) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{path}: valid: 1 listener, 1 ESME account, 1 SMSC, 1 pool\n")
    assert [line.split(":")[:3] for line in err.splitlines()] == [
        [str(path), " warning", " esme[0].password"],
        [str(path), " warning", " smsc[0].password"],
    ]
    assert documents.PASSWORD not in err


def test_all_errors_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, one line for each on standard error, nothing on standard output."""
    document = documents.full()
    document["esme"][0]["window"] = 0
    del document["smsc"][0]["endpoint"]
    path = tmp_path / "gate.toml"
    path.write_text(documents.toml(document))
    assert run(path) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"{path}: esme[0].window: must be at least 1, not 0",
        f"{path}: smsc[0].endpoint: is missing",
    ]


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 and one line, no traceback."""
    assert run(tmp_path / "none.toml") == 1
    assert capsys.readouterr().err == (
        f"{tmp_path / 'none.toml'}: cannot be read: No such file or directory\n"
    )


def test_untouched_ids_have_no_tags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """message_ids = "original": one line only."""
    path = tmp_path / "gate.toml"
    document = documents.minimal()
    document["gate"] = {"message_ids": "original"}
    path.write_text(documents.toml(document))
    assert run(path) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
