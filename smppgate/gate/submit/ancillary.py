"""`AncillaryRequests`: query_sm, cancel_sm, replace_sm and other requests about a message.

The request goes to the SMSC that has the message. An ESME names the message by the id that the
gate gave it; the SMSC is sent its own id, and the addresses that it was told where rules have
changed them. Only the account that submitted a message may query, cancel or replace it: requests
of other accounts are answered ESME_RINVMSGID, as for an unknown id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from smppgate.gate.options import RouterOptions
from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.relay.reason import Cause, Reason, refusal
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.gate.submit.waiting_room import WaitingRoom
from smppgate.routing.exchange import Exchange
from smppgate.routing.return_path.message_ids import alias_in
from smppgate.routing.return_path.records import ReturnPath, alias_key, alias_target, original_key
from smppgate.routing.sessions import Origin, Requester
from smppgate.routing.smscs.links import Link
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.routing.tally import Tally
from smppgate.store import Found
from smppgate.txsmpp import peek
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId, CommandStatus, numbers
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, response, spliced
from smppgate.txsmpp.id_key import LONGEST_ID, id_key

ANCILLARY = numbers(
    CommandId.QUERY_SM,
    CommandId.CANCEL_SM,
    CommandId.REPLACE_SM,
    CommandId.QUERY_BROADCAST_SM,
    CommandId.CANCEL_BROADCAST_SM,
    # A broadcast_sm with a message_id replaces an earlier one: SMPP v5.0 §4.4.1.1.
    CommandId.BROADCAST_SM,
)
"""Requests about a message that was submitted before."""

# Without an id they name their messages by addresses, SMPP v3.4 §4.9, v5.0 §4.6.2: those of other
# accounts too, since an SMSC knows the gate only.
_CANCELS = frozenset({CommandId.CANCEL_SM, CommandId.CANCEL_BROADCAST_SM})

_UNKNOWN = CommandStatus.ESME_RINVMSGID

# Tags are far shorter than this: this process may name every id of an SMSC behind its tag.
_LONGEST_GIVEN = 2 * LONGEST_ID


Worded = Callable[[bytes, str], bytes]
"""Gives a request, a whole PDU, in the words of the SMSC of this name."""


class AncillaryRequest(Exchange):
    """A request about messages that one SMSC has.

    :ivar given: the id that the ESME used, which the resp has; empty for one without.
    :ivar message_id: the SMSC's own.
    :ivar smscs: that SMSC, and those that can be asked in its place.
    :ivar worded: gives the request with the addresses that an SMSC of this name was told.
    """

    __slots__ = ("given", "message_id", "smscs", "worded")

    given: bytes
    message_id: bytes
    smscs: tuple[Smsc, ...]
    worded: Worded

    @property
    def candidates(self) -> tuple[Smsc, ...]:
        """Those that can be asked."""
        return self.smscs

    def answered(self, frame: Frame, now: float) -> None:
        """The SMSC answered."""
        if len(frame.octets) > HEADER_SIZE and self.command_id != CommandId.BROADCAST_SM:
            frame = _renamed(frame, self.given)
        super().answered(frame, now)


class _CancelEverywhere:
    """The origin of a cancel_sm that goes to several SMSCs.

    :param answer: called with the command_status once all of them have answered.
    """

    system_id = token = b""
    queries = False

    def __init__(self, origin: Origin, count: int, answer: Callable[[int], None]) -> None:
        self.version = origin.version
        self.unanswered = count
        self.answer_forms: dict[Smsc, object] = {}
        # The ESME's own is counted when it is answered.
        self.tally = Tally()
        self._origin = origin
        self._answer = answer
        self._best: int | None = None

    @property
    def has_ended(self) -> bool:
        return self._origin.has_ended

    def answer(self, octets: bytes) -> None:
        """One of the requests is answered."""
        self.unanswered -= 1
        self.send(octets)

    def send(self, octets: bytes) -> None:
        """An SMSC has answered. The result is ESME_ROK if any is, or else the first error."""
        status = Frame.of(octets).command_status
        if self._best is None or status == 0:
            self._best = status
        if not self.unanswered:
            self._answer(self._best)


class AncillaryRequests:
    """Sends requests about messages to the SMSCs that have them.

    :param send: sends a request in these octets on a link of an SMSC; raises `PduError` when the
        version of the link cannot express it.
    :param turn_down: answers a request with an error of the gate's own.
    :param waiting_room: for requests to SMSCs that have no room.
    :param options: `RouterOptions.no_member_status` is the answer while the SMSC cannot be asked.
    :param pools_of: the pools that messages of an origin may have gone to.
    :param cancelling: gives a cancel_sm without an id, of the account of this system_id, in the
        words of the SMSC of this name.
    """

    def __init__(
        self,
        clock: Clock,
        return_paths: ReturnPathKeeper,
        correlator: Correlator,
        send: Callable[[Exchange, Smsc, Link, bytes], None],
        turn_down: Callable[[Exchange, int, Cause], None],
        waiting_room: WaitingRoom,
        options: RouterOptions,
        pools_of: Callable[[Requester], Iterable[Pool]],
        cancelling: Callable[[bytes, bytes, str], bytes],
    ) -> None:
        self._clock = clock
        self._return_paths = return_paths
        self._correlator = correlator
        self._send_on_link = send
        self._turn_down = turn_down
        self._waiting_room = waiting_room
        self._options = options
        self._pools_of = pools_of
        self._cancelling = cancelling
        self.waiting = 0
        """Requests that wait for the store."""

    def take(self, origin: Requester, frame: Frame) -> bool:
        """Relay or answer a request about a message; False for a broadcast_sm without an id.

        The request counts as unanswered already.
        """
        try:
            start, end = peek.message_id_at(frame.octets)
        except PduError as error:
            self._reply(origin, frame, error.command_status)
            return True
        given = frame.octets[start:end]
        if len(given) > _LONGEST_GIVEN:
            # The gate gives no such id, and none becomes a key.
            self._reply(origin, frame, _UNKNOWN)
        elif given:
            self._find(origin, frame, given)
        elif frame.command_id in _CANCELS and origin.policy.cancels_all:
            self._cancel_everywhere(origin, frame)
        elif frame.command_id == CommandId.BROADCAST_SM:
            return False
        else:
            self._reply(origin, frame, _UNKNOWN)
        return True

    # Finding the SMSC

    def _find(self, origin: Requester, frame: Frame, given: bytes) -> None:
        alias = alias_in(given.strip(), origin.version)
        if alias:
            self._look_up(
                origin,
                frame,
                alias_key(alias),
                lambda value: self._of_alias(origin, frame, given, value),
            )
        else:
            self._of_no_alias(origin, frame, given)

    def _of_no_alias(self, origin: Requester, frame: Frame, given: bytes) -> None:
        if self._return_paths.tags:
            self._of_tagged(origin, frame, given)
        else:
            key = original_key(origin.system_id, id_key(given))
            self._look_up(
                origin, frame, key, lambda tag: self._of_original(origin, frame, given, tag)
            )

    def _of_alias(
        self, origin: Requester, frame: Frame, given: bytes, value: bytes | None
    ) -> None:
        if value is None:
            # An SMSC's own id may look like an alias.
            self._of_no_alias(origin, frame, given)
            return
        tag, message_id = alias_target(value)
        self._check(origin, frame, self._return_paths.message_ids.tagged(tag), message_id)

    def _of_tagged(self, origin: Requester, frame: Frame, given: bytes) -> None:
        target = self._return_paths.message_ids.split(given.strip())
        smsc, message_id = target if target is not None else (None, b"")
        self._check(origin, frame, smsc, message_id)

    def _of_original(
        self, origin: Requester, frame: Frame, given: bytes, tag: bytes | None
    ) -> None:
        smsc = self._return_paths.message_ids.tagged(tag) if tag is not None else None
        self._check(origin, frame, smsc, given)

    def _check(
        self, origin: Requester, frame: Frame, smsc: Smsc | None, message_id: bytes
    ) -> None:
        """Ask ``smsc`` if the account owns the message: then its return path names the account."""
        if smsc is None or not message_id.strip():
            self._reply(origin, frame, _UNKNOWN)
        elif not origin.system_id:
            # A request of this process, which may name every message.
            self._send(origin, frame, smsc, message_id, _as_it_is)
        else:
            self._look_up(
                origin,
                frame,
                smsc.center.prefix + id_key(message_id),
                lambda value: self._checked(origin, frame, smsc, message_id, value),
            )

    def _checked(
        self,
        origin: Requester,
        frame: Frame,
        smsc: Smsc,
        message_id: bytes,
        value: bytes | None,
    ) -> None:
        path = ReturnPath.of(value) if value is not None else None
        if path is None or (path.account, path.tag) != (origin.system_id, smsc.tag):
            self._reply(origin, frame, _UNKNOWN)
        else:
            self._send(origin, frame, smsc, message_id, lambda octets, _: path.translated(octets))

    def _look_up(
        self,
        origin: Requester,
        frame: Frame,
        key: bytes,
        go_on: Callable[[bytes | None], None],
    ) -> None:
        """Call ``go_on`` with the value under ``key``, now or later.

        While the store cannot be asked, the answer is the same as while the SMSC cannot.
        """
        value = self._return_paths.recent(key)
        if value is not None:
            go_on(value)
            return
        before = self.waiting
        self.waiting += 1

        def found(result: Found) -> None:
            self.waiting -= 1
            value = result.paths.get(key)
            if value is None and not result.is_complete:
                self._reply(origin, frame, self._options.no_member_status)
            else:
                go_on(value)

        self._return_paths.find([key], found)
        if self.waiting > before:
            origin.charge()

    # Asking

    def _send(
        self, origin: Requester, frame: Frame, smsc: Smsc, message_id: bytes, worded: Worded
    ) -> None:
        """Send on any link to the message center that has the message."""
        if origin.has_ended:
            origin.unanswered -= 1
            return
        own = origin.passed_through
        smscs: Iterable[Smsc] = (own,) if own is not None else (smsc, *smsc.center.smscs)
        if own is not None and own.center is not smsc.center:
            self._reply(origin, frame, self._options.no_member_status)
            return
        known = _knowing(smscs, frame.command_id)
        self._ask(origin, origin, frame, known, message_id, worded)

    def _cancel_everywhere(self, origin: Requester, frame: Frame) -> None:
        """Send to each SMSC that may have such messages; the origin gets one answer."""
        pools = self._pools_of(origin)
        smscs = _knowing((smsc for pool in pools for smsc in pool.smscs), frame.command_id)
        # One that is down is not waited for.
        asked = [s for s in smscs if (s.is_reached if origin.hold else s.query_link() is not None)]
        if not asked:
            self._reply(origin, frame, self._options.no_member_status)
            return
        cancel = _CancelEverywhere(
            origin, len(asked), lambda status: self._reply(origin, frame, status)
        )
        account = origin.system_id
        for smsc in asked:
            self._ask(cancel, origin, frame, (smsc,), b"", partial(self._cancelling, account))

    def _ask(
        self,
        origin: Origin,
        requester: Requester,
        frame: Frame,
        smscs: tuple[Smsc, ...],
        message_id: bytes,
        worded: Worded,
    ) -> None:
        """Ask one of ``smscs``, in this order, or let the request wait until one has room."""
        start, end = peek.message_id_at(frame.octets)
        now = self._clock.monotonic()
        ancillary = AncillaryRequest(self._correlator, origin, frame, None, now)
        ancillary.given, ancillary.message_id = frame.octets[start:end], message_id
        ancillary.smscs, ancillary.worded = smscs, worded
        if self._correlator.events.tell_entered is not None:
            self._correlator.events.tell_entered(ancillary)
        try:
            if not self._waiting_room.is_awaited(ancillary) and self.dispatch(ancillary):
                return
        except PduError as error:
            cause = Reason.REFUSED.because(str(error))
            self._turn_down(ancillary, error.command_status, cause)
            return
        own = requester.passed_through
        may_come = bool(smscs) and (own is None or own.is_reached)
        if requester.hold and may_come and self._waiting_room.is_open:
            self._waiting_room.add(ancillary, requester)
        else:
            status = self._options.no_member_status
            self._turn_down(ancillary, status, Reason.NO_SMSC.because("its SMSC has no room"))

    def dispatch(self, ancillary: AncillaryRequest) -> bool:
        """Send it to the first SMSC that has room; False when none has.

        :raises PduError: when the version of the link cannot express it.
        """
        for smsc in ancillary.smscs:
            link = smsc.query_link()
            if link is not None:
                start, end = peek.message_id_at(ancillary.octets)
                octets = spliced(ancillary.octets, start, end, ancillary.message_id)
                self._send_on_link(ancillary, smsc, link, ancillary.worded(octets, smsc.name))
                return True
        return False

    def _reply(self, origin: Requester, frame: Frame, status: int) -> None:
        origin.answer(response(frame, status))
        events = self._correlator.events
        if events.tell_turned_down is not None:
            events.tell_turned_down(origin, frame, status, refusal(status))


def _as_it_is(octets: bytes, _smsc: str) -> bytes:
    return octets


def _knowing(smscs: Iterable[Smsc], command_id: int) -> tuple[Smsc, ...]:
    """Those that know the request with this command_id, each once."""
    return tuple(dict.fromkeys(each for each in smscs if command_id in each.commands))


def _renamed(resp: Frame, given: bytes) -> Frame:
    """A query_sm_resp or query_broadcast_sm_resp with the id ``given``; other resps unchanged."""
    if resp.command_id not in (CommandId.QUERY_SM_RESP, CommandId.QUERY_BROADCAST_SM_RESP):
        return resp
    end = resp.octets.find(0, HEADER_SIZE)
    return Frame.of(spliced(resp.octets, HEADER_SIZE, end, given)) if end >= 0 else resp
