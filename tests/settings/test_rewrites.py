"""``[[rewrite]]``: errors, what differs after a reload, and what `check` warns of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from smppgate.settings import EsmeSettings, RewriteSettings, SettingsError, load, warnings
from smppgate.settings.difference import difference
from tests.gate.routing import settings_of
from tests.settings import documents


def errors_of(folder: Path, *rules: dict[str, Any]) -> list[str]:
    """The errors of a file with these rules."""
    path = folder / "gate.toml"
    path.write_text(documents.toml(documents.full() | {"rewrite": list(rules)}))
    with pytest.raises(SettingsError) as caught:
        load(path)
    return list(caught.value.errors)


def test_all_errors_of_rules_come_at_once(tmp_path: Path) -> None:
    """Each with its path."""
    submit = {"applies_to": "submit"}
    found = errors_of(
        tmp_path,
        {"applies_to": "submits", "set_source": "x" * 21},
        {**submit, "esme": "acmo", "smsc": ["alpah"], "set_data_coding": 8},
        submit,
        {**submit, "set_source": "x", "set_source_prefix": {"add": "+"}},
        {**submit, "set_destination_prefix": {"remove": [""]}},
        {**submit, "set_destination_prefix": {}},
        {**submit, "set_destination_prefix": {"from": "0", "to": "44"}},
        {**submit, "set_tlvs": ["0x1400=01", "0x1400=02"]},
        {**submit, "set_statuses": {"0x45": 0, "ESME_NONE": 1, "0": 1, "0x08": "ESME_X"}},
        {**submit, "set_statuses": {"0x45": 0}},
        {**submit, "set_statuses": {"0x45": 1, "69": 2}},
        {"set_data_coding": 8},
        {**submit, "name": "a", "set_data_coding": 8},
        {**submit, "name": "a", "set_data_coding": 8},
        {**submit, "set_data_coding": 8, "destination_file": "missing.txt"},
        {**submit, "set_datacoding": 8},
    )
    text = "\n".join(found)
    for part in (
        'rewrite[0].applies_to: must be "submit" or "deliver" or "receipt", not \'submits\'',
        "rewrite[0].set_source: must be at most 20 octets, not 21",
        "rewrite[1].esme: there is no esme named 'acmo'; did you mean 'acme'?",
        "rewrite[1].smsc[0]: there is no smsc named 'alpah'; did you mean 'alpha'?",
        "rewrite[2].applies_to: there must be a change, one of set_source, ",
        "rewrite[3].set_source_prefix: must not be there beside set_source",
        "rewrite[4].set_destination_prefix.remove[0]: must not be empty",
        "rewrite[5].set_destination_prefix.add: must be there where nothing is removed",
        "rewrite[6].set_destination_prefix.from: unknown key",
        "rewrite[7].set_tlvs: has two values for 0x1400",
        "rewrite[8].set_statuses.ESME_NONE: must be an error, 0x01 to 0xFFFFFFFF, or its name",
        "rewrite[8].set_statuses.0: must be an error",
        "rewrite[8].set_statuses.0x08: must be a command_status (0x58, ESME_RTHROTTLED), not",
        "rewrite[9].set_statuses.0x45: must not be success: the ESME would be given no message_id",
        "rewrite[10].set_statuses.69: 0x45 is there already",
        "rewrite[11].applies_to: is missing",
        "rewrite[13].name: 'a' is the name of rewrite[12] too",
        "missing.txt' cannot be read: No such file or directory",
        "rewrite[15].set_datacoding: unknown key; did you mean 'set_data_coding'?",
    ):
        assert part in text, text


def rule(**more: Any) -> RewriteSettings:
    return RewriteSettings(**{"applies_to": "submit", "set_data_coding": 8, **more})


def test_success_may_be_told_to_smscs() -> None:
    for kind in ("deliver", "receipt"):
        assert rule(applies_to=kind, set_statuses={0x64: "ESME_ROK"}).set_statuses == ((0x64, 0),)
    with pytest.raises(SettingsError):
        rule(set_statuses={0x64: 0})


def test_changes_of_rules_are_told() -> None:
    one = rule(name="a", set_statuses={0x45: 0x58}, smsc="main")
    other = evolve(
        one,
        set_data_coding=None,
        set_source="Shop",
        smsc=("main", "night"),
        set_statuses={0x45: 0x08},
        set_destination_prefix={"remove": "0", "add": "44"},
    )
    before, after = (evolve(settings_of(), rewrite=(each,)) for each in (one, other))
    assert difference(before, after).lines() == [
        '[[rewrite]] "a": smsc 1 added ("night"), at once',
        '[[rewrite]] "a": set_source as it is -> "Shop", at once',
        '[[rewrite]] "a": set_destination_prefix none -> { remove = ["0"], add = "44" }, at once',
        '[[rewrite]] "a": set_data_coding 8 -> as it is, at once',
        '[[rewrite]] "a": set_statuses { 0x45 = 0x58 } -> { 0x45 = 0x08 }, at once',
    ]
    assert difference(evolve(settings_of(), rewrite=()), after).lines() == [
        '[[rewrite]] "a" added'
    ]


def test_another_order_of_rules_is_a_difference() -> None:
    one, other = rule(name="a"), rule(name="b")
    before, after = (
        evolve(settings_of(), rewrite=rules) for rules in ((one, other), (other, one))
    )
    assert difference(before, after).lines() == ["[[rewrite]]: in another order, at once"]


def warned(*rules: RewriteSettings, **more: Any) -> list[str]:
    settings = evolve(settings_of(), rewrite=rules, **more)
    return [each for each in warnings(settings) if each.startswith("rewrite")]


def test_rules_that_never_hold_are_warned_of() -> None:
    found = warned(rule(percent=0), rule(esme="x*"), rule(esme="b*"), rule())
    assert found == [
        "rewrite[0]: can never hold: percent is 0",
        "rewrite[1]: can never hold: esme fits no account",
    ]


def test_accounts_of_a_wildcard_have_any_name() -> None:
    any_name = EsmeSettings(system_id="*", auth="smsc")
    assert not warned(rule(esme="x*"), esme=(*settings_of().esme, any_name))


@pytest.mark.parametrize(
    ("value", "is_fine"),
    [
        ("", True),
        ("000001000000000R", True),
        ("261231235959948-", True),
        ("261231235959949+", False),
        ("00000100000000R", False),
        ("a00001000000000R", False),
    ],
)
def test_a_validity_period_has_the_form_of_the_specification(value: str, is_fine: bool) -> None:
    if is_fine:
        assert rule(set_validity_period=value).set_validity_period == value
    else:
        with pytest.raises(SettingsError):
            rule(set_validity_period=value)
