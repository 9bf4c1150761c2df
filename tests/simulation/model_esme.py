"""Model ESMEs: one application for each account, with as many sessions as its plan has."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.simulation import routes, wire
from tests.simulation.clock import NEVER
from tests.simulation.hashes import password_of
from tests.simulation.ledger import Dialogue, Request, Slot, Whole
from tests.simulation.moods import CALM, STEADY, Traits
from tests.simulation.peers import UNBINDING, Episodes, ModelSession
from tests.simulation.routes import Outside
from tests.simulation.scenario import LONGEST_STALL
from tests.simulation.sockets import ModelEnd

if TYPE_CHECKING:
    from tests.simulation.scenario import AccountPlan
    from tests.simulation.world import World

BINDING = 5.0
"""Seconds that a connection has to bind, see `scenario.settings_text`."""

_PLAIN = 0.5
"""What chance says where it chooses a submit_sm that stands alone."""


class EsmeSession(ModelSession):
    """A session of an ESME's.

    :ivar pending: number → what is not answered under it.
    :ivar last: for each link of the gate's, or session of an SMSC's, the last that came from it.
    """

    def __init__(self, app: ModelEsme, kind: int, name: str) -> None:
        super().__init__(app.world, name, app.traits, app.chance)
        self.app = app
        self.plan = app.plan
        self.kind = kind
        self.pending: dict[int, Slot] = {}
        self.last: dict[object, int] = {}
        self.is_parting = False
        self._next = self.chance.choice((1, 1, 7, 1000, wire.MAX_NUMBER - 5))
        self._bind_number = 0
        self._bind_at = 0.0
        self._credentials = ("", "")
        self._was_asked_to_leave = False
        self._asked_at = NEVER

    @property
    def window(self) -> int:
        """The requests that it may have open now."""
        return self.world.terms.window(self.plan.system_id, self.world.clock.now)

    @property
    def behaves(self) -> bool:
        """Whether nothing in its moods gives the gate cause to end it."""
        return not set(self.plan.moods) - STEADY and not self.plan.asks_smsc

    def has_cause(self) -> bool:
        """Whether the settings or the operator have given cause to end it."""
        terms, since = self.world.terms, self.connected_at
        if not terms.was_left_alone(self.plan.system_id, since):
            return True
        silent_for = self.world.clock.now - self.spoke_at
        return silent_for > 0.9 * terms.inactivity(self.spoke_at)

    def asked_to_leave(self) -> None:
        """All that was sent in front of the unbind_resp is answered."""
        _, was_now = self.world.terms.ended.get(self.plan.system_id, (0.0, False))
        is_fair = self.world.is_steady and not self.is_disturbed and not was_now
        self._asked_at = self.sent_at
        self._was_asked_to_leave = is_fair and self.bound_at > self.world.began_at

    @property
    def submits(self) -> bool:
        """Whether it may send."""
        return self.kind != wire.BIND_RX

    @property
    def receives(self) -> bool:
        """Whether it may be sent to."""
        return self.kind != wire.BIND_TX

    @property
    def unanswered(self) -> int:
        """Requests of its that are open."""
        return sum(slot.open for slot in self.pending.values())

    def _called(self, pdu: wire.Pdu) -> None:
        """The gate asks for a bind."""
        if self not in self.app.called or self.is_bound:
            self.violated(f"nobody waits for {pdu}")
        if wire.credentials(pdu.body) != ("smppgate", self.plan.secret):
            self.violated(f"an outbind with {wire.credentials(pdu.body)}")
        self.later(self.chance.expovariate(20.0), self.connected, self.end)

    def connected(self, end: ModelEnd | None) -> None:
        """Bind, if there is anybody."""
        if end is None:
            self.over()
            return
        if end is not self.end:
            self.attach(end)
        name, password = self.plan.system_id, self.app.password
        if self.draw(self.traits.wrong_bind, "wrong bind"):
            name, password = self.chance.choice(((name, "guess"), ("nobody", password)))
        self._credentials, self._bind_at = (name, password), self.world.clock.now
        if self.draw(self.traits.nonsense, "nonsense"):
            self.send_odd(wire.NOT_BY_ESME[0])
        self._bind_number = self.fresh()
        self.send(self.kind, 0, self._bind_number, wire.bind(name, password, self.plan.version))
        if (
            self.submits
            and name == self.plan.system_id
            and password != "guess"
            and self.draw(self.traits.pipelines, "pipelined")
        ):
            for _ in range(self.chance.randint(1, min(4, self.window))):
                self._submit()

    def number(self) -> int:
        """A number that is free, but for those who do not care."""
        if self.pending and self.draw(self.traits.reuse, "number reused"):
            return self.chance.choice(list(self.pending))
        return self.fresh()

    def fresh(self) -> int:
        """A number that is free."""
        while any(self._next in used for used in (self.pending, self._links, self.odd)):
            self._next = self._next % wire.MAX_NUMBER + 1
        number, self._next = self._next, self._next % wire.MAX_NUMBER + 1
        return number

    # What comes

    def was_answered(self, pdu: wire.Pdu) -> None:
        """The gate has answered."""
        if pdu.command & ~wire.RESP in wire.BINDS:
            self._bind_answered(pdu)
        else:
            self.world.judge.answered(self, pdu)

    def was_asked(self, pdu: wire.Pdu) -> None:
        """The gate has sent something."""
        if pdu.command == wire.OUTBIND:
            self._called(pdu)
            return
        if not self.is_bound or not self.receives:
            self.violated(f"not bound to receive, and gets {pdu}")
        if pdu.command == wire.ALERT:
            return
        arrival = self.world.judge.arrived(self, pdu)
        body = b"\0" if self.chance.random() < 0.8 else b"esme\0"
        self.respond(pdu, 0, body, arrival)
        delivery = self.world.ledger.delivered(pdu.body)
        if delivery is not None and delivery.dialogue is not None:
            self.app.go_on(delivery.dialogue, self)

    def _bind_answered(self, pdu: wire.Pdu) -> None:
        if pdu.number != self._bind_number or pdu.command != self.kind | wire.RESP:
            self.violated(f"a bind_resp to no bind: {pdu}")
        self._bind_number = 0
        self.world.judge.bind_answered(self, pdu, self._credentials, self._bind_at)
        if pdu.status:
            self.later(0.05, self.close)
        else:
            self.is_bound = True
            self.bound_at = self.world.clock.now
            Episodes(self)
            self._traffic()

    def ended(self, how: str) -> None:
        """The connection is gone: not because a bind has waited for its turn too long."""
        waited = self.world.clock.now - self._bind_at
        is_fair = self.world.is_steady and self._bind_at > self.world.began_at
        is_own = not (self.plan.asks_smsc or self.is_disturbed)
        if self._bind_number and waited > 0.9 * BINDING and is_fair and is_own:
            self.violated("the connection is gone, and its bind was not answered")
        super().ended(how)

    def over(self) -> None:
        """Its application binds anew."""
        if not self.is_over:
            self._check_parting()
            super().over()
            self.app.lost(self)

    def _left(self, pdu: wire.Pdu) -> None:
        self._check_parting()
        super()._left(pdu)

    def _served_until(self) -> float:
        """When the gate ends it after an unbind, whatever is open.

        What has waited before it was sent may be with an SMSC still, and in time there. An answer
        that came before waits for the return path, which is behind those of the batch before it;
        and for a hook in front of that.
        """
        store, hook_time = self.world.plan.store, self.world.hook_time
        longest = 2 * (LONGEST_STALL if store.is_slow else store.delay) + hook_time
        by_stop = self.world.gives_up_at(self.world.clock.now) - hook_time
        read_at = self.end.outgoing.read_at(self._unbind_place) if self._unbind_place else None
        asked_at = min(self._asked_at, NEVER if read_at is None else read_at)
        return min(asked_at + UNBINDING - longest, by_stop)

    def _check_parting(self) -> None:
        """Behind an unbind comes the answer to all that was in front of it, if in time."""
        is_served = self.world.is_up and self.world.began_at <= self.bound_at
        is_parting = self.is_parting and not self.is_disturbed and is_served
        if self._was_asked_to_leave and not self.is_cut:
            is_parting = self.world.is_steady and not self.has_closed
        for slot in self.pending.values() if is_parting else ():
            owed = {request: why for request in slot.requests if (why := self._owes(request))}
            # Which of those under one number has its answer may not be known.
            if not slot.may_answer(list(owed)):
                missing = ((r, why) for r, why in owed.items() if r.answer is None)
                self.violated("; ".join(f"{r} is not answered, {why}" for r, why in missing))

    def _owes(self, request: Request) -> str:
        """Why the gate has to answer it before the session ends; empty where it need not."""
        if any(a.has_counted(before=self._served_until()) for a in request.attempts):
            return "though an SMSC has taken it"
        if not request.attempts and self.world.is_quiet_since(request.at):
            return "though no SMSC has it"
        return ""

    # What it sends

    def _traffic(self) -> None:
        if not self.submits:
            return
        if self.app.quota > 0:
            self.later(self.chance.expovariate(self.app.plan.pace), self._burst)
        elif self.world.is_active:
            self.later(1.0, self._traffic)

    def _burst(self) -> None:
        size = min(self.app.quota, 1 + int(self.chance.expovariate(0.5)))
        is_run = self.draw(self.traits.runs, "run")
        if is_run:
            size = min(self.app.quota, self.chance.randint(4, 16))
        if self.draw(self.traits.flood, "flood"):
            size = self.window + self.chance.randint(1, 5)
        elif self.window < self.unanswered + size:
            size = max(0, self.window - self.unanswered)
        for _ in range(size):
            if not self.is_alive:
                return
            self.app.quota -= 1
            if is_run:
                self._send_message(is_plain=True)
            else:
                self._send_one()
        if size and self.draw(self.traits.partings, "parting"):
            self.is_parting = True
            self.say_goodbye()
        self._traffic()

    def _send_one(self) -> None:
        if self.draw(self.traits.nonsense, "nonsense"):
            self.send_odd(wire.NOT_BY_ESME[self.kind])
        elif self.chance.random() < 0.05:
            self.enquire()
        elif self.chance.random() < self.traits.asks:
            self._ask()
        else:
            self._submit()

    def _submit(self) -> None:
        if self.plan.long and self.is_alive and self.chance.random() < self.plan.long:
            self.app.send_long(self)
            return
        if self.world.plan.dialogues and self.is_alive and self.chance.random() < 0.2:
            address = self.plan.some_number(self.chance)
            self.submit_step(self.world.dialogue(self.plan, address, self.chance))
            return
        self._send_message()

    def _send_message(self, is_plain: bool = False) -> None:
        """Send one message; a plain one is a submit_sm that goes by no other."""
        chance, label = self.chance, self.world.ledger.label()
        text = b"%s<m%d>" % (chance.choice((b"", b"hello ", b"x" * 100)), label)
        outside = self._outside()
        source, to = outside.source, outside.destination
        wants = chance.random() < self.app.plan.receipts
        kind = _PLAIN if is_plain else chance.random()
        if kind < 0.1:
            # To be one of few that may replace each other.
            source, to = self.plan.prefix, b"99%06d" % chance.randrange(3)
            outside, command = Outside(source, to), wire.SUBMIT_SM
            body = wire.message(source, to, text, 0, wants, replaces=True)
        elif kind < 0.85:
            coding, service = outside.data_coding, outside.service_type
            command = wire.SUBMIT_SM
            body = wire.message(source, to, text, 0, wants, b"", False, service, coding)
        elif kind < 0.95:
            command, body = wire.DATA_SM, wire.data(source, to, text, 0, wants)
        else:
            command, body = wire.SUBMIT_MULTI, wire.multi(source, [to, b"98765"], text, wants)
        if command != wire.SUBMIT_SM:
            # These are written plainly.
            outside = Outside(source, to)
        request = self._request(label, command, body, wants)
        request.source = source
        # Numbers of many stay as they are.
        request.outside = outside if command == wire.SUBMIT_MULTI else self._seen(outside)

    def _seen(self, outside: Outside) -> Outside:
        """The same as routes see it."""
        rewrites = self.world.plan.rewrites
        return outside if rewrites is None else rewrites.outside(self.plan.system_id, outside)

    def _outside(self) -> Outside:
        """What is written on a message; where there are no routes, of one kind."""
        chance = self.chance
        source, to = self.plan.some_number(chance), b"99%06d" % chance.randrange(self._spread)
        if not self.world.plan.routes:
            return Outside(source, to)
        return Outside(
            source if chance.random() < 0.7 else chance.choice(routes.NAMES),
            chance.choice(routes.COUNTRIES) + to[2:],
            chance.choice(routes.SERVICES),
            chance.choice(routes.CODINGS),
        )

    @property
    def _spread(self) -> int:
        """How many numbers it sends to: few where it matters that some are the same."""
        return 8 if self.world.plan.balance == "hash" else 10**6

    def submit_part(self, whole: Whole, source: bytes, to: bytes, header: bytes) -> None:
        """A part of a long message, if messages may be sent still."""
        if not self.is_alive:
            return
        label = self.world.ledger.label()
        wants = self.chance.random() < self.app.plan.receipts
        body = wire.message(source, to, header + b"<m%d>" % label, 0x40, wants)
        request = self._request(label, wire.SUBMIT_SM, body, wants)
        request.source, request.whole = source, whole
        request.outside = self._seen(Outside(source, to))

    def submit_step(self, dialogue: Dialogue) -> None:
        """The next step of a dialogue, if messages may be sent still."""
        if not self.is_alive or not self.world.is_active or dialogue.is_over:
            return
        label = self.world.ledger.label()
        text, to = b"<m%d>" % label, dialogue.subscriber
        body = wire.message(dialogue.address, to, text, 0, False, dialogue.next())
        request = self._request(label, wire.SUBMIT_SM, body, False)
        request.source, request.dialogue = dialogue.address, dialogue
        request.outside = self._seen(Outside(dialogue.address, to))

    def _ask(self) -> None:
        """About a message of its own, of another's, or of nobody's."""
        chance, label = self.chance, self.world.ledger.label()
        known = [r for r in self.world.ledger.submits() if r.given and r.is_certain]
        target = chance.choice(known) if known and chance.random() < 0.8 else None
        about = target.given if target else b"4dz0%08X" % chance.randrange(1 << 32)
        source = b"<m%d>" % label
        command, body = chance.choice(
            (
                (wire.QUERY_SM, wire.query(about, source)),
                (wire.CANCEL_SM, self.world.cancel(about, source, target)),
                (wire.REPLACE_SM, wire.replace(about, source, b"new")),
            )
        )
        request = self._request(label, command, body, False)
        request.target, request.about = target, about

    def _request(self, label: int, command: int, body: bytes, wants: bool) -> Request:
        request = Request(
            label,
            self.plan,
            self,
            self.number(),
            command,
            body,
            self.world.clock.now,
            wants,
            self.unanswered,
        )
        self.world.ledger.requests[label] = request
        request.inside = self.world.inside(self.plan.system_id, command, body)
        request.kept_at = self.world.clock.wall()
        request.slot = self.pending.setdefault(request.number, Slot())
        request.slot.requests.append(request)
        request.place = self.send(command, 0, request.number, body)
        return request


class ModelEsme:
    """The application of one account.

    :ivar quota: requests that it still has to send.
    :ivar called: sessions that the gate has asked for with outbind.
    :ivar disturbed_at: when a session of its was lost last.
    :ivar sessions: one for each kind of bind in its plan, the latest.
    """

    def __init__(self, world: World, plan: AccountPlan, traits: Traits, chance: Random) -> None:
        self.world = world
        self.plan = plan
        self.traits = traits
        self.chance = chance
        self.quota = plan.quota
        self.sessions: list[EsmeSession | None] = [None] * len(plan.binds)
        self.called: list[EsmeSession] = []
        self.disturbed_at = -NEVER
        self._serial = 0
        self._reference = 0

    @property
    def password(self) -> str:
        """What it knows of: that in force now; while there is none, that of the beginning."""
        esme = self.world.terms.now.esmes.get(self.plan.system_id)
        return (password_of(esme) if esme is not None else "") or self.plan.password

    @property
    def port(self) -> int:
        """Where the gate listens."""
        return int(self.chance.choice(self.world.terms.now.settings.listen).endpoint.split(":")[1])

    def start(self) -> None:
        """Connect, one session after the other."""
        for place in range(len(self.plan.binds)):
            self.world.agenda.call(self.chance.expovariate(2.0), self._connect, place)

    def alive(self) -> list[EsmeSession]:
        """Sessions that are bound."""
        return [s for s in self._all() if s.is_alive]

    def has_unread(self, but: EsmeSession) -> bool:
        """Whether anything may be under way to a session of its other than that."""
        others = (each for each in self._all() if each is not but and each.is_connected)
        return not all(each.end.knows_all for each in others)

    def _all(self) -> list[EsmeSession]:
        return [s for s in (*self.sessions, *self.called) if s is not None and not s.is_over]

    def accept(self, end: ModelEnd) -> bool | None:
        """The gate connects, to send outbind; None to let it wait."""
        if not self.world.is_open:
            return None
        self._serial += 1
        name = f"{self.plan.system_id}.{self._serial}"
        session = EsmeSession(self, self.chance.choice((wire.BIND_RX, wire.BIND_TRX)), name)
        session.attach(end)
        self.called.append(session)
        return True

    def lost(self, session: EsmeSession) -> None:
        """A session is over: bind anew."""
        self.disturbed_at = self.world.clock.now
        if session in self.sessions and self.world.is_open:
            place = self.sessions.index(session)
            pause = self.traits.away * (0.1 + self.chance.expovariate(1.0))
            self.world.agenda.call(pause, self._connect, place)

    def send_long(self, session: EsmeSession) -> None:
        """Send a long message, in any order, over all sessions that may send."""
        chance, total, whole = self.chance, self.chance.randint(2, 5), Whole()
        source, to = self.plan.some_number(chance), b"99%06d" % chance.randrange(10)
        self._reference = self._reference % 250 + 1
        numbers = list(range(1, total + 1))
        chance.shuffle(numbers)
        for number in numbers:
            others = [each for each in self.alive() if each.submits]
            header = bytes((5, 0, 3, self._reference, total, number))
            by = chance.choice(others) if others else session
            pause = chance.choice((0.0, 0.0, 0.2, 3.0)) * chance.random()
            by.later(pause, by.submit_part, whole, source, to, header)

    def go_on(self, dialogue: Dialogue, session: EsmeSession) -> None:
        """Answer a step that came on ``session``, there or where something may be sent."""
        others = [each for each in self.alive() if each.submits]
        by = session if session.submits or not others else self.chance.choice(others)
        if by.submits:
            by.later(self.chance.expovariate(5.0), by.submit_step, dialogue)

    def calm(self) -> None:
        """Behave from now on."""
        self.traits = CALM
        self.quota = 0
        for session in self._all():
            session.calm(CALM)

    def leave(self) -> None:
        """End all sessions, each in some way."""
        for session in self._all():
            session.leave()

    def _connect(self, place: int) -> None:
        if not self.world.is_open:
            return
        self._serial += 1
        kind = self.plan.binds[place]
        name = f"{self.plan.system_id}.{self._serial}"
        session = self.sessions[place] = EsmeSession(self, kind, name)
        self.world.network.connect(self.plan.host, self.port, session.connected)
