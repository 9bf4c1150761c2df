"""`InForce`: the settings that all workers go by, and how they all come to go by others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList

from smppgate.gate.reload import change_lines
from smppgate.settings import Settings, SettingsError
from smppgate.settings.applicable import applicable
from smppgate.settings.difference import difference
from smppgate.workers.commands import Reload, SettingsRefused
from smppgate.workers.common import Common
from smppgate.workers.supervision import Supervised


class InForce:
    """What all workers have in common.

    :ivar common: that of now.
    :ivar octets: the same, as a worker begins with it.
    """

    def __init__(self, common: Common, workers: Sequence[Supervised]) -> None:
        self.common = common
        self.octets = common.octets()
        self._workers = workers

    async def change(self, wanted: Settings) -> Iterator[str]:
        """Have all workers go by ``wanted``; returns what has changed, a line each.

        :raises SettingsError: one of them cannot; nothing is changed anywhere then.
        """
        before = self.common
        after = before.with_settings(applicable(before.settings, wanted))
        octets = after.octets()
        await self._give(self.octets, octets)
        self.common, self.octets = after, octets
        changes = difference(before.settings, after.settings)
        return change_lines(changes, difference(after.settings, wanted).waiting())

    def update(self, worker: Supervised) -> None:
        """Give a worker that has just begun what has changed since it was started."""
        if worker.common is not self.octets:
            # What one worker takes, all do.
            _given(worker, self.octets).addErrback(lambda _: None)

    async def _give(self, before: bytes, after: bytes) -> None:
        """Give all workers other settings, one of them first: as a rule all refuse what it does.

        :raises SettingsError: one does not take them; those that had have the former again.
        """
        taken: list[Supervised] = []
        serving = [worker for worker in self._workers if worker.is_serving]
        for some in (serving[:1], serving[1:]):
            giving = [_given(worker, after) for worker in some]
            refusals: list[Exception] = []
            for worker, (is_taken, outcome) in zip(
                some, await DeferredList(giving, consumeErrors=True), strict=True
            ):
                if is_taken:
                    taken.append(worker)
                else:
                    refusals.append(outcome.value)
            if refusals:
                await DeferredList([_given(each, before) for each in taken], consumeErrors=True)
                raise SettingsError(str(refusals[0]).splitlines())


def _given(worker: Supervised, common: bytes) -> Deferred[Any]:
    """Give settings to a worker; fails with `SettingsRefused` alone: one that ends takes none."""
    if worker.control is None:
        return DeferredList([])
    giving: Deferred[Any] = worker.control.callRemote(Reload, common=common)
    return giving.addErrback(lambda why: why if why.check(SettingsRefused) else None)
