"""Credentials that an SMSC has refused, remembered for a short time.

An ESME with a wrong password tries again and again, often with many sessions at once. An SMSC that
is asked each time may lock the account, or lock the gate out. Of a password only a digest is kept,
under a key that no other process has and that is never written down.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

from smppgate.txsmpp.constants import CommandStatus

REFUSED_SECONDS = 30.0
"""Seconds for which a refusal counts. An ESME whose credentials the SMSC would accept again waits
no longer than that."""

MOST_REFUSED = 10_000
"""The most refusals kept at one time, about 3 MB."""

LASTING: frozenset[int] = frozenset({CommandStatus.ESME_RINVPASWD, CommandStatus.ESME_RINVSYSID})
"""The statuses that are about the credentials. ESME_RBINDFAIL is not among them: it also answers
one bind too many, and the same credentials may be accepted a moment later."""


class RefusedCredentials:
    """Digest of credentials → the status they were refused with.

    Each refusal counts for the same time, so they are kept in the order in which they go.

    :param key: 32 random octets that key the digests.
    :param seconds: the time for which a refusal counts.
    :param most: the most refusals kept; beyond it the oldest is dropped.
    """

    def __init__(
        self,
        key: bytes,
        seconds: float = REFUSED_SECONDS,
        most: int = MOST_REFUSED,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._key = key
        # The oldest entry of an OrderedDict is found in constant time; that of a dict is not, once
        # many of the oldest were removed.
        self._refused: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._refused)

    def digest(self, system_id: bytes, password: bytes) -> bytes:
        """The digest of these credentials, 16 octets; ``system_id`` has no NUL in it."""
        credentials = system_id + b"\0" + password
        return blake2b(credentials, digest_size=16, key=self._key).digest()

    def add(self, digest: bytes, status: int, now: float) -> None:
        """Keep that an SMSC refused these credentials; a status not in `LASTING` is ignored."""
        if status not in LASTING:
            return
        self._drop_old(now)
        self._refused.pop(digest, None)
        self._refused[digest] = (status, now + self._seconds)
        if len(self._refused) > self._most:
            self._refused.popitem(last=False)

    def status(self, digest: bytes, now: float) -> int | None:
        """The status to refuse a bind with at ``now``, in seconds; None to ask the SMSC."""
        self._drop_old(now)
        refused = self._refused.get(digest)
        return refused[0] if refused is not None else None

    def _drop_old(self, now: float) -> None:
        while self._refused:
            _, until = next(iter(self._refused.values()))
            if until > now:
                break
            self._refused.popitem(last=False)
