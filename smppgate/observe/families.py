"""`FAMILIES`: all metrics, in the order in which they are written.

Names are ``smppgate_…`` with the unit as suffix. What has labels of the configuration has a sample
for each account, SMSC and pool, from the first scrape on and after each reload; there is none for
each session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from smppgate.gate.observation import condition_of
from smppgate.gate.peers.node import Node
from smppgate.gate.state import LINK_CONDITIONS, PEER_STATES
from smppgate.gate.submit.room import Line
from smppgate.observe.family import (
    AnyFamily,
    Distribution,
    Family,
    HistogramFamily,
    Joining,
    Row,
    Scrape,
)
from smppgate.observe.lag import BOUNDS
from smppgate.routing.admin_state import AdminState
from smppgate.routing.esmes.account import BIND_KINDS, Account
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.load import LOST, TIMED_OUT
from smppgate.routing.smscs.smsc import Smsc
from smppgate.routing.tally import LATENCY_BOUNDS, OTHER, SmscTally, Tally
from smppgate.store import StoreStatistics
from smppgate.txsmpp.constants import CommandStatus, command_name
from smppgate.version import installed_version

Accounts = Iterator[tuple[str, Account[EsmeSession]]]

_STATUS_NAMES = {int(status): status.name for status in CommandStatus} | {OTHER: "other"}


def status_name(command_status: int) -> str:
    """The specification's name of a command_status, else its number; ``other`` for `OTHER`."""
    return _STATUS_NAMES.get(command_status) or f"0x{command_status:08X}"


def _accounts(scrape: Scrape) -> Accounts:
    for name, service in tuple(scrape.parts.accounts.items()):
        yield name, service.account


def _smscs(scrape: Scrape) -> Iterator[Smsc]:
    for service in tuple(scrape.parts.smscs.values()):
        yield service.smsc


def _counts(name: str, tally: Tally) -> Iterator[Row]:
    for command_id, command_status, count in tally.counts():
        yield (name, command_name(command_id), status_name(command_status)), count


def _account_messages(scrape: Scrape) -> Iterator[Row]:
    for name, account in _accounts(scrape):
        yield from _counts(name, account.tally)


def _account_over_rate(scrape: Scrape) -> Iterator[Row]:
    for name, account in _accounts(scrape):
        yield (name,), account.tally.over_rate


def _account_sessions(scrape: Scrape) -> Iterator[Row]:
    everyone = scrape.parts.router.accounts
    for name, account in _accounts(scrape):
        counts = dict.fromkeys(BIND_KINDS.values(), 0)
        for each in everyone.derived(account):
            for session in each.sessions:
                counts[session.kind] += 1
        for kind, count in counts.items():
            yield (name, kind), count


def _smsc_messages(scrape: Scrape) -> Iterator[Row]:
    for smsc in _smscs(scrape):
        yield from _counts(smsc.name, smsc.tally)


def _smsc_unanswered(scrape: Scrape) -> Iterator[Row]:
    for smsc in _smscs(scrape):
        # Those of other nodes are counted there.
        yield (smsc.name, "timed_out"), smsc.timed_out - smsc.for_others[TIMED_OUT]
        yield (smsc.name, "lost"), smsc.lost - smsc.for_others[LOST]


def _smsc_latency(scrape: Scrape) -> Iterator[tuple[tuple[str], Distribution]]:
    for smsc in _smscs(scrape):
        yield (smsc.name,), Distribution(*smsc.tally.latencies())


def _receipts(scrape: Scrape) -> Iterator[Row]:
    for smsc in _smscs(scrape):
        for (word, is_matched), count in tuple(smsc.tally.receipts.items()):
            yield (smsc.name, word.decode("ascii"), str(is_matched).lower()), count


_LINK_STATES = (*LINK_CONDITIONS, AdminState.DRAIN.value, AdminState.MAINT.value)
"""What an operator has decided of a link, else what it does."""


def _smsc_links(scrape: Scrape) -> Iterator[Row]:
    for service in tuple(scrape.parts.smscs.values()):
        counts = dict.fromkeys(_LINK_STATES, 0)
        for key in service.keys:
            decided = service.state_of(key)
            is_ready = decided is AdminState.READY
            counts[condition_of(service.link(key)) if is_ready else decided.value] += 1
        for state, count in counts.items():
            yield (service.smsc.name, state), count


def _peers(scrape: Scrape) -> Iterator[Node]:
    peers = scrape.parts.peers
    yield from tuple(peers.nodes.values()) if peers is not None else ()


def _peer_states(scrape: Scrape) -> Iterator[Row]:
    for node in _peers(scrape):
        for state in PEER_STATES:
            yield (node.name, state), int(node.state == state)


def _peer_messages(scrape: Scrape) -> Iterator[Row]:
    for node in _peers(scrape):
        yield (node.name, "sent"), node.counts.sent
        yield (node.name, "taken"), node.counts.taken
        yield (node.name, "returned"), node.counts.returned


def _asked_paths(scrape: Scrape) -> Iterator[Row]:
    peers = scrape.parts.peers
    if peers is not None:
        yield (), peers.asking.found


def _each_smsc(value: Callable[[Smsc], float]) -> Callable[[Scrape], Iterator[Row]]:
    return lambda scrape: (((smsc.name,), value(smsc)) for smsc in _smscs(scrape))


def _outstanding_here(smsc: Smsc) -> int:
    """What is on links of this process; another tells of what is on its own."""
    return max(0, smsc.outstanding - sum(len(each.outstanding) for each in smsc.remote))


def _tallied(value: Callable[[SmscTally], float]) -> Callable[[Scrape], Iterator[Row]]:
    return _each_smsc(lambda smsc: value(smsc.tally))


def _ejected(scrape: Scrape) -> Iterator[Row]:
    for name, pool in tuple(scrape.parts.router.pools.items()):
        for member in pool.members:
            yield (name, member.smsc.name), float(member.health.ejection is not None)


def _pool_up(scrape: Scrape) -> Iterator[Row]:
    for name, pool in tuple(scrape.parts.router.pools.items()):
        yield (name,), float(pool.is_up)


def _waiting(value: Callable[[Line, float], float]) -> Callable[[Scrape], Iterator[Row]]:
    def rows(scrape: Scrape) -> Iterator[Row]:
        nothing = Line(0, 0, scrape.now)
        for name, pool in tuple(scrape.parts.router.pools.items()):
            yield (name,), value(scrape.lines.get(pool, nothing), scrape.now)

    return rows


def _queued(scrape: Scrape) -> Iterator[Row]:
    for account, queue in tuple(scrape.parts.router.queues.items()):
        yield (account.system_id,), queue.stored


def _queue_ended(scrape: Scrape) -> Iterator[Row]:
    for account, queue in tuple(scrape.parts.router.queues.items()):
        counts = queue.statistics()
        for outcome in ("delivered", "refused", "dropped", "expired"):
            yield (account.system_id, outcome), getattr(counts, outcome)


def _routed(scrape: Scrape) -> Iterator[Row]:
    routes = scrape.parts.router.routes
    for route in routes.all if routes is not None else ():
        yield (route.label,), route.messages


def _rewritten(scrape: Scrape) -> Iterator[Row]:
    messages: Counter[tuple[str, str]] = Counter()
    for rule in scrape.parts.router.transform.rewriting.all:
        # Rules without a name are called the same.
        messages[rule.kind, rule.label] += rule.messages
    yield from messages.items()


def _store(value: Callable[[StoreStatistics], float]) -> Callable[[Scrape], Iterable[Row]]:
    return _one(lambda scrape: value(scrape.store))


def _store_paths(scrape: Scrape) -> Iterator[Row]:
    yield ("memory",), scrape.store.paths_recent
    yield ("disk",), scrape.store.paths_on_disk


def _store_servers(scrape: Scrape) -> Iterator[Row]:
    store = scrape.store
    if store.servers:
        yield ("up",), store.servers_up
        yield ("down",), store.servers - store.servers_up


def _of_servers(value: Callable[[StoreStatistics], float]) -> Callable[[Scrape], Iterator[Row]]:
    """What only a store with servers counts."""

    def rows(scrape: Scrape) -> Iterator[Row]:
        if scrape.store.servers:
            yield (), value(scrape.store)

    return rows


LIMIT_HITS, CONNECTIONS = "smppgate_limit_hits_total", "connections"
"""The name of a family, and what it says of connections that are cut."""

_LIMITS = {
    "window": "throttled",
    "rate": "over_rate",
    "smsc_rate": "paused",
    "hold": "hold_expired",
    CONNECTIONS: "connections_refused",
}
"""The limit → which count of `Events` says how often it was hit."""


def _limit_hits(scrape: Scrape) -> Iterator[Row]:
    for limit, count in _LIMITS.items():
        yield (limit,), getattr(scrape.events, count)


def _hooks(what: str) -> Callable[[Scrape], Iterator[Row]]:
    """A count of each method of hooks."""

    def rows(scrape: Scrape) -> Iterator[Row]:
        for kind, count in scrape.parts.router.hooks.counts.items():
            yield (kind,), getattr(count, what)

    return rows


def _waiting_for_hooks(scrape: Scrape) -> Iterator[Row]:
    for kind, count in scrape.parts.router.hooks.waiting.items():
        yield (kind,), count


def _one(value: Callable[[Scrape], float]) -> Callable[[Scrape], Iterable[Row]]:
    return lambda scrape: (((), value(scrape)),)


def _of_events(name: str) -> Callable[[Scrape], Iterable[Row]]:
    return _one(lambda scrape: float(getattr(scrape.events, name)))


def _lag(scrape: Scrape) -> Iterator[tuple[tuple[()], Distribution]]:
    yield (), Distribution(tuple(scrape.lag.counts), scrape.lag.sum)


def _build(_: Scrape) -> Iterable[Row]:
    return (((installed_version() or "unknown",), 1.0),)


def _counter(
    name: str, about: str, rows: Callable[[Scrape], Iterable[Row]], *labels: str
) -> Family:
    """What is counted, of several workers together too."""
    return Family(f"smppgate_{name}_total", "counter", about, labels, rows, Joining.SUM)


def _gauge(
    name: str,
    about: str,
    rows: Callable[[Scrape], Iterable[Row]],
    *labels: str,
    joining: Joining = Joining.SUM,
) -> Family:
    return Family(f"smppgate_{name}", "gauge", about, labels, rows, joining)


FAMILIES: tuple[AnyFamily, ...] = (
    _gauge(
        "build_info", "1, with the version of the gate.", _build, "version", joining=Joining.MOST
    ),
    _counter(
        "account_messages",
        "Requests that an account was answered, and that it answered.",
        _account_messages,
        *("account", "command", "status"),
    ),
    _counter(
        "account_over_rate",
        "Messages of an account that came over its rate.",
        _account_over_rate,
        "account",
    ),
    _gauge(
        "account_sessions",
        "Sessions of an account that are bound.",
        _account_sessions,
        *("account", "bind"),
    ),
    _counter(
        "smsc_messages",
        "Requests that an SMSC answered, and that it was answered.",
        _smsc_messages,
        *("smsc", "command", "status"),
    ),
    _counter(
        "smsc_unanswered",
        "Requests that an SMSC did not answer in time, or whose link was lost.",
        _smsc_unanswered,
        *("smsc", "reason"),
    ),
    HistogramFamily(
        "smppgate_smsc_latency_seconds",
        "Time from a request to the answer of its SMSC.",
        ("smsc",),
        LATENCY_BOUNDS,
        _smsc_latency,
        Joining.SUM,
    ),
    _counter(
        "receipts",
        "Receipts of an SMSC, and whether their message was known.",
        _receipts,
        *("smsc", "state", "matched"),
    ),
    _gauge("smsc_links", "Links to an SMSC.", _smsc_links, "smsc", "state"),
    _gauge(
        "smsc_outstanding",
        "Requests that an SMSC has not answered.",
        _each_smsc(_outstanding_here),
        "smsc",
    ),
    _gauge(
        "smsc_window",
        "The most requests that it may have unanswered now, on all its links.",
        _each_smsc(lambda smsc: smsc.capacity if smsc.bound else 0),
        "smsc",
    ),
    _gauge(
        "smsc_ejected",
        "1 while a pool has ejected an SMSC.",
        _ejected,
        "pool",
        "smsc",
        joining=Joining.MOST,
    ),
    _counter(
        "smsc_binds", "Links to an SMSC that were bound.", _tallied(lambda t: t.binds), "smsc"
    ),
    _counter(
        "smsc_links_lost",
        "Links to an SMSC that were bound and have ended.",
        _tallied(lambda t: t.losses),
        "smsc",
    ),
    _counter(
        "smsc_link_failures",
        "Tries to connect or bind a link without success.",
        _tallied(lambda t: t.failures),
        "smsc",
    ),
    _counter(
        "smsc_paused",
        "How often an SMSC had been sent as many messages as its rates allow.",
        _tallied(lambda t: t.paused),
        "smsc",
    ),
    _gauge(
        "pool_up",
        "1 while a pool has an SMSC that is bound.",
        _pool_up,
        "pool",
        joining=Joining.MOST,
    ),
    _gauge(
        "waiting_messages",
        "Messages that wait for an SMSC of a pool.",
        _waiting(lambda line, _: line.count),
        "pool",
    ),
    _gauge(
        "waiting_oldest_seconds",
        "How long the oldest of them has waited.",
        _waiting(lambda line, now: now - line.since),
        "pool",
        joining=Joining.MOST,
    ),
    _gauge("queue_messages", "Messages in the queue of an account.", _queued, "account"),
    _counter(
        "queue_ended",
        "Messages that a queue has no more, or did not take.",
        _queue_ended,
        *("account", "outcome"),
    ),
    _counter("route_messages", "Messages that a route was chosen for.", _routed, "route"),
    _counter(
        "rewrite_messages",
        "Messages that rules were applied to.",
        _rewritten,
        *("applies_to", "rule"),
    ),
    _gauge(
        "peer_state",
        "1 for the state that a peer is in.",
        _peer_states,
        "peer",
        "state",
        joining=Joining.NONE,
    ),
    _counter(
        "peer_messages",
        "Messages that went to a peer or came from it, and those that no session took.",
        _peer_messages,
        *("peer", "direction"),
    ),
    _counter("peer_paths_found", "Return paths that a peer had.", _asked_paths),
    _gauge("store_paths", "Return paths in the store.", _store_paths, "place"),
    _gauge("store_octets", "Size of the store's files.", _store(lambda s: s.octets)),
    _gauge("store_unsaved", "Return paths still to be written.", _store(lambda s: s.unsaved)),
    _counter(
        "store_forgotten",
        "Return paths dropped before they expired, because a limit was reached.",
        _store(lambda s: s.forgotten),
    ),
    _gauge("store_servers", "Servers that keep what is kept.", _store_servers, "state"),
    _counter(
        "store_unconfirmed",
        "Return paths whose messages were answered before a server had confirmed them.",
        _of_servers(lambda s: s.unconfirmed),
    ),
    _counter(
        "store_unremoved",
        "Messages that another node had before they could be removed: it sends them again.",
        _of_servers(lambda s: s.unremoved),
    ),
    _counter(
        "store_failures", "Operations of the store that failed.", _store(lambda s: s.failures)
    ),
    _gauge(
        "open_exchanges",
        "Requests without an answer, in both directions.",
        _one(lambda scrape: scrape.parts.router.open_exchanges),
    ),
    _counter("retries", "Messages that went on to another SMSC.", _of_events("retried")),
    _counter("waited", "Requests that had to wait for an SMSC.", _of_events("waited")),
    _counter("limit_hits", "How often a limit was hit.", _limit_hits, "limit"),
    _counter("turned_down", "Requests that no SMSC could take.", _of_events("turned_down")),
    _counter("rejected", "Messages that no route or hook let pass.", _of_events("rejected")),
    _counter("hook_questions", "What hooks were asked about.", _hooks("asked"), "hook"),
    _counter("hook_refusals", "What of that was refused.", _hooks("refused"), "hook"),
    _counter("hook_failures", "Hooks that failed or were late.", _hooks("failed"), "hook"),
    _gauge(
        "hook_waiting",
        "What waits for a hook, or behind what does.",
        _waiting_for_hooks,
        "hook",
    ),
    _counter(
        "undeliverable",
        "Requests of SMSCs that no ESME and no queue could take.",
        _of_events("undeliverable"),
    ),
    _counter(
        "unanswered",
        "Requests, in both directions, whose origin was told of no answer.",
        _of_events("failed"),
    ),
    _counter("late_answers", "Answers that came after that.", _of_events("late")),
    _counter("stray_answers", "Answers to no request.", _of_events("strays")),
    _counter("ejections", "How often pools have ejected members.", _of_events("ejected")),
    _counter(
        "splits",
        "Long messages and dialogues that went on elsewhere as their SMSC was gone.",
        _of_events("split"),
    ),
    _counter(
        "refused_binds",
        "Binds of ESMEs that were refused.",
        _one(lambda scrape: scrape.counting.refused_binds),
    ),
    _counter(
        "log_lines_lost",
        "Lines of the message log and of CDRs that could not be written.",
        lambda scrape: (((name,), count) for name, count in scrape.lost_lines.items()),
        "log",
    ),
    HistogramFamily(
        "smppgate_reactor_lag_seconds",
        "How late the gate's timers fire.",
        (),
        BOUNDS,
        _lag,
        Joining.EACH,
    ),
)
"""All metrics of the gate's own."""
