"""The parts of the demo: two SMSCs, the gate and two ESMEs on loopback sockets."""

from __future__ import annotations

import secrets
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
"""Sessions of each ESME."""
RATE = 2000.0
"""Messages per second of each ESME."""
WINDOW = 50
"""Messages that each session may have unanswered."""

SMSCS = {
    "alpha": Behaviour(name=b"alpha", latency=0.005, jitter=0.002),
    "beta": Behaviour(name=b"beta", latency=0.025, jitter=0.010),
}
"""Name → behaviour. The jitter mixes the order of answers, and both give out the same ids."""

ACCOUNTS = {"acme": b"1001", "bolt": b"2002"}
"""system_id → source address of its messages."""

# More than all messages that can be unanswered: the demo shows the balance, not the limits.
_GATE_WINDOW = 1000

_LINKS_TIMEOUT = 5.0
"""Seconds that the gate has to bind to both SMSCs."""


class Stage:
    """Starts and stops the SMSCs, the gate and the ESMEs.

    :param random: the random generator of the SMSCs.
    :ivar lost_sessions: ESME sessions that had ended before `close`.
    :ivar open_exchanges: exchanges that the gate had not ended when it had stopped.
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
        self.open_exchanges = 0

    @property
    def ledgers(self) -> list[Ledger]:
        """The ledgers of the ESMEs."""
        return [esme.ledger for esme in self.esmes]

    @property
    def taken(self) -> dict[str, int]:
        """SMSC → messages that it accepted, as it counts them."""
        return {name: smsc.counts.taken for name, smsc in self.smscs.items()}

    async def open(self) -> None:
        """Start the SMSCs, then the gate, then bind the ESMEs.

        :raises CannotListenError: when a port cannot be opened.
        :raises TimeoutError: when the gate does not bind to both SMSCs in 5 seconds.
        :raises SmppError, ConnectError: as `DemoEsme.bind`.
        """
        endpoints = {}
        for name, smsc in self.smscs.items():
            address = cast(IPv4Address, await smsc.listen(f"tcp:0:interface={HOST}"))
            smsc.startService()
            endpoints[name] = f"tcp:{HOST}:{address.port}"
        port = self._start_gateway(endpoints)
        if not await until(self._is_linked, _LINKS_TIMEOUT, self.reactor):
            raise TimeoutError(f"the gate did not bind to both SMSCs in {_LINKS_TIMEOUT:g} s")
        for esme in self.esmes:
            gate = clientFromString(self.reactor, f"tcp:{HOST}:{port}")
            await esme.bind(gate, SESSIONS)

    async def settle(self, seconds: float) -> None:
        """Stop sending; wait up to ``seconds`` for all answers and receipts."""
        for esme in self.esmes:
            esme.stop()
        await until(self._is_settled, seconds, self.reactor)

    async def close(self) -> None:
        """Stop the ESMEs, then the gate, then the SMSCs."""
        for esme in self.esmes:
            esme.stop()
            self.lost_sessions += len(esme.sessions) - esme.bound
        if self.gateway is not None:
            await self.gateway.stopService()
            self.open_exchanges = self.gateway.router.statistics().open_exchanges
        for smsc in self.smscs.values():
            await smsc.stopService()

    def _is_linked(self) -> bool:
        return self.gateway is not None and all(smsc.links for smsc in self.gateway.router.smscs)

    def _is_settled(self) -> bool:
        return not any(ledger.unanswered or ledger.missing for ledger in self.ledgers)

    def _start_gateway(self, smscs: dict[str, str]) -> int:
        """Start the gate; returns the port that the kernel gave it."""
        self.gateway = Gateway(self._settings(smscs), self.reactor)
        self.gateway.privilegedStartService()
        self.gateway.startService()
        (address,) = self.gateway.addresses()
        return cast(IPv4Address, address).port

    def _settings(self, smscs: dict[str, str]) -> Settings:
        return Settings(
            gate=GateSettings(name="demo", stop_timeout=5.0),
            # A store in memory leaves no files.
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
