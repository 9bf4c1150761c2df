"""A gate that is made up, of any size, as the API tells of it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain, count, islice
from math import sin
from random import Random
from typing import Any

from smppgate.observe import COLUMNS

Object = dict[str, Any]

NAMES = ("alpha", "beta", "gamma", "delta")
ERROR = "connection refused: 111 (ECONNREFUSED) at tcp:smsc-{}.example.net:2775"


def iso(seconds: float) -> str:
    """As the API tells times."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


class FakeState:
    """What the lists of the API tell; each reading of it is a little different.

    :ivar names: of SMSCs; a test may put markup into names.
    """

    def __init__(
        self, accounts: int, smscs: int, links: int, now: float, names: tuple[str, ...] = NAMES
    ) -> None:
        self.random = Random(7)
        self.started_at = now - 93784
        more = (f"smsc-{number:03}" for number in count(len(names) + 1))
        self.names = list(islice(chain(names, more), smscs))
        self.states = dict.fromkeys(self.names, "ready")
        self.weights = {name: 1 + place % 3 for place, name in enumerate(self.names)}
        self.link_states: dict[str, str] = {}
        self.per_smsc = max(1, links // max(1, smscs))
        self.account_names = [f"account-{number:04}" for number in range(accounts)]
        self.closed: set[str] = set()
        self.dropped: set[str] = set()
        self.kicked: set[int] = set()
        self.workers_count = 0

    def about(self, span: float) -> float:
        """Some number up to that."""
        return self.random.random() * span

    def smscs(self) -> list[Object]:
        """As GET /smscs."""
        per_smsc: dict[str, list[Object]] = {name: [] for name in self.names}
        for link in self.links():
            per_smsc[link["smsc"]].append(link)
        return [self._smsc(place, *each) for place, each in enumerate(per_smsc.items())]

    def _smsc(self, place: int, name: str, links: list[Object]) -> Object:
        window = 50 * len(links)
        outstanding = 0 if self.states[name] == "maint" else int(self.about(window))
        return {
            "name": name,
            "state": self.states[name],
            "tag": name[:4],
            "weight": self.weights[name],
            "window": window,
            "outstanding": outstanding,
            "capacity": window,
            "utilization": outstanding / window,
            "rate": 0.0,
            "link_rate": 0.0,
            "adaptive_rate": 0.0,
            "tokens": None,
            "limited_by": "adaptive_rate" if place == 1 else "",
            "errors": place % 4,
            "latency": 0.02 + self.about(0.03),
            "bind_errors": 0,
            "taken": 10_000_000 // (place + 1) + int(self.about(1000)),
            "refused": 120 * (place % 3),
            "timed_out": place % 2,
            "lost": 0,
            "waiting": 0,
            "links": {
                "up": sum(link["condition"] == "bound" for link in links),
                "all": len(links),
            },
        }

    def links(self) -> list[Object]:
        """As GET /links."""
        return [
            self._link(name, place, number)
            for place, name in enumerate(self.names)
            for number in range(1, self.per_smsc + 1)
        ]

    def _link(self, smsc: str, place: int, number: int) -> Object:
        name = f"{smsc} transceiver {number}"
        id_ = f"{place}-transceiver-{number}"
        state = self.link_states.get(id_, "ready")
        condition = "connecting" if place % 8 == 3 and number == 2 else "bound"
        if "maint" in (self.states[smsc], state):
            condition = "down"
        is_bound = condition == "bound"
        made = {
            "id": id_,
            "name": name,
            "smsc": smsc,
            "endpoint": f"tls:smsc-{place}.example.net:3550",
            "state": state,
            "condition": condition,
            "since": iso(self.started_at + 60) if is_bound else None,
            "outstanding": int(self.about(50)) if is_bound else 0,
            "open": 0,
            "tokens": None,
            "last_error": "" if is_bound else ERROR.format(place),
        }
        return self._placed(made, place)

    def pools(self) -> list[Object]:
        """As GET /pools."""
        return [
            {
                "name": "default",
                "balance": "least_outstanding",
                "members": [self._member(name) for name in self.names],
                "is_up": True,
                "utilization": self.about(1),
                "waiting": int(self.about(40)),
                "waiting_octets": int(self.about(40_000)),
                "waiting_seconds": self.about(1),
                "retries": 3,
                "retries_refused": 0,
            }
        ]

    def _member(self, name: str) -> Object:
        state = self.states[name]
        is_ejected = name == "gamma"
        return {
            "name": name,
            "weight": self.weights[name],
            "is_backup": name == "delta",
            "is_active": state == "ready" and not is_ejected and name != "delta",
            "reason": "ejected: 5 errors in a row" if is_ejected else state.replace("ready", ""),
            "ejected_for": 12.3 if is_ejected else 0.0,
            "ejections": int(is_ejected),
            "slow_start": 1.0,
        }

    def accounts(self) -> list[Object]:
        """As GET /accounts."""
        return [self._account(place, name) for place, name in enumerate(self.account_names)]

    def _account(self, place: int, name: str) -> Object:
        return {
            "system_id": name,
            "state": "closed" if name in self.closed else "ready",
            "pool": "default",
            "window": 100,
            "max_binds": 10,
            "sessions": 1 + place % 3,
            "rate": 50.0 * (place % 4),
            "session_rate": 0.0,
            "tokens": None,
            "waiting": int(self.about(20)) if place % 5 == 0 else 0,
            "over_rate": 0,
            "queued": place * 3 if place % 2 else None,
        }

    def sessions(self) -> list[Object]:
        """As GET /sessions."""
        return [
            each
            for place, name in enumerate(self.account_names)
            for number in range(1, 2 + place % 3)
            if (each := self._session(place, name, number))["id"] not in self.kicked
        ]

    def _session(self, place: int, name: str, number: int) -> Object:
        return {
            "id": place * 10 + number,
            "account": name,
            "peer": f"192.0.2.{place % 250}:{40000 + number}",
            "bind": ("transceiver", "transmitter", "receiver")[number - 1],
            "version": "3.4",
            "since": iso(self.started_at + 100 + place),
            "open": int(self.about(10)),
            "outstanding": int(self.about(3)),
            "writable": place % 40 != 7,
            "tokens": None,
            "limited_by": "",
        }

    def routes(self) -> list[Object]:
        """As GET /routes."""
        return [
            {"label": "premium", "pools": ["default", "reserve"], "messages": 123_456},
            {"label": "to default", "pools": ["default"], "messages": 9_876_543},
        ]

    def rewrites(self) -> list[Object]:
        """As GET /rewrites."""
        return [{"label": "national numbers", "applies_to": "submit", "messages": 4_321}]

    def queues(self) -> list[Object]:
        """As GET /queues."""
        return [
            {
                "system_id": name,
                "queued": 0 if name in self.dropped else place * 3,
                "delivered": place * 1000,
                "refused": 0,
                "dropped": place * 3 if name in self.dropped else 0,
                "expired": place % 2,
            }
            for place, name in enumerate(self.account_names)
            if place % 2
        ]

    def listeners(self) -> list[Object]:
        """As GET /listeners."""
        address = "tcp:2775:interface=127.0.0.1"
        return [
            {
                "endpoint": address,
                "address": "127.0.0.1:2775",
                "sessions": 2001,
                "unbound": 1,
                "refused": 0,
                "delayed": 0,
            }
        ]

    def store(self) -> Object:
        """As GET /store."""
        return {
            "paths_recent": 120_000,
            "paths_on_disk": 3_400_000,
            "unsaved": 0,
            "lost": 0,
            "forgotten": 0,
            "queued": 1234,
            "octets": 812_345_678,
            "failures": 0,
            "fault": "",
        }

    def workers(self) -> list[Object]:
        """As GET /workers: the second one is down."""
        return [
            {
                "number": number,
                "pid": 0 if number == 2 else 100 + number,
                "state": "down" if number == 2 else "up",
                "since": None if number == 2 else iso(self.started_at),
                "restarts": 3 if number == 2 else 0,
                "sessions": None if number == 2 else 7,
                "links": None if number == 2 else 1,
                "relayed": None if number == 2 else 1234,
                "lag": None if number == 2 else 0.0004,
            }
            for number in range(1, self.workers_count + 1)
        ]

    def _placed(self, object_: Object, place: int) -> Object:
        """With the worker that has it, where there are several."""
        count_ = self.workers_count
        return {**object_, "worker": place % count_ + 1} if count_ else object_

    def state(self, now: float) -> Object:
        """As GET /state."""
        return {
            "name": "gate1",
            "version": "0.2.0",
            "time": iso(now),
            "started_at": iso(self.started_at),
            "uptime_seconds": now - self.started_at,
            "is_stopping": False,
            "open_exchanges": 321,
            "unrouted": 0,
            "totals": {"answered": 12_345_678, "retried": 12, "failed": 3, "throttled": 99},
            "listeners": self.listeners(),
            "accounts": self.accounts(),
            "sessions": self.sessions(),
            "smscs": self.smscs(),
            "links": self.links(),
            "pools": self.pools(),
            "routes": self.routes(),
            "rewrites": self.rewrites(),
            "queues": self.queues(),
            "workers": self.workers(),
            "hooks": [],
            "related": {"known": 12, "octets": 4096, "split": 0},
            "store": self.store(),
        }

    def history(self, since: float, now: float) -> Object:
        """As GET /history: five minutes at the most."""
        times = range(max(int(since) + 1, int(now) - 299), int(now) + 1)
        return {
            "interval_seconds": 1,
            "columns": list(COLUMNS),
            "smscs": self.names,
            "samples": [self._sample(time) for time in times],
        }

    def _sample(self, time: int) -> list[Any]:
        wave = 1 + 0.3 * sin(time / 40) + 0.1 * sin(time / 7)
        per_smsc = [int(9000 * wave / (place + 2)) for place in range(len(self.names))]
        answered = sum(per_smsc)
        latencies = [0.02 + 0.01 * wave] * len(self.names)
        errors = int(20 * max(0, sin(time / 25)))
        waiting = int(300 * max(0, sin(time / 60)))
        totals = [answered + errors, answered, errors, int(answered * 0.9), 40, waiting]
        return [iso(time), *totals, 0.02 + 0.01 * wave, per_smsc, latencies]

    def explained(self, esme: str) -> Object:
        """As GET /route."""
        members = [
            {"smsc": name, "weight": 1, "is_chosen": not place, "reason": "another has the turn"}
            for place, name in enumerate(self.names)
        ]
        members[0]["reason"] = ""
        return {
            "esme": esme,
            "decided_by": "the routes of the gate decide",
            "rewrites": [
                {
                    "rule": "national numbers",
                    "holds": True,
                    "reasons": {},
                    "changes": [{"field": "destination_addr", "before": "0770", "after": "44770"}],
                }
            ],
            "smsc_rewrites": [],
            "fault": "",
            "routes": [
                {"route": "premium", "holds": False, "reasons": {"destination": "not 44*"}},
                {"route": "to default", "holds": True, "reasons": {}},
            ],
            "route": "to default",
            "status": None,
            "status_name": None,
            "pool": "default",
            "pools": [{"pool": "default", "is_in_use": True, "members": members}],
            "smsc": self.names[0],
        }
