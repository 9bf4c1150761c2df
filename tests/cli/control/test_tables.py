"""Tables, fitted to a width."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.control import columns
from smppgate.cli.control.tables import Column, cut, laid_out, plain, width
from tests.cli.control.fake_gate import account, link, pool, session, smsc

NOW = datetime(2026, 1, 31, 22, tzinfo=UTC)

ROWS = [smsc("alpha"), smsc("a" * 40, errors=3, limited_by="link_rate"), smsc("日本")]

TABLES = (columns.SMSCS, columns.ACCOUNTS, columns.LINKS, columns.SESSIONS, columns.POOLS)
_MAKERS = (smsc, account, link, lambda name: session(1, name), pool)


def drawn(
    table: tuple[Column, ...], rows: list[dict[str, object]], limit: int | None
) -> list[str]:
    return [plain(line) for line in laid_out(table, rows, NOW, limit).lines]


def test_any_number_of_columns_without_a_limit() -> None:
    laid = laid_out(columns.SMSCS, ROWS, NOW)
    assert not laid.hidden
    titles = plain(laid.lines[0])
    for column in columns.SMSCS:
        assert column.title in titles


def test_columns_are_aligned() -> None:
    lines = drawn(columns.SMSCS, ROWS, None)
    at = lines[0].index("STATE")
    # The last name takes two columns of a terminal for each of its signs.
    assert [line[at : at + 5] for line in lines[:3]] == ["STATE", "ready", "ready"]
    assert lines[3].startswith("日本")
    assert lines[3][at - 2 :].startswith("ready")


def test_the_least_important_columns_go_first() -> None:
    laid = laid_out(columns.SMSCS, [smsc("alpha")], NOW, 80)
    titles = plain(laid.lines[0])
    assert "SMSC" in titles
    assert "LINKS" in titles
    assert "LATENCY" in titles
    assert "TAG" in laid.hidden
    assert all(width(plain(line)) <= 80 for line in laid.lines)
    wide = laid_out(columns.SMSCS, [smsc("alpha")], NOW, 200)
    assert not wide.hidden


def test_a_long_error_is_shortened_before_a_column_goes() -> None:
    rows = [link("alpha", last_error="x" * 300)]
    laid = laid_out(columns.LINKS, rows, NOW, 120)
    assert "LAST ERROR" not in laid.hidden
    assert plain(laid.lines[1]).endswith("x…")


@given(
    table=st.sampled_from(TABLES),
    limit=st.integers(40, 250),
    names=st.lists(st.text(max_size=70), max_size=4),
)
def test_lines_fit_and_the_first_column_stays(
    table: tuple[Column, ...], limit: int, names: list[str]
) -> None:
    make = _MAKERS[TABLES.index(table)]
    rows = [make(each) for each in names]
    laid = laid_out(table, rows, NOW, limit)
    assert len(laid.lines) == len(rows) + 1
    assert table[0].title in plain(laid.lines[0])
    for line in laid.lines:
        text = plain(line)
        assert text.isprintable()
        assert width(text) <= max(limit, 62)
    assert len(laid.hidden) + len(laid.lines[0]) == len(table)


@given(st.text(), st.integers(0, 40))
def test_what_is_cut_fits(text: str, limit: int) -> None:
    found = cut(text, limit)
    assert width(found) <= limit
    assert found == text or found.endswith("…") or not limit
