"""The fields in a receipt's text: ``id:77 sub:001 … stat:DELIVRD err:000 text:…``.

The form is one that SMPP v3.4 appendix B suggests, and SMSCs differ in all of it: fields missing
or in another order, names in another case and spelling, ``=`` for the colon, blanks around it,
values in quotes, commas or newlines between fields. Reading takes what is there.

A text is looked at as one octet a character. What must be replaced in it is known by its offset,
so a text in UTF-16 is narrowed and each character counts for two octets of the PDU.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# A name stands at the start or behind something that is no part of a word.
_NAME = re.compile(
    rb"(?<!\w)(?:(?P<id>(?<!-)(?:(?:message|msg)[ \t_-]?)?id)"
    rb"|(?P<stat>stat(?:us|e)?)"
    rb"|(?P<err>err(?:or)?)"
    rb"|(?P<other>sub|dlvrd|submit[\s_-]?date|done[\s_-]?date|text))[ \t]*[:=]",
    re.IGNORECASE,
)

_FAR_ENOUGH = 2048
"""No receipt has a name further behind, and a message_payload may be 65 535 octets of anything."""

_LONGEST_OTHER = 4096
"""Characters that are read of a text with others than those of Latin 1, each at 50 ns."""

_MOST_NAMES = 32
"""Names in one text that are looked at. Receipts have 8."""

# Some SMSCs count a NUL into sm_length, and some put values in quotes. What may be within an id
# ends it where the name of a field follows, known here or not: `id:77,type:1`.
_INNER = rb"""["':,;]"""
_WORD = re.compile(
    rb"""[^\s,;\0"':]++(?:(?!["',;]++\w{1,20}[ ]?[:=])%b++[^\s,;\0"':]++)*""" % _INNER
)
# Words with blanks between them, and nothing that separates fields: an id in front of `sub`.
# The first of them may be of any characters: with another id in its place it is read the same.
_WORDS = re.compile(rb"""[^\s,;\0"':=]+(?: [^\s,;\0"':=]*\w[^\s,;\0"':=]*)+""")
_LONGEST_WORDS = 64
_NOT_OF_WORDS = bytes(octet for octet in range(256) if not re.match(rb"\w", bytes((octet,))))
_AROUND = b" \t\r\n\0,;|"


class Field(NamedTuple):
    """A field of a text: its name in lower case without spaces, where its value is in the text.

    ``text``'s value is the rest; that of any other may be empty. Spellings of one name are one:
    ``id``, ``stat``, ``err``, ``submitdate``, ``donedate``.
    """

    name: bytes
    begin: int
    end: int


class Text(NamedTuple):
    """A receipt's text: ``characters``, one octet each, that stand in the PDU from ``begin``.

    ``encoding`` is that of each there, by its name in Python; what Latin 1 has not is ``?``.
    """

    begin: int
    encoding: str
    characters: bytes

    @property
    def step(self) -> int:
        """Octets of the PDU that each character takes."""
        return 1 if self.encoding == "latin-1" else 2

    def fields(self) -> Iterator[Field]:
        """Each field, in order; those behind ``text:`` are the message's, and none."""
        characters = self.characters
        at, name = 0, b""
        for match in self._names():
            if name:
                yield Field(name, *self._value(name, at, match))
            name = _plain_name(match)
            at = match.end()
            if name == b"text":
                yield Field(name, at, len(characters))
                return
        if name:
            yield Field(name, *self._word(at, len(characters)))

    def values(self) -> dict[bytes, bytes]:
        """Value of each field by name, of the first with that name that is not empty."""
        found: dict[bytes, bytes] = {}
        for name, begin, end in self.fields():
            if begin < end or name not in found:
                found[name] = found.get(name) or self.characters[begin:end]
        return found

    def octets_at(self, begin: int, end: int) -> tuple[int, int]:
        """Offsets in the PDU of those in ``characters``."""
        step = self.step
        return self.begin + begin * step, self.begin + end * step

    def _names(self) -> Iterator[re.Match[bytes]]:
        names = _NAME.finditer(self.characters, 0, _FAR_ENOUGH)
        return (match for match, _ in zip(names, range(_MOST_NAMES), strict=False))

    def _value(self, name: bytes, at: int, following: re.Match[bytes]) -> tuple[int, int]:
        """Where the value from ``at`` on is, in front of the name that follows."""
        end = following.start()
        if name == b"id" and following["other"] and following["other"].lower() == b"sub":
            left = self.characters[at:end].lstrip(_AROUND)
            words = left.rstrip(_AROUND)
            if len(words) <= _LONGEST_WORDS and _WORDS.fullmatch(words):
                return end - len(left), end - len(left) + len(words)
        return self._word(at, end)

    def _word(self, begin: int, end: int) -> tuple[int, int]:
        word = _WORD.search(self.characters, begin, end)
        if word is None:
            return begin, begin
        if word.end() < end or end == len(self.characters):
            return word.span()
        # What stands between it and the name that follows is no part of either.
        return word.start(), word.start() + len(word[0].rstrip(_NOT_OF_WORDS))


def narrowed(octets: bytes, begin: int) -> Iterator[Text]:
    """``octets``, which stand at ``begin``, as UTF-16 text of either order of octets.

    Only those are given that have the colon or equals sign of a field. A surrogate pair stays
    two characters, so that offsets are right.
    """
    if b"\0:" in octets or b"\0=" in octets:
        yield Text(begin, "utf-16-be", _low(octets[::2], octets[1::2]))
    if b":\0" in octets or b"=\0" in octets:
        yield Text(begin, "utf-16-le", _low(octets[1::2], octets[::2]))


def _low(high: bytes, low: bytes) -> bytes:
    if not high.strip(b"\0"):
        return low[: len(high)]
    pairs = zip(high[:_LONGEST_OTHER], low[:_LONGEST_OTHER], strict=False)
    return bytes(0x3F if above else below for above, below in pairs)


def _plain_name(match: re.Match[bytes]) -> bytes:
    kind = match.lastgroup
    if kind != "other":
        return kind.encode() if kind else b""
    return match["other"].lower().translate(None, b" \t\r\n_-")
