"""`Master`: the process that listens, and has workers that do the rest.

It has no session of its own: a connection goes to a worker, and so do new settings. It ends when
its workers cannot start, and they end when it does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from random import Random, SystemRandom
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredLock, ensureDeferred, maybeDeferred
from twisted.internet.interfaces import IAddress

from smppgate.daemon.surroundings import Surroundings
from smppgate.daemon.systemd import watchdog_interval
from smppgate.gate import CannotListen
from smppgate.gate.reload import tell_changes
from smppgate.notices.store import STORE_NOT_OPENED
from smppgate.settings import Settings
from smppgate.settings.workers import worker_count
from smppgate.store import StoreError
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.clock import Clock, use_monotonic
from smppgate.txsmpp.log import Logger
from smppgate.workers import commands
from smppgate.workers.common import Common
from smppgate.workers.control import Control, Responders
from smppgate.workers.ending import Ending
from smppgate.workers.in_force import InForce
from smppgate.workers.listening import Listening
from smppgate.workers.liveness import Liveness
from smppgate.workers.logs import ReceivedLog
from smppgate.workers.master_face import MasterFace
from smppgate.workers.refusals import Refusals
from smppgate.workers.settings import former_sockets
from smppgate.workers.stores import make_store_server
from smppgate.workers.strangers import AllKnown
from smppgate.workers.supervision import Supervised

SHORTEST, LONGEST = 0.2, 10.0
"""Seconds of the first and of the longest pause before a worker is started again."""

STOP_MARGIN = 3.0
"""Seconds beyond ``stop_timeout`` after which workers that have not stopped are killed."""


class Master(MultiService):
    """The master of one gate: for `smppgate run`, twistd, and .tac files.

    :param settings: a file's.
    :param file: its name, for SIGHUP; empty where there is none to read again.
    :param entropy: the one source of chance; by default the operating system's.
    :ivar workers: in the order of their numbers.
    :ivar settings: those in force.
    """

    log = Logger()

    def __init__(
        self, settings: Settings, reactor: Any, file: str = "", entropy: Random | None = None
    ) -> None:
        use_monotonic(reactor)
        super().__init__()
        self.clock = Clock.of(reactor)
        entropy = entropy if entropy is not None else SystemRandom()
        count = worker_count(settings.gate.workers)
        secret, run = entropy.randbytes(16).hex(), entropy.randbytes(4).hex()
        self._followers: list[Callable[[Settings], None]] = []
        self._lock = DeferredLock()
        self._has_started = self._has_failed = False
        self._strangers = AllKnown(self.clock, settings.gate.bind_delay)
        sockets = count if settings.gate.reuse_port else 1
        self.listening = Listening(reactor, settings, sockets, self._strangers)
        self.listening.setServiceParent(self)
        self.workers = [
            Supervised(
                reactor, number, Backoff(SHORTEST, LONGEST, entropy.random), self.clock, self
            )
            for number in range(1, count + 1)
        ]
        common = Common.at_start(settings, count, secret, run)
        self._in_force = InForce(common, self.workers, self.clock)
        self._statuses: dict[int, tuple[int, int, int]] = {}
        self._ending = Ending(self.clock, self.workers)
        self._surroundings = Surroundings(self, reactor, settings, file)
        self._stores = stores = make_store_server(settings, reactor)
        self._opening: Deferred[None] | None = None
        # No child: it is there until all workers have ended.
        self._face = MasterFace(
            self, reactor, self.workers, self._surroundings.reload, stores.store.statistics
        )
        self._liveness = Liveness(self.clock, self.workers, watchdog_interval())

    @property
    def settings(self) -> Settings:
        """Those in force: of a reload, what does not wait for a restart."""
        return self._in_force.common.settings

    @property
    def exit_status(self) -> int:
        """That of the process; see `Surroundings`."""
        return self._surroundings.exit_status

    def addresses(self) -> tuple[IAddress, ...]:
        """The addresses that are listened on now: for ESMEs first, in order of settings."""
        return self.listening.addresses()

    def listeners(self) -> dict[str, str]:
        """The address, in words, of each listener for ESMEs; empty where it is not open."""
        places = self.listening.places()
        return {each.endpoint: places.get(each.endpoint, "") for each in self.settings.listen}

    @property
    def refusals(self) -> Refusals:
        """Connections that were cut over a limit before they were handed over."""
        return self.listening.refusals

    # As a service

    def privilegedStartService(self) -> None:
        """End the process with one line where there is nothing to listen on."""
        try:
            self.open_listeners()
        except CannotListen as error:
            sys.exit(f"smppgate: {error}")

    def open_listeners(self) -> None:
        """Open all listeners; connections wait until a worker serves.

        :raises CannotListen: when one of them cannot be opened.
        """
        super().privilegedStartService()
        self._face.privilegedStartService()

    def startService(self) -> None:
        """Start the workers, and handle signals."""
        self._surroundings.begin()
        super().startService()
        self._face.startService()
        self._opening = ensureDeferred(self._begin())

    async def _begin(self) -> None:
        """Open the store, and start the workers, which ask it."""
        try:
            await self._stores.store.open()
        except StoreError as error:
            self.log.tell(STORE_NOT_OPENED, error=error)
            self._surroundings.fail()
            return
        # The folder is this gate's only now: before, they may be those of one that runs.
        for path in former_sockets(self._in_force.common):
            with suppress(OSError):
                path.unlink()
        if not self._ending.is_begun:
            for worker in self.workers:
                worker.start()
            self._liveness.start()

    def stopService(self) -> Deferred[None]:
        """Stop all workers in order; fires when they have ended."""
        return self._surroundings.stop(lambda: ensureDeferred(self._stop()))

    async def _stop(self) -> None:
        self._liveness.stop()
        self.log.info("stopping {count} workers", count=len(self._ending.running))
        # Its Deferred waits for nothing that workers wait for.
        closing = super().stopService()
        self._ending.begin()
        await closing
        await self._ending.over(self.settings.gate.stop_timeout + STOP_MARGIN)
        await maybeDeferred(self._face.stopService)
        if self._opening is not None:
            await self._opening
        await self._stores.store.close()
        self.log.info("stopped")

    # Settings

    def reload(self, settings: Settings) -> Deferred[Settings]:
        """Let all workers be as ``settings`` say; fires with those in force then.

        Fails with `SettingsError`, and nothing is changed anywhere, where one of them cannot.
        """
        running: Deferred[Settings] = self._lock.run(lambda: ensureDeferred(self._apply(settings)))
        return running

    async def _apply(self, settings: Settings) -> Settings:
        tell_changes(await self._in_force.change(settings), self.log, self.clock)
        self._strangers.change(self.settings.gate.bind_delay)
        await self.listening.change(self.settings)
        for follow in self._followers:
            follow(self.settings)
        return self.settings

    # What `Surroundings` needs

    def reload_refused(self, lines: Sequence[str]) -> None:
        """The file has errors, which the log tells, and an event."""
        self._face.reload_refused(lines)

    def follow_reloads(self, follow: Callable[[Settings], None]) -> None:
        """Call ``follow``, which must not raise, after each reload: with the settings in force."""
        self._followers.append(follow)

    def state_lines(self) -> Iterator[str]:
        """A line for each worker; each of them writes its own state."""
        for worker in self.workers:
            worker.tell(commands.LogState)
        for worker in self.workers:
            spread, number = self.listening.spread, worker.number - 1
            load = spread.load(number) if number in spread.workers else 0
            yield f"worker {worker.number}: pid={worker.pid} connections={load}"

    def reopen_files(self) -> None:
        """Have all workers open their files of messages anew."""
        for worker in self.workers:
            worker.tell(commands.OpenFilesAnew)

    def status_line(self) -> str:
        """The line for ``systemctl status``."""
        esmes, up, links = map(sum, zip((0, 0, 0), *self._statuses.values(), strict=True))
        serving = sum(worker.is_serving for worker in self.workers)
        return (
            f"{esmes} ESME{'' if esmes == 1 else 's'}, {up} of {links} links, "
            f"{serving} of {len(self.workers)} workers"
        )

    def cut(self) -> None:
        """End a stop that is under way at once: peers are waited for no longer."""
        self._ending.cut()

    # What workers tell

    def responders(self, worker: Supervised) -> Sequence[Responders]:
        """What answers the commands of a worker."""
        return (
            _Told(worker, self),
            self.listening.loads(worker.number - 1),
            ReceivedLog(worker.number),
            self._stores.responders(),
            self._strangers.responders(),
            self._face.responders(worker),
        )

    def common(self) -> bytes:
        """What a worker is to go by: the newest."""
        return self._in_force.octets

    def listens(self, worker: Supervised) -> None:
        """A worker listens; at the start all wait for each other, to find each other."""
        if self._has_started:
            worker.serve()
        elif all(each.is_listening for each in self.workers):
            for each in self.workers:
                each.serve()

    def began(self, worker: Supervised) -> None:
        """A worker serves: it takes connections once it goes by the newest settings."""
        self._lock.run(lambda: ensureDeferred(self._join(worker, worker.control)))

    async def _join(self, worker: Supervised, control: Control | None) -> None:
        await self._in_force.update(worker)
        is_ready = worker.is_serving and worker.common is self._in_force.octets
        if control is None or control is not worker.control or not is_ready:
            # It has ended meanwhile, or stops.
            return
        self.log.info(
            "worker {number} serves, process {pid}", number=worker.number, pid=worker.pid
        )
        # What operators have decided is told before the first connection is handed over.
        self._face.came(worker)
        self.listening.join(worker.number - 1, control)
        if not self._has_started and all(each.is_serving for each in self.workers):
            self._has_started = True
            self._surroundings.started()

    def disconnected(self, worker: Supervised) -> None:
        """A worker takes no connections any more, and has none."""
        self.listening.leave(worker.number - 1)
        self._statuses.pop(worker.number, None)
        self._ending.disconnected(worker)

    def ended(self, worker: Supervised, has_begun: bool) -> None:
        """The process of a worker has ended."""
        self._ending.ended()
        if not (has_begun or self._has_started or self._has_failed or self._ending.is_begun):
            self._has_failed = True
            self._surroundings.fail()

    def esmes_ended(self, worker: Supervised) -> None:
        """A worker that stops serves no ESME any more."""
        self._ending.esmes_ended(worker)

    def status(self, worker: Supervised, *status: int) -> None:
        """How a worker is."""
        self._statuses[worker.number] = (status[0], status[1], status[2])


class _Told(Responders):
    """What a worker tells of its own life."""

    def __init__(self, worker: Supervised, master: Master) -> None:
        self._worker = worker
        self._master = master

    @commands.Stopping.responder
    def stopping(self) -> dict[str, Any]:
        """It takes no connections any more."""
        self._worker.is_serving = False
        self._master.listening.leave(self._worker.number - 1)
        return {}

    @commands.EsmesEnded.responder
    def esmes_ended(self) -> dict[str, Any]:
        """It stops, and serves no ESME."""
        self._master.esmes_ended(self._worker)
        return {}

    @commands.Status.responder
    def status(self, esmes: int, links_up: int, links: int) -> dict[str, Any]:
        """How it is."""
        self._master.status(self._worker, esmes, links_up, links)
        return {}
