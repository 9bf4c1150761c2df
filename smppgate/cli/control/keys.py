"""Keys that are pressed in the terminal, one by one and without Enter."""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from attrs import frozen


@frozen
class Keys:
    """:ivar descriptor: of the terminal; None where keys cannot be read."""

    descriptor: int | None

    def next(self, seconds: float) -> str:
        """The next key; empty where none is pressed for so long."""
        if self.descriptor is None:
            time.sleep(seconds)
            return ""
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return ""
        return os.read(self.descriptor, 1).decode("ascii", "replace")


@contextmanager
def keys(terminal: TextIO) -> Iterator[Keys]:
    """The keys of this terminal, which is as it was afterwards. Ctrl-C stays what it is."""
    if not terminal.isatty():
        yield Keys(None)
        return
    descriptor = terminal.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield Keys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
