"""`Reloads`: reads the file again, whenever asked to, and gives it to the running gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import CancelledError, Deferred

from smppgate.daemon.systemd import Notifier
from smppgate.settings import Settings, SettingsError
from smppgate.txsmpp.log import Logger


class Reloadable(Protocol):
    """A gate that takes new settings while it runs."""

    def reload(self, settings: Settings) -> Deferred[Settings]:
        """Apply what differs in ``settings``; fires when that is done."""


class Reloads:
    """The reloads of one gate, one after the other.

    Any error in the file is logged, and nothing changes.

    :param read: reads and checks the file; fails with `SettingsError`.
    :param notifier: is told when a reload begins and when it is done.
    """

    log = Logger()

    def __init__(
        self,
        gate: Reloadable,
        file: str,
        read: Callable[[str], Deferred[Settings]],
        notifier: Notifier,
    ) -> None:
        self._gate = gate
        self._file = file
        self._read = read
        self._notifier = notifier
        self._under_way: Deferred[None] | None = None
        self._is_wanted = False
        self._is_stopped = False

    def request(self) -> None:
        """Reload now, or, while a reload is under way, after it."""
        if self._is_stopped:
            self.log.info("nothing is reloaded: the gate is stopping")
        elif self._under_way is not None:
            self._is_wanted = True
        else:
            self._begin()

    def stop(self) -> None:
        """Read no more; what is being applied is not stopped."""
        self._is_stopped, self._is_wanted = True, False
        if self._under_way is not None:
            self._under_way.cancel()

    def _begin(self) -> None:
        self.log.info("reading {file} again", file=self._file)
        self._notifier.reloading()
        self._under_way = under_way = Deferred.fromCoroutine(self._reload())
        under_way.addErrback(lambda why: self.log.failure("the reload failed", why))
        under_way.addCallback(self._ended)

    async def _reload(self) -> None:
        try:
            settings = await self._read(self._file)
            if not self._is_stopped:
                await self._gate.reload(settings)
                self.log.info("the reload of {file} is done", file=self._file)
        except CancelledError:
            pass
        except SettingsError as error:
            for line in error.errors:
                self.log.error("{file}: {line}", file=self._file, line=line)
            self.log.error("nothing is changed: {file} has errors", file=self._file)

    def _ended(self, _: object) -> None:
        self._under_way = None
        if self._is_wanted:
            self._is_wanted = False
            self._begin()
        elif not self._is_stopped:
            self._notifier.ready()
