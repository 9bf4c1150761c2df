"""`RedisPaths`: return paths in Redis, and in segments of this process as long as they are not.

1. `keep` puts the return paths of one turn into memory, and sends them to their servers, with the
   ends that came since (`server_paths`).
2. What a server does not confirm in time goes into segments, as does all while it is not up: so
   what lies in segments is what Redis has not confirmed. The answers to ESMEs go out meanwhile.
3. When the server is up again, and at a start, segments are passed on to it (`replay`), and go.
4. `find` asks memory, then the servers, and segments if there are any: the newest value counts.
   What another node has kept a moment ago is told when the answer to its ESME has left: until then
   that waits for replicas, and a receipt would come before it.

Each server has segments of its own, in the folder ``redis-NUMBER`` by its place in the settings:
where one of several is down, the others' are passed on. Folders of more servers than there are by
now are passed on too. Where the servers of a key change, what they had is not found any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from attrs import evolve
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from smppgate.store.faults import Faults, FaultsBeside
from smppgate.store.interface import IReturnPaths
from smppgate.store.path_ends import PathEnds
from smppgate.store.recent import RecentPaths
from smppgate.store.records import Durability, Found, Limits, StoreError, StoreStatistics
from smppgate.store.redis.folders import DiskSettings, make_folders
from smppgate.store.redis.held import Held
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server
from smppgate.store.redis.replay import Replay
from smppgate.store.redis.server_paths import ServerPaths
from smppgate.store.redis.slots import Slots
from smppgate.store.redis.stamps import STAMP, Stamps, octets_of, stamp_of, time_of
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.waiting_paths import WaitingPaths
from smppgate.store.worker import Workers
from smppgate.txsmpp.clock import Clock

MEMORY = 65_536
"""Return paths of segments in memory, for each server: `recent` has the newest of all too."""

Settings = Callable[[Path], Setting]
"""Makes what segments in a state directory are made with."""


class _Folder(NamedTuple):
    """Segments, and what passes them on."""

    waiting: WaitingPaths
    replay: Replay


@implementer(IReturnPaths)
class RedisPaths:
    """See `IReturnPaths`, and `IPathStore` of the rest.

    :param directory: the state directory, which is there and is this process's.
    :param limits: how much memory holds, and how much room segments have, those of all servers
        together.
    :param durability: what return paths in segments survive once `keep` has fired.
    :param settings: used instead of segments on the disk; for tests.
    :param answered: seconds after which all answers have left that wait for `keep`, on any node.
    """

    keeps_at_once = False
    is_all_recent = False

    def __init__(
        self,
        clock: Clock,
        slots: Slots,
        names: Names,
        directory: Path,
        workers: Workers,
        faults: Faults,
        limits: Limits,
        durability: Durability = Durability.PROCESS,
        settings: Settings | None = None,
        answered: float = 0.0,
    ) -> None:
        self._clock = clock
        self._slots = slots
        self._names = names
        self._prefix = names.path
        self._directory = directory
        self._workers = workers
        self._faults = faults
        self._lifetime = limits.return_path_ttl
        self._durability = durability
        self._own = evolve(
            limits,
            return_paths_in_memory=min(MEMORY, limits.return_paths_in_memory),
            return_paths_disk=limits.return_paths_disk // len(tuple(slots)),
        )
        """What segments of one server may take."""
        self._settings = settings or DiskSettings(self._own)
        self._stamps = Stamps(clock.wall)
        self._answered, self._held = answered, Held(clock)
        self._recent = RecentPaths(limits.recent, limits.return_path_ttl)
        self._path_ends = PathEnds(clock, self._recent.end)
        self._servers: dict[Server, ServerPaths] = {}
        self._only: ServerPaths | None = None
        """That of the server, if there is one alone."""
        self._folders: list[_Folder] = []
        self._is_open = self._is_stopped = self._is_closed = False
        # The method of memory itself: no call between.
        self.recent = self._recent.get

    # The life of it

    async def open(self) -> bool:
        """Take up what has not been passed on; False if `stop_opening` came in between.

        :raises StoreError: when an operator has to act, or a folder cannot be used.
        """
        servers = tuple(self._slots)
        for number in await self._numbers(len(servers)):
            server = servers[number - 1] if number <= len(servers) else None
            self._add(self._directory / f"redis-{number}", server)
        if len(servers) == 1:
            self._only = self._servers[servers[0]]
        for folder in self._folders:
            if self._is_stopped or not await folder.waiting.open():
                return False
            # The clock may have been set back since.
            self._stamps.follow(folder.waiting.newest)
        for server in servers:
            server.follow(self._wake)
        self._is_open = True
        self._wake()
        return True

    def stop_opening(self) -> None:
        """Let `open` end soon."""
        self._is_stopped = True
        for folder in self._folders:
            folder.waiting.stop_opening()

    async def close(self) -> None:
        """Let all be confirmed, or lie in segments, and close these; servers are closed later."""
        self._is_closed = True
        self._held.close()
        self._path_ends.stop()
        for part in self._servers.values():
            await part.settle()
        for folder in self._folders:
            await folder.replay.stop()
        for folder in self._folders:
            await folder.waiting.close()

    def tick(self) -> None:
        """Retry what failed, and let go what has expired; called once a second."""
        self._recent.expire(self._clock.wall())
        for part in self._servers.values():
            part.tick()
        for folder in self._folders:
            folder.waiting.tick()
        self._wake()

    # Return paths

    def keep(self, paths: Mapping[bytes, bytes], waited: float = 0.0) -> Deferred[None]:
        """See `IReturnPaths.keep`."""
        if not paths:
            return succeed(None)
        stamp = self._stamps.next()
        shares = self._shares(paths, octets_of(stamp))
        self._path_ends.stay(paths)
        self._recent.update(paths, self._clock.wall())
        keeping = [part.keep(stamp, kept, waited) for part, kept in shares]
        return keeping[0] if len(keeping) == 1 else _all(keeping)

    def end(self, keys: Sequence[bytes], grace: float) -> None:
        """See `IReturnPaths.end`."""
        if self._is_closed:
            return
        self._path_ends.add(keys, grace)
        at = self._clock.wall() + grace
        for server, share in self._slots.spread(keys).items():
            self._servers[server].end(share, at)

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        """See `IReturnPaths.find`."""
        found, missing = self._ask_memory(keys)
        if not missing:
            return succeed(Found(found))
        return Deferred.fromCoroutine(self._find(found, missing))

    def find_beside(self, keys: Sequence[bytes]) -> Deferred[Mapping[bytes, bytes]]:
        """See `IReturnPaths.find_beside`: Redis has what other processes keep."""
        return succeed({})

    async def _find(self, found: dict[bytes, bytes], missing: Sequence[bytes]) -> Found:
        spread = self._slots.spread(missing).items()
        shares = [(self._servers[server], share) for server, share in spread]
        asking = [Deferred.fromCoroutine(part.find(share)) for part, share in shares]
        # In the same turn: what a segment does not have any more by now its server has by then.
        asking += [
            Deferred.fromCoroutine(_search(folder.waiting, missing))
            for folder in self._folders
            if not folder.waiting.is_empty
        ]
        newest: dict[bytes, bytes] = {}
        for part, share in shares:
            _take_newer(newest, part.under_way(share))
        is_complete = True
        for each in asking:
            values, is_all = await each
            _take_newer(newest, values)
            is_complete = is_complete and is_all
        await self._let_leave(newest.values())
        found.update((key, value[STAMP:]) for key, value in newest.items())
        # What was kept anew while it was looked for.
        found.update(self._ask_memory(missing)[0])
        return Found(found, is_complete)

    async def _let_leave(self, values: Collection[bytes]) -> None:
        """Return when the answers have left to which these belong."""
        kept_at = max((time_of(stamp_of(value)) for value in values), default=0.0)
        # The other node's clock may be ahead.
        left = min(self._answered, kept_at + self._answered - self._clock.wall())
        if left > 0 and not self._is_closed:
            await self._held.wait(left)

    def _shares(
        self, paths: Mapping[bytes, bytes], stamp: bytes
    ) -> Iterable[tuple[ServerPaths, Mapping[bytes, bytes]]]:
        """Each server's share of ``paths`` as it keeps them.

        :raises TypeError: when a key or value is not octets.
        """
        prefix = self._prefix
        if self._only is not None:
            named = {prefix + key: stamp + value for key, value in paths.items()}
            return ((self._only, named),)
        shares: dict[Server, dict[bytes, bytes]] = {}
        server_of = self._slots.of
        for key, value in paths.items():
            server = server_of(key)
            share = shares.get(server)
            if share is None:
                share = shares[server] = {}
            share[prefix + key] = stamp + value
        return [(self._servers[server], share) for server, share in shares.items()]

    def _ask_memory(self, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], list[bytes]]:
        values = [(key, self.recent(key)) for key in keys]
        found = {key: value for key, value in values if value is not None}
        return found, [key for key, value in values if value is None]

    # Statistics

    def statistics(self) -> StoreStatistics:
        """Of return paths alone, without what fails. What is on disk is what Redis has not."""
        waiting = [folder.waiting for folder in self._folders]
        parts = self._servers.values()
        return StoreStatistics(
            paths_recent=len(self._recent),
            paths_on_disk=sum(it.count_on_disk for it in waiting),
            unsaved=sum(it.unsaved for it in waiting) + sum(it.unsaved for it in parts),
            lost=sum(it.lost for it in waiting),
            forgotten=sum(it.forgotten for it in waiting),
            unconfirmed=sum(it.unconfirmed for it in parts),
            octets=sum(it.octets for it in waiting),
        )

    # Folders

    async def _numbers(self, count: int) -> Sequence[int]:
        """Those of folders: of each server one, and what is left over of more servers."""
        try:
            return await self._workers.helper.run(make_folders, self._directory, count)
        except OSError as error:
            raise StoreError(f"the state directory cannot be used: {error}") from error

    def _add(self, directory: Path, server: Server | None) -> None:
        clock, lifetime = self._clock, self._lifetime
        faults = FaultsBeside(self._faults, directory.name)
        setting = self._settings(directory)
        waiting = WaitingPaths(clock, setting, self._workers, faults, self._own, self._durability)

        def is_up() -> bool:
            return server.is_up if server is not None else self._slots.are_up

        replay = Replay(clock, self._slots, self._names, waiting, is_up, lifetime, faults)
        self._folders.append(_Folder(waiting, replay))
        if server is not None:
            self._servers[server] = ServerPaths(
                clock, server, self._names, waiting, self._stamps, lifetime, faults
            )

    def _wake(self) -> None:
        for folder in self._folders if self._is_open else ():
            folder.replay.wake()


def _all(keeping: Sequence[Deferred[None]]) -> Deferred[None]:
    """Fires when all of ``keeping`` have; none of them fails."""
    done: Deferred[None] = Deferred()
    left = len(keeping)

    def kept(_: None) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.callback(None)

    for each in keeping:
        each.addCallback(kept)
    return done


async def _search(waiting: WaitingPaths, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], bool]:
    found, _ = await waiting.search(keys)
    return dict(found.paths), found.is_complete


def _take_newer(newest: dict[bytes, bytes], values: Mapping[bytes, bytes]) -> None:
    """Take those of ``values`` that are newer. Stamps are in the order of their octets."""
    for key, value in values.items():
        if value[:STAMP] > newest.get(key, b"")[:STAMP]:
            newest[key] = value
