"""`Statistics`: the router's counts."""

from __future__ import annotations

from attrs import frozen

from smppgate.gate.queue.account_queue import QueueStatistics
from smppgate.gate.relay.correlator import Outcomes
from smppgate.store import StoreStatistics


@frozen
class Statistics:
    """What the router has done so far and holds now.

    :ivar open_exchanges: requests without an answer now, in both directions.
    :ivar throttled: requests of ESMEs over the window of their session.
    :ivar turned_down: requests of ESMEs that no SMSC could take.
    :ivar undeliverable: requests of SMSCs that no ESME and no queue could take.
    :ivar unmatched_receipts: receipts without a return path.
    :ivar receipts_waiting: receipts that wait for the store or for their submit_sm_resp now.
    :ivar shared_ids: message ids that two SMSCs gave to one account, untouched.
    :ivar strays: resps that answered no request.
    :ivar esme_sessions: sessions with ESMEs that are bound now.
    :ivar smsc_links: sessions with SMSCs that are bound now.
    """

    open_exchanges: int
    outcomes: Outcomes
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
