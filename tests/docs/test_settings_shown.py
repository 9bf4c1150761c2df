"""Each configuration that the documentation shows is one that a gate would start with.

A part of one is made whole: what it names and does not have, an SMSC or a pool, is added.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smppgate.settings import SettingsError, load
from tests.certificates import Pair
from tests.docs.blocks import Block, blocks

OF_THE_MACHINE = "/etc/smppgate"
"""Where files are said to be; the test has them in a folder of its own."""

SECRETS = ("password_file", "sentinel_password_file", "secret_file")

OPTIONS = "docs/tools.md"
"""Shows a file with options of `smppgate simulate`."""

SHOWN = [block for block in blocks("toml") if not block.place.startswith(OPTIONS)]


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _named(tables: list[dict[str, Any]], *keys: str) -> set[str]:
    """What these keys name."""
    values = [value for table in tables for key in keys for value in _many(table.get(key, []))]
    return {value["smsc"] if isinstance(value, dict) else value for value in values}


def _files(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """The files that a configuration names, each with its key."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _files(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _files(each, key)
    elif key in (*SECRETS, "pools_file") or str(value).endswith((".pem", ".key")):
        yield key, value


def _contents(key: str, pair: Pair) -> bytes:
    if key == "pools_file":
        return b"44 quality\n"
    return b"secret" if key in SECRETS else pair.key + pair.certificate


def _missing(document: dict[str, Any]) -> Iterator[str]:
    """The tables that make a whole configuration of it."""
    routes, pools = document.get("route", []), document.get("pool", [])
    there = {pool["name"] for pool in pools}
    wanted = _named([*routes, *document.get("esme", [])], "pool", "fallback") - there
    smscs = {smsc["name"] for smsc in document.get("smsc", [])}
    named = _named(pools, "members", "backup") | _named(document.get("rewrite", []), "smsc")
    named -= smscs
    if not smscs | named:
        named = {"alpha"}
    if "listen" not in document:
        yield '[[listen]]\nendpoint = "tcp:2775:interface=127.0.0.1"'
    if "esme" not in document:
        yield '[[esme]]\nsystem_id = "acme"\npassword = "secret"'
    for name in sorted(named):
        yield (
            f'[[smsc]]\nname = "{name}"\nendpoint = "tcp:127.0.0.1:3001"\n'
            'system_id = "gate"\npassword = "pw"'
        )
    for name in sorted(wanted):
        yield f'[[pool]]\nname = "{name}"\nmembers = ["{min(smscs | named)}"]'


def written(block: Block, folder: Path) -> Path:
    """A file with the configuration, and the files that it names beside it."""
    pair = Pair("gate.example.net")
    (folder / "key.pem").write_bytes(pair.key)
    for name in ("cert.pem", "chain.pem", "trusted/authority.pem"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(pair.certificate)
    text = block.text.replace(OF_THE_MACHINE, str(folder))
    document = tomllib.loads(text)
    for key, name in _files(document):
        if ":" not in name:
            (folder / name).write_bytes(_contents(key, pair))
    if hooks := document.get("gate", {}).get("hooks"):
        module, factory = hooks.split(":")
        (folder / f"{module}.py").write_text(f"class {factory}:\n    pass\n")
    file = folder / "smppgate.toml"
    file.write_text("\n".join([text, *_missing(document)]))
    return file


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.place)
def test_a_gate_would_start_with_it(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    load(written(block, tmp_path))


def test_there_are_some() -> None:
    """One for each of these pages at least."""
    pages = {block.place.partition(":")[0] for block in SHOWN}
    howtos = {"from-kannel", "from-jasmin", "from-netscaler", "behind-haproxy", "tls"}
    howtos |= {"provider-limits", "find-out-why"}
    wanted = {"README.md", "docs/routing.md", "docs/tutorial.md", "docs/install.md"}
    assert wanted | {f"docs/howto/{name}.md" for name in howtos} <= pages


def test_what_no_gate_would_start_with_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = Block("", "toml", '[[route]]\npool = "uk"\nnumbers = ["44*"]\n')
    with pytest.raises(SettingsError, match="numbers"):
        load(written(wrong, tmp_path))
