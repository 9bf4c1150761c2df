"""`Line`: one connection to a redis-server on which a test asks and waits, command by command."""

from __future__ import annotations

import socket
from typing import Any, BinaryIO, Self

TIMEOUT = 30.0
"""Seconds after which a test fails that waits for a server."""


class RedisSaysNo(Exception):
    """A server's answer is an error."""


class Line:
    """To the server at ``address``."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, TIMEOUT)
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def call(self, *words: str | bytes | int) -> Any:
        """What it answers to a command.

        :raises RedisSaysNo: when it answers with an error.
        :raises EOFError: when the connection is lost.
        """
        self._socket.sendall(_command(*words))
        return _answer(self._answers)


def _command(*words: str | bytes | int) -> bytes:
    octets = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in octets]
    return b"*%d\r\n" % len(parts) + b"".join(parts)


def _answer(answers: BinaryIO) -> Any:
    line = answers.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError("the connection is lost")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise RedisSaysNo(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else answers.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return None if rest == b"-1" else [_answer(answers) for _ in range(int(rest))]
    return rest
