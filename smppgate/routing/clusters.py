"""Clusters: the sessions that serve the same numbers, and which of them is next.

The next is the one whose window is used least for its weight; among equals the one with the
fewest unanswered requests; among these the one whose turn it is. A turn belongs to a session's
seat in *one* cluster, not to the session: one that is busy elsewhere owes nothing here.

A choice looks at `MOST_LOOKS` sessions, in rotation, and at more only while none has room. In a
larger cluster those that are found without room are set aside and looked at now and then, so that
many that stall do not hide the few that do not.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from smppgate.routing.accounts import Account

ANY = 0
"""TON and NPI of a bind that serves numbers of every kind: "unknown", SMPP v3.4 §5.2.5, §5.2.6."""

MOST_LOOKS = 16
"""Sessions looked at for one message: some 10 µs."""

# Of these, how many of those set aside, where there are enough of the others.
_LOOKS_ASIDE = 4

# How far a session may be behind in its turns. One that was away, or not looked at, is not owed
# all that it could not take; with nothing owed, those of more weight would lose their share in a
# large cluster, where each is looked at now and then.
_MOST_OWED = 1.0

_GOLDEN_RATIO = 0.6180339887498949


class Receiver(Protocol):
    """An ESME's bound session, as far as something may be delivered on it."""

    @property
    def receives(self) -> bool:
        """Whether it is bound to receive."""

    @property
    def has_room(self) -> bool:
        """Whether it can take one more request now."""

    @property
    def window(self) -> int:
        """Unanswered requests allowed on it; the same as long as it is bound."""

    @property
    def outstanding(self) -> Sized:
        """Its unanswered requests."""


S = TypeVar("S", bound=Receiver)


class _Seat(Generic[S]):
    """A session's place in one cluster. Mutable and slotted for the hot path."""

    __slots__ = ("capacity", "session", "share", "turn")

    def __init__(self, session: S, weight: int) -> None:
        self.session = session
        # A session with no window never has room: its capacity is not used.
        self.capacity = max(1, session.window * weight)
        self.share = 1.0 / weight
        self.turn = 0.0


class Cluster(Generic[S]):
    """Sessions that serve the same numbers.

    :param accounts: who owns these numbers, in the order of the configuration; their receivers
        are added by `of`.
    """

    __slots__ = ("_aside", "_now", "_seats", "_seats_in_turn", "accounts")

    def __init__(self, accounts: Iterable[Account[S]] = ()) -> None:
        self.accounts: Sequence[Account[S]] = tuple(accounts)
        self._seats: dict[S, _Seat[S]] = {}
        # Each seat is in one of these.
        self._seats_in_turn: deque[_Seat[S]] = deque()
        self._aside: deque[_Seat[S]] = deque()
        # The latest turn that anybody had.
        self._now = 0.0

    @classmethod
    def of(cls, accounts: Iterable[Account[S]]) -> Cluster[S]:
        """What these accounts own together: their receivers serve in it, now and later."""
        cluster = cls(accounts)
        for account in cluster.accounts:
            account.serve(cluster)
        return cluster

    def __repr__(self) -> str:
        names = ", ".join(account.system_id for account in self.accounts)
        return f"<Cluster of {names or 'nobody'}, {len(self)} sessions>"

    def __len__(self) -> int:
        return len(self._seats)

    def __iter__(self) -> Iterator[S]:
        return iter(self._seats)

    def __contains__(self, session: object) -> bool:
        return session in self._seats

    def add(self, session: S, weight: int) -> None:
        """``session`` serves here too, with a weight of 1 or more. Once: again changes nothing."""
        if session not in self._seats:
            self._seats[session] = seat = _Seat(session, weight)
            # Strewn: sessions of one account come in a row, and one view would see no others.
            at = len(self._seats_in_turn) * (len(self._seats) * _GOLDEN_RATIO % 1.0)
            self._seats_in_turn.insert(int(at), seat)

    def remove(self, session: S) -> None:
        """``session`` does not serve here any more; one that did not is no error."""
        seat = self._seats.pop(session, None)
        if seat is not None:
            (self._aside if seat in self._aside else self._seats_in_turn).remove(seat)

    def session(self) -> S | None:
        """The session for the next message; None when none of those looked at has room."""
        if not self._aside and len(self._seats) <= MOST_LOOKS:
            best = _best(self._seats_in_turn)
        else:
            best = _best(self._in_view())
            # Those without room were set aside, so each look sees others.
            while best is None and self._seats_in_turn:
                best = _best(self._in_view())
        if best is None:
            return None
        turn, now = best.turn, self._now
        if turn > now:
            self._now = turn
        elif turn < now - _MOST_OWED:
            turn = now - _MOST_OWED
        best.turn = turn + best.share
        return best.session

    def _in_view(self) -> list[_Seat[S]]:
        """The seats to choose from this time, none of them without room."""
        in_turn, aside = self._seats_in_turn, self._aside
        again = min(len(aside), max(_LOOKS_ASIDE, MOST_LOOKS - len(in_turn)))
        view = list(islice(in_turn, MOST_LOOKS - again))
        for seat in [seat for seat in view if not seat.session.has_room]:
            view.remove(seat)
            in_turn.remove(seat)
            aside.append(seat)
        for _ in range(again):
            seat = aside.popleft()
            if seat.session.has_room:
                view.append(seat)
                in_turn.append(seat)
            else:
                aside.append(seat)
        in_turn.rotate(-1)
        return view


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


def _best(seats: Iterable[_Seat[S]]) -> _Seat[S] | None:
    """The one with the least load of those that have room."""
    best: _Seat[S] | None = None
    least = (0.0, 0, 0.0)
    for seat in seats:
        session = seat.session
        if session.has_room:
            outstanding = len(session.outstanding)
            # Equal shares divide to equal floats: what is a tie is seen as one.
            load = (outstanding / seat.capacity, outstanding, seat.turn)
            if best is None or load < least:
                best, least = seat, load
    return best
