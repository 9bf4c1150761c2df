"""The tables of ``docs/metrics.md`` and ``docs/messages.md``, made of what they are about.

``python -m smppgate.observe.reference`` prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from smppgate.gate.relay.reason import Reason
from smppgate.observe.families import FAMILIES
from smppgate.observe.records import FIELDS


def metrics() -> Iterator[str]:
    """The lines of the table of metrics."""
    yield "| metric | kind | labels | meaning |"
    yield "|---|---|---|---|"
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{family.name}` | {family.kind} | {labels} | {family.about} |"


def fields() -> Iterator[str]:
    """The lines of the table of the fields of message logs."""
    yield "| field | meaning |"
    yield "|---|---|"
    for field in FIELDS:
        yield f"| `{field.name}` | {field.meaning} |"


def reasons() -> Iterator[str]:
    """The lines of the table of what the field ``reason`` may say."""
    yield "| reason | meaning |"
    yield "|---|---|"
    for reason in Reason:
        yield f"| {f'`{reason.word}`' if reason.word else 'none'} | {reason.meaning} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join((*metrics(), "", *fields(), "", *reasons(), "")))
