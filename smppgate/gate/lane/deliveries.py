"""`DeliveryLane`: whole reads of plain deliver_sm, receipts among them, to sessions of ESMEs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from struct import Struct

from smppgate.gate.deliver.dispatcher import Dispatcher
from smppgate.gate.deliver.receipt_delay import Answers, ReceiptDelay
from smppgate.gate.deliver.receipt_delivery import ReceiptDelivery
from smppgate.gate.deliver.receipts import Receipts
from smppgate.gate.lane.delivery_run import DeliveryRun, Known
from smppgate.gate.lane.lots import Lot, Lots
from smppgate.gate.relay.events import Events
from smppgate.gate.return_path.commits import Commits
from smppgate.routing.return_path.records import ReturnPath
from smppgate.routing.sessions import SmscSession
from smppgate.txsmpp import peek
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.located_receipt import NO_RECEIPT, LocatedReceipt, located_receipt
from smppgate.txsmpp.segments import relation_of

_read_header = Struct(">IIII").unpack_from
_DELIVER_SM = int(CommandId.DELIVER_SM)

Held = tuple[int, bytes, bytes, Known, bytes]
"""A receipt that waits behind an answer: the number that the SMSC used, its octets, those for the
ESME, what is known of it, and the record of its return path."""


class DeliveryLane:
    """Relays deliver_sm by the read.

    Plain is a receipt whose return path is in memory and leads to an account that can be given it
    now, or as soon as its answer is out for long enough; and a message that belongs to no other,
    for sessions that take it now.

    :param receipts: takes the receipts that are not plain; ``dispatcher`` takes other messages.
    :param commits: knows which answers wait for the store.
    :param delay: holds receipts that would leave together with their answers.
    :param events: while a listener wants to know of each message, nothing is plain.
    :param lots: makes those of a read.
    """

    def __init__(
        self,
        clock: Clock,
        receipts: Receipts,
        dispatcher: Dispatcher,
        commits: Commits,
        delay: ReceiptDelay,
        events: Events,
        lots: Callable[[SmscSession], Lots],
    ) -> None:
        self._clock = clock
        self._receipts = receipts
        self._dispatcher = dispatcher
        self._commits = commits
        self._delay = delay
        self._events = events
        self._lots = lots

    def relay(self, link: SmscSession, octets: bytes, start: int, now: float) -> int:
        """Relay the plain deliver_sm from ``start`` on in a read; gives where those end.

        What becomes of them is what becomes of each by `RouterService.deliver`.
        """
        end, most = len(octets), link.max_pdu_size
        last = end - HEADER_SIZE
        if start > last or _read_header(octets, start)[1] != _DELIVER_SM:
            return start
        if (
            link.owner is not None
            or link.unbinding
            or not link.receives
            or self._events.tells_each_delivery
            or not self._dispatcher.is_plain_from(link.smsc.name)
        ):
            return start
        run, lots = self._run(link, now), self._lots(link)
        held: dict[Answers, list[Held]] = {}
        while start <= last:
            length, command_id, _, number = _read_header(octets, start)
            stop = start + length
            if command_id != _DELIVER_SM or stop > end or not HEADER_SIZE < length <= most:
                break
            pdu = octets[start:stop]
            receipt = located_receipt(pdu)
            if receipt is NO_RECEIPT:
                is_taken = self._message(run, lots, number, pdu)
            else:
                is_taken = self._receipt(run, lots, held, number, pdu, receipt)
            if not is_taken:
                break
            start = stop
        for answers, several in held.items():
            self._delay.hold(answers, partial(self._go_on, link, several), len(several))
        return start

    def _run(self, link: SmscSession, now: float) -> DeliveryRun:
        return DeliveryRun(self._dispatcher.correlator, self._receipts, link, now)

    def _message(self, run: DeliveryRun, lots: Lots, number: int, pdu: bytes) -> bool:
        """Relay a message that is no receipt; False where it is not plain."""
        if relation_of(pdu) is not None:
            return False
        try:
            address = peek.delivery_address(pdu)
        except PduError:
            return False
        cluster = self._dispatcher.ranges.cluster(address.addr, address.ton, address.npi)
        if cluster is None:
            return False
        run.link.unanswered += 1
        self._send(run, lots.of_cluster(cluster), number, pdu, pdu, None)
        return True

    def _receipt(
        self,
        run: DeliveryRun,
        lots: Lots,
        held: dict[Answers, list[Held]],
        number: int,
        pdu: bytes,
        receipt: LocatedReceipt,
    ) -> bool:
        """Relay a receipt, or have it held; False where it is not plain."""
        center = run.link.smsc.center
        match = self._receipts.recent(center, receipt) if receipt.ids else None
        if match is None:
            return False
        message_id, record = match
        key, way = center.prefix + message_id, lots.way(record)
        if way is None or self._commits.holds(key):
            return False
        known = message_id, way.path, key, receipt.is_final
        run.link.unanswered += 1
        if self._events.tell_receipt is not None:
            self._events.tell_receipt(run.link, receipt, True)
        octets = self._named(pdu, receipt, message_id, way.path)
        answers = None if way.follows else self._delay.answers(key, run.sent_at)
        if answers is None:
            in_time = self._receipts.deliver_in_time
            self._send_receipt(run, way.lot, number, pdu, octets, known, in_time)
        else:
            held.setdefault(answers, []).append((number, pdu, octets, known, record))
        return True

    def _named(
        self, pdu: bytes, receipt: LocatedReceipt, message_id: bytes, path: ReturnPath
    ) -> bytes:
        """A receipt under the id that the ESME knows; no octets where it would be too long."""
        try:
            return self._receipts.named(pdu, receipt, message_id, path)
        except PduError:
            return b""

    def _send_receipt(
        self,
        run: DeliveryRun,
        lot: Lot,
        number: int,
        pdu: bytes,
        octets: bytes,
        known: Known,
        otherwise: Callable[[ReceiptDelivery], None],
    ) -> None:
        """Send a receipt, in ``octets`` as the ESME gets it.

        :param otherwise: is given it where the session that submitted takes it no more.
        """
        if not octets or not self._send(run, lot, number, pdu, octets, known):
            otherwise(run.receipt(number, pdu, known))

    def _send(
        self,
        run: DeliveryRun,
        lot: Lot,
        number: int,
        pdu: bytes,
        octets: bytes,
        known: Known | None,
    ) -> bool:
        """Send a message to a session of ``lot``, or let the dispatcher do what is to be done
        where that is not plain; False where others may take what the only session does not."""
        session = lot.next()
        if session is not None and lot.may_send(session, run.sent_at):
            run.send(session, number, pdu, octets, known)
        elif session is None and lot.is_one:
            return False
        else:
            delivery = run.delivery(number, pdu, known)
            self._dispatcher.to_one_of(lot.accounts, session, delivery, octets)
        return True

    def _go_on(self, link: SmscSession, held: list[Held]) -> None:
        """The time of receipts that were held has come; sessions may have come and gone."""
        run, lots = self._run(link, self._clock.monotonic()), self._lots(link)
        # Rules may have come meanwhile, too.
        is_plain = not link.has_ended and self._dispatcher.is_plain_from(link.smsc.name)
        for number, pdu, octets, known, record in held:
            way = lots.way(record) if is_plain else None
            if way is not None:
                late = self._receipts.deliver_late
                self._send_receipt(run, way.lot, number, pdu, octets, known, late)
            else:
                self._receipts.deliver_late(run.receipt(number, pdu, known))
