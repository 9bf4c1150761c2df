"""Hashes of passwords, made without the gate's code, and who compares them."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from random import Random
from typing import Any

from twisted.internet.defer import Deferred

from smppgate.settings import EsmeSettings

SLOWEST = 0.4
"""Seconds that a comparison takes at the most: several in a row are less than a bind may wait."""

_SALT = b"saltsalt"
_BEGIN = "$scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$"


def hash_of(password: str) -> str:
    """As the settings have it, and cheap. Equal passwords have equal hashes."""
    digest = hashlib.scrypt(password.encode(), salt=_SALT, n=2, r=1, p=1, dklen=16)
    return _BEGIN + b64encode(digest).decode().rstrip("=")


_PASSWORDS = {hash_of(f"p{number}"): f"p{number}" for number in range(100)}


def password_of(esme: EsmeSettings) -> str:
    """What an ESME has to know to bind."""
    return esme.password or _PASSWORDS.get(esme.password_hash or "", "")


class SlowCompare:
    """Compares in the time that the seed says, which ends with the process.

    :param reactor: of one life of the gate.
    """

    def __init__(self, reactor: Any, chance: Random) -> None:
        self._reactor = reactor
        self._chance = chance
        self.calls: list[Any] = []
        """Of all that were begun. These are carried to their end, as in a thread: a stop does not
        wait for them."""

    def __call__(self, kept: object, password: str) -> Deferred[bool]:
        comparing: Deferred[bool] = Deferred()
        seconds, is_same = self._chance.uniform(0.0, SLOWEST), hash_of(password) == str(kept)
        self.calls.append(self._reactor.callLater(seconds, comparing.callback, is_same))
        return comparing
