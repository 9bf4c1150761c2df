"""Long lists as JSON, made a few at a time: the reactor has its turn between."""

from __future__ import annotations

import json
from collections.abc import Iterable

from twisted.internet.task import deferLater

from smppgate.admin.shapes import Shape
from smppgate.txsmpp.clock import Clock

SLICE_SECONDS = 0.002
"""Seconds of the reactor that are taken at a time."""

A_SLICE = 100
"""Records that are made at a time at the most, however fast the machine is."""


async def json_array(shape: Shape, records: Iterable[object], clock: Clock) -> bytes:
    """``records`` as a JSON array, made in slices."""
    texts: list[str] = []
    began, count = clock.monotonic(), 0
    for record in records:
        texts.append(json.dumps(shape.plain(record), separators=(",", ":")))
        count += 1
        if count >= A_SLICE or clock.monotonic() - began > SLICE_SECONDS:
            await deferLater(clock, 0.0)
            began, count = clock.monotonic(), 0
    return f"[{','.join(texts)}]".encode()
