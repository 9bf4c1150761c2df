"""`Gate`: a running gate that is asked over HTTP, by a unix socket or a URL.

One connection for each question: what a command asks is little, and a connection that was open
for long may be one that the gate has closed. `http.client` does it: it is there, and loads fast.
"""

from __future__ import annotations

import json
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode

from smppgate.cli.control.errors import NotReached, Refused
from smppgate.cli.control.target import Socket, Target, Url
from smppgate.cli.control.texts import shown

API = "/api/v1"

TIMEOUT = 10.0
"""Seconds that a gate may be silent."""

LONGEST_ANSWER = 256 * 1024 * 1024
"""Octets; the state of a gate with 50 000 sessions has some 20 MB."""

_JSON = ("application/json", "application/problem+json")


class Gate:
    """A running gate.

    :param target: where it is.
    :param password: of the target's user.
    """

    def __init__(self, target: Target, password: str = "") -> None:
        self._target = target
        self._password = password

    def __str__(self) -> str:
        return str(self._target)

    def get(self, *path: str, **query: str) -> Any:
        """The JSON at this path; its parts are quoted.

        :raises NotReached: no gate answers. :raises Refused: it says why not.
        """
        return self._asked("GET", path, query)

    def objects(self, *path: str) -> list[dict[str, Any]]:
        """The list of objects at this path.

        :raises NotReached: it is none, too.
        """
        found = self.get(*path)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise NotReached(f"{self} answers something else than a list of objects")
        return found

    def object(self, *path: str, **query: str) -> dict[str, Any]:
        """The object at this path.

        :raises NotReached: it is none, too.
        """
        return self._object(self.get(*path, **query))

    def post(self, *path: str, value: Any = None, timeout: float = TIMEOUT) -> dict[str, Any]:
        """Ask for a change; gives what the gate says of it."""
        return self._object(self._asked("POST", path, {}, value, timeout))

    def put(self, *path: str, value: Any) -> dict[str, Any]:
        """Set something; gives what the gate says of it."""
        return self._object(self._asked("PUT", path, {}, value))

    @contextmanager
    def stream(
        self, *path: str, headers: Mapping[str, str], silence: float
    ) -> Iterator[HTTPResponse]:
        """The answer at this path, to be read as it comes.

        :param silence: seconds without an octet after which reading fails.
        """
        with self._answered("GET", path, {}, headers=headers, timeout=TIMEOUT) as (conn, answer):
            if answer.status != 200:
                self._value(answer)
                raise NotReached(f"{self} answers {answer.status}")
            if conn.sock is not None:
                conn.sock.settimeout(silence)
            yield answer

    def _object(self, found: Any) -> dict[str, Any]:
        if not isinstance(found, dict):
            raise NotReached(f"{self} answers something else than an object")
        return found

    def _asked(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str],
        value: Any = None,
        timeout: float = TIMEOUT,
    ) -> Any:
        with self._answered(method, path, query, value, timeout=timeout) as (_, answer):
            return self._value(answer)

    @contextmanager
    def _answered(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str],
        value: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> Iterator[tuple[HTTPConnection, HTTPResponse]]:
        with closing(self._connection(timeout)) as connection:
            body = None if value is None else json.dumps(value)
            with self._reached(timeout):
                connection.request(
                    method,
                    self._address(path, query),
                    body,
                    {**self._headers(), **(headers or {})},
                )
                answer = connection.getresponse()
            yield connection, answer

    def _connection(self, timeout: float) -> HTTPConnection:
        target = self._target
        if isinstance(target, Socket):
            return _UnixConnection(target.path, timeout)
        host, port = target.parts.hostname or "", target.parts.port
        if target.parts.scheme == "http":
            return HTTPConnection(host, port, timeout=timeout)
        try:
            context = ssl.create_default_context(cafile=target.authorities or None)
        except OSError as error:
            why = error.strerror or "it has no certificate"
            raise NotReached(f"{shown(target.authorities)} cannot be used: {why}") from None
        return HTTPSConnection(host, port, timeout=timeout, context=context)

    def _address(self, path: tuple[str, ...], query: Mapping[str, str]) -> str:
        prefix = self._target.parts.path.rstrip("/") if isinstance(self._target, Url) else ""
        asked = f"?{urlencode(query)}" if query else ""
        return "/".join([prefix + API, *(quote(part, safe="") for part in path)]) + asked

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if isinstance(self._target, Url) and self._target.user:
            credentials = f"{self._target.user}:{self._password}".encode()
            headers["Authorization"] = f"Basic {b64encode(credentials).decode()}"
        return headers

    @contextmanager
    def _reached(self, timeout: float) -> Iterator[None]:
        """Give each way in which no answer comes its words.

        :raises NotReached: with them.
        """
        try:
            yield
        except TimeoutError:
            raise NotReached(f"{self} gives no answer within {timeout:g} s") from None
        except HTTPException as error:
            cut = isinstance(error, ConnectionError) or type(error).__name__ == "IncompleteRead"
            what = "has gone in the middle of its answer" if cut else "does not speak HTTP"
            raise NotReached(f"{self} {what}") from None
        except ConnectionError as error:
            raise NotReached(f"{self}: {shown(error.strerror or error)}") from None
        except OSError as error:
            raise NotReached(
                f"{self} cannot be reached: {shown(error.strerror or error)}"
            ) from None

    def _value(self, answer: HTTPResponse) -> Any:
        """The JSON of an answer.

        :raises Refused: the gate says why not.
        """
        with self._reached(TIMEOUT):
            octets = answer.read(LONGEST_ANSWER + 1)
            # http.client gives what it has when an answer of a known length ends early.
            if answer.length:
                raise NotReached(f"{self} has gone in the middle of its answer")
        kind = (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower()
        if len(octets) > LONGEST_ANSWER:
            raise NotReached(f"{self} answers more than {LONGEST_ANSWER} octets")
        value = self._json(octets, kind)
        if answer.status >= 400:
            raise _refused(answer, value if isinstance(value, dict) else {})
        if kind not in _JSON or answer.status >= 300:
            what = f"{answer.status}, {shown(kind or 'of no type')}"
            raise NotReached(f"{self} answers what no gate does ({what})")
        return value

    def _json(self, octets: bytes, kind: str) -> Any:
        if kind not in _JSON:
            return None
        try:
            return json.loads(octets)
        except (ValueError, RecursionError):
            raise NotReached(f"{self} answers something else than JSON") from None


class _UnixConnection(HTTPConnection):
    """HTTP over a socket of the file system."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _refused(answer: HTTPResponse, problem: Mapping[str, Any]) -> Refused:
    """What a problem+json says; where it says nothing, what its status does."""
    if answer.status == 401:
        return Refused("the gate does not know this user with this password", 401)
    reason = problem.get("detail") or problem.get("title") or answer.reason or answer.status
    errors = problem.get("errors")
    return Refused(
        shown(reason),
        answer.status,
        tuple(_error_lines(errors if isinstance(errors, list) else [])),
    )


def _error_lines(errors: list[Any]) -> Iterator[str]:
    for error in errors:
        if isinstance(error, dict):
            place, message = error.get("path"), shown(error.get("message"))
            yield f"{shown(place)}: {message}" if place else message
