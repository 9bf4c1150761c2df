"""A gate in memory whose traffic is looked at, and what was seen as short words."""

from __future__ import annotations

from typing import Any

from smppgate.observe.traffic import Interest, Traffic, View
from smppgate.observe.traffic.seen import Kind, Seen
from smppgate.txsmpp.constants import command_name
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import DeliverSm, SubmitSm
from tests.gate.memory_gateway import MemoryGateway
from tests.gate.test_reload import esme, gate_of, smsc

TWO = (smsc("alpha"), smsc("beta"))
ESMES = (esme(), esme(system_id="other"))


def submit(to: bytes = b"447700900123", **more: Any) -> SubmitSm:
    return SubmitSm(source_addr=b"1000", destination_addr=to, short_message=b"x", **more)


def mo(to: bytes, **more: Any) -> DeliverSm:
    return DeliverSm(source_addr=b"447700900123", destination_addr=to, short_message=b"y", **more)


class Kept:
    """A form that keeps what is seen, and writes its length."""

    def __init__(self) -> None:
        self.all: list[Seen] = []
        self.left: list[int] = []

    def head(self) -> bytes:
        return b"head"

    def sign_of_life(self, time: float) -> bytes:
        return b"."

    def left_out(self, count: int, time: float) -> bytes:
        self.left.append(count)
        return b"!"

    def seen(self, seen: Seen) -> bytes:
        self.all.append(seen)
        return b"s" * len(seen.octets)


class Looking:
    """One view of a gate."""

    def __init__(self, gate: MemoryGateway, traffic: Traffic | None = None, **more: Any) -> None:
        self.gate = gate
        self.traffic = traffic if traffic is not None else Traffic(gate.gateway)
        self.form = Kept()
        self.written: list[bytes] = []
        self.view: View = self.traffic.open(Interest(**more), self.form)
        self.view.start(self.written.append)

    def turn(self) -> None:
        """Let what was seen be written."""
        self.gate.turn()
        self.gate.reactor.advance(0.02)

    def all(self) -> list[Seen]:
        """What was seen since the last time."""
        self.turn()
        found, self.form.all = self.form.all, []
        return found

    def words(self) -> list[str]:
        """The same, each as ``acme > submit_sm 2``."""
        return [in_words(each) for each in self.all()]


def in_words(seen: Seen) -> str:
    if seen.kind is Kind.PDU:
        frame = Frame.of(seen.octets)
        what = f"{command_name(frame.command_id)} {frame.sequence_number}"
        what += f" 0x{frame.command_status:X}" if frame.command_status else ""
    else:
        what = seen.kind.value
    name = seen.name.removesuffix(" transceiver 1")
    return f"{name} > {what}" if seen.is_received else f"{name} < {what}"


def gate(*smscs: Any, **more: Any) -> MemoryGateway:
    return gate_of(*smscs, **{"esme": ESMES, **more})
