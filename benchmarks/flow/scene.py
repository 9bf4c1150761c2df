"""`Scene`: a gate between ESMEs and SMSCs that do as they are told."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from socket import socket
from time import monotonic

from attrs import field, frozen

from benchmarks import esme
from benchmarks.esme import HOST, PASSWORD
from benchmarks.flow.esme import Heard, Number, Pace, Sender
from benchmarks.flow.smsc import PlayedSmsc
from benchmarks.gate_process import ALL_FROM_HERE, GateOptions, gate_of
from benchmarks.loop import Loop
from benchmarks.process import Program, ProgramError, free_port

_NAP_SECONDS = 0.0001
_START_SECONDS = 20.0
_DRAIN_SECONDS = 15.0
WINDOW = 1000
"""Of accounts."""

_SERVED = ("acme", "bolt")


@frozen
class Setting:
    """What the gate's configuration has.

    :param smscs: letter, which is name and tag → more lines of the SMSC.
    :param esmes: system_id → more lines of the account.
    :param pool: more lines of the pool, which has all SMSCs; with ``members`` in place of them.
    :param window: of accounts.
    """

    smscs: dict[str, str]
    esmes: dict[str, str] = field(factory=lambda: dict.fromkeys(_SERVED, ""))
    pool: str = ""
    gate: str = ""
    members: str = ""
    window: int = WINDOW

    def toml(
        self, port: int, smsc_ports: dict[str, int], state: Path, options: GateOptions
    ) -> str:
        """The gate's TOML file."""
        esmes = "".join(
            f'[[esme]]\nsystem_id = "{name}"\npassword = "{PASSWORD}"\nmax_binds = 100\n'
            f"window = {self.window}\n{more}\n"
            for name, more in self.esmes.items()
        )
        smscs = "".join(
            f'[[smsc]]\nname = "{name}"\ntag = "{name}"\n'
            f'endpoint = "tcp:{HOST}:{smsc_ports[name]}"\nsystem_id = "gate"\npassword = "pw"\n'
            f"reconnect_min = 0.1\nreconnect_max = 0.2\n{more}\n"
            for name, more in self.smscs.items()
        )
        members = self.members or ", ".join(f'"{name}"' for name in self.smscs)
        return (
            f'[gate]\nname = "bench"\nstop_timeout = 1.0\nstate_dir = "{state}"\n{self.gate}\n'
            f"{options.store_toml()}"
            f'[[listen]]\nendpoint = "tcp:{port}:interface={HOST}"\n{ALL_FROM_HERE}'
            f'{esmes}{smscs}[[pool]]\nname = "main"\nmembers = [{members}]\n{self.pool}\n'
        )


class Scene:
    """Peers of one gate, and time that goes on for them."""

    def __init__(self, smscs: Sequence[str]) -> None:
        self.loop = Loop()
        self.smscs = {name: PlayedSmsc(self.loop) for name in smscs}
        self.port = 0
        self.senders: list[Sender] = []
        self._paces: list[Pace] = []
        self._program: Program | None = None
        self.watch: Callable[[float], None] | None = None
        """Called with the time in each turn."""

    @property
    def program(self) -> Program:
        """The gate."""
        assert self._program is not None
        return self._program

    def esme(
        self, account: str, sessions: int = 1, window: int = WINDOW, number: Number | None = None
    ) -> tuple[Heard, list[Sender]]:
        """Bind sessions of an account; gives what they will hear, and them."""
        heard, number = Heard(), number or numbers()

        def make(sock: socket, _system_id: str) -> Sender:
            return Sender(self.loop, sock, heard, window, number)

        senders = esme.bind_all(self.loop, [self.port], make, [account] * sessions)
        self.senders += senders
        return heard, senders

    def pace(self, senders: Sequence[Sender], rate: float) -> None:
        """Let these send so many messages a second together from now on."""
        self._paces.append(Pace(senders, rate))

    def hush(self) -> None:
        """Let nobody send any more."""
        self._paces.clear()
        for sender in self.senders:
            sender.stop()

    def run(self, seconds: float) -> tuple[float, float]:
        """Go on for so long; gives when it began and ended."""
        begin = monotonic()
        self.loop.run(seconds, self._turn, _NAP_SECONDS)
        return begin, monotonic()

    def drain(self) -> None:
        """Send no more, and wait for all answers; raises ProgramError if some do not come."""
        self.hush()
        self.until(lambda: not any(sender.unanswered for sender in self.senders), _DRAIN_SECONDS)

    def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Go on until that holds; raises ProgramError if it does not in so many seconds."""
        end = monotonic() + seconds
        while not condition():
            if monotonic() > end:
                raise ProgramError(f"still waiting: {self.program.said()}")
            self.run(0.01)

    def _turn(self) -> None:
        now = monotonic()
        for smsc in self.smscs.values():
            smsc.turn(now)
        for pace in self._paces:
            pace(now)
        if self.watch is not None:
            self.watch(now)

    @contextlib.contextmanager
    def gate(self, setting: Setting, core: int, options: GateOptions) -> Iterator[None]:
        """A gate bound to the SMSCs."""
        self.port = free_port()
        ports = {name: smsc.port for name, smsc in self.smscs.items()}
        with tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name:
            directory = Path(name)
            text = setting.toml(self.port, ports, directory / "state", options)
            with gate_of(text, directory, core, options) as program:
                self._program = program
                try:
                    esme.connect_when_up(
                        self.port, lambda: program.running, _START_SECONDS
                    ).close()
                    self.until(self._is_bound, _START_SECONDS)
                    yield
                except (esme.BindError, OSError) as error:
                    raise ProgramError(f"{error}\n{program.said()}") from error
                finally:
                    self._close()

    def _is_bound(self) -> bool:
        return all(smsc.is_bound for smsc in self.smscs.values())

    def _close(self) -> None:
        for sender in self.senders:
            sender.close()
        for smsc in self.smscs.values():
            smsc.close()
        self.loop.close()


@contextlib.contextmanager
def scene(setting: Setting, core: int, options: GateOptions) -> Iterator[Scene]:
    """A gate with this setting between its SMSCs and ESMEs that are yet to bind."""
    found = Scene([*setting.smscs])
    with found.gate(setting, core, options):
        yield found


def numbers() -> Number:
    """Ever another destination."""
    serials = count()
    return lambda: f"4477{next(serials) % 100_000_000:08d}"


def one_number(number: int) -> Number:
    """Always the same destination."""
    return lambda: f"4477{number:08d}"
