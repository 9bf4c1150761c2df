"""A real gate whose hooks ask a real HTTP service: examples/http_hooks.py."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from twisted.internet.epollreactor import EPollReactor
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from tests.e2e.program import ROOT
from tests.e2e.twistd import TWISTD, RunningGate, free_port, running_command, settings
from tests.e2e.wire import PATIENCE, RESP, SUBMIT_SM, Pdu, Smsc, Wire, bound, message_body, pdu

Answer = Callable[[dict[str, Any]], Any]
"""Gives what the service says of a message; None never answers, an integer is a status of HTTP."""


class Service(Resource):
    """What hooks ask. It runs on a reactor of its own, in a thread."""

    isLeaf = True  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.answer: Answer = lambda _: {"decision": "pass"}
        self.asked: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()
        self.given_up = Event()
        self.port = 0

    def render_POST(self, request: Any) -> Any:
        question = json.loads(request.content.read())
        self.asked.append(question)
        self.tokens.add(request.getHeader("authorization"))
        answer = self.answer(question)
        if answer is None:
            request.notifyFinish().addErrback(lambda _: self.given_up.set())
            return NOT_DONE_YET
        if isinstance(answer, int):
            request.setResponseCode(answer)
            return b""
        return json.dumps(answer).encode()


@contextmanager
def serving() -> Iterator[Service]:
    """The service, listening."""
    # Of the test's own process, in which others may have one.
    reactor: Any = EPollReactor()
    service, listens = Service(), Event()

    def run() -> None:
        port = reactor.listenTCP(0, Site(service), interface="127.0.0.1")
        service.port = port.getHost().port
        reactor.callWhenRunning(listens.set)
        reactor.run(installSignalHandlers=False)

    thread = Thread(target=run, daemon=True)
    thread.start()
    assert listens.wait(PATIENCE)
    try:
        yield service
    finally:
        reactor.callFromThread(reactor.stop)
        thread.join(PATIENCE)


def hooked(url: str, timeout: float = 20.0) -> str:
    """Lines of [gate]."""
    options = f'hook_options = {{ url = "{url}", token = "hush" }}'
    return f'hooks = "http_hooks:HttpHooks"\n{options}\nhook_timeout = {timeout}'


@pytest.fixture(autouse=True)
def _with_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a gate finds it."""
    paths = (str(ROOT), str(ROOT / "examples"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@contextmanager
def asking(folder: Path, service: Service, **more: Any) -> Iterator[tuple[RunningGate, Wire]]:
    """A gate that asks ``service``, and its link to an SMSC."""
    with Smsc() as smsc:
        port = free_port()
        url = f"http://127.0.0.1:{service.port}/"
        config = folder / "gate.toml"
        config.write_text(settings(port, {"alpha": smsc.port}, gate=hooked(url, **more)))
        options = ["-n", "--pidfile", str(folder / "twistd.pid"), "--logfile", "-"]
        command = [*TWISTD, *options, "smppgate", "--config", str(config)]
        with running_command(folder, command, port, {}) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            yield gate, link


def decided(question: dict[str, Any]) -> Any:
    return {
        "pass": {"decision": "pass"},
        "refuse": {"decision": "refuse", "status": 0x45},
        "change": {"decision": "change", "from": "Shop", "to": "4477009999"},
        "5 € @ home": {"decision": "refuse", "status": 0x58},
        "nonsense": {"decision": "maybe"},
        "error": 500,
    }[question["text"]]


def test_the_service_decides_what_becomes_of_each_message(tmp_path: Path) -> None:
    with serving() as service, asking(tmp_path, service) as (gate, link):
        service.answer = decided
        esme = bound(gate.port)
        # The last but one is in the alphabet of GSM, as data_coding 0 is.
        euro = b"5 \x1be \0 home"
        texts = [b"pass", b"refuse", b"change", b"nonsense", b"error", euro, b"pass"]
        for number, text in enumerate(texts, 1):
            esme.send(pdu(SUBMIT_SM, number, message_body(text=text)))
        requests = [link.receive_message() for _ in range(3)]
        assert [
            request.body.endswith(text)
            for request, text in zip(requests, (b"pass", b"change", b"pass"), strict=True)
        ] == [True] * 3
        assert b"Shop\0" in requests[1].body
        assert b"4477009999\0" in requests[1].body
        for request in requests:
            link.send(pdu(SUBMIT_SM | RESP, request.number, b"id\0"))
        answers = sorted(esme.receive_message() for _ in texts)
        assert {(a.number, a.status) for a in answers} == {
            *((1, 0), (2, 0x45), (3, 0), (4, 8), (5, 8), (6, 0x58), (7, 0))
        }
        assert service.tokens == {"Bearer hush"}
        assert service.asked[0]["account"] == "acme"
        assert service.asked[0]["to"] == "4477009001"
        gate.wait_for_log("a hook failed: on_submit raised ValueError (http_hooks.py")
        assert gate.stop() is not None
        assert "hush" not in gate.log


def test_messages_of_others_go_on_while_the_service_is_silent(tmp_path: Path) -> None:
    """What it was asked is given up after hook_timeout, and the connection closed."""
    with serving() as service, asking(tmp_path, service, timeout=1.0) as (gate, link):
        service.answer = lambda q: None if q["account"] == "acme" else {"decision": "pass"}
        acme, bolt = bound(gate.port), bound(gate.port, b"bolt", b"hidden")
        acme.send(pdu(SUBMIT_SM, 1, message_body(text=b"waits")))
        bolt.send(pdu(SUBMIT_SM, 1, message_body(text=b"goes on")))
        assert link.receive_message().body.endswith(b"goes on")
        assert acme.receive_message() == Pdu(SUBMIT_SM | RESP, 8, 1, b"")
        assert service.given_up.wait(PATIENCE)
        gate.wait_for_log("a hook failed: on_submit was not decided in hook_timeout")


@pytest.mark.parametrize("how", ["no module", "raises"])
def test_hooks_that_cannot_be_made_are_an_error_of_the_configuration(
    tmp_path: Path, how: str
) -> None:
    """Said by `check` as far as it can be seen there, and at the start; no traceback."""
    config = tmp_path / "gate.toml"
    lines = hooked("http://127.0.0.1:1/")
    if how == "no module":
        lines = lines.replace("http_hooks:", "no_such_module:")
        told = "gate.hooks: the module no_such_module cannot be imported"
    else:
        lines = lines.replace("url", "uri")
        told = "gate.hooks: fails: KeyError (http_hooks.py, line"
    config.write_text(settings(free_port(), {"alpha": free_port()}, gate=lines))
    program = [sys.executable, "-m", "smppgate"]
    commands = {
        "check": [*program, "check", str(config)],
        "run": [*program, "run", "--config", str(config)],
        "twistd": [*TWISTD, "-n", "smppgate", "--config", str(config)],
    }
    if how == "raises":
        del commands["check"]
    for command in commands.values():
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 1
        assert told in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_hooks_come_by_a_reload_and_those_that_cannot_be_made_change_nothing(
    tmp_path: Path,
) -> None:
    with serving() as service, Smsc() as smsc:
        service.answer = lambda _: {"decision": "refuse", "status": 0x45}
        port, config = free_port(), tmp_path / "gate.toml"
        lines = hooked(f"http://127.0.0.1:{service.port}/")

        def write(gate: str) -> None:
            config.write_text(settings(port, {"alpha": smsc.port}, gate=gate))

        write("")
        options = ["--config", str(config)]
        command = [sys.executable, "-m", "smppgate", "run", *options]
        with running_command(tmp_path, command, port, {}) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            esme = bound(port)
            esme.send(pdu(SUBMIT_SM, 1, message_body(text=b"unasked")))
            assert link.receive_message().body.endswith(b"unasked")
            write(lines)
            gate.process.send_signal(signal.SIGHUP)
            gate.wait_for_log("is done")
            esme.send(pdu(SUBMIT_SM, 2, message_body()))
            assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0x45, 2, b"")
            write(lines.replace("url", "uri"))
            gate.process.send_signal(signal.SIGHUP)
            gate.wait_for_log("gate.hooks: fails: KeyError (http_hooks.py")
            gate.wait_for_log("nothing is changed")
            esme.send(pdu(SUBMIT_SM, 3, message_body()))
            assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0x45, 3, b"")
