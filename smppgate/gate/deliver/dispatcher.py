"""`Dispatcher`: relays requests of SMSCs to ESMEs, or puts them into queues.

The life of a deliver_sm that is no receipt:

1. A deliver_sm or data_sm comes on a link: `RouterService.deliver`. A receipt goes to `Receipts`.
2. `Dispatcher.by_destination`: on a link that serves one ESME session alone the message is for
   that session. On any other link `RangeTable` gives the cluster of sessions that serve the most
   specific range of the destination. Accounts with a wider range are not considered.
3. `Cluster.session` gives the least utilized session with room. All parts of one long message go
   to one session (`Affinity`), and so do all steps of a dialogue (`Related`). A session that holds
   its share of the link already (`LinkShares`) counts as one without room.
4. While the queue of the session's account holds messages, the message goes behind them. Without a
   session it goes to the queue of an account of the cluster; where none has a queue it is answered
   with the SMSC's `undelivered_status`. A queue that closes takes no message without a session.
   The SMSC is answered ESME_ROK when the store has a queued message.
5. Rules for messages to its account change it (`Transform.to_account`), before it is put into a
   queue too; those that do not ask for the account have done so before 2. Where the session speaks
   another version than the link, `Transform.to_esme` gives the PDU that the ESME can take.
   `Outstanding.claim` on the session gives the sequence number and stores the `Exchange` under it;
   the frame goes into the session's outbox.
6. The resp comes back on the session: `Correlator.answered` gives it to the link under the SMSC's
   own number. Without a resp in time, or when the session is lost, the SMSC is answered with
   its `undelivered_status`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from smppgate.gate.deliver.delivery import Delivery
from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.reason import Cause, Reason
from smppgate.gate.relay.transform import Transform
from smppgate.gate.reports.undelivered import Miss
from smppgate.routing.affinity import Affinity, parts_key
from smppgate.routing.esmes.account import Account, Cluster
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.routing.exchange import Exchange
from smppgate.routing.plain import is_plain_back
from smppgate.routing.related import Related
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.segments import Step, relation_of

PARTS_LIFETIME = 300.0
"""Seconds in which the parts of a long message to an ESME come: SMSCs send some of them again."""

UNSERVED = Reason.NO_ROUTE.because("no account serves its destination")


class Queue(Protocol):
    """Keeps messages for an account whose sessions cannot take them now."""

    name: bytes
    """The system_id of the account."""

    @property
    def is_closing(self) -> bool:
        """Whether only messages that must go behind waiting ones are put into it."""

    @property
    def holds(self) -> bool:
        """Whether messages wait to be sent, so that a new message must go behind them."""

    def put(self, exchange: Exchange, octets: bytes) -> None:
        """Store the message in ``octets``, and answer ``exchange`` as the ESME would."""


def takes(session: EsmeSession | None) -> bool:
    """Whether ``session`` takes one more message now."""
    return session is not None and session.receives and session.has_room


class Dispatcher:
    """Relays requests of SMSCs to sessions or queues, or answers them with an error.

    :param ranges: the accounts and sessions that serve each destination.
    :param related: knows dialogues.
    :param transform: gives messages as ESMEs of another version can take them.
    """

    def __init__(
        self,
        correlator: Correlator,
        ranges: RangeTable[EsmeSession],
        transform: Transform,
        related: Related,
        events: Events,
    ) -> None:
        self.correlator = correlator
        self.ranges = ranges
        self.queues: Mapping[Account[EsmeSession], Queue] = {}
        """The queues of those accounts that have one."""
        self._transform = transform
        self._events = events
        self._related = related
        self._affinity: Affinity[EsmeSession] = Affinity(PARTS_LIFETIME)

    # The choice of a session

    def by_destination(
        self,
        link: SmscSession,
        frame: Frame,
        now: float,
        receipt: bytes = b"",
        changed: bytes = b"",
    ) -> bool:
        """Relay to a session that serves the destination; False when no account serves it.

        A request on a link that serves one ESME session alone is for that session.

        :param receipt: what to relay in place of a request that is a receipt.
        :param changed: what a hook has made of the request; empty where it is as it came.
        :raises PduError: when the PDU ends in front of its esm_class, or rules make of it what
            peers do not take.
        """
        delivery = Delivery(self.correlator, link, frame, now)
        if changed:
            delivery.rewrite(changed)
        delivery.is_receipt = bool(receipt)
        octets = self.rewritten(delivery, receipt or delivery.octets)
        address = peek.delivery_address(octets)
        if self._events.tell_entered is not None:
            self._events.tell_entered(delivery)
        if link.owner is not None:
            self.to_session(link.owner, delivery, octets)
            return True
        cluster = self.ranges.cluster(address.addr, address.ton, address.npi)
        if cluster is None:
            return False
        session = self.choose(cluster, octets, now, delivery)
        self.to_one_of(cluster.accounts, session, delivery, octets)
        return True

    def is_plain_from(self, smsc: str) -> bool:
        """Whether no rule may be for what the SMSC of this name sends."""
        rewriting = self._transform.rewriting
        return not rewriting.all or is_plain_back(smsc, rewriting.deliver, rewriting.receipt)

    def rewritten(self, delivery: Delivery, octets: bytes) -> bytes:
        """A message in ``octets`` as rules make it that do not ask for its account.

        :raises PduError: when they make of it what peers do not take.
        """
        smsc = delivery.link.smsc.name
        return self._transform.delivered(delivery, octets, smsc, delivery.is_receipt)

    def to_account(
        self,
        account: Account[EsmeSession],
        submitter: EsmeSession | None,
        delivery: Delivery,
        octets: bytes,
        is_sure: bool = False,
    ) -> None:
        """Relay to ``submitter`` if it can take a message now, or else to another session.

        :param is_sure: whether it can, see `is_sure_of`.
        """
        if not is_sure and not takes(submitter):
            submitter = account.receiver()
        self.to_one_of((account,), submitter, delivery, octets)

    def is_sure_of(self, session: EsmeSession | None, account: Account[EsmeSession]) -> bool:
        """Whether `to_account` relays to ``session``: a queue may choose another receiver."""
        if not takes(session):
            return False
        return account not in self.queues or len(account.receivers) == 1

    def to_session(self, session: EsmeSession, delivery: Delivery, octets: bytes) -> None:
        """Relay to this session and to no other."""
        if takes(session):
            self._send(session, delivery, octets)
        else:
            self._refuse_full(delivery, session.system_id, session.receives)

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
            why = "no account serves its esme_addr, or its version has no such PDU"
            self._lose(link, Reason.NO_ROUTE.because(why))
            return
        if not session.writable:
            # It has no resp, so no window bounds it.
            self._lose(link, Reason.WINDOW.because("its ESME does not read"), session.system_id)
            return
        octets = frame.octets
        if session.version is not link.version:
            octets = self._transform.adapted(octets, session.version)
        session.send_unanswered(octets)

    def _lose(self, link: SmscSession, cause: Cause, account: bytes = b"") -> None:
        """Drop an alert_notification."""
        self._events.undeliverable += 1
        status = CommandStatus.ESME_RX_T_APPN
        why, notice = f"alert_notification: {cause.text}", cause.reason.notice
        self.correlator.missed(Miss(notice, why, account, link.smsc.name, status))

    def refuse(
        self,
        link: SmscSession,
        frame: Frame,
        cause: Cause = UNSERVED,
        status: int | None = None,
    ) -> None:
        """Answer a request that no session and no queue can take.

        :param status: the command_status; by default the SMSC's `undelivered_status`.
        """
        self._events.undeliverable += 1
        status = link.smsc.undelivered_status if status is None else status
        self._miss(link, cause, b"", status)
        link.answer(response(frame, status))
        if self._events.tell_turned_down is not None:
            self._events.tell_turned_down(link, frame, status, cause)

    def acknowledge(self, link: SmscSession, frame: Frame, cause: Cause) -> None:
        """Answer ESME_ROK to a message that is dropped."""
        status = int(CommandStatus.ESME_ROK)
        self._miss(link, cause, b"", status)
        link.answer(response(frame, status, b"\0"))
        if self._events.tell_turned_down is not None:
            self._events.tell_turned_down(link, frame, status, cause)

    def choose(
        self,
        cluster: Cluster[EsmeSession],
        octets: bytes,
        now: float,
        delivery: Delivery | None = None,
    ) -> EsmeSession | None:
        """A session of the cluster with room; the same one for all that belongs together.

        :param delivery: what has just come, and is told the dialogue that it is a step of.
        """
        relation = relation_of(octets)
        if relation is None:
            return cluster.session()
        source, destination = peek.addresses(octets)
        if isinstance(relation, Step):
            return self._in_dialogue(cluster, source, relation, delivery, now)
        key = parts_key(source, destination, relation)
        if key is None:
            return cluster.session()
        session = self._affinity.get(key, now)
        # Equal parts may be for two accounts: receipts repeat them, and accounts share numbers.
        if session is None or session.has_ended or session not in cluster:
            session = cluster.session()
            if session is not None:
                self._affinity.put(key, session, now)
        return session if session is not None and session.has_room else None

    def _in_dialogue(
        self,
        cluster: Cluster[EsmeSession],
        subscriber: bytes,
        step: Step,
        delivery: Delivery | None,
        now: float,
    ) -> EsmeSession | None:
        """The session that serves the dialogue with a subscriber, or one that begins to."""
        accounts = (each.system_id.encode("latin-1") for each in cluster.accounts)
        dialogue = self._related.dialogue(accounts, subscriber, step, now)
        session = cluster.same(dialogue.session) if dialogue is not None else None
        if session is None:
            session = cluster.session()
        if session is None:
            return None
        dialogue = self._related.serves(session, dialogue, subscriber, step, now)
        if delivery is not None:
            delivery.dialogue = dialogue
        return session if session.has_room else None

    def turn_down(
        self,
        delivery: Delivery,
        status: int,
        cause: Cause,
        account: bytes = b"",
    ) -> None:
        """Answer a message that cannot be sent to its account."""
        delivery.account = account
        self._events.undeliverable += 1
        self._miss(delivery.link, cause, account, status)
        delivery.link.answer(delivery.resp(status))
        if self._events.tell_ended is not None:
            now = self.correlator.clock.monotonic()
            self._events.tell_ended(delivery, status, now, cause)

    def drop(self, delivery: Delivery, cause: Cause) -> None:
        """Answer ESME_ROK to a message that is dropped."""
        status = int(CommandStatus.ESME_ROK)
        self._miss(delivery.link, cause, b"", status)
        delivery.link.answer(delivery.resp(status, b"\0"))
        if self._events.tell_ended is not None:
            now = self.correlator.clock.monotonic()
            self._events.tell_ended(delivery, status, now, cause)

    def _miss(self, link: SmscSession, cause: Cause, account: bytes, status: int) -> None:
        """Report a message that is not delivered."""
        miss = Miss(cause.reason.notice, cause.text, account, link.smsc.name, status)
        self.correlator.missed(miss)

    def _refuse_full(self, delivery: Delivery, account: bytes, is_bound: bool) -> None:
        reason = Reason.WINDOW if is_bound else Reason.NOT_BOUND
        cause = reason.because("no session of the account can take it now")
        self.turn_down(delivery, delivery.failure_status, cause, account)

    # Relaying

    def to_one_of(
        self,
        accounts: Iterable[Account[EsmeSession]],
        session: EsmeSession | None,
        delivery: Delivery,
        octets: bytes,
    ) -> None:
        """Relay to ``session``, which was chosen among those of ``accounts``, or do what is to be
        done without a session that takes it: put it into a queue, or answer it.

        :param octets: as the ESME is to get it, but for its version.
        """
        link = delivery.link
        shares = link.shares
        if session is not None and not shares.has_room(session, delivery.sent_at, link.window):
            # It holds its share of the link already; another session may have room.
            session = None
        queue = self.queue(accounts, session)
        if queue is not None:
            self._put(queue, delivery, octets)
        elif session is None:
            names = [account.system_id.encode("latin-1") for account in accounts]
            is_bound = any(len(account.receivers) for account in accounts)
            self._refuse_full(delivery, names[0] if names else b"", is_bound)
        else:
            delivery.shares = shares
            self._send(session, delivery, octets)

    def queue(
        self, accounts: Iterable[Account[EsmeSession]], session: EsmeSession | None
    ) -> Queue | None:
        """The queue that a message goes to which ``session``, or no session, could take now."""
        if not self.queues:
            return None
        waiting = [account for account in accounts if account in self.queues]
        if session is None:
            # An account whose receivers are full will take it sooner than one without receivers.
            waiting.sort(key=lambda account: not len(account.receivers))
            queues = (self.queues[account] for account in waiting)
            return next((queue for queue in queues if not queue.is_closing), None)
        # Messages stay in order: behind waiting ones of the same account a message waits too.
        # The queue of another account does not count.
        for account in waiting:
            if session in account.receivers and self.queues[account].holds:
                return self.queues[account]
        return None

    def _put(self, queue: Queue, delivery: Delivery, octets: bytes) -> None:
        """Put a message into a queue, as rules for its account make it."""
        if self._events.tell_waiting is not None:
            self._events.tell_waiting(delivery)
        try:
            octets = self._for_account(delivery, octets, queue.name)
        except PduError as error:
            cause = Reason.REFUSED.because(str(error))
            self.turn_down(delivery, error.command_status, cause, queue.name)
            return
        delivery.taken()
        queue.put(delivery, octets)

    def _for_account(self, delivery: Delivery, octets: bytes, account: bytes) -> bytes:
        smsc = delivery.link.smsc.name
        return self._transform.to_account(delivery, octets, account, smsc, delivery.is_receipt)

    def _send(self, session: EsmeSession, delivery: Delivery, octets: bytes) -> None:
        link = delivery.link
        try:
            octets = self._for_account(delivery, octets, session.system_id)
            if session.version is not link.version or (
                delivery.rewritten is not None and not session.version.tlvs
            ):
                octets, delivery.command_id = self._transform.to_esme(
                    octets, delivery.command_id, session.version
                )
                delivery.adapts = link.version
        except PduError as error:
            cause = Reason.REFUSED.because(f"to this ESME: {error}")
            self.turn_down(delivery, error.command_status, cause, session.system_id)
            return
        delivery.taken()
        delivery.session = session
        if delivery.shares is not None:
            delivery.shares.began(session, delivery.sent_at)
        delivery.account = session.system_id
        delivery.attempts += 1
        session.send_request(delivery, octets)
        if self._events.tell_sent is not None:
            self._events.tell_sent(delivery)
