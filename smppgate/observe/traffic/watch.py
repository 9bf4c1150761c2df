"""`Watch`: what one view sees of one session.

A session *decides* where it alone says that its traffic is of interest: one of the account that is
looked for, say. All it is sent and sends is seen then. Of any other session what belongs to a
session that decides is seen: the links of an account's messages. A request that is written leads,
by its number, to the session that it came from; there it is shown as it came, where that has not
been done, and its answers are awaited on both.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Protocol, TypeVar

from smppgate.gate.reports.trouble import likeness
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.observe.traffic.asked import Asked, asked
from smppgate.observe.traffic.interest import Interest
from smppgate.observe.traffic.seen import Decision, Kind, Place, Seen, Session
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, numbers
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.states import BOUND_BY, SESSION_COMMANDS

T = TypeVar("T")

MOST_AWAITED = 10_000
"""Answers of one direction that are awaited on a session; beyond that the oldest are not seen."""

_NO_LIMIT = 1 << 32
_header = Struct(">IIII").unpack_from
_length = Struct(">I").unpack_from

_MESSAGE_RESPS = numbers(
    *(
        each | RESPONSE_BIT
        for each in (
            CommandId.SUBMIT_SM,
            CommandId.SUBMIT_MULTI,
            CommandId.DATA_SM,
            CommandId.DELIVER_SM,
        )
    )
)
_UNTOLD = numbers(*SESSION_COMMANDS, CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION, *BOUND_BY)
"""Requests that are of a session, and of no message."""


class Views(Protocol):
    """The view that a watch is of."""

    interest: Interest

    @property
    def is_full(self) -> bool:
        """Whether it can take nothing more now."""

    def pass_over(self, count: int) -> None:
        """So many were seen and are left out."""

    def watch_of(self, session: object) -> Watch | None:
        """What it sees of ``session``, if anything."""

    def others_are_busy(self, watch: Watch) -> bool:
        """Whether a session on the other side of the gate, that is watched, waits for answers."""

    def place_of(self, session: Session) -> Place:
        """The next place."""

    def add(self, seen: Seen) -> None:
        """Something was seen."""

    def leave(self, watch: Watch) -> None:
        """The session is of no interest, or has ended."""


class Watch:
    """A tap of ``session`` for one view.

    :param decides: whether the session alone says that its traffic is of interest.
    :param is_strange: whether its bind will say whether it is of interest.
    """

    def __init__(
        self, view: Views, session: Session, *, decides: bool, is_strange: bool = False
    ) -> None:
        self.session = session
        self.is_strange = is_strange
        self._view = view
        self._interest = view.interest
        self._clock = session.clock
        self._decides = decides
        self._shows_all = decides and not view.interest.to
        self._claimed = ""
        self._place: Place | None = None
        # Sequence numbers of requests that are seen: the peer's that are to be answered, and the
        # gate's whose answers are awaited. And why those are refused that have no success.
        self._asked: dict[int, None] = {}
        self._awaited: dict[int, None] = {}
        self._reasons: dict[int, str] = {}

    @property
    def is_esme(self) -> bool:
        """Whether it is a session with an ESME."""
        return isinstance(self.session, EsmeProtocol)

    # As a tap

    def received(self, octets: bytes) -> None:
        """The peer sent these."""
        if self.is_strange and not self._is_met(octets):
            return
        if not (self._decides or self._awaited) or self._is_passed_over(octets):
            return
        for command_id, number, begin, end in _pdus(octets, self.session.max_pdu_size):
            if command_id < 0:
                if self._shows_all:
                    self._show(Kind.NO_PDU, octets[begin:begin], True, _likeness(octets[begin:]))
            elif command_id & RESPONSE_BIT:
                if self._awaited.pop(number, self) is None or self._shows_all:
                    pdu = octets[begin:end]
                    self._show(Kind.PDU, pdu, True, self._lateness(command_id, number))
            elif self._is_shown(command_id, octets[begin:end]):
                if not self._shows_all:
                    _note(self._asked, number, None)
                self._show(Kind.PDU, octets[begin:end], True, {})

    def sent(self, octets: bytes) -> None:
        """These are written."""
        if self.is_strange:
            return
        if not (self._decides or self._asked or self._view.others_are_busy(self)):
            return
        if self._is_passed_over(octets):
            return
        for command_id, number, begin, end in _pdus(octets, _NO_LIMIT):
            if command_id & RESPONSE_BIT:
                if self._asked.pop(number, self) is None or self._shows_all:
                    why = self._reasons.pop(number, "")
                    decision = {"why": why} if why else {}
                    self._show(Kind.PDU, octets[begin:end], False, decision)
            elif command_id in _UNTOLD:
                if self._shows_all:
                    self._show(Kind.PDU, octets[begin:end], False, {})
            else:
                self._request_sent(command_id, number, octets[begin:end])

    def lost(self, reason: str) -> None:
        """The connection is lost."""
        if self._place is not None or (self._shows_all and not self.is_strange):
            self._show(Kind.CLOSED, b"", True, {"why": reason})
        self._view.leave(self)

    # What else is told of its requests

    def missed(self, number: int, why: str) -> None:
        """A request of the peer's has no success."""
        if self._shows_all or number in self._asked:
            _note(self._reasons, number, why)

    def waits(self, number: int, decision: Decision) -> None:
        """A request of the peer's waits."""
        if self._shows_all or number in self._asked:
            self._show(Kind.WAITING, b"", True, {"number": number, **decision})

    def came(self, request: Asked) -> None:
        """A request of the peer's turns out to be of interest: show it as it came."""
        if self._shows_all or request.number in self._asked:
            return
        _note(self._asked, request.number, None)
        passed = self._clock.monotonic() - request.entered_at
        self._show(Kind.PDU, request.octets, True, {}, self._clock.wall() - passed)

    # What is of interest

    def _is_met(self, octets: bytes) -> bool:
        """Whether the peer binds to the account that is looked for; else it is left."""
        for command_id, _, begin, end in _pdus(octets, self.session.max_pdu_size):
            if command_id not in BOUND_BY:
                continue
            try:
                name = peek.credentials(octets[begin:end]).system_id.decode("latin-1")
            except PduError:
                name = ""
            if name != self._interest.account:
                self._view.leave(self)
                return False
            self.is_strange, self._claimed = False, name
        return not self.is_strange

    def _is_passed_over(self, octets: bytes) -> bool:
        """Whether the view cannot take more: then they are not looked at, and counted only where
        all is shown."""
        if not self._view.is_full:
            return False
        if self._shows_all:
            self._view.pass_over(sum(1 for _ in _pdus(octets, _NO_LIMIT)))
        return True

    def _is_shown(self, command_id: int, pdu: bytes) -> bool:
        """Whether a request of the peer's is seen as it comes."""
        if self._shows_all:
            return True
        if not self._decides or command_id in _UNTOLD:
            return False
        return self._interest.is_about(command_id, pdu)

    def _request_sent(self, command_id: int, number: int, pdu: bytes) -> None:
        request = asked(self.session, number)
        origin = self._view.watch_of(request.origin) if request is not None else None
        if not self._shows_all:
            was_seen = origin is not None and request is not None and origin.awaits(request.number)
            is_of_interest = origin is not None or self._decides
            if not (was_seen or (is_of_interest and self._interest.is_about(command_id, pdu))):
                return
            _note(self._awaited, number, None)
        if origin is not None and request is not None:
            origin.came(request)
        self._show(Kind.PDU, pdu, False, request.decision if request is not None else {})

    def awaits(self, number: int) -> bool:
        """Whether a request of the peer's was seen, and is to be answered."""
        return number in self._asked

    def _lateness(self, command_id: int, number: int) -> Decision:
        """Whether nobody waits for an answer any more."""
        if command_id in _MESSAGE_RESPS and number not in self.session.outstanding.requests:
            return {"why": "late, or to nothing that was asked"}
        return {}

    # Showing

    def _show(
        self,
        kind: Kind,
        octets: bytes,
        is_received: bool,
        decision: Decision,
        time: float | None = None,
    ) -> None:
        if self._place is None:
            self._place = self._view.place_of(self.session)
        when = self._clock.wall() if time is None else time
        self._view.add(Seen(kind, when, self._place, self._name(), is_received, octets, decision))

    def _name(self) -> str:
        session = self.session
        if isinstance(session, EsmeProtocol):
            return session.system_id.decode("latin-1") or self._claimed
        return session.name


def _note(table: dict[int, T], number: int, value: T) -> None:
    if len(table) >= MOST_AWAITED:
        del table[next(iter(table))]
    table[number] = value


def _pdus(octets: bytes, limit: int) -> Iterator[tuple[int, int, int, int]]:
    """command_id, sequence number, begin and end of each whole PDU; a command_id of -1 for what is
    none, to the end."""
    begin, size = 0, len(octets)
    while size - begin >= 4:
        (length,) = _length(octets, begin)
        end = begin + length
        if not HEADER_SIZE <= length <= limit:
            yield -1, 0, begin, size
            return
        if end > size:
            return
        _, command_id, _, number = _header(octets, begin)
        yield command_id, number, begin, end
        begin = end


def _likeness(octets: bytes) -> Decision:
    """What it may be that is no SMPP. Of its octets nothing is shown: there may be a password."""
    return {"why": f"{likeness(octets) or 'no SMPP'}, {len(octets)} octets"}
