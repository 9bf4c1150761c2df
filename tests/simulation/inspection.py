"""All that the simulated world knows of the gate's insides, in one place.

Names of classes and attributes of `smppgate.gate`, `smppgate.routing` and `smppgate.txsmpp` are
used here and in ``mutants.py`` only: where the gate is changed, these two follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, ClassVar

from twisted.internet.task import Clock

from smppgate.gate import Gateway
from smppgate.gate.lane import run
from smppgate.gate.lane.in_turn import nothing_is_plain
from smppgate.gate.sessions.links import LinkProtocol
from smppgate.gate.sessions.outbind_smsc import OutbindProtocol
from smppgate.gate.sessions.pass_through import PassThroughSession
from smppgate.routing.smscs.health import retry
from smppgate.settings import Settings
from smppgate.store import Limits, MemoryStore
from smppgate.txsmpp.frame import Frame, FrameBuffer, Look
from smppgate.txsmpp.sequence import MAX_LATE, MAX_SEQUENCE_NUMBER
from smppgate.txsmpp.session import Session
from smppgate.txsmpp.states import KNOWN, Role, State, allowed
from tests.gate.likeness import differences, likeness, objects_of

_NOTICED = 0.6
"""Seconds in which a limit notices that it has tokens: a timer may be late, and lets one turn
pass."""


class Inspection:
    """Looks into one gate.

    :param gateway: the running one.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._router = gateway.router
        self._wrapped: dict[Any, None] = {}
        # Session → what was open on it when a reload came, as long as that is over its window.
        self._open: dict[Any, set[int]] = {}
        self._removed: dict[Any, float] = {}
        self._kept: dict[str, object] = {}
        self._reloaded_at = float("-inf")
        # (pool, SMSC) → since when it is ejected; and what ejections are over, with their ends.
        self._ejected: dict[tuple[str, str], float] = {}
        self._ejections: list[tuple[str, str, float, float]] = []
        # Pool → how often its members have changed, and when that was last seen.
        self._ranked: dict[str, tuple[int, float]] = {}

    # Sessions

    def sessions(self) -> list[Any]:
        """All sessions of both sides."""
        return [
            *self._gateway.esme_sessions(),
            *self._gateway.other_smsc_sessions(),
            *self._links(),
        ]

    def _links(self) -> list[Any]:
        return list(self._router._links)

    def serves(self, end: Any) -> bool:
        """Whether the gate uses the session whose socket is ``end``."""
        return any(
            getattr(session.transport, "socket", None) is end
            and not (session.unbinding or session.has_ended)
            for session in self.sessions()
        )

    def over_window(self) -> str | None:
        """A session with more open than its window allows; None as it should be.

        enquire_link and unbind do not count: they are sent whatever else is open.
        """
        # Asked in each turn: most have nothing open.
        some = (each for each in self.sessions() if each.outstanding.requests)
        return next(filter(None, map(self._over_window, some)), None)

    def _over_window(self, session: Any) -> str | None:
        outstanding = session.outstanding
        count, window = len(outstanding), session.window
        if window and count > window:
            count -= sum(1 for r in outstanding.requests.values() if _is_own(r))
            if count > window and not self._was_open(session):
                return f"{session.where}: {count} of {window} open"
        return None

    def _was_open(self, session: Any) -> bool:
        """Whether nothing was sent since its window was lowered."""
        now = _numbers(session)
        before = self._open.get(session)
        if before is None or not now <= before:
            return False
        self._open[session] = now
        return True

    # Reloads

    def before_reload(self, settings: Settings) -> None:
        """Note what a reload with these settings must leave as it is."""
        self._reloaded_at = self._now
        self._open = {session: _numbers(session) for session in self.sessions()}
        names = {f"account {each.system_id}" for each in settings.esme}
        names |= {f"SMSC {each.name}" for each in settings.smsc}
        names |= {f"pool {each.name}" for each in settings.pool}
        self._kept = {n: it for n, it in objects_of(self._gateway).items() if n in names}

    def after_reload(self) -> list[str]:
        """What was made anew though it is in the settings before and after."""
        now = objects_of(self._gateway)
        return [name for name, before in self._kept.items() if now.get(name) is not before]

    def overdue(self, now: float, patience: float) -> list[str]:
        """What was removed a long time ago, and is here still."""
        here = [*self._strangers(), *self._gateway.parts.leaving]
        self._removed = {each: self._removed.get(each, now) for each in here}
        return [repr(each) for each, since in self._removed.items() if now - since > patience]

    def _strangers(self) -> list[Any]:
        """Sessions whose account or SMSC is not in the configuration."""
        accounts = {id(account) for account in self._router.accounts}
        smscs = {service.smsc for service in self._gateway.parts.smscs.values()}
        esmes = self._gateway.esme_sessions()
        strange = [s for s in esmes if s.account is not None and id(s.account) not in accounts]
        return strange + [s for s in self._links() if s.owner is None and s.smsc not in smscs]

    def not_as_set(self) -> list[str]:
        """Links that are not as the settings have them."""
        found = []
        for smsc in self._gateway.settings.smsc:
            service = self._gateway.parts.smscs[smsc.name]
            wanted = smsc.sessions * len(smsc.bind.split("+"))
            links = sum(1 for link in service.links if link.is_bound)
            if links != wanted or len(service.links) != wanted:
                found.append(f"{smsc.name} has {links} of {wanted} links")
            here = [
                s for s in self._links() if s.smsc is service.smsc and isinstance(s, LinkProtocol)
            ]
            if len(here) != wanted:
                found.append(f"{smsc.name} has {len(here)} sessions for {wanted} links")
        return found

    def unlike_fresh(self, settings: Settings) -> list[str]:
        """How the gate differs from one that was made from these settings, and not started."""
        clock = Clock()
        store = MemoryStore(clock, Limits())
        fresh = Gateway(settings, clock, entropy=Random(0), store=store)
        numbers = [b"47%02d12345" % each for each in range(8, 16)]
        names = [*(esme.system_id for esme in settings.esme), "nobody"]
        mine, its = (likeness(each, numbers, names) for each in (self._gateway, fresh))
        return differences(mine, its)

    # Health

    def note_health(self, now: float) -> None:
        """See who is ejected, and whose members have changed; to be called after each turn."""
        for pool in self._router.pools.values():
            if self._ranked.get(pool.name, (0, 0.0))[0] != pool.ranked:
                self._ranked[pool.name] = (pool.ranked, now)
        here: dict[tuple[str, str], float] = {}
        for pool in self._router.pools.values():
            for member in pool.members:
                if member.health.ejection is not None:
                    here[pool.name, member.smsc.name] = member.health.ejection.at
        for key, since in self._ejected.items():
            if here.get(key) != since:
                self._ejections.append((*key, since, now))
        self._ejected = here

    def ranked_at(self, pool: str) -> float:
        """When it changed last which members of a pool take messages, or are in doubt.

        In the far future for a gate that has done nothing yet: what is sent is its predecessor's.
        """
        return self._ranked.get(pool, (0, float("inf")))[1]

    def was_ejected(self, pool: str, smsc: str, at: float) -> bool:
        """Whether an SMSC was ejected from a pool at that time, for certain."""
        since = self._ejected.get((pool, smsc))
        return (since is not None and since < at) or any(
            each[:2] == (pool, smsc) and each[2] < at < each[3] for each in self._ejections
        )

    @property
    def has_ejected(self) -> bool:
        """Whether any member was ever ejected."""
        return bool(self._ejected or self._ejections)

    def was_ever_ejected(self, smsc: str) -> bool:
        """Whether an SMSC was ever ejected from any pool."""
        return any(each[1] == smsc for each in (*self._ejected, *self._ejections))

    def still_ejected(self) -> list[str]:
        """Who is ejected now, in words."""
        return [f"{smsc} is ejected from {pool}" for pool, smsc in self._ejected]

    def _counted_ejected(self) -> Iterator[tuple[str, int, int]]:
        now = self._now
        for pool in self._router.pools.values():
            out = [each for each in pool.members if each.health.ejection is not None]
            if not out:
                continue
            most = max(1, int(pool.health.policy.max_ejected * len(pool.members)))
            # A reload may let fewer be out.
            if now > self._reloaded_at + _LATE_LOOK:
                yield f"ejected of {pool.name} beyond {most}", max(0, len(out) - most), 0
            # A gate that stops has nothing to send.
            up = [each for each in out if each.is_up and not self._router.is_draining]
            is_left = any(each.health.ejection is None and each.is_up for each in pool.members)
            yield f"{pool.name} has ejected all that are able", int(bool(up) and not is_left), 0
            for each in out:
                is_over = now > each.health.ejection.until + _LATE_LOOK
                if is_over and each.health.ejection.verdict.rate is not None:
                    yield f"{each!r} is ejected for too long", 1, 0

    # Tables

    def _binds(self, esmes: int) -> Iterator[tuple[str, int, int]]:
        passed = self._gateway.parts.pass_through
        yield "passwords being compared", len(self._gateway.parts.password_checks), 10_000
        yield "binds being judged", len(passed._under_way), 10_000
        yield "sessions joined", len(passed._joined), esmes
        yield "binds waiting for a verdict", len(passed._judging), 10_000
        places, store = self._gateway.parts.esme_config.places, self._gateway.store
        yield "binds waiting for a place", places.waiting, 10_000
        yield "places", len(places), esmes
        yield "places of no session", abs(len(store._places) - len(places)), 0
        yield "slots of no session", abs(len(store._slots) - self._slots_held()), 0
        yield "sessions without a slot", sum(map(_lacks_slot, self.sessions())), 0

    def _slots_held(self) -> int:
        parts = self._gateway.parts
        services = [*parts.smscs.values(), *parts.leaving]
        # An SMSC that is no more may have a session that ends.
        of_sessions = {service.session_slots for service in services}
        of_sessions |= {session.target.slots for session in parts.pass_through.sessions}
        of_links = sum(slot._is_held for each in services for slot in each._slots.values())
        return of_links + sum(map(len, of_sessions))

    def tables(self) -> Iterator[tuple[str, int, int]]:
        """Each table: its name, how much is in it, and how much may be."""
        router, esmes = self._router, self._gateway.esme_sessions()
        paths, receipts, queues = router.return_paths, router.receipts, router.queues
        yield "answers waiting for the store", paths.commits.answers_waiting, 100_000
        yield "early receipts", len(receipts._early), receipts._early.limit
        for name, waits in (
            ("looked up", receipts._searching),
            ("behind answers", receipts._behind_answers),
        ):
            yield f"receipts {name}", waits.count, waits.most
            yield f"octets of receipts {name}", waits.octets, waits.most_octets
        yield "ancillary requests looked up", router._submitter.looked_up, 100_000
        yield "submitters", len(router._submitters), len(esmes)
        yield from self._affinities()
        yield "sessions in outboxes", len(router.batch._touched), 10_000
        yield from self._hooked()
        room = router.waiting_room
        yield "octets that wait for SMSCs", room.octets, router._options.hold_octets
        for name, table in (
            ("sets of SMSCs waited for", room._rooms),
            ("accounts over their rate", room._rate_rooms),
            ("sessions that wait", room._sessions),
            ("accounts that wait", room._holdings),
            ("deadlines", room._deadlines),
        ):
            yield name, len(table), len(room)
        for endpoint, _, factory in self._gateway.parts.listeners.open_to_esmes():
            here = factory.strangers
            yield f"not bound at {endpoint}", here.unbound, len(factory.sessions)
            yield f"connections to {endpoint}", len(here._addresses), len(factory.sessions)
        yield from self._binds(len(esmes))
        yield "sessions with ranges", len(router.ranges._joined), 10_000
        yield (
            "messages being queued",
            len(queues._gathered) + len(queues._being_kept or ()),
            10_000,
        )
        yield "queued messages to remove", sum(map(len, queues._ended.values())), 10_000
        for queue in queues.values():
            ahead = queue._read_ahead
            # What waits for the first count is not counted yet.
            yield f"queue of {queue.name.decode()}", ahead.stored + ahead.arriving, 1_000_000
            yield f"under way of {queue.name.decode()}", ahead.under_way, 10_000
        for session in self.sessions():
            if late := len(session.outstanding._late):
                # To name a session takes longer than to look at it.
                yield f"late ones of {session.where}", late, MAX_LATE

    def _hooked(self) -> Iterator[tuple[str, int, int]]:
        hooks, most = self._router.hooks, self._router._options.hold_octets
        # Each of both directions is bounded, and one message may be more.
        yield "octets that wait for hooks", hooks.octets, 2 * (most + 100_000)
        yield "decisions waited for", hooks._asking.waiting, sum(hooks.waiting.values())
        for kind, count in hooks.waiting.items():
            yield f"what waits for {kind}", count, 10_000

    def _affinities(self) -> Iterator[tuple[str, int, int]]:
        affinities = (self._router.dispatcher._affinity, *self._related())
        for name, table in zip(("parts to ESMEs", "parts", "dialogues"), affinities, strict=True):
            known = self._known(table)
            yield name, known, 10_000
            yield f"octets of {name}", table.octets if known else 0, table.most_octets

    def _related(self) -> tuple[Any, Any]:
        return self._router.related._messages, self._router.related._dialogues

    def _known(self, affinity: Any) -> int:
        # Those whose time is over go with the next ones.
        by = self._router.clock.monotonic() - affinity.lifetime
        return sum(1 for _, since in affinity._known.values() if since > by)

    def open_requests(self) -> int:
        """What the gate itself takes for open, in both directions."""
        return self._router.open_exchanges

    @property
    def _now(self) -> float:
        return float(self._router.clock.monotonic())

    def counted(self) -> Iterator[tuple[str, int, int]]:
        """Counters that must agree with what they count: name, counter, count.

        What is so or not comes only where it is wrong: to name it takes longer than to look.
        """
        for smsc in self._router.smscs:
            windows = sum(link.window for link in smsc.links)
            # What is open on links that take no more messages is added while there are others.
            is_paused = smsc.limits is not None and smsc.limits.limited_by
            windows = 0 if is_paused else windows
            is_right = smsc.capacity >= windows if windows else not smsc.capacity
            if not is_right:
                yield f"capacity of {smsc.name}", 1, 0
            if self._router.running and _paused_in_vain(smsc, self._now):
                yield f"{smsc.name} is paused, and has tokens", 1, 0
        yield from self._counted_waiting()
        yield from self._counted_strangers()
        yield from self._counted_ejected()
        windows = {esme.system_id: esme.window for esme in self._gateway.settings.esme}
        for account in self._accounts():
            window = account.policy.window
            yield f"window of {account.system_id}", window, windows.get(account.system_id, window)
            for session in account.sessions:
                if session.unanswered < 0:
                    yield f"unanswered of {session.where}", session.unanswered, 0

    def _counted_strangers(self) -> Iterator[tuple[str, int, int]]:
        for endpoint, _, factory in self._gateway.parts.listeners.open_to_esmes():
            strangers, here = factory.strangers, list(factory.sessions)
            unbound = sum(1 for session in here if not session.bound_at)
            yield f"not bound at {endpoint}", strangers.unbound, unbound
            most = strangers.limits.unbound
            if most:
                yield f"not bound at {endpoint} over the limit", max(0, unbound - most), 0
            hosts = Counter(strangers._addresses.values())
            for host, count in hosts.items():
                yield f"connections from {host}", strangers.count(host), count

    def _counted_waiting(self) -> Iterator[tuple[str, int, int]]:
        room = self._router.waiting_room
        everyone = room._all()
        yield "waiting", len(room), len(everyone)
        in_rate_rooms = sum(map(len, room._rate_rooms.values()))
        over_rate = sum(1 for each in everyone if each.limit is not None)
        yield "waiting for tokens", in_rate_rooms, over_rate
        for each in room._rate_rooms.values():
            if not each._awaited:
                yield f"{each!r} waits for nothing", 1, 0
        yield "octets waiting", room.octets, sum(each.octets for each in everyone)
        for pool in self._router.pools.values():
            count = sum(each.exchange.pool is pool for each in everyone if each.limit is None)
            yield f"waiting for {pool.name}", pool.waiting, count
            able = [each for each in pool.members if not each.reason()]
            active = [each for each in able if not each.is_backup] or able
            if list(pool.active) != active:
                yield f"active of {pool.name}", 1, 0
        for each in everyone:
            if each.limit is None and not self._is_in_use(each):
                yield f"{each.exchange.pool!r} is not in use, and waited for", 1, 0
            if each.requester.has_ended:
                yield f"messages of {each.requester.where}, which has ended", 1, 0
        waiters = [smsc for smsc in self._router.smscs if smsc.waiters is not None]
        if not everyone:
            yield "SMSCs that somebody waits for", len(waiters), 0
        for each in room._rooms.values():
            if each not in room._freed and _may_serve(each):
                yield f"{each!r} is not served, though there is room", 1, 0

    def _is_in_use(self, waiting: Any) -> bool:
        """Whether no other pool stands in for the one that a message waits for."""
        exchange, target = waiting.exchange, waiting.exchange.target
        if target is None or self._router._submitter.pools.is_reconsidering:
            return True
        command = exchange.command_id
        able = (p for p in target.pools if any(not m.reason(command) for m in p.members))
        return exchange.pool is next(able, target.pools[0])

    def left(self) -> Iterator[str]:
        """What is left although no session is, and the time of everything is over."""
        for name, count, _ in self.tables():
            if count:
                yield f"{name}: {count}"
        for smsc in self._router.smscs:
            if smsc.outstanding or smsc.capacity or smsc.links:
                yield repr(smsc)
            if smsc.center.reserved:
                yield f"{smsc.center!r} has {len(smsc.center.reserved)} reserved"
        for account in self._accounts():
            if account.sessions or len(account.receivers):
                yield repr(account)
        if self._gateway.esme_sessions() or self._gateway.other_smsc_sessions() or self._links():
            yield "sessions"
        if self.open_requests():
            yield f"{self.open_requests()} open exchanges"

    def _accounts(self) -> list[Any]:
        accounts = self._router.accounts
        return [*accounts._by_id.values(), *accounts._derived.values()]

    def close_lane(self) -> None:
        """Let every PDU go the general way."""
        self._router.relay_from_esme = self._router.relay_from_smsc = nothing_is_plain

    @contextmanager
    def one_turn(self) -> Iterator[None]:
        """Read as `Sockets` does: all that is ready, and then write."""
        batch = self._router.batch
        batch.open()
        try:
            yield
        finally:
            batch.end_turn()

    def forget(self) -> None:
        """Let there be next to no memory for what belongs together."""
        for table in self._related():
            table.most_octets = 1000

    def wrap_soon(self) -> None:
        """Let the numbers of sessions that are new be about to wrap."""
        for session in self.sessions():
            if session not in self._wrapped:
                self._wrapped[session] = None
                session.outstanding.begin_at(MAX_SEQUENCE_NUMBER - 3)

    def crowd(self, chance: Random) -> None:
        """Let the next number of some session be one that is in use, as after 2**31 of them."""
        for session in self.sessions():
            outstanding = session.outstanding
            taken = [*outstanding.requests, *outstanding._late]
            if taken and chance.random() < 0.3:
                outstanding.begin_at(chance.choice(taken))


def _in_use(room: Any) -> list[Any]:
    """Those of its SMSCs that take messages now."""
    if room.pool is None:
        return list(room.smscs)
    return [each.smsc for each in room.pool.active if each.smsc in room.smscs]


def _may_serve(room: Any) -> bool:
    """Whether there is room for the first of what waits in it."""
    place = room.place
    if place is None:
        return any(map(_has_room, _in_use(room)))
    (smsc,) = room.smscs
    anchor = room.queue.head().exchange.anchor
    return anchor.place is place and smsc.begun_link(anchor.link) is not None


def _has_room(smsc: Any) -> bool:
    limits = smsc.limits
    dry = limits.dry if limits is not None else ()
    free = any(len(link.outstanding) < link.window and link not in dry for link in smsc.links)
    is_paused = limits is not None and limits.limited_by
    return free and not is_paused and smsc.outstanding < smsc.capacity


def _paused_in_vain(smsc: Any, now: float) -> bool:
    """Whether it has had tokens for a while, and does not know it."""
    limits, then = smsc.limits, now - _NOTICED
    if limits is None:
        return False
    overall = limits.overall
    is_dry = overall.is_dry and (overall.bucket is None or overall.bucket.has_token(then))
    return is_dry or any(limits._buckets[link].has_token(then) for link in limits.dry)


def _numbers(session: Any) -> set[int]:
    """The numbers of requests open on a session that its window counts."""
    return {n for n, r in session.outstanding.requests.items() if not _is_own(r)}


def _is_own(entry: Any) -> bool:
    """Whether a request is the gate's own; one of a run is an ESME's."""
    return not isinstance(entry, tuple) and entry.command_id in _OWN


_OWN = frozenset({0x15, 0x06})

_LATE_LOOK = 2.5
"""Seconds after its end in which an ejection is noticed to be over, if nobody is stopped."""


@contextmanager
def allowing(least_retries: float) -> Iterator[None]:
    """So many retries a second are allowed in any case."""
    before = retry.LEAST
    retry.LEAST = least_retries  # type: ignore[assignment]
    try:
        yield
    finally:
        retry.LEAST = before


@contextmanager
def short_runs() -> Iterator[None]:
    """Half of a run is but few of it."""
    few = run.FEW
    run.FEW = 2  # type: ignore[assignment]
    try:
        yield
    finally:
        run.FEW = few


class Coverage:
    """Which commands came in which state of the gate's sessions, over all runs of this process."""

    seen: ClassVar[Counter[tuple[Role, State, int]]] = Counter()

    @classmethod
    def install(cls) -> None:
        """Watch all sessions from now on; once is enough."""
        if getattr(Session.receive_data, "is_watched", False):
            return
        receive, split = Session.receive_data, FrameBuffer.receive

        def receive_data(session: Session, octets: bytes, look: Look | None = None) -> Any:
            cls._now = (session.role.peer, session.state)
            return receive(session, octets, look)

        def split_frames(buffer: FrameBuffer, octets: bytes, look: Look | None = None) -> Any:
            def watched(octets: bytes) -> int:
                done = look(octets) if look is not None else 0
                cls._count(split(FrameBuffer(), octets[:done]))
                return done

            frames = split(buffer, octets, watched if look is not None else None)
            cls._count(frames)
            return frames

        receive_data.is_watched = True  # type: ignore[attr-defined]
        Session.receive_data = receive_data  # type: ignore[method-assign]
        FrameBuffer.receive = split_frames  # type: ignore[method-assign]

    _now: ClassVar[tuple[Role, State]] = (Role.ESME, State.OPEN)

    @classmethod
    def _count(cls, frames: Iterable[Frame]) -> None:
        for frame in frames:
            cls.seen[(*cls._now, frame.command_id)] += 1

    @classmethod
    def report(cls, seen: Counter[Any] | None = None) -> str:
        """How much of the table was seen."""
        seen = cls.seen if seen is None else seen
        pairs = [(role, state) for role in Role for state in State]
        may = [(*pair, c) for pair in pairs for c in allowed(*pair)]
        may_not = [(*pair, c) for pair in pairs for c in KNOWN if c not in allowed(*pair)]
        return (
            f"state table: {sum(1 for it in may if it in seen)} of {len(may)} allowed, "
            f"{sum(1 for it in may_not if it in seen)} of {len(may_not)} not allowed"
        )


def _lacks_slot(session: Any) -> bool:
    """Whether it is bound to an SMSC that counts its sessions, and is not counted."""
    if not isinstance(session, OutbindProtocol | PassThroughSession) or not session.is_attached:
        return False
    passed = isinstance(session, PassThroughSession)
    slots = session.target.slots if passed else session._outbind_config.slots
    return bool(slots._limit) and not slots._sessions.get(session) and not session.has_ended
