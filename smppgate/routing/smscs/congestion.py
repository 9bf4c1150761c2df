"""`Congestion`: how busy an SMSC says it is, SMPP v5.0 §4.8.4.18."""

from __future__ import annotations

from smppgate.txsmpp.constants import CommandId, Tag, numbers
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.located import LocatedTlv, located_tlvs

MOST = 100
"""The highest congestion_state: the SMSC takes no more. 0 is an idle one."""

HALF_LIFE = 5.0
"""Seconds in which what it said last counts for half: one that gets no messages says nothing, and
would never get any again."""

_HEADER = Tag.CONGESTION_STATE.to_bytes(2, "big") + b"\0\1"
_WITH_ID = numbers(CommandId.SUBMIT_SM_RESP, CommandId.DATA_SM_RESP, CommandId.BROADCAST_SM_RESP)
_WITHOUT_FIELDS = numbers(
    CommandId.ENQUIRE_LINK_RESP, CommandId.CANCEL_SM_RESP, CommandId.REPLACE_SM_RESP
)


class Congestion:
    """What one SMSC said last. Mutable.

    :param state: 0 to 100.
    :param said_at: seconds on the monotonic clock.
    """

    __slots__ = ("said_at", "state")

    def __init__(self, state: int, said_at: float) -> None:
        self.state = state
        self.said_at = said_at

    def at(self, now: float) -> float:
        """What of it counts now, 0 to 1; 0 as soon as that is less than 1 of 100."""
        share = self.state / MOST * 0.5 ** max(0.0, (now - self.said_at) / HALF_LIFE)
        return share if share * MOST >= 1.0 else 0.0


def told_congestion(octets: bytes) -> int | None:
    """The congestion_state in a resp, 0 to 100; None where it says none. More is taken for 100.

    It is found in resps whose only field is a message_id, and in those without any.
    """
    at = _told_at(octets)
    return min(octets[at], MOST) if at else None


def telling_congestion(octets: bytes, state: int) -> bytes:
    """A resp that says ``state``, in place of what it may say already.

    That is done to resps whose only field is a message_id, if it is there; others stay as they
    are.
    """
    if _command(octets) not in _WITH_ID or octets.find(0, HEADER_SIZE) < 0:
        return octets
    at = _told_at(octets)
    if at:
        octets = octets[: at - len(_HEADER)] + octets[at + 1 :]
    told = octets + _HEADER + bytes((state,))
    return len(told).to_bytes(4, "big") + told[4:]


def _told_at(octets: bytes) -> int:
    """Where the value of the TLV is; 0 where there is none."""
    # The octets are looked for first, which is quick.
    if octets.find(_HEADER, HEADER_SIZE) < 0:
        return 0
    at = HEADER_SIZE
    if _command(octets) in _WITH_ID:
        at = octets.find(0, HEADER_SIZE) + 1 or len(octets)
    elif _command(octets) not in _WITHOUT_FIELDS:
        return 0
    return next((tlv.at for tlv in located_tlvs(octets, at) if _is_state(tlv)), 0)


def _is_state(tlv: LocatedTlv) -> bool:
    return tlv.tag == Tag.CONGESTION_STATE and len(tlv.value) == 1


def _command(octets: bytes) -> int:
    return int.from_bytes(octets[4:8], "big")
