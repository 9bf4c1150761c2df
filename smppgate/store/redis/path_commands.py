"""Return paths in the protocol of Redis, RESP: octets are put together here, not by a client."""

from __future__ import annotations

from collections.abc import Mapping

_SET = b"*5\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b"
_LIFETIME = b"\r\n$2\r\nPX\r\n$%d\r\n%b\r\n"
_PEXPIRE = b"*4\r\n$7\r\nPEXPIRE\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nLT\r\n"


def sets(kept: Mapping[bytes, bytes], lifetime: int) -> bytes:
    """Commands that set ``kept``, key to value, for so many milliseconds."""
    if not kept:
        return b""
    octets = b"%d" % lifetime
    tail = _LIFETIME % (len(octets), octets)
    made = [_SET % (len(key), key, len(value), value) for key, value in kept.items()]
    return tail.join(made) + tail


def ends(ended: Mapping[bytes, int]) -> bytes:
    """Commands that let ``ended``, key to milliseconds, expire, if they would not before."""
    times = [(key, b"%d" % time) for key, time in ended.items()]
    return b"".join([_PEXPIRE % (len(key), key, len(time), time) for key, time in times])


def command(*words: bytes) -> bytes:
    """A command in octets."""
    parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(parts)
