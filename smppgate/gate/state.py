"""The gate as it is at one moment: frozen records, made by `Gateway.state`.

Everything that shows a running gate shows these. No record holds a password.
"""

from __future__ import annotations

from attrs import field, frozen

from smppgate.settings import Settings
from smppgate.store import StoreStatistics


@frozen(kw_only=True)
class SessionState:
    """A session with an ESME.

    :ivar id: a number that no other session of this gate has or had.
    :ivar account: the system_id of its account.
    :ivar peer: the peer's address, with its port.
    :ivar bind: ``transmitter``, ``receiver`` or ``transceiver``.
    :ivar version: of SMPP, as settings call it.
    :ivar since: when it was bound; seconds since 1970.
    :ivar open: its requests that the gate has not answered.
    :ivar outstanding: requests to it that it has not answered.
    :ivar writable: whether it reads what it is sent.
    :ivar tokens: messages that it may send at once by its ``session_rate``; None without one, and
        while it has sent none.
    :ivar limited_by: ``rate`` or ``session_rate`` while it may send none now by that; else empty.
    """

    id: int
    account: str
    peer: str
    bind: str
    version: str
    since: float
    open: int
    outstanding: int
    writable: bool
    tokens: float | None = None
    limited_by: str = ""


@frozen(kw_only=True)
class AccountState:
    """An account.

    :ivar state: ``ready`` or ``closed``.
    :ivar sessions: those that are bound, in order of their binds.
    :ivar rate: messages a second that it may send; 0 for any number. ``session_rate``: each of
        its sessions.
    :ivar tokens: messages that it may send at once by its rate; None without one, and while it
        has sent none.
    :ivar waiting: its messages that wait for an SMSC, or because they are over a rate.
    :ivar over_rate: those of them that are over a rate.
    :ivar queued: messages that wait in its queue, see `QueueState`; None where it has none.
    :ivar messages: its messages that were answered, counted while something observes the gate;
        of accounts derived from the wildcard, those of all of them together. ``errors``: those of
        them that were answered with an error.
    """

    system_id: str
    state: str
    pool: str
    window: int
    max_binds: int
    sessions: tuple[SessionState, ...]
    rate: float
    session_rate: float
    tokens: float | None
    waiting: int
    over_rate: int
    queued: int | None = None
    messages: int = 0
    errors: int = 0


LINK_CONDITIONS = ("bound", "waiting", "connecting", "unbinding", "down")
"""What `LinkState.condition` may be."""


@frozen(kw_only=True)
class LinkState:
    """A link to an SMSC.

    :ivar id: the SMSC's name, kind of bind and number; letters, digits, ``.``, ``_`` and ``-``.
    :ivar name: the same, as the log has it.
    :ivar smsc: the SMSC's name.
    :ivar state: what was decided: ``ready``, ``drain`` or ``maint``.
    :ivar condition: ``bound``, ``connecting``, ``unbinding``; ``waiting`` until ``sessions_total``
        has room for it; ``down`` where it is kept away.
    :ivar since: when it was bound; seconds since 1970, 0 while it is not.
    :ivar outstanding: requests that the SMSC has not answered.
    :ivar overdue: those of them whose time is over; a drain waits for the others.
    :ivar open: the SMSC's requests that the gate has not answered.
    :ivar tokens: messages that may be sent on it at once by the SMSC's ``link_rate``; None without
        one, and while none was sent.
    :ivar last_error: why it was lost or not bound last; empty if never.
    """

    id: str
    name: str
    smsc: str
    endpoint: str
    state: str
    condition: str
    since: float
    outstanding: int
    overdue: int
    open: int
    tokens: float | None
    last_error: str


@frozen(kw_only=True)
class SmscState:
    """An SMSC.

    :ivar state: ``ready``, ``drain`` or ``maint``.
    :ivar weight: as it is now, which an operator may have changed.
    :ivar outstanding: requests that it has not answered, on all links.
    :ivar overdue: those of them whose time is over; a drain waits for the others.
    :ivar capacity: the most there may be now, with another message; 0 while its rates allow none.
    :ivar utilization: how much of it is in use, 0 to 1: of its windows, or as it says itself.
    :ivar rate: messages a second that it is sent at the most; 0 for any number. ``link_rate``: on
        each link.
    :ivar tokens: messages that it may be sent at once by its rate; None without one.
    :ivar adaptive_rate: messages a second that it is sent because it throttles more; 0 while it
        does not.
    :ivar limited_by: ``rate``, ``adaptive_rate`` or ``link_rate`` while it may be sent none now by
        that; else empty.
    :ivar errors: its errors of the last ten seconds, which weigh like unanswered requests.
    :ivar latency: seconds from a request to its answer, smoothed.
    :ivar taken: requests that it answered ESME_ROK. Requests that other nodes sent it by way of
        this one are counted there; the same holds of the three that follow.
    :ivar refused: those that it answered with another status.
    :ivar waiting: requests about messages that it has, which wait for room in its window.
    :ivar timed_out: those that it did not answer in time; ``lost`` those whose link was lost.
    :ivar remote: nodes that have links to it; these are used while none of its own is bound.
    """

    name: str
    state: str
    tag: str
    weight: int
    window: int
    outstanding: int
    overdue: int
    capacity: int
    utilization: float
    rate: float
    link_rate: float
    adaptive_rate: float
    tokens: float | None
    limited_by: str
    errors: int
    latency: float
    bind_errors: int
    taken: int
    refused: int
    timed_out: int
    lost: int
    waiting: int
    remote: tuple[str, ...]
    links: tuple[LinkState, ...]


@frozen(kw_only=True)
class MemberState:
    """A seat of an SMSC in a pool.

    :ivar name: of the SMSC.
    :ivar weight: in this pool, as it is now.
    :ivar is_backup: whether it takes messages only while no other member is able.
    :ivar is_active: whether it takes messages now, when it has room.
    :ivar reason: why it is not able to; empty where it is.
    :ivar ejected_for: seconds until its ejection ends at the latest, 0 without one. One that
        stands still may be ejected for longer.
    :ivar ejections: how often it was ejected and is not forgiven.
    :ivar slow_start: the part of its weight that it has.
    """

    name: str
    weight: int
    is_backup: bool
    is_active: bool
    reason: str
    ejected_for: float = 0.0
    ejections: int = 0
    slow_start: float = 1.0


@frozen(kw_only=True)
class PoolState:
    """A pool.

    :ivar members: its backups too, which come last.
    :ivar is_up: whether any of its members can take new messages.
    :ivar utilization: how much of what its active members can take they have, 0 to 1.
    :ivar waiting: messages that wait for one of its SMSCs.
    :ivar waiting_octets: memory that they take.
    :ivar waiting_seconds: how long the oldest of them has waited.
    :ivar retries: messages that were tried again in the last ten seconds.
    :ivar retries_refused: those that were not, because too many others were.
    """

    name: str
    balance: str
    members: tuple[MemberState, ...]
    is_up: bool
    utilization: float
    waiting: int
    waiting_octets: int
    waiting_seconds: float
    retries: int = 0
    retries_refused: int = 0


@frozen(kw_only=True)
class RouteState:
    """A route.

    :ivar label: its name, or where it leads.
    :ivar pools: that messages go to, those that stand in for others last.
    :ivar messages: for how many it was chosen.
    """

    label: str
    pools: tuple[str, ...]
    messages: int


@frozen(kw_only=True)
class RewriteState:
    """A rule that rewrites messages.

    :ivar label: its name, or what it applies to.
    :ivar applies_to: ``submit``, ``deliver`` or ``receipt``.
    :ivar messages: how many it was applied to; each attempt counts of those for an SMSC.
    """

    label: str
    applies_to: str
    messages: int


@frozen
class HookState:
    """A method of the hooks.

    :ivar name: ``on_bind``, ``on_submit``, ``on_deliver`` or ``on_answer``.
    :ivar factory: what has made the hooks.
    :ivar asked: how often it was called since the start of the gate.
    :ivar refused: how often what it was asked about was refused, by it or since it had failed.
    :ivar failed: how often it failed, was late, or decided what cannot be done.
    :ivar waiting: what waits for it now, or behind what does.
    """

    name: str
    factory: str
    asked: int
    refused: int
    failed: int
    waiting: int


@frozen(kw_only=True)
class QueueState:
    """The queue of an account. Of processes that share it each counts its part: they add up.

    :ivar queued: messages that wait; 0 in a process that has not the claim on the queue.
    :ivar refused: those answered ESME_RMSGQFUL because it was full.
    """

    system_id: str
    queued: int
    delivered: int
    refused: int
    dropped: int
    expired: int


@frozen(kw_only=True)
class ListenerState:
    """A listener for ESMEs.

    :ivar address: where it listens; empty while it does not.
    :ivar sessions: connections that are open.
    :ivar unbound: those of them that are not bound.
    :ivar refused: connections that were cut because a limit was reached.
    :ivar delayed: binds that had to wait because of ``bind_rate``, or were refused for it.
    :ivar certificate: whose certificate new connections are shown, and until when it is valid;
        several are separated by ``;``. Empty without TLS.
    """

    endpoint: str
    address: str
    sessions: int
    unbound: int
    refused: int
    delayed: int
    certificate: str = ""


@frozen(kw_only=True)
class RelatedState:
    """Long messages to SMSCs, and dialogues.

    :ivar known: how many of them are known, and ``octets`` the memory that they take.
    :ivar split: those that went on elsewhere because their SMSC was gone.
    """

    known: int
    octets: int
    split: int


@frozen(kw_only=True)
class PeerState:
    """Another node of the gate.

    :ivar name: the node's.
    :ivar endpoint: where this node binds at it.
    :ivar state: ``up`` where each of both is bound at the other; ``partly`` where one is;
        ``refused``, ``down``.
    :ivar since: when it was up; seconds since 1970, 0 while it is not.
    :ivar sessions: with ESMEs, that are bound there.
    :ivar sent: messages that went there for those; ``taken``: those that came from there.
    :ivar returned: those of them that went back, because no session here could be sent them.
    :ivar differs: the tables of its settings that are not as they are here.
    :ivar last_error: why a link to it is not up; empty where both are.
    """

    name: str
    endpoint: str
    state: str
    since: float
    sessions: int
    sent: int
    taken: int
    returned: int
    differs: tuple[str, ...]
    last_error: str


PEER_STATES = ("up", "partly", "refused", "down")
"""See `PeerState.state`."""


@frozen(kw_only=True)
class GatewayState:
    """The whole gate.

    :ivar is_stopping: whether a stop is under way.
    :ivar open_exchanges: requests without an answer, in both directions.
    :ivar routes: in their order; ``unrouted`` are messages for which none held.
    :ivar rewrites: the rules that rewrite messages, in their order.
    :ivar hooks: their methods that are asked; none without hooks.
    :ivar configuration: the settings in force; changes that wait for a restart are not in it.
    """

    is_stopping: bool
    open_exchanges: int
    listeners: tuple[ListenerState, ...]
    accounts: tuple[AccountState, ...]
    smscs: tuple[SmscState, ...]
    pools: tuple[PoolState, ...]
    routes: tuple[RouteState, ...]
    unrouted: int
    rewrites: tuple[RewriteState, ...]
    hooks: tuple[HookState, ...]
    queues: tuple[QueueState, ...]
    peers: tuple[PeerState, ...]
    related: RelatedState
    store: StoreStatistics
    configuration: Settings = field(repr=False)
