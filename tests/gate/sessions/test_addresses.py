"""Addresses as the log writes them."""

from __future__ import annotations

import pytest
from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from smppgate.gate.sessions.addresses import network_of, shown_address, shown_host


@pytest.mark.parametrize(
    ("address", "shown", "host"),
    [
        (IPv4Address("TCP", "192.0.2.7", 40312), "192.0.2.7:40312", "192.0.2.7"),
        (IPv6Address("TCP", "2001:db8::7", 40312), "[2001:db8::7]:40312", "[2001:db8::7]"),
        (IPv6Address("TCP", "::ffff:192.0.2.7", 1), "[::ffff:192.0.2.7]:1", "[::ffff:192.0.2.7]"),
        (IPv4Address("TCP", "2001:db8::7", 1), "[2001:db8::7]:1", "[2001:db8::7]"),
        (HostnameAddress(b"esme.example", 7), "esme.example:7", None),
        (UNIXAddress("/run/esme"), "unix:/run/esme", "unix:/run/esme"),
        (UNIXAddress(None), "unix:", "unix:"),
        (None, "None", "None"),
    ],
)
def test_addresses(address: IAddress | None, shown: str, host: str | None) -> None:
    """IPv6 in brackets, so that the port is told from the address."""
    assert shown_address(address) == shown
    assert host is None or shown_host(address) == host


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (IPv4Address("TCP", "192.0.2.7", 40312), "192.0.2.7"),
        (IPv6Address("TCP", "::ffff:192.0.2.7", 40312), "192.0.2.7"),
        (IPv6Address("TCP", "2001:db8:1:2:3:4:5:6", 40312), "2001:db8:1:2::/64"),
        (IPv6Address("TCP", "fe80::1%eth0", 40312), "fe80::/64"),
        (IPv4Address("TCP", "not an address", 1), "not an address"),
        (UNIXAddress("/run/esme"), ""),
        (None, ""),
    ],
)
def test_what_an_attacker_cannot_change(address: IAddress | None, network: str) -> None:
    """A machine has 2**64 addresses of IPv6."""
    assert network_of(address) == network
