"""`Peers`: the other nodes of the gate, as one service.

A node is a process of the gate, on this machine or another. Each takes the messages of its own
ESMEs and SMSCs; what it takes for the ESME of another goes over a link between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from attrs import evolve
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
from twisted.internet.task import LoopingCall

from smppgate.gate.lane.in_turn import Relay, nothing_is_plain
from smppgate.gate.peers.answering import Answering
from smppgate.gate.peers.asking import Asking
from smppgate.gate.peers.elsewhere import Elsewhere
from smppgate.gate.peers.envelopes import Envelopes
from smppgate.gate.peers.here import Here
from smppgate.gate.peers.hop_answers import HopAnswerLane
from smppgate.gate.peers.links import LONGEST, SHORTEST, IncomingFactory, PeerLink
from smppgate.gate.peers.node import Node
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.sessions import Incoming, Outgoing, PeerConfig, PeerSession
from smppgate.gate.peers.smscs import SmscsElsewhere, SmscsHere
from smppgate.gate.peers.submitting_lane import SubmittingLane
from smppgate.gate.peers.taking import Taking
from smppgate.gate.peers.told import BoundSession, LinkedSmsc, NodeSettings
from smppgate.gate.router import RouterService
from smppgate.gate.sessions.endpoints import client_endpoint, server_endpoint
from smppgate.gate.sessions.listener import Listener
from smppgate.notices.peers import PEER_DIFFERS, PEER_LOST, PEER_NOT_BOUND, PEER_REFUSED
from smppgate.notices.program import LOADS_UNTOLD
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.timers import Timers

ENQUIRE_LINK = 2.0
"""Seconds of silence after which a peer is asked for a sign of life; then it has as many again."""

LOAD_INTERVAL = 1.0
"""Seconds between two looks at the loads of sessions, which peers are told where they changed."""

MARGIN = 1.0
"""Seconds that the answer of a peer may take beyond what its ESME, or SMSC, may."""

STARTING_TIME = 2.0
"""Seconds after its start in which a node does not tell of those that are not bound yet: where all
start at one time, one is the first."""

STOPPING = "the gate is stopping"


def peer_timers(slowest: float, unbind_timeout: float) -> Timers:
    """The timers of a link.

    :param slowest: seconds that the slowest ESME, or SMSC, has for an answer.
    """
    return Timers(
        session_init=10.0,
        enquire_link=ENQUIRE_LINK,
        inactivity=0.0,
        response=slowest + MARGIN,
        enquire_link_timeout=ENQUIRE_LINK,
        unbind=unbind_timeout,
    )


class Peers(MultiService):
    """Links to all other nodes, and what goes over them.

    :param config: what the sessions have in common, but for `PeerConfig.hub`, which this is.
    :param endpoint: where other nodes bind.
    :param settings: what this node tells of its settings.
    :param jitter: gives a number from 0 to 1, for the pauses between two tries to connect.
    :ivar nodes: the other ones, by name.
    :ivar listener: for them; it is opened and closed with those for ESMEs.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        router: RouterService,
        config: PeerConfig,
        endpoint: str,
        settings: NodeSettings,
        jitter: Callable[[], float],
    ) -> None:
        super().__init__()
        self.nodes: dict[str, Node] = {}
        self.elsewhere = Elsewhere(router)
        self.smscs = SmscsElsewhere(router)
        self.asking = Asking(router.clock, router.batch, self.is_peer, self._links)
        config.hub = self
        self._factory = IncomingFactory(config)
        self.listener = Listener(endpoint, server_endpoint(reactor, endpoint), self._factory)
        self._reactor = reactor
        self._router = router
        self._config = config
        self._settings = settings
        self._jitter = jitter
        self._here = Here(router, self._tell_all)
        self._smscs_here = SmscsHere(router, self._tell_incoming)
        envelopes = Envelopes()
        self._taking = Taking(router, envelopes)
        self.relay_submits: Relay[Link] = nothing_is_plain
        self.relay_answers: Relay[Link] = nothing_is_plain
        """What relays the plain PDUs at the beginning of a read, see `Hub`."""
        if router.has_lane:
            self._take_lane(SubmittingLane(router, envelopes))
        self._answering = Answering(router)
        self._started_at = float("-inf")
        self._looking = LoopingCall(self._look)
        self._looking.clock = router.clock
        router.events.attach(self._here)
        router.events.attach(self._smscs_here)
        router.return_paths.elsewhere = self.asking

    def _take_lane(self, submitting: SubmittingLane) -> None:
        """Let whole reads take the lane."""
        self.relay_submits = submitting.relay
        self.relay_answers = HopAnswerLane(self._router).relay
        self._router.add_lane(submitting.relay_answers)

    # The nodes

    def add(self, name: str, endpoint: str) -> None:
        """Have links with the node of that name; its own is passed over."""
        if name == self._config.name:
            return
        backoff = Backoff(SHORTEST, LONGEST, self._jitter)
        target = client_endpoint(self._reactor, endpoint)
        link = PeerLink(self._config, name, endpoint, target, backoff)
        self.nodes[name] = Node(name, endpoint, link)
        link.setServiceParent(self)

    def remove(self, name: str) -> None:
        """Have no links with that node any more."""
        node = self.nodes.pop(name, None)
        if node is not None:
            for session in list(node.sessions()):
                ensureDeferred(_left(session, "it is no peer any more"))
            node.link.disownServiceParent()
            self.asking.forget(name)

    def change(self, nodes: Mapping[str, str], settings: NodeSettings) -> None:
        """Have links with these nodes, name to endpoint, and tell all what has changed."""
        for name, node in list(self.nodes.items()):
            if nodes.get(name) != node.endpoint:
                self.remove(name)
        for name, endpoint in nodes.items():
            if name not in self.nodes:
                self.add(name, endpoint)
        self.elsewhere.rearrange()
        self.smscs.rearrange()
        if settings != self._settings:
            self._settings = settings
            for node in self.nodes.values():
                for session in node.sessions():
                    session.tell(settings.octets())

    def change_limits(self, timers: Timers, max_pdu_size: int) -> None:
        """Let links go by these, those that are up too."""
        self._config.timers, self._config.max_pdu_size = timers, max_pdu_size
        for node in self.nodes.values():
            for session in node.sessions():
                session.change_timers(timers)
                session.change_limits(max_pdu_size, 0.0)

    def startService(self) -> None:
        """Bind at all other nodes."""
        self._started_at = self._router.clock.monotonic()
        super().startService()
        looking = self._looking.start(LOAD_INTERVAL, now=False)
        looking.addErrback(partial(self.log.tell_failure, LOADS_UNTOLD))

    def stopService(self) -> Deferred[Any]:
        """Unbind from all other nodes; fires when the sessions have ended."""
        if self._looking.running:
            self._looking.stop()
        self.asking.stop()
        sessions = [*self._factory.sessions, *self._outgoing()]
        ends = [ensureDeferred(_left(session)) for session in sessions]
        stopping = super().stopService()
        ended: Deferred[Any] = DeferredList([*ends, *([stopping] if stopping else [])])
        return ended.addCallback(self._cut, sessions)

    def _cut(self, _: object, sessions: Iterable[PeerSession]) -> None:
        for session in sessions:
            session.abort(STOPPING)

    def _outgoing(self) -> list[Outgoing]:
        sessions = (node.link.session for node in self.nodes.values())
        return [each for each in sessions if each is not None and not each.has_ended]

    def _links(self) -> Mapping[str, PeerSession | None]:
        return {name: node.any for name, node in self.nodes.items()}

    def _look(self) -> None:
        if any(node.any is not None for node in self.nodes.values()):
            self._here.look()
            self._smscs_here.look()

    def _tell_all(self, told: bytes) -> None:
        for node in self.nodes.values():
            outgoing = node.outgoing
            if outgoing is not None:
                outgoing.tell(told)

    def _tell_incoming(self, told: bytes) -> None:
        for node in self.nodes.values():
            if node.incoming is not None:
                node.incoming.tell(told)

    # What sessions report, see `Hub`

    @property
    def is_open(self) -> bool:
        """Whether peers may bind: the store is open, and the gate does not stop."""
        return bool(self.running) and self._router.is_ready and not self._router.is_draining

    def is_peer(self, name: str) -> bool:
        """Whether a node of that name may bind."""
        return name in self.nodes

    def settings(self) -> NodeSettings:
        """What this node tells of itself."""
        return self._settings

    def judge(self, link: Link, settings: NodeSettings) -> str:
        """Why a peer with these settings is refused; empty where it is not."""
        if settings.name != link.node:
            return f"it is node {settings.name!r}, and not {link.node!r}"
        node = self.nodes.get(link.node)
        if node is None:
            return f"there is no [[peer]] {link.node!r} any more"
        conflict = self._settings.conflict(settings)
        differs = tuple(self._settings.differences(settings))
        if differs and differs != node.differs and not conflict:
            self._tell_difference(node, ", ".join(differs))
        node.differs = differs
        return conflict

    def _tell_difference(self, node: Node, tables: str) -> None:
        self.log.tell(PEER_DIFFERS, node=node.name, tables=tables)
        self._tell_change(node, "differs", f"has other settings: {tables}")

    def _tell_change(self, node: Node, change: str, text: str) -> None:
        events = self._router.events
        if events.tell_peer_changed is not None:
            events.tell_peer_changed(node.name, change, text)

    def up(self, link: Link) -> None:
        """Both ends of a link have taken the settings of the other."""
        node = self.nodes.get(link.node)
        if node is None:
            # It was removed when the settings had been exchanged.
            return
        link.counts = node.counts
        if isinstance(link, Incoming):
            for piece in self._smscs_here.all():
                link.tell(piece)
            former, node.incoming = node.incoming, link
            if former is not None and not former.has_ended:
                former.close("it has bound anew")
        elif isinstance(link, Outgoing):
            node.link.backoff.bound(self._router.clock.monotonic())
            for piece in self._here.all():
                link.tell(piece)
        if node.outgoing is not None and node.incoming is not None:
            node.refusal = node.error = ""
            node.up_at = self._router.clock.wall()
            self.log.info("peer {name} bound, both ways", name=node.name)
            self._tell_change(node, "bound", "bound, both ways")

    def refused(self, link: Link, reason: str) -> None:
        """A peer is refused, or it has refused this node."""
        node = self.nodes.get(link.node)
        if node is None:
            return
        if isinstance(link, Outgoing):
            node.link.backoff.refused()
        if node.refusal != reason:
            node.refusal = reason
            self.log.tell(PEER_REFUSED, node=node.name, reason=reason)
            self._tell_change(node, "refused", f"refused: {reason}")

    def ended(self, link: Link, reason: str, was_up: bool) -> None:
        """A link has ended, or takes nothing more; of one that unbinds both are told."""
        self.elsewhere.link_lost(link)
        self.smscs.link_lost(link)
        node = self.nodes.get(link.node)
        if node is None:
            return
        if link is node.incoming:
            node.incoming = None
        if isinstance(link, Outgoing):
            node.link.backoff.lost(self._router.clock.monotonic())
        if node.any is None:
            self.asking.forget(node.name)
        if node.state != "up":
            node.up_at = 0.0
        if was_up:
            self._tell_end(node, reason)
        elif isinstance(link, Outgoing) and not link.unbinding:
            self._tell_not_bound(node, reason)

    def _tell_not_bound(self, node: Node, reason: str) -> None:
        """Tell, of several tries in a row once, why this node could not bind."""
        is_early = self._router.clock.monotonic() < self._started_at + STARTING_TIME
        is_untold = is_early or self._router.is_draining
        if not (node.refusal or is_untold or reason == node.error):
            node.error = reason
            self.log.tell(PEER_NOT_BOUND, node=node.name, reason=reason)

    def _tell_end(self, node: Node, reason: str) -> None:
        """Tell of the first of two links that ends; the other one follows as a rule."""
        if not (node.error or self._router.is_draining):
            node.error = reason
            self.log.tell(PEER_LOST, node=node.name, reason=reason)
            self._tell_change(node, "lost", f"gone: {reason}")

    def bound_elsewhere(self, link: Link, session: BoundSession) -> None:
        """A session is bound at the peer, or what was told of it has changed."""
        self.elsewhere.bound(link, session)

    def linked_elsewhere(self, link: Link, smsc: LinkedSmsc) -> None:
        """The peer has links to an SMSC, or has none any more."""
        self.smscs.linked(link, smsc)

    def lost_elsewhere(self, link: Link, token: bytes) -> None:
        """A session is bound at the peer no longer."""
        self.elsewhere.lost(link, token)

    def asked(self, link: Link, frame: Frame, keys: list[bytes]) -> None:
        """The peer asks in ``frame`` for the return paths of these keys."""
        self._answering.asked(link, frame, keys)

    def ended_elsewhere(self, keys: list[bytes]) -> None:
        """The peer has brought final receipts of messages of this node."""
        self._router.return_paths.end_all(keys)

    def take(self, link: Link, frame: Frame, now: float) -> None:
        """A message for a session here comes from the peer."""
        self._taking.take(link, frame, now)

    def alert(self, frame: Frame) -> None:
        """An alert_notification for a session here comes from a peer."""
        self._taking.alert(frame)


async def _left(session: PeerSession, reason: str = STOPPING) -> None:
    """Unbind a session, or close one that is not bound; returns when it has ended."""
    # What is open is answered by those that stop before the links, or it is not answered at all.
    session.timers = evolve(session.timers, unbinding=0.0)
    leaving = ensureDeferred(session.unbind(reason))
    # Its service closes the connection in this turn.
    session.flush()
    await leaving
