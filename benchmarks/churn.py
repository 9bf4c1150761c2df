"""Configurations one after the other, as a gate is given them by an operator in a great hurry."""

from __future__ import annotations

from random import Random

from benchmarks.esme import HOST, PASSWORD
from benchmarks.gate_process import Accounts

_TOUCHED = 20
"""Accounts that change with each file, of each kind of change."""

EXTRA_SMSC = "extra"


class Churn:
    """Makes files that differ: members, accounts, ranges, weights, windows and listeners.

    :param port: of the listener that stays.
    :param spare_port: of one that comes and goes.
    :param smsc_ports: of the SMSCs; the last of them comes and goes.
    :param busy: the accounts in use: of these only windows, weights and the pool change.
    """

    def __init__(
        self,
        port: int,
        spare_port: int,
        smsc_ports: list[int],
        accounts: Accounts,
        busy: set[str],
        gate: str,
    ) -> None:
        self._ports = port, spare_port
        self._smsc_ports = smsc_ports
        self._accounts = accounts
        self._names = [accounts.system_id(n) for n in range(accounts.count)]
        self._busy = busy
        self._gate = gate
        self._random = Random(10)
        self._idle = {
            name: accounts.ranges(n) for n, name in enumerate(self._names) if name not in busy
        }
        self._ranges = {name: accounts.ranges(n) for n, name in enumerate(self._names)}
        self._windows = dict.fromkeys(self._names, accounts.window)
        self._passwords = dict.fromkeys(self._names, PASSWORD)
        self._away: set[str] = set()

    def text(self, turn: int) -> str:
        """The file of that turn; turns are asked for in order, from 0."""
        if turn:
            self._change_accounts()
        return self._text(turn)

    def upheavals(self) -> list[str]:
        """Files in which all accounts that are not in use change, go, and come back as they were.

        To be asked for in front of all turns.
        """
        windows, ranges = self._windows, self._ranges
        self._windows = {name: size + (name in self._idle) for name, size in windows.items()}
        self._ranges = {
            name: [each.replace("4477", "4466") for each in texts] if name in self._idle else texts
            for name, texts in ranges.items()
        }
        changed = self._text(0)
        self._away = set(self._idle)
        gone = self._text(0)
        self._windows, self._ranges, self._away = windows, ranges, set()
        return [changed, gone, self._text(0)]

    def _text(self, turn: int) -> str:
        parts = [self._gate, self._listeners(turn), *map(self._account, self._names)]
        return "".join([*parts, self._smscs(turn), self._pools(turn)])

    def _change_accounts(self) -> None:
        random, idle = self._random, sorted(self._idle)
        back = set(random.sample(sorted(self._away), len(self._away) // 2))
        self._away = (self._away - back) | set(random.sample(idle, _TOUCHED))
        for name in random.sample(idle, _TOUCHED):
            new = f"4499{random.randrange(10**6):06d}*"
            self._ranges[name] = [*self._idle[name][1:], new]
        for name in random.sample(idle, _TOUCHED):
            self._passwords[name] = f"pw{random.randrange(1000)}"
        for name in [*self._busy, *random.sample(idle, _TOUCHED)]:
            self._windows[name] = self._accounts.window + random.randrange(100)

    def _account(self, name: str) -> str:
        if name in self._away:
            return ""
        weight = self._random.randrange(1, 4) if name in self._busy else 1
        return (
            f'[[esme]]\nsystem_id = "{name}"\npassword = "{self._passwords[name]}"\n'
            f"max_binds = {self._accounts.max_binds}\nwindow = {self._windows[name]}\n"
            f"weight = {weight}\naddress_ranges = {self._ranges[name]}\n"
        )

    def _listeners(self, turn: int) -> str:
        port, spare = self._ports
        text = f'[[listen]]\nendpoint = "tcp:{port}:interface={HOST}"\n'
        text += f"max_sessions = {10000 + turn}\n"
        if turn % 2:
            text += f'[[listen]]\nendpoint = "tcp:{spare}:interface={HOST}"\n'
        return text

    def _smscs(self, turn: int) -> str:
        names = [f"smsc{n}" for n in range(len(self._smsc_ports) - 1)]
        names += [EXTRA_SMSC] if self.has_extra(turn) else []
        return "".join(
            f'[[smsc]]\nname = "{name}"\nendpoint = "tcp:{HOST}:{port}"\nsystem_id = "gate"\n'
            f'password = "{self._password(name, turn)}"\nbind = "transmitter+receiver"\n'
            f"window = {self._random.randrange(1000, 2000)}\n"
            f"weight = {self._random.randrange(1, 5)}\nreconnect_min = 0.1\n"
            for name, port in zip(names, self._smsc_ports, strict=False)
        )

    def _pools(self, turn: int) -> str:
        smscs = [f"smsc{n}" for n in range(len(self._smsc_ports) - 1)]
        members = [*smscs, EXTRA_SMSC] if self.has_extra(turn) else smscs
        balance = ("least_outstanding", "round_robin")[turn // 2 % 2]
        text = f'[[pool]]\nname = "main"\nmembers = {members}\nbalance = "{balance}"\n'
        if turn % 3 == 0:
            text += f'[[pool]]\nname = "second{turn}"\nmembers = {smscs}\n'
        return text

    def has_extra(self, turn: int) -> bool:
        """Whether the SMSC that comes and goes is there; it is at the last turn of each four."""
        return turn % 4 != 0

    def _password(self, name: str, turn: int) -> str:
        # That one is bound anew, too.
        return f"pw{turn % 4 // 3}" if name == EXTRA_SMSC else "pw"
