from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Page, chromium
from tests.browser.fake_gate import FakeGate, fake_gate
from tests.browser.fake_state import FakeState


@pytest.fixture(scope="session")
def browser() -> Iterator[Page]:
    """One Chromium for all tests of this process."""
    with chromium() as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Iterator[Page]:
    """The page at a desk by day; it must leave nothing in the console."""
    browser.look(1440)
    browser.errors  # noqa: B018  those of the test before
    yield browser
    errors = browser.errors
    browser.driver.get("about:blank")
    assert errors == []


@pytest.fixture
def small() -> Iterator[FakeGate]:
    """A gate of 12 accounts, 4 SMSCs and 8 links."""
    with fake_gate(FakeState(12, 4, 8, time.time())) as gate:
        yield gate


@pytest.fixture
def large() -> Iterator[FakeGate]:
    """A gate of 1 000 accounts, 40 SMSCs and 200 links."""
    with fake_gate(FakeState(1000, 40, 200, time.time())) as gate:
        yield gate
