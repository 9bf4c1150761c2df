"""`Admin`: asks a running gate over the socket of its admin interface."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from benchmarks.process import Program

_SECONDS = 30.0


class _UnixConnection(HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("gate", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket in place of a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(str(self._path))


class Admin:
    """A client that waits for its answers; each request has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, path: str) -> HTTPResponse:
        """The answer, of which nothing is read yet; raises OSError."""
        connection = _UnixConnection(self._path)
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"{path} is answered {answer.status}")
        return answer

    def text(self, path: str) -> str:
        """The whole answer; raises OSError."""
        with self.open(path) as answer:
            return answer.read().decode()

    def api(self, path: str) -> Any:
        """The document at this path below /api/v1; raises OSError."""
        return json.loads(self.text(f"/api/v1/{path}"))


def socket_of(program: Program) -> Path:
    """Where a gate with its default endpoint is asked, whose state is where it logs."""
    return program.folder / "state" / "admin.sock"
