"""Options of a command in a TOML file, by the names that they have on the command line.

``--error-rate 5%`` is ``error_rate = "5%"`` there; what may be given more than once is an array,
or a table where a value is NAME=VALUE.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from smppgate.settings.suggestions import nearest
from smppgate.txsmpp.printable import printable


class OptionFileError(Exception):
    """A file that cannot be used; ``errors`` has a line for each fault, with its place."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = tuple(map(printable, errors))


@frozen
class Option:
    """An option of a command.

    :ivar name: as it is on the command line, without the dashes in front.
    :ivar type: makes a value of its text, or raises `ArgumentTypeError`.
    :ivar default: what it is where it is not given.
    :ivar choices: the only texts that it may have; empty for any.
    :ivar is_repeated: whether it may be given more than once; its value is a tuple.
    """

    name: str
    metavar: str
    type: Callable[[str], Any]
    help: str
    default: Any = None
    is_repeated: bool = False
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name in a file, and in a namespace."""
        return self.name.replace("-", "_")

    def add_to(self, group: argparse._ActionsContainer) -> None:
        """Let it be given on the command line; without a default, so that it is seen whether."""
        action = "append" if self.is_repeated else "store"
        # argparse would fill in what stands behind a %.
        text = self.help.replace("%", "%%")
        group.add_argument(
            f"--{self.name}",
            dest=self.key,
            # Those who complete words look for choices.
            metavar=None if self.choices else self.metavar,
            choices=self.choices or None,
            type=self.type,
            help=text,
            action=action,
            default=argparse.SUPPRESS,
        )


def values(
    options: Sequence[Option], given: Mapping[str, Any], file: str | None
) -> dict[str, Any]:
    """Key → value of all ``options``: those ``given``, else those of ``file``, else defaults.

    :raises OptionFileError: when the file cannot be read, or not used.
    """
    known = {option.key: option for option in options}
    found = {key: option.default for key, option in known.items()}
    if file is not None:
        found |= _of_file(known, file)
    found |= {key: value for key, value in given.items() if key in known}
    return {key: tuple(value) if known[key].is_repeated else value for key, value in found.items()}


def _of_file(known: Mapping[str, Option], file: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise OptionFileError([str(error)]) from None
    errors: list[str] = []
    found = {}
    for key, value in table.items():
        if key in known:
            found[key] = _value(known[key], value, errors)
        else:
            errors.append(f"{key}: there is no such option{nearest(key, known)}")
    if errors:
        raise OptionFileError(errors)
    return found


def _value(option: Option, value: Any, errors: list[str]) -> Any:
    if option.is_repeated:
        return [_single(option, each, place, errors) for place, each in _each(option.key, value)]
    return _single(option, value, option.key, errors)


def _each(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The values of a repeated option, each with its place."""
    if isinstance(value, dict):
        yield from ((f"{key}.{name}", f"{name}={each}") for name, each in value.items())
    elif isinstance(value, list):
        yield from ((f"{key}[{number}]", each) for number, each in enumerate(value))
    else:
        yield key, value


def _single(option: Option, value: Any, place: str, errors: list[str]) -> Any:
    """The value of one text or number; None where it cannot be, with an error more."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        errors.append(f"{place}: a text or a number, not {type(value).__name__}")
        return None
    if option.choices and value not in option.choices:
        errors.append(f"{place}: one of {', '.join(option.choices)}, not {value!r}")
        return None
    try:
        return option.type(str(value))
    except argparse.ArgumentTypeError as error:
        errors.append(f"{place}: {error}")
        return None
