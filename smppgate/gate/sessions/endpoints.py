"""Endpoints as the gate uses them: Twisted's strings, with what a gate needs beside them.

- Listeners ask the system for a backlog of `BACKLOG` connections, unless the string has another.
- ``haproxy:`` takes headers in pieces of any size, and ``PROXY UNKNOWN`` without addresses.
- ``tcp:`` with a host name tries all of its addresses, of IPv6 too, as ``tls:`` does.
- A string that no endpoint can be made of fails when it is used, like any other that cannot be
  opened.
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
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from zope.interface import implementer

from smppgate.gate.sessions.proxy_header import ProxyHeaderFactory

BACKLOG = 1024
"""Connections that may wait to be accepted: ESMEs come back all at once."""

_PROXY = re.compile("^haproxy:", re.IGNORECASE)
_WITH_BACKLOG = re.compile("^(tcp|tcp6|ssl|unix):", re.IGNORECASE)
_TCP = re.compile("^tcp:", re.IGNORECASE)


@implementer(IStreamServerEndpoint)
class _Unusable:
    """An endpoint that cannot be opened."""

    def __init__(self, reason: Exception) -> None:
        self._reason = reason

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        return fail(self._reason)


@implementer(IStreamServerEndpoint)
class _BehindProxy:
    """An endpoint whose connections begin with a PROXY header."""

    def __init__(self, endpoint: IStreamServerEndpoint) -> None:
        self._endpoint = endpoint

    def listen(self, protocolFactory: Any) -> Deferred[IListeningPort]:
        listening: Deferred[IListeningPort] = self._endpoint.listen(
            ProxyHeaderFactory(protocolFactory)
        )
        return listening


def server_endpoint(reactor: Any, description: str) -> IStreamServerEndpoint:
    """The endpoint of ``description`` to listen on."""
    if _PROXY.match(description):
        return _BehindProxy(server_endpoint(reactor, _PROXY.sub("", description)))
    if _WITH_BACKLOG.match(description) and ":backlog=" not in description:
        description = f"{description}:backlog={BACKLOG}"
    try:
        endpoint: IStreamServerEndpoint = serverFromString(reactor, description)
    except Exception as error:
        # systemd: looks for its descriptors, and is not always started by systemd.
        kind = type(error).__name__
        return _Unusable(OSError(f"there is no such socket ({kind}: {error})"))
    return endpoint


def client_endpoint(reactor: Any, description: str) -> IStreamClientEndpoint:
    """The endpoint of ``description`` to connect to."""
    endpoint: Any = clientFromString(reactor, description)
    if not _TCP.match(description) or _is_literal(endpoint._host):
        return cast(IStreamClientEndpoint, endpoint)
    timeout, bind_address = endpoint._timeout, endpoint._bindAddress
    return HostnameEndpoint(reactor, endpoint._host, endpoint._port, timeout, bind_address)


def _is_literal(host: str) -> bool:
    return bool(isIPAddress(host) or isIPv6Address(host))
