"""`NodesWorld`: two or three gates that are peers, their ESMEs and one SMSC, for one seed.

It holds that no message comes to a wrong account, that none goes back to the node that it came
from or on to a third, that each is answered once, that what an ESME has taken and nothing else is
answered ESME_ROK, that a receipt comes behind the id that it is about, and that all receipts come
home in the end. The nodes know of each other's sessions what is true. In some seeds they are
workers, which have queues together, and in some of these scarce places and rates too
(`tests.simulation.nodes.shared`).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NoReturn, Self

from attrs import define, evolve, field, frozen
from twisted.internet.defer import Deferred, DeferredList

from smppgate.gate import Gateway
from smppgate.gate.lane.in_turn import nothing_is_plain
from smppgate.settings import parse
from smppgate.store import IStore
from tests.simulation import wire
from tests.simulation.clock import NEVER, Agenda, WorldClock
from tests.simulation.inspection import short_runs
from tests.simulation.logs import Errors, errors
from tests.simulation.mutant import StaleMutant
from tests.simulation.network import Network
from tests.simulation.nodes.models import (
    ACCOUNTS,
    AWAY,
    FULL,
    PASSWORD,
    QUEUED,
    SMSC_HOST,
    SMSC_PORT,
    Attempt,
    Door,
    EsmeSession,
    Message,
    Outgoing,
)
from tests.simulation.nodes.queue_rules import QueueRules
from tests.simulation.nodes.shared import Shared, SharedPlan
from tests.simulation.nodes.sharing import Sharing
from tests.simulation.nodes.wires import Wires
from tests.simulation.reactor import SimulatedReactor
from tests.simulation.sockets import ModelEnd, Weather
from tests.simulation.trace import Trace, Violation

ESME_PORT, PEER_PORT = 2775, 2790

ACTIVE, SETTLING = 10.0, 60.0
"""Seconds of traffic, and in which all must be brought home afterwards."""

PATIENCE = 2.0
"""`receipt_patience`."""

DELIVER_TIMEOUT = 3.0
LONGEST_ANSWER = DELIVER_TIMEOUT + 0.9
"""Seconds that a message takes at the most, where nothing happens to wires: an ESME has its time,
and what it does not answer is told at once."""

MOST_TURNS = 400_000

LOOKED = 5
"""Turns from one look at all sessions to the next."""


@frozen
class NodesPlan:
    """What one seed decides.

    :param slow: the chance of an ESME to take its time with an answer.
    :param leaving: the chance of a session to end at each step.
    :param doorless: nodes that have no link to the SMSC.
    :param losing: the chance of a link to the SMSC to be lost at each step.
    :param trouble: what happens to wires, and how often a second.
    :param shared: which places and rates the nodes have together, if these are scarce.
    :param shares: whether the nodes are workers, which share their queues and all such.
    :param crashes: when nodes are killed, which come back a moment later.
    :param burst: messages that an ESME sends at once.
    """

    seed: int
    names: tuple[str, ...]
    slow: float
    leaving: float
    refusing: float
    window: int
    trouble: float
    kinds: tuple[str, ...]
    doorless: tuple[str, ...]
    losing: float
    weather: Weather
    shared: SharedPlan | None = None
    shares: bool = False
    crashes: tuple[float, ...] = ()
    burst: int = 1

    @property
    def receipt_delay(self) -> float:
        """More than an answer may be later than a receipt on another socket."""
        return max(0.05, 25 * self.weather.jitter)

    @property
    def of_smsc(self) -> str:
        """Settings of the SMSC: there may be so many ids that one in another notation, of a
        message that no node knows any more, is that of another."""
        return 'receipt_ids = "same"\n' if self.burst > 1 else ""

    @classmethod
    def of(cls, seed: int) -> NodesPlan:
        """The plan of a seed."""
        draw = Random(f"{seed} plan of nodes")
        names = ("a", "b", "c")[: draw.choice((2, 2, 3))]
        kinds = draw.choice(((), ("cut",), ("frozen",), ("cut", "frozen", "parted")))
        plan = cls(
            seed,
            names,
            draw.choice((0.0, 0.0, 0.2)),
            draw.choice((0.0, 0.02, 0.1)),
            draw.choice((0.0, 0.1)),
            draw.choice((1, 3, 50)),
            draw.choice((0.1, 0.5)) if kinds else 0.0,
            kinds,
            draw.choice(((), names[:1], names[:-1])),
            draw.choice((0.0, 0.0, 0.3)),
            Weather(latency=draw.choice((0.0003, 0.01)), jitter=draw.choice((0.0002, 0.02))),
            SharedPlan.of(draw),
        )
        return plan._shared(Random(f"{seed} plan of what nodes share"))

    def bursting(self) -> NodesPlan:
        """The same with several messages at once, where neither rates nor queues are looked at."""
        shared = self.shared
        has_rates = shared is not None and (shared.rate or shared.smsc_rate)
        if has_rates or (self.shares and self.window == 1):
            return self
        burst = Random(f"{self.seed} plan of bursts").choice((1, 4, 12))
        return evolve(self, burst=burst, window=50)

    def _shared(self, draw: Random) -> NodesPlan:
        """The same with what nodes share, if they share anything."""
        if draw.random() < 0.5:
            return evolve(self, shares=self.shared is not None)
        crashes = tuple(draw.uniform(1.5, 9.0) for _ in range(draw.choice((0, 1, 3))))
        if draw.random() < 0.4:
            return evolve(self, shared=None, shares=True, crashes=crashes)
        return evolve(self._calm(), shared=None, shares=True, crashes=crashes[:1])

    def _calm(self) -> Self:
        """The same where nothing is lost: order is looked at then. Windows are full: queues are
        used."""
        return evolve(
            self,
            slow=0.0,
            leaving=0.0,
            refusing=0.1,
            window=1,
            trouble=0.0,
            kinds=(),
            losing=0.0,
        )


@define(eq=False)
class Node:
    """One gate."""

    name: str
    host: str
    network: Network
    reactor: SimulatedReactor
    peer_port: int = PEER_PORT
    gateway: Any = field(init=False)
    is_up: bool = False


class NodesWorld:
    """One world.

    :cvar of_store: settings of it, and ``of_smsc`` of the SMSC.
    """

    of_store = 'kind = "memory"\n'
    of_smsc = ""

    def __init__(self, seed: int) -> None:
        self.plan = self._planned(seed)
        self.clock = WorldClock()
        self.agenda = Agenda(self.clock)
        self.trace = Trace(self.clock)
        self.is_active = self.is_open = True
        self.messages: dict[int, Message] = {}
        self.attempts: dict[int, Attempt] = {}
        self.outgoing: list[Outgoing] = []
        self.doors: list[Door] = []
        self.sessions: list[EsmeSession] = []
        self.turns = 0
        self._hops: dict[int, set[str]] = {}
        self._wanted: dict[str, int] = {}
        self._labels = 0
        self._violation: Violation | None = None
        self._errors = Errors()
        self._chances = 0
        self.nodes: dict[str, Node] = {}
        for number, name in enumerate(self.plan.names, 1):
            network = Network(self.agenda, self._chance(), self.plan.weather)
            reactor = SimulatedReactor(self.clock, network, self._chance())
            self.nodes[name] = Node(name, f"10.0.0.{number}", network, reactor)
        self.wires = Wires(self, self._chance())
        self.sharing = self._made_sharing()
        self.queue_rules = QueueRules(self)
        self._dead: list[Any] = []
        self._draw = self._chance()
        self.shared = self._made_shared(self.plan.shared)

    def _planned(self, seed: int) -> NodesPlan:
        return NodesPlan.of(seed).bursting()

    def _made_sharing(self) -> Sharing | None:
        return Sharing(self, self._chance()) if self.plan.shares else None

    def _made_shared(self, plan: SharedPlan | None) -> Shared | None:
        return Shared(self, plan, self.sharing.places) if plan and self.sharing else None

    def _chance(self) -> Random:
        self._chances += 1
        return Random(f"{self.plan.seed} {self._chances}")

    def label(self) -> int:
        """A number that nothing else has."""
        self._labels += 1
        return self._labels

    def violated(self, what: str) -> NoReturn:
        """An invariant does not hold."""
        self._violation = Violation(
            f"seed {self.plan.seed} at {self.clock.now:.6f} s: {what}\n{self.plan}\n"
            f"{self.trace.last_lines()}"
        )
        raise self._violation

    # A run

    def run(self) -> None:
        """Everything, from the first connection to the last timer.

        :raises Violation: when an invariant is broken.
        """
        with errors() as self._errors:
            self._begin()
            self._run(ACTIVE)
            self._calm()
            self._settle()
            if self.shared is not None:
                self.shared.settle()
            self._check_sessions()
            self.is_open = False
            for session in list(self.sessions):
                session.over("closed")
            self._run(2.0)
            self._check_sessions()
            if self.shared is not None:
                self.shared.check_places()
            self._stop()

    def _begin(self) -> None:
        for name, node in self.nodes.items():
            node.network.serve((SMSC_HOST, SMSC_PORT), self._door_of(node))
            for other in self.nodes.values():
                if other is not node:
                    node.network.serve((other.host, PEER_PORT), self._wire_of(name, other.name))
            self._start(node)
        for at in self.plan.crashes:
            self.agenda.call(at, self._crash)
        for account in ACCOUNTS:
            for _ in range(self._draw.randint(1, 2 * len(self.nodes))):
                self._wanted[account] = self.wanted(account) + 1
                self._come(account)
        self.wires.start(self.plan.trouble, self.plan.kinds)
        self.agenda.call(1.0, self._messages)

    def _start(self, node: Node) -> None:
        settings = parse(self._settings(node))
        node.gateway = Gateway(
            settings, node.reactor, entropy=self._chance(), store=self._store(node)
        )
        if self.plan.seed % 2:
            # Both ways do the same.
            node.gateway.router.relay_from_esme = nothing_is_plain
            node.gateway.router.relay_from_smsc = nothing_is_plain
            peers = node.gateway.parts.peers
            peers.relay_submits = peers.relay_answers = nothing_is_plain
        node.gateway.privilegedStartService()
        node.gateway.startService()
        node.is_up = True

    def _store(self, node: Node) -> IStore | None:
        return self.sharing.open(node) if self.sharing is not None else None

    def _crash(self) -> None:
        node = self._draw.choice(list(self.nodes.values()))
        if not node.is_up or self.sharing is None:
            return
        node.is_up = False
        self.trace.fault("gate", "crash", node.name)
        self.queue_rules.disturbed()
        # What is thrown away of a process that is gone never happened: it is kept.
        self._dead.append((node.reactor.kill(), node.gateway))
        self.sharing.crashed(node)
        self.agenda.call(0.1 + self._draw.random(), self._begin_again, node)

    def _begin_again(self, node: Node) -> None:
        node.reactor = SimulatedReactor(self.clock, node.network, self._chance())
        self._start(node)

    def _settings(self, node: Node) -> str:
        peers = "".join(
            f'[[peer]]\nname = "{each.name}"\nendpoint = "tcp:{each.host}:{PEER_PORT}"\n'
            for each in self.nodes.values()
        )
        shared = self.plan.shared
        of_account = shared.of_account if shared is not None else "max_binds = 20\n"
        esmes = "".join(
            f'[[esme]]\nsystem_id = "{name}"\npassword = "{PASSWORD}"\n{of_account}'
            f'window = {self.plan.window}\naddress_ranges = ["{prefix.decode()}*"]\n'
            f"deliver_timeout = {DELIVER_TIMEOUT}\nqueue = {str(name == QUEUED).lower()}\n"
            for name, prefix in ACCOUNTS.items()
        )
        return (
            f'[gate]\nname = "gate"\nstop_timeout = 10\n'
            f"receipt_delay = {self.plan.receipt_delay}\n[store]\n{self.of_store}"
            f'[peers]\nname = "{node.name}"\nendpoint = "tcp:{PEER_PORT}"\nsecret = "hush"\n'
            f'{peers}[[listen]]\nendpoint = "tcp:{ESME_PORT}"\nbind_rate = 0\n{esmes}'
            f'[[smsc]]\nname = "alpha"\ntag = "A"\nendpoint = "tcp:{SMSC_HOST}:{SMSC_PORT}"\n'
            f'system_id = "gate"\npassword = "pw"\nwindow = 50\nreconnect_min = 0.1\n'
            f"reconnect_max = 0.5\n{self.of_smsc or self.plan.of_smsc}"
            f"{shared.of_smsc if shared is not None else ''}"
        )

    def _door_of(self, node: Node) -> Any:
        def accept(end: ModelEnd) -> bool:
            if node.name in self.plan.doorless:
                return False
            door = Door(self, node, self._chance())
            door.attach(end)
            self.doors.append(door)
            return True

        return accept

    def _wire_of(self, source: str, target: str) -> Any:
        return lambda end: self.wires.accept(source, target, end)

    def _come(self, account: str) -> None:
        if not self.is_open:
            return
        node = self._draw.choice(list(self.nodes.values()))
        session = EsmeSession(self, node, self._chance(), account)
        if not self.is_active or self.shared is not None:
            # All that is owed can be brought then, also where there are few places.
            session.kind = wire.BIND_TRX
        self.sessions.append(session)
        node.network.connect("10.5.0.1", ESME_PORT, session.connected)

    def wanted(self, account: str) -> int:
        """How many sessions its ESMEs want to have."""
        return self._wanted.get(account, 0)

    def lost(self, session: EsmeSession) -> None:
        """An ESME binds again some time later, perhaps at another gate."""
        if session.account == QUEUED:
            self.queue_rules.disturbed()
        self.sessions.remove(session)
        self.agenda.call(self._draw.expovariate(1.0), self._come, session.account)

    def _messages(self) -> None:
        if not self.is_active:
            return
        if self._draw.random() < self.plan.losing:
            live = [door for door in self.doors if door.is_bound]
            if live:
                door = self._draw.choice(live)
                self.trace.fault("smsc", "lost", door.node.name)
                door.over("reset")
        for account in ACCOUNTS:
            if self._draw.random() < 0.7:
                destination = ACCOUNTS[account] + b"%05d" % self._draw.randrange(1000)
                self._bring(Outgoing(account, destination))
        self.agenda.call(self._draw.expovariate(3.0), self._messages)

    # The SMSC

    def took(self, message: Message, delay: float) -> None:
        """The SMSC has taken a message: its receipt comes, perhaps before its answer."""
        pause = delay + self._receipt_pause(delay) + 0.002 * self._draw.random()
        receipt = Outgoing(message.account, message.source, message)
        if self.shared is not None:
            self.shared.took(message)
        self.agenda.call(pause, self._bring, receipt)

    def _receipt_pause(self, delay: float) -> float:
        return self._draw.choice((-delay, 0.0, 0.01, 0.5))

    def _bring(self, outgoing: Outgoing) -> None:
        if outgoing not in self.outgoing:
            self.outgoing.append(outgoing)
        able = [door for door in self.doors if door.can_send]
        if not able:
            self.again(outgoing)
        elif not outgoing.done:
            self._draw.choice(able).bring(outgoing)

    def again(self, outgoing: Outgoing) -> None:
        """It was not taken: try again some time later."""
        if self.is_open and not outgoing.done:
            self.agenda.call(0.2 + self._draw.random(), self._bring, outgoing)

    def settled(self, label: int, attempt: Attempt) -> None:
        """The SMSC is told what became of an attempt."""
        self.trace.add("smsc", f"is told {attempt.status:#x} of", f"<d{label}>")
        self.queue_rules.answered(label, attempt)
        outgoing = attempt.outgoing
        took = self.clock.now - attempt.at
        if outgoing.message is None and not self.plan.trouble and took > LONGEST_ANSWER:
            self.violated(f"<d{label}> is answered after {took:.1f} s")
        if attempt.status:
            self.again(outgoing)
            return
        is_queued = outgoing.account == QUEUED or self._is_unknown(outgoing)
        if not attempt.accepted and not is_queued:
            self.violated(f"<d{label}> is answered ESME_ROK, and no ESME has taken it")
        outgoing.done = True

    # The ESMEs

    def given(self, message: Message) -> None:
        """An ESME has heard the id of a message."""
        self.trace.add(message.account, "is given an id of", f"<m{message.label}>")

    def arrived(self, session: EsmeSession, pdu: wire.Pdu) -> int:
        """An ESME gets a message; gives what it answers."""
        label = wire.label_in(pdu.body, b"d")
        attempt = self.attempts.get(label) if label is not None else None
        if label is None or attempt is None:
            self.violated(f"{session.account} gets what nobody has sent: {pdu.body!r}")
        self.trace.add(session.account, f"gets at {session.node.name}", f"<d{label}>")
        attempt.arrivals += 1
        self.queue_rules.arrived(label, attempt)
        if session.kind == wire.BIND_TX:
            self.violated(f"<d{label}> comes to a transmitter")
        outgoing = attempt.outgoing
        if self._is_unknown(outgoing):
            return 0
        if outgoing.account != session.account:
            self.violated(f"<d{label}> is for {outgoing.account}, and comes to {session.account}")
        if attempt.arrivals > 1 and outgoing.account != QUEUED:
            self.violated(f"<d{label}> comes twice")
        self._check_body(label, attempt, pdu.body)
        if self.is_active and session.chance.random() < self.plan.refusing:
            return session.chance.choice((FULL, AWAY))
        return 0

    def _is_unknown(self, outgoing: Outgoing) -> bool:
        """Whether it is a receipt of a message of which no node may know that it was taken.

        The way to the SMSC was lost, or frozen, when it had the message: that goes by its number.
        """
        message = outgoing.message
        if message is None or message.given:
            return False
        if not (self.plan.doorless or self.plan.losing or self.plan.crashes):
            return message.refused
        # An answer that is on its way for longer than that is waited for no more.
        is_late = self.clock.now - message.taken_at > 0.9 * PATIENCE
        return message.refused or is_late or message.session.is_over

    def _check_body(self, label: int, attempt: Attempt, body: bytes) -> None:
        message = attempt.outgoing.message
        expected = attempt.body
        if message is not None:
            if not message.given:
                if message.session.is_over:
                    # It will never hear of the id.
                    return
                self.violated(f"<d{label}> is a receipt, and comes before its id")
            expected = _renamed(expected, message.taken_id, message.given)
        if body != expected:
            self.violated(f"<d{label}> is {body!r}, and should be {expected!r}")

    def accepted(self, pdu: wire.Pdu, status: int) -> None:
        """An ESME answers a message."""
        label = wire.label_in(pdu.body, b"d")
        if label is not None and not status:
            attempt = self.attempts[label]
            attempt.accepted = True
            self.queue_rules.accepted(attempt)
            if attempt.outgoing.message is not None:
                attempt.outgoing.message.receipts += 1

    # Between the nodes

    def hopped(self, source: str, target: str, pdu: wire.Pdu) -> None:
        """A PDU goes from one node to another."""
        if pdu.command == wire.SUBMIT_SM:
            self._submit_hopped(source, target, pdu)
        if pdu.command != wire.DELIVER_SM:
            return
        label = wire.label_in(pdu.body, b"d")
        if label is None:
            self.violated(f"{source} sends {target} what nobody has sent")
        self.trace.add(source, f"sends to {target}", f"<d{label}>")
        attempt = self.attempts[label]
        self.queue_rules.sent(label, attempt)
        outgoing = attempt.outgoing
        is_queued = outgoing.account == QUEUED or self._is_unknown(outgoing)
        if self.sharing is not None and is_queued:
            # Any node may have sent it out of the queue.
            return
        if source != attempt.node:
            self.violated(f"<d{label}> came at {attempt.node}, and {source} sends it to {target}")

    def _submit_hopped(self, source: str, target: str, pdu: wire.Pdu) -> None:
        label = wire.label_in(pdu.body, b"m")
        assert label is not None
        self.trace.add(source, f"sends to {target}", f"<m{label}>")
        origin = self.messages[label].session.node.name
        if source != origin:
            self.violated(f"<m{label}> came at {origin}, and {source} sends it to {target}")

    # The end

    def _calm(self) -> None:
        self.is_active = False
        self.trace.add("world", "calms down")
        self.wires.calm()
        for node in self.nodes.values():
            node.network.calm()
        for account in ACCOUNTS:
            self._wanted[account] = self.wanted(account) + 1
            self._come(account)

    def _settle(self) -> None:
        deadline = self.clock.now + SETTLING
        while owed := self._owed():
            if self.clock.now > deadline:
                self.violated(f"not brought home: {owed[:5]}")
            self._run(1.0)
        # As long as a message may wait for an SMSC, and for its answer.
        self._run(10.0)
        for session in self.sessions:
            if session.unanswered:
                self.violated(f"{session.account} is not answered {session.unanswered} messages")

    def _owed(self) -> list[str]:
        return [
            f"{each.account}: {each.labels[-1:]} of {len(each.labels)}"
            for each in self.outgoing
            if not self._is_home(each)
        ]

    def _is_home(self, outgoing: Outgoing) -> bool:
        if outgoing.message is not None and not outgoing.message.given:
            # Its ESME was gone when the answer came: there may be no return path.
            return True
        if not outgoing.done:
            return False
        taken = any(self.attempts[label].accepted for label in outgoing.labels)
        return taken or outgoing.account != QUEUED

    def _check_sessions(self) -> None:
        """Each node knows the sessions of the others that are bound, and no others."""
        for name, node in self.nodes.items():
            for other in self.nodes.values():
                if other is not node:
                    self._check_known(name, node, other)

    def _check_known(self, name: str, node: Node, other: Node) -> None:
        bound = {session.token for session in other.gateway.router.submitters.of_this_node}
        peers = node.gateway.parts.peers
        known = {each.token for each in peers.elsewhere if each.link.node == other.name}
        if known != bound:
            self.violated(f"{name} knows {known} of {other.name}, where {bound} are bound")
        (smsc,) = node.gateway.router.smscs
        if self.is_open and smsc.outstanding != smsc.overdue:
            self.violated(f"{name} counts {smsc.outstanding} requests as open")
        if self.is_open:
            self._check_links(name, peers.nodes[other.name], smsc)
        reached = [each.node for each in smsc.remote].count(other.name)
        if reached != (other.name not in self.plan.doorless):
            self.violated(f"{name} knows links of {other.name} {reached} times")
        up = peers.nodes[other.name].state
        if up != "up":
            self.violated(f"{other.name} is {up} at {name}")

    def _check_links(self, name: str, other: Any, smsc: Any) -> None:
        """Nothing is under way between two nodes any more."""
        hops = [len(each.outstanding) for each in smsc.remote if each.node == other.name]
        taken = [session.unanswered for session in other.sessions()]
        if any(hops) or any(taken):
            self.violated(f"{name} counts {hops} and {taken} as under way to {other.name}")

    def _stop(self) -> None:
        stopping: list[Deferred[Any]] = [n.gateway.stopService() for n in self.nodes.values()]
        done: list[object] = []
        DeferredList(stopping).addBoth(done.append)
        self._run(15.0)
        if not done:
            self.violated("the gates do not stop")
        for node in self.nodes.values():
            reactor = node.reactor
            left = [*reactor.getDelayedCalls(), *reactor.getReaders(), *reactor.getWriters()]
            if left or reactor.ports:
                self.violated(f"{node.name} has stopped, and there is left: {left}")

    # Time

    def run_for(self, seconds: float) -> None:
        """Let so much time pass."""
        self._run(seconds)

    def _run(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while True:
            reactors = self._reactors()
            time = min(self.agenda.next(), *(reactor.next() for reactor in reactors), NEVER)
            if time > end:
                break
            self.clock.advance_to(time)
            self.agenda.run_due()
            for reactor in reactors:
                reactor.turn()
            self._look()
        self.clock.advance_to(end)

    def _reactors(self) -> list[SimulatedReactor]:
        reactors = [node.reactor for node in self.nodes.values()]
        return reactors if self.sharing is None else [*reactors, *self.sharing.reactors]

    def _look(self) -> None:
        self.turns += 1
        if self._violation is not None:
            raise self._violation
        if self._errors.of_mutant is not None:
            raise StaleMutant(self._errors.of_mutant.getErrorMessage())
        if self._errors.found:
            self.violated("a gate has logged an error: " + self._errors.found[0])
        if self.turns > MOST_TURNS:
            self.violated("it runs in circles")
        if self.shared is not None and self.turns % LOOKED == 0:
            self.shared.look()


def _renamed(body: bytes, taken: bytes, given: bytes) -> bytes:
    """A receipt with the id that the ESME knows; the length of its text says so too."""
    at = body.index(b"id:" + taken)
    renamed = body.replace(b"id:" + taken, b"id:" + given, 1)
    length = bytes((body[at - 1] + len(given) - len(taken),))
    return renamed[: at - 1] + length + renamed[at:]


def run(seed: int, world: Callable[[int], NodesWorld] = NodesWorld) -> str:
    """One seed of this kind of ``world``; gives what was wrong, empty where nothing was."""
    try:
        with short_runs():
            world(seed).run()
    except Violation as violation:
        return str(violation)
    return ""
