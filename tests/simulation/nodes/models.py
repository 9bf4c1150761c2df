"""The ESMEs and the SMSC of a world of nodes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from attrs import define, field

from tests.simulation import wire
from tests.simulation.sockets import ModelEnd

if TYPE_CHECKING:
    from tests.simulation.nodes.world import Node, NodesWorld

ACCOUNTS = {"acme": b"44", "bolt": b"49", "crew": b"33"}
"""Account → what its numbers begin with. The last has a queue."""
QUEUED = "crew"
PASSWORD = "secret"
SMSC_HOST, SMSC_PORT = "10.9.0.1", 3001

FULL, AWAY, INVALID = 0x14, 0x64, 0x0B

REFUSING = 0.05
"""The chance of the SMSC to refuse a message, where they come several at a time."""

GIVING_UP = 0.1
"""The chance of an ESME to hang up about when its bind is answered."""


@define(eq=False)
class Message:
    """A submit_sm of an ESME's, and what became of it.

    :ivar body: as the ESME has sent it.
    :ivar taken_id: what the SMSC has given; ``given``: what the ESME has heard.
    :ivar refused: whether the ESME has heard an error.
    :ivar taken_at: when the SMSC has got it; ``answered_at``: when the SMSC answers.
    """

    label: int
    account: str
    source: bytes
    session: EsmeSession
    body: bytes
    taken_id: bytes = b""
    given: bytes = b""
    refused: bool = False
    taken_at: float = 0.0
    answered_at: float = 0.0
    receipts: int = 0


@define(eq=False)
class Outgoing:
    """Something that the SMSC has to bring: a receipt of ``message``, or a message to a number.

    :ivar labels: of the attempts so far; ``done``: whether one of them was taken.
    """

    account: str
    destination: bytes
    message: Message | None = None
    labels: list[int] = field(factory=list)
    done: bool = False


@define(eq=False)
class Attempt:
    """One deliver_sm of the SMSC's.

    :ivar sent_at: when a gate was first seen to have sent it; 0 until then.
    """

    outgoing: Outgoing
    body: bytes
    node: str
    at: float
    arrivals: int = 0
    accepted: bool = False
    accepted_at: float = 0.0
    sent_at: float = 0.0
    status: int | None = None


class Session:
    """One connection of a model's with a gate."""

    def __init__(self, world: NodesWorld, node: Node, chance: Random) -> None:
        self.world, self.node, self.chance = world, node, chance
        self.end: ModelEnd | None = None
        self.is_bound = self.is_over = False
        self._framer = wire.Framer()
        self._number = chance.randrange(1, 1000)

    def attach(self, end: ModelEnd) -> None:
        """It is connected."""
        self.end, end.owner = end, self

    def send(self, command: int, status: int, number: int, body: bytes = b"") -> None:
        """Send a PDU, if there is a connection."""
        if self.end is not None and not self.is_over:
            self.end.write(wire.pdu(command, status, number, body))

    def send_all(self, pdus: list[bytes]) -> None:
        """Send PDUs at once, if there is a connection."""
        if self.end is not None and not self.is_over:
            self.end.write(b"".join(pdus))

    def fresh(self) -> int:
        """A number that is free."""
        self._number += 1
        return self._number

    def received(self, octets: bytes) -> None:
        """Octets came."""
        for pdu in self._framer.feed(octets):
            if not self.is_over:
                self._heard(pdu)

    def _heard(self, pdu: wire.Pdu) -> None:
        if pdu.command == wire.ENQUIRE_LINK:
            self.send(pdu.command | wire.RESP, 0, pdu.number)
        elif pdu.command == wire.UNBIND:
            self.send(pdu.command | wire.RESP, 0, pdu.number)
            self.over("closed")
        elif pdu.is_resp:
            self.answered(pdu)
        else:
            self.asked(pdu)

    def answered(self, pdu: wire.Pdu) -> None:
        """The gate has answered."""

    def asked(self, pdu: wire.Pdu) -> None:
        """The gate asks."""

    def ended(self, how: str) -> None:
        """The connection is over."""
        self.over(how)

    def over(self, how: str) -> None:
        """It is over, at this end too."""
        if self.is_over:
            return
        self.is_over, self.is_bound = True, False
        if self.end is not None:
            (self.end.close if how == "closed" else self.end.reset)()
        self.lost()

    def lost(self) -> None:
        """It is over."""


class EsmeSession(Session):
    """A session of an ESME's with one gate, which comes back when it is lost."""

    def __init__(self, world: NodesWorld, node: Node, chance: Random, account: str) -> None:
        super().__init__(world, node, chance)
        self.account = account
        self.kind = chance.choice((wire.BIND_TRX, wire.BIND_TRX, wire.BIND_TX, wire.BIND_RX))
        self._pending: dict[int, Message] = {}

    def connected(self, end: ModelEnd | None) -> None:
        """Bind."""
        if end is None or self.is_over:
            self.over("closed")
            return
        self.attach(end)
        self.send(self.kind, 0, self.fresh(), wire.bind(self.account, PASSWORD))
        shared = self.world.shared
        if shared is not None and self.world.is_active and self.chance.random() < GIVING_UP:
            # Perhaps before it is known whether there is a place.
            delay = self.chance.expovariate(0.5 / shared.plan.delay)
            self.world.agenda.call(delay, self.over, "reset")

    def answered(self, pdu: wire.Pdu) -> None:
        """A bind_resp, or the answer to a message."""
        if pdu.command & ~wire.RESP in wire.BINDS:
            if pdu.status:
                self.over("closed")
            else:
                self.is_bound = True
                self._traffic()
            return
        message = self._pending.pop(pdu.number, None)
        if message is None:
            self.world.violated(f"{self.account} is answered twice: {pdu}")
        message.refused = pdu.status != 0
        if not pdu.status:
            message.given = wire.until_nul(pdu.body, 0)[0]
            self.world.given(message)

    @property
    def unanswered(self) -> int:
        """Its messages that are not answered."""
        return len(self._pending)

    def asked(self, pdu: wire.Pdu) -> None:
        """A message or a receipt has arrived: take it now or later, or refuse it."""
        status = self.world.arrived(self, pdu)
        if self.world.is_active and self.chance.random() < self.world.plan.slow:
            delay = self.chance.expovariate(1.0)
            self.world.agenda.call(delay, self._answer, pdu, status)
        else:
            self._answer(pdu, status)

    def _answer(self, pdu: wire.Pdu, status: int) -> None:
        if not self.is_over:
            self.world.accepted(pdu, status)
            self.send(pdu.command | wire.RESP, status, pdu.number, b"\0")

    def _traffic(self) -> None:
        if self.is_over or not self.world.is_active:
            return
        if self.kind != wire.BIND_RX:
            self.send_all([self._submit() for _ in range(self.world.plan.burst)])
        if self.chance.random() < self.world.plan.leaving:
            self.over(self.chance.choice(("closed", "reset")))
            return
        self.world.agenda.call(self.chance.expovariate(6.0), self._traffic)

    def _submit(self) -> bytes:
        """One message."""
        chance, label = self.chance, self.world.label()
        # A receipt is for the number that the message came from: it may be another account's.
        prefix = chance.choice(list(ACCOUNTS.values()))
        source = prefix + b"%05d" % chance.randrange(1000)
        body = wire.message(source, b"99123", b"<m%d>" % label, 0, 1)
        message = Message(label, self.account, source, self, body)
        number = self.fresh()
        self._pending[number] = message
        self.world.messages[label] = message
        return wire.pdu(wire.SUBMIT_SM, 0, number, body)

    def lost(self) -> None:
        """Its application comes back, here or at another gate."""
        self.world.lost(self)


class Door(Session):
    """A link of one gate's with the SMSC.

    What came in one read it answers at once.
    """

    def __init__(self, world: NodesWorld, node: Node, chance: Random) -> None:
        super().__init__(world, node, chance)
        self._open: dict[int, tuple[int, Attempt]] = {}
        self._answers: list[bytes] = []
        self._delay = 0.0

    @property
    def can_send(self) -> bool:
        """Whether it is bound, and its window is not full."""
        return self.is_bound and len(self._open) < 20

    def received(self, octets: bytes) -> None:
        """Octets came."""
        self._answers = answers = list[bytes]()
        super().received(octets)
        if answers:
            self.world.agenda.call(self._delay, self.send_all, answers)

    def asked(self, pdu: wire.Pdu) -> None:
        """A bind, or a message of an ESME's."""
        if pdu.command in wire.BINDS:
            self.is_bound = True
            self.send(pdu.command | wire.RESP, 0, pdu.number, b"smsc\0")
        elif pdu.command == wire.SUBMIT_SM:
            label = wire.label_in(pdu.body, b"m")
            assert label is not None
            self._asked_to_take(pdu, self.world.messages[label])
        else:
            self.world.violated(f"the SMSC is sent {pdu}")

    def _asked_to_take(self, pdu: wire.Pdu, message: Message) -> None:
        if message.taken_id:
            self.world.violated(f"the SMSC is sent <m{message.label}> twice")
        if pdu.body != message.body:
            self.world.violated(f"<m{message.label}> is {pdu.body!r}, and was {message.body!r}")
        if not self._answers:
            self._delay = self.chance.expovariate(20.0)
        if self.world.plan.burst > 1 and self.chance.random() < REFUSING:
            self._answers.append(wire.pdu(pdu.command | wire.RESP, INVALID, pdu.number))
            return
        message.taken_at = self.world.clock.now
        message.taken_id = b"%08X" % self.world.label()
        body = message.taken_id + b"\0"
        self._answers.append(wire.pdu(pdu.command | wire.RESP, 0, pdu.number, body))
        self.world.took(message, self._delay)

    def bring(self, outgoing: Outgoing) -> None:
        """Send a receipt or a message."""
        label = self.world.label()
        text = b"<d%d>" % label
        if outgoing.message is not None:
            told = wire.receipt_text(outgoing.message.taken_id, "DELIVRD", text)
            body = wire.message(b"99123", outgoing.destination, told, 4)
        else:
            body = wire.message(b"99123", outgoing.destination, text)
        number = self.fresh()
        attempt = Attempt(outgoing, body, self.node.name, self.world.clock.now)
        outgoing.labels.append(label)
        self.world.attempts[label] = attempt
        self._open[number] = (label, attempt)
        self.send(wire.DELIVER_SM, 0, number, body)

    def answered(self, pdu: wire.Pdu) -> None:
        """The gate has answered: each number once."""
        found = self._open.pop(pdu.number, None)
        if found is None:
            self.world.violated(f"the SMSC is answered twice, or for nothing: {pdu}")
        label, attempt = found
        attempt.status = pdu.status
        self.world.settled(label, attempt)

    def lost(self) -> None:
        """What was not answered is sent again."""
        self.world.doors.remove(self)
        for _, attempt in self._open.values():
            self.world.again(attempt.outgoing)
