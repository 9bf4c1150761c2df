"""Networks of IP in the configuration."""

from __future__ import annotations

import pytest

from smppgate.settings.networks import Network


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.0.0.7", "2001:db8::/32", "::1", "0.0.0.0/0"])
def test_networks_and_addresses(text: str) -> None:
    assert not list(Network().problems(text))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("10.0.0.7/8", "not '10.0.0.7/8'; did you mean 10.0.0.0/8?"),
        ("2001:db8::1/32", "not '2001:db8::1/32'; did you mean 2001:db8::/32?"),
        ("10.0.0.0/33", "not '10.0.0.0/33'"),
        ("10.0.0", "not '10.0.0'"),
        ("localhost", "not 'localhost'"),
        ("", "not ''"),
    ],
)
def test_what_is_no_network(text: str, end: str) -> None:
    """With the network that an address is in."""
    (problem,) = Network().problems(text)
    assert problem.text == f"must be a network such as 10.0.0.0/8, {end}"
