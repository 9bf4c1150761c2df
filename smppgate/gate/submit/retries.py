"""`Retries`: what becomes of a message that an SMSC has refused, or not answered."""

from __future__ import annotations

from typing import cast

from smppgate.gate.submit.assigner import Assigner, is_able
from smppgate.gate.submit.health_watch import HealthWatch
from smppgate.gate.submit.pool_choice import PoolChoice
from smppgate.gate.submit.waiting_room import WaitingRoom
from smppgate.routing.exchange import Exchange, hold_of
from smppgate.routing.sessions import Requester
from smppgate.routing.smscs.health.errors import NO_ANSWER
from smppgate.routing.smscs.load import TIMED_OUT, Outcome
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import CommandStatus, numbers
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.statuses import BIND_STATUSES

# Statuses by which an SMSC says that it is sent too much.
_THROTTLES = numbers(CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL)


class Retries:
    """Tries messages again: with another SMSC, or with the same where it has the rest of them.

    :param health: is told of each error.
    :param choice: knows the pool that stands in for that of a message.
    """

    def __init__(
        self,
        assigner: Assigner,
        waiting_room: WaitingRoom,
        choice: PoolChoice,
        health: HealthWatch,
    ) -> None:
        self._assigner = assigner
        self._waiting_room = waiting_room
        self._choice = choice
        self._health = health

    def refused(self, exchange: Exchange, status: int, now: float) -> bool:
        """What becomes of a message that an SMSC has answered with an error: True if it goes on.

        That is decided here and nowhere else. One that was throttled, by an SMSC that is slowed by
        that, may go to the same again; that is no attempt.
        """
        pool, smsc = exchange.pool, exchange.smsc
        if pool is None or smsc is None:
            return False
        self._health.erred(pool, smsc, status, now)
        if exchange.origin.has_ended:
            return False
        if status in _THROTTLES and smsc.limits is not None and smsc.limits.throttled(now):
            return self._put_back(exchange, self._choice.in_use(exchange, pool), smsc, now)
        exchange.refusal = status if status not in BIND_STATUSES else exchange.failure_status
        exchange.was_lost = False
        return pool.health.retry.is_retried(status) and self._try_again(exchange, smsc, now)

    def unanswered(self, exchange: Exchange, outcome: Outcome, now: float) -> bool:
        """What becomes of a message without an answer; the same.

        One that was not answered in time is not sent again. One whose link was lost may be, if the
        pool says so: to the same SMSC too, which may have it already.
        """
        pool, smsc = exchange.pool, exchange.smsc
        if pool is None or smsc is None:
            return False
        if outcome is TIMED_OUT:
            self._health.erred(pool, smsc, NO_ANSWER, now)
            return False
        exchange.refusal, exchange.was_lost = exchange.failure_status, True
        return (
            pool.health.retry.resubmits
            and self._waiting_room.is_open
            and self._try_again(exchange, None, now)
        )

    def turned_back(self, exchange: Exchange, now: float) -> bool:
        """What becomes of a message that its SMSC was not asked, see `TurnedBack`; the same.

        It is no sign that the SMSC is sent too much, and no attempt.
        """
        pool, smsc = exchange.pool, exchange.smsc
        if pool is None or smsc is None or exchange.origin.has_ended:
            return False
        return self._put_back(exchange, self._choice.in_use(exchange, pool), smsc, now)

    def _try_again(self, exchange: Exchange, refused_by: Smsc | None, now: float) -> bool:
        """Send it to another SMSC, or let it wait for that one.

        One that belongs to others goes where they are. False when no SMSC is left, or no time, or
        the pool allows no more attempts.
        """
        pool = exchange.pool
        if pool is None or exchange.origin.has_ended:
            return False
        health, tries, anchor = pool.health, exchange.tries, exchange.anchor
        if tries >= health.retry.max_attempts:
            return False
        if refused_by is not None and anchor is not None and anchor.is_begun(refused_by):
            if now > exchange.last_try(refused_by) or not health.may_retry(tries):
                return False
            anchor.sent -= 1
        else:
            pool = self._choice.in_use(exchange, pool)
            _pass_over(exchange, refused_by, pool, now)
            if not self._may_take(exchange, pool, now) or not health.may_retry(tries):
                return False
        if self._is_sent(exchange, pool, now) or self._waits(exchange, pool, now):
            health.budget.retried()
            return True
        return False

    def _put_back(self, exchange: Exchange, pool: Pool, smsc: Smsc, now: float) -> bool:
        """Send what ``smsc`` cannot take now to another, or let it wait in front of its session's
        line. What has a key, or belongs to others, stays with the SMSC of those."""
        exchange.throttled += 1
        anchor = exchange.anchor
        if anchor is not None and anchor.smsc is smsc:
            anchor.turned_down(smsc)
        _pass_over_late(exchange, pool, now)
        if not self._may_take(exchange, pool, now):
            return False
        tried = exchange.tried
        if exchange.key is None:
            exchange.tried = (*tried, smsc)
        is_sent = self._is_sent(exchange, pool, now)
        exchange.tried = tried
        return is_sent or self._waits(exchange, pool, now)

    def _is_sent(self, exchange: Exchange, pool: Pool, now: float) -> bool:
        """Whether a member takes it at once. What comes late has less time to be answered."""
        exchange.sent_at = min(now, _waits_until(exchange))
        try:
            link = self._assigner.assign(exchange, pool, now)
        except PduError:
            return False
        if link is not None and exchange.sent_at < now:
            link.outstanding.hurry()
        return link is not None

    def _waits(self, exchange: Exchange, pool: Pool, now: float) -> bool:
        """Whether it waits for an SMSC that may take it again, if not now."""
        if now >= _waits_until(exchange) or not self._waiting_room.is_open:
            return False
        if not self._may_take(exchange, pool, now):
            return False
        self._waiting_room.add(exchange, _requester(exchange))
        return True

    def _may_take(self, exchange: Exchange, pool: Pool, now: float) -> bool:
        """Whether an SMSC that has time left to answer may take it again, if not now."""
        anchor = exchange.anchor
        if anchor is not None and anchor.smsc is not None:
            has_time = now <= exchange.last_try(anchor.smsc)
            return has_time and is_able(anchor.smsc, exchange, pool)
        return pool.able(exchange.command_id, exchange.tried)


def _waits_until(exchange: Exchange) -> float:
    return exchange.entered_at + hold_of(exchange, _requester(exchange))


def _requester(exchange: Exchange) -> Requester:
    """What goes to a pool comes from an ESME or from this process."""
    return cast(Requester, exchange.origin)


def _pass_over(exchange: Exchange, smsc: Smsc | None, pool: Pool, now: float) -> None:
    """Do not choose ``smsc``, which turned it down, nor those that have too little time left."""
    anchor = exchange.anchor
    if anchor is not None and anchor.smsc is smsc:
        anchor.release()
    if smsc is not None:
        exchange.tried = (*exchange.tried, smsc)
    _pass_over_late(exchange, pool, now)


def _pass_over_late(exchange: Exchange, pool: Pool, now: float) -> None:
    """Do not choose SMSCs that have too little time left to answer."""
    late = (each for each in pool.smscs if now > exchange.last_try(each))
    exchange.tried = (*exchange.tried, *late)
