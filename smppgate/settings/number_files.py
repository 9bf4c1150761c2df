"""Files of prefixes: one a line, alone (``destination_file``) or with a pool (``pools_file``).

A file is read where a setting that names it is checked, as certificates are. What is in it belongs
to the settings: so it is read again at each reload, in the process that reads the configuration,
and two settings that name one file differ where its content does.

``#`` at the beginning of a line or behind a blank begins a comment. A prefix may end with ``*``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from smppgate.settings.checks import Check, describe, shown
from smppgate.settings.errors import Problem
from smppgate.settings.files import file_octets
from smppgate.txsmpp.address_range import LONGEST_ADDRESS

MOST_TOLD = 10
"""Faults of one file that are told; the others are counted."""
LARGEST = 64 << 20
"""Octets of a file that is read: a million prefixes have some 16 MiB."""

_COMMENT = re.compile(rb"(?:^|[ \t])#.*")
_PREFIX = re.compile(rb"\+?[0-9A-Za-z]{0,%d}\*?" % LONGEST_ADDRESS)
_POOL = re.compile(rb"[A-Za-z0-9_.-]+")


@attrs.frozen
class NumberFile:
    """A file of prefixes, and what was in it.

    :ivar content: a line for each pool that it names: the pool, and its prefixes, each behind a
        blank, in order; of a file that names no pools one line, which begins with a blank.
    :ivar faults: what is wrong with the file.
    """

    path: str
    content: bytes = attrs.field(repr=False)
    faults: tuple[str, ...] = attrs.field(default=(), repr=False)

    def __len__(self) -> int:
        """How many prefixes there are."""
        return self.content.count(b" ")

    def by_pool(self) -> dict[str, list[bytes]]:
        """Pool → its prefixes; of a file that names no pools, under the empty name."""
        lines = (line.split(b" ") for line in self.content.splitlines())
        return {pool.decode(): prefixes for pool, *prefixes in lines}

    def lines(self) -> set[bytes]:
        """A prefix each, with its pool behind a blank if it names one: to tell what changed."""
        return {
            prefix + (b" " + pool.encode() if pool else b"")
            for pool, prefixes in self.by_pool().items()
            for prefix in prefixes
        }


@attrs.frozen
class PrefixFile(Check):
    """The path of a file of prefixes; with ``pools``, of one that names a pool for each."""

    pools: bool = False

    @property
    def none(self) -> str:
        """``none``."""
        return "none"

    @property
    def allowed(self) -> str:
        """What its lines are."""
        return f"path of a file with a `prefix{' pool' if self.pools else ''}` in each line"

    @property
    def is_placed(self) -> bool:
        """True."""
        return True

    def write(self, value: object) -> str:
        """The path, and how many prefixes there are."""
        if not isinstance(value, NumberFile):
            return self.none
        return f'"{value.path}" with {len(value)} prefixes'

    def tidy(self, value: object) -> object:
        """The file of this path, read."""
        return read(value, self.pools) if isinstance(value, str) else value

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is no path, or the file cannot be read, or has lines that cannot be."""
        if not isinstance(value, NumberFile):
            yield Problem("", f"must be a string, not {describe(value)}")
            return
        for fault in value.faults:
            yield Problem("", fault)


def read(path: str, pools: bool) -> NumberFile:
    """The file at ``path``."""
    octets, fault = _octets(path)
    if fault:
        return NumberFile(path, b"", (fault,))
    found, faults = _parsed(octets, pools)
    told = faults[:MOST_TOLD]
    if len(faults) > MOST_TOLD:
        told.append(f"{path!r} has {len(faults) - MOST_TOLD} more lines that cannot be")
    return NumberFile(path, _content(found), tuple(f"{path!r} {each}" for each in told))


def _content(found: dict[bytes, bytes]) -> bytes:
    by_pool: dict[bytes, list[bytes]] = {}
    for prefix in sorted(found):
        by_pool.setdefault(found[prefix], []).append(prefix)
    return b"\n".join(b" ".join((pool, *by_pool[pool])) for pool in sorted(by_pool))


def _octets(path: str) -> tuple[bytes, str]:
    """What is in the file, or why it cannot be read."""
    octets, fault = file_octets(path, LARGEST + 1)
    if len(octets) > LARGEST:
        return b"", f"{path!r} has more than {LARGEST >> 20} MiB"
    return octets.removeprefix(b"\xef\xbb\xbf"), fault


def _parsed(octets: bytes, pools: bool) -> tuple[dict[bytes, bytes], list[str]]:
    """Prefix → pool, and the faults, each with the number of its line."""
    found: dict[bytes, bytes] = {}
    faults: list[str] = []
    words = 2 if pools else 1
    for number, line in enumerate(octets.splitlines(), 1):
        parts = (_COMMENT.sub(b"", line) if b"#" in line else line).split()
        if not parts:
            continue
        fault = _fault(parts, words) or _other_pool(found, parts)
        if fault:
            faults.append(f"line {number}: {fault}")
        else:
            found[_key(parts[0])] = parts[-1] if pools else b""
    return found, faults


def _fault(parts: list[bytes], words: int) -> str:
    if len(parts) != words:
        return f"must be a prefix{' and a pool' * (words == 2)}, not {len(parts)} words"
    if not _PREFIX.fullmatch(parts[0]):
        return f"must begin with a prefix such as 4477, not {_text(parts[0])}"
    if words == 2 and not _POOL.fullmatch(parts[1]):
        return f"{_text(parts[1])} is no name of a pool"
    return ""


def _other_pool(found: dict[bytes, bytes], parts: list[bytes]) -> str:
    before = found.get(_key(parts[0]))
    if len(parts) == 1 or before is None or before == parts[1]:
        return ""
    return f"{_text(parts[0])} has the pool {_text(before)} already"


def _key(prefix: bytes) -> bytes:
    """The prefix as numbers are looked up: without a star, and without a + before a digit."""
    bare = prefix.removesuffix(b"*")
    return bare[1:] if bare[:1] == b"+" and bare[1:2].isdigit() else bare


def _text(octets: bytes) -> str:
    return shown(octets.decode("latin-1"))


def line_with(path: str, pool: str) -> int:
    """The first line of a file that names ``pool``; 0 where it has changed meanwhile."""
    octets, _ = _octets(path)
    lines = (_COMMENT.sub(b"", line).split() for line in octets.splitlines())
    word = pool.encode()
    return next((n for n, parts in enumerate(lines, 1) if parts[1:] == [word]), 0)
