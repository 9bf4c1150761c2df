"""`FairQueue`: what waits, in an order that is fair to accounts: deficit round robin.

Accounts take turns. In its turn an account has as many entries in a row as its share; within an
account its sessions take turns, entry by entry; within a session the first in is the first out. So
an account that floods waits behind its own entries, and one that has few waits for one round of
the others at the most.

Every entry costs 1, so the deficit of the textbook is a count: an account that has none left
waiting loses what was left of its turn. What an account is served elsewhere, at the cost of those
that wait here, it owes: it has so many less in its next turns. Each operation costs the same
however many accounts, sessions and entries there are, and the order depends on the calls alone:
there is no clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar


class Entry:
    """Something that waits. Mutable and slotted; subclasses say what it is.

    :param account: whose it is; any key.
    :param session: the session of the account that it came from; any key.
    :param share: entries of the account in one turn, 1 or more. That of the entry added last
        counts for the account.
    :param octets: what it occupies.
    """

    __slots__ = ("account", "octets", "session", "share")

    def __init__(self, account: object, session: object, share: int, octets: int) -> None:
        self.account = account
        self.session = session
        self.share = share
        self.octets = octets


E = TypeVar("E", bound=Entry)


class _Turns(Generic[E]):
    """An account that has entries, or owes some: its sessions, the one whose turn it is first."""

    __slots__ = ("left", "lines", "owed", "share")

    def __init__(self) -> None:
        self.share = 1
        # Entries that it may still have in this turn; 0 while its turn has not begun.
        self.left = 0
        # Entries that it was served elsewhere; to be taken off its next turns.
        self.owed = 0
        # An OrderedDict finds its first key in constant time; a dict passes over what was removed.
        self.lines: OrderedDict[object, OrderedDict[E, None]] = OrderedDict()


class FairQueue(Generic[E]):
    """Entries that wait, and which of them is next. ``len()`` is their number.

    :ivar octets: those of all entries.
    """

    __slots__ = ("_accounts", "_count", "octets")

    def __init__(self) -> None:
        self.octets = 0
        self._count = 0
        # The account whose turn it is first.
        self._accounts: OrderedDict[object, _Turns[E]] = OrderedDict()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[E]:
        """All entries: accounts and their sessions in the order of their turns, each in a row."""
        for turns in self._accounts.values():
            for line in turns.lines.values():
                yield from line

    def add(self, entry: E) -> None:
        """Put ``entry`` behind the others of its session."""
        turns = self._accounts.get(entry.account)
        if turns is None:
            turns = self._accounts[entry.account] = _Turns()
        turns.share = entry.share
        line = turns.lines.get(entry.session)
        if line is None:
            line = turns.lines[entry.session] = OrderedDict()
        line[entry] = None
        self._count += 1
        self.octets += entry.octets

    def head(self) -> E | None:
        """The entry whose turn it is; it stays. None without entries."""
        for turns in self._accounts.values():
            for line in turns.lines.values():
                return next(iter(line))
        return None

    def heads(self) -> Iterator[E]:
        """The first entry of each session, which waits longest of those."""
        for turns in self._accounts.values():
            for line in turns.lines.values():
                yield next(iter(line))

    def first(self, account: object, session: object) -> E | None:
        """The first entry of one session; None where it has none."""
        turns = self._accounts.get(account)
        line = turns.lines.get(session) if turns is not None else None
        return next(iter(line)) if line is not None else None

    def take(self) -> E:
        """Take the `head` out; the turn goes on to the next.

        :raises IndexError: when there is none.
        """
        entry = self.head()
        if entry is None:
            raise IndexError("nothing waits")
        turns = self._accounts[entry.account]
        if not turns.left:
            # Its turn begins; what it owes is less than a whole one, see `_settle`.
            turns.left, turns.owed = turns.share - turns.owed, 0
        left = turns.left - 1
        self._take_out(entry)
        if entry.session in turns.lines:
            turns.lines.move_to_end(entry.session)
        turns.left = left if turns.lines else 0
        if not turns.left and entry.account in self._accounts:
            self._accounts.move_to_end(entry.account)
        self._settle()
        return entry

    def remove(self, entry: E) -> None:
        """Take ``entry`` out, wherever it is; nobody's turn is over.

        :raises KeyError: when it is not here.
        """
        self._take_out(entry)
        self._settle()

    def _take_out(self, entry: E) -> None:
        turns = self._accounts[entry.account]
        line = turns.lines[entry.session]
        del line[entry]
        self._count -= 1
        self.octets -= entry.octets
        if not line:
            del turns.lines[entry.session]
        if not turns.lines:
            turns.left = 0
            if not turns.owed:
                del self._accounts[entry.account]
        if not self._count:
            self._accounts.clear()

    # What accounts are served elsewhere

    def charge(self, account: object, share: int) -> None:
        """An entry of ``account``, which has this share, was served elsewhere while these wait."""
        if not self._count:
            return
        turns = self._accounts.get(account)
        if turns is None:
            turns = self._accounts[account] = _Turns()
            turns.share = share
        turns.owed += 1
        self._settle()

    def owes_turn(self, account: object) -> bool:
        """Whether ``account`` owes a whole turn, or more, to others that wait."""
        turns = self._accounts.get(account)
        return turns is not None and turns.owed >= turns.share

    def _settle(self) -> None:
        """Let accounts that owe pay with whole turns, until there is one whose turn it is."""
        accounts = self._accounts
        while accounts:
            account, turns = next(iter(accounts.items()))
            if len(accounts) == 1:
                turns.owed = 0
            if turns.lines and (turns.left or turns.owed < turns.share):
                return
            turns.owed = max(0, turns.owed - turns.share)
            if turns.lines or turns.owed:
                accounts.move_to_end(account)
            else:
                del accounts[account]
