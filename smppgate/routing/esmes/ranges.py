"""Destination number → the cluster that serves it, by the most specific range.

Exact numbers and prefixes are looked up by hash, so a look-up costs one probe for each prefix
*length* in use, with any number of ranges. Regular expressions are tried one after the other, and
only when no exact number and no prefix matches.

The accounts that the configuration names for a range own its numbers: also while they have no
session, a message to such a number does not go to an account with a wider range. A range that only
binds name is kept as long as their sessions are.

There are many ranges and few sets of owners, so ranges with the same owners share one cluster.
Only a range with guests, sessions that serve it by their binds, has clusters of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Generic, NamedTuple

from smppgate.routing.esmes.account import Account, Cluster, S
from smppgate.routing.esmes.bind_ranges import Guest, Guests
from smppgate.txsmpp.address_range import LONGEST_ADDRESS


class RangeTable(Generic[S]):
    """Ranges and the clusters that serve them.

    A range is an exact number (``447700900123``), a prefix (``4477009*``) or a regular
    expression (``^44(77|78)[0-9]{8}$``). The ranges of the configuration are added before any
    session joins, so their expressions are tried before those of binds.
    """

    def __init__(self) -> None:
        self._exact: dict[bytes, _Range[S]] = {}
        self._prefixes: dict[bytes, _Range[S]] = {}
        self._patterns: dict[re.Pattern[bytes], _Range[S]] = {}
        # The prefix lengths in use, the longest first.
        self._lengths: tuple[int, ...] = ()
        # Length → the number of prefixes with it.
        self._prefixes_of: Counter[int] = Counter()
        self._owned: _Owned[S] = _Owned()
        # Session → the places of the ranges that its bind names.
        self._joined: dict[S, list[_Place[S]]] = {}

    def add(self, address_range: str, account: Account[S]) -> None:
        """Make ``account`` an owner of ``address_range``, after the owners that it has already.

        :raises re.error: for an expression that does not compile.
        :raises RuntimeError: while any session has joined.
        """
        if self._joined:
            raise RuntimeError("ranges of the configuration are added before sessions join")
        self._range(self._place(address_range)).add(account)

    def join(
        self, session: S, account: Account[S], ranges: Iterable[str], ton: int, npi: int
    ) -> None:
        """Let ``session`` serve the ``ranges`` that its bind to ``account`` names, and only these.

        It leaves the ranges that it joined before. A session bound as transmitter joins none. Of a
        range that its account owns, the session serves all numbers: it does not become a guest.

        :param ton: addr_ton of the bind, one octet: the type of the numbers served; 0 for all.
        :param npi: addr_npi of the bind, one octet: the same for the numbering plan.
        :raises re.error: for an expression that does not compile; no range is joined then.
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

    def is_anothers(self, address_range: str, account: Account[S]) -> bool:
        """Whether the configuration gives exactly this range to others, and not to ``account``.

        One + in front of a number makes no difference.

        :raises re.error: for an expression that does not compile.
        """
        plain = address_range.removeprefix("+")
        forms = (plain,) if plain.startswith("^") else (plain, "+" + plain)
        places = [self._place(form) for form in forms]
        ranges = [place.table[place.key] for place in places if place.key in place.table]
        owners = [owner for range_ in ranges for owner in range_.accounts]
        return bool(owners) and account not in owners

    def leave(self, session: S) -> None:
        """Let ``session`` leave the ranges that it joined; a session that joined none is ignored.

        A range without owners goes with its last guest.
        """
        for place in self._joined.pop(session, ()):
            range_ = place.table[place.key]
            range_.leave(session)
            if not range_.accounts and range_.guests is None:
                del place.table[place.key]
                if place.table is self._prefixes:
                    self._count(len(place.key), -1)

    def cluster(self, address: bytes, ton: int, npi: int) -> Cluster[S] | None:
        """The cluster of the most specific range that has ``address``; None if no range has it.

        An exact number wins over a prefix, a longer prefix over a shorter, a prefix over an
        expression, and an earlier expression over a later one. A range without owners, whose
        guests all serve other types or plans of number, is passed over.

        :param address: of the destination, without its NUL. One of more than 64 octets, which no
            version of SMPP has, is in no range.
        :param ton: its type of number, one octet.
        :param npi: its numbering plan, one octet.
        """
        if len(address) > LONGEST_ADDRESS:
            # It is in no range. An expression could take seconds over 60 000 octets.
            return None
        for range_ in self._matching(address):
            cluster = range_.cluster(ton, npi)
            if cluster is not None:
                return cluster
        return None

    def _matching(self, address: bytes) -> Iterator[_Range[S]]:
        """The ranges that have ``address``, the most specific first."""
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
        """The range in ``place``, made if there is none."""
        range_ = place.table.get(place.key)
        if range_ is None:
            range_ = place.table[place.key] = _Range(self._owned)
            if place.table is self._prefixes:
                self._count(len(place.key), 1)
        return range_

    def _count(self, length: int, more: int) -> None:
        """Add ``more`` prefixes of this length."""
        self._prefixes_of[length] += more
        if not self._prefixes_of[length]:
            del self._prefixes_of[length]
        if len(self._prefixes_of) != len(self._lengths):
            self._lengths = tuple(sorted(self._prefixes_of, reverse=True))


class _Owned(dict[tuple[Account[S], ...], Cluster[S]]):
    """Accounts → the cluster of the ranges that they own together, made when first asked for."""

    def __missing__(self, accounts: tuple[Account[S], ...]) -> Cluster[S]:
        alone = len(accounts) == 1
        self[accounts] = cluster = accounts[0].receivers if alone else Cluster.of(accounts)
        return cluster


class _Range(Generic[S]):
    """The owners and guests of one range. Slotted: there may be a hundred thousand.

    :ivar accounts: its owners, in the order of the configuration.
    :ivar guests: the sessions that joined by their binds; None without any.
    """

    __slots__ = ("_cluster", "_owned", "accounts", "guests")

    def __init__(self, owned: _Owned[S]) -> None:
        self.accounts: tuple[Account[S], ...] = ()
        self.guests: Guests[S] | None = None
        self._owned = owned
        self._cluster: Cluster[S] | None = None

    def add(self, account: Account[S]) -> None:
        """Make ``account`` an owner; an account that is one is ignored."""
        if account not in self.accounts:
            self.accounts += (account,)
            self._cluster = None

    def join(self, session: S, guest: Guest) -> None:
        """Make ``session`` a guest."""
        if self.guests is None:
            self.guests = Guests(self.accounts)
        self.guests.add(session, guest)

    def leave(self, session: S) -> None:
        """Remove ``session`` from the guests; a session that is not one is ignored."""
        if self.guests is not None and self.guests.remove(session):
            self.guests = None

    def cluster(self, ton: int, npi: int) -> Cluster[S] | None:
        """The cluster for its numbers of this type and plan; see `Guests.cluster`."""
        if self.guests is not None:
            return self.guests.cluster(ton, npi)
        if self._cluster is None:
            self._cluster = self._owned[self.accounts]
        return self._cluster


class _Place(NamedTuple, Generic[S]):
    """The table and key of a range."""

    table: dict[Any, _Range[S]]
    key: Any
