"""`Receipts`: brings each receipt to the ESME that submitted the message, under the id it knows.

A receipt names a message by the SMSC's id, perhaps in another notation than the submit_sm_resp
used, perhaps before that resp has come, perhaps days later and after a restart. It is matched
within the SMSC's group: exactly where that is possible, by its dialect otherwise.
"""

from __future__ import annotations

from collections.abc import Collection

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.gate.deliver.dispatcher import Dispatcher
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.exchange import Exchange
from smppgate.routing.return_path.early_receipts import EarlyReceipts
from smppgate.routing.return_path.records import ReturnPath
from smppgate.routing.return_path.submitters import Submitters
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.routing.smscs.dialects import Dialect
from smppgate.routing.smscs.smsc import MessageCenter
from smppgate.txsmpp import receipts
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response

_MOST_SEARCHES = 2000
"""Receipts that are looked for on disk at one time."""

_MOST_IDS = 4
"""Ids of one receipt that are looked for: each is sought in dozens of notations."""

_LOOK = 0.25
"""Seconds between two looks at receipts that wait for their return path."""


_BREATH = 0.001
"""The same, while some are left that could be looked for now."""

_AT_A_TIME = 32
"""Receipts that are looked for in vain in one go: each takes 0.1 ms, for all notations."""


class _CannotCome:
    """Whether the resp that a receipt waits for cannot come any more, for none is awaited."""

    def __init__(self) -> None:
        self._awaited: dict[MessageCenter, bool] = {}

    def __call__(self, waiting: tuple[SmscSession, Frame]) -> bool:
        center = waiting[0].smsc.center
        awaited = self._awaited.get(center)
        if awaited is None:
            # Once for each group: there may be thousands of receipts.
            awaited = self._awaited[center] = center.is_awaited
        return not awaited


class _ReceiptExchange(Exchange):
    """A final receipt: once the ESME has taken it, its return path is of no more use."""

    __slots__ = ("keys", "return_paths")

    keys: tuple[bytes, ...]
    return_paths: ReturnPathKeeper

    def answered(self, frame: Frame, now: float) -> None:
        """The ESME answered."""
        if frame.command_status == 0:
            self.return_paths.end(self.keys, now)
        super().answered(frame, now)


class Receipts:
    """Finds out whose a receipt is.

    :param acknowledges_unmatched: whether the SMSC is told ok for a receipt that is nobody's, and
        so never sends it again.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        return_paths: ReturnPathKeeper,
        dispatcher: Dispatcher,
        accounts: Accounts[EsmeSession],
        submitters: Submitters[EsmeSession],
        acknowledges_unmatched: bool = False,
    ) -> None:
        self._clock = clock
        self._return_paths = return_paths
        self._dispatcher = dispatcher
        self._accounts = accounts
        self._submitters = submitters
        self._acknowledges_unmatched = acknowledges_unmatched
        self._early: EarlyReceipts[tuple[SmscSession, Frame]] = EarlyReceipts()
        self._look: IDelayedCall | None = None
        self.unmatched = 0
        """Receipts for messages that nobody is known for."""
        self._under_way = 0

    @property
    def waiting(self) -> int:
        """Receipts that wait for the store, or for their return path."""
        return self._under_way + len(self._early)

    def bring(self, link: SmscSession, frame: Frame, now: float) -> None:
        """Bring the receipt in ``frame`` home, at once if memory knows where that is."""
        message_id = receipts.receipt_id(frame.octets)
        if message_id is None:
            self._give_up(link, frame, now)
            return
        center = link.smsc.center
        for likely in center.dialect.likely(message_id):
            value = self._return_paths.recent(center.prefix + likely)
            if value is not None:
                center.dialect.learned(message_id, likely)
                self._found(link, frame, likely, value)
                return
            if not self._return_paths.store.is_all_recent:
                # What comes first may be on disk.
                break
        self._seek(link, frame, now)

    def stop(self) -> None:
        """The gate stops: what waits for a return path is turned down."""
        self._return_paths.expected = None
        if self._look is not None:
            self._look.cancel()
            self._look = None
        for link, frame in self._early.overdue(float("inf")):
            link.send(response(frame, CommandStatus.ESME_RX_T_APPN))

    # Matching

    def _seek(self, link: SmscSession, frame: Frame, now: float, waits: bool = True) -> None:
        """Not known exactly, by what memory has: look further.

        :param waits: whether it may wait for its submit_sm_resp.
        """
        told = _told(frame)
        center = link.smsc.center
        dialect = center.dialect
        exact = tuple(filter(dialect.takes, told))
        trusted = dict.fromkeys((*exact, *(i for each in told for i in dialect.trusted(each))))
        waits = waits and center.is_awaited
        ids = trusted
        if not waits:
            ids = dict.fromkeys((*exact, *(i for each in told for i in dialect.others(each))))
        store = self._return_paths.store
        if store.is_all_recent:
            self._choose(link, frame, ids, trusted, waits, {}, now)
            return
        if self._under_way >= _MOST_SEARCHES:
            # It will be sent again; a storm of unknown ones must not be all that is done.
            self._dispatcher.refuse(link, frame)
            return
        self._under_way += 1
        finding = store.find([center.prefix + message_id for message_id in ids])
        finding.addErrback(self._not_looked_up)
        finding.addCallback(self._looked_up, link, frame, ids, trusted, waits)
        finding.addErrback(lambda failure: self.log.failure("a receipt was not brought", failure))

    def _not_looked_up(self, failure: Failure) -> dict[bytes, bytes]:
        self.log.failure("return paths could not be looked up", failure)
        return {}

    def _looked_up(
        self,
        found: dict[bytes, bytes],
        link: SmscSession,
        frame: Frame,
        ids: Collection[bytes],
        trusted: Collection[bytes],
        waits: bool,
    ) -> None:
        self._under_way -= 1
        self._choose(link, frame, ids, trusted, waits, found, self._clock.seconds())

    def _choose(
        self,
        link: SmscSession,
        frame: Frame,
        ids: Collection[bytes],
        trusted: Collection[bytes],
        waits: bool,
        found: dict[bytes, bytes],
        now: float,
    ) -> None:
        """The first of ``ids`` that is known; the exact ones come first.

        Those that are not ``trusted`` are there only if the receipt need not wait for its own
        message; they are taken if the SMSC is not known to write ids in one way only.
        """
        center = link.smsc.center
        for message_id in ids:
            key = center.prefix + message_id
            value = self._return_paths.recent(key) or found.get(key)
            if value is None:
                continue
            told = _told_as(frame, message_id, center.dialect)
            if message_id not in trusted and not center.dialect.may_guess(told, message_id):
                break
            center.dialect.learned(told, message_id)
            self._found(link, frame, message_id, value)
            return
        if not waits:
            self._give_up(link, frame, now)
        elif not (center.is_awaited and self._wait(link, frame, trusted, now)):
            self._seek(link, frame, now, waits=False)

    def _found(self, link: SmscSession, frame: Frame, message_id: bytes, value: bytes) -> None:
        """It is for the SMSC's ``message_id``, whose return path is ``value``."""
        key = link.smsc.center.prefix + message_id

        def go_on() -> None:
            self._under_way -= 1
            self._deliver(link, frame, message_id, value)

        if self._return_paths.when_out(key, go_on):
            self._under_way += 1
        else:
            self._deliver(link, frame, message_id, value)

    def _deliver(self, link: SmscSession, frame: Frame, message_id: bytes, value: bytes) -> None:
        if link.has_ended:
            # It has not been answered and will be sent again.
            return
        path = ReturnPath.of(value)
        octets = frame.octets
        exchange: Exchange
        now = self._clock.seconds()
        if not path.is_to_many and receipts.is_final(octets):
            final = _ReceiptExchange(self._dispatcher.correlator, link, frame, None, now)
            key = link.smsc.center.prefix + message_id
            final.keys, final.return_paths = (
                (key, *path.kept_beside(message_id)),
                self._return_paths,
            )
            exchange = final
        else:
            exchange = Exchange(self._dispatcher.correlator, link, frame, None, now)
        octets = receipts.with_id(octets, path.esme_id(message_id))
        account = self._accounts.named(path.account)
        if link.owner is not None and link.owner.system_id == path.account:
            self._dispatcher.to_session(link.owner, exchange, octets)
        elif account is None:
            self._dispatcher.refuse(link, frame)
        else:
            submitter = self._submitters.find(path.session)
            self._dispatcher.to_account(account, submitter, exchange, octets)

    # No match

    def _wait(self, link: SmscSession, frame: Frame, ids: Collection[bytes], now: float) -> bool:
        """Its submit_sm_resp may be on the way still."""
        prefix = link.smsc.center.prefix
        if not self._early.add((link, frame), [prefix + i for i in ids], now):
            return False
        self._return_paths.expected = self._arrived
        if self._look is None:
            self._look = self._clock.callLater(_LOOK, self._look_again)
        return True

    def _arrived(self, key: bytes) -> None:
        for link, frame in self._early.arrived(key):
            value = self._return_paths.recent(key)
            if value is not None:
                self._found(link, frame, key[len(link.smsc.center.prefix) :], value)
        self._rest_if_empty()

    def _look_again(self) -> None:
        self._look = None
        now = self._clock.seconds()
        done = self._early.overdue(now, _AT_A_TIME)
        done += self._early.take(_CannotCome(), _AT_A_TIME - len(done))
        for link, frame in done:
            self._seek(link, frame, now, waits=False)
        if self._early:
            # The others get their turn in between.
            pause = _BREATH if len(done) == _AT_A_TIME else _LOOK
            self._look = self._clock.callLater(pause, self._look_again)
        self._rest_if_empty()

    def _rest_if_empty(self) -> None:
        if not self._early:
            self._return_paths.expected = None

    def _give_up(self, link: SmscSession, frame: Frame, now: float) -> None:
        """Nobody is known to have submitted it."""
        if link.has_ended:
            return
        self.unmatched += 1
        try:
            if self._dispatcher.by_destination(link, frame, now):
                return
            status: int = CommandStatus.ESME_RX_T_APPN
        except PduError as error:
            status = error.command_status
        # While the store cannot be read, somebody may well be known there.
        if self._acknowledges_unmatched and not self._return_paths.store.statistics().fault:
            link.send(response(frame, CommandStatus.ESME_ROK, b"\0"))
        else:
            self._dispatcher.refuse(link, frame, status)


def _told(frame: Frame) -> tuple[bytes, ...]:
    """The ids that the receipt names, as many of them as one message can have."""
    return receipts.receipt_ids(frame.octets)[:_MOST_IDS]


def _told_as(frame: Frame, message_id: bytes, dialect: Dialect) -> bytes:
    """Which of the ids in the receipt ``message_id`` is a writing of: text and TLV may differ."""
    told = _told(frame)
    return next((each for each in told if message_id in dialect.sought(each)), message_id)
