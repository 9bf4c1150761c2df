"""SMPP as the models speak it: PDUs made and read with `struct`, apart from the gate's code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import pack, unpack_from
from typing import NamedTuple

RESP = 0x80000000
NACK = RESP
BIND_RX, BIND_TX, QUERY_SM, SUBMIT_SM, DELIVER_SM, UNBIND = 1, 2, 3, 4, 5, 6
REPLACE_SM, CANCEL_SM, BIND_TRX, OUTBIND, ENQUIRE_LINK, SUBMIT_MULTI = 7, 8, 9, 0xB, 0x15, 0x21
ALERT, DATA_SM = 0x102, 0x103
BINDS = {BIND_RX: "receiver", BIND_TX: "transmitter", BIND_TRX: "transceiver"}
SUBMITS = (SUBMIT_SM, SUBMIT_MULTI, DATA_SM)
NAMES = {
    BIND_RX: "bind_receiver",
    BIND_TX: "bind_transmitter",
    QUERY_SM: "query_sm",
    SUBMIT_SM: "submit_sm",
    DELIVER_SM: "deliver_sm",
    UNBIND: "unbind",
    REPLACE_SM: "replace_sm",
    CANCEL_SM: "cancel_sm",
    BIND_TRX: "bind_transceiver",
    OUTBIND: "outbind",
    ENQUIRE_LINK: "enquire_link",
    SUBMIT_MULTI: "submit_multi",
    ALERT: "alert_notification",
    DATA_SM: "data_sm",
}

_LABEL = re.compile(rb"<[md]\d+>")

NEVER_ANSWERED = (OUTBIND, ALERT)

_ANY = (BIND_RX, BIND_TX, BIND_TRX)
_TO_SMSC = (SUBMIT_SM, SUBMIT_MULTI, QUERY_SM, CANCEL_SM, REPLACE_SM)
_TO_ESME = (DELIVER_SM, OUTBIND, ALERT)
NOT_BY_ESME = {
    0: (*_TO_SMSC, *_TO_ESME, DATA_SM, UNBIND),
    BIND_TX: (*_ANY, *_TO_ESME),
    BIND_RX: (*_ANY, *_TO_ESME, *_TO_SMSC, DATA_SM),
    BIND_TRX: (*_ANY, *_TO_ESME),
}
"""Bind → what an ESME may not send then; 0 is before the bind."""

NOT_BY_SMSC = {
    BIND_TX: (*_ANY, *_TO_SMSC, *_TO_ESME, DATA_SM),
    BIND_RX: (*_ANY, *_TO_SMSC, OUTBIND),
    BIND_TRX: (*_ANY, *_TO_SMSC, OUTBIND),
}
"""The same for an SMSC."""

UNKNOWN = (0x55, 0x0104, 0xFFFF, 0x00010200)

MAX_NUMBER = 0x7FFFFFFF
RECEIPTED_ID, MESSAGE_STATE, PAYLOAD, CONGESTION = 0x001E, 0x0427, 0x0424, 0x0428
SERVICE_OP, SESSION_INFO = 0x0501, 0x1383
STATES = {"DELIVRD": 2, "EXPIRED": 3, "UNDELIV": 5, "ACCEPTD": 6, "REJECTD": 8}
FINAL = ("DELIVRD", "EXPIRED", "UNDELIV", "REJECTD")


class Malformed(Exception):
    """A stream of octets that is no SMPP."""


class Pdu(NamedTuple):
    """A PDU as it came."""

    command: int
    status: int
    number: int
    body: bytes

    @property
    def octets(self) -> bytes:
        """The whole of it."""
        return pdu(self.command, self.status, self.number, self.body)

    @property
    def is_resp(self) -> bool:
        """Whether it is an answer."""
        return self.command >= RESP

    def __str__(self) -> str:
        label = _LABEL.search(self.body)
        about = f" {label[0].decode()}" if label else ""
        status = f" status {self.status:#x}" if self.status or self.is_resp else ""
        return f"{name(self.command)} #{self.number}{status}{about}"


def name(command: int) -> str:
    """What the specification calls a command."""
    if command == NACK:
        return "generic_nack"
    known = NAMES.get(command & ~RESP, f"command {command:#x}")
    return known + "_resp" if command & RESP else known


def pdu(command: int, status: int, number: int, body: bytes = b"") -> bytes:
    """The octets of a PDU."""
    return pack(">IIII", 16 + len(body), command, status, number) + body


def told(octets: bytes) -> str:
    """One PDU's octets for the trace."""
    return str(Pdu(*unpack_from(">III", octets, 4), octets[16:]))


class Framer:
    """Octets in as they come, PDUs out."""

    def __init__(self) -> None:
        self._rest = b""
        self.place = 0
        """Octets of the stream up to the end of the last PDU that was given."""

    def feed(self, octets: bytes) -> Iterator[Pdu]:
        """The PDUs that are whole now, one after the other."""
        self._rest += octets
        stream, at = self._rest, 0
        while len(stream) - at >= 16:
            length, command, status, number = unpack_from(">IIII", stream, at)
            if not 16 <= length <= 70_000:
                raise Malformed(f"command_length {length}")
            if len(stream) - at < length:
                break
            body = stream[at + 16 : at + length]
            at += length
            self.place += length
            self._rest = stream[at:]
            yield Pdu(command, status, number, body)


def until_nul(body: bytes, at: int) -> tuple[bytes, int]:
    """The text at ``at`` and the place behind its NUL."""
    end = body.find(b"\0", at)
    if end < 0:
        raise Malformed("a text without an end")
    return body[at:end], end + 1


def tlv(tag: int, value: bytes) -> bytes:
    """A TLV."""
    return pack(">HH", tag, len(value)) + value


# Bodies


def bind(system_id: str, password: str, version: int = 0x34) -> bytes:
    """Of a bind of any kind."""
    return system_id.encode() + b"\0" + password.encode() + b"\0\0" + bytes((version, 0, 0, 0))


def outbind(system_id: str, password: str) -> bytes:
    """Of an outbind."""
    return system_id.encode() + b"\0" + password.encode() + b"\0"


def credentials(body: bytes) -> tuple[str, str]:
    """system_id and password of a bind or an outbind."""
    system_id, at = until_nul(body, 0)
    password, _ = until_nul(body, at)
    return system_id.decode(), password.decode()


def message(
    source: bytes,
    destination: bytes,
    text: bytes,
    esm_class: int = 0,
    registered: int = 0,
    tlvs: bytes = b"",
    replaces: bool = False,
    service_type: bytes = b"",
    data_coding: int = 0,
) -> bytes:
    """Of a submit_sm or a deliver_sm."""
    return b"".join(
        (
            service_type,
            b"\0\1\1",
            source,
            b"\0\1\1",
            destination,
            b"\0",
            bytes((esm_class, 0, 0)),
            b"\0\0",
            bytes((registered, replaces, data_coding, 0, len(text))),
            text,
            tlvs,
        )
    )


def data(
    source: bytes, destination: bytes, text: bytes, esm_class: int = 0, registered: int = 0
) -> bytes:
    """Of a data_sm."""
    addresses = b"\0\1\1" + source + b"\0\1\1" + destination + b"\0"
    return addresses + bytes((esm_class, registered, 0)) + tlv(PAYLOAD, text)


def multi(source: bytes, destinations: list[bytes], text: bytes, registered: int = 0) -> bytes:
    """Of a submit_multi."""
    to = b"".join(b"\1\1\1" + each + b"\0" for each in destinations)
    head = b"\0\1\1" + source + b"\0" + bytes((len(destinations),)) + to
    return head + b"\0\0\0\0\0" + bytes((registered, 0, 0, 0, len(text))) + text


def query(message_id: bytes, source: bytes) -> bytes:
    """Of a query_sm."""
    return message_id + b"\0\1\1" + source + b"\0"


def query_resp(message_id: bytes) -> bytes:
    """Of a query_sm_resp."""
    return message_id + b"\0\0\2\0"


def cancel(message_id: bytes, source: bytes, destination: bytes = b"") -> bytes:
    """Of a cancel_sm."""
    return b"\0" + message_id + b"\0\1\1" + source + b"\0\1\1" + destination + b"\0"


def replace(message_id: bytes, source: bytes, text: bytes) -> bytes:
    """Of a replace_sm."""
    return message_id + b"\0\1\1" + source + b"\0\0\0\1\0" + bytes((len(text),)) + text


def addresses(body: bytes) -> tuple[bytes, bytes, bytes]:
    """Of a submit_sm or data_sm: source, destination, and all up to there."""
    source, at = until_nul(body, body.index(0) + 3)
    destination, end = until_nul(body, at + 2)
    return source, destination, body[:end]


def replaces(body: bytes) -> bool:
    """Whether a submit_sm of a model's may replace another."""
    return bool(body[len(addresses(body)[2]) + 6])


def with_congestion(body: bytes, state: int) -> bytes:
    """A resp that says how congested its sender is."""
    return body + tlv(CONGESTION, bytes((state,)))


def without_congestion(body: bytes) -> tuple[bytes, int | None]:
    """A resp without that, and what it has said: the last TLV, as models and the gate write it."""
    mark = tlv(CONGESTION, b"?")[:-1]
    if body[-5:-1] == mark:
        return body[:-5], body[-1]
    return body, None


def receipt_text(message_id: bytes, state: str, label: bytes) -> bytes:
    """The text of a receipt."""
    return (
        b"id:%s sub:001 dlvrd:001 submit date:2701151200 done date:2701151201 "
        b"stat:%s err:000 text:%s" % (message_id, state.encode(), label)
    )


def receipt_tlvs(message_id: bytes, state: str) -> bytes:
    """The TLVs of a receipt."""
    told = tlv(MESSAGE_STATE, bytes((STATES[state],))) if state in STATES else b""
    return tlv(RECEIPTED_ID, message_id + b"\0") + told


def step(number: int | None, is_last: bool) -> bytes:
    """The TLVs of a step of a dialogue, with the number of its session or without one."""
    info = b"" if number is None else tlv(SESSION_INFO, bytes((number, is_last)))
    return tlv(SERVICE_OP, b"\x02") + info


# Labels: every request that a model sends has one in it, by which the others know it


def label_in(body: bytes, mark: bytes) -> int | None:
    """The number behind the last ``mark`` (such as ``<m``), up to its ``>``."""
    at = body.rfind(b"<" + mark)
    end = body.find(b">", at)
    digits = body[at + 1 + len(mark) : end]
    return int(digits) if at >= 0 and end > 0 and digits.isdigit() else None
