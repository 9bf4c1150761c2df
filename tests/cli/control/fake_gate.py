"""A small HTTP server on a UNIX socket that answers as the API of a gate does."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

NOW = "2026-01-31T22:00:00Z"

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request, which the test's function answers."""

    server: FakeGate
    protocol_version = "HTTP/1.1"
    timeout = 30

    def handle_any(self) -> None:
        """Note it and answer it."""
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        self.body = json.loads(self.rfile.read(length)) if length else None
        asked = f"{self.command} {unquote(parts.path.removeprefix('/api/v1'))}"
        self.query = parts.query
        self.server.asked.append(asked)
        self.server.bodies.append(self.body)
        self.server.headers.append(dict(self.headers))
        answer = self.server.answers.get(asked)
        if answer is None:
            self.problem(404, f"there is no {asked}")
        elif callable(answer):
            answer(self)
        else:
            self.json(answer)

    do_GET = do_POST = do_PUT = handle_any  # noqa: N815

    def json(self, value: Any, status: int = 200, kind: str = "application/json") -> None:
        """Answer this."""
        self.octets(json.dumps(value).encode(), status, kind)

    def problem(self, status: int, detail: str, **more: Any) -> None:
        """Answer why not."""
        told = {"type": "about:blank", "title": "No", "status": status, "detail": detail, **more}
        self.json(told, status, "application/problem+json")

    def octets(
        self, octets: bytes, status: int = 200, kind: str = "text/html", length: int | None = None
    ) -> None:
        """Answer this."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(octets) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(octets)
        self.close_connection = True

    def stream(self, octets: bytes) -> None:
        """Answer this as server-sent events, and close."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(octets)
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class FakeGate(socketserver.ThreadingUnixStreamServer):
    """The server.

    :ivar answers: to ``GET /smscs`` and the like: what JSON has, or a function that answers.
    :ivar asked: what was asked, with ``bodies`` and ``headers``.
    """

    daemon_threads = True

    def __init__(self, path: str) -> None:
        super().__init__(path, Request)
        self.answers: dict[str, Any] = gate_answers()
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []

    @property
    def path(self) -> str:
        """Of its socket."""
        return str(self.server_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A command that ends early is none of its errors."""


@contextmanager
def fake_gate(folder: Path) -> Iterator[FakeGate]:
    """A server that runs; its socket is ``admin.sock`` in ``folder``."""
    with FakeGate(str(folder / "admin.sock")) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def smsc(name: str, **more: Any) -> dict[str, Any]:
    """An SMSC as the API has it."""
    return {
        "name": name, "state": "ready", "tag": name[:1], "weight": 1, "window": 20,
        "outstanding": 3, "overdue": 0, "capacity": 20, "utilization": 0.15, "rate": 0.0,
        "link_rate": 0.0, "adaptive_rate": 0.0, "tokens": None, "limited_by": "", "errors": 0,
        "latency": 0.0123, "bind_errors": 0, "taken": 1234, "refused": 5, "timed_out": 0,
        "lost": 0, "waiting": 0, "links": {"up": 2, "all": 2}, **more,
    }  # fmt: skip


def link(smsc_name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A link as the API has it."""
    return {
        "id": f"{smsc_name}-transceiver-{number}", "name": f"{smsc_name} transceiver {number}",
        "smsc": smsc_name, "endpoint": "tcp:smsc.example:2775", "state": "ready",
        "condition": "bound", "since": "2026-01-31T20:00:00Z", "outstanding": 3, "overdue": 0,
        "open": 0, "tokens": None, "last_error": "", **more,
    }  # fmt: skip


def account(system_id: str, **more: Any) -> dict[str, Any]:
    """An account as the API has it."""
    return {
        "system_id": system_id, "state": "ready", "pool": "main", "window": 10, "max_binds": 4,
        "sessions": 2, "rate": 0.0, "session_rate": 0.0, "tokens": None, "waiting": 0,
        "over_rate": 0, "queued": None, "messages": 100, "errors": 0, **more,
    }  # fmt: skip


def session(number: int, system_id: str, **more: Any) -> dict[str, Any]:
    """A session as the API has it."""
    return {
        "id": number, "account": system_id, "peer": f"192.0.2.{number}:40000",
        "bind": "transceiver", "version": "3.4", "since": "2026-01-31T21:58:00Z", "open": 1,
        "outstanding": 0, "writable": True, "tokens": None, "limited_by": "", **more,
    }  # fmt: skip


def pool(name: str, *members: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A pool as the API has it."""
    return {
        "name": name, "balance": "least_outstanding", "members": list(members), "is_up": True,
        "utilization": 0.1, "waiting": 0, "waiting_octets": 0, "waiting_seconds": 0.0,
        "retries": 0, "retries_refused": 0, **more,
    }  # fmt: skip


def member(name: str, **more: Any) -> dict[str, Any]:
    """A member of a pool as the API has it."""
    return {
        "name": name, "weight": 1, "is_backup": False, "is_active": True, "reason": "",
        "ejected_for": 0.0, "ejections": 0, "slow_start": 1.0, **more,
    }  # fmt: skip


def gate_answers() -> dict[str, Any]:
    """What a gate with two accounts and two SMSCs answers."""
    lists: dict[str, Any] = {
        "accounts": [account("acme"), account("bolt", sessions=0, messages=7, queued=3)],
        "sessions": [session(1, "acme"), session(2, "acme", bind="receiver")],
        "smscs": [smsc("alpha"), smsc("beta", latency=0.0)],
        "links": [link("alpha"), link("alpha", 2), link("beta"), link("beta", 2)],
        "pools": [pool("main", member("alpha"), member("beta"))],
        "rewrites": [{"label": "national", "applies_to": "submit", "messages": 7}],
        "routes": [{"label": "uk", "pools": ["main", "spare"], "messages": 42}],
        "queues": [
            {"system_id": "bolt", "queued": 3, "delivered": 9, "refused": 0, "dropped": 0,
             "expired": 1}
        ],
        "peers": [
            {"name": "b", "endpoint": "tcp:10.0.0.2:2790", "state": "up",
             "since": "2026-01-30T22:00:00Z", "sessions": 3, "sent": 7, "taken": 9,
             "returned": 0, "differs": ["esme"], "last_error": ""}
        ],
        "workers": [
            {"number": 1, "pid": 101, "state": "up", "since": "2026-01-30T22:00:00Z",
             "restarts": 0, "sessions": 2, "links": 4, "relayed": 7, "lag": 0.0004},
            {"number": 2, "pid": 0, "state": "down", "since": None,
             "restarts": 3, "sessions": None, "links": None, "relayed": None, "lag": None},
        ],
        "listeners": [
            {"endpoint": "tcp:2775", "address": "0.0.0.0:2775", "sessions": 3, "unbound": 1,
             "refused": 0, "delayed": 2}
        ],
    }  # fmt: skip
    state = {
        "name": "gate1", "version": "0.2.0", "time": NOW, "started_at": "2026-01-28T18:00:00Z",
        "uptime_seconds": 273600.0, "is_stopping": False, "open_exchanges": 6, "unrouted": 0,
        "totals": {"answered": 12345, "failed": 0, "retried": 2},
        "hooks": [],
        "related": {"known": 0, "octets": 0, "split": 0},
        "store": {"return_paths": 5000, "octets": 3_000_000}, **lists,
        "workers": [],
    }  # fmt: skip
    history = {
        "interval_seconds": 1,
        "columns": ["time", "messages", "answered", "errors", "receipts", "waiting",
                    "latency_seconds"],
        "smscs": ["alpha", "beta"],
        "samples": [
            [f"2026-01-31T21:59:{second:02}Z", 100 + second, 100, 2, 50, 0, 0.012, [60, 40],
             [0.01, 0.02]]
            for second in range(60)
        ],
    }  # fmt: skip
    return {
        "GET /state": state,
        "GET /history": history,
        **{f"GET /{name}": rows for name, rows in lists.items()},
    }
