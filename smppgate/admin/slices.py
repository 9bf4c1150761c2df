"""Long work a little at a time: the reactor has its turn between, and long lists as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TypeVar

from twisted.internet.task import deferLater

from smppgate.txsmpp.clock import Clock

T = TypeVar("T")

SLICE_SECONDS = 0.002
"""Seconds of the reactor that are taken at a time."""

A_SLICE = 100
"""Things that are made at a time at the most, however fast the machine is."""


async def in_slices(work: Iterable[T], clock: Clock) -> list[T]:
    """All that ``work`` gives, one after the other, made in slices."""
    done: list[T] = []
    began, count = clock.monotonic(), 0
    for each in work:
        done.append(each)
        count += 1
        if count >= A_SLICE or clock.monotonic() - began > SLICE_SECONDS:
            await deferLater(clock, 0.0)
            began, count = clock.monotonic(), 0
    return done


async def json_array(plain: Callable[[T], object], records: Iterable[T], clock: Clock) -> bytes:
    """``records`` as a JSON array of what ``plain`` makes of each, made in slices."""
    texts = (json.dumps(plain(record), separators=(",", ":")) for record in records)
    return f"[{','.join(await in_slices(texts, clock))}]".encode()
