"""`Peer`: where a bind comes from, and what its client certificate says; `Networks`: places."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from attrs import frozen


@frozen
class Networks:
    """Networks of IP."""

    networks: tuple[IPv4Network | IPv6Network, ...]

    def has(self, address: str) -> bool:
        """Whether ``address`` is in one of them; what is no address of IP is in none."""
        found = _parsed(address)
        return found is not None and any(found in network for network in self.networks)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The address; of an IPv4 address that is written as IPv6, the IPv4 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


@frozen
class Peer:
    """Who connects, as far as that is known.

    :param address: of IP; empty where it is not known, as on UNIX sockets.
    :param certificate: the names in its client certificate, and its digest as the settings write
        it; empty without one. It has been verified.
    """

    address: str = ""
    certificate: frozenset[str] = frozenset()


UNKNOWN = Peer()
"""A peer of which nothing is known."""
