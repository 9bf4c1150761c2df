"""Tables in terminals, and ``smppgate top``."""

from __future__ import annotations

import pytest

from smppgate.cli.control.client import Gate
from smppgate.cli.control.frame import frame
from smppgate.cli.control.looks import History, Looks
from smppgate.cli.control.tables import plain, width
from smppgate.cli.control.target import Socket
from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate, account, smsc
from tests.cli.control.screens import Screen

# Tables


@pytest.mark.parametrize("name", ["accounts", "sessions", "smscs", "links", "pools", "status"])
@pytest.mark.parametrize("columns", [80, 200])
def test_lines_fit_in_a_terminal(gate: FakeGate, name: str, columns: int) -> None:
    gate.answers["GET /smscs"].append(smsc("a" * 60, limited_by="link_rate"))
    screen = Screen(columns, name, "--socket", gate.path)
    assert screen.end() == 0
    lines = screen.lines
    assert all(width(line) <= columns for line in lines if not line.startswith("not shown"))
    assert "\x1b[1m" in screen.written


def test_what_a_narrow_terminal_has_no_room_for_is_told(gate: FakeGate) -> None:
    narrow = Screen(80, "smscs", "--socket", gate.path)
    assert narrow.end() == 0
    assert "not shown, unless --wide: " in narrow.text
    assert "TAG" not in narrow.lines[0]
    for words in (("--wide",), ()):
        whole = Screen(80 if words else 200, "smscs", *words, "--socket", gate.path)
        assert whole.end() == 0
        assert "not shown" not in whole.text
        assert "TAG" in whole.lines[0]


def test_no_colours_where_none_are_wanted(gate: FakeGate) -> None:
    screen = Screen(80, "smscs", "--socket", gate.path, environment={"TERM": "dumb"})
    assert screen.end() == 0
    assert "\x1b" not in screen.written
    assert "alpha" in screen.text


# top


def looked(gate: FakeGate) -> Looks:
    """A gate with acme at 50 messages a second, 5 of them errors, and alpha at 40, beta at 10."""
    looks = Looks(Gate(Socket(gate.path)), 0.0)
    gate.answers["GET /accounts"] = [account("acme", messages=200, errors=10)]
    gate.answers["GET /smscs"] = [smsc("alpha", taken=1314), smsc("beta", refused=25)]
    looks.again(2.0)
    return looks


def test_rates_are_what_came_between_two_looks(gate: FakeGate) -> None:
    looks = looked(gate)
    assert looks.rates("smscs", "name", "taken", "refused") == {"alpha": 40.0, "beta": 10.0}
    assert looks.rates("accounts", "system_id", "messages")["acme"] == 50.0
    assert looks.rates("accounts", "system_id", "errors")["acme"] == 5.0


def test_a_gate_that_was_started_again_has_no_rate_below_zero(gate: FakeGate) -> None:
    looks = looked(gate)
    gate.answers["GET /smscs"] = [smsc("alpha", taken=0), smsc("new")]
    looks.again(3.0)
    assert looks.rates("smscs", "name", "taken") == {"alpha": 0.0}


@pytest.mark.parametrize(("width_", "height"), [(80, 24), (200, 50), (60, 10), (None, None)])
def test_one_screen(gate: FakeGate, width_: int | None, height: int | None) -> None:
    looks = looked(gate)
    lines = [plain(line) for line in frame(looks, 2.0, width_, height)]
    if width_ is not None:
        assert all(width(line) <= width_ for line in lines)
    text = "\n".join(lines)
    assert lines[0].startswith("gate1  smppgate 0.2.0  up ")
    assert "messages/s        158" in text
    assert "errors/s          2.0" in text
    (alpha,) = (line for line in lines if line.startswith("alpha"))
    assert " 40 " in alpha
    if width_ != 60:
        # Where there is no room for it, the share goes first.
        assert " 80 % ██████████" in alpha
    (acme,) = (line for line in lines if line.startswith("acme"))
    assert " 50 " in acme


def test_the_busiest_accounts_come_first_as_many_as_there_is_room_for(gate: FakeGate) -> None:
    gate.answers["GET /accounts"] = [account(f"a{n}", waiting=n) for n in range(100)]
    gate.answers["GET /smscs"] = [smsc(f"s{n}") for n in range(60)]
    looks = Looks(Gate(Socket(gate.path)), 0.0)
    lines = [plain(line) for line in frame(looks, 2.0, 80, 40)]
    assert len(lines) == 40
    accounts = [line.split()[0] for line in lines if line[1:2].isdigit() and line[0] == "a"]
    assert accounts[0] == "a99"
    assert accounts == sorted(accounts, reverse=True)
    assert lines[-1] == f"and {100 - len(accounts)} accounts more"
    shown = sum(line[1:2].isdigit() and line[0] == "s" for line in lines)
    assert f"and {60 - shown} SMSCs more" in lines
    assert 10 < shown < 20


def test_accounts_of_a_gate_of_another_version_have_no_rate(gate: FakeGate) -> None:
    gate.answers["GET /accounts"] = [{"system_id": "acme", "state": "ready"}]
    looks = Looks(Gate(Socket(gate.path)), 0.0)
    looks.again(1.0)
    (acme,) = (line for line in map(plain, frame(looks, 2.0, 80, 40)) if line.startswith("acme"))
    assert acme.split()[2] == "-"


def test_the_history_is_asked_for_what_is_new(gate: FakeGate) -> None:
    looks = looked(gate)
    assert len(looks.history.samples) == 60
    assert gate.asked.count("GET /history") == 2


@pytest.mark.parametrize("answer", [{}, {"columns": ["time"], "samples": [[], 3, ["x"]]}])
def test_an_odd_history(answer: dict[str, object]) -> None:
    history = History()
    history.take(answer)
    assert history.mean("messages", 2.0) is None


def test_once(command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate) -> None:
    assert command("top", "--once", "--interval", "0.1") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "alpha" in out
    assert gate.asked.count("GET /smscs") == 2


def test_a_terminal_that_cannot_redraw_has_one_screen(gate: FakeGate) -> None:
    screen = Screen(80, "top", "--socket", gate.path, environment={"TERM": "dumb"})
    assert screen.end() == 0
    assert "\x1b" not in screen.written
    assert "alpha" in screen.text


def test_it_is_live_until_q_is_pressed(gate: FakeGate) -> None:
    screen = Screen(80, "top", "--interval", "0.1", "--socket", gate.path)
    screen.wait_for("q ends", 3)
    screen.press("xq")
    assert screen.end() == 0
    # The screen of before is there again.
    assert screen.written.rstrip().endswith("\x1b[?1049l")


def test_ctrl_c_ends_it_too(gate: FakeGate) -> None:
    screen = Screen(80, "top", "--interval", "0.1", "--socket", gate.path)
    screen.wait_for("q ends")
    screen.press("\x03")
    assert screen.end() == 0
    assert "Traceback" not in screen.text


def test_a_gate_that_goes_away_is_told_and_waited_for(gate: FakeGate) -> None:
    good = gate.answers["GET /history"]
    screen = Screen(300, "top", "--interval", "0.1", "--socket", gate.path)
    screen.wait_for("q ends")
    gate.answers["GET /history"] = lambda asked: asked.octets(b"")
    screen.wait_for("answers what no gate does")
    gate.answers["GET /history"] = good
    screen.wait_for("q ends", screen.text.count("q ends") + 1)
    screen.press("q")
    assert screen.end() == 0


def test_drain_shows_what_is_open_on_a_line_that_changes(gate: FakeGate) -> None:
    states = [smsc("alpha", state="drain", outstanding=n) for n in (3, 2, 0)]
    gate.answers["POST /smscs/alpha/drain"] = states[0]
    gate.answers["GET /smscs/alpha"] = lambda asked: asked.json(
        states.pop(0) if len(states) > 1 else states[0]
    )
    screen = Screen(80, "drain", "alpha", "--socket", gate.path)
    assert screen.end() == 0
    assert "\r\x1b[KSMSC alpha: 3 open\r\x1b[KSMSC alpha: 2 open\r\x1b[K" in screen.written
    assert "SMSC alpha: drain, nothing is open" in screen.text
