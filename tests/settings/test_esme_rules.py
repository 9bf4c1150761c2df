"""Settings of one account that exclude each other."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from smppgate.settings import EsmeSettings, SettingsError, parse
from tests.settings import documents

ENDPOINT = "tcp:esme.example:2776"


def errors_of(esme: dict[str, Any]) -> tuple[str, ...]:
    """The errors of ``esme`` as a file has it, none when it is valid."""
    document = documents.minimal() | {"esme": [esme]}
    try:
        parse(documents.toml(document))
    except SettingsError as error:
        return error.errors
    return ()


@pytest.mark.parametrize(
    "esme",
    [
        {"system_id": "acme", "password": ""},
        {"system_id": "acme", "auth": "smsc"},
        {"system_id": "acme", "auth": "smsc", "password": "pw"},
        {"system_id": "acme", "auth": "smsc", "address_ranges": ["44*"], "bind_ranges": True},
        {"system_id": "*", "auth": "smsc", "queries": False, "max_binds": 3},
        {"system_id": "acme", "password": "pw", "queue": True, "outbind": ENDPOINT},
        {"system_id": "acme", "password": "pw", "queue_size": 3, "queue_ttl": 1},
    ],
)
def test_accounts_taken(esme: dict[str, Any]) -> None:
    """The size of a queue that is off is ignored, and a password that is not compared too."""
    assert errors_of(esme) == ()


WILD = 'must not be set for system_id = "*", which is no single ESME'
NO_QUEUE = (
    'must be false with auth = "smsc": the messages for such a session come on the SMSC session '
    "that its bind opened"
)
NO_PASSWORD = '"*" needs auth = "smsc": the gate knows no password for other names'
KEYS = "password, password_hash, password_file and password_env"
MISSING = f"is missing: there must be one of {KEYS}"
NO_OUTBIND = "needs queue = true: nothing else keeps messages for it"


@pytest.mark.parametrize(
    ("esme", "errors"),
    [
        ({}, (f"password: {MISSING}",)),
        ({"auth": "gate"}, (f"password: {MISSING}",)),
        (
            {"password": "pw", "password_env": documents.VARIABLE},
            (f"password_env: must not be there beside password: one of {KEYS} is enough",),
        ),
        ({"auth": "smsc", "queue": True}, (f"queue: {NO_QUEUE}",)),
        (
            {"password": "pw", "outbind": ENDPOINT},
            (f"outbind: {NO_OUTBIND}",),
        ),
        (
            {"auth": "smsc", "outbind": ENDPOINT, "queue": True},
            (f"queue: {NO_QUEUE}",),
        ),
        (
            {"system_id": "*", "password": "pw"},
            (f"system_id: {NO_PASSWORD}",),
        ),
        (
            {
                "system_id": "*",
                "auth": "smsc",
                "address_ranges": ["44*"],
                "bind_ranges": True,
                "queue": True,
                "outbind": ENDPOINT,
            },
            tuple(
                f"{key}: {WILD}" for key in ("address_ranges", "bind_ranges", "queue", "outbind")
            ),
        ),
    ],
)
def test_accounts_refused(esme: dict[str, Any], errors: tuple[str, ...]) -> None:
    """Each problem once, with its path, from a file and from a program."""
    esme = {"system_id": "acme"} | esme
    assert errors_of(esme) == tuple(f"esme[0].{error}" for error in errors)
    with pytest.raises(SettingsError) as caught:
        EsmeSettings(**esme)
    assert caught.value.errors == errors


def test_rules_are_checked_beside_other_errors() -> None:
    """Also of a table that cannot be made for another reason."""
    assert errors_of({"system_id": "*", "queue": True, "window": 0}) == (
        "esme[0].window: must be at least 1, not 0",
        f"esme[0].password: {MISSING}",
        f"esme[0].system_id: {NO_PASSWORD}",
        f"esme[0].queue: {WILD}",
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"auth": "smcs"}, 'auth: must be "gate" or "smsc", not \'smcs\''),
        (
            {"password": "pw", "outbind": ENDPOINT, "queue": "yes"},
            "queue: must be true or false, not the string 'yes'",
        ),
        (
            {"password": "pw", "outbind": 3},
            "outbind: must be a string, not the integer 3",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_one_error(change: dict[str, Any], error: str) -> None:
    """Rules skip values of the wrong kind."""
    assert errors_of({"system_id": "acme"} | change) == (f"esme[0].{error}",)


def test_a_change_cannot_lose_the_password() -> None:
    """An account with ``auth = "gate"`` has one, however it was made."""
    esme = EsmeSettings(system_id="acme", auth="smsc")
    assert esme.password is None
    with pytest.raises(SettingsError, match="password: is missing"):
        attrs.evolve(esme, auth="gate")
    assert attrs.evolve(esme, auth="gate", password="").password == ""


def test_the_wildcard_account_is_known_by_its_name() -> None:
    assert EsmeSettings(system_id="*", auth="smsc").is_wildcard
    assert not EsmeSettings(system_id="**", auth="smsc").is_wildcard
