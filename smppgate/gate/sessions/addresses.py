"""Network addresses as the log and tables write them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from attrs import frozen
from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from zope.interface import implementer


@implementer(IAddress)
@frozen
class Behind:
    """The address of a balancer that will say in a PROXY header whom it connects."""

    balancer: IAddress | None


def shown_address(address: object) -> str:
    """``address`` with its port: ``192.0.2.7:40312``, ``[2001:db8::7]:40312``, ``unix:/run/x``."""
    if isinstance(address, Behind):
        return f"behind {shown_address(address.balancer)}"
    if isinstance(address, IPv4Address | IPv6Address):
        return f"{shown_host(address)}:{address.port}"
    if isinstance(address, HostnameAddress):
        return f"{address.hostname.decode('latin-1')}:{address.port}"
    return shown_host(address)


def shown_host(address: object) -> str:
    """``address`` without its port, which differs from connection to connection."""
    if isinstance(address, Behind):
        return f"behind {shown_host(address.balancer)}"
    if isinstance(address, IPv4Address | IPv6Address):
        # By its text and not by its class: a PROXY header may have either in either form.
        return f"[{address.host}]" if ":" in address.host else str(address.host)
    if isinstance(address, UNIXAddress):
        name = address.name
        text = name.decode("latin-1") if isinstance(name, bytes) else str(name or "")
        return f"unix:{text}"
    return str(address)


def ip_of(address: object) -> str:
    """The address of IP; empty where there is none, or it is not known yet."""
    return str(address.host) if isinstance(address, IPv4Address | IPv6Address) else ""


def network_of(address: object) -> str:
    """What an attacker at ``address`` cannot change easily; empty where that is not known.

    An IPv4 address, also where it is written as IPv6; 64 bits of any other IPv6 address, since a
    machine has all of those behind them. Peers on UNIX sockets are not told apart.
    """
    if not isinstance(address, IPv4Address | IPv6Address):
        return ""
    try:
        ip = ip_address(address.host)
    except ValueError:
        return str(address.host)
    if ip.version == 4:
        return str(ip)
    return str(ip.ipv4_mapped or ip_network((ip.packed, 64), strict=False))
