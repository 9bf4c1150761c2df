"""The ESMEs of the demo: they send at a steady rate and record everything in a `Ledger`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from attrs import define, field
from twisted.internet.endpoints import connectProtocol
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.task import LoopingCall

from smppgate.cli.demo.ledger import Ledger
from smppgate.cli.esme import EsmeSession
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId, RegisteredDelivery
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import BindTransceiver, SubmitSm
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import V3_4

_SEND_INTERVAL = 0.005
"""Seconds between two batches of messages."""

_MAX_CATCH_UP = 0.05
"""Seconds of delay whose messages are sent afterwards; those of a longer delay are not sent."""


class Submission(Request):
    """A submit_sm without an answer. Slotted: every message makes one."""

    __slots__ = ("ledger", "text")

    def __init__(self, ledger: Ledger, text: bytes, sent_at: float) -> None:
        super().__init__(CommandId.SUBMIT_SM, sent_at)
        self.ledger = ledger
        self.text = text

    def answered(self, frame: Frame, now: float) -> None:
        """Record the answer and its latency."""
        self.ledger.answered(self.text, frame, now - self.sent_at)

    def answered_late(self, frame: Frame, now: float) -> None:
        """Count an answer after the response timeout as a stray."""
        self.ledger.strays += 1


class DemoSession(EsmeSession):
    """A session of a demo ESME.

    All of these sessions use the same sequence numbers, which the gate must keep apart.
    """

    def __init__(self, ledger: Ledger, clock: IReactorTime, batch: Batch) -> None:
        super().__init__(clock, batch=batch)
        self.ledger = ledger

    def submit(self, source: bytes, destination: bytes) -> None:
        """Send the account's next message and request a receipt."""
        text = self.ledger.send()
        pdu = SubmitSm(
            source_addr=source,
            destination_addr=destination,
            registered_delivery=RegisteredDelivery.MC_RECEIPT,
            short_message=text,
        )
        self.send_request(Submission(self.ledger, text, self.clock.seconds()), encode(pdu))

    def delivered(self, octets: bytes, now: float) -> None:
        """Record a receipt; these accounts get no other messages."""
        self.ledger.receipt(octets)

    def strayReceived(self, frame: Frame) -> None:
        """Count a resp that answers no request."""
        self.ledger.strays += 1


@define
class Pace:
    """Keeps a steady rate of messages.

    :param rate: messages per second.
    :param at: seconds on the clock, where the rate begins.
    """

    rate: float
    _at: float
    _credit: float = 0.0

    def due(self, now: float) -> int:
        """How many messages are due at ``now``; they count as sent."""
        self._credit = min(
            self._credit + (now - self._at) * self.rate, max(1.0, _MAX_CATCH_UP * self.rate)
        )
        self._at = now
        whole = int(self._credit)
        self._credit -= whole
        return whole


@define(eq=False)
class DemoEsme:
    """An ESME: an account with several sessions.

    :param source: the source address of its messages.
    :param rate: messages per second over all sessions.
    :param window: messages that each session may have unanswered.
    """

    ledger: Ledger
    password: str = field(repr=False)
    clock: IReactorTime
    source: bytes
    rate: float
    window: int
    sessions: list[DemoSession] = field(factory=list)
    _sending: LoopingCall | None = None

    async def bind(self, endpoint: IStreamClientEndpoint, count: int) -> None:
        """Connect and bind ``count`` sessions.

        :raises SmppError: when a bind is refused or not answered.
        :raises ConnectError: when a connection fails.
        """
        batch = Batch(self.clock)
        for _ in range(count):
            session = DemoSession(self.ledger, self.clock, batch)
            await connectProtocol(endpoint, session)
            await session.bind(
                BindTransceiver(
                    system_id=self.ledger.account.encode(),
                    password=self.password.encode(),
                    interface_version=V3_4.interface_version,
                )
            )
            self.sessions.append(session)

    @property
    def bound(self) -> int:
        """How many sessions are bound."""
        return sum(session.session.is_bound for session in self.sessions)

    def start(self) -> None:
        """Start sending."""
        self._sending = LoopingCall(self._sender())
        self._sending.clock = self.clock
        self._sending.start(_SEND_INTERVAL)

    def stop(self) -> None:
        """Stop sending; the sessions stay bound."""
        if self._sending is not None and self._sending.running:
            self._sending.stop()

    def _sender(self) -> Callable[[], None]:
        pace = Pace(self.rate, self.clock.seconds())
        turns = cycle(self.sessions)
        mobiles = cycle(b"4477009%05d" % number for number in range(100))

        def send() -> None:
            for _ in range(pace.due(self.clock.seconds())):
                session = next(turns)
                if len(session.session.outstanding) < self.window and session.session.is_bound:
                    session.submit(self.source, next(mobiles))

        return send
