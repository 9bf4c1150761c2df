"""`RouterService`: joins the two sides.

It holds the pools, the accounts and the ways back, asks them where a PDU goes, and hands it to
the session that is to send it. Sessions write by themselves, once per batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from attrs import frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from smppgate.gate.caller import Caller
from smppgate.gate.deliveries import Deliveries
from smppgate.gate.esme_queue import QueueStatistics
from smppgate.gate.operations import OPERATIONS, Operations
from smppgate.gate.queues import Queues
from smppgate.gate.receipts import Receipts
from smppgate.gate.way_back import WayBack
from smppgate.routing.accounts import Account, Accounts
from smppgate.routing.correlator import Correlator, Endings
from smppgate.routing.message_ids import MessageIds
from smppgate.routing.pools import Link, Member, Pool
from smppgate.routing.ranges import RangeTable
from smppgate.routing.routes_back import Senders
from smppgate.routing.translation import Exchange
from smppgate.store import IStore, StoreStatistics
from smppgate.txsmpp import peek, receipts
from smppgate.txsmpp.adaptation import adapted
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.constants import CommandId, CommandStatus, command_name
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.states import SESSION_COMMANDS, WITHOUT_RESP, Role, State, allowed
from smppgate.txsmpp.versions import V3_3, Version

if TYPE_CHECKING:
    from smppgate.gate.esme import EsmeProtocol
    from smppgate.gate.smsc import SmscProtocol

# What an ESME may ask of an SMSC, but for what each session sees to itself.
_REQUESTS = allowed(Role.ESME, State.BOUND_TX) - SESSION_COMMANDS - {CommandId.GENERIC_NACK}

# Those that every SMSC knows, whatever its version.
_KNOWN_TO_ALL = V3_3.commands


@frozen
class Statistics:
    """What the router did so far and holds now."""

    open_exchanges: int
    endings: Endings
    throttled: int
    turned_down: int
    undeliverable: int
    unmatched_receipts: int
    receipts_waiting: int
    shared_ids: int
    strays: int
    esme_sessions: int
    smsc_links: int
    queues: QueueStatistics
    store: StoreStatistics


@frozen(kw_only=True)
class RouterOptions:
    """How the router deals with what can be dealt with in several ways.

    :ivar run: octets that no other run of the gate has: see `Senders`.
    :ivar tags: whether message ids are made unique.
    :ivar waits: whether answers wait until their ways back are in the store.
    :ivar acknowledges_unmatched: see `Receipts`.
    :ivar pass_newer_tlvs: whether TLVs go to peers whose version has none such.
    :ivar no_member_status: the answer while no SMSC can take a message.
    """

    run: bytes = b"0"
    tags: bool = True
    waits: bool = True
    acknowledges_unmatched: bool = False
    pass_newer_tlvs: bool = False
    no_member_status: int = CommandStatus.ESME_RSYSERR


class RouterService(Service):
    """Relays requests and brings their answers back, in both directions.

    :param members: all SMSCs.
    :param pools: by name; the first is where `request` sends by default.
    :param accounts: everyone who may bind.
    :param ranges: who serves which destination.
    :param store: where ways back are kept; whoever made it opens and closes it.
    """

    def __init__(
        self,
        clock: IReactorTime,
        members: Iterable[Member],
        pools: Mapping[str, Pool],
        accounts: Accounts[EsmeProtocol],
        ranges: RangeTable[EsmeProtocol],
        store: IStore,
        options: RouterOptions | None = None,
    ) -> None:
        self.clock = clock
        self.members = tuple(members)
        self.pools = pools
        self.accounts = accounts
        self.ranges = ranges
        self._options = options = options if options is not None else RouterOptions()
        self.batch = Batch(clock)
        self.way_back = WayBack(
            clock,
            self.batch,
            store,
            MessageIds(self.members),
            tags=options.tags,
            waits=options.waits,
            adapt=self.adapt,
        )
        self.correlator = Correlator(self._retry, self.way_back, self.adapt)
        self.deliveries = Deliveries(self.correlator, ranges, self.adapt)
        self.queues = Queues(clock, store, self.deliveries.in_version, self.deliveries.choose)
        self.deliveries.queues = self.queues
        self._senders: Senders[EsmeProtocol] = Senders(options.run)
        self.receipts = Receipts(
            clock,
            self.way_back,
            self.deliveries,
            accounts,
            self._senders,
            options.acknowledges_unmatched,
        )
        self._operations = Operations(
            clock, self.way_back, self.correlator, self._send, options.no_member_status
        )
        self._callers = {name: Caller(clock, pool) for name, pool in pools.items()}
        self._links: dict[SmscProtocol, None] = {}
        self._awaiting_link: list[Deferred[None]] = []
        self.is_draining = False
        """While true, no new request is taken."""
        self.is_ready = True
        """While false, the same: the store is not open, and cannot say whose a message is. No
        session with an SMSC is made then."""
        self._awaiting_store: list[Deferred[None]] = []
        self._throttled = self._turned_down = self._strays = 0

    def stopService(self) -> None:
        """Whoever still waits for a link, or for the store, waits in vain."""
        super().stopService()
        self.receipts.stop()
        self.way_back.stop()
        self.queues.stop()
        waiting = self._awaiting_link + self._awaiting_store
        self._awaiting_link, self._awaiting_store = [], []
        for waiter in waiting:
            waiter.cancel()

    def adapt(self, octets: bytes, version: Version) -> bytes:
        """A PDU as a peer of ``version`` can take it.

        :raises PduError: when it cannot be said in that version.
        """
        return adapted(octets, version, self._options.pass_newer_tlvs)

    def store_opened(self) -> None:
        """The store is open: whoever waited for that goes on."""
        self.is_ready = True
        waiting, self._awaiting_store = self._awaiting_store, []
        for waiter in waiting:
            waiter.callback(None)

    # What sessions tell

    def esme_bound(self, session: EsmeProtocol, account: Account[EsmeProtocol]) -> None:
        """An ESME is bound to ``account``."""
        self._senders.add(session)
        account.add(session)
        if session.receives:
            self.queues.bound(account)

    def esme_lost(self, session: EsmeProtocol, account: Account[EsmeProtocol]) -> None:
        """A session that was bound to ``account`` has ended."""
        account.remove(session)
        self.ranges.leave(session)
        self._senders.remove(session)
        self.queues.lost(account)

    def smsc_bound(self, link: SmscProtocol) -> None:
        """A link to an SMSC is bound."""
        self._links[link] = None
        if link.session.submits:
            link.member.add(link)
        if link.session.submits and link.owner is None:
            waiting, self._awaiting_link = self._awaiting_link, []
            for waiter in waiting:
                waiter.callback(None)

    def smsc_lost(self, link: SmscProtocol) -> None:
        """A link to an SMSC has ended."""
        self._links.pop(link, None)
        link.member.remove(link)

    def stray(self) -> None:
        """A resp came that answers nothing."""
        self._strays += 1

    # Doors for this process

    def request(self, pdu: Pdu, pool: str | None = None) -> Deferred[Pdu]:
        """Send a request of this process's own to an SMSC of ``pool`` (default: the first).

        Fires with the resp, whatever its status: an error of the gate's own is one too.

        :raises KeyError: when there is no such pool.
        :raises ValueError: for a PDU that is no request to an SMSC.
        :raises PduError: when ``pdu`` cannot be encoded.
        """
        if pdu.command_id not in _REQUESTS:
            raise ValueError(f"{command_name(pdu.command_id)} is no request to an SMSC")
        caller = self._callers[pool if pool is not None else next(iter(self._callers))]
        frame, answer = caller.request(pdu)
        self.forward(caller, frame, self.clock.seconds())
        return answer

    def link_up(self) -> Deferred[None]:
        """Fires as soon as some SMSC can take requests; cancelled when the gate stops first."""
        if any(member.links for member in self.members):
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._awaiting_link.append(waiter)
        return waiter

    def ready(self) -> Deferred[None]:
        """Fires as soon as the store is open; cancelled when the gate stops first."""
        if self.is_ready:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._awaiting_store.append(waiter)
        return waiter

    @property
    def open_exchanges(self) -> int:
        """Requests relayed that are not answered yet, in both directions."""
        submitted = sum(member.outstanding for member in self._members_in_use())
        return (
            submitted
            + sum(link.unanswered for link in self._links)
            + self.way_back.answers_waiting
            + self.receipts.waiting
            + self._operations.waiting
            + self.queues.under_way
        )

    def statistics(self) -> Statistics:
        """What was done so far and what is held now."""
        return Statistics(
            open_exchanges=self.open_exchanges,
            endings=self.correlator.endings(),
            throttled=self._throttled,
            turned_down=self._turned_down,
            undeliverable=self.deliveries.undeliverable,
            unmatched_receipts=self.receipts.unmatched,
            receipts_waiting=self.receipts.waiting,
            shared_ids=self.way_back.shared_ids,
            strays=self._strays,
            esme_sessions=len(self._senders),
            smsc_links=len(self._links),
            queues=self.queues.statistics(),
            store=self.way_back.store.statistics(),
        )

    def _members_in_use(self) -> set[Member]:
        # Binds that are passed through have members of their own.
        return {*self.members, *(link.member for link in self._links)}

    # The hot path

    def forward(self, origin: EsmeProtocol | Caller, frame: Frame, now: float) -> None:
        """A request of an ESME's: to the member that the balancer chooses, or an error back."""
        if origin.unanswered >= origin.window:
            self._throttled += 1
            origin.send(response(frame, CommandStatus.ESME_RTHROTTLED))
            return
        if self.is_draining or not self.is_ready:
            self._turn_down(origin, frame, self._options.no_member_status)
            return
        command = frame.command_id
        if command in OPERATIONS and self._operations.take(origin, frame):
            return
        exchange = Exchange(self.correlator, origin, frame, origin.pool, now)
        try:
            if self._submit(exchange):
                origin.unanswered += 1
            else:
                self._turn_down(origin, frame, self._options.no_member_status)
        except PduError as error:
            self._turn_down(origin, frame, error.command_status)

    def deliver(self, link: SmscProtocol, frame: Frame, now: float) -> None:
        """A request of an SMSC's: to the session it belongs to, or an error back."""
        if frame.command_id in WITHOUT_RESP:
            # An outbind has a password in it, and is for nobody but the gate.
            if frame.command_id == CommandId.ALERT_NOTIFICATION:
                self.deliveries.alert(link, frame)
            return
        if self.is_draining:
            self.deliveries.refuse(link, frame)
            return
        try:
            if receipts.is_receipt(peek.esm_class(frame.octets)):
                self.receipts.bring(link, frame, now)
            elif not self.deliveries.by_destination(link, frame, now):
                self.deliveries.refuse(link, frame)
        except PduError as error:
            link.send(response(frame, error.command_status))

    def _turn_down(self, origin: EsmeProtocol | Caller, frame: Frame, status: int) -> None:
        self._turned_down += 1
        origin.send(response(frame, status))

    def _submit(self, exchange: Exchange) -> bool:
        """Send it to a member it has not been to; False when none can take it.

        :raises PduError: when it cannot be said in the version of the one chosen.
        """
        pool = exchange.pool
        if pool is None:
            return False
        if exchange.command_id not in _KNOWN_TO_ALL and not exchange.tried:
            exchange.tried = pool.without(exchange.command_id)
        while True:
            member = pool.choose(exchange.tried)
            if member is None:
                return False
            link = member.link()
            if link is not None:
                break
            # It has room, but every link is full of what else the gate asked on it.
            exchange.tried += (member,)
        self._send(exchange, member, link, exchange.frame.octets)
        return True

    def _send(self, exchange: Exchange, member: Member, link: Link, octets: bytes) -> None:
        """Send ``octets`` on a link of ``member``.

        :raises PduError: when they cannot be said in the version of the link.
        """
        if link.version is not exchange.origin.version:
            octets = self.adapt(octets, link.version)
            exchange.adapts = exchange.origin.version
        exchange.member = member
        member.outstanding += 1
        link.send_request(exchange, octets)

    def _retry(self, exchange: Exchange, now: float) -> bool:
        """Another member for a request that one has turned down."""
        if exchange.member is None or exchange.origin.has_ended:
            return False
        exchange.tried += (exchange.member,)
        exchange.sent_at = now
        try:
            return self._submit(exchange)
        except PduError:
            return False
