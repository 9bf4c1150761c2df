"""`AnswerLane`: whole reads of answers to messages of runs, to the ESMEs that sent those."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct

from smppgate.gate.lane.run import Run
from smppgate.gate.lane.times import Times
from smppgate.gate.relay.events import Events
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.routing.sessions import SmscSession
from smppgate.routing.smscs.letter_case import has_both_cases
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import HEADER_SIZE

_read_header = Struct(">IIII").unpack_from
_pack_lead = Struct(">III").pack
_SUBMIT_SM_RESP = int(CommandId.SUBMIT_SM_RESP)
_BLANK = 0x20
_SHORTEST = HEADER_SIZE + 2
"""Octets of an answer with a message_id of one."""


class AnswerLane:
    """Relays submit_sm_resp with ESME_ROK by the read, and keeps the return paths.

    :param keeper: takes the answers that are not plain, by way of the correlator.
    """

    def __init__(self, keeper: ReturnPathKeeper, events: Events) -> None:
        self._keeper = keeper
        self._events = events

    # One loop, written out: what it calls for each answer is what it costs.
    def relay(  # noqa: PLR0912, PLR0915
        self, link: SmscSession, octets: bytes, start: int, now: float
    ) -> int:
        """Relay the plain answers from ``start`` on in a read; gives where those end.

        What becomes of them is what becomes of each by `Correlator.answered`.
        """
        keeper, smsc, requests = self._keeper, link.smsc, link.outstanding.requests
        get, find, unpack = requests.get, octets.find, _read_header
        end = len(octets)
        last = end - _SHORTEST
        if start > last or unpack(octets, start)[1] != _SUBMIT_SM_RESP:
            return start
        # A listener may have come since the messages were sent, which is to be told of each.
        if self._events.tells_each or keeper.expected is not None:
            return start
        # A batch of return paths is begun for those that take the lane only.
        entry = get(unpack(octets, start)[3])
        if entry.__class__ is not tuple or not isinstance(entry[0], Run):
            return start
        paths = keeper.commits.gathering()
        if paths is None:
            return start
        notations, prefix = smsc.center.notations, smsc.center.prefix
        is_usual = _is_of_one_case if notations.finds_folded else _has_no_blanks
        answered = _Answered(link, self._events, now)
        run: Run | None = None
        answers: list[bytes] = []
        places: list[int] = []
        is_told = self._events.tell_run_taken is not None
        most = link.max_pdu_size
        while start <= last:
            length, command_id, status, number = unpack(octets, start)
            stop, begin = start + length, start + HEADER_SIZE
            if command_id != _SUBMIT_SM_RESP or status or stop > end or length > most:
                break
            entry = get(number)
            if entry.__class__ is not tuple:
                break
            of, at = entry
            if of is not run:
                if not isinstance(of, Run) or not of.is_on(link):
                    break
                origin = of.origin
                form = keeper.form(origin, smsc)
                if not form.is_plain or origin.has_ended or origin.tells_congestion:
                    break
                if of.wants_receipt is None and not form.always:
                    break
                if run is not None and answers:
                    answered.add(run, places, answers)
                    places, answers = [], []
                run, asked = of, of.asked
                tag, path = form.tag, form.path
                size, width = 0, -1
                longest, is_kept = form.longest, form.always or run.wants_receipt
            nul = stop - 1
            message_id = octets[begin:nul]
            if octets[nul] or not message_id.isdigit():
                # TLVs may follow the NUL.
                nul = find(0, begin, stop)
                message_id = octets[begin:nul]
                if nul <= begin or not is_usual(message_id):
                    break
            if nul - begin != width:
                if nul > begin + longest:
                    break
                if is_kept:
                    notations.gave(message_id)
                width = notations.usual_width
            if is_kept:
                paths[prefix + message_id] = path
            del requests[number]
            if length != size:
                size, lead = length, _pack_lead(length + len(tag), _SUBMIT_SM_RESP, 0)
                put = _putter(len(tag), length - HEADER_SIZE)
            answers.append(put(lead, asked[at], tag, octets[begin:stop]))
            if is_told:
                places.append(at)
            start = stop
        if run is not None:
            answered.add(run, places, answers)
            answered.count()
        return start


class _Answered:
    """What the answers of one read amount to. Mutable and slotted."""

    __slots__ = ("_events", "_link", "_now", "_times")

    def __init__(self, link: SmscSession, events: Events, now: float) -> None:
        self._link = link
        self._events = events
        self._now = now
        self._times = Times(now)

    def add(self, run: Run, places: list[int], answers: list[bytes]) -> None:
        """Send these answers to messages of ``run``, at these places if listeners are told."""
        count, smsc = len(answers), self._link.smsc
        self._times.add(count, run.sent_at)
        if self._events.tell_run_taken is not None and answers:
            self._events.tell_run_taken(run, self._link, places, answers, self._now)
        run.answered_some(count)
        run.origin.answer_all(answers)
        if smsc.taken_for is not None and run.pool in smsc.taken_for:
            smsc.taken_for[run.pool] += count

    def count(self) -> None:
        """Count all that were added."""
        self._events.answered += self._times.tell(self._link.smsc)


@lru_cache(maxsize=1024)
def _putter(tag: int, body: int) -> Callable[[bytes, int, bytes, bytes], bytes]:
    """Puts together what is in front of a number, the number, and a tag and a body of so many
    octets."""
    return Struct(f">12sI{tag}s{body}s").pack


def _has_no_blanks(message_id: bytes) -> bool:
    """Whether it is an id, without anything around it that ESMEs do not get to see."""
    return bool(message_id) and message_id[0] > _BLANK < message_id[-1]


def _is_of_one_case(message_id: bytes) -> bool:
    """Whether besides it is kept under no other key."""
    return _has_no_blanks(message_id) and not has_both_cases(message_id)
