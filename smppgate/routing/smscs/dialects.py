"""Ids of one message in two notations.

Some SMSCs write a message_id in hexadecimal in the submit_sm_resp and in decimal in the receipt,
or the reverse; some pad one of the two with zeros, or write it in the other case. For an id in a
receipt, a `Dialect` gives the ids that the submit_sm_resp of the same message may have had.

The receipt's id as it stands comes first, so a message with exactly that id is always preferred.
With ``resp_hex`` and ``receipt_hex`` it is left out if it is a number in the receipt's base: a
message with exactly that id in its submit_sm_resp is another message.

A notation is a conversion of the id, and a width to which the result is padded with zeros. The
notation that matched last is tried before the others, so a steady stream of receipts costs one
look-up more than with equal ids. Looking up the number that an id stands for, in place of its
octets, was rejected: two messages may have ids that are equal as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

LONGEST_ID = 64
"""Octets of a message_id without its NUL, SMPP v3.4 §5.2.23. A longer id has one notation only."""

KINDS = ("auto", "same", "resp_hex", "receipt_hex")
"""The kinds of dialects, as the setting ``receipt_ids`` names them."""

# A dialect's score counts up with each receipt whose id shows that the SMSC writes both ids in one
# base, and down with each match in another base. From `_ONE_BASE_SCORE` on, the SMSC is taken to
# use one base only. The score stays within the other two, so that this can still change when the
# SMSC changes its notation.
_LOWEST_SCORE, _ONE_BASE_SCORE, _HIGHEST_SCORE = -8, 10, 1000

_DECIMAL_DIGITS, _HEX_DIGITS = b"0123456789", b"0123456789ABCDEFabcdef"

# A number of 64 bits has up to 20 decimal digits; one of 128 bits, such as a UUID, has 32
# hexadecimal digits.
_WIDTHS = tuple(range(2, 21))
_HEX_WIDTHS = (*_WIDTHS, 32)


def _rewrite(digits: bytes, form: bytes) -> Callable[[bytes], bytes]:
    """A function from a number written in ``digits`` to the same number in ``form``.

    The function returns no octets for an id that is not such a number.
    """

    def convert(receipt_id: bytes) -> bytes:
        if not receipt_id or receipt_id.strip(digits):
            return b""
        return form % int(receipt_id, 10 if digits == _DECIMAL_DIGITS else 16)

    return convert


def _equal_but_for_case_and_zeros(one: bytes, other: bytes) -> bool:
    """Whether both ids are equal but for case and for zeros in front."""
    return one.lower().lstrip(b"0") == other.lower().lstrip(b"0")


def _shows_no_base(message_id: bytes) -> bool:
    """Whether the id is not a number, or is the same number in decimal and in hexadecimal."""
    return bool(message_id.strip(_HEX_DIGITS)) or (
        len(message_id) == 1 and message_id in _DECIMAL_DIGITS
    )


def _stripped(receipt_id: bytes) -> bytes:
    return receipt_id.lstrip(b"0") or b"0"


class _Conversion(NamedTuple):
    """A conversion of an id, and the widths to which its result may be padded with zeros."""

    convert: Callable[[bytes], bytes]
    widths: tuple[int, ...]


class _Notation(NamedTuple):
    """A conversion with one of its widths; 0 for a result that is not padded."""

    convert: Callable[[bytes], bytes]
    width: int

    def apply(self, receipt_id: bytes) -> bytes:
        """``receipt_id`` in this notation; no octets if it cannot be converted."""
        converted = self.convert(receipt_id)
        return converted.rjust(self.width, b"0") if converted else b""


_RESP_HEX = (
    _Conversion(_rewrite(_DECIMAL_DIGITS, b"%X"), _HEX_WIDTHS),
    _Conversion(_rewrite(_DECIMAL_DIGITS, b"%x"), _HEX_WIDTHS),
)
_RECEIPT_HEX = (_Conversion(_rewrite(_HEX_DIGITS, b"%d"), _WIDTHS),)

_CONVERSIONS: dict[str, tuple[_Conversion, ...]] = {
    "same": (),
    "resp_hex": _RESP_HEX,
    "receipt_hex": _RECEIPT_HEX,
    "auto": (
        *(_Conversion(case, ()) for case in (bytes.lower, bytes.upper, bytes.swapcase)),
        _Conversion(_stripped, _WIDTHS),
        *_RESP_HEX,
        *_RECEIPT_HEX,
        _Conversion(_rewrite(_HEX_DIGITS, b"%X"), _HEX_WIDTHS),
        _Conversion(_rewrite(_HEX_DIGITS, b"%x"), _HEX_WIDTHS),
    ),
}

# Kind → the digits of numbers in receipts, where the submit_sm_resp has them in another base.
_RECEIPT_DIGITS = {"resp_hex": _DECIMAL_DIGITS, "receipt_hex": _HEX_DIGITS}


class Dialect:
    """The notations in which one message center writes the ids of one message.

    It learns from receipts whose message was found: see `learned`.

    :param kind: ``"same"``: resp and receipt have equal ids; ``"resp_hex"``: the id is hexadecimal
        in the resp and decimal in the receipt; ``"receipt_hex"``: the reverse; ``"auto"``: any of
        these, and the id may differ in case and in the number of zeros in front.
    :raises ValueError: for any other kind.
    """

    __slots__ = ("_conversions", "_learned", "_receipt_digits", "_score", "kind")

    def __init__(self, kind: str) -> None:
        if kind not in _CONVERSIONS:
            raise ValueError(f"no dialect {kind!r}: it is one of {', '.join(KINDS)}")
        self.kind = kind
        self._conversions = _CONVERSIONS[kind]
        self._receipt_digits = _RECEIPT_DIGITS.get(kind)
        # The notation that matched last.
        self._learned: _Notation | None = None
        # See `_ONE_BASE_SCORE`.
        self._score = 0

    def takes(self, receipt_id: bytes) -> bool:
        """Whether the resp may have had ``receipt_id`` as it stands."""
        if self._receipt_digits is None or not 0 < len(receipt_id) <= LONGEST_ID:
            return True
        return bool(receipt_id.strip(self._receipt_digits))

    def sought(self, receipt_id: bytes) -> tuple[bytes, ...]:
        """The ids that the resp may have had, the most likely first, without duplicates.

        The first is ``receipt_id`` itself, octets of any value, if the dialect `takes` it. There
        are fewer than 90, of 1 to 64 octets; an empty or longer id is the only one.
        """
        itself = (receipt_id,) if self.takes(receipt_id) else ()
        return (*itself, *self.others(receipt_id))

    def likely(self, receipt_id: bytes) -> tuple[bytes, ...]:
        """The ids to look up before all others of `sought`, at most two.

        These are ``receipt_id`` itself, if the dialect `takes` it, and the id in the notation that
        matched last.
        """
        if self._learned is None or not 0 < len(receipt_id) <= LONGEST_ID:
            return (receipt_id,) if self.takes(receipt_id) else ()
        itself = receipt_id if self.takes(receipt_id) else b""
        return tuple(filter(None, (itself, self._learned.apply(receipt_id))))

    def trusted(self, receipt_id: bytes) -> tuple[bytes, ...]:
        """The ids of `sought` that cannot be another message's, in the same order.

        With ``"auto"`` these are the `likely` ids. Any other may belong to another message while
        the resp to this one may still be on its way.
        """
        return self.likely(receipt_id) if self.kind == "auto" else self.sought(receipt_id)

    def others(self, receipt_id: bytes) -> Iterator[bytes]:
        """The ids of `sought` without ``receipt_id`` itself, each made when it is asked for."""
        if not 0 < len(receipt_id) <= LONGEST_ID:
            return
        seen = {b"", receipt_id} if self.takes(receipt_id) else {b""}
        for candidate in self._candidates(receipt_id):
            if candidate not in seen and len(candidate) <= LONGEST_ID:
                seen.add(candidate)
                yield candidate

    def learned(self, receipt_id: bytes, found: bytes) -> None:
        """Learn from a receipt with ``receipt_id`` whose message had ``found`` in its resp.

        The notation that leads from the one to the other is tried first from now on. Equal ids
        count against a notation that would have changed them. Two ids that no notation connects
        change nothing.
        """
        if receipt_id == found:
            self._saw_equal(receipt_id)
            return
        if not 0 < len(receipt_id) <= LONGEST_ID:
            return
        if not _equal_but_for_case_and_zeros(receipt_id, found):
            self._score = max(self._score - 1, _LOWEST_SCORE)
        # Several notations may lead to the same id; the one that matched before stays.
        if self._learned is not None and self._learned.apply(receipt_id) == found:
            return
        for convert, widths in self._conversions:
            for width in (0, len(found)) if len(found) in widths else (0,):
                notation = _Notation(convert, width)
                if notation.apply(receipt_id) == found:
                    self._learned = notation
                    return

    def may_guess(self, receipt_id: bytes, found: bytes) -> bool:
        """Whether a receipt with ``receipt_id`` may belong to the message with the id ``found``.

        Asked when no message with an id of `trusted` was found. False if ``found`` is the number
        in another base and receipts with equal ids have shown that the SMSC uses one base only:
        ``found`` belongs to another message then.
        """
        if self.kind != "auto" or self._score < _ONE_BASE_SCORE:
            return True
        if _equal_but_for_case_and_zeros(receipt_id, found):
            return True
        # Each False counts down, so that an SMSC may change its notation.
        self._score -= 1
        return False

    def _saw_equal(self, receipt_id: bytes) -> None:
        learned = self._learned
        if learned is None:
            if self._score >= _HIGHEST_SCORE or _shows_no_base(receipt_id):
                return
        elif learned.apply(receipt_id) in (receipt_id, b""):
            return
        self._score += 1
        if self._score > 0:
            self._learned = None

    def _candidates(self, receipt_id: bytes) -> Iterator[bytes]:
        """``receipt_id`` in every notation, with duplicates; no octets where one has no result."""
        if self._learned is not None:
            yield self._learned.apply(receipt_id)
        for convert, widths in self._conversions:
            converted = convert(receipt_id)
            yield converted
            if converted:
                yield from (converted.rjust(width, b"0") for width in widths)
