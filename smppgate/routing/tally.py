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
SUBMIT_SM, DELIVER_SM = int(CommandId.SUBMIT_SM), int(CommandId.DELIVER_SM)


class Tally:
    """What was answered. Mutable and slotted: the hot path counts in it.

    :ivar plain: submit_sm answered ESME_ROK, which most requests are.
    :ivar errors: messages that were answered with an error.
    :ivar over_rate: messages that came over a rate.
    """

    __slots__ = ("_counts", "_taken_otherwise", "_unknown", "errors", "over_rate", "plain")

    def __init__(self) -> None:
        self.plain = self.errors = self.over_rate = self._taken_otherwise = self._unknown = 0
        # The others.
        self._counts: dict[int, int] = {DELIVER_SM: 0}

    def count(self, command_id: int, command_status: int, count: int = 1) -> None:
        """Count ``count`` requests, whatever they are."""
        counts = self._counts
        key = command_status << 32 | command_id
        if key == SUBMIT_SM:
            self.plain += count
        elif key in counts:
            counts[key] += count
        else:
            key = self._new_key(command_id, command_status)
            counts[key] = counts.get(key, 0) + count
        if command_id in _SUBMITS and key != SUBMIT_SM:
            if command_status:
                self.errors += count
            else:
                self._taken_otherwise += count

    def _new_key(self, command_id: int, command_status: int) -> int:
        if command_status not in _KNOWN:
            if self._unknown >= MOST_UNKNOWN:
                command_status = OTHER
            else:
                self._unknown += 1
        return command_status << 32 | command_id

    def counts(self) -> list[tuple[int, int, int]]:
        """Each command_id and command_status, or `OTHER`, with how many requests there were.

        submit_sm and deliver_sm answered ESME_ROK are there from the first.
        """
        others = ((key & _COMMAND, key >> 32, count) for key, count in self._counts.items())
        return [(SUBMIT_SM, 0, self.plain), *others]

    @property
    def messages(self) -> int:
        """Messages that ESMEs have sent, and that were answered."""
        return self.plain + self.errors + self._taken_otherwise

    @property
    def deliveries(self) -> int:
        """deliver_sm that were answered, receipts among them."""
        counts = self._counts.items()
        return sum(count for key, count in counts if key & _COMMAND == DELIVER_SM)


class SmscTally(Tally):
    """What was answered by an SMSC, or to it. Mutable and slotted.

    One read brings many answers to what was sent in one turn: these took the same time, to the
    last bit. What the last answer took is kept with how many came after it that were the like, and
    is counted when one is not.

    :ivar seconds: that the last submit_sm answered ESME_ROK took.
    :ivar repeats: how many since then were the like, and are not counted yet.
    :ivar receipts: receipts by their word (see `word_of`) and whether a return path was known.
    :ivar binds: how often a link was bound; ``losses``: how often one was lost that was bound;
        ``failures``: tries without success.
    :ivar paused: how often it had been sent as many messages as its rates allow.
    """

    __slots__ = (
        *("_latencies", "_latency_sum", "binds", "failures", "losses", "paused", "receipts"),
        *("repeats", "seconds"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._latencies = [0] * (len(LATENCY_BOUNDS) + 1)
        self._latency_sum = self.seconds = 0.0
        delivered = STAT_OF[MessageState.DELIVERED]
        self.receipts: dict[tuple[bytes, bool], int] = {
            (delivered, True): 0,
            (delivered, False): 0,
        }
        self.repeats = self.binds = self.losses = self.failures = self.paused = 0

    def answered(self, command_id: int, command_status: int, seconds: float) -> None:
        """Count an answer of the SMSC's that came so long after its request."""
        self.settle()
        self.seconds = seconds
        self._latencies[bisect_left(LATENCY_BOUNDS, seconds)] += 1
        self._latency_sum += seconds
        self.count(command_id, command_status)

    def settle(self) -> None:
        """Count what is not counted yet."""
        repeats, self.repeats = self.repeats, 0
        if repeats:
            self.plain += repeats
            self._latencies[bisect_left(LATENCY_BOUNDS, self.seconds)] += repeats
            self._latency_sum += self.seconds * repeats

    def counts(self) -> list[tuple[int, int, int]]:
        """See `Tally.counts`."""
        self.settle()
        return super().counts()

    @property
    def messages(self) -> int:
        """Messages that it has answered."""
        self.settle()
        return super().messages

    def latencies(self) -> tuple[tuple[int, ...], float]:
        """Answers by the bucket of `LATENCY_BOUNDS` that they are in, and those that came later
        still; and the seconds of all of them together."""
        self.settle()
        return tuple(self._latencies), self._latency_sum


def word_of(stat: bytes, state: int | None) -> bytes:
    """The word for a receipt's state, of SMPP v3.4 appendix B; `OTHER_WORD` for any other.

    :param stat: that of its text, empty without one.
    :param state: its TLV message_state, if there is one.
    """
    word = stat.upper() or (STAT_OF.get(state, OTHER_WORD) if state is not None else OTHER_WORD)
    return word if word in _WORDS else OTHER_WORD
