"""The documentation and the example file say what the classes say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from smppgate.settings import load
from smppgate.settings.model import TABLES, heading
from smppgate.settings.reference import Row, markdown, rows
from smppgate.settings.store_relations import PASSWORDS, SENTINEL_PASSWORDS
from smppgate.settings.takes import Takes

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "etc/smppgate.toml"


# Each is in place of a password.
PLACES = ("esme.password_hash", "esme.password_file", "esme.password_env")
OTHERS = ("smsc.password_file", "smsc.password_env")


def _id(row: Row) -> str:
    return f"{row.section}.{row.key}"


def _example_keys() -> dict[tuple[str, str], tuple[str, str]]:
    """Each key where the example first shows it: its value, and the comment right above it."""
    section, comment = "", ""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for written in EXAMPLE.read_text(encoding="utf-8").splitlines():
        # Those of which there can be one only, and TLS, are commented out, without a blank.
        is_out = re.match(r"#(\[|[a-z_]+ = )", written)
        line = written.removeprefix("#") if is_out else written
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith("#"):
            comment = f"{comment} {line.removeprefix('#').strip()}".strip()
            continue
        elif " = " in line:
            key, _, value = line.partition(" = ")
            found.setdefault((section, key), (value, comment))
        comment = ""
    return found


@pytest.mark.parametrize("row", rows(), ids=_id)
def test_every_setting_is_described(row: Row) -> None:
    """With a sentence, the kind of its value and what is allowed."""
    assert re.fullmatch(r"[A-Z].*\.", row.meaning)
    assert row.kind
    assert row.allowed


@pytest.mark.parametrize("section", TABLES)
def test_the_documentation_has_a_row_for_every_setting(section: str) -> None:
    """With the default, unit, effect and meaning of the class; a heading names the section."""
    assert f"\n## `{heading(section)}`: " in DOCUMENT
    assert "\n".join(markdown(section)) in DOCUMENT


def test_the_documentation_has_no_other_rows() -> None:
    """Settings that do not exist any more are not described."""
    keys = re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE)
    assert keys == [row.key for row in rows()]


@pytest.mark.parametrize("row", rows(), ids=_id)
def test_the_example_shows_and_explains_every_setting(row: Row) -> None:
    """Under a comment with its meaning, unit, bounds and default."""
    _value, comment = _example_keys()[row.section, row.key]
    assert comment == row.comment()


def test_the_example_has_defaults_where_there_are_some() -> None:
    """A key that is deleted keeps its value, but for ranges, passwords, routes and rules."""
    shown = _example_keys()
    other = [
        _id(row)
        for row in rows()
        if row.default not in ("", shown[row.section, row.key][0])
        and row.section not in ("route", "rewrite")
    ]
    expected = ["esme.password", *PLACES, "esme.address_ranges", "smsc.password", *OTHERS]
    kept = [f"store.{key}" for key in (*PASSWORDS, *SENTINEL_PASSWORDS)]
    assert other == [*kept, "store.wait_replicas", "peers.secret_file", *expected]


def test_the_shipped_files_are_valid_and_listen_on_loopback() -> None:
    """Both load as they are, and trying them opens no port to other machines."""
    whole, least = load(EXAMPLE), load(ROOT / "etc/minimal.toml")
    assert [smsc.endpoint for smsc in whole.smsc] == ["tcp:127.0.0.1:3001", "tcp:127.0.0.1:3002"]
    for settings in (whole, least):
        assert settings.listen[0].endpoint == "tcp:2775:interface=127.0.0.1"


def test_the_minimal_file_has_nothing_to_spare() -> None:
    """Each key in it is one without a default."""
    with (ROOT / "etc/minimal.toml").open("rb") as file:
        document = tomllib.load(file)
    given = {(section, key) for section, tables in document.items() for key in tables[0]}
    required = {(row.section, row.key) for row in rows() if not row.default}
    spare = ("pool", "peer", "admin.user", "listen.tls", "listen.tls.certificates", "rewrite")
    needed = {(section, key) for section, key in required if section not in spare}
    assert given == needed | {("esme", "password"), ("smsc", "password")}


@pytest.mark.parametrize("row", rows(), ids=_id)
def test_every_setting_says_when_a_change_takes_effect(row: Row) -> None:
    """In one of the four ways that the documentation explains."""
    assert isinstance(row.takes, Takes)
    assert f"\n| {row.takes.value} | " in DOCUMENT


def test_what_waits_for_a_restart() -> None:
    """The store, what this node is to others, and what ids given out before depend on."""
    assert [_id(row) for row in rows() if row.takes is Takes.AT_RESTART] == [
        "gate.message_ids",
        "gate.workers",
        "gate.reuse_port",
        "gate.state_dir",
        *(_id(row) for row in rows() if row.section in ("store", "store.tls", "peers")),
        "smsc.tag",
        "smsc.group",
        "smsc.receipt_ids",
    ]
