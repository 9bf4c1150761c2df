"""`Terms`: which settings a rule may expect, when they change."""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from smppgate.settings import EsmeSettings, Settings, parse
from tests.simulation.scenario import scenario, settings_text
from tests.simulation.terms import Terms

PLAN = scenario(1)
SETTINGS = parse(settings_text(PLAN))
ACCOUNT, SMSC = PLAN.accounts[0], PLAN.smscs[0]


@frozen
class FakeSession:
    """A session of the first account's."""

    connected_at: float
    plan: Any = ACCOUNT


def _with_window(window: int) -> Settings:
    esme: EsmeSettings = evolve(SETTINGS.esme[0], window=window)
    return evolve(SETTINGS, esme=(esme, *SETTINGS.esme[1:]))


def _terms() -> Terms:
    """A window of 3, then of 1; then the account is removed, and comes back with one of 50."""
    terms = Terms.beginning(_with_window(3))
    terms.change(10.0, _with_window(1))
    terms.change(20.0, evolve(SETTINGS, esme=SETTINGS.esme[1:]))
    terms.change(20.0, _with_window(50))
    return terms


def _windows(connected_at: float, at: float) -> list[int]:
    session: Any = FakeSession(connected_at)
    return _terms().windows(session, at)


def test_a_session_outlives_its_account() -> None:
    """And has the window that this had last, while another of that name has its own."""
    assert _windows(connected_at=5.0, at=30.0) == [50, 1]
    assert _windows(connected_at=25.0, at=30.0) == [50]


def test_a_request_may_meet_any_window_since_it_was_sent() -> None:
    assert set(_windows(connected_at=5.0, at=5.0)) == {3, 1, 50}


def test_a_link_may_be_cured_when_half_of_its_window_is_late() -> None:
    """Or as many messages as `max_timeouts`, which is 5 by default."""
    for window, late in ((1, 1), (3, 2), (10, 5), (50, 5)):
        smscs = tuple(evolve(each, window=window) for each in SETTINGS.smsc)
        terms = Terms.beginning(evolve(SETTINGS, smsc=smscs))
        assert terms.may_be_cured(SMSC.name, 0.0, late)
        assert not terms.may_be_cured(SMSC.name, 0.0, late - 1)
