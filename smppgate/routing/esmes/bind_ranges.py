"""Sessions that serve an address range because their bind named it."""

from __future__ import annotations

from collections import Counter
from typing import Generic, NamedTuple

from smppgate.routing.esmes.account import Account, Cluster, S

ANY = 0
"""TON and NPI of a bind that serves numbers of every kind: "unknown", SMPP v3.4 §5.2.5, §5.2.6."""


class Guest(NamedTuple):
    """How a session serves a range that it named in its bind."""

    weight: int
    ton: int
    npi: int

    def serves(self, ton: int, npi: int) -> bool:
        """Whether numbers of that type and plan are for it."""
        return self.ton in {ANY, ton} and self.npi in {ANY, npi}


class Guests(Generic[S]):
    """Sessions that serve one range by their binds, beside the accounts that own it.

    They tell numbers apart by some types and plans only. So there is a cluster for each of these,
    made when it is first asked for, and `ANY` stands for those nobody asked for.
    """

    __slots__ = ("_accounts", "_clusters", "_guests", "_kinds", "_npis", "_tons")

    def __init__(self, accounts: tuple[Account[S], ...]) -> None:
        self._accounts = accounts
        self._guests: dict[S, Guest] = {}
        self._clusters: dict[tuple[int, int], Cluster[S]] = {}
        self._kinds: Counter[tuple[int, int]] = Counter()
        """TON and NPI of binds → how many of the guests have them."""
        self._tons = self._npis = frozenset[int]()

    def add(self, session: S, guest: Guest) -> None:
        """One more, that is not among them."""
        self._guests[session] = guest
        self._count(guest, 1)
        for kind, cluster in self._clusters.items():
            if guest.serves(*kind):
                cluster.add(session, guest.weight)

    def remove(self, session: S) -> bool:
        """One less; one that is not among them is no error. Whether nobody is left."""
        guest = self._guests.pop(session, None)
        if guest is not None:
            for cluster in self._clusters.values():
                cluster.remove(session)
            self._count(guest, -1)
        return not self._guests

    def cluster(self, ton: int, npi: int) -> Cluster[S] | None:
        """Who serves numbers of that type and plan; None when nobody does or owns them."""
        kind = (ton if ton in self._tons else ANY, npi if npi in self._npis else ANY)
        cluster = self._clusters.get(kind)
        if cluster is None:
            self._clusters[kind] = cluster = self._gather(*kind)
        return cluster if self._accounts or len(cluster) else None

    def _gather(self, ton: int, npi: int) -> Cluster[S]:
        cluster = Cluster.of(self._accounts)
        for session, guest in self._guests.items():
            if guest.serves(ton, npi):
                cluster.add(session, guest.weight)
        return cluster

    def _count(self, guest: Guest, more: int) -> None:
        """There are so many more guests of that kind."""
        before, kind = len(self._kinds), (guest.ton, guest.npi)
        self._kinds[kind] += more
        if not self._kinds[kind]:
            del self._kinds[kind]
        if len(self._kinds) != before:
            self._tell_apart()

    def _tell_apart(self) -> None:
        self._tons = frozenset(ton for ton, _ in self._kinds)
        self._npis = frozenset(npi for _, npi in self._kinds)
        for kind in [kind for kind in self._clusters if not self._is_asked_for(*kind)]:
            cluster = self._clusters.pop(kind)
            for account in self._accounts:
                account.withdraw(cluster)

    def _is_asked_for(self, ton: int, npi: int) -> bool:
        anybody = bool(self._kinds)
        return anybody and ton in self._tons | {ANY} and npi in self._npis | {ANY}
