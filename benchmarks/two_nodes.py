"""Two gates that are peers over TCP: ESMEs bind at one, and the other has the links to SMSCs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

from benchmarks.esme import HOST
from benchmarks.gate_process import Accounts, GateOptions, gate
from benchmarks.process import Program, free_port

NODES = "two nodes"
_NEAR, _FAR = "near", "far"
_BOUND = re.compile("bound, both ways")


@frozen
class TwoNodes:
    """Both as one program, whose processor time and memory are those of both.

    ``near`` has the ESMEs, ``far`` the links.
    """

    near: Program
    far: Program

    @property
    def running(self) -> bool:
        """Whether neither has ended."""
        return self.near.running and self.far.running

    @property
    def cpu_seconds(self) -> float:
        """Processor time used so far, by both."""
        return self.near.cpu_seconds + self.far.cpu_seconds

    @property
    def rss_mb(self) -> float:
        """Resident memory of both, in units of 10^6 octets."""
        return self.near.rss_mb + self.far.rss_mb

    def said(self) -> str:
        """The end of what each wrote."""
        return f"{_NEAR}:\n{self.near.said()}\n{_FAR}:\n{self.far.said()}"

    def errors(self) -> int:
        """How many errors both have logged."""
        return self.near.errors() + self.far.errors()


@contextlib.contextmanager
def two_nodes(
    smsc_ports: list[int], core: int, accounts: Accounts, options: GateOptions
) -> Iterator[tuple[int, TwoNodes]]:
    """Both on ``core``, bound at each other; gives the port for ESMEs.

    :raises ProgramError: when they do not bind.
    """
    ports = {name: free_port() for name in (_NEAR, _FAR)}
    near, far = (evolve(options, more=options.more + peers_toml(each, ports)) for each in ports)
    with (
        gate(smsc_ports, core, accounts, evolve(near, links=0)) as (port, at_near),
        gate(smsc_ports, core, accounts, far) as (_, at_far),
    ):
        nodes = TwoNodes(at_near, at_far)
        for each in (at_near, at_far):
            each.awaited(_BOUND, 1)
        yield port, nodes


def peers_toml(name: str, ports: Mapping[str, int]) -> str:
    """``[peers]`` and ``[[peer]]`` of a node: ``ports`` has where each is reached, itself too."""
    own = f'endpoint = "tcp:{ports[name]}:interface={HOST}"'
    others = (
        f'[[peer]]\nname = "{each}"\nendpoint = "tcp:{HOST}:{port}"\n'
        for each, port in ports.items()
    )
    return f'[peers]\nname = "{name}"\nsecret = "hush"\n{own}\n' + "".join(others)
