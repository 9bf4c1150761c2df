"""`Receipts`: brings each receipt to the ESME that submitted the message, under the id it knows.

A receipt names a message by the SMSC's id, perhaps in another notation than the submit_sm_resp
used, perhaps before that resp has come, perhaps days later and after a restart. It is matched
within the SMSC's message center: exactly where that is possible, by its notations otherwise.

The life of a receipt:

1. A deliver_sm or data_sm that esm_class calls a receipt comes on a link: `Receipts.bring`.
2. The id that it names, in the TLV or the text, is looked up in the message center: in memory,
   then on disk, exactly; where there is no such return path, in the other notations that the
   `Notations` knows.
3. No return path, but submits unanswered at that message center: the submit_sm_resp may be on its
   way. The receipt waits in `EarlyReceipts` until its return path is kept or its patience is over.
4. A return path whose answer still waits for the store: the receipt follows behind that answer.
5. The ESME's id goes into text and TLV (`receipts.with_id`), and `Dispatcher` brings it to the
   session that submitted, or to another of the account, or to the account's queue; never to
   another account.
6. The ESME has taken a final receipt: its return path ends after a grace period (`PathEnds`).
7. No return path at all: it goes by destination like any message, or back, as configured.
"""

from __future__ import annotations

from collections.abc import Collection

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.deliver.dispatcher import Dispatcher
from smppgate.gate.deliver.final_receipt import FinalReceipt
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.exchange import Exchange
from smppgate.routing.return_path.early_receipts import EarlyReceipts
from smppgate.routing.return_path.records import ReturnPath
from smppgate.routing.return_path.submitters import Submitters
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.routing.smscs.notations import Notations
from smppgate.routing.smscs.smsc import MessageCenter
from smppgate.txsmpp import receipts
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response

MOST_SEARCHES = 2000
"""Receipts that are looked up on disk at one time."""

MOST_IDS = 4
"""Ids of one receipt that are looked up: each is looked for in dozens of notations."""

POLL_INTERVAL = 0.25
"""Seconds between two looks at receipts that wait for their return path."""

YIELD_INTERVAL = 0.001
"""Seconds to the next look while some are left that need wait no longer: others get a turn."""

MOST_AT_A_TIME = 32
"""Receipts that are looked up in all notations in one go: each takes 0.1 ms."""


class _NoneAwaited:
    """Whether a message center has no unanswered submits, so that no receipt need wait for one."""

    def __init__(self) -> None:
        self._awaited: dict[MessageCenter, bool] = {}

    def __call__(self, waiting: tuple[SmscSession, Frame]) -> bool:
        center = waiting[0].smsc.center
        awaited = self._awaited.get(center)
        if awaited is None:
            # Once for each message center: there may be thousands of receipts.
            awaited = self._awaited[center] = center.is_awaited
        return not awaited


class Receipts:
    """Relays each receipt to the account that submitted, under the id that the ESME knows.

    :param acknowledges_unmatched: whether a receipt without a return path is answered ESME_ROK, so
        that the SMSC does not send it again.
    """

    def __init__(
        self,
        clock: Clock,
        return_paths: ReturnPathKeeper,
        dispatcher: Dispatcher,
        accounts: Accounts[EsmeSession],
        submitters: Submitters[EsmeSession],
        acknowledges_unmatched: bool,
    ) -> None:
        self._clock = clock
        self._return_paths = return_paths
        self._dispatcher = dispatcher
        self._accounts = accounts
        self._submitters = submitters
        self._acknowledges_unmatched = acknowledges_unmatched
        self._early: EarlyReceipts[tuple[SmscSession, Frame]] = EarlyReceipts()
        self._timer: IDelayedCall | None = None
        self.unmatched = 0
        """Receipts without a return path."""
        self._searching = 0
        self._behind_answers = 0

    @property
    def waiting(self) -> int:
        """Receipts that wait for the store, for an answer, or for their return path."""
        return self._searching + self._behind_answers + len(self._early)

    def bring(self, link: SmscSession, frame: Frame, now: float) -> None:
        """Relay the receipt in ``frame``, at once if memory has its return path."""
        message_id = receipts.receipt_id(frame.octets)
        if message_id is None:
            self._give_up(link, frame, now)
            return
        center = link.smsc.center
        for likely in center.notations.likely(message_id):
            value = self._return_paths.recent(center.prefix + likely)
            if value is not None:
                center.notations.learned(message_id, likely)
                self._found(link, frame, likely, value)
                return
            if not self._return_paths.store.is_all_recent:
                # A likelier id than the next may be on disk.
                break
        self._seek(link, frame, now)

    def stop(self) -> None:
        """The gate stops: receipts that wait are answered ESME_RX_T_APPN."""
        self._return_paths.expected = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for link, frame in self._early.overdue(float("inf")):
            link.send(response(frame, CommandStatus.ESME_RX_T_APPN))

    # Matching

    def _seek(self, link: SmscSession, frame: Frame, now: float, waits: bool = True) -> None:
        """Look for a return path that memory does not have under the id as it stands.

        :param waits: whether the receipt may wait for its submit_sm_resp.
        """
        named = _ids_in(frame)
        center = link.smsc.center
        notations = center.notations
        exact = tuple(filter(notations.takes, named))
        trusted = dict.fromkeys((*exact, *(i for each in named for i in notations.trusted(each))))
        waits = waits and center.is_awaited
        ids = trusted
        if not waits:
            ids = dict.fromkeys((*exact, *(i for each in named for i in notations.others(each))))
        if not self._return_paths.store.is_all_recent and self._searching >= MOST_SEARCHES:
            # The SMSC will send it again. Many unknown receipts must not delay the others.
            self._dispatcher.refuse(link, frame)
            return
        self._searching += 1

        def found(values: dict[bytes, bytes]) -> None:
            self._searching -= 1
            self._choose(link, frame, ids, trusted, waits, values)

        self._return_paths.find([center.prefix + message_id for message_id in ids], found)

    def _choose(
        self,
        link: SmscSession,
        frame: Frame,
        ids: Collection[bytes],
        trusted: Collection[bytes],
        waits: bool,
        found: dict[bytes, bytes],
    ) -> None:
        """Take the first of ``ids`` that has a return path; exact ones come first.

        Ids that are not ``trusted`` are there only if the receipt need not wait for its own
        message; they are taken if the SMSC is not known to write ids in one notation only.
        """
        center = link.smsc.center
        for message_id in ids:
            key = center.prefix + message_id
            value = self._return_paths.recent(key) or found.get(key)
            if value is None:
                continue
            named = _named_as(frame, message_id, center.notations)
            if message_id not in trusted and not center.notations.may_guess(named, message_id):
                break
            center.notations.learned(named, message_id)
            self._found(link, frame, message_id, value)
            return
        now = self._clock.monotonic()
        if not waits:
            self._give_up(link, frame, now)
        elif not (center.is_awaited and self._wait(link, frame, trusted, now)):
            self._seek(link, frame, now, waits=False)

    def _found(self, link: SmscSession, frame: Frame, message_id: bytes, value: bytes) -> None:
        """The receipt is about ``message_id``, whose return path is ``value``."""
        key = link.smsc.center.prefix + message_id

        def answer_is_out() -> None:
            self._behind_answers -= 1
            self._deliver(link, frame, message_id, value)

        if self._return_paths.commits.when_out(key, answer_is_out):
            self._behind_answers += 1
        else:
            self._deliver(link, frame, message_id, value)

    def _deliver(self, link: SmscSession, frame: Frame, message_id: bytes, value: bytes) -> None:
        if link.has_ended:
            # The SMSC has no answer and will send it again.
            return
        path = ReturnPath.of(value)
        exchange = self._exchange(link, frame, message_id, path)
        octets = receipts.with_id(frame.octets, path.esme_id(message_id))
        account = self._accounts.named(path.account)
        if link.owner is not None and link.owner.system_id == path.account:
            self._dispatcher.to_session(link.owner, exchange, octets)
        elif account is None:
            self._dispatcher.refuse(link, frame)
        else:
            submitter = self._submitters.find(path.session)
            self._dispatcher.to_account(account, submitter, exchange, octets)

    def _exchange(
        self, link: SmscSession, frame: Frame, message_id: bytes, path: ReturnPath
    ) -> Exchange:
        correlator, now = self._dispatcher.correlator, self._clock.monotonic()
        if path.is_to_many or not receipts.is_final(frame.octets):
            return Exchange(correlator, link, frame, None, now)
        final = FinalReceipt(correlator, link, frame, None, now)
        final.keys = (link.smsc.center.prefix + message_id, *path.kept_beside(message_id))
        final.return_paths = self._return_paths
        return final

    # No match

    def _wait(self, link: SmscSession, frame: Frame, ids: Collection[bytes], now: float) -> bool:
        """Let the receipt wait for its submit_sm_resp; False when no room is left."""
        prefix = link.smsc.center.prefix
        if not self._early.add((link, frame), [prefix + i for i in ids], now):
            return False
        self._return_paths.expected = self._arrived
        if self._timer is None:
            self._timer = self._clock.callLater(POLL_INTERVAL, self._poll)
        return True

    def _arrived(self, key: bytes) -> None:
        for link, frame in self._early.arrived(key):
            value = self._return_paths.recent(key)
            if value is not None:
                self._found(link, frame, key[len(link.smsc.center.prefix) :], value)
        self._rest_if_empty()

    def _poll(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        done = self._early.overdue(now, MOST_AT_A_TIME)
        done += self._early.take(_NoneAwaited(), MOST_AT_A_TIME - len(done))
        for link, frame in done:
            self._seek(link, frame, now, waits=False)
        if self._early:
            pause = YIELD_INTERVAL if len(done) == MOST_AT_A_TIME else POLL_INTERVAL
            self._timer = self._clock.callLater(pause, self._poll)
        self._rest_if_empty()

    def _rest_if_empty(self) -> None:
        if not self._early:
            self._return_paths.expected = None

    def _give_up(self, link: SmscSession, frame: Frame, now: float) -> None:
        """Relay a receipt without a return path by its destination, or answer it."""
        if link.has_ended:
            return
        self.unmatched += 1
        try:
            if self._dispatcher.by_destination(link, frame, now):
                return
            status: int = CommandStatus.ESME_RX_T_APPN
        except PduError as error:
            status = error.command_status
        # While the store cannot be read, it may have the return path.
        if self._acknowledges_unmatched and not self._return_paths.store.statistics().fault:
            link.send(response(frame, CommandStatus.ESME_ROK, b"\0"))
        else:
            self._dispatcher.refuse(link, frame, status)


def _ids_in(frame: Frame) -> tuple[bytes, ...]:
    """The ids that the receipt names, as many of them as one message can have."""
    return receipts.receipt_ids(frame.octets)[:MOST_IDS]


def _named_as(frame: Frame, message_id: bytes, notations: Notations) -> bytes:
    """The id in the receipt that ``message_id`` is a notation of: text and TLV may differ."""
    named = _ids_in(frame)
    return next((each for each in named if message_id in notations.sought(each)), message_id)
