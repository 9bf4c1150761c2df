"""What a gate of several processes shows and lets operators do: as one gate, by real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.admin import Client
from tests.e2e.program import RunningProgram, launched
from tests.e2e.test_control import ended
from tests.e2e.test_workers import Gate, sent, workers
from tests.e2e.wire import (
    PATIENCE,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Wire,
    answer,
    bound,
    delivered,
    message_body,
    pdu,
    readable,
    receipt_body,
)
from tests.observe.traffic.captures import segments

POLL = 0.02


class Watched:
    """A gate of two workers, its API and commands."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.folder = gate.config.parent
        self.api = Client(self.folder / "state/admin.sock")

    def command(self, *words: str) -> str:
        """What a command says."""
        done = ended(self.folder, *words, "--config", str(self.gate.config))
        assert done.returncode == 0, done
        return str(done.stdout)

    def json(self, *words: str) -> Any:
        """The same as JSON."""
        return json.loads(self.command(*words, "--json"))

    def start(self, *words: str) -> RunningProgram:
        """A command that goes on, and that the gate has begun to answer."""
        count = self.gate.gate.log.count("admin: ")
        line = [sys.executable, "-m", "smppgate", *words, "--config", str(self.gate.config)]
        program = RunningProgram(launched(self.folder, line))
        self.gate.gate.wait_for_log("admin: ", count + 1)
        return program

    def metrics(self) -> dict[Any, float]:
        """Each sample by its name and labels."""
        status, text = self.api.ask("GET", "/metrics")
        assert status == 200
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def until(is_so: Callable[[], bool]) -> None:
    """Wait for it."""
    by = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < by
        time.sleep(POLL)


def only_left(gate: Gate) -> None:
    """Have the links alone that did not end with their worker."""
    until(lambda: any(link.has_gone() for link in gate.links))
    gate.links = [link for link in gate.links if not link.has_gone()]


def messages(account: str, command: str, status: str) -> Any:
    """The key of a count of messages."""
    name = "smppgate_account_messages_total"
    return (name, ("account", account), ("command", command), ("status", status))


def test_what_is_shown_is_what_peers_have_counted(tmp_path: Path) -> None:
    """Over one link, so that half of the messages are relayed, and receipts over both workers."""
    with workers(tmp_path, sessions=1) as gate:
        at = Watched(gate)
        esmes = [bound(gate.port) for _ in range(2)]
        for number, esme in enumerate(esmes * 5, 1):
            given, link = sent(esme, gate.links, b"A%d" % number, number)
            assert delivered(link, esme, receipt_body(b"A%d" % number)) == receipt_body(given)
        esmes[0].send(pdu(SUBMIT_SM, 99, message_body()))
        answer(gate.links[0], gate.links[0].receive_message(), b"", 0x45)
        assert esmes[0].receive_message()[:3] == (SUBMIT_SM | RESP, 0x45, 99)

        check_counts(at)


def check_counts(at: Watched) -> None:
    """Ten messages and their receipts, and one that was refused."""
    (acme,) = [each for each in at.api.get("accounts") if each["system_id"] == "acme"]
    assert (acme["sessions"], acme["messages"], acme["errors"]) == (2, 11, 1)
    (alpha,) = at.api.get("smscs")
    assert (alpha["taken"], alpha["refused"], alpha["outstanding"]) == (10, 1, 0)
    assert (alpha["links"], alpha["capacity"]) == ({"up": 1, "all": 1}, 100)
    sessions = at.api.get("sessions")
    assert [each["worker"] for each in sessions] == [1, 2]
    assert len({each["id"] for each in sessions}) == 2
    (link,) = at.api.get("links")
    assert (link["id"], link["worker"]) == ("alpha-transceiver-1", 1)
    totals = at.api.get("state")["totals"]
    assert totals["answered"] == 21
    found = at.metrics()
    assert found[messages("acme", "submit_sm", "ESME_ROK")] == 10
    assert found[messages("acme", "submit_sm", "ESME_RSUBMITFAIL")] == 1
    assert found[messages("acme", "deliver_sm", "ESME_ROK")] == 10
    assert found["smppgate_smsc_links", ("smsc", "alpha"), ("state", "bound")] == 1
    assert found["smppgate_smsc_links", ("smsc", "alpha"), ("state", "connecting")] == 0
    assert found["smppgate_smsc_latency_seconds_count", ("smsc", "alpha")] == 11
    for worker in ("1", "2", "master"):
        assert found["process_cpu_seconds_total", ("worker", worker)] > 0
    until(lambda: sum(each[1] for each in at.api.get("history")["samples"]) == 11)


def test_workers_are_seen_and_decisions_outlive_them(tmp_path: Path) -> None:
    with workers(tmp_path) as gate:
        at = Watched(gate)
        esmes = [bound(gate.port) for _ in range(2)]
        one, two = at.json("workers")
        assert [each["pid"] for each in (one, two)] == [gate.pids()[1], gate.pids()[2]]
        assert [(e["state"], e["sessions"], e["links"]) for e in (one, two)] == [("up", 1, 1)] * 2
        assert "workers     2 of 2 up" in at.command("status")
        assert [each["address"] for each in at.json("listeners")] == [f"127.0.0.1:{gate.port}"]
        at.command("drain", "alpha")
        at.command("close", "bolt")
        os.kill(gate.pids()[2], signal.SIGKILL)
        assert readable(*esmes).is_closed()
        only_left(gate)
        gate.serving(3)
        one, two = at.json("workers")
        assert (two["pid"], two["restarts"]) == (gate.pids()[2], 1)
        until(lambda: at.metrics()["smppgate_worker_restarts_total", ("worker", "2")] == 1)
        states = {each["system_id"]: each["state"] for each in at.json("accounts")}
        assert states == {"acme": "ready", "bolt": "closed"}
        assert at.json("smscs")[0]["state"] == "drain"
        kinds = [each["kind"] for each in _events(at, "worker_up", times=3)]
        assert kinds.count("worker_lost") == 1
        assert at.api.ask("GET", "/readyz")[0] == 200
        at.command("ready", "alpha")
        assert at.json("smscs")[0]["state"] == "ready"


def _events(at: Watched, last: str, times: int = 1) -> list[dict[str, Any]]:
    """What has happened, up to so many events of this kind."""
    found: list[dict[str, Any]] = []
    for event in at.api.events():
        found.append(event)
        if [each["kind"] for each in found].count(last) == times:
            break
    return found


def test_a_session_is_kicked_and_a_level_and_a_reload_are_for_all(tmp_path: Path) -> None:
    with workers(tmp_path) as gate:
        at = Watched(gate)
        esmes = [bound(gate.port) for _ in range(2)]
        kept, victim = sorted(each["id"] for each in at.api.get("sessions"))
        assert at.api.post(f"sessions/{victim}/kick", {"now": True})[0] == 202
        assert readable(*esmes).receive().command_id == UNBIND
        until(lambda: [each["id"] for each in at.api.get("sessions")] == [kept])
        assert at.api.ask("PUT", "/api/v1/log-level", {"level": "debug"})[0] == 200
        text = gate.config.read_text()
        gate.config.write_text(text.replace("window = 100", "window = 50"))
        assert at.api.post("reload") == (200, {"reloaded": True})
        assert at.api.get("smscs")[0]["window"] == 50
        gate.config.write_text(text.replace("window = 100", "window = 0"))
        status, problem = at.api.post("reload")
        assert status == 422
        assert problem["errors"]
        told = [each["kind"] for each in _events(at, "reload_refused")]
        assert told.count("reloaded") == 1


def exchange(esme: Wire, links: list[Wire], number: int) -> None:
    """A message, and its answer."""
    sent(esme, links, b"B%d" % number, number)


def test_a_capture_of_all_workers_is_one_file(tmp_path: Path) -> None:
    """Also when a worker ends meanwhile; others read it."""
    with workers(tmp_path) as gate:
        at = Watched(gate)
        esmes = [bound(gate.port) for _ in range(2)]
        file = tmp_path / "all.pcapng"
        capture = at.start("capture", "-w", str(file), "--text")
        trace = at.start("trace")
        for number, esme in enumerate(esmes, 1):
            exchange(esme, gate.links, number)
        # What a worker has seen and not written yet is lost with it.
        until(lambda: _count(file) >= 4)
        os.kill(gate.pids()[2], signal.SIGKILL)
        lost = readable(*esmes)
        kept = esmes[1] if lost is esmes[0] else esmes[0]
        only_left(gate)
        exchange(kept, gate.links, 3)
        gate.serving(3)
        gate.links += [gate.smsc.link()]
        gate.meshed(2, 2)
        again = bound(gate.port)
        exchange(again, gate.links, 4)
        trace.wait_for_log("submit_sm_resp 4 ESME_ROK")
        until(lambda: _count(file) >= 8)
        capture.stop()
        trace.stop()
        found = segments(file.read_bytes(), 2)
        assert {each.interface for each in found} == {0, 1}
        if _has_tshark():
            assert len(_submits_by_tshark(file).split()) == 8


def _submits_by_tshark(file: Path) -> str:
    """The interface of each message."""
    line = ["tshark", "-r", str(file), "-Y", "smpp.command_id == 0x00000004"]
    line += ["-T", "fields", "-e", "frame.interface_id"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return done.stdout


def _count(file: Path) -> int:
    """Messages of ESMEs and to SMSCs that are in it so far."""
    try:
        found = segments(file.read_bytes(), 2)
    except (AssertionError, FileNotFoundError):
        # It ends within a block, or has not begun.
        return 0
    return sum(each.octets[4:8] == b"\0\0\0\4" for each in found)


def _has_tshark() -> bool:
    return any(Path(folder, "tshark").exists() for folder in os.get_exec_path())
