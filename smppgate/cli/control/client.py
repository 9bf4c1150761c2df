"""`Gate`: a running gate that is asked over HTTP, by a unix socket or a URL.

One connection for each question: what a command asks is little, and a connection that was open
for long may be one that the gate has closed. `http.client` does it: it is there, and loads fast.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode

from attrs import frozen

from smppgate.cli.control.errors import NotReached, Refused
from smppgate.cli.control.target import Socket, Target, Url
from smppgate.cli.control.texts import shown

API = "/api/v1"

TIMEOUT = 10.0
"""Seconds that a gate may be silent."""

LONGEST_ANSWER = 256 * 1024 * 1024
"""Octets; the state of a gate with 50 000 sessions has some 20 MB."""

_LONGEST_PATH = 107
"""Octets, in the address of a socket (Linux, unix(7))."""

_READINESS = {b"ready\n": True, b"not ready\n": False}
"""What ``/readyz`` answers."""

_LONGEST_WORD = 64
"""Octets, more than those have."""

_JSON = ("application/json", "application/problem+json")


@frozen(kw_only=True)
class _Question:
    """:ivar root: what stands in front of the path. :ivar path: its parts, not quoted."""

    method: str = "GET"
    root: str = API
    path: tuple[str, ...] = ()
    query: Mapping[str, str] = {}
    value: Any = None
    headers: Mapping[str, str] = {}
    timeout: float = TIMEOUT


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

    def objects(self, *path: str) -> list[dict[str, Any]]:
        """The list of objects at this path of the API; its parts are quoted.

        :raises NotReached: no gate answers. :raises Refused: it says why not.
        """
        found = self._asked(_Question(path=path))
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise NotReached(f"{self} answers something else than a list of objects")
        return found

    def object(self, *path: str, **query: str) -> dict[str, Any]:
        """The object at this path of the API."""
        return self._object(_Question(path=path, query=query))

    def is_ready(self) -> bool:
        """Whether the gate says that it can serve.

        :raises NotReached: no gate answers.
        """
        question = _Question(root="", path=("readyz",))
        with self._answered(question) as (_, answer), self._reached(TIMEOUT):
            octets = answer.read(_LONGEST_WORD)
        if octets not in _READINESS:
            raise NotReached(f"{self} answers what no gate does ({answer.status})")
        return _READINESS[octets]

    def post(self, *path: str, value: Any = None, timeout: float = TIMEOUT) -> dict[str, Any]:
        """Ask for a change; gives what the gate says of it."""
        return self._object(_Question(method="POST", path=path, value=value, timeout=timeout))

    def put(self, *path: str, value: Any) -> dict[str, Any]:
        """Set something; gives what the gate says of it."""
        return self._object(_Question(method="PUT", path=path, value=value))

    @contextmanager
    def stream(
        self,
        *path: str,
        headers: Mapping[str, str],
        silence: float,
        query: Mapping[str, str] | None = None,
    ) -> Iterator[HTTPResponse]:
        """The answer at this path of the API, to be read as it comes.

        :param silence: seconds without an octet after which reading fails.
        """
        question = _Question(path=path, headers=headers, query=query or {})
        with self._answered(question) as (connection, answer):
            if answer.status != 200:
                self._value(answer)
            if connection.sock is not None:
                connection.sock.settimeout(silence)
            yield answer

    def _object(self, question: _Question) -> dict[str, Any]:
        found = self._asked(question)
        if not isinstance(found, dict):
            raise NotReached(f"{self} answers something else than an object")
        return found

    def _asked(self, question: _Question) -> Any:
        with self._answered(question) as (_, answer):
            return self._value(answer)

    @contextmanager
    def _answered(self, question: _Question) -> Iterator[tuple[HTTPConnection, HTTPResponse]]:
        with closing(self._connection(question.timeout)) as connection:
            body = None if question.value is None else json.dumps(question.value)
            headers = {**self._headers(), **question.headers}
            with self._reached(question.timeout):
                connection.request(question.method, self._address(question), body, headers)
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

    def _address(self, question: _Question) -> str:
        prefix = self._target.parts.path.rstrip("/") if isinstance(self._target, Url) else ""
        parts = [prefix + question.root, *(quote(part, safe="") for part in question.path)]
        return "/".join(parts) + (f"?{urlencode(question.query)}" if question.query else "")

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
        if len(octets) > LONGEST_ANSWER:
            raise NotReached(f"{self} answers more than {LONGEST_ANSWER} octets")
        kind = (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower()
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
        folder, name = os.path.split(self._path)
        # A longer path than an address has room for is reached by its folder.
        if len(os.fsencode(self._path)) <= _LONGEST_PATH or not folder:
            self.sock.connect(self._path)
            return
        descriptor = os.open(folder, os.O_PATH)
        try:
            self.sock.connect(f"/proc/self/fd/{descriptor}/{name}")
        finally:
            os.close(descriptor)


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
