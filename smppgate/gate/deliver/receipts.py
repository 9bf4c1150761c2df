"""`Receipts`: brings each receipt to the ESME that submitted the message, under the id it knows.

A receipt names a message by the SMSC's id, perhaps in another notation than the submit_sm_resp
used, perhaps before that resp has come, perhaps days later and after a restart. It is matched
within the SMSC's message center: exactly where that is possible, by its notations otherwise.

The life of a receipt:

1. A deliver_sm or data_sm comes on a link that is a receipt by its esm_class, by its TLV
   receipted_message_id or by its text: `Receipts.bring`. `located_receipt` has read it, once.
2. The ids that it names are looked up in the message center: in memory, then on disk, exactly;
   where there is no such return path, in the other notations that `Notations` knows. One that is
   known by its text alone is looked for by what leaves no doubt. While the store cannot be asked
   about all of them, the SMSC is told its `undelivered_status`: it sends the receipt again.
3. No return path, but submits unanswered at that message center: the submit_sm_resp may be on its
   way. The receipt waits in `WaitingReceipts` until its return path is kept or its patience is
   over. With peers the submits unanswered at those count as well, and they are asked again.
4. A return path whose answer still waits for the store: the receipt follows behind that answer.
5. The ESME's id goes into text and TLV, unless it is the SMSC's own (`message_ids = "original"`).
   Where rules have changed addresses of the message, the ESME's own go in place of those that the
   SMSC was told. Then rules for receipts apply. `Dispatcher` brings it to the session that
   submitted, or to another of the account, or to the account's queue; never to another account.
6. The ESME has taken a final receipt: its return path ends `receipted_ttl` later
   (`ReceiptDelivery`, `ReturnPathKeeper.end`).
7. No return path at all: it goes by destination like any message, or back, as configured. Where
   ids have tags it gets that of the SMSC that it came from, so that no SMSC speaks of a message of
   another's; but one that is known by its text alone goes as it is, for it may be no receipt.
"""

from __future__ import annotations

from functools import partial

from smppgate.gate.deliver.dispatcher import Dispatcher
from smppgate.gate.deliver.pending import MOST_BEHIND_ANSWERS, MOST_OCTETS, Pending
from smppgate.gate.deliver.receipt_delay import ReceiptDelay
from smppgate.gate.deliver.receipt_delivery import Matched, ReceiptDelivery
from smppgate.gate.deliver.waiting_receipts import Incoming, WaitingReceipts
from smppgate.gate.options import RouterOptions
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.reason import Reason
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.routing.esmes.account import Account
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.return_path.message_ids import in_name_of
from smppgate.routing.return_path.records import ReturnPath
from smppgate.routing.return_path.searches import Match, Search
from smppgate.routing.return_path.submitters import Submitters
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.routing.smscs.smsc import MessageCenter
from smppgate.store import Found
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.located_receipt import LocatedReceipt, Recognition
from smppgate.txsmpp.receipt_rewriting import with_id

MOST_SEARCHES = 2000
"""Receipts that are looked up on disk at one time."""

_UNMATCHED = Reason.UNMATCHED.because(
    "receipt of an unknown message, for a number that no account serves"
)
_UNSEARCHED = Reason.UNMATCHED.because("receipt whose message could not be looked up in the store")
_UNSOUGHT = Reason.UNMATCHED.because("receipt that came while too many were looked up")


class Receipts:
    """Relays each receipt to the account that submitted, under the id that the ESME knows.

    :param options: `RouterOptions.acknowledges_unmatched` says whether a receipt without a return
        path is answered ESME_ROK, so that the SMSC does not send it again.
    :param delay: holds receipts that would leave together with their answers.
    """

    def __init__(
        self,
        clock: Clock,
        return_paths: ReturnPathKeeper,
        dispatcher: Dispatcher,
        accounts: Accounts[EsmeSession],
        submitters: Submitters[EsmeSession],
        options: RouterOptions,
        delay: ReceiptDelay,
        events: Events,
    ) -> None:
        self._clock = clock
        self._return_paths = return_paths
        self._dispatcher = dispatcher
        self._accounts = accounts
        self._submitters = submitters
        self._options = options
        self._delay = delay
        self._events = events
        self._early = WaitingReceipts(
            clock,
            return_paths,
            options.receipt_patience,
            self._is_awaited,
            self._arrived,
            self._waited,
        )
        self._searching = Pending(MOST_SEARCHES, MOST_OCTETS)
        self._behind_answers = Pending(MOST_BEHIND_ANSWERS, MOST_OCTETS)

    @property
    def waiting(self) -> int:
        """Receipts that wait for the store, for an answer, or for their return path."""
        waiting = self._searching.count + self._behind_answers.count
        return waiting + len(self._early) + len(self._delay)

    def bring(
        self,
        link: SmscSession,
        frame: Frame,
        receipt: LocatedReceipt,
        now: float,
        changed: bytes = b"",
    ) -> None:
        """Relay ``receipt``, read from ``frame``, at once if memory has its return path.

        :param changed: what a hook has made of the frame, from which the receipt is read then;
            empty where it is as it came.
        """
        incoming = Incoming(link, frame, receipt, now, changed)
        if not receipt.ids:
            self._give_up(incoming)
            return
        center = link.smsc.center
        match = self.recent(center, receipt)
        if match is not None:
            self._found(incoming, *match, now)
        else:
            # What peers await is known when they have been asked.
            waits = center.is_awaited or self._return_paths.elsewhere is not None
            self._seek(incoming, waits)

    def must_wait(self, key: bytes) -> bool:
        """Whether a receipt about ``key`` has to wait for the answer about its message, or behind
        it, on whatever session it leaves."""
        if self._return_paths.commits.holds(key):
            return True
        return self._delay.answers(key, self._clock.monotonic()) is not None

    def recent(self, center: MessageCenter, receipt: LocatedReceipt) -> tuple[bytes, bytes] | None:
        """The `Match` of a receipt with ids, if memory has its return path."""
        message_id = receipt.ids[0]
        for likely in center.notations.likely(message_id):
            value = self._return_paths.recent(center.prefix + likely)
            if value is not None:
                center.notations.learned(message_id, likely)
                return likely, value
            if not self._return_paths.knows_all:
                # A likelier id than the next may be on disk, or at a peer.
                break
        return None

    def change_patience(self, seconds: float) -> None:
        """Let receipts wait so long for their return paths, those that wait already too."""
        self._early.change_patience(seconds)

    def stop(self) -> None:
        """The gate stops: receipts that wait are answered `undelivered_status`."""
        self._delay.stop()
        for incoming in self._early.stop():
            cause = Reason.STOPPING.because("the gate is stopping")
            self._dispatcher.refuse(incoming.link, incoming.frame, cause)

    # Matching

    def _seek(self, incoming: Incoming, waits: bool) -> None:
        """Look for a return path that memory does not have under the id as it stands.

        :param waits: whether the receipt may wait for its submit_sm_resp.
        """
        search = Search.of(incoming.link.smsc.center, incoming.receipt, guesses=not waits)
        self._look_up(incoming, search, waits)

    def _look_up(self, incoming: Incoming, search: Search, waits: bool) -> None:
        link, size = incoming.link, incoming.size
        if not self._searching.add(size):
            # The SMSC will send it again. Many unknown receipts must not delay the others.
            self._dispatcher.refuse(link, incoming.frame, _UNSOUGHT)
            return

        def found(result: Found) -> None:
            self._searching.remove(size)
            self._choose(incoming, search, waits, result)

        self._return_paths.find(search.keys, found)

    def _choose(self, incoming: Incoming, search: Search, waits: bool, found: Found) -> None:
        """Take what was found; or look under an id of both cases, wait, or give up."""

        def lookup(key: bytes) -> bytes | None:
            return self._return_paths.recent(key) or found.paths.get(key)

        # What could not be asked might be likelier than a guess.
        searched = search if found.is_complete else search.certain()
        match = searched.choose(lookup)
        if match is not None:
            self._matched(incoming, match)
            return
        unfolded = searched.unfolded(lookup)
        if unfolded is not None:
            self._look_up(incoming, unfolded, waits)
        elif self._may_come(incoming, waits, found) and self._early.add(incoming, search.awaited):
            pass
        elif waits:
            self._seek(incoming, waits=False)
        elif found.is_complete:
            self._give_up(incoming)
        else:
            # The store may have the return path: nobody else is given the receipt.
            link, frame = incoming.link, incoming.frame
            self._dispatcher.refuse(link, frame, _UNSEARCHED)

    def _may_come(self, incoming: Incoming, waits: bool, found: Found) -> bool:
        """Whether the return path of a receipt may still come, so that it waits, or waits on.

        What peers await is known as of their last answer only, and not while they have given none.
        """
        center = incoming.link.smsc.center
        if self._return_paths.elsewhere is None:
            return waits and center.is_awaited
        if not self._early.is_in_time(incoming):
            return False
        return self._is_awaited(center) or (waits and not found.is_complete)

    def _is_awaited(self, center: MessageCenter) -> bool:
        """Whether an answer is awaited, here or elsewhere, that may give a return path."""
        elsewhere = self._return_paths.elsewhere
        return center.is_awaited or (elsewhere is not None and elsewhere.awaits(center))

    def _arrived(self, incoming: Incoming, key: bytes, elsewhere: bytes | None) -> None:
        """An answer gave what the receipt waited for under ``key``, here or ``elsewhere``."""
        center = incoming.link.smsc.center
        value = elsewhere if elsewhere is not None else self._return_paths.recent(key)
        if value is None or not key.startswith(center.prefix):
            self._seek(incoming, waits=False)
        else:
            self._matched(incoming, Match(key[len(center.prefix) :], value))

    def _waited(self, incoming: Incoming) -> None:
        """The receipt has waited long enough, or no answer is awaited any more."""
        self._seek(incoming, waits=False)

    # A match

    def delivery(
        self, link: SmscSession, frame: Frame, matched: Matched, now: float
    ) -> ReceiptDelivery:
        """The delivery of a receipt whose return path is known."""
        correlator = self._dispatcher.correlator
        return ReceiptDelivery(correlator, self._return_paths, link, frame, matched, now)

    def _matched(self, incoming: Incoming, match: Match) -> None:
        """The return path was found after a while."""
        self._found(incoming, *match, self._clock.monotonic())

    def _found(self, incoming: Incoming, message_id: bytes, value: bytes, now: float) -> None:
        """The return path of ``message_id`` is ``value``: deliver, but not before the answer."""
        link, frame, receipt, _, changed = incoming
        key = link.smsc.center.prefix + message_id
        matched = Matched(receipt, message_id, ReturnPath.of(value), key)
        delivery = self.delivery(link, frame, matched, now)
        if changed:
            delivery.rewrite(changed)
        if self._events.tell_receipt is not None:
            self._events.tell_receipt(link, receipt, True)
        if self._events.tell_entered is not None:
            self._events.tell_entered(delivery)
        if self._return_paths.commits.holds(key):
            self._follow_answer(delivery)
        else:
            self.deliver_in_time(delivery)

    def _follow_answer(self, delivery: ReceiptDelivery) -> None:
        """Deliver behind the answer about the message, which waits for the store."""
        size = len(delivery.octets)
        if not self._behind_answers.add(size):
            self._turn_down(delivery, delivery.failure_status)
            return

        def answer_is_out() -> None:
            self._behind_answers.remove(size)
            delivery.sent_at = self._clock.monotonic()
            self.deliver_in_time(delivery)

        self._return_paths.commits.when_out(delivery.path_key, answer_is_out)

    def deliver_in_time(self, delivery: ReceiptDelivery) -> None:
        """Deliver the receipt; on another session than the answer's, some time after that."""
        path = delivery.path
        account = self._accounts.named(path.account)
        submitter = self._submitters.find(path.session)
        owner = _owner(delivery)
        is_sure = False
        if owner is not None:
            is_same = owner is submitter
        elif account is None:
            is_same = True
        else:
            is_same = is_sure = self._dispatcher.is_sure_of(submitter, account)
        if not is_same:
            answers = self._delay.answers(delivery.path_key, delivery.sent_at)
            if answers is not None:
                self._delay.hold(answers, partial(self.deliver_late, delivery))
                return
        self._deliver(delivery, account, submitter, is_sure)

    def deliver_late(self, delivery: ReceiptDelivery) -> None:
        """Deliver a receipt that was held; sessions may have come and gone meanwhile."""
        path, delivery.sent_at = delivery.path, self._clock.monotonic()
        account = self._accounts.named(path.account)
        self._deliver(delivery, account, self._submitters.find(path.session))

    def _deliver(
        self,
        delivery: ReceiptDelivery,
        account: Account[EsmeSession] | None,
        submitter: EsmeSession | None,
        is_sure: bool = False,
    ) -> None:
        path, octets = delivery.path, delivery.octets
        if delivery.link.has_ended:
            # The SMSC hears no answer and will send it again.
            delivery.link.answer(delivery.resp(delivery.failure_status))
            return
        try:
            octets = self.named(octets, delivery.receipt, delivery.message_id, path)
            octets = self._dispatcher.rewritten(delivery, octets)
        except PduError as error:
            self._turn_down(delivery, error.command_status)
            return
        owner = _owner(delivery)
        if owner is not None:
            self._dispatcher.to_session(owner, delivery, octets)
        elif account is None:
            self._disown(delivery)
        else:
            self._dispatcher.to_account(account, submitter, delivery, octets, is_sure)

    def _disown(self, delivery: ReceiptDelivery) -> None:
        """The account is gone: the receipt is like one of an unknown message, but never goes by
        its destination, which may be another account's now."""
        if not self._options.acknowledges_unmatched:
            self._turn_down(delivery, delivery.failure_status, Reason.UNMATCHED)
            return
        cause = Reason.UNMATCHED.because("receipt for an account that is gone")
        self._dispatcher.drop(delivery, cause)

    def _turn_down(
        self, delivery: ReceiptDelivery, status: int, reason: Reason = Reason.REFUSED
    ) -> None:
        cause = reason.because("receipt that its account cannot be given")
        self._dispatcher.turn_down(delivery, status, cause, delivery.path.account)

    def named(
        self, octets: bytes, receipt: LocatedReceipt, message_id: bytes, path: ReturnPath
    ) -> bytes:
        """The receipt in ``octets`` with the id that the ESME was given, and its own addresses.

        :raises PduError: ESME_RINVMSGLEN where it would be too long.
        """
        if not path.is_original:
            octets = with_id(octets, receipt, path.esme_id(message_id), self._options.max_pdu_size)
        return path.restored(octets) if path.addresses else octets

    # No match

    def _give_up(self, incoming: Incoming) -> None:
        """Relay a receipt without a return path by its destination, or answer it."""
        link, frame, _, _, changed = incoming
        if link.has_ended:
            link.answer(response(frame, link.smsc.undelivered_status))
            return
        self._events.unmatched += 1
        if self._events.tell_receipt is not None:
            self._events.tell_receipt(link, incoming.receipt, False)
        try:
            octets = self._in_name_of_smsc(incoming)
            now = self._clock.monotonic()
            if self._dispatcher.by_destination(link, frame, now, octets, changed):
                return
            status = link.smsc.undelivered_status
        except PduError as error:
            status = error.command_status
        if self._options.acknowledges_unmatched:
            self._dispatcher.acknowledge(link, frame, _UNMATCHED)
        else:
            self._dispatcher.refuse(link, frame, _UNMATCHED, status)

    def _in_name_of_smsc(self, incoming: Incoming) -> bytes:
        """The receipt with the tag of its SMSC in front of the id, where ids have tags.

        :raises PduError: ESME_RINVMSGLEN when there is no room for it.
        """
        octets, receipt = incoming.octets, incoming.receipt
        if not self._options.tags or receipt.recognition is Recognition.TEXT or not receipt.ids:
            return octets
        message_id = in_name_of(incoming.link.smsc.tag, receipt.ids[0])
        return with_id(octets, receipt, message_id, self._options.max_pdu_size)


def _owner(delivery: ReceiptDelivery) -> EsmeSession | None:
    """The session that all receipts on the link are for, if it is of the account of the path."""
    owner = delivery.link.owner
    return owner if owner is not None and owner.system_id == delivery.path.account else None
