"""The page over a real gate under load: as operator, as viewer, and as a stranger."""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from smppgate.settings.password_hash import hashed
from tests.browser.chromium import VIEWS, Page, until
from tests.e2e.ports import free_port
from tests.e2e.twistd import ACCOUNTS, running, settings
from tests.foreign.programs import program

USERS = {"olga": "operator", "vera": "viewer"}
PASSWORD = "right"

COMMAND = (sys.executable, "-m", "smppgate")
LOAD = ("load", "--rate", "200", "--duration", "600", "--receipts", "--sessions", "2")
SMSC = ("simulate", "--latency", "0.002", "--mo-rate", "5", "--mo-destination", "4988001")
"""What it sends is bolt's, which is not bound, so it waits in a queue."""


class RealGate:
    """Its admin interface, on this port of this machine."""

    def __init__(self, port: int) -> None:
        self._place = f"127.0.0.1:{port}"

    def url(self, user: str) -> str:
        """Of the page, for a browser that signs in."""
        return f"http://{user}:{PASSWORD}@{self._place}/"

    def get(self, path: str, user: str = "vera", password: str = PASSWORD) -> Any:
        """What the API says."""
        request = urllib.request.Request(f"http://{self._place}{path}")
        words = b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {words}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def smsc(self, name: str) -> Any:
        """An SMSC, as it is now."""
        return next(each for each in self.get("/api/v1/smscs") if each["name"] == name)


@contextmanager
def simulated(folder: Path, port: int, admin: str) -> Iterator[None]:
    """A gate before two simulated SMSCs, with an ESME that sends 200 messages a second."""
    with ExitStack() as stack:
        smscs = {name: free_port() for name in ("alpha", "beta")}
        for smsc in smscs.values():
            listen = ("--listen", f"tcp:{smsc}:interface=127.0.0.1")
            stack.enter_context(program(folder, "listens on", *COMMAND, *SMSC, *listen))
        esmes = f"{ACCOUNTS}queue = true\n"
        config = settings(port, smscs, admin, esmes)
        gate = stack.enter_context(running(folder, config, port))
        gate.wait_for_log("bound at", len(smscs))
        connect = ("--connect", f"127.0.0.1:{port}")
        with program(folder, "", *COMMAND, *LOAD, *connect):
            yield
        assert "Traceback" not in gate.log
        assert "#error]" not in gate.log


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGate]:
    """A gate at work, with an operator and a viewer."""
    port = free_port()
    users = "".join(
        f'[[admin.user]]\nname = "{name}"\nrole = "{role}"\npassword_hash = "{hashed(PASSWORD)}"\n'
        for name, role in USERS.items()
    )
    admin = f'[admin]\nendpoint = "tcp:{port}:interface=127.0.0.1"\n{users}'
    with simulated(tmp_path_factory.mktemp("gate"), free_port(), admin):
        yield RealGate(port)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_the_gate(page: Page, gate: RealGate, view: str, user: str) -> None:
    """As operator and as viewer; what the page asks for is what the API has."""
    page.open(gate.url(user), view)
    page.wait_for(lambda: page.find("#connection").text == "Connected")
    page.wait_for(lambda: f"{user}, {USERS[user]}" in page.text)
    page.wait_for(lambda: "gate1" in page.find("#gate-name").text)
    if view in ("smscs", "links", "pools", "accounts", "sessions", "events"):
        page.wait_for(page.names)
    if view == "queues":
        page.wait_for(lambda: page.names() and page.rows[0][1] != "0")
    buttons = {"smscs", "links", "accounts", "sessions", "queues"}
    assert bool(page.all("td.actions button")) is (user == "olga" and view in buttons)


def test_plots_show_the_load(page: Page, gate: RealGate) -> None:
    """About 200 messages a second, and no errors."""
    page.open(gate.url("vera"))
    page.wait_for(lambda: _figure(page, "Throughput") > 50)
    page.wait_for(lambda: _figure(page, "Receipts") > 20)
    assert _figure(page, "Errors") == 0
    page.wait_for(lambda: "alpha" in page.text and "beta" in page.text)
    page.wait_for(lambda: "All well: 2 SMSCs ready, 2 links bound" in page.text)


def _figure(page: Page, label: str) -> float:
    for each in page.all(".figures > div"):
        lines = each.text.split("\n")
        if lines[0] == label:
            (number,) = re.findall(r"^[\d,.]+", lines[1]) or ["0"]
            return float(number.replace(",", ""))
    raise AssertionError(label)


def test_an_operator_drains_an_smsc_and_makes_it_ready(page: Page, gate: RealGate) -> None:
    """The other one takes its messages meanwhile; the events tell who it was."""
    page.open(gate.url("olga"), "smscs")
    assert "Pool default: beta will take its messages." in page.ask("Drain", "alpha")
    page.confirm()
    assert gate.smsc("alpha")["state"] == "drain"
    until(lambda: gate.smsc("alpha")["outstanding"] == 0)
    page.ask("Maint", "alpha")
    page.confirm()
    until(lambda: gate.smsc("alpha")["links"]["up"] == 0)
    page.ask("Ready", "alpha")
    page.confirm()
    until(lambda: gate.smsc("alpha")["links"]["up"] == 1)
    page.click("Events")
    page.filter("olga alpha")
    page.wait_for(lambda: len(page.rows) >= 3)


def test_an_operator_changes_a_weight_and_a_link(page: Page, gate: RealGate) -> None:
    """And back to that of the file."""
    page.open(gate.url("olga"), "smscs")
    for typed, weight in (("9", 9), ("", 1)):
        page.ask("Weight", "beta")
        field = page.find("dialog input")
        field.clear()
        field.send_keys(typed)
        page.confirm()
        assert gate.smsc("beta")["weight"] == weight
    page.click("Links")
    (link,) = page.wait_for(lambda: [name for name in page.names() if name.startswith("beta")])
    for label, state in (("Drain", "drain"), ("Ready", "ready")):
        page.ask(label, link)
        page.confirm()
        (now,) = [each for each in gate.get("/api/v1/links") if each["name"] == link]
        assert now["state"] == state


def test_an_operator_closes_and_opens_an_account(page: Page, gate: RealGate) -> None:
    """Of one that nobody is bound as, none can be kicked."""
    page.open(gate.url("olga"), "accounts")
    for label, state in (("Close", "closed"), ("Open", "ready")):
        page.ask(label, "bolt")
        page.confirm()
        (now,) = [a for a in gate.get("/api/v1/accounts") if a["system_id"] == "bolt"]
        assert now["state"] == state
    assert page.row("bolt").text.count("Kick") == 0


def test_an_operator_drops_a_queue(page: Page, gate: RealGate) -> None:
    """Of an account that is not bound; to try again what waits changes nothing then."""
    page.open(gate.url("olga"), "queues")
    page.ask("Retry", "bolt")
    page.confirm()
    assert gate.get("/api/v1/queues")[0]["queued"] > 0
    page.ask("Drop", "bolt")
    page.confirm()
    assert gate.get("/api/v1/queues")[0]["dropped"] > 0


def test_an_operator_reloads_and_sets_the_log_level(page: Page, gate: RealGate) -> None:
    """Both say that they are done."""
    page.open(gate.url("olga"), "gate")
    page.ask("Reload settings", "")
    page.confirm()
    page.wait_for(lambda: "settings are read again" in _announced(page))
    page.ask("Set level", "")
    page.confirm()
    page.wait_for(lambda: "logs at info" in _announced(page))


def _announced(page: Page) -> str:
    return str(page.run("return document.getElementById('announcement').textContent"))


def test_a_route_is_explained_and_an_unknown_account_told(page: Page, gate: RealGate) -> None:
    """By the gate itself."""
    page.open(gate.url("vera"), "route")
    page.find("[name=esme]").send_keys("acme")
    page.find("[name=to]").send_keys("4477009001\n")
    page.wait_for(lambda: "by pool default" in page.text)
    page.find("[name=esme]").send_keys("x")
    page.click("Explain")
    page.wait_for(lambda: "none called 'acmex'" in page.text)
    assert all("404" in each for each in page.errors)


def test_a_stranger_sees_nothing(page: Page, gate: RealGate) -> None:
    """Not even the page."""
    for path in ("/", "/script/main.js", "/api/v1/me"):
        with pytest.raises(HTTPError) as caught:
            gate.get(path, "sam")
        assert caught.value.code == 401


def test_sessions_are_kicked(page: Page, gate: RealGate) -> None:
    """One is unbound; this is the last test, since its ESME ends with an error then."""
    page.open(gate.url("olga"), "sessions")
    page.wait_for(lambda: len(page.rows) == 2)
    (first, _) = gate.get("/api/v1/sessions")
    page.click("Kick", "acme")
    page.confirm()
    until(lambda: first["id"] not in {each["id"] for each in gate.get("/api/v1/sessions")})
