"""What a node tells of its settings: digests of the tables that nodes should have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from smppgate.gate.peers.build import COMMON, node_settings
from smppgate.gate.peers.told import NodeSettings
from smppgate.settings import parse

ALL = """
[peers]
name = "a"
secret = "hush"
endpoint = "tcp:2790"
[[listen]]
endpoint = "tcp:2775"
[[esme]]
system_id = "acme"
password = "secret"
[[smsc]]
name = "alpha"
endpoint = "tcp:10.0.0.9:2775"
system_id = "gate"
password = "pw"
[[pool]]
name = "main"
members = ["alpha"]
[[route]]
pool = "main"
source = "447*"
[[rewrite]]
applies_to = "submit"
set_source = "4477"
"""


def told(text: str) -> NodeSettings:
    return node_settings(parse(text))


@pytest.mark.parametrize(
    ("table", "setting", "other"),
    [
        ("esme", 'system_id = "acme"', 'system_id = "acne"'),
        ("pool", 'members = ["alpha"]', 'members = ["alpha"]\nbalance = "hash"'),
        ("route", 'source = "447*"', 'source = "448*"'),
        ("rewrite", 'set_source = "4477"', 'set_source = "4478"'),
    ],
)
def test_a_table_that_is_another_one_is_named(table: str, setting: str, other: str) -> None:
    assert table in COMMON
    assert told(ALL).differences(told(ALL.replace(setting, other))) == [table]


def test_secrets_and_what_each_node_has_its_own_of_are_no_difference() -> None:
    other = ALL.replace('"secret"', '"other"').replace('"a"', '"b"').replace("2775", "2776")
    assert told(ALL).differences(told(other)) == []


@pytest.mark.parametrize("table", ["route", "rewrite"])
def test_of_a_file_its_content_counts_and_not_where_it_is(tmp_path: Path, table: str) -> None:
    def with_file(name: str, content: str) -> NodeSettings:
        file = tmp_path / name
        file.write_text(content)
        return told(ALL.replace(f"[[{table}]]", f"[[{table}]]\ndestination_file = '{file}'"))

    one = with_file("one", "4470\n")
    assert one.differences(with_file("other", "4470\n")) == []
    assert one.differences(with_file("other", "4471\n")) == [table]
