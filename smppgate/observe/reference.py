"""The table of metrics of ``docs/metrics.md``, made of `FAMILIES`.

``python -m smppgate.observe.reference`` prints it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from smppgate.observe.families import FAMILIES


def markdown() -> Iterator[str]:
    """The lines of the table."""
    yield "| metric | kind | labels | meaning |"
    yield "|---|---|---|---|"
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{family.name}` | {family.kind} | {labels} | {family.about} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join((*markdown(), "")))
