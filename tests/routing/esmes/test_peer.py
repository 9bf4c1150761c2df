"""Where binds may come from, and what certificates have to say."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.esmes.account import AccountPolicy
from smppgate.routing.esmes.peer import Networks, Peer

NETWORKS = Networks(tuple(map(ip_network, ("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"))))


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("10.255.0.1", True),
        ("11.0.0.1", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("::ffff:10.1.2.3", True),
        ("::ffff:11.1.2.3", False),
        ("2001:db8:1::7", True),
        ("2001:db9::7", False),
        ("fe80::1%eth0", False),
        ("", False),
        ("unix:/run/x", False),
    ],
)
def test_an_address_is_in_a_network_or_not(address: str, is_in: bool) -> None:
    """IPv4 in the form of IPv6 too; what is no address is in none."""
    assert NETWORKS.has(address) == is_in


@given(st.ip_addresses(), st.integers(0, 32))
def test_an_address_is_in_the_network_around_it(address: Any, prefix: int) -> None:
    """And not the first one behind it. An IPv4 address is one, however it is written."""
    around = ip_network(f"{address}/{prefix}", strict=False)
    is_mapped = address.version == 6 and address.ipv4_mapped is not None
    assert Networks((around,)).has(str(address)) != is_mapped
    outside = int(around.broadcast_address) + 1
    if outside < 2 ** (32 if around.version == 4 else 128):
        assert not Networks((around,)).has(str(type(around.network_address)(outside)))


@pytest.mark.parametrize(
    ("policy", "peer", "why"),
    [
        (AccountPolicy(), Peer(), ""),
        (AccountPolicy(allow=NETWORKS), Peer("10.0.0.1"), ""),
        (AccountPolicy(allow=NETWORKS), Peer("192.0.2.1"), "address"),
        (AccountPolicy(allow=NETWORKS), Peer(), "address"),
        (AccountPolicy(certificate="acme"), Peer(), "certificate"),
        (AccountPolicy(certificate="acme"), Peer("", frozenset({"bank"})), "certificate"),
        (AccountPolicy(certificate="acme"), Peer("", frozenset({"acme", "bank"})), ""),
    ],
)
def test_a_policy_tells_strangers(policy: AccountPolicy, peer: Peer, why: str) -> None:
    """Empty for a peer that may bind."""
    told = policy.stranger(peer)
    assert why in told
    assert bool(told) == bool(why)
