"""`Terms`: the settings that were in force at each time, and what the operator has decided.

What a rule expects depends on them. A request may meet any of those that were in force while it
was under way, so most questions are about all of them since some time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field, frozen

from smppgate.settings import (
    EsmeSettings,
    GateSettings,
    PoolSettings,
    Settings,
    SmscSettings,
)
from smppgate.settings.members import names_in
from tests.simulation.hashes import password_of
from tests.simulation.routes import Place, places

if TYPE_CHECKING:
    from tests.simulation.ledger import Request
    from tests.simulation.model_esme import EsmeSession

T = TypeVar("T")

UNKNOWN_NAME, WRONG_PASSWORD = 0x0F, 0x0E

FAR_OFF = float("inf")

_MUCH = 1 << 20
"""Octets that what waits in a world never has."""


@frozen
class Term:
    """Settings, and since when they are in force."""

    at: float
    settings: Settings
    esmes: dict[str, EsmeSettings]
    smscs: dict[str, SmscSettings]
    pools: dict[str, tuple[str, ...]]
    weights: dict[str, dict[str, int]]
    backups: dict[str, set[str]]

    @classmethod
    def of(cls, at: float, settings: Settings) -> Term:
        """The settings as they are from ``at`` on."""
        return cls(
            at,
            settings,
            {each.system_id: each for each in settings.esme},
            {each.name: each for each in settings.smsc},
            {each.name: each.names for each in settings.pool},
            {each.name: dict(_weights(each, settings)) for each in settings.pool},
            {each.name: {name for _, name in names_in(each.backup)} for each in settings.pool},
        )


@define
class Terms:
    """All terms of one world, the latest last.

    :ivar ended: system_id → when the operator unbound its sessions, and whether at once.
    :ivar closed: system_id → since when its account is closed.
    :ivar dropped: system_id → when the operator had removed what waited in its queue; `FAR_OFF`
        while that is under way.
    :ivar held: name of an SMSC → since when it takes no new message.
    :ivar released: name of an SMSC → when it took new messages again, last.
    :ivar touched: SMSCs with a link that the operator has drained, kept away, or made ready.
    :ivar away: name of an SMSC → when it, or a link of it, was unbound by the operator last.
    :ivar decided: name of an SMSC → its weight, where that is the operator's.
    :ivar reweighed: name of an SMSC → when that has changed, or ended, last.
    :ivar renewed: name of an SMSC → when its links began to be bound anew while two were bound.
    """

    _terms: list[Term]
    ended: dict[str, tuple[float, bool]] = field(factory=dict)
    closed: dict[str, float] = field(factory=dict)
    dropped: dict[str, float] = field(factory=dict)
    held: dict[str, float] = field(factory=dict)
    released: dict[str, float] = field(factory=dict)
    touched: dict[str, None] = field(factory=dict)
    away: dict[str, float] = field(factory=dict)
    renewed: dict[str, float] = field(factory=dict)
    decided: dict[str, int] = field(factory=dict)
    reweighed: dict[str, float] = field(factory=dict)
    # Label of a request and place of the first term → where it may go; asked for many times.
    _places: dict[tuple[int, int], list[Place]] = field(factory=dict)

    @classmethod
    def beginning(cls, settings: Settings) -> Terms:
        """Those of a gate that begins."""
        return cls([Term.of(0.0, settings)])

    @property
    def now(self) -> Term:
        """The latest."""
        return self._terms[-1]

    @property
    def is_changed(self) -> bool:
        """Whether there were others."""
        return len(self._terms) > 1

    def change(self, at: float, settings: Settings) -> None:
        """The gate goes by ``settings`` from now on."""
        before = self.now.smscs
        self._terms.append(Term.of(at, settings))
        self._places.clear()
        for name in list(self.decided):
            after = self.now.smscs.get(name)
            if after is None or name not in before or after.weight != before[name].weight:
                self.decide(at, name, None)

    def decide(self, at: float, name: str, weight: int | None) -> None:
        """The operator gives an SMSC this weight, or that of the settings."""
        self.decided.pop(name, None)
        self.reweighed[name] = at
        if weight is not None:
            self.decided[name] = weight

    def begin(self) -> None:
        """The gate has started anew: what the operator has decided is forgotten."""
        self.closed.clear()
        self.held.clear()
        self.decided.clear()

    def since(self, at: float) -> list[Term]:
        """All that were in force at this time or later."""
        first = self._first(at)
        return self._terms[first:] if first else self._terms

    def _first(self, at: float) -> int:
        """The place of the one that was in force then."""
        terms = self._terms
        first = len(terms) - 1
        while first and terms[first].at > at:
            first -= 1
        return first

    def has_all(self, at: float, holds: Callable[[Term], bool]) -> bool:
        """Whether something holds by all of them since ``at``."""
        return all(map(holds, self.since(at)))

    # Accounts

    def _of_esme(self, system_id: str, at: float, value: Callable[[EsmeSettings], T]) -> list[T]:
        """A value of an account since ``at``; of one that is removed, its last."""
        found = [t.esmes[system_id] for t in self.since(at) if system_id in t.esmes]
        if not found or system_id not in self.since(at)[0].esmes:
            known = [
                t.esmes[system_id] for t in self._terms if system_id in t.esmes and t.at <= at
            ]
            found += known[-1:]
        return [value(each) for each in found]

    def _of_session(
        self, session: EsmeSession, at: float, value: Callable[[EsmeSettings], T]
    ) -> list[T]:
        """A value of a session's account since ``at``.

        A session outlives its account until its requests are answered, and goes by what held for
        that last, also if there is an account of that name again.
        """
        system_id = session.plan.system_id
        terms = self.since(session.connected_at)
        last = [
            before.esmes[system_id]
            for before, after in pairwise(terms)
            if system_id in before.esmes and system_id not in after.esmes
        ]
        return [*self._of_esme(system_id, at, value), *(value(each) for each in last)]

    def window(self, system_id: str, at: float) -> int:
        """The window of an account since ``at``, the latest."""
        return self._of_esme(system_id, at, lambda esme: esme.window)[-1]

    def windows(self, session: EsmeSession, at: float) -> list[int]:
        """The windows of a session since ``at``."""
        return self._of_session(session, at, lambda esme: esme.window)

    def pools(self, session: EsmeSession, at: float) -> list[str]:
        """The pools of a session since ``at``."""
        return self._of_session(session, at, lambda esme: esme.pool)

    def places(self, request: Request, at: float) -> list[Place]:
        """Where a message may go by what was in force since ``at``, each place once.

        A session whose bind was passed through has a pool of its own.
        """
        key = request.label, self._first(at)
        known = self._places.get(key)
        if known is None:
            known = self._places[key] = list(self._found_places(request, at))
        return known

    def _found_places(self, request: Request, at: float) -> dict[Place, None]:
        found: dict[Place, None] = {}
        for term in self.since(at):
            if (
                term.settings.route
                and request.outside is not None
                and not request.account.asks_smsc
            ):
                name = request.account.system_id
                found.update(dict.fromkeys(places(term.settings, name, request.outside)))
            else:
                pools = self.pools(request.session, at)
                found.update(dict.fromkeys((pool,) for pool in pools))
        return found

    def pools_for(self, request: Request, at: float) -> list[str]:
        """The pools that a message may go to since ``at``."""
        found = self.places(request, at)
        pools = (pool for place in found if not isinstance(place, int) for pool in place)
        return list(dict.fromkeys(pools))

    def may_always_take(self, name: str, request: Request, at: float) -> bool:
        """Whether an SMSC was, at all times since ``at``, able in a pool of each place."""
        found = self.places(request, at)
        return all(
            not isinstance(place, int)
            and any(
                self.always_serves(name, [pool], at) and self.always_weighs(name, [pool], at)
                for pool in place
            )
            for place in found
        )

    def first_pools(self, request: Request, at: float) -> list[str]:
        """The same without those that stand in for others."""
        found = self.places(request, at)
        return list(dict.fromkeys(place[0] for place in found if not isinstance(place, int)))

    def answers_of_routes(self, request: Request, at: float) -> list[int]:
        """The statuses with which routes may have a message answered since ``at``."""
        return [place for place in self.places(request, at) if isinstance(place, int)]

    def holds_of(self, request: Request, at: float) -> list[float]:
        """How long a request could wait for an SMSC since ``at``."""
        if request.outside is None:
            return self.holds(request.session, at)
        pools = set(self.pools_for(request, at))
        return self._holds(pools, at)

    def holds(self, session: EsmeSession, at: float) -> list[float]:
        """How long requests of a session that are for its own pool could wait since ``at``."""
        return self._holds(set(self.pools(session, at)), at)

    def _holds(self, pools: set[str], at: float) -> list[float]:
        return [
            pool.hold
            for term in self.since(at)
            for pool in term.settings.pool
            if pool.name in pools
        ] or [0.0]

    def limits(self, session: EsmeSession, at: float) -> bool:
        """Whether a session had a rate at any time since ``at``."""
        rates = self._of_session(session, at, lambda e: e.rate or e.session_rate)
        return any(rates)

    def rejects(self, request: Request) -> bool:
        """Whether a message over a rate could be refused at once at any time since it was sent."""
        over_rate = self._of_session(request.session, request.at, lambda e: e.over_rate)
        return 0.0 in self.holds_of(request, request.at) or "reject" in over_rate

    def had_queue(self, system_id: str) -> bool:
        """Whether an account had a queue at any time."""
        return any(self._of_esme(system_id, 0.0, lambda esme: esme.queue))

    def may_have_dropped(self, system_id: str, at: float) -> bool:
        """Whether what an SMSC sent ``at`` may have been removed from the queue of an account."""
        return at <= self.dropped.get(system_id, -1.0)

    def keeps_paths(self, session: EsmeSession, at: float) -> bool:
        """Whether messages without a receipt could be asked about at all times since ``at``."""
        return all(self._of_session(session, at, lambda esme: esme.queries))

    def has_account(self, system_id: str, at: float) -> bool:
        """Whether an account was there at all times since ``at``."""
        return self.has_all(at, lambda term: system_id in term.esmes)

    def owned(self, system_id: str, number: bytes, at: float) -> bool:
        """Whether an account had a range with ``number`` at any time since ``at``."""
        text = number.decode()
        return any(
            text.startswith(each.rstrip("*"))
            for term in self.since(at)
            if system_id in term.esmes
            for each in term.esmes[system_id].address_ranges
        )

    def moved_ranges(self, at: float) -> bool:
        """Whether any account got or lost a range since ``at``, or came or went."""
        ranges = [
            {name: esme.address_ranges for name, esme in term.esmes.items()}
            for term in self.since(at)
        ]
        return any(each != ranges[0] for each in ranges)

    def bind_statuses(self, system_id: str, password: str, at: float) -> set[int]:
        """How a bind may be answered that was sent ``at``."""
        return {_bind_status(term, system_id, password) for term in self.since(at)}

    def is_closed(self, system_id: str, at: float) -> bool:
        """Whether an account accepted no bind at any time since ``at``."""
        return self.closed.get(system_id, FAR_OFF) < at

    def was_left_alone(self, system_id: str, at: float) -> bool:
        """Whether nothing unbound the sessions of an account since ``at``."""
        return self.has_account(system_id, at) and self.ended.get(system_id, (-1.0, True))[0] < at

    # SMSCs

    def windows_of_smsc(self, name: str, at: float) -> list[int]:
        """The windows of an SMSC since ``at``."""
        return [t.smscs[name].window for t in self.since(at) if name in t.smscs] or [10**9]

    def undelivered(self, name: str, at: float) -> set[int]:
        """What an SMSC may have been told since ``at`` of what nobody takes."""
        return {t.smscs[name].undelivered_status for t in self._terms if name in t.smscs}

    def may_serve(self, name: str, pools: list[str], at: float, is_begun: bool = False) -> bool:
        """Whether an SMSC was in one of ``pools`` with a weight at any time since ``at``.

        :param is_begun: whether it has something that is to go on, whatever its weight is.
        """
        weights = [w for t in self.since(at) for p in pools for w in self._weight(t, p, name)]
        if is_begun or self.reweighed.get(name, -1.0) >= at:
            return bool(weights)
        return any(self.decided.get(name, weight) for weight in weights)

    def always_weighs(self, name: str, pools: list[str], at: float) -> bool:
        """Whether an SMSC had a weight in all of ``pools`` at all times since ``at``."""
        if name in self.decided or self.reweighed.get(name, -1.0) >= at:
            return False
        return self.has_all(at, lambda term: all(any(self._weight(term, p, name)) for p in pools))

    @staticmethod
    def _weight(term: Term, pool: str, name: str) -> list[int]:
        """Its weight in a pool; none where it is not in it."""
        weights = term.weights.get(pool, {})
        return [weights[name]] if name in weights else []

    def always_backup(self, name: str, pools: list[str], at: float) -> bool:
        """Whether an SMSC was a backup in all of ``pools`` at all times since ``at``."""
        return self.has_all(
            at, lambda term: all(name in term.backups.get(pool, ()) for pool in pools)
        )

    def never_backup(self, name: str, pools: list[str], at: float) -> bool:
        """Whether it was none in any of them."""
        return self.has_all(
            at, lambda term: not any(name in term.backups.get(pool, ()) for pool in pools)
        )

    def hashing(self, pools: list[str], at: float) -> list[PoolSettings]:
        """Those of ``pools`` that chose by a hash since ``at``, each as it was then."""
        return list(
            dict.fromkeys(
                pool
                for term in self.since(at)
                for pool in term.settings.pool
                if pool.name in pools and pool.balance == "hash"
            )
        )

    def unchanged_pool(self, pools: list[str], at: float) -> PoolSettings | None:
        """The one pool, if its settings and weights have been the same at all times since."""
        if len(pools) != 1 or any(t >= at for t in self.reweighed.values()) or self.decided:
            return None
        kinds = {_pool_of(term, pools[0]) for term in self.since(at)}
        return kinds.pop()[0] if len(kinds) == 1 else None

    def always_serves(self, name: str, pools: list[str], at: float) -> bool:
        """Whether an SMSC was in each of ``pools`` at all times since ``at``."""
        return self.has_all(
            at, lambda term: all(name in term.pools.get(pool, ()) for pool in pools)
        )

    def is_held(self, name: str, at: float) -> bool:
        """Whether an SMSC took no new message at that time, and takes none now."""
        return self.held.get(name, FAR_OFF) < at

    def adapts(self, name: str, at: float) -> bool:
        """Whether an SMSC that throttles was slowed at any time since ``at``."""
        return any(t.smscs[name].adaptive_rate for t in self.since(at) if name in t.smscs)

    def has_smsc(self, name: str, at: float) -> bool:
        """Whether an SMSC was there at all times since ``at``."""
        return self.has_all(at, lambda term: name in term.smscs)

    def links_stayed(self, name: str, at: float) -> bool:
        """Whether nothing unbound a link of an SMSC since ``at``."""
        kinds = {_links_of(term.smscs.get(name)) for term in self.since(at)}
        return len(kinds) == 1 and None not in kinds and self.away.get(name, -1.0) < at

    def may_be_cured(self, name: str, at: float, late: int) -> bool:
        """Whether so many late answers, or none, are reason enough to bind a link anew."""
        smscs = [term.smscs[name] for term in self.since(at) if name in term.smscs]
        return any(2 * late >= smsc.window or 0 < smsc.max_timeouts <= late for smsc in smscs)

    def would_renew(self, name: str, settings: Settings) -> bool:
        """Whether the links of an SMSC differ in ``settings`` from those now."""
        new = next((each for each in settings.smsc if each.name == name), None)
        return _links_of(self.now.smscs.get(name)) != _links_of(new)

    def is_renewed(self, name: str) -> bool:
        """Whether its links are bound anew by the last change of them, with two bound before.

        What is removed, or has less links than before, is no more than one may be up.
        """
        at = self.renewed.get(name)
        if at is None or name not in self.now.smscs:
            return False
        kinds = {_links_of(t.smscs.get(name)) for t in self.since(at)}
        smscs = [t.smscs.get(name) for t in self.since(at - 1e-6)]
        least = min((each.sessions if each is not None else 0 for each in smscs), default=0)
        return len(kinds) == 1 and least >= 2 and name not in self.away

    def was_hurried(self, name: str, at: float) -> bool:
        """Whether an SMSC came back since ``at`` while it was drained: then it is unbound."""
        has = [name in term.smscs for term in self.since(at)]
        return any(back and not before for before, back in pairwise(has))

    def credentials(self, name: str) -> set[tuple[str, str]]:
        """All with which an SMSC was ever bound to."""
        smscs = (t.smscs[name] for t in self._terms if name in t.smscs)
        return {(each.system_id, each.password) for each in smscs}

    def _of_pools(
        self, request: Request, at: float, value: Callable[[PoolSettings], T]
    ) -> list[T]:
        """A value of the pools that a message may go to since ``at``."""
        pools = set(self.pools_for(request, at))
        return [
            value(pool)
            for term in self.since(at)
            for pool in term.settings.pool
            if pool.name in pools
        ]

    def most_attempts(self, request: Request, at: float) -> int:
        """How often a message may have been sent since ``at``."""
        return max(self._of_pools(request, at, lambda pool: pool.max_attempts), default=1)

    def retried(self, request: Request, at: float) -> set[int]:
        """After which answers a message may have been tried again since ``at``."""
        found = self._of_pools(request, at, lambda pool: pool.retry_on)
        return {status for statuses in found for status in statuses}

    def resubmits(self, request: Request, at: float) -> bool:
        """Whether a message that was lost may have been sent again since ``at``."""
        return "resubmit" in self._of_pools(request, at, lambda pool: pool.on_link_loss)

    # All

    def stayed(self, at: float) -> bool:
        """Whether the settings are those of ``at``."""
        return len(self.since(at)) == 1

    def notices_in(self, smsc: str) -> float:
        """Seconds in which a session that says nothing is noticed, by the settings now.

        :param smsc: its name, where it is a session with an SMSC.
        """
        asks: GateSettings | SmscSettings = self.now.settings.gate
        if smsc:
            if smsc not in self.now.smscs:
                return FAR_OFF
            asks = self.now.smscs[smsc]
        return asks.enquire_link + asks.enquire_link_timeout if asks.enquire_link else FAR_OFF

    def without_smsc(self, at: float) -> set[int]:
        """The statuses of messages that no SMSC could take since ``at``."""
        return {term.settings.gate.no_member_status for term in self.since(at)}

    def had_room(self, at: float) -> bool:
        """Whether there was memory for all that could wait, at all times since ``at``."""
        return self.has_all(at, lambda term: term.settings.gate.hold_octets > _MUCH)

    def affinity_ttl(self, at: float) -> float:
        """The shortest time that what belongs together was known for since ``at``."""
        return min(term.settings.gate.affinity_ttl for term in self.since(at))

    def acknowledged_unmatched(self, at: float) -> bool:
        """Whether receipts without a return path were acknowledged at any time since ``at``."""
        return any(t.settings.gate.unmatched_receipts == "ack" for t in self.since(at))

    def inactivity(self, at: float) -> float:
        """The least time after which a session without requests was unbound since ``at``."""
        times = [term.settings.gate.inactivity_timeout for term in self.since(at)]
        return min((each for each in times if each), default=FAR_OFF)

    def answered_by(self) -> float:
        """The longest that any request could take."""
        return max(term.settings.gate.response_timeout for term in self._terms)


def _pool_of(term: Term, name: str) -> tuple[PoolSettings | None, tuple[tuple[str, int], ...]]:
    pool = next((each for each in term.settings.pool if each.name == name), None)
    return pool, tuple(term.weights.get(name, {}).items())


def _weights(pool: PoolSettings, settings: Settings) -> Iterator[tuple[str, int]]:
    usual = {smsc.name: smsc.weight for smsc in settings.smsc}
    for each in (*pool.members, *pool.backup):
        if isinstance(each, str):
            yield each, usual[each]
        else:
            yield each.smsc, usual[each.smsc] if each.weight is None else each.weight


def _bind_status(term: Term, system_id: str, password: str) -> int:
    esme = term.esmes.get(system_id)
    if esme is None:
        return UNKNOWN_NAME
    is_right = esme.auth == "smsc" or password_of(esme) == password
    return 0 if is_right else WRONG_PASSWORD


def _links_of(smsc: SmscSettings | None) -> tuple[Any, ...] | None:
    """What the links of an SMSC depend on."""
    if smsc is None:
        return None
    return (
        smsc.endpoint,
        smsc.receive_endpoint,
        smsc.system_id,
        smsc.password,
        smsc.system_type,
        smsc.bind,
        smsc.sessions,
        smsc.interface_version,
        smsc.addr_ton,
        smsc.addr_npi,
        smsc.address_range,
    )
