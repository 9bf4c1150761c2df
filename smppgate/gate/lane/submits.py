"""`SubmitLane`: whole reads of plain submit_sm, to the links that the pool assigns them to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, repeat
from struct import Struct
from typing import cast

from smppgate.gate.lane.hop_run import HopRun, RunLink
from smppgate.gate.lane.run import Run
from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.relay.events import Events
from smppgate.gate.submit.submitter import Submitter
from smppgate.routing.plain import is_plain
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.routing.smscs.pool import Share
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import HEADER_SIZE, Frame
from smppgate.txsmpp.reads import alone_submits

_put_number = Struct(">I").pack_into
_read_command = Struct(">4xI").unpack_from
_SUBMIT_SM = int(CommandId.SUBMIT_SM)
_TO_NUMBER = 12
"""Octets from the beginning of a PDU to its sequence number, SMPP v3.4 §3.2."""


class SubmitLane:
    """Relays submit_sm by the read.

    :param submitter: takes what is not plain, and what no link has room for.
    :param events: while a listener wants to know of each message, nothing is plain.
    """

    def __init__(self, submitter: Submitter, correlator: Correlator, events: Events) -> None:
        self._submitter = submitter
        self._correlator = correlator
        self._events = events

    def relay(self, origin: EsmeSession, octets: bytes, start: int, now: float) -> int:
        """Relay the plain submit_sm from ``start`` on in a read; gives where those end.

        What becomes of them is what becomes of each by `Submitter.submit`.
        """
        if len(octets) - start < HEADER_SIZE or not origin.submits:
            return start
        if _read_command(octets, start)[0] != _SUBMIT_SM:
            return start
        policy, submitter = origin.policy, self._submitter
        pool, most = origin.own_pool or policy.pool, policy.window - origin.unanswered
        if (
            pool is None
            or most <= 0
            or self._events.tells_each
            or not is_plain(policy, pool, origin.system_id, submitter.rules)
            or submitter.is_routed(origin)
        ):
            return start
        are_alike = not policy.queries
        bounds, asked, asks_first = alone_submits(
            octets, start, most, origin.max_pdu_size, are_alike
        )
        count = len(asked)
        if not (count and submitter.admits_all(origin, count, now)):
            return start
        shares, left = pool.assign(count, now)
        wants_receipt = asks_first if are_alike else None
        run = Run(self._correlator, origin, pool, octets, bounds, asked, wants_receipt, now)
        buffer, at = bytearray(octets), 0
        for share in shares:
            until = at + share.size
            places = bounds[at : until + 1]
            if not _is_sent(run, share, at, buffer, places):
                frames = _frames(octets, places)
                submitter.submit_to(origin, frames, pool, share, now)
            elif share.smsc.limits is not None:
                submitter.take_tokens(share, now)
            at = until
        if left:
            submitter.submit_admitted(origin, _frames(octets, bounds[at:]), pool, now)
        return bounds[-1]


def _is_sent(run: Run, share: Share, at: int, buffer: bytearray, places: Sequence[int]) -> bool:
    """Whether messages of ``run``, from ``at`` on, are sent as they are: the link may need others.

    :param buffer: the read, whose octets become those that are sent.
    :param places: where each of them begins in there, and the last one ends.
    """
    smsc, link, count = share
    session, origin = cast(SmscSession, link), run.origin
    if session.version is not origin.version or session.has_ended:
        return False
    if link.is_remote:
        run, at = HopRun(run, at, count, cast(RunLink, link)), 0
    # A loop in C, as far as there are numbers.
    numbers = memoryview(buffer)[_TO_NUMBER:]
    for _ in map(_put_number, repeat(numbers), places, run.claim(session, at, count)):
        pass
    origin.unanswered += count
    smsc.began(count)
    if link.is_remote:
        cast(RunLink, link).send_run(buffer, places)
    else:
        session.send(bytes(buffer[places[0] : places[-1]]))
    return True


def _frames(octets: bytes, places: Sequence[int]) -> list[Frame]:
    return [Frame.of(octets[begin:end]) for begin, end in pairwise(places)]
