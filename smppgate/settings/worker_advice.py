"""What is said of workers by ``smppgate check``."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from smppgate.settings.endpoints import split, unwrapped
from smppgate.settings.model import Settings
from smppgate.settings.workers import worker_count

_SHARED = ("tcp", "tcp6", "ssl")
"""Kinds of endpoints of which each worker has a socket; see `RawListener`."""

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def worker_warnings(settings: Settings) -> Iterator[str]:
    """What is of no use, and what goes from one worker to another for want of links."""
    count = worker_count(settings.gate.workers)
    if settings.gate.reuse_port and count == 1:
        yield "gate.reuse_port: is not used, there is one process"
    if settings.gate.reuse_port and count > 1:
        yield from _limits_of_each(settings, count)
    for index, smsc in enumerate(settings.smsc):
        if 0 < smsc.sessions < count:
            many = "session" if smsc.sessions == 1 else "sessions"
            has = f"{smsc.name} has {smsc.sessions} {many}, {count} workers"
            relayed = f"{_relayed(smsc.sessions, count)} relayed from one worker to another"
            yield f"smsc[{index}].sessions: {has}: {relayed}"


def _limits_of_each(settings: Settings, workers: int) -> Iterator[str]:
    """Limits that no master counts, where workers accept by themselves."""
    for index, listen in enumerate(settings.listen):
        if split(unwrapped(listen.endpoint)).scheme in _SHARED:
            most = f"up to {workers * listen.max_sessions} connections in all"
            path = f"listen[{index}].max_sessions"
            yield f"{path}: with reuse_port it holds in each of {workers} workers, {most}"


def _relayed(sessions: int, workers: int) -> str:
    """Which part of the messages is taken by a worker without a link."""
    part = Fraction(workers - sessions, workers)
    few, many = _word(part.numerator), _word(part.denominator)
    verb = "is" if part.numerator == 1 else "are"
    return f"{few} {'message' if verb == 'is' else 'messages'} of {many} {verb}"


def _word(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)
