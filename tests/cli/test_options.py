"""Types of arguments."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from smppgate.cli import options


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (options.listening_endpoint, "tcp:3001", "tcp:3001"),
        (options.connecting_endpoint, "tcp:127.0.0.1:2775", "tcp:127.0.0.1:2775"),
        (options.connecting_endpoint, "127.0.0.1:2775", "tcp:127.0.0.1:2775"),
        (options.seconds, "0.25", 0.25),
        (options.seconds, "0", 0.0),
        (options.positive_seconds, "3", 3.0),
        (options.rate, "1e3", 1000.0),
        (options.positive_rate, "0.5", 0.5),
        (options.percentage, "all", 1.0),
        (options.percentage, "25", 0.25),
        (options.percentage, "12.5%", 0.125),
        (options.count, "7", 7),
        (options.command_status, "0x58", 0x58),
        (options.command_status, "88", 0x58),
        (options.command_status, "ESME_RTHROTTLED", 0x58),
        (options.octets(3), "äbc", b"\xe4bc"),
    ],
)
def test_what_fits_becomes_a_value(
    kind: Callable[[str], object], text: str, value: object
) -> None:
    """Each type gives the value that the text stands for."""
    assert kind(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (options.listening_endpoint, "tcp:99999", "port must be"),
        (options.listening_endpoint, "nonsense", "is not an endpoint"),
        (options.connecting_endpoint, "tcp::2775", "names no host"),
        (options.seconds, "-1", "seconds, 0 or more, not '-1'"),
        (options.seconds, "inf", "seconds"),
        (options.seconds, "nan", "seconds"),
        (options.positive_seconds, "0", "more than 0"),
        (options.rate, "fast", "a rate per second"),
        (options.positive_rate, "0", "a rate per second, more than 0"),
        (options.percentage, "101", "0 to 100"),
        (options.percentage, "some", "a percentage"),
        (options.count, "0", "from 1 on"),
        (options.count, "1.5", "from 1 on"),
        (options.command_status, "0", "ESME_RTHROTTLED"),
        (options.command_status, "0x100000000", "number"),
        (options.command_status, "ESME_NOTHING", "ESME_NOTHING"),
        (options.octets(3), "abcd", "at most 3 octets"),
        (options.octets(3), "→", "Latin-1"),
        (options.octets(3), "a\0b", "at most 3"),
    ],
)
def test_what_does_not_fit_is_told(kind: Callable[[str], object], text: str, told: str) -> None:
    """Each type says what it expects."""
    with pytest.raises(ArgumentTypeError, match=told.replace("(", r"\(")):
        kind(text)


def test_a_text_that_is_too_long_is_not_repeated() -> None:
    """It may be a password."""
    with pytest.raises(ArgumentTypeError) as caught:
        options.octets(3)("secret")
    assert "secret" not in str(caught.value)
