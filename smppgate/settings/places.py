"""The places that endpoint strings name, to find two that are one.

Only what the strings say is compared: names are not looked up, and the machine's own addresses are
not known here. Ports of 0, which the kernel chooses, and ``systemd:`` sockets are no places.
"""

from __future__ import annotations

from typing import NamedTuple

from smppgate.settings.endpoints import split, unwrapped

_EVERYWHERE = "*"
"""The host of a listener on all addresses of the machine."""

_WILDCARDS = frozenset({"", "::", "0.0.0.0"})  # noqa: S104 - compared, not listened on
_LOOPBACK = frozenset({"localhost", "ip6-localhost", "::1"})

# Type of endpoint → index of the interface among the arguments without a name.
_INTERFACES = {"tcp": 1, "tcp6": 2, "ssl": 4, "tls": 2}
_SERVER_PORTS = {"tcp": 0, "tcp6": 0, "ssl": 0, "tls": 1}
_CLIENTS = frozenset({"tcp", "ssl", "tls"})


class Place(NamedTuple):
    """A TCP port of a host, or the path of a UNIX socket with port 0."""

    host: str
    port: int

    def overlaps(self, other: Place) -> bool:
        """Whether both cannot be listened on at one time."""
        if self.port != other.port:
            return False
        return self.host == other.host or _EVERYWHERE in (self.host, other.host)

    def is_reached_at(self, other: Place) -> bool:
        """Whether a connection to ``other`` arrives at a listener here, as far as is known."""
        if self.port != other.port:
            return False
        everywhere = self.host == _EVERYWHERE and is_loopback(other.host)
        both_local = is_loopback(self.host) and other.host in _LOOPBACK
        return self.host == other.host or everywhere or both_local


def server_place(description: str) -> Place | None:
    """Where a server endpoint listens; None where the string does not say."""
    parts = split(unwrapped(description))
    if parts.scheme == "unix":
        return Place(parts.get("address", 0) or "", 0)
    if parts.scheme not in _SERVER_PORTS:
        return None
    host = parts.get("interface", _INTERFACES[parts.scheme]) or ""
    host = _EVERYWHERE if host in _WILDCARDS else host.lower()
    return _place(host, parts.get("port", _SERVER_PORTS[parts.scheme]))


def client_place(description: str) -> Place | None:
    """Where a client endpoint connects to; None where the string does not say."""
    parts = split(description)
    if parts.scheme == "unix":
        return Place(parts.get("path", 0) or "", 0)
    if parts.scheme not in _CLIENTS:
        return None
    host = (parts.get("host", 0) or "").lower()
    # A connection to the address of no host goes to this one.
    return _place("127.0.0.1" if host in _WILDCARDS else host, parts.get("port", 1))


def unverified(description: str) -> str:
    """What a client endpoint with TLS does not verify; empty where it verifies all, or has none.

    ``tls:`` verifies certificate and name, and so does ``ssl:`` with ``hostname``. With
    ``caCertsDir`` alone it verifies the certificate only.
    """
    parts = split(description)
    if parts.scheme != "ssl" or parts.named.get("hostname"):
        return ""
    if parts.named.get("caCertsDir"):
        return "verifies no name: a certificate of any other machine will do"
    return "verifies no certificate: any machine on the way may pose as the peer"


def private_key(description: str) -> str | None:
    """The file with the private key of a server endpoint with TLS; None where there is none."""
    parts = split(unwrapped(description))
    return (parts.get("privateKey", 1) or "server.pem") if parts.scheme == "ssl" else None


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, as far as the text says."""
    return host in _LOOPBACK or host.startswith("127.")


def _place(host: str, port: str | None) -> Place | None:
    number = int(port) if port and port.isdigit() else 0
    return Place(host, number) if number else None
