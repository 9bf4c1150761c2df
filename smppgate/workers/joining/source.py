"""`MasterAdmin`: the admin interface of a gate of several workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from smppgate.admin.api import ROOT
from smppgate.admin.audit import Audit
from smppgate.admin.messages import Answer, Problem
from smppgate.admin.process import Reload
from smppgate.admin.routes import Call
from smppgate.admin.serving import Host, Serving
from smppgate.admin.source import Source
from smppgate.observe import EventLog, Telling
from smppgate.observe.lag import ReactorLag
from smppgate.settings import Settings
from smppgate.store import StoreStatistics
from smppgate.workers.joining.actions import JoinedActions, JoinedProcess, tell_decisions
from smppgate.workers.joining.decisions import Decisions
from smppgate.workers.joining.events import WorkerEvents
from smppgate.workers.joining.metrics import WorkersMetrics
from smppgate.workers.joining.ports import WorkerGone, Workers, WorkerSilent
from smppgate.workers.joining.roster import Roster
from smppgate.workers.joining.streams import JoinedLooks
from smppgate.workers.joining.views import JoinedViews, Listeners
from smppgate.workers.refusals import Refusals


class MasterAdmin(Serving):
    """Serves the API, the page and the metrics of all workers where the settings of ``host`` say.

    :param listeners: where the host listens.
    :param refusals: connections that the host has cut over a limit.
    :param reload: reads the file again and applies it; None without a file.
    :param store: what the master keeps for all workers; by default nothing.
    """

    def __init__(
        self,
        host: Host,
        reactor: Any,
        workers: Workers,
        listeners: Listeners,
        refusals: Refusals,
        reload: Reload | None = None,
        store: Callable[[], StoreStatistics] = StoreStatistics,
    ) -> None:
        source = joined_source(host, workers, listeners, refusals, reload, store)
        super().__init__(host, reactor, source)
        self._telling = Telling(source.events)
        refusals.follow(self._telling.connection_refused)

    def reload_refused(self, lines: Sequence[str]) -> None:
        """Tell that settings were not taken, and what is wrong with them."""
        self._telling.reload_refused(lines)


def joined_source(
    host: Host,
    workers: Workers,
    listeners: Listeners,
    refusals: Refusals,
    reload: Reload | None,
    store: Callable[[], StoreStatistics],
) -> Source:
    """What answers the routes for ``workers`` together."""
    clock, decisions, lag = host.clock, Decisions(), ReactorLag(host.clock)
    events = EventLog(clock)
    audit = Audit(events, Telling(events))
    roster = Roster(workers, clock)
    metrics = WorkersMetrics(workers, roster, clock, lag, store, refusals)
    name = host.settings.gate.name
    views = JoinedViews(workers, roster, clock, name, metrics, store, listeners, refusals)
    workers.follow(tell_decisions(decisions), lambda _: None)

    def change(settings: Settings) -> None:
        views.has_metrics = settings.admin.metrics
        metrics.change(settings)
        decisions.change(settings)

    async def explain(call: Call) -> Answer:
        return await _asked_of_one(workers, call)

    return Source(
        process=JoinedProcess(workers, audit, reload, decisions),
        views=views,
        actions=JoinedActions(workers, audit, decisions),
        explain=explain,
        looks=JoinedLooks(workers, audit, clock),
        events=events,
        audit=audit,
        service=WorkerEvents(workers, events, lag),
        change=change,
    )


async def _asked_of_one(workers: Workers, call: Call) -> Answer:
    """What the first says that answers: they all go by the same settings.

    :raises Problem: 503: none does.
    """
    for worker in workers.up():
        try:
            found = await worker.ask("GET", f"{ROOT}/route", call.asked.query)
        except (WorkerGone, WorkerSilent):
            continue
        return Answer(status=found.status, content_type=found.content_type, body=(found.body,))
    raise Problem(503, "no worker is up")
