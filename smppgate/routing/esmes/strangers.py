"""`Strangers`: what a listener lets peers do that it does not know yet: connect, wait, bind.

Whoever can reach a port can open connections and say nothing, or bind without end. The first are
bounded for each address and for all that are not bound; binds are spread over time for each
address, and nobody is refused for being one of many: an aggregator's hundred sessions that come
back at once bind in a second. An address is that of `network_of`: of a balancer with PROXY headers
the one behind it; peers whose address is not known, or not known yet, are bounded together only.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable

from attrs import frozen


@frozen
class StrangerLimits:
    """Limits of one listener; 0 is none.

    :param per_address: connections from one address at one time, bound or not.
    :param unbound: connections at one time that are not bound.
    :param bind_rate: binds a second from one address; so many may come at once.
    """

    per_address: int = 0
    unbound: int = 0
    bind_rate: int = 0


class Strangers:
    """The connections of one listener. Mutable.

    :param most: addresses whose binds are counted; those that bound longest ago are forgotten.
    :ivar limits: those in force; a reload swaps them.
    :ivar delayed: binds that have had to wait, or could not.
    """

    def __init__(self, limits: StrangerLimits, most: int = 10_000) -> None:
        self.limits = limits
        self.delayed = 0
        self._most = most
        self._unbound: dict[Hashable, None] = {}
        self._addresses: dict[Hashable, str] = {}
        self._counts: Counter[str] = Counter()
        # When the binds of an address that have come would be over, one after the other.
        self._turns: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._addresses) + len(self._turns)

    @property
    def unbound(self) -> int:
        """Connections that are not bound."""
        return len(self._unbound)

    def count(self, address: str) -> int:
        """Connections from ``address``."""
        return self._counts[address]

    def refusal(self, address: str) -> str:
        """Why a new connection from ``address`` is not taken; empty where it is.

        :param address: empty while it is not known.
        """
        most = self.limits.unbound
        if most and self.unbound >= most:
            return f"{most} connections of the listener are not bound"
        return self._refusal_of(address)

    def connected(self, session: Hashable, address: str) -> None:
        """A connection was taken."""
        self._unbound[session] = None
        self._place(session, address)

    def identified(self, session: Hashable, address: str) -> str:
        """The address of a connection is known now; gives why it is not kept, or nothing."""
        why = self._refusal_of(address)
        if not why:
            self._place(session, address)
        return why

    def bound(self, session: Hashable) -> None:
        """The session is bound."""
        self._unbound.pop(session, None)

    def lost(self, session: Hashable) -> None:
        """The connection is gone."""
        self._unbound.pop(session, None)
        address = self._addresses.pop(session, "")
        if address:
            self._counts[address] -= 1
            if not self._counts[address]:
                del self._counts[address]

    def bind_wait(self, address: str, now: float, by: float) -> float | None:
        """Seconds that a bind from ``address`` waits; None if that would be until ``by``.

        The bind has its turn then, and the next one comes behind it.
        """
        rate = self.limits.bind_rate
        if not (rate and address):
            return 0.0
        over = max(now, self._turns.get(address, now))
        wait = max(0.0, over - now - (rate - 1) / rate)
        self.delayed += wait > 0.0
        if wait and now + wait >= by:
            return None
        self._turns[address] = over + 1.0 / rate
        self._turns.move_to_end(address)
        self._forget(now)
        return wait

    def _refusal_of(self, address: str) -> str:
        most = self.limits.per_address
        if most and address and self._counts[address] >= most:
            return all_open(most)
        return ""

    def _place(self, session: Hashable, address: str) -> None:
        if address:
            self._addresses[session] = address
            self._counts[address] += 1

    def _forget(self, now: float) -> None:
        """Forget addresses whose binds are over."""
        turns = self._turns
        while len(turns) > self._most or next(iter(turns.values())) <= now:
            turns.popitem(last=False)


def all_open(limit: int) -> str:
    """The reason where an address has ``limit`` connections, for the log."""
    return f"{limit} connections from its address are open"
