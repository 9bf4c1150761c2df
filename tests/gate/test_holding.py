"""An operator holds one of two SMSCs while messages flow: nobody gets an error."""

from __future__ import annotations

from collections import Counter

from twisted.internet.defer import Deferred

from smppgate.settings import EsmeSettings
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import response
from smppgate.txsmpp.pdu import SubmitSm
from tests.gate.memory_gateway import End, MemoryGateway, bind, smsc
from tests.txsmpp.pairs import numbered

A_ROUND, ROUNDS = 10, 20
POLL = 0.05

MESSAGE = SubmitSm(
    source_addr=b"1234",
    destination_addr=b"447700900001",
    registered_delivery=1,
    short_message=b"a",
)


class Load:
    """An ESME that submits without a pause, and two SMSCs that answer a round later."""

    def __init__(self) -> None:
        account = EsmeSettings(system_id="acme", password="secret")
        settings = [smsc(name, sessions=1) for name in ("alpha", "beta")]
        self.gate = MemoryGateway(*settings, esme=(account,))
        self.links = {name: self._bound(at) for at, name in enumerate(("alpha", "beta"))}
        self.esme = self.gate.esme(bind())
        self.esme.heard()
        self.taken: Counter[str] = Counter()
        self._sent = 0
        self._open: set[int] = set()
        self._ids = 0
        self._unanswered: list[tuple[End, bytes]] = []

    def run(self, rounds: int = ROUNDS) -> Counter[str]:
        """Go on for so many rounds; gives the messages that each SMSC took in the last half."""
        for at in range(rounds):
            if at == rounds // 2:
                self.taken.clear()
            self._round(A_ROUND)
        return self.taken

    def finish(self) -> None:
        """Nothing is submitted any more: all has been answered."""
        for _ in range(3):
            self._round(0)
        assert not self._open

    def rebound(self) -> None:
        """Alpha takes the gate's new connection."""
        self.links["alpha"] = self._bound(-1)

    def _bound(self, at: int) -> End:
        end = self.gate.smsc(at)
        (request,) = end.heard()
        end.answer(request, 0, b"smsc\0")
        return end

    def _round(self, count: int) -> None:
        numbers = range(self._sent + 1, self._sent + count + 1)
        self._sent += count
        self._open |= set(numbers)
        self.esme.send(b"".join(numbered(MESSAGE, number) for number in numbers))
        answers, self._unanswered = self._unanswered, []
        for name, end in self.links.items():
            self._take(name, end)
        for end, octets in answers:
            end.send(octets)
        self.gate.reactor.advance(POLL)
        for frame in self.esme.heard():
            assert frame[:2] == (CommandId.SUBMIT_SM | RESPONSE_BIT, 0), frame
            self._open.remove(frame.sequence_number)

    def _take(self, name: str, end: End) -> None:
        for frame in end.heard():
            if frame.command_id == CommandId.UNBIND:
                end.answer(frame)
                continue
            assert frame.command_id == CommandId.SUBMIT_SM, frame
            self.taken[name] += 1
            self._ids += 1
            self._unanswered.append((end, response(frame, 0, b"%d\0" % self._ids)))


def is_so(deferred: Deferred[None]) -> bool:
    """Whether what was asked for is so; it has not failed."""
    results: list[object] = []
    deferred.addBoth(results.append)
    return results == [None]


def test_drain_and_ready_under_load() -> None:
    """The share of the SMSC goes to zero and comes back; each message is answered well."""
    load = Load()
    before = load.run()
    assert before["alpha"] == before["beta"]
    alpha = load.gate.gateway.smsc("alpha")
    draining = alpha.drain()
    assert load.run() == {"beta": A_ROUND * ROUNDS // 2}
    assert is_so(draining)
    assert is_so(alpha.ready())
    after = load.run()
    assert after["alpha"] == after["beta"]
    load.finish()


def test_maint_and_ready_under_load() -> None:
    """It is unbound when all is answered, and stays away until it is ready."""
    load = Load()
    load.run()
    alpha, end = load.gate.gateway.smsc("alpha"), load.links["alpha"]
    away = alpha.maint()
    assert load.run() == {"beta": A_ROUND * ROUNDS // 2}
    assert is_so(away)
    assert end.is_closed()
    connections = len(load.gate.connections)
    load.run()
    assert len(load.gate.connections) == connections
    ready = alpha.ready()
    load.rebound()
    after = load.run()
    assert is_so(ready)
    assert after["alpha"] == after["beta"]
    load.finish()
