"""The submit_sm of `send` and `load`, and the options that describe it."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from smppgate.cli import options
from smppgate.cli.failures import UsageError
from smppgate.txsmpp.alphabet import encode_text
from smppgate.txsmpp.constants import DataCoding, Npi, RegisteredDelivery, Tag, Ton
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.pdu import SubmitSm, Tlv
from smppgate.txsmpp.peek import Address
from smppgate.txsmpp.versions import Version

LONGEST_SHORT_MESSAGE = 254
"""Octets that fit into short_message, SMPP v3.4 §5.2.21; v5.0 allows one more, not used here."""


def address(text: str) -> Address:
    """An address, whose form determines type of number and numbering plan.

    ``+447700900123`` is international (TON 1, NPI 1). A text with other characters than digits
    is alphanumeric (TON 5, NPI 0). Digits alone are unknown (TON 0, NPI 0), which leaves the
    interpretation to the SMSC.

    :raises ArgumentTypeError: when the text is empty or longer than 20 octets of Latin-1.
    """
    if not text:
        raise argparse.ArgumentTypeError("an address is not empty")
    encoded = options.address(text)
    if encoded[:1] == b"+" and encoded[1:].isdigit():
        return Address(Ton.INTERNATIONAL, Npi.ISDN, encoded[1:])
    if encoded.isdigit():
        return Address(Ton.UNKNOWN, Npi.UNKNOWN, encoded)
    return Address(Ton.ALPHANUMERIC, Npi.UNKNOWN, encoded)


def hexadecimal(text: str) -> bytes:
    """Octets from pairs of hexadecimal digits; blanks between the pairs are ignored.

    :raises ArgumentTypeError: for anything else.
    """
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise argparse.ArgumentTypeError("pairs of hexadecimal digits") from None


def octet(text: str) -> int:
    """A number from 0 to 255, decimal or hexadecimal with a leading 0x.

    :raises ArgumentTypeError: for anything else.
    """
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value <= 255:
        raise argparse.ArgumentTypeError(f"a number from 0 to 255, not {text!r}")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the message to ``parser``."""
    group = parser.add_argument_group("message")
    group.add_argument(
        "--from",
        dest="source",
        metavar="ADDRESS",
        type=address,
        default="1234",
        help="who it is from: a number, a number with + in front, or a name "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--to",
        dest="destination",
        metavar="ADDRESS",
        type=address,
        default="447700900123",
        help="who it is to (default: %(default)s)",
    )
    content = group.add_mutually_exclusive_group()
    content.add_argument(
        "--text",
        default="hello",
        help="the text: in the GSM alphabet where that has all of it, else in UCS-2; more than "
        f"{LONGEST_SHORT_MESSAGE} octets go as message_payload (default: %(default)s)",
    )
    content.add_argument(
        "--hex", metavar="DIGITS", type=hexadecimal, help="octets to send in place of a text"
    )
    _add_octet_arguments(group.add_argument)


def _add_octet_arguments(add: Callable[..., object]) -> None:
    add(
        "--data-coding",
        metavar="N",
        type=octet,
        help=f"what the octets of --hex are (default: {DataCoding.BINARY:d}, binary)",
    )
    add(
        "--esm-class",
        metavar="N",
        type=octet,
        default=0,
        help="such as 0x40 for octets that begin with a user data header (default: %(default)s)",
    )


def submit_sm(args: argparse.Namespace, version: Version, receipt: bool) -> SubmitSm:
    """The PDU that the options of `add_arguments` describe.

    :param version: the session's version; before 3.4 there is no message_payload.
    :param receipt: whether registered_delivery requests a receipt from the SMSC.
    :raises UsageError: when the message is too long for the version, or --data-coding is given
        without --hex.
    """
    data_coding, content = _content(args)
    is_short = len(content) <= LONGEST_SHORT_MESSAGE
    if not is_short and not version.tlvs:
        raise UsageError(
            f"the message has {len(content)} octets; SMPP {version.name} takes "
            f"{LONGEST_SHORT_MESSAGE} at most"
        )
    return SubmitSm(
        source_addr_ton=args.source.ton,
        source_addr_npi=args.source.npi,
        source_addr=args.source.addr,
        dest_addr_ton=args.destination.ton,
        dest_addr_npi=args.destination.npi,
        destination_addr=args.destination.addr,
        esm_class=args.esm_class,
        registered_delivery=RegisteredDelivery.MC_RECEIPT if receipt else 0,
        data_coding=data_coding,
        short_message=content if is_short else b"",
        tlvs=() if is_short else (_payload(content),),
    )


def _content(args: argparse.Namespace) -> tuple[int, bytes]:
    if args.hex is None:
        if args.data_coding is not None:
            raise UsageError("--data-coding goes with --hex; a text has its own")
        return encode_text(args.text)
    return DataCoding.BINARY if args.data_coding is None else args.data_coding, args.hex


def _payload(content: bytes) -> Tlv:
    try:
        return Tlv.of(Tag.MESSAGE_PAYLOAD, content)
    except PduError:
        raise UsageError(f"the message has {len(content)} octets, 65535 are possible") from None
