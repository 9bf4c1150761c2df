"""`EventStream`: events as they come, to one client: server-sent events of the HTML standard."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import LoopingCall
from zope.interface import implementer

from smppgate.admin.shapes import iso
from smppgate.observe import EventLog, LoggedEvent
from smppgate.txsmpp.clock import Clock

SIGN_OF_LIFE = 15.0
"""Seconds between two comments, so that proxies keep an idle connection."""

MOST_UNREAD = 1000
"""Events that a client may be behind; then it is cut, and asks again from where it was."""

CONTENT_TYPE = "text/event-stream"


@implementer(IPushProducer)
class EventStream:
    """The events for one client, from a number on.

    :param since: the number of the last event that the client has.
    """

    def __init__(self, events: EventLog, clock: Clock, since: int) -> None:
        self._events = events
        # A number that was never given is one of the gate before the last start.
        self._since = since if since <= events.last_number else 0
        self._is_paused = False
        self._unread: list[LoggedEvent] = []
        self._request: Any = None
        self._unsubscribe = lambda: None
        self._signs = LoopingCall(self._sign)
        self._signs.clock = clock

    def start(self, request: Any) -> None:
        """Write to ``request`` until its client is gone."""
        self._request = request
        request.notifyFinish().addBoth(lambda _: self._stop())
        request.registerProducer(self, True)
        # Later: the first comment is written with the rest.
        self._signs.start(SIGN_OF_LIFE, now=False)
        self._write(b"retry: 2000\n\n")
        self._write(b"".join(_octets(event) for event in self._events.since(self._since)))
        self._unsubscribe = self._events.subscribe(self._told)

    def pauseProducing(self) -> None:
        """The client does not read as fast as events come."""
        self._is_paused = True

    def resumeProducing(self) -> None:
        """It has read."""
        self._is_paused = False
        unread, self._unread = self._unread, []
        self._write(b"".join(_octets(event) for event in unread))

    def stopProducing(self) -> None:
        """It is gone."""
        self._stop()

    def _told(self, event: LoggedEvent) -> None:
        if not self._is_paused:
            self._write(_octets(event))
        elif len(self._unread) < MOST_UNREAD:
            self._unread.append(event)
        else:
            self._cut()

    def _sign(self) -> None:
        if not self._is_paused:
            self._write(b": \n\n")

    def _write(self, octets: bytes) -> None:
        if octets and self._request is not None:
            self._request.write(octets)

    def _cut(self) -> None:
        request = self._request
        self._stop()
        request.channel.forceAbortClient()

    def _stop(self) -> None:
        self._request = None
        self._unsubscribe()
        self._unread.clear()
        if self._signs.running:
            self._signs.stop()


def plain(event: LoggedEvent) -> dict[str, object]:
    """``event`` as JSON has it."""
    head = {"number": event.number, "time": iso(event.time), "kind": event.kind}
    return {**head, "text": event.text, **event.fields}


def _octets(event: LoggedEvent) -> bytes:
    data = json.dumps(plain(event), separators=(",", ":"))
    return f"id: {event.number}\nevent: {event.kind}\ndata: {data}\n\n".encode()
