"""An ESME's account with its bound sessions, and the cluster of sessions that serve the same
numbers.

A cluster chooses the session with the least share of its window used, in proportion to its weight;
among equals the session with the fewest unanswered requests; among these the session with the
lowest turn. A turn belongs to a session's seat in *one* cluster, so messages that the session gets
through another cluster do not change it.

Sessions that are bound at other nodes are chosen only while none that is bound here has room.

A choice looks at `VIEW_SIZE` sessions, in rotation, and at more only while none has room. In a
larger cluster, sessions found without room are kept apart and looked at less often, so that many
stalled sessions do not hide the few that can take a message.

Account and Cluster refer to each other, and so they share a module: an account adds its receivers
to clusters, and a cluster names the accounts that own its numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Generic, Protocol, TypeVar

from attrs import define, field, frozen

from smppgate.routing.admin_state import AdminState
from smppgate.routing.esmes.peer import Networks, Peer
from smppgate.routing.limits.esme_limits import AccountLimit, EsmeRates
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.tally import Tally
from smppgate.txsmpp.constants import CommandId

BIND_KINDS: dict[int, str] = {
    CommandId.BIND_TRANSMITTER: "transmitter",
    CommandId.BIND_RECEIVER: "receiver",
    CommandId.BIND_TRANSCEIVER: "transceiver",
}
"""command_id of a bind → its name in the settings."""

VIEW_SIZE = 16
"""Sessions looked at for one choice, which takes some 10 µs."""

# Of these, the stalled sessions; more of them where there are fewer than 12 others.
_STALLED_IN_VIEW = 4

# The most that a session's turn may be behind the highest. A session that was stalled, or not
# looked at, does not get all the messages that it missed. With 0 here, sessions of more weight
# would lose their share in a large cluster, where a choice does not look at each session.
_MOST_BEHIND = 1.0

_GOLDEN_RATIO = 0.6180339887498949


class Receiver(Protocol):
    """What a cluster needs to know of an ESME's session."""

    @property
    def is_remote(self) -> bool:
        """Whether it is bound at another node."""

    @property
    def receives(self) -> bool:
        """Whether it is bound as receiver or transceiver."""

    @property
    def has_room(self) -> bool:
        """Whether it can take one more request now."""

    @property
    def window(self) -> int:
        """The most requests that may be unanswered on it."""

    @property
    def outstanding(self) -> Sized:
        """The requests that are unanswered on it."""

    @property
    def has_ended(self) -> bool:
        """Whether the session is over."""

    def leave(self, reason: str, seconds: float) -> None:
        """Unbind it once open requests are answered, after ``seconds`` at the most."""

    def policy_changed(self) -> None:
        """The policy of its account is another one."""

    def probe(self, patience: float) -> None:
        """End it unless something is heard of its peer in ``patience`` seconds."""


S = TypeVar("S", bound=Receiver)


class _Seat(Generic[S]):
    """A session's seat in one cluster. Mutable and slotted for the hot path."""

    __slots__ = ("capacity", "cost", "session", "turn")

    def __init__(self, session: S, weight: int) -> None:
        self.session = session
        self.turn = 0.0
        self.weigh(weight)

    def weigh(self, weight: int) -> None:
        """Count with this weight, and with the session's window as it is now."""
        # At least 1, because it is a divisor. A session with a window of 0 never has room.
        self.capacity = max(1, self.session.window * weight)
        self.cost = 1.0 / weight


class Cluster(Generic[S]):
    """Sessions that serve the same numbers.

    :param accounts: the accounts that own these numbers, in the order of the configuration. Their
        receivers are not added here but by `of`.
    """

    __slots__ = ("_elsewhere", "_now", "_seats", "_seats_in_turn", "_stalled", "accounts")

    def __init__(self, accounts: Iterable[Account[S]]) -> None:
        self.accounts: Sequence[Account[S]] = tuple(accounts)
        self._seats: dict[S, _Seat[S]] = {}
        # Each seat is in one of these two; in the second, those last seen without room.
        self._seats_in_turn: deque[_Seat[S]] = deque()
        self._stalled: deque[_Seat[S]] = deque()
        # The highest turn at which a session was chosen.
        self._now = 0.0
        # Those that are bound at other nodes; None while there was none.
        self._elsewhere: Cluster[S] | None = None

    @classmethod
    def of(cls, accounts: Iterable[Account[S]]) -> Cluster[S]:
        """A cluster to which these accounts add their receivers, now and whenever one binds."""
        cluster = cls(accounts)
        for account in cluster.accounts:
            account.serve(cluster)
        return cluster

    def __repr__(self) -> str:
        names = ", ".join(account.system_id for account in self.accounts)
        return f"<Cluster of {names or 'no account'}, {len(self)} sessions>"

    def __len__(self) -> int:
        return len(self._seats) + (len(self._elsewhere) if self._elsewhere is not None else 0)

    def __iter__(self) -> Iterator[S]:
        return iter(self._seats) if self._elsewhere is None else self._all()

    @property
    def has_any_here(self) -> bool:
        """Whether any session is bound here, and not at another node."""
        return bool(self._seats)

    def _all(self) -> Iterator[S]:
        yield from self._seats
        if self._elsewhere is not None:
            yield from self._elsewhere

    def __contains__(self, session: object) -> bool:
        return session in self._seats or (
            self._elsewhere is not None and session in self._elsewhere
        )

    def add(self, session: S, weight: int) -> None:
        """Add ``session`` with a weight of 1 or more; a session that is here is ignored."""
        if not session.is_remote:
            self._seat(session, weight)
            return
        if self._elsewhere is None:
            self._elsewhere = Cluster(self.accounts)
        self._elsewhere._seat(session, weight)

    def _seat(self, session: S, weight: int) -> None:
        if session not in self._seats:
            self._seats[session] = seat = _Seat(session, weight)
            # Spread out: sessions of one account are added in a row, and would fill whole views.
            at = len(self._seats_in_turn) * (len(self._seats) * _GOLDEN_RATIO % 1.0)
            self._seats_in_turn.insert(int(at), seat)

    def weigh(self, session: S, weight: int) -> None:
        """Give ``session`` another weight, or note its new window."""
        seat = self._seats.get(session)
        if seat is not None:
            seat.weigh(weight)
        elif self._elsewhere is not None:
            self._elsewhere.weigh(session, weight)

    def remove(self, session: S) -> None:
        """Remove ``session``; a session that is not here is ignored."""
        seat = self._seats.pop(session, None)
        if seat is not None:
            (self._stalled if seat in self._stalled else self._seats_in_turn).remove(seat)
        elif self._elsewhere is not None:
            self._elsewhere.remove(session)

    def same(self, session: object) -> S | None:
        """``session``, if it is here; None if not, or if it has ended."""
        seat = self._seats.get(session)  # type: ignore[call-overload]
        if seat is None:
            return self._elsewhere.same(session) if self._elsewhere is not None else None
        return seat.session if not seat.session.has_ended else None

    def session(self) -> S | None:
        """The session for the next message; None when no session looked at has room."""
        seats = self._seats_in_turn
        if len(seats) == 1 and not self._stalled:
            # An account with one receiver is the most usual, and has no choice.
            session = seats[0].session
            if session.has_room:
                return session
        else:
            here = self._best_here()
            if here is not None:
                return here
        return self._elsewhere.session_here() if self._elsewhere is not None else None

    def session_here(self) -> S | None:
        """The same among the sessions that are bound here."""
        seats = self._seats_in_turn
        if len(seats) == 1 and not self._stalled:
            session = seats[0].session
            return session if session.has_room else None
        return self._best_here()

    def _best_here(self) -> S | None:
        seats = self._seats_in_turn
        if not self._stalled and len(seats) <= VIEW_SIZE:
            best = _best(seats)
        else:
            best = _best(self._view())
            # A view moves the seats without room to the stalled ones, so the next has other seats.
            while best is None and self._seats_in_turn:
                best = _best(self._view())
        if best is None:
            return None
        turn, now = best.turn, self._now
        if turn > now:
            self._now = turn
        elif turn < now - _MOST_BEHIND:
            turn = now - _MOST_BEHIND
        best.turn = turn + best.cost
        return best.session

    def _view(self) -> list[_Seat[S]]:
        """The seats to choose from this time, all of them with room."""
        in_turn, stalled = self._seats_in_turn, self._stalled
        again = min(len(stalled), max(_STALLED_IN_VIEW, VIEW_SIZE - len(in_turn)))
        view = list(islice(in_turn, VIEW_SIZE - again))
        for seat in [seat for seat in view if not seat.session.has_room]:
            view.remove(seat)
            in_turn.remove(seat)
            stalled.append(seat)
        for _ in range(again):
            seat = stalled.popleft()
            if seat.session.has_room:
                view.append(seat)
                in_turn.append(seat)
            else:
                stalled.append(seat)
        in_turn.rotate(-1)
        return view


@frozen(kw_only=True)
class AccountPolicy:
    """The rules of an account. A reload swaps them as a whole.

    :param password: octets; left out of every text.
    :param password_hash: in place of the password: what a password is compared with elsewhere;
        empty where there is none.
    :param allow: where its binds may come from; None for everywhere.
    :param certificate: what a bind's client certificate must say; empty for nothing.
    :param binds: the kinds of bind allowed, by their names in `BIND_KINDS`.
    :param max_binds: the most sessions at one time, in all processes together.
    :param window: the most unanswered requests of a session, in each direction.
    :param pool: the pool that takes its messages.
    :param weight: its sessions' share of a cluster's messages relative to others; 1 or more.
    :param share: its share of what SMSCs take while messages of several accounts wait; 1 or more.
    :param rates: how many messages it may send a second; None for any number.
    :param bind_ranges: whether its binds may name address ranges to serve.
    :param queries: whether messages that ask for no receipt have a return path too, so that
        query_sm and its like find them.
    :param cancels_all: whether its cancel_sm may name no message, and so reach those of others.
    :param folds_case: whether an SMSC that judges its binds ignores the case of system_ids.
    :param asks_smsc: whether an SMSC judges its binds in place of the password here.
    :param deliver_timeout: seconds that its sessions have to answer a request.
    """

    password: bytes = field(default=b"", repr=False)
    password_hash: str = field(default="", repr=False)
    allow: Networks | None = None
    certificate: str = ""
    binds: frozenset[str] = frozenset(BIND_KINDS.values())
    max_binds: int = 10
    window: int = 100
    pool: Pool | None = field(default=None, repr=False)
    weight: int = 1
    share: int = 1
    rates: EsmeRates | None = None
    bind_ranges: bool = False
    queries: bool = True
    cancels_all: bool = False
    folds_case: bool = False
    asks_smsc: bool = False
    deliver_timeout: float = 10.0

    def stranger(self, peer: Peer) -> str:
        """Why no bind of ``peer`` is accepted, whatever its password; empty where one may be."""
        if self.allow is not None and not self.allow.has(peer.address):
            return "its address is not among those that the account allows"
        if self.certificate and self.certificate not in peer.certificate:
            return "it has not the client certificate of the account"
        return ""

    @property
    def hold(self) -> float:
        """Seconds that a message may wait for an SMSC: that of its pool."""
        return self.pool.hold if self.pool is not None else 0.0


@define(eq=False)
class Account(Generic[S]):
    """An ESME's account and its bound sessions.

    :param policy: its rules. Sessions hold the account and look at them when they need one.
    :param found_in: for an account derived from the wildcard: the table, by system_id, that it is
        in while it has sessions. None for an account of the configuration.
    :ivar state: what an operator has decided; a reload leaves it as it is.
    :ivar sessions: those that are bound here, and ``remotes`` those of other nodes.
    """

    system_id: str
    policy: AccountPolicy = field(repr=False)
    found_in: dict[bytes, Account[S]] | None = field(default=None, kw_only=True, repr=False)
    state: AdminState = field(default=AdminState.READY, init=False)
    sessions: list[S] = field(factory=list, init=False, repr=False)
    remotes: list[S] = field(factory=list, init=False, repr=False)
    limit: AccountLimit = field(factory=AccountLimit, init=False, repr=False)
    """What its sessions may send together."""
    tally: Tally = field(factory=Tally, kw_only=True, repr=False)
    """What is counted of it for those who observe the gate: together with the wildcard's, where it
    is derived from that."""
    receivers: Cluster[S] = field(init=False, repr=False)
    """Its sessions that are bound as receiver or transceiver, here or at another node."""
    _serves: dict[Cluster[S], None] = field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.receivers = Cluster((self,))
        self.serve(self.receivers)

    def change(self, policy: AccountPolicy) -> None:
        """Go by ``policy`` from now on."""
        self.policy = policy
        for session in self.sessions:
            session.policy_changed()
        for cluster in self._serves:
            for session in self.receivers:
                cluster.weigh(session, policy.weight)

    def add(self, session: S) -> None:
        """Add a session that is bound."""
        bound = self.remotes if session.is_remote else self.sessions
        if session not in bound:
            bound.append(session)
        if self.found_in is not None:
            self.found_in.setdefault(self.system_id.encode("latin-1"), self)
        if session.receives:
            for cluster in self._serves:
                cluster.add(session, self.policy.weight)

    def remove(self, session: S) -> None:
        """Remove a session that has ended; a session that was not added is ignored."""
        bound = self.remotes if session.is_remote else self.sessions
        if session not in bound:
            return
        bound.remove(session)
        for cluster in self._serves:
            cluster.remove(session)
        if self.found_in is not None and not (self.sessions or self.remotes):
            self.found_in.pop(self.system_id.encode("latin-1"), None)

    def receiver(self) -> S | None:
        """The session for the next message to this account; see `Cluster.session`."""
        return self.receivers.session()

    def serve(self, cluster: Cluster[S]) -> None:
        """Add its receivers to ``cluster``, those bound now and those that bind later."""
        self._serves[cluster] = None
        for session in self.receivers:
            cluster.add(session, self.policy.weight)

    def withdraw(self, cluster: Cluster[S]) -> None:
        """Stop adding sessions to ``cluster``; those in it stay."""
        self._serves.pop(cluster, None)


def _best(seats: Iterable[_Seat[S]]) -> _Seat[S] | None:
    """The least loaded of the seats with room; None without such."""
    best: _Seat[S] | None = None
    least = (0.0, 0, 0.0)
    for seat in seats:
        session = seat.session
        if session.has_room:
            outstanding = len(session.outstanding)
            # Equal shares divide to equal floats, so a tie compares as one.
            load = (outstanding / seat.capacity, outstanding, seat.turn)
            if best is None or load < least:
                best, least = seat, load
    return best
