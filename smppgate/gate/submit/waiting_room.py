"""`WaitingRoom`: messages that no SMSC can take now, until one can or their time is over.

Why a message waits and how it ends:

1. No member of its pool has room, or others wait for the pool already: it joins the line of its
   session, in the room of those that the same SMSCs may take. It is unanswered like any other
   request, so the window of its ESME bounds how many there are, and `RouterOptions.hold_octets`
   bounds how much memory they take.
2. An SMSC may have room: an answer, a timeout, a link that comes up, a window or a state that
   changes. `Smsc` tells the rooms that wait for it, and at the end of this turn of the reactor,
   before it is written, they are served: what was turned down by another SMSC first, then one
   message of each room in turn, by `FairQueue`. Parts of what was begun come before the rest, and
   are charged to their account's share of that.
3. ``hold`` of its pool is over: one that an SMSC has turned down before is answered with that
   status. Others are answered ESME_RTHROTTLED if a member takes messages and all were full, or
   their account is over its own rate, else `RouterOptions.no_member_status`. One timer serves all
   deadlines.
4. Its session ends: it is dropped unsent. Its session has had its time after an unbind, or the
   gate stops: it is answered.

What is over the rate of its account, or of its session, waits in a `RateRoom` of the account
before that, in the same time.

Requests about a message wait in a room of the SMSC that has it, and so hold up no others. So do
messages that some members have turned down, for those that have not: a room is for a set of SMSCs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from smppgate.gate.options import RouterOptions
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.reason import Cause, Reason, of_route
from smppgate.gate.relay.reason import refusal as refusal_of
from smppgate.gate.submit.due_timer import DueTimer
from smppgate.gate.submit.holdings import Holdings
from smppgate.gate.submit.homing import MOST_MOVED, Homing
from smppgate.gate.submit.rate_room import RateRoom
from smppgate.gate.submit.room import (
    AnyRoom,
    Line,
    Room,
    RoomKey,
    Waiting,
    key_of,
    key_of_homeless,
)
from smppgate.routing.exchange import Exchange, hold_of
from smppgate.routing.limits.esme_limits import AccountLimit
from smppgate.routing.limits.refills import Refills
from smppgate.routing.sessions import Requester
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError

_THROTTLED = int(CommandStatus.ESME_RTHROTTLED)
_STOPPING = int(CommandStatus.ESME_RSYSERR)
_GONE = Reason.NOT_BOUND.because("its session ended while it waited")


class Sender(Protocol):
    """Sends and answers what has waited."""

    def dispatch(self, exchange: Exchange, now: float) -> bool:
        """Send it, if one of its candidates has room; gives whether one has.

        :raises PduError: when the version of the link cannot express it.
        """

    def turn_down(self, exchange: Exchange, status: int, cause: Cause) -> None:
        """Answer it with an error of the gate's own."""

    def route(self, exchange: Exchange, requester: Requester, is_anew: bool) -> int:
        """Let it be for the pool that it belongs to now.

        Gives the command_status to answer where there is none any more; else 0.

        :param is_anew: whether routes are asked again, and not only which pools are able.
        """


class WaitingRoom:
    """What ESMEs, and this process, have waiting for SMSCs. ``len()`` is the number of messages.

    :param sender: sends and answers them.
    :param refills: tells when an account may send again.
    """

    def __init__(
        self,
        clock: Clock,
        batch: Batch,
        sender: Sender,
        events: Events,
        options: RouterOptions,
        refills: Refills,
    ) -> None:
        self._clock = clock
        self._batch = batch
        self._sender = sender
        self._events = events
        self._options = options
        self._refills = refills
        self.is_open = True
        """While false, nothing is to be added."""
        self._count = 0
        self._rooms: dict[RoomKey, Room] = {}
        self._rate_rooms: dict[AccountLimit, RateRoom] = {}
        self._sessions: dict[Requester, dict[Waiting, None]] = {}
        self._holdings = Holdings()
        self._deadlines: DueTimer[Waiting] = DueTimer(clock, self._expire)
        # Pools some of whose messages wait for the former SMSCs of their keys.
        self._homing: dict[Pool, Homing] = {}
        # Rooms to be looked at when this turn of the reactor ends.
        self._freed: dict[Room, None] = {}
        self._serial = 0
        self._served = 0

    def __len__(self) -> int:
        return self._count

    @property
    def octets(self) -> int:
        """What they occupy, see `Waiting`."""
        return self._holdings.octets

    # Coming

    def is_awaited(self, exchange: Exchange) -> bool:
        """Whether others wait for the same SMSCs already."""
        return key_of(exchange) in self._rooms

    def add(self, exchange: Exchange, requester: Requester, is_over_rate: bool = False) -> None:
        """Let ``exchange`` wait for one of its candidates.

        If there is not so much memory, the newest message of the account that has most of it is
        answered ESME_RTHROTTLED; that may be this one.

        :param is_over_rate: whether it has to wait for tokens of its account and session before.
        """
        self._events.waited += 1
        if self._events.tell_waiting is not None:
            self._events.tell_waiting(exchange)
        self._serial += 1
        self._admit(exchange, requester, self._serial, is_over_rate)
        self._keep_bound()

    def is_homing(self, pool: Pool | None) -> bool:
        """Whether messages with keys of ``pool`` are to find their SMSCs: others go behind."""
        return pool in self._homing

    def _keep_bound(self) -> None:
        while self.octets > self._options.hold_octets:
            newest = self._holdings.newest_of_largest()
            cause = Reason.HOLD.because("hold_octets of messages wait already")
            self._end(newest, _THROTTLED, cause)

    def _admit(
        self,
        exchange: Exchange,
        requester: Requester,
        serial: int,
        is_over_rate: bool,
        is_moved: bool = False,
    ) -> None:
        deadline = exchange.entered_at + hold_of(exchange, requester)
        if exchange.attempts:
            deadline = min((deadline, *map(exchange.last_try, exchange.candidates)))
        waiting = Waiting(exchange, requester, deadline, serial)
        if not is_over_rate or not self._limit(waiting):
            self._enter(waiting, is_moved)
        session = self._sessions.get(requester)
        if session is None:
            session = self._sessions[requester] = {}
        session[waiting] = None
        self._holdings.add(waiting)
        self._deadlines.add(waiting)
        self._count += 1

    def _limit(self, waiting: Waiting) -> bool:
        """Let ``waiting`` wait for tokens; False where it has no limit any more."""
        limit, rates = waiting.requester.limit, waiting.requester.policy.rates
        if limit is None or rates is None:
            return False
        now = self._clock.monotonic()
        limit.follow(rates, now)
        room = self._rate_rooms.get(limit.account)
        if room is None:
            room = RateRoom(limit.account, self._refills, self._let)
            self._rate_rooms[limit.account] = room
        room.add(waiting, limit, now)
        return True

    def _let(self, room: RateRoom, waiting: Waiting) -> None:
        """``waiting`` has got its tokens: it is its pool's, and waits for that."""
        self._forget_empty(room)
        exchange = waiting.exchange
        # Another pool may stand in by now.
        self._sender.route(exchange, waiting.requester, is_anew=False)
        self._enter(waiting)

    def _enter(self, waiting: Waiting, is_moved: bool = False) -> None:
        """Let it wait in the room of its SMSCs.

        :param is_moved: whether it has waited before, and is the first of those that move.
        """
        exchange = waiting.exchange
        pool, key = exchange.pool, key_of(exchange)
        homing = self._homing.get(pool) if pool is not None else None
        is_behind = not (is_moved or exchange.attempts or exchange.key is None)
        if homing is not None and pool is not None and is_behind:
            room = self._room(key_of_homeless(pool))
            room.add(waiting)
            homing.joined(room, waiting)
        else:
            self._room(key).add(waiting)

    def _room(self, key: RoomKey) -> Room:
        room = self._rooms.get(key)
        if room is None:
            room = self._rooms[key] = Room(*key, self._wake)
        return room

    # Being served

    def _wake(self, room: Room) -> None:
        """Serve ``room`` at the end of this turn of the reactor."""
        if not self._freed:
            self._batch.at_end(self._serve)
        self._freed[room] = None
        if room.is_outdated and room.pool is not None and room.pool not in self._homing:
            self._homing[room.pool] = Homing()

    def _serve(self) -> None:
        for pool in list(self._homing):
            if not self._find_homes(pool):
                del self._homing[pool]
        freed, self._freed = self._freed, {}
        if self._homing:
            # The rest of them, in the next turn.
            self._batch.at_end(self._serve)
        now = self._clock.monotonic()
        # The one that was served longest ago is first: several may wait for one SMSC.
        rooms = sorted(
            (room for room in freed if not room.is_outdated), key=lambda room: room.served
        )
        self._serve_all([room for room in rooms if room.rank == 0], now)
        begun = [room for room in rooms if room.rank == 1]
        others = [room for room in rooms if room.rank == 2]
        self._serve_all(self._serve_begun(begun, others, now), now)

    def _serve_all(self, rooms: list[Room], now: float) -> None:
        """Serve one message of each in turn, as long as there is one, and room for it."""
        while rooms:
            rooms = [room for room in rooms if self._serve_one(room, now)]

    def _serve_begun(self, begun: list[Room], others: list[Room], now: float) -> list[Room]:
        """Serve what has been begun before the rest; gives the others that may go on.

        It is at the cost of the others that wait for the same SMSCs, and counts as if the account
        had been served there: one that owes them a turn waits until they have had theirs, or
        cannot be served now.
        """
        rivals = others
        while begun:
            owing = [room for room in begun if room.owes_turn(others)]
            for room in begun[:]:
                if room not in owing and not self._serve_one(room, now, rivals):
                    begun.remove(room)
            others = [room for room in others if self._serve_one(room, now)]
        return others

    def _serve_one(self, room: Room, now: float, rivals: Iterable[Room] = ()) -> bool:
        """Serve the first of ``room``; False when there is none, or no SMSC has room for it.

        :param rivals: rooms that it is served before.
        """
        waiting = room.queue.head()
        if waiting is None:
            return False
        if waiting.deadline <= now:
            self._expire(waiting, now)
            return True
        exchange = waiting.exchange
        if exchange.anchor is not None and self._has_moved(waiting, room, only_behind=True):
            return True
        try:
            if not self._sender.dispatch(exchange, now):
                return exchange.anchor is not None and self._has_moved(waiting, room)
        except PduError as error:
            self._end(waiting, error.command_status, Reason.REFUSED.because(str(error)))
            return True
        self._served += 1
        room.serve(waiting, self._served)
        for rival in rivals:
            if exchange.smsc in rival.smscs:
                rival.queue.charge(waiting.account, waiting.share)
        self._forget_empty(room)
        self._left(waiting)
        return True

    def _find_homes(self, pool: Pool) -> bool:
        """Let messages with keys wait for the SMSCs that these have now, in the same order.

        Some of them, the oldest; gives whether there are more.
        """
        homing = self._homing[pool]
        for room in self._rooms.values():
            if room.pool is pool and room.is_outdated:
                homing.take_in(room)
        for _ in range(MOST_MOVED):
            waiting = homing.next()
            if waiting is None:
                return False
            self._move([waiting])
        return True

    def _move(self, some: list[Waiting]) -> None:
        """Let these wait anew; each keeps its place and its time."""
        some.sort(key=lambda waiting: waiting.serial)
        over_rate = {waiting for waiting in some if isinstance(waiting.room, RateRoom)}
        for waiting in some:
            self._remove(waiting)
        for waiting in some:
            is_over_rate = waiting in over_rate
            exchange, requester = waiting.exchange, waiting.requester
            self._admit(exchange, requester, waiting.serial, is_over_rate, is_moved=True)

    def _has_moved(self, waiting: Waiting, room: Room, only_behind: bool = False) -> bool:
        """Let what belongs to others that are elsewhere by now wait there; False if it is there.

        :param only_behind: if others wait there already.
        """
        key = key_of(waiting.exchange)
        if key == room.key or (only_behind and key not in self._rooms):
            return False
        self._move([waiting])
        return True

    # Going unserved

    def _expire(self, waiting: Waiting, now: float) -> None:
        self._events.hold_expired += 1
        self._turn_down(waiting, "in the time of hold")

    def _turn_down(self, waiting: Waiting, when: str) -> None:
        """Answer ``waiting`` by what an SMSC has said of it, or by what it has waited for."""
        room, exchange = waiting.room, waiting.exchange
        refusal, why = exchange.refusal, f"no other SMSC took it {when}"
        if refusal and exchange.was_lost:
            self._end(waiting, refusal, Reason.LINK_LOST.because(why))
        elif refusal:
            cause = refusal_of(refusal).reason.because(why)
            self._end(waiting, exchange.told(refusal), cause)
        elif room is not None and (
            room.is_able(exchange.command_id) or self._is_over_rate(waiting.requester)
        ):
            self._end(waiting, _THROTTLED, room.reason.because(f"{room.lack} {when}"))
        else:
            status = self._options.no_member_status
            self._end(waiting, status, Reason.NO_SMSC.because(f"no SMSC was up {when}"))

    def _is_over_rate(self, requester: Requester) -> bool:
        limit, rates = requester.limit, requester.policy.rates
        if limit is None or rates is None:
            return False
        return limit.is_exceeded(self._clock.monotonic())

    def _end(self, waiting: Waiting, status: int, cause: Cause) -> None:
        """Answer ``waiting``, which waits no more."""
        self._remove(waiting)
        self._sender.turn_down(waiting.exchange, status, cause)

    def _remove(self, waiting: Waiting) -> None:
        room = waiting.room
        if room is not None:
            room.remove(waiting)
            self._forget_empty(room)
            self._left(waiting)

    def _forget_empty(self, room: AnyRoom) -> None:
        if isinstance(room, Room) and not room.queue:
            del self._rooms[room.key]
        elif isinstance(room, RateRoom) and not room:
            self._rate_rooms.pop(room.account, None)

    def _left(self, waiting: Waiting) -> None:
        """Count ``waiting`` no more."""
        session = self._sessions[waiting.requester]
        del session[waiting]
        if not session:
            del self._sessions[waiting.requester]
        self._holdings.remove(waiting)
        self._deadlines.forget()
        self._count -= 1

    # Ends of sessions, and of the gate

    def drop(self, session: Requester) -> None:
        """``session`` has ended: its messages are dropped unsent."""
        for waiting in list(self._sessions.get(session, ())):
            self._remove(waiting)
            exchange = waiting.exchange
            self._events.dropped += 1
            # Nobody hears it. It ends the count of what is unanswered.
            exchange.origin.answer(exchange.resp(_STOPPING))
            if self._events.tell_ended is not None:
                now = self._clock.monotonic()
                self._events.tell_ended(exchange, _STOPPING, now, _GONE)

    def give_up(self, session: Requester) -> None:
        """Answer the messages of ``session``: its time is over, or its SMSC has gone."""
        for waiting in list(self._sessions.get(session, ())):
            self._turn_down(waiting, "before its session ended")

    def close(self) -> None:
        """Answer all, and let nothing wait from now on: the gate stops."""
        self.is_open = False
        for waiting in self._all():
            self._end(waiting, _STOPPING, Reason.STOPPING.because("the gate is stopping"))

    def stop(self) -> None:
        """Stop the timer."""
        self._deadlines.stop()

    # Reloads, and pools that others stand in for

    def rearrange(self) -> None:
        """Let all wait as the settings are now; each keeps its place and its time."""
        self._route(self._all(), is_anew=True)

    def reconsider(self) -> None:
        """Pools may be able, or not able any more: let what waits be for the pool in use."""
        rooms = [room for room in self._rooms.values() if room.pool is not None]
        if any(_is_elsewhere(waiting) for room in rooms for waiting in room.queue):
            self._route([w for room in rooms for w in room.queue], is_anew=False)

    def _route(self, everyone: list[Waiting], is_anew: bool) -> None:
        stays = []
        for waiting in everyone:
            status = self._sender.route(waiting.exchange, waiting.requester, is_anew)
            if status:
                self._end(waiting, status, of_route(waiting.exchange.target))
            else:
                stays.append(waiting)
        self._move(stays)
        self._keep_bound()

    def _all(self) -> list[Waiting]:
        """All that wait; of a session, those that came later are behind."""
        in_rooms = [waiting for room in self._rooms.values() for waiting in room.queue]
        over_rate = [waiting for room in self._rate_rooms.values() for waiting in room]
        return in_rooms + over_rate

    # What is seen of it

    def count_of(self, account: bytes) -> int:
        """Messages of an account that wait."""
        return self._holdings.count_of(account)

    def count_of_session(self, session: Requester) -> int:
        """Messages of a session that wait."""
        return len(self._sessions.get(session, ()))

    def count_over_rate(self, account: AccountLimit) -> int:
        """Messages of an account that wait because it is over its rate."""
        room = self._rate_rooms.get(account)
        return len(room) if room is not None else 0

    def lines(self) -> dict[Pool | Smsc, Line]:
        """What waits for each pool, and of requests about messages, for each SMSC."""
        found: dict[Pool | Smsc, Line] = {}
        for room in self._rooms.values():
            whose = room.pool or room.smscs[0]
            before = found.get(whose, Line(0, 0, self._clock.monotonic()))
            since = min(each.exchange.entered_at for each in room.queue.heads())
            found[whose] = Line(
                before.count + len(room.queue),
                before.octets + room.queue.octets,
                min(before.since, since),
            )
        return found


def _is_elsewhere(waiting: Waiting) -> bool:
    """Whether it waits for another pool than that in use."""
    exchange, target = waiting.exchange, waiting.exchange.target
    if target is None or not target.has_fallback:
        return False
    return target.pool(exchange.command_id) is not exchange.pool
