"""What of new settings can be in force without a restart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given

from smppgate.settings import GateSettings, Settings, SettingsError, StoreSettings
from smppgate.settings.applicable import applicable, waiting
from smppgate.settings.changes import identified
from smppgate.settings.difference import difference
from smppgate.settings.model import SECTIONS, SINGLE
from smppgate.settings.tables import Table
from smppgate.settings.takes import Takes
from tests.settings.strategies import SETTINGS, pairs
from tests.settings.test_difference import ALPHA, BASE, BETA


def in_both(old: Settings, new: Settings) -> Iterator[tuple[Any, Any]]:
    """The tables that both have, in pairs."""
    for section in SECTIONS:
        before, after = getattr(old, section), getattr(new, section)
        if section in SINGLE:
            yield before, after
        else:
            known = identified(before, section)
            found = identified(after, section)
            yield from ((known[one], table) for one, table in found.items() if one in known)


def values(table: Any, waits: bool) -> dict[str, Any]:
    """The values of ``table`` that wait for a restart, or those that do not."""
    return {
        field.name: getattr(table, field.name)
        for field in attrs.fields(type(table))
        if (field.metadata["takes"] is Takes.AT_RESTART) == waits
    }


def rebuilt(old: Settings, new: Settings) -> tuple[Settings | None, int]:
    """The same as `applicable` with all checks, or how many problems they find."""
    smscs = {smsc.name: smsc for smsc in old.smsc}
    in_force = tuple(
        attrs.evolve(smsc, **values(smscs[smsc.name], waits=True)) if smsc.name in smscs else smsc
        for smsc in new.smsc
    )
    gate = attrs.evolve(new.gate, **values(old.gate, waits=True))
    try:
        return attrs.evolve(new, gate=gate, store=old.store, peers=old.peers, smsc=in_force), 0
    except SettingsError as error:
        return None, len(error.errors)


@given(SETTINGS)
def test_equal_settings_are_applicable_as_they_are(settings: Settings) -> None:
    """Nothing waits, and nothing is made anew."""
    new = attrs.evolve(settings)
    assert applicable(settings, new) is new
    assert waiting(settings, new) == []


@given(pairs())
def test_only_what_waits_stays(pair: tuple[Settings, Settings]) -> None:
    """It is in force as before, all else as it is wanted; or it is not possible, and said so.

    All checks come to the same result as the few that are run.
    """
    old, new = pair
    wanted, problems = rebuilt(old, new)
    if wanted is None:
        with pytest.raises(SettingsError) as caught:
            applicable(old, new)
        assert len(caught.value.errors) == problems
        assert all("; until a restart " in line for line in caught.value.errors)
        return
    found = applicable(old, new)
    assert found == wanted
    for before, after in in_both(old, found):
        assert values(before, waits=True) == values(after, waits=True)
    for here, there in in_both(found, new):
        assert values(here, waits=False) == values(there, waits=False)
    assert (found is new) == (not waiting(old, new))
    # What waits is what is left to do, and the same at the next reload.
    assert difference(old, found).waiting() == []
    assert waiting(found, new) == waiting(old, new)
    assert bool(difference(found, new)) == bool(waiting(old, new))


@given(pairs())
def test_the_old_file_can_be_put_back(pair: tuple[Settings, Settings]) -> None:
    """A reload starts from what is in force, so nothing waits in tables that stayed."""
    old, new = pair
    if rebuilt(old, new)[0] is None:
        return
    if {smsc.name for smsc in old.smsc} <= {smsc.name for smsc in new.smsc}:
        assert applicable(applicable(old, new), old) is old


def test_the_store_and_what_ids_depend_on_stay() -> None:
    """And the rest of the same tables does not."""
    new = attrs.evolve(
        BASE,
        gate=GateSettings(state_dir="elsewhere", message_ids="original", receipt_delay=1.0),
        store=StoreSettings(kind="memory", return_paths=5),
        smsc=(attrs.evolve(ALPHA, tag="T", group="g", receipt_ids="same", window=3), BETA),
    )
    found = applicable(BASE, new)
    assert found.gate == GateSettings(receipt_delay=1.0)
    assert found.store == BASE.store
    assert found.smsc == (attrs.evolve(ALPHA, window=3), BETA)
    assert waiting(BASE, new) == [
        '[gate]: message_ids "tagged" -> "original", at a restart',
        '[gate]: state_dir "state" -> "elsewhere", at a restart',
        '[store]: kind "disk" -> "memory", at a restart',
        "[store]: return_paths 0 -> 5, at a restart",
        '[[smsc]] "alpha": tag "" -> "T", at a restart',
        '[[smsc]] "alpha": group "" -> "g", at a restart',
        '[[smsc]] "alpha": receipt_ids "auto" -> "same", at a restart',
    ]


def test_a_new_smsc_has_its_tag_at_once() -> None:
    """No id of it was given out before."""
    gamma = attrs.evolve(ALPHA, name="gamma", tag="T", group="g")
    new = attrs.evolve(BASE, smsc=(ALPHA, BETA, gamma), pool=())
    assert applicable(BASE, new) is new


def test_a_tag_that_stays_may_be_that_of_a_new_smsc() -> None:
    """Two SMSCs with one tag are not possible for a moment either; the error says what stays."""
    old = attrs.evolve(BASE, smsc=(attrs.evolve(ALPHA, tag="T"), BETA))
    gamma = attrs.evolve(ALPHA, name="gamma", tag="T")
    new = attrs.evolve(old, smsc=(ALPHA, BETA, gamma), pool=())
    with pytest.raises(SettingsError) as caught:
        applicable(old, new)
    assert caught.value.errors == (
        "smsc[2].tag: the tag 'T' equals the tag 'T' of smsc[0]; until a restart \"alpha\" keeps "
        'tag "T"',
    )


def test_an_error_names_only_a_few_of_many_smscs() -> None:
    """Each error is one line that can be read."""
    many = tuple(
        attrs.evolve(ALPHA, name=f"smsc{number}", tag=f"T{number}") for number in range(9)
    )
    old = attrs.evolve(BASE, smsc=many, pool=())
    new = attrs.evolve(old, smsc=tuple(attrs.evolve(s, tag="") for s in many))
    new = attrs.evolve(new, smsc=(*new.smsc, attrs.evolve(ALPHA, name="late", tag="T1")), pool=())
    with pytest.raises(SettingsError) as caught:
        applicable(old, new)
    (error,) = caught.value.errors
    assert error.endswith(
        'until a restart "smsc0" keeps tag "T0"; "smsc1" keeps tag "T1"; "smsc2" keeps tag "T2"; '
        "..."
    )


def test_no_table_is_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take longer than a gate may pause, and read the files of endpoints again."""
    new = attrs.evolve(BASE, smsc=(attrs.evolve(ALPHA, tag="T", window=3), BETA))

    def fail(_table: object) -> None:
        raise AssertionError

    for table in (Table, Settings):
        monkeypatch.setattr(table, "__attrs_post_init__", fail)
    assert applicable(BASE, new).smsc[0].window == 3
