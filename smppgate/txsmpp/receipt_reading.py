"""The text of a receipt in whatever form: which of its readings is one, and its id and state."""

from __future__ import annotations

import re
from typing import NamedTuple

from smppgate.txsmpp.message_text import Layout, TextField, readings
from smppgate.txsmpp.text_fields import Text

USUAL_FIELDS = (
    rb"id:([\w-]++) sub:\w*+ dlvrd:\w*+ submit date:\w*+ done date:\w*+"
    rb" stat:(\w++) err:\w*+(?: [Tt]ext:)?"
)
"""Pattern of the fields of most receipts, as in SMPP v3.4 appendix B; the groups are id and stat.

What it matches `text_fields` reads the same, ten times as slowly, where `are_all` says so.
"""

_USUAL = re.compile(USUAL_FIELDS)
_COLON = 0x3A


class TextIds(NamedTuple):
    """Where a text has the id: ``spans``, from begin to end, in whole characters.

    The text's field is from ``field_begin`` to ``field_end``, and ``length_size`` is that of
    `TextField`. The text is from ``begin`` on, behind a user data header if there is one;
    ``encoding`` is Python's name of its encoding.
    """

    field_begin: int
    field_end: int
    length_size: int
    begin: int
    encoding: str
    spans: tuple[tuple[int, int], ...]


def are_all(usual: re.Match[bytes], octets: bytes, behind: int) -> bool:
    """Whether a text that ends in front of offset ``behind`` has these fields and no more.

    One that goes on without ``text:`` may have.
    """
    end = usual.end()
    return end == behind or (end < behind and octets[end - 1] == _COLON)


class Reading(NamedTuple):
    """A text, the id in it and where that is there, and its state, None where it has no such."""

    field: TextField | None
    text: Text
    message_id: bytes
    spans: tuple[tuple[int, int], ...]
    stat: bytes | None

    @property
    def worth(self) -> int:
        """The more, the likelier this is the text."""
        return 2 * bool(self.message_id) + (self.stat is not None)

    @property
    def is_whole(self) -> bool:
        """Whether it has both."""
        return bool(self.message_id) and self.stat is not None

    def text_ids(self) -> TextIds | None:
        """Where in the PDU the id is."""
        if self.field is None or not self.spans:
            return None
        spans = tuple(self.text.octets_at(*span) for span in self.spans)
        return TextIds(*self.field, self.text.begin, self.text.encoding, spans)


_NOTHING = Reading(None, Text(0, "latin-1", b""), b"", (), None)


def best_reading(octets: bytes, where: Layout) -> Reading:
    """The first reading with id and state, else with an id, else with a state."""
    best = _NOTHING
    for field in where.fields:
        for text in readings(octets, field, where.esm_class, where.data_coding):
            reading = _reading(field, text)
            if reading.worth > best.worth:
                best = reading
            if best.is_whole:
                return best
    return best


def _reading(field: TextField, text: Text) -> Reading:
    """The id of the first such field that has a value, wherever it is repeated; the state."""
    usual = _USUAL.match(text.characters)
    if usual is not None and are_all(usual, text.characters, len(text.characters)):
        return Reading(field, text, usual[1], (usual.span(1),), usual[2])
    message_id, stat = b"", None
    spans: tuple[tuple[int, int], ...] = ()
    for name, begin, end in text.fields():
        value = text.characters[begin:end]
        if name == b"id" and value and message_id in (b"", value):
            message_id = value
            spans += ((begin, end),)
        elif name == b"stat":
            stat = stat or value
    return Reading(field, text, message_id, spans, stat)
