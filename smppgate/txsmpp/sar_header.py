"""SAR and port TLVs as a user data header, for a peer that gets no TLVs.

Both say what an element of the header says as well: which part of a long message this is (SMPP
v3.4 §5.3.2.22 to §5.3.2.24, 3GPP TS 23.040 §9.2.3.24.1) and between which ports it goes (v3.4
§5.3.2.20, §5.3.2.21; §9.2.3.24.4). Without them a telephone shows parts as messages of their own,
and what is for a program as a text.
"""

from __future__ import annotations

from smppgate.txsmpp.constants import CommandStatus, EsmClass, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located import LocatedTlv, first_values
from smppgate.txsmpp.segments import sar_segment
from smppgate.txsmpp.user_data_header import (
    PART_IDENTIFIERS,
    PORT_IDENTIFIERS,
    PORTS,
    Element,
    elements,
    has_untold_header,
    header_size,
    part_element,
    with_elements,
)

_UDHI = int(EsmClass.UDHI)
_FROM, _TO = int(Tag.SOURCE_PORT), int(Tag.DEST_PORT)
_PORT_TAGS = frozenset({_FROM, _TO})


def with_sar_header(
    esm_class: int, user_data: bytes, tlvs: tuple[LocatedTlv, ...]
) -> tuple[int, bytes]:
    """esm_class and user data that say what SAR and port TLVs say.

    What a header that is there says already is not said again; the only part of a message is no
    part. SAR TLVs that are incomplete say nothing (SMPP v3.4 §5.3.2.22).

    :raises PduError: ESME_RINVMSGLEN where no header can say it.
    """
    has_header = bool(esm_class & _UDHI) or has_untold_header(user_data)
    told = {each.identifier for each in elements(user_data)} if has_header else set()
    try:
        more = (*_part(tlvs, told), *_ports(tlvs, told))
        if not more:
            return esm_class, user_data
        if has_header and not header_size(user_data):
            raise ValueError("no header where esm_class says one")
        return esm_class | _UDHI, with_elements(user_data, has_header, more)
    except ValueError as error:
        problem = f"SAR or port TLVs that fit no header: {error}"
        raise PduError(problem, CommandStatus.ESME_RINVMSGLEN) from None


def _part(tlvs: tuple[LocatedTlv, ...], told: set[int]) -> tuple[Element, ...]:
    """The element for the SAR TLVs, if there is more to tell than is ``told``."""
    segment = sar_segment(tlvs)
    if segment is None or segment.total == 1 or told & PART_IDENTIFIERS:
        return ()
    return (part_element(segment),)


def _ports(tlvs: tuple[LocatedTlv, ...], told: set[int]) -> tuple[Element, ...]:
    """The element for ports of one or two octets; the one that is not there is 0."""
    ports = first_values(tlvs, _PORT_TAGS)
    values = [ports.get(tag, b"") for tag in (_TO, _FROM)]
    if told & PORT_IDENTIFIERS or not any(values) or max(map(len, values)) > 2:
        return ()
    return (Element(PORTS, b"".join(value.rjust(2, b"\0") for value in values)),)
