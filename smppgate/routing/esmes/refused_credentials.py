"""Credentials that an SMSC has refused, remembered for a short time.

An ESME with a wrong password tries again and again, often with many sessions at once. An SMSC that
is asked each time may lock the account, or the gate out. What is kept of a password is a digest
under a key that no other process has and that is written nowhere.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from hashlib import blake2b

from smppgate.txsmpp.constants import CommandStatus

REFUSED_SECONDS = 30.0
"""How long a refusal is believed: who is given the right to bind waits no longer than that."""

MOST_REFUSED = 10_000
"""RefusedCredentials remembered at one time, about 3 MB."""

LASTING: frozenset[int] = frozenset({CommandStatus.ESME_RINVPASWD, CommandStatus.ESME_RINVSYSID})
"""The statuses that speak of the credentials. ESME_RBINDFAIL is not among them: it is said of a
bind too many as well, and the next one may be none."""


class RefusedCredentials:
    """Digest of credentials → the status they were refused with.

    They are kept in the order in which they are to be forgotten: each is believed for the same
    time, and is not asked about again until that is over.

    :param seconds: how long one is believed.
    :param most: how many are kept; the oldest go first.
    """

    def __init__(self, seconds: float = REFUSED_SECONDS, most: int = MOST_REFUSED) -> None:
        self._seconds = seconds
        self._most = most
        self._key = secrets.token_bytes(32)
        # With an old end that costs nothing to look at, which a dict emptied from there has not.
        self._refused: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._refused)

    def digest(self, system_id: bytes, password: bytes) -> bytes:
        """What stands for these credentials, 16 octets; ``system_id`` has no NUL in it."""
        told = system_id + b"\0" + password
        return blake2b(told, digest_size=16, key=self._key).digest()

    def add(self, digest: bytes, status: int, now: float) -> None:
        """An SMSC refused the bind at ``now`` (seconds); statuses not in `LASTING` are ignored."""
        if status not in LASTING:
            return
        self._forget(now)
        self._refused.pop(digest, None)
        self._refused[digest] = (status, now + self._seconds)
        if len(self._refused) > self._most:
            self._refused.popitem(last=False)

    def status(self, digest: bytes, now: float) -> int | None:
        """The status to refuse a bind with at ``now``; None where the SMSC is to be asked."""
        self._forget(now)
        refused = self._refused.get(digest)
        return refused[0] if refused is not None else None

    def _forget(self, now: float) -> None:
        while self._refused:
            _, until = next(iter(self._refused.values()))
            if until > now:
                break
            self._refused.popitem(last=False)
