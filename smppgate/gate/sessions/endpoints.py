"""Endpoints as the gate uses them: Twisted's strings, with what a gate needs beside them.

- Listeners ask the system for a backlog of `BACKLOG` connections, unless the string has another.
- ``haproxy:`` takes headers in pieces of any size, and ``PROXY UNKNOWN`` without addresses.
- ``tcp:`` with a host name tries all of its addresses, of IPv6 too, as ``tls:`` does.
- A string that no endpoint can be made of fails when it is used, like any other that cannot be
  opened, and may be tried again.
- Listeners with TLS can read their certificates again while they are open.
"""

from __future__ import annotations

import re
from typing import Any, cast

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import (
    HostnameEndpoint,
    clientFromString,
    serverFromString,
)
from twisted.internet.interfaces import (
    IListeningPort,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from zope.interface import implementer

from smppgate.gate.sessions.certificates import ServerCertificate, has_certificate
from smppgate.gate.sessions.proxy_header import ProxyHeaderFactory
from smppgate.gate.sessions.tls import (
    ClientTls,
    ClientTlsEndpoint,
    ListenerTls,
    ListenerTlsFactory,
)
from smppgate.settings.endpoints import server_fault, split, unwrapped

BACKLOG = 1024
"""Connections that may wait to be accepted: ESMEs come back all at once."""

_PROXY = re.compile("^haproxy:", re.IGNORECASE)
_WITH_BACKLOG = re.compile("^(tcp|tcp6|ssl|unix):", re.IGNORECASE)
_TCP = re.compile("^tcp:", re.IGNORECASE)


@implementer(IStreamServerEndpoint)
class ServerEndpoint:
    """An endpoint to listen on, which is made of its string each time that it is opened.

    :param description: the endpoint string.
    :param tls: has the connections in TLS, behind PROXY headers; by default none is.
    """

    def __init__(self, reactor: Any, description: str, tls: ListenerTls | None = None) -> None:
        self._reactor = reactor
        self._description = description
        self._tls = tls
        self._certificate: ServerCertificate | None = None

    def listen(self, protocolFactory: Any) -> Deferred[IListeningPort]:
        """Open it; fails with an OSError where no endpoint can be made of the string."""
        factory, description = protocolFactory, self._description
        if self._tls is not None and not has_certificate(unwrapped(description)):
            factory = ListenerTlsFactory(self._tls, factory, self._reactor)
        while _PROXY.match(description):
            factory, description = ProxyHeaderFactory(factory), _PROXY.sub("", description)
        try:
            if self._tls is not None:
                self._tls.open()
            endpoint = self._made(_with_backlog(description))
        except Exception as error:
            return fail(_unusable(description, error))
        listening: Deferred[IListeningPort] = endpoint.listen(factory)
        return listening

    def renew(self) -> None:
        """Have new connections use the certificate as its files are now; see `ServerCertificate`.

        Without TLS, and before it is opened, this does nothing.
        """
        for each in self._renewed():
            each.renew()

    def names(self) -> tuple[str, ...]:
        """The names of the files of its certificates."""
        return tuple(name for each in self._renewed() for name in each.names())

    @property
    def certificate(self) -> str:
        """Whose certificates it has and until when they are valid; empty without TLS."""
        return "; ".join(filter(None, (each.shown for each in self._renewed())))

    def _renewed(self) -> list[ServerCertificate | ListenerTls]:
        return [each for each in (self._certificate, self._tls) if each is not None]

    def _made(self, description: str) -> Any:
        if not has_certificate(description):
            return serverFromString(self._reactor, description)
        self._certificate = ServerCertificate(self._reactor, description)
        return self._certificate.endpoint()


def server_endpoint(
    reactor: Any, description: str, tls: ListenerTls | None = None
) -> ServerEndpoint:
    """The endpoint of ``description`` to listen on."""
    return ServerEndpoint(reactor, description, tls)


def tells_peers(description: str) -> bool:
    """Whether a connection to it has its peer's own address, and not a balancer's."""
    return not _PROXY.match(description)


def _with_backlog(description: str) -> str:
    if _WITH_BACKLOG.match(description) and ":backlog=" not in description:
        return f"{description}:backlog={BACKLOG}"
    return description


def _unusable(description: str, error: Exception) -> OSError:
    """Why no endpoint can be made of ``description``, in one line for the log."""
    if isinstance(error, OSError) and error.filename is None and error.errno is None:
        # Of the files of its TLS.
        return error
    # systemd: looks for its descriptors, and is not always started by systemd.
    reason = server_fault(description)
    return OSError(reason or f"there is no such socket ({type(error).__name__}: {error})")


def client_endpoint(
    reactor: Any, description: str, tls: ClientTls | None = None
) -> IStreamClientEndpoint:
    """The endpoint of ``description`` to connect to, in TLS where there is some."""
    endpoint = _client_endpoint(reactor, description)
    if tls is None:
        return endpoint
    return ClientTlsEndpoint(reactor, endpoint, split(description).get("host", 0) or "", tls)


def _client_endpoint(reactor: Any, description: str) -> IStreamClientEndpoint:
    endpoint: Any = clientFromString(reactor, description)
    if not _TCP.match(description) or _is_literal(endpoint._host):
        return cast(IStreamClientEndpoint, endpoint)
    timeout, bind_address = endpoint._timeout, endpoint._bindAddress
    return HostnameEndpoint(reactor, endpoint._host, endpoint._port, timeout, bind_address)


def _is_literal(host: str) -> bool:
    return bool(isIPAddress(host) or isIPv6Address(host))
