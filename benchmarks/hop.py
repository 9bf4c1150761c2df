"""What a hop from one node to another costs: ``python -m benchmarks.hop``.

Both ends of a link run in this process, joined in memory: the remote session that a message is
sent to, the session that it comes out of, the choice of the ESME's session, and the way back of
the answer. Reads and writes of sockets are not in it, nor are the SMSC's and the ESME's sessions.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, cast

from twisted.internet.testing import MemoryReactorClock, StringTransport

from benchmarks import wire
from smppgate.gate import Gateway
from smppgate.gate.peers.remote_session import RemoteSession
from smppgate.gate.peers.sessions import Incoming, Outgoing
from smppgate.gate.peers.told import BoundSession
from smppgate.settings import parse
from smppgate.txsmpp.frame import Frame, resp
from smppgate.txsmpp.sequence import Request

SETTINGS = """
[store]
kind = "memory"
[peers]
name = "{name}"
secret = "hush"
endpoint = "tcp:2790"
[[peer]]
name = "a"
endpoint = "tcp:10.0.0.1:2790"
[[peer]]
name = "b"
endpoint = "tcp:10.0.0.2:2790"
[[listen]]
endpoint = "tcp:2775"
[[esme]]
system_id = "acme"
password = "secret"
window = 1000
[[smsc]]
name = "alpha"
endpoint = "tcp:10.0.0.9:2775"
system_id = "gate"
password = "pw"
"""


class _Esme:
    """A session that answers at once."""

    receives = has_room = True
    is_remote = has_ended = False
    window = 1000

    def __init__(self, version: object) -> None:
        self.version = version
        self.system_id = b"acme"
        self.token = b""
        self.outstanding: tuple[()] = ()

    def send_request(self, request: Request, octets: bytes) -> None:
        """Take it."""
        answer = resp(request.command_id, 0, 1, b"\0")
        request.answered(Frame(request.command_id | wire.RESPONSE, 0, 1, answer), 0.0)


class _Message(Request):
    """What the SMSC's message is at its node."""

    __slots__ = ()
    taken = 0

    def answered(self, frame: Frame, now: float) -> None:
        """The ESME has it."""
        _Message.taken += 1


def _gateway(name: str) -> Any:
    reactor: Any = MemoryReactorClock()
    gateway = cast(Any, Gateway(parse(SETTINGS.format(name=name)), reactor))
    gateway.startService()
    return gateway


class Hop:
    """A link between nodes a and b, at whose end a an ESME is bound."""

    def __init__(self) -> None:
        self._near, self._far = _gateway("b"), _gateway("a")
        far, near = self._far.parts.peers, self._near.parts.peers
        self._out = Outgoing(far._config, "b")
        self._in = Incoming(near._config, near._factory)
        self._wires = StringTransport(), StringTransport()
        for session, transport in zip((self._in, self._out), self._wires, strict=True):
            session.makeConnection(transport)
        while self.carry():
            pass
        esme = cast(Any, _Esme(self._in.version))
        self._far.router.submitters.add(esme)
        account = self._near.router.accounts.named(b"acme")
        told = BoundSession(esme.token, b"acme", receives=True, version=0x50, window=1000)
        self._session = RemoteSession(self._in, account, told, self._near.clock)

    def carry(self) -> int:
        """Bring what each end has written to the other; gives how much that was."""
        count = 0
        for transport, other in zip(self._wires, (self._out, self._in), strict=True):
            for gateway in (self._near, self._far):
                gateway.router.batch.flush()
            octets = transport.value()
            transport.clear()
            count += len(octets)
            if octets:
                other.dataReceived(octets)
        return count

    def run(self, messages: list[bytes]) -> None:
        """Send these in one turn, and bring their answers back."""
        for octets in messages:
            self._session.send_request(_Message(wire.DELIVER_SM, 0.0), octets)
        while self.carry():
            pass


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000, help="messages")
    parser.add_argument("--run", type=int, default=50, help="messages of one turn")
    args = parser.parse_args()
    hop = Hop()
    messages = [wire.message(wire.DELIVER_SM, wire.RECIPIENT.decode())] * args.run
    best = float("inf")
    for _ in range(5):
        began, taken = time.process_time(), _Message.taken
        for _ in range(args.count // args.run // 5):
            hop.run(messages)
        best = min(best, (time.process_time() - began) / (_Message.taken - taken))
    print(f"hop: {best * 1e6:.2f} µs a message on both sides together, {1 / best:,.0f} a second")


if __name__ == "__main__":
    main()
