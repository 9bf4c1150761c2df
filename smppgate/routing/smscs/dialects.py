"""Ids of one message in two notations.

Some SMSCs give a message_id in hexadecimal in the submit_sm_resp and in decimal in the receipt, or
the reverse; some pad one with zeros, or write it in the other case. A `Dialect` knows, for one
group of links to an SMSC, under which ids the submit_sm_resp may have given what a receipt is
about. Unless the configuration says that they differ, the id as it stands comes first, so nothing
is ever taken for another message's where there is a message of that very id. Where it says so, a
number as it stands is another message's.

A notation is a way to write the id anew, and a width to which zeros are put in front. The one
that was right last is tried before the others, so a steady stream of receipts costs one look-up
more than with equal ids. Turning each receipt's id into a number and looking that up was rejected:
ids that are equal as numbers need not be the same message's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

LONGEST_ID = 64
"""Octets of a message_id without its NUL, SMPP v3.4 §5.2.23. Longer ones have one notation."""

KINDS = ("auto", "same", "resp_hex", "receipt_hex")
"""What a dialect may be, as the setting ``receipt_ids`` has it."""

_MOST_AGAINST = 8
"""Matches in another base that count at the most against those with equal ids."""

_SURE = 1000
"""Receipts with the very id of the resp that as many in another base have to outweigh."""

_ENOUGH = 10
"""So many of them show that an SMSC writes ids in one way only."""

_DECIMAL_DIGITS, _HEX_DIGITS = b"0123456789", b"0123456789ABCDEFabcdef"

# 20 digits hold any number of 64 bits; 32 are the hexadecimal writing of 128, as of a UUID.
_WIDTHS = range(2, 21)
_HEX_WIDTHS = (*_WIDTHS, 32)


def _written(digits: bytes, form: bytes) -> Callable[[bytes], bytes]:
    """From a number in these digits to one in another form; to nothing from what is no number."""

    def write(receipt_id: bytes) -> bytes:
        if not receipt_id or receipt_id.strip(digits):
            return b""
        return form % int(receipt_id, 10 if digits == _DECIMAL_DIGITS else 16)

    return write


def _is_one_number(one: bytes, other: bytes) -> bool:
    """Whether both are the same but for case and zeros in front."""
    return one.lower().lstrip(b"0") == other.lower().lstrip(b"0")


def _reads_alike(message_id: bytes) -> bool:
    """Whether it is no number, or the same one in decimal and in hexadecimal."""
    return bool(message_id.strip(_HEX_DIGITS)) or (
        len(message_id) == 1 and message_id in _DECIMAL_DIGITS
    )


def _stripped(receipt_id: bytes) -> bytes:
    return receipt_id.lstrip(b"0") or b"0"


class _Way(NamedTuple):
    """A way to write an id anew, and the widths beside its own that it may be padded to."""

    write: Callable[[bytes], bytes]
    widths: tuple[int, ...]


class _Notation(NamedTuple):
    """What was right last: a way, and the width it was padded to, 0 for none."""

    write: Callable[[bytes], bytes]
    width: int

    def apply(self, receipt_id: bytes) -> bytes:
        """The other writing; empty where there is none."""
        written = self.write(receipt_id)
        return written.rjust(self.width, b"0") if written else b""


_RESP_HEX = (
    _Way(_written(_DECIMAL_DIGITS, b"%X"), _HEX_WIDTHS),
    _Way(_written(_DECIMAL_DIGITS, b"%x"), _HEX_WIDTHS),
)
_RECEIPT_HEX = (_Way(_written(_HEX_DIGITS, b"%d"), (*_WIDTHS,)),)

_WAYS: dict[str, tuple[_Way, ...]] = {
    "same": (),
    "resp_hex": _RESP_HEX,
    "receipt_hex": _RECEIPT_HEX,
    "auto": (
        *(_Way(case, ()) for case in (bytes.lower, bytes.upper, bytes.swapcase)),
        _Way(_stripped, (*_WIDTHS,)),
        *_RESP_HEX,
        *_RECEIPT_HEX,
        _Way(_written(_HEX_DIGITS, b"%X"), _HEX_WIDTHS),
        _Way(_written(_HEX_DIGITS, b"%x"), _HEX_WIDTHS),
    ),
}


_CONVERTED = {"resp_hex": _DECIMAL_DIGITS, "receipt_hex": _HEX_DIGITS}


class Dialect:
    """How one group of links to an SMSC writes ids.

    :param kind: ``"same"``: the resp and the receipt agree; ``"resp_hex"``: the resp is
        hexadecimal, the receipt decimal; ``"receipt_hex"``: the reverse; ``"auto"``: any of
        these, the other case, and other numbers of leading zeros.
    :raises ValueError: for any other kind.
    """

    __slots__ = ("_converted", "_learned", "_same", "_ways", "kind")

    def __init__(self, kind: str) -> None:
        if kind not in _WAYS:
            raise ValueError(f"no dialect {kind!r}: it is one of {', '.join(KINDS)}")
        self.kind = kind
        self._ways = _WAYS[kind]
        # What only such a number is made of, as the SMSC certainly writes differently elsewhere.
        self._converted = _CONVERTED.get(kind)
        self._learned: _Notation | None = None
        # Matches that show that both ids are in one base; below 0, that they are not.
        self._same = 0

    def takes(self, receipt_id: bytes) -> bool:
        """Whether the resp may have given ``receipt_id`` as it stands."""
        if self._converted is None or not 0 < len(receipt_id) <= LONGEST_ID:
            return True
        return bool(receipt_id.strip(self._converted))

    def sought(self, receipt_id: bytes) -> tuple[bytes, ...]:
        """Ids that the resp may have given, the most trusted first, none of them twice.

        The first is ``receipt_id`` itself, octets of any value, if it `takes` that. There are
        fewer than 90, of up to 64 octets; for an id that is longer, or empty, there is no other.
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
        are held against one that would have made another of them; such as no notation makes
        teach nothing.
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
        for write, widths in self._ways:
            for width in (0, len(found)) if len(found) in widths else (0,):
                notation = _Notation(write, width)
                if notation.apply(receipt_id) == found:
                    self._learned = notation
                    return

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

    def _saw_equal(self, receipt_id: bytes) -> None:
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
        for write, widths in self._ways:
            written = write(receipt_id)
            yield written
            if written:
                yield from (written.rjust(width, b"0") for width in widths)
