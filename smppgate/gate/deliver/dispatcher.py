"""`Dispatcher`: relays requests of SMSCs to ESMEs, or puts them into queues.

The life of a deliver_sm that is no receipt:

1. A deliver_sm or data_sm comes on a link: `RouterService.deliver`. While the gate stops it is
   answered ESME_RX_T_APPN. A receipt goes to `Receipts`.
2. `Dispatcher.by_destination`: on a link that serves one ESME session alone the message is for
   that session. On any other link `RangeTable` gives the cluster of sessions that serve the most
   specific range of the destination. Accounts with a wider range are not considered.
3. `Cluster.session` gives the least utilized session with room. All parts of one long message go
   to one session (`Affinity`).
4. While the queue of the session's account holds messages, the message goes behind them. Without a
   session it goes to the queue of an account of the cluster; where none has a queue it is answered
   ESME_RX_T_APPN. The SMSC is answered ESME_ROK when the store has a queued message.
5. Where the session speaks another version than the link, `Dispatcher.in_version` gives the PDU
   that the ESME can take. `Outstanding.claim` on the session gives the sequence number and stores
   the `Exchange` under it; the frame goes into the session's outbox.
6. The resp comes back on the session: `Correlator.answered` gives it to the link under the SMSC's
   own number. Without a resp in time, or when the session is lost, the SMSC is answered
   ESME_RSYSERR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from attrs import evolve

from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.reports.undelivered import Miss, smsc_of
from smppgate.routing.esmes.account import Account, Cluster
from smppgate.routing.esmes.affinity import Affinity
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession, Origin, SmscSession
from smppgate.txsmpp import peek, receipts
from smppgate.txsmpp.adaptation import LONGEST_SHORT_MESSAGE, to_deliver_sm
from smppgate.txsmpp.address_range import LONGEST_ADDRESS
from smppgate.txsmpp.constants import CommandId, CommandStatus, MessageState
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response, spliced
from smppgate.txsmpp.receipts import STAT_OF
from smppgate.txsmpp.segments import segment_of
from smppgate.txsmpp.versions import Version


class Queue(Protocol):
    """Keeps messages for an account whose sessions cannot take them now."""

    @property
    def holds(self) -> bool:
        """Whether messages wait to be sent, so that a new message must go behind them."""

    def put(self, exchange: Exchange, octets: bytes) -> None:
        """Store the message in ``octets``, and answer ``exchange`` as the ESME would."""


class Dispatcher:
    """Relays requests of SMSCs to sessions or queues, or answers them with an error.

    :param ranges: the accounts and sessions that serve each destination.
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
        """The queues of those accounts that have one."""
        self.undeliverable = 0
        """Requests that no session and no queue could take."""
        self._adapt = adapt
        self._affinity: Affinity[EsmeSession] = Affinity()

    # The choice of a session

    def by_destination(self, link: SmscSession, frame: Frame, now: float) -> bool:
        """Relay to a session that serves the destination; False when no account serves it.

        A request on a link that serves one ESME session alone is for that session.

        :raises PduError: when the destination cannot be found in the PDU.
        """
        octets = frame.octets
        exchange = Exchange(self.correlator, link, frame, None, now)
        if link.owner is not None:
            self.to_session(link.owner, exchange, octets)
            return True
        address = peek.destination_address(octets)
        cluster = self.ranges.cluster(address.addr, address.ton, address.npi)
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
        """Relay to ``submitter`` if it can take a message now, or else to another session."""
        if submitter is None or not submitter.receives or not submitter.has_room:
            submitter = account.receiver()
        self._to_one_of((account,), submitter, exchange, octets)

    def to_session(self, session: EsmeSession, exchange: Exchange, octets: bytes) -> None:
        """Relay to this session and to no other."""
        if session.receives and session.has_room:
            self._send(session, exchange, octets)
        else:
            self._refuse_full(exchange, session.system_id)

    def alert(self, link: SmscSession, frame: Frame) -> None:
        """Relay an alert_notification to a session that serves its esme_addr. It has no resp."""
        try:
            address = peek.esme_address(frame.octets)
        except PduError:
            session = None
        else:
            cluster = self.ranges.cluster(address.addr, address.ton, address.npi)
            session = cluster.session() if cluster is not None else None
        session = link.owner or session
        if session is None or frame.command_id not in session.version.commands:
            self._lose(link, "no account serves its esme_addr, or its version has no such PDU")
            return
        if not session.writable:
            # It has no resp, so no window bounds it.
            self._lose(link, "its ESME does not read", session.system_id)
            return
        octets = frame.octets
        if session.version is not link.version:
            octets = self._adapt(octets, session.version)
        session.send_unanswered(octets)

    def _lose(self, link: SmscSession, why: str, account: bytes = b"") -> None:
        """Drop an alert_notification."""
        self.undeliverable += 1
        status = CommandStatus.ESME_RX_T_APPN
        self.correlator.missed(Miss(f"alert_notification: {why}", account, link.smsc.name, status))

    def refuse(
        self,
        origin: Origin,
        frame: Frame,
        status: int = CommandStatus.ESME_RX_T_APPN,
        why: str = "no account serves its destination",
        account: bytes = b"",
    ) -> None:
        """Answer a request that no session and no queue can take."""
        self.undeliverable += 1
        self.correlator.missed(Miss(why, account, smsc_of(origin), status))
        origin.send(response(frame, status))

    def acknowledge(self, link: SmscSession, frame: Frame, why: str) -> None:
        """Answer ESME_ROK to a message that is dropped."""
        self.correlator.missed(Miss(why, b"", link.smsc.name, CommandStatus.ESME_ROK))
        link.send(response(frame, CommandStatus.ESME_ROK, b"\0"))

    def choose(
        self, cluster: Cluster[EsmeSession], octets: bytes, now: float
    ) -> EsmeSession | None:
        """A session of the cluster with room; the same one for all parts of a long message."""
        segment = segment_of(octets)
        if segment is None:
            return cluster.session()
        source, destination = peek.source(octets), peek.destination(octets)
        if max(len(source), len(destination)) > LONGEST_ADDRESS:
            # Longer ones than SMPP has become no key: they would fill memory.
            return cluster.session()
        parts = (source, destination, segment.reference, segment.total)
        session = self._affinity.get(parts, now)
        # Equal parts may be for two accounts: receipts repeat them, and accounts share numbers.
        if session is None or session not in cluster:
            session = cluster.session()
            if session is not None:
                self._affinity.put(parts, session, now)
        return session if session is not None and session.has_room else None

    def _refuse_full(self, exchange: Exchange, account: bytes) -> None:
        why = "no session of the account can take it now"
        self.refuse(exchange.origin, exchange.frame, why=why, account=account)

    # Relaying

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
            names = [account.system_id.encode("latin-1") for account in accounts]
            self._refuse_full(exchange, names[0] if names else b"")
        else:
            self._send(session, exchange, octets)

    def _queue(
        self, accounts: Iterable[Account[EsmeSession]], session: EsmeSession | None
    ) -> Queue | None:
        """The queue that a message goes to which ``session``, or no session, could take now."""
        waiting = [account for account in accounts if account in self.queues]
        if session is None:
            # An account whose receivers are full will take it sooner than one without receivers.
            waiting.sort(key=lambda account: not len(account.receivers))
            return self.queues[waiting[0]] if waiting else None
        # Messages stay in order: behind waiting ones of the same account a message waits too.
        # The queue of another account does not count.
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
                status, why = error.command_status, f"to this version of SMPP: {error}"
                self.refuse(exchange.origin, exchange.frame, status, why, session.system_id)
                return
            exchange.adapts = exchange.origin.version
        exchange.origin.unanswered += 1
        exchange.account = session.system_id
        session.send_request(exchange, octets)

    def in_version(self, version: Version, command_id: int, octets: bytes) -> tuple[bytes, int]:
        """A message as an ESME of ``version`` can take it, and its command_id there.

        A receipt that has its content in TLVs gets a text in a version without TLVs.

        :raises PduError: when that version cannot express it.
        """
        original = octets
        if command_id not in version.commands:
            if command_id != CommandId.DATA_SM:
                raise PduError("not in the ESME's version", CommandStatus.ESME_RX_P_APPN)
            command_id, octets = CommandId.DELIVER_SM, to_deliver_sm(octets)
        octets = self._adapt(octets, version)
        return octets if version.tlvs else _with_text(octets, original), command_id


def _with_text(octets: bytes, original: bytes) -> bytes:
    """A deliver_sm without TLVs; a receipt without a text gets that of the PDU ``original``."""
    begin, end = peek.short_message_at(octets)
    if begin < end or not receipts.is_receipt(peek.esm_class(octets)):
        return octets
    receipt = receipts.read(original)
    if receipt is None:
        return octets
    # Not DELIVRD, the usual default: the receipt does not state a delivery.
    receipt = evolve(receipt, stat=receipt.stat or STAT_OF[MessageState.UNKNOWN])
    text = receipts.receipt_text(receipt)[:LONGEST_SHORT_MESSAGE]
    return spliced(octets, begin - 1, end, bytes((len(text),)) + text)
