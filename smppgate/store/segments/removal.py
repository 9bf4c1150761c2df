"""Deletes files that no look-up reads any more."""

from __future__ import annotations

from collections.abc import Sequence

from smppgate.store.segments.files import AnyFolder
from smppgate.store.worker import AnyWorker


class Removal:
    """Deletes files in a thread: one of 64 MiB takes a while.

    :param finder: the thread of look-ups: those that have begun are waited for.
    :param worker: the thread that deletes.
    """

    def __init__(self, folder: AnyFolder, finder: AnyWorker, worker: AnyWorker) -> None:
        self._folder = folder
        self._finder = finder
        self._worker = worker

    async def remove(self, names: Sequence[str]) -> None:
        """Delete these files, which no look-up will be asked to read.

        :raises OSError: when that is not possible.
        """
        if names:
            await self._finder.run(_nothing)
            await self._worker.run(_remove, self._folder, names)


def _nothing() -> None:
    """All look-ups that were asked for before this have ended."""


def _remove(folder: AnyFolder, names: Sequence[str]) -> None:
    for name in names:
        folder.remove(name)
