"""The submit_sm of `send` and `load`, and the options that describe it."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from smppgate.cli.failures import UsageError
from smppgate.cli.message_values import address, hexadecimal, octet, time, tlv
from smppgate.txsmpp.alphabet import encode_text
from smppgate.txsmpp.constants import DataCoding, EsmClass, RegisteredDelivery, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.pdu import SubmitSm, Tlv
from smppgate.txsmpp.segmentation import Segmentation, split_octets
from smppgate.txsmpp.versions import Version

LONGEST_SHORT_MESSAGE = 254
"""Octets that fit into short_message, SMPP v3.4 §5.2.21; v5.0 allows one more, not used here."""


def add_arguments(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options of the message to ``parser``; gives their group."""
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
        help="the text: in the GSM alphabet where that has all of it, else in UCS-2 "
        "(default: %(default)s)",
    )
    content.add_argument(
        "--hex",
        metavar="DIGITS",
        type=hexadecimal,
        help=f"octets to send in place of a text; more than {LONGEST_SHORT_MESSAGE} go as "
        "message_payload",
    )
    _add_octet_arguments(group.add_argument)
    _add_field_arguments(group.add_argument)
    return group


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


def _add_field_arguments(add: Callable[..., object]) -> None:
    add(
        "--flash",
        action="store_true",
        help="a text that is shown at once and not kept: message class 0 in data_coding",
    )
    add(
        "--schedule",
        metavar="TIME",
        type=time,
        default=b"",
        help="when it is to be delivered: in so many seconds, or at such a time as "
        "2026-12-01T10:00 or 2026-12-01T10:00+01:00, or as SMPP writes it (default: at once)",
    )
    add(
        "--validity",
        metavar="TIME",
        type=time,
        default=b"",
        help="how long it may be tried, written so too (default: as long as the SMSC does)",
    )
    add(
        "--tlv",
        metavar="TAG=HEX",
        type=tlv,
        action="append",
        default=[],
        help="a TLV, such as 0x1402=0A0B or user_message_reference=0007; may be given again",
    )


def submit_sm(args: argparse.Namespace, version: Version, receipt: bool) -> SubmitSm:
    """The PDU that the options of `add_arguments` describe.

    :param version: the session's version; before 3.4 there are no TLVs.
    :param receipt: whether registered_delivery requests a receipt from the SMSC.
    :raises UsageError: when the message is too long for the version, or options contradict each
        other.
    """
    message, content = _template(args, version, receipt)
    if len(content) <= LONGEST_SHORT_MESSAGE:
        return message.replaced(short_message=content)
    if not version.tlvs:
        raise UsageError(
            f"the message has {len(content)} octets; SMPP {version.name} takes "
            f"{LONGEST_SHORT_MESSAGE} at most"
        )
    return message.replaced(tlvs=(*message.tlvs, _payload(content)))


def messages(
    args: argparse.Namespace,
    version: Version,
    receipt: bool,
    by: Segmentation | None,
    reference: int,
) -> list[SubmitSm]:
    """The PDUs that the options of `add_arguments` describe: parts, where they are needed.

    :param by: how a long message is sent; by default a text in parts with headers, which every
        SMSC takes, and octets as `submit_sm` has them.
    :param reference: names the message; see `split_octets`.
    :raises UsageError: as `submit_sm`, and when the message cannot be sent so.
    """
    is_as_it_is = args.hex is not None or args.esm_class & EsmClass.UDHI
    if by is None and is_as_it_is:
        return [submit_sm(args, version, receipt)]
    message, content = _template(args, version, receipt)
    try:
        parts = split_octets(message, content, by or Segmentation.UDH, reference)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not version.tlvs and any(part.tlvs for part in parts):
        raise UsageError(f"SMPP {version.name} has no TLVs: --long udh does without")
    return parts


def _template(args: argparse.Namespace, version: Version, receipt: bool) -> tuple[SubmitSm, bytes]:
    """The message without its user data, and that."""
    if args.tlv and not version.tlvs:
        raise UsageError(f"SMPP {version.name} has no TLVs, so there is no --tlv")
    data_coding, content = _content(args)
    message = SubmitSm(
        source_addr_ton=args.source.ton,
        source_addr_npi=args.source.npi,
        source_addr=args.source.addr,
        dest_addr_ton=args.destination.ton,
        dest_addr_npi=args.destination.npi,
        destination_addr=args.destination.addr,
        esm_class=args.esm_class,
        schedule_delivery_time=args.schedule,
        validity_period=args.validity,
        registered_delivery=RegisteredDelivery.MC_RECEIPT if receipt else 0,
        data_coding=data_coding,
        tlvs=tuple(args.tlv),
    )
    return message, content


def _content(args: argparse.Namespace) -> tuple[int, bytes]:
    if args.hex is None:
        if args.data_coding is not None:
            raise UsageError("--data-coding goes with --hex; a text has its own")
        return encode_text(args.text, 0 if args.flash else None)
    if args.flash:
        raise UsageError("--flash goes with a text; octets of --hex have a --data-coding")
    return DataCoding.BINARY if args.data_coding is None else args.data_coding, args.hex


def _payload(content: bytes) -> Tlv:
    try:
        return Tlv.of(Tag.MESSAGE_PAYLOAD, content)
    except PduError:
        raise UsageError(f"the message has {len(content)} octets, 65535 are possible") from None
