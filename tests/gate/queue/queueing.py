"""Queues in memory, with a store that answers on command, and fake sessions and SMSCs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from smppgate.gate.queue.queues import Queues
from smppgate.gate.relay.events import Events, Listener
from smppgate.gate.relay.reason import Cause
from smppgate.routing.esmes.account import Account, AccountPolicy, Cluster
from smppgate.routing.exchange import Exchange
from smppgate.store import Enqueued, NewMessage, QueuedMessage, StoreError
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock as SmppClock
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import RequestTimeout, SessionLost
from smppgate.txsmpp.frame import Frame, renumbered, response
from smppgate.txsmpp.pdu import DeliverSm
from smppgate.txsmpp.sequence import Outstanding, Request
from smppgate.txsmpp.versions import V3_4, Version

TTL = 1000.0


class FromSmsc(Exchange):
    """A message of an SMSC that is told 0x64 when the gate cannot deliver it."""

    __slots__ = ()
    failure_status = 0x64


class ManualStore:
    """What queues see of a store. It answers at once, or, when ``holds_back``, with `answer`.

    ``messages`` outlives the gate that put them there.
    """

    is_shared = False

    def __init__(self, clock: Clock) -> None:
        self.messages: dict[int, NewMessage] = {}
        self.holds_back = False
        self.broken = False
        self.batches: list[int] = []
        """How many messages came with each `enqueue`."""
        self.reads: list[tuple[int, int]] = []
        """``after`` and ``limit`` of each `queued`."""
        self.removals: list[tuple[int, ...]] = []
        self._clock = clock
        self._last = 0
        self.shared_with = 0
        """Messages that other processes have put into each queue."""
        self._waiting: list[Callable[[], None]] = []

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        self.batches.append(len(messages))
        return self._later(lambda: self._put(messages)).addErrback(
            lambda _: [Enqueued.FAILED] * len(messages)
        )

    def queued(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        self.reads.append((after, limit))
        return self._later(
            lambda: [
                QueuedMessage(number, message.pdu, message.expires)
                for number, message in self._live()
                if message.account == account and number > after
            ][:limit]
        )

    def remove(self, account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        self.removals.append(tuple(numbers))
        for number in numbers:
            self.messages.pop(number, None)
        # It never fails.
        return succeed(None)

    def tell_expired(self, told: Callable[[bytes, QueuedMessage], None]) -> None:
        self.told_expired = told

    def expire(self) -> None:
        """Delete what has expired, and tell."""
        now = self._clock.seconds()
        for number, message in sorted(self.messages.items()):
            if message.expires <= now:
                del self.messages[number]
                queued = QueuedMessage(number, message.pdu, message.expires)
                self.told_expired(message.account, queued)

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        def sizes() -> dict[bytes, int]:
            return dict(Counter(message.account for _, message in self._live()))

        return self._later(sizes)

    def queue_ends(self) -> Deferred[dict[bytes, float]]:
        def ends() -> dict[bytes, float]:
            live = sorted(self._live(), key=lambda each: each[1].expires)
            return {message.account: message.expires for _, message in live}

        return self._later(ends)

    def answer(self) -> None:
        """Do what it was asked so far, and tell."""
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()

    def _live(self) -> Iterable[tuple[int, NewMessage]]:
        now = self._clock.seconds()
        return [(n, m) for n, m in sorted(self.messages.items()) if m.expires > now]

    def _put(self, messages: Sequence[NewMessage]) -> list[Enqueued]:
        return [self._put_one(message) for message in messages]

    def _put_one(self, message: NewMessage) -> Enqueued:
        if message.limit <= self.shared_with:
            return Enqueued.FULL
        self._last += 1
        self.messages[self._last] = message
        return Enqueued.STORED

    def _later(self, work: Callable[[], Any]) -> Deferred[Any]:
        deferred: Deferred[Any] = Deferred()

        def go_on() -> None:
            if self.broken:
                deferred.errback(StoreError("broken"))
            else:
                deferred.callback(work())

        if self.holds_back:
            self._waiting.append(go_on)
        else:
            go_on()
        return deferred


class Session:
    """A bound session of an ESME's; ``sent`` is what it was given, in order."""

    is_remote = False

    def __init__(self, window: int = 10, version: Version = V3_4, receives: bool = True) -> None:
        self.window = window
        self.version = version
        self.receives = receives
        self.writable = True
        self.outstanding = Outstanding()
        self.sent: list[Frame] = []
        self._open: dict[int, Frame] = {}

    @property
    def has_room(self) -> bool:
        return self.writable and len(self.outstanding) < self.window

    @property
    def texts(self) -> list[str]:
        """The messages it was given to send."""
        return [text_of(frame.octets) for frame in self.sent]

    @property
    def open(self) -> list[str]:
        """Those of them that are not answered."""
        return [text_of(frame.octets) for frame in self.unanswered()]

    def unanswered(self) -> list[Frame]:
        """The requests of `open`."""
        for number, frame in list(self._open.items()):
            if not self.outstanding.awaits(Frame.of(response(frame, 0))):
                del self._open[number]
        return list(self._open.values())

    def send_request(self, request: Request, octets: bytes) -> None:
        frame = Frame.of(renumbered(octets, self.outstanding.claim(request)))
        self.sent.append(frame)
        self._open[frame.sequence_number] = frame

    def answer(self, status: int = 0, at: int = 0, command_id: int | None = None) -> None:
        """The ESME answers the request at that place among the unanswered."""
        self.hear(self.unanswered()[at], status, command_id)

    def hear(self, asked: Frame, status: int = 0, command_id: int | None = None) -> None:
        """The ESME answers ``asked``, in time or late."""
        frame = Frame.of(response(asked, status, b"\0"))
        if command_id is not None:
            frame = frame._replace(command_id=command_id)
        request = self.outstanding.answered(frame)
        if request is not None:
            request.answered(frame, 0.0)
        else:
            late = self.outstanding.answered_late(frame)
            if late is not None:
                late.answered_late(frame, 0.0)

    def expire(self, sent_by: float) -> None:
        """The response timer is over for what was sent by then."""
        for request in self.outstanding.expire(sent_by):
            request.failed(RequestTimeout("no answer"))

    def lose(self) -> None:
        for request in self.outstanding.drain():
            request.failed(SessionLost("lost"))


class Smsc:
    """Sends messages into the gate. ``answers`` has the status of each message answered."""

    def __init__(self, clock: Clock) -> None:
        self.answers: dict[str, int] = {}
        self._clock = clock

    def exchange(self, text: str, command_id: int = CommandId.DELIVER_SM) -> Exchange:
        """A message on its way, as the router makes it."""
        frame = Frame.of(pdu(text))._replace(command_id=command_id)
        origin: Any = None
        owner: Any = self
        return FromSmsc(owner, origin, frame, None, self._clock.seconds())

    def answered(self, exchange: Exchange, frame: Frame, _now: float) -> None:
        """The gate answers, once."""
        text = text_of(exchange.octets)
        assert text not in self.answers, f"{text} is answered twice"
        self.answers[text] = frame.command_status


def pdu(text: str) -> bytes:
    """A deliver_sm with that text."""
    return encode(DeliverSm(destination_addr=b"1000", short_message=text.encode()))


def text_of(octets: bytes) -> str:
    """The text of a `pdu`."""
    return octets[16 + 1 + 3 + 7 + 10 :].decode()


def account(system_id: str = "acme") -> Account[Any]:
    """An account whose sessions have windows of their own."""
    pool: Any = None
    return Account(system_id, AccountPolicy(password=b"pw", binds=frozenset(), pool=pool))


def as_it_is(octets: bytes, command_id: int, _version: Version) -> tuple[bytes, int]:
    """Every version can say everything."""
    return octets, command_id


def any_of(cluster: Cluster[Any], _octets: bytes, _now: float) -> Any:
    """The next session with room, for every message."""
    return cluster.session()


class Lost(Listener):
    """Keeps which messages of queues are lost."""

    def __init__(self, told: list[tuple[str, str, str]]) -> None:
        self._told = told

    def unqueued(self, account: bytes, octets: bytes, cause: Cause) -> None:
        self._told.append((account.decode(), text_of(octets), cause.reason.word))


class Desk:
    """A gate's queues, those of ``acme`` and ``bolt``, on a store that may be older than it."""

    def __init__(
        self,
        clock: Clock | None = None,
        store: Any = None,
        limit: int = 100,
        to_esme: Callable[[bytes, int, Version], tuple[bytes, int]] = as_it_is,
        start: bool = True,
        ttl: float = TTL,
    ) -> None:
        self.clock = clock if clock is not None else Clock()
        self.store: Any = store
        if store is None:
            self.store = ManualStore(self.clock)
        self.smsc = Smsc(self.clock)
        self.acme, self.bolt = account("acme"), account("bolt")
        self.lost: list[tuple[str, str, str]] = []
        """Account, text and reason of each message that was told to be lost."""
        events = Events()
        events.attach(Lost(self.lost))
        self.queues = Queues(
            SmppClock.of(self.clock), Batch(self.clock), self.store, to_esme, any_of, events
        )
        self.queue = self.queues.add(self.acme, limit, ttl)
        self.queues.add(self.bolt, limit, ttl)
        if start:
            self.queues.start()

    def put(self, *texts: str, to: Account[Any] | None = None) -> None:
        """The SMSC sends these; nothing more happens in this turn."""
        for text in texts:
            self.queues[to or self.acme].put(self.smsc.exchange(text), pdu(text))

    def turn(self, seconds: float = 0.0) -> None:
        """Let so much time pass, and everything be done that follows."""
        self.clock.advance(seconds)
        for _ in range(20):
            self.clock.advance(0)

    def stored(self, *texts: str, to: Account[Any] | None = None) -> None:
        """The SMSC sends these, and they are stored."""
        self.put(*texts, to=to)
        self.turn()

    def bind(self, session: Session | None = None, to: Account[Any] | None = None) -> Session:
        """A session is bound."""
        bound = session if session is not None else Session()
        (to or self.acme).add(bound)
        if bound.receives:
            self.queues.bound(to or self.acme)
        self.turn()
        return bound

    def lose(self, session: Session, of: Account[Any] | None = None) -> None:
        """A session is lost, with what is unanswered on it."""
        (of or self.acme).remove(session)
        self.queues.lost(of or self.acme)
        session.lose()
        self.turn()
