"""A server that answers like the API of a gate, with what `FakeState` makes up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import smppgate.admin.page
from tests.browser.fake_state import FakeState, iso

FILES = Path(smppgate.admin.page.__file__).parent / "files"
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"


class FakeGate(ThreadingHTTPServer):
    """The server.

    :ivar role: of whoever asks.
    :ivar changes: paths of what was asked for by POST and PUT, with their bodies.
    :ivar is_away: answers nothing, as a gate that is stopped.
    """

    daemon_threads = True

    def __init__(self, state: FakeState) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.state = state
        self.role = "operator"
        self.changes: list[tuple[str, Any]] = []
        self.is_away = False
        self.events: list[dict[str, Any]] = []
        self.lock = threading.Condition()

    @property
    def url(self) -> str:
        """Of the page."""
        return f"http://127.0.0.1:{self.server_port}/"

    def tell(self, kind: str, text: str, **about: str) -> None:
        """Add an event."""
        with self.lock:
            number = len(self.events) + 1
            event = {"number": number, "time": iso(time.time()), "kind": kind, "text": text}
            self.events.append({**event, **about})
            self.lock.notify_all()


class _Request(BaseHTTPRequestHandler):
    server: FakeGate
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path, words = self._asked()
        if path[:2] != ["api", "v1"]:
            self._file("/".join(path) or "index.html")
        elif self.server.is_away:
            self._answer(503, {"title": "Service Unavailable", "status": 503})
        elif path[2:] == ["events"]:
            self._events(int(words.get("since", "0")))
        else:
            self._answer(200, self._told(path[2], words))

    def _asked(self) -> tuple[list[str], dict[str, str]]:
        url = urlsplit(self.path)
        words = {key: values[0] for key, values in parse_qs(url.query).items()}
        return [unquote(part) for part in url.path.strip("/").split("/") if part], words

    def _file(self, name: str) -> None:
        file = FILES / name
        if not file.is_file():
            self._answer(404, {"title": "Not Found", "status": 404})
            return
        self._send(200, KINDS[file.suffix], file.read_bytes())

    def _told(self, name: str, words: dict[str, str]) -> Any:
        state, now = self.server.state, time.time()
        if name == "me":
            return {"user": "olga", "role": self.server.role}
        if name == "history":
            since = datetime.fromisoformat(words["since"]).timestamp() if "since" in words else 0
            return state.history(since, now)
        if name == "state":
            return state.state(now)
        return state.explained(words["esme"]) if name == "route" else getattr(state, name)()

    def do_POST(self) -> None:
        path, _ = self._asked()
        octets = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(octets) if octets else None
        self.server.changes.append(("/".join(path[2:]), body))
        self._answer(202, self._changed(path[2:], body))

    def do_PUT(self) -> None:
        self.do_POST()

    def _changed(self, path: list[str], body: Any) -> Any:
        state = self.server.state
        kind, *rest = path
        if kind == "smscs" and rest[1] == "weight":
            state.weights[rest[0]] = body["weight"] if body["weight"] is not None else 1
        elif kind == "smscs":
            state.states[rest[0]] = rest[1]
        elif kind == "links":
            state.link_states[rest[0]] = rest[1]
            return next(each for each in state.links() if each["id"] == rest[0])
        elif kind == "accounts" and rest[1] != "kick":
            (state.closed.add if rest[1] == "close" else state.closed.discard)(rest[0])
        elif kind == "sessions":
            state.kicked.add(int(rest[0]))
            return None
        elif kind == "queues" and rest[1] == "drop":
            state.dropped.add(rest[0])
        if kind in ("reload", "log-level"):
            return {}
        return next(
            each
            for each in getattr(state, kind)()
            if each.get("name", each.get("system_id")) == rest[0]
        )

    def _answer(self, status: int, told: Any) -> None:
        self._send(status, "application/json", json.dumps(told).encode())

    def _send(self, status: int, kind: str, octets: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(octets)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(octets)

    def _events(self, since: int) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while not self.server.is_away:
                with self.server.lock:
                    if not (new := self.server.events[since:]):
                        self.server.lock.wait(1)
                for event in new:
                    line = f"id: {event['number']}\nevent: {event['kind']}\n"
                    self.wfile.write(f"{line}data: {json.dumps(event)}\n\n".encode())
                    since = event["number"]
                self.wfile.write(b": here\n\n")
        except OSError:
            pass


@contextmanager
def fake_gate(state: FakeState) -> Iterator[FakeGate]:
    """The server on a port of its own; ended afterwards."""
    server = FakeGate(state)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
