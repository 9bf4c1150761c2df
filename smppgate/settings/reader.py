"""Reads TOML into `Settings`, or raises all problems at once.

cattrs structures the document and gathers errors into a tree of exceptions with their places; the
tree is turned into lines here. The check of each field runs as its structure hook, so one bad
value hides no other. Rules between tables are checked on the document itself, which works whatever
other problems it has.

The exceptions in the tree hold pieces of the file, passwords among them. They are turned into text
and dropped before `SettingsError` is raised, so that no traceback leads back to them.
"""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import attrs
from cattrs import (
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.errors import IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from smppgate.settings.checks import Check, describe
from smppgate.settings.errors import BadValue, Problem, SettingsError
from smppgate.settings.model import SECTIONS, SINGLE, TABLES, Settings, heading
from smppgate.settings.nested import nested_in
from smppgate.settings.raw import tables
from smppgate.settings.relations import relation_problems
from smppgate.settings.suggestions import nearest
from smppgate.settings.tables import Table

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def load(path: str | os.PathLike[str]) -> Settings:
    """Read the settings from the UTF-8 TOML file at ``path``.

    :raises SettingsError: with all problems, or because the file cannot be read.
    """
    name = os.fspath(path)
    text, error = _read(name)
    if error:
        raise SettingsError((error,), name)
    return parse(text, name, os.path.dirname(name))


def parse(text: str, name: str = "<string>", folder: str = "") -> Settings:
    """Read the settings from TOML ``text``; ``name`` begins each line of an error.

    :param folder: where files of prefixes are looked for whose paths are relative.
    :raises SettingsError: with all problems.
    """
    document, error = _document(text)
    if error:
        raise SettingsError((error,), name)
    _place(document, folder)
    settings, errors = _structured(document)
    if settings is None:
        raise SettingsError(errors, name)
    return settings


def _read(path: str) -> tuple[str, str]:
    """The file's text, or the error."""
    try:
        with open(path, "rb") as file:
            octets = file.read()
    except OSError as error:
        return "", f"cannot be read: {error.strerror}"
    except ValueError as error:
        return "", f"cannot be read: {error}"
    try:
        return octets.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        octet = error.object[error.start]
        return "", f"is not UTF-8: octet 0x{octet:02X} (at line {line}, octet {column})"


def _document(text: str) -> tuple[dict[str, Any], str]:
    """The TOML document, or the error."""
    try:
        return tomllib.loads(text), ""
    except RecursionError:
        return {}, "is not TOML that can be read: nested too deeply"
    except ValueError as error:
        # Any other ValueError is Python's limit on the digits of an integer.
        known = isinstance(error, tomllib.TOMLDecodeError)
        return {}, f"is not TOML: {error if known else 'an integer has too many digits'}"


def _place(document: dict[str, Any], folder: str) -> None:
    """Let paths of files that belong to the configuration count from ``folder``."""
    for section, table in SECTIONS.items():
        _place_all(document.get(section), table, folder)


def _place_all(value: Any, table: type[Table], folder: str) -> None:
    """Do so in one table, or in an array of them, and in those that are inside."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            for field in attrs.fields(table):
                _place_one(each, field.name, field.metadata["check"], folder)


def _place_one(table: dict[str, Any], key: str, check: Check, folder: str) -> None:
    nested = nested_in(check)
    path = table.get(key)
    if nested is not None:
        _place_all(path, nested.table, folder)
    elif check.is_placed and isinstance(path, str) and path:
        table[key] = os.path.join(folder, path)


def _structured(document: dict[str, Any]) -> tuple[Settings | None, tuple[str, ...]]:
    """The settings, or the errors."""
    try:
        return _converter().structure(document, Settings), ()
    except (ClassValidationError, BadValue, SettingsError) as error:
        found = list(_lines(error, ""))
    found += [f"{where}: {text}" for where, text in _relations(document)]
    return None, tuple(dict.fromkeys(found))


def _relations(document: dict[str, Any]) -> Iterator[Problem]:
    yield from relation_problems(document)
    for section, table in SECTIONS.items():
        if section in SINGLE and isinstance(document.get(section), dict):
            for problem in table.clashes(table.filled(document[section])):
                yield Problem(f"{section}.{problem.where}", problem.text)
        for index, written in tables(document, section):
            for problem in table.clashes(table.filled(written)):
                yield Problem(f"{section}[{index}].{problem.where}", problem.text)


@functools.cache
def _converter() -> Converter:
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)
    for section, table in TABLES.items():
        hooks = {field.name: _hook_of(converter, section, field) for field in attrs.fields(table)}
        otherwise = f"must be a table: {heading(section)}"
        converter.register_structure_hook(table, _table_hook(converter, table, hooks, otherwise))
    sections = {
        name: _one_hook(converter, table)
        if name in SINGLE
        else _array_hook(converter, name, table)
        for name, table in SECTIONS.items()
    }
    converter.register_structure_hook(Settings, _table_hook(converter, Settings, sections, ""))
    return converter


_Hook = Callable[[Any, Any], Any]


def _table_hook(
    converter: Converter, table: type[Table], hooks: dict[str, _Hook], otherwise: str
) -> _Hook:
    overrides = {name: override(struct_hook=hook) for name, hook in hooks.items()}
    structure = make_dict_structure_fn(table, converter, **overrides)  # type: ignore[arg-type]

    def hook(value: Any, _type: Any) -> Any:
        if not isinstance(value, dict):
            raise BadValue([Problem("", f"{otherwise}, not {describe(value)}")])
        return structure(value, table)

    return hook


def _value_hook(check: Check) -> _Hook:
    def hook(value: Any, _type: Any) -> Any:
        tidied = check.tidy(value)
        problems = tuple(check.problems(tidied))
        if problems:
            raise BadValue(problems)
        return tidied

    return hook


def _hook_of(converter: Converter, section: str, field: attrs.Attribute[object]) -> _Hook:
    check = field.metadata["check"]
    nested = nested_in(check)
    if nested is None:
        return _value_hook(check)
    if nested is check:
        return _one_hook(converter, nested.table)
    return _array_hook(converter, f"{section}.{field.name}", nested.table)


def _one_hook(converter: Converter, table: type[Table]) -> _Hook:
    def one(value: Any, _type: Any) -> Any:
        return converter.structure(value, table)

    return one


def _array_hook(converter: Converter, section: str, table: type[Table]) -> _Hook:
    def several(value: Any, _type: Any) -> Any:
        if not isinstance(value, list):
            text = f"must be an array of tables: {heading(section)}, not {describe(value)}"
            raise BadValue([Problem("", text)])
        return converter.structure(value, tuple[table, ...])  # type: ignore[valid-type]

    return several


def _lines(error: Exception, path: str) -> Iterator[str]:
    """The lines for ``error``, which was found at ``path`` in the document."""
    if isinstance(error, ClassValidationError | IterableValidationError):
        yield from _group_lines(error, path)
    elif isinstance(error, ForbiddenExtraKeysError):
        yield from _unknown_keys(error, path)
    elif isinstance(error, BadValue):
        yield from (f"{path}{where}: {text}" for where, text in error.problems)
    elif isinstance(error, SettingsError):
        yield from (_inside(path, line) for line in error.errors)
    elif isinstance(error, KeyError):
        yield f"{path}: is missing"
    else:
        raise error


def _group_lines(
    error: ClassValidationError | IterableValidationError, path: str
) -> Iterator[str]:
    placed, others = error.group_exceptions()
    for inner, note in placed:
        place = (
            f"{path}[{note.index}]"
            if isinstance(note, IterableValidationNote)
            else _inside(path, note.name)
        )
        yield from _lines(inner, place)
    for inner in others:
        yield from _lines(inner, path)


def _unknown_keys(error: ForbiddenExtraKeysError, path: str) -> Iterator[str]:
    for key in sorted(error.extra_fields):
        shown = key if _BARE_KEY.fullmatch(key) else repr(key)
        yield f"{_inside(path, shown)}: {_key_fault(key, error.cl)}"


def _key_fault(key: str, table: type) -> str:
    fields = attrs.fields(table)
    for field in fields:
        if field.metadata["former_key"] == key:
            return f"is called {field.name} now"
    return f"unknown key{nearest(key, (field.name for field in fields))}"


def _inside(path: str, rest: str) -> str:
    return f"{path}.{rest}" if path else rest
