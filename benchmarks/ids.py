"""Message ids: whether they are what ESMEs should be given, and which came to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from attrs import define, field

from benchmarks import wire
from benchmarks.ring import ID_SIZE

Judge = Callable[[bytes], str]
"""Says what is wrong with an answer's body, its message_id with the NUL; empty if nothing is."""


def no_id(body: bytes) -> str:
    """A deliver_sm_resp has an empty message_id; SMPP v3.4 §4.6.2."""
    return "" if body == b"\0" else "deliver_sm_resp with a message_id"


class Tags:
    """What stands in ESMEs' ids before those of the SMSCs.

    :param wanted: whether there should be anything. If so each SMSC has a tag of its own.
    """

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._tags: dict[bytes, bytes] = {}

    def judge(self, body: bytes) -> str:
        """A `Judge` of submit_sm_resp."""
        given = body[:-1]
        tag, message_id = given[:-ID_SIZE], given[-ID_SIZE:]
        if body[-1:] != b"\0" or len(message_id) != ID_SIZE or not message_id.isdigit():
            return "message id that no SMSC gave"
        if bool(tag) != self._wanted:
            return "message id without its tag" if self._wanted else "message id with a tag"
        smsc = message_id[:1]
        if self._tags.setdefault(smsc, tag) != tag:
            return "message id with the tag of another SMSC"
        if self._wanted and len(set(self._tags.values())) != len(self._tags):
            return "one tag for two SMSCs"
        return ""


class IdLog:
    """Message ids as they come: a whole read costs a few slices, whatever is in it."""

    def __init__(self) -> None:
        self._by_size: dict[int, bytearray] = {}

    def note(self, octets: bytes, pdu_size: int, start: int, id_size: int) -> None:
        """Note the ids at ``start`` in each PDU of ``octets``, which all have one size."""
        ids = bytearray(len(octets) // pdu_size * id_size)
        for place in range(id_size):
            ids[place::id_size] = octets[start + place :: pdu_size]
        self._by_size.setdefault(id_size, bytearray()).extend(ids)

    def counts(self) -> Counter[bytes]:
        """How often each id came."""
        return Counter(self._ids())

    def _ids(self) -> Iterator[bytes]:
        for size, ids in self._by_size.items():
            for start in range(0, len(ids), size):
                yield bytes(ids[start : start + size])


@define
class Home:
    """What one account was told: the ids ``given`` in answers, those ``receipted`` later."""

    given: IdLog = field(factory=IdLog)
    receipted: IdLog = field(factory=IdLog)

    def note(self, answers: bytes, pdu_size: int = 0) -> None:
        """Note the ids in submit_sm_resps of one size, by default in a single one."""
        size = pdu_size or len(answers)
        self.given.note(answers, size, wire.HEADER_SIZE, size - wire.HEADER_SIZE - 1)

    def faults(self) -> Counter[str]:
        """Receipts that are not the account's, or twice, and those that never came."""
        given, receipted = self.given.counts(), self.receipted.counts()
        found = {
            "messages without a receipt": (given - receipted).total(),
            "receipts for ids that the account was not given": (receipted - given).total(),
        }
        return Counter({what: count for what, count in found.items() if count})
