"""The shapes of the API's objects, and by which rules those of several workers are one."""

from __future__ import annotations

from collections import Counter
from typing import Any

from smppgate.admin.joins import (
    Joins,
    Rule,
    any_of,
    decided,
    each_record,
    each_total,
    least,
    mean_by,
    most,
    none_of,
    one_record,
    same,
    told,
    total,
    where_linked,
)
from smppgate.admin.shapes import Derived, Shape
from smppgate.admin.workers import WorkerState
from smppgate.gate.relay.events import Events
from smppgate.gate.state import (
    AccountState,
    HookState,
    LinkState,
    ListenerState,
    PeerState,
    PoolState,
    QueueState,
    RelatedState,
    RewriteState,
    RouteState,
    SessionState,
    SmscState,
)
from smppgate.store import StoreStatistics

_COUNT = {"type": "integer", "minimum": 0}
_KINDS = ("transmitter", "receiver", "transceiver")


def _binds(account: AccountState) -> dict[str, int]:
    counts = Counter(session.bind for session in account.sessions)
    return {kind: counts[kind] for kind in _KINDS}


def _links(smsc: SmscState) -> dict[str, int]:
    up = sum(link.condition == "bound" for link in smsc.links)
    return {"up": up, "all": len(smsc.links)}


def _counts(*names: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict.fromkeys(names, _COUNT),
        "required": list(names),
        "additionalProperties": False,
    }


def _all(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_ACCOUNTS = Joins(
    _all(same, "system_id pool window max_binds rate session_rate")
    | _all(total, "sessions tokens waiting over_rate queued messages errors")
    | {"state": decided, "binds": each_total},
    key=("system_id",),
)
_SMSCS = Joins(
    _all(same, "name tag weight window rate link_rate")
    | _all(total, "tokens bind_errors taken refused timed_out lost waiting")
    | _all(where_linked(total), "outstanding overdue capacity adaptive_rate errors")
    | _all(where_linked(mean_by("capacity")), "utilization latency")
    | {"state": decided, "limited_by": told, "remote": none_of, "links": each_total},
    key=("name",),
)
_MEMBERS = Joins(
    _all(same, "name weight is_backup")
    | {"is_active": any_of, "reason": told, "ejected_for": most}
    | {"ejections": total, "slow_start": least},
    key=("name",),
)
_POOLS = Joins(
    _all(same, "name balance")
    | _all(total, "waiting waiting_octets retries retries_refused")
    | _all(most, "utilization waiting_seconds")
    | {"members": each_record(_MEMBERS), "is_up": any_of},
    key=("name",),
)
_LISTENERS = Joins(
    _all(total, "sessions unbound refused delayed")
    | {"endpoint": same, "address": told, "certificate": told},
    key=("endpoint",),
)
_STORE = Joins(
    _all(total, "paths_recent paths_on_disk unsaved lost forgotten unconfirmed")
    | _all(total, "queued doubtful unremoved servers servers_up octets failures")
    | {"fault": told}
)
_RELATED = Joins(_all(total, "known octets split"))

ACCOUNT = Shape(
    "Account",
    AccountState,
    {
        "sessions": Derived(_COUNT, lambda account: len(account.sessions)),
        "binds": Derived(_counts(*_KINDS), _binds),
    },
    _ACCOUNTS,
)
SESSION = Shape("Session", SessionState, is_placed=True)
SMSC = Shape("Smsc", SmscState, {"links": Derived(_counts("up", "all"), _links)}, _SMSCS)
LINK = Shape("Link", LinkState, is_placed=True)
POOL = Shape("Pool", PoolState, joins=_POOLS)
ROUTE = Shape(
    "Route",
    RouteState,
    joins=Joins(_all(same, "label pools") | {"messages": total}, key=("label",)),
)
REWRITE = Shape(
    "Rewrite",
    RewriteState,
    joins=Joins(_all(same, "label applies_to") | {"messages": total}, key=("label", "applies_to")),
)
HOOK = Shape(
    "Hook",
    HookState,
    joins=Joins(
        _all(same, "name factory") | _all(total, "asked refused failed waiting"), key=("name",)
    ),
)
QUEUE = Shape(
    "Queue",
    QueueState,
    joins=Joins(
        _all(total, "queued delivered refused dropped expired") | {"system_id": same},
        key=("system_id",),
    ),
)
# Workers are peers of each other, and have no others: of several together there are none.
PEER = Shape("Peer", PeerState)
LISTENER = Shape("Listener", ListenerState, joins=_LISTENERS)
# Several have these together: one that shows them makes them itself.
WORKER = Shape("Worker", WorkerState)
STORE = Shape("Store", StoreStatistics, joins=_STORE)
RELATED = Shape("Related", RelatedState, joins=_RELATED)

HEAD = Joins(
    _all(same, "name version time started_at uptime_seconds")
    | _all(total, "open_exchanges unrouted")
    | {"is_stopping": any_of, "totals": each_total, "related": one_record(_RELATED)}
    | {"store": one_record(_STORE)}
)
"""Of the whole state, what is in none of its lists."""

TOTALS = tuple(name for name, kind in Events.__annotations__.items() if kind == "int")
"""What `Events` counts."""

SHAPES = (
    ACCOUNT,
    SESSION,
    SMSC,
    LINK,
    POOL,
    ROUTE,
    REWRITE,
    HOOK,
    QUEUE,
    PEER,
    WORKER,
    LISTENER,
    STORE,
    RELATED,
)


def totals(events: Events) -> dict[str, int]:
    """The counts of `Events`."""
    return {name: getattr(events, name) for name in TOTALS}
