"""Text that may have come from anywhere, made fit for one line of a log or a terminal."""

from __future__ import annotations

LONGEST_SHOWN = 1000
"""Characters shown of one value: what a peer sends may have 70 000."""


def printable(text: str) -> str:
    """``text`` with escapes for all that cannot be printed: control characters, line ends, marks
    that change the direction of writing, halves of characters."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def shown(text: str) -> str:
    """`printable` text of at most `LONGEST_SHOWN` characters and three dots."""
    if len(text) > LONGEST_SHOWN:
        text = text[:LONGEST_SHOWN] + "..."
    return printable(text)
