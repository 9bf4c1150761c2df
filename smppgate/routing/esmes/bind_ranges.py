"""Guests: sessions that serve an address range because their binds name it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Generic, NamedTuple

from smppgate.routing.esmes.account import Account, Cluster, S

ANY = 0
"""TON or NPI of a bind that serves numbers of every type or plan: "unknown", SMPP v3.4 §5.2.5 and
§5.2.6."""


class Guest(NamedTuple):
    """How one session serves a range that its bind names.

    ``weight`` is that of its account, ``ton`` and ``npi`` are the bind's addr_ton and addr_npi.
    ``place`` is lower for a session that joined earlier, and for a range that its bind names
    earlier.
    """

    weight: int
    ton: int
    npi: int
    place: tuple[int, int] = (0, 0)

    def serves(self, ton: int, npi: int) -> bool:
        """Whether the session serves numbers of this type and plan."""
        return self.ton in {ANY, ton} and self.npi in {ANY, npi}


class Guests(Generic[S]):
    """The guests of one range, beside the accounts that own it.

    Sessions serve a number depending on its type and plan, so there is a cluster for each pair of
    TON and NPI, made when it is first asked for. Types and plans that no guest's bind names share
    the clusters of `ANY`, so there are no more clusters than the binds can tell apart.

    :ivar accounts: the accounts that own the range, in the order of the configuration.
    """

    __slots__ = ("_clusters", "_guests", "_kinds", "_npis", "_tons", "accounts")

    def __init__(self, accounts: tuple[Account[S], ...]) -> None:
        self.accounts = accounts
        # In the order of their places.
        self._guests: dict[S, Guest] = {}
        self._clusters: dict[tuple[int, int], Cluster[S]] = {}
        # TON and NPI of a bind → the number of guests with that pair.
        self._kinds: Counter[tuple[int, int]] = Counter()
        # Those that guests' binds name.
        self._tons = self._npis = frozenset[int]()

    @property
    def place(self) -> tuple[int, int]:
        """That of the first guest."""
        return next(iter(self._guests.values())).place

    def own(self, accounts: tuple[Account[S], ...]) -> None:
        """Let these own the range in place of those that do."""
        self._drop(list(self._clusters))
        self.accounts = accounts

    def add(self, session: S, guest: Guest) -> None:
        """Add ``session``, which is not a guest yet."""
        is_last = not self._guests or next(reversed(self._guests.values())).place <= guest.place
        self._guests[session] = guest
        if not is_last:
            self._guests = dict(sorted(self._guests.items(), key=lambda each: each[1].place))
        self._count(guest, 1)
        for kind, cluster in self._clusters.items():
            if guest.serves(*kind):
                cluster.add(session, guest.weight)

    def remove(self, session: S) -> bool:
        """Remove ``session``, if it is a guest; True when no guest is left."""
        guest = self._guests.pop(session, None)
        if guest is not None:
            for cluster in self._clusters.values():
                cluster.remove(session)
            self._count(guest, -1)
        return not self._guests

    def weigh(self, session: S, weight: int) -> None:
        """Give ``session`` another weight, if it is a guest."""
        guest = self._guests.get(session)
        if guest is None:
            return
        self._guests[session] = guest._replace(weight=weight)
        for cluster in self._clusters.values():
            if session in cluster:
                cluster.remove(session)
                cluster.add(session, weight)

    def cluster(self, ton: int, npi: int) -> Cluster[S] | None:
        """The cluster for numbers of this type and plan; None if it is empty and has no owners."""
        kind = (ton if ton in self._tons else ANY, npi if npi in self._npis else ANY)
        cluster = self._clusters.get(kind)
        if cluster is None:
            self._clusters[kind] = cluster = self._gather(*kind)
        return cluster if self.accounts or len(cluster) else None

    def _gather(self, ton: int, npi: int) -> Cluster[S]:
        cluster = Cluster.of(self.accounts)
        for session, guest in self._guests.items():
            if guest.serves(ton, npi):
                cluster.add(session, guest.weight)
        return cluster

    def _count(self, guest: Guest, more: int) -> None:
        """Add ``more`` guests with this TON and NPI."""
        before, kind = len(self._kinds), (guest.ton, guest.npi)
        self._kinds[kind] += more
        if not self._kinds[kind]:
            del self._kinds[kind]
        if len(self._kinds) != before:
            self._kinds_changed()

    def _kinds_changed(self) -> None:
        """Note the types and plans that guests' binds name, and drop the clusters of others."""
        self._tons = frozenset(ton for ton, _ in self._kinds)
        self._npis = frozenset(npi for _, npi in self._kinds)
        self._drop([kind for kind in self._clusters if not self._is_told_apart(*kind)])

    def _drop(self, kinds: Iterable[tuple[int, int]]) -> None:
        """Forget the clusters of these types and plans."""
        for kind in kinds:
            cluster = self._clusters.pop(kind)
            for account in self.accounts:
                account.withdraw(cluster)

    def _is_told_apart(self, ton: int, npi: int) -> bool:
        if not self._kinds:
            return False
        return ton in self._tons | {ANY} and npi in self._npis | {ANY}
