"""The factory of hooks is imported to be checked; its options are any table, and secret."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from smppgate.gate.hooks import Hooks
from smppgate.settings import GateSettings, SettingsError, parse
from smppgate.settings.difference import difference
from smppgate.settings.hook_side import CannotImport, imported
from tests.settings import documents


def errors(**values: object) -> str:
    with pytest.raises(SettingsError) as caught:
        GateSettings(**values)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_factory_is_found_by_its_name() -> None:
    assert imported("smppgate.gate.hooks:Hooks") is Hooks
    assert imported("pathlib:Path.cwd") == Path.cwd


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no_such_module:F", "cannot be imported: ModuleNotFoundError"),
        ("os:no_such_thing", "os has no no_such_thing"),
        ("os:name", "name of os cannot be called"),
        ("os.path", 'must be "package.module:Factory"'),
        (":F", 'must be "package.module:Factory"'),
    ],
)
def test_what_cannot_be_imported_is_an_error_with_its_path(name: str, why: str) -> None:
    told = errors(hooks=name)
    assert told.startswith("hooks: ")
    assert why in told


def test_a_module_that_fails_is_an_error_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failing_hooks.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CannotImport, match="ZeroDivisionError"):
        imported("failing_hooks:F")
    assert "failing_hooks" not in sys.modules


def test_options_are_a_table_of_toml() -> None:
    options = {"url": "http://x/", "list": [1, 2.5, {"a": True}]}
    assert GateSettings(hook_options=options).hook_options == options
    assert "hook_options: must be a table" in errors(hook_options=[1])
    assert "hook_options.f: must not be" in errors(hook_options={"f": object()})


def test_a_change_of_options_shows_no_value() -> None:
    document = documents.full()
    before = parse(documents.toml(document))
    document["gate"]["hook_options"]["token"] = "other-never-shown"
    lines = difference(before, parse(documents.toml(document))).lines()
    assert lines == ["[gate]: hook_options changed, at once"]
