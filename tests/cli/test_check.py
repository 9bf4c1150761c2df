"""``smppgate check``: what it prints and how it exits."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from smppgate.cli import check
from smppgate.cli.surroundings import surroundings_warnings
from smppgate.settings import Settings, StoreSettings, parse
from tests.settings import documents


def run(path: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)
    return check.run(parser.parse_args([str(path), *arguments]))


def written(folder: Path, document: dict[str, Any]) -> Path:
    """A file that only its owner may read."""
    path = folder / "gate.toml"
    path.write_text(documents.toml(document))
    path.chmod(0o600)
    return path


def test_a_valid_file_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, lines with what is in it, nothing on standard error."""
    document = documents.full()
    document["gate"]["message_ids"] = "tagged"
    document["gate"]["state_dir"] = str(tmp_path / "state")
    document["store"] = {"kind": "disk"}
    for table in (document["esme"][0], document["smsc"][0]):
        table["password"] = "pw"
    document["pool"][1]["backup"].append("delta")
    path = written(tmp_path, document)
    assert run(path) == 0
    out, err = capsys.readouterr()
    valid, tags, *_notes = out.splitlines()
    counts = "1 listener, 4 ESME accounts, 3 SMSCs, 2 pools, 3 routes, 2 rules"
    assert valid == f"{path}: valid: {counts}"
    assert tags.startswith("message ids begin with ")
    assert all(f"({smsc['name']})" in tags for smsc in document["smsc"])
    assert err == ""


def test_warnings_do_not_make_it_invalid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0 still; each warning is a line on standard error."""
    path = written(tmp_path, documents.minimal())
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
    path = written(tmp_path, document)
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
    """message_ids = "original": no line about tags."""
    document = documents.minimal()
    document["gate"] = {"message_ids": "original"}
    assert run(written(tmp_path, document)) == 0
    assert "begin with" not in capsys.readouterr().out


def test_what_queries_keep_is_told_at_the_given_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The number of return paths, and how long they last where not all of them have room."""
    path = written(tmp_path, documents.minimal())
    assert run(path, "--rate", "10") == 0
    assert "at 10 messages a second 2592000 return paths" in capsys.readouterr().out
    assert run(path, "--rate", "10000") == 0
    out = capsys.readouterr().out
    assert "at 10000 messages a second 214748364 return paths" in out
    assert "each is forgotten after 6.0 h, since return_paths_disk = 17179869184" in out
    document = documents.minimal() | {"store": {"return_paths": 10_000_000}}
    assert run(written(tmp_path, document), "--rate", "1000") == 0
    out = capsys.readouterr().out
    assert "each is forgotten after 2.8 h, since return_paths = 10000000" in out
    document = documents.minimal()
    document["esme"][0]["queries"] = False
    assert run(written(tmp_path, document), "--rate", "1000") == 0
    assert "queries = true" not in capsys.readouterr().out


def test_how_long_the_room_lasts_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a store on disk, at three rates."""
    assert run(written(tmp_path, documents.minimal())) == 0
    out = capsys.readouterr().out
    assert "return_paths_disk = 17179869184: 60 h at 1000, 6.0 h at 10000, 0.6 h at 100000" in out
    document = documents.minimal() | {"store": {"kind": "memory"}}
    assert run(written(tmp_path, document)) == 0
    assert "have room for" not in capsys.readouterr().out


def test_a_file_that_others_may_read_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Passwords are in it."""
    path = written(tmp_path, documents.minimal())
    path.chmod(0o644)
    assert run(path) == 0
    assert f"{path}: warning: passwords are in this file" in capsys.readouterr().err
    path.chmod(0o640)
    assert run(path) == 0
    assert "passwords are" not in capsys.readouterr().err


def test_a_state_dir_that_cannot_be_one_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file stands in its place or above it; a store in memory needs none."""
    (tmp_path / "taken").write_text("")
    document = documents.minimal()
    for folder in ("taken", "taken/state"):
        document["gate"] = {"state_dir": str(tmp_path / folder)}
        assert run(written(tmp_path, document)) == 1
        assert "gate.state_dir: " in capsys.readouterr().err
    document["store"] = {"kind": "memory"}
    assert run(written(tmp_path, document)) == 0


def test_a_state_dir_without_the_right_to_write_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate may run as another user, so that it is no error."""
    settings = parse(documents.toml(documents.minimal()))
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.chdir(tmp_path)
    (warning,) = surroundings_warnings(settings, "none", 100_000)
    assert warning.startswith("gate.state_dir: 'state' cannot be made in ")
    (tmp_path / "state").mkdir()
    (warning,) = surroundings_warnings(settings, "none", 100_000)
    assert warning == "gate.state_dir: 'state' cannot be written to by this user"


def test_fewer_descriptors_than_sessions_are_told_with_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions of ESMEs and links to SMSCs count, and what the gate needs besides."""
    monkeypatch.chdir(tmp_path)
    document = documents.minimal()
    document["smsc"][0] |= {"bind": "transmitter+receiver", "sessions": 3}
    settings = parse(documents.toml(document))
    assert list(surroundings_warnings(settings, "none", 10_106)) == []
    (warning,) = surroundings_warnings(settings, "none", 10_105)
    assert "10000 sessions and 6 links need 10106 descriptors" in warning


def test_a_private_key_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    """Like the passwords."""
    key = tmp_path / "key.pem"
    key.write_text("")
    endpoint = f"ssl:3550:privateKey={key}:certKey=none"
    settings = SimpleNamespace(
        listen=[SimpleNamespace(endpoint=endpoint, max_sessions=1, tls=None)],
        esme=[],
        smsc=[],
        store=StoreSettings(kind="memory"),
        gate=SimpleNamespace(state_dir="state"),
        peers=SimpleNamespace(secret="", secret_file=None),
    )
    key.chmod(0o644)
    (warning,) = surroundings_warnings(cast(Settings, settings), "none", 1000)
    assert "other users may read the private key" in warning
    key.chmod(0o600)
    assert list(surroundings_warnings(cast(Settings, settings), "none", 1000)) == []
