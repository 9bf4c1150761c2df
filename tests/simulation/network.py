"""The network between the gate and the models: who listens where, and new connections."""

from __future__ import annotations

import errno
from collections.abc import Callable
from random import Random
from typing import Protocol

from tests.simulation.clock import Agenda
from tests.simulation.sockets import GateSocket, ModelEnd, Stream, Weather

GATE_HOST = "10.0.0.1"


class Acceptor(Protocol):
    """A port where the gate listens."""

    def accept(self, skt: GateSocket) -> None:
        """Somebody has connected."""


Accept = Callable[[ModelEnd], bool | None]
"""Takes a connection of the gate's to a model; False to refuse it, None to say nothing."""


class Network:
    """All connections of one world.

    :param chance: decides delays and cuts.
    :ivar weather: that of connections made from now on.
    :ivar has_sent: whether the gate had something to send since somebody set it to false.
    :ivar has_changed: whether a socket of the gate's may have become ready since then.
    """

    def __init__(self, agenda: Agenda, chance: Random, weather: Weather) -> None:
        self.weather = weather
        self.has_sent = self.has_changed = False
        self.sockets: list[GateSocket] = []
        """The gate's ends, those included that are closed."""
        self._agenda = agenda
        self._chance = chance
        self._gate: dict[int, Acceptor] = {}
        self._models: dict[tuple[str, int], Accept] = {}
        self._serial = 0

    def calm(self) -> None:
        """Good weather from now on, on connections that are there too."""
        self.weather = Weather()
        self.has_changed = True
        for skt in self.sockets:
            for stream in (skt.incoming, skt.outgoing):
                if stream is not None:
                    stream.change(self.weather)

    # The gate listens, models connect

    def listen(self, port: int, acceptor: Acceptor) -> bool:
        """Let the gate listen; False when the port is in use."""
        return self._gate.setdefault(port, acceptor) is acceptor

    def unlisten(self, port: int, acceptor: Acceptor) -> None:
        """It listens no more."""
        if self._gate.get(port) is acceptor:
            del self._gate[port]

    def connect(self, host: str, port: int, made: Callable[[ModelEnd | None], None]) -> None:
        """Connect from a model at ``host``; ``made`` gets None when nobody listens."""
        self._agenda.call(self._delay(), self._connect, host, port, made)

    def _connect(self, host: str, port: int, made: Callable[[ModelEnd | None], None]) -> None:
        acceptor = self._gate.get(port)
        if acceptor is None:
            made(None)
            return
        self._serial += 1
        skt = self._socket((GATE_HOST, port), (host, 30000 + self._serial))
        end = self._join(skt)
        acceptor.accept(skt)
        made(end)

    # Models listen, the gate connects

    def serve(self, address: tuple[str, int], accept: Accept) -> None:
        """Let a model take connections at ``address``."""
        self._models[address] = accept

    def socket(self, address: tuple[str, int]) -> GateSocket:
        """A socket of the gate's that is to connect to ``address``."""
        self._serial += 1
        skt = _Connecting(
            self._serial, self._agenda, (GATE_HOST, 40000 + self._serial), address, self
        )
        return self._noted(skt)

    def reach(self, skt: GateSocket) -> None:
        """The gate's connection request is on its way."""
        self._agenda.call(2 * self._delay(), self._reached, skt)

    def _reached(self, skt: GateSocket) -> None:
        if skt.is_closed:
            return
        accept = self._models.get(skt.getpeername())
        end = self._join(skt)
        taken = accept(end) if accept is not None else False
        if not taken:
            skt.refuse(0 if taken is None else errno.ECONNREFUSED)

    # Both

    def _socket(self, here: tuple[str, int], there: tuple[str, int]) -> GateSocket:
        return self._noted(GateSocket(self._serial, self._agenda, here, there))

    def _noted(self, skt: GateSocket) -> GateSocket:
        skt.on_send, skt.on_change = self._sent, self._changed
        self.sockets.append(skt)
        return skt

    def _join(self, skt: GateSocket) -> ModelEnd:
        to_gate = Stream(self._agenda, self._chance, self.weather)
        to_model = Stream(self._agenda, self._chance, self.weather)
        end = ModelEnd(to_model, to_gate)
        skt.join(to_gate, to_model, end)
        return end

    def _sent(self) -> None:
        self.has_sent = True

    def _changed(self) -> None:
        self.has_changed = True

    def _delay(self) -> float:
        return self.weather.latency + self._chance.expovariate(1.0) * self.weather.jitter


class _Connecting(GateSocket):
    """A socket that connects."""

    def __init__(
        self,
        number: int,
        agenda: Agenda,
        here: tuple[str, int],
        there: tuple[str, int],
        network: Network,
    ) -> None:
        super().__init__(number, agenda, here, there)
        self._network = network
        self._is_connecting = False

    def connect_ex(self, _address: tuple[str, int]) -> int:
        """As connect(2) of a socket that does not block."""
        if self.incoming is not None:
            return errno.EISCONN
        if not self._is_connecting:
            self._is_connecting = True
            self._network.reach(self)
        return errno.EINPROGRESS
