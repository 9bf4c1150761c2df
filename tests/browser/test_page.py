"""What the page shows: plots, events, explanations, and whether the gate is reached."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.chromium import VIEWS, Page
from tests.browser.fake_gate import FakeGate

PLOTS = ["Throughput", "Latency", "Share per SMSC", "Waiting", "Receipts", "Errors"]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_reached_by_the_rail(page: Page, small: FakeGate, view: str) -> None:
    """The one that is shown is marked, and named in the title of the window."""
    page.open(small.url)
    page.click(VIEWS[view])
    page.wait_for(lambda: page.title == VIEWS[view])
    assert page.find("nav [aria-current=page]").text == VIEWS[view]
    page.wait_for(lambda: page.driver.title.startswith(f"{VIEWS[view]} · gate1"))


def test_workers_are_shown_where_there_are_several(page: Page, small: FakeGate) -> None:
    """Of a gate of one process nothing says worker."""
    page.open(small.url, "links")
    page.wait_for(lambda: page.rows != [])
    assert "Worker" not in page.find("thead").text
    page.open(small.url, "gate")
    page.wait_for(lambda: "Listeners for ESMEs" in page.find("#content").text)
    assert "Workers" not in page.find("#content").text
    small.state.workers_count = 3
    page.wait_for(lambda: "Worker 2\ndown" in page.find("#content").text)
    text = page.find("#content").text
    assert "process 101, 7 sessions, 1 link, 1,234 relayed, timers 0.4 ms late" in text
    assert "no process, started again 3 times" in text
    page.open(small.url, "links")
    page.wait_for(lambda: page.rows != [])
    assert "Worker" in page.find("thead").text


def test_plots_begin_with_the_five_minutes_that_the_gate_has(page: Page, small: FakeGate) -> None:
    """Each with a line, a text that says the same, and a table."""
    page.open(small.url)
    for figure, title in zip(page.all(".plot"), PLOTS, strict=True):
        area = figure.find_element("css selector", ".area")
        assert area.get_attribute("aria-label").startswith(f"Plot of {title}, ")
        page.wait_for(lambda area=area: _is_drawn(area))
    page.find(".plot summary").click()
    page.wait_for(lambda: len(page.all(".plot details[open] tbody tr")) == 10)


def _is_drawn(area: WebElement) -> bool:
    paths = area.find_elements("css selector", "path")
    return bool(paths) and all(len(path.get_attribute("d") or "") > 1000 for path in paths)


def test_a_plot_is_read_by_keys(page: Page, small: FakeGate) -> None:
    """The arrow keys go back in time, and Escape back to now."""
    page.open(small.url)
    page.wait_for(lambda: page.all(".plot path"))
    area = page.find(".plot .area")
    page.run("arguments[0].focus()", area)
    page.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    page.wait_for(
        lambda: (
            ": from ESMEs"
            in page.run("return document.querySelector('.plot [role=status]').textContent")
        )
    )
    assert page.all(".plot .cursor")
    page.press(Keys.ESCAPE)
    page.wait_for(lambda: not page.all(".plot .cursor"))


def test_the_span_of_the_plots(page: Page, small: FakeGate) -> None:
    """An hour, of which there are five minutes yet."""
    page.open(small.url)
    page.find(".choice label:last-child").click()
    page.wait_for(lambda: "now" in page.find(".plot .readout").text)
    assert (
        page.run("return document.querySelector('[name=span]:checked').labels[0].innerText")
        == "1 h"
    )


def test_what_needs_attention(page: Page, small: FakeGate) -> None:
    """In words, with a link to where it is."""
    small.state.states["alpha"] = "maint"
    page.open(small.url)
    page.wait_for(lambda: "gamma is ejected from pool default" in page.text)
    assert "alpha is in maint" in page.text
    page.driver.find_element("partial link text", "link delta transceiver 2").click()
    page.wait_for(lambda: page.title == "Links" and page.names() == ["delta transceiver 2"])


def test_events_come_as_they_happen_and_from_before(page: Page, small: FakeGate) -> None:
    """The newest first."""
    small.tell("bound", "ESME acme is bound", account="acme")
    page.open(small.url, "events")
    page.wait_for(lambda: page.names() == ["ESME acme is bound"])
    small.tell("lost", "ESME acme is lost", account="acme")
    page.wait_for(lambda: page.names() == ["ESME acme is lost", "ESME acme is bound"])
    assert page.rows[0][1:] == ["lost", "ESME acme is lost", "account acme"]


def test_nobody_looks_and_no_stream_is_open(page: Page, small: FakeGate) -> None:
    """A browser has six connections to one gate: tabs that nobody looks at must not hold them."""
    for number in range(8):
        page.driver.switch_to.new_window("tab")
        page.open(small.url, "events")
        small.tell("bound", f"ESME {number} is bound")
        page.wait_for(lambda number=number: f"ESME {number} is bound" in page.names())
    first, *others = page.driver.window_handles
    for each in others:
        page.driver.switch_to.window(each)
        page.driver.close()
    page.driver.switch_to.window(first)


def test_a_route_is_explained(page: Page, small: FakeGate) -> None:
    """The conclusion, rules and what they change, routes with reasons, members of the pool."""
    page.open(small.url, "route")
    page.find("[name=esme]").send_keys("account-0001")
    page.find("[name=to]").send_keys("447700900123", Keys.ENTER)
    page.wait_for(lambda: "To SMSC alpha, by pool default" in page.text)
    assert "destination_addr: 0770 → 44770" in page.text
    assert "Destination: not 44*" in page.text
    assert "beta weight 1, another has the turn" in page.find("#explanation").get_property(
        "textContent"
    )


def test_names_are_text(page: Page, small: FakeGate) -> None:
    """Markup in them is shown, and not read."""
    evil = "<img src=x onerror=window.evil=1><b>x</b>"
    small.state.account_names[0] = evil
    small.state.names[0] = evil
    small.state.states[evil] = "ready"
    small.state.weights[evil] = 1
    small.tell("bound", f"ESME {evil} is bound", account=evil)
    for view in ("accounts", "sessions", "smscs", "links", "pools", "events"):
        page.open(small.url, view)
        page.wait_for(lambda: evil in page.text)
    page.open(small.url, "smscs")
    assert f"Drain {evil}?" in page.ask("Drain", evil)
    page.open(small.url)
    page.wait_for(lambda: page.text.count(evil) >= 2)
    assert page.run("return window.evil") is None
    assert not page.all("img, main b")


def test_a_lost_connection_is_said_and_found_again(page: Page, small: FakeGate) -> None:
    """What was shown stays."""
    small.tell("bound", "first")
    page.open(small.url, "smscs")
    page.wait_for(lambda: page.names() == ["alpha", "beta", "gamma", "delta"])
    small.is_away = True
    page.wait_for(
        lambda: page.find("#connection").text.startswith("Connection lost; what you see")
    )
    assert page.names() == ["alpha", "beta", "gamma", "delta"]
    small.is_away = False
    page.wait_for(lambda: page.find("#connection").text == "Connected")
    small.tell("bound", "second")
    page.click("Events")
    page.wait_for(lambda: page.names() == ["second", "first"])
    # The browser itself notes each answer that is no success.
    assert all("503" in each for each in page.errors)


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), (820, "light"), (1440, "dark"), (1440, "light")]
)
def test_it_is_for_everybody(page: Page, small: FakeGate, width: int, scheme: str) -> None:
    """axe-core finds nothing, contrast included, and nothing lies beside the window."""
    page.look(width, scheme)
    small.tell("bound", "ESME acme is bound", account="acme")
    for view in VIEWS:
        page.open(small.url, view)
        page.wait_for(lambda: page.all(".frame tbody th, .plot path, .facts dd, form"))
        assert page.violations() == [], view
        assert page.run("return document.documentElement.scrollWidth - innerWidth") <= 0, view
    page.open(small.url, "smscs")
    page.ask("Weight", "alpha")
    assert page.violations() == []


def test_a_walk_by_keyboard(page: Page, small: FakeGate) -> None:
    """Past the rail by the first key, to a button, through its dialog and back."""
    page.open(small.url, "smscs")
    page.wait_for(lambda: page.rows)
    page.press(Keys.TAB)
    assert page.focused.text == "Skip to content"
    page.press(Keys.ENTER, Keys.TAB)
    assert page.focused.get_attribute("type") == "search"
    page.press(Keys.TAB)
    assert page.focused.get_attribute("class") == "frame"
    page.press(Keys.TAB)
    assert page.focused.text == "Name"
    page.press(Keys.ENTER)
    assert page.find("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    while page.focused.get_attribute("aria-label") != "Drain alpha":
        page.press(Keys.TAB)
    page.press(Keys.ENTER)
    page.wait_for(lambda: page.focused.text == "Cancel")
    page.press(Keys.TAB)
    assert page.focused.text == "Drain"
    page.press(Keys.TAB, Keys.TAB)
    assert page.run("return document.activeElement.closest('dialog, body').tagName") != "MAIN"
    while page.focused.text != "Drain" or not page.all("dialog"):
        page.press(Keys.TAB)
    page.press(Keys.ENTER)
    page.wait_for(lambda: not page.all("dialog"))
    assert small.changes == [("smscs/alpha/drain", None)]
