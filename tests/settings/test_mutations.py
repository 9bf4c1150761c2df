"""Any change of a valid file leaves it valid, or is an error with the right path."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smppgate.settings import Settings, SettingsError, parse
from smppgate.settings.model import SINGLE
from smppgate.settings.reference import rows
from smppgate.settings.store_relations import PASSWORDS, SENTINEL_PASSWORDS
from tests.settings import documents

REQUIRED = {(row.section, row.key) for row in rows() if not row.default}
_STORE_PASSWORDS = (*PASSWORDS, *SENTINEL_PASSWORDS)


class Place(NamedTuple):
    """Where a key is in the full document."""

    section: str
    number: int | None
    key: str

    @property
    def path(self) -> str:
        return f"{self.table}.{self.key}"

    @property
    def table(self) -> str:
        return self.section if self.number is None else f"{self.section}[{self.number}]"

    def within(self, document: dict[str, Any]) -> dict[str, Any]:
        section = document[self.section]
        table: dict[str, Any] = section if self.number is None else section[self.number]
        return table


def _places() -> list[Place]:
    document = documents.full()
    places = [Place(section, None, key) for section in SINGLE for key in document.pop(section)]
    for section, tables in document.items():
        for index, table in enumerate(tables):
            places += [Place(section, index, key) for key in table]
    return places


PLACES = st.sampled_from(_places())
SCALARS = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=300)
    | st.dates()
    | st.times()
    | st.datetimes()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def errors_of(document: dict[str, Any]) -> tuple[str, ...]:
    """The errors of ``document``, none when it is valid; any other exception fails the test."""
    try:
        settings = parse(documents.toml(document))
    except SettingsError as caught:
        error = caught
    else:
        assert isinstance(settings, Settings)
        return ()
    assert error.errors
    # The exceptions that led to it held pieces of the file.
    assert error.__context__ is None
    return error.errors


def test_the_document_has_every_key() -> None:
    """The mutations below reach all settings."""
    document = documents.full()
    tls = document["listen"][0]["tls"]
    inner = {
        *(("admin.user", key) for user in document["admin"]["user"] for key in user),
        *(("listen.tls", key) for key in tls if key != "certificates"),
        *(("listen.tls.certificates", key) for key in tls["certificates"][0]),
        *(("smsc.tls", key) for key in document["smsc"][0]["tls"]),
        *(("store.tls", key) for key in document["store"]["tls"]),
    }
    outer = {("admin", "user"), ("listen", "tls"), ("smsc", "tls"), ("store", "tls")}
    # Beside a secret there is none; and it is read where it is named.
    inner |= {("peers", "secret_file"), *(("store", key) for key in _STORE_PASSWORDS)}
    places = {(place.section, place.key) for place in _places()} - outer
    assert places | inner == {(row.section, row.key) for row in rows()}
    assert errors_of(documents.full()) == ()


@given(PLACES)
def test_a_deleted_key_is_missing_or_at_its_default(place: Place) -> None:
    """Only keys without a default are missed, and each under its own path."""
    document = documents.full()
    del place.within(document)[place.key]
    missing = f"{place.path}: is missing"
    assert (missing in errors_of(document)) == ((place.section, place.key) in REQUIRED)


@given(PLACES, st.text())
def test_an_unknown_key_is_refused(place: Place, suffix: str) -> None:
    """A key with something added to it is unknown, and nothing else is wrong."""
    document = documents.full()
    place.within(document)[f"{place.key}-{suffix}"] = 1
    (error,) = errors_of(document)
    assert error.startswith(f"{place.table}.")
    assert ": unknown key" in error


@given(PLACES)
def test_the_error_of_a_misspelt_key_names_the_nearest(place: Place) -> None:
    """A key with its last letter doubled."""
    document = documents.full()
    place.within(document)[place.key + place.key[-1]] = 1
    assert errors_of(document) == (
        f"{place.path}{place.key[-1]}: unknown key; did you mean '{place.key}'?",
    )


WRONG: dict[type, tuple[Any, ...]] = {
    bool: (0, 1, "true", [True], 1.0),
    int: (True, "1", 1.0, [1], {}, datetime.date(2026, 1, 1)),
    float: (True, "1.0", [1.0], {}, datetime.time(1)),
    str: (True, 1, 3.4, ["x"], {}, datetime.date(2026, 1, 1)),
    list: (True, 1, "x", 1.0, {}, {"0": "x"}),
    dict: (True, 1, "x", [1]),
}
# Here one item stands for an array of it alone.
WRONG_IN_ROUTES: dict[type, tuple[Any, ...]] = {
    **WRONG,
    list: (True, 1.0, {}, {"0": "x"}),
    str: (True, 3.4, ["x"], {}),
}
# And an endpoint, or a URL, alone stands for an array of it.
WRONG_IN_ADMIN = {**WRONG, list: (True, 1.0, {"0": "x"})}
WRONG_IN = {
    "route": WRONG_IN_ROUTES,
    "rewrite": WRONG_IN_ROUTES,
    "admin": WRONG_IN_ADMIN,
    "store": WRONG_IN_ADMIN,
}
# These are in seconds, and some are written as integers in the document.
SECONDS = {(row.section, row.key) for row in rows() if row.unit == "seconds"}


@given(PLACES, st.data())
def test_a_value_of_the_wrong_kind_is_refused_under_its_path(
    place: Place, data: st.DataObject
) -> None:
    """No kind is taken for another; the error names the key and says what it must be."""
    document = documents.full()
    table = place.within(document)
    seconds = (place.section, place.key) in SECONDS
    wrong = WRONG_IN.get(place.section, WRONG)
    table[place.key] = data.draw(
        st.sampled_from(wrong[float if seconds else type(table[place.key])])
    )
    assert any(error.startswith(f"{place.path}: must be ") for error in errors_of(document))


BAD: dict[tuple[str, str], tuple[Any, ...]] = {
    ("gate", "name"): ("", "x" * 16, "a\0b", "a\nb", "\u20ac"),
    ("gate", "response_timeout"): (0, -1, 0.0, float("nan"), float("inf"), 10**400),
    ("gate", "enquire_link"): (-1, float("nan"), float("-inf"), -(10**400)),
    ("gate", "max_pdu_size"): (1023, 1_048_577, 10**30),
    ("gate", "no_member_status"): (0, -1, 2**32),
    ("gate", "hold_octets"): (0, -1, 2**41),
    ("gate", "affinity_ttl"): (0, -1.0, float("inf")),
    ("gate", "receipt_patience"): (0, -1.0, float("inf")),
    ("gate", "hooks"): (
        *("os", "os:", ":path", "os path:join", "os:0x", "../os:path", "nowhere_at_all:Hooks"),
        *("os:nothing", "os.nothing:Hooks", "os:name"),
    ),
    ("gate", "hook_timeout"): (0, -1.0, float("inf")),
    ("gate", "hook_default"): ("", "0x08"),
    ("gate", "message_ids"): ("", "tag"),
    ("gate", "unmatched_receipts"): ("", "0x64"),
    ("gate", "state_dir"): ("", "a\0b", "a\nb"),
    ("store", "kind"): ("", "mysql"),
    ("store", "sentinel_master"): ("a b", "a/b"),
    ("store", "username"): ("a b", "a\n", "x" * 257),
    ("store", "sentinel_username"): (" ", "x" * 257),
    ("store", "wait_replicas"): (-1, 17),
    ("store", "patience"): (0, 0.04, 0.76, -1.0, float("nan")),
    ("store", "prefix"): ("", "a b", "\u20ac", "x" * 65),
    ("store", "durability"): ("", "fsync"),
    ("store", "return_paths"): (-1, 1_000_000_001),
    ("store", "return_paths_disk"): (0, -1, (16 << 20) - 1, (1 << 50) + 1),
    ("store", "return_paths_in_memory"): (0, -1, 100_000_001),
    ("store", "return_path_ttl"): (0, -1.0, float("inf")),
    ("store", "receipted_ttl"): (0, -1.0, float("inf")),
    ("listen", "endpoint"): ("", "2775", "tcp", "tcp:", "tcp:x", "tcp:65536", "udp:1", "a\nb"),
    ("listen", "max_sessions"): (0, -1),
    ("esme", "system_id"): ("", "x" * 16, "a\x7f"),
    ("esme", "password"): ("x" * 65, "a\0b", "\u20ac"),
    ("esme", "binds"): ([], ["trx"], ["receiver", "receiver"]),
    ("esme", "window"): (0, -(10**30)),
    ("esme", "address_ranges"): ([""], ["4*4"], ["^4"], ["4$"], ["x y"], ["4", "4"]),
    ("esme", "pool"): ("nowhere", "mai n"),
    ("esme", "auth"): ("", "esme"),
    ("esme", "weight"): (0, 257),
    ("esme", "share"): (0, 257),
    ("esme", "rate"): (-1, 0.0001, 1e7, float("nan"), float("inf"), 10**400),
    ("esme", "burst"): (-1, 0.5, 1e7, float("nan")),
    ("esme", "session_rate"): (-0.5, 0.0001, float("inf")),
    ("esme", "over_rate"): ("", "wait"),
    ("esme", "queue_size"): (0, -1),
    ("esme", "queue_ttl"): (0, float("nan")),
    ("esme", "outbind"): ("2775", "tcp:2775", "tcp::2775", "haproxy:tcp:2775", "a\nb"),
    ("esme", "outbind_password"): ("x" * 65, "a\0b"),
    ("smsc", "name"): ("", "a b", "a/b", "\u00e9"),
    ("smsc", "endpoint"): ("tcp:", "tcp:127.0.0.1", "tcp::3001", "127.0.0.1:3001", "tcp:h:x"),
    ("smsc", "system_type"): ("x" * 13, "\0"),
    ("smsc", "bind"): ("", "receiver+transmitter"),
    ("smsc", "sessions"): (-1, 1001),
    ("smsc", "interface_version"): ("", "3.5", "v3.4"),
    ("smsc", "addr_ton"): (-1, 256),
    ("smsc", "addr_npi"): (-1, 256),
    ("smsc", "address_range"): ("x" * 41, "\u20ac"),
    ("smsc", "weight"): (-1, 257),
    ("smsc", "rate"): (-1, 0.0001, 1e7, float("nan"), -(10**400)),
    ("smsc", "burst"): (-1, 0.5, 1e7),
    ("smsc", "link_rate"): (-1, 0.0001, float("inf")),
    ("smsc", "undelivered_status"): (0, -1, 2**32),
    ("smsc", "reconnect_min"): (0, 1e9),
    ("smsc", "reconnect_max"): (0, float("nan")),
    ("smsc", "tag"): ("abcdef", "a-b", "\u00e9", " "),
    ("smsc", "group"): ("a b", "\u00e9"),
    ("smsc", "receipt_ids"): ("", "hex"),
    ("smsc", "outbind_listen"): ("2775", "tcp:", "tcp:65536", "udp:1", "a\nb"),
    ("smsc", "outbind_system_id"): ("x" * 16, "a\0b"),
    ("smsc", "outbind_password"): ("x" * 65, "\u20ac"),
    ("pool", "name"): ("", "a b"),
    ("pool", "members"): (
        [],
        ["gamma"],
        ["alpha", "alpha"],
        ["alpha", {"smsc": "alpha"}],
        [{"smsc": "gamma"}],
        [{"weight": 1}],
        [{"smsc": "alpha", "weight": 257}],
        [{"smsc": "alpha", "wait": 1}],
        [1],
    ),
    ("pool", "backup"): (["alpha"], ["gamma"], [{"smsc": "beta", "weight": -1}]),
    ("pool", "balance"): ("", "random"),
    ("pool", "hash_on"): ("", "prefix"),
    ("pool", "hold"): (-1, float("nan"), float("inf")),
    ("route", "name"): ("a b", "\u00e9"),
    ("route", "esme"): (["nobody"], [""], ["x" * 16], ["^a"], ["^(a+)+$"], ["a\nb"]),
    ("route", "source"): ([""], ["x" * 65], ["^(a*)*$"], ["\u20ac"], ["4", "4"]),
    ("route", "destination"): ([""], ["4*4"], ["x y"], "x y", ["^(4+)+$"]),
    ("route", "destination_file"): ("", "nowhere.txt", ".", "a\0b"),
    ("route", "source_ton"): ([-1], [256], 256, ["1"]),
    ("route", "destination_ton"): ([-1], [256], [True]),
    ("route", "service_type"): (["x" * 6], ["a\0"]),
    ("route", "data_coding"): ([-1], [256], [1.0]),
    ("route", "esm_class"): ([], 1, "x"),
    ("route", "tlv"): (["1400"], ["0x1400=1"], ["0x14000"], "0x"),
    ("route", "between"): ([], 1, "08:00-09:00"),
    ("admin", "endpoint"): ("", "tcp:x", "8080", ["haproxy:tcp:8080"], ["unix:"], ["tcp:2775"]),
    ("route", "percent"): (-1, 100.5, float("nan"), 10**400, True),
    ("route", "pool"): ("nowhere", "mai n"),
    ("route", "pools_file"): ("", "nowhere.txt"),
    ("route", "fallback"): (["nowhere"], ["main", "main"], "nowhere"),
    ("rewrite", "name"): ("a b", "\u00e9"),
    ("rewrite", "esme"): (["nobody"], [""], ["x" * 16]),
    ("rewrite", "smsc"): (["nowhere"], "nowhere", ["alpha", "alpha"]),
    ("rewrite", "destination_file"): ("", "nowhere.txt"),
    ("rewrite", "applies_to"): ("", "submit_sm", "submits"),
    ("rewrite", "set_source"): ("x" * 21, "a\0", "\u20ac"),
    ("rewrite", "set_source_ton"): (-1, 256),
    ("rewrite", "set_source_npi"): (-1, 256),
    ("rewrite", "set_destination_ton"): (-1, 256),
    ("rewrite", "set_destination_npi"): (-1, 256),
    ("rewrite", "set_service_type"): ("x" * 6, "a\0"),
    ("rewrite", "set_validity_period"): ("1", "00000100000000R", "000001000000001R", "x" * 16),
    ("rewrite", "set_data_coding"): (-1, 256),
    ("rewrite", "set_registered_delivery"): (-1, 256),
    ("rewrite", "remove_tlvs"): (["1401"], ["0x1401=01"], "0x", ["0x1401", "0x1401"]),
    ("rewrite", "set_tlvs"): (
        ["0x1402"],
        ["0x1402=1"],
        ["0x1402=01", "0x1402=02"],
        "0x1402=" + "00" * 1025,
    ),
    ("route", "reject"): (0, -1, 2**32, "ESME_ROK", "0x45", 10**30, True),
}


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [(section, key, value) for (section, key), values in BAD.items() for value in values],
)
def test_a_bad_value_is_refused_under_its_path(section: str, key: str, value: Any) -> None:
    """Right in kind and out of bounds: the error names the key, and the item in an array."""
    document = documents.full()
    place = Place(section, None if section in SINGLE else 0, key)
    place.within(document)[key] = value
    if section == "route" and key in ("pools_file", "reject"):
        del place.within(document)["pool"]
    assert any(
        error.startswith((f"{place.path}: ", f"{place.path}[")) for error in errors_of(document)
    )


@given(PLACES, VALUES)
# Twisted's message quotes the soft hyphen unescaped.
@example(Place("listen", 0, "endpoint"), "\xad")
def test_any_value_anywhere_is_fine_or_an_error(place: Place, value: Any) -> None:
    """No value makes the reader raise anything but its own error, of one line each."""
    document = documents.full()
    place.within(document)[place.key] = value
    assert all(error.isprintable() and ": " in error for error in errors_of(document))


@given(st.sampled_from(sorted(documents.full())), VALUES)
def test_any_section_anywhere_is_fine_or_an_error(section: str, value: Any) -> None:
    """The same for whole sections."""
    errors = errors_of(documents.full() | {section: value})
    assert any(error.startswith(section) for error in errors) or value in ([], {})


PASSWORDS = st.sampled_from([place for place in _places() if place.key.endswith("password")])
SECRET = documents.PASSWORD
SECRET_FORMS = (
    SECRET,
    f"{SECRET}\0",
    f"{SECRET}\u20ac",
    SECRET * 5,
    12345678,
    1234.5678,
    [SECRET],
    {SECRET: SECRET},
)


@given(PASSWORDS, st.sampled_from(SECRET_FORMS), PLACES, VALUES)
def test_no_error_shows_a_password(place: Place, form: Any, other: Place, value: Any) -> None:
    """Not of the wrong kind either, nor while other things are wrong."""
    document = documents.full()
    other.within(document)[other.key] = value
    place.within(document)[place.key] = form
    said = "\n".join(errors_of(document))
    secrets = (SECRET, documents.OUTBIND_PASSWORD, "12345678", "1234.5678")
    assert not any(secret in said for secret in secrets)
