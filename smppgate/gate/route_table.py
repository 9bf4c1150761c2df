"""Makes the routes of a gate from its settings."""

from __future__ import annotations

from collections.abc import Mapping

from smppgate.gate.conditions import Tables, conditions, file_tables
from smppgate.routing.routes.conditions import Accounts
from smppgate.routing.routes.rules import ByPrefix, Leads, Route, Target, ToOne
from smppgate.routing.routes.table import Routes
from smppgate.routing.smscs.pool import Pool
from smppgate.settings import RouteSettings, Settings


def make_routes(
    settings: Settings, pools: Mapping[str, Pool], before: Routes | None = None
) -> Routes | None:
    """The routes; None where none is configured.

    :param pools: by name.
    :param before: those until now: a file that has not changed is not taken apart again, and a
        route that has not changed goes on counting.
    """
    if not settings.route:
        return None
    files = (
        file for route in settings.route for file in (route.destination_file, route.pools_file)
    )
    tables = file_tables(files, before.tables if before is not None else {})
    routes = Routes((_route(route, pools, tables) for route in settings.route), tables)
    if before is not None:
        routes.go_on_counting(before)
    return routes


def _route(settings: RouteSettings, pools: Mapping[str, Pool], tables: Tables) -> Route:
    leads = _leads(settings, pools, tables)
    route = Route(
        settings.label,
        Accounts(settings.esme) if settings.esme else None,
        tuple(conditions(settings, tables)),
        leads,
        settings.destination,
        settings.source,
    )
    for target in leads.targets:
        target.route = route
    return route


def _leads(settings: RouteSettings, pools: Mapping[str, Pool], tables: Tables) -> Leads:
    fallback = [pools[name] for name in settings.fallback]

    def target(name: str) -> Target:
        return Target(None, tuple(dict.fromkeys((pools[name], *fallback))))

    file = settings.pools_file
    if settings.reject is not None:
        return ToOne(Target(None, (), settings.reject))
    if file is None:
        return ToOne(target(settings.pool))
    found = tables[file]
    named = {name: target(name) for name in found.pools}
    return ByPrefix(found.table, named, file.path)
