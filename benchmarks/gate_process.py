"""The gate as its users run it: twistd, the plugin, a TOML file."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from benchmarks.checkout import HERE, Checkout
from benchmarks.esme import HOST, PASSWORD
from benchmarks.pauses import PAUSES
from benchmarks.process import Program, free_port, running

_TWISTD_OPTIONS = ["--nodaemon", "--pidfile=", "--reactor=epoll"]

_DESTINATION_DIGITS = 12


@frozen
class Accounts:
    """ESME accounts and the destination numbers that are theirs.

    Every account has the same number of ranges, ``4477nnnnn*`` with numbers counted through.
    """

    count: int = 2
    ranges_each: int = 1
    max_binds: int = 100
    window: int = 100

    def system_id(self, account: int) -> str:
        """The account's name."""
        return f"esme{account}"

    def spread(self, sessions: int) -> list[str]:
        """A system_id for each of so many sessions, over as many accounts as there are."""
        return [self.system_id(account) for account in self._used(sessions)]

    def ranges(self, account: int) -> list[str]:
        """The account's address_ranges."""
        first = account * self.ranges_each
        return [f"{_prefix(first + n)}*" for n in range(self.ranges_each)]

    def destinations(self, sessions: int, count: int) -> list[str]:
        """Different numbers, in turn of the accounts that ``spread`` uses."""
        accounts = self._used(sessions)
        numbers = []
        for n in range(count):
            account = accounts[n % len(accounts)]
            prefix = _prefix(account * self.ranges_each + n // len(accounts) % self.ranges_each)
            numbers.append(prefix + f"{n:0{_DESTINATION_DIGITS - len(prefix)}d}")
        return numbers

    def toml(self, more: str = "") -> str:
        """The ``[[esme]]`` tables, each with ``more``."""
        return "".join(
            f'[[esme]]\nsystem_id = "{self.system_id(account)}"\npassword = "{PASSWORD}"\n'
            f"max_binds = {self.max_binds}\nwindow = {self.window}\n"
            f"address_ranges = {self.ranges(account)}\n{more}"
            for account in range(self.count)
        )

    def _used(self, sessions: int) -> list[int]:
        # Far apart: the first accounts of a long list must not be the only ones that work.
        return [n * self.count // sessions % self.count for n in range(sessions)]


ALL_FROM_HERE = "max_per_address = 0\nmax_unbound = 0\nbind_rate = 0\n"
"""Lines of ``[[listen]]`` for a crowd of peers at one address: no limits, as before there were."""

_ESME_RATES = "rate = 1000000\nsession_rate = 1000000\n"
_SMSC_RATES = "rate = 1000000\nlink_rate = 1000000\nadaptive_rate = true\n"

_METRICS, _NO_METRICS = "[admin]\nmetrics = true\n", "[admin]\nendpoint = []\n"

STORES = ("process", "none", "disk", "memory")


@frozen
class GateOptions:
    """How the gate is set up, beside its accounts.

    ``store`` is a durability of the SQLite store, the first being its default, or "memory".
    ``pairs`` gives each SMSC a transmitter and a receiver session instead of a transceiver.
    ``checkout`` is whose gate runs: the settings here are those that every version knows.
    ``gate`` is more lines of ``[gate]``, ``listen`` of ``[[listen]]``, ``more`` is more tables.
    ``is_routed`` has it choose the pool by the prefix of the destination, of so many ``prefixes``
    in a file, behind a route for each account that is for other numbers.
    ``links`` is how many sessions it has with each SMSC; 0 where its peers have some.
    ``rates`` limits everything, to more than there can be; only this checkout's gate does.
    ``metrics`` has it count everything, with nobody who looks; only this checkout's gate does.
    Without it nothing is observed.
    ``message_log`` has it write a line for each message, into its folder; only this checkout's
    gate does.
    ``probed`` has it tell the pauses of its reactor, see `benchmarks.pauses`; only this
    checkout's gate does.
    """

    store: str = STORES[0]
    pairs: bool = False
    checkout: Checkout = HERE
    gate: str = ""
    listen: str = ""
    more: str = ""
    rates: bool = False
    metrics: bool = False
    message_log: bool = False
    probed: bool = False
    is_routed: bool = False
    prefixes: int = 100_000
    links: int = 1

    def store_toml(self) -> str:
        """The ``[store]`` table; none for what is the default."""
        if self.store == STORES[0]:
            return ""
        key = "kind" if self.store == "memory" else "durability"
        return f'[store]\n{key} = "{self.store}"\n'

    @property
    def is_limited(self) -> bool:
        """Whether there are rates."""
        return self.rates and self.checkout == HERE

    def admin_toml(self) -> str:
        """The ``[admin]`` table, which other versions may not know."""
        if not self.checkout.has("smppgate/admin"):
            return ""
        return _METRICS if self.metrics and self.checkout == HERE else _NO_METRICS

    def log_toml(self, folder: Path) -> str:
        """The ``[log]`` table."""
        if not self.message_log or self.checkout != HERE:
            return ""
        return f'[log]\nmessages = "{folder / "messages.log"}"\n'

    def bind_toml(self) -> str:
        """The kind of bind, as a line of ``[[smsc]]``."""
        return 'bind = "transmitter+receiver"\n' if self.pairs else ""

    def links_toml(self) -> str:
        """How many sessions, as a line of ``[[smsc]]``."""
        return f"sessions = {self.links}\n" if self.links != 1 else ""


def configuration(
    port: int, smsc_ports: list[int], accounts: Accounts, options: GateOptions, state: Path
) -> str:
    """The gate's TOML file."""
    head = (
        f'[gate]\nname = "bench"\nstop_timeout = 1.0\nstate_dir = "{state}"\n'
        f"{options.gate}{options.store_toml()}{options.admin_toml()}{options.log_toml(state.parent)}"
        f'[[listen]]\nendpoint = "tcp:{port}:interface={HOST}"\n{options.listen}'
    )
    smscs = "".join(
        f'[[smsc]]\nname = "smsc{n}"\nendpoint = "tcp:{HOST}:{smsc_port}"\n'
        f'system_id = "gate"\npassword = "pw"\nwindow = 2000\n'
        f"{options.bind_toml()}{options.links_toml()}{_SMSC_RATES * options.is_limited}"
        for n, smsc_port in enumerate(smsc_ports)
    )
    routes = _routes(accounts, len(smsc_ports)) if options.is_routed else ""
    esmes = accounts.toml(_ESME_RATES * options.is_limited)
    return head + esmes + smscs + routes + options.more


_POOLS_FILE = "pools.txt"


def _routes(accounts: Accounts, smscs: int) -> str:
    """A route for each account, for numbers that nobody sends to; then the file."""
    members = [f"smsc{n}" for n in range(smscs)]
    own = "".join(
        f'[[route]]\nesme = "{accounts.system_id(n)}"\ndestination = "00*"\npool = "main"\n'
        for n in range(accounts.count)
    )
    pool = f'[[pool]]\nname = "main"\nmembers = {members}\n'
    return f'{pool}{own}[[route]]\npools_file = "{_POOLS_FILE}"\n'


def _prefix_lines(count: int) -> str:
    """So many prefixes, of all lengths from 5 to 9: of all destinations, and of others."""
    lengths = range(5, 10)
    numbers = (f"4477{n:05d}"[: lengths[n % len(lengths)]] for n in range(count // 2))
    others = (f"49{n:06d}" for n in range(count))
    prefixes = dict.fromkeys((*numbers, "4477", *others))
    return "".join(f"{prefix} main\n" for prefix in [*prefixes][:count])


@contextlib.contextmanager
def gate(
    smsc_ports: list[int], core: int, accounts: Accounts, options: GateOptions
) -> Iterator[tuple[int, Program]]:
    """The gate on ``core`` before these SMSCs; gives the port it listens on."""
    with (
        tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name,
        gate_in(Path(name), smsc_ports, core, accounts, options) as found,
    ):
        yield found


@contextlib.contextmanager
def gate_in(
    directory: Path, smsc_ports: list[int], core: int, accounts: Accounts, options: GateOptions
) -> Iterator[tuple[int, Program]]:
    """The same, with what it keeps in ``directory``, where the next one finds it again."""
    port = free_port()
    if options.is_routed:
        (directory / _POOLS_FILE).write_text(_prefix_lines(options.prefixes))
    text = configuration(port, smsc_ports, accounts, options, directory / "state")
    with gate_of(text, directory, core, options) as child:
        yield port, child


@contextlib.contextmanager
def gate_of(text: str, directory: Path, core: int, options: GateOptions) -> Iterator[Program]:
    """A gate with this configuration."""
    file = directory / "gate.toml"
    file.write_text(text)
    command = _command(options, directory, file)
    with running(command, core, directory, options.checkout.root) as child:
        yield child


def _command(options: GateOptions, directory: Path, file: Path) -> list[str]:
    if options.probed:
        probed = [str(options.checkout.python), "-m", "benchmarks.probed_gate"]
        return [*probed, str(directory / PAUSES), "run", "--config", str(file)]
    return [*options.checkout.twistd, *_TWISTD_OPTIONS, "smppgate", "--config", str(file)]


def _prefix(number: int) -> str:
    return f"4477{number:05d}"
