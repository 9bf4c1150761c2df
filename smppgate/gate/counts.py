"""`Counts`: puts the router's `Statistics` together from those who count."""

from __future__ import annotations

from attrs import frozen

from smppgate.gate.deliver.receipts import Receipts
from smppgate.gate.queue.queues import Queues
from smppgate.gate.relay.events import Events
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.gate.statistics import Statistics
from smppgate.gate.submit.waiting_room import WaitingRoom
from smppgate.routing.related import Related


@frozen
class Counts:
    """Those who count what the router does."""

    events: Events
    waiting_room: WaitingRoom
    related: Related
    receipts: Receipts
    return_paths: ReturnPathKeeper
    queues: Queues

    def statistics(self, open_exchanges: int, esme_sessions: int, smsc_links: int) -> Statistics:
        """What they have counted so far, with what is open and bound now."""
        events = self.events
        return Statistics(
            open_exchanges=open_exchanges,
            answered=events.answered,
            retried=events.retried,
            ejected=events.ejected,
            failed=events.failed,
            late=events.late,
            throttled=events.throttled,
            over_rate=events.over_rate,
            paused=events.paused,
            turned_down=events.turned_down,
            waiting=len(self.waiting_room),
            waiting_octets=self.waiting_room.octets,
            waited=events.waited,
            dropped=events.dropped,
            hold_expired=events.hold_expired,
            related=len(self.related),
            related_octets=self.related.octets,
            split=events.split,
            rejected=events.rejected,
            undeliverable=events.undeliverable,
            unmatched_receipts=events.unmatched,
            receipts_waiting=self.receipts.waiting,
            shared_ids=self.return_paths.shared_ids,
            strays=events.strays,
            connections_refused=events.connections_refused,
            esme_sessions=esme_sessions,
            smsc_links=smsc_links,
            queues=self.queues.statistics(),
            store=self.return_paths.store.statistics(),
        )
