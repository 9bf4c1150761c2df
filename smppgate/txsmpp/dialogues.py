"""Steps of a dialogue between a subscriber and an ESME, as their TLVs tell.

Two TLVs make a message a step of one: its_session_info (SMPP v3.4 §5.3.2.43), with the number of a
session and whether this is its end, and ussd_service_op (§5.3.2.44). USSD gateways send either
or both of them. A subscriber has one USSD dialogue at a time, so his address is its name; in an
interactive session the number is part of it.
"""

from __future__ import annotations

from typing import NamedTuple

from smppgate.txsmpp.constants import Tag

SESSION_INFO, SERVICE_OP = int(Tag.ITS_SESSION_INFO), int(Tag.USSD_SERVICE_OP)

TAGS = frozenset({SESSION_INFO, SERVICE_OP})
"""The TLVs that make a message a step."""

_END_OF_SESSION = 0x01
"""The lowest bit of the second octet of its_session_info; above it is a sequence number."""

_ENDS = frozenset({16, 17})
"""PSSD response and PSSR response: the answer that releases a dialogue which the subscriber began.
Confirms (18, 19) answer a request of the ESME's, which may go on; what vendors add (32 and
above) ends nothing here."""


class Step(NamedTuple):
    """A step of a dialogue.

    :ivar session: the number (one octet) of the interactive session; None where none is said.
    :ivar is_ussd: whether it has a ussd_service_op.
    :ivar is_last: whether it says that the dialogue is over.
    """

    session: int | None
    is_ussd: bool
    is_last: bool


def step_of(values: dict[int, bytes]) -> Step | None:
    """The step that the TLVs of a message tell of, by tag; None where they tell of none.

    A value of another length than the specification's, two octets and one, is none.
    """
    info, operation = values.get(SESSION_INFO, b""), values.get(SERVICE_OP, b"")
    session = info[0] if len(info) == 2 else None
    is_ussd = len(operation) == 1
    if session is None and not is_ussd:
        return None
    is_last = (session is not None and bool(info[1] & _END_OF_SESSION)) or (
        is_ussd and operation[0] in _ENDS
    )
    return Step(session, is_ussd, is_last)
