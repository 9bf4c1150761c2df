"""Reading TOML: the settings of a valid file, and the errors of others."""

from __future__ import annotations

import collections
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.settings import EsmeSettings, MemberSettings, Settings, SettingsError, load, parse
from smppgate.settings.model import SINGLE
from smppgate.settings.number_files import NumberFile
from smppgate.settings.passwords import KeptPassword
from smppgate.settings.redis_places import RedisUrl
from smppgate.settings.rewrite_checks import StatusMap
from smppgate.settings.tables import Table
from tests.settings import documents

ISSUE_EXAMPLE = """
[gate]
name = "gate1"
response_timeout = 60.0        # seconds
stop_timeout = 30.0
[[listen]]
endpoint = "tcp:2775:interface=127.0.0.1"
[[esme]]
system_id = "acme"
password = "secret"
max_binds = 10
window = 100                   # unanswered requests allowed per session
address_ranges = ["4477009*", "447700900123", "^44(77|78)[0-9]{8}$"]   # prefix*, exact, ^regex$
[[smsc]]
name = "alpha"
endpoint = "tcp:127.0.0.1:3001"
system_id = "gate"
password = "pw"
bind = "transceiver"           # or "transmitter+receiver"
sessions = 1
window = 100
weight = 1
enquire_link = 30.0
[[pool]]                       # none given: one pool of all SMSCs
name = "main"
members = ["alpha"]
balance = "least_outstanding"  # or "round_robin"
"""


def errors_of(document: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse(documents.toml(document))
    return caught.value.errors


def test_the_published_example_loads() -> None:
    """The names that are used from outside are read under those names."""
    settings = parse(ISSUE_EXAMPLE)
    assert settings.gate.name == "gate1"
    assert settings.listen[0].endpoint == "tcp:2775:interface=127.0.0.1"
    assert settings.esme[0].address_ranges == (
        "4477009*",
        "447700900123",
        "^44(77|78)[0-9]{8}$",
    )
    assert settings.smsc[0].bind == "transceiver"
    assert settings.pool[0].members == ("alpha",)


def test_every_key_arrives_with_its_value() -> None:
    """Each value of a file is the attribute of the same name; integers become seconds."""
    document = documents.full()
    # Other than its default; in the full document, with a queue, it would be warned of.
    document["store"]["kind"] = "memory"
    settings = parse(documents.toml(document))
    for section, tables in document.items():
        read = getattr(settings, section)
        pairs = [(read, tables)] if section in SINGLE else zip(read, tables, strict=True)
        for table, written in pairs:
            for key, value in written.items():
                expected = StatusMap().tidy(value) if key == "set_statuses" else value
                found = getattr(table, key)
                assert expected in (found, _as_written(found))
    assert isinstance(settings.gate.stop_timeout, float)
    assert isinstance(settings.smsc[0].reconnect_min, float)


def _as_written(value: object) -> object:
    """A value as the document has it."""
    if isinstance(value, tuple):
        return [_as_written(each) for each in value]
    places = {NumberFile: "path", KeptPassword: "place", RedisUrl: "text"}
    if type(value) in places:
        return getattr(value, places[type(value)])
    if value is None:
        # No file of a secret.
        return ""
    if isinstance(value, Table | MemberSettings):
        return {key: _as_written(it) for key, it in attrs.asdict(value).items() if it is not None}
    return "ESME_RSUBMITFAIL" if value == 0x45 else value


def test_a_minimal_file_has_the_defaults() -> None:
    """What is left out is at its default, and the pool is of all SMSCs."""
    settings = parse(documents.toml(documents.minimal()))
    assert settings.gate.response_timeout == 60.0
    assert settings.gate.no_member_status == 0x08
    assert (settings.gate.message_ids, settings.gate.state_dir) == ("tagged", "state")
    assert (settings.store.kind, settings.store.durability) == ("disk", "process")
    assert settings.esme[0] == EsmeSettings(system_id="acme", password=documents.PASSWORD)
    assert settings.esme[0].binds == ("transmitter", "receiver", "transceiver")
    assert [(pool.name, pool.members, pool.balance) for pool in settings.pool] == [
        ("default", ("alpha",), "least_outstanding")
    ]


def test_all_errors_are_reported_at_once() -> None:
    """One line for each error, wherever it is and whatever else is wrong beside it."""
    document = documents.full()
    document["gate"] |= {"name": "x" * 16, "response_timeout": 0, "widnow": 3}
    document["listen"][0]["endpoint"] = "tcp:99999"
    document["esme"][0] |= {"window": 0, "max_binds": True, "pool": "bakup"}
    document["esme"][0]["address_ranges"][2] = "^(4+)+$"
    document["esme"][1]["system_id"] = "acme"
    document["smsc"][0] |= {"reconnect_min": 9, "interface_version": 3.4, "weight": "1"}
    del document["smsc"][1]["password_file"]
    document["pool"][0]["members"] = ["alpha", "gamma", "alpha"]
    document["pools"] = []
    assert errors_of(document) == (
        "gate.name: must be at most 15 octets, not 16",
        "gate.response_timeout: must be more than 0, not 0.0",
        "gate.widnow: unknown key",
        "listen[0].endpoint: port must be 0 to 65535, not '99999'",
        "esme[0].max_binds: must be an integer, not the boolean true",
        "esme[0].window: must be at least 1, not 0",
        "esme[0].address_ranges[2]: this regular expression could take too long: it repeats "
        "repetitions or alternatives, or has too many of them",
        'smsc[0].interface_version: must be a string: put it in quotes, "3.4"',
        "smsc[0].weight: must be an integer, not the string '1'",
        "smsc[1].password: is missing: there must be one of password, password_file and "
        "password_env",
        "pool[0].members[2]: 'alpha' is there already, at [0]",
        "pools: unknown key; did you mean 'pool'?",
        "esme[1].system_id: 'acme' is the system_id of esme[0] too",
        "pool[0].members[1]: there is no smsc named 'gamma'",
        "esme[0].pool: there is no pool named 'bakup'; did you mean 'backup'?",
        "smsc[0].reconnect_min: must be at most reconnect_max (2.5), not 9.0",
    )


def test_a_broken_rule_of_a_table_is_reported_once() -> None:
    """The table and the document report it with the same line."""
    document = documents.full()
    document["smsc"][0]["reconnect_min"] = 9
    assert errors_of(document) == (
        "smsc[0].reconnect_min: must be at most reconnect_max (2.5), not 9.0",
    )


@pytest.mark.parametrize(
    ("section", "key"), [("esme", "system_id"), ("smsc", "name"), ("pool", "name")]
)
def test_a_name_used_twice_is_refused(section: str, key: str) -> None:
    """The error is that of the second table, and names the first."""
    document = documents.full()
    name, count = document[section][0][key], len(document[section])
    document[section].append(
        document[section][0] | {"members": ["beta"]} if section == "pool" else document[section][0]
    )
    assert errors_of(document) == (
        f"{section}[{count}].{key}: '{name}' is the {key} of {section}[0] too",
    )


@pytest.mark.parametrize(
    ("group", "other", "error"),
    [
        ("center", "center", "must be \"resp_hex\" as in smsc[0], which is in the group 'center'"),
        ("", "alpha", "must be \"resp_hex\" as in smsc[0], which is in the group 'alpha'"),
        ("beta", "", "must be \"resp_hex\" as in smsc[0], which is in the group 'beta'"),
        ("", "", ""),
        ("center", "", ""),
        ("center", "Center", ""),
    ],
)
def test_a_group_has_one_way_to_write_ids(group: str, other: str, error: str) -> None:
    """An SMSC's own name is its group where none is given, and others may join it there."""
    document = documents.full()
    document["smsc"][0] |= {"group": group, "receipt_ids": "resp_hex"}
    document["smsc"][1] |= {"group": other, "receipt_ids": "auto"}
    if not error:
        assert parse(documents.toml(document)).smsc[1].receipt_ids == "auto"
        return
    assert errors_of(document) == (f'smsc[1].receipt_ids: {error} too, not "auto"',)


def test_without_pools_an_account_can_name_only_the_default() -> None:
    """The pool that is filled in has a name, and no other exists."""
    document = documents.minimal()
    document["esme"][0]["pool"] = "default"
    assert parse(documents.toml(document)).pool[0].name == "default"
    document["esme"][0]["pool"] = "main"
    assert errors_of(document) == ("esme[0].pool: there is no pool named 'main'",)


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"listen": 3}, "listen: must be an array of tables: [[listen]], not the integer 3"),
        ({"smsc": {"name": "x"}}, "smsc: must be an array of tables: [[smsc]], not a table"),
        ({"gate": [{}]}, "gate: must be a table: [gate], not an array"),
        ({"store": [{}]}, "store: must be a table: [store], not an array"),
        ({"esme": ["x"]}, "esme[0]: must be a table: [[esme]], not the string 'x'"),
        ({"esme": []}, "esme: must not be empty"),
    ],
)
def test_sections_of_the_wrong_shape(document: dict[str, Any], error: str) -> None:
    """A table in place of an array of tables, and the reverse."""
    errors = errors_of(documents.minimal() | document)
    assert error in errors


def test_nothing_at_all() -> None:
    """An empty file lacks the three sections that have to be there."""
    assert errors_of({}) == ("listen: is missing", "esme: is missing", "smsc: is missing")


def test_syntax_errors_have_line_and_column() -> None:
    """What tomllib says is handed on, after the file's name."""
    with pytest.raises(SettingsError) as caught:
        parse("[gate]\nname = oops\n", "gate.toml")
    assert str(caught.value).startswith("gate.toml: is not TOML: ")
    assert "line 2, column 8" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x = " + "9" * 5000, "is not TOML: an integer has too many digits"),
        ("x = " + "[" * 100_000, "is not TOML that can be read: nested too deeply"),
    ],
)
def test_text_that_python_itself_refuses(text: str, error: str) -> None:
    """Python's limits on integers and nesting are errors of the file as others are."""
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert caught.value.errors == (error,)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, a directory, a name that no file has: each says why."""
    for path, reason in [
        (tmp_path / "none.toml", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (Path("a\0b"), "null"),
    ]:
        with pytest.raises(SettingsError, match="cannot be read") as caught:
            load(path)
        assert reason in caught.value.errors[0]
        assert str(caught.value).startswith(f"{path}: ")


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    """The error has the first invalid octet and its place."""
    path = tmp_path / "latin1.toml"
    path.write_bytes(b"[gate]\nname = 'caf\xe9'\n")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert caught.value.errors == ("is not UTF-8: octet 0xE9 (at line 2, octet 12)",)


def test_a_file_with_a_byte_order_mark_and_crlf_loads(tmp_path: Path) -> None:
    """What editors of other systems add does no harm."""
    path = tmp_path / "dos.toml"
    text = documents.toml(documents.full()).replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(str(path)) == parse(text)


def test_each_error_is_a_line_after_the_name() -> None:
    """The error as text is what a terminal is to show."""
    error = SettingsError(("a: b", "c: d"), "gate.toml")
    assert str(error) == "gate.toml: a: b\ngate.toml: c: d"
    assert str(SettingsError(("a: b",))) == "a: b"


@given(st.text())
def test_any_text_is_settings_or_a_settings_error(text: str) -> None:
    """No text makes the reader raise anything else."""
    with pytest.raises(SettingsError):
        parse(text)


def crowd(accounts: int, wrong: bool) -> str:
    document = documents.minimal()
    document["esme"] = [
        {
            "system_id": f"esme{number}",
            "password": "pw",
            "pool": f"none{number}" if wrong else "",
            "address_ranges": [f"^44{number:05}{digit}(7|8)[0-9]{{1,4}}$" for digit in range(10)],
        }
        for number in range(accounts)
    ]
    return documents.toml(document)


def calls_to_parse(text: str) -> int:
    """How many functions Python calls to read ``text``: time, without a clock."""
    count = collections.Counter[str]()

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        count[event] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        parse(text)
    except SettingsError:
        pass
    finally:
        sys.setprofile(before)
    return count["call"] + count["c_call"]


@pytest.mark.parametrize("wrong", [False, True])
def test_work_is_linear_in_the_accounts(wrong: bool) -> None:
    """Twice the accounts is twice the work, also when each of them has an error."""
    parse(crowd(1, wrong=False))
    assert calls_to_parse(crowd(200, wrong)) < 2.2 * calls_to_parse(crowd(100, wrong))


def test_a_thousand_accounts_with_ten_ranges_each_load() -> None:
    """The size that the gate is measured at."""
    settings = parse(crowd(1000, wrong=False))
    assert isinstance(settings, Settings)
    assert sum(len(esme.address_ranges) for esme in settings.esme) == 10_000
