"""The few fields that routing needs, found by offset in a whole PDU without decoding it.

Every function takes the octets of one whole PDU, header included, and gives what `codec.decode`
would give for the field. It reads no further than the field and judges nothing else, so that
a PDU that could not be decoded can still be routed: the SMSC judges it. Octets in which the
field cannot be found are a `PduError` with the status to answer, and never anything else. What
a command other than those named in a docstring gives has no meaning.

These run for every message relayed. One match of a compiled pattern was measured against
stepping with ``bytes.index``, and takes two thirds of the time; a pattern here is the body of
a PDU up to its field, spelled out. Quantifiers are possessive: a string that does not end is
given up at once.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from smppgate.txsmpp.constants import CommandId, CommandStatus, command_name
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE


def _pattern(*fields: bytes) -> re.Pattern[bytes]:
    return re.compile(b"".join(fields), re.DOTALL)


_STRING, _OCTET = rb"[^\0]*+\0", rb"."
_WANTED_STRING, _WANTED_OCTET = rb"([^\0]*+)\0", rb"(.)"

# service_type and source_addr, then destination_addr, each with its two octets in front.
_TO_SOURCE = _STRING + _OCTET * 2
_TO_DESTINATION = _TO_SOURCE + _STRING + _OCTET * 2
_ADDRESSES = _TO_DESTINATION + _STRING
# esm_class, protocol_id, priority_flag, schedule_delivery_time, validity_period.
_TO_OPTIONS = _ADDRESSES + _OCTET * 3 + _STRING * 2

_WANTED_ADDRESSES = _WANTED_STRING + (_WANTED_OCTET * 2 + _WANTED_STRING) * 2

_SOURCE = _pattern(_TO_SOURCE, _WANTED_STRING)
_DESTINATION = _pattern(_TO_DESTINATION, _WANTED_STRING)
# A submit_sm with replace_if_present_flag, and what it may replace.
_REPLACEMENT = _pattern(rb"(", _ADDRESSES, rb")")
_replaces = _pattern(_TO_OPTIONS + _OCTET, rb"[^\0]").match
_BOTH_ADDRESSES = _pattern(_TO_SOURCE, _WANTED_STRING, _OCTET * 2, _WANTED_STRING)
_DELIVERY = _pattern(_TO_DESTINATION, _WANTED_STRING, _OCTET)
_SENDER = _pattern(_WANTED_STRING, _WANTED_OCTET * 2, _WANTED_STRING)
# Of a submit_multi: number_of_dests, and an SME address (dest_flag 1) as the first of them.
_FIRST_OF_MANY = _pattern(_TO_SOURCE, _STRING, rb"[^\0]\x01", _OCTET * 2, _WANTED_STRING)
_ESME_ADDRESS = _pattern(_OCTET * 2, _STRING, _OCTET * 2, _WANTED_STRING)
# A bind up to its interface_version, and what follows as far as it goes.
_BIND_ADDRESS_RANGE = _pattern(_STRING * 3, _OCTET, rb"(.?)(.?)([^\0]*+)")
_ESM_CLASS = _pattern(_ADDRESSES, _WANTED_OCTET)

# The last octet of command_id tells these PDUs apart.
_SUBMIT_SM, _DELIVER_SM, _DATA_SM, _SUBMIT_MULTI = (
    CommandId.SUBMIT_SM & 0xFF,
    CommandId.DELIVER_SM & 0xFF,
    CommandId.DATA_SM & 0xFF,
    CommandId.SUBMIT_MULTI & 0xFF,
)
_SUBMIT_MULTI_OCTET = bytes((_SUBMIT_MULTI,))


def _by_command(message: bytes, data_sm: bytes) -> dict[int, re.Pattern[bytes]]:
    """One pattern for submit_sm and deliver_sm, one for data_sm."""
    both = _pattern(message)
    return {_SUBMIT_SM: both, _DELIVER_SM: both, _DATA_SM: _pattern(data_sm)}


_REGISTERED_DELIVERY = _by_command(_TO_OPTIONS + _OCTET, _ADDRESSES + _OCTET * 2)
_DATA_CODING = _by_command(_TO_OPTIONS + _OCTET * 3, _ADDRESSES + _OCTET * 3)
_TO_MESSAGE = _by_command(_TO_OPTIONS + _OCTET * 4, _ADDRESSES + _OCTET * 3)
_ENVELOPE = _by_command(
    _WANTED_ADDRESSES + rb"(.)..[^\0]*+\0[^\0]*+\0(.).(.)", _WANTED_ADDRESSES + rb"(.)(.)(.)"
)

# Requests whose message_id stands behind service_type.
_MESSAGE_ID_SECOND = frozenset({CommandId.CANCEL_SM, CommandId.CANCEL_BROADCAST_SM})

# dest_flag → octets from it to the string: it and two of an SME address, it of a list's name.
_BEFORE_NAME = {1: 3, 2: 1}


class Address(NamedTuple):
    """Type of number, numbering plan (an octet each) and address, without its NUL."""

    ton: int
    npi: int
    addr: bytes


class Envelope(NamedTuple):
    """What the outside of a message says. ``destination`` is None in a submit_multi."""

    service_type: bytes
    source: Address
    destination: Address | None
    esm_class: int
    registered_delivery: int
    data_coding: int


_LONGEST_SYSTEM_ID, _LONGEST_PASSWORD = 15, 64


class Credentials(NamedTuple):
    """What a bind says of who binds. The password is for comparing, not for showing."""

    system_id: bytes
    password: bytes
    interface_version: int

    def __repr__(self) -> str:
        return f"Credentials({self.system_id!r}, interface_version={self.interface_version:#x})"


def credentials(octets: bytes) -> Credentials:
    """Who binds, by any of the three binds; of no interest here is what else is in it.

    A bind that ends before its interface_version is one of SMPP 3.3, which is what the number
    was brought in to tell from others (SMPP v3.4 §5.2.4).

    :raises PduError: ESME_RINVSYSID or ESME_RINVPASWD where one of these cannot be found, or is
        longer than anybody's: 15 and 64 octets.
    """
    system_id, nul, rest = octets[HEADER_SIZE:].partition(b"\0")
    if not nul or len(system_id) > _LONGEST_SYSTEM_ID:
        raise _missing(octets, "system_id", CommandStatus.ESME_RINVSYSID)
    password, nul, rest = rest.partition(b"\0")
    if not nul or len(password) > _LONGEST_PASSWORD:
        raise _missing(octets, "password", CommandStatus.ESME_RINVPASWD)
    version = rest.partition(b"\0")[2][:1] or b"\x33"
    return Credentials(system_id, password, version[0])


def source(octets: bytes) -> bytes:
    """source_addr of a submit_sm, submit_multi, deliver_sm or data_sm, without its NUL.

    :raises PduError: ESME_RINVSRCADR where it cannot be found.
    """
    found = _SOURCE.match(octets, HEADER_SIZE)
    if found is None:
        raise _missing(octets, "source_addr", CommandStatus.ESME_RINVSRCADR)
    return found[1]


def destination(octets: bytes) -> bytes:
    """destination_addr of a submit_sm, deliver_sm or data_sm, without its NUL.

    A submit_multi has no one destination and gives none: ``b""``.

    :raises PduError: ESME_RINVDSTADR where it cannot be found.
    """
    found = _DESTINATION.match(octets, HEADER_SIZE)
    if found is None or octets[7] == _SUBMIT_MULTI:
        _single(octets, "destination_addr", CommandStatus.ESME_RINVDSTADR)
        return b""
    return found[1]


def replaced(octets: bytes) -> bytes:
    """What a submit_sm with replace_if_present_flag may replace: ``b""`` for one without.

    It is service_type, source address and destination address as they stand there, by which an
    SMSC finds the message (SMPP v3.4 §5.2.18). Any flag but 0 is taken for 1; where it cannot be
    found there is none.
    """
    # Few have it, and to see that it is not there takes half as long as to find what it is about.
    if _replaces(octets, HEADER_SIZE) is None:
        return b""
    found = _REPLACEMENT.match(octets, HEADER_SIZE)
    return found[1] if found is not None else b""


def addresses(octets: bytes) -> tuple[bytes, bytes]:
    """What `source` and `destination` give, of a submit_sm, deliver_sm or data_sm by one match.

    :raises PduError: ESME_RINVSRCADR or ESME_RINVDSTADR where one of these cannot be found.
    """
    found = _BOTH_ADDRESSES.match(octets, HEADER_SIZE)
    if found is None or octets[7] == _SUBMIT_MULTI:
        return source(octets), destination(octets)
    return found[1], found[2]


def destination_address(octets: bytes) -> Address:
    """Type of number, plan and destination_addr of a submit_sm, deliver_sm or data_sm.

    :raises PduError: ESME_RINVDSTADR where they cannot be found.
    """
    found = _DESTINATION.match(octets, HEADER_SIZE)
    if found is None:
        raise _missing(octets, "destination_addr", CommandStatus.ESME_RINVDSTADR)
    return _address(octets, found)


def first_destination(octets: bytes) -> bytes:
    """The first destination_addr of a submit_multi; ``b""`` where a distribution list is first.

    :raises PduError: ESME_RINVDSTADR where none can be found.
    """
    found = _FIRST_OF_MANY.match(octets, HEADER_SIZE)
    if found is not None:
        return found[1]
    _single(octets, "dest_address", CommandStatus.ESME_RINVDSTADR)
    return b""


def first_destination_ton(octets: bytes) -> int:
    """The type of that number, one octet; 0 where there is none.

    :raises PduError: as `first_destination`.
    """
    found = _FIRST_OF_MANY.match(octets, HEADER_SIZE)
    return octets[found.start(1) - 2] if found is not None else 0


def sender(octets: bytes) -> tuple[bytes, Address]:
    """service_type and source of a submit_sm, submit_multi, data_sm or broadcast_sm.

    :raises PduError: ESME_RINVSRCADR where they cannot be found.
    """
    found = _SENDER.match(octets, HEADER_SIZE)
    if found is None:
        raise _missing(octets, "source_addr", CommandStatus.ESME_RINVSRCADR)
    service_type, ton, npi, addr = found.groups()
    return service_type, Address(ton[0], npi[0], addr)


def delivery_address(octets: bytes) -> Address:
    """The same of a deliver_sm or data_sm that goes on at least to its esm_class.

    :raises PduError: ESME_RINVDSTADR or ESME_RINVESMCLASS where one of these cannot be found.
    """
    found = _DELIVERY.match(octets, HEADER_SIZE)
    if found is None:
        destination_address(octets)
        raise _missing(octets, "esm_class", CommandStatus.ESME_RINVESMCLASS)
    begin, end = found.span(1)
    return Address(octets[begin - 2], octets[begin - 1], octets[begin:end])


def esme_address(octets: bytes) -> Address:
    """esme_addr of an alert_notification with its type and plan, SMPP v3.4 §4.12.1.

    :raises PduError: ESME_RINVDSTADR where it cannot be found. Nobody is answered with it: an
        alert_notification has no resp.
    """
    found = _ESME_ADDRESS.match(octets, HEADER_SIZE)
    if found is None:
        raise _missing(octets, "esme_addr", CommandStatus.ESME_RINVDSTADR)
    return _address(octets, found)


def bind_address_range(octets: bytes) -> Address:
    """addr_ton, addr_npi and address_range of any of the three binds, SMPP v3.4 §4.1.1.

    A bind that ends before one of them says nothing there: 0, 0 and ``b""``. A range whose NUL is
    missing is what stands there.
    """
    found = _BIND_ADDRESS_RANGE.match(octets, HEADER_SIZE)
    if found is None:
        return Address(0, 0, b"")
    ton, npi, address_range = found.groups()
    return Address(int.from_bytes(ton, "big"), int.from_bytes(npi, "big"), address_range)


def esm_class(octets: bytes) -> int:
    """esm_class (one octet) of a submit_sm, submit_multi, deliver_sm or data_sm.

    :raises PduError: ESME_RINVESMCLASS where it cannot be found.
    """
    found = _ESM_CLASS.match(octets, HEADER_SIZE)
    if found is None or octets[7] == _SUBMIT_MULTI:
        return esm_class(_single(octets, "esm_class", CommandStatus.ESME_RINVESMCLASS))
    return octets[found.end() - 1]


def esm_class_at(octets: bytes) -> int:
    """The offset of esm_class in a submit_sm, submit_multi, deliver_sm or data_sm.

    :raises PduError: ESME_RINVESMCLASS where it cannot be found.
    """
    found = _ESM_CLASS.match(octets, HEADER_SIZE)
    if found is None or octets[7] == _SUBMIT_MULTI:
        single = _single(octets, "esm_class", CommandStatus.ESME_RINVESMCLASS)
        return esm_class_at(single) + len(octets) - len(single)
    return found.end() - 1


def destinations(octets: bytes) -> int:
    """How many destinations a submit_multi has, by its number_of_dests; of others, 1."""
    if octets[7:8] != _SUBMIT_MULTI_OCTET:
        return 1
    found = _SOURCE.match(octets, HEADER_SIZE)
    # Where the field is missing, the SMSC judges the PDU.
    return max(1, octets[found.end()]) if found and found.end() < len(octets) else 1


def registered_delivery(octets: bytes) -> int:
    """registered_delivery (one octet) of a submit_sm, submit_multi, deliver_sm or data_sm.

    :raises PduError: ESME_RINVREGDLVFLG where it cannot be found.
    """
    try:
        found = _REGISTERED_DELIVERY[octets[7]].match(octets, HEADER_SIZE)
    except LookupError:
        found = None
    if found is None:
        status = CommandStatus.ESME_RINVREGDLVFLG
        return registered_delivery(_single(octets, "registered_delivery", status))
    return octets[found.end() - 1]


def data_coding(octets: bytes) -> int:
    """data_coding (one octet) of a submit_sm, submit_multi, deliver_sm or data_sm.

    :raises PduError: ESME_RINVCMDLEN where it cannot be found.
    """
    try:
        found = _DATA_CODING[octets[7]].match(octets, HEADER_SIZE)
    except LookupError:
        found = None
    if found is None:
        return data_coding(_single(octets, "data_coding", CommandStatus.ESME_RINVCMDLEN))
    return octets[found.end() - 1]


def message_id(octets: bytes) -> bytes:
    """message_id of any PDU that has one, without its NUL; ``b""`` where the body is missing.

    :raises PduError: ESME_RINVMSGID where it cannot be found.
    """
    if len(octets) <= HEADER_SIZE:
        return b""
    # A resp begins with it; most of those asked about are one, and this is the shortest way.
    if octets[4]:
        found, nul, _ = octets[HEADER_SIZE:].partition(b"\0")
        if nul:
            return found
    begin, end = message_id_at(octets)
    return octets[begin:end]


def message_id_at(octets: bytes) -> tuple[int, int]:
    """Offsets of message_id and of the NUL behind it, in any PDU that has one.

    :raises PduError: ESME_RINVMSGID where it cannot be found, in a PDU without a body too.
    """
    try:
        begin = HEADER_SIZE if octets[4] else _message_id_begins(octets)
        return begin, octets.index(0, begin)
    except (LookupError, ValueError):
        raise _missing(octets, "message_id", CommandStatus.ESME_RINVMSGID) from None


def envelope(octets: bytes) -> Envelope:
    """All of a submit_sm, submit_multi, deliver_sm or data_sm that `Envelope` has.

    :raises PduError: with the status of the first field that cannot be found.
    """
    try:
        found = _ENVELOPE[octets[7]].match(octets, HEADER_SIZE)
    except LookupError:
        found = None
    if found is None:
        if octets.find(0, HEADER_SIZE) < 0:
            raise _missing(octets, "service_type", CommandStatus.ESME_RINVSERTYP)
        for field in (source, destination, esm_class, registered_delivery):
            field(octets)
        # Of a submit_sm, only the last field can be missing now.
        single = _single(octets, "data_coding", CommandStatus.ESME_RINVCMDLEN)
        return envelope(single)._replace(destination=None)
    service_type, *addresses, esm, registered, coding = found.groups()
    ton, npi, addr, to_ton, to_npi, to_addr = addresses
    return Envelope(
        service_type,
        Address(ton[0], npi[0], addr),
        Address(to_ton[0], to_npi[0], to_addr),
        esm[0],
        registered[0],
        coding[0],
    )


def short_message_at(octets: bytes) -> tuple[int, int]:
    """Offsets of short_message and behind it; in a data_sm both are where the TLVs begin.

    ``octets`` are a submit_sm, submit_multi, deliver_sm or data_sm.

    :raises PduError: ESME_RINVMSGLEN where it does not end within the PDU.
    """
    status = CommandStatus.ESME_RINVMSGLEN
    try:
        found = _TO_MESSAGE[octets[7]].match(octets, HEADER_SIZE)
    except LookupError:
        found = None
    if found is None:
        single = _single(octets, "short_message", status)
        left_out = len(octets) - len(single)
        begin, end = short_message_at(single)
        return begin + left_out, end + left_out
    begin = end = found.end()
    if octets[7] != _DATA_SM:
        begin += 1
        end = begin + (octets[end] if end < len(octets) else len(octets))
    if end > len(octets):
        raise _missing(octets, "short_message", status)
    return begin, end


def _single(octets: bytes, name: str, status: int) -> bytes:
    """A submit_multi as the submit_sm that it would be with one empty destination.

    It comes here too when a field is not found, to raise that where it is no submit_multi.
    """
    found = _SOURCE.match(octets, HEADER_SIZE)
    if found is None or octets[7] != _SUBMIT_MULTI:
        raise _missing(octets, name, status)
    try:
        rest = octets[_after_destinations(octets, found.end()) :]
    except (LookupError, ValueError):
        raise _missing(octets, "dest_address", CommandStatus.ESME_RINVDSTADR) from None
    return octets[:7] + bytes((_SUBMIT_SM,)) + octets[8 : found.end()] + b"\0\0\0" + rest


def _after_destinations(octets: bytes, at: int) -> int:
    """The offset behind the list of a submit_multi whose number_of_dests is at ``at``."""
    count = octets[at]
    at += 1
    for _ in range(count):
        at = octets.index(0, at + _BEFORE_NAME[octets[at]]) + 1
    return at


def _message_id_begins(octets: bytes) -> int:
    command_id = octets[6] << 8 | octets[7]
    if command_id in _MESSAGE_ID_SECOND:
        return octets.index(0, HEADER_SIZE) + 1
    if command_id == CommandId.BROADCAST_SM:
        return octets.index(0, octets.index(0, HEADER_SIZE) + 3) + 1
    return HEADER_SIZE


def _address(octets: bytes, found: re.Match[bytes]) -> Address:
    """The address that ``found`` has, and the two octets in front of it."""
    at = found.start(1)
    return Address(octets[at - 2], octets[at - 1], found[1])


def _missing(octets: bytes, name: str, status: int) -> PduError:
    command = command_name(int.from_bytes(octets[4:8], "big"))
    return PduError(f"{command}: {name}: not found", status)
