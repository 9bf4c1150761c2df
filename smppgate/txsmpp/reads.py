"""What whole reads have at their beginning: runs of PDUs that are dealt with in one loop.

Each loop reads headers as `FrameBuffer.receive` does, and stops at the first PDU that is not
whole, not of its kind, or not plain.
"""

from __future__ import annotations

from itertools import repeat
from struct import Struct

from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.segments import match_alone, match_alone_asking, match_alone_silent

_read_header = Struct(">IIII").unpack_from
_SUBMIT_SM = int(CommandId.SUBMIT_SM)

# From the first octet of a text back to registered_delivery: behind it come
# replace_if_present_flag, data_coding, sm_default_msg_id and sm_length. SMPP v3.4 §4.4.1.
_TO_REGISTERED = 5


def alone_submits(
    octets: bytes, start: int, most: int, max_pdu_size: int, are_alike: bool
) -> tuple[list[int], list[int], bool]:
    """The submit_sm in a row from ``start`` on of which each `stands_alone`.

    Gives where each of them begins, and behind those where the last one ends; their sequence
    numbers; and whether the first asks for a receipt.

    :param most: so many of them at the most.
    :param max_pdu_size: octets that each may have.
    :param are_alike: whether one that asks for a receipt follows none that does not, or the other
        way round.
    """
    starts = [start]
    numbers: list[int] = []
    add_start, add_number = starts.append, numbers.append
    read, match = _read_header, match_alone
    end = len(octets)
    last = end - HEADER_SIZE
    wants_receipt: bool | None = None
    for _ in repeat(None, most):
        if start > last:
            break
        length, command_id, _, number = read(octets, start)
        stop = start + length
        if command_id != _SUBMIT_SM or stop > end or not HEADER_SIZE < length <= max_pdu_size:
            break
        found = match(octets, start + HEADER_SIZE)
        if found is None:
            break
        # What matched may be of the PDUs behind it; then the end is no other than that of theirs.
        text = found.end() - 1
        if text + octets[text - 1] != stop:
            break
        if wants_receipt is None:
            wants_receipt = octets[text - _TO_REGISTERED] != 0
            if are_alike:
                match = match_alone_asking if wants_receipt else match_alone_silent
        add_number(number)
        add_start(stop)
        start = stop
    return starts, numbers, bool(wants_receipt)


def submits_ending_in(
    ending: bytes, octets: bytes, start: int, most: int, max_pdu_size: int
) -> tuple[list[int], list[int]]:
    """The submit_sm in a row from ``start`` on whose bodies end in ``ending``.

    Gives where each of them begins, and behind those where the last one ends; and their sequence
    numbers.

    :param most: so many of them at the most.
    :param max_pdu_size: octets that each may have.
    """
    starts = [start]
    numbers: list[int] = []
    add_start, add_number = starts.append, numbers.append
    read, ends_in = _read_header, octets.endswith
    end = len(octets)
    last = end - HEADER_SIZE
    for _ in repeat(None, most):
        if start > last:
            break
        length, command_id, _, number = read(octets, start)
        stop = start + length
        if command_id != _SUBMIT_SM or stop > end or not HEADER_SIZE < length <= max_pdu_size:
            break
        if not ends_in(ending, start + HEADER_SIZE, stop):
            break
        add_number(number)
        add_start(stop)
        start = stop
    return starts, numbers
