"""Warnings of settings that are valid and likely to be mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.settings import parse, warnings
from smppgate.settings.windows import window_notes
from tests.settings import documents


def warnings_of(document: dict[str, Any]) -> tuple[str, ...]:
    return warnings(parse(documents.toml(document)))


def sound() -> dict[str, Any]:
    """A document without warnings."""
    document = documents.minimal()
    for section in ("esme", "smsc"):
        document[section][0]["password"] = "12345678"
    return document


def test_a_sound_configuration_has_no_warnings() -> None:
    """Eight octets is the longest password of SMPP."""
    assert warnings_of(sound()) == ()


@pytest.mark.parametrize(
    ("section", "change", "begin"),
    [
        ("listen", {"endpoint": "tcp:2775"}, "listen[0].endpoint: listens on all addresses"),
        ("esme", {"password": "123456789"}, "esme[0].password: has 9 octets"),
        ("smsc", {"password": "123456789"}, "smsc[0].password: has 9 octets"),
        ("esme", {"password": ""}, "esme[0].password: is empty"),
        ("esme", {"auth": "smsc"}, "esme[0].password: is not used"),
        ("esme", {"auth": "smsc", "password": ""}, "esme[0].password: is not used"),
        ("esme", {"outbind_password": "123456789"}, "esme[0].outbind_password: has 9 octets"),
        ("smsc", {"outbind_password": "123456789"}, "smsc[0].outbind_password: has 9 octets"),
        (
            "smsc",
            {"outbind_listen": "tcp:2776", "outbind_password": "12345678"},
            "smsc[0].outbind_listen: listens on all addresses",
        ),
        (
            "smsc",
            {"outbind_listen": "tcp:2776:interface=127.0.0.1"},
            "smsc[0].outbind_password: is empty; every peer that connects",
        ),
        ("smsc", {"sessions": 0}, "esme[0].pool: nothing can be sent"),
        (
            "smsc",
            {"endpoint": "ssl:smsc.example:3550"},
            "smsc[0].endpoint: verifies no certificate: ",
        ),
        (
            "smsc",
            {"endpoint": "ssl:smsc.example:3550:caCertsDir=/"},
            "smsc[0].endpoint: verifies no name: ",
        ),
        (
            "esme",
            {"outbind": "ssl:esme.example:3550", "queue": True},
            "esme[0].outbind: verifies no certificate: ",
        ),
        (
            "esme",
            {"outbind": "tcp:localhost:2775", "queue": True},
            "esme[0].outbind: is the gate's own listener listen[0].endpoint; ",
        ),
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
    """An SMSC in no pool, and a pool of no account; accounts without a pool use the first one."""
    document = sound()
    document["smsc"].append(document["smsc"][0] | {"name": "beta"})
    document["pool"] = [{"name": name, "members": ["alpha"]} for name in ("main", "spare")]
    first, second = warnings_of(document)
    assert first.startswith("smsc[1]: is in no pool")
    assert second.startswith("pool[1]: is used by no account")


def test_no_session_is_no_fault_where_another_way_leads() -> None:
    """An outbind, another member of the pool, or a bind passed through."""
    outbind = {"outbind_listen": "tcp:0:interface=127.0.0.1", "outbind_password": "12345678"}
    document = sound()
    document["smsc"][0] |= {"sessions": 0} | outbind
    assert warnings_of(document) == ()
    document = sound()
    document["smsc"].append(document["smsc"][0] | {"name": "beta", "sessions": 0})
    assert warnings_of(document) == ()
    document = sound()
    document["smsc"][0]["sessions"] = 0
    document["esme"] = [{"system_id": "*", "auth": "smsc"}]
    assert warnings_of(document) == ()


def test_an_smsc_that_nothing_uses_is_not_said_to_be_bound_to() -> None:
    """Without sessions the gate does not even bind."""
    document = sound()
    document["smsc"].append(document["smsc"][0] | {"name": "beta", "sessions": 0})
    document["pool"] = [{"name": "main", "members": ["alpha"]}]
    assert warnings_of(document) == ("smsc[1]: is in no pool; the gate sends it nothing",)


def test_only_a_queue_in_memory_is_warned_of() -> None:
    """The SMSC was answered that its message has arrived: the message must not be lost."""
    document = sound()
    document["store"] = {"kind": "memory"}
    assert warnings_of(document) == ()
    document["esme"][0]["queue"] = True
    (warning,) = warnings_of(document)
    assert warning.startswith("esme[0].queue: is lost when the gate ends")
    document["store"]["kind"] = "disk"
    assert warnings_of(document) == ()


@pytest.mark.parametrize(
    ("listener", "endpoint", "is_own"),
    [
        ("tcp:2775:interface=127.0.0.1", "tcp:127.0.0.1:2775", True),
        ("tcp:2775:interface=127.0.0.1", "tcp:localhost:2775", True),
        ("tcp:2775", "tcp:127.0.0.1:2775", True),
        ("haproxy:tcp:2775:interface=0.0.0.0", "tcp:host=127.0.0.2:port=2775", True),
        ("tcp6:2775", r"tcp:\:\:1:2775", True),
        ("tcp:2775:interface=10.0.0.7", "tls:10.0.0.7:2775", True),
        ("unix:/run/gate", "unix:/run/gate", True),
        ("tcp:2775:interface=127.0.0.1", "tcp:127.0.0.1:2776", False),
        ("tcp:2775:interface=10.0.0.7", "tcp:10.0.0.8:2775", False),
        ("tcp:2775", "tcp:smsc.example:2775", False),
        ("unix:/run/gate", "unix:/run/smsc", False),
    ],
)
def test_an_smsc_that_is_the_gates_own_listener(
    listener: str, endpoint: str, is_own: bool
) -> None:
    """Each message would come in again."""
    document = sound()
    document["listen"][0]["endpoint"] = listener
    document["smsc"][0]["endpoint"] = endpoint
    found = [w for w in warnings_of(document) if w.startswith("smsc[0].endpoint: is the gate's")]
    assert bool(found) is is_own


def test_equal_ranges_of_two_accounts() -> None:
    """With one + or without; a narrower range of another account is no mistake."""
    document = sound()
    document["esme"][0]["address_ranges"] = ["4477*", "447", "^4[0-9]$"]
    document["esme"].append(document["esme"][0] | {"system_id": "bolt", "window": 1})
    document["esme"][0]["window"] = 1
    document["esme"][1]["address_ranges"] = ["44*", "+447", "^4[0-9]$"]
    first, second = warnings_of(document)
    assert first.startswith("esme[1].address_ranges[1]: is esme[0].address_ranges[1] too")
    assert second.startswith("esme[1].address_ranges[2]: is esme[0].address_ranges[2] too")


def test_windows_of_binds_that_an_smsc_judges_do_not_count() -> None:
    """Each of their sessions has an SMSC session of its own."""
    document = sound()
    document["esme"].append({"system_id": "*", "auth": "smsc", "window": 1000})
    assert warnings_of(document) == ()


def test_windows_that_are_too_wide_are_warned_of_where_nothing_waits() -> None:
    document = sound()
    document["esme"][0] |= {"window": 1000, "max_binds": 2}
    assert warnings_of(document) == ()
    document["pool"] = [{"name": "main", "members": ["alpha"], "hold": 0}]
    (warning,) = warnings_of(document)
    assert warning.startswith(
        "pool[0]: the windows of its 1 account add up to 1000 (2000 with all max_binds), those of "
        "its SMSCs to 10; "
    )


def test_windows_with_all_sessions_are_a_note() -> None:
    """Most accounts do not use all of their max_binds at once."""
    document = sound()
    (note,) = window_notes(parse(documents.toml(document)))
    assert note == (
        "pool default: with all max_binds bound its 1 account may have 1000 requests open, its "
        "SMSCs take 10; the others wait, up to 5 s each"
    )
    document["smsc"][0]["window"] = 100
    document["pool"] = [{"name": "default", "members": ["alpha"], "hold": 0}]
    (note,) = window_notes(parse(documents.toml(document)))
    assert note == (
        "pool default: with all max_binds bound its 1 account may have 1000 requests open, its "
        "SMSCs take 100"
    )
    document["smsc"][0]["window"] = 1000
    assert list(window_notes(parse(documents.toml(document)))) == []


@pytest.mark.parametrize(
    ("first", "second", "case", "is_told"),
    [
        ({"auth": "smsc"}, {"auth": "smsc"}, "fold", True),
        ({"auth": "smsc"}, {"password": "12345678"}, "fold", True),
        ({"password": "12345678"}, {"auth": "smsc"}, "fold", True),
        ({"auth": "smsc"}, {"auth": "smsc"}, "exact", False),
        ({"password": "12345678"}, {"password": "12345678"}, "fold", False),
    ],
)
def test_names_that_differ_by_case_only(
    first: dict[str, Any], second: dict[str, Any], case: str, is_told: bool
) -> None:
    """They are one account to an SMSC that ignores case; the gate itself tells them apart."""
    document = sound()
    document["smsc"][0] |= {"system_id_case": case, "window": 1000}
    document["esme"] = [{"system_id": "acme"} | first, {"system_id": "ACME"} | second]
    found = [w for w in warnings_of(document) if w.startswith("esme[1].system_id: differs")]
    assert bool(found) is is_told
    if is_told:
        assert "esme[0].system_id" in found[0]


def test_names_that_differ_by_case_only_beside_a_wildcard() -> None:
    """It ignores the case of all names, if its SMSC does; one of another pool does not matter."""
    document = sound()
    document["smsc"][0] |= {"system_id_case": "fold", "window": 1000}
    document["smsc"].append(
        document["smsc"][0] | {"name": "beta", "system_id": "b", "system_id_case": "exact"}
    )
    document["pool"] = [
        {"name": "main", "members": ["alpha"]},
        {"name": "other", "members": ["beta"]},
    ]
    named = [
        {"system_id": name, "password": "12345678", "pool": "main"} for name in ("acme", "ACME")
    ]
    document["esme"] = [{"system_id": "*", "auth": "smsc", "pool": "main"}, *named]
    assert [w for w in warnings_of(document) if w.startswith("esme[2].system_id: differs")]
    document["esme"][0]["pool"] = "other"
    assert not [w for w in warnings_of(document) if "differs" in w]


@pytest.mark.parametrize(
    ("gate", "path"),
    [
        ({"hook_options": {"a": 1}}, "gate.hook_options: "),
        ({"hooks": "smppgate.gate.hooks:Hooks", "hook_timeout": 3.0}, "gate.hook_timeout: "),
        ({"hooks": "smppgate.gate.hooks:Hooks", "hook_options": {"a": 1}}, ""),
        ({"hook_timeout": 3.0}, ""),
    ],
)
def test_hooks_that_are_told_nothing_or_think_too_long(gate: dict[str, Any], path: str) -> None:
    document = sound()
    document["gate"] = gate
    found = [warning for warning in warnings_of(document) if "hook" in warning]
    assert [each[: len(path)] for each in found] == [path] * bool(path)
