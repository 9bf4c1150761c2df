"""What a client asks and what it is answered, without the octets between."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from attrs import field, frozen

JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT = "text/plain; charset=utf-8"


@frozen(kw_only=True)
class Client:
    """Who has connected.

    :ivar network: what the client cannot change easily; see `network_of`.
    :ivar peer: the address, for the log.
    :ivar is_local: whether it came by a UNIX socket: who may open that is an operator.
    :ivar uid: of its process, where it came by a UNIX socket; None where that is not known.
    :ivar is_secure: whether it came by TLS.
    """

    network: str = ""
    peer: str = ""
    is_local: bool = False
    uid: int | None = None
    is_secure: bool = False


@frozen(kw_only=True)
class Asked:
    """A request.

    :ivar path: as it was sent, with its escapes.
    :ivar query: of a parameter that is given twice, the last value.
    :ivar headers: by names in lower case; of one that is given twice, the first value.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    client: Client = field(factory=Client)


@frozen(kw_only=True)
class Answer:
    """A response.

    :ivar body: in pieces, that are written one after the other.
    :ivar stream: writes the body piece by piece until the client is gone, instead of ``body``; it
        is called with what `Stream` describes.
    """

    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = field(factory=dict)
    body: Sequence[bytes] = ()
    stream: Callable[[Any], None] | None = None


class Problem(Exception):
    """An answer that is not what was asked for: problem+json, RFC 9457.

    :param errors: what is wrong, each with its place.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    @property
    def answer(self) -> Answer:
        """The answer that tells of it."""
        told: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            told["errors"] = [{"path": path, "message": text} for path, text in self.errors]
        return Answer(
            status=self.status,
            content_type=PROBLEM,
            headers=self.headers,
            body=(json.dumps(told).encode(),),
        )


def json_answer(value: object, status: int = 200) -> Answer:
    """``value``, which JSON has, as an answer."""
    return Answer(status=status, body=(json.dumps(value, separators=(",", ":")).encode(),))
