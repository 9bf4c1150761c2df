"""Settings that a program makes itself: the same checks, and frozen values."""

from __future__ import annotations

import copy
import pickle
from typing import Any, cast

import attrs
import pytest
from hypothesis import given

from smppgate.settings import (
    EsmeSettings,
    GateSettings,
    ListenSettings,
    PoolSettings,
    Settings,
    SettingsError,
    SmscSettings,
    parse,
)
from smppgate.settings.tables import Table
from tests.settings import documents
from tests.settings.strategies import SETTINGS as RANDOM

LISTEN = ListenSettings(endpoint="tcp:2775:interface=127.0.0.1")
ESME = EsmeSettings(system_id="acme", password=documents.PASSWORD)
SMSC = SmscSettings(
    name="alpha",
    endpoint="tcp:127.0.0.1:3001",
    system_id="gate",
    password=documents.PASSWORD,
)
SETTINGS = Settings(listen=(LISTEN,), esme=(ESME,), smsc=(SMSC,))


def test_a_program_and_a_file_make_equal_settings() -> None:
    """The classes are all there is to a file."""
    assert parse(documents.toml(documents.minimal())) == SETTINGS


def test_the_pool_of_all_is_filled_in_in_the_order_of_the_smscs() -> None:
    """Without pools there is one; with pools none is added."""
    beta = attrs.evolve(SMSC, name="beta")
    both = Settings(listen=(LISTEN,), esme=(ESME,), smsc=(beta, SMSC))
    assert both.pool == (PoolSettings(name="default", members=("beta", "alpha")),)
    pool = PoolSettings(name="main", members=("beta",))
    assert Settings(listen=(LISTEN,), esme=(ESME,), smsc=(beta,), pool=(pool,)).pool == (pool,)


def test_lists_and_integers_are_tidied() -> None:
    """A list becomes a tuple and an integer seconds, so that equal settings are equal."""
    loose = EsmeSettings(system_id="acme", password="pw", address_ranges=cast(Any, ["44*"]))
    assert loose.address_ranges == ("44*",)
    gate = GateSettings(stop_timeout=5)
    assert isinstance(gate.stop_timeout, float)
    assert Settings(listen=cast(Any, [LISTEN]), esme=(ESME,), smsc=(SMSC,)) == SETTINGS


def test_all_problems_of_a_table_are_reported_at_once() -> None:
    """Each with the name of its field."""
    with pytest.raises(SettingsError) as caught:
        EsmeSettings(system_id="", password=cast(Any, 1), window=0, binds=())
    assert caught.value.errors == (
        "system_id: must not be empty",
        "password: must be a string, not an integer",
        "binds: must not be empty",
        "window: must be at least 1, not 0",
    )


def test_problems_between_tables_are_reported() -> None:
    """Names used twice and not defined, as in a file."""
    stray = PoolSettings(name="main", members=("alpha", "gamma"))
    with pytest.raises(SettingsError) as caught:
        Settings(listen=(LISTEN,), esme=(ESME, ESME), smsc=(SMSC,), pool=(stray,))
    assert caught.value.errors == (
        "esme[1].system_id: 'acme' is the system_id of esme[0] too",
        "pool[0].members[1]: there is no smsc named 'gamma'",
    )


def test_settings_of_one_smsc_that_others_are_held_against() -> None:
    """Equal tags, and a group read in two ways, as in a file."""
    one = attrs.evolve(SMSC, tag="a", group="center")
    other = attrs.evolve(one, name="beta", receipt_ids="same")
    with pytest.raises(SettingsError) as caught:
        Settings(listen=(LISTEN,), esme=(ESME,), smsc=(one, other))
    assert caught.value.errors == (
        "smsc[1].tag: the tag 'a' equals the tag 'a' of smsc[0]",
        "smsc[1].receipt_ids: must be \"auto\" as in smsc[0], which is in the group 'center' "
        'too, not "same"',
    )


def test_an_smsc_is_a_group_of_its_own_until_it_is_put_in_one() -> None:
    """By its name, which another SMSC may join."""
    assert SMSC.group_or_name == "alpha"
    assert attrs.evolve(SMSC, group="center").group_or_name == "center"


def test_a_section_of_something_else_is_refused() -> None:
    """A listener is no account, and there must be at least one of each."""
    with pytest.raises(SettingsError) as caught:
        Settings(listen=(), esme=cast(Any, (LISTEN,)), smsc=cast(Any, SMSC))
    assert caught.value.errors == (
        "listen: must not be empty",
        "esme[0]: must be EsmeSettings, not a value of type ListenSettings",
        "smsc: must be an array, not a value of type SmscSettings",
    )


def test_a_change_is_checked_too() -> None:
    """`attrs.evolve` makes a new value, which passes or raises like any other."""
    assert attrs.evolve(SMSC, weight=256).weight == 256
    with pytest.raises(SettingsError, match="weight: must be at most 256, not 257"):
        attrs.evolve(SMSC, weight=257)
    with pytest.raises(SettingsError, match="reconnect_min: must be at most reconnect_max"):
        attrs.evolve(SMSC, reconnect_min=61.0)


@pytest.mark.parametrize(
    "table", [SETTINGS, SETTINGS.gate, SETTINGS.store, LISTEN, ESME, SMSC, SETTINGS.pool[0]]
)
def test_values_do_not_change(table: attrs.AttrsInstance) -> None:
    """Frozen, with slots, and equal values are one key of a dictionary."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(table, attrs.fields(type(table))[0].name, "x")
    assert not hasattr(table, "__dict__")
    assert hash(table) == hash(pickle.loads(pickle.dumps(table)))


def test_no_repr_shows_a_password() -> None:
    """Not of the tables that have one, nor of the whole."""
    esme = attrs.evolve(ESME, outbind_password=documents.PASSWORD)
    smsc = attrs.evolve(SMSC, outbind_password=documents.PASSWORD)
    assert documents.PASSWORD not in f"{SETTINGS!r} {esme!r} {smsc!s}"
    assert "acme" in repr(SETTINGS)


@given(RANDOM)
def test_settings_can_be_handed_to_another_process(settings: Settings) -> None:
    """Equal after a round trip, with equal text, and frozen still."""
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        other = pickle.loads(pickle.dumps(settings, protocol))
        assert other == settings
        assert hash(other) == hash(settings)
        assert repr(other) == repr(settings)
    assert copy.deepcopy(settings) == copy.copy(settings) == settings


def test_unpickling_runs_no_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were run where the file was read, and take longer than a gate may pause."""
    settings = parse(documents.toml(documents.full()))
    pickled = pickle.dumps(settings)

    def fail(_table: object) -> None:
        raise AssertionError

    for table in (Table, Settings):
        monkeypatch.setattr(table, "__attrs_post_init__", fail)
    assert pickle.loads(pickled) == settings
    with pytest.raises(AssertionError):
        attrs.evolve(settings)
