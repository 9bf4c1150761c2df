"""A client of the admin interface: HTTP over a UNIX socket or TCP."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from tests.e2e.wire import PATIENCE


class _UnixConnection(HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("gate", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        # Paths of tests are longer than a socket's address may be.
        folder = os.open(self._path.parent, os.O_PATH)
        try:
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)


class Client:
    """Asks one gate.

    :param at: the path of a socket, or a port of this machine.
    """

    def __init__(self, at: Path | int, user: str = "", password: str = "") -> None:
        self._at = at
        self._headers = {"Content-Type": "application/json"}
        if user:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {pair}"

    def open(self, method: str, path: str, body: object = None, **headers: str) -> HTTPResponse:
        """The response, of which nothing is read yet."""
        connection = (
            _UnixConnection(self._at)
            if isinstance(self._at, Path)
            else HTTPConnection("127.0.0.1", self._at, timeout=PATIENCE)
        )
        octets = None if body is None else json.dumps(body)
        connection.request(method, path, octets, {**self._headers, **headers})
        return connection.getresponse()

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Status and document."""
        with self.open(method, path, body, **headers) as response:
            text = response.read().decode()
            is_json = (response.headers["Content-Type"] or "").endswith("json")
            return response.status, json.loads(text) if is_json else text

    def get(self, path: str) -> Any:
        """The document at this path under /api/v1."""
        status, document = self.ask("GET", f"/api/v1/{path}")
        assert status == 200, document
        return document

    def post(self, path: str, body: object = None) -> tuple[int, Any]:
        """Status and document."""
        return self.ask("POST", f"/api/v1/{path}", body)

    def events(self, **headers: str) -> Iterator[dict[str, Any]]:
        """Events as they come."""
        with self.open("GET", "/api/v1/events", **headers) as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            for line in response:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
