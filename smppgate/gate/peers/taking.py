"""`Taking`: brings messages that come from other nodes to the sessions, and SMSCs, that are here.

The node with the SMSC has decided for which session a message is, and has put it into the form
that this session wants; it tells, counts and logs the message. Here it is sent, and its answer
goes back. What cannot be sent goes back at once: a message never goes on to a third node, never
back to where it came from, and never into a queue, for its SMSC is answered when an ESME has it.
"""

from __future__ import annotations

from smppgate.gate.deliver.dispatcher import takes
from smppgate.gate.peers.envelopes import Address, Envelopes
from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.fields import unwrapped
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.submitting import Submitting
from smppgate.gate.relay.transform import Transform
from smppgate.gate.router import RouterService
from smppgate.routing.sessions import EsmeSession
from smppgate.txsmpp.errors import NoAnswer, PduError
from smppgate.txsmpp.frame import Frame, renumbered, response
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import Version


class Taken(Request):
    """A message of another node that is under way to an ESME. Mutable and slotted.

    :param number: the sequence number that the peer used.
    :param asked: the command_id that it had then.
    """

    __slots__ = ("_asked", "_link", "_number", "_transform", "_version")

    def __init__(
        self,
        link: Link,
        number: int,
        asked: int,
        command_id: int,
        sent_at: float,
        transform: Transform,
        version: Version | None,
    ) -> None:
        super().__init__(command_id, sent_at)
        self._link = link
        self._number = number
        self._asked = asked
        self._transform = transform
        self._version = version

    def answered(self, frame: Frame, now: float) -> None:
        """The ESME has answered, whatever the status."""
        octets = frame.octets
        if self._version is not None:
            octets = self._transform.answer(octets, self._version, self._asked, self.command_id)
        self._link.answer(renumbered(octets, self._number))

    def failed(self, reason: NoAnswer) -> None:
        """The ESME has not answered in time, or its session was lost."""
        self._link.answer(NotTaken.of(reason).resp(self._asked, self._number))


class Taking:
    """Sends messages of other nodes to the sessions that are here."""

    def __init__(self, router: RouterService, envelopes: Envelopes) -> None:
        self._router = router
        self._submitting = Submitting(router)
        self._envelopes = envelopes

    def take(self, link: Link, frame: Frame, now: float) -> None:
        """Send the message in ``frame`` to an ESME; ``link`` gets its answer."""
        link.unanswered += 1
        link.counts.taken += 1
        try:
            message, address = self._read(frame.octets)
            if address.member:
                self._submitting.take(link, frame, message, address.member, now)
                return
            session = self._session(address)
            if session is None:
                link.counts.returned += 1
                link.answer(NotTaken.FULL.resp(frame.command_id, frame.sequence_number))
            else:
                self._send(session, link, frame, message, address.version, now)
        except PduError as error:
            link.answer(response(frame, error.command_status))

    def alert(self, frame: Frame) -> None:
        """Send an alert_notification to the session that it is for."""
        try:
            message, address = self._read(frame.octets)
        except PduError:
            return
        session = self._router.submitters.here(address.token)
        if session is not None and session.writable:
            session.send_unanswered(message)

    def _read(self, octets: bytes) -> tuple[bytes, Address]:
        """A message without its envelope, and whom it is for.

        :raises PduError: when there is no envelope, or it cannot be read.
        """
        found = unwrapped(octets)
        if found is None:
            raise PduError("no envelope")
        message, inside = found
        return message, self._envelopes.address(inside)

    def _session(self, address: Address) -> EsmeSession | None:
        """The session that a message is for, or another of its account that can take it."""
        router = self._router
        session = router.submitters.here(address.token)
        if session is None or session.system_id != address.account:
            # The other node hears of its end, and chooses another.
            return None
        if takes(session):
            return session
        account = router.accounts.named(address.account)
        if account is None or router.ranges.joined(session)[0]:
            # Its number may be one that this session alone serves.
            return None
        return account.receivers.session_here()

    def _send(
        self,
        session: EsmeSession,
        link: Link,
        frame: Frame,
        message: bytes,
        version: Version,
        now: float,
    ) -> None:
        command_id, number = frame.command_id, frame.sequence_number
        transform, adapts = self._router.transform, None
        if session.version is not version:
            message, command_id = transform.to_esme(message, command_id, session.version)
            adapts = version
        taken = Taken(link, number, frame.command_id, command_id, now, transform, adapts)
        session.send_request(taken, message)
