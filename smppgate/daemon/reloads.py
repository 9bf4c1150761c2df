"""`Reloads`: reads the file again, whenever asked to, and gives it to the running gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from smppgate.daemon.systemd import Notifier
from smppgate.notices.process import CONFIG_ERROR, NOT_RELOADED, RELOAD_FAILED
from smppgate.settings import Settings, SettingsError
from smppgate.txsmpp.log import Logger

T = TypeVar("T")


class Reloadable(Protocol):
    """A gate that takes new settings while it runs."""

    def reload(self, settings: Settings) -> Deferred[Settings]:
        """Apply what differs in ``settings``; fires when that is done."""

    def reload_refused(self, lines: Sequence[str]) -> None:
        """Nothing is applied: what is wrong with the new settings."""


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
        self._awaiting: list[Deferred[None]] = []
        """Of reloads that have not begun."""

    def request(self) -> None:
        """Reload now, or, while a reload is under way, after it."""
        if self._is_stopped:
            self.log.info("nothing is reloaded: the gate is stopping")
        elif self._under_way is not None:
            self._is_wanted = True
        else:
            self._begin()

    def done(self) -> Deferred[None]:
        """`request`, for those who want to know what comes of it: fires when it is applied.

        Fails with `SettingsError` where nothing is changed, and is cancelled by a stop.
        """
        done: Deferred[None] = Deferred()
        self._awaiting.append(done)
        self.request()
        if self._is_stopped:
            self._tell(self._taken(), Failure(CancelledError()))
        return done

    def stop(self) -> None:
        """Read no more; what is being applied is not stopped."""
        self._is_stopped, self._is_wanted = True, False
        self._tell(self._taken(), Failure(CancelledError()))
        if self._under_way is not None:
            self._under_way.cancel()

    def _begin(self) -> None:
        self.log.info("reading {file} again", file=self._file)
        self._notifier.reloading()
        self._under_way = under_way = Deferred.fromCoroutine(self._reload())
        under_way.addBoth(self._tell_of, self._taken())
        under_way.addErrback(self._failed).addCallback(self._ended)

    def _taken(self) -> list[Deferred[None]]:
        awaiting, self._awaiting = self._awaiting, []
        return awaiting

    def _tell_of(self, result: T, awaiting: list[Deferred[None]]) -> T:
        """Tell those who wait what came of a reload."""
        self._tell(awaiting, result if isinstance(result, Failure) else None)
        return result

    def _tell(self, awaiting: list[Deferred[None]], result: Failure | None) -> None:
        # A Failure goes on as one.
        for each in awaiting:
            if not each.called:
                each.callback(result)

    async def _reload(self) -> None:
        settings = await self._read(self._file)
        if self._is_stopped:
            raise CancelledError
        await self._gate.reload(settings)
        self.log.info("the reload of {file} is done", file=self._file)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if not failure.check(SettingsError):
            self.log.tell_failure(RELOAD_FAILED, failure)
            return
        errors = cast(SettingsError, failure.value).errors
        for line in errors:
            self.log.tell(CONFIG_ERROR, file=self._file, error=line)
        self.log.tell(NOT_RELOADED, file=self._file)
        self._gate.reload_refused(errors)

    def _ended(self, _: object) -> None:
        self._under_way = None
        if self._is_wanted:
            self._is_wanted = False
            self._begin()
        elif not self._is_stopped:
            self._notifier.ready()
