"""``; did you mean X?``: for names that are not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from smppgate.settings.checks import shown

MAX_COMPARED = 100
"""Names among which the nearest is looked for: it takes time with each of them."""


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean X?`` with the nearest of ``known``; empty when none is near."""
    candidates = tuple(known)
    if len(candidates) > MAX_COMPARED:
        return ""
    near = difflib.get_close_matches(word, candidates, n=1)
    return f"; did you mean {shown(near[0])}?" if near else ""
