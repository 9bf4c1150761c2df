"""Passwords in files of their own, in the environment, and as hashes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.settings import Settings, SettingsError, load, parse
from smppgate.settings.difference import difference
from smppgate.settings.passwords import PasswordFile, PasswordVariable
from tests.settings import documents

OTHER = "0ther-pw"


def settings_of(folder: Path, section: str, **keys: str) -> Settings:
    """Settings whose first account, or SMSC, has its password elsewhere."""
    document = documents.minimal()
    del document[section][0]["password"]
    document[section][0] |= keys
    file = folder / "gate.toml"
    file.write_text(documents.toml(document))
    return load(file)


def secret_in(settings: Settings, section: str) -> str:
    table: Any = getattr(settings, section)[0]
    return str(table.secret)


@pytest.mark.parametrize("section", ["esme", "smsc"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_has_a_password(tmp_path: Path, section: str, end: str) -> None:
    """Its path counts from the folder of the configuration; a line end is not part of it."""
    (tmp_path / "secret").write_bytes(f"{OTHER}{end}".encode())
    settings = settings_of(tmp_path, section, password_file="secret")
    assert secret_in(settings, section) == OTHER
    assert OTHER not in repr(settings)
    assert secret_in(pickle.loads(pickle.dumps(settings)), section) == OTHER


@pytest.mark.parametrize("section", ["esme", "smsc"])
def test_a_variable_has_a_password(
    tmp_path: Path, section: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME", OTHER)
    settings = settings_of(tmp_path, section, password_env="ACME")
    assert secret_in(settings, section) == OTHER
    assert OTHER not in repr(settings)


def test_another_password_in_the_file_is_a_difference(tmp_path: Path) -> None:
    """The line that tells of it has neither."""
    found = []
    for password in (OTHER, "the-next"):
        (tmp_path / "secret").write_text(password)
        found.append(settings_of(tmp_path, "esme", password_file="secret"))
    old, new = found
    (line,) = difference(old, new).lines()
    assert line.startswith('[[esme]] "acme": password_file ')
    assert not any(password in line for password in (OTHER, "the-next"))
    assert not difference(old, old)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"two\nlines\n", "must have no control characters"),
        (b"one\n\n", "must have no control characters"),
        (b"x" * 65, "must be at most 64 octets, not 65"),
        (b"x" * 100_000, "must be at most 64 octets, not 4096"),
    ],
)
def test_a_file_that_is_no_password(tmp_path: Path, content: bytes | None, fault: str) -> None:
    """The error names the file, and nothing that is in it."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    (problem,) = PasswordFile().problems(PasswordFile().read(str(file)))
    assert str(file) in problem.text
    assert problem.text.endswith(fault)


def test_a_variable_that_is_not_there_and_one_that_cannot_be() -> None:
    """A password that was put there by mistake is not shown."""
    check = PasswordVariable()
    (missing,) = check.problems(check.read("NOT_THERE_AT_ALL"))
    assert missing.text == "the environment has no 'NOT_THERE_AT_ALL'"
    (mistaken,) = check.problems(check.read("s3cr-et!"))
    assert mistaken.text == "must be the name of a variable"


@pytest.mark.parametrize("key", ["password_hash", "password_file", "password_env"])
@pytest.mark.parametrize("value", ["$scrypt$ln=14$s3cret", 5, ["s3cret"]])
def test_no_error_shows_what_may_be_a_password(key: str, value: object) -> None:
    document = documents.minimal()
    del document["esme"][0]["password"]
    document["esme"][0][key] = value
    with pytest.raises(SettingsError) as caught:
        parse(documents.toml(document))
    told = str(caught.value)
    assert f"esme[0].{key}: " in told
    # What is given as the name of a file is shown as one.
    assert ("s3cret" in told) == (key == "password_file" and isinstance(value, str))


@pytest.mark.parametrize("section", ["esme", "smsc"])
def test_one_password_is_enough(section: str) -> None:
    document = documents.minimal()
    document[section][0]["password_env"] = documents.VARIABLE
    with pytest.raises(SettingsError) as caught:
        parse(documents.toml(document))
    (error,) = caught.value.errors
    assert error.startswith(f"{section}[0].password_env: must not be there beside password: ")


@given(st.binary(max_size=80))
def test_any_file_is_a_password_or_has_a_fault(content: bytes) -> None:
    """The octets as they are, but for one line end."""
    file = Path(documents.KEPT_FILE + ".any")
    file.write_bytes(content)
    kept = PasswordFile().read(str(file))
    if not kept.faults:
        octets = kept.password.encode("latin-1")
        assert content in (octets, octets + b"\n", octets + b"\r\n")
