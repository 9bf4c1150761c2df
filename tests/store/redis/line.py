"""`Line`: one connection to a redis-server on which a test asks and waits, command by command."""

from __future__ import annotations

import socket
from typing import Any, Self

from tests.store.redis.real import TIMEOUT, _answer, _command


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
        """
        self._socket.sendall(_command(*words))
        return _answer(self._answers)
