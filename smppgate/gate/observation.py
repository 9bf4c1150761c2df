"""`Observation`: makes the records of a running gate, see `smppgate.gate.state`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smppgate.gate.hooks.hooking import Hooking
from smppgate.gate.parts import Parts
from smppgate.gate.peers.node import Node
from smppgate.gate.peers.peers import Peers
from smppgate.gate.relay.events import Events
from smppgate.gate.sessions.addresses import shown_address
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.links import SmscLink
from smppgate.gate.smsc_service import LinkKey, SmscService
from smppgate.gate.state import (
    AccountState,
    GatewayState,
    HookState,
    LinkState,
    ListenerState,
    MemberState,
    PeerState,
    PoolState,
    QueueState,
    RelatedState,
    RewriteState,
    RouteState,
    SessionState,
    SmscState,
)
from smppgate.gate.submit.room import Line
from smppgate.routing.esmes.account import Account
from smppgate.routing.limits.token_bucket import Rate, TokenBucket
from smppgate.routing.routes.table import Routes
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.load import LOST, REFUSED, TAKEN, TIMED_OUT
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.store import StoreStatistics

Lines = Mapping[Pool | Smsc, Line]


class Observation:
    """A gate at one moment, part by part: who has many of them makes them a few at a time.

    What there is, is looked at when a method is called; each record is made when it is asked for.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def state(self) -> GatewayState:
        """All of it."""
        parts = self._parts
        return GatewayState(
            is_stopping=self.is_stopping,
            open_exchanges=parts.router.open_exchanges,
            listeners=tuple(self.listeners()),
            accounts=tuple(self.accounts()),
            smscs=tuple(self.smscs()),
            pools=tuple(self.pools()),
            routes=tuple(self.routes()),
            unrouted=self.unrouted,
            rewrites=tuple(self.rewrites()),
            hooks=tuple(self.hooks()),
            queues=tuple(self.queues()),
            peers=tuple(self.peers()),
            related=self.related(),
            store=self.store(),
            configuration=parts.settings,
        )

    @property
    def is_stopping(self) -> bool:
        """Whether a stop is under way."""
        return self._parts.router.is_draining

    @property
    def open_exchanges(self) -> int:
        """Requests without an answer, in both directions."""
        return self._parts.router.open_exchanges

    @property
    def unrouted(self) -> int:
        """Messages for which no route held."""
        routes = self._parts.router.routes
        return routes.unrouted if routes is not None else 0

    @property
    def is_serving(self) -> bool:
        """Whether the store is open, ESMEs can connect, and a link to an SMSC is bound."""
        return self.is_open and self.is_linked

    @property
    def is_open(self) -> bool:
        """Whether the store is open, and ESMEs can connect."""
        parts = self._parts
        if self.is_stopping or not parts.router.is_ready:
            return False
        return any(address is not None for _, address, _ in parts.listeners.open_to_esmes())

    @property
    def is_linked(self) -> bool:
        """Whether a link to an SMSC is bound."""
        return any(service.smsc.bound for service in self._parts.smscs.values())

    def events(self) -> Events:
        """The counts of what happened."""
        return self._parts.router.events

    def listeners(self) -> Iterator[ListenerState]:
        """The listeners for ESMEs, in the order of the settings."""
        return _listeners(self._parts)

    def accounts(self) -> Iterator[AccountState]:
        """The accounts, those derived from the wildcard's too."""
        accounts = list(self._parts.router.accounts)
        return (_account(self._parts, account) for account in accounts)

    def sessions(self) -> Iterator[SessionState]:
        """The sessions that are bound, account by account."""
        now = self._parts.clock.monotonic()
        sessions = [each for account in self._parts.router.accounts for each in account.sessions]
        return (_session(each, now) for each in sessions if isinstance(each, EsmeProtocol))

    def account(self, system_id: str) -> AccountState:
        """One account: of the configuration, or derived from the wildcard and with sessions.

        :raises KeyError: when there is none of that name.
        """
        accounts, name = self._parts.router.accounts, octets_of(system_id)
        account = accounts.configured(name) or accounts.named(name)
        if account is None:
            raise KeyError(system_id)
        return _account(self._parts, account)

    def session(self, session_id: int) -> SessionState:
        """One session.

        :raises KeyError: when none with that number is bound.
        """
        return _session(bound_session(self._parts, session_id), self._parts.clock.monotonic())

    def smsc(self, name: str) -> SmscState:
        """One SMSC.

        :raises KeyError: when there is none of that name.
        """
        parts = self._parts
        now = parts.clock.monotonic()
        return _smsc(parts.smscs[name], parts.router.waiting_room.lines(), now)

    def links(self) -> Iterator[LinkState]:
        """The links, SMSC by SMSC."""
        now = self._parts.clock.monotonic()
        for service in list(self._parts.smscs.values()):
            for key in service.keys:
                yield _link(service, key, now)

    def link(self, link_id: str) -> LinkState:
        """One link.

        :raises KeyError: when there is none of that name.
        """
        service, key = key_of_link(self._parts, link_id)
        return _link(service, key, self._parts.clock.monotonic())

    def queue(self, system_id: str) -> QueueState:
        """One queue.

        :raises KeyError: when there is no account of that name, or it has no queue.
        """
        for queue in self.queues():
            if queue.system_id == system_id:
                return queue
        raise KeyError(system_id)

    def smscs(self) -> Iterator[SmscState]:
        """The SMSCs, in the order of the settings."""
        parts = self._parts
        lines, now = parts.router.waiting_room.lines(), parts.clock.monotonic()
        return (_smsc(service, lines, now) for service in list(parts.smscs.values()))

    def pools(self) -> Iterator[PoolState]:
        """The pools, in the order of the settings."""
        return _pools(self._parts, self._parts.router.waiting_room.lines())

    def routes(self) -> Iterator[RouteState]:
        """The routes, in their order."""
        return _routes(self._parts.router.routes)

    def rewrites(self) -> Iterator[RewriteState]:
        """The rules that rewrite messages, in their order."""
        for rule in self._parts.router.transform.rewriting.all:
            yield RewriteState(label=rule.label, applies_to=rule.kind, messages=rule.messages)

    def hooks(self) -> Iterator[HookState]:
        """The methods of hooks that are asked."""
        return _hooks(self._parts.router.hooks)

    def queues(self) -> Iterator[QueueState]:
        """The queues of accounts that have one."""
        return _queues(self._parts)

    def peers(self) -> Iterator[PeerState]:
        """The other nodes, in the order of the settings."""
        peers = self._parts.peers
        if peers is None:
            return iter(())
        return (_peer(peers, node) for node in list(peers.nodes.values()))

    def related(self) -> RelatedState:
        """Long messages and dialogues."""
        return _related(self._parts)

    def store(self) -> StoreStatistics:
        """What the store holds."""
        return self._parts.router.return_paths.store.statistics()


def octets_of(system_id: str) -> bytes:
    """A system_id as it is on the wire.

    :raises KeyError: for one that no account can have.
    """
    try:
        return system_id.encode("latin-1")
    except UnicodeEncodeError:
        raise KeyError(system_id) from None


def key_of_link(parts: Parts, link_id: str) -> tuple[SmscService, LinkKey]:
    """The SMSC of a link, and what it calls the link.

    :raises KeyError: when there is none of that name.
    """
    service = parts.smscs[link_id.rsplit("-", 2)[0]]
    for key in service.keys:
        if service.id_of(key) == link_id:
            return service, key
    raise KeyError(link_id)


def bound_session(parts: Parts, session_id: int) -> EsmeProtocol:
    """The session of that number.

    :raises KeyError: when none is bound.
    """
    for session in parts.esme_sessions():
        if session.id == session_id and session.account is not None:
            return session
    raise KeyError(session_id)


def _listeners(parts: Parts) -> Iterator[ListenerState]:
    for listener in parts.listeners.for_esmes():
        address, factory = listener.address, listener.factory
        yield ListenerState(
            endpoint=listener.description,
            address=shown_address(address) if address is not None else "",
            sessions=len(factory.sessions),
            unbound=factory.strangers.unbound,
            refused=factory.refused,
            delayed=factory.strangers.delayed,
            certificate=listener.certificate,
        )


def _account(parts: Parts, account: Account[EsmeSession]) -> AccountState:
    policy, queue = account.policy, parts.router.queues.get(account)
    rates, now = policy.rates, parts.clock.monotonic()
    return AccountState(
        system_id=account.system_id,
        state=account.state.value,
        pool=policy.pool.name if policy.pool is not None else "",
        window=policy.window,
        max_binds=policy.max_binds,
        sessions=tuple(
            _session(session, now)
            for session in account.sessions
            if isinstance(session, EsmeProtocol)
        ),
        rate=_per_second(rates.account) if rates is not None else 0.0,
        session_rate=_per_second(rates.session) if rates is not None else 0.0,
        tokens=_tokens(account.limit.bucket, now) if rates is not None else None,
        waiting=parts.router.waiting_room.count_of(account.system_id.encode("latin-1")),
        over_rate=parts.router.waiting_room.count_over_rate(account.limit),
        queued=queue.stored if queue is not None else None,
        messages=account.tally.messages,
        errors=account.tally.errors,
    )


def _session(session: EsmeProtocol, now: float) -> SessionState:
    limit = session.limit if session.policy.rates is not None else None
    return SessionState(
        id=session.id,
        account=session.account.system_id if session.account is not None else "",
        peer=session.where,
        bind=session.kind,
        version=session.version.name,
        since=session.bound_at,
        open=session.unanswered,
        outstanding=len(session.outstanding),
        writable=session.writable,
        tokens=_tokens(limit.bucket, now) if limit is not None else None,
        limited_by=limit.limited_by(now) if limit is not None else "",
    )


def _per_second(rate: Rate | None) -> float:
    return rate.per_second if rate is not None else 0.0


def _tokens(bucket: TokenBucket | None, now: float) -> float | None:
    return bucket.tokens(now) if bucket is not None else None


def _smsc(service: SmscService, lines: Lines, now: float) -> SmscState:
    smsc = service.smsc
    limits = smsc.limits
    line = lines.get(smsc)
    return SmscState(
        name=smsc.name,
        state=smsc.state.value,
        tag=smsc.tag.decode("latin-1"),
        weight=smsc.weight,
        window=smsc.window,
        outstanding=smsc.outstanding,
        overdue=smsc.overdue,
        capacity=smsc.capacity,
        utilization=smsc.utilization(now),
        rate=service.settings.rate,
        link_rate=service.settings.link_rate,
        adaptive_rate=limits.overall.slowed_to(now) if limits is not None else 0.0,
        tokens=_tokens(limits.overall.bucket, now) if limits is not None else None,
        limited_by=limits.limited_by if limits is not None else "",
        errors=smsc.errors,
        latency=smsc.latency,
        bind_errors=smsc.bind_errors,
        taken=smsc.taken - smsc.for_others[TAKEN],
        refused=smsc.refused - smsc.for_others[REFUSED],
        timed_out=smsc.timed_out - smsc.for_others[TIMED_OUT],
        lost=smsc.lost - smsc.for_others[LOST],
        waiting=line.count if line is not None else 0,
        remote=tuple(str(getattr(each, "node", "")) for each in smsc.remote),
        links=tuple(_link(service, key, now) for key in service.keys),
    )


def _link(service: SmscService, key: LinkKey, now: float) -> LinkState:
    link, limits = service.link(key), service.smsc.limits
    session = link.session if link is not None else None
    return LinkState(
        id=service.id_of(key),
        name=service.name_of(key),
        smsc=service.smsc.name,
        endpoint=link.config.endpoint if link is not None else "",
        state=service.state_of(key).value,
        condition=condition_of(link),
        since=session.bound_at if session is not None and session.is_attached else 0.0,
        outstanding=len(session.outstanding) if session is not None else 0,
        overdue=session.outstanding.overdue if session is not None else 0,
        open=session.unanswered if session is not None and not session.has_ended else 0,
        tokens=limits.tokens(session, now) if limits is not None else None,
        last_error=link.config.last_error if link is not None else "",
    )


def condition_of(link: SmscLink | None) -> str:
    """See `LinkState.condition`."""
    if link is None:
        return "down"
    if not link.is_bound:
        return "waiting" if link.is_waiting else "connecting"
    return "unbinding" if link.session is not None and link.session.unbinding else "bound"


def _pools(parts: Parts, lines: Lines) -> Iterator[PoolState]:
    now = parts.clock.monotonic()
    balancers = {pool.name: pool.balance for pool in parts.settings.pool}
    for name, pool in list(parts.router.pools.items()):
        line = lines.get(pool, Line(0, 0, now))
        yield PoolState(
            name=name,
            balance=balancers.get(name, ""),
            members=tuple(_member(pool, member, now) for member in pool.members),
            is_up=pool.is_up,
            utilization=pool.utilization(now),
            waiting=line.count,
            waiting_octets=line.octets,
            waiting_seconds=now - line.since,
            retries=pool.health.budget.retries,
            retries_refused=pool.health.budget.refused,
        )


def _member(pool: Pool, member: Member, now: float) -> MemberState:
    ejection = member.health.ejection
    return MemberState(
        name=member.smsc.name,
        weight=member.whole_weight,
        is_backup=member.is_backup,
        is_active=member in pool.active,
        reason=member.reason(),
        ejected_for=max(0.0, ejection.until - now) if ejection is not None else 0.0,
        ejections=member.health.count,
        slow_start=member.factor,
    )


def _peer(peers: Peers, node: Node) -> PeerState:
    counts = node.counts
    return PeerState(
        name=node.name,
        endpoint=node.endpoint,
        state=node.state,
        since=node.up_at,
        sessions=peers.elsewhere.count(node.incoming) if node.incoming is not None else 0,
        sent=counts.sent,
        taken=counts.taken,
        returned=counts.returned,
        differs=node.differs,
        last_error=node.last_error,
    )


def _related(parts: Parts) -> RelatedState:
    router = parts.router
    return RelatedState(
        known=len(router.related), octets=router.related.octets, split=router.events.split
    )


def _hooks(hooks: Hooking) -> Iterator[HookState]:
    waiting = hooks.waiting
    for kind in hooks.kinds:
        count = hooks.counts[kind]
        yield HookState(
            name=kind,
            factory=hooks.name,
            asked=count.asked,
            refused=count.refused,
            failed=count.failed,
            waiting=waiting[kind],
        )


def _routes(routes: Routes | None) -> Iterator[RouteState]:
    for route in routes.all if routes is not None else ():
        pools = dict.fromkeys(pool.name for target in route.leads.targets for pool in target.pools)
        yield RouteState(label=route.label, pools=tuple(pools), messages=route.messages)


def _queues(parts: Parts) -> Iterator[QueueState]:
    for account, queue in list(parts.router.queues.items()):
        counts = queue.statistics()
        yield QueueState(
            system_id=account.system_id,
            queued=counts.queued,
            delivered=counts.delivered,
            refused=counts.refused,
            dropped=counts.dropped,
            expired=counts.expired,
        )
