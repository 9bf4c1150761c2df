"""Scripts that tests make up."""

from __future__ import annotations

from hashlib import sha1

from smppgate.store.redis.script import Script


def script(text: bytes) -> Script:
    """A script of any text, without a file."""
    made = object.__new__(Script)
    object.__setattr__(made, "name", "made up")
    object.__setattr__(made, "text", text)
    object.__setattr__(made, "digest", sha1(text).hexdigest().encode())
    return made
