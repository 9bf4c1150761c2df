"""`Dispatcher`: what SMSCs send, on its way to ESMEs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from attrs import evolve

from smppgate.gate.relay.correlator import Correlator
from smppgate.routing.esmes.account import Account, Cluster
from smppgate.routing.esmes.affinity import Affinity
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession, Origin, SmscSession
from smppgate.txsmpp import peek, receipts
from smppgate.txsmpp.adaptation import LONGEST_SHORT_MESSAGE, to_deliver_sm
from smppgate.txsmpp.constants import CommandId, CommandStatus, MessageState
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response, spliced
from smppgate.txsmpp.receipts import STAT_OF
from smppgate.txsmpp.segments import segment_of
from smppgate.txsmpp.versions import Version


class Queue(Protocol):
    """Takes messages for an ESME that is away."""

    @property
    def holds(self) -> bool:
        """Whether there is anything in it, so that what comes now must come behind."""

    def put(self, exchange: Exchange, octets: bytes) -> None:
        """Keep the message in ``octets``, and answer ``exchange`` as the ESME would."""


class Dispatcher:
    """Brings a request of an SMSC's to a session, to a queue, or back as an error.

    :param ranges: who serves which destination.
    :param adapt: gives a PDU as a peer of another version can take it.
    """

    def __init__(
        self,
        correlator: Correlator,
        ranges: RangeTable[EsmeSession],
        adapt: Callable[[bytes, Version], bytes],
    ) -> None:
        self.correlator = correlator
        self.ranges = ranges
        self.queues: Mapping[Account[EsmeSession], Queue] = {}
        """Those of accounts that have one."""
        self.undeliverable = 0
        """What nobody could take."""
        self._adapt = adapt
        self._affinity: Affinity[EsmeSession] = Affinity()

    # Who is it for

    def by_destination(self, link: SmscSession, frame: Frame, now: float) -> bool:
        """To whoever serves the destination; False when that is nobody's number.

        What comes on a link that belongs to one ESME's session is for that session.

        :raises PduError: where the destination cannot be found.
        """
        octets = frame.octets
        exchange = Exchange(self.correlator, link, frame, None, now)
        if link.owner is not None:
            self.to_session(link.owner, exchange, octets)
            return True
        to = peek.destination_address(octets)
        cluster = self.ranges.cluster(to.addr, to.ton, to.npi)
        if cluster is None:
            return False
        self._to_one_of(cluster.accounts, self.choose(cluster, octets, now), exchange, octets)
        return True

    def to_account(
        self,
        account: Account[EsmeSession],
        submitter: EsmeSession | None,
        exchange: Exchange,
        octets: bytes,
    ) -> None:
        """To ``submitter``, if it can take it now, or else to another session of the account."""
        if submitter is None or not submitter.receives or not submitter.has_room:
            submitter = account.receiver()
        self._to_one_of((account,), submitter, exchange, octets)

    def to_session(self, session: EsmeSession, exchange: Exchange, octets: bytes) -> None:
        """To this session and to no other."""
        if session.receives and session.has_room:
            self._send(session, exchange, octets)
        else:
            self.refuse(exchange.origin, exchange.frame)

    def alert(self, link: SmscSession, frame: Frame) -> None:
        """An alert_notification: to the ESME of its esme_addr, if one is there. No answer."""
        try:
            to = peek.esme_address(frame.octets)
        except PduError:
            session = None
        else:
            cluster = self.ranges.cluster(to.addr, to.ton, to.npi)
            session = cluster.session() if cluster is not None else None
        session = link.owner or session
        if session is None or frame.command_id not in session.version.commands:
            self.undeliverable += 1
            return
        octets = frame.octets
        if session.version is not link.version:
            octets = self._adapt(octets, session.version)
        session.send_unanswered(octets)

    def refuse(
        self, origin: Origin, frame: Frame, status: int = CommandStatus.ESME_RX_T_APPN
    ) -> None:
        """Tell the SMSC that nobody takes it."""
        self.undeliverable += 1
        origin.send(response(frame, status))

    def choose(
        self, cluster: Cluster[EsmeSession], octets: bytes, now: float
    ) -> EsmeSession | None:
        """A session of the cluster's with room; for parts of one long message always the same."""
        segment = segment_of(octets)
        if segment is None:
            return cluster.session()
        parts = (peek.source(octets), peek.destination(octets), segment.reference, segment.total)
        session = self._affinity.get(parts, now)
        # Two accounts may be told of equal parts: receipts repeat them, and numbers are shared.
        if session is None or session not in cluster:
            session = cluster.session()
            if session is not None:
                self._affinity.put(parts, session, now)
        return session if session is not None and session.has_room else None

    # How it gets there

    def _to_one_of(
        self,
        accounts: Iterable[Account[EsmeSession]],
        session: EsmeSession | None,
        exchange: Exchange,
        octets: bytes,
    ) -> None:
        queue = self._queue(accounts, session) if self.queues else None
        if queue is not None:
            exchange.origin.unanswered += 1
            queue.put(exchange, octets)
        elif session is None:
            self.refuse(exchange.origin, exchange.frame)
        else:
            self._send(session, exchange, octets)

    def _queue(
        self, accounts: Iterable[Account[EsmeSession]], session: EsmeSession | None
    ) -> Queue | None:
        """The queue that a message for ``session``, or for nobody who could take it, goes to."""
        waiting = [account for account in accounts if account in self.queues]
        if session is None:
            # Who is there, and only has no room, will sooner take it than who is away.
            waiting.sort(key=lambda account: not len(account.receivers))
            return self.queues[waiting[0]] if waiting else None
        # What comes behind a message that waits must wait too, to stay behind it; what another
        # account waits for is no reason.
        for account in waiting:
            if session in account.receivers and self.queues[account].holds:
                return self.queues[account]
        return None

    def _send(self, session: EsmeSession, exchange: Exchange, octets: bytes) -> None:
        if session.version is not exchange.origin.version:
            try:
                octets, exchange.command_id = self.in_version(
                    session.version, exchange.command_id, octets
                )
            except PduError as error:
                self.refuse(exchange.origin, exchange.frame, error.command_status)
                return
            exchange.adapts = exchange.origin.version
        exchange.origin.unanswered += 1
        session.send_request(exchange, octets)

    def in_version(self, version: Version, command_id: int, octets: bytes) -> tuple[bytes, int]:
        """A message to an ESME as a peer of ``version`` has it, and its command_id there.

        What a receipt tells in TLVs only, a peer that knows none is told in the text.

        :raises PduError: when it cannot be said in that version.
        """
        came = octets
        if command_id not in version.commands:
            if command_id != CommandId.DATA_SM:
                raise PduError("not in the ESME's version", CommandStatus.ESME_RX_P_APPN)
            command_id, octets = CommandId.DELIVER_SM, to_deliver_sm(octets)
        octets = self._adapt(octets, version)
        return octets if version.tlvs else _with_text(octets, came), command_id


def _with_text(octets: bytes, came: bytes) -> bytes:
    """A deliver_sm without TLVs; if it is a receipt without a text, with one like ``came``."""
    begin, end = peek.short_message_at(octets)
    if begin < end or not receipts.is_receipt(peek.esm_class(octets)):
        return octets
    receipt = receipts.read(came)
    if receipt is None:
        return octets
    # Not what is usual: nobody has said that it was delivered.
    receipt = evolve(receipt, stat=receipt.stat or STAT_OF[MessageState.UNKNOWN])
    text = receipts.receipt_text(receipt)[:LONGEST_SHORT_MESSAGE]
    return spliced(octets, begin - 1, end, bytes((len(text),)) + text)
