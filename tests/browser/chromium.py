"""A Chromium without a window, and the page in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.wire import PATIENCE
from tests.foreign.programs import NODE_MODULES, found

VIEWS = {
    "overview": "Overview",
    "smscs": "SMSCs",
    "links": "Links",
    "pools": "Pools",
    "routes": "Routes",
    "rewrites": "Rules",
    "accounts": "Accounts",
    "sessions": "Sessions",
    "queues": "Queues",
    "route": "Explain a route",
    "events": "Events",
    "gate": "Gate",
}
"""By the words of their addresses."""

WIDTHS = {390: 844, 820: 1180, 1440: 900}
"""Of a phone, a tablet and a desk, with their heights."""

_Result = TypeVar("_Result")


class Page:
    """What is done to the page, and what it shows."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str, view: str = "overview") -> None:
        """Load the page with this view, which may have a filter: ``links?filter=alpha``."""
        self.driver.get("about:blank")
        self.driver.get(f"{url}#/{view}")
        self.wait_for(lambda: self.title == VIEWS[view.partition("?")[0]])

    def look(self, width: int, scheme: str = "light") -> None:
        """Let the window be so wide, by day or by night."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": width,
                "height": WIDTHS[width],
                "deviceScaleFactor": 1,
                "mobile": width < 500,
            },
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def wait_for(self, holds: Callable[[], _Result]) -> _Result:
        """Return what ``holds`` gives once that is true."""
        wait = WebDriverWait(self.driver, PATIENCE, poll_frequency=0.05)
        try:
            return wait.until(lambda _: self._tried(holds))
        except TimeoutException:
            raise AssertionError(f"never so: {self.errors}, the page:\n{self.text}") from None

    def _tried(self, holds: Callable[[], _Result]) -> _Result | None:
        try:
            return holds()
        except Exception as error:
            # What is looked at may be drawn anew meanwhile, or not be there yet.
            if type(error).__module__.startswith("selenium"):
                return None
            raise

    # What it shows

    @property
    def title(self) -> str:
        """The heading of the view."""
        return self.find("h1").text

    @property
    def text(self) -> str:
        """All of it."""
        return self.find("body").text

    @property
    def rows(self) -> list[list[str]]:
        """The cells of the table's rows; none while it has yet to be read."""
        script = """
            return [...document.querySelectorAll(".frame tbody tr")]
                .filter((row) => row.textContent !== "Reading …")
                .map((row) => [...row.children].map((cell) => cell.textContent));
        """
        return list(self.driver.execute_script(script))

    def names(self) -> list[str]:
        """The names of the table's rows."""
        script = """
            return [...document.querySelectorAll(".frame tbody th")].map((th) => th.textContent);
        """
        return list(self.driver.execute_script(script))

    def row(self, name: str) -> WebElement:
        """The row of that name."""
        rows = self.all(".frame tbody tr")
        return next(row for row in rows if row.find_element(By.TAG_NAME, "th").text == name)

    def find(self, selector: str) -> WebElement:
        """The first element of this selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All elements of this selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    @property
    def focused(self) -> WebElement:
        """What has the focus."""
        return self.driver.switch_to.active_element

    def run(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    @property
    def errors(self) -> list[str]:
        """What the console has had since this was asked last."""
        return [f"{each['level']} {each['message']}" for each in self.driver.get_log("browser")]

    def violations(self) -> list[str]:
        """What axe-core finds, in words."""
        self.run((NODE_MODULES / "axe-core" / "axe.min.js").read_text())
        violations = self.driver.execute_async_script(
            "const done = arguments[0];"
            # What it found in order is not told in full.
            "axe.run({resultTypes: ['violations']}).then((result) => done(result.violations));"
        )
        return [
            f"{each['id']}: {each['help']}: {[node['html'] for node in each['nodes'][:3]]}"
            for each in violations
        ]

    # What is done to it

    def press(self, *keys: str) -> None:
        """Press these keys one after the other."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def filter(self, words: str) -> None:
        """Look for these words."""
        field = self.find("input[type=search]")
        field.clear()
        field.send_keys(words)

    def click(self, label: str, name: str = "") -> None:
        """Press a button, of the row of that name if there is one."""
        exact = f"{label} {name}".strip()

        def pressed() -> bool:
            for button in self.all("button, nav a"):
                if exact in (button.get_attribute("aria-label"), button.text):
                    self.run("arguments[0].scrollIntoView({block: 'center'})", button)
                    button.click()
                    return True
            return False

        self.wait_for(pressed)

    def ask(self, label: str, name: str) -> str:
        """Press a button of a row; gives what the dialog says."""
        self.click(label, name)
        return self.wait_for(lambda: self.find("dialog[open]").text)

    def confirm(self) -> None:
        """Do what the dialog says, and see it close."""
        self.find("dialog[open] .main").click()
        self.wait_for(lambda: not self.all("dialog"))


@contextmanager
def chromium() -> Iterator[Page]:
    """A browser of its own; ended afterwards."""
    options = webdriver.ChromeOptions()
    options.binary_location = found("chromium")
    # As root it has no sandbox; where /dev/shm is small it keeps its memory in files.
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(found("chromedriver")))
    try:
        yield Page(driver)
    finally:
        driver.quit()


def until(holds: Callable[[], object]) -> None:
    """Return once that is true."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "never so"
        time.sleep(0.02)
