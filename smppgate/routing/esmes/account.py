"""An ESME's account with its bound sessions, and the cluster of sessions that serve the same
numbers.

The session for a message is the one whose window is used least for its weight; among equals the
session with the fewest unanswered requests; among these the session whose turn it is. A turn
belongs to a session's seat in *one* cluster, not to the session: what keeps it busy elsewhere is
not held against it here.

A choice looks at `MOST_LOOKS` sessions, in rotation, and at more only while none has room. In a
larger cluster, sessions that are found without room are set aside and looked at now and then, so
that many that stall do not hide the few that do not.

Account and Cluster know each other, and so they share a module: an account's receivers serve in
clusters, and a cluster names the accounts that own its numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Generic, Protocol, TypeVar

from attrs import define, field

from smppgate.routing.smscs.pool import Pool
from smppgate.txsmpp.constants import CommandId

BIND_KINDS: dict[int, str] = {
    CommandId.BIND_TRANSMITTER: "transmitter",
    CommandId.BIND_RECEIVER: "receiver",
    CommandId.BIND_TRANSCEIVER: "transceiver",
}
"""The configuration's names for the three binds."""

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

    __slots__ = ("capacity", "cost", "session", "turn")

    def __init__(self, session: S, weight: int) -> None:
        self.session = session
        # A session with no window never has room: its capacity is not used.
        self.capacity = max(1, session.window * weight)
        self.cost = 1.0 / weight
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
        best.turn = turn + best.cost
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


@define(eq=False)
class Account(Generic[S]):
    """An ESME's account and its bound sessions.

    :param password: octets; never shown.
    :param binds: the kinds allowed, by `BIND_KINDS`.
    :param max_binds: sessions at one time.
    :param window: unanswered requests per session, each way.
    :param pool: where its messages go.
    :param weight: its sessions' share of what a cluster gets, relative to others; 1 or more.
    :param bind_ranges: whether its binds may name address ranges to serve.
    :param queries: whether its messages may be asked about later.
    :param asks_smsc: whether an SMSC judges its binds, and not the password here.
    :param found_in: for an account that no configuration names: where it is found by its
        system_id as long as somebody is bound to it.
    """

    system_id: str
    password: bytes = field(repr=False)
    binds: frozenset[str]
    max_binds: int
    window: int
    pool: Pool = field(repr=False)
    weight: int = field(default=1, kw_only=True)
    bind_ranges: bool = field(default=False, kw_only=True)
    queries: bool = field(default=True, kw_only=True)
    asks_smsc: bool = field(default=False, kw_only=True)
    found_in: dict[bytes, Account[S]] | None = field(default=None, kw_only=True, repr=False)
    sessions: list[S] = field(factory=list, init=False, repr=False)
    receivers: Cluster[S] = field(init=False, repr=False)
    """Those of its sessions that are bound to receive."""
    _serves: dict[Cluster[S], None] = field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.receivers = Cluster((self,))
        self.serve(self.receivers)

    def add(self, session: S) -> None:
        """A session is bound, or waits for an SMSC's word on its bind.

        One that waits has its place among `max_binds`, and is added again when it is bound.
        """
        if session not in self.sessions:
            self.sessions.append(session)
        if self.found_in is not None:
            self.found_in.setdefault(self.system_id.encode("latin-1"), self)
        if session.receives:
            for cluster in self._serves:
                cluster.add(session, self.weight)

    def remove(self, session: S) -> None:
        """A session has ended; one that never was bound is no error."""
        if session not in self.sessions:
            return
        self.sessions.remove(session)
        for cluster in self._serves:
            cluster.remove(session)
        if self.found_in is not None and not self.sessions:
            self.found_in.pop(self.system_id.encode("latin-1"), None)

    def receiver(self) -> S | None:
        """The session for the next message to this ESME; see `Cluster.session`."""
        return self.receivers.session()

    def serve(self, cluster: Cluster[S]) -> None:
        """Let its receivers serve in ``cluster``, those bound now and those bound later."""
        self._serves[cluster] = None
        for session in self.receivers:
            cluster.add(session, self.weight)

    def withdraw(self, cluster: Cluster[S]) -> None:
        """Those bound later do not serve in ``cluster``; nobody is removed from it."""
        self._serves.pop(cluster, None)


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
