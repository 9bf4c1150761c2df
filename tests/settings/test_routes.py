"""``[[route]]``: files of prefixes, what differs after a reload, and what `check` warns of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from smppgate.settings import RouteSettings, Settings, SettingsError, load, warnings
from smppgate.settings.difference import difference
from smppgate.settings.number_files import read
from tests.gate.routing import settings_of
from tests.settings import documents


def file(folder: Path, text: str) -> str:
    """A file of prefixes; its path."""
    path = folder / "numbers.txt"
    path.write_text(text)
    return str(path)


def test_a_file_has_prefixes_comments_and_stars(tmp_path: Path) -> None:
    path = file(tmp_path, "# all\n4477*  # mobile\n\n+4420\n4477\n")
    found = read(path, pools=False)
    assert (len(found), found.by_pool(), found.faults) == (2, {"": [b"4420", b"4477"]}, ())


def test_a_file_names_a_pool_for_each_prefix(tmp_path: Path) -> None:
    found = read(file(tmp_path, "44 main\n4477\tnight\n49 main\n"), pools=True)
    assert found.by_pool() == {"main": [b"44", b"49"], "night": [b"4477"]}


def test_broken_lines_are_told_with_their_numbers(tmp_path: Path) -> None:
    path = file(tmp_path, "44 main\nx-y main\n44 night\n45\n46 a b\n47 m/n\n44 main\n")
    told = read(path, pools=True).faults
    assert [each.split("' ")[1].split(": ")[0] for each in told] == [
        "line 2",
        "line 3",
        "line 4",
        "line 5",
        "line 6",
    ]
    assert told[1].endswith("'44' has the pool 'main' already")


def test_of_very_many_broken_lines_some_are_told(tmp_path: Path) -> None:
    told = read(file(tmp_path, "?\n" * 30), pools=False).faults
    assert len(told) == 11
    assert told[-1].endswith("has 20 more lines that cannot be")


def errors_of(folder: Path, *routes: dict[str, Any], **more: Any) -> list[str]:
    """The errors of a file with these routes."""
    document = documents.full() | {"route": list(routes)} | more
    path = folder / "gate.toml"
    path.write_text(documents.toml(document))
    with pytest.raises(SettingsError) as caught:
        load(path)
    return list(caught.value.errors)


def test_all_errors_of_routes_come_at_once(tmp_path: Path) -> None:
    """Of files too, which lie beside the configuration."""
    file(tmp_path, "44 mian\n45 nowhere\n")
    found = errors_of(
        tmp_path,
        {"pools_file": "numbers.txt"},
        {"pool": "main", "fallback": ["mian"], "esme": ["acmo", "x*"]},
        {"name": "a", "pool": "main", "reject": 5},
        {"name": "a", "destination": "44*"},
        {"reject": 1, "fallback": "main"},
        {"destination_file": "missing.txt", "pool": "main"},
    )
    text = "\n".join(found)
    for part in (
        "route[0].pools_file: ",
        "line 1: there is no pool named 'mian'; did you mean 'main'?",
        "line 2: there is no pool named 'nowhere'",
        "route[1].fallback[0]: there is no pool named 'mian'",
        "route[1].esme[0]: there is no esme named 'acmo'; did you mean 'acme'?",
        "route[2].pool: there must be one of pool, pools_file and reject, not pool and reject",
        "route[3].pool: there must be one of pool, pools_file and reject, not none of them",
        "route[3].name: 'a' is the name of route[2] too",
        "route[4].fallback: must not be there",
        "missing.txt' cannot be read: No such file or directory",
    ):
        assert part in text, text


def test_a_file_that_changed_is_a_difference_though_its_path_is_the_same(tmp_path: Path) -> None:
    before = settings_of(
        RouteSettings(name="x", destination_file=file(tmp_path, "44\n45\n"), pool="main")
    )
    after = settings_of(
        RouteSettings(name="x", destination_file=file(tmp_path, "44\n46\n"), pool="main")
    )
    (line,) = difference(before, after).lines()
    assert line.endswith('numbers.txt" 1 added ("46"), 1 removed ("45"), at once')
    assert not difference(after, after)


def test_another_order_of_routes_is_a_difference() -> None:
    one, other = RouteSettings(name="a", pool="main"), RouteSettings(name="b", pool="night")
    found = difference(settings_of(one, other), settings_of(other, one))
    assert found.lines() == ["[[route]]: in another order, at once"]


def test_changed_conditions_are_told() -> None:
    one = RouteSettings(name="a", pool="main", data_coding=8)
    other = evolve(one, data_coding=(0, 8), reject=0x0B, pool="", between={"days": "sun"})
    lines = difference(settings_of(one), settings_of(other)).lines()
    assert lines == [
        '[[route]] "a": data_coding 1 added (0), at once',
        '[[route]] "a": between none -> { times = [], days = ["sun"], zone = "UTC" }, at once',
        '[[route]] "a": pool "main" -> "", at once',
        '[[route]] "a": reject none -> 0x0B, at once',
    ]


def warned(*routes: RouteSettings) -> list[str]:
    """The warnings that have to do with routes."""
    found: Settings = settings_of(*routes)
    return [each for each in warnings(found) if "route" in each]


def test_a_route_behind_one_that_takes_all_its_messages_is_warned_of() -> None:
    uk = RouteSettings(destination="44*", pool="main")
    found = warned(
        uk, evolve(uk, data_coding=8), RouteSettings(pool="night"), RouteSettings(pool="backup")
    )
    assert found == [
        "route[1]: can never hold: route[0] is before it, and holds for all of its messages",
        "route[3]: can never hold: route[2] is before it, and holds for all of its messages",
    ]


def test_a_route_that_never_holds_by_itself_is_warned_of(tmp_path: Path) -> None:
    empty = file(tmp_path, "# none\n")
    found = warned(
        RouteSettings(percent=0, pool="main"),
        RouteSettings(destination_file=empty, pool="night"),
        RouteSettings(esme="x*", pool="backup"),
        RouteSettings(pool="main"),
    )
    assert [each.split(": ", 2)[2] for each in found] == [
        "percent is 0",
        "destination_file has no prefix",
        "esme fits no account that the gate judges",
    ]


def test_accounts_that_no_route_is_for_are_warned_of() -> None:
    found = warned(RouteSettings(esme=("acme", "^b.*$"), pool="main"))
    assert "esme[3]: no route is for its messages; they are answered 0x0B" in found
    assert not any(each.startswith(("esme[0]", "esme[1]")) for each in found)
    assert "pool[1]: is used by no route" in found
