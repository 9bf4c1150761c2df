"""Where in a deliver_sm or data_sm the values of a receipt stand.

What is about to be replaced must be known by its offset in the PDU, so that is what this finds.
It takes what is there, as far as it is there, and never raises.

Two things that a PDU says of its text are not trusted: SMSCs copy data_coding and the UDHI bit
from the message that a receipt is about, and write the text as ever. Where the text read as they
say has no id and read otherwise has one, it is read otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId, DataCoding, EsmClass, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located import LocatedTlv, located_tlvs

# Plain, because a member of an enumeration costs more to look up than to use.
_UDHI, _UCS2 = int(EsmClass.UDHI), int(DataCoding.UCS2)
_PAYLOAD, _DATA_SM = int(Tag.MESSAGE_PAYLOAD), CommandId.DATA_SM & 0xFF

# A name stands at the start or behind something that is no part of a word, and has a colon.
_NAME = re.compile(
    rb"(?<!\w)(id|sub|dlvrd|submit[ _-]?date|done[ _-]?date|stat|err|text)[ ]*:", re.IGNORECASE
)

# No receipt has its fields further behind, and a message_payload may be 65 535 octets of anything.
_FAR_ENOUGH = 2048

# Some SMSCs count a NUL into sm_length, and some put values in quotes.
_WORD = re.compile(rb"""[^\s,;\0"':]++(?:["':]++[^\s,;\0"':]++)*""")
_NOT_OF_WORDS = bytes(octet for octet in range(256) if not re.match(rb"\w", bytes((octet,))))


class Field(NamedTuple):
    """A field of a text: its name in lower case without spaces, where its value is in the text.

    ``text``'s value is the rest; that of any other is one word, which may be empty.
    """

    name: bytes
    begin: int
    end: int


class Text(NamedTuple):
    """A receipt's text: ``characters``, one octet each, that stand in the PDU from ``begin``.

    ``step`` is the octets that each has there; what Latin 1 does not have is ``?``.
    """

    begin: int
    step: int
    characters: bytes

    def fields(self) -> Iterator[Field]:
        """Each field, in order; those behind ``text:`` are the message's, and none."""
        characters = self.characters
        at, name = 0, b""
        for match in _NAME.finditer(characters, 0, _FAR_ENOUGH):
            if name:
                yield Field(name, *self._word(at, match.start()))
            name = match[1].lower().translate(None, b" _-")
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
            if begin < end:
                found.setdefault(name, self.characters[begin:end])
        return found

    def id_at(self) -> tuple[int, int]:
        """Where in ``characters`` the id is; twice the same where there is none."""
        spans = ((begin, end) for name, begin, end in self.fields() if name == b"id")
        return next((span for span in spans if span[0] < span[1]), (0, 0))

    def _word(self, begin: int, end: int) -> tuple[int, int]:
        word = _WORD.search(self.characters, begin, end)
        if word is None:
            return begin, begin
        if word.end() < end or end == len(self.characters):
            return word.span()
        # What stands between it and the name that follows is no part of either.
        return word.start(), word.start() + len(word[0].rstrip(_NOT_OF_WORDS))


class Parts(NamedTuple):
    """What a receipt may tell something in.

    The field that holds the text (short_message or message_payload) has its octets from
    ``begin`` to ``end``; in front of them is its length, of ``length_size`` octets. ``text``
    begins behind them where there is a user data header.
    """

    begin: int
    end: int
    length_size: int
    text: Text
    tlvs: tuple[LocatedTlv, ...]
    esm_class: int


NO_PARTS = Parts(0, 0, 1, Text(0, 1, b""), (), 0)
"""The parts of octets in which no message can be found."""


def parts(octets: bytes) -> Parts:
    """The text, from short_message or else message_payload, and all TLVs that can be read."""
    try:
        begin, behind = peek.short_message_at(octets)
        esm_class = peek.esm_class(octets)
    except PduError:
        return NO_PARTS
    # Behind data_coding are sm_default_msg_id and sm_length, which a data_sm has not.
    coding = octets[begin - (1 if octets[7] == _DATA_SM else 3)]
    tlvs = located_tlvs(octets, behind)
    end, length_size = behind, 1
    if begin == end:
        length_size = 2
        begin, end = next(
            ((at, at + len(value)) for tag, at, value in tlvs if tag == _PAYLOAD), (0, 0)
        )
    message = octets[begin:end]
    header_size = _header_size(message) if esm_class & _UDHI else 0
    text = _text(message, begin, header_size, wide=coding == _UCS2)
    return Parts(begin, end, length_size, text, tlvs, esm_class)


def c_string_at(value: bytes) -> tuple[int, int]:
    """Where in ``value`` the string is that ends at its first NUL, without spaces around it."""
    string = value.partition(b"\0")[0]
    begin = len(string) - len(string.lstrip())
    return begin, max(begin, len(string.rstrip()))


def _header_size(message: bytes) -> int:
    """Octets of the user data header, if its elements fill it; else 0, for there is none."""
    at, end = 1, 1 + message[0] if message else 0
    while at + 1 < end <= len(message):
        at += 2 + message[at + 1]
    return end if at == end <= len(message) else 0


def _text(octets: bytes, begin: int, header_size: int, *, wide: bool) -> Text:
    """The text by the first reading with an id, else the first with a field."""
    best = None
    for text in _readings(octets, begin, header_size, wide=wide):
        if text.id_at() != (0, 0):
            return text
        if best is None and next(text.fields(), None):
            best = text
    return best or Text(begin + header_size, 1, octets[header_size:])


def _readings(octets: bytes, begin: int, header_size: int, *, wide: bool) -> Iterator[Text]:
    """The text as data_coding and UDHI say, then as they do not."""
    for skipped in (header_size, 0) if header_size else (0,):
        left = octets[skipped:]
        for step in (2, 1) if wide else (1, 2):
            if step == 1:
                yield Text(begin + skipped, step, left)
            elif b"\0:" in left:
                yield Text(begin + skipped, step, _narrowed(left))


def _narrowed(octets: bytes) -> bytes:
    """UCS-2 with one octet a character. A surrogate pair stays two, so that offsets are right."""
    high, low = octets[::2], octets[1::2]
    if not high.strip(b"\0"):
        return low
    return bytes(0x3F if above else below for above, below in zip(high, low, strict=False))
