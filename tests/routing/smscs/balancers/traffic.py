"""Messages through a balancer in time that is only counted: SMSCs that answer after a while."""

from __future__ import annotations

from collections import Counter
from heapq import heappop, heappush

from attrs import define, field

from smppgate.routing.smscs.balancers import Balancer
from smppgate.routing.smscs.load import TAKEN
from smppgate.routing.smscs.smsc import Smsc


@define
class Traffic:
    """Messages that come at a rate, and are answered.

    :param latencies: SMSC → seconds from a message to its answer; None never answers.
    :ivar taken: messages by the name of the SMSC that got them.
    :ivar waiting: messages that no SMSC had room for; they are chosen for again with each answer.
    """

    balancer: Balancer
    latencies: dict[Smsc, float | None]
    taken: Counter[str] = field(factory=Counter, init=False)
    waiting: int = field(default=0, init=False)
    now: float = field(default=0.0, init=False)
    _answers: list[tuple[float, int, Smsc, float]] = field(factory=list, init=False)
    _serial: int = field(default=0, init=False)

    def run(self, rate: float, seconds: float) -> None:
        """Let ``rate`` messages a second come for so long."""
        began = self.now
        for number in range(int(rate * seconds)):
            at = began + number / rate
            self._answer_until(at)
            self.now = at
            self.waiting += 1
            self._send()

    def _answer_until(self, until: float) -> None:
        while self._answers and self._answers[0][0] <= until:
            at, _, smsc, sent_at = heappop(self._answers)
            self.now = at
            smsc.ended(1, TAKEN, at - sent_at)
            self._send()

    def _send(self) -> None:
        while self.waiting:
            smsc = self.balancer.choose(self.now, None, ())
            if smsc is None:
                return
            self.waiting -= 1
            self.taken[smsc.name] += 1
            smsc.began(1)
            latency = self.latencies[smsc]
            if latency is not None:
                self._serial += 1
                heappush(self._answers, (self.now + latency, self._serial, smsc, self.now))
