"""`Assigner`: sends a message to one of the SMSCs that may take it: stages 4 and 5 of its life."""

from __future__ import annotations

from smppgate.gate.relay.events import Events
from smppgate.gate.relay.transform import Transform
from smppgate.routing.exchange import Exchange
from smppgate.routing.smscs.anchor import Anchor
from smppgate.routing.smscs.links import Link
from smppgate.routing.smscs.pool import Choose, Pool, link_on
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp import peek
from smppgate.txsmpp.versions import V3_3

# Requests that every SMSC knows, whatever its version.
KNOWN_TO_ALL = V3_3.commands


class Assigner:
    """Chooses the SMSC and the link for a message, and sends it there.

    :param transform: gives requests as SMSCs of another version can take them.
    """

    def __init__(self, transform: Transform, events: Events) -> None:
        self._transform = transform
        self._events = events
        # Messages of the run that is under way whose tokens are not taken yet; None without a run.
        self._untaken: dict[tuple[Smsc, Link], int] | None = None

    def begin_run(self, pool: Pool, count: int, now: float) -> bool:
        """``count`` messages follow that take a token each; gives whether `end_run` is to follow.

        It is where no limit of the members can be reached by them: their tokens are taken then.
        """
        if count == 1 or not pool.allows(count, now):
            return False
        self._untaken = {}
        return True

    def end_run(self, now: float) -> None:
        """Take the tokens of the run."""
        untaken, self._untaken = self._untaken or {}, None
        for (smsc, link), count in untaken.items():
            self.take_tokens(smsc, link, count, now)

    def assign(self, exchange: Exchange, pool: Pool, now: float) -> Link | None:
        """Send it to an SMSC that it has not been to; gives the link, None when none can take it.

        :raises PduError: when the version of the chosen SMSC cannot express it.
        """
        anchor = exchange.anchor
        if anchor is not None and anchor.smsc is not None:
            if is_able(anchor.smsc, exchange, pool):
                return self._assign_there(exchange, anchor, anchor.smsc, now)
            self._events.split += 1
            anchor.release()
        choose, key = pool.choose, exchange.key
        if key is not None or exchange.command_id not in KNOWN_TO_ALL:
            choose = pool.chooser(exchange.command_id, key)
            if exchange.command_id not in KNOWN_TO_ALL and not exchange.tried:
                pass_over_unknowing(exchange, pool)
        smsc = choose(exchange.sent_at, key, exchange.tried)
        return self.send_to(exchange, smsc, choose, now) if smsc is not None else None

    def send_to(self, exchange: Exchange, smsc: Smsc, choose: Choose, now: float) -> Link | None:
        """Send it to ``smsc``, which ``choose`` has chosen, or to the next with a link for it."""
        link = smsc.only_link
        if link is None:
            found = link_on(smsc, choose, exchange.sent_at, exchange.key, exchange.tried)
            if found is None:
                return None
            smsc, link = found
        self.send_on(exchange, smsc, link, now)
        if exchange.anchor is not None:
            exchange.anchor.add(smsc, link)
        return link

    def _assign_there(
        self, exchange: Exchange, anchor: Anchor, smsc: Smsc, now: float
    ) -> Link | None:
        """Send it to ``smsc``, which has others that it belongs to."""
        link = smsc.begun_link(anchor.link)
        if link is not None:
            self.send_on(exchange, smsc, link, now)
            anchor.add(smsc, link)
        return link

    def send_on(self, exchange: Exchange, smsc: Smsc, link: Link, now: float) -> None:
        """Send a message on a link of ``smsc`` that has room for it.

        :raises PduError: when the version of the link cannot express it.
        """
        self.send(exchange, smsc, link, exchange.octets)
        if smsc.limits is not None:
            self.take_tokens(smsc, link, peek.destinations(exchange.octets), now)

    def take_tokens(self, smsc: Smsc, link: Link, count: int, now: float) -> None:
        """``count`` messages that take a token each were sent on ``link``."""
        if self._untaken is not None:
            to = smsc, link
            self._untaken[to] = self._untaken.get(to, 0) + count
        elif smsc.limits is not None and smsc.limits.sent(link, count, now):
            self._events.paused += 1
            if self._events.tell_paused is not None:
                self._events.tell_paused(smsc)

    def send(self, exchange: Exchange, smsc: Smsc, link: Link, octets: bytes) -> None:
        """Send ``octets`` on a link of ``smsc``.

        :raises PduError: when the version of the link cannot express them, or rules make of them
            what peers do not take.
        """
        octets = self._transform.to_smsc(exchange, octets, smsc, link.version)
        exchange.smsc, exchange.sent_on = smsc, link
        exchange.attempts += 1
        smsc.began(1)
        link.send_request(exchange, octets)
        if self._events.tell_sent is not None:
            self._events.tell_sent(exchange)


def is_able(smsc: Smsc, exchange: Exchange, pool: Pool) -> bool:
    """Whether ``smsc`` takes what belongs to others that it has: also while it is drained."""
    return smsc.is_reached and smsc in pool.smscs and exchange.command_id in smsc.commands


def pass_over_unknowing(exchange: Exchange, pool: Pool) -> None:
    """Do not choose SMSCs that do not know the command of ``exchange``."""
    unknowing = pool.without(exchange.command_id)
    exchange.tried += tuple(each for each in unknowing if each not in exchange.tried)
