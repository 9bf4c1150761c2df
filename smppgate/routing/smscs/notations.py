"""Ids of one message in two notations.

Some SMSCs give a message_id in hexadecimal in the submit_sm_resp and in decimal in the receipt, or
the reverse; some put zeros in front of one or lose them, or write letters in the other case, or
several of these at once. `Notations` knows, for one group of links to an SMSC, under which ids the
submit_sm_resp may have given what a receipt is about. Unless the configuration says that they
differ, the id as it stands comes first, so nothing is ever taken for another message's where
there is a message of that very id. Where it says so, a number as it stands is another message's.

A notation is a way to write the id anew, and a width to which zeros are put in front. Widths are
those of the ids that the SMSC gives, whatever they are; before it has given enough of them, those
that are usual too. The notation that was right last is tried before the others, so a steady
stream of receipts costs one look-up more than with equal ids. Turning each receipt's id into a
number and looking that up was rejected: ids that are equal as numbers need not be the same
message's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from smppgate.routing.smscs.letter_case import folded, has_both_cases

LONGEST_ID = 64
"""Octets of a message_id without its NUL, SMPP v3.4 §5.2.23. Longer ones have one notation."""

KINDS = ("auto", "same", "resp_hex", "receipt_hex")
"""What notations may be, as the setting ``receipt_ids`` has it."""

MOST_WIDTHS = 8
"""Widths of given ids that are remembered, those given last: an SMSC has one, or a few."""

_TOLD_ENOUGH = 100
"""Ids given since the start after which no other widths than theirs are expected."""

_MOST_AGAINST = 8
"""Matches in another base that count at the most against those with equal ids."""

_SURE = 1000
"""Receipts with the very id of the resp that as many in another base have to outweigh."""

_ENOUGH = 10
"""So many of them show that an SMSC writes ids in one way only."""

_DECIMAL_DIGITS, _HEX_DIGITS = b"0123456789", b"0123456789ABCDEFabcdef"

# 20 digits hold any number of 64 bits; 32 are the hexadecimal writing of 128, as of a UUID.
_USUAL_WIDTHS = (*range(2, 21), 32)

_Write = Callable[[bytes], bytes]


def _same(message_id: bytes) -> bytes:
    return message_id


def _bare(write: _Write) -> _Write:
    """The same without zeros in front, but for one that is all there is."""
    return lambda receipt_id: write(receipt_id).lstrip(b"0") or b"0"


def _number(digits: bytes, form: bytes) -> _Write:
    """From a number in these digits to one in another form; to nothing from what is no number."""
    base = 10 if digits == _DECIMAL_DIGITS else 16

    def write(receipt_id: bytes) -> bytes:
        if not receipt_id or receipt_id.strip(digits):
            return b""
        return form % int(receipt_id, base)

    return write


def _is_one_number(one: bytes, other: bytes) -> bool:
    """Whether both are the same but for case and zeros in front."""
    return one.lower().lstrip(b"0") == other.lower().lstrip(b"0")


def _reads_alike(message_id: bytes) -> bool:
    """Whether it is no number, or the same one in decimal and in hexadecimal."""
    return bool(message_id.strip(_HEX_DIGITS)) or (
        len(message_id) == 1 and message_id in _DECIMAL_DIGITS
    )


class _Way(NamedTuple):
    """A way to write an id anew, and whether zeros may stand in front of what it gives."""

    write: _Write
    has_zeros: bool


class _Notation(NamedTuple):
    """What was right last: a way, and the width it was padded to, 0 for none."""

    write: _Write
    width: int

    def apply(self, receipt_id: bytes) -> bytes:
        """The other writing; empty where there is none."""
        written = self.write(receipt_id)
        return written.rjust(self.width, b"0") if written else b""


_RESP_HEX = (
    _Way(_number(_DECIMAL_DIGITS, b"%X"), True),
    _Way(_number(_DECIMAL_DIGITS, b"%x"), True),
)
_RECEIPT_HEX = (_Way(_number(_HEX_DIGITS, b"%d"), True),)

_WAYS: dict[str, tuple[_Way, ...]] = {
    "same": (),
    "resp_hex": _RESP_HEX,
    "receipt_hex": _RECEIPT_HEX,
    "auto": (
        *(_Way(case, False) for case in (bytes.lower, bytes.upper, bytes.swapcase)),
        _Way(_bare(_same), True),
        *_RESP_HEX,
        *_RECEIPT_HEX,
        _Way(_bare(bytes.upper), True),
        _Way(_bare(bytes.lower), True),
    ),
}

_CONVERTED = {"resp_hex": _DECIMAL_DIGITS, "receipt_hex": _HEX_DIGITS}


class Notations:
    """How one group of links to an SMSC writes ids.

    :param kind: ``"same"``: the resp and the receipt agree; ``"resp_hex"``: the resp is
        hexadecimal, the receipt decimal; ``"receipt_hex"``: the reverse; ``"auto"``: any of
        these, the other case, other numbers of zeros in front, and several of these at once.
    :raises ValueError: for any other kind.
    """

    __slots__ = (
        "_converted",
        "_given",
        "_learned",
        "_same",
        "_ways",
        "_width",
        "_widths",
        "finds_folded",
        "folds",
        "kind",
    )

    def __init__(self, kind: str) -> None:
        if kind not in _WAYS:
            raise ValueError(f"no notations {kind!r}: they are one of {', '.join(KINDS)}")
        self.kind = kind
        self.finds_folded = kind == "auto"
        """Whether ids of both cases are to be kept under their `folded` form, too."""
        self.folds = False
        """Whether an id of both cases was last found by its `folded` form."""
        self._ways = _WAYS[kind]
        # What only such a number is made of, as the SMSC certainly writes differently elsewhere.
        self._converted = _CONVERTED.get(kind)
        self._learned: _Notation | None = None
        # Matches that show that both ids are in one base; below 0, that they are not.
        self._same = 0
        self._given = 0
        # Those of given ids, the one given last at the end.
        self._widths: dict[int, None] = {}
        self._width = 0

    @property
    def usual_width(self) -> int:
        """Octets of ids of which `gave` need not be told now; -1 while it is to be told of all."""
        return self._width if self._given >= _TOLD_ENOUGH else -1

    def gave(self, message_id: bytes) -> None:
        """Say that a resp gave this id; telling of some of them is enough."""
        width = len(message_id)
        if width == self._width and self._given >= _TOLD_ENOUGH:
            return
        self._width = width
        self._given += 1
        if 0 < width <= LONGEST_ID:
            self._widths.pop(width, None)
            self._widths[width] = None
            if len(self._widths) > MOST_WIDTHS:
                del self._widths[next(iter(self._widths))]

    def takes(self, receipt_id: bytes) -> bool:
        """Whether the resp may have given ``receipt_id`` as it stands."""
        if self._converted is None or not 0 < len(receipt_id) <= LONGEST_ID:
            return True
        return bool(receipt_id.strip(self._converted))

    def sought(self, receipt_id: bytes) -> tuple[bytes, ...]:
        """Ids that the resp may have given, the most trusted first, none of them twice.

        The first is ``receipt_id`` itself, octets of any value, if it `takes` that. There are
        fewer than 180, and fewer than 70 once the SMSC's widths are known; each has up to 64
        octets. For an id that is longer, or empty, there is no other.
        """
        itself = (receipt_id,) if self.takes(receipt_id) else ()
        return (*itself, *self.others(receipt_id))

    def likely(self, receipt_id: bytes) -> tuple[bytes, ...]:
        """The first of `sought`, which it nearly always is: itself, and what was right last."""
        if self._learned is None or not 0 < len(receipt_id) <= LONGEST_ID:
            return (receipt_id,) if self.takes(receipt_id) else ()
        itself = receipt_id if self.takes(receipt_id) else b""
        return tuple(filter(None, (itself, self._learned.apply(receipt_id))))

    def trusted(self, receipt_id: bytes) -> tuple[bytes, ...]:
        """Those of `sought` that leave no doubt, in the same order.

        Where nothing is configured these are the `likely` ones: any other may be the id of another
        message, as long as this one's may be yet to come.
        """
        return self.likely(receipt_id) if self.kind == "auto" else self.sought(receipt_id)

    def others(self, receipt_id: bytes) -> Iterator[bytes]:
        """All of `sought` but ``receipt_id`` as it stands, made as they are asked for."""
        if not 0 < len(receipt_id) <= LONGEST_ID:
            return
        seen = {b"", receipt_id} if self.takes(receipt_id) else {b""}
        for written in self._writings(receipt_id):
            if written not in seen and len(written) <= LONGEST_ID:
                seen.add(written)
                yield written

    def learned(self, receipt_id: bytes, found: bytes) -> None:
        """Say that the resp to what ``receipt_id`` is about had given ``found``.

        The notation that makes the one of the other will be tried before all others. Equal ids
        are held against one that would have made another of them; ids that no notation makes of
        each other teach nothing.
        """
        if receipt_id == found:
            self._saw_equal(receipt_id)
            return
        if not 0 < len(receipt_id) <= LONGEST_ID:
            return
        if not _is_one_number(receipt_id, found):
            self._same = max(self._same - 1, -_MOST_AGAINST)
        # Several notations may write one number alike; the one that was right before is it.
        if self._learned is not None and self._learned.apply(receipt_id) == found:
            return
        notation = self._notation(receipt_id, found)
        if notation is not None:
            self._learned = notation
        elif self.finds_folded and folded(receipt_id) == folded(found):
            self.folds = True

    def may_guess(self, receipt_id: bytes, found: bytes) -> bool:
        """Whether ``found`` may be taken for what ``receipt_id`` is about, with no exact match.

        Not where it is that number in another base, and receipts with equal ids have shown that
        the SMSC uses only one: then this one's message is unknown, and ``found`` is another's.
        """
        if self.kind != "auto" or self._same < _ENOUGH or _is_one_number(receipt_id, found):
            return True
        # Should the SMSC have changed its ways, it will not be refused for ever.
        self._same -= 1
        return False

    def _notation(self, receipt_id: bytes, found: bytes) -> _Notation | None:
        """The one that makes ``found`` of ``receipt_id``."""
        for write, has_zeros in self._ways:
            for width in (0, len(found)) if has_zeros else (0,):
                notation = _Notation(write, width)
                if notation.apply(receipt_id) == found:
                    return notation
        return None

    def _saw_equal(self, receipt_id: bytes) -> None:
        if self.folds and has_both_cases(receipt_id):
            self.folds = False
        learned = self._learned
        if learned is None:
            if self._same >= _SURE or _reads_alike(receipt_id):
                return
        elif learned.apply(receipt_id) in (receipt_id, b""):
            return
        self._same += 1
        if self._same > 0:
            self._learned = None

    def _writings(self, receipt_id: bytes) -> Iterator[bytes]:
        """Every writing, some of them more than once; empty where there is none."""
        if self._learned is not None:
            yield self._learned.apply(receipt_id)
        widths = tuple(reversed(self._widths))
        if self._given < _TOLD_ENOUGH:
            widths += _USUAL_WIDTHS
        bare = {b""}
        for write, has_zeros in self._ways:
            written = write(receipt_id)
            yield written
            if has_zeros and written not in bare:
                bare.add(written)
                yield from (written.rjust(width, b"0") for width in widths)
