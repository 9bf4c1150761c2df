"""TLS by the tables of the settings: of a listener, and of connections to an SMSC or to Redis.

`ServerTls` and `ClientTls` have contexts of OpenSSL that were made of files; see `Renewed`.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeAlias, TypeVar

from OpenSSL import SSL
from twisted.internet._sslverify import ClientTLSOptions
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import (
    IAddress,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from smppgate.gate.sessions.listener import TurnedAway
from smppgate.gate.sessions.renewed import Renewed
from smppgate.settings import ListenTlsSettings, SmscTlsSettings, StoreTlsSettings
from smppgate.settings.certificates import CertificateFiles, authorities_fault
from smppgate.settings.tls_context import client_context, openssl_words, server_context

ToServer: TypeAlias = SmscTlsSettings | StoreTlsSettings
"""Settings of TLS of connections that the gate makes."""

S = TypeVar("S", bound="ListenTlsSettings | ToServer")


class _Tls(Renewed[SSL.Context], Generic[S]):
    """What is made of the settings and their files.

    :ivar settings: those in force.
    """

    def __init__(self, title: str, settings: S) -> None:
        super().__init__(title)
        self.settings = settings

    @property
    def context(self) -> SSL.Context:
        """By the files that were last read.

        :raises OSError: they have not been, for they could not be used.
        """
        if self._made is None:
            raise OSError(f"the certificate of {self.title} has not been read")
        return self._made

    @property
    def is_open(self) -> bool:
        """Whether the files have been read."""
        return self._made is not None

    @abstractmethod
    def certificates(self) -> tuple[CertificateFiles, ...]:
        """The files of its certificates."""

    @abstractmethod
    def authorities(self) -> str:
        """The file of its authorities; empty without one."""

    def names(self) -> tuple[str, ...]:
        """The names of its files."""
        names = [name for files in self.certificates() for name in files.names()]
        return (*names, *filter(None, [self.authorities()]))

    def open(self) -> None:
        """Read the files, unless they have been read.

        :raises OSError: they cannot be used.
        """
        if self.is_open:
            return
        try:
            self._read()
        except Exception as error:
            raise OSError(self._fault(error)) from None

    def change(self, settings: S) -> None:
        """Go by ``settings``."""
        if settings != self.settings:
            self.settings, self._digest = settings, b""
            self.renew()

    def _describe(self) -> str:
        return "; ".join(files.shown() for files in self.certificates())

    def _fault(self, error: Exception) -> str:
        files = (each.early_fault() or each.fault() for each in self.certificates())
        authorities = self.authorities()
        fault = next(filter(None, files), None)
        return fault or (authorities and authorities_fault(authorities)) or openssl_words(error)


class ServerTls(_Tls[ListenTlsSettings]):
    """The contexts of a listener."""

    def certificates(self) -> tuple[CertificateFiles, ...]:
        """The first is shown to clients that ask for none of the names of the others."""
        return self.settings.every

    def authorities(self) -> str:
        """Of clients' certificates."""
        return self.settings.client_ca

    def _make(self) -> SSL.Context:
        first, *others = self.settings.every
        context = self._context_of(first)
        by_name: dict[str, SSL.Context] = {}
        for files in others:
            made = self._context_of(files)
            for name in files.host_names():
                by_name.setdefault(name, made)
        context.set_tlsext_servername_callback(lambda connection: _choose(connection, by_name))
        return context

    def _context_of(self, files: CertificateFiles) -> SSL.Context:
        settings = self.settings
        return server_context(files, settings.client_ca, settings.min_version, settings.ciphers)


def _choose(connection: SSL.Connection, by_name: dict[str, SSL.Context]) -> None:
    """Show the certificate of the name that the client has asked for, if there is one."""
    name = (connection.get_servername() or b"").decode("latin-1").lower()
    _, _, domain = name.partition(".")
    context = by_name.get(name) or by_name.get(f"*.{domain}")
    if context is not None:
        connection.set_context(context)


class _ListenerTlsProtocol(BufferingTLSTransport):
    """TLS behind a PROXY header, perhaps: it tells its session whom the header is about."""

    def identified(self) -> bool:
        """The address of the peer behind a balancer is known; gives whether it may go on."""
        identified: Any = getattr(self.wrappedProtocol, "identified", None)
        return identified is None or bool(identified())


class ListenerTlsFactory(TLSMemoryBIOFactory):
    """Wraps the sessions of a listener in TLS, while it has TLS.

    :param tls: is asked for each connection: a reload may begin or end TLS.
    """

    protocol = _ListenerTlsProtocol

    def __init__(self, tls: ListenerTls, factory: Any, clock: Any) -> None:
        super().__init__(tls, False, factory, clock=clock)
        self._tls = tls

    def logPrefix(self) -> str:
        """What the log calls it."""
        prefix = type(self.wrappedFactory).__name__
        return f"{prefix} (TLS)" if self._tls.server is not None else prefix

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A session, in TLS or not."""
        server = self._tls.server
        if server is None:
            return self.wrappedFactory.buildProtocol(addr)
        return super().buildProtocol(addr) if server.is_open else TurnedAway()


@implementer(IOpenSSLServerConnectionCreator)
class ListenerTls:
    """TLS of one listener, or none.

    :ivar server: makes its connections; None without TLS.
    """

    def __init__(self, title: str, settings: ListenTlsSettings | None) -> None:
        self._title = title
        self.server = ServerTls(title, settings) if settings is not None else None

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """A connection by the files that were last read."""
        if self.server is None:
            raise ValueError("there is no TLS")
        return SSL.Connection(self.server.context, None)

    def open(self) -> None:
        """Read the files, unless they have been read.

        :raises OSError: they cannot be used.
        """
        if self.server is not None:
            self.server.open()

    def change(self, settings: ListenTlsSettings | None) -> None:
        """Go by ``settings``, with new connections."""
        if settings is None:
            self.server = None
        elif self.server is not None:
            self.server.change(settings)
        else:
            self._begin(settings)

    def _begin(self, settings: ListenTlsSettings) -> None:
        """Have TLS from now on, at any rate: without its files there is no connection."""
        self.server = ServerTls(self._title, settings)
        self.server.renew()

    def renew(self) -> None:
        """Read the files again if they have changed."""
        if self.server is not None:
            self.server.renew()

    @property
    def shown(self) -> str:
        """Whose certificates were read, and until when they are valid."""
        return self.server.shown if self.server is not None else ""

    def names(self) -> tuple[str, ...]:
        """The names of its files."""
        return self.server.names() if self.server is not None else ()


class ClientTls(_Tls[ToServer]):
    """Makes the TLS connections to one SMSC, or to Redis and its Sentinels."""

    def certificates(self) -> tuple[CertificateFiles, ...]:
        """What is shown where the server asks for a certificate."""
        files = self.settings.files
        return (files,) if files is not None else ()

    def authorities(self) -> str:
        """Of the server's certificate."""
        return self.settings.ca

    def _make(self) -> SSL.Context:
        settings = self.settings
        return client_context(settings.files, settings.ca, settings.min_version)

    def _describe(self) -> str:
        return super()._describe() or f"authorities in {self.authorities()!r}"

    def renew(self) -> None:
        """Read the files again if they have changed; before the first connection none is read."""
        if self.is_open:
            super().renew()

    def creator(self, host: str) -> Any:
        """What makes a connection to ``host``, whose certificate must be for that name."""
        context, name = self.context, self.settings.server_name or host
        return ClientTLSOptions(lambda _: SSL.Connection(context, None), name)


@implementer(IStreamClientEndpoint)
class ClientTlsEndpoint:
    """An endpoint to connect to, with TLS by the settings.

    :param endpoint: the same without TLS.
    :param host: the name in it.
    """

    def __init__(self, reactor: Any, endpoint: Any, host: str, tls: ClientTls) -> None:
        self._reactor = reactor
        self._endpoint = endpoint
        self._host = host
        self._tls = tls

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect; fails with an OSError where the files cannot be used."""
        try:
            self._tls.open()
        except OSError as error:
            return fail(error)
        creator = self._tls.creator(self._host)
        connecting: Deferred[Any] = wrapClientTLS(
            creator, self._endpoint, clock=self._reactor
        ).connect(protocolFactory)
        return connecting
