"""`Notifier`: tells systemd how the service is, by sd_notify(3) without its library.

A message is one datagram to the socket that ``NOTIFY_SOCKET`` names. Without that variable, and
where the socket cannot take a message, nothing happens: a gate does not end because of that.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

_MICROSECONDS = 1_000_000


class Notifier:
    """Sends the states of this process to systemd.

    :param address: of the socket; ``@`` in front stands for the NUL of an abstract one. Empty for
        a process that systemd has not started: all is quiet.
    """

    def __init__(self, address: str = "") -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    @classmethod
    def of_process(cls, environment: Mapping[str, str] = os.environ) -> Notifier:
        """The one that ``NOTIFY_SOCKET`` describes."""
        return cls(environment.get("NOTIFY_SOCKET", ""))

    @property
    def is_heard(self) -> bool:
        """Whether there is a systemd to be told."""
        return bool(self._address)

    def ready(self) -> None:
        """The service has started, or its reload is done."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload begins; `ready` follows."""
        now = time.monotonic_ns() // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """The service begins to stop."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={text}")

    def alive(self) -> None:
        """A sign of life for the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        with suppress(OSError, ValueError), socket.socket(socket.AF_UNIX, kind) as sender:
            sender.sendto(message.encode(), self._address)


def watchdog_interval(environment: Mapping[str, str] = os.environ) -> float:
    """Seconds between two signs of life for the watchdog: half of its time; 0 without one."""
    of_process = environment.get("WATCHDOG_PID") or str(os.getpid())
    given = environment.get("WATCHDOG_USEC", "")
    if of_process != str(os.getpid()) or not given.isdecimal():
        return 0.0
    return int(given) / _MICROSECONDS / 2
