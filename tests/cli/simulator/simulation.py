"""A simulated SMSC in memory, and the ESMEs' ends of its sessions."""

from __future__ import annotations

from random import Random
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from smppgate.cli.simulator import Behaviour, SimulatedSmsc
from smppgate.cli.simulator.session import SimulatedSession
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.frame import FrameBuffer
from smppgate.txsmpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    SubmitSm,
)

_AnyPdu = TypeVar("_AnyPdu", bound=Pdu)

BINDS = (BindTransmitter, BindReceiver, BindTransceiver)


@define
class Esme:
    """The far end of a session, PDU by PDU."""

    session: SimulatedSession
    transport: StringTransport
    clock: Clock
    buffer: FrameBuffer = field(factory=FrameBuffer)

    def send(self, *pdus: Pdu) -> None:
        """Send the PDUs, in one read."""
        self.session.dataReceived(b"".join(map(encode, pdus)))

    def received(self) -> list[Pdu]:
        """What came since the last time, this turn of the clock included."""
        self.clock.advance(0)
        octets = self.transport.value()
        self.transport.clear()
        return [decode(frame.octets) for frame in self.buffer.receive(octets)]

    def received_one(self, kind: type[_AnyPdu]) -> _AnyPdu:
        """The one PDU that came since the last time."""
        (pdu,) = self.received()
        assert isinstance(pdu, kind)
        return pdu

    def answer(self, *requests: Pdu, status: int = 0) -> None:
        """Answer these deliver_sm."""
        for request in requests:
            assert isinstance(request, DeliverSm)
            number = request.sequence_number
            self.send(DeliverSmResp(command_status=status, sequence_number=number))


@define
class Simulation:
    """An SMSC, its clock, and ESMEs for it."""

    smsc: SimulatedSmsc
    clock: Clock

    @classmethod
    def of(cls, seed: int = 1, **behaviour: Any) -> Simulation:
        """An SMSC that behaves so."""
        clock = Clock()
        smsc = SimulatedSmsc(Behaviour(**behaviour), clock, Random(seed))
        smsc.startService()
        return cls(smsc, clock)

    def connect(self) -> Esme:
        """A connection, not bound."""
        session = self.smsc.factory.buildProtocol(None)
        transport = StringTransport()
        session.makeConnection(transport)  # type: ignore[no-untyped-call]
        return Esme(session, transport, self.clock)

    def bind(
        self,
        kind: type[BindReceiver | BindTransceiver | BindTransmitter] = BindTransceiver,
        system_id: bytes = b"acme",
        interface_version: int = 0x34,
    ) -> Esme:
        """A session that is bound."""
        esme = self.connect()
        esme.send(kind(system_id=system_id, interface_version=interface_version))
        esme.received()
        assert esme.session.session.is_bound
        return esme


def message(number: int = 1, registered_delivery: int = 0, **fields: Any) -> SubmitSm:
    """A submit_sm."""
    return SubmitSm(
        sequence_number=number,
        source_addr=b"1001",
        destination_addr=b"447700900123",
        registered_delivery=registered_delivery,
        short_message=b"hello",
        **fields,
    )
