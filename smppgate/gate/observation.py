"""`observed`: makes the record of a running gate, see `smppgate.gate.state`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smppgate.gate.parts import Parts
from smppgate.gate.sessions.addresses import shown_address
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.links import SmscLink
from smppgate.gate.smsc_service import LinkKey, SmscService
from smppgate.gate.state import (
    AccountState,
    GatewayState,
    LinkState,
    ListenerState,
    MemberState,
    PoolState,
    QueueState,
    RelatedState,
    RouteState,
    SessionState,
    SmscState,
)
from smppgate.gate.submit.room import Line
from smppgate.routing.admin_state import AdminState
from smppgate.routing.esmes.account import Account
from smppgate.routing.limits.token_bucket import Rate, TokenBucket
from smppgate.routing.routes.table import Routes
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc

Lines = Mapping[Pool | Smsc, Line]


def observed(parts: Parts) -> GatewayState:
    """The gate of these parts as it is now."""
    router = parts.router
    lines, now = router.waiting_room.lines(), parts.clock.monotonic()
    return GatewayState(
        is_stopping=router.is_draining,
        open_exchanges=router.open_exchanges,
        listeners=tuple(_listeners(parts)),
        accounts=tuple(_account(parts, account) for account in router.accounts),
        smscs=tuple(_smsc(service, lines, now) for service in parts.smscs.values()),
        pools=tuple(_pools(parts, lines)),
        routes=tuple(_routes(router.routes)),
        unrouted=router.routes.unrouted if router.routes is not None else 0,
        queues=tuple(_queues(parts)),
        related=_related(parts),
        store=router.return_paths.store.statistics(),
        configuration=parts.settings,
    )


def _listeners(parts: Parts) -> Iterator[ListenerState]:
    for endpoint, address, factory in parts.listeners.open_to_esmes():
        yield ListenerState(
            endpoint=endpoint,
            address=shown_address(address) if address is not None else "",
            sessions=len(factory.sessions),
            unbound=factory.strangers.unbound,
            refused=factory.refused,
            delayed=factory.strangers.delayed,
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
    )


def _session(session: EsmeProtocol, now: float) -> SessionState:
    limit = session.limit if session.policy.rates is not None else None
    return SessionState(
        address=session.where,
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
        taken=smsc.taken,
        refused=smsc.refused,
        timed_out=smsc.timed_out,
        lost=smsc.lost,
        waiting=line.count if line is not None else 0,
        links=tuple(_link(service, key, now) for key in service.keys),
    )


def _link(service: SmscService, key: LinkKey, now: float) -> LinkState:
    link, limits = service.link(key), service.smsc.limits
    session = link.session if link is not None else None
    return LinkState(
        name=service.name_of(key),
        endpoint=link.config.endpoint if link is not None else "",
        state=_link_state(service.state_of(key), link),
        since=session.bound_at if session is not None and session.is_attached else 0.0,
        outstanding=len(session.outstanding) if session is not None else 0,
        open=session.unanswered if session is not None and not session.has_ended else 0,
        tokens=limits.tokens(session, now) if limits is not None else None,
        last_error=link.config.last_error if link is not None else "",
    )


def _link_state(decided: AdminState, link: SmscLink | None) -> str:
    if decided is not AdminState.READY or link is None:
        return decided.value if link is not None else AdminState.MAINT.value
    if not link.is_bound:
        return "connecting"
    return "unbinding" if link.session is not None and link.session.unbinding else "bound"


def _pools(parts: Parts, lines: Lines) -> Iterator[PoolState]:
    now = parts.clock.monotonic()
    balancers = {pool.name: pool.balance for pool in parts.settings.pool}
    for name, pool in parts.router.pools.items():
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


def _related(parts: Parts) -> RelatedState:
    router = parts.router
    return RelatedState(
        known=len(router.related), octets=router.related.octets, split=router.events.split
    )


def _routes(routes: Routes | None) -> Iterator[RouteState]:
    for route in routes.all if routes is not None else ():
        pools = dict.fromkeys(pool.name for target in route.leads.targets for pool in target.pools)
        yield RouteState(label=route.label, pools=tuple(pools), messages=route.messages)


def _queues(parts: Parts) -> Iterator[QueueState]:
    for account, queue in parts.router.queues.items():
        counts = queue.statistics()
        yield QueueState(
            system_id=account.system_id,
            queued=counts.queued,
            delivered=counts.delivered,
            refused=counts.refused,
            dropped=counts.dropped,
            expired=counts.expired,
        )
