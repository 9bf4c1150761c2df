"""Files that have a secret and nothing else.

A file is read where a setting that names it is checked. What is in it belongs to the settings, so
it is read again at each reload, in the process that reads the configuration. A line end behind the
secret is not part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from smppgate.settings.checks import Check, kind_of
from smppgate.settings.errors import Problem
from smppgate.settings.texts import Octets

LARGEST = 4096
"""Octets of a file that are read: enough to see that it is no secret."""


@attrs.frozen
class KeptSecret:
    """A secret and the file it was read from.

    :ivar faults: what is wrong with it; none shows the secret.
    """

    path: str
    secret: str = attrs.field(default="", repr=False)
    faults: tuple[str, ...] = attrs.field(default=(), repr=False)


@attrs.frozen
class SecretFile(Check):
    """The path of a file with a secret, which has the octets that ``secret`` may have."""

    secret: Octets

    @property
    def none(self) -> str:
        """``""``: an empty path is none."""
        return '""'

    @property
    def allowed(self) -> str:
        """What is in it."""
        return "path of a file with the secret alone, or empty"

    def write(self, value: object) -> str:
        """The path alone."""
        return f'"{value.path}"' if isinstance(value, KeptSecret) else self.none

    def tidy(self, value: object) -> object:
        """The secret in the file of this path, read; None where it is empty."""
        if value == "":
            return None
        return self.read(value) if isinstance(value, str) else value

    def read(self, path: str) -> KeptSecret:
        """The secret in the file at ``path``."""
        try:
            with open(path, "rb") as file:
                octets = file.read(LARGEST)
        except OSError as error:
            return KeptSecret(path, faults=(f"{path!r} cannot be read: {error.strerror}",))
        except ValueError as error:
            return KeptSecret(path, faults=(f"{path!r} cannot be read: {error}",))
        secret = re.sub(r"\r?\n\Z", "", octets.decode("latin-1"))
        faults = [f"the secret in {path!r} {fault}" for fault in self.secret.faults(secret)]
        return KeptSecret(path, secret, tuple(faults))

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is no path, or there is no secret."""
        if value is None:
            return
        if not isinstance(value, KeptSecret):
            yield Problem("", f"must be a string, not {kind_of(value)}")
            return
        for fault in value.faults:
            yield Problem("", fault)
