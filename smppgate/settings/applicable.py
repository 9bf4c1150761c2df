"""Which part of new settings can be in force before a restart.

Values that take effect at a restart stay as they are, all others are taken over. Whole new tables
need no restart, so a new SMSC may have a tag at once.
"""

from __future__ import annotations

from typing import TypeVar

import attrs

from smppgate.settings.change_texts import quoted
from smppgate.settings.changes import identified, keys_taking
from smppgate.settings.difference import difference
from smppgate.settings.errors import SettingsError
from smppgate.settings.model import SECTIONS, SINGLE, Settings
from smppgate.settings.relations import relation_problems
from smppgate.settings.smsc_side import SmscSettings
from smppgate.settings.tables import Table, with_values
from smppgate.settings.takes import Takes

MOST_NAMED = 3
"""SMSCs that an error names as what keeps its values."""

T = TypeVar("T", bound=Table)


def applicable(old: Settings, new: Settings) -> Settings:
    """``new`` with those values of ``old`` that only a restart may change.

    :param old: what is in force.
    :returns: ``new`` itself where nothing has to wait.
    :raises SettingsError: a value that stays is not possible beside the new settings: the tag that
        an SMSC keeps until the restart is that of a new one.
    """
    kept: dict[str, object] = {}
    for section in SECTIONS:
        before, after = getattr(old, section), getattr(new, section)
        made = (
            _keeping(before, after) if section in SINGLE else _all_keeping(before, after, section)
        )
        if made is not after:
            kept[section] = made
    if not kept:
        return new
    found = with_values(new, kept)
    if "smsc" in kept:
        _check_smscs(found, new)
    return found


def waiting(old: Settings, new: Settings) -> list[str]:
    """What of ``new`` has to wait for a restart, one line each.

    :param old: what is in force.
    """
    return difference(old, new).waiting()


def _keeping(old: T, new: T) -> T:
    """``new`` with the values of ``old`` that wait for a restart; ``new`` itself if none do."""
    names = keys_taking(type(new), Takes.AT_RESTART)
    kept = {name: getattr(old, name) for name in names if getattr(old, name) != getattr(new, name)}
    return with_values(new, kept) if kept else new


def _all_keeping(old: tuple[T, ...], new: tuple[T, ...], section: str) -> tuple[T, ...]:
    if old is new or not keys_taking(SECTIONS[section], Takes.AT_RESTART):
        return new
    before = identified(old, section)
    made = tuple(
        _keeping(before[one], table) if one in before else table
        for one, table in identified(new, section).items()
    )
    return new if all(one is other for one, other in zip(made, new, strict=True)) else made


def _check_smscs(found: Settings, wanted: Settings) -> None:
    """Check the rules between SMSCs; no other rule has to do with values that wait.

    :raises SettingsError: with all problems, and with what keeps its values.
    """
    tables = [attrs.asdict(smsc, recurse=False) for smsc in found.smsc]
    problems = list(relation_problems({"smsc": tables}))
    if problems:
        reason = f"until a restart {_kept_text(found, wanted)}"
        raise SettingsError(f"{where}: {text}; {reason}" for where, text in problems)


def _kept_text(found: Settings, wanted: Settings) -> str:
    pairs = [
        (is_in_force, other)
        for is_in_force, other in zip(found.smsc, wanted.smsc, strict=True)
        if is_in_force is not other
    ]
    texts = [_stays(*pair) for pair in pairs[:MOST_NAMED]]
    return "; ".join([*texts, "..."] if len(pairs) > MOST_NAMED else texts)


def _stays(found: SmscSettings, wanted: SmscSettings) -> str:
    fields = (field.name for field in attrs.fields(SmscSettings))
    keys = [name for name in fields if getattr(found, name) != getattr(wanted, name)]
    stays = ", ".join(f"{key} {quoted(getattr(found, key))}" for key in keys)
    return f"{quoted(found.name)} keeps {stays}"
