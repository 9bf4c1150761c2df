"""`Tally`: what was answered, by command and status. Kept where it belongs, counted by listeners.

An account has one, which its sessions share with it, and so has an SMSC: they come and go with
what they count. While nothing observes the gate they stay as they are.
"""

from __future__ import annotations

from bisect import bisect_left

from smppgate.txsmpp.constants import CommandId, CommandStatus, MessageState
from smppgate.txsmpp.receipt_states import STAT_OF

MOST_UNKNOWN = 32
"""Answers with statuses that no specification has which are told apart; the rest are `OTHER`."""

OTHER = 1 << 32
"""Counted in place of such a status beyond `MOST_UNKNOWN`: no command_status is so large."""

LATENCY_BOUNDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Seconds: from an SMSC next door to one that is as late as it may be."""

OTHER_WORD = b"other"
"""Counted in place of a receipt's word that no specification has; SMSCs write many."""

_KNOWN = frozenset(int(status) for status in CommandStatus)
_COMMAND = 0xFFFFFFFF
_WORDS = frozenset(STAT_OF.values())
_SUBMITS = (
    int(CommandId.SUBMIT_SM),
    int(CommandId.SUBMIT_MULTI),
    int(CommandId.DATA_SM),
    int(CommandId.BROADCAST_SM),
)
_SUBMIT_SM, _DELIVER_SM = int(CommandId.SUBMIT_SM), int(CommandId.DELIVER_SM)


def key_of(command_id: int, command_status: int) -> int:
    """Under what `Tally.counts` has a request: command_id alone where it was answered ESME_ROK."""
    return command_status << 32 | command_id


def of_key(key: int) -> tuple[int, int]:
    """The command_id and the command_status of a key; the latter may be `OTHER`."""
    return key & _COMMAND, key >> 32


class Tally:
    """What was answered. Mutable and slotted: the hot path counts in it.

    :ivar counts: requests by `key_of`; submit_sm and deliver_sm answered ESME_ROK from the first.
    :ivar errors: messages that were answered with an error.
    :ivar over_rate: messages that came over a rate.
    """

    __slots__ = ("_unknown", "counts", "errors", "over_rate")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {_SUBMIT_SM: 0, _DELIVER_SM: 0}
        self.errors = self.over_rate = self._unknown = 0

    def count(self, command_id: int, command_status: int) -> None:
        """Count a request, whether there was one like it or not."""
        key, counts = key_of(command_id, command_status), self.counts
        if key not in counts and command_status not in _KNOWN:
            if self._unknown < MOST_UNKNOWN:
                self._unknown += 1
            else:
                key = key_of(command_id, OTHER)
        counts[key] = counts.get(key, 0) + 1
        if command_status and command_id in _SUBMITS:
            self.errors += 1

    @property
    def messages(self) -> int:
        """Messages that ESMEs have sent, and that were answered."""
        return self.errors + sum(self.counts.get(each, 0) for each in _SUBMITS)

    @property
    def deliveries(self) -> int:
        """deliver_sm that were answered, receipts among them."""
        return sum(count for key, count in self.counts.items() if key & _COMMAND == _DELIVER_SM)


class SmscTally(Tally):
    """What was answered by an SMSC, or to it. Mutable and slotted.

    :ivar latencies: answers by the bucket of `LATENCY_BOUNDS` that they are in, and a last one for
    :ivar receipts: receipts by their word (see `word_of`) and whether a return path was known.
    :ivar binds: how often a link was bound; ``losses``: how often one was lost that was bound;
        ``failures``: tries without success.
    :ivar paused: how often it had been sent as many messages as its rates allow.
    """

    __slots__ = ("binds", "failures", "latencies", "latency_sum", "losses", "paused", "receipts")

    def __init__(self) -> None:
        super().__init__()
        self.latencies = [0] * (len(LATENCY_BOUNDS) + 1)
        self.latency_sum = 0.0
        delivered = STAT_OF[MessageState.DELIVERED]
        self.receipts: dict[tuple[bytes, bool], int] = {
            (delivered, True): 0,
            (delivered, False): 0,
        }
        self.binds = self.losses = self.failures = self.paused = 0

    def took(self, seconds: float) -> None:
        """An answer came so long after its request."""
        self.latencies[bisect_left(LATENCY_BOUNDS, seconds)] += 1
        self.latency_sum += seconds


def word_of(stat: bytes, state: int | None) -> bytes:
    """The word for a receipt's state, of SMPP v3.4 appendix B; `OTHER_WORD` for any other.

    :param stat: that of its text, empty without one.
    :param state: its TLV message_state, if there is one.
    """
    word = stat.upper() or STAT_OF.get(state or 0, OTHER_WORD)
    return word if word in _WORDS else OTHER_WORD
