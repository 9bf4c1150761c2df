"""The lines that `send` prints."""

from __future__ import annotations

import pytest

from smppgate.cli.send.lines import date, duration, message_line, receipt_line
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import header_only
from smppgate.txsmpp.pdu import DeliverSm, EnquireLink
from smppgate.txsmpp.receipts import Receipt


def test_a_receipt_tells_what_it_has() -> None:
    """Only that."""
    full = Receipt(
        stat=b"UNDELIV", err=b"017", network_error_code=b"\3\0\x0c", done_date=b"261123150405"
    )
    assert receipt_line(full, 0.5) == (
        "receipt   UNDELIV (undeliverable), error 017, network_error_code 03000c, "
        "done 2026-11-23 15:04:05, after 500.0 ms"
    )
    assert receipt_line(Receipt(), 2.0) == "receipt   without a state, after 2.00 s"
    assert receipt_line(Receipt(stat=b"ODD"), 2.0) == "receipt   ODD, after 2.00 s"


@pytest.mark.parametrize("value", [b"20261123", b"soon", b"26112315044", b""])
def test_an_odd_date_is_told_as_it_stands(value: bytes) -> None:
    """SMSCs write all kinds."""
    assert date(value) == value.decode()


def test_durations_have_a_unit_that_fits() -> None:
    """Milliseconds below one second."""
    assert (duration(0.0012), duration(0.9999), duration(1.0)) == ("1.2 ms", "999.9 ms", "1.00 s")


def test_a_user_data_header_is_not_shown() -> None:
    """Its length stands in the first octet."""
    part = DeliverSm(
        source_addr=b"1", destination_addr=b"2", esm_class=0x40, short_message=b"\5\0\3\1\2\1part"
    )
    assert message_line(encode(part)) == "MO        from 1 to 2: part"
    empty = DeliverSm(source_addr=b"1", destination_addr=b"2", esm_class=0x40)
    assert message_line(encode(empty)) == "MO        from 1 to 2: "


def test_what_cannot_be_read_is_told_too() -> None:
    """A deliver_sm without a body, and a PDU that is no message."""
    broken = message_line(header_only(CommandId.DELIVER_SM, 0, 1))
    assert broken.startswith("MO        that cannot be read: deliver_sm")
    assert message_line(encode(EnquireLink())) == "MO        EnquireLink"
