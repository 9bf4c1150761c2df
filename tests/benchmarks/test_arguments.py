"""Arguments of the benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import comparison, rows
from benchmarks.arguments import parsed
from benchmarks.measurement import DIRECT, GATE, HAPROXY
from tests.benchmarks import checkouts


@pytest.fixture
def other(tmp_path: Path) -> str:
    """A checkout to compare with."""
    return str(checkouts.whole(tmp_path))


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is wrong with these, as the last line of the output says it."""
    with pytest.raises(SystemExit) as raised:
        parsed(list(arguments))
    assert raised.value.code == 2
    return capsys.readouterr().err.splitlines()[-1].partition("error: ")[2]


def test_alone_everything_is_measured_once() -> None:
    """But for the row that takes minutes."""
    options = parsed([])
    assert options.against is None
    assert (options.rows, options.rounds, options.seconds) == (rows.DEFAULT, 1, 5.0)
    assert options.through == (DIRECT, HAPROXY, GATE)
    assert options.json.name == "latest.json"


def test_against_another_the_rows_that_count_are_measured_seven_times(other: str) -> None:
    """Shorter, since there are so many, and into a file of their own."""
    options = parsed(["--against", other])
    assert options.against.root == Path(other)
    assert (options.rows, options.rounds, options.seconds) == (comparison.ROWS, 7, 3.0)
    assert (options.through, options.json.name) == ((GATE,), "against.json")


def test_what_is_asked_for_is_had_in_both(other: str) -> None:
    """Defaults are for what was left out."""
    asked = ["--rows", "2x5,steady", "--rounds", "9", "--seconds", "1", "--json", "here.json"]
    for arguments in (asked, [*asked, "--against", other]):
        options = parsed(arguments)
        assert (options.rows, options.rounds, options.seconds) == (("2x5", "steady"), 9, 1.0)
        assert options.json == Path("here.json")


@pytest.mark.parametrize("name", rows.ALONE)
def test_rows_that_cannot_be_compared_are_refused(
    other: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By name, though others beside it could be."""
    told = error(capsys, "--against", other, "--rows", f"16x50,{name}")
    assert told == f"--rows {name} cannot be compared with --against"


def test_fewer_than_seven_rounds_are_refused(
    other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alone they are allowed."""
    told = error(capsys, "--rounds", "6", "--against", other)
    assert told == "--rounds 6: --against needs at least 7"
    assert parsed(["--rounds", "6"]).rounds == 6


def test_both_sides_are_gates(other: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else can be chosen to stand between."""
    assert "--through has no meaning" in error(capsys, "--through", "gate", "--against", other)


def test_a_folder_that_is_no_checkout_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason, in one line."""
    told = error(capsys, "--against", str(tmp_path))
    assert told.startswith(f"argument --against: {tmp_path} is no checkout of the project")


def test_the_steady_rate_is_asked_for_in_thousands(
    other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As bursts come each millisecond; in a comparison, too."""
    assert parsed([]).rate == rows.STEADY_RATE == 20_000
    options = parsed(["--against", other, "--rows", "steady,receipts-tlv", "--rate", "5000"])
    assert (options.rows, options.rate) == (("steady", "receipts-tlv"), 5000)
    for rate in ("1500", "0"):
        assert "whole thousands" in error(capsys, "--rate", rate)


def test_counts_are_at_least_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing can be said of no kills."""
    options = parsed(["--rows", "killed,sustained", "--kills", "50", "--seed", "7"])
    assert (options.kills, options.seed, options.sustained) == (50, 7, 60.0)
    assert "at least 1" in error(capsys, "--kills", "0")
