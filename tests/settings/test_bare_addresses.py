"""Addresses that are no endpoint strings: the error names the endpoint that is meant."""

from __future__ import annotations

import pytest

from smppgate.settings.endpoints import client_fault, server_fault


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("127.0.0.1:2775", "tcp:127.0.0.1:2775"),
        ("smsc.example:3000", "tcp:smsc.example:3000"),
        ("smsc.example", "tcp:smsc.example:2775"),
        ("smpp://smsc.example:2775/", "tcp:smsc.example:2775"),
        ("[2001:db8::7]:2776", r"tcp:2001\:db8\:\:7:2776"),
        ("2001:db8::7", r"tcp:2001\:db8\:\:7:2775"),
    ],
)
def test_what_to_connect_to(text: str, meant: str) -> None:
    """What is meant is valid itself."""
    assert str(client_fault(text)).endswith(f"; did you mean {meant}?")
    assert client_fault(meant) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2775", "tcp:2775"),
        (":2775", "tcp:2775"),
        ("*:2775", "tcp:2775"),
        ("0.0.0.0:2775", "tcp:2775"),
        ("[::]:2775", "tcp:2775"),
        ("127.0.0.1:2775", "tcp:2775:interface=127.0.0.1"),
        ("127.0.0.1", "tcp:2775:interface=127.0.0.1"),
        ("[::1]:2775", r"tcp6:2775:interface=\:\:1"),
    ],
)
def test_where_to_listen(text: str, meant: str) -> None:
    """What is meant is valid itself."""
    assert str(server_fault(text)).endswith(f"; did you mean {meant}?")
    assert server_fault(meant) is None


@pytest.mark.parametrize("text", ["", "tcp", "quic:1", "a b:1", "host:port", "2775"])
def test_what_is_no_address_is_not_guessed(text: str) -> None:
    """A type of endpoint that there is, or no host that could be meant."""
    assert "did you mean" not in str(client_fault(text)) or text in ("tcp", "quic:1")
