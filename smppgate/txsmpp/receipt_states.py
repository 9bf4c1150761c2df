"""Which state of a message is its last.

SMPP v3.4 §5.2.28 and appendix B, v5.0 §4.7.15. SMSCs write other words too, for what is under way
(BUFFRED, ACKED, SENT, RETRY, QUEUED): only the five states that the specification calls final are.
"""

from __future__ import annotations

from functools import lru_cache

from smppgate.txsmpp.constants import MessageState

STAT_OF: dict[int, bytes] = {
    MessageState.SCHEDULED: b"SCHEDULED",
    MessageState.ENROUTE: b"ENROUTE",
    MessageState.DELIVERED: b"DELIVRD",
    MessageState.EXPIRED: b"EXPIRED",
    MessageState.DELETED: b"DELETED",
    MessageState.UNDELIVERABLE: b"UNDELIV",
    MessageState.ACCEPTED: b"ACCEPTD",
    MessageState.UNKNOWN: b"UNKNOWN",
    MessageState.REJECTED: b"REJECTD",
    MessageState.SKIPPED: b"SKIPPED",
}
"""message_state → the word for it in a receipt's text, SMPP v3.4 appendix B, v5.0 §4.7.15."""

FINAL_STATES: frozenset[int] = frozenset(
    {
        int(MessageState.DELIVERED),
        int(MessageState.EXPIRED),
        int(MessageState.DELETED),
        int(MessageState.UNDELIVERABLE),
        int(MessageState.REJECTED),
    }
)
"""message_state of a message that nothing more will happen to."""

FINAL_WORDS: frozenset[bytes] = frozenset(STAT_OF[state] for state in FINAL_STATES)
"""The words for these, in capitals."""


# An SMSC uses few words, and this is asked of each receipt.
@lru_cache(maxsize=256)
def says_final(stat: bytes, state: int | None) -> bool:
    """Whether a report with this word and this message_state is the last one of its message.

    ``stat`` is the word of its text, in any case, empty where there is none; ``state`` the octet
    of the TLV, None where there is none. Where both are there both must be final; where neither
    is, the report says nothing of the state and is not.
    """
    if stat and stat not in FINAL_WORDS and stat.upper() not in FINAL_WORDS:
        return False
    if state is not None:
        return state in FINAL_STATES
    return bool(stat)
