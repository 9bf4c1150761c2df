"""The ESMEs of the demo: sessions that send at a steady rate and write everything down."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from attrs import define, field
from twisted.internet.endpoints import connectProtocol
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.task import LoopingCall

from smppgate.cli.demo.ledger import Ledger
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId, CommandStatus, RegisteredDelivery
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import BindTransceiver, SubmitSm
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.states import Role

_TICK = 0.005
"""Seconds between two looks at how many messages are due."""

_CATCH_UP = 0.05
"""Seconds of delay that are made up for; a machine that is slower than that sends less."""


class Submission(Request):
    """A submit_sm on its way. Slotted: one is made for every message."""

    __slots__ = ("ledger", "text")

    def __init__(self, ledger: Ledger, text: bytes, sent_at: float) -> None:
        super().__init__(CommandId.SUBMIT_SM, sent_at)
        self.ledger = ledger
        self.text = text

    def answered(self, frame: Frame, now: float) -> None:
        """Its answer came."""
        self.ledger.answered(self.text, frame, now - self.sent_at)

    def answered_late(self, frame: Frame, now: float) -> None:
        """An answer came after it had been given up."""
        self.ledger.strays += 1


class DemoSession(SmppProtocol):
    """A session of an ESME's: numbers its messages from where its bind left off, as all do."""

    def __init__(self, ledger: Ledger, clock: IReactorTime, batch: Batch) -> None:
        super().__init__(Role.ESME, clock, batch=batch)
        self.ledger = ledger

    def submit(self, source: bytes, destination: bytes) -> None:
        """Send the account's next message, and ask for a receipt."""
        text = self.ledger.send()
        pdu = SubmitSm(
            source_addr=source,
            destination_addr=destination,
            registered_delivery=RegisteredDelivery.MC_RECEIPT,
            short_message=text,
        )
        self.send_request(Submission(self.ledger, text, self.clock.seconds()), encode(pdu))

    def requestReceived(self, frame: Frame, now: float) -> None:
        """A receipt: nothing else is sent to these accounts."""
        if frame.command_id != CommandId.DELIVER_SM:
            super().requestReceived(frame, now)
            return
        self.ledger.receipt(frame.octets)
        self.send(response(frame, CommandStatus.ESME_ROK, b"\0"))

    def strayReceived(self, frame: Frame) -> None:
        """An answer to nothing."""
        self.ledger.strays += 1


@define
class Pace:
    """A steady rate, without bursts.

    :param rate: messages per second.
    """

    rate: float
    _at: float
    _credit: float = 0.0

    def due(self, now: float) -> int:
        """Messages to be sent now."""
        self._credit = min(
            self._credit + (now - self._at) * self.rate, max(1.0, _CATCH_UP * self.rate)
        )
        self._at = now
        whole = int(self._credit)
        self._credit -= whole
        return whole


@define(eq=False)
class DemoEsme:
    """An ESME: an account with several sessions.

    :param rate: messages per second, all sessions together.
    :param window: unanswered messages on each session.
    :param source: the address it sends from.
    """

    ledger: Ledger
    password: str = field(repr=False)
    clock: IReactorTime
    source: bytes
    rate: float = 2000.0
    window: int = 50
    sessions: list[DemoSession] = field(factory=list)
    _sending: LoopingCall | None = None

    async def bind(self, endpoint: IStreamClientEndpoint, count: int) -> None:
        """Bind so many sessions.

        :raises SmppError: when a bind is refused or not answered.
        :raises ConnectError: when nobody listens.
        """
        batch = Batch(self.clock)
        for _ in range(count):
            session = DemoSession(self.ledger, self.clock, batch)
            await connectProtocol(endpoint, session)
            await session.bind(
                BindTransceiver(
                    system_id=self.ledger.account.encode(),
                    password=self.password.encode(),
                    interface_version=0x34,
                )
            )
            self.sessions.append(session)

    @property
    def bound(self) -> int:
        """Sessions that are bound."""
        return sum(session.session.is_bound for session in self.sessions)

    def start(self) -> None:
        """Begin to send."""
        self._sending = LoopingCall(self._sender())
        self._sending.clock = self.clock
        self._sending.start(_TICK)

    def stop(self) -> None:
        """Send no more."""
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
