"""`smppgate init`: a configuration to begin with, and the other files of the package."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from smppgate.cli.init import names, sample
from smppgate.cli.main import main
from smppgate.settings import load

ETC = Path(__file__).parents[2] / "etc"


def is_private(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_it_writes_is_valid_and_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["smppgate.toml"]
    assert is_private(tmp_path / "smppgate.toml")
    assert "smppgate check" in capsys.readouterr().out
    assert main(["check", "smppgate.toml"]) == 0
    settings = load(tmp_path / "smppgate.toml")
    assert settings.listen[0].endpoint == "tcp:2775:interface=127.0.0.1"


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    assert main(["init", "--all", str(tmp_path / "a" / "b")]) == 0
    written = {path.name for path in (tmp_path / "a" / "b").iterdir()}
    assert written == {"smppgate.toml", "prefixes.txt", "pools.txt"}
    assert main(["check", str(tmp_path / "a" / "b" / "smppgate.toml")]) == 0


@pytest.mark.parametrize("name", ["smppgate.toml", "pools.txt"])
def test_what_is_there_stays_and_nothing_is_written_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_text("mine")
    assert main(["init", "--all", str(tmp_path)]) == 1
    assert name in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_link_that_leads_nowhere_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "smppgate.toml").symlink_to(tmp_path / "elsewhere")
    assert main(["init", str(tmp_path)]) == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["init", str(tmp_path / "file" / "folder")]) == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("name", names())
def test_each_file_is_printed_as_the_repository_has_it(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--print", name]) == 0
    assert capsys.readouterr().out == (ETC / name).read_text("utf-8")


def test_no_file_is_missing() -> None:
    assert set(names()) == {path.name for path in ETC.iterdir()}


def suggestions() -> list[str]:
    """The settings that are commented out, each as the comment has it."""
    return re.findall(r"^# (\w+ = .*)$", sample("start.toml"), re.MULTILINE)


@pytest.mark.parametrize("line", suggestions())
def test_each_setting_that_is_commented_out_may_be_taken_in(tmp_path: Path, line: str) -> None:
    """Alone, where it stands; a pool with its heading."""
    text = sample("start.toml")
    if text.index(f"# {line}") > text.index("# [[pool]]"):
        head, pool = text.split("# [[pool]]\n")
        text = f"{head}[[pool]]\n{re.sub('^# ', '', pool, flags=re.MULTILINE)}"
    else:
        text = text.replace(f"# {line}", line)
    file = tmp_path / "smppgate.toml"
    file.write_text(text)
    assert line in text.splitlines()
    load(file)


def test_there_are_suggestions() -> None:
    assert len(suggestions()) > 10
