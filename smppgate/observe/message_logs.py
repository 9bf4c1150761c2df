"""`MessageLogs`: the message log and the CDRs of one gate, as its settings say."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import deferLater

from smppgate.gate import Gateway
from smppgate.observe.appending import AppendedFile, Destination, Journal
from smppgate.observe.formats import FORMATS, Format
from smppgate.observe.losses import Losses
from smppgate.observe.message_log import MessageLog
from smppgate.observe.writing import Writer
from smppgate.settings import CdrSettings, LogSettings, Settings
from smppgate.settings.log_side import JOURNAL


@frozen
class _Log:
    """One that is written: what it is made by, and what writes it."""

    listener: MessageLog
    writer: Writer


class MessageLogs(Service):
    """Writes the message log and the CDRs of ``gateway``, where its settings want them.

    It is a service of that gate: ``MessageLogs(gateway, reactor).setServiceParent(gateway)``.

    :param reactor: of the thread that the gate runs in.
    :ivar losses: lines that were lost, of ``messages`` and of ``cdr``.
    """

    def __init__(self, gateway: Gateway, reactor: Any) -> None:
        self._gateway = gateway
        self._reactor = reactor
        now = gateway.clock.monotonic
        self.losses = {"messages": Losses("message log", now), "cdr": Losses("CDRs", now)}
        # Settings of each that is written, and what writes it.
        self._wanted: dict[str, LogSettings | CdrSettings] = {}
        self._logs: dict[str, _Log] = {}
        # The last writer of each, which may be at work still.
        self._former: dict[str, Writer] = {}
        gateway.follow_reloads(self.change)

    def startService(self) -> None:
        """Write from now on."""
        super().startService()
        self.change(self._gateway.settings)

    def stopService(self) -> Deferred[None]:
        """Write what there is, and what is told until the end of this turn; then no more.

        Whatever else is a service of the gate stops in this turn, and may answer messages then.
        """
        super().stopService()
        return ensureDeferred(self._stopped())

    def change(self, settings: Settings) -> None:
        """Go by ``settings`` from now on."""
        if not self.running:
            return
        self._have("messages", settings.log, settings.log.messages)
        self._have("cdr", settings.cdr, settings.cdr.path)

    def reopen(self) -> None:
        """Open the files anew under their paths."""
        for each in self._logs.values():
            each.listener.flush()
            each.writer.reopen()

    def _have(self, name: str, settings: LogSettings | CdrSettings, path: str) -> None:
        if path and self._wanted.get(name) == settings:
            return
        self._end(name)
        if path:
            self._wanted[name] = settings
            self._logs[name] = self._begun(name, settings)

    def _begun(self, name: str, settings: LogSettings | CdrSettings) -> _Log:
        format = FORMATS[settings.format]()
        writer = Writer(
            self._reactor,
            _destination(settings, format),
            self.losses[name].lost,
            after=self._former.pop(name, None),
        )
        is_cdr = isinstance(settings, CdrSettings)
        has_text = isinstance(settings, LogSettings) and settings.log_text
        listener = MessageLog(
            self._gateway.clock, format, writer.write, has_text=has_text, is_cdr=is_cdr
        )
        self._gateway.router.events.attach(listener)
        return _Log(listener, writer)

    def _end(self, name: str) -> Deferred[None] | None:
        """Write one of them no more; fires when all of it is written."""
        found = self._logs.pop(name, None)
        self._wanted.pop(name, None)
        if found is None:
            return None
        self._gateway.router.events.detach(found.listener)
        found.listener.flush()
        self._former[name] = found.writer
        return found.writer.stop()

    async def _stopped(self) -> None:
        await deferLater(self._gateway.clock, 0.0)
        for stopping in [self._end(name) for name in list(self._logs)]:
            if stopping is not None:
                await stopping


def _destination(settings: LogSettings | CdrSettings, format: Format) -> Destination:
    if isinstance(settings, CdrSettings):
        return AppendedFile(
            settings.path,
            format.head(),
            rotate_size=settings.rotate_size,
            rotate_interval=settings.rotate_interval,
        )
    return Journal() if settings.messages == JOURNAL else AppendedFile(settings.messages)
