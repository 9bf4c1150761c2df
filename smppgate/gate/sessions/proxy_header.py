"""`ProxyHeaderFactory`: connections that begin with a PROXY header, in pieces of any size.

Twisted's own wrapper closes a connection whose first read has not enough of the header to tell its
version, and one whose header is ``PROXY UNKNOWN`` without addresses: a balancer's own check of
this port.
"""

from __future__ import annotations

from twisted.protocols.haproxy._wrapper import HAProxyProtocolWrapper, HAProxyWrappingFactory

V1, V2 = b"PROXY", b"\r\n\r\n\0\r\nQUIT\n"
LONGEST_V1 = 107
"""Octets of a header of version 1, with its end; of version 2 the first 16 tell its length."""

_UNKNOWN, _UNKNOWN_WITH_BLANK = b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN \r\n"


def is_enough(head: bytes) -> bool:
    """Whether Twisted's parser can tell what ``head`` is: a header, its beginning, or none."""
    if head.startswith(V1):
        return b"\r\n" in head or len(head) > LONGEST_V1
    if head.startswith(V2):
        return len(head) >= 16
    return not (V1.startswith(head) or V2.startswith(head))


class ProxyHeaderProtocol(HAProxyProtocolWrapper):
    """Waits for enough of the header before it is parsed."""

    _head: bytes | None = b""

    def dataReceived(self, data: bytes) -> None:
        """Octets of the header, or of the peer behind it."""
        if self._head is None:
            super().dataReceived(data)
            return
        self._head += data
        if is_enough(self._head):
            head, self._head = self._head, None
            super().dataReceived(head.replace(_UNKNOWN, _UNKNOWN_WITH_BLANK, 1))


class ProxyHeaderFactory(HAProxyWrappingFactory):
    """Wraps the sessions of another factory."""

    protocol: type[HAProxyProtocolWrapper] = ProxyHeaderProtocol
