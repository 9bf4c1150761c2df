"""`Words`: what is seen as JSON, decoded: a server-sent event for each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import attrs

from smppgate.observe.traffic.seen import Kind, Seen
from smppgate.txsmpp.alphabet import decode_text
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import DataCoding, EsmClass, Tag, command_name
from smppgate.txsmpp.errors import PduError, ProtocolError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.layout import Pdu
from smppgate.txsmpp.masking import masked_body, masked_pdu
from smppgate.txsmpp.statuses import status_meaning, status_name
from smppgate.txsmpp.tlv import Tlv, tag_name
from smppgate.txsmpp.user_data_header import header_size

_BINARY = (DataCoding.OCTETS, DataCoding.BINARY)


class Words:
    """A trace.

    :param shows_text: whether texts of messages are in it.
    :param worker: the number of the worker that sees it; 0 where it is all there is.
    """

    def __init__(self, shows_text: bool, worker: int = 0) -> None:
        self._shows_text = shows_text
        self._worker = {"worker": worker} if worker else {}

    def head(self) -> bytes:
        """What comes first."""
        return b": \n\n"

    def sign_of_life(self, time: float) -> bytes:
        """A comment."""
        return b": \n\n"

    def left_out(self, count: int, time: float) -> bytes:
        """So many were left out."""
        return _event({"time": _iso(time), "kind": "left_out", "count": count, **self._worker})

    def seen(self, seen: Seen) -> bytes:
        """One of what was seen."""
        place = seen.place
        told: dict[str, Any] = {
            "time": _iso(seen.time),
            "kind": seen.kind.value,
            "side": "esme" if place.is_esme else "smsc",
            "account" if place.is_esme else "link": seen.name,
            "session": place.id or None,
            "peer": place.shown_peer,
            "direction": "received" if seen.is_received else "sent",
        }
        if seen.kind is Kind.PDU:
            told |= described(seen.octets, self._shows_text)
        told |= self._worker
        if seen.decision:
            told["decision"] = dict(seen.decision)
        return _event(told)


def described(octets: bytes, shows_text: bool) -> dict[str, Any]:
    """One whole PDU in the specification's words, as far as it may be shown.

    Fields that are 0 or empty are left out.
    """
    frame = Frame.of(octets)
    told: dict[str, Any] = {
        "command": command_name(frame.command_id),
        "number": frame.sequence_number,
        "octets": len(octets),
    }
    if frame.is_response or frame.command_status:
        told["status"] = frame.command_status
        told["status_name"] = status_name(frame.command_status)
        told["meaning"] = status_meaning(frame.command_status)
    try:
        pdu = masked_pdu(decode(octets), shows_text)
    except ProtocolError as error:
        told["undecoded"] = str(error)
        told["body"] = masked_body(octets, shows_text)[16:].hex() if shows_text else None
        return told
    told["fields"] = dict(_fields(pdu, shows_text))
    if pdu.tlvs:
        told["tlvs"] = [_tlv(pdu, tlv, shows_text) for tlv in pdu.tlvs]
    return told


def _fields(pdu: Pdu, shows_text: bool) -> Iterator[tuple[str, Any]]:
    for name, _ in pdu.layout:
        value = getattr(pdu, name)
        if name == "short_message":
            if value:
                yield name, _text(pdu, value, shows_text)
        elif value or name in ("destination_addr", "message_id"):
            yield name, _plain(value)


def _tlv(pdu: Pdu, tlv: Tlv, shows_text: bool) -> dict[str, Any]:
    if tlv.tag == Tag.MESSAGE_PAYLOAD:
        value: Any = _text(pdu, tlv.value, shows_text)
    else:
        try:
            value = _plain(tlv.decoded())
        except PduError:
            value = tlv.value.hex()
    return {"tag": tag_name(tlv.tag), "value": value, "octets": len(tlv.value)}


def _text(pdu: Pdu, value: bytes, shows_text: bool) -> str:
    """A text, behind its user data header in hexadecimal digits if it has one."""
    size = header_size(value) if getattr(pdu, "esm_class", 0) & EsmClass.UDHI else 0
    header, text = value[:size], value[size:]
    coding = getattr(pdu, "data_coding", 0)
    if not shows_text:
        # As many asterisks as octets, whatever the alphabet.
        shown = text.decode("latin-1")
    elif coding in _BINARY:
        shown = text.hex()
    else:
        shown = decode_text(text, coding)
    return f"[{header.hex()}] {shown}" if header else shown


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return _readable(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if attrs.has(type(value)):
        return {each.name: _plain(getattr(value, each.name)) for each in attrs.fields(type(value))}
    return str(value)


def _readable(value: bytes) -> str:
    """As it is where it can be printed, else in hexadecimal digits."""
    text = value.decode("latin-1")
    return text if text.isprintable() else value.hex()


def _event(told: dict[str, Any]) -> bytes:
    data = json.dumps(told, separators=(",", ":"))
    return f"data: {data}\n\n".encode()


def _iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"
