"""`ProxyHeaderFactory`: connections that begin with a PROXY header, in pieces of any size.

Twisted's own wrapper closes a connection whose first read has not enough of the header to tell its
version, and one whose header is ``PROXY UNKNOWN`` without addresses: a balancer's own check of
this port. And it tells nobody when the peer's address is known: here the session behind it is
told (``identified``), before it is given anything that the peer has sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.protocols.haproxy._wrapper import HAProxyProtocolWrapper, HAProxyWrappingFactory
from twisted.protocols.policies import ProtocolWrapper

from smppgate.gate.sessions.addresses import Behind

V1, V2 = b"PROXY", b"\r\n\r\n\0\r\nQUIT\n"
LONGEST_V1 = 107
"""Octets of a header of version 1, with its end."""
HEAD_OF_V2 = 16
"""Octets of a header of version 2 that tell, in the last two, how many more it has."""

_UNKNOWN, _UNKNOWN_WITH_BLANK = b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN \r\n"


def header_size(head: bytes) -> int | None:
    """The octets of the header that ``head`` begins with, 0 where it is none.

    None while too few have come to know, or the header is not whole.
    """
    if head.startswith(V1):
        size = head.find(b"\r\n", 0, LONGEST_V1) + 2
        return size if size > 1 else (None if len(head) < LONGEST_V1 else 0)
    if head.startswith(V2):
        size = HEAD_OF_V2 + int.from_bytes(head[HEAD_OF_V2 - 2 : HEAD_OF_V2], "big")
        return size if len(head) >= max(HEAD_OF_V2, size) else None
    return None if V1.startswith(head) or V2.startswith(head) else 0


class ProxyHeaderProtocol(HAProxyProtocolWrapper):
    """Waits for the whole header before it is parsed."""

    _head: bytes | None = b""

    def dataReceived(self, data: bytes) -> None:
        """Octets of the header, or of the peer behind it."""
        if self._head is None:
            super().dataReceived(data)
            return
        self._head += data
        size = header_size(self._head)
        if size is not None:
            head, self._head = self._head, None
            self._parse(head[:size], head[size:])

    def _parse(self, header: bytes, rest: bytes) -> None:
        if not header:
            # Twisted's own is not annotated.
            lose: Callable[[], None] = self.loseConnection
            lose()
            return
        super().dataReceived(header.replace(_UNKNOWN, _UNKNOWN_WITH_BLANK, 1))
        if self.disconnecting:
            # It was not valid.
            return
        identified: Any = getattr(self.wrappedProtocol, "identified", None)
        if (identified is None or identified()) and rest:
            super().dataReceived(rest)


class ProxyHeaderFactory(HAProxyWrappingFactory):
    """Wraps the sessions of another factory."""

    protocol: type[HAProxyProtocolWrapper] = ProxyHeaderProtocol

    def buildProtocol(self, addr: IAddress | None) -> ProtocolWrapper:
        """Wrap a session; ``addr`` is the balancer's, which is nothing to count by."""
        return super().buildProtocol(Behind(addr))
