"""`Observer`: observes one gate for those who show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall

from smppgate.gate import Gateway
from smppgate.observe.counting import Counting
from smppgate.observe.event_log import EventLog
from smppgate.observe.family import Scrape
from smppgate.observe.history import INTERVAL, History
from smppgate.observe.lag import ReactorLag
from smppgate.observe.losses import Losses
from smppgate.observe.metrics import Metrics, Told, told
from smppgate.observe.telling import Telling


class Observer(Service):
    """Counts and tells what happens in a gate, from its own start to its stop.

    Where there is none nothing is counted, and it costs nothing. An embedding program makes it a
    child of its `Gateway`.

    :param has_metrics: whether there are `metrics`; what they are made of is counted either way.
    :param losses: lines of message logs that were lost, by the name of the log.
    :ivar event_log: what happened lately that is worth telling; ``telling`` tells it.
    :ivar history: the last minutes in numbers.
    :ivar lag: how late the reactor is.
    :ivar metrics: None without them.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        has_metrics: bool = True,
        losses: Mapping[str, Losses] | None = None,
    ) -> None:
        self._gateway = gateway
        self._losses = losses or {}
        self._clock = gateway.clock
        self._timer: IDelayedCall | None = None
        self._counting = Counting()
        self.lag = ReactorLag(gateway.clock)
        self.event_log = EventLog(gateway.clock)
        self.telling = Telling(self.event_log)
        self.history = History(gateway.clock, gateway.parts)
        self.metrics: Metrics | None = None
        self.change(has_metrics)

    def change(self, has_metrics: bool) -> None:
        """Have metrics from now on, or none."""
        if has_metrics != (self.metrics is not None):
            self.metrics = Metrics(self._clock, self._looked_at) if has_metrics else None

    def startService(self) -> None:
        """Count and tell from now on."""
        super().startService()
        events = self._gateway.router.events
        events.attach(self._counting)
        events.attach(self.telling)
        self.history.begin()
        self.lag.start()
        self._await_sample()

    def stopService(self) -> None:
        """Count and tell no more; what was counted stays."""
        super().stopService()
        events = self._gateway.router.events
        events.detach(self._counting)
        events.detach(self.telling)
        self.lag.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _await_sample(self) -> None:
        self._timer = self._clock.callLater(INTERVAL, self._take_sample)

    def _take_sample(self) -> None:
        self._await_sample()
        self.history.take()

    def told(self) -> Iterator[Told]:
        """What metrics are made of, for who makes those of several gates."""
        return told(self._looked_at())

    def _looked_at(self) -> Scrape:
        lost = {name: each.count for name, each in self._losses.items()}
        return Scrape.of(self._gateway.parts, self._counting, self.lag, lost)
