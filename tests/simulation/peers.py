"""What model ESMEs and model SMSCs have in common: one end of a session, and its moods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation import wire
from tests.simulation.clock import NEVER
from tests.simulation.ledger import Answer, Attempt
from tests.simulation.moods import Traits
from tests.simulation.sockets import NOWHERE, ModelEnd

if TYPE_CHECKING:
    from tests.simulation.world import World

# Episodes for which no answer may be lost.
_HARMLESS = ("last_words", "forget", "fail")

# Before it is connected.
_NOWHERE: Any = None

_GARBAGE = (b"\0\0\0\3abc", b"\xff" * 40, b"GET / HTTP/1.1\r\nHost: smsc\r\n\r\n", b"\0" * 16)


UNBINDING = 5.0
"""Seconds that a session with open requests has after an unbind, see docs/settings.md."""

CROSSING = 5.0
"""Seconds in which a bind_resp has come to the gate, whatever the weather."""


class ModelSession:
    """One session of a model's, from the connection to its end.

    :param traits: those of the model now; `calm` changes them.
    :ivar odd: number → a request under it that is not allowed or not known.
    :ivar open: number → the gate's request under it that is not answered.
    :ivar late: when the gate has sent what was answered when its time was all but over.
    :ivar is_bound: whether messages may flow.
    :ivar is_over: whether the connection is gone, or as good as gone.
    :ivar is_leaving: whether an unbind has been sent or has come.
    :ivar has_closed: whether it has closed the connection itself.
    :ivar has_forgotten: whether it has forgotten that the gate is bound.
    :ivar fails_with: the status that it answers all requests with for a while; 0 for none.
    :ivar is_cut: whether it can send nothing any more that makes sense.
    :ivar disturbed_at: when anything has happened to it, so that answers may be lost.
    """

    def __init__(self, world: World, name: str, traits: Traits, chance: Random) -> None:
        self.world = world
        self.name = name
        self.traits = traits
        self.chance = chance
        self.is_bound = self.is_over = self.is_leaving = False
        self.has_forgotten = self.has_closed = False
        self.is_mute = self.is_garbled = self.is_cut = False
        self.fails_with = 0
        self.disturbed_at = NEVER
        self.end: ModelEnd = _NOWHERE
        self.bound_at = self.connected_at = self.spoke_at = 0.0
        self.open: dict[int, Attempt] = {}
        self.odd: dict[int, int] = {}
        self.late: list[float] = []
        self._framer = wire.Framer()
        self._unbind = self._unbind_place = 0
        self._unbound_at = 0.0
        self._links: dict[int, None] = {}

    def __repr__(self) -> str:
        return self.name

    @property
    def enquiries(self) -> int:
        """Its own enquire_links that are not answered."""
        return len(self._links)

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, or was."""
        return self.end is not _NOWHERE

    @property
    def is_disturbed(self) -> bool:
        """Whether anything has happened to it."""
        return self.disturbed_at < NEVER

    def disturb(self) -> None:
        """Something happens now."""
        self.disturbed_at = min(self.disturbed_at, self.world.clock.now)

    @property
    def sent_at(self) -> float:
        """When the gate has sent the PDU that is being dealt with."""
        return self.end.incoming.put_at(self._framer.place)

    @property
    def is_alive(self) -> bool:
        """Whether it is bound and nobody has begun to end it."""
        return self.is_bound and not self.is_over and not self.is_leaving and self.end.is_open

    def attach(self, end: ModelEnd) -> None:
        """It is connected."""
        self.end = end
        end.owner = self
        self.connected_at = self.world.clock.now

    def calm(self, traits: Traits) -> None:
        """Behave from now on."""
        self.traits = traits
        self.is_mute, self.fails_with = False, 0
        if self.is_connected and not self.end.reads:
            self.end.read_on()
        self.resumed()

    def resumed(self) -> None:
        """It is not mute any more."""

    # What nobody may send

    def send_odd(self, forbidden: Sequence[int]) -> None:
        """A request that is not allowed or not known, or a resp to nothing."""
        chance = self.chance
        if chance.random() < 0.2:
            command = chance.choice((*forbidden, *wire.UNKNOWN)) | wire.RESP
            self.send(command, 0, chance.randrange(10**6, 10**9), b"odd\0")
            return
        command, number = chance.choice((*forbidden, *wire.UNKNOWN[:2])), self.fresh()
        if command not in wire.NEVER_ANSWERED:
            self.odd[number] = command
        body = wire.bind("x", "y") if command in wire.BINDS else b""
        self.send(command, 0, number, body)

    def odd_answered(self, pdu: wire.Pdu) -> None:
        """What was odd is answered as the specification has it."""
        command = self.odd.pop(pdu.number)
        is_known = command in wire.NAMES
        right = (command | wire.RESP, 0x04) if is_known else (wire.NACK, 0x03)
        if (pdu.command, pdu.status) != right:
            self.violated(f"{wire.name(command)} is answered with {pdu}")

    # What comes

    def received(self, octets: bytes) -> None:
        """The gate has sent something."""
        try:
            for pdu in self._framer.feed(octets):
                self.world.trace.add(self.name, "gets", pdu)
                self.world.steps += 1
                if not self.is_over:
                    self._got(pdu)
        except wire.Malformed as error:
            self.violated(f"the gate has sent what is no PDU: {error}")

    def ended(self, how: str) -> None:
        """The connection is gone."""
        self.world.trace.add(self.name, "sees the connection", how)
        # The gate may have ended it before it had the answer to its bind.
        has_settled = self.world.clock.now - self.bound_at > CROSSING
        if not self.is_leaving and self._is_judged and has_settled:
            self.violated("the connection is gone, and no unbind has come")
        self.over()

    def _got(self, pdu: wire.Pdu) -> None:
        if pdu.command == wire.ENQUIRE_LINK:
            if not self.is_mute:
                self.send(wire.ENQUIRE_LINK | wire.RESP, 0, pdu.number)
        elif pdu.command == wire.ENQUIRE_LINK | wire.RESP:
            if self._links.pop(pdu.number, 0) is not None:
                self.violated(f"an enquire_link_resp to nothing: {pdu}")
        elif pdu.command == wire.UNBIND:
            self._leave(pdu)
        elif self.is_garbled and (pdu.command, pdu.status) == (wire.NACK, 0x02):
            self.is_leaving = True
        elif pdu.is_resp and pdu.number in self.odd:
            self.odd_answered(pdu)
        elif pdu.command == wire.UNBIND | wire.RESP:
            self._left(pdu)
        elif pdu.is_resp:
            self.was_answered(pdu)
        else:
            self.was_asked(pdu)

    def _leave(self, pdu: wire.Pdu) -> None:
        """The gate unbinds: answer, and close, or let the gate do that."""
        self._check_end("it is unbound")
        self.asked_to_leave()
        self.disturb()
        self.is_leaving = True
        if not self.is_mute:
            self.send(wire.UNBIND | wire.RESP, 0, pdu.number)
            patience = self.world.terms.answered_by() * 2 + 10.0
            self.later(self.chance.choice((0.01, patience)), self.close)

    def _check_end(self, how: str) -> None:
        """The gate ends no session without a cause."""
        if self._is_judged and not self.has_cause():
            self.violated(f"{how}, and nothing has given cause for it")

    @property
    def is_orderly(self) -> bool:
        """Whether nothing has happened to it, nor to the gate since it was bound."""
        world = self.world
        is_quiet = self.is_bound and not self.is_disturbed and world.is_steady
        return is_quiet and self.bound_at > world.began_at

    @property
    def _is_judged(self) -> bool:
        return self.is_orderly and self.behaves

    @property
    def smsc_name(self) -> str:
        """The name of the SMSC whose it is; empty for a session of an ESME's."""
        return ""

    @property
    def behaves(self) -> bool:
        """Whether nothing in its moods gives the gate cause to end it."""
        raise NotImplementedError

    def has_cause(self) -> bool:
        """Whether the settings, the operator or late answers have given cause to end it."""
        raise NotImplementedError

    def asked_to_leave(self) -> None:
        """The gate unbinds it."""

    def _left(self, pdu: wire.Pdu) -> None:
        if pdu.number != self._unbind or not self._unbind:
            self.violated(f"an unbind_resp to nothing: {pdu}")
        self._unbind = 0
        self.close()

    # What the models do about it

    def was_asked(self, pdu: wire.Pdu) -> None:
        """A request came."""
        raise NotImplementedError

    def was_answered(self, pdu: wire.Pdu) -> None:
        """A resp came."""
        raise NotImplementedError

    def answer_all(self) -> None:
        """Answer what is open."""

    def over(self) -> None:
        """The session is over; called once or more."""
        self.disturb()
        self.is_over = True
        self.is_bound = False

    def fresh(self) -> int:
        """A number for a request of this end's that none has that is open."""
        raise NotImplementedError

    # Sending

    def send(self, command: int, status: int, number: int, body: bytes = b"") -> int:
        """Write one PDU; gives its end in the stream."""
        pdu = wire.Pdu(command, status, number, body)
        if self.is_cut:
            return NOWHERE
        self.world.trace.add(self.name, "sends", pdu)
        if command != wire.ENQUIRE_LINK | wire.RESP:
            self.spoke_at = self.world.clock.now
        if self.traits.gathers and not self.end.gathers:
            self.world.agenda.call(0.0, self.end.gather())
        return self.end.write(pdu.octets)

    def later(self, delay: float, what: Callable[..., Any], *args: Any) -> None:
        """Do it, if the session lives that long."""
        self.world.agenda.call(delay, self._if_alive, what, *args)

    def _if_alive(self, what: Callable[..., Any], *args: Any) -> None:
        if not self.is_over:
            what(*args)

    def draw(self, chance: float, kind: str, about: object = "") -> bool:
        """Whether a fault is to happen now; it is noted."""
        if not chance or self.chance.random() >= chance:
            return False
        self.world.trace.fault(self.name, kind, about)
        return True

    def respond(
        self, asked: wire.Pdu, status: int, body: bytes, record: Attempt
    ) -> tuple[int, float]:
        """Answer a request as the traits have it; gives the status, -1 for none, and when."""
        traits, chance = self.traits, self.chance
        if self.is_mute or self.draw(traits.silence, "silent", asked):
            return -1, 0.0
        delay = traits.quickest + chance.expovariate(1.0) * traits.spread
        if self.draw(traits.late, "late", asked):
            delay += self.world.plan.response_timeout * (1.0 + chance.random())
        command = asked.command | wire.RESP
        if self.draw(traits.refused, "refused", asked):
            status, body = chance.choice(traits.statuses), b""
        if self.fails_with:
            status, body, delay = self.fails_with, b"", traits.quickest
        if self.draw(traits.nack, "nack", asked):
            command, status, body = wire.NACK, chance.choice((0x03, 0x08, 0xFF)), b""
        self.later(delay, self._answer, command, status, asked.number, body, record)
        if self.draw(traits.twice, "answered twice", asked):
            again = delay + chance.expovariate(10.0)
            self.later(again, self._answer, command, status, asked.number, body, record)
        if self.draw(traits.stray, "wrong number", asked):
            self.later(delay * chance.random(), self._stray, asked)
        return status, delay

    def _answer(
        self, command: int, status: int, number: int, body: bytes, record: Attempt
    ) -> None:
        if not self.is_mute:
            end = self.send(command, status, number, body)
            pdu = wire.Pdu(command, status, number, body)
            record.answers.append(Answer(pdu, self.end.outgoing, end))
            self.open.pop(number, None)
            if self.world.clock.now - record.at > 0.9 * self.world.plan.response_timeout:
                self.late.append(record.at)

    def _stray(self, asked: wire.Pdu) -> None:
        """A resp that answers nothing: under another number, or to another command."""
        if self.chance.random() < 0.7 or asked.command == wire.REPLACE_SM:
            number = self.chance.randrange(10**6, 10**9)
            self.send(asked.command | wire.RESP, 0, number, b"stray\0")
        else:
            self.send(wire.REPLACE_SM | wire.RESP, 0, asked.number)

    def enquire(self) -> None:
        """Ask for a sign of life."""
        number = self.fresh()
        self._links[number] = None
        self.send(wire.ENQUIRE_LINK, 0, number)

    # Ends

    def close(self) -> None:
        """Close the connection."""
        if not self.is_over:
            self.disturb()
            self.world.trace.add(self.name, "closes")
            self.has_closed = True
            self.end.close()
            self.over()

    def unbind(self) -> None:
        """End it in order, whatever is open."""
        if self.is_alive:
            self.disturb()
            self.say_goodbye()

    def leave(self) -> None:
        """End it for good, in some way; where it is not bound yet, there is nothing to unbind."""
        way = self.chance.choice((self.unbind, self.close, self.close))
        (way if self.is_bound else self.close)()

    def say_goodbye(self) -> None:
        """Send an unbind, once."""
        if self._unbind:
            return
        self.is_leaving = True
        self._unbind, self._unbound_at = self.fresh(), self.world.clock.now
        self._unbind_place = self.send(wire.UNBIND, 0, self._unbind)
        self.later(self.world.plan.response_timeout * 2, self.close)

    def violated(self, what: str) -> None:
        """An invariant is broken."""
        self.world.violated(f"{self.name}: {what}")


class Episodes:
    """What happens to a session beside its requests, at random times.

    Made when the session is bound, and gone with it.
    """

    def __init__(self, session: ModelSession) -> None:
        self._session = session
        self._wait()

    def _wait(self) -> None:
        session = self._session
        if session.traits.episodes and session.traits.rate:
            session.later(session.chance.expovariate(session.traits.rate), self._happen)

    def _happen(self) -> None:
        session = self._session
        # The world may have calmed down since.
        if session.traits.episodes and not session.is_cut:
            kind = session.chance.choice(session.traits.episodes)
            if kind not in _HARMLESS:
                session.disturb()
            session.world.trace.fault(session.name, kind)
            getattr(self, f"_{kind}")()
            self._wait()

    def _reset(self) -> None:
        self._session.end.reset()
        self._session.over()

    def _close(self) -> None:
        self._session.close()

    def _half_close(self) -> None:
        self._session.end.finish()

    def _unbind(self) -> None:
        self._session.unbind()

    def _last_words(self) -> None:
        """An unbind, with the answers to all that is open right behind it."""
        if self._session.is_alive:
            self._session.say_goodbye()
            self._session.answer_all()

    def _forget(self) -> None:
        """It does not know of the bind any more."""
        self._session.has_forgotten = True

    def _fail(self) -> None:
        """It answers everything with an error, and at once."""
        self._session.fails_with = self._session.chance.choice((0x08, 0x45, 0x64))
        self._session.later(1.0 + 6.0 * self._session.chance.random(), self._work)

    def _work(self) -> None:
        self._session.fails_with = 0

    def _vanish(self) -> None:
        """In the middle of a PDU."""
        session = self._session
        octets = wire.pdu(wire.ENQUIRE_LINK, 0, session.fresh())
        session.end.write(octets[: session.chance.randrange(1, len(octets))])
        session.is_cut = True
        session.later(0.05, self._reset)

    def _garbage(self) -> None:
        self._session.end.write(self._session.chance.choice(_GARBAGE))
        self._session.is_garbled = self._session.is_cut = True
        self._session.later(5.0, self._session.close)

    def _mute(self) -> None:
        self._session.is_mute = True
        self._session.later(2.0 + 20.0 * self._session.chance.random(), self._speak)

    def _speak(self) -> None:
        self._session.is_mute = False
        self._session.resumed()

    def _hang(self) -> None:
        """Its process is stopped, and killed much later: it neither reads nor writes."""
        session = self._session
        session.is_cut, session.end.reads = True, False
        session.world.judge.hangs(session)
        session.later(60.0, self._reset)

    def _deaf(self) -> None:
        self._session.end.reads = False
        self._session.later(0.5 + 10.0 * self._session.chance.random(), self._listen)

    def _listen(self) -> None:
        if not self._session.end.reads:
            self._session.end.read_on()
