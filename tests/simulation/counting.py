"""Half of the worlds are observed: what the gate counted is what its peers counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from smppgate.gate import Gateway
from smppgate.observe import Observer
from smppgate.routing.tally import Tally
from tests.simulation import wire
from tests.simulation.ledger import NEVER, Request

if TYPE_CHECKING:
    from tests.simulation.world import World


_OF_SESSIONS = (0x02, 0x03, 0x04)
"""Statuses with which a session answers itself what it may not be sent: it is not taken in."""


class Counting:
    """What one life of the gate has counted of submit_sm.

    Accounts and SMSCs that a reload has removed, or removed and added again, are not looked at:
    their counts begin anew.
    """

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway
        self._begin_at = world.clock.now
        self._accounts, self._smscs = self._tallies()
        Observer(gateway).setServiceParent(gateway)

    def _tallies(self) -> tuple[Mapping[str, Tally], Mapping[str, Tally]]:
        parts = self._gateway.parts
        accounts = {name: service.account.tally for name, service in parts.accounts.items()}
        return accounts, {name: service.smsc.tally for name, service in parts.smscs.items()}

    def wrong(self) -> Iterator[str]:
        """What is counted otherwise than peers have."""
        accounts, smscs = self._tallies()
        heard, answered, taken = Counter[str](), Counter[str](), Counter[str]()
        for request in self._requests():
            answer = request.answer
            was_relayed = answer is not None and answer.status not in _OF_SESSIONS
            heard[request.account.system_id] += was_relayed
            for attempt in request.attempts:
                name = attempt.session.smsc.plan.name  # type: ignore[union-attr]
                statuses = [a.pdu.status for a in attempt.answers if a.read_at < NEVER]
                answered[name] += len(statuses)
                taken[name] += attempt.has_counted()
        for name, tally in accounts.items():
            if tally is self._accounts.get(name) and _count(tally) < heard[name]:
                yield f"ESME {name} heard {heard[name]} answers, counted are {_count(tally)}"
        for name, tally in smscs.items():
            if tally is not self._smscs.get(name):
                continue
            if not taken[name] <= _count(tally) <= answered[name]:
                yield (
                    f"SMSC {name} gave {answered[name]} answers, {taken[name]} of them in time "
                    f"for certain, counted are {_count(tally)}"
                )

    def _requests(self) -> Iterator[Request]:
        for request in self._world.ledger.requests.values():
            if request.command == wire.SUBMIT_SM and request.at >= self._begin_at:
                yield request


def _count(tally: Tally) -> int:
    return sum(count for command, _, count in tally.counts() if command == wire.SUBMIT_SM)
