"""HAProxy in TCP mode: what relaying costs when nothing is read.

It sets TCP_NODELAY on both sides by itself. Without ``option http-...`` or inspection rules a
TCP proxy forwards what it has at once.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.process import Program, free_port, running

_CONFIGURATION = """\
global
    nbthread 1
    maxconn 2000
defaults
    mode tcp
    maxconn 2000
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen smpp
    bind 127.0.0.1:{port}
    balance roundrobin
{servers}
"""


def installed() -> str | None:
    """Where HAProxy is, if it is; /usr/sbin is looked into even if it is not on PATH."""
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def haproxy(smsc_ports: list[int], core: int) -> Iterator[tuple[int, Program]]:
    """HAProxy on ``core`` before these SMSCs; gives the port it listens on."""
    program = installed()
    if program is None:
        raise FileNotFoundError("haproxy")
    port = free_port()
    servers = "\n".join(f"    server smsc{n} 127.0.0.1:{p}" for n, p in enumerate(smsc_ports))
    with tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name:
        directory = Path(name)
        file = directory / "haproxy.cfg"
        file.write_text(_CONFIGURATION.format(port=port, servers=servers))
        with running([program, "-db", "-f", str(file)], core, directory, directory) as child:
            yield port, child
