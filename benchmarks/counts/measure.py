"""Row ``counts``: what the API and the metrics say, beside what peers counted, to the message."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import monotonic

from benchmarks import esme
from benchmarks.admin import Admin, socket_of
from benchmarks.counts.books import Books, Entry, differences
from benchmarks.counts.smsc import CountingSmsc, Manner
from benchmarks.counts.traffic import ABSENT, NUMBERS, WINDOW, Traffic
from benchmarks.flow.found import FlowFound
from benchmarks.flow.scene import Setting
from benchmarks.gate_process import GateOptions, gate_of
from benchmarks.loop import Loop
from benchmarks.process import Program, ProgramError, free_port
from benchmarks.session import Ledger

SECONDS = 60.0
_START_SECONDS, _QUIET_SECONDS, _SETTLE_SECONDS = 20.0, 30.0, 5.0
_NAP_SECONDS = 0.0001

_MANNERS = {
    "a": Manner(),
    "b": Manner(latency=0.02, refused=0.2),
    "c": Manner(latency=0.05, refused=0.1, stays=2.0),
}

_MORE = {"bolt": "rate = 300\n", ABSENT: "queue = true\n"}
_SETTING = Setting(
    smscs=dict.fromkeys(_MANNERS, "window = 200"),
    esmes={
        name: f'address_ranges = ["{prefix}*"]\n{_MORE.get(name, "")}'
        for name, prefix in NUMBERS.items()
    },
    pool="max_errors = 0\nhold = 2.0",
    gate="receipt_patience = 0.2",
    window=WINDOW,
)
"""Nobody is ejected: each SMSC is to go on."""

_SEEN = (
    ("plain", ("acme", "submit_sm", "ESME_ROK")),
    ("over the window", ("acme", "submit_sm", "ESME_RTHROTTLED")),
    ("refused", ("acme", "submit_sm", "ESME_RSUBMITFAIL")),
    ("refused with a status of no specification", ("acme", "submit_sm", "0x00000400")),
    ("data_sm", ("acme", "data_sm", "ESME_ROK")),
    ("to ESMEs", ("acme", "deliver_sm", "ESME_ROK")),
    ("from the queue", (ABSENT, "deliver_sm", "ESME_ROK")),
    ("throttled", ("b", "submit_sm", "ESME_RTHROTTLED")),
    ("without an ESME", ("b", "deliver_sm", "ESME_RX_T_APPN")),
    ("receipts", ("a", "DELIVRD", "true")),
    ("receipts of no known state", ("a", "other", "true")),
    ("receipts of unknown messages", ("a", "DELIVRD", "false")),
)
"""Without these equal counts say little."""


class Stage:
    """Peers of one gate that count, and the gate."""

    def __init__(self, seed: int) -> None:
        self.loop = Loop()
        self.books = Books()
        self.ledger = Ledger()
        chance = Random(seed)
        self.traffic = Traffic(self.loop, self.books, chance, self.ledger)
        own = self.traffic.own_of_smsc
        self.smscs = [
            CountingSmsc(self.loop, name, manner, self.books, own, chance, self.ledger)
            for name, manner in _MANNERS.items()
        ]

    @property
    def asked(self) -> Counter[Entry]:
        """What SMSCs answered."""
        found: Counter[Entry] = Counter()
        for smsc in self.smscs:
            found.update(smsc.asked)
        return found

    @property
    def missing(self) -> list[str]:
        """What there was nothing of yet: without it the traffic is not mixed."""
        counts = self.books.all
        return [name for name, entry in _SEEN if not counts[entry]]

    @contextlib.contextmanager
    def gate(self, core: int, options: GateOptions) -> Iterator[Program]:
        """A gate that is bound to the SMSCs, with the steady sessions bound to it."""
        port, ports = free_port(), {smsc.name: smsc.port for smsc in self.smscs}
        with tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name:
            directory = Path(name)
            text = _SETTING.toml(port, ports, directory / "state", options)
            with gate_of(text, directory, core, options) as program:
                try:
                    esme.connect_when_up(port, lambda: program.running, _START_SECONDS).close()
                    self._until(lambda: all(smsc.is_bound for smsc in self.smscs), program)
                    self.traffic.begin(port)
                    yield program
                except (esme.BindError, OSError) as error:
                    raise ProgramError(f"{error}\n{program.said()}") from error
                finally:
                    self._close()

    def run(self, seconds: float) -> None:
        """Let everybody go on for so long."""
        self.loop.run(seconds, self._turn, _NAP_SECONDS)

    def quiet(self, program: Program) -> None:
        """Send nothing more, and wait for all answers; raises ProgramError."""
        for smsc in self.smscs:
            smsc.hush()
        peers: list[Traffic | CountingSmsc] = [self.traffic, *self.smscs]

        def is_quiet() -> bool:
            # Again each time: a session may be bound only now.
            self.traffic.hush()
            return all(each.is_quiet for each in peers)

        self._until(is_quiet, program)

    def differences(self, admin: Admin) -> dict[str, int]:
        """Where the gate says something else; it has a moment to read what peers sent last."""
        end = monotonic() + _SETTLE_SECONDS
        while (found := differences(self.books, self.asked, admin)) and monotonic() < end:
            self._go_on(0.1)
        return found

    def _turn(self) -> None:
        now = monotonic()
        self.traffic.turn(now)
        for smsc in self.smscs:
            smsc.turn(now)

    def _go_on(self, seconds: float) -> None:
        """Answer what comes, and send nothing new but that."""

        def turn() -> None:
            for smsc in self.smscs:
                smsc.turn(monotonic())

        self.loop.run(seconds, turn, _NAP_SECONDS)

    def _until(self, condition: Callable[[], bool], program: Program) -> None:
        end = monotonic() + _QUIET_SECONDS
        while not condition():
            if monotonic() > end:
                raise ProgramError(f"still waiting: {program.said()}")
            self._go_on(0.01)

    def _close(self) -> None:
        for session in self.traffic.sessions:
            session.close()
        for smsc in self.smscs:
            smsc.close()
        self.loop.close()


def measure_counts(
    core: int, options: GateOptions, found: FlowFound, seconds: float, seed: int
) -> None:
    """Mixed traffic for so long; then nobody may know of a message that another does not."""
    stage = Stage(seed)
    with stage.gate(core, options) as program:
        stage.run(seconds)
        stage.quiet(program)
        wrong = stage.differences(Admin(socket_of(program)))
        errors = program.errors()
    found.faults.update(wrong)
    found.faults.update(stage.ledger.faults)
    if errors:
        found.faults["errors in the log"] = errors
    counts = stage.books.all
    told = f"{counts.total():,} counts of {len(counts)} kinds, {len(wrong)} kinds differ"
    what = f"{seconds:.0f} s of mixed traffic: what the gate counts, and what its peers do"
    found.add(what, "equal", told, not wrong)
    missing = stage.missing
    found.add("there was of everything", "yes", ", ".join(missing) or "yes", not missing)
