"""Checks of what changes of ``[[rewrite]]`` are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from smppgate.settings.checks import Check, describe, shown, shown_integer
from smppgate.settings.errors import Problem
from smppgate.settings.route_checks import tlv_of
from smppgate.settings.texts import Text
from smppgate.txsmpp.constants import CommandStatus

LONGEST_TLV = 1024
"""Octets of a value: as many as the longest that the specification bounds, v5.0 §4.8.4.3."""

_TAG = re.compile(r"0x[0-9A-Fa-f]{1,4}")
_VALUE = re.compile(r"0x[0-9A-Fa-f]{1,4}=((?:[0-9A-Fa-f]{2})*)")
_TIME = re.compile(r"[0-9]{12}(?:[0-9](?:[0-3][0-9]|4[0-8])[+-]|000R)")


@attrs.frozen
class Unset(Check):
    """A value that passes ``item``; one that is left out leaves the field as it is."""

    item: Check

    @property
    def kind(self) -> str:
        """That of the item."""
        return self.item.kind

    @property
    def allowed(self) -> str:
        """What the item may be."""
        return self.item.allowed

    @property
    def none(self) -> str:
        """``as it is``."""
        return "as it is"

    def write(self, value: object) -> str:
        """``value`` as the configuration file writes it."""
        return self.none if value is None else self.item.write(value)

    def tidy(self, value: object) -> object:
        """As the item does."""
        return self.item.tidy(value)

    def problems(self, value: object) -> Iterator[Problem]:
        """Those of the item."""
        return self.item.problems(value)


@attrs.frozen
class ValidityPeriod(Text):
    """A time of SMPP v3.4 §7.1.1, 16 octets, or empty."""

    @property
    def allowed(self) -> str:
        """Both forms."""
        return '`"YYMMDDhhmmsstnnp"` (absolute), `"YYMMDDhhmmss000R"` (relative), or empty'

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has neither form."""
        if text and not _TIME.fullmatch(text):
            yield (
                f"must be a time of 16 characters ('000001000000000R' is a day), not {shown(text)}"
            )


@attrs.frozen
class TlvTag(Text):
    """The tag of a TLV, ``0x1400``."""

    @property
    def allowed(self) -> str:
        """The form."""
        return '`"0x1400"`'

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has another form."""
        if not _TAG.fullmatch(text):
            yield f"must be the tag of a TLV, '0x1400', not {shown(text)}"


@attrs.frozen
class TlvValue(Text):
    """A TLV with its value, ``0x1400=01ff``."""

    @property
    def allowed(self) -> str:
        """The form, and the longest value."""
        return f'`"0x1400=01ff"` (in hexadecimal), at most {LONGEST_TLV} octets'

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has another form, or its value is too long."""
        found = _VALUE.fullmatch(text)
        if found is None:
            yield f"must be a TLV with its value, '0x1400=01ff', not {shown(text)}"
        elif len(found[1]) > 2 * LONGEST_TLV:
            yield f"must have at most {LONGEST_TLV} octets, not {len(found[1]) // 2}"


def tags_of(value: object) -> list[int]:
    """The tags of texts in the form of `TlvValue`, as far as they have it."""
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, list | tuple):
        return []
    return [tlv_of(text)[0] for text in texts if isinstance(text, str) and _VALUE.fullmatch(text)]


@attrs.frozen
class StatusMap(Check):
    """A table of command_status → command_status, each a number or the specification's name."""

    @property
    def kind(self) -> str:
        """``table``."""
        return "table"

    @property
    def allowed(self) -> str:
        """An example."""
        return '`{ 0x45 = 0x58, ESME_RSYSERR = "ESME_RTHROTTLED" }`'

    def write(self, value: object) -> str:
        """``value`` as the configuration file writes it."""
        pairs = value if isinstance(value, tuple) else ()
        if not pairs:
            return "{}"
        return f"{{ {', '.join(f'0x{before:02X} = 0x{after:02X}' for before, after in pairs)} }}"

    def tidy(self, value: object) -> object:
        """A table without problems as pairs of numbers, in its order."""
        if not isinstance(value, dict) or any(self._of_table(value)):
            return value
        return tuple((_number(key), _number(told)) for key, told in value.items())

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is no table, or has what is no command_status, or a status twice."""
        if isinstance(value, tuple) and all(isinstance(each, tuple) for each in value):
            value = dict(value)
        if isinstance(value, dict):
            yield from self._of_table(value)
        else:
            yield Problem("", f"must be a table, not {describe(value)}")

    def _of_table(self, value: dict[object, object]) -> Iterator[Problem]:
        known: set[int] = set()
        for key, told in value.items():
            status = _number(key)
            if not isinstance(status, int) or not 1 <= status <= 0xFFFF_FFFF:
                text = "must be an error, 0x01 to 0xFFFFFFFF, or its name such as ESME_RSYSERR"
                yield Problem(f".{key}", text)
            elif status in known:
                yield Problem(f".{key}", f"0x{status:02X} is there already")
            else:
                known.add(status)
            yield from (Problem(f".{key}", text) for text in _status_faults(told))


def _status_faults(value: object) -> Iterator[str]:
    number = _number(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int):
        yield f"must be a command_status (0x58, ESME_RTHROTTLED), not {describe(value)}"
    elif not 0 <= number <= 0xFFFF_FFFF:
        yield f"must be a command_status from 0x00 to 0xFFFFFFFF, not {shown_integer(number)}"


def _number(value: object) -> object:
    """A command_status that is written as a number or a name; None for what is neither."""
    if isinstance(value, int):
        return value
    text = str(value)
    if text in CommandStatus.__members__:
        return int(CommandStatus[text])
    try:
        return int(text, 0) if len(text) <= len("0xFFFFFFFF") else None
    except ValueError:
        return None
