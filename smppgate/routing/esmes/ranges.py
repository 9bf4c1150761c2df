"""Destination number → the cluster that serves it, by the most specific range.

How ranges are looked up, and at what cost, is in `routing.numbers`.

The accounts that the configuration names for a range own its numbers: also while they have no
session, a message to such a number does not go to an account with a wider range. A range that only
binds name is kept as long as their sessions are.

There are many ranges and few sets of owners, so ranges with the same owners share one cluster.
Only a range with guests, sessions that serve it by their binds, has clusters of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic

from smppgate.routing.esmes.account import Account, Cluster, S
from smppgate.routing.esmes.bind_ranges import Guest, Guests
from smppgate.routing.numbers import NumberTable, Pattern


class RangeTable(Generic[S]):
    """Ranges and the clusters that serve them.

    A range is an exact number (``447700900123``), a prefix (``4477009*``) or a regular
    expression (``^44(77|78)[0-9]{8}$``); one ``+`` in front of digits does not matter, see
    `routing.numbers`. The ranges of the configuration are added before any session joins, so
    their expressions are tried before those of binds.
    """

    def __init__(self) -> None:
        self._ranges: NumberTable[_Range[S]] = NumberTable()
        self._owned: _Owned[S] = _Owned()
        # Session → the patterns of the ranges that its bind names.
        self._joined: dict[S, tuple[Pattern, ...]] = {}

    def __len__(self) -> int:
        """How many ranges there are."""
        return len(self._ranges)

    def add(self, address_range: str, account: Account[S]) -> None:
        """Make ``account`` an owner of ``address_range``, after the owners that it has already.

        :raises re.error: for an expression that does not compile.
        :raises RuntimeError: while any session has joined.
        """
        if self._joined:
            raise RuntimeError("ranges of the configuration are added before sessions join")
        self._range(Pattern.of(address_range)).add(account)

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
        patterns = tuple(dict.fromkeys(map(Pattern.of, ranges)))
        if not patterns or not session.receives:
            return
        self._joined[session] = patterns
        guest = Guest(account.policy.weight, ton, npi)
        for pattern in patterns:
            range_ = self._range(pattern)
            if account not in range_.accounts:
                range_.join(session, guest)

    def is_anothers(self, address_range: str, account: Account[S]) -> bool:
        """Whether the configuration gives exactly this range to others, and not to ``account``.

        One + in front of a number makes no difference.

        :raises re.error: for an expression that does not compile.
        """
        range_ = self._ranges.get(Pattern.of(address_range))
        owners = range_.accounts if range_ is not None else ()
        return bool(owners) and account not in owners

    def leave(self, session: S) -> None:
        """Let ``session`` leave the ranges that it joined; a session that joined none is ignored.

        A range without owners goes with its last guest.
        """
        for pattern in self._joined.pop(session, ()):
            range_ = self._range(pattern)
            range_.leave(session)
            if not range_.accounts and range_.guests is None:
                self._ranges.remove(pattern)

    def cluster(self, address: bytes, ton: int, npi: int) -> Cluster[S] | None:
        """The cluster of the most specific range that has ``address``; None if no range has it.

        An exact number wins over a prefix, a longer prefix over a shorter, a prefix over an
        expression, and an earlier expression over a later one. A range without owners, whose
        guests all serve other types or plans of number, is passed over.

        :param address: of the destination, without its NUL. No range has one of more than 64
            octets.
        :param ton: its type of number, one octet.
        :param npi: its numbering plan, one octet.
        """
        for range_ in self._ranges.matching(address):
            cluster = range_.cluster(ton, npi)
            if cluster is not None:
                return cluster
        return None

    def _range(self, pattern: Pattern) -> _Range[S]:
        """The range of this pattern, made if there is none."""
        range_ = self._ranges.get(pattern)
        if range_ is None:
            range_ = _Range(self._owned)
            self._ranges.put(pattern, range_)
        return range_


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
