"""`Common`: what the master gives to all workers alike."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from itertools import count

from attrs import evolve, field, frozen

from smppgate.settings import Settings


@frozen
class Common:
    """What all workers go by.

    :ivar settings: the file's, but for what waits for a restart.
    :ivar workers: how many there are.
    :ivar secret: by which they bind at each other; made anew at each start of the master.
    :ivar run: what no other run of the master has; it goes into names of sockets.
    :ivar smscs: SMSC → the worker, counted from 0, that has its first link; its other links belong
        to the workers behind it, in turn.
    """

    settings: Settings
    workers: int
    secret: str = field(repr=False)
    run: str
    smscs: Mapping[str, int]

    @classmethod
    def at_start(cls, settings: Settings, workers: int, secret: str, run: str = "0") -> Common:
        """The first, with the SMSCs in the order of the file."""
        return cls(settings, workers, secret, run, _shared_out({}, _names(settings)))

    def with_settings(self, settings: Settings) -> Common:
        """The same with other settings; links of an SMSC that stays belong to whom they did."""
        smscs = _shared_out(self.smscs, _names(settings))
        return evolve(self, settings=settings, smscs=smscs)

    def octets(self) -> bytes:
        """For a connection that nobody else reads: passwords are in it."""
        return pickle.dumps(self, pickle.HIGHEST_PROTOCOL)

    @classmethod
    def of(cls, octets: bytes) -> Common:
        """The reverse of `octets`, which must come from the master."""
        found: Common = pickle.loads(octets)  # noqa: S301 - of this program's own
        return found


def _names(settings: Settings) -> Iterable[str]:
    return [smsc.name for smsc in settings.smsc]


def _shared_out(before: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    """A number for each name: the one that it had, or the smallest that is free."""
    kept = {name: before[name] for name in names if name in before}
    taken = set(kept.values())
    free = (number for number in count() if number not in taken)
    return {name: kept[name] if name in kept else next(free) for name in names}
