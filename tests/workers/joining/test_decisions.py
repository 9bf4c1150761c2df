"""What operators have decided, for workers that come later: the last of each, while it holds."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.settings import ListenSettings, LogSettings, Settings
from smppgate.workers.joining.decisions import Decisions
from tests.gate.test_reload import esme, smsc

ROOT = "/api/v1"


def settings(*names: str, level: str = "info", **weights: int) -> Settings:
    """With these SMSCs, and the account acme."""
    return Settings(
        smsc=tuple(smsc(name, weight=weights.get(name, 1)) for name in names),
        esme=(esme("acme"),),
        log=LogSettings(level=level),
        listen=(ListenSettings(endpoint="tcp:2775"),),
    )


class Deciding:
    """Decisions by settings with alpha and beta."""

    def __init__(self) -> None:
        self.decisions = Decisions()
        self.decisions.change(settings("alpha", "beta"))

    def decide(self, kind: str, name: str, action: str, **body: Any) -> None:
        path = f"{ROOT}/{kind}/{name}/{action}" if kind else f"{ROOT}/{action}"
        self.decisions.decided("POST", path, kind, name, body)

    @property
    def paths(self) -> list[str]:
        return [path.removeprefix(f"{ROOT}/") for _, path, _ in self.decisions.all()]


def test_the_last_of_each_holds_in_the_order_in_which_they_were_made() -> None:
    rig = Deciding()
    rig.decide("smscs", "alpha", "drain")
    rig.decide("smscs", "beta", "drain")
    rig.decide("smscs", "alpha", "weight", weight=3)
    rig.decide("smscs", "alpha", "maint")
    rig.decide("", "", "log-level", level="debug")
    assert rig.paths == [
        "smscs/beta/drain",
        "smscs/alpha/weight",
        "smscs/alpha/maint",
        "log-level",
    ]
    assert rig.decisions.all()[1][2] == b'{"weight": 3}'


@pytest.mark.parametrize(
    ("done", "undone", "body"),
    [("drain", "ready", {}), ("close", "open", {}), ("weight", "weight", {"weight": None})],
)
def test_what_is_so_without_a_decision_is_none(done: str, undone: str, body: Any) -> None:
    rig = Deciding()
    rig.decide("smscs", "alpha", done, weight=7)
    assert rig.paths
    rig.decide("smscs", "alpha", undone, **body)
    assert rig.paths == []


def test_what_does_not_last_is_none() -> None:
    rig = Deciding()
    for action in ("kick", "retry", "end-ejection"):
        rig.decide("accounts", "acme", action)
    assert rig.paths == []


def test_what_workers_are_being_told_comes_last_and_is_none_by_itself() -> None:
    rig = Deciding()
    rig.decide("smscs", "alpha", "drain")
    with rig.decisions.being_told("POST", f"{ROOT}/smscs/alpha/ready", b"{}"):
        with rig.decisions.being_told("POST", f"{ROOT}/accounts/acme/kick", b"{}"):
            assert rig.paths == ["smscs/alpha/drain", "smscs/alpha/ready"]
        assert rig.decisions.all()[1] == ("POST", f"{ROOT}/smscs/alpha/ready", b"{}")
    assert rig.paths == ["smscs/alpha/drain"]


def test_what_is_told_longer_than_something_else_is_told_still() -> None:
    rig = Deciding()
    with rig.decisions.being_told("POST", f"{ROOT}/smscs/alpha/drain", b"{}"):
        with rig.decisions.being_told("POST", f"{ROOT}/smscs/beta/drain", b"{}"):
            assert rig.paths == ["smscs/alpha/drain", "smscs/beta/drain"]
        assert rig.paths == ["smscs/alpha/drain"]
    assert rig.paths == []


def test_what_cannot_be_told_is_told_no_more() -> None:
    rig = Deciding()
    with (
        pytest.raises(ZeroDivisionError),
        rig.decisions.being_told("POST", f"{ROOT}/smscs/alpha/drain", b"{}"),
    ):
        raise ZeroDivisionError
    assert rig.paths == []


def test_a_weight_of_0_is_one() -> None:
    rig = Deciding()
    rig.decide("smscs", "alpha", "weight", weight=0)
    assert rig.paths == ["smscs/alpha/weight"]


def test_settings_that_say_otherwise_since_end_a_decision() -> None:
    rig = Deciding()
    for name in ("alpha", "beta"):
        rig.decide("smscs", name, "weight", weight=3)
        rig.decide("links", f"{name}-transceiver-1", "drain")
    rig.decide("accounts", "acme", "close")
    rig.decide("", "", "log-level", level="debug")
    rig.decisions.change(settings("alpha", "beta"))
    assert len(rig.paths) == 6
    rig.decisions.change(settings("alpha", "beta", alpha=2))
    assert "smscs/alpha/weight" not in rig.paths
    rig.decisions.change(settings("alpha", alpha=2, level="warn"))
    assert rig.paths == ["links/alpha-transceiver-1/drain", "accounts/acme/close"]
