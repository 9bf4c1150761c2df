"""`Views`: what the API shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from smppgate.admin import records
from smppgate.admin.messages import Answer, Problem, json_answer
from smppgate.admin.routes import Call
from smppgate.admin.shapes import Shape, iso
from smppgate.admin.slices import json_array
from smppgate.gate import Gateway
from smppgate.gate.observation import Observation
from smppgate.observe import COLUMNS, Observer

Records = Callable[[Observation], Iterable[object]]

LISTS: dict[str, tuple[Shape, Records]] = {
    "listeners": (records.LISTENER, Observation.listeners),
    "accounts": (records.ACCOUNT, Observation.accounts),
    "sessions": (records.SESSION, Observation.sessions),
    "smscs": (records.SMSC, Observation.smscs),
    "links": (records.LINK, Observation.links),
    "pools": (records.POOL, Observation.pools),
    "routes": (records.ROUTE, Observation.routes),
    "rewrites": (records.REWRITE, Observation.rewrites),
    "hooks": (records.HOOK, Observation.hooks),
    "queues": (records.QUEUE, Observation.queues),
    "peers": (records.PEER, Observation.peers),
    # A gate of one process has none.
    "workers": (records.WORKER, lambda _: ()),
}
"""The lists, by the last word of their paths."""

ITEMS: dict[str, tuple[Shape, str, Callable[[Observation, str], object]]] = {
    "accounts": (records.ACCOUNT, "system_id", Observation.account),
    "sessions": (records.SESSION, "id", lambda seen, name: seen.session(number(name))),
    "smscs": (records.SMSC, "name", Observation.smsc),
    "links": (records.LINK, "id", Observation.link),
    "queues": (records.QUEUE, "system_id", Observation.queue),
}
"""Shape, name in the path and look-up of single objects."""


class Views:
    """What the API shows of one gate.

    :param version: of the program.
    :param started_at: seconds since 1970.
    """

    def __init__(
        self, gateway: Gateway, observer: Observer, version: str, started_at: float
    ) -> None:
        self._gateway = gateway
        self._observer = observer
        self._version = version
        self._started_at = started_at

    async def list(self, name: str) -> Answer:
        """A list of `LISTS`."""
        return Answer(body=(await self._array(name, self._gateway.observation()),))

    async def item(self, kind: str, name: str, status: int = 200) -> Answer:
        """One object of `ITEMS`, as it is now.

        :raises Problem: 404.
        """
        shape, _, look_up = ITEMS[kind]
        try:
            found = look_up(self._gateway.observation(), name)
        except KeyError:
            raise unknown(kind, name) from None
        return json_answer(shape.plain(found), status)

    async def store(self, _call: Call) -> Answer:
        """What the store holds."""
        return json_answer(records.STORE.plain(self._gateway.observation().store()))

    async def state(self, _call: Call) -> Answer:
        """All of it."""
        seen, wall = self._gateway.observation(), self._gateway.clock.wall()
        head = {
            "name": self._gateway.settings.gate.name,
            "version": self._version,
            "time": iso(wall),
            "started_at": iso(self._started_at),
            "uptime_seconds": max(0.0, wall - self._started_at),
            "is_stopping": seen.is_stopping,
            "open_exchanges": seen.open_exchanges,
            "unrouted": seen.unrouted,
            "totals": records.totals(seen.events()),
            "related": records.RELATED.plain(seen.related()),
            "store": records.STORE.plain(seen.store()),
        }
        body = [json.dumps(head, separators=(",", ":")).encode()[:-1]]
        for name in LISTS:
            body += [f',"{name}":'.encode(), await self._array(name, seen)]
        return Answer(body=(*body, b"}"))

    async def history(self, call: Call) -> Answer:
        """The last minutes, a sample a second."""
        history = self._observer.history
        samples = [
            [iso(sample.time), *sample.totals[1:], list(sample.messages), list(sample.latencies)]
            for sample in history.since(call.query["since"])
        ]
        told = {
            "interval_seconds": 1,
            "columns": list(COLUMNS),
            "smscs": list(history.smscs),
            "samples": samples,
        }
        return json_answer(told)

    async def metrics(self, _call: Call) -> Answer:
        """The metrics as Prometheus reads them."""
        metrics = self._observer.metrics
        if metrics is None:
            raise Problem(404, "metrics are switched off: [admin] metrics = false")
        body = await metrics.exposition()
        return Answer(content_type=metrics.content_type, body=(body,))

    async def is_ready(self) -> bool:
        """Whether the gate can serve."""
        return self._gateway.observation().is_serving

    async def _array(self, name: str, seen: Observation) -> bytes:
        shape, look = LISTS[name]
        return await json_array(shape.plain, look(seen), self._gateway.clock)


def unknown(kind: str, name: str) -> Problem:
    """There is no such object."""
    return Problem(404, f"{kind}: there is none called {name[:60]!r}")


def number(name: str) -> int:
    """The number in a path.

    :raises KeyError: where it is none.
    """
    if not (name.isascii() and name.isdecimal() and len(name) < 19):
        raise KeyError(name)
    return int(name)


def moment(text: Any) -> float:
    """ISO 8601 as seconds since 1970; without a zone, UTC.

    :raises ValueError: for anything else.
    """
    try:
        found = datetime.fromisoformat(str(text))
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return aware.timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError("must be a time such as 2026-01-31T22:00:00Z") from None
