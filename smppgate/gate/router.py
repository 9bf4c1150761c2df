"""`RouterService`: joins sessions with ESMEs to sessions with SMSCs.

It holds the pools, the accounts and the return paths, asks them where a PDU goes, and hands the
PDU to the session that is to send it. A session writes once per batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from random import Random

from twisted.application.service import Service
from twisted.internet.defer import Deferred

from smppgate.gate.awaited import Awaited
from smppgate.gate.counts import Counts
from smppgate.gate.deliver.dispatcher import Dispatcher
from smppgate.gate.deliver.receipt_delay import ReceiptDelay
from smppgate.gate.deliver.receipts import Receipts
from smppgate.gate.hooks.hooking import Hooking
from smppgate.gate.lane.answers import AnswerLane
from smppgate.gate.lane.deliveries import DeliveryLane
from smppgate.gate.lane.delivery_answers import DeliveryAnswerLane
from smppgate.gate.lane.in_turn import Relay, in_turn, nothing_is_plain
from smppgate.gate.lane.lots import Lots
from smppgate.gate.lane.submits import SubmitLane
from smppgate.gate.options import RouterOptions
from smppgate.gate.queue.queues import Queues
from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.reason import Reason
from smppgate.gate.relay.transform import Transform
from smppgate.gate.reports.reports import Reports
from smppgate.gate.return_path.aliases import Aliases
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.gate.sessions.ports import BindHook, BindingEsme
from smppgate.gate.statistics import Statistics
from smppgate.gate.submit.health_watch import HealthWatch
from smppgate.gate.submit.local_esmes import LocalEsmes
from smppgate.gate.submit.rate_shares import RateShares
from smppgate.gate.submit.refill_timer import RefillTimer
from smppgate.gate.submit.submitter import Submitter
from smppgate.routing.esmes.account import Account
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.routing.exchange import Exchange
from smppgate.routing.related import Related
from smppgate.routing.return_path.message_ids import MessageIds
from smppgate.routing.return_path.submitters import Submitters
from smppgate.routing.routes.table import Routes
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.routing.smscs.dispensable import is_dispensable
from smppgate.routing.smscs.load import Outcome
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.store import IStore
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.located_receipt import NO_RECEIPT, located_receipt
from smppgate.txsmpp.pdu import AnyResp, RequestPdu
from smppgate.txsmpp.states import WITHOUT_RESP


class RouterService(Service):
    """Relays requests and brings their answers back, in both directions.

    :param smscs: all SMSCs.
    :param pools: by name; the first is where `request` sends by default.
    :param accounts: of all ESMEs that may bind.
    :param ranges: the accounts and sessions that serve each destination.
    :param store: keeps return paths and queued messages; the caller opens and closes it.
    :param entropy: for aliases, see `Aliases`.
    """

    _more_from_smsc: Relay[SmscSession] | None = None

    def __init__(
        self,
        clock: Clock,
        smscs: Iterable[Smsc],
        pools: Mapping[str, Pool],
        accounts: Accounts[EsmeSession],
        ranges: RangeTable[EsmeSession],
        store: IStore,
        options: RouterOptions,
        entropy: Random,
    ) -> None:
        self.clock = clock
        self.smscs, self.pools = list(smscs), dict(pools)
        self._smscs_by_name = {smsc.name: smsc for smsc in self.smscs}
        self.accounts = accounts
        self.ranges = ranges
        self._options = options
        self.batch, self.events = Batch(clock), Events()
        self.transform = Transform(clock, options)
        self.return_paths = self._keeper(store, entropy)
        self.reports = Reports(clock, pools.values(), options.no_member_status, self._pool_changed)
        self.health = HealthWatch(clock, self.smscs, pools.values(), self.events)
        self.correlator = Correlator(
            clock,
            self,
            self.return_paths,
            self.transform,
            self.events,
            self.reports.undelivered.add,
        )
        self.related = Related(options.affinity_ttl)
        self.dispatcher = Dispatcher(
            self.correlator, ranges, self.transform, self.related, self.events
        )
        self.queues = Queues(
            clock, self.batch, store, self.transform.to_esme, self.dispatcher.choose, self.events
        )
        self.dispatcher.queues = self.queues.by_account
        self._submitters: Submitters[EsmeSession] = Submitters(options.run)
        self._delay = ReceiptDelay(
            clock, self.batch, self.return_paths.commits, options.receipt_delay
        )
        self.receipts = Receipts(
            clock,
            self.return_paths,
            self.dispatcher,
            accounts,
            self._submitters,
            options,
            self._delay,
            self.events,
        )
        self._submitter = Submitter(
            clock,
            self.batch,
            self.return_paths,
            self.correlator,
            self.transform,
            self.related,
            self.events,
            self.health,
            options,
        )
        self.waiting_room = self._submitter.waiting_room
        self.rate_shares = RateShares(clock, self.batch, store)
        self.hooks = Hooking(
            clock,
            self.batch,
            self._submitter,
            self.dispatcher,
            self._dispatch,
            self.events,
            options,
            lambda: self.pools,
            self.reports.hooks,
            self._arrange_ways,
        )
        self._arrange_ways()
        self.local_esmes = LocalEsmes(clock, pools, self._submitter.submit)
        # A dict and no set: links are in order of arrival.
        self._links: dict[SmscSession, None] = {}
        self._link_up, self._ready = Awaited(), Awaited()
        self.is_draining = False
        """Whether the gate stops: no new bind is taken."""
        self._is_closed, self._is_ready = False, True

    def _keeper(self, store: IStore, entropy: Random) -> ReturnPathKeeper:
        options = self._options
        return ReturnPathKeeper(
            self.clock,
            self.batch,
            store,
            MessageIds(self.smscs),
            Aliases(store, entropy),
            tags=options.tags,
            may_wait=options.waits,
            transform=self.transform,
            receipted_ttl=options.receipted_ttl,
        )

    def _arrange_ways(self) -> None:
        """Let hooks, and nothing else, be in the ways of what they are asked about."""
        hooks, submitter = self.hooks, self._submitter
        self.forward: Callable[[EsmeSession, Frame, float], None]
        self.forward_all: Callable[[EsmeSession, Sequence[Frame], float], None]
        if hooks.takes_submits:
            self.forward, self.forward_all = hooks.submits.submit, hooks.submits.submit_all
        else:
            # No call between: what relays requests of ESMEs is the submitter itself.
            self.forward, self.forward_all = submitter.submit, submitter.submit_all
        self._take_delivery = (
            hooks.deliveries.deliver if hooks.takes_deliveries else self._dispatch
        )
        self.bind_hook: BindHook | None = hooks.binds if hooks.judges_binds else None
        self.correlator.hook = hooks.answers if hooks.hears_answers else None
        self.relay_from_esme, self.relay_from_smsc, self.relay_answers = self._lanes()

    def _lanes(self) -> tuple[Relay[EsmeSession], Relay[SmscSession], Relay[SmscSession]]:
        """What relays whole reads of ESMEs, of SMSCs, and answers alone: what no hook is asked
        about."""
        if not self._options.lane:
            return nothing_is_plain, nothing_is_plain, nothing_is_plain
        events, keeper, hooks = self.events, self.return_paths, self.hooks
        submits = SubmitLane(self._submitter, self.correlator, events)
        lots = partial(Lots, self.dispatcher, self.accounts, self._submitters)
        deliveries = DeliveryLane(
            self.clock, self.receipts, self.dispatcher, keeper.commits, self._delay, events, lots
        )
        answers: Relay[SmscSession] = AnswerLane(keeper, events).relay
        if hooks.hears_answers:
            answers = nothing_is_plain
        from_smsc = in_turn(
            answers, nothing_is_plain if hooks.takes_deliveries else deliveries.relay
        )
        if self._more_from_smsc is not None:
            from_smsc = in_turn(from_smsc, self._more_from_smsc)
        from_esme = in_turn(
            nothing_is_plain if hooks.takes_submits else submits.relay,
            DeliveryAnswerLane(keeper, events).relay,
        )
        return from_esme, from_smsc, answers

    @property
    def has_lane(self) -> bool:
        """Whether whole reads take the lane."""
        return self._options.lane

    def add_lane(self, relay: Relay[SmscSession]) -> None:
        """Let ``relay`` look at whole reads of SMSCs too, behind the lanes that are there."""
        self._more_from_smsc = relay
        self._arrange_ways()

    @property
    def submitters(self) -> Submitters[EsmeSession]:
        """The bound sessions by their tokens, those of other nodes among them."""
        return self._submitters

    @property
    def refills(self) -> RefillTimer:
        """Tells what has a limit when it may send again."""
        return self._submitter.refills

    def startService(self) -> None:
        """Tell in summary what does not go well."""
        super().startService()
        self.reports.start()
        self.health.start()

    def stopService(self) -> Deferred[None]:
        """Stop all timers, and the hooks; fires when these are stopped.

        `link_up` and `ready` that have not fired are cancelled.
        """
        super().stopService()
        self.reports.stop()
        self.health.stop()
        self.receipts.stop()
        self.queues.stop()
        self.waiting_room.stop()
        self.refills.stop()
        self.rate_shares.stop()
        self._link_up.cancel()
        self._ready.cancel()
        return self.hooks.stop()

    def drain(self) -> None:
        """The gate stops: no bind is taken from now on; requests of bound peers still are."""
        self.is_draining = True
        self.hooks.drain()

    def close(self) -> None:
        """Take no request to an SMSC from now on; those that wait for one are answered."""
        self._is_closed = True
        self._submitter.is_open = False
        self.hooks.close()
        self.waiting_room.close()

    def await_store(self) -> None:
        """Take no request until `store_opened`: without the store no message's owner is known."""
        self._is_ready = False
        self._submitter.is_open = False

    def store_opened(self) -> None:
        """The store is open: requests are taken, and `ready` fires."""
        self._is_ready = True
        self._submitter.is_open = not self._is_closed
        self.rate_shares.start()
        self._ready.came()

    @property
    def is_ready(self) -> bool:
        """Whether the store is open."""
        return self._is_ready

    # What a reload changes

    def change(self, options: RouterOptions) -> None:
        """Go by ``options``, but for what needs a restart: `run`, `tags`, `waits`, lifetimes."""
        self._options.follow(options)
        self.reports.pools.status = options.no_member_status
        self.related.change(options.affinity_ttl)
        self.receipts.change_patience(options.receipt_patience)
        self._delay.change(options.receipt_delay)

    def add_smsc(self, smsc: Smsc) -> None:
        """Know the ids of ``smsc``."""
        self.smscs.append(smsc)
        self._smscs_by_name[smsc.name] = smsc
        self.return_paths.message_ids.add(smsc)

    def remove_smsc(self, smsc: Smsc) -> None:
        """Know the ids of ``smsc`` no more: its links have ended."""
        self.smscs.remove(smsc)
        if self._smscs_by_name.get(smsc.name) is smsc:
            del self._smscs_by_name[smsc.name]
        self.return_paths.message_ids.remove(smsc)
        self.rate_shares.smsc_removed(smsc)
        smsc.retire()

    def smsc_named(self, name: str) -> Smsc | None:
        """The SMSC of that name, the newer one where another is leaving; None if there is none."""
        return self._smscs_by_name.get(name)

    def change_pools(self, pools: Mapping[str, Pool]) -> None:
        """Have these pools, the first of them for requests of this process by default."""
        self.pools = dict(pools)
        self.local_esmes.change(pools)
        self.reports.pools.watch(pools.values())
        self.health.watch(pools.values())

    @property
    def routes(self) -> Routes | None:
        """What says where messages go; None where that is the pool of their account."""
        return self._submitter.pools.routes

    def change_routes(self, routes: Routes | None) -> None:
        """Let ``routes`` say where messages go from now on; what waits is to be rearranged."""
        self._submitter.pools.change(routes)

    def is_up(self, account: Account[EsmeSession]) -> bool:
        """Whether any pool that messages of an account may go to has a bound link.

        One that routes lead nowhere may still be sent messages, by any SMSC.
        """
        if self.routes is not None:
            pools = self.routes.pools_of(account.system_id.encode("latin-1"))
            return any(pool.is_up for pool in pools or self.pools.values())
        pool = account.policy.pool
        return pool is not None and pool.is_up

    # What sessions report

    def connected(self, session: EsmeSession | SmscSession) -> None:
        """A session has a connection."""
        if self.events.tell_connected is not None:
            self.events.tell_connected(session)

    def esme_bound(self, session: EsmeSession, account: Account[EsmeSession]) -> None:
        """An ESME is bound to ``account``."""
        self._submitters.add(session)
        if self.events.tell_bound is not None:
            self.events.tell_bound(session)
        account.add(session)
        self.rate_shares.account_changed(account)
        if session.receives:
            self.queues.bound(account)

    def bind_refused(
        self, session: EsmeSession, number: int, name: str, command_status: int, why: str
    ) -> None:
        """The bind of this sequence number, of an ESME that calls itself ``name``, was refused."""
        if self.events.tell_refused is not None:
            self.events.tell_refused(session, number, name, command_status, why)

    def connection_refused(self, host: str, reason: str) -> None:
        """A connection was cut over a limit: to a listener for ESMEs, or with outbind."""
        self.events.connections_refused += 1
        if self.events.tell_connection_refused is not None:
            self.events.tell_connection_refused(host, reason)

    def esme_lost(self, session: EsmeSession, account: Account[EsmeSession], reason: str) -> None:
        """A session that was bound to ``account`` has ended, or is unbinding."""
        if self.events.tell_lost is not None:
            self.events.tell_lost(session, reason)
        account.remove(session)
        self.rate_shares.account_changed(account)
        self.ranges.leave(session)
        self._submitters.remove(session)
        self.queues.lost(account)

    def esme_drained(self, session: EsmeSession) -> None:
        """A session is served no longer after an unbind; it can still be answered."""
        self.hooks.esme_drained(session)
        self.waiting_room.give_up(session)

    def congestion_for(self, session: EsmeSession) -> int:
        """The congestion_state that an ESME is told, 0 to 100: SMPP v5.0 §4.8.4.18.

        That of its pool, up to 89, which is the best load; beyond that only while messages of the
        session wait, by their part in what it has open. 100 without an SMSC.
        """
        pool = session.pool
        if pool is None or not pool.is_up:
            return 100
        waiting = self.waiting_room.count_of_session(session)
        if not waiting:
            return round(89 * pool.utilization(self.clock.monotonic()))
        return 90 + min(10, 10 * waiting // (session.unanswered + 1))

    def esme_ended(self, session: BindingEsme) -> None:
        """A session has ended, bound or not: nothing can be answered any more."""
        self.hooks.esme_ended(session)
        self.waiting_room.drop(session)

    def smsc_bound(self, link: SmscSession) -> None:
        """A link to an SMSC is bound."""
        self._links[link] = None
        if self.events.tell_bound is not None:
            self.events.tell_bound(link)
        if link.submits:
            link.smsc.add(link)
            self.reports.pools.bound(link.smsc)
            self._members_changed(link.smsc)
        if link.submits and link.owner is None:
            self._link_up.came()

    def smsc_reached(self, smsc: Smsc) -> None:
        """Another node has links to ``smsc``."""
        self.reports.pools.bound(smsc)
        self._members_changed(smsc)
        self._link_up.came()

    def smsc_unreached(self, smsc: Smsc) -> None:
        """A node that had links to ``smsc`` has none any more."""
        self._members_changed(smsc)
        if not self.is_draining:
            self.reports.pools.lost(smsc)

    def smsc_leaving(self, link: SmscSession) -> None:
        """A link to an SMSC is unbinding: it takes no more requests, but still has open ones."""
        link.smsc.leave(link)
        self._members_changed(link.smsc)

    def smsc_doubted(self, link: SmscSession, is_doubted: bool) -> None:
        """Something is wrong with a link: others are chosen before it. Or nothing is any more."""
        link.smsc.doubt(link, is_doubted)

    def is_dispensable(self, link: SmscSession) -> bool:
        """Whether each pool of its SMSC has another link with which nothing is wrong."""
        return is_dispensable(self.pools.values(), link.smsc, link)

    def smsc_changed(self, smsc: Smsc) -> None:
        """An operator has decided whether ``smsc``, or a link of it, takes new messages, and what
        its weight is."""
        self.reports.pools.changed(smsc)
        self._members_changed(smsc)

    def link_failed(self, link: str, smsc: Smsc, reason: str) -> None:
        """A link to an SMSC was not reached, or not bound."""
        if self.events.tell_link_failed is not None:
            self.events.tell_link_failed(link, smsc, reason)

    def smsc_lost(self, link: SmscSession, reason: str) -> None:
        """A link to an SMSC has ended."""
        was_bound = self._links.pop(link, self) is None
        if was_bound and self.events.tell_lost is not None:
            self.events.tell_lost(link, reason)
        self.hooks.link_ended(link)
        link.smsc.remove(link)
        if was_bound and link.outstanding and not (link.unbinding or self.is_draining):
            self.health.lost_link(link.smsc)
        self._members_changed(link.smsc)
        if not self.is_draining:
            self.reports.pools.lost(link.smsc)
        if link.owner is not None:
            self.waiting_room.give_up(link.owner)

    def _pool_changed(self, pool: Pool, smsc: Smsc, is_up: bool) -> None:
        if self.events.tell_pool_changed is not None:
            self.events.tell_pool_changed(pool.name, smsc.name, is_up)

    def _members_changed(self, smsc: Smsc) -> None:
        """Members that are ejected may be needed; not because the gate itself goes."""
        if not self.is_draining:
            self.health.changed(smsc)

    def stray(self) -> None:
        """A resp came that answers no request."""
        self.events.strays += 1

    # For this process

    def request(self, pdu: RequestPdu[AnyResp], pool: str | None = None) -> Deferred[AnyResp]:
        """Send a request of this process's own to an SMSC of ``pool``.

        By default routes say where a message goes, as for one without an account; where there are
        none, it is the first pool.

        Fires with the resp, whatever its status; an error of the gate's own is a resp too. Fails
        with `Nacked` when the SMSC answered with a generic_nack.

        :raises KeyError: when no pool has that name.
        :raises ValueError: when ``pdu`` is no request to an SMSC.
        :raises PduError: when ``pdu`` cannot be encoded.
        """
        return self.local_esmes.request(pdu, pool)

    def link_up(self) -> Deferred[None]:
        """Fires as soon as a link can take requests; cancelled if the gate stops first."""
        return self._link_up.wait(any(smsc.links for smsc in self.smscs))

    def ready(self) -> Deferred[None]:
        """Fires as soon as the store is open; cancelled if the gate stops first."""
        return self._ready.wait(self._is_ready)

    @property
    def open_exchanges(self) -> int:
        """Requests without an answer, in both directions."""
        submitted = sum(smsc.outstanding - smsc.overdue for smsc in self._smscs_in_use())
        return (
            submitted
            + sum(link.unanswered for link in self._links)
            + self.return_paths.commits.answers_waiting
            + self._submitter.looked_up
            + len(self.waiting_room)
            + len(self.hooks.submits)
            + len(self.hooks.answers)
            + self.queues.under_way
        )

    def statistics(self) -> Statistics:
        """What the router has done so far and holds now."""
        counts = Counts(
            self.events,
            self.waiting_room,
            self.related,
            self.receipts,
            self.return_paths,
            self.queues,
        )
        sessions, links = len(self._submitters), len(self._links)
        return counts.statistics(self.open_exchanges, sessions, links)

    def _smscs_in_use(self) -> Iterable[Smsc]:
        # A bind that was passed through has an `Smsc` of its own, see `Smsc.for_one_session`.
        return dict.fromkeys((*self.smscs, *(link.smsc for link in self._links)))

    # The hot path

    def refused(self, exchange: Exchange, status: int, now: float) -> bool:
        """See `Retries.refused`."""
        return self._submitter.retries.refused(exchange, status, now)

    def unanswered(self, exchange: Exchange, outcome: Outcome, now: float) -> bool:
        """See `Retries.unanswered`."""
        return self._submitter.retries.unanswered(exchange, outcome, now)

    def turned_back(self, exchange: Exchange, now: float) -> bool:
        """See `Retries.turned_back`."""
        return self._submitter.retries.turned_back(exchange, now)

    def deliver(self, link: SmscSession, frame: Frame, now: float) -> None:
        """Relay or answer a request of an SMSC's."""
        if frame.command_id in WITHOUT_RESP:
            # An outbind holds a password and is for the gate only: it is never relayed.
            if frame.command_id == CommandId.ALERT_NOTIFICATION:
                self.dispatcher.alert(link, frame)
            return
        link.unanswered += 1
        self._take_delivery(link, frame, now)

    def _dispatch(self, link: SmscSession, frame: Frame, now: float, changed: bytes = b"") -> None:
        """Relay or answer a message of an SMSC's that is counted as unanswered.

        :param changed: what a hook has made of it; empty where it goes on as it came.
        """
        try:
            receipt = located_receipt(changed or frame.octets)
            if receipt is not NO_RECEIPT:
                self.receipts.bring(link, frame, receipt, now, changed)
            elif not self.dispatcher.by_destination(link, frame, now, changed=changed):
                self.dispatcher.refuse(link, frame)
        except PduError as error:
            cause = Reason.REFUSED.because(str(error))
            self.dispatcher.refuse(link, frame, cause, error.command_status)
