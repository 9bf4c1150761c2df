"""What an SMSC may send without end takes bounded memory and no time from others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.deliver.pending import Pending
from smppgate.routing.affinity import Affinity
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import AlertNotification, DeliverSm
from tests.routing.fakes import (
    FakeSession,
    Gate,
    HeldStore,
    frame_of,
    receipt,
    said,
    submit,
)

PART = b"\5\0\3\7\2\1"


def part(source: bytes, destination: bytes) -> Frame:
    """The first part of a long message."""
    pdu = DeliverSm(
        source_addr=b"", destination_addr=b"", esm_class=0x40, short_message=PART + b"text"
    )
    octets = frame_of(pdu).octets
    # Longer addresses than `encode` would write.
    body = octets[16:].replace(b"\0\0\0\0\0\0\0", b"\0\1\1%b\0\1\1%b\0" % (source, destination), 1)
    return Frame.of((16 + len(body)).to_bytes(4, "big") + octets[4:16] + body)


@pytest.mark.parametrize("size", [65, 60_000])
def test_an_address_that_smpp_does_not_have_is_in_no_range(size: int) -> None:
    """Not even in that of every number; an alert_notification's neither."""
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.router.ranges.add("*", gate.acme)  # type: ignore[arg-type]
    gate.router.ranges.add("^.*1.*2$", gate.acme)  # type: ignore[arg-type]
    gate.deliver(link, part(b"1", b"1" * 64))
    assert len(esme.requests) == 1
    gate.deliver(link, part(b"1", b"1" * size))
    assert len(esme.requests) == 1
    assert said(link) == [(1, 0x64)]


def test_parts_with_such_an_address_become_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are relayed, each to any session."""
    kept: list[object] = []
    monkeypatch.setattr(Affinity, "put", lambda self, key, *_: kept.append(key))
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.deliver(link, part(b"9" * 65, b"1000"))
    assert kept == []
    gate.deliver(link, part(b"9" * 64, b"1000"))
    assert len(kept) == 1
    assert len(esme.requests) == 2


@pytest.mark.parametrize("passed_through", [True, False])
def test_an_alert_for_an_esme_that_does_not_read_is_dropped(passed_through: bool) -> None:
    """It has no resp, so no window bounds it."""
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    link.owner = esme if passed_through else None
    alert = frame_of(AlertNotification(source_addr=b"44", esme_addr=b"1000"))
    esme.writable = False
    for _ in range(3):
        gate.deliver(link, alert)
    assert esme.requests == []
    assert gate.router.statistics().undeliverable == 3
    esme.writable = True
    gate.deliver(link, alert)
    assert len(esme.requests) == 1


def large(message_id: bytes, number: int = 1) -> Frame:
    """A receipt of a megabyte."""
    octets = receipt(message_id, b"999", number).octets + b"\x14\x00" + bytes(2)
    octets += (b"\x14\x01\xff\xff" + bytes(65535)) * 16
    return Frame.of(len(octets).to_bytes(4, "big") + octets[4:])


def refused(link: FakeSession) -> int:
    return sum(status == 0x64 for _, status in said(link))


def test_large_receipts_that_wait_for_their_message_are_bounded_in_octets() -> None:
    """16 MiB of them; the rest is answered, for the SMSC to send again."""
    gate = Gate()
    esme, link = gate.esme(), gate.link(window=10)
    # Receipts wait as long as a request is open.
    gate.forward(esme, submit(registered_delivery=1))
    for number in range(40):
        gate.deliver(link, large(b"unknown%d" % number, number))
    waiting = gate.router.statistics().receipts_waiting
    assert 10 <= waiting <= 16
    assert refused(link) == 40 - waiting


def test_large_receipts_that_are_looked_up_are_bounded_in_octets() -> None:
    """The store is slow, and the SMSC sends on."""
    store = HeldStore()
    store.forget()
    gate = Gate(store=store)
    link = gate.link()
    for number in range(40):
        gate.deliver(link, large(b"%d" % number, number))
    assert 10 <= len(store.lookups) <= 16
    assert refused(link) == 40 - len(store.lookups)
    store.look_up()
    before = refused(link)
    gate.deliver(link, large(b"41", 41))
    assert refused(link) == before


@given(st.lists(st.integers(0, 50), max_size=60))
def test_pending_keeps_both_bounds(sizes: list[int]) -> None:
    """In number and in octets, and what leaves makes room."""
    pending = Pending(most=10, most_octets=200)
    waiting: list[int] = []
    for size in sizes:
        fits = len(waiting) < 10 and sum(waiting) + size <= 200
        assert pending.add(size) is fits
        if fits:
            waiting.append(size)
        elif waiting:
            pending.remove(waiting.pop(0))
        assert (pending.count, pending.octets) == (len(waiting), sum(waiting))
