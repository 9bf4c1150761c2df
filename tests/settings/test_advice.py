"""What is warned of."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.settings import parse, warnings
from tests.settings import documents


def warnings_of(document: dict[str, Any]) -> tuple[str, ...]:
    return warnings(parse(documents.toml(document)))


def sound() -> dict[str, Any]:
    """A document that nothing is said about."""
    document = documents.minimal()
    for section in ("esme", "smsc"):
        document[section][0]["password"] = "12345678"
    return document


def test_a_sound_configuration_has_no_warnings() -> None:
    """Eight octets are a password of SMPP's own length."""
    assert warnings_of(sound()) == ()


@pytest.mark.parametrize(
    ("section", "change", "begin"),
    [
        ("listen", {"endpoint": "tcp:2775"}, "listen[0].endpoint: listens on all addresses"),
        ("esme", {"password": "123456789"}, "esme[0].password: has 9 octets"),
        ("smsc", {"password": "123456789"}, "smsc[0].password: has 9 octets"),
        ("esme", {"password": ""}, "esme[0].password: is empty"),
        (
            "esme",
            {"binds": ["transmitter"], "address_ranges": ["44*"]},
            "esme[0].address_ranges: no message can get there",
        ),
    ],
)
def test_warnings_of_a_table(section: str, change: dict[str, Any], begin: str) -> None:
    """One line under the path of its cause, and none shows a password."""
    document = sound()
    document[section][0] |= change
    (warning,) = warnings_of(document)
    assert warning.startswith(begin)
    assert "123456789" not in warning


def test_what_no_message_can_reach() -> None:
    """An SMSC in no pool, and a pool that no account uses; the first pool is used unnamed."""
    document = sound()
    document["smsc"].append(document["smsc"][0] | {"name": "beta"})
    document["pool"] = [{"name": name, "members": ["alpha"]} for name in ("main", "spare")]
    first, second = warnings_of(document)
    assert first.startswith("smsc[1]: is in no pool")
    assert second.startswith("pool[1]: is used by no account")
