"""Hooks that ask an HTTP service about each message of an ESME.

    pip install treq

    [gate]
    hooks = "http_hooks:HttpHooks"
    hook_timeout = 2.0
    hook_default = "refuse"
    [gate.hook_options]
    url = "http://127.0.0.1:8080/submit"
    token = "for the header Authorization"

    PYTHONPATH=examples smppgate run --config gate.toml

The service gets a POST with JSON, such as

    {"account": "acme", "from": "1234", "to": "447700900123", "text": "hello"}

where ``text`` is null unless it is one of GSM's or Latin 1. It answers 200 with one of

    {"decision": "pass"}
    {"decision": "refuse", "status": 69}
    {"decision": "route", "pool": "premium"}
    {"decision": "change", "from": "Shop", "to": "447700900124"}

Anything else is a failure, of which the gate makes what ``hook_default`` says. A request that
takes longer than ``hook_timeout`` is cancelled, and its connection closed.
"""
# Twisted's pool of connections is not annotated.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

import treq
from twisted.internet.defer import Deferred
from twisted.web.client import HTTPConnectionPool
from twisted.web.http_headers import Headers

from smppgate.gate.hooks import (
    PASS,
    Change,
    HookContext,
    Hooks,
    Refuse,
    Route,
    SubmitDecision,
    SubmitView,
)
from smppgate.txsmpp import decode_text

CONNECTIONS = 50
"""Connections to the service that stay open between two requests."""


class HttpHooks(Hooks):
    """Asks the service at ``url``; ``token`` is for its header Authorization, if there is one."""

    def __init__(self, context: HookContext) -> None:
        super().__init__(context)
        self._url: str = context.options["url"]
        token = context.options.get("token")
        self._headers = Headers({"Authorization": [f"Bearer {token}"]} if token else {})
        self._pool = HTTPConnectionPool(context.reactor)
        self._pool.maxPersistentPerHost = CONNECTIONS

    async def on_submit(self, view: SubmitView) -> SubmitDecision:
        """Ask the service."""
        answer = await treq.post(
            self._url,
            json=_question(view),
            headers=self._headers,
            pool=self._pool,
            reactor=self.context.reactor,
        )
        if answer.code != 200:
            raise ValueError(f"HTTP status {answer.code}")
        return _decision(await treq.json_content(answer))

    def stop(self) -> Deferred[None]:
        """Close the connections."""
        closed: Deferred[None] = self._pool.closeCachedConnections()
        return closed


def _question(view: SubmitView) -> dict[str, Any]:
    return {
        "account": view.system_id,
        "from": view.source_addr.decode("latin-1"),
        "to": view.destination_addr.decode("latin-1"),
        "text": _text(view.pdu),
    }


def _text(pdu: Any) -> str | None:
    """The text of a message, if it is short and in the alphabet of GSM, ASCII or Latin 1."""
    text: bytes = getattr(pdu, "short_message", b"")
    is_plain = pdu.data_coding in (0, 1, 3) and not pdu.esm_class & 0x40
    return decode_text(text, pdu.data_coding) if text and is_plain else None


def _decision(told: dict[str, Any]) -> SubmitDecision:
    """What the service has said; an error where that is nothing to be done."""
    kind = told["decision"]
    if kind == "refuse":
        return Refuse(told["status"])
    if kind == "route":
        return Route(told["pool"])
    if kind == "change":
        return Change(source_addr=_octets(told, "from"), destination_addr=_octets(told, "to"))
    if kind != "pass":
        raise ValueError("no such decision")
    return PASS


def _octets(told: dict[str, Any], key: str) -> bytes | None:
    return told[key].encode("latin-1") if key in told else None
