"""`MessageLog`: a line for each message, when its sender is answered.

It is made of the events of the gate and of nothing else. Each message has one line: `sent` or
`refused` for one of an ESME, `mo` for one of an SMSC; a receipt has one of its own, and what
leaves the queue of an account has one more for each answer of the ESME. What most lines of a read
have in common is put together once, so that a message which an SMSC took costs some 2 µs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeGuard

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.deliver.delivery import Delivery
from smppgate.gate.deliver.receipt_delivery import ReceiptDelivery
from smppgate.gate.relay.events import Dequeued, Listener, TakenRun
from smppgate.gate.relay.reason import SUCCESS, Cause, refusal
from smppgate.observe import message_view
from smppgate.observe.families import status_name
from smppgate.observe.formats import Format, Value
from smppgate.observe.records import PLACE, PLANS
from smppgate.routing.esmes.account import Account
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession, Origin, SmscSession
from smppgate.routing.tally import word_of
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId, numbers
from smppgate.txsmpp.frame import HEADER_SIZE, Frame
from smppgate.txsmpp.id_key import given_id
from smppgate.txsmpp.located_receipt import NO_RECEIPT, LocatedReceipt, located_receipt
from smppgate.txsmpp.segments import segment_of
from smppgate.txsmpp.user_data_header import LONGEST_UNTOLD, SHORTEST_PART

INTERVAL = 0.25
"""Seconds that a line waits at the most until it is handed on to be written."""

MOST_LINES = 500
"""Lines that are handed on at once."""

MOST_PIECES = 4096
"""Pieces that are kept of each kind; they are made anew in every `INTERVAL` in any case."""

_SUBMIT_SM = int(CommandId.SUBMIT_SM)
_SUBMITS = numbers(
    CommandId.SUBMIT_SM, CommandId.SUBMIT_MULTI, CommandId.DATA_SM, CommandId.BROADCAST_SM
)
_DELIVERIES = numbers(CommandId.DELIVER_SM, CommandId.DATA_SM)

# The body of a submit_sm: both addresses with what is in front of them, of signs that need no
# escape in any format, and if that is all, what shows that it stands alone, see `segments`.
_C_STRING = rb"[^\0]*+\0"
_BOTH = _C_STRING + rb"(..)([0-9A-Za-z+._-]++)\0" * 2
_addresses = re.compile(_BOTH, re.DOTALL).match
_usual = re.compile(
    _BOTH
    + rb"([^\x40-\x7f\xc0-\xff]..%b%b.\0...[^\x%02x-\x%02x])?+"
    % (_C_STRING, _C_STRING, SHORTEST_PART, LONGEST_UNTOLD),
    re.DOTALL,
).match


class MessageLog(Listener):
    """Makes lines of what becomes of messages.

    :param format: how they are written.
    :param write: is given lines, `INTERVAL` seconds after the first at the latest.
    :param has_text: whether lines have the texts of messages.
    :param is_cdr: whether there is nothing but one line for each message: none for receipts, and
        none for what an ESME answers to messages of a queue.
    """

    def __init__(
        self,
        clock: Clock,
        format: Format,
        write: Callable[[list[bytes]], None],
        *,
        has_text: bool = False,
        is_cdr: bool = False,
    ) -> None:
        self._clock = clock
        self._format = format
        self._taken = format.taken
        self._write = write
        self._has_text = has_text
        self._is_cdr = is_cdr
        self._lines: list[bytes] = []
        self._timer: IDelayedCall | None = None
        self._places: dict[object, bytes] = {}
        self._outcomes: dict[object, tuple[bytes, bytes]] = {}
        self._stamps: dict[float, bytes] = {}
        self._plans: dict[tuple[bytes, bytes], bytes] = {}
        self._second, self._day = -1, ""
        self._offset = self._now_offset()

    def flush(self) -> None:
        """Hand on what there is, and wait for nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._hand_on()

    # The hot path

    def taken(self, exchange: Exchange, frame: Frame, answer: bytes, now: float) -> None:
        """The SMSC took a message, and its origin was answered so."""
        octets, theirs = exchange.original, frame[3]
        given, smsc_id = answer[HEADER_SIZE:-1], theirs[HEADER_SIZE:-1]
        usual = _usual(octets, HEADER_SIZE) if exchange.asked == _SUBMIT_SM else None
        if (
            usual is None
            or self._has_text
            or not (given.isalnum() and smsc_id.isalnum())
            or not _is_whole(octets, usual)
            or answer[-1]
            or theirs[-1]
        ):
            self._took(exchange, given_id(theirs), given_id(answer), now)
            return
        source_plan, source, destination_plan, destination, _ = usual.groups()
        where = exchange.origin, exchange.sent_on, exchange.target, exchange.pool
        place = self._places.get((*where, exchange.attempts)) or self._place(exchange)
        when = exchange.entered_at, exchange.sent_at, now
        at, outcome = self._outcomes.get(when) or self._outcome(*when)
        key = source_plan, destination_plan
        plans = self._plans.get(key) or self._plan(*key)
        began, who, id_, smsc, source_, destination_, told, _, ended = self._taken
        line = (began, at, who, place, id_, given, smsc, smsc_id, source_, source)
        self._lines.append(
            b"".join((*line, destination_, destination, told, outcome, plans, ended))
        )
        if len(self._lines) == 1 or len(self._lines) >= MOST_LINES:
            self._began()

    def run_taken(
        self,
        run: TakenRun,
        link: SmscSession,
        places: Sequence[int],
        answers: Sequence[bytes],
        now: float,
    ) -> None:
        """The SMSC took messages of one run: what they have in common is put together once."""
        began, who, id_, smsc, source_, destination_, told, _, ended = self._taken
        # As `_place` has it: messages of runs are sent once, and no route was asked.
        where = run.origin, link, None, run.pool, 1
        place = self._places.get(where) or self._place(run.exchange(places[0], link))
        at, outcome = self._outcome(run.sent_at, run.sent_at, now)
        begin, end = b"".join((began, at, who, place, id_)), told + outcome
        # The ids of a run are those of the SMSC behind its tag.
        tag, size = run.origin.answer_forms[link.smsc].tag, HEADER_SIZE
        behind_tag = size + len(tag)
        plans, match, join, add = self._plans, _addresses, b"".join, self._lines.append
        has_text = self._has_text
        for number, answer, octets in zip(places, answers, run.messages(places), strict=True):
            found = match(octets, size)
            given, smsc_id = answer[size:-1], answer[behind_tag:-1]
            if found is None or has_text or answer[-1] or not (given.isalnum() and smsc_id):
                theirs, given = given_id(answer)[len(tag) :], given_id(answer)
                self._took(run.exchange(number, link), theirs, given, now)
                continue
            source_plan, source, destination_plan, destination = found.groups()
            key = source_plan, destination_plan
            plan = plans.get(key) or self._plan(*key)
            line = (begin, given, smsc, smsc_id, source_, source, destination_, destination)
            add(join((*line, end, plan, ended)))
        self._began()

    def _place(self, exchange: Exchange) -> bytes:
        if len(self._places) >= MOST_PIECES:
            self._places.clear()
        place = self._format.piece(PLACE, _submitted(exchange))
        where = exchange.origin, exchange.sent_on, exchange.target, exchange.pool
        self._places[*where, exchange.attempts] = place
        return place

    def _outcome(self, entered_at: float, sent_at: float, now: float) -> tuple[bytes, bytes]:
        """The time, and the piece of `OUTCOME`, of a message that was taken."""
        if len(self._outcomes) >= MOST_PIECES:
            self._outcomes.clear()
        stamps, stamp = self._stamps, self._stamped
        entered = stamps.get(entered_at) or stamp(entered_at)
        sent = entered if sent_at == entered_at else stamps.get(sent_at) or stamp(sent_at)
        outcome = self._format.outcome % (now - sent_at, entered, sent)
        found = stamps.get(now) or stamp(now), outcome
        self._outcomes[entered_at, sent_at, now] = found
        return found

    def _stamped(self, at: float) -> bytes:
        if len(self._stamps) >= MOST_PIECES:
            self._stamps.clear()
        stamp = self._stamps[at] = self._stamp(at).encode()
        return stamp

    def _plan(self, source: bytes, destination: bytes) -> bytes:
        values = dict(zip(PLANS, (*source, *destination), strict=True))
        plan = self._plans[source, destination] = self._format.piece(PLANS, values)
        return plan

    # Messages of ESMEs

    def _took(self, exchange: Exchange, theirs: bytes, given: bytes, now: float) -> None:
        """The line of a message that was taken, whatever is in it."""
        values = self._of(exchange, now, 0, SUCCESS) | _submitted(exchange)
        ids: dict[str, Value] = {"id": _text(given), "smsc_id": _text(theirs)}
        self._add(values | {"event": "sent"} | ids)

    def ended(self, exchange: Exchange, command_status: int, now: float, cause: Cause) -> None:
        """A message was not taken, or it is one of an SMSC."""
        if isinstance(exchange, Delivery):
            self._delivered(exchange, command_status, now, cause)
        elif exchange.asked in _SUBMITS:
            values = self._of(exchange, now, command_status, cause) | _submitted(exchange)
            self._add(values | {"event": "sent" if exchange.attempts else "refused"})

    def turned_down(self, origin: Origin, frame: Frame, command_status: int, cause: Cause) -> None:
        """A message was answered, and nothing else became of it."""
        now, octets = self._clock.monotonic(), frame.octets
        values = self._message(octets) | _ended(command_status, cause) | {"attempts": 0}
        values |= {"time": self._stamp(now), "entered": self._stamp(now)}
        if _is_smsc(origin):
            if frame.command_id in _DELIVERIES:
                receipt = located_receipt(octets)
                self._add_incoming(values | _came_on(origin), octets, receipt, {"matched": "no"})
        elif frame.command_id in _SUBMITS:
            self._add(values | _esme(origin) | {"event": "refused"})

    def taken_late(self, exchange: Exchange, frame: Frame, given: bytes, now: float) -> None:
        """The SMSC took a message whose sender was told an error before."""
        if self._is_cdr:
            return
        # What else was in the message is not kept so long.
        values = {**message_view.addresses(exchange.original)} | _ended(0, SUCCESS)
        values |= self._times(exchange.entered_at, exchange.sent_at, now) | _submitted(exchange)
        ids = {"id": _text(given), "smsc_id": _text(given_id(frame.octets))}
        self._add({**values, "event": "late", **ids})

    # Messages of SMSCs

    def _delivered(
        self, delivery: Delivery, command_status: int, now: float, cause: Cause
    ) -> None:
        values = self._of(delivery, now, command_status, cause) | _came_on(delivery.link)
        values["account"] = _text(delivery.account)
        if delivery.session is not None:
            values |= _esme(delivery.session)
        if isinstance(delivery, ReceiptDelivery):
            match = _matched(delivery)
            self._add_incoming(values, delivery.octets, delivery.receipt, match)
        else:
            receipt = located_receipt(delivery.octets)
            self._add_incoming(values, delivery.octets, receipt, {"matched": "destination"})

    def dequeued(
        self, account: Account[EsmeSession], request: Dequeued, command_status: int, now: float
    ) -> None:
        """An ESME answered a message of its queue."""
        if self._is_cdr:
            return
        sent_at = request.sent_at
        values = self._times(sent_at, sent_at, now) | {"attempts": 1} | _esme(request.session)
        self._add_queued(values | _ended(command_status, refusal(command_status)), request.octets)

    def unqueued(self, account: bytes, octets: bytes, cause: Cause) -> None:
        """A message of a queue is not delivered."""
        if not self._is_cdr:
            values: dict[str, Value] = {"time": self._stamp(self._clock.monotonic())}
            self._add_queued(
                values | {"account": _text(account), "reason": cause.reason.word}, octets
            )

    def _add_queued(self, values: dict[str, Value], octets: bytes) -> None:
        receipt = located_receipt(octets)
        # The queue has it with the id that the ESME knows.
        ids: dict[str, Value] = {
            "id": _text(receipt.ids[0]) if receipt.ids else "",
            "smsc_id": "",
        }
        self._add_incoming(self._message(octets) | values, octets, receipt, ids)

    def _add_incoming(
        self,
        values: dict[str, Value],
        octets: bytes,
        receipt: LocatedReceipt,
        match: Mapping[str, Value],
    ) -> None:
        """The line of a message of an SMSC; with ``match`` if it is a receipt."""
        if receipt is NO_RECEIPT:
            self._add(values | {"event": "mo"})
        elif not self._is_cdr:
            told: dict[str, Value] = {
                "event": "receipt",
                "receipt": word_of(receipt.stat, receipt.state).decode("latin-1"),
                "error": message_view.error(octets),
                "smsc_id": _text(receipt.ids[0]) if receipt.ids else "",
            }
            self._add({**values, **told, **match})

    # Lines

    def _of(
        self, exchange: Exchange, now: float, command_status: int, cause: Cause
    ) -> dict[str, Value]:
        """What a line says of an exchange, whoever sent the message."""
        values = self._message(exchange.original) | _ended(command_status, cause)
        sent_at = exchange.sent_at if exchange.attempts else None
        return (
            values
            | self._times(exchange.entered_at, sent_at, now)
            | {"attempts": exchange.attempts}
        )

    def _message(self, octets: bytes) -> dict[str, Value]:
        values = {**message_view.addresses(octets), "parts": message_view.parts(octets)}
        if self._has_text:
            values["text"] = message_view.text(octets)
        return values

    def _times(self, entered_at: float, sent_at: float | None, now: float) -> dict[str, Value]:
        values: dict[str, Value] = {"time": self._stamp(now), "entered": self._stamp(entered_at)}
        if sent_at is not None:
            values |= {"sent": self._stamp(sent_at), "latency": now - sent_at}
        return values

    def _stamp(self, at: float) -> str:
        """The wall clock's time at ``at`` of the monotonic clock: ISO 8601, UTC."""
        micros = round((at + self._offset) * 1e6)
        second, micros = divmod(micros, 1_000_000)
        if second != self._second:
            self._second = second
            self._day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._day}.{micros:06d}Z"

    def _now_offset(self) -> float:
        return self._clock.wall() - self._clock.monotonic()

    def _add(self, values: Mapping[str, Value]) -> None:
        self._lines.append(self._format.line(values))
        if len(self._lines) == 1 or len(self._lines) >= MOST_LINES:
            self._began()

    def _began(self) -> None:
        """Lines have come: the first of them, or enough."""
        if len(self._lines) >= MOST_LINES:
            self._hand_on()
        elif self._timer is None:
            self._timer = self._clock.callLater(INTERVAL, self._due)

    def _due(self) -> None:
        self._timer = None
        self._hand_on()
        # What sessions and routes are called may be another name from now on.
        self._places.clear()
        self._outcomes.clear()
        self._stamps.clear()
        self._plans.clear()
        self._offset = self._now_offset()

    def _hand_on(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._write(lines)


def _is_whole(octets: bytes, usual: re.Match[bytes]) -> bool:
    """Whether a submit_sm is no part of a long message."""
    begin = usual.end() - 1
    is_alone = usual[5] is not None and begin + octets[begin - 1] == len(octets)
    return is_alone or segment_of(octets) is None


def _text(octets: bytes) -> str:
    return octets.decode("latin-1")


def _esme(session: Origin) -> dict[str, Value]:
    """Who an ESME is. This process has no session."""
    return {
        "account": _text(session.system_id),
        "session": getattr(session, "id", ""),
        "peer": getattr(session, "where", ""),
    }


def _submitted(exchange: Exchange) -> dict[str, Value]:
    """Who sent a message to an SMSC, and where it went."""
    target, pool, smsc = exchange.target, exchange.pool, exchange.smsc
    route = target.route if target is not None else None
    return _esme(exchange.origin) | {
        "route": route.label if route is not None else "",
        "pool": pool.name if pool is not None else "",
        "smsc": smsc.name if smsc is not None else "",
        "link": getattr(exchange.sent_on, "name", ""),
        "attempts": exchange.attempts,
    }


def _is_smsc(origin: Origin) -> TypeGuard[SmscSession]:
    """Whether a message came from an SMSC."""
    return getattr(origin, "smsc", None) is not None


def _came_on(link: SmscSession) -> dict[str, Value]:
    """Where a message of an SMSC came from."""
    return {"smsc": link.smsc.name, "link": getattr(link, "name", "")}


def _ended(command_status: int, cause: Cause) -> dict[str, Value]:
    return {"status": status_name(command_status), "reason": cause.reason.word}


def _matched(delivery: ReceiptDelivery) -> dict[str, Value]:
    """How the message of a receipt was found, and its ids."""
    message_id = delivery.message_id
    is_exact = message_id in delivery.receipt.ids
    return {
        "matched": "id" if is_exact else "notation",
        "id": _text(delivery.path.esme_id(message_id)),
        "smsc_id": _text(message_id),
        "account": _text(delivery.path.account),
    }
