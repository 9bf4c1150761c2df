"""`Table`, the base of all tables of the settings, and the description of a field.

A setting is described in the metadata of its field and nowhere else: its check, its unit, a help
text, when a change of it takes effect, its former key. A test compares the
documentation and the example file with it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import attrs

from smppgate.settings.checks import Amount, Check, Whole
from smppgate.settings.errors import Problem, SettingsError
from smppgate.settings.takes import Takes
from smppgate.settings.texts import Octets, Secret

# Lengths without the NUL, SMPP v3.4 §5.2.1 and §5.2.2. The specification allows a password 8
# octets; providers issue longer ones, so they are accepted and `check` warns.
SYSTEM_ID = Octets(1, 15)
PASSWORD = Secret(0, 64)
COUNT = Whole(1, 1_000_000)
UP_TO_COUNT = Whole(0, 1_000_000)
WEIGHT = Whole(1, 256)
# The slowest sends one message in a quarter of an hour.
RATE = Amount(0.001, 1_000_000.0)
BURST = Amount(1.0, 1_000_000.0)


def setting(
    check: Check,
    meaning: str,
    unit: str = "",
    takes: Takes = Takes.AT_ONCE,
    former_key: str | None = None,
) -> dict[str, Any]:
    """The metadata of a field.

    :param meaning: the help text.
    :param takes: when a running gate puts a new value in force; the reload goes by it.
    :param former_key: the key of the setting in earlier versions; a file that has it gets an error
        that names the new one.
    """
    return {
        "check": check,
        "help": meaning,
        "unit": unit,
        "takes": takes,
        "former_key": former_key,
    }


@attrs.frozen
class Table:
    """One TOML table. Making one runs the checks of its fields; copying or unpickling does not.

    :raises SettingsError: with all problems.
    """

    _names: ClassVar[tuple[str, ...]]
    _setters: ClassVar[tuple[Callable[[Table, object], None], ...]]
    _checks: ClassVar[tuple[tuple[str, Check, bool], ...]]

    def __attrs_post_init__(self) -> None:
        problems = tuple(self._problems()) or tuple(self._relations())
        if problems:
            raise SettingsError(f"{problem.where}: {problem.text}" for problem in problems)

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        names = [field.name for field in attrs.fields(cls)]
        cls._names = tuple(names)
        cls._checks = tuple(
            (field.name, field.metadata["check"], field.default is None)
            for field in attrs.fields(cls)
        )
        # The descriptors of the slots: the class is frozen, so there is no other quick way.
        cls._setters = tuple(getattr(cls, name).__set__ for name in names)

    def __reduce__(self) -> tuple[object, ...]:
        # A third of the time of attrs' own way, which matters while a gate takes over a thousand
        # accounts that another process has read.
        return _restored, (type(self), tuple(getattr(self, name) for name in self._names))

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """The problems between values of ``table`` that are valid each by itself.

        ``table`` is completed by `filled`; a value of the wrong kind is skipped.
        """
        yield from ()

    @classmethod
    def filled(cls, table: Mapping[str, object]) -> dict[str, object]:
        """``table``, completed with the defaults of the fields that have one."""
        defaults = {field.name: field.default for field in attrs.fields(cls)}
        return _given(defaults) | _given(table)

    def _problems(self) -> Iterator[Problem]:
        for name, check, may_be_none in self._checks:
            value = getattr(self, name)
            if value is None and may_be_none:
                continue
            value = check.tidy(value)
            # The class is frozen; attrs' own __init__ sets its fields in this way.
            object.__setattr__(self, name, value)
            for problem in check.problems(value):
                yield Problem(f"{name}{problem.where}", problem.text)

    def _relations(self) -> Iterator[Problem]:
        """The problems between fields that are valid each by itself."""
        return self.clashes(_given({name: getattr(self, name) for name in self._names}))


def _restored(table: type[Table], values: tuple[object, ...]) -> Table:
    """The ``table`` with ``values`` in the order of its fields, which have been checked."""
    made = table.__new__(table)
    for put, value in zip(table._setters, values, strict=True):
        put(made, value)
    return made


def _given(table: Mapping[str, object]) -> dict[str, object]:
    """``table`` without None and NOTHING: None in a program stands for a missing key."""
    return {
        key: value
        for key, value in table.items()
        if value is not None and value is not attrs.NOTHING
    }


T = TypeVar("T", bound=Table)


def with_values(table: T, values: Mapping[str, object]) -> T:
    """A copy of ``table`` with other ``values``, which are known to be valid.

    The checks are not run again: they take some 100 ms for a thousand accounts.
    """
    made = copy.copy(table)
    for name, value in values.items():
        # The class is frozen; attrs' own __init__ sets its fields in this way.
        object.__setattr__(made, name, value)
    return made
