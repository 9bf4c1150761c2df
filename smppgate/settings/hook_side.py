"""Hooks as a setting: the name of a factory, which is imported to be checked, and its options."""

from __future__ import annotations

import datetime
import importlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from smppgate.settings.checks import Check, describe, kind_of, shown
from smppgate.settings.errors import Problem
from smppgate.settings.texts import Text

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class CannotImport(Exception):
    """There is no such factory; says why, in a few words."""


def imported(name: str) -> Callable[..., Any]:
    """The factory called ``package.module:Factory``, whose module is imported.

    :raises CannotImport: there is none of that name.
    """
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        # A module may do anything when it is imported.
        raise CannotImport(
            f"the module {module} cannot be imported: {type(error).__name__}: {error}"
        ) from None
    for part in path.split("."):
        if not hasattr(found, part):
            raise CannotImport(f"{module} has no {path}")
        found = getattr(found, part)
    if not callable(found):
        raise CannotImport(f"{path} of {module} cannot be called")
    factory: Callable[..., Any] = found
    return factory


@attrs.frozen
class Factory(Text):
    """``package.module:Factory``, or empty: what makes hooks. It is imported."""

    @property
    def allowed(self) -> str:
        """Its form."""
        return '`"package.module:Factory"`, or empty'

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has another form, or there is no such factory."""
        if not text:
            return
        if not _NAME.fullmatch(text):
            yield f'must be "package.module:Factory", not {shown(text)}'
            return
        try:
            imported(text)
        except CannotImport as fault:
            yield str(fault)


@attrs.frozen
class Options(Check):
    """A table whose keys are known to what it is for alone: values of TOML, tables too."""

    @property
    def kind(self) -> str:
        """``table``."""
        return "table"

    @property
    def allowed(self) -> str:
        """That any is."""
        return "any keys and values"

    def write(self, value: object) -> str:
        """Its values are not shown: one may be a password."""
        return "{ … }" if value else "{}"

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is no table, or has what TOML has not."""
        if not isinstance(value, dict):
            yield Problem("", f"must be a table, not {describe(value)}")
            return
        for key, each in value.items():
            if not _is_plain(each):
                yield Problem(f".{key}", f"must not be {kind_of(each)}")


def _is_plain(value: object) -> bool:
    """Whether it is a value of TOML: it goes from one process to another at a reload."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return isinstance(value, (str, bool, int, float, datetime.date, datetime.time))
