"""Routes, as the peers of a real gate see them, and as ``smppgate route`` tells of them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.e2e.ports import free_port
from tests.e2e.twistd import RunningGate, running, settings
from tests.e2e.wire import SUBMIT_SM, Smsc, Wire, answer, bound, message_body, pdu, readable

ROUTES = """
[[pool]]
name = "main"
members = ["alpha"]
[[pool]]
name = "other"
members = ["beta"]
[[route]]
name = "blocked"
destination = "4499*"
reject = "ESME_RSUBMITFAIL"
[[route]]
name = "listed"
destination_file = "prefixes.txt"
pool = "other"
[[route]]
name = "all"
esme = "acme"
pool = "main"
fallback = "other"
"""

NO_ROUTE, REFUSED = 0x0B, 0x45


class Routed:
    """A gate with routes, two SMSCs and two sessions."""

    def __init__(self, gate: RunningGate, links: dict[str, Wire], folder: Path) -> None:
        self.gate = gate
        self.links = links
        self.folder = folder
        self.acme, self.bolt = bound(gate.port), bound(gate.port, b"bolt", b"hidden")
        self._number = 0

    def sends(self, to: bytes, esme: Wire | None = None) -> str | int:
        """Submit a message; gives the SMSC that gets it, or the status of its answer."""
        esme = esme or self.acme
        self._number += 1
        esme.send(pdu(SUBMIT_SM, self._number, message_body(to)))
        heard = readable(*self.links.values(), esme)
        if heard is not esme:
            answer(heard, heard.receive_message())
        got = esme.receive_message()
        assert got.number == self._number
        names = [name for name, link in self.links.items() if link is heard]
        return names[0] if names and not got.status else got.status


@contextmanager
def routed(folder: Path) -> Iterator[Routed]:
    """A gate with `ROUTES`; 4477 is in the file of prefixes."""
    (folder / "prefixes.txt").write_text("4477\n")
    with ExitStack() as stack:
        smscs = {name: stack.enter_context(Smsc()) for name in ("alpha", "beta")}
        port = free_port()
        ports = {name: smsc.port for name, smsc in smscs.items()}
        config = settings(port, ports, smsc="window = 10") + ROUTES
        gate = stack.enter_context(running(folder, config, port))
        links = {name: smsc.link() for name, smsc in smscs.items()}
        gate.wait_for_log("bound at", len(links))
        yield Routed(gate, links, folder)


def test_messages_go_by_number_and_account(tmp_path: Path) -> None:
    with routed(tmp_path) as gate:
        assert gate.sends(b"447700") == "beta"
        assert gate.sends(b"+447700") == "beta"
        assert gate.sends(b"4420") == "alpha"
        assert gate.sends(b"449900") == REFUSED
        assert gate.sends(b"447700", gate.bolt) == "beta"
        assert gate.sends(b"4420", gate.bolt) == NO_ROUTE


def test_a_file_of_prefixes_is_read_again_though_the_configuration_is_the_same(
    tmp_path: Path,
) -> None:
    """The log says what changed in it; a file with errors changes nothing."""
    with routed(tmp_path) as gate:
        (tmp_path / "prefixes.txt").write_text("4420  # London\n")
        gate.gate.process.send_signal(signal.SIGHUP)
        gate.gate.wait_for_log("the reload of")
        assert gate.sends(b"4420") == "beta"
        assert gate.sends(b"447700") == "alpha"
        told = f'[[route]] "listed": destination_file "{tmp_path}/prefixes.txt" 1 added ("4420")'
        gate.gate.wait_for_log(told)
        (tmp_path / "prefixes.txt").write_text("44\n4x-\n")
        gate.gate.process.send_signal(signal.SIGHUP)
        gate.gate.wait_for_log("nothing is changed")
        assert "route[1].destination_file" in gate.gate.log
        assert "line 2: must begin with a prefix" in gate.gate.log
        assert gate.sends(b"4477") == "alpha"


def test_another_pool_stands_in_while_no_smsc_of_the_first_is_up(tmp_path: Path) -> None:
    """For what waits already, too."""
    with routed(tmp_path) as gate:
        alpha, beta = gate.links["alpha"], gate.links["beta"]
        gate.acme.send(b"".join(pdu(SUBMIT_SM, n, message_body(b"4420")) for n in range(1, 13)))
        for _ in range(10):
            alpha.receive_message()
        assert beta.is_quiet(), "alpha is full, not down"
        alpha.__exit__(None)
        for _ in range(2):
            answer(beta, beta.receive_message())
        answers = [gate.acme.receive_message() for _ in range(12)]
        assert sorted(each.status for each in answers) == [0] * 2 + [0x08] * 10


def told(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output of ``smppgate route``."""
    program = "import sys; from smppgate.cli.main import main; sys.exit(main())"
    line = [sys.executable, "-c", program, "route", "--config", str(folder / "gate.toml")]
    done = subprocess.run([*line, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_command_tells_what_the_gate_does(tmp_path: Path) -> None:
    """With its exit status: whether an SMSC would get the message."""
    (tmp_path / "prefixes.txt").write_text("4477\n")
    (tmp_path / "gate.toml").write_text(settings(2775, {"alpha": 1, "beta": 2}) + ROUTES)
    status, text = told(tmp_path, "--esme", "acme", "--to", "4420")
    assert status == 0
    assert text.splitlines() == [
        "3 routes",
        "route 1 blocked: does not hold",
        "    destination: 4420 does not fit 4499*",
        "route 2 listed: does not hold",
        f"    destination_file: 4420 has no prefix in {tmp_path}/prefixes.txt",
        "route 3 all: holds",
        "pool main: in use",
        "    alpha (weight 1) is chosen",
        "pool other: not in use",
        "    beta (weight 1) is not: its pool is not in use",
        "SMSC alpha",
    ]
    status, text = told(tmp_path, "--esme", "acme", "--to", "4420", "--down", "alpha", "--json")
    found = json.loads(text)
    assert (status, found["route"], found["pool"], found["smsc"]) == (0, "all", "other", "beta")
    status, text = told(tmp_path, "--esme", "acme", "--to", "4499")
    assert (status, text.splitlines()[-1]) == (1, "rejected: answered 0x45 (ESME_RSUBMITFAIL)")
    status, text = told(tmp_path, "--esme", "bolt", "--to", "1")
    assert (status, text.splitlines()[-1]) == (
        1,
        "no route holds: answered 0x0B (ESME_RINVDSTADR)",
    )
    status, text = told(tmp_path, "--esme", "nobody", "--to", "1")
    assert status == 1
    assert "there is no account for nobody" in text
    assert told(tmp_path, "--esme", "acme", "--to", "1", "--tlv", "x")[0] == 2
