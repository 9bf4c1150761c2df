"""Where passwords of binds are: in the configuration, in a file of their own, in the environment.

A file, or a variable, is read where a setting that names it is checked. What is in it belongs to
the settings: so it is read again at each reload, in the process that reads the configuration, and
two settings that name one file differ where its content does. Its octets are the password's; a
line end behind them is not part of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from smppgate.settings.checks import Check, kind_of, shown
from smppgate.settings.errors import Problem
from smppgate.settings.files import file_octets
from smppgate.settings.password_hash import PasswordHash
from smppgate.settings.tables import PASSWORD, setting
from smppgate.settings.takes import Takes
from smppgate.settings.texts import Secret

ESME_PASSWORDS = ("password", "password_hash", "password_file", "password_env")
SMSC_PASSWORDS = ("password", "password_file", "password_env")
"""The keys that say what a password is, of which there is one."""

LARGEST_FILE = 4096
"""Octets of a file that are read: enough to see that it is no password."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@attrs.frozen
class HashedPassword(Secret):
    """A hash of a password; no error shows it."""

    @property
    def allowed(self) -> str:
        """Where it comes from."""
        return "what `smppgate passwd` prints"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is no hash, or one that takes too long to check."""
        try:
            PasswordHash.parse(text)
        except ValueError as error:
            yield str(error)


@attrs.frozen
class KeptPassword:
    """A password and the place it was read from.

    :ivar place: the path of a file, or the name of a variable.
    :ivar faults: what is wrong with it; none shows the password.
    """

    place: str
    password: str = attrs.field(default="", repr=False)
    faults: tuple[str, ...] = attrs.field(default=(), repr=False)


@attrs.frozen
class PasswordPlace(Check):
    """A place that has a password. This base class knows none."""

    @property
    def none(self) -> str:
        """``none``."""
        return "none"

    def write(self, value: object) -> str:
        """The place alone."""
        return f'"{value.place}"' if isinstance(value, KeptPassword) else self.none

    def tidy(self, value: object) -> object:
        """The password of this place, read."""
        return self.read(value) if isinstance(value, str) else value

    def read(self, place: str) -> KeptPassword:
        """What is there."""
        return KeptPassword(place, faults=("is nowhere",))

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` names no place, or there is no password."""
        if not isinstance(value, KeptPassword):
            yield Problem("", f"must be a string, not {kind_of(value)}")
            return
        for fault in value.faults:
            yield Problem("", fault)


@attrs.frozen
class PasswordFile(PasswordPlace):
    """The path of a file that has a password and nothing else.

    :param what: what it is called.
    :param octets: which there may be.
    """

    what: str = "password"
    octets: Secret = PASSWORD

    @property
    def allowed(self) -> str:
        """What is in it."""
        return f"path of a file with the {self.what} alone"

    @property
    def is_placed(self) -> bool:
        """True."""
        return True

    def read(self, place: str) -> KeptPassword:
        """What is in the file at ``place``."""
        octets, fault = file_octets(place, LARGEST_FILE)
        if fault:
            return KeptPassword(place, faults=(fault,))
        return _kept(place, f"the {self.what} in {place!r}", octets, self.octets)


@attrs.frozen
class PasswordVariable(PasswordPlace):
    """The name of a variable of the environment that has a password.

    :param octets: which there may be.
    """

    octets: Secret = PASSWORD

    @property
    def allowed(self) -> str:
        """What it is."""
        return "name of a variable of the environment"

    def read(self, place: str) -> KeptPassword:
        """What the variable ``place`` has."""
        if not _VARIABLE.fullmatch(place):
            # It may be the password itself, by mistake.
            return KeptPassword(place, faults=("must be the name of a variable",))
        value = os.environb.get(place.encode())
        if value is None:
            return KeptPassword(place, faults=(f"the environment has no {shown(place)}",))
        return _kept(place, f"the password in {shown(place)}", value, self.octets)


def _kept(place: str, what: str, octets: bytes, allowed: Secret) -> KeptPassword:
    password = re.sub(r"\r?\n\Z", "", octets.decode("latin-1"))
    faults = tuple(f"{what} {fault}" for fault in allowed.faults(password))
    return KeptPassword(place, password, faults)


def in_file(takes: Takes) -> dict[str, Any]:
    """The metadata of ``password_file``, which is in force as ``takes`` says."""
    meaning = (
        "Instead: a file that has it, read again at each reload; a relative path counts from "
        "the folder of the configuration."
    )
    return setting(PasswordFile(), meaning, takes=takes)


def in_environment(takes: Takes, octets: Secret = PASSWORD) -> dict[str, Any]:
    """The metadata of ``password_env``; see `PasswordVariable` for ``octets``."""
    meaning = "Instead: a variable of the environment that has it."
    return setting(PasswordVariable(octets=octets), meaning, takes=takes)


def secret_of(password: str | None, *places: KeptPassword | None) -> str:
    """The password, wherever it is; empty where there is none."""
    kept = (place.password for place in places if place is not None)
    return password if password is not None else next(kept, "")


def given_places(table: Mapping[str, object], keys: tuple[str, ...]) -> list[str]:
    """Those of ``keys`` that ``table`` has."""
    return [key for key in keys if table.get(key) is not None]


def password_problems(
    table: Mapping[str, object], keys: tuple[str, ...], is_needed: bool = True
) -> Iterator[Problem]:
    """None or several of ``keys``, of which a table has exactly one where one is needed."""
    given = given_places(table, keys)
    every = f"{', '.join(keys[:-1])} and {keys[-1]}"
    if is_needed and not given:
        yield Problem(keys[0], f"is missing: there must be one of {every}")
    for key in given[1:]:
        yield Problem(key, f"must not be there beside {given[0]}: one of {every} is enough")
