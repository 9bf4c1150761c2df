"""`Listening`: all that the master listens on, and to whom connections go."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress

from smppgate.gate import CannotListen
from smppgate.gate.sessions.addresses import network_of, shown_address
from smppgate.gate.sessions.endpoints import tells_peers
from smppgate.gate.sessions.listener import all_in_use
from smppgate.routing.esmes.strangers import all_open
from smppgate.settings import ListenSettings, Settings
from smppgate.txsmpp.clock import Clock
from smppgate.workers.commands import Listen, Load, Take
from smppgate.workers.control import Control, Responders, ignore_failure
from smppgate.workers.raw_listener import Place, RawListener
from smppgate.workers.refusals import Refusals
from smppgate.workers.spread import Spread
from smppgate.workers.strangers import AllKnown

UNLIMITED = 1 << 31


def places_of(settings: Settings) -> list[Place]:
    """What workers listen on: for ESMEs first, in the order of the settings."""
    places = [_place_of(each) for each in settings.listen]
    # How many connections with outbind there may be is a worker's to say.
    outbinds = (each.outbind_listen for each in settings.smsc)
    return [*places, *(Place(each, UNLIMITED) for each in outbinds if each)]


class Listening(MultiService):
    """Listens, and hands each connection to the worker with the fewest.

    :param sockets: how many each listener has; see `RawListener`.
    :param known: knows how many connections an address has.
    :ivar refusals: connections that are cut over a limit.
    """

    def __init__(self, reactor: Any, settings: Settings, sockets: int, known: AllKnown) -> None:
        super().__init__()
        self.spread = Spread()
        self._known = known
        self.refusals = Refusals(Clock.of(reactor))
        self.refusals.setServiceParent(self)
        self._reactor = reactor
        self._sockets = sockets
        self._controls: dict[int, Control] = {}
        self._listeners: list[RawListener] = []
        for place in places_of(settings):
            self._add(place)

    def addresses(self) -> tuple[IAddress, ...]:
        """Those listened on now."""
        addresses = (each.address for each in self._listeners)
        return tuple(each for each in addresses if each is not None)

    def places(self) -> dict[str, str]:
        """The address, in words, of each endpoint string; empty where it is not listened on."""
        return {
            each.description: shown_address(each.address) if each.address is not None else ""
            for each in self._listeners
        }

    async def change(self, settings: Settings) -> None:
        """Listen where ``settings`` say: each worker knows of these listeners already."""
        wanted = places_of(settings)
        for listener in list(self._listeners):
            place = next((each for each in wanted if _is_of(each, listener)), None)
            if place is None:
                self._listeners.remove(listener)
                await maybeDeferred(listener.disownServiceParent)
            else:
                listener.place = place
                wanted.remove(place)
        if not self.running:
            # It was stopped meanwhile.
            return
        for listener in self._listeners:
            listener.open()
        for place in wanted:
            self._add(place)
        self._serve()

    def join(self, number: int, control: Control) -> None:
        """Worker ``number``, counted from 0, takes connections."""
        self._controls[number] = control
        self.spread.join(number)
        self._serve()

    def leave(self, number: int) -> None:
        """A worker takes none any more."""
        if self._controls.pop(number, None) is not None:
            self.spread.leave(number)
            for listener in self._listeners:
                listener.left(number)
            self._accept()

    def loads(self, number: int) -> Responders:
        """Hears how many connections worker ``number`` has."""
        return _Loads(partial(self.spread.told, number))

    def _add(self, place: Place) -> None:
        listener = RawListener(self._reactor, place, self._sockets, self._hand_over)
        self._listeners.append(listener)
        # Once it runs: the listener itself logs why.
        with suppress(CannotListen):
            listener.setServiceParent(self)

    def _serve(self) -> None:
        """Give each worker the sockets that are its own."""
        for number, control in self._controls.items():
            for listener in self._listeners:
                if listener.lends_to(number):
                    self._lend(listener, number, control)
        self._accept()

    def _lend(self, listener: RawListener, number: int, control: Control) -> None:
        try:
            descriptor = listener.descriptor(number)
        except OSError:
            # The system has no more of them: connections are accepted here.
            listener.left(number)
            return
        lending: Deferred[Any] = control.callRemote(
            Listen, listener=listener.description, listening=descriptor
        )
        lending.addErrback(lambda _: self._not_lent(listener, number, control))
        lending.addCallback(lambda _: os.close(descriptor))

    def _not_lent(self, listener: RawListener, number: int, control: Control) -> None:
        """It was not taken; where the worker is gone, what it had is another's by now."""
        if self._controls.get(number) is control:
            listener.left(number)
            self._accept()

    def _accept(self) -> None:
        """Accept what no worker accepts by itself, while there is one to hand it to."""
        for listener in self._listeners:
            listener.accept(bool(self._controls))

    def _hand_over(self, listener: RawListener, connection: socket.socket, address: Any) -> None:
        name, why = listener.description, self._over_limit(listener.place, address)
        if why:
            connection.close()
            self.refusals.add(name, address, why)
            return
        number = self.spread.next(name)
        if number is None:
            connection.close()
            return
        handing: Deferred[Any] = self._controls[number].callRemote(
            Take, listener=name, connection=connection.fileno()
        )
        handing.addErrback(ignore_failure).addCallback(lambda _: connection.close())

    def _over_limit(self, place: Place, address: Any) -> str:
        """Why a connection is not handed over; empty where it is.

        Of an address those are known here that workers have asked for. They ask for each, and cut
        it where there is no place; a flood that goes on is cut here, and costs them nothing.
        """
        if self.spread.of_listener(place.description) >= place.limit:
            return all_in_use(place.limit)
        if not place.per_address:
            return ""
        open_now = self._known.connections(place.description, network_of(address))
        return all_open(place.per_address) if open_now >= place.per_address else ""


class _Loads(Responders):
    """Hears how many connections a worker has."""

    def __init__(self, told: Callable[[str, int, int], None]) -> None:
        self._told = told

    @Load.responder
    def load(self, listener: str, open: int, taken: int) -> dict[str, Any]:
        """The connections of one listener."""
        self._told(listener, open, taken)
        return {}


def _place_of(listen: ListenSettings) -> Place:
    # Behind a balancer the peer is known when its PROXY header is read, which a worker does.
    per_address = listen.max_per_address if tells_peers(listen.endpoint) else 0
    return Place(listen.endpoint, listen.max_sessions, per_address)


def _is_of(place: Place, listener: RawListener) -> bool:
    return place.description == listener.description
