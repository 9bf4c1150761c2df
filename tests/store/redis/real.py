"""Redis servers and Sentinels of a test's own: on loopback, in a temporary folder, ended by pid.

    with RealRedis(maxmemory="64mb") as redis:
        redis.call("SET", "key", "value")

They block while they start; what they do afterwards is up to the test.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.e2e.ports import free_port
from tests.store.redis.line import TIMEOUT, Line, RedisSaysNo

_MISSING = (
    "redis-server is not installed: `apt-get install redis-server redis-sentinel` on Debian, "
    "version 7 or above"
)

_NEVER = 600_000

Option = str | int | Sequence[str | int]


class RealRedis:
    """One redis-server, which keeps nothing on disk unless it is told to.

    :param tls: a folder as of `tls_options`, if it is to listen on ``tls_port`` too.
    :param options: of redis.conf, with ``_`` for ``-``: ``maxmemory_policy="allkeys-lru"``,
        ``appendonly="yes"``, ``replicaof=("127.0.0.1", 6379)``.
    """

    def __init__(self, tls: Path | None = None, **options: Option) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.socket = self.folder / "redis.sock"
        self.port = free_port()
        self.tls_port = free_port() if tls else 0
        self.options: dict[str, Option] = {
            "port": self.port,
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "save": "",
            "repl-diskless-sync-delay": 0,
            "repl-ping-replica-period": 1,
            "enable-debug-command": "local",
            **(tls_options(tls, self.tls_port) if tls else {}),
            **{name.replace("_", "-"): value for name, value in options.items()},
        }
        self._process = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self.port

    @property
    def tls_address(self) -> tuple[str, int]:
        """Where it listens with TLS."""
        return "127.0.0.1", self.tls_port

    @property
    def url(self) -> str:
        """The same, as a URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """That of its process."""
        return self._process.pid

    def replica(self) -> RealRedis:
        """A replica of it, which has all that it has by now."""
        replica = RealRedis(replicaof=self.address)
        wait_until(lambda: b"master_link_status:up" in replica.call("INFO", "replication"))
        self.await_replicas()
        return replica

    def await_replicas(self) -> None:
        """Return when its replicas have all that it has, and get all that comes."""
        wait_until(self._are_replicas_level)

    def call(self, *words: str | bytes | int) -> Any:
        """What it answers to a command, on a connection of its own.

        :raises RedisSaysNo: when it answers with an error.
        """
        return call(self.address, *words, password=self._password)

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        """Let it do nothing until it is thawed."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def restart(self, **options: Option) -> None:
        """Start it again where it was, with other ``options`` if there are any.

        It has what was on its disk: nothing, unless ``appendonly`` is on.
        """
        if self._process.poll() is None:
            self.kill()
        self.options.update({name.replace("_", "-"): it for name, it in options.items()})
        self._process = self._start()

    def close(self) -> None:
        """End it, and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _password(self) -> str:
        return str(self.options.get("requirepass", ""))

    def _are_replicas_level(self) -> bool:
        """Whether all replicas have said that they have what it has."""
        info = self.call("INFO", "replication").decode()
        offset = int(info.partition("master_repl_offset:")[2].split()[0])
        said = re.findall(r"state=online,offset=(\d+)", info)
        # Up to a second after it is online, a replica is sent nothing.
        return bool(said) and all(int(it) >= offset > 0 for it in said)

    def _start(self) -> subprocess.Popen[bytes]:
        log = self.folder / "log"
        process = started(["redis-server", *_words(self.options)], log)
        wait_until(lambda: _answers(process, self.address, log, self._password))
        return process

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)


class RealSentinels:
    """Sentinels that look after one master and its replicas.

    They put another in the master's place when a test tells them to: on a busy machine one that is
    well is silent, too. With a ``down_after`` they do so by themselves. Where servers are there to
    go back to they may go on and on: of 500 ms and less they take the new master for dead at once.

    :param quorum: how many have to agree that the master is gone.
    :param down_after: milliseconds until one thinks so; by default later than any test ends.
    :param password: that of the master, if it has one.
    :param own_password: that of their own, which a test needs too.
    :param tls: a folder as of `tls_options`, if they are to listen with TLS too, see
        ``tls_addresses``, and to speak with the servers, and say where these are, by TLS.
    """

    def __init__(
        self,
        master: RealRedis,
        name: str = "smppgate",
        count: int = 3,
        quorum: int = 2,
        down_after: int = _NEVER,
        password: str = "",
        own_password: str = "",
        tls: Path | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sentinels-"))
        self.name = name
        host, port = master.tls_address if tls else master.address
        self._lines = [
            f"sentinel monitor {name} {host} {port} {quorum}",
            f"sentinel down-after-milliseconds {name} {down_after}",
            f"sentinel failover-timeout {name} {max(3000, down_after)}",
            *([f"sentinel auth-pass {name} {password}"] if password else []),
            *([f"requirepass {own_password}"] if own_password else []),
        ]
        self.addresses: list[tuple[str, int]] = []
        self.tls_addresses: list[tuple[str, int]] = []
        self._tls = tls
        self._password = own_password
        self._processes = [self._start(number) for number in range(count)]
        wait_until(lambda: all(self._knows(it, "num-other-sentinels", count - 1) for it in self))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Any:
        return iter(self.addresses)

    @property
    def master(self) -> tuple[str, int]:
        """Where the first that lives says that the master is."""
        host, port = self.call(self._first, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name)
        return host.decode(), int(port)

    @property
    def _first(self) -> tuple[str, int]:
        living = zip(self.addresses, self._processes, strict=True)
        return next(address for address, process in living if process.poll() is None)

    def call(self, address: tuple[str, int], *words: str | bytes | int) -> Any:
        """What one of them answers to a command."""
        return call(address, *words, password=self._password)

    def await_replicas(self, count: int) -> None:
        """Return when each knows of ``count`` replicas, so that a failover is possible."""
        wait_until(lambda: all(self._knows(address, "num-slaves", count) for address in self))

    def fail_over(self) -> None:
        """Put a replica in the place of the master, which may be dead; return when it is there.

        A master that lives on is made its replica 10 s later.
        """
        old = self.master
        wait_until(self._begin_failover)
        self.await_failover(old)

    def _begin_failover(self) -> bool:
        """Whether the first begins it: not while it has not heard of a replica that would do."""
        try:
            self.call(self._first, "SENTINEL", "FAILOVER", self.name)
        except RedisSaysNo:
            return False
        return True

    def await_failover(self, old: tuple[str, int]) -> None:
        """Return when the master is not ``old`` any more."""
        wait_until(lambda: self.master != old)

    def kill(self, number: int) -> None:
        """End one of them at once."""
        _end(self._processes[number])

    def close(self) -> None:
        """End all, and remove their folder."""
        for process in self._processes:
            _end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        address = ("127.0.0.1", free_port())
        self.addresses.append(address)
        path = self.folder / f"sentinel-{number}.conf"
        lines = ["bind 127.0.0.1", f"port {address[1]}", f"dir {self.folder}", *self._lines]
        if self._tls is not None:
            self.tls_addresses.append(("127.0.0.1", free_port()))
            options = tls_options(self._tls, self.tls_addresses[-1][1])
            lines += [f"{name} {value}" for name, value in options.items()]
        path.write_text("\n".join(lines) + "\n")
        log = path.with_suffix(".log")
        process = started(["redis-server", str(path), "--sentinel"], log)
        wait_until(lambda: _answers(process, address, log, self._password))
        return process

    def _knows(self, address: tuple[str, int], field: str, count: int) -> bool:
        words = self.call(address, "SENTINEL", "MASTER", self.name)
        known = dict(zip(words[::2], words[1::2], strict=True))
        return int(known[field.encode()]) >= count


def tls_options(folder: Path, port: int) -> dict[str, Option]:
    """The options of a server, or a Sentinel, that listens with TLS.

    :param folder: has cert.pem and key.pem; with ca.pem, clients must have a certificate from that
        authority, and servers speak with each other by TLS.
    """
    options: dict[str, Option] = {
        "tls-port": port,
        "tls-cert-file": str(folder / "cert.pem"),
        "tls-key-file": str(folder / "key.pem"),
        "tls-auth-clients": "no",
    }
    authority = folder / "ca.pem"
    if authority.exists():
        options |= {"tls-ca-cert-file": str(authority), "tls-replication": "yes"}
        options |= {"tls-auth-clients": "yes"}
    return options


def call(address: tuple[str, int], *words: str | bytes | int, password: str = "") -> Any:
    """What the server at ``address`` answers to a command.

    :raises RedisSaysNo: when it answers with an error.
    """
    with Line(address) as line:
        if password:
            line.call("AUTH", password)
        return line.call(*words)


def wait_until(condition: Callable[[], bool]) -> None:
    """Return as soon as ``condition`` holds; a test fails that waits for it too long."""
    end = time.monotonic() + TIMEOUT
    while not _holds(condition):
        assert time.monotonic() < end, "a server is not ready in time"
        time.sleep(0.01)


def _holds(condition: Callable[[], bool]) -> bool:
    """Whether it does. A Sentinel ends all connections of a server that it makes the master."""
    try:
        return condition()
    except EOFError:
        return False


def started(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """A server's process, which ends with this one, however that ends.

    Where servers are not installed, the test is skipped.
    """
    if shutil.which(command[0]) is None:
        pytest.skip(_MISSING)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_end_too,  # noqa: PLW1509 - one call of the kernel, which takes no lock
        )


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _end_too() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


def _words(options: dict[str, Option]) -> list[str]:
    words: list[str] = []
    for name, value in options.items():
        values = [value] if isinstance(value, str | int) else value
        words += [f"--{name}", *map(str, values)]
    return words


def _answers(
    process: subprocess.Popen[bytes], address: tuple[str, int], log: Path, password: str = ""
) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        call(address, "PING", password=password)
    except (RedisSaysNo, OSError, EOFError):
        return False
    return True
