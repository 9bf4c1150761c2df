"""`Routes`: all routes in order, and the first that holds for a message.

The cost of a choice does not grow with accounts, prefixes or routes that have these in their
conditions. Routes that name accounts are sorted out once for each account. Of many routes, those
whose ``destination`` or ``source`` fits are found by a look-up. What is left is tried one by one:
routes with neither, or with files of prefixes, which have look-ups of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from attrs import frozen

from smppgate.routing.counted import go_on_counting
from smppgate.routing.numbers import NumberTable, Pattern
from smppgate.routing.routes.hours import Hours
from smppgate.routing.routes.message import Message
from smppgate.routing.routes.rules import UNROUTED, Route, Target
from smppgate.routing.smscs.pool import Pool

MOST_TRIED = 8
"""Routes that are tried one by one: to look up which may hold takes as long."""

MOST_ACCOUNTS = 10_000
"""Accounts whose routes are kept sorted out: those of a wildcard may have any name."""

_in_order = attrgetter("place")


@frozen(eq=False)
class FileTable:
    """Prefix → name of a pool, and the names, of one file; ``""`` in one that names none."""

    table: NumberTable[str]
    pools: tuple[str, ...]


class Routes:
    """The routes of a gate. ``len()`` is their number.

    :param routes: in the order of the configuration.
    :param tables: those of files of prefixes, by their content, for the routes after a reload.
    :ivar need_time: whether any of them holds at some times only.
    :ivar unrouted: messages for which none held.
    """

    def __init__(
        self, routes: Iterable[Route], tables: Mapping[object, FileTable] | None = None
    ) -> None:
        self.all = tuple(routes)
        self.tables = tables if tables is not None else {}
        self.unrouted = 0
        self.need_time = any(isinstance(c, Hours) for route in self.all for c in route.conditions)
        for place, route in enumerate(self.all):
            route.place = place
        self._named = tuple(route for route in self.all if route.accounts is not None)
        self._common = _Few(tuple(route for route in self.all if route.accounts is None))
        self._by_account: dict[bytes, _Few | _Both] = {}
        self.fallbacks = tuple(target for target in self._targets() if target.has_fallback)
        """The targets with more than one pool."""

    def __len__(self) -> int:
        return len(self.all)

    def choose(self, message: Message) -> Target:
        """Where ``message`` goes: what the first route says that holds; else `UNROUTED`."""
        found = self._by_account.get(message.account) or self._sort_out(message.account)
        few = found.few
        for route in found.candidates(message) if few is None else few:
            target = route.target(message)
            if target is not None:
                return target
        return UNROUTED

    def count(self, target: Target) -> None:
        """A message goes there."""
        if target.route is not None:
            target.route.messages += 1
        else:
            self.unrouted += 1

    def go_on_counting(self, before: Routes) -> None:
        """Begin with the counts that there were before a reload, see `counted.go_on_counting`."""
        self.unrouted = before.unrouted
        go_on_counting(self.all, before.all)

    def pools_of(self, account: bytes) -> tuple[Pool, ...]:
        """The pools that messages of an account may go to, each once."""
        targets = (
            target
            for route in self.all
            if route.accounts is None or route.accounts.has(account)
            for target in route.leads.targets
        )
        return tuple(dict.fromkeys(pool for target in targets for pool in target.pools))

    def _targets(self) -> Iterable[Target]:
        return (target for route in self.all for target in route.leads.targets)

    def _sort_out(self, account: bytes) -> _Few | _Both:
        """The routes of one account."""
        own = tuple(r for r in self._named if r.accounts is not None and r.accounts.has(account))
        common = self._common.routes
        found: _Few | _Both
        if not own:
            found = self._common
        elif len(own) + len(common) <= MOST_TRIED:
            found = _Few(sorted((*own, *common), key=_in_order))
        else:
            found = _Both(_Few(own), self._common)
        if len(self._by_account) >= MOST_ACCOUNTS:
            self._by_account.clear()
        self._by_account[account] = found
        return found


class _Few:
    """Routes, from which those that may hold for a message are found quickly.

    :ivar few: all of them, where they are so few that they are tried one by one; else None.
    """

    __slots__ = ("_open", "_tables", "few", "routes")

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self.few = self.routes if len(self.routes) <= MOST_TRIED else None
        self._open: tuple[Route, ...] = self.routes
        self._tables: tuple[NumberTable[list[Route]], NumberTable[list[Route]]] | None = None
        if len(self.routes) > MOST_TRIED:
            self._open = tuple(r for r in self.routes if not (r.patterns or r.sources))
            self._tables = (
                _index((r, r.patterns) for r in self.routes),
                _index((r, r.sources) for r in self.routes if not r.patterns),
            )

    def candidates(self, message: Message) -> Sequence[Route]:
        """Those that may hold, in their order."""
        if self._tables is None:
            return self.routes
        by_destination, by_source = self._tables
        found = [route for some in by_destination.matching(message.destination) for route in some]
        if len(by_source):
            found += (route for some in by_source.matching(message.source) for route in some)
        if not found:
            return self._open
        return sorted((*self._open, *found), key=_in_order)


class _Both:
    """The routes that name an account, and those of all."""

    __slots__ = ("_common", "_own")

    few = None

    def __init__(self, own: _Few, common: _Few) -> None:
        self._own, self._common = own, common

    def candidates(self, message: Message) -> Sequence[Route]:
        """Those that may hold, in their order."""
        own, common = self._own.candidates(message), self._common.candidates(message)
        return sorted((*own, *common), key=_in_order)


def _index(routes: Iterable[tuple[Route, Sequence[str]]]) -> NumberTable[list[Route]]:
    """Pattern → the routes that have it."""
    table: NumberTable[list[Route]] = NumberTable()
    for route, patterns in routes:
        for text in patterns:
            pattern = Pattern.of(text)
            known = table.get(pattern)
            if known is None:
                known = []
                table.put(pattern, known)
            known.append(route)
    return table
