"""Attacks on the gate's memory: what it has resident under each, and whether it grows on."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Final

from attrs import evolve, field, frozen

from benchmarks import esme
from benchmarks.attack_kinds import ATTACKS, Attack
from benchmarks.attack_peers import Attacker, Guesser, bound
from benchmarks.esme import PASSWORD
from benchmarks.gate_process import ALL_FROM_HERE, Accounts, GateOptions, gate
from benchmarks.loop import Loop
from benchmarks.process import Program, ProgramError
from benchmarks.smsc import Smsc

MOST_MB: Final = 128 * 1.048576
"""What an attack may add to the gate's memory, 10^6 octets."""

FLAT_MB: Final = 8.0
"""How much of that may come after `Attack.settles`: pages that an allocator gives back or not."""

_FLAT_SECONDS = 15.0
_LOOK_SECONDS = 0.25
_START_SECONDS = 20.0
_QUIET_SECONDS = 1.0

_MORE = """
[store]
{store}
[[esme]]
system_id = "passed"
auth = "smsc"
max_binds = 100
[[esme]]
system_id = "away"
password = "{password}"
queue = true
queue_size = 1000000
address_ranges = ["^.*1.*2$", "4477*"]
"""

# They take the messages that are for nobody else.
_ACCOUNTS = Accounts(count=2)


@frozen
class AttackFound:
    """What the gate had resident, 10^6 octets, before an attack and during it.

    ``settled_mb`` is the most until `Attack.settles`, ``most_afterwards_mb`` that from then on.
    """

    attack: str
    quiet_mb: float
    most_mb: float
    settled_mb: float
    most_afterwards_mb: float
    faults: dict[str, int] = field(factory=dict)

    @property
    def met(self) -> bool:
        """Whether it is bounded, and flat after a while."""
        added, grown = self.most_mb - self.quiet_mb, self.most_afterwards_mb - self.settled_mb
        return added <= MOST_MB and grown <= FLAT_MB


class _Peers:
    """Both sides of the gate, attacking."""

    def __init__(self, attack: Attack) -> None:
        self.loop = Loop()
        self._attack = attack
        self._esmes: list[Attacker] = []
        self._guessers: list[Guesser] = []
        self.smscs = [Smsc(self.loop, self._smsc) for _ in range(2)]

    @property
    def is_bound(self) -> bool:
        """Whether the gate is bound to the SMSCs."""
        return all(smsc.is_bound for smsc in self.smscs)

    def begin(self, port: int) -> None:
        """Let the ESMEs connect."""
        attack = self._attack
        for _ in range(attack.esmes):
            session = bound(port, attack.system_id, self._esme)
            self._esmes.append(session)
            if not self.loop.run_until(session.is_judged, _START_SECONDS) or session.closed:
                raise ProgramError("an attacker was not bound")
        self._guessers = [Guesser(port, n, attack.behind) for n in range(attack.guesses)]

    def run(self, seconds: float) -> None:
        """Attack for so long."""
        self.loop.run(seconds, self._pump)

    def close(self) -> None:
        """Hang up."""
        for each in (*self._guessers, *self._esmes, *self.smscs):
            each.close()
        self.loop.close()

    def _pump(self) -> None:
        for session in self._esmes:
            session.pump()
        for smsc in self.smscs:
            for session in smsc.sessions:
                session.pump()
        now = time.monotonic()
        for guesser in self._guessers:
            guesser.pump(now)

    def _esme(self, sock: socket.socket) -> Attacker:
        attack = self._attack
        return Attacker(self.loop, sock, attack.esme(), attack.esme_reply, attack.reads)

    def _smsc(self, sock: socket.socket) -> Attacker:
        return Attacker(self.loop, sock, self._attack.smsc(), self._attack.smsc_reply)


def measure_attack(core: int, options: GateOptions, attack: Attack) -> AttackFound:
    """Attack a gate of its own for a while, and look at its memory meanwhile."""
    more = _MORE.format(password=PASSWORD, store=attack.store)
    options = evolve(options, listen=ALL_FROM_HERE, more=more)
    with _attacked(core, options, attack) as (peers, port, program):
        peers.loop.run(_QUIET_SECONDS)
        quiet = program.rss_mb
        peers.begin(port)
        seen: list[tuple[float, float]] = []
        began = time.monotonic()
        while (now := time.monotonic() - began) < attack.settles + _FLAT_SECONDS:
            peers.run(_LOOK_SECONDS)
            if not program.running:
                raise ProgramError(f"the gate has ended: {program.said()}")
            seen.append((now, program.rss_mb))
        errors = program.errors()
        settled = [mb for at, mb in seen if at <= attack.settles]
        return AttackFound(
            attack,
            quiet,
            max(mb for _, mb in seen),
            max(settled),
            max(mb for at, mb in seen if at > attack.settles),
            {"errors in the log": errors} if errors else {},
        )


@contextlib.contextmanager
def _attacked(
    core: int, options: GateOptions, attack: Attack
) -> Iterator[tuple[_Peers, int, Program]]:
    peers = _Peers(attack)
    ports = [smsc.port for smsc in peers.smscs]
    with gate(ports, core, _ACCOUNTS, options) as (port, program), contextlib.closing(peers):
        try:
            esme.connect_when_up(port, lambda: program.running, _START_SECONDS).close()
        except esme.BindError as error:
            raise ProgramError(f"{error}\n{program.said()}") from error
        if not peers.loop.run_until(lambda: peers.is_bound, _START_SECONDS):
            raise ProgramError(f"the gate did not bind to the SMSCs\n{program.said()}")
        yield peers, port, program


def measure_attacks(
    core: int, options: GateOptions, found: list[AttackFound], tell: Callable[[str], None]
) -> None:
    """Measure every attack into ``found``."""
    for attack in ATTACKS:
        found.append(measure_attack(core, options, attack))
        tell(line(found[-1]))


def line(found: AttackFound) -> str:
    """What was found of one attack, in one line."""
    state = f"  FAULTS {found.faults}" if found.faults else ""
    return (
        f"{found.attack.name:52} RSS quiet {found.quiet_mb:4.0f} MB, at most "
        f"{found.most_mb:5.0f} MB, {found.most_afterwards_mb - found.settled_mb:+5.0f} MB after "
        f"{found.attack.settles:.0f} s: {'met' if found.met else 'missed'}{state}"
    )
