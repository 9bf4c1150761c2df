"""Hypothesis strategies for PDUs and what they are made of, read off their field lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.destinations import DestAddresses, UnsuccessSmes
from smppgate.txsmpp.errors import ProtocolError
from smppgate.txsmpp.fields import COctetString, FieldCodec, Integer, Octet, OctetString
from smppgate.txsmpp.pdu import (
    PDU_TYPES,
    DataSm,
    DeliverSm,
    DistributionList,
    Pdu,
    Resp,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
    UnsuccessSme,
)
from smppgate.txsmpp.tlv import (
    DEFINITIONS,
    CStringValue,
    Definition,
    IntegerValue,
    OctetsValue,
    Tlv,
)

MESSAGES = (SubmitSm, DeliverSm, DataSm, SubmitMulti)

octet = st.integers(0, 0xFF)
uint32 = st.integers(0, 0xFFFFFFFF)


def c_octets(max_size: int) -> st.SearchStrategy[bytes]:
    """Octets without a NUL that fit a C-octet string of ``max_size`` with one."""
    return st.binary(max_size=max_size - 1).map(lambda value: value.replace(b"\0", b"\xff"))


address_octets = st.one_of(
    c_octets(21), st.from_regex(rb"[0-9]{5,15}", fullmatch=True), st.just(b"")
)


def sme_addresses() -> st.SearchStrategy[SmeAddress]:
    return st.builds(
        SmeAddress, dest_addr_ton=octet, dest_addr_npi=octet, destination_addr=address_octets
    )


def dest_addresses() -> st.SearchStrategy[tuple[SmeAddress | DistributionList, ...]]:
    lists = st.builds(DistributionList, dl_name=c_octets(21))
    return st.lists(st.one_of(sme_addresses(), lists), max_size=6).map(tuple)


def unsuccess_smes() -> st.SearchStrategy[tuple[UnsuccessSme, ...]]:
    one = st.builds(
        UnsuccessSme,
        dest_addr_ton=octet,
        dest_addr_npi=octet,
        destination_addr=address_octets,
        error_status_code=uint32,
    )
    return st.lists(one, max_size=4).map(tuple)


def field_values(codec: FieldCodec) -> st.SearchStrategy[Any]:
    """Any value that ``codec`` can write."""
    match codec:
        case Octet():
            return octet
        case Integer(size=size):
            return st.integers(0, 256**size - 1)
        case COctetString(max_size=max_size):
            return c_octets(max_size)
        case OctetString():
            return st.binary(max_size=255)
        case DestAddresses():
            return dest_addresses()
        case UnsuccessSmes():
            return unsuccess_smes()
    raise AssertionError(codec)


def tlv_values(definition: Definition) -> st.SearchStrategy[Any]:
    """Any value that fits ``definition``, not longer than a test needs."""
    match definition:
        case IntegerValue(max_size=max_size):
            return st.integers(0, 256**max_size - 1)
        case OctetsValue(min_size=min_size, max_size=max_size):
            return st.binary(min_size=min_size, max_size=min(max_size, 60))
        case CStringValue(max_size=max_size):
            return c_octets(max_size)
    raise AssertionError(definition)


known_tlvs = st.sampled_from(sorted(DEFINITIONS)).flatmap(
    lambda tag: tlv_values(DEFINITIONS[tag]).map(lambda value: Tlv.of(tag, value))
)

# Tags that nobody knows, and known ones with values that they cannot have.
raw_tlvs = st.builds(
    Tlv,
    st.one_of(st.integers(0, 0xFFFF), st.sampled_from(sorted(Tag)).map(int)),
    st.binary(max_size=20),
)


def tlv_lists(max_size: int = 4) -> st.SearchStrategy[tuple[Tlv, ...]]:
    return st.lists(st.one_of(known_tlvs, raw_tlvs), max_size=max_size).map(tuple)


def pdus_of(kind: type[Pdu]) -> st.SearchStrategy[Pdu]:
    """Any PDU of this command."""
    header = {"command_status": uint32, "sequence_number": uint32}
    fields = {name: field_values(codec) for name, codec in kind.layout}
    whole = st.builds(kind, **header, **fields, tlvs=tlv_lists())
    if issubclass(kind, Resp) and kind.layout:
        return st.one_of(whole, st.builds(kind, **header, has_body=st.just(False)))
    return whole


def pdus(*kinds: type[Pdu]) -> st.SearchStrategy[Pdu]:
    """Any PDU of these commands, of all there are if none is given."""
    chosen = kinds or tuple(PDU_TYPES.values())
    return st.sampled_from(chosen).flatmap(pdus_of)


def framed(command_id: int, body: bytes) -> bytes:
    """A whole PDU of any body."""
    length = (16 + len(body)).to_bytes(4, "big")
    return length + command_id.to_bytes(4, "big") + bytes(8) + body


# Bodies with many NULs come further into the field lists than purely random ones.
_bodies = st.one_of(
    st.binary(max_size=80),
    st.lists(st.sampled_from([b"\0", b"1", b"\x01", b"\x02", b"44770", b"\0\0\0"])).map(b"".join),
)


def garbage_bodies(*kinds: type[Pdu]) -> st.SearchStrategy[bytes]:
    """Whole PDUs of a known command_id whose body may be anything."""
    ids = [kind.command_id for kind in kinds] or list(PDU_TYPES)
    return st.builds(framed, st.sampled_from(ids), _bodies)


def damaged(octets: bytes, at: int, change: int) -> bytes:
    """``octets`` with one octet of the body changed; cut at ``at`` instead where it is by 0."""
    at = 16 + at % (len(octets) - 15)
    if not change or at >= len(octets):
        return framed(int.from_bytes(octets[4:8], "big"), octets[16:at])
    return octets[:at] + bytes((octets[at] ^ change,)) + octets[at + 1 :]


def result(call: Callable[..., Any], *arguments: Any) -> Any:
    """What ``call`` gives or, where it is of the expected kind, what it raises."""
    try:
        return call(*arguments)
    except ProtocolError as error:
        return error
