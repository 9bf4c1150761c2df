"""The lists of a running gate, as tables, JSON and names."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate, account, member, pool, session, smsc

LISTS = (
    "accounts",
    "sessions",
    "smscs",
    "links",
    "pools",
    "routes",
    "rewrites",
    "queues",
    "peers",
    "workers",
    "listeners",
)


@pytest.mark.parametrize("name", LISTS)
def test_a_table_a_line_for_each(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate, name: str
) -> None:
    assert command(name) == 0
    lines = capsys.readouterr().out.split("\n\n")[0].splitlines()
    assert len(lines) == len(gate.answers[f"GET /{name}"]) + 1
    assert lines[0].isupper()
    assert not any(line.endswith(" ") for line in lines)
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("name", LISTS)
def test_json_is_what_the_gate_says(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate, name: str
) -> None:
    assert command(name, "--json") == 0
    assert json.loads(capsys.readouterr().out) == gate.answers[f"GET /{name}"]


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate, name: str
) -> None:
    gate.answers[f"GET /{name}"] = []
    assert command(name) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert command(name, "--names") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", LISTS)
def test_a_gate_of_another_version(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate, name: str
) -> None:
    """What it has not is a dash, and what is of another type is shown as it is."""
    gate.answers[f"GET /{name}"] = [{}, {"state": [1], "links": 3, "members": "x", "pools": "y"}]
    assert command(name) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_some_of_them_by_names_and_patterns(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    gate.answers["GET /smscs"] = [smsc(name) for name in ("alpha", "beta", "albert", "a[b")]
    assert command("smscs", "--names", "al*", "beta") == 0
    assert capsys.readouterr().out == "alpha\nbeta\nalbert\n"
    assert command("smscs", "--names", "a[b") == 0
    assert capsys.readouterr().out == "a[b\n"
    assert command("smscs", "alpha", "gamma") == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "smppgate smscs: there is no SMSC gamma\n")


def test_sessions_are_chosen_by_account_id_or_peer(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    gate.answers["GET /sessions"] = [session(1, "acme"), session(2, "bolt"), session(3, "acme")]
    for name, ids in (("acme", "1\n3\n"), ("2", "2\n"), ("192.0.2.3:*", "3\n")):
        assert command("sessions", "--names", name) == 0
        assert capsys.readouterr().out == ids


def test_signs_that_the_output_cannot_have_are_escaped(gate: FakeGate) -> None:
    gate.answers["GET /smscs"] = [smsc("ä日")]
    done = subprocess.run(
        [sys.executable, "-m", "smppgate", "smscs", "--names", "--socket", gate.path],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "\\xe4\\u65e5\n"


def test_members_of_pools_say_why_they_take_nothing(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    gate.answers["GET /pools"] = [
        pool(
            "main",
            member("alpha", is_active=False, ejected_for=23.0, reason="5 faults in a row"),
            member("beta", is_active=False, is_backup=True),
            is_up=False,
        )
    ]
    assert command("pools") == 0
    first, members = capsys.readouterr().out.split("\n\n")
    assert "down" in first
    alpha, beta = members.splitlines()[1:]
    assert alpha.split("  ")[0] == "main"
    assert "not in use" in alpha
    assert "23 s" in alpha
    assert alpha.endswith("5 faults in a row")
    assert "backup" in beta


@pytest.mark.parametrize("form", [(), ("--names",), ("--json",), ("--wide",)])
def test_control_characters_in_names_never_come_raw(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate, form: tuple[str, ...]
) -> None:
    gate.answers["GET /accounts"] = [account("a\x1b[2J\n\x7f\x9b\u202e")]
    assert command("accounts", *form) == 0
    out = capsys.readouterr().out
    assert all(line.isprintable() for line in out.splitlines())
    assert "[2J" in out


def test_what_each_worker_has_for_itself_says_of_which_it_is(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    assert command("sessions") == 0
    assert "WORKER" not in capsys.readouterr().out
    gate.answers["GET /sessions"] = [session(1, "acme", worker=2)]
    assert command("sessions") == 0
    titles, row = capsys.readouterr().out.splitlines()
    assert titles.split()[-1] == "WORKER"
    assert row.split()[-1] == "2"
