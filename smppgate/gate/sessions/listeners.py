"""`Listeners`: the listeners of a gate and the sessions with ESMEs that came in by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeAlias

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress

from smppgate.gate.sessions.address_places import AddressPlaces
from smppgate.gate.sessions.all_strangers import AllAddresses
from smppgate.gate.sessions.endpoints import ServerEndpoint, server_endpoint
from smppgate.gate.sessions.esme import EsmeProtocol, EsmeSessionConfig
from smppgate.gate.sessions.esme_factory import EsmeFactory, ListenerRules
from smppgate.gate.sessions.listener import CannotListen, Listener
from smppgate.gate.sessions.tls import ListenerTls
from smppgate.settings import ListenTlsSettings
from smppgate.txsmpp.log import Logger

ANYTHING = ListenerRules()


MakeEndpoint: TypeAlias = Callable[[Any, str, ListenerTls | None], ServerEndpoint]
"""Makes an endpoint to listen on, of a reactor, an endpoint string, and TLS or None."""


class _Factory(EsmeFactory):
    """Makes the sessions of one listener, and tells when none is left."""

    def __init__(
        self,
        config: EsmeSessionConfig,
        limit: int,
        rules: ListenerRules,
        emptied: Callable[[_Factory], None],
        places: AddressPlaces | None = None,
    ) -> None:
        super().__init__(config, limit, rules, places)
        self._emptied = emptied

    def lost(self, session: EsmeProtocol) -> None:
        """The connection is lost."""
        super().lost(session)
        if not self.sessions:
            self._emptied(self)


class EsmeListener(Listener):
    """A listener for ESMEs and the factory of its sessions."""

    def __init__(
        self, description: str, endpoint: ServerEndpoint, factory: _Factory, tls: ListenerTls
    ) -> None:
        super().__init__(description, endpoint, factory)
        self._own_endpoint = endpoint
        self.factory = factory
        self.tls = tls

    @property
    def certificate(self) -> str:
        """What new connections are shown, in words; empty without TLS."""
        return self._own_endpoint.certificate


class Listeners(MultiService):
    """Opens listeners for ESMEs, changes them and closes them, while others go on.

    Listeners of other kinds can be added as services: they start, stop and renew their
    certificates with the others.

    :param config: of all sessions with ESMEs.
    :param make_endpoint: makes what is opened.
    :param addresses: counts connections by their addresses, where there are other processes.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        config: EsmeSessionConfig,
        make_endpoint: MakeEndpoint = server_endpoint,
        addresses: AllAddresses | None = None,
    ) -> None:
        super().__init__()
        self._make_endpoint = make_endpoint
        self._addresses = addresses
        self._reactor = reactor
        self._config = config
        self._listeners: list[EsmeListener] = []
        # Those of closed listeners too, as long as they have sessions.
        self._factories: dict[_Factory, None] = {}

    def add(
        self,
        endpoint: str,
        max_sessions: int,
        rules: ListenerRules = ANYTHING,
        tls: ListenTlsSettings | None = None,
    ) -> None:
        """Listen on ``endpoint`` for up to ``max_sessions`` connections at one time.

        :param tls: of its connections; None where they have none, or by ``endpoint``.

        Once this service runs, an endpoint that cannot be opened is logged only, and `retry` tries
        it again. Before, the start raises `CannotListen`.
        """
        places = AddressPlaces(self._addresses, endpoint) if self._addresses else None
        factory = _Factory(self._config, max_sessions, rules, self._forget_closed, places)
        in_tls = ListenerTls(endpoint, tls)
        made = self._make_endpoint(self._reactor, endpoint, in_tls)
        listener = EsmeListener(endpoint, made, factory, in_tls)
        self._listeners.append(listener)
        self._factories[factory] = None
        # The listener itself logs why.
        with suppress(CannotListen):
            listener.setServiceParent(self)

    def remove(self, endpoint: str) -> Deferred[None]:
        """Listen on ``endpoint`` no more; fires when it is closed. Its sessions go on.

        Of several that were added with one string, like ``tcp:0``, this closes the last.

        :raises KeyError: where nothing listens on ``endpoint``.
        """
        listener = self._named(endpoint)[-1]
        self._listeners.remove(listener)
        self._forget_closed(listener.factory)
        self.log.info(
            "no longer listening on {endpoint}; {count} of its sessions go on",
            endpoint=endpoint,
            count=len(listener.factory.sessions),
        )
        closing: Deferred[None] = maybeDeferred(listener.disownServiceParent)
        return closing

    def change(
        self,
        endpoint: str,
        max_sessions: int,
        rules: ListenerRules = ANYTHING,
        tls: ListenTlsSettings | None = None,
    ) -> None:
        """Let ``endpoint`` have up to ``max_sessions`` connections from now on, in this way.

        Where there are more than a limit allows, none is cut, and none is taken until there are
        less.

        :raises KeyError: where nothing listens on ``endpoint``.
        """
        for listener in self._named(endpoint):
            listener.factory.change(max_sessions, rules)
            listener.tls.change(tls)

    def retry(self) -> None:
        """Try to open those listeners again that could not be opened."""
        if self.running:
            for listener in self.all():
                listener.open()

    def renew(self) -> None:
        """Have new connections with TLS use the certificates that are in their files now.

        The log says which are new, and which cannot be used: there the old one stays. Files are
        read by the reactor's thread, and only what has changed is parsed.
        """
        for listener in self.all():
            listener.renew()

    def addresses(self) -> tuple[IAddress, ...]:
        """The addresses listened on now: for ESMEs first, in the order they were added."""
        addresses = (listener.address for listener in self.all())
        return tuple(address for address in addresses if address is not None)

    def open_to_esmes(self) -> Iterator[tuple[str, IAddress | None, EsmeFactory]]:
        """Endpoint, address and factory of each listener for ESMEs, in the order they were added.

        The address is None while it does not listen.
        """
        for listener in self._listeners:
            yield listener.description, listener.address, listener.factory

    def for_esmes(self) -> list[EsmeListener]:
        """The listeners for ESMEs, in the order they were added."""
        return list(self._listeners)

    def sessions(self) -> list[EsmeProtocol]:
        """All sessions with ESMEs, those of closed listeners too, whose connection is not lost."""
        # A copy: a session that ends leaves its factory.
        return [session for factory in self._factories for session in factory.sessions]

    def all(self) -> list[Listener]:
        """All of them, those for ESMEs first."""
        others = (service for service in self if service not in self._listeners)
        return [*self._listeners, *others]

    def _named(self, endpoint: str) -> list[EsmeListener]:
        named = [each for each in self._listeners if each.description == endpoint]
        if not named:
            raise KeyError(endpoint)
        return named

    def _forget_closed(self, factory: _Factory) -> None:
        """Forget a factory that has neither a listener nor sessions."""
        is_open = any(listener.factory is factory for listener in self._listeners)
        if not is_open and not factory.sessions:
            self._factories.pop(factory, None)
