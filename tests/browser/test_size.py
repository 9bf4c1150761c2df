"""1 000 accounts and 200 links: what is shown is bounded, and stays where it is."""

from __future__ import annotations

import pytest

from tests.browser.chromium import VIEWS, Page
from tests.browser.fake_gate import FakeGate

PAGE = 50
MOST_NODES = 2500
"""Elements of the document; 50 rows of 13 cells with three buttons each are 900."""

COUNTS = {
    "accounts": "1,000 accounts",
    "sessions": "1,999 sessions",
    "links": "200 links",
    "smscs": "40 SMSCs",
    "queues": "500 queues",
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_no_more_elements_than_its_rows_need(
    page: Page, large: FakeGate, view: str
) -> None:
    """Rows are made for one page of the table; the count says how many there are."""
    page.open(large.url, view)
    if view in COUNTS:
        page.wait_for(lambda: page.find(".count").text == COUNTS[view])
        assert len(page.rows) <= PAGE
    assert page.run("return document.querySelectorAll('*').length") < MOST_NODES


def test_pages_are_turned(page: Page, large: FakeGate) -> None:
    """Next shows the next 50; the last page has no next one."""
    page.open(large.url, "accounts?sort=system_id")
    page.wait_for(lambda: page.names()[:1] == ["account-0000"])
    page.click("Next")
    page.wait_for(lambda: page.names()[:1] == ["account-0050"])
    assert "51 to 100 of 1,000" in page.find(".pages").text
    page.click("Previous")
    page.wait_for(lambda: page.names()[:1] == ["account-0000"])


def test_a_filter_finds_one_of_a_thousand(page: Page, large: FakeGate) -> None:
    """All words must be there; the address keeps them."""
    page.open(large.url, "accounts")
    page.wait_for(lambda: page.rows)
    page.filter("0999 ready")
    page.wait_for(lambda: page.names() == ["account-0999"])
    assert page.find(".count").text == "1 of 1,000 accounts"
    assert page.run("return location.hash") == "#/accounts?filter=0999+ready"
    page.filter("nobody")
    page.wait_for(lambda: "Nothing has these words." in page.text)


def test_columns_sort_both_ways(page: Page, large: FakeGate) -> None:
    """By a button in the head, whose cell says how; what has no value is last both ways."""
    page.open(large.url, "accounts")
    page.wait_for(lambda: page.rows)
    page.click("Queued")
    page.wait_for(lambda: page.names()[0] == "account-0999")
    head = page.find("th[aria-sort]")
    assert (head.text, head.get_attribute("aria-sort")) == ("Queued", "descending")
    page.click("Queued")
    page.wait_for(lambda: page.names()[0] == "account-0001")
    assert page.find("th[aria-sort]").get_attribute("aria-sort") == "ascending"


def test_what_is_shown_anew_takes_neither_focus_nor_place(page: Page, large: FakeGate) -> None:
    """Numbers change under a button that has the focus, in a table that is scrolled."""
    page.open(large.url, "smscs?sort=-utilization")
    page.wait_for(lambda: page.rows)
    page.run("document.querySelector('.frame').scrollTop = 300")
    button = page.all("td.actions button")[40]
    page.run("arguments[0].focus({preventScroll: true})", button)
    name, before = button.get_attribute("aria-label"), page.rows
    order = page.names()
    page.wait_for(lambda: page.rows != before)
    assert page.focused == button
    assert page.focused.get_attribute("aria-label") == name
    assert page.names() == order, "rows rest while one of them has the focus"
    assert page.run("return document.querySelector('.frame').scrollTop") == 300


def test_the_focus_goes_to_the_table_when_its_row_goes(page: Page, large: FakeGate) -> None:
    """Not to the top of the page."""
    page.open(large.url, "sessions?sort=account")
    page.wait_for(lambda: page.rows)
    button = page.find("td.actions button")
    page.run("arguments[0].focus()", button)
    large.state.kicked.add(1)
    page.wait_for(lambda: page.focused.get_attribute("class") == "frame")
