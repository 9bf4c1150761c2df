"""Conditions of routes: what each asks about a message, and why it does not hold.

A condition decides by `holds`; `fault` asks that, and puts the answer into words. So what is
explained is what is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b
from typing import Any, Protocol

from smppgate.routing.numbers import NumberTable, Pattern
from smppgate.routing.routes.message import UNREAD, Message
from smppgate.txsmpp.printable import printable

MOST_SHOWN = 3
"""Values that a fault names; the others are counted."""


class Condition(Protocol):
    """One condition of a route."""

    @property
    def key(self) -> str:
        """The setting that it is made of."""

    def holds(self, message: Message) -> bool:
        """Whether it holds for ``message``."""

    def fault(self, message: Message) -> str:
        """Why it does not hold for ``message``; empty where it does."""


class Accounts:
    """Is the account one of these?

    :param patterns: system_ids, ``prefix*`` or ``^regex$``, in Latin-1.
    """

    key = "esme"

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        octets = [pattern.encode("latin-1") for pattern in self.patterns]
        expressions = [each for each in octets if each[:1] == b"^"]
        prefixes = [each for each in octets if each[-1:] == b"*" and each[:1] != b"^"]
        self._exact = frozenset(octets).difference(expressions, prefixes)
        self._prefixes = tuple(each[:-1] for each in prefixes)
        self._expressions = tuple(map(re.compile, expressions))

    def has(self, account: bytes) -> bool:
        """Whether the account with this system_id is one of them; none has an empty one."""
        return bool(account) and (
            account in self._exact
            or account.startswith(self._prefixes)
            or any(each.fullmatch(account) for each in self._expressions)
        )

    def holds(self, message: Message) -> bool:
        """Whether it is."""
        return self.has(message.account)

    def fault(self, message: Message) -> str:
        """Why it is not."""
        if self.holds(message):
            return ""
        return f"{_text(message.account) or 'no account'} is not {some_of(self.patterns)}"


class Numbers:
    """Does an address fit a pattern?

    :param key: ``source``, ``destination`` or ``destination_file``.
    :param read: the address of a message.
    :param table: has the patterns.
    :param otherwise: what is said of an address that fits none of them.
    """

    def __init__(
        self, key: str, read: Callable[[Message], bytes], table: NumberTable[Any], otherwise: str
    ) -> None:
        self.key = key
        self._read = read
        self._table = table
        self._otherwise = otherwise

    def holds(self, message: Message) -> bool:
        """Whether it does."""
        return self._table.first(self._read(message)) is not None

    def fault(self, message: Message) -> str:
        """Why it does not."""
        if self.holds(message):
            return ""
        return f"{_text(self._read(message)) or 'an empty address'} {self._otherwise}"


class OneOf:
    """Has a field one of these values?

    :param key: of the setting and, as an attribute, of a `Message`.
    :param values: octets, or integers of one octet.
    :param write: a value in words.
    """

    def __init__(
        self,
        key: str,
        read: Callable[[Message], object],
        values: Collection[object],
        write: Callable[[object], str],
    ) -> None:
        self.key = key
        self._read = read
        self._values = frozenset(values)
        self._shown = some_of([write(value) for value in values])
        self._write = write

    def holds(self, message: Message) -> bool:
        """Whether it has."""
        return self._read(message) in self._values

    def fault(self, message: Message) -> str:
        """Why it has not."""
        if self.holds(message):
            return ""
        value = self._read(message)
        return f"{'none' if value == UNREAD else self._write(value)} is not {self._shown}"


class EsmClass:
    """Has esm_class, under a mask, a value?"""

    key = "esm_class"

    def __init__(self, mask: int, value: int) -> None:
        self._mask, self._value = mask, value

    def holds(self, message: Message) -> bool:
        """Whether it has."""
        found = message.esm_class
        return found != UNREAD and found & self._mask == self._value

    def fault(self, message: Message) -> str:
        """Why it has not."""
        found = message.esm_class
        if self.holds(message):
            return ""
        if found == UNREAD:
            return "there is none"
        masked = f"0x{found:02X} & 0x{self._mask:02X} is 0x{found & self._mask:02X}"
        return f"{masked}, not 0x{self._value:02X}"


class Tlv:
    """Is there a TLV, with this value?

    :param value: None where any will do.
    """

    key = "tlv"

    def __init__(self, tag: int, value: bytes | None) -> None:
        self._tag, self._value = tag, value

    def holds(self, message: Message) -> bool:
        """Whether there is."""
        found = message.tlv(self._tag)
        return found is not None and self._value in (None, found)

    def fault(self, message: Message) -> str:
        """Why there is not."""
        if self.holds(message):
            return ""
        found = message.tlv(self._tag)
        if found is None or self._value is None:
            return f"there is no 0x{self._tag:04X}"
        return f"0x{self._tag:04X} is {found.hex() or 'empty'}, not {self._value.hex() or 'empty'}"


class Percent:
    """Is the destination in this part of all numbers?

    The same number is always in it or not, in any process.

    :param percent: more than 0, and less than 100.
    :param salt: routes with another one have another part of the numbers.
    """

    key = "percent"

    def __init__(self, percent: float, salt: str) -> None:
        self._percent = percent
        self._below = int(percent / 100 * 2**64)
        self._hash = blake2b(salt.encode(), digest_size=8)

    def _place(self, message: Message) -> int:
        hashed = self._hash.copy()
        hashed.update(message.destination)
        return int.from_bytes(hashed.digest(), "big")

    def holds(self, message: Message) -> bool:
        """Whether it is."""
        return self._place(message) < self._below

    def fault(self, message: Message) -> str:
        """Why it is not."""
        if self.holds(message):
            return ""
        place = self._place(message) / 2**64 * 100
        return f"the destination is at {place:.2f} % of all numbers, not below {self._percent:g} %"


def some_of(texts: Collection[str]) -> str:
    """The first of ``texts``, and how many others there are."""
    shown = list(texts)[:MOST_SHOWN]
    more = len(texts) - len(shown)
    return " or ".join(shown) + (f" or {more} more" if more else "")


def table_of(patterns: Iterable[str]) -> NumberTable[bool]:
    """A table of these patterns of numbers.

    :raises re.error: for an expression that is none.
    """
    table: NumberTable[bool] = NumberTable()
    for pattern in patterns:
        table.put(Pattern.of(pattern), True)
    return table


def _text(octets: bytes) -> str:
    return printable(octets.decode("latin-1"))
