"""Whose sockets are read together, and how their sessions end."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.ports import free_port
from tests.e2e.twistd import TWISTD, RunningGate, relaying, running_command, settings
from tests.e2e.wire import Smsc, Wire, bound, submitted

_EPOLL = "anon_inode:[eventpoll]"


def epolls(gate: RunningGate) -> dict[int, set[int]]:
    """What each epoll of a gate looks at, by their descriptors."""
    process = Path(f"/proc/{gate.process.pid}")
    found = [int(fd.name) for fd in process.glob("fd/*") if str(fd.readlink()) == _EPOLL]
    watched = {number: (process / f"fdinfo/{number}").read_text() for number in found}
    return {
        number: {int(each) for each in re.findall(r"^tfd: +(\d+)", text, re.M)}
        for number, text in watched.items()
    }


def read_together(gate: RunningGate) -> int:
    """How many sockets a gate has in an epoll that is inside of another one."""
    all_of_them = epolls(gate)
    inner = {number for watched in all_of_them.values() for number in watched & {*all_of_them}}
    return sum(len(all_of_them[number]) for number in inner)


def reset(esme: Wire) -> None:
    """Close so that the gate hears of an error."""
    esme.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    esme.sock.close()


def test_plain_sessions_are_read_together(tmp_path: Path) -> None:
    with relaying(tmp_path, "aa", "bb") as (gate, _):
        bound(gate.port)
        bound(gate.port, b"bolt", b"hidden")
        assert read_together(gate) == 4


@pytest.mark.parametrize(
    "ends",
    [lambda esme: esme.sock.close(), lambda esme: esme.sock.shutdown(socket.SHUT_WR), reset],
    ids=["close", "half close", "reset"],
)
def test_a_session_whose_peer_ends_it_is_over_and_the_others_go_on(
    tmp_path: Path, ends: Callable[[Wire], None]
) -> None:
    with relaying(tmp_path, "aa") as (gate, [link]):
        other, esme = bound(gate.port), bound(gate.port, b"bolt", b"hidden")
        submitted(esme, link, b"id1")
        ends(esme)
        gate.wait_for_log("ESME bolt at")
        submitted(other, link, b"id2")
        assert read_together(gate) == 2


def test_on_a_reactor_without_epoll_messages_flow_too(tmp_path: Path) -> None:
    port = free_port()
    with Smsc() as smsc:
        config = tmp_path / "gate.toml"
        config.write_text(settings(port, {"aa": smsc.port}))
        options = ["-n", "--pidfile=", "--logfile=-", "--reactor=poll"]
        command = [*TWISTD, *options, "smppgate", "--config", str(config)]
        with running_command(tmp_path, command, port, {}) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            assert submitted(bound(port), link, b"id1") == b"aaid1"
            assert epolls(gate) == {}
