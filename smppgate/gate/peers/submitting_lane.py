"""`SubmittingLane`: whole reads of plain submit_sm of another node, and of the answers to them."""

from __future__ import annotations

from itertools import pairwise
from struct import Struct
from typing import cast

from smppgate.gate.lane.times import Times
from smppgate.gate.peers.envelopes import Envelopes
from smppgate.gate.peers.fields import envelope_at, inside
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.smscs import near_links
from smppgate.gate.peers.submitting import Submitted
from smppgate.gate.router import RouterService
from smppgate.routing.sessions import SmscSession
from smppgate.routing.smscs.load import TAKEN
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.reads import submits_ending_in
from smppgate.txsmpp.sequence import RequestRun

_read_header = Struct(">IIII").unpack_from
_write_header = Struct(">IIII").pack
# command_length, then command_id and command_status as they came, and the number.
_write_renumbered = Struct(">I8sI").pack
_SUBMIT_SM, _SUBMIT_SM_RESP = int(CommandId.SUBMIT_SM), int(CommandId.SUBMIT_SM_RESP)


class SubmittedRun(RequestRun):
    """Submit_sm of another node that came in one read, under way to an SMSC. Mutable and slotted.

    A `Submitted` is made only of one that does not end as most do, answered ESME_ROK in time.

    :param link: to that node.
    :param asked: the sequence numbers that it used.
    """

    __slots__ = ("_clock", "asked", "link", "smsc")

    def __init__(
        self, link: Link, asked: list[int], sent_at: float, smsc: Smsc, clock: Clock
    ) -> None:
        self.command_id, self.sent_at = _SUBMIT_SM, sent_at
        self._clock = clock
        self.link = link
        self.asked = asked
        self.smsc = smsc

    def single(self, at: int) -> Submitted:
        """What awaits the answer to the message at ``at``, which is none of the run's any more."""
        number = self.asked[at]
        return Submitted(self.link, number, self.command_id, self.sent_at, self.smsc, self._clock)


class SubmittingLane:
    """Relays submit_sm of other nodes by the read, and what SMSCs answer.

    Plain is what is for an SMSC that has links here, with room for it now, and no limit: the node
    with the ESME has decided all else.
    """

    def __init__(self, router: RouterService, envelopes: Envelopes) -> None:
        self._router = router
        self._envelopes = envelopes

    def relay(self, link: Link, octets: bytes, start: int, now: float) -> int:
        """Relay the plain submit_sm from ``start`` on in a read; gives where those end.

        They are in envelopes that are the same. What becomes of them is what becomes of each by
        `Submitting.take`.
        """
        if len(octets) - start < HEADER_SIZE:
            return start
        length, command_id, _, _ = _read_header(octets, start)
        stop = start + length
        if command_id != _SUBMIT_SM or stop > len(octets) or length < HEADER_SIZE:
            return start
        sealed = envelope_at(octets, start, stop)
        smsc = self._smsc(sealed) if sealed else None
        if smsc is None:
            return start
        room = smsc.capacity - smsc.outstanding
        places, asked = submits_ending_in(sealed, octets, start, room, link.max_pdu_size)
        if not asked:
            return start
        run = SubmittedRun(link, asked, now, smsc, self._router.clock)
        count = _sent(run, octets, places, len(sealed))
        link.unanswered += count
        link.counts.taken += count
        return places[count]

    def _smsc(self, sealed: bytes) -> Smsc | None:
        """The SMSC that an envelope is for, if what is sent to it may be plain."""
        try:
            name = self._envelopes.address(inside(sealed)).member
        except PduError:
            return None
        smsc = self._router.smsc_named(name) if name else None
        if smsc is None or smsc.limits is not None or not near_links(smsc):
            return None
        return smsc

    # One loop, written out: what it calls for each answer is what it costs.
    def relay_answers(self, link: SmscSession, octets: bytes, start: int, now: float) -> int:
        """Relay the answers ESME_ROK to messages of other nodes from ``start`` on in a read of an
        SMSC; gives where those end.

        What becomes of them is what becomes of each by `Submitted.answered`.
        """
        requests, most, end = link.outstanding.requests, link.max_pdu_size, len(octets)
        last = end - HEADER_SIZE
        run: SubmittedRun | None = None
        answers: list[bytes] = []
        times = Times(now)
        while start <= last:
            length, command_id, status, number = _read_header(octets, start)
            stop = start + length
            if command_id != _SUBMIT_SM_RESP or status or stop > end:
                break
            entry = requests.get(number)
            if entry.__class__ is not tuple or not HEADER_SIZE <= length <= most:
                break
            of, at = entry
            if of is not run:
                if of.__class__ is not SubmittedRun:
                    break
                _answer(run, answers, times)
                run, asked, answers = of, of.asked, []
            del requests[number]
            header = _write_header(length, _SUBMIT_SM_RESP, 0, asked[at])
            answers.append(header + octets[start + HEADER_SIZE : stop])
            start = stop
        _answer(run, answers, times)
        _count(link.smsc, times)
        return start


def _answer(run: SubmittedRun | None, answers: list[bytes], times: Times) -> None:
    """Give the node of ``run`` these answers."""
    if run is not None:
        times.add(len(answers), run.sent_at)
        run.link.answer_all(answers)


def _count(smsc: Smsc, times: Times) -> None:
    """Count what was taken for other nodes."""
    count = times.tell(smsc)
    if count:
        smsc.for_others[TAKEN] += count


def _sent(run: SubmittedRun, octets: bytes, places: list[int], size: int) -> int:
    """How many messages of ``run`` are sent, those at its beginning, each as it was before it had
    an envelope.

    :param places: where each begins in ``octets``, and the last one ends; ``size``: octets of
        each envelope.
    """
    smsc, count, at = run.smsc, len(run.asked), 0
    only, write = smsc.only_link, _write_renumbered
    for link, share in ({only: count} if only is not None else smsc.share_out(count)).items():
        session = cast(SmscSession, link)
        if session.has_ended:
            break
        numbers = session.outstanding.claim_run(run, at, share)
        smsc.began(share)
        parts: list[bytes] = []
        until = at + share
        for number, (begin, end) in zip(numbers, pairwise(places[at : until + 1]), strict=True):
            header = write(end - begin - size, octets[begin + 4 : begin + 12], number)
            parts += (header, octets[begin + HEADER_SIZE : end - size])
        session.send(b"".join(parts))
        at = until
    return at
