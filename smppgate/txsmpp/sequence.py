"""Our requests that a peer has not answered, each under a sequence number of its own.

One table per session and direction holds the numbers *and* what awaits them, because that is
what makes a number free or taken (SMPP v3.4 §2.7 and §5.1.4). Entries stay in the order they
were sent, so that one look at the old end finds those that timed out: no timer per request.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from itertools import chain, islice, repeat

from smppgate.txsmpp.constants import RESPONSE_BIT
from smppgate.txsmpp.errors import NoAnswer
from smppgate.txsmpp.frame import Frame

MAX_SEQUENCE_NUMBER = 0x7FFFFFFF
"""The largest number a request may bear; the smallest is 1, SMPP v3.4 §5.1.4."""

MAX_LATE = 10_000
"""Numbers kept reserved for answers that are overdue, per session. When a peer leaves more than
that unanswered, the oldest are given up: numbers are handed out in turn, so such a one comes
up again only after 2**31 requests."""


class Request:
    """A request on its way. Mutable and slotted: one is made for every message.

    :param command_id: the request's, 4-octet integer.
    :param sent_at: seconds on the session's clock.
    """

    __slots__ = ("command_id", "sent_at")

    def __init__(self, command_id: int, sent_at: float) -> None:
        self.command_id = command_id
        self.sent_at = sent_at

    def answered(self, frame: Frame, now: float) -> None:
        """The peer answered with ``frame``, whatever its status, in a read at ``now``."""

    def failed(self, reason: NoAnswer) -> None:
        """No answer came: told once, and instead of `answered`."""

    def answered_late(self, frame: Frame, now: float) -> None:
        """The answer came after `failed` was told."""

    def released(self) -> None:
        """Its place in the window is free; told once to a request that timed out."""


class RequestRun:
    """Several requests of one command that were sent at once. Mutable and slotted.

    :ivar command_id: theirs, 4-octet integer.
    :ivar sent_at: seconds on the session's clock.
    """

    __slots__ = ("command_id", "sent_at")

    command_id: int
    sent_at: float

    def single(self, at: int) -> Request:
        """The request at this place in the run; asked for once of each, where it is needed."""
        raise NotImplementedError


Place = tuple[RequestRun, int]
"""A request that is one of a run, and its place there."""


class AsideRequest(Request):
    """A request for `Outstanding.claim_aside`.

    :param then: called when it is answered.
    """

    __slots__ = ("_then",)

    def __init__(self, command_id: int, then: Callable[[], None]) -> None:
        super().__init__(command_id, 0.0)
        self._then = then

    def answered_late(self, frame: Frame, now: float) -> None:
        """The peer answered with ``frame``, whatever its status."""
        self._then()


NEVER = float("inf")

_UNANSWERED = Request(0, 0.0)


class Outstanding:
    """Sequence number → request awaiting its answer, in the order sent.

    ``len()`` is the number of unanswered requests, as a window counts them. A request that timed
    out is not among them, yet keeps its number (see `expire`).

    :param first: the number to begin with.
    :ivar requests: those that are unanswered and in time. Lanes look into it, and take out what
        they answer.
    :ivar counts_overdue: whether a request that timed out is overdue: counted until `release`,
        because the peer may well be at work on it.
    """

    __slots__ = ("_free_until", "_late", "_next", "_overdue", "counts_overdue", "requests")

    def __init__(self, first: int = 1) -> None:
        self.begin_at(first)
        self.counts_overdue = False
        self.requests: dict[int, Request | Place] = {}
        self._late: dict[int, Request] = {}
        # Those of the late ones that are overdue.
        self._overdue: dict[int, Request] = {}

    def __len__(self) -> int:
        return len(self.requests) + len(self._overdue)

    @property
    def overdue(self) -> int:
        """The requests that timed out and that the window still counts."""
        return len(self._overdue)

    def begin_at(self, number: int) -> None:
        """Let ``number`` be the next that is given, or the first free one behind it."""
        self._next = number
        # All from the next one to those in front of this are free.
        self._free_until = 0

    def claim(self, request: Request | Place) -> int:
        """Store ``request``, or its place in a run, and give the number it is to be sent under.

        Numbers go up from 1 to 0x7FFFFFFF and begin again; one that still awaits an answer is
        passed over.
        """
        first, requests = self._next, self.requests
        number = first
        while number in requests or number in self._late:
            number = number % MAX_SEQUENCE_NUMBER + 1
        if first <= number < MAX_SEQUENCE_NUMBER:
            self._next = number + 1
        else:
            self.begin_at(number % MAX_SEQUENCE_NUMBER + 1)
        requests[number] = request
        return number

    def claim_run(self, run: RequestRun, at: int, count: int) -> Sequence[int]:
        """`claim` a number for each of ``count`` places of ``run``, from ``at`` on; gives them."""
        first = self._next
        behind = first + count
        if behind > self._free_until and not self._are_free(first, behind):
            return [self.claim((run, place)) for place in range(at, at + count)]
        # A loop in C: nearly always they are all free.
        numbers = range(first, behind)
        places = zip(repeat(run), range(at, at + count), strict=False)
        self.requests.update(zip(numbers, places, strict=True))
        self._next = behind
        return numbers

    def _are_free(self, first: int, behind: int) -> bool:
        """Whether all numbers from the next one, ``first``, up to ``behind``, which is none of
        them, are free.

        All in use are looked at: once in 2**31 requests, and for each in use that comes up then.
        """
        ahead = (number for number in chain(self.requests, self._late) if number >= first)
        self._free_until = min(ahead, default=MAX_SEQUENCE_NUMBER)
        return behind <= self._free_until

    def hurry(self) -> None:
        """The request stored last counts as sent before others: it times out before them.

        This looks at all that are unanswered.
        """
        requests = sorted(self.requests.items(), key=lambda each: _sent_at(each[1]))
        self.requests = dict(requests)

    def claim_aside(self, request: Request) -> int:
        """Like `claim`, for a request that no window counts and that does not time out.

        Its answer is found by `answered_late`.
        """
        number = self.claim(request)
        del self.requests[number]
        self._late[number] = request
        return number

    def forget(self, number: int) -> None:
        """Free a number that was claimed aside: its answer is not waited for any more."""
        self._late.pop(number, None)

    def number(self) -> int:
        """A number for a request that is not answered, such as an alert_notification."""
        number = self.claim(_UNANSWERED)
        del self.requests[number]
        return number

    def awaits(self, frame: Frame) -> bool:
        """Whether ``frame`` answers one of these.

        A resp answers a request of its own command; a generic_nack answers any. Anything else
        under the number leaves the request waiting.
        """
        entry = self.requests.get(frame.sequence_number)
        return entry is not None and _answers(frame.command_id, _command_id(entry))

    def answered(self, frame: Frame) -> Request | None:
        """Take out the request that ``frame`` answers (see `awaits`); None when there is none."""
        number = frame.sequence_number
        entry = self.requests.get(number)
        if entry is None:
            return None
        # `_answers`, written out for the hot path.
        command_id = entry[0].command_id if isinstance(entry, tuple) else entry.command_id
        if frame.command_id != command_id | RESPONSE_BIT and frame.command_id != RESPONSE_BIT:
            return None
        del self.requests[number]
        return entry[0].single(entry[1]) if isinstance(entry, tuple) else entry

    def answered_late(self, frame: Frame) -> Request | None:
        """Like `answered`, of the requests that `expire` gave out; frees the number."""
        request = self._late.get(frame.sequence_number)
        if request is None or not _answers(frame.command_id, request.command_id):
            return None
        return self._free(frame.sequence_number)

    def has(self, commands: Container[int]) -> bool:
        """Whether a request with one of these command_ids is unanswered, and in time."""
        return any(_command_id(entry) in commands for entry in self.requests.values())

    def oldest(self) -> float | None:
        """When the request that waits longest was sent; None when nothing waits."""
        for entry in self.requests.values():
            return _sent_at(entry)
        return None

    def next_expiry(self, response_timeout: float) -> float:
        """When `expire` or `release` has something to take out next; infinite without such."""
        oldest = self.oldest()
        at = NEVER if oldest is None else oldest + response_timeout
        for request in self._overdue.values():
            return min(at, request.sent_at + 2 * response_timeout)
        return at

    def expire(self, sent_by: float) -> list[Request]:
        """Take out the requests sent at ``sent_by`` or earlier, oldest first.

        Their numbers stay reserved for a late answer, `MAX_LATE` of them at most.
        """
        expired: list[tuple[int, Request]] = []
        for number, entry in self.requests.items():
            if _sent_at(entry) > sent_by:
                break
            expired.append((number, _single(entry)))
        for number, request in expired:
            del self.requests[number]
            self._late[number] = self._overdue[number] = request
            if not self.counts_overdue:
                self._release(number)
        for number in list(islice(self._late, max(0, len(self._late) - MAX_LATE))):
            self._free(number)
        return [request for _, request in expired]

    def release(self, sent_by: float) -> None:
        """Count the overdue requests sent at ``sent_by`` or earlier no longer."""
        for number, request in list(self._overdue.items()):
            if request.sent_at > sent_by:
                break
            self._release(number)

    def drain(self) -> list[Request]:
        """Take out all, oldest first: the session ended and no answer can come."""
        requests, self.requests, self._late = self.requests, {}, {}
        for number in list(self._overdue):
            self._release(number)
        return [_single(entry) for entry in requests.values()]

    def _free(self, number: int) -> Request:
        self._release(number)
        return self._late.pop(number)

    def _release(self, number: int) -> None:
        overdue = self._overdue.pop(number, None)
        if overdue is not None:
            overdue.released()


def _answers(response_id: int, request_id: int) -> bool:
    # generic_nack is RESPONSE_BIT alone.
    return response_id == request_id | RESPONSE_BIT or response_id == RESPONSE_BIT


def _single(entry: Request | Place) -> Request:
    return entry[0].single(entry[1]) if isinstance(entry, tuple) else entry


def _command_id(entry: Request | Place) -> int:
    return entry[0].command_id if isinstance(entry, tuple) else entry.command_id


def _sent_at(entry: Request | Place) -> float:
    return entry[0].sent_at if isinstance(entry, tuple) else entry.sent_at
