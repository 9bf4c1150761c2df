"""`Traffic`: all views of one gate, the sessions that they watch, and the time that they take."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate import Gateway
from smppgate.gate.relay.events import Listener, TakenRun
from smppgate.gate.relay.events import Session as AnySession
from smppgate.gate.relay.reason import SUCCESS, Cause
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.smsc import SmscProtocol
from smppgate.observe.traffic.asked import waiting
from smppgate.observe.traffic.interest import Interest
from smppgate.observe.traffic.seen import Session
from smppgate.observe.traffic.view import Form, View
from smppgate.observe.traffic.watch import Watch
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession, Origin, SmscSession
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.stream import Tap

MOST_VIEWS = 8
"""Views at one time."""

PAUSE, TURN = 0.01, 0.002
"""Seconds between two turns in which views are written, and that one takes: a fifth of the time of
the reactor, and a message comes later by no more than a turn."""


class TooManyViews(Exception):
    """There are `MOST_VIEWS` already."""


class Traffic(Listener):
    """What passes through a gate, for those who look at it; nothing at all while nobody does."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._clock = gateway.clock
        self._views: dict[View, None] = {}
        self._watches: dict[Session, tuple[Watch, ...]] = {}
        self._turn: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._views)

    def open(self, interest: Interest, form: Form) -> View:
        """A view of what is of interest from now on; `close` ends it.

        :raises TooManyViews: there are enough.
        """
        if len(self._views) >= MOST_VIEWS:
            raise TooManyViews(f"{MOST_VIEWS} look at the traffic already")
        view = View(interest, form, self._clock, self._wake, self._begin, self._end)
        if not self._views:
            self._gateway.router.events.attach(self)
        self._views[view] = None
        for session in self._sessions():
            if session.transport is not None and not session.has_ended:
                view.meet(session, session.session.is_bound)
        return view

    def close(self, view: View) -> None:
        """End a view; one that has ended is none."""
        if view not in self._views:
            return
        del self._views[view]
        view.close()
        if not self._views:
            self._gateway.router.events.detach(self)
            if self._turn is not None:
                self._turn.cancel()
                self._turn = None

    # As a listener

    def connected(self, session: AnySession) -> None:
        """A session has a connection."""
        self._meet(session, is_bound=False)

    def bound(self, session: AnySession) -> None:
        """A session is bound: it may be one whose connection was there before the view."""
        self._meet(session, is_bound=True)

    def refused(
        self, session: EsmeSession, number: int, name: str, command_status: int, why: str
    ) -> None:
        """A bind was refused."""
        self._missed(session, number, why)

    def turned_down(self, origin: Origin, frame: Frame, command_status: int, cause: Cause) -> None:
        """A request was answered and not relayed."""
        self._missed(origin, frame.sequence_number, cause.text)

    def ended(self, exchange: Exchange, command_status: int, now: float, cause: Cause) -> None:
        """A request was answered."""
        if cause is not SUCCESS:
            self._missed(exchange.origin, exchange.number, cause.text)

    # What has success says no more than its PDUs do: runs stay runs.

    def taken(self, exchange: Exchange, frame: Frame, answer: bytes, now: float) -> None:
        """An SMSC took a message."""

    def run_taken(
        self,
        run: TakenRun,
        link: SmscSession,
        places: Sequence[int],
        answers: Sequence[bytes],
        now: float,
    ) -> None:
        """An SMSC took messages of one run."""

    def run_delivered(self, link: SmscSession, session: EsmeSession, count: int) -> None:
        """An ESME took messages of one run."""

    def waiting(self, exchange: Exchange) -> None:
        """A request waits."""
        for view in self._views:
            watch = view.watch_of(exchange.origin)
            if watch is not None:
                watch.waits(exchange.number, waiting(exchange))

    def _missed(self, origin: Origin, number: int, why: str) -> None:
        for view in self._views:
            watch = view.watch_of(origin)
            if watch is not None:
                watch.missed(number, why)

    def _meet(self, session: AnySession, is_bound: bool) -> None:
        if isinstance(session, EsmeProtocol | SmscProtocol):
            for view in self._views:
                view.meet(session, is_bound)

    # Taps

    def _sessions(self) -> list[Session]:
        parts = self._gateway.parts
        links = [link.session for link in self._gateway.links if link.session is not None]
        return [*parts.esme_sessions(), *links, *parts.other_smsc_sessions()]

    def _begin(self, watch: Watch) -> None:
        self._attach(watch.session, (*self._watches.get(watch.session, ()), watch))

    def _end(self, watch: Watch) -> None:
        left = tuple(e for e in self._watches.get(watch.session, ()) if e is not watch)
        self._attach(watch.session, left)

    def _attach(self, session: Session, watches: tuple[Watch, ...]) -> None:
        tap: Tap | None = watches[0] if watches else None
        if len(watches) > 1:
            tap = _All(watches)
        if watches:
            self._watches[session] = watches
        else:
            self._watches.pop(session, None)
        session.attach_tap(tap)

    # Turns

    def _wake(self) -> None:
        if self._turn is None:
            self._turn = self._clock.callLater(PAUSE, self._work)

    def _work(self) -> None:
        self._turn = None
        views = list(self._views)
        for view in views:
            if view.has_work:
                view.work(self._clock.monotonic() + TURN / len(views))
        if any(view.has_work for view in self._views):
            self._wake()


class _All:
    """The watches of several views on one session."""

    def __init__(self, watches: tuple[Watch, ...]) -> None:
        self._watches = watches

    def received(self, octets: bytes) -> None:
        for watch in self._watches:
            watch.received(octets)

    def sent(self, octets: bytes) -> None:
        for watch in self._watches:
            watch.sent(octets)

    def lost(self, reason: str) -> None:
        for watch in self._watches:
            watch.lost(reason)
