"""`Counting`: counts messages where they belong, in the `Tally` of their account or SMSC.

Both sides of the gate are counted as its peers see them. An account: what it was answered, and
what it answered. An SMSC: likewise. So a message that was tried at two SMSCs is one at its account
and one at each SMSC, and one that no SMSC took is one at its account only. The names of commands
are those that were on the wire on that side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from smppgate.gate.deliver.delivery import Delivery
from smppgate.gate.relay.events import Dequeued, Listener, Session, TakenRun
from smppgate.gate.relay.reason import SUCCESS, Cause
from smppgate.routing.esmes.account import Account
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession, Origin, SmscSession
from smppgate.routing.smscs.smsc import Smsc
from smppgate.routing.tally import DELIVER_SM, SUBMIT_SM, SmscTally, word_of
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.located_receipt import LocatedReceipt


class Counting(Listener):
    """Counts what accounts and SMSCs answer and are answered.

    :ivar refused_binds: binds of ESMEs that were refused.
    """

    def __init__(self) -> None:
        self.refused_binds = 0

    # The hot path: a message costs `taken`

    def taken(self, exchange: Exchange, frame: Frame, answer: bytes, now: float) -> None:
        """The SMSC took a message, and the ESME was answered so."""
        if exchange.command_id != SUBMIT_SM:
            self.answered(exchange, 0, now)
            self.ended(exchange, 0, now, SUCCESS)
            return
        if exchange.smsc is not None:
            _count_taken(exchange.origin, exchange.smsc, 1, now - exchange.sent_at)

    def run_taken(
        self,
        run: TakenRun,
        link: SmscSession,
        places: Sequence[int],
        answers: Sequence[bytes],
        now: float,
    ) -> None:
        """The SMSC took messages of one run, and the ESME was answered so."""
        _count_taken(run.origin, link.smsc, len(answers), now - run.sent_at)

    def answered(self, exchange: Exchange, command_status: int, now: float) -> None:
        """The SMSC that a request was sent to answered, or the ESME."""
        smsc, seconds = exchange.smsc, now - exchange.sent_at
        if smsc is not None:
            smsc.tally.answered(exchange.command_id, command_status, seconds)
        else:
            self._delivered(cast(Delivery, exchange), command_status)

    def ended(self, exchange: Exchange, command_status: int, now: float, cause: Cause) -> None:
        """The ESME that sent a request was answered, or the SMSC."""
        exchange.origin.tally.count(exchange.asked, command_status)

    def _delivered(self, delivery: Delivery, command_status: int) -> None:
        # Without a session it was not the ESME that answered, but the queue of its account.
        if delivery.session is not None:
            delivery.session.tally.count(delivery.command_id, command_status)

    def run_delivered(self, link: SmscSession, session: EsmeSession, count: int) -> None:
        """The ESME answered messages of one run, and so was their SMSC."""
        session.tally.count(DELIVER_SM, 0, count)
        link.tally.count(DELIVER_SM, 0, count)

    def receipt(self, link: SmscSession, receipt: LocatedReceipt, is_matched: bool) -> None:
        """A receipt came."""
        counts = link.smsc.tally.receipts
        try:
            counts[receipt.stat, is_matched] += 1
        except KeyError:
            key = word_of(receipt.stat, receipt.state), is_matched
            counts[key] = counts.get(key, 0) + 1

    # Beside it

    def turned_down(self, origin: Origin, frame: Frame, command_status: int, cause: Cause) -> None:
        """A request was answered and not relayed."""
        origin.tally.count(frame.command_id, command_status)

    def dequeued(
        self, account: Account[EsmeSession], request: Dequeued, command_status: int, now: float
    ) -> None:
        """An ESME answered a message of its account's queue."""
        account.tally.count(request.command_id, command_status)

    def over_rate(self, origin: Origin, command_id: int) -> None:
        """A message came over the rate of its account or session."""
        origin.tally.over_rate += 1

    def paused(self, smsc: Smsc) -> None:
        """An SMSC has been sent as many messages as its rates allow."""
        smsc.tally.paused += 1

    def bound(self, session: Session) -> None:
        """A link is bound; of sessions with ESMEs there are gauges."""
        tally = session.tally
        if isinstance(tally, SmscTally):
            tally.binds += 1

    def lost(self, session: Session, reason: str) -> None:
        """A link that was bound has ended."""
        tally = session.tally
        if isinstance(tally, SmscTally):
            tally.losses += 1

    def link_failed(self, link: str, smsc: Smsc, reason: str) -> None:
        """A link was not reached, or not bound."""
        smsc.tally.failures += 1

    def refused(
        self, session: EsmeSession, number: int, name: str, command_status: int, why: str
    ) -> None:
        """The bind of an ESME was refused."""
        self.refused_binds += 1


def _count_taken(origin: Origin, smsc: Smsc, count: int, seconds: float) -> None:
    """``count`` submit_sm were taken, so many seconds after they were sent."""
    origin.tally.plain += count
    tally = smsc.tally
    if seconds != tally.seconds:
        tally.answered(SUBMIT_SM, 0, seconds)
        count -= 1
    tally.repeats += count
