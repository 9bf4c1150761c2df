"""A gate in memory that is asked by its API, without the octets between."""

from __future__ import annotations

import base64
import json
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed

from smppgate.admin import AdminService
from smppgate.admin.guard import Guard
from smppgate.admin.messages import Answer, Asked, Client
from smppgate.settings import AdminSettings, AdminUserSettings
from smppgate.settings.password_hash import PasswordHash, hashed, is_same
from tests.gate.memory_gateway import MemoryGateway
from tests.gate.test_reload import gate_of

LOCAL = Client(is_local=True, uid=1000, peer="unix socket")
REMOTE = Client(network="192.0.2.7", peer="192.0.2.7:4000")
HASH = str(hashed("secret"))
USERS = (AdminUserSettings("vera", HASH), AdminUserSettings("otto", HASH, "operator"))


class Compared:
    """Compares at once, and keeps what was compared."""

    def __init__(self) -> None:
        self.passwords: list[str] = []
        self.waiting: list[Deferred[bool]] = []
        self.is_held = False

    def __call__(self, kept: PasswordHash, password: str) -> Deferred[bool]:
        self.passwords.append(password)
        if self.is_held:
            waiting: Deferred[bool] = Deferred()
            self.waiting.append(waiting)
            return waiting
        return succeed(is_same(kept, password))


class Asker:
    """Asks an admin interface.

    :ivar service: the interface.
    """

    service: Any

    def turn(self) -> None:
        """Run what is due now."""
        raise NotImplementedError

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        client: Client = LOCAL,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Deferred[Answer]:
        """Ask; the answer may take some turns."""
        path, _, query = path.partition("?")
        octets = b"" if body is None else json.dumps(body).encode()
        asked = Asked(
            method=method,
            path=path,
            query=dict(pair.split("=", 1) for pair in query.split("&") if pair),
            headers={"content-type": "application/json", **(headers or {})},
            body=octets if raw is None else raw,
            client=client,
        )
        asking: Deferred[Answer] = Deferred.fromCoroutine(self.service.face.respond(asked))
        self.turn()
        return asking

    def ask_and_go(self, method: str, path: str) -> None:
        """Ask, and be gone before the answer is there."""
        asking = self.ask(method, path)
        assert not asking.called
        asking.cancel()
        asking.addErrback(lambda why: why.trap(CancelledError))

    def answer(self, method: str, path: str, *args: Any, **more: Any) -> tuple[int, Any]:
        """Status and document of the answer, which is there at once."""
        answer = result(self.ask(method, path, *args, **more))
        text = b"".join(answer.body)
        is_json = answer.content_type.endswith("json")
        return answer.status, json.loads(text) if is_json else text.decode()

    def get(self, path: str) -> Any:
        """The document at this path under /api/v1."""
        status, document = self.answer("GET", f"/api/v1/{path}")
        assert status == 200, document
        return document

    def post(self, path: str, body: object = None) -> tuple[int, Any]:
        """Status and document."""
        return self.answer("POST", f"/api/v1/{path}", body)


class Asking(Asker):
    """The gate, its admin interface, and who asks."""

    def __init__(self, *smscs: Any, reload: Any = None, **more: Any) -> None:
        more.setdefault("admin", off())
        self.gate: MemoryGateway = gate_of(*smscs, **more)
        self.service = AdminService(self.gate.gateway, self.gate.reactor, reload)
        self.service.setServiceParent(self.gate.gateway)

    def turn(self) -> None:
        """Run what is due now."""
        self.gate.turn()


def result(asking: Deferred[Answer]) -> Answer:
    """The answer that is there."""
    found: list[Answer] = []
    asking.addCallback(found.append)
    assert found, asking
    return found[0]


def basic(name: str, password: str) -> dict[str, str]:
    """The header of a user."""
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def off(**more: Any) -> AdminSettings:
    """Nothing is opened in these tests."""
    return AdminSettings(endpoint=(), **more)


def guard_of(clock: Any, compare: Any, *users: AdminUserSettings) -> Guard:
    """A guard of these users."""
    return Guard(clock, compare, users or USERS)
