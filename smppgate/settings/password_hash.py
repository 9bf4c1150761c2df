"""What is kept of the password of an admin user or an account, and whether another is the same.

``$scrypt$ln=14,r=8,p=1$SALT$HASH``, as other programs write it: scrypt (RFC 7914) with N = 2^ln,
salt and hash in base64 without padding. scrypt takes some 50 ms and 16 MiB: guesses are dear, and
it must not run in the reactor's thread.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re

from attrs import frozen

LOG_N, R, P = 14, 8, 1
"""The cost of new hashes: N = 2^14, as the author of scrypt has it for logins."""

_SALT_SIZE, _DIGEST_SIZE = 16, 32

MOST_MEMORY = 256 << 20
"""Octets that a check of a password may take."""

MOST_WORK = 1 << 23
"""Blocks, N · r · p, that a check may work through: a second or two."""

_FORM = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,3}),p=([0-9]{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
)


@frozen
class PasswordHash:
    """A hash and how it was made."""

    log_n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> PasswordHash:
        """The hash that ``text`` is.

        :raises ValueError: it is none, or one that would take too much to check.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError("must be a hash of `smppgate passwd`")
        log_n, r, p = (int(found[number]) for number in (1, 2, 3))
        if not (log_n and r and p):
            raise ValueError("must be a hash of `smppgate passwd`")
        if log_n > 32 or 128 * r << log_n > MOST_MEMORY or (r * p) << log_n > MOST_WORK:
            raise ValueError("takes too much memory or time to check")
        hashed = cls(log_n, r, p, _decoded(found[4]), _decoded(found[5]))
        if len(hashed.salt) < 8 or not 16 <= len(hashed.digest) <= 64:
            raise ValueError("must be a hash of `smppgate passwd`")
        return hashed

    def __str__(self) -> str:
        cost = f"ln={self.log_n},r={self.r},p={self.p}"
        return f"$scrypt${cost}${_encoded(self.salt)}${_encoded(self.digest)}"


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


def _encoded(octets: bytes) -> str:
    return base64.b64encode(octets).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("must be a hash of `smppgate passwd`") from None
