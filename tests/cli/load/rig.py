"""A load on sessions in memory, whose SMSC is the test."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from smppgate.cli.load.run import LoadRun, Terms
from smppgate.cli.load.sessions import LoadSession, Traffic
from smppgate.cli.load.supply import Supply
from smppgate.cli.load.tally import Tally
from smppgate.cli.load.template import Template
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import BindTransceiver, DeliverSm, SubmitSm
from smppgate.txsmpp.timers import Timers
from tests.cli.peers import Peer
from tests.fakes import outcomes

RESPONSE_TIMEOUT = 10.0


@define
class Rig:
    """A run over ``sessions`` bound sessions; ``peers`` are their other ends."""

    sessions: int = 1
    window: int = 2
    count: int | None = 10
    rate: float | None = None
    duration: float | None = None
    receipts_wait: float | None = None
    clock: Clock = field(factory=Clock)
    run: LoadRun = field(init=False)
    peers: list[Peer] = field(init=False)
    done: list[Failure | None] = field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        template = Template.of(SubmitSm(destination_addr=b"4477", short_message=b"hi"), 1)
        traffic = Traffic(template, self.window, Supply(self.count, self.rate))
        terms = Terms(self.rate, self.duration, self.receipts_wait)
        self.run = LoadRun(traffic, terms, self.clock)
        self.peers = [self._bound() for _ in range(self.sessions)]

    @property
    def tally(self) -> Tally:
        return self.run.traffic.tally

    def start(self) -> Rig:
        """Have it begin; ``done`` gets what it ends with."""
        self.done = outcomes(self.run.start())
        return self

    def submitted(self, index: int = 0) -> list[Frame]:
        """The submit_sm that came at a peer since the last look; nothing else may have come."""
        frames = self.peers[index].received()
        assert {frame.command_id for frame in frames} <= {CommandId.SUBMIT_SM}
        return frames

    def _bound(self) -> Peer:
        timers = Timers(session_init=0, inactivity=0, enquire_link=0, response=RESPONSE_TIMEOUT)
        session = LoadSession(self.clock, timers, self.run.traffic, self.run)
        peer = Peer(self.clock, session)
        outcomes(ensureDeferred(session.bind(BindTransceiver(system_id=b"acme"))))
        peer.accept_bind()
        self.run.add(session)
        return peer


def receipt(number: int) -> DeliverSm:
    """A receipt under the peer's ``number``."""
    return DeliverSm(sequence_number=number, esm_class=0x04, short_message=b"id:1 stat:DELIVRD")
