r"""Patterns of numbers → values: the look-up that address ranges and routes share.

A pattern is an exact number (``447700900123``), a prefix (``4477*``; ``*`` alone is every
address), or a regular expression for the whole number (``^44[0-9]{10}$``). The most specific one
wins: an exact number over a prefix, a longer prefix over a shorter, any of these over an
expression, and of expressions the first that was added.

A ``+`` in front of a digit does not matter, in a pattern or in an address: networks and
programs put it there or not as they please. An expression is tried with it and without.

Numbers and prefixes are looked up by hash: one probe for each *length* of prefix in use, however
many patterns there are. Expressions are tried one after the other, and only when asked for what
is less specific than all else; `address_range.range_problem` sees to it that each is quick.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

from smppgate.txsmpp.address_range import LONGEST_ADDRESS

V = TypeVar("V")

_PLUS = b"+"


class Kind(Enum):
    """How a pattern describes numbers, the most specific first."""

    EXACT = "exact"
    PREFIX = "prefix"
    EXPRESSION = "expression"


class Pattern(NamedTuple):
    """A pattern as it is looked up: two that describe the same numbers alike are equal.

    ``key`` is the number, the prefix without its star, or the expression.
    """

    kind: Kind
    key: bytes

    def __str__(self) -> str:
        """A text that `of` makes the same pattern of."""
        return self.key.decode("latin-1") + ("*" if self.kind is Kind.PREFIX else "")

    @classmethod
    def of(cls, text: str) -> Pattern:
        """The pattern that ``text`` is, in Latin 1.

        :raises re.error: for an expression that is none.
        """
        octets = text.encode("latin-1")
        if octets.startswith(b"^"):
            re.compile(octets)
            return cls(Kind.EXPRESSION, octets)
        number = without_plus(octets)
        if number.endswith(b"*"):
            return cls(Kind.PREFIX, number[:-1])
        return cls(Kind.EXACT, number)


def keys_by_kind(texts: Iterable[str]) -> dict[Kind, dict[bytes, None]]:
    """The keys of the patterns that ``texts`` are, each once, in their order: of many at once.

    :raises re.error: for an expression that is none.
    """
    exact: dict[bytes, None] = {}
    prefixes: dict[bytes, None] = {}
    expressions: dict[bytes, None] = {}
    for key in [text.encode("latin-1") for text in texts]:
        first = key[:1]
        if first == b"^":
            re.compile(key)
            expressions[key] = None
            continue
        number = without_plus(key) if first == _PLUS else key
        if number[-1:] == b"*":
            prefixes[number[:-1]] = None
        else:
            exact[number] = None
    return {Kind.EXACT: exact, Kind.PREFIX: prefixes, Kind.EXPRESSION: expressions}


def without_plus(address: bytes) -> bytes:
    """``address`` without one ``+`` in front of a digit."""
    if address[:1] == _PLUS and address[1:2].isdigit():
        return address[1:]
    return address


class NumberTable(Generic[V]):
    """Patterns, each with one value, and the values of those that an address fits."""

    def __init__(self) -> None:
        self._exact: dict[bytes, V] = {}
        self._prefixes: dict[bytes, V] = {}
        self._expressions: dict[bytes, tuple[re.Pattern[bytes], V]] = {}
        self._lengths: tuple[int, ...] = ()
        """Those of prefixes in use, the longest first."""
        self._prefixes_of: Counter[int] = Counter()
        """Length → how many prefixes have it."""

    def __len__(self) -> int:
        """How many patterns there are."""
        return len(self._exact) + len(self._prefixes) + len(self._expressions)

    def __contains__(self, pattern: Pattern) -> bool:
        return self.get(pattern) is not None

    def get(self, pattern: Pattern) -> V | None:
        """The value of this very pattern; None where it is not in the table."""
        if pattern.kind is Kind.EXACT:
            return self._exact.get(pattern.key)
        if pattern.kind is Kind.PREFIX:
            return self._prefixes.get(pattern.key)
        found = self._expressions.get(pattern.key)
        return found[1] if found is not None else None

    def put(self, pattern: Pattern, value: V) -> None:
        """Let ``pattern`` have this value; an expression that has one keeps its place."""
        if pattern.kind is Kind.EXACT:
            self._exact[pattern.key] = value
        elif pattern.kind is Kind.EXPRESSION:
            known = self._expressions.get(pattern.key)
            compiled = known[0] if known is not None else re.compile(pattern.key)
            self._expressions[pattern.key] = (compiled, value)
        else:
            if pattern.key not in self._prefixes:
                self._count(len(pattern.key), 1)
            self._prefixes[pattern.key] = value

    def remove(self, pattern: Pattern) -> V:
        """Take the pattern out; its value.

        :raises KeyError: where it is not in the table.
        """
        if pattern.kind is Kind.EXACT:
            return self._exact.pop(pattern.key)
        if pattern.kind is Kind.EXPRESSION:
            return self._expressions.pop(pattern.key)[1]
        value = self._prefixes.pop(pattern.key)
        self._count(len(pattern.key), -1)
        return value

    def put_new(self, kind: Kind, keys: Collection[bytes], value: V) -> list[bytes]:
        """Let each of these patterns that is not in the table have ``value``; gives the others.

        It takes some 0.2 µs for a number or a prefix.

        :param keys: of patterns of this ``kind``, each once.
        """
        table: Collection[bytes] = self._keys(kind)
        known = [key for key in keys if key in table]
        if known:
            skipped = set(known)
            keys = [key for key in keys if key not in skipped]
        if kind is Kind.EXACT:
            self._exact.update(dict.fromkeys(keys, value))
        elif kind is Kind.PREFIX:
            self._prefixes.update(dict.fromkeys(keys, value))
            self._count_all(keys, 1)
        else:
            self._expressions.update((key, (re.compile(key), value)) for key in keys)
        return known

    def remove_those(self, kind: Kind, keys: Collection[bytes], value: V) -> list[bytes]:
        """Take those of these patterns out that have this very ``value``; gives the others.

        :param keys: of patterns of this ``kind``, each once.
        """
        if kind is Kind.EXPRESSION:
            found = [key for key in keys if self.get(Pattern(kind, key)) is value]
            for key in found:
                del self._expressions[key]
        else:
            table = self._exact if kind is Kind.EXACT else self._prefixes
            found = [key for key in keys if table.get(key) is value]
            for key in found:
                del table[key]
        if kind is Kind.PREFIX:
            self._count_all(found, -1)
        if len(found) == len(keys):
            return []
        gone = set(found)
        return [key for key in keys if key not in gone]

    def expressions(self) -> Iterator[tuple[bytes, V]]:
        """The key and the value of each expression, in the order in which they are tried."""
        return ((key, value) for key, (_, value) in self._expressions.items())

    def arrange(self, expressions: Sequence[bytes]) -> None:
        """Try the expressions with these keys first, in this order, and then the others."""
        if list(self._expressions)[: len(expressions)] != list(expressions):
            before = self._expressions
            self._expressions = {key: before[key] for key in dict.fromkeys(expressions)} | before

    def first(self, address: bytes) -> V | None:
        """The value of the most specific pattern that ``address`` fits; None where it fits none.

        :param address: as it stands in a PDU, without its NUL. One of more than 64 octets, which
            no version of the specification has (SMPP v3.4 §5.2.9), fits nothing.
        """
        if len(address) > LONGEST_ADDRESS:
            return None
        number = without_plus(address) if address[:1] == _PLUS else address
        value = self._exact.get(number) if self._exact else None
        if value is not None:
            return value
        prefix_of = self._prefixes.get
        for length in self._lengths:
            # Of a shorter number that is all of it, which is as long as a prefix of it can be.
            value = prefix_of(number[:length])
            if value is None and length == 1 and number[:1].isdigit():
                value = prefix_of(_PLUS)
            if value is not None:
                return value
        return next(self._by_expression(number), None) if self._expressions else None

    def matching(self, address: bytes) -> Iterator[V]:
        """The values of all patterns that ``address`` fits, the most specific first."""
        if len(address) > LONGEST_ADDRESS:
            return
        number = without_plus(address)
        value = self._exact.get(number)
        if value is not None:
            yield value
        yield from self._by_prefix(number)
        if self._expressions:
            yield from self._by_expression(number)

    def _by_prefix(self, number: bytes) -> Iterator[V]:
        prefixes, longest = self._prefixes, len(number)
        for length in self._lengths:
            value = prefixes.get(number[:length]) if length <= longest else None
            if value is not None:
                yield value
            # `+*` is every number that a plus may stand in front of.
            if length == 1 and number[:1].isdigit() and _PLUS in prefixes:
                yield prefixes[_PLUS]

    def _by_expression(self, number: bytes) -> Iterator[V]:
        with_plus = _PLUS + number if number[:1].isdigit() else None
        for expression, value in self._expressions.values():
            matches = expression.fullmatch
            if matches(number) or (with_plus is not None and matches(with_plus)):
                yield value

    def _keys(self, kind: Kind) -> Collection[bytes]:
        if kind is Kind.EXPRESSION:
            return self._expressions
        return self._exact if kind is Kind.EXACT else self._prefixes

    def _count_all(self, keys: Iterable[bytes], more: int) -> None:
        """There is one prefix more, or less, with each of these keys."""
        for length, count in Counter(map(len, keys)).items():
            self._count(length, more * count)

    def _count(self, length: int, more: int) -> None:
        """There are so many more prefixes of that length."""
        self._prefixes_of[length] += more
        if not self._prefixes_of[length]:
            del self._prefixes_of[length]
        if len(self._prefixes_of) != len(self._lengths):
            self._lengths = tuple(sorted(self._prefixes_of, reverse=True))
