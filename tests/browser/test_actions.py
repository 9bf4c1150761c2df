"""What operators do: said before, done at once; and what viewers see instead."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.chromium import Page
from tests.browser.fake_gate import FakeGate

ACCOUNT = "account-0001"

ACTIONS = [
    ("smscs", "Drain", "alpha", "smscs/alpha/drain", None, "takes no new messages"),
    ("smscs", "Maint", "alpha", "smscs/alpha/maint", None, "2 links will be unbound"),
    ("links", "Drain", "beta transceiver 1", "links/1-transceiver-1/drain", None, "stays bound"),
    ("links", "Maint", "beta transceiver 1", "links/1-transceiver-1/maint", None, "unbound"),
    ("accounts", "Close", ACCOUNT, f"accounts/{ACCOUNT}/close", None, "2 sessions"),
    ("accounts", "Kick", ACCOUNT, f"accounts/{ACCOUNT}/kick", {"now": False}, "2 sessions"),
    ("sessions", "Kick", "account-0000", "sessions/1/kick", {"now": False}, "192.0.2.0:40001"),
    ("queues", "Retry", ACCOUNT, f"queues/{ACCOUNT}/retry", None, "3 messages will be sent"),
    ("queues", "Drop", ACCOUNT, f"queues/{ACCOUNT}/drop", None, "cannot be undone"),
]


@pytest.mark.parametrize(
    ("view", "label", "name", "path", "body", "said"), ACTIONS, ids=lambda each: str(each)[:20]
)
def test_an_action_says_what_it_will_do_and_does_it(
    page: Page,
    small: FakeGate,
    view: str,
    label: str,
    name: str,
    path: str,
    body: Any,
    said: str,
) -> None:
    """One request of the API, after the dialog was answered."""
    page.open(small.url, view)
    assert said in page.ask(label, name)
    assert small.changes == []
    page.confirm()
    assert small.changes == [(path, body)]


def test_cancel_and_escape_change_nothing(page: Page, small: FakeGate) -> None:
    """The focus goes back to the button that asked."""
    page.open(small.url, "smscs")
    for leave in (lambda: page.click("Cancel"), lambda: page.press("\ue00c")):
        page.ask("Drain", "beta")
        assert page.focused.text == "Cancel", "a key that is pressed too soon changes nothing"
        leave()
        page.wait_for(lambda: not page.all("dialog"))
        assert page.focused.get_attribute("aria-label") == "Drain beta"
    assert small.changes == []


def test_who_stands_in_is_said(page: Page, small: FakeGate) -> None:
    """And a warning where nobody does."""
    page.open(small.url, "smscs")
    assert "Pool default: beta will take its messages." in page.ask("Drain", "alpha")
    page.confirm()
    small.state.states["delta"] = "maint"
    assert "no other member is able" in page.ask("Drain", "beta")


def test_a_state_is_seen_at_once_and_taken_back(page: Page, small: FakeGate) -> None:
    """Drain, then ready."""
    page.open(small.url, "smscs")
    page.ask("Drain", "alpha")
    page.confirm()
    page.wait_for(lambda: page.row("alpha").text.split()[1] == "drain")
    page.ask("Ready", "alpha")
    page.confirm()
    page.wait_for(lambda: page.row("alpha").text.split()[1] == "ready")


@pytest.mark.parametrize(("typed", "sent"), [("7", 7), ("0", 0), ("", None)])
def test_a_weight(page: Page, small: FakeGate, typed: str, sent: int | None) -> None:
    """Without a number, that of the settings."""
    page.open(small.url, "smscs")
    page.ask("Weight", "alpha")
    field = page.find("dialog input")
    assert page.focused == field
    field.clear()
    field.send_keys(typed)
    page.confirm()
    assert small.changes == [("smscs/alpha/weight", {"weight": sent})]


def test_kick_now(page: Page, small: FakeGate) -> None:
    """Without waiting for what is open."""
    page.open(small.url, "accounts")
    page.ask("Kick", ACCOUNT)
    page.find("dialog input[name=now]").click()
    page.confirm()
    assert small.changes == [(f"accounts/{ACCOUNT}/kick", {"now": True})]


def test_the_process(page: Page, small: FakeGate) -> None:
    """Reload, and another log level."""
    page.open(small.url, "gate")
    page.ask("Reload settings", "")
    page.confirm()
    page.find("select").send_keys("debug")
    assert "slows the gate down" in page.ask("Set level", "")
    page.confirm()
    assert small.changes == [("reload", None), ("log-level", {"level": "debug"})]


@pytest.mark.parametrize("view", ["smscs", "links", "accounts", "sessions", "queues", "gate"])
def test_a_viewer_has_no_buttons_and_is_told_why(page: Page, small: FakeGate, view: str) -> None:
    """Nothing that would be refused is offered."""
    small.role = "viewer"
    page.open(small.url, view)
    page.wait_for(lambda: "olga is a viewer: changes are for operators." in page.text)
    page.wait_for(lambda: page.rows or page.all(".facts dd"))
    assert not page.all("td.actions, .controls")
