"""The tables of ``docs/metrics.md`` and ``docs/messages.md``, made of what they are about.

``python -m smppgate.observe.reference`` prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from smppgate.gate.relay.reason import Reason
from smppgate.observe.families import FAMILIES
from smppgate.observe.family import AnyFamily, Joining
from smppgate.observe.records import FIELDS
from smppgate.observe.worker_families import WORKER_FAMILIES


def metrics() -> Iterator[str]:
    """The lines of the table of metrics."""
    yield "| metric | kind | labels | meaning | of several workers |"
    yield "|---|---|---|---|---|"
    for family in FAMILIES:
        yield f"{_metric(family)} {_JOININGS[family.joining]} |"
    for family in WORKER_FAMILIES:
        yield f"{_metric(family)} only there |"


_JOININGS = {
    Joining.SUM: "sum",
    Joining.MOST: "greatest",
    Joining.EACH: "each, by `worker`",
    Joining.NONE: "none",
}


def _metric(family: AnyFamily) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.about} |"


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
