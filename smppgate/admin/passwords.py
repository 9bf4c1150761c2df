"""Passwords of users: what is kept of one, and whether another is the same.

scrypt takes some 50 ms and 16 MiB: guesses are dear, and it must not run in the reactor's thread.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from smppgate.settings.password_hash import PasswordHash

LOG_N, R, P = 14, 8, 1
"""The cost of new hashes: N = 2^14, as the author of scrypt has it for logins."""

_SALT_SIZE, _DIGEST_SIZE = 16, 32


def hashed(password: str, salt: bytes | None = None) -> PasswordHash:
    """The hash of ``password``, with a salt of its own."""
    salt = os.urandom(_SALT_SIZE) if salt is None else salt
    unmade = PasswordHash(LOG_N, R, P, salt, bytes(_DIGEST_SIZE))
    return PasswordHash(LOG_N, R, P, salt, _digest(unmade, password))


def is_same(kept: PasswordHash, password: str) -> bool:
    """Whether ``kept`` is the hash of ``password``; takes the same time where it is not."""
    return hmac.compare_digest(_digest(kept, password), kept.digest)


def _digest(like: PasswordHash, password: str) -> bytes:
    return hashlib.scrypt(
        password.encode(),
        salt=like.salt,
        n=1 << like.log_n,
        r=like.r,
        p=like.p,
        # OpenSSL counts some more than 128 · N · r.
        maxmem=(128 * like.r << like.log_n) + (1 << 20) + 1024 * like.r * like.p,
        dklen=len(like.digest),
    )
