"""What workers log is written by the master, with the number of the worker."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from twisted.logger import (
    LogEvent,
    LogLevel,
    LogPublisher,
    formatEvent,
    formatEventAsClassicLogText,
    globalLogPublisher,
)
from twisted.python import log as legacy
from twisted.python.failure import Failure

from smppgate.daemon.json_lines import json_line
from smppgate.notices.workers import WORKER_ENDED
from smppgate.txsmpp.log import Logger
from smppgate.workers.logs import MOST_WAITING, ReceivedLog, SentLog
from tests.workers.pair import Ends


class MemoryReactor:
    """Keeps what other threads have for the reactor's."""

    def __init__(self) -> None:
        self.due: list[Any] = []

    def callFromThread(self, *call: Any) -> None:
        self.due.append(call)


class Line:
    """A worker whose log is observed at the master's end."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []
        publisher = LogPublisher(self.events.append)  # type: ignore[arg-type]
        self.ends = Ends(master=[ReceivedLog(7, publisher)])
        self.reactor = MemoryReactor()
        self.sent = SentLog(self.ends.worker, self.reactor)

    def __enter__(self) -> Line:
        globalLogPublisher.addObserver(self.sent)
        return self

    def __exit__(self, *_: object) -> None:
        globalLogPublisher.removeObserver(self.sent)

    def one(self) -> Any:
        """The only event, when it has come."""
        self.ends.turn()
        (event,) = self.events
        return event


def test_a_line_with_a_code_is_the_same_line_at_the_master() -> None:
    with Line() as line:
        Logger(namespace="smppgate.x").tell(WORKER_ENDED, worker=3, reason="by signal 9")
    event = line.one()
    assert event["log_level"] is LogLevel.error
    text = formatEventAsClassicLogText(event)
    assert text is not None
    assert "[smppgate.x#error worker 7] SG-6201 worker 3 ended by signal 9;" in text
    found = json.loads(json_line(event) or "")
    assert found["code"] == "SG-6201"
    assert found["worker"] == 7
    assert found["reason"] == "by signal 9"
    assert found["text"].startswith("worker 3 ended")


def test_a_failure_comes_with_its_traceback() -> None:
    with Line() as line:
        try:
            raise ZeroDivisionError("of all things")
        except ZeroDivisionError:
            failure = Failure()
        Logger(namespace="smppgate.x").tell_failure(WORKER_ENDED, failure, worker=1, reason="x")
    event = line.one()
    assert "ZeroDivisionError: of all things" in formatEvent(event)
    found = json.loads(json_line(event) or "")
    assert "ZeroDivisionError" in found["traceback"]
    assert "ZeroDivisionError" not in found["text"]


def test_what_twisted_logs_in_its_former_way_comes_as_text() -> None:
    with Line() as line:
        legacy.msg("Factory starting on 2775")  # type: ignore[no-untyped-call]
    event = line.one()
    assert "worker 7] Factory starting on 2775" in (formatEventAsClassicLogText(event) or "")


def test_other_threads_leave_the_connection_to_that_of_the_reactor() -> None:
    with Line() as line:
        log = Logger(namespace="smppgate.x")
        thread = threading.Thread(target=log.info, args=("from elsewhere",))
        thread.start()
        thread.join()
        line.ends.turn()
        assert line.events == []
        ((send, event),) = line.reactor.due
        send(event)
    assert formatEvent(line.one()) == "from elsewhere"


def test_values_that_are_no_json_are_text_by_then() -> None:
    with Line() as line:
        Logger(namespace="smppgate.x").info("{what}", what=object())
    assert "<object object" in formatEvent(line.one())


def test_what_the_master_does_not_read_in_time_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [0]
    monkeypatch.setattr("smppgate.workers.logs.unwritten", lambda _: waiting[0])
    with Line() as line:
        log = Logger(namespace="smppgate.x")
        log.info("first")
        waiting[0] = MOST_WAITING + 1
        for _ in range(5):
            log.info("lost")
        waiting[0] = 0
        log.info("last")
        line.ends.turn()
    texts = [formatEvent(event) for event in line.events]
    assert [texts[0], texts[-1]] == ["first", "last"]
    assert sum("5 lines of the log are lost" in text for text in texts) == 1
    assert len(texts) == 3


def test_without_its_master_it_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    line = Line()
    line.ends.transport.lose()
    line.ends.turn()
    sent = SentLog(line.ends.worker, line.reactor)
    globalLogPublisher.addObserver(sent)
    Logger(namespace="smppgate.x").info("alone")
    globalLogPublisher.removeObserver(sent)
    assert "alone" in capsys.readouterr().err
