"""Records of several workers as one: each field has a rule, and the rules do what they say."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.admin import joins, records
from smppgate.admin.joins import Joins
from smppgate.admin.openapi import document
from smppgate.admin.views import LISTS

NOT_JOINED = (records.PEER, records.WORKER)
"""Of several workers together there is no such list, or the master makes it."""

JOINED = [shape for shape in records.SHAPES if shape.joins is not None]


@pytest.mark.parametrize("shape", records.SHAPES, ids=lambda shape: shape.name)
def test_every_field_of_every_record_has_a_rule(shape: Any) -> None:
    if shape in NOT_JOINED:
        assert shape.joins is None
    elif shape.is_placed:
        assert shape.schema()["properties"]["worker"]["type"] == "integer"
        assert "worker" not in shape.schema()["required"]
    else:
        assert set(shape.joins.rules) == set(shape.properties())
        assert set(shape.joins.key) <= set(shape.joins.rules)


def test_every_list_and_the_head_of_the_state_are_joined() -> None:
    for shape, _ in LISTS.values():
        assert shape.joins is not None or shape.is_placed or shape in NOT_JOINED
    state = document([])["components"]["schemas"]["State"]["properties"]
    assert set(records.HEAD.rules) == set(state) - set(LISTS)


def test_members_of_pools_have_all_their_rules() -> None:
    schema = records.POOL.properties()["members"]["items"]
    rows = [{name: _sample(each) for name, each in schema["properties"].items()}]
    assert records._MEMBERS.rows([rows, rows])
    assert set(records._MEMBERS.rules) == set(schema["properties"])


def _sample(schema: dict[str, Any]) -> Any:
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        return {name: _sample(each) for name, each in schema["properties"].items()}
    return {
        "string": "x",
        "integer": 1,
        "number": 1.0,
        "boolean": True,
        "array": [],
    }[kind]


@pytest.mark.parametrize("shape", JOINED, ids=lambda shape: shape.name)
def test_one_alone_is_as_it_is(shape: Any) -> None:
    row = _sample(shape.schema())
    assert shape.joins.one([row]) == row


COUNTS = st.integers(0, 1 << 40)
ROWS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abc"), "count": COUNTS, "most": COUNTS}),
    max_size=4,
    unique_by=lambda row: row["name"],
)
RULES = Joins({"name": joins.same, "count": joins.total, "most": joins.most}, ("name",))


def _by_name(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: str(row["name"]))


@given(st.lists(ROWS, max_size=4))
def test_the_order_of_workers_changes_nothing_but_the_order(lists: list[Any]) -> None:
    found = _by_name(RULES.rows(lists))
    for others in permutations(lists):
        assert _by_name(RULES.rows(others)) == found


@given(st.lists(ROWS, min_size=1, max_size=4), st.integers(0, 4))
def test_some_can_be_joined_before_others(lists: list[Any], at: int) -> None:
    parts = [RULES.rows(lists[:at]), RULES.rows(lists[at:])]
    assert _by_name(RULES.rows(parts)) == _by_name(RULES.rows(lists))


@given(st.lists(ROWS, max_size=4))
def test_nothing_is_lost(lists: list[Any]) -> None:
    found = RULES.rows(lists)
    assert sum(row["count"] for row in found) == sum(
        row["count"] for rows in lists for row in rows
    )


def test_what_one_has_twice_stays_two() -> None:
    rows = [{"name": "a", "count": 1, "most": 1}, {"name": "a", "count": 10, "most": 1}]
    assert [row["count"] for row in RULES.rows([rows, rows])] == [2, 20]


def _rows(*values: Any) -> list[dict[str, Any]]:
    return [{"x": value} for value in values]


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        (joins.total, (None, None), None),
        (joins.total, (None, 2.5), 2.5),
        (joins.most, (None, "2026-01-01", "2025-01-01"), "2026-01-01"),
        (joins.least, (None, 0.5, 1.0), 0.5),
        (joins.least, (None,), None),
        (joins.told, ("", "late", "other"), "late"),
        (joins.told, ("", ""), ""),
        (joins.any_of, (False, True), True),
        (joins.any_of, (False, False), False),
        (joins.none_of, (["b"], ["a"]), []),
        (joins.each_total, ({"up": 1, "all": 2}, {"up": 0, "all": 2}), {"up": 1, "all": 4}),
        (joins.decided, ("ready", "ready"), "ready"),
        (joins.decided, ("maint", "drain"), "drain"),
        (joins.decided, ("ready", "maint"), "maint"),
        (joins.decided, ("closed", "ready"), "closed"),
    ],
)
def test_rules(rule: Any, values: Any, expected: Any) -> None:
    assert rule("x", _rows(*values)) == expected


def test_means_are_weighed() -> None:
    rows = [{"x": 0.1, "of": 3}, {"x": 0.5, "of": 1}, {"x": None, "of": 5}]
    assert joins.mean_by("of")("x", rows) == pytest.approx(0.2)
    assert joins.mean_by("of")("x", [{"x": 0.1, "of": 0}, {"x": 0.3, "of": 0}]) == 0.3


def test_workers_that_reach_an_smsc_by_way_of_others_do_not_count_twice() -> None:
    def row(up: int, outstanding: int) -> dict[str, Any]:
        return {"links": {"up": up, "all": 1}, "x": outstanding}

    rule = joins.where_linked(joins.total)
    assert rule("x", [row(1, 5), row(0, 3), row(2, 1)]) == 6
    assert rule("x", [row(0, 2), row(0, 1)]) == 3
