"""The message log and CDRs as settings say: at the start, after a reload, until the stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock

from smppgate.observe import Observer
from smppgate.observe.families import FAMILIES
from smppgate.observe.losses import WARNING_INTERVAL, Losses
from smppgate.observe.message_logs import MessageLogs
from smppgate.observe.records import NAMES
from smppgate.settings import CdrSettings, LogSettings
from tests.gate.memory_gateway import Log
from tests.gate.test_reload import SUBMIT, bound, gate_of, linked, reload
from tests.observe.threads import Calls


class Logging:
    """A gate that writes logs into a folder."""

    def __init__(self, **tables: Any) -> None:
        self.calls = Calls()
        self.gate = gate_of(**tables)
        self.logs = MessageLogs(self.gate.gateway, self.calls)
        self.logs.setServiceParent(self.gate.gateway)
        self.link, self.esme = linked(self.gate), bound(self.gate)
        self._number = 1

    def sends(self) -> None:
        """A message is sent and taken."""
        self._number += 1
        self.esme.ask(SUBMIT, self._number)
        self.gate.turn()
        (request,) = self.link.heard()
        self.link.answer(request, 0, b"%d\0" % self._number)
        self.gate.turn()

    def settled(self) -> None:
        """All threads that were told to end have ended."""
        ending = self.logs.stopService()
        while not ending.called:
            self.gate.turn()
            if not ending.called:
                self.calls.next()


def ids(path: Path) -> list[str]:
    """What is in a file of JSON lines."""
    return [json.loads(line)["smsc_id"] for line in path.read_text().splitlines()]


def test_both_are_written_where_settings_want_them(tmp_path: Path) -> None:
    log, cdr = tmp_path / "messages.log", tmp_path / "cdr.csv"
    both = Logging(log=LogSettings(messages=str(log)), cdr=CdrSettings(path=str(cdr)))
    both.sends()
    both.sends()
    both.settled()
    assert ids(log) == ["2", "3"]
    header, *records = cdr.read_text().splitlines()
    assert header.split(",") == list(NAMES)
    assert len(records) == 2
    both.sends()
    assert ids(log) == ["2", "3"]


def test_by_default_nothing_is_listened_to() -> None:
    without = Logging()
    assert without.gate.router.events.tell_taken is None
    without.settled()


def test_a_reload_takes_effect_at_once(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    gate = Logging()
    gate.sends()
    reload(gate.gate, log=LogSettings(messages=str(first)))
    gate.sends()
    reload(gate.gate, log=LogSettings(messages=str(second)))
    gate.sends()
    reload(gate.gate, log=LogSettings(messages=str(second), format="text"))
    gate.sends()
    reload(gate.gate, log=LogSettings())
    gate.sends()
    assert gate.gate.router.events.tell_taken is None
    # The writers that were ended tell so.
    for _ in range(3):
        gate.calls.next()
    gate.settled()
    assert ids(first) == ["3"]
    as_json, as_text = second.read_text().splitlines()
    assert json.loads(as_json)["smsc_id"] == "4"
    assert " smsc_id=5 " in as_text


def test_settings_that_are_the_same_leave_it_alone(tmp_path: Path) -> None:
    gate = Logging(log=LogSettings(messages=str(tmp_path / "log")))
    before = gate.gate.router.events.tell_taken
    reload(gate.gate)
    assert gate.gate.router.events.tell_taken == before
    gate.settled()


def test_files_are_opened_anew(tmp_path: Path) -> None:
    path, moved = tmp_path / "log", tmp_path / "log.1"
    gate = Logging(log=LogSettings(messages=str(path)))
    gate.sends()
    gate.logs.reopen()
    gate.sends()
    gate.settled()
    assert ids(path) == ["2", "3"]
    path.rename(moved)
    again = Logging(log=LogSettings(messages=str(path)))
    again.sends()
    again.settled()
    assert (ids(moved), ids(path)) == (["2", "3"], ["2"])


def test_a_text_is_in_the_log_alone(tmp_path: Path) -> None:
    log, cdr = tmp_path / "messages.log", tmp_path / "cdr.csv"
    both = Logging(
        log=LogSettings(messages=str(log), log_text=True), cdr=CdrSettings(path=str(cdr))
    )
    both.sends()
    both.settled()
    text = json.loads(log.read_text())["text"]
    assert text == "x"
    assert cdr.read_text().splitlines()[1].endswith(",,,")


def test_what_is_lost_is_counted_and_told_once_a_minute(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "log"
    gate = Logging(log=LogSettings(messages=str(path)))
    with Log() as log:
        gate.sends()
        gate.sends()
        gate.settled()
    assert gate.logs.losses["messages"].count == 2
    (told,) = [event for event in log.lines if "lost" in event]
    assert str(path) in told
    assert "No such file" in told


def test_it_is_told_again_after_a_while_with_the_count_so_far() -> None:
    clock = Clock()
    losses = Losses("message log", clock.seconds)
    with Log() as log:
        losses.lost(1, "no room")
        losses.lost(2, "no room")
        clock.advance(WARNING_INTERVAL)
        losses.lost(3, "no room")
    assert [event.split("(")[1] for event in log.lines] == ["1 so far)", "6 so far)"]


def test_losses_are_a_metric() -> None:
    gate = Logging()
    observer = Observer(gate.gate.gateway, losses=gate.logs.losses)
    gate.logs.losses["cdr"].count = 3
    (family,) = [each for each in FAMILIES if "lines_lost" in each.name]
    counts = {s.labels["log"]: s.value for s in family.samples(observer._looked_at())}
    assert counts == {"messages": 0, "cdr": 3}
