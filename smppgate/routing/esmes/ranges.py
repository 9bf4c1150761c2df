"""Destination number → the cluster that serves it, by the most specific range.

Exact numbers and prefixes are looked up by hash, so a lookup costs one probe for each prefix
*length* in use, however many ranges there are. Regular expressions are tried one after the
other, and only when nothing else matched.

The accounts that the configuration names for a range own its numbers: while they are away, what
is for them is not for anybody else whose range is wider. A range that is known by binds alone
lasts as long as their sessions do.

Ranges are many and sets of owners few, so ranges of the same owners share one cluster. Only one
that sessions have joined by their binds has clusters of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Generic, NamedTuple

from smppgate.routing.esmes.account import Account, Cluster, S
from smppgate.routing.esmes.bind_ranges import Guest, Guests


class RangeTable(Generic[S]):
    """Ranges and the clusters that serve them.

    A range is an exact number (``447700900123``), a prefix (``4477009*``) or a regular
    expression (``^44(77|78)[0-9]{8}$``). Those of the configuration are added before any session
    joins; so expressions from binds come behind them.
    """

    def __init__(self) -> None:
        self._exact: dict[bytes, _Range[S]] = {}
        self._prefixes: dict[bytes, _Range[S]] = {}
        self._patterns: dict[re.Pattern[bytes], _Range[S]] = {}
        self._lengths: tuple[int, ...] = ()
        """Those of prefixes in use, the longest first."""
        self._prefixes_of: Counter[int] = Counter()
        """Length → how many prefixes have it."""
        self._owned: _Owned[S] = _Owned()
        self._joined: dict[S, list[_Place[S]]] = {}

    def add(self, address_range: str, account: Account[S]) -> None:
        """Let ``account`` own ``address_range``, beside those that own it already.

        :raises re.error: for an expression that is none.
        :raises RuntimeError: when sessions have joined.
        """
        if self._joined:
            raise RuntimeError("a range of the configuration comes before those of sessions")
        self._range(self._place(address_range)).add(account)

    def join(
        self, session: S, account: Account[S], ranges: Iterable[str], ton: int, npi: int
    ) -> None:
        """``session`` serves the ``ranges`` that its bind to ``account`` names.

        One that is not bound to receive serves none. What it joined before, it leaves. A range
        that its account owns it serves anyway, whatever its bind says.

        :param ton: addr_ton of the bind, one octet: it serves destinations of that type; 0: all.
        :param npi: addr_npi of the bind, one octet: the same for the numbering plan.
        :raises re.error: for an expression that is none; nothing is joined then.
        """
        self.leave(session)
        places = [self._place(address_range) for address_range in dict.fromkeys(ranges)]
        if not places or not session.receives:
            return
        self._joined[session] = places
        guest = Guest(account.weight, ton, npi)
        for place in places:
            range_ = self._range(place)
            if account not in range_.accounts:
                range_.join(session, guest)

    def leave(self, session: S) -> None:
        """``session`` does not serve what it joined any more; one that joined nothing is no error.

        A range that nobody else serves or owns is gone with it.
        """
        for place in self._joined.pop(session, ()):
            range_ = place.table[place.key]
            range_.leave(session)
            if not range_.accounts and range_.guests is None:
                del place.table[place.key]
                if place.table is self._prefixes:
                    self._count(len(place.key), -1)

    def cluster(self, address: bytes, ton: int, npi: int) -> Cluster[S] | None:
        """Who serves ``address`` by the most specific range that it is in; None: nobody's number.

        An exact number wins over a prefix, a longer prefix over a shorter, and any of these over
        an expression; of expressions the first does. A range that nobody owns, and that sessions
        joined for other types and plans of number only, is passed over.

        :param address: of the destination, up to 64 octets without a NUL.
        :param ton: its type of number, one octet.
        :param npi: its numbering plan, one octet.
        """
        for range_ in self._matching(address):
            cluster = range_.cluster(ton, npi)
            if cluster is not None:
                return cluster
        return None

    def _matching(self, address: bytes) -> Iterator[_Range[S]]:
        """The ranges that ``address`` is in, the most specific first."""
        range_ = self._exact.get(address)
        if range_ is not None:
            yield range_
        prefixes, longest = self._prefixes, len(address)
        for length in self._lengths:
            range_ = prefixes.get(address[:length]) if length <= longest else None
            if range_ is not None:
                yield range_
        for pattern, range_ in self._patterns.items():
            if pattern.fullmatch(address):
                yield range_

    def _place(self, address_range: str) -> _Place[S]:
        octets = address_range.encode("latin-1")
        if octets.startswith(b"^"):
            return _Place(self._patterns, re.compile(octets))
        if octets.endswith(b"*"):
            return _Place(self._prefixes, octets[:-1])
        return _Place(self._exact, octets)

    def _range(self, place: _Place[S]) -> _Range[S]:
        """The range of that place, made if need be."""
        range_ = place.table.get(place.key)
        if range_ is None:
            range_ = place.table[place.key] = _Range(self._owned)
            if place.table is self._prefixes:
                self._count(len(place.key), 1)
        return range_

    def _count(self, length: int, more: int) -> None:
        """There are so many more prefixes of that length."""
        self._prefixes_of[length] += more
        if not self._prefixes_of[length]:
            del self._prefixes_of[length]
        if len(self._prefixes_of) != len(self._lengths):
            self._lengths = tuple(sorted(self._prefixes_of, reverse=True))


class _Owned(dict[tuple[Account[S], ...], Cluster[S]]):
    """Accounts → the cluster of the ranges that these own, made when first asked for."""

    def __missing__(self, accounts: tuple[Account[S], ...]) -> Cluster[S]:
        alone = len(accounts) == 1
        self[accounts] = cluster = accounts[0].receivers if alone else Cluster.of(accounts)
        return cluster


class _Range(Generic[S]):
    """Who serves one range. Slotted: there may be a hundred thousand."""

    __slots__ = ("_cluster", "_owned", "accounts", "guests")

    def __init__(self, owned: _Owned[S]) -> None:
        self.accounts: tuple[Account[S], ...] = ()
        """Its owners, in the order of the configuration."""
        self.guests: Guests[S] | None = None
        """Who joined by their binds, as long as there are any."""
        self._owned = owned
        self._cluster: Cluster[S] | None = None

    def add(self, account: Account[S]) -> None:
        """``account`` owns it too."""
        if account not in self.accounts:
            self.accounts += (account,)
            self._cluster = None

    def join(self, session: S, guest: Guest) -> None:
        """``session`` serves it by its bind."""
        if self.guests is None:
            self.guests = Guests(self.accounts)
        self.guests.add(session, guest)

    def leave(self, session: S) -> None:
        """``session`` does not serve it by its bind any more."""
        if self.guests is not None and self.guests.remove(session):
            self.guests = None

    def cluster(self, ton: int, npi: int) -> Cluster[S] | None:
        """Who serves its numbers of that type and plan; None when nobody does or ever will."""
        if self.guests is not None:
            return self.guests.cluster(ton, npi)
        if self._cluster is None:
            self._cluster = self._owned[self.accounts]
        return self._cluster


class _Place(NamedTuple, Generic[S]):
    """Where a range is kept."""

    table: dict[Any, _Range[S]]
    key: Any
