"""``[admin]``: where the gate is operated, and by whom."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.settings import SettingsError, parse, warnings
from smppgate.settings.admin_side import placed
from smppgate.settings.difference import difference
from smppgate.settings.password_hash import PasswordHash, hashed, is_same
from tests.settings import documents

ANNA = {"name": "anna", "password_hash": documents.HASH}
TCP = "tcp:8080:interface=127.0.0.1"


def errors(admin: dict[str, Any], **more: Any) -> tuple[str, ...]:
    """What is wrong with a file that has these."""
    try:
        parse(documents.toml({**documents.minimal(), "admin": admin, **more}))
    except SettingsError as error:
        return error.errors
    return ()


def test_by_default_there_is_a_socket_for_the_gates_user() -> None:
    settings = parse(documents.toml(documents.minimal()))
    (endpoint,) = settings.admin.endpoint
    assert placed(endpoint, "/var/lib/a:b") == "unix:/var/lib/a\\:b/admin.sock:mode=600"
    assert settings.admin.metrics


def test_one_endpoint_may_stand_alone_and_none_switches_all_off() -> None:
    document = documents.minimal()
    for written, read in ((TCP, (TCP,)), ([], ()), ([TCP, "unix:/a"], (TCP, "unix:/a"))):
        document["admin"] = {"endpoint": written, "user": [ANNA]}
        assert parse(documents.toml(document)).admin.endpoint == read


def test_all_that_is_wrong_is_told_with_its_place() -> None:
    found = errors(
        {
            "endpoint": ["tcp:99999", "haproxy:tcp:1"],
            "user": [
                {"name": "a b", "password_hash": "secret word", "role": "admin"},
                ANNA,
                ANNA,
                {"name": "otto"},
            ],
        }
    )
    assert found == (
        "admin.endpoint[0]: port must be 0 to 65535, not '99999'",
        "admin.endpoint[1]: must not begin with haproxy: here",
        "admin.user[0].name: must be letters, digits, '_', '.' and '-', not 'a b'",
        "admin.user[0].password_hash: must be a hash of `smppgate passwd`",
        'admin.user[0].role: must be "viewer" or "operator", not \'admin\'',
        "admin.user[3].password_hash: is missing",
        "admin.user[2].name: 'anna' is the name of user[1] too",
    )


@pytest.mark.parametrize("endpoint", [TCP, "tcp6:8080", "systemd:domain=INET:index=0"])
def test_who_comes_by_tcp_needs_to_be_a_user(endpoint: str) -> None:
    fault = "needs users: there is no [[admin.user]]"
    assert errors({"endpoint": endpoint}) == (f"admin.endpoint[0]: {fault}",)
    assert errors({"endpoint": ["unix:/a", endpoint]}) == (f"admin.endpoint[1]: {fault}",)
    assert errors({"endpoint": endpoint, "user": [ANNA]}) == ()


@pytest.mark.parametrize("endpoint", ["unix:/a", "systemd:domain=UNIX:name=admin"])
def test_who_comes_by_a_unix_socket_does_not(endpoint: str) -> None:
    assert errors({"endpoint": endpoint}) == ()


def test_it_listens_where_nobody_else_does() -> None:
    taken = documents.minimal()["listen"][0]["endpoint"]
    (error,) = errors({"endpoint": ["unix:/a", taken], "user": [ANNA]})
    assert error == "admin.endpoint[1]: listens where listen[0].endpoint does already"
    (error,) = errors({"endpoint": ["unix:/a", "unix:/a:mode=660"]})
    assert error == "admin.endpoint[1]: listens where admin.endpoint[0] does already"


@pytest.mark.parametrize(
    ("endpoint", "is_warned_of"),
    [
        (TCP, False),
        ("tcp:8080", True),
        ("tcp:8080:interface=192.0.2.1", True),
        ("tcp6:8080:interface=\\:\\:1", False),
    ],
)
def test_passwords_in_the_clear_are_warned_of(endpoint: str, is_warned_of: bool) -> None:
    document = {**documents.minimal(), "admin": {"endpoint": endpoint, "user": [ANNA]}}
    found = [each for each in warnings(parse(documents.toml(document))) if "admin" in each]
    assert [each.partition(":")[0] for each in found] == ["admin.endpoint[0]"] * is_warned_of


def test_a_hash_is_of_its_password_alone_and_is_written_as_it_is_read() -> None:
    made = hashed("pässword")
    assert PasswordHash.parse(str(made)) == made
    assert is_same(made, "pässword")
    assert not is_same(made, "passwort")
    assert hashed("pässword") != made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$scrypt$ln=0,r=8,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
        "$scrypt$ln=14,r=8,p=1$c2E$c2FsdHNhbHRzYWx0c2FsdA",
        "$scrypt$ln=14,r=8,p=1$c2FsdHNhbHQ$c2FsdHN",
        "$scrypt$ln=20,r=8,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
        "$scrypt$ln=14,r=8,p=999$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
        "$scrypt$ln=99,r=8,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
    ],
)
def test_what_is_no_hash_or_takes_too_long_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|takes too much"):
        PasswordHash.parse(text)


def test_changes_of_users_are_told_without_hashes() -> None:
    document = documents.minimal()
    old = parse(documents.toml(document))
    document["admin"] = {"user": [ANNA], "metrics": False}
    lines = difference(old, parse(documents.toml(document))).lines()
    assert lines == [
        "[admin]: metrics true -> false, at once",
        "[admin]: user 1 added (anna (viewer)), at once",
    ]
    assert documents.HASH not in repr(parse(documents.toml(document)))
