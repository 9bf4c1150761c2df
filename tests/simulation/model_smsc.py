"""Model SMSCs: message centers that take messages, give them ids, and send receipts and messages.

Those of one group are doors of one message center: it has the ids, and what is to be sent goes
over any session of any of them.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from attrs import define

from tests.simulation import wire
from tests.simulation.ledger import Attempt, Delivery, Dialogue, Request
from tests.simulation.moods import ANSWERING, CALM, STEADY, Traits
from tests.simulation.peers import UNBINDING, Episodes, ModelSession
from tests.simulation.sockets import ModelEnd

if TYPE_CHECKING:
    from tests.simulation.scenario import AccountPlan, CenterPlan, SmscPlan
    from tests.simulation.world import World

_MOST_TRIES = 4

THROTTLED = 0x58
_V5_0 = 0x50


@define(eq=False)
class Outgoing:
    """What a message center is to send, as often as it takes.

    :param parts: reference, total and place of a part of a long message.
    :param owned: whether it is for a session of the account's own.
    :param dialogue: the one that it is a step of; ``door``: where that goes on, if it has begun.
    """

    account: AccountPlan
    request: Request | None = None
    state: str = ""
    parts: tuple[int, int, int] | None = None
    destination: bytes = b""
    owned: bool = False
    dialogue: Dialogue | None = None
    door: ModelSmsc | None = None
    esm_class: int = 4
    tries: int = 0

    def __str__(self) -> str:
        if self.request is not None:
            return f"{self.state} for {self.request}"
        return f"message to {self.destination.decode()}"


class SmscSession(ModelSession):
    """A session of the gate's with an SMSC.

    :ivar kind: the bind; 0 before.
    :ivar was_called: whether the SMSC has asked for it with outbind.
    :ivar owner: the account that has it for itself, where a bind was passed through.
    :ivar deliveries: number → what was sent under it and is not answered.
    :ivar last: ESME's session → the label of the last message of its that came here.
    """

    def __init__(self, smsc: ModelSmsc, name: str) -> None:
        super().__init__(smsc.world, name, smsc.traits, smsc.chance)
        self.smsc = smsc
        self.center = smsc.center
        self.kind = 0
        self.was_called = False
        self.owner: AccountPlan | None = None
        self.deliveries: dict[int, tuple[Delivery, Outgoing]] = {}
        self.last: dict[object, int] = {}
        self._serial = 0
        self._next = self.chance.choice((1, 500, wire.MAX_NUMBER - 3))

    def fresh(self) -> int:
        """A number that is free."""
        while self._next in self.deliveries or self._next in self._links or self._next in self.odd:
            self._next = self._next % wire.MAX_NUMBER + 1
        number, self._next = self._next, self._next % wire.MAX_NUMBER + 1
        return number

    @property
    def smsc_name(self) -> str:
        """The name of its SMSC."""
        return self.smsc.plan.name

    @property
    def can_send(self) -> bool:
        """Whether a message may be sent on it now."""
        if not self.is_alive or self.is_mute or self.kind == wire.BIND_TX:
            return False
        return len(self.deliveries) < self.center.plan.deliver_window

    @property
    def is_link(self) -> bool:
        """Whether it is bound by the gate's own will, and takes messages."""
        is_own = self.owner is None and not self.was_called
        return self.is_alive and is_own and self.kind != wire.BIND_RX

    @property
    def behaves(self) -> bool:
        """Whether nothing in its moods gives the gate cause to end it."""
        is_own = self.owner is None and not self.was_called
        return is_own and not set(self.smsc.plan.moods) - STEADY

    def has_cause(self) -> bool:
        """Whether the settings, the operator or late answers have given cause to end it."""
        world, name = self.world, self.smsc.plan.name
        # The gate may have decided to connect some time before.
        has_stayed = world.terms.links_stayed(name, self.connected_at - 5.0)
        return not has_stayed or self._may_be_cured(
            world.clock.now - 0.9 * world.plan.response_timeout
        )

    def asked_to_leave(self) -> None:
        """It was drained before; and others are up where links are bound anew one by one."""
        world, name = self.world, self.smsc.plan.name
        if not self.is_orderly or self.end.incoming.was_full or self.owner is not None:
            return
        by = world.clock.now - 0.9 * world.plan.response_timeout
        # The rest of what it has begun still comes while it is drained, which has an end.
        waiting = [
            each
            for each in self.open.values()
            if each.at > by and (each.request is None or not each.request.belongs)
        ]
        answers = not set(self.smsc.plan.moods) - ANSWERING and not self._may_be_cured(by)
        if waiting and answers and not world.terms.was_hurried(name, self.connected_at):
            self.violated(f"it is unbound, and {len(waiting)} requests are open")
        is_new = self.behaves and self.kind != wire.BIND_RX
        is_one_of_some = is_new and world.terms.is_renewed(name)
        others = (each for each in self.smsc.sessions if each is not self)
        if is_one_of_some and not any(each.is_link for each in others):
            self.violated("it is unbound to be bound anew, and no other link is bound")

    def _may_be_cured(self, by: float) -> bool:
        """Whether so many requests are late that the gate may bind anew, whatever is open.

        An answer that is late makes up for nothing: it may be under way.
        """
        world = self.world
        late = [at for at in self.late if at > world.clock.now - 3.0 * world.plan.response_timeout]
        late += [each.at for each in self.open.values() if each.at <= by]
        return world.terms.may_be_cured(self.smsc.plan.name, self.connected_at, len(late))

    # What comes

    def was_asked(self, pdu: wire.Pdu) -> None:
        """The gate asks for something."""
        if pdu.command in wire.BINDS:
            if self.was_called and pdu.command != wire.BIND_RX:
                self.violated(f"an outbind is answered with {pdu}")
            self._bind(pdu)
            return
        attempt = self.world.judge.requested(self, pdu)
        request = attempt.request
        assert request is not None
        if self.has_forgotten:
            _turned_down(request)
            self.later(0.001, self._answer, pdu.command | wire.RESP, 4, pdu.number, b"", attempt)
        elif pdu.command in wire.SUBMITS:
            self._submitted(pdu, request, attempt)
        elif pdu.command == wire.QUERY_SM:
            self.respond(pdu, 0, wire.query_resp(wire.until_nul(pdu.body, 0)[0]), attempt)
        else:
            self.respond(pdu, 0, b"", attempt)

    def was_answered(self, pdu: wire.Pdu) -> None:
        """The gate answers."""
        outgoing = self.world.judge.delivered(self, pdu)
        if pdu.status:
            self.center.refused(outgoing)
        else:
            self.center.done.append(outgoing)
        self.center.send()

    def _submitted(self, pdu: wire.Pdu, request: Request, attempt: Attempt) -> None:
        message_id = self.center.new_id()
        more = b"\0" if pdu.command == wire.SUBMIT_MULTI else b""
        body = message_id + b"\0" + more
        if self._tells_congestion and not more:
            body = wire.with_congestion(body, self.chance.randrange(101))
        is_over = self.smsc.is_over_ration()
        body = b"" if is_over else body
        status, delay = self.respond(pdu, THROTTLED if is_over else 0, body, attempt)
        if status > 0:
            _turned_down(request)
        is_known = status == 0 and pdu.number in self.open
        if is_known or (status == -1 and self.chance.random() < self.traits.unknown):
            self.center.took(request, message_id, self, delay)
        if is_known and request.dialogue is not None and self.owner is None:
            self.center.go_on(request.dialogue, self.smsc, delay)

    @property
    def _tells_congestion(self) -> bool:
        """Whether it is bound as SMPP 5.0."""
        if self.owner is not None:
            return self.owner.version >= _V5_0
        return self.smsc.plan.version == "5.0"

    def answer_all(self) -> None:
        """Answer what is open."""
        for number, attempt in list(self.open.items()):
            request = attempt.request
            if request is not None and request.command in (wire.SUBMIT_SM, wire.DATA_SM):
                message_id = request.taken_id or self.center.new_id()
                command = request.command | wire.RESP
                self._answer(command, 0, number, message_id + b"\0", attempt)
                if not request.taken_id:
                    self.center.took(request, message_id, self, 0.0)

    def _bind(self, pdu: wire.Pdu) -> None:
        if self.kind:
            self.violated("bound twice")
        self.kind = pdu.command
        name, password = wire.credentials(pdu.body)
        status = 0
        if (name, password) not in self.world.terms.credentials(self.smsc.plan.name):
            self.owner = self.world.plan.passed(name)
            if self.owner is None:
                self.violated(f"a bind as {name}")
            elif password != self.owner.secret:
                status = 0x0E
        if self.owner is None and self.draw(self.traits.wrong_bind, "bind refused"):
            status = self.chance.choice((0x0D, 0x0E, 0x05))
        delay = self.chance.expovariate(100.0)
        if self.draw(self.traits.slow_bind, "bind answered late"):
            delay = self.world.plan.response_timeout * self.chance.uniform(0.3, 2.0)
        self.later(delay, self._bind_answer, pdu, status)

    def _bind_answer(self, pdu: wire.Pdu, status: int) -> None:
        if self.is_mute:
            return
        body = b"" if status else b"smsc\0"
        self.send(pdu.command | wire.RESP, status, pdu.number, body)
        if status:
            self.later(0.5, self.close)
            return
        self.is_bound = True
        self.bound_at = self.world.clock.now
        Episodes(self)
        if self.draw(self.traits.brief, "unbind at once"):
            self.center.send()
            self.unbind()
            return
        self.later(0.0, self.center.send)
        if self.chance.random() < 0.3:
            self.later(self.chance.expovariate(0.3), self.enquire)
        self._be_odd()

    def _be_odd(self) -> None:
        if self.traits.nonsense and self.is_alive and self.kind:
            if self.draw(self.traits.nonsense, "nonsense"):
                self.send_odd(wire.NOT_BY_SMSC[self.kind])
            self.later(self.chance.expovariate(1.0), self._be_odd)

    def _left(self, pdu: wire.Pdu) -> None:
        self._check_farewell()
        super()._left(pdu)

    def _check_farewell(self) -> None:
        """What stands in front of an unbind is answered in front of its resp, if in time."""
        world = self.world
        is_link = self.owner is None and not self.is_cut
        is_served = is_link and world.is_steady and world.began_at <= self.bound_at
        is_in_time = self.sent_at < self._unbound_at + UNBINDING
        if is_served and is_in_time and self.deliveries and not self.has_cause():
            count = len(self.deliveries)
            self.violated(f"its unbind is answered, and {count} requests in front of it are not")

    # What it sends

    def resumed(self) -> None:
        """It is not mute any more."""
        self.center.send()

    def deliver(self, outgoing: Outgoing) -> None:
        """Send a message or a receipt."""
        label = self.world.ledger.label()
        text = b"<d%d>" % label
        request = outgoing.request
        source = b"99555"
        if request is not None:
            command, body = wire.DELIVER_SM, self.center.receipt(outgoing, text)
        elif outgoing.parts is not None:
            header = bytes((5, 0, 3, *outgoing.parts))
            body = wire.message(source, outgoing.destination, header + text, 0x40)
            command = wire.DELIVER_SM
        elif (dialogue := outgoing.dialogue) is not None:
            source, outgoing.door, command = dialogue.subscriber, self.smsc, wire.DELIVER_SM
            dialogue.smscs[self.smsc] = None
            body = wire.message(source, outgoing.destination, text, tlvs=dialogue.next())
        elif self.chance.random() < 0.1:
            command, body = wire.DATA_SM, wire.data(source, outgoing.destination, text)
        else:
            command, body = wire.DELIVER_SM, wire.message(source, outgoing.destination, text)
        self._serial += 1
        delivery = Delivery(
            label=label,
            account=outgoing.account,
            session=self,
            number=self.fresh(),
            command=command,
            body=body,
            at=self.world.clock.now,
            request=request,
            state=outgoing.state,
            serial=self._serial,
            parts=outgoing.parts,
            dialogue=outgoing.dialogue,
            destination=outgoing.destination or (request.source if request is not None else b""),
            esm_class=outgoing.esm_class,
            kept_at=self.world.clock.wall(),
        )
        if request is not None:
            delivery.told_id = self.center.in_receipt(request.taken_id)
            request.receipts.append(delivery)
        outgoing.tries += 1
        self.world.ledger.deliveries[label] = delivery
        self.deliveries[delivery.number] = (delivery, outgoing)
        self.send(command, 0, delivery.number, body)

    def over(self) -> None:
        """What is not answered is to be sent again."""
        if not self.is_over:
            super().over()
            for _, outgoing in self.deliveries.values():
                self.center.refused(outgoing)
            self.deliveries.clear()
            self.smsc.lost(self)


def _turned_down(request: Request) -> None:
    if request.dialogue is not None:
        request.dialogue.is_doubtful = True


class ModelSmsc:
    """One door of a message center: where the gate connects.

    :ivar sessions: those whose connection is there.
    :ivar lost_at: when one of them was over last.
    """

    def __init__(
        self, world: World, plan: SmscPlan, center: MessageCenter, traits: Traits, chance: Random
    ) -> None:
        self.world = world
        self.plan = plan
        self.center = center
        self.traits = traits
        self.chance = chance
        self.sessions: list[SmscSession] = []
        self.lost_at = -100.0
        self._serial = 0
        self._down_until = 0.0
        self._taken: list[float] = []

    def accept(self, end: ModelEnd) -> bool | None:
        """The gate connects; False to refuse it, None to let it wait."""
        if not self.world.is_open:
            return None
        if self.world.clock.now < self._down_until:
            return False
        self._session(end)
        return True

    def _session(self, end: ModelEnd) -> SmscSession:
        self._serial += 1
        session = SmscSession(self, f"{self.plan.name}.{self._serial}")
        session.attach(end)
        self.sessions.append(session)
        return session

    def is_over_ration(self) -> bool:
        """Whether it takes no more messages in this second; else it takes one."""
        now, ration = self.world.clock.now, self.traits.ration
        self._taken = [at for at in self._taken if at > now - 1.0]
        if ration and len(self._taken) >= ration:
            self.world.trace.fault(self.plan.name, "throttles")
            return True
        self._taken.append(now)
        return False

    def open_requests(self) -> int:
        """How many requests are open on its links."""
        return sum(len(session.open) for session in self.sessions if session.is_link)

    def links_bound(self) -> int:
        """How many links are bound that take messages."""
        return sum(1 for session in self.sessions if session.is_link)

    def start(self) -> None:
        """Ask the gate with outbind to bind, if that is its way."""
        if self.plan.outbind_port:
            self.world.agenda.call(self.chance.expovariate(0.5), self._call)

    def _call(self) -> None:
        if self.world.is_open:
            host, _ = self.plan.address
            self.world.network.connect(host, self.plan.outbind_port, self._called)

    def _called(self, end: ModelEnd | None) -> None:
        if end is None:
            self.start()
            return
        session = self._session(end)
        session.was_called = True
        who = wire.outbind(self.plan.name, self.plan.password)
        session.send(wire.OUTBIND, 0, session.fresh(), who)

    def lost(self, session: SmscSession) -> None:
        """A session is over; where all went with it, nobody is there for a while."""
        self.sessions.remove(session)
        self.lost_at = self.world.clock.now
        if session.was_called:
            self.start()
        elif self.traits.away > CALM.away:
            self._down_until = self.world.clock.now + self.traits.away * self.chance.random()

    def calm(self) -> None:
        """Behave from now on."""
        self.traits = CALM
        self._down_until = 0.0
        for session in self.sessions:
            session.calm(CALM)

    def leave(self) -> None:
        """End all sessions, each in some way."""
        for session in list(self.sessions):
            session.leave()


class MessageCenter:
    """What has the ids of one group of SMSCs.

    :ivar waiting: what is to be sent as soon as some session can.
    :ivar given_up: what the gate has not taken as often as it was tried.
    :ivar done: what it has taken.
    """

    def __init__(self, world: World, plan: CenterPlan, traits: Traits, chance: Random) -> None:
        self.world = world
        self.plan = plan
        self.traits = traits
        self.chance = chance
        self.doors: list[ModelSmsc] = []
        self.waiting: list[Outgoing] = []
        self.given_up: list[Outgoing] = []
        self.done: list[Outgoing] = []
        self.coming = 0
        """What is planned and not waiting yet."""
        self._gathers = False
        self.quota = plan.messages
        self._last_id = plan.first_id
        self._reference = 0

    # Ids

    def new_id(self) -> bytes:
        """One that no message of this center has."""
        self._last_id += 1
        form = self.plan.ids
        if form == "decimal":
            return b"%d" % self._last_id
        if form == "long":
            return b"%064d" % self._last_id
        if form == "uuid":
            return b"%08x-0000-4000-8000-%012x" % (self._last_id, self._last_id)
        return b"%08X" % self._last_id

    def in_receipt(self, message_id: bytes) -> bytes:
        """The same as receipts have it."""
        if self.plan.notation == "resp_hex":
            return b"%d" % int(message_id, 16)
        return message_id

    def receipt(self, outgoing: Outgoing, text: bytes) -> bytes:
        """The body of a receipt."""
        request = outgoing.request
        assert request is not None
        written = self.in_receipt(request.taken_id)
        esm_class = outgoing.esm_class
        body = receipt_body(self.plan, request, written, outgoing.state, text, esm_class)
        return self.world.from_smsc(request, body) if request.taken_by is not None else body

    # Receipts

    def took(
        self, request: Request, message_id: bytes, session: SmscSession, delay: float
    ) -> None:
        """A message is accepted, and will be answered so."""
        request.taken_id, request.taken_by = message_id, session
        if not request.wants_receipt:
            return
        traits, chance = session.traits, self.chance
        pause = delay + 0.01 + chance.expovariate(1.0)
        if session.draw(traits.at_once, "receipt at once", request):
            pause = delay + 0.0001 * chance.random()
        elif session.draw(traits.early, "receipt early", request):
            pause = delay * chance.random()
        elif session.draw(traits.belated, "receipt belated", request):
            pause = delay + 10.0 * chance.random()
        final = chance.choice(wire.FINAL)
        if session.draw(traits.interim, "receipt interim", request):
            self._receipt(request, session, pause, "BUFFRED")
            pause += 62.0 + 10.0 * chance.random()
        self._receipt(request, session, pause, final)
        if session.draw(traits.again, "receipt twice", request):
            self._receipt(request, session, pause + chance.expovariate(0.5), final)
        if session.draw(traits.late_again, "receipt late again", request):
            again = pause + 62.0 + 10.0 * chance.random()
            self._receipt(request, session, again, final)

    def _receipt(
        self,
        request: Request,
        session: SmscSession,
        pause: float,
        state: str,
    ) -> None:
        outgoing = Outgoing(request.account, request, state)
        outgoing.owned = session.owner is not None
        if session.draw(session.traits.plain, "receipt by text", request):
            outgoing.esm_class = 0
        self._plan(pause, outgoing)

    def refused(self, outgoing: Outgoing) -> None:
        """The gate has not taken it: some time later it may."""
        is_owed = not self.world.is_active and self.world.judge.is_promised(outgoing)
        if self.world.is_open and (is_owed or outgoing.tries < _MOST_TRIES):
            self._plan(self._patience() + self.chance.expovariate(1.0), outgoing)
        else:
            self.given_up.append(outgoing)

    def _patience(self) -> float:
        return max(0.5, *(door.traits.patience for door in self.doors))

    def _plan(self, delay: float, outgoing: Outgoing) -> None:
        self.coming += 1
        self.world.agenda.call(delay, self._due, outgoing)

    def _due(self, outgoing: Outgoing) -> None:
        self.coming -= 1
        self.waiting.append(outgoing)
        self.send()

    def _is_its_own(self, outgoing: Outgoing) -> bool:
        """Whether no other has taken the message too, after the gate has lost the link to this
        one: two ids for one message are more than rules can tell apart."""
        taken_by = outgoing.request.taken_by if outgoing.request is not None else None
        return taken_by is None or taken_by.center is self

    # Messages

    def start(self) -> None:
        """Let messages come."""
        if self.quota > 0:
            self.world.agenda.call(self.chance.expovariate(self.plan.pace), self._messages)

    def _messages(self) -> None:
        accounts = [a for a in self.world.plan.accounts if a.prefix]
        if accounts and self.world.is_active:
            for _ in range(min(self.quota, 1 + int(self.chance.expovariate(0.5)))):
                self.quota -= 1
                self._message(self.chance.choice(accounts))
            self.send()
            self.start()

    def go_on(self, dialogue: Dialogue, door: ModelSmsc, delay: float) -> None:
        """The subscriber answers a step, through the door by which it came."""
        if not dialogue.is_over and self.world.is_active:
            pause = delay + self.chance.expovariate(5.0)
            account, address = dialogue.account, dialogue.address
            step = Outgoing(account, destination=address, dialogue=dialogue, door=door)
            self._plan(pause, step)

    def _message(self, account: AccountPlan) -> None:
        destination = account.some_number(self.chance)
        if self.world.plan.dialogues and self.chance.random() < 0.5:
            dialogue = self.world.dialogue(account, destination, self.chance)
            self.waiting.append(Outgoing(account, destination=destination, dialogue=dialogue))
            return
        if self.chance.random() < 0.85:
            self.waiting.append(Outgoing(account, destination=destination))
            return
        self._reference = self._reference % 255 + 1
        total = self.chance.randint(2, 4)
        for place in range(1, total + 1):
            parts = (self._reference, total, place)
            self.waiting.append(Outgoing(account, parts=parts, destination=destination))

    def send(self) -> None:
        """Send what can be sent, now or together with what comes until then."""
        seconds = max((door.traits.gathers for door in self.doors), default=0.0)
        if not seconds:
            self._send_all()
        elif not self._gathers:
            self._gathers = True
            self.world.agenda.call(seconds, self._gathered)

    def _gathered(self) -> None:
        self._gathers = False
        self._send_all()

    def _send_all(self) -> None:
        left, able = [], self._able() if self.waiting else []
        for outgoing in filter(self._is_its_own, self.waiting):
            session = self._session(outgoing, able)
            if session is None:
                left.append(outgoing)
            else:
                session.deliver(outgoing)
                able = self._able()
        self.waiting = left

    def _able(self) -> list[SmscSession]:
        return [s for door in self.doors for s in door.sessions if s.can_send]

    def _session(self, outgoing: Outgoing, able: list[SmscSession]) -> SmscSession | None:
        if outgoing.owned:
            able = [s for s in able if s.owner is outgoing.account]
        else:
            able = [s for s in able if s.owner is None]
        if outgoing.door is not None:
            able = [s for s in able if s.smsc is outgoing.door]
        return self.chance.choice(able) if able else None

    def calm(self) -> None:
        """Send once more what was not taken."""
        again, self.given_up = self.given_up, []
        for outgoing in again:
            outgoing.tries = 0
            self._plan(self.chance.random(), outgoing)


def receipt_body(
    plan: CenterPlan,
    request: Request,
    message_id: bytes,
    state: str,
    text: bytes,
    esm_class: int = 4,
) -> bytes:
    """A receipt for ``request``, from where it was sent to, to where it came from.

    One without a word of it in esm_class has its id in the text only.
    """
    has_text = plan.receipts != "tlvs" or not esm_class
    has_tlvs = plan.receipts != "text" and esm_class
    tlvs = wire.receipt_tlvs(message_id, state) if has_tlvs else b""
    told = wire.receipt_text(message_id, state, text) if has_text else text
    return wire.message(b"99555", request.source, told, esm_class, 0, tlvs)
