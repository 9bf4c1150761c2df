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
from smppgate.routing.accounts import Account, Accounts
from smppgate.routing.correlator import Correlator, Endings
from smppgate.routing.pools import Member, Pool
from smppgate.routing.ranges import RangeTable
from smppgate.routing.return_addresses import ReturnAddresses
from smppgate.routing.translation import Exchange
from smppgate.txsmpp import peek, receipts
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.constants import CommandId, CommandStatus, command_name
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.states import SESSION_COMMANDS, WITHOUT_RESP, Role, State, allowed

if TYPE_CHECKING:
    from smppgate.gate.esme import EsmeProtocol
    from smppgate.gate.smsc import SmscProtocol

# What an ESME may ask of an SMSC, but for what each session sees to itself.
_REQUESTS = allowed(Role.ESME, State.BOUND_TX) - SESSION_COMMANDS - {CommandId.GENERIC_NACK}


@frozen
class Statistics:
    """What the router did so far and holds now."""

    open_exchanges: int
    endings: Endings
    throttled: int
    turned_down: int
    undeliverable: int
    strays: int
    esme_sessions: int
    smsc_links: int
    receipt_routes: int


class RouterService(Service):
    """Relays requests and brings their answers back, in both directions.

    :param members: all SMSCs.
    :param pools: by name; the first is where `request` sends by default.
    :param accounts: everyone who may bind.
    :param ranges: which account serves which destination.
    :param no_member_status: the answer while no SMSC can take a message.
    """

    def __init__(
        self,
        clock: IReactorTime,
        members: Iterable[Member],
        pools: Mapping[str, Pool],
        accounts: Accounts[EsmeProtocol],
        ranges: RangeTable[Account[EsmeProtocol]],
        no_member_status: int = CommandStatus.ESME_RSYSERR,
    ) -> None:
        self.clock = clock
        self.members = tuple(members)
        self.pools = pools
        self.accounts = accounts
        self.batch = Batch(clock)
        self.correlator = Correlator(self._retry)
        self._ranges = ranges
        self._no_member_status = no_member_status
        self._callers = {name: Caller(clock, pool) for name, pool in pools.items()}
        self._return_addresses = ReturnAddresses(accounts)
        self._links: set[SmscProtocol] = set()
        self._awaiting_link: list[Deferred[None]] = []
        self.is_draining = False
        """While true, no new request is taken."""
        self._throttled = self._turned_down = self._undeliverable = self._strays = 0

    def stopService(self) -> None:
        """Whoever still waits for a link waits in vain."""
        super().stopService()
        waiting, self._awaiting_link = self._awaiting_link, []
        for waiter in waiting:
            waiter.cancel()

    # What sessions tell

    def esme_bound(self, session: EsmeProtocol, account: Account[EsmeProtocol]) -> None:
        """An ESME is bound to ``account``."""
        account.add(session)
        session.address = self._return_addresses.assign(account, session)

    def esme_lost(self, session: EsmeProtocol, account: Account[EsmeProtocol]) -> None:
        """A session that was bound to ``account`` has ended."""
        account.remove(session)
        self._return_addresses.release(session.address)

    def smsc_bound(self, link: SmscProtocol) -> None:
        """A link to an SMSC is bound."""
        self._links.add(link)
        if link.session.submits:
            link.member.add(link)
            waiting, self._awaiting_link = self._awaiting_link, []
            for waiter in waiting:
                waiter.callback(None)

    def smsc_lost(self, link: SmscProtocol) -> None:
        """A link to an SMSC has ended."""
        self._links.discard(link)
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

    @property
    def open_exchanges(self) -> int:
        """Requests relayed that are not answered yet, in both directions."""
        submitted = sum(member.outstanding for member in self.members)
        return submitted + sum(link.unanswered for link in self._links)

    def statistics(self) -> Statistics:
        """What was done so far and what is held now."""
        return Statistics(
            open_exchanges=self.open_exchanges,
            endings=self.correlator.endings(),
            throttled=self._throttled,
            turned_down=self._turned_down,
            undeliverable=self._undeliverable,
            strays=self._strays,
            esme_sessions=len(self._return_addresses),
            smsc_links=len(self._links),
            receipt_routes=sum(len(member.receipt_routes) for member in self.members),
        )

    # The hot path

    def forward(self, origin: EsmeProtocol | Caller, frame: Frame, now: float) -> None:
        """A request of an ESME's: to the member that the balancer chooses, or an error back."""
        if origin.unanswered >= origin.window:
            self._throttled += 1
            origin.send(response(frame, CommandStatus.ESME_RTHROTTLED))
            return
        exchange = Exchange(self.correlator, origin, frame, origin.pool, now)
        if not self.is_draining and self._submit(exchange):
            origin.unanswered += 1
        else:
            self._turned_down += 1
            origin.send(response(frame, self._no_member_status))

    def deliver(self, link: SmscProtocol, frame: Frame, now: float) -> None:
        """A request of an SMSC's: to the session it belongs to, or an error back."""
        if frame.command_id in WITHOUT_RESP:
            self._undeliverable += 1
            return
        try:
            session = self._destination(link, frame, now)
        except PduError as error:
            link.send(response(frame, error.command_status))
            return
        if session is None:
            self._undeliverable += 1
            link.send(response(frame, CommandStatus.ESME_RX_T_APPN))
            return
        exchange = Exchange(self.correlator, link, frame, None, now)
        link.unanswered += 1
        session.send_request(exchange, frame.octets)

    def _submit(self, exchange: Exchange) -> bool:
        """Send it to a member it has not been to; False when none can take it."""
        pool = exchange.pool
        if pool is None:
            return False
        while True:
            member = pool.choose(exchange.tried)
            if member is None:
                return False
            link = member.link()
            if link is not None:
                break
            # It has room, but every link is full of what else the gate asked on it.
            exchange.tried += (member,)
        exchange.member = member
        member.outstanding += 1
        link.send_request(exchange, exchange.frame.octets)
        return True

    def _retry(self, exchange: Exchange, now: float) -> bool:
        """Another member for a request that one has turned down."""
        if exchange.member is None or exchange.origin.has_ended:
            return False
        exchange.tried += (exchange.member,)
        exchange.sent_at = now
        return self._submit(exchange)

    def _destination(self, link: SmscProtocol, frame: Frame, now: float) -> EsmeProtocol | None:
        if self.is_draining:
            return None
        octets = frame.octets
        destination = peek.destination(octets)
        if receipts.is_receipt(peek.esm_class(octets)):
            message_id = receipts.receipt_id(octets)
            if message_id is not None:
                address = link.member.receipt_routes.find(message_id, now)
                if address is not None:
                    return self._return_addresses.find(address)
        for account in self._ranges.owners(destination):
            session = account.receiver()
            if session is not None:
                return session
        return None
