"""A part of the worlds has a message log: its lines say what peers have seen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from smppgate.gate import Gateway
from smppgate.gate.relay.events import Dequeued
from smppgate.gate.relay.reason import Cause
from smppgate.observe.families import status_name
from smppgate.observe.formats import Json
from smppgate.observe.message_log import MessageLog
from smppgate.routing.exchange import Exchange
from smppgate.txsmpp.frame import Frame
from tests.simulation import wire
from tests.simulation.hooks import TOLD
from tests.simulation.ledger import Delivery, Request

if TYPE_CHECKING:
    from tests.simulation.world import World

_OF_SESSIONS = (0x02, 0x03, 0x04)
"""Statuses with which a session answers itself what it may not be sent: it is not taken in."""

_BEFORE_LATE = ("timeout", "stopping", "rejected")
"""Reasons of messages that their SMSC may have taken all the same; the last is a hook's."""

Line = dict[str, Any]


class _Labelled(MessageLog):
    """Knows which message each of its lines is about."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway.clock, Json(), self._keep)
        self.written: list[bytes] = []
        self.labels: list[bytes] = []

    def _keep(self, lines: list[bytes]) -> None:
        self.written += lines

    def _note(self, octets: bytes) -> None:
        count = len(self.written) + len(self._lines)
        self.labels += [octets] * (count - len(self.labels))

    def run_taken(self, run: Any, link: Any, places: Any, answers: Any, now: float) -> None:
        begun = len(self.labels)
        super().run_taken(run, link, places, answers, now)
        self.labels += run.messages(places)
        assert len(self.labels) - begun == len(answers)

    def taken(self, exchange: Exchange, frame: Frame, answer: bytes, now: float) -> None:
        super().taken(exchange, frame, answer, now)
        self._note(exchange.octets)

    def ended(self, exchange: Exchange, status: int, now: float, cause: Cause) -> None:
        super().ended(exchange, status, now, cause)
        self._note(exchange.octets)

    def turned_down(self, origin: Any, frame: Frame, status: int, cause: Cause) -> None:
        super().turned_down(origin, frame, status, cause)
        self._note(frame.octets)

    def unqueued(self, account: bytes, octets: bytes, cause: Cause) -> None:
        super().unqueued(account, octets, cause)
        self._note(octets)

    def taken_late(self, exchange: Exchange, frame: Frame, given: bytes, now: float) -> None:
        super().taken_late(exchange, frame, given, now)
        self._note(exchange.octets)

    def dequeued(self, account: Any, request: Dequeued, status: int, now: float) -> None:
        super().dequeued(account, request, status, now)
        self._note(request.octets)


class MessageLines(Service):
    """What one life of the gate has written of messages, until it stops."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway
        self._begin_at = world.clock.now
        self._log = _Labelled(gateway)
        gateway.router.events.attach(self._log)
        self.setServiceParent(gateway)

    def stopService(self) -> Deferred[None]:
        """What is told in this turn still belongs to it, as with `MessageLogs`."""
        super().stopService()
        return deferLater(self._gateway.clock, 0.0, self._stopped)

    def _stopped(self) -> None:
        self._gateway.router.events.detach(self._log)
        self._log.flush()

    def wrong(self) -> Iterator[str]:
        """What is written otherwise than peers have seen it."""
        self._log.flush()
        messages: dict[int, list[Line]] = {}
        deliveries: dict[int, list[Line]] = {}
        for octets, written in zip(self._log.labels, self._log.written, strict=True):
            line = json.loads(written)
            is_incoming = line["event"] in ("mo", "receipt")
            label = wire.label_in(octets, b"d" if is_incoming else b"m")
            if label is not None:
                (deliveries if is_incoming else messages).setdefault(label, []).append(line)
        for request in self._world.ledger.submits():
            if request.at >= self._begin_at:
                yield from _wrong_of(request, messages.get(request.label, []))
        for delivery in self._world.ledger.deliveries.values():
            if delivery.at >= self._begin_at and delivery.resp is not None:
                yield from _wrong_of_delivery(delivery, deliveries.get(delivery.label, []))


def _wrong_of(request: Request, lines: list[Line]) -> Iterator[str]:
    """What is wrong with the lines of an ESME's message."""
    answer = request.answer
    late = [line for line in lines if line["event"] == "late"]
    lines = [line for line in lines if line["event"] != "late"]
    if late and not (lines and lines[0].get("reason") in _BEFORE_LATE):
        yield f"{request} was taken late, the log has {lines} and {late}"
    if request.is_certain and _is_told_otherwise(request) and len(late) != 1:
        yield f"{request} was taken, and a hook told otherwise; the log has {late}"
    is_due = answer is not None and answer.status not in _OF_SESSIONS
    if len(lines) > 1 or (is_due and not lines):
        yield f"{request} has {len(lines)} lines in the message log: {lines}"
        return
    if not lines:
        return
    (line,) = lines
    names = {a.session.smsc.plan.name for a in request.attempts}  # type: ignore[union-attr]
    if names and (line["event"] != "sent" or line["attempts"] < len(request.attempts)):
        yield f"{request} was sent {len(request.attempts)} times, the log has {line}"
    if answer is None or not request.is_certain or not is_due:
        return
    if line["status"] != status_name(answer.status):
        yield f"{request} was answered 0x{answer.status:02X}, the log has {line}"
    elif (line.get("reason") is None) != (answer.status == 0):
        yield f"{request} was answered 0x{answer.status:02X}, the log has the reason of {line}"
    elif answer.status or not request.given:
        return
    elif line.get("id") != request.given.decode("latin-1") or line["smsc"] not in names:
        yield f"{request} is known as {request.given!r} from {names}, the log has {line}"


def _is_told_otherwise(request: Request) -> bool:
    """Whether the only SMSC that was sent it took it, and a hook has told an error."""
    is_told = request.answer is not None and request.answer.status == TOLD
    return is_told and bool(request.taken_id) and len(request.attempts) == 1


def _wrong_of_delivery(delivery: Delivery, lines: list[Line]) -> Iterator[str]:
    """What is wrong with the lines of an SMSC's message, or of a receipt."""
    resp = delivery.resp
    if resp is None or resp.status in _OF_SESSIONS:
        return
    # What is lost in a queue was answered before.
    statuses = Counter(line.get("status") for line in lines)
    if not statuses[status_name(resp.status)]:
        yield f"{delivery} was answered 0x{resp.status:02X}, the log has {lines}"
    event = "receipt" if delivery.is_receipt else "mo"
    if any(line["event"] != event for line in lines):
        yield f"{delivery}: the log has {lines}"
