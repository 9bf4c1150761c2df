"""The gate while the machine's clock is set: a real process, under libfaketime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.ports import free_port
from tests.e2e.twistd import TWISTD, RunningGate, running_command, settings
from tests.e2e.wire import (
    RESP,
    SUBMIT_SM,
    Smsc,
    Wire,
    answer,
    bound,
    message_body,
    pdu,
    submitted,
)

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class SteppedGate:
    """A gate whose wall clock can be set; its monotonic clock goes on."""

    def __init__(self, gate: RunningGate, link: Wire, file: Path) -> None:
        self.gate = gate
        self.link = link
        self.esme = bound(gate.port)
        self._file = file

    def set_clock(self, seconds: int) -> None:
        """Set the wall clock so many seconds before or after the machine's."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self._file)

    def relays(self, count: int, first: int = 1) -> bool:
        """Whether so many messages go there and back, one after the other."""
        for number in range(first, first + count):
            submitted(self.esme, self.link, b"id-%d" % number, number)
        return True


@contextmanager
def stepped(folder: Path) -> Iterator[SteppedGate]:
    """A gate with timeouts of some minutes, its clock as the machine's."""
    if not LIBRARIES:
        pytest.fail("libfaketime is not installed; .ci/run says where it comes from")
    file = folder / "clock"
    file.write_text("+0\n")
    environment = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    with ExitStack() as stack:
        smsc = stack.enter_context(Smsc())
        port = free_port()
        limits = "response_timeout = 300.0\ninactivity_timeout = 300.0"
        (folder / "gate.toml").write_text(settings(port, {"alpha": smsc.port}, limits))
        options = ["-n", "--pidfile", str(folder / "twistd.pid"), "--logfile", "-"]
        command = [*TWISTD, *options, "smppgate", "--config", str(folder / "gate.toml")]
        gate = stack.enter_context(running_command(folder, command, port, environment))
        link = smsc.link()
        gate.wait_for_log("bound at")
        yield SteppedGate(gate, link, file)


def test_a_clock_set_forward_times_nothing_out(tmp_path: Path) -> None:
    """By 400 s, which is more than any timeout: open requests stay open, sessions stay bound."""
    with stepped(tmp_path) as world:
        world.esme.send(pdu(SUBMIT_SM, 7, message_body()))
        request = world.link.receive_message()
        world.set_clock(400)
        assert world.relays(20, first=100)
        answer(world.link, request)
        got = world.esme.receive_message()
        assert got[:3] == (SUBMIT_SM | RESP, 0, 7)


@pytest.mark.parametrize("attempt", range(15))
def test_a_clock_set_back_delays_nothing(tmp_path: Path, attempt: int) -> None:
    """By an hour, in the middle of traffic, at whatever moment of a turn it happens to be."""
    with stepped(tmp_path) as world:
        for number in range(100 + attempt):
            world.esme.send(pdu(SUBMIT_SM, number + 1, message_body(registered=1)))
            if number == 50 + attempt:
                world.set_clock(-3600)
            answer(world.link, world.link.receive_message(), b"id-%d\0" % number)
        answers = [world.esme.receive_message() for _ in range(100 + attempt)]
        assert {got.status for got in answers} == {0}
        assert world.relays(5, first=1000)


def test_the_clock_is_really_set(tmp_path: Path) -> None:
    """The log's times show it: else the tests above show nothing."""
    with stepped(tmp_path) as world:
        world.set_clock(400 * 86_400)
        other = bound(world.gate.port)
        world.gate.wait_for_log("bound as", 2)
        years = {line[:4] for line in world.gate.log.splitlines() if "bound as" in line}
        assert len(years) == 2, world.gate.log
        other.sock.close()
