"""Checks of what ``[store]`` has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec

import attrs

from smppgate.settings.checks import Seconds, Whole
from smppgate.settings.errors import Problem
from smppgate.settings.texts import Choice, Secret, Text

REDIS = "redis"
"""The kind of a store that several nodes share."""

CLIENT = "txredisapi"
"""The module that speaks with it, of ``smppgate[redis]``."""

REDIS_PASSWORD = Secret(1, 512)

_PREFIX = re.compile(r"[\x21-\x7e]{1,64}")
_USER = re.compile(r"[^\x00-\x20\x7f]{0,256}")


@attrs.frozen
class StoreKind(Choice):
    """Where all is kept. That of several nodes needs a module, which may not be installed."""

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is none of them, or what it needs is missing."""
        yield from super().faults(text)
        if text == REDIS and find_spec(CLIENT) is None:
            yield f'needs {CLIENT}, which is not installed: pip install "smppgate[redis]"'


@attrs.frozen
class Replicas(Whole):
    """How many replicas are waited for; left out, it is known by where Redis is."""

    @property
    def none(self) -> str:
        """What it is then."""
        return "1 with sentinels, else 0"


@attrs.frozen
class Patience(Seconds):
    """Seconds that an answer may wait for a store in another process."""

    least: float = 0.05
    most: float = 0.75

    @property
    def allowed(self) -> str:
        """The shortest and the longest."""
        return f"{self.least} to {self.most}"

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is no time, or out of range."""
        faults = tuple(super().problems(value))
        yield from faults
        if not faults and isinstance(value, float) and not self.least <= value <= self.most:
            yield Problem("", f"must be from {self.allowed}, not {value}")


@attrs.frozen
class KeyPrefix(Text):
    """What keys in Redis begin with."""

    @property
    def allowed(self) -> str:
        """Its characters."""
        return "1 to 64 characters of ASCII without spaces"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is empty, too long, or has other characters."""
        if not _PREFIX.fullmatch(text):
            yield f"must be {self.allowed}"


@attrs.frozen
class RedisUser(Text):
    """A user of Redis' access control lists, or empty."""

    @property
    def allowed(self) -> str:
        """Its characters."""
        return "up to 256 characters without spaces"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is too long, or has spaces or control characters."""
        if not _USER.fullmatch(text):
            yield f"must be {self.allowed}"
