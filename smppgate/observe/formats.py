"""How lines of the message log and of a CDR are written: `Json`, `Text`, `Csv`.

What is empty is left out, but for CSV, which has a column for each field. Whatever a peer sent, a
line has no control character but the line end at its end.

A line is made of fields with a separator in front of each, so that those which many messages have
in common are put together once: `Format.piece`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from smppgate.observe.records import IDS, NAMES, OUTCOME, REST
from smppgate.txsmpp.printable import printable

Value: TypeAlias = "str | int | float"
"""A float is seconds."""

_BARE = re.compile(r"[A-Za-z0-9_.:+/#-]+")
_TO_QUOTE = re.compile(r'[",\s]')


class Format:
    """A way to write lines.

    :ivar taken: what is around the values in the line of a message that an SMSC took: its time,
        the piece of `PLACE`, both ids and both addresses, and the pieces of `OUTCOME` and `PLANS`.
        Ids and addresses are to be letters, digits and ``+._-``.
    :ivar outcome: its piece of `OUTCOME`, to be filled in with its latency, and the times when it
        came and left.
    """

    begin, end, empty = b"", b"\n", b""

    def __init__(self) -> None:
        begin = self.blank("time") + self.field("event", "sent") + b"%b"
        self.outcome = self._outcome()
        middle = b"".join(map(self.blank, IDS)) + b"%b%b"
        line = self.begin + begin[1:] + middle + self.piece(REST, {}) + self.end
        self.taken = tuple(line.split(b"%b"))

    def head(self) -> bytes:
        """What a file begins with."""
        return b""

    def _outcome(self) -> bytes:
        blanks = {name: self.blank(name) for name in ("entered", "sent")}
        blanks |= {"status": self.field("status", "ESME_ROK")}
        blanks |= {"latency": self.blank("latency", False).replace(b"%b", b"%.6f")}
        return b"".join(blanks.get(name, self.empty) for name in OUTCOME)

    def line(self, values: Mapping[str, Value]) -> bytes:
        """The line of these values, by name of their field."""
        return self.begin + self.piece(NAMES, values)[1:] + self.end

    def piece(self, names: Iterable[str], values: Mapping[str, Value]) -> bytes:
        """The fields of these names, as they stand in a line."""
        return b"".join(self.field(name, values.get(name, "")) for name in names)

    def field(self, name: str, value: Value) -> bytes:
        """One field, with the separator in front, which is one octet."""
        if value == "":
            return self.empty
        if isinstance(value, str):
            return self.text(name, value)
        return self.blank(name, False) % (b"%.6f" if isinstance(value, float) else b"%d") % value

    def blank(self, name: str, is_text: bool = True) -> bytes:
        """One field to be filled in with a number, or a text that needs no escapes."""
        raise NotImplementedError

    def text(self, name: str, text: str) -> bytes:
        """One field, whatever is in its text."""
        raise NotImplementedError


class Json(Format):
    """An object for each line."""

    begin, end = b"{", b"}\n"

    def blank(self, name: str, is_text: bool = True) -> bytes:
        """See `Format.blank`."""
        return b',"%b":"%%b"' % name.encode() if is_text else b',"%b":%%b' % name.encode()

    def text(self, name: str, text: str) -> bytes:
        """See `Format.text`."""
        return b',"%b":%b' % (name.encode(), _quoted(text))


class Text(Format):
    """``name=value`` for people and for grep; in quotes where there is more than a word."""

    def blank(self, name: str, is_text: bool = True) -> bytes:
        """See `Format.blank`."""
        return b" %b=%%b" % name.encode()

    def text(self, name: str, text: str) -> bytes:
        """See `Format.text`."""
        value = text.encode() if _BARE.fullmatch(text) else _quoted(text)
        return b" %b=%b" % (name.encode(), value)


class Csv(Format):
    """A column for each field, with their names in the first line: RFC 4180, in UTF-8."""

    empty = b","

    def head(self) -> bytes:
        """The names of the columns."""
        return ",".join(NAMES).encode() + self.end

    def blank(self, name: str, is_text: bool = True) -> bytes:
        """See `Format.blank`."""
        return b",%b"

    def text(self, name: str, text: str) -> bytes:
        """See `Format.text`."""
        value = printable(text)
        if _TO_QUOTE.search(value):
            value = '"%s"' % value.replace('"', '""')  # noqa: UP031 - with quotes in it
        return b"," + value.encode()


FORMATS: Mapping[str, type[Format]] = {"json": Json, "text": Text, "csv": Csv}
"""By the names that the settings have for them."""


def _quoted(text: str) -> bytes:
    # JSON leaves DEL as it is.
    return json.dumps(text).replace("\x7f", "\\u007f").encode("ascii")
