"""What changes a running gate, and waiting for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from smppgate.cli.control import waiting
from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate, Request, account, link, session, smsc


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_INTERVAL", 0.0)


def successive(*values: Any) -> Callable[[Request], None]:
    """Answers with one after the other, and with the last one from then on."""
    left = list(values)

    def answer(asked: Request) -> None:
        value = left.pop(0) if len(left) > 1 else left[0]
        if callable(value):
            value(asked)
        else:
            asked.json(value)

    return answer


def drained(gate: FakeGate, *states: Any, kind: str = "smscs", name: str = "alpha") -> None:
    gate.answers[f"POST /{kind}/{name}/drain"] = states[0]
    gate.answers[f"GET /{kind}/{name}"] = successive(*states)


# drain, maint, ready


def test_drain_waits_until_nothing_is_open(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    drained(gate, *(smsc("alpha", state="drain", outstanding=n) for n in (3, 2, 0)))
    assert command("drain", "alpha") == 0
    captured = capsys.readouterr()
    assert captured.out == "SMSC alpha: drain, nothing is open\n"
    # Who reads a file of it needs no line for each look.
    assert captured.err == "SMSC alpha: 3 open\n"
    assert gate.asked.count("GET /smscs/alpha") == 3


def test_requests_whose_time_is_over_are_not_waited_for(command: Command, gate: FakeGate) -> None:
    drained(gate, smsc("alpha", state="drain", outstanding=4, overdue=4))
    assert command("drain", "alpha") == 0


def test_drain_does_not_wait_if_told_so(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    drained(gate, smsc("alpha", state="drain", outstanding=4))
    assert command("drain", "alpha", "--no-wait") == 0
    assert capsys.readouterr().out == "SMSC alpha: drain, requests may be open\n"
    assert gate.asked == ["POST /smscs/alpha/drain"]


def test_drain_gives_up_when_its_time_is_over(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    drained(gate, smsc("alpha", state="drain", outstanding=4))
    assert command("drain", "alpha", "--timeout", "0") == 1
    said = "smppgate drain: SMSC alpha: 4 open after 0 s; it stays in drain\n"
    assert capsys.readouterr().err.endswith(said)


def test_drain_ends_when_somebody_else_makes_it_ready(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    drained(gate, smsc("alpha", state="drain"), smsc("alpha", state="ready"))
    assert command("drain", "alpha") == 1
    assert "was told meanwhile: ready" in capsys.readouterr().err


def test_drain_of_a_gate_that_stops_in_the_middle(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    gone = lambda asked: asked.octets(b"{", length=10, kind="application/json")  # noqa: E731
    drained(gate, smsc("alpha", state="drain"), gone)
    assert command("drain", "alpha") == 2
    assert "while SMSC alpha was waited for" in capsys.readouterr().err


def test_a_link_is_drained_by_its_id(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    name = "alpha-transceiver-1"
    drained(gate, link("alpha", state="drain", outstanding=0), kind="links", name=name)
    assert command("drain", name, "--json") == 0
    assert json.loads(capsys.readouterr().out)["id"] == name


def test_maint_waits_until_it_is_unbound(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    states = [
        smsc("alpha", state="drain"),
        smsc("alpha", state="drain", outstanding=0),
        smsc("alpha", state="maint", outstanding=0),
        smsc("alpha", state="maint", outstanding=0, links={"up": 0, "all": 2}),
    ]
    gate.answers["POST /smscs/alpha/maint"] = states[0]
    gate.answers["GET /smscs/alpha"] = successive(*states)
    assert command("maint", "alpha") == 0
    assert capsys.readouterr().out == "SMSC alpha: maint, nothing is open\n"
    assert gate.asked.count("GET /smscs/alpha") == 4


def test_ready_of_a_link_in_maint(command: Command, gate: FakeGate) -> None:
    gate.answers["POST /links/alpha-transceiver-1/ready"] = link("alpha")
    assert command("ready", "alpha-transceiver-1") == 0


@pytest.mark.parametrize("action", ["drain", "maint", "ready"])
def test_unknown_names_with_what_was_meant(
    command: Command, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    assert command(action, "alhpa") == 1
    told = f"smppgate {action}: there is no SMSC or link alhpa, but alpha\n"
    assert capsys.readouterr().err == told


def test_a_viewer_may_not(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    gate.answers["POST /smscs/alpha/drain"] = lambda asked: asked.problem(403, "only operators")
    assert command("drain", "alpha") == 1
    assert capsys.readouterr().err == "smppgate drain: only operators\n"


@pytest.mark.parametrize("timeout", ["-1", "nan", "soon", "1e9"])
def test_timeouts_that_cannot_be(command: Command, timeout: str) -> None:
    with pytest.raises(SystemExit) as ended:
        command("drain", "alpha", f"--timeout={timeout}")
    assert ended.value.code == 2


# weight, end-ejection


@pytest.mark.parametrize(("text", "weight"), [("3", 3), ("0", 0), ("reset", None)])
def test_weights(
    command: Command,
    capsys: pytest.CaptureFixture[str],
    gate: FakeGate,
    text: str,
    weight: int | None,
) -> None:
    gate.answers["POST /smscs/alpha/weight"] = smsc("alpha", weight=7)
    assert command("weight", "alpha", text) == 0
    assert gate.bodies == [{"weight": weight}]
    assert capsys.readouterr().out == "SMSC alpha: weight 7\n"


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "٣", "9" * 5000])
def test_weights_that_cannot_be(command: Command, text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        command("weight", "alpha", text)
    assert ended.value.code == 2


def test_end_ejection(command: Command, gate: FakeGate) -> None:
    gate.answers["POST /smscs/alpha/end-ejection"] = smsc("alpha")
    assert command("end-ejection", "alpha") == 0
    assert command("end-ejection", "omega") == 1


# Accounts and sessions


@pytest.mark.parametrize("action", ["close", "open", "kick"])
def test_accounts(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate, action: str
) -> None:
    gate.answers[f"POST /accounts/a/b c/{action}"] = account("a/b c")
    assert command(action, "a/b c") == 0
    assert "a/b c" in capsys.readouterr().out
    assert command(action, "acne") == 1
    told = f"smppgate {action}: there is no account acne, but acme\n"
    assert capsys.readouterr().err == told


def test_kick_a_session_at_once(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    gate.answers["GET /sessions/12"] = gate.answers["POST /sessions/12/kick"] = session(12, "acme")
    assert command("kick", "12", "--now") == 0
    assert gate.bodies[-1] == {"now": True}
    assert capsys.readouterr().out == "session 12 is unbound\n"


def test_a_number_that_is_an_account_and_a_session(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    for kind, found in (("accounts", account("12")), ("sessions", session(12, "acme"))):
        gate.answers[f"GET /{kind}/12"] = gate.answers[f"POST /{kind}/12/kick"] = found
    assert command("kick", "12") == 2
    assert "say --account or --session" in capsys.readouterr().err
    assert not any(asked.startswith("POST") for asked in gate.asked)
    assert command("kick", "12", "--account") == 0
    assert command("kick", "12", "--session") == 0
    assert gate.asked[-2:] == ["POST /accounts/12/kick", "POST /sessions/12/kick"]


def test_a_number_that_is_an_account_only(command: Command, gate: FakeGate) -> None:
    gate.answers["GET /accounts/12"] = gate.answers["POST /accounts/12/kick"] = account("12")
    assert command("kick", "12") == 0


# Queues


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("drop", "queue bolt: what waited is dropped, 0 in the queue\n"),
        ("retry", "queue bolt: what waits is sent now, 0 in the queue\n"),
    ],
)
def test_a_queue(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate, action: str, told: str
) -> None:
    gate.answers[f"POST /queues/bolt/{action}"] = found = {"system_id": "bolt", "queued": 0}
    assert command("queue", action, "bolt") == 0
    assert capsys.readouterr().out == told
    assert command("queue", action, "bolt", "--json") == 0
    assert json.loads(capsys.readouterr().out) == found


def test_a_queue_that_is_not_there(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    assert command("queue", "drop", "bold") == 1
    told = "smppgate queue: there is no queue bold, but bolt\n"
    assert capsys.readouterr().err == told


def test_a_queue_is_not_lost_by_a_word_that_is_none(command: Command, gate: FakeGate) -> None:
    with pytest.raises(SystemExit) as ended:
        command("queue", "dorp", "bolt")
    assert ended.value.code == 2
    assert not gate.asked


# The gate


def test_reload(command: Command, gate: FakeGate) -> None:
    gate.answers["POST /reload"] = {"reloaded": True}
    assert command("reload") == 0


def test_reload_of_a_file_with_errors_tells_all_of_them(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    errors = [
        {"path": "esme[0].window", "message": "must be at least 1"},
        {"path": "", "message": "is not TOML"},
        "odd",
    ]
    gate.answers["POST /reload"] = lambda asked: asked.problem(
        422, "nothing is changed: the file has errors", errors=errors
    )
    assert command("reload") == 1
    assert capsys.readouterr().err.splitlines() == [
        "esme[0].window: must be at least 1",
        "is not TOML",
        "smppgate reload: nothing is changed: the file has errors",
    ]


def test_log_level(command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate) -> None:
    gate.answers["PUT /log-level"] = {"level": "debug"}
    assert command("log-level", "debug") == 0
    assert gate.bodies == [{"level": "debug"}]
    assert capsys.readouterr().out == "log level: debug\n"
