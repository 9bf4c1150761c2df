"""Listeners in one place: the gate could not start."""

from __future__ import annotations

import pytest

from smppgate.settings import SettingsError, parse
from tests.settings import documents


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        ("tcp:2775", "tcp:2775", True),
        ("tcp:2775:interface=127.0.0.1", "tcp:2775:interface=127.0.0.1", True),
        ("tcp:2775", "tcp:2775:interface=127.0.0.1", True),
        ("tcp6:2775", "tcp:2775", True),
        ("haproxy:tcp:2775", "tcp:port=2775", True),
        ("unix:/run/gate", "unix:/run/gate", True),
        ("tcp:2775", "tcp:2776", False),
        ("tcp:2775:interface=127.0.0.1", "tcp:2775:interface=127.0.0.2", False),
        ("tcp:0", "tcp:0", False),
        ("unix:/run/gate", "unix:/run/smsc", False),
        ("systemd:domain=INET:name=a", "systemd:domain=INET:name=a", False),
    ],
)
def test_two_listeners_in_one_place(one: str, other: str, collide: bool) -> None:
    """An address and all addresses collide; port 0 is another port each time."""
    document = documents.minimal()
    document["listen"] = [{"endpoint": one}, {"endpoint": other}]
    if not collide:
        parse(documents.toml(document))
        return
    with pytest.raises(SettingsError) as raised:
        parse(documents.toml(document))
    assert raised.value.errors == (
        "listen[1].endpoint: listens where listen[0].endpoint does already",
    )


def test_outbinds_are_listened_for_in_a_place_of_their_own() -> None:
    document = documents.minimal()
    document["smsc"][0]["outbind_listen"] = "tcp:2775"
    with pytest.raises(SettingsError) as raised:
        parse(documents.toml(document))
    assert raised.value.errors == (
        "smsc[0].outbind_listen: listens where listen[0].endpoint does already",
    )
