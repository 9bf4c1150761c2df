"""Why messages are not delivered: one line a kind and interval."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent

from smppgate.gate.relay.reason import Reason
from smppgate.gate.reports.undelivered import MOST_KINDS, Miss, Undelivered
from smppgate.notices import messages
from smppgate.txsmpp.clock import Clock as SmppClock
from smppgate.txsmpp.log import Logger
from tests.gate.memory_gateway import Log
from tests.routing.fakes import Gate, deliver, submit


class Told:
    """Counts with an interval of 60 s, and their lines."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        log = Logger("test", observer=self._hear)  # type: ignore[arg-type]
        self.undelivered = Undelivered(SmppClock.of(self.clock), log)

    def _hear(self, event: LogEvent) -> None:
        self.lines.append(formatEvent(event))

    def pass_by(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.undelivered.tick()


THROTTLED = Miss(messages.THROTTLED, "to the SMSC: refused", b"acme", "alpha", 0x58)
FULL = Miss(messages.NOT_BOUND, "no session can take it", b"bolt", "", 0x64)


def test_each_kind_is_told_at_once_and_then_counted() -> None:
    """Account, SMSC, status, count."""
    told = Told()
    for _ in range(500):
        told.undelivered.add(THROTTLED)
    told.undelivered.add(FULL)
    assert told.lines[0].startswith(
        "SG-3002 1 message not delivered: to the SMSC: refused; account acme, SMSC alpha, status "
        "0x00000058 ("
    )
    assert "account bolt, SMSC -, status 0x00000064 " in told.lines[1]
    told.pass_by(59.0)
    assert len(told.lines) == 2
    told.pass_by(1.0)
    assert told.lines[2].startswith("SG-3002 499 messages not delivered: to the SMSC: refused; ")
    assert len(told.lines) == 3


def test_a_kind_that_came_no_more_is_forgotten() -> None:
    """And told at once when it comes again."""
    told = Told()
    told.undelivered.add(FULL)
    told.pass_by(60.0)
    assert len(told.undelivered) == 0
    told.undelivered.add(FULL)
    assert len(told.lines) == 2


def test_any_number_of_kinds_takes_bounded_room() -> None:
    """An SMSC may answer with any of 2**32 statuses."""
    told = Told()
    for status in range(3 * MOST_KINDS):
        told.undelivered.add(THROTTLED._replace(status=status))
    assert len(told.undelivered) == MOST_KINDS + 1
    told.pass_by(60.0)
    (rest,) = told.lines[MOST_KINDS + 1 :]
    assert rest.startswith(f"SG-3001 {2 * MOST_KINDS - 1} messages not delivered: too many kinds")


def test_every_way_in_which_a_message_is_not_delivered_is_told() -> None:
    """Turned down, refused by the SMSC, unanswered; for no account, for none that can take it."""
    gate = Gate()
    with Log() as log:
        esme = gate.esme(window=2)
        gate.forward(esme, submit())
        link = gate.link()
        for number in (2, 3, 4):
            gate.forward(esme, submit(number))
        gate.answer(link, 0x0B)
        link.expire(gate.now)
        gate.deliver(link, deliver(b"999"))
        gate.deliver(link, deliver(b"2000"))
        gate.deliver(link, deliver(b"1000"))
        gate.answer(esme, 0x65)
    lines = [line for line in log.lines if "not delivered" in line]
    for code, words, *facts in (
        (3006, "at the gate: no SMSC can take it now", "acme", "-", "0x00000008"),
        (3003, "at the gate: over the window of its session", "acme", "-", "0x00000058"),
        (3001, "to the SMSC: refused", "acme", "alpha", "0x0000000B"),
        (3004, "to the SMSC: no answer in time", "acme", "alpha", "0x00000008"),
        (3009, "no account serves its destination", "-", "alpha", "0x00000064"),
        (3010, "no session of the account can take it now", "other", "alpha", "0x00000064"),
        (3001, "to the ESME: refused", "acme", "alpha", "0x00000065"),
    ):
        account, smsc, status = facts
        text = f"{words}; account {account}, SMSC {smsc}, status {status} ("
        text = f"SG-{code} 1 message not delivered: {text}"
        assert sum(text in line for line in lines) == 1, (text, lines)


def test_every_reason_has_a_line_of_its_own() -> None:
    """But success, and what is in a queue."""
    told = [it.notice.code for it in Reason if it not in (Reason.NONE, Reason.QUEUED)]
    assert len(set(told)) == len(told) == 14
    with pytest.raises(KeyError):
        Reason.NONE.notice  # noqa: B018
