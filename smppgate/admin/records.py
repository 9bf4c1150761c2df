"""The shapes of the API's objects."""

from __future__ import annotations

from collections import Counter
from typing import Any

from smppgate.admin.shapes import Derived, Shape
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


ACCOUNT = Shape(
    "Account",
    AccountState,
    {
        "sessions": Derived(_COUNT, lambda account: len(account.sessions)),
        "binds": Derived(_counts(*_KINDS), _binds),
    },
)
SESSION = Shape("Session", SessionState)
SMSC = Shape("Smsc", SmscState, {"links": Derived(_counts("up", "all"), _links)})
LINK = Shape("Link", LinkState)
POOL = Shape("Pool", PoolState)
ROUTE = Shape("Route", RouteState)
REWRITE = Shape("Rewrite", RewriteState)
HOOK = Shape("Hook", HookState)
QUEUE = Shape("Queue", QueueState)
PEER = Shape("Peer", PeerState)
LISTENER = Shape("Listener", ListenerState)
STORE = Shape("Store", StoreStatistics)
RELATED = Shape("Related", RelatedState)

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
    LISTENER,
    STORE,
    RELATED,
)


def totals(events: Events) -> dict[str, int]:
    """The counts of `Events`."""
    return {name: getattr(events, name) for name in TOTALS}
