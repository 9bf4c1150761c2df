"""Destination number → the cluster that serves it, by the most specific range.

How ranges are looked up, and at what cost, is in `routing.numbers`.

The accounts that the configuration names for a range own its numbers: also while they have no
session, a message to such a number does not go to an account with a wider range. A range that only
binds name is kept as long as their sessions are.

There are many ranges and few sets of owners, so ranges with the same owners share one `_Owners`
and its cluster. Only a range with guests, sessions that serve it by their binds, has a value of
its own, `Guests`. So a reload that changes ten thousand ranges of one account puts one value under
ten thousand keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import chain
from typing import Generic, TypeAlias

from attrs import frozen

from smppgate.routing.esmes.account import Account, Cluster, S
from smppgate.routing.esmes.bind_ranges import Guest, Guests
from smppgate.routing.numbers import Kind, NumberTable, Pattern, keys_by_kind

_Keys: TypeAlias = Mapping[Kind, dict[bytes, None]]
"""Keys of patterns, by kind."""


class RangeTable(Generic[S]):
    """Ranges and the clusters that serve them.

    A range is an exact number (``447700900123``), a prefix (``4477009*``) or a regular
    expression (``^44(77|78)[0-9]{8}$``); one ``+`` in front of digits does not matter, see
    `routing.numbers`.

    Of expressions, those of the configuration are tried first, in its order: that of the accounts,
    and for each account that of its ranges. Those that only binds name follow, in the order in
    which their sessions joined. However ranges came and went, the table answers like one that was
    made from what is left.
    """

    def __init__(self) -> None:
        self._ranges: NumberTable[_Owners[S] | Guests[S]] = NumberTable()
        self._owned: _Owned[S] = _Owned()
        # Account → its place in the configuration, in this order.
        self._places: dict[Account[S], int] = {}
        # Account → the expressions that it owns, in the order of the configuration.
        self._expressions: dict[Account[S], dict[bytes, None]] = {}
        self._joined: dict[S, _Joined[S]] = {}
        self._sessions: dict[Account[S], dict[S, None]] = {}
        # Grows with each session that joins.
        self._joins = 0

    def __len__(self) -> int:
        """How many ranges there are."""
        return len(self._ranges)

    # The ranges of the configuration

    def add(self, address_range: str, account: Account[S]) -> None:
        """Make ``account`` an owner of ``address_range``, behind the ranges that it has already.

        :raises re.error: for an expression that does not compile.
        """
        self._take(account, keys_by_kind((address_range,)))

    def change(self, account: Account[S], old: Sequence[str], new: Sequence[str]) -> None:
        """Let ``account`` own the ranges ``new`` in place of ``old``, which it owns now.

        Sessions that are bound serve the new ranges at once. Other accounts keep theirs; an
        account that is not in the last `arrange` stands behind all others. It takes some 10 ms
        with 10 000 ranges taken away and 10 000 others added, if no expressions are among them:
        each of these takes a hundred microseconds to compile.

        :raises re.error: for an expression that does not compile; nothing has changed then.
        """
        removed, added = _difference(old, new)
        ordered = keys_by_kind(text for text in new if text.startswith("^"))[Kind.EXPRESSION]
        self._give_up(account, removed)
        self._take(account, added)
        if ordered:
            self._expressions[account] = ordered
            self._arrange_expressions()

    def arrange(self, accounts: Iterable[Account[S]]) -> None:
        """The configuration has the accounts in this order; owners left out stand behind them.

        What depends on it are the order of the owners of one range, and that of expressions. It is
        quick where the accounts keep their order among themselves. Accounts that are left out and
        own nothing are forgotten: a reload ends with a call.
        """
        before = self._places
        order = dict.fromkeys(accounts)
        order.update(dict.fromkeys(self._owners_among(before.keys() - order.keys())))
        self._places = {account: place for place, account in enumerate(order)}
        if [it for it in order if it in before] == [it for it in before if it in order]:
            return
        self._owned.arrange(self._in_order)
        for range_ in self._visited():
            accounts = self._in_order(range_.accounts)
            if accounts != range_.accounts:
                range_.own(accounts)
        self._arrange_expressions()

    def is_anothers(self, address_range: str, account: Account[S]) -> bool:
        """Whether the configuration gives exactly this range to others, and not to ``account``.

        One + in front of a number makes no difference.

        :raises re.error: for an expression that does not compile.
        """
        range_ = self._ranges.get(Pattern.of(address_range))
        owners = range_.accounts if range_ is not None else ()
        return bool(owners) and account not in owners

    # The ranges of binds

    def join(
        self, session: S, account: Account[S], ranges: Iterable[str], ton: int, npi: int
    ) -> None:
        """Let ``session`` serve the ``ranges`` that its bind to ``account`` names, and only these.

        It leaves the ranges that it joined before. A session bound as transmitter joins none. Of a
        range that its account owns, the session serves all numbers: it does not become a guest as
        long as that is so.

        :param ton: addr_ton of the bind, one octet: the type of the numbers served; 0 for all.
        :param npi: addr_npi of the bind, one octet: the same for the numbering plan.
        :raises re.error: for an expression that does not compile; no range is joined then.
        """
        self.leave(session)
        patterns = tuple(dict.fromkeys(map(Pattern.of, ranges)))
        if not patterns or not session.receives:
            return
        self._joins += 1
        guest = Guest(account.policy.weight, ton, npi)
        self._joined[session] = joined = _Joined(account, patterns, guest, self._joins)
        self._sessions.setdefault(account, {})[session] = None
        for pattern in patterns:
            range_ = self._ranges.get(pattern)
            if range_ is None or account not in range_.accounts:
                self._visit(pattern, session, joined)

    def leave(self, session: S) -> None:
        """Let ``session`` leave the ranges that it joined; a session that joined none is ignored.

        A range without owners goes with its last guest.
        """
        joined = self._joined.pop(session, None)
        if joined is None:
            return
        sessions = self._sessions[joined.account]
        del sessions[session]
        if not sessions:
            del self._sessions[joined.account]
        for pattern in joined.patterns:
            self._unvisit(pattern, session)

    def joined(self, session: S) -> tuple[tuple[str, ...], int, int]:
        """The ranges that ``session`` joined, with the TON and NPI of its bind: see `join`."""
        joined = self._joined.get(session)
        if joined is None:
            return (), 0, 0
        return tuple(map(str, joined.patterns)), joined.guest.ton, joined.guest.npi

    def weigh(self, account: Account[S], weight: int) -> None:
        """The sessions of ``account`` count with this weight, and with the windows that they have
        now, where they serve ranges that their binds name."""
        for session in self._sessions.get(account, ()):
            joined = self._joined[session]
            guest = joined.guest._replace(weight=weight)
            self._joined[session] = _Joined(account, joined.patterns, guest, joined.number)
            for pattern in joined.patterns:
                range_ = self._ranges.get(pattern)
                if isinstance(range_, Guests):
                    range_.weigh(session, weight)

    # The look-up

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

    # Owners come and go

    def _take(self, account: Account[S], added: _Keys) -> None:
        """Make ``account`` an owner of these ranges."""
        if not any(added.values()):
            return
        if account not in self._places:
            self._places[account] = max(self._places.values(), default=0) + 1
        for pattern, session in self._named_by(account, added):
            self._unvisit(pattern, session)
        alone = self._owned.of((account,))
        for kind, keys in added.items():
            known = self._ranges.put_new(kind, keys, alone)
            alone.uses += len(keys) - len(known)
            for key in known:
                self._add_owner(Pattern(kind, key), account)
        self._owned.tidy(alone)
        expressions = added[Kind.EXPRESSION]
        if expressions:
            self._expressions.setdefault(account, {}).update(expressions)
            if not self._stands_last(account):
                self._arrange_expressions()

    def _give_up(self, account: Account[S], removed: _Keys) -> None:
        """Let ``account`` own these ranges no longer."""
        if not any(removed.values()):
            return
        alone = self._owned.of((account,))
        for kind, keys in removed.items():
            others = self._ranges.remove_those(kind, keys, alone)
            alone.uses -= len(keys) - len(others)
            for key in others:
                self._remove_owner(Pattern(kind, key), account)
        self._owned.tidy(alone)
        for pattern, session in self._named_by(account, removed):
            self._visit(pattern, session, self._joined[session])
        if removed[Kind.EXPRESSION]:
            owned = self._expressions.pop(account, {})
            left = dict.fromkeys(key for key in owned if key not in removed[Kind.EXPRESSION])
            if left:
                self._expressions[account] = left
            self._arrange_expressions()

    def _named_by(self, account: Account[S], keys: _Keys) -> list[tuple[Pattern, S]]:
        """Which of these ranges binds to ``account`` name, with their sessions as they joined."""
        return [
            (pattern, session)
            for session in self._sessions.get(account, ())
            for pattern in self._joined[session].patterns
            if pattern.key in keys[pattern.kind]
        ]

    def _add_owner(self, pattern: Pattern, account: Account[S]) -> None:
        range_ = self._ranges.get(pattern)
        if range_ is None:
            self._set_owners(pattern, None, (account,))
        elif account not in range_.accounts:
            self._set_owners(pattern, range_, self._in_order((*range_.accounts, account)))

    def _remove_owner(self, pattern: Pattern, account: Account[S]) -> None:
        range_ = self._ranges.get(pattern)
        if range_ is not None and account in range_.accounts:
            left = tuple(owner for owner in range_.accounts if owner is not account)
            self._set_owners(pattern, range_, left)

    def _set_owners(
        self,
        pattern: Pattern,
        range_: _Owners[S] | Guests[S] | None,
        accounts: tuple[Account[S], ...],
    ) -> None:
        """Let ``accounts`` own the range of ``pattern``, which is ``range_`` now."""
        if isinstance(range_, Guests):
            range_.own(accounts)
            return
        if accounts:
            self._ranges.put(pattern, self._owned.used(accounts))
        else:
            self._ranges.remove(pattern)
        if range_ is not None:
            self._owned.unused(range_)

    def _owners_among(self, accounts: Set[Account[S]]) -> tuple[Account[S], ...]:
        """Those of ``accounts`` that own a range."""
        if not accounts:
            return ()
        owners = set(chain.from_iterable(self._owned))
        owners.update(*(range_.accounts for range_ in self._visited()))
        return self._in_order(accounts & owners)

    def _in_order(self, accounts: Iterable[Account[S]]) -> tuple[Account[S], ...]:
        return tuple(sorted(accounts, key=self._places.__getitem__))

    # Guests come and go

    def _visit(self, pattern: Pattern, session: S, joined: _Joined[S]) -> None:
        """Make ``session`` a guest of a range."""
        range_ = self._ranges.get(pattern)
        if not isinstance(range_, Guests):
            guests: Guests[S] = Guests(range_.accounts if range_ is not None else ())
            self._ranges.put(pattern, guests)
            if range_ is not None:
                self._owned.unused(range_)
            range_ = guests
        range_.add(session, joined.guest_of(pattern))

    def _unvisit(self, pattern: Pattern, session: S) -> None:
        """Let ``session`` be no guest of a range any more, if it was one."""
        range_ = self._ranges.get(pattern)
        if not isinstance(range_, Guests):
            return
        place = range_.place
        if not range_.remove(session):
            if pattern.kind is Kind.EXPRESSION and not range_.accounts and range_.place != place:
                self._arrange_expressions()
        elif range_.accounts:
            self._ranges.put(pattern, self._owned.used(range_.accounts))
        else:
            self._ranges.remove(pattern)

    def _visited(self) -> list[Guests[S]]:
        """The ranges that have guests."""
        patterns = chain.from_iterable(joined.patterns for joined in self._joined.values())
        ranges = map(self._ranges.get, dict.fromkeys(patterns))
        return [range_ for range_ in ranges if isinstance(range_, Guests)]

    # The order of expressions

    def _stands_last(self, account: Account[S]) -> bool:
        """Whether expressions that ``account`` is the first to name belong behind all others."""
        place = self._places[account]
        return not self._joined and all(self._places[it] <= place for it in self._expressions)

    def _arrange_expressions(self) -> None:
        owners = self._in_order(self._expressions)
        owned = dict.fromkeys(chain.from_iterable(self._expressions[it] for it in owners))
        visited = [
            (range_.place, key)
            for key, range_ in self._ranges.expressions()
            if isinstance(range_, Guests) and not range_.accounts
        ]
        self._ranges.arrange([*owned, *(key for _, key in sorted(visited))])


@frozen(eq=False)
class _Joined(Generic[S]):
    """The ranges that the bind of one session names; ``number`` grows with each that joins."""

    account: Account[S]
    patterns: tuple[Pattern, ...]
    guest: Guest
    number: int

    def guest_of(self, pattern: Pattern) -> Guest:
        """The session as a guest of that range."""
        return self.guest._replace(place=(self.number, self.patterns.index(pattern)))


class _Owners(Generic[S]):
    """The owners of ranges without guests.

    :ivar accounts: one or more, in the order of the configuration.
    :ivar uses: how many ranges they own together.
    """

    __slots__ = ("_cluster", "accounts", "uses")

    def __init__(self, accounts: tuple[Account[S], ...]) -> None:
        self.accounts = accounts
        self.uses = 0
        self._cluster: Cluster[S] | None = None

    def cluster(self, _ton: int, _npi: int) -> Cluster[S]:
        """The cluster for their numbers of all types and plans, made when first asked for."""
        if self._cluster is None:
            accounts = self.accounts
            alone = len(accounts) == 1
            self._cluster = accounts[0].receivers if alone else Cluster.of(accounts)
        return self._cluster

    def arrange(self, accounts: tuple[Account[S], ...]) -> None:
        """The same accounts are in this order now."""
        self.accounts = accounts
        if self._cluster is not None:
            self._cluster.accounts = accounts

    def forget(self) -> None:
        """Let the accounts forget the cluster."""
        if self._cluster is not None and len(self.accounts) > 1:
            for account in self.accounts:
                account.withdraw(self._cluster)


class _Owned(dict[tuple[Account[S], ...], _Owners[S]]):
    """Accounts → what they have as owners of the same ranges, as long as there are such."""

    def of(self, accounts: tuple[Account[S], ...]) -> _Owners[S]:
        """That of these accounts; followed by `tidy`."""
        owners = self.get(accounts)
        if owners is None:
            self[accounts] = owners = _Owners(accounts)
        return owners

    def tidy(self, owners: _Owners[S]) -> None:
        """Forget ``owners`` if they own nothing together."""
        if not owners.uses:
            owners.forget()
            del self[owners.accounts]

    def used(self, accounts: tuple[Account[S], ...]) -> _Owners[S]:
        """That of these accounts, for one more range."""
        owners = self.of(accounts)
        owners.uses += 1
        return owners

    def unused(self, owners: _Owners[S]) -> None:
        """One range less is of ``owners``."""
        owners.uses -= 1
        self.tidy(owners)

    def arrange(self, in_order: Callable[[Iterable[Account[S]]], tuple[Account[S], ...]]) -> None:
        """The configuration has the accounts in another order."""
        all_owners = list(self.values())
        self.clear()
        for owners in all_owners:
            owners.arrange(in_order(owners.accounts))
            self[owners.accounts] = owners


def _difference(old: Sequence[str], new: Sequence[str]) -> tuple[_Keys, _Keys]:
    """The patterns of ``old`` that ``new`` lacks, and those of ``new`` that ``old`` lacks."""
    texts = set(old), set(new)
    if not any(text[:1] == "+" for text in chain(old, new)):
        # Different texts are different patterns then: most of them need no look.
        return (
            keys_by_kind(text for text in old if text not in texts[1]),
            keys_by_kind(text for text in new if text not in texts[0]),
        )
    before, after = keys_by_kind(old), keys_by_kind(new)
    return _without(before, after), _without(after, before)


def _without(keys: _Keys, others: _Keys) -> _Keys:
    return {
        kind: dict.fromkeys(key for key in some if key not in others[kind])
        for kind, some in keys.items()
    }
