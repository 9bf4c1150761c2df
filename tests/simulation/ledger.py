"""What was really sent and answered: the records that the models write and the invariants read.

Each request has a label in it, a number of its own, by which it is recognized at the other side
whatever the gate has done to it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from attrs import define, field

from tests.simulation import wire
from tests.simulation.clock import NEVER
from tests.simulation.moods import AGAIN
from tests.simulation.routes import Outside
from tests.simulation.sockets import Stream

MOST_STEPS = 5
"""Steps of a dialogue."""

if TYPE_CHECKING:
    from tests.simulation.model_esme import EsmeSession
    from tests.simulation.model_smsc import ModelSmsc, SmscSession
    from tests.simulation.scenario import AccountPlan


@define(eq=False)
class Answer:
    """What was answered.

    :param end: the place in the stream behind its last octet.
    """

    pdu: wire.Pdu
    stream: Stream
    end: int

    @property
    def read_at(self) -> float:
        """When the gate has read it; in the far future while it has not."""
        at = self.stream.read_at(self.end)
        return NEVER if at is None else at


@define(eq=False)
class Attempt:
    """A request of the gate's as a model got it.

    :param at: when the gate has sent it.
    """

    session: SmscSession | EsmeSession
    number: int
    at: float
    request: Request | None = None
    answers: list[Answer] = field(factory=list)

    def was_read(self, statuses: Container[int] = (0,)) -> bool:
        """Whether the gate has read an answer with one of these."""
        return any(a.pdu.status in statuses and a.read_at < NEVER for a in self.answers)

    def has_counted(self, before: float = NEVER) -> bool:
        """Whether it has read an ok ``before`` that, when it certainly had not given up yet."""
        session = self.session
        if session.end.incoming.was_full:
            return False
        by = min(session.world.gives_up_at(self.at), session.disturbed_at, before)
        return any(a.pdu.status == 0 and a.read_at < by for a in self.answers)

    def is_open(self, timeout: float, now: float) -> bool:
        """Whether the gate cannot have given it up, unless it is about to end the session."""
        session = self.session
        is_orderly = not session.is_disturbed and not session.end.incoming.was_full
        return is_orderly and not self.was_read(range(1 << 32)) and now - self.at < timeout


@define(eq=False)
class Whole:
    """A long message.

    :ivar attempts: its parts as SMSCs got them.
    """

    attempts: list[Attempt] = field(factory=list)


@define(eq=False)
class Dialogue:
    """A dialogue between a subscriber and an ESME, whose steps come in turn from both sides.

    :param number: of its session; None where steps do not tell.
    :param address: the number of the ESME's that the subscriber talks to.
    :ivar steps: how many were sent.
    :ivar is_doubtful: whether a step was turned down: then it may go on anywhere.
    :ivar served_by: the ESME's session that a step was sent to last, when, and when that came.
    :ivar held_by: the SMSC's session that had a step last, in either direction, and when.
    :ivar smscs: all SMSCs that ever had one.
    """

    account: AccountPlan
    subscriber: bytes
    number: int | None
    address: bytes
    steps: int = 0
    is_doubtful: bool = False
    served_by: tuple[EsmeSession, float, float] | None = None
    held_by: tuple[SmscSession, float] | None = None
    smscs: dict[ModelSmsc, None] = field(factory=dict)

    def next(self) -> bytes:
        """The TLVs of its next step."""
        self.steps += 1
        return wire.step(self.number, self.is_over)

    @property
    def is_over(self) -> bool:
        """Whether its last step was sent."""
        return self.steps >= MOST_STEPS


@define(eq=False)
class Request:
    """What an ESME has sent.

    :param wants_receipt: whether receipts are asked for.
    :param ahead: how many its session had open when it was sent.
    :param whole: the long message that it is a part of; ``dialogue``: that it is a step of.
    :param target: the request that it asks about; None for a submit, and for an id of nobody's.
    :param about: the id that it asks about.
    """

    label: int
    account: AccountPlan
    session: EsmeSession
    number: int
    command: int
    body: bytes
    at: float
    wants_receipt: bool = False
    ahead: int = 0
    target: Request | None = None
    about: bytes = b""
    whole: Whole | None = None
    dialogue: Dialogue | None = None
    attempts: list[Attempt] = field(factory=list)
    answer: wire.Pdu | None = None
    answered_at: float = 0.0
    kept_at: float = 0.0
    """When its return path was kept at the earliest, by the wall clock."""
    given: bytes = b""
    """The id that the ESME was told."""
    slot: Slot | None = None
    source: bytes = b""
    """The number that it was sent from."""
    outside: Outside | None = None
    """What is written on the outside of a message, as routes see it."""
    inside: bytes = b""
    """The body of a message as the gate goes by it."""
    taken_id: bytes = b""
    """The id that the last SMSC to accept it has given it."""
    taken_by: SmscSession | None = None
    receipts: list[Delivery] = field(factory=list)
    place: int = 0
    """That behind it in the stream to the gate."""

    @property
    def entered_at(self) -> float:
        """When the gate has read it; in the far future where that is not known.

        Behind a bind it waits for the answer to that.
        """
        session = self.session
        at = session.end.outgoing.read_at(self.place)
        return NEVER if at is None or not 0.0 < session.bound_at < self.at else at

    @property
    def taken_at(self) -> float:
        """When a final receipt was taken: by an ESME, or into its queue."""
        final = [d for d in self.receipts if d.state in wire.FINAL]
        arrivals = [arrival for d in final for arrival in d.arrivals]
        taken = [answer.read_at for a in arrivals for answer in a.answers if not answer.pdu.status]
        return min(*taken, *(d.taken_at for d in final), NEVER, NEVER)

    @property
    def belongs(self) -> bool:
        """Whether there are others that it goes the same way with."""
        return self.whole is not None or self.dialogue is not None

    @property
    def is_certain(self) -> bool:
        """Whether it is the only one under its number."""
        return self.slot is not None and len(self.slot.requests) == 1

    @property
    def may_be_given(self) -> list[bytes]:
        """The ids that the ESME may have been given for it: those given under its number."""
        return [r.given for r in self.slot.requests if r.given] if self.slot is not None else []

    def __str__(self) -> str:
        return f"<m{self.label}> {wire.name(self.command)} #{self.number} of {self.session.name}"


@define(eq=False)
class Slot:
    """The requests under one number of one session's, until all of them are answered.

    There is more than one only where an ESME takes a number again that is in use. Which answer is
    whose is then not certain: it is enough if each can be for one of its own.

    :ivar possible: for each answer that came, the requests that it may be for.
    """

    requests: list[Request] = field(factory=list)
    possible: list[tuple[wire.Pdu, list[Request]]] = field(factory=list)

    @property
    def open(self) -> int:
        """Requests that no answer has come for."""
        return len(self.requests) - len(self.possible)

    def answered(self, pdu: wire.Pdu, possible: list[Request]) -> list[Request] | None:
        """One more answer; gives whose each of them is, in order, None if that cannot be."""
        self.possible.append((pdu, possible))
        return next(self._assigned(0, []), None)

    def may_answer(self, owed: list[Request]) -> bool:
        """Whether those that came can be the answers to all of ``owed``, beside others."""
        return any(all(each in taken for each in owed) for taken in self._assigned(0, []))

    def _assigned(self, place: int, taken: list[Request]) -> Iterator[list[Request]]:
        if place == len(self.possible):
            yield taken
            return
        for request in self.possible[place][1]:
            if request not in taken:
                yield from self._assigned(place + 1, [*taken, request])


@define(eq=False)
class Delivery:
    """A message or a receipt that an SMSC has sent.

    :param account: whom it is for.
    :param request: the message that it is a receipt for.
    :param told_id: the id in a receipt.
    :param dialogue: the one that it is a step of.
    """

    label: int
    account: AccountPlan
    session: SmscSession
    number: int
    command: int
    body: bytes
    at: float
    request: Request | None = None
    told_id: bytes = b""
    state: str = ""
    esm_class: int = 4
    serial: int = 0
    """Its place among what its session has sent."""
    parts: tuple[int, int, int] | None = None
    dialogue: Dialogue | None = None
    destination: bytes = b""
    """The number that it is for."""
    kept_at: float = 0.0
    """When it was queued at the earliest, by the wall clock."""
    arrivals: list[Attempt] = field(factory=list)
    resp: wire.Pdu | None = None
    taken_at: float = NEVER
    """When its SMSC has heard that it was taken."""

    @property
    def is_receipt(self) -> bool:
        """Whether it is one."""
        return self.request is not None

    @property
    def was_taken(self) -> bool:
        """Whether an ESME has answered it with ok."""
        return any(a.pdu.status == 0 for arrival in self.arrivals for a in arrival.answers)

    @property
    def was_settled(self) -> bool:
        """Whether an ESME has taken it, or refused it for good."""
        answers = [a.pdu for arrival in self.arrivals for a in arrival.answers]
        return any(pdu.status not in AGAIN for pdu in answers)

    def __str__(self) -> str:
        kind = f"receipt for <m{self.request.label}>" if self.request else "message"
        return f"<d{self.label}> {kind} #{self.number} of {self.session.name}"


@define
class Ledger:
    """All of it, by label."""

    requests: dict[int, Request] = field(factory=dict)
    deliveries: dict[int, Delivery] = field(factory=dict)
    _labels: int = 0

    def label(self) -> int:
        """A new one."""
        self._labels += 1
        return self._labels

    def asked(self, body: bytes) -> Request | None:
        """The request with the label that is in ``body``."""
        label = wire.label_in(body, b"m")
        return None if label is None else self.requests.get(label)

    def delivered(self, body: bytes) -> Delivery | None:
        """The delivery with the label that is in ``body``."""
        label = wire.label_in(body, b"d")
        return None if label is None else self.deliveries.get(label)

    def submits(self) -> Iterator[Request]:
        """Those of the requests that were messages."""
        return (r for r in self.requests.values() if r.command in wire.SUBMITS)
