"""Ids in letters of both cases, where an SMSC writes those of one case in receipts."""

from __future__ import annotations


def folded(message_id: bytes) -> bytes:
    """``message_id`` without a difference of case and of zeros in front.

    What an SMSC has written in letters of one case does not say which of them were of the other.
    An id for which `has_both_cases` can only be found again if it is kept under this as well.
    """
    return message_id.lower().lstrip(b"0") or b"0"


def has_both_cases(message_id: bytes) -> bool:
    """Whether there are small letters and capitals in ``message_id``."""
    if message_id.isdigit() or message_id.islower() or message_id.isupper():
        return False
    return message_id.lower() != message_id.upper()
