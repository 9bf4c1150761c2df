"""A tap sees what one session reads and writes, whole PDUs of it, and changes nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from smppgate.txsmpp.frame import FrameBuffer
from smppgate.txsmpp.pdu import EnquireLink, Pdu
from tests.txsmpp.pairs import SUBMIT, bound_smsc, numbered


class Kept:
    """A tap that keeps what it is shown."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.written = b""
        self.ends: list[str] = []

    def received(self, octets: bytes) -> None:
        self.read.append(octets)

    def sent(self, octets: bytes) -> None:
        self.written += octets

    def lost(self, reason: str) -> None:
        self.ends.append(reason)


def whole(shown: list[bytes]) -> bytes:
    """The whole PDUs that each of these begins with."""
    found = b""
    for octets in shown:
        at = 0
        while at + 4 <= len(octets):
            size = int.from_bytes(octets[at : at + 4], "big")
            if at + size > len(octets):
                break
            found += octets[at : at + size]
            at += size
    return found


def test_what_is_read_and_written_is_seen_until_the_connection_is_lost() -> None:
    clock, tap = Clock(), Kept()
    smsc, transport = bound_smsc(clock)
    smsc.attach_tap(tap)
    read = numbered(SUBMIT, 1) + numbered(EnquireLink(), 2)
    transport.deliver(read)
    assert tap.read == [read]
    assert tap.written == transport.take() != b""
    transport.lose()
    assert len(tap.ends) == 1


def test_a_tap_that_is_taken_off_sees_no_more() -> None:
    smsc, transport = bound_smsc(Clock())
    tap = Kept()
    smsc.attach_tap(tap)
    smsc.attach_tap(None)
    transport.deliver(numbered(EnquireLink(), 2))
    transport.lose()
    assert (tap.read, tap.written, tap.ends) == ([], b"", [])


@given(st.lists(st.sampled_from([SUBMIT, EnquireLink()]), max_size=6), st.data())
def test_each_pdu_is_seen_whole_and_once_however_the_stream_is_split(
    pdus: list[Pdu], data: st.DataObject
) -> None:
    stream = b"".join(numbered(pdu, number) for number, pdu in enumerate(pdus, 1))
    tap, buffer = Kept(), FrameBuffer()
    buffer.tap = tap.received
    rest = stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        buffer.receive(rest[:size])
        rest = rest[size:]
    assert whole(tap.read) == stream
