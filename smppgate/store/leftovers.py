"""`Leftovers`: return paths of workers that there are no more, until they have gone.

The heir takes up such a folder as a gate does that starts on it, has its open segment indexed, and
keeps nothing there any more. Segments go by age, and by room: what is left over has what the
processes that run leave of `return_paths_disk`. There may be as many return paths left over as
`return_paths` says, beside those of the processes that run. An empty folder is deleted. Whatever
moment the heir ends at, the next start finds a folder as one that was killed leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.notices.store import STORE_MISTAKE
from smppgate.store.faults import Faults, FaultsBeside
from smppgate.store.records import Limits, StoreError
from smppgate.store.segments.files import FOLDER, Folder
from smppgate.store.segments.home import Home
from smppgate.store.segments.left_paths import LeftPaths
from smppgate.store.segments.replay import OURS
from smppgate.store.segments.searching import Newest
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.shelf import FEW_FILTERS
from smppgate.store.sqlite.files import StateDirectory
from smppgate.store.worker import Workers
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

NEIGHBOURS = "folders of other workers"
"""The part of the store that fails here."""


@frozen(eq=False)
class _Left:
    """One folder; ``lock`` is None where the gate has locked it already."""

    directory: Path
    paths: LeftPaths
    lock: StateDirectory | None

    def remove(self) -> None:
        """Delete what the store has made there, and the folder if nothing else is in it."""
        folder = self.directory / FOLDER
        with suppress(OSError):
            for name in Folder(folder).sizes():
                if name.endswith(OURS):
                    (folder / name).unlink()
            folder.rmdir()
            if self.lock is not None:
                self.lock.remove()

    def release(self) -> None:
        """Let another gate claim the folder."""
        if self.lock is not None:
            self.lock.release()


class Leftovers:
    """The folders that are left over, if this process is their heir.

    :param setting: that of the process's own segments.
    :param limits: those of this process: each of ``home.count`` has as much.
    :param used: octets of this process's own segments and indexes.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        home: Home,
        setting: Setting,
        workers: Workers,
        faults: Faults,
        limits: Limits,
        used: Callable[[], int],
    ) -> None:
        self._clock = clock
        self._home = home
        self._setting = setting
        self._workers = workers
        self._faults = faults
        self._limits = limits
        self._used = used
        self._folders: list[_Left] = []
        self._opening: LeftPaths | None = None
        self._is_stopped = False
        self._is_looking = False
        self._going: dict[Deferred[None], None] = {}
        """Folders that are being deleted."""
        self._forgotten = 0
        """Return paths of folders that are gone, which went before they had expired."""

    def __len__(self) -> int:
        return len(self._folders)

    # The life of it

    async def open(self) -> None:
        """Take up all folders.

        :raises StoreError: when an operator has to act, or one of them cannot be used.
        """
        if not self._home.is_heir:
            return
        try:
            found = await self._workers.finder.run(self._home.left_over)
        except OSError as error:
            raise StoreError(f"the state directory cannot be read: {error}") from error
        for directory in found:
            if not self._is_stopped:
                await self._open(directory, FEW_FILTERS // len(found))

    def stop_opening(self) -> None:
        """Let `open` end soon."""
        self._is_stopped = True
        if self._opening is not None:
            self._opening.stop_opening()

    async def close(self) -> None:
        """Close all files, and let other gates claim the folders."""
        for going in tuple(self._going):
            await going
        while self._folders:
            left = self._folders.pop()
            await left.paths.close()
            left.release()

    def tick(self) -> None:
        """Let go what has expired or has no room; called once a second."""
        if not self._folders:
            return
        for left in tuple(self._folders):
            left.paths.tick()
            if left.paths.is_empty:
                self._folders.remove(left)
                self._begin_removal(left)
        self._look()

    async def _open(self, directory: Path, filters: int) -> None:
        # The state directory itself is the gate's, and locked as such.
        lock = StateDirectory(directory) if directory != self._home.root else None
        if lock is not None:
            await self._workers.helper.run(lock.claim)
        faults = FaultsBeside(self._faults, directory.name)
        setting = self._setting.beside(directory)
        paths = LeftPaths(self._clock, setting, self._workers, faults, self._limits, filters)
        self._folders.append(_Left(directory, paths, lock))
        self._opening = paths
        await paths.open()
        self._opening = None
        if paths.count_on_disk:
            self.log.info(
                "{count} return paths in {folder} are left over: they are found until they expire",
                count=paths.count_on_disk,
                folder=str(directory / FOLDER),
            )

    def _begin_removal(self, left: _Left) -> None:
        going = Deferred.fromCoroutine(self._remove(left))
        self._going[going] = None
        going.addErrback(partial(self.log.tell_failure, STORE_MISTAKE))
        going.addBoth(lambda _: self._going.pop(going))

    async def _remove(self, left: _Left) -> None:
        self._forgotten += left.paths.forgotten
        try:
            await left.paths.close()
            await self._workers.helper.run(left.remove)
        finally:
            left.release()

    # Looking up

    async def find(self, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], bool]:
        """What they have of ``keys``, of each the newest; and whether all could be asked."""
        newest, is_complete = Newest(), True
        for left in tuple(self._folders):
            searched, is_all = await left.paths.ask(keys)
            newest.add(searched)
            is_complete = is_complete and is_all
        return newest.paths, is_complete

    # Room

    def _look(self) -> None:
        """Find out how much room there is."""
        if not self._is_looking:
            self._is_looking = True
            job = self._workers.keeper.run(_octets, self._home.neighbours)
            job.addCallbacks(self._seen, self._not_seen)

    def _seen(self, octets: int) -> None:
        """The other processes have files of so many octets."""
        self._is_looking = False
        self._faults.worked(NEIGHBOURS)
        if not self._folders:
            return
        count = self._home.count
        room = count * self._limits.return_paths_disk - octets - self._used()
        paths = count * self._limits.return_paths or inf
        # The oldest is to go first: the others are not short as long as there is one.
        *others, oldest = sorted(
            (it.paths for it in self._folders), key=lambda it: it.oldest, reverse=True
        )
        for each in others:
            each.bound(inf, inf)
            room -= each.octets
            paths -= each.count_on_disk
        oldest.bound(room, paths)

    def _not_seen(self, failure: Failure) -> None:
        self._is_looking = False
        self._faults.failed(NEIGHBOURS, failure)

    # Statistics

    @property
    def count(self) -> int:
        """Return paths in these folders."""
        return sum(it.paths.count_on_disk for it in self._folders)

    @property
    def octets(self) -> int:
        """Of all their files, at the latest tick."""
        return sum(it.paths.octets for it in self._folders)

    @property
    def forgotten(self) -> int:
        """Return paths that went before they had expired."""
        return self._forgotten + sum(it.paths.forgotten for it in self._folders)


def _octets(directories: Sequence[Path]) -> int:
    """The octets of the segments and indexes of these state directories."""
    octets = 0
    for directory in directories:
        with suppress(FileNotFoundError):
            octets += sum(Folder(directory / FOLDER).sizes().values())
    return octets
