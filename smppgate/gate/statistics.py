"""`Statistics`: the router's counts."""

from __future__ import annotations

from attrs import frozen

from smppgate.gate.queue.account_queue import QueueStatistics
from smppgate.store import StoreStatistics


@frozen
class Statistics:
    """What the router has done so far and holds now.

    :ivar open_exchanges: requests without an answer now, in both directions.
    :ivar answered: requests whose origin got the answer of the peer.
    :ivar retried: answers, and losses of links, after which the request went on elsewhere.
    :ivar ejected: how often members of pools were ejected.
    :ivar failed: requests that were not answered in time, or whose session was lost.
    :ivar late: answers that came after that.
    :ivar throttled: requests of ESMEs over the window of their session.
    :ivar over_rate: messages of ESMEs over the rate of their account or session: they wait, or are
        turned down.
    :ivar paused: how often an SMSC was sent as many messages as its rates allow.
    :ivar turned_down: requests of ESMEs that no SMSC could take.
    :ivar waiting: requests that wait for an SMSC now, and ``waiting_octets`` what they occupy.
    :ivar waited: requests that had to wait for an SMSC.
    :ivar dropped: those of them that were not sent because their session ended.
    :ivar hold_expired: those of them that no SMSC took in time.
    :ivar related: long messages and dialogues that are known now, and ``related_octets`` what they
        occupy.
    :ivar split: those that went on elsewhere because their SMSC was gone.
    :ivar rejected: requests of ESMEs that a route or a hook rejected, or that no route was for.
    :ivar undeliverable: requests of SMSCs that no ESME and no queue could take.
    :ivar unmatched_receipts: receipts without a return path.
    :ivar receipts_waiting: receipts that wait for the store or for their submit_sm_resp now.
    :ivar shared_ids: message ids that two SMSCs gave to one account, untouched.
    :ivar strays: resps that answered no request.
    :ivar connections_refused: connections of ESMEs over a limit of their listener.
    :ivar esme_sessions: sessions with ESMEs that are bound now.
    :ivar smsc_links: sessions with SMSCs that are bound now.
    """

    open_exchanges: int
    answered: int
    retried: int
    ejected: int
    failed: int
    late: int
    throttled: int
    over_rate: int
    paused: int
    turned_down: int
    waiting: int
    waiting_octets: int
    waited: int
    dropped: int
    hold_expired: int
    related: int
    related_octets: int
    split: int
    rejected: int
    undeliverable: int
    unmatched_receipts: int
    receipts_waiting: int
    shared_ids: int
    strays: int
    connections_refused: int
    esme_sessions: int
    smsc_links: int
    queues: QueueStatistics
    store: StoreStatistics
