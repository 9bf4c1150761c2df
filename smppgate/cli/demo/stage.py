"""The demo's stage: two SMSCs, the gate and two ESMEs on loopback sockets, set up and cleared."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from random import Random
from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IReactorTime

from smppgate.cli.demo.esme import DemoEsme
from smppgate.cli.demo.ledger import Ledger
from smppgate.cli.simulator import Behaviour, SimulatedSmsc
from smppgate.gate import Gateway
from smppgate.gate.drain import until
from smppgate.settings import (
    EsmeSettings,
    GateSettings,
    ListenSettings,
    Settings,
    SmscSettings,
    StoreSettings,
)

HOST = "127.0.0.1"
SESSIONS = 3
"""Of each ESME."""
RATE = 2000.0
"""Messages per second of each ESME."""
WINDOW = 50
"""Unanswered messages on each of its sessions."""

SMSCS = {
    "alpha": Behaviour(name=b"alpha", latency=0.005, jitter=0.002),
    "beta": Behaviour(name=b"beta", latency=0.025, jitter=0.010),
}
"""Jitter makes them answer out of order. Both hand out the same ids."""

ACCOUNTS = {"acme": b"1001", "bolt": b"2002"}
"""system_id → the address that it sends from."""

# Larger than all that is unanswered at one time: the demo is about the balance, not the limits.
_GATE_WINDOW = 1000

_LINKS_TIMEOUT = 5.0


class Stage:
    """Everyone who takes part.

    :param random: the SMSCs' chance.
    """

    def __init__(self, reactor: IReactorTime, random: Random) -> None:
        self.reactor = reactor
        self.smscs = {
            name: SimulatedSmsc(behaviour, reactor, random) for name, behaviour in SMSCS.items()
        }
        self.esmes = [
            DemoEsme(
                ledger=Ledger(account),
                password=secrets.token_hex(4),
                clock=reactor,
                source=source,
                rate=RATE,
                window=WINDOW,
            )
            for account, source in ACCOUNTS.items()
        ]
        self.gateway: Gateway | None = None
        self.lost_sessions = 0
        """ESME sessions that had ended before anybody stopped them."""
        self.open_exchanges = 0
        """Exchanges that the gate had not ended when it had stopped."""

    @property
    def ledgers(self) -> list[Ledger]:
        """What the ESMEs wrote down."""
        return [esme.ledger for esme in self.esmes]

    @property
    def taken(self) -> dict[str, int]:
        """SMSC → messages that it took, by its own account."""
        return {name: smsc.counts.taken for name, smsc in self.smscs.items()}

    async def open(self) -> None:
        """Start the SMSCs, then the gate, then bind the ESMEs.

        :raises OSError: when something of that cannot be done; other errors as `DemoEsme.bind`.
        """
        endpoints = {}
        for name, smsc in self.smscs.items():
            address = cast(IPv4Address, await smsc.listen(f"tcp:0:interface={HOST}"))
            smsc.startService()
            endpoints[name] = f"tcp:{HOST}:{address.port}"
        port = self._start_gateway(endpoints)
        if not await self.until(self._is_linked, _LINKS_TIMEOUT):
            raise TimeoutError(f"the gate did not bind to both SMSCs in {_LINKS_TIMEOUT:g} s")
        for esme in self.esmes:
            gate = clientFromString(self.reactor, f"tcp:{HOST}:{port}")
            await esme.bind(gate, SESSIONS)

    async def settle(self, seconds: float) -> None:
        """Send no more; wait that long at most for answers and receipts."""
        for esme in self.esmes:
            esme.stop()
        await self.until(self._is_settled, seconds)

    async def close(self) -> None:
        """Stop the gate in order, then the SMSCs."""
        for esme in self.esmes:
            esme.stop()
            self.lost_sessions += len(esme.sessions) - esme.bound
        if self.gateway is not None:
            await self.gateway.stopService()
            self.open_exchanges = self.gateway.router.statistics().open_exchanges
        for smsc in self.smscs.values():
            await smsc.stopService()

    async def until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait for ``done``, that long at most; tells whether it is."""
        return await until(done, seconds, self.reactor)

    def _is_linked(self) -> bool:
        return self.gateway is not None and all(m.links for m in self.gateway.smscs.values())

    def _is_settled(self) -> bool:
        return not any(ledger.unanswered or ledger.missing for ledger in self.ledgers)

    def _start_gateway(self, smscs: dict[str, str]) -> int:
        """Start the gate; gives the port that it listens on, the kernel's choice."""
        self.gateway = Gateway(self._settings(smscs), self.reactor)
        self.gateway.privilegedStartService()
        self.gateway.startService()
        (address,) = self.gateway.addresses()
        return cast(IPv4Address, address).port

    def _settings(self, smscs: dict[str, str]) -> Settings:
        return Settings(
            gate=GateSettings(name="demo", stop_timeout=5.0),
            # The demo leaves nothing behind.
            store=StoreSettings(kind="memory"),
            listen=(ListenSettings(endpoint=f"tcp:0:interface={HOST}"),),
            esme=tuple(
                EsmeSettings(
                    system_id=esme.ledger.account, password=esme.password, window=_GATE_WINDOW
                )
                for esme in self.esmes
            ),
            smsc=tuple(
                SmscSettings(
                    name=name,
                    endpoint=endpoint,
                    system_id="demo",
                    password=secrets.token_hex(4),
                    window=_GATE_WINDOW,
                )
                for name, endpoint in smscs.items()
            ),
        )
