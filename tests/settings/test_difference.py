"""What differs between two configurations: found, complete, and told without secrets."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given

from smppgate.settings import (
    EsmeSettings,
    GateSettings,
    ListenSettings,
    PoolSettings,
    Settings,
    SmscSettings,
    StoreSettings,
)
from smppgate.settings.changes import Change, Changes, identified
from smppgate.settings.difference import Difference, difference
from smppgate.settings.model import SECTIONS, SINGLE
from smppgate.settings.takes import Takes
from tests.settings.random_settings import SECRET
from tests.settings.strategies import SETTINGS, pairs

LISTEN = ListenSettings(endpoint="tcp:2775:interface=127.0.0.1")
ACME = EsmeSettings(system_id="acme", password="pw-before")
ALPHA = SmscSettings(name="alpha", endpoint="tcp:a:1", system_id="gate", password="pw-before")
BETA = attrs.evolve(ALPHA, name="beta", endpoint="tcp:b:1")
BASE = Settings(listen=(LISTEN,), esme=(ACME,), smsc=(ALPHA, BETA))


def lines(**sections: Any) -> list[str]:
    """What is told when ``sections`` of the base change."""
    return difference(BASE, attrs.evolve(BASE, **sections)).lines()


def section_after(found: Difference, old: Settings, section: str) -> Any:
    """``old`` after what is different in ``section`` was put in its place."""
    if section in SINGLE:
        change: Change[Any] | None = getattr(found, section)
        return getattr(old, section) if change is None else change.new
    changes: Changes[Any] = getattr(found, section)
    tables = identified(getattr(old, section), section)
    new = {old_one: change.new for change in changes.changed for old_one in [change.old]}
    kept = [new.get(table, table) for table in tables.values() if table not in changes.removed]
    return {*kept, *changes.added}


@given(SETTINGS)
def test_equal_settings_have_no_difference(settings: Settings) -> None:
    """Not even if they are two objects."""
    found = difference(settings, attrs.evolve(settings))
    assert not found
    assert found.lines() == found.waiting() == found.warnings() == []


@given(pairs())
def test_a_difference_put_on_the_old_settings_makes_the_new(
    pair: tuple[Settings, Settings],
) -> None:
    """Whatever changed is in it; the order of tables has no effect but for the first pool."""
    old, new = pair
    found = difference(old, new)
    for section in SECTIONS:
        wanted = getattr(new, section)
        after = section_after(found, old, section)
        assert after == (wanted if section in SINGLE else set(wanted))
    default = old.pool[0].name if found.default_pool is None else found.default_pool[1]
    assert default == new.pool[0].name


@given(pairs())
def test_keys_are_those_that_differ(pair: tuple[Settings, Settings]) -> None:
    """All of them, each with one effect."""
    found = difference(*pair)
    changed = [
        each for name in SECTIONS if name not in SINGLE for each in getattr(found, name).changed
    ]
    for change in [*changed, *filter(None, (found.gate, found.store))]:
        names = [field.name for field in attrs.fields(type(change.new))]
        assert change.keys == {
            name for name in names if getattr(change.old, name) != getattr(change.new, name)
        }
        assert sorted(change.keys) == sorted(key for each in Takes for key in change.taking(each))


@given(pairs())
def test_lines_are_printable_and_show_no_secret(pair: tuple[Settings, Settings]) -> None:
    """Whatever the settings are; there is a line if and only if there is a difference."""
    found = difference(*pair)
    told = found.lines()
    assert list(found.each_line()) == told
    assert bool(told) == bool(found)
    assert len(set(told)) == len(told)
    assert all(line.isprintable() for line in told)
    assert SECRET not in "\n".join([*told, *found.waiting(), *found.warnings()])
    assert set(found.waiting()) <= set(told)


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            {"esme": (attrs.evolve(ACME, window=20),)},
            '[[esme]] "acme": window 100 -> 20, at once',
        ),
        (
            {"esme": (attrs.evolve(ACME, password="pw-after"),)},
            '[[esme]] "acme": password changed, at the next bind',
        ),
        (
            {"smsc": (attrs.evolve(ALPHA, endpoint="tcp:c:1"), BETA)},
            '[[smsc]] "alpha": endpoint "tcp:a:1" -> "tcp:c:1", link by link',
        ),
        (
            {"smsc": (ALPHA, attrs.evolve(BETA, tag="T1"))},
            '[[smsc]] "beta": tag "" -> "T1", at a restart',
        ),
        (
            {"smsc": (ALPHA, attrs.evolve(BETA, undelivered_status=0x14))},
            '[[smsc]] "beta": undelivered_status 0x64 -> 0x14, at once',
        ),
        (
            {"gate": GateSettings(accept_binds_without_smsc=False)},
            "[gate]: accept_binds_without_smsc true -> false, at the next bind",
        ),
        (
            {"store": StoreSettings(kind="memory")},
            '[store]: kind "disk" -> "memory", at a restart',
        ),
        (
            {"listen": (LISTEN, ListenSettings(endpoint="tcp:2776"))},
            '[[listen]] "tcp:2776" added',
        ),
        (
            {"pool": (PoolSettings("default", ("beta", "alpha")),)},
            '[[pool]] "default": members in another order, at once',
        ),
        (
            {"pool": (PoolSettings("default", ("beta",)),)},
            '[[pool]] "default": members 1 removed ("alpha"), at once',
        ),
    ],
)
def test_a_change_is_one_line(sections: dict[str, Any], line: str) -> None:
    """With the table, the key, both values as a file has them, and when it takes effect."""
    assert lines(**sections) == [line]


def test_tables_that_came_and_went() -> None:
    """By name; what they are like is in the file."""
    bank = EsmeSettings(system_id='b"\x85', password="secret")
    assert lines(esme=(bank,)) == ['[[esme]] "acme" removed', '[[esme]] "b\\"\\x85" added']


def test_the_first_pool_takes_the_messages_of_accounts_without_one() -> None:
    """So another first pool is a difference, and another order of the others is none."""
    pools = tuple(PoolSettings(name, ("alpha",)) for name in ("a", "b", "c"))
    old = attrs.evolve(BASE, pool=pools)
    assert not difference(old, attrs.evolve(BASE, pool=(pools[0], pools[2], pools[1])))
    found = difference(old, attrs.evolve(BASE, pool=pools[::-1]))
    assert found
    assert found.default_pool == ("a", "c")
    assert found.lines() == ['[[pool]]: the first, of accounts without pool, "a" -> "c", at once']


def test_an_smsc_more_is_a_member_of_the_pool_of_all() -> None:
    """Where no pool is configured, one change of the file is two of the gate."""
    gamma = attrs.evolve(ALPHA, name="gamma", endpoint="tcp:g:1")
    assert difference(
        BASE, Settings(listen=(LISTEN,), esme=(ACME,), smsc=(ALPHA, BETA, gamma))
    ).lines() == [
        '[[smsc]] "gamma" added',
        '[[pool]] "default": members 1 added ("gamma"), at once',
    ]


def test_long_lists_are_told_in_short() -> None:
    """Counted, with the first few, and long texts cut."""
    many = tuple(f"44{number}" for number in range(10_000))
    found = difference(
        attrs.evolve(BASE, esme=(attrs.evolve(ACME, address_ranges=("1*", "2*")),)),
        attrs.evolve(BASE, esme=(attrs.evolve(ACME, address_ranges=("2*", "1*", *many)),)),
    )
    assert found.lines() == [
        '[[esme]] "acme": address_ranges 10000 added ("440", "441", "442", ...), '
        "in another order, at once"
    ]
    path = "x" * 1000
    (line,) = lines(gate=GateSettings(state_dir=path))
    assert line == f'[gate]: state_dir "state" -> "{"x" * 200}...", at a restart'


def test_a_renamed_smsc_is_warned_of() -> None:
    """One removed and one added that is bound to in the same way: it loses its ids."""
    other = attrs.evolve(ALPHA, name="omega", window=3)
    found = difference(BASE, attrs.evolve(BASE, smsc=(other, BETA), pool=()))
    assert found.renamed == ((ALPHA, other),)
    warning = (
        '[[smsc]] "alpha" seems to be called "omega" now: the ids of messages that it has are no '
        "longer known"
    )
    assert found.warnings() == [warning]
    assert found.lines()[-1] == f"warning: {warning}"


@pytest.mark.parametrize(
    ("values", "message_ids", "is_lost"),
    [
        ({"group": "alpha", "tag": "4dz0"}, "tagged", False),
        ({"group": "alpha"}, "tagged", True),
        ({"tag": "4dz0"}, "tagged", True),
        ({"group": "alpha"}, "original", False),
        ({"endpoint": "tcp:elsewhere:1"}, "tagged", False),
    ],
)
def test_an_smsc_with_its_former_group_and_tag_keeps_its_ids(
    values: dict[str, Any], message_ids: str, is_lost: bool
) -> None:
    """A message is known by the group, and by the tag where ids have one."""
    old = attrs.evolve(BASE, gate=GateSettings(message_ids=message_ids))
    other = attrs.evolve(ALPHA, name="omega", **values)
    found = difference(old, attrs.evolve(old, smsc=(other, BETA), pool=()))
    assert bool(found.warnings()) == is_lost


def test_each_of_two_renamed_smscs_has_one_new_name() -> None:
    """Where two are bound to in the same way."""
    old = attrs.evolve(BASE, smsc=(ALPHA, attrs.evolve(ALPHA, name="beta")))
    new = tuple(attrs.evolve(ALPHA, name=name) for name in ("x", "y"))
    found = difference(old, attrs.evolve(old, smsc=new, pool=()))
    assert [(one.name, other.name) for one, other in found.renamed] == [
        ("alpha", "x"),
        ("beta", "y"),
    ]


def test_listeners_with_one_endpoint_are_counted() -> None:
    """Port 0 is another one each time, so a second one is added and not the same."""
    zero = ListenSettings(endpoint="tcp:0:interface=127.0.0.1")
    one, two = (attrs.evolve(BASE, listen=(zero,) * count) for count in (1, 2))
    assert difference(one, two).listen == Changes(added=(zero,))
    assert difference(two, one).listen == Changes(removed=(zero,))
    assert not difference(two, two)
