"""`Guard`: who asks, and whether it may.

Over a UNIX socket whoever can open it is an operator. Others give a name and a password (HTTP
Basic, RFC 7617), which are compared with a hash in a thread: one comparison at a time, so that
guesses take no more than one core. What was right is remembered for a while as a keyed hash that
is of no use elsewhere. Failed guesses of one name from one address let the next one wait, as those
of binds do: see `Guesses`. The answer, and how long it takes, are the same whether there is such
a user or not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Sequence
from math import ceil

from attrs import frozen
from twisted.internet.defer import DeferredLock

from smppgate.admin.messages import Asked, Client, Problem
from smppgate.admin.shielded import shielded
from smppgate.gate.sessions.password_checks import Compare
from smppgate.routing.esmes.guesses import Guesses
from smppgate.settings import AdminUserSettings
from smppgate.settings.admin_side import OPERATOR
from smppgate.settings.password_hash import LOG_N, P, PasswordHash, R
from smppgate.txsmpp.clock import Clock

LONGEST_WAIT = 60.0
"""Seconds that guesses of one name from one address may have to wait for the next one."""

REMEMBERED = 300.0
"""Seconds that a password that was right need not be compared again."""

MOST_REMEMBERED = 1000
MOST_WAITING = 32
"""Comparisons that may wait for their turn: at 50 ms each the last one waits 1.6 s."""

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="smppgate", charset="UTF-8"'}
SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""


@frozen
class User:
    """Who asks.

    :ivar name: for the audit.
    """

    name: str
    role: str

    @property
    def is_operator(self) -> bool:
        """Whether it may change something."""
        return self.role == OPERATOR


class Guard:
    """Tells who asks.

    :param compare: compares a hash with a password, off the reactor.
    :param users: those that may connect by TCP; `change` gives others.
    """

    def __init__(
        self, clock: Clock, compare: Compare, users: Sequence[AdminUserSettings] = ()
    ) -> None:
        self._clock = clock
        self._compare = compare
        self._lock = DeferredLock()
        self._key = os.urandom(32)
        # Nobody's: what the passwords of unknown names are compared with.
        self._nobody = PasswordHash(LOG_N, R, P, os.urandom(16), os.urandom(32))
        self._guesses = Guesses(LONGEST_WAIT)
        self._remembered: OrderedDict[bytes, float] = OrderedDict()
        self._users: dict[str, AdminUserSettings] = {}
        self.change(users)

    def change(self, users: Sequence[AdminUserSettings]) -> None:
        """Let these be the users from now on."""
        self._users = {user.name: user for user in users}
        self._remembered.clear()

    async def user(self, asked: Asked) -> User:
        """Who asks.

        :raises Problem: 401 without a right name and password, 429 where guesses have to wait.
        """
        if asked.client.is_local:
            return User(_local_name(asked.client), OPERATOR)
        name, password = _credentials(asked)
        user = self._users.get(name)
        if user is None or not self._is_remembered(user, password):
            # It is judged to the end, and counts, even if the client is gone by then.
            await shielded(self._judge(asked.client, name, password))
            user = self._users.get(name)
        if user is None:
            raise _unknown()
        return User(user.name, user.role)

    async def _judge(self, client: Client, name: str, password: str) -> None:
        if len(self._lock.waiting) >= MOST_WAITING:
            raise Problem(429, "too many passwords are being compared", headers=_retry(1.0))
        await self._lock.acquire()
        try:
            await self._compare_now(client, name, password)
        finally:
            self._lock.release()

    async def _compare_now(self, client: Client, name: str, password: str) -> None:
        user = self._users.get(name)
        if user is not None and self._is_remembered(user, password):
            # One of several requests that a browser sends at once.
            return
        self._check_turn(client, name)
        kept = self._nobody if user is None else PasswordHash.parse(user.password_hash)
        is_right = await self._compare(kept, password)
        if user is None or not is_right or self._users.get(name) != user:
            self._guesses.failed(client.network, _octets(name), self._clock.monotonic())
            raise _unknown()
        self._guesses.forgive(client.network, _octets(name))
        self._remember(user, password)

    def _check_turn(self, client: Client, name: str) -> None:
        now = self._clock.monotonic()
        wait = self._guesses.turn(client.network, _octets(name), now)
        if wait > 0:
            raise Problem(429, "too many failed logins; try again later", headers=_retry(wait))

    # What was right

    def _token(self, user: AdminUserSettings, password: str) -> bytes:
        text = "\0".join((user.name, user.password_hash, password))
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=32).digest()

    def _is_remembered(self, user: AdminUserSettings, password: str) -> bool:
        until = self._remembered.get(self._token(user, password), 0.0)
        return self._clock.monotonic() < until

    def _remember(self, user: AdminUserSettings, password: str) -> None:
        token = self._token(user, password)
        self._remembered[token] = self._clock.monotonic() + REMEMBERED
        self._remembered.move_to_end(token)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def check_origin(asked: Asked) -> None:
    """Refuse what a page of another origin asks by a browser that knows the password.

    :raises Problem: 403.
    """
    origin = asked.headers.get("origin")
    scheme = "https" if asked.client.is_secure else "http"
    own = f"{scheme}://{asked.headers.get('host', '')}"
    if origin is not None and not hmac.compare_digest(_octets(origin), _octets(own)):
        raise Problem(403, "the request comes from a page of another origin")
    site = asked.headers.get("sec-fetch-site", "none")
    if asked.method not in SAFE and site not in ("none", "same-origin"):
        raise Problem(403, "the request comes from a page of another origin")


def _credentials(asked: Asked) -> tuple[str, str]:
    scheme, _, encoded = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise _unknown()
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise _unknown() from None
    name, _, password = text.partition(":")
    return name, password


def _local_name(client: Client) -> str:
    return "unix socket" if client.uid is None else f"uid {client.uid}"


def _unknown() -> Problem:
    return Problem(401, "name and password are needed", headers=_CHALLENGE)


def _retry(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, ceil(seconds)))}


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
