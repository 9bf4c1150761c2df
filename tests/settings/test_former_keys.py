"""A key that was renamed is an error that names the new one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import attrs
import pytest

from smppgate.cli import check
from smppgate.settings import SettingsError, parse
from smppgate.settings.model import SECTIONS
from tests.settings import documents

RENAMED = {
    "routes": "return_paths",
    "routes_in_memory": "return_paths_in_memory",
    "route_ttl": "return_path_ttl",
}
ERRORS = tuple(f"store.{old}: is called {new} now" for old, new in sorted(RENAMED.items()))


def errors_of(document: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse(documents.toml(document))
    return caught.value.errors


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_former_key_is_one_error_that_names_the_new_one(old: str, new: str) -> None:
    document = documents.minimal() | {"store": {old: 100}}
    assert errors_of(document) == (f"store.{old}: is called {new} now",)


def test_former_keys_are_reported_with_all_other_errors() -> None:
    document = documents.full()
    document["store"] |= dict.fromkeys(RENAMED, 100) | {"kind": "mysql", "routez": 1, "": 1}
    document["esme"][0]["window"] = 0
    document["pool"][0]["members"] = ["gamma"]
    errors = errors_of(document)
    assert [error for error in errors if "is called" in error] == list(ERRORS)
    assert set(errors) - set(ERRORS) == {
        'store.kind: must be "disk" or "memory" or "redis" or "sqlite", not \'mysql\'',
        "store.'': unknown key",
        "store.routez: unknown key",
        "esme[0].window: must be at least 1, not 0",
        "pool[0].members[0]: there is no smsc named 'gamma'",
    }


def test_a_former_key_beside_the_new_one_is_an_error_too() -> None:
    document = documents.minimal() | {"store": {"routes": 100, "return_paths": 100}}
    assert errors_of(document) == ("store.routes: is called return_paths now",)


def test_a_former_key_is_unknown_in_other_tables() -> None:
    assert errors_of(documents.minimal() | {"gate": {"routes": 100}}) == (
        "gate.routes: unknown key",
    )


def test_check_prints_the_new_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "gate.toml"
    document = documents.minimal() | {"store": dict.fromkeys(RENAMED, 100)}
    path.write_text(documents.toml(document), encoding="utf-8")
    assert check.run(argparse.Namespace(file=str(path))) == 1
    assert capsys.readouterr().err.splitlines() == [f"{path}: {error}" for error in ERRORS]


def test_no_key_is_a_former_key_of_another() -> None:
    """Otherwise one line of a file could mean two settings."""
    for table in SECTIONS.values():
        fields = attrs.fields(table)
        former = [it.metadata["former_key"] for it in fields if it.metadata["former_key"]]
        assert len(former) == len(set(former))
        assert not set(former) & {it.name for it in fields}
