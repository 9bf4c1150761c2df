"""Addresses as the log writes them."""

from __future__ import annotations

import pytest
from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from smppgate.gate.sessions.addresses import shown_address, shown_host


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
