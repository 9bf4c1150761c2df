"""`InForce`: the settings that all workers go by, and how they all come to go by others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from twisted.internet.defer import (
    CancelledError,
    Deferred,
    DeferredList,
    TimeoutError,
    ensureDeferred,
    succeed,
)
from twisted.python.failure import Failure

from smppgate.gate.reload import change_lines
from smppgate.notices.workers import RELOAD_LATE
from smppgate.settings import Settings, SettingsError
from smppgate.settings.applicable import applicable
from smppgate.settings.difference import difference
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger
from smppgate.workers.commands import Reload, SettingsRefused
from smppgate.workers.common import Common
from smppgate.workers.control import Control
from smppgate.workers.supervision import Supervised

PATIENCE = 30.0
"""Seconds in which a worker applies new settings; others wait for it."""


class InForce:
    """What all workers have in common. Of `change` and `update` one is under way at a time.

    :ivar common: that of now.
    :ivar octets: the same, as a worker begins with it.
    """

    log = Logger()

    def __init__(self, common: Common, workers: Sequence[Supervised], clock: Clock) -> None:
        self.common = common
        self.octets = common.octets()
        self._workers = workers
        self._clock = clock

    async def change(self, wanted: Settings) -> Iterator[str]:
        """Have all workers go by ``wanted``; returns what has changed, a line each.

        :raises SettingsError: one of them cannot; nothing is changed anywhere then.
        """
        before = self.common
        after = before.with_settings(applicable(before.settings, wanted))
        octets = after.octets()
        await self._give(octets)
        self.common, self.octets = after, octets
        changes = difference(before.settings, after.settings)
        return change_lines(changes, difference(after.settings, wanted).waiting())

    async def update(self, worker: Supervised) -> None:
        """Have a worker go by what is in force, where it does not.

        One that does not take what others have taken ends, and begins anew.
        """
        if worker.common is not self.octets:
            try:
                await self._given(worker, self.octets)
            except SettingsRefused:
                worker.kill()

    async def _give(self, after: bytes) -> None:
        """Give all workers other settings, one of them first: as a rule all refuse what it does.

        :raises SettingsError: one does not take them; those that had have the former again.
        """
        taken: list[Supervised] = []
        serving = [worker for worker in self._workers if worker.is_serving]
        for some in (serving[:1], serving[1:]):
            giving = [self._given(worker, after) for worker in some]
            refusals: list[Failure] = []
            for worker, (is_taken, outcome) in zip(
                some, await DeferredList(giving, consumeErrors=True), strict=True
            ):
                if is_taken:
                    taken.append(worker)
                else:
                    refusals.append(outcome)
            if any(each.check(CancelledError) for each in refusals):
                # The gate stops.
                raise CancelledError
            if refusals:
                back = [ensureDeferred(self.update(each)) for each in taken]
                await DeferredList(back, consumeErrors=True)
                raise SettingsError(str(refusals[0].value).splitlines())

    def _given(self, worker: Supervised, common: bytes) -> Deferred[Any]:
        """Give settings to a worker; one that ends meanwhile, or does not answer, takes none.

        Fails with `SettingsRefused`, or with CancelledError where what waits for it is cancelled.
        """
        control = worker.control
        if control is None:
            return succeed(None)
        giving: Deferred[Any] = control.callRemote(Reload, common=common)
        giving.addTimeout(PATIENCE, self._clock)
        return giving.addCallbacks(
            lambda _: _takes(worker, control, common), lambda why: self._failed(worker, why)
        )

    def _failed(self, worker: Supervised, why: Failure) -> Failure | None:
        if why.check(SettingsRefused, CancelledError):
            return why
        if why.check(TimeoutError):
            self.log.tell(RELOAD_LATE, worker=worker.number, seconds=int(PATIENCE))
            worker.kill()
        return None


def _takes(worker: Supervised, control: Control, common: bytes) -> None:
    """It goes by ``common`` now, unless another process has begun in its place."""
    if worker.control is control:
        worker.common = common
