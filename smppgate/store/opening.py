"""`Opening`: how stores are opened, closed, and looked after in between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from smppgate.notices.store import STORE_IDLE
from smppgate.store.records import StoreError
from smppgate.store.sqlite.files import StateDirectory
from smppgate.store.worker import Workers
from smppgate.txsmpp.log import Logger

TICK = 1.0
"""Seconds between two retries of what failed, and two looks for what has expired."""


class Opening(ABC):
    """A store that can be opened and closed, which may be asked for at any time."""

    log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._ticks = LoopingCall(self._tick)
        self._ticks.clock = clock
        self._lock = DeferredLock()
        """Held by `open` and `close`."""
        self._is_open = False

    def open(self) -> Deferred[None]:
        """See `IStore.open`."""
        return Deferred.fromCoroutine(self._open())

    def close(self) -> Deferred[None]:
        """See `IStore.close`."""
        self._hurry()
        return Deferred.fromCoroutine(self._close())

    async def _open(self) -> None:
        async with self._lock:
            await self._begin()
            self._is_open = True

    async def _close(self) -> None:
        async with self._lock:
            if self._is_open:
                self._is_open = False
                await self._end()

    def _start_ticks(self) -> None:
        self._ticks.start(TICK, now=False).addErrback(self._log_end)

    def _log_end(self, failure: Failure) -> None:
        self.log.tell_failure(STORE_IDLE, failure)

    @abstractmethod
    def _hurry(self) -> None:
        """Let an opening that is under way end soon: the store is to be closed."""

    @abstractmethod
    async def _begin(self) -> None:
        """Open all, and start ticks.

        :raises StoreError: when an operator has to act; all is closed again.
        """

    @abstractmethod
    async def _end(self) -> None:
        """Stop ticks, write what is not written, and close all."""

    @abstractmethod
    def _tick(self) -> None:
        """Retry what failed, and let go what has expired."""


class FolderOpening(Opening):
    """One with a folder that is this process's while it is open.

    :param directory: the folder, created if it is missing.
    :param workers: the threads; those of the database are not used, but for the keeper.
    """

    def __init__(self, clock: IReactorTime, directory: Path, workers: Workers) -> None:
        super().__init__(clock)
        self._directory = StateDirectory(directory)
        self._workers = workers

    async def _begin(self) -> None:
        helper = self._workers.helper
        try:
            await helper.run(self._directory.claim)
        except StoreError:
            await helper.stop()
            raise
        self._start_ticks()
        try:
            await self._open_parts()
        except StoreError:
            await self._end()
            raise

    async def _end(self) -> None:
        self._ticks.stop()
        await self._close_parts()
        used = self._workers
        for worker in (used.log, used.finder, used.helper, used.keeper):
            await worker.stop()
        self._directory.release()

    @abstractmethod
    async def _open_parts(self) -> None:
        """Open all that is used: the folder is claimed, and ticks have started.

        :raises StoreError: when an operator has to act; `_close_parts` is called then.
        """

    @abstractmethod
    async def _close_parts(self) -> None:
        """Write what is not written, and close all, whether or not it was opened."""
