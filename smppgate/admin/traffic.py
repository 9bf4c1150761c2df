"""`Looks`: what passes through the gate, to one client as long as it reads.

Operators may: there are numbers of people in it. Passwords never are, and texts only where they
are asked for.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.internet.task import LoopingCall
from zope.interface import implementer

from smppgate.admin import event_stream
from smppgate.admin.audit import Audit
from smppgate.admin.messages import Answer, Problem
from smppgate.admin.routes import Call, Parameter, Route
from smppgate.admin.source import Looking
from smppgate.gate import Gateway
from smppgate.observe.traffic import Form, Interest, TooManyViews, Traffic, View
from smppgate.observe.traffic.pcapng import CONTENT_TYPE, Pcapng
from smppgate.observe.traffic.words import Words
from smppgate.settings.admin_side import OPERATOR
from smppgate.txsmpp.clock import Clock

LONGEST = 86_400.0
"""Seconds that a stream may be asked for; without, it goes on until its client is gone."""

_NUMBER_DIGITS = 20


class Looks:
    """Shows the traffic of one gate.

    :param worker: the number of the worker that it is; 0 where it is all there is.
    """

    def __init__(
        self, gateway: Gateway, traffic: Traffic, audit: Audit, version: str, worker: int = 0
    ) -> None:
        self._gateway = gateway
        self._traffic = traffic
        self._audit = audit
        self._worker = worker
        self._made_by = f"smppgate {version}".rstrip()

    async def trace(self, call: Call) -> Answer:
        """PDUs as they pass, decoded."""
        form = Words(call.query["text"], self._worker)
        return self._stream(call, "trace", form, event_stream.CONTENT_TYPE)

    async def capture(self, call: Call) -> Answer:
        """PDUs as they pass, as packets."""
        form = Pcapng(call.query["text"], self._made_by, self._worker)
        return self._stream(call, "capture", form, CONTENT_TYPE)

    def _stream(self, call: Call, what: str, form: Form, content_type: str) -> Answer:
        query = call.query
        interest = Interest(account=query["account"], smsc=query["smsc"], to=query["to"])
        if interest.smsc and interest.smsc not in self._gateway.parts.smscs:
            raise Problem(404, f"there is no SMSC {interest.smsc}")
        if call.asked.method == "HEAD":
            return Answer(content_type=content_type)
        try:
            view = self._traffic.open(interest, form)
        except TooManyViews as error:
            raise Problem(503, str(error)) from None
        seen = f"{interest}, with texts" if query["text"] else str(interest)
        self._audit.changed(call, what, seen)
        stream = TrafficStream(self._traffic, view, self._gateway.clock, query["seconds"])
        return Answer(content_type=content_type, stream=stream.start)


@implementer(IPushProducer)
class TrafficStream:
    """One view, written to one client.

    :param seconds: after so many it ends; 0: when its client is gone.
    """

    def __init__(self, traffic: Traffic, view: View, clock: Clock, seconds: float) -> None:
        self._traffic = traffic
        self._view = view
        self._clock = clock
        self._seconds = seconds
        self._request: Any = None
        self._end: IDelayedCall | None = None
        self._signs = LoopingCall(view.sign_of_life)
        self._signs.clock = clock

    def start(self, request: Any) -> None:
        """Write to ``request`` until its client is gone or the time is over."""
        self._request = request
        request.notifyFinish().addBoth(lambda _: self.stopProducing())
        request.registerProducer(self, True)
        self._signs.start(event_stream.SIGN_OF_LIFE, now=False)
        if self._seconds:
            self._end = self._clock.callLater(self._seconds, self._time_over)
        self._view.start(request.write)

    def pauseProducing(self) -> None:
        """The client does not read as fast as it is written to."""
        self._view.pause(True)

    def resumeProducing(self) -> None:
        """It has read."""
        self._view.pause(False)

    def stopProducing(self) -> None:
        """It is gone."""
        self._traffic.close(self._view)
        if self._signs.running:
            self._signs.stop()
        if self._end is not None and self._end.active():
            self._end.cancel()

    def _time_over(self) -> None:
        self._view.finish(partial(self._finish, self._request))

    def _finish(self, request: Any) -> None:
        self.stopProducing()
        request.unregisterProducer()
        request.finish()


def traffic_routes(looks: Looking, root: str) -> list[Route]:
    """The routes of both."""
    return [
        Route(
            method="GET",
            path=f"{root}/{name}",
            handle=handle,
            summary=summary,
            role=OPERATOR,
            query=_QUERY,
            content_type=content_type,
            statuses=(404, 503),
        )
        for name, handle, summary, content_type in (
            (
                "trace",
                looks.trace,
                "PDUs as they pass, decoded, with what was decided: server-sent events.",
                event_stream.CONTENT_TYPE,
            ),
            (
                "capture",
                looks.capture,
                "PDUs as they pass, as packets of TCP over IP: PCAP Next Generation.",
                CONTENT_TYPE,
            ),
        )
    ]


def _name(text: str) -> str:
    if len(text) > 100 or not text.isprintable():
        raise ValueError("must be a name")
    return text


def _number(text: str) -> bytes:
    digits = text.strip().removeprefix("+")
    if not (digits.isascii() and digits.isalnum() and len(digits) <= _NUMBER_DIGITS):
        raise ValueError("must be the beginning of a number")
    return digits.encode()


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found <= LONGEST:
        raise ValueError(f"must be seconds, up to {LONGEST:g}")
    return found


_QUERY = (
    Parameter(
        name="account",
        schema={"type": "string"},
        read=_name,
        meaning="only this ESME's sessions, and its messages on links; its system_id",
        default="",
    ),
    Parameter(
        name="smsc",
        schema={"type": "string"},
        read=_name,
        meaning="only this SMSC's links, and its messages on sessions of ESMEs",
        default="",
    ),
    Parameter(
        name="to",
        schema={"type": "string"},
        read=_number,
        meaning="only messages to numbers that begin so, their answers and their receipts",
        default=b"",
    ),
    Parameter(
        name="text",
        schema={"type": "boolean"},
        read=_flag,
        meaning="with the texts of messages, which are masked otherwise",
        default=False,
    ),
    Parameter(
        name="seconds",
        schema={"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST},
        read=_seconds,
        meaning="for how long; by default until the connection is closed",
        default=0.0,
    ),
)
