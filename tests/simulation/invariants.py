"""What must hold: at each step for what is sent and answered, and at the end for all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import wire
from tests.simulation.delivery_rules import DeliveryRules
from tests.simulation.request_rules import RequestRules
from tests.simulation.terms import FAR_OFF

if TYPE_CHECKING:
    from tests.simulation.ledger import Delivery
    from tests.simulation.model_esme import EsmeSession
    from tests.simulation.model_smsc import Outgoing
    from tests.simulation.peers import ModelSession
    from tests.simulation.world import World

BIND_FAILED = 0x0D

_NOTICING = 1.0
"""Seconds that what was under way may have come later, and the gate may take to act."""


class Judge:
    """All invariants that can be seen from outside the gate."""

    def __init__(self, world: World) -> None:
        self._world = world
        requests, deliveries = RequestRules(world), DeliveryRules(world)
        self.requested, self.answered = requests.requested, requests.answered
        self.arrived, self.delivered = deliveries.arrived, deliveries.delivered

    def bind_answered(
        self, session: EsmeSession, pdu: wire.Pdu, credentials: tuple[str, str], sent_at: float
    ) -> None:
        """An ESME's bind with these credentials is answered."""
        terms = self._world.terms
        expected = terms.bind_statuses(*credentials, sent_at)
        if session.plan.asks_smsc:
            expected |= {0x0E} if credentials[1] == "guess" else set()
            is_wrong = credentials != (session.plan.system_id, session.plan.secret)
        else:
            is_wrong = 0 not in expected
        if pdu.status == 0 and is_wrong:
            session.violated(f"bound with a wrong name or password: {pdu}")
        if pdu.status == 0 and terms.is_closed(credentials[0], sent_at):
            session.violated(f"bound to an account that is closed: {pdu}")
        if session.plan.asks_smsc or pdu.status == BIND_FAILED:
            return
        if pdu.status not in expected:
            wanted = ", ".join(map(hex, sorted(expected)))
            session.violated(f"its bind should have been answered with {wanted}: {pdu}")

    def hangs(self, session: ModelSession) -> None:
        """A session says nothing any more: the gate has to notice, and use it no longer."""
        world = self._world
        patience = world.terms.notices_in(session.smsc_name)
        if session.is_alive and patience < FAR_OFF:
            at = world.clock.now
            world.agenda.call(patience + _NOTICING, self._still_hangs, session, at)

    def _still_hangs(self, session: ModelSession, since: float) -> None:
        world = self._world
        is_fair = world.is_steady and world.began_at < since and world.terms.stayed(since)
        if is_fair and world.inspection.serves(session.end.gate_end):
            session.violated("it hangs, and the gate has not noticed")

    def is_promised(self, outgoing: Outgoing) -> bool:
        """Whether the gate has to bring it to the ESME, once everybody behaves."""
        request = outgoing.request
        if request is None:
            return bool(outgoing.account.prefix)
        # It may be known to a session that is gone, or not to ask for receipts at this center.
        return not outgoing.owned and self._world.has_path(request)

    # When everybody has behaved for a while

    def unsettled(self) -> list[str]:
        """What is still to come; empty when all is done."""
        world = self._world
        found = []
        for app in world.esmes:
            alive = app.alive()
            lost = sum(1 for s in app.sessions if s is None or not s.is_alive)
            if lost:
                found.append(f"{app.plan.system_id} has {lost} sessions that are not bound")
            found += [f"{r} is not answered" for s in alive for r in _pending(s)]
            found += [f"{s} has no enquire_link_resp" for s in alive if s.enquiries]
        found += world.inspection.still_ejected()
        found += self._world.inspection.not_as_set() if self._world.terms.is_changed else []
        for center in world.centers:
            # There may be no session of its owner's with this center any more.
            found += [f"{o} is not sent" for o in center.waiting if not o.owned]
            if center.coming:
                found.append(f"{center.plan.name} has {center.coming} to send")
            sessions = [s for door in center.doors for s in door.sessions if s.is_alive]
            found += [f"{s} has no enquire_link_resp" for s in sessions if s.enquiries]
            found += [f"{d} is not answered" for s in sessions for d, _ in s.deliveries.values()]
        found += [
            f"{d} was queued and is not delivered"
            for d in world.queued.values()
            if not d.was_settled and world.is_live(d.kept_at) and not self._is_gone(d)
        ]
        return found

    def _is_gone(self, delivery: Delivery) -> bool:
        """Whether the queue of the account that it was for, or may have been, was dropped; or
        there is none any more, and the gate or the account ended before that was empty."""
        terms, number = self._world.terms, delivery.destination
        return any(
            self._is_cut_short(account.system_id, delivery.at)
            or terms.may_have_dropped(account.system_id, delivery.at)
            for account in self._world.plan.accounts
            if account is delivery.account or terms.owned(account.system_id, number, delivery.at)
        )

    def _is_cut_short(self, system_id: str, at: float) -> bool:
        """Whether a queue that an account had then may have ended before it was empty."""
        world, esme = self._world, self._world.terms.now.esmes.get(system_id)
        has_ended = world.began_at > 0 or not world.terms.has_account(system_id, at)
        has_none = esme is None or not esme.queue
        return has_ended and has_none and world.terms.had_queue(system_id)


def _pending(session: EsmeSession) -> list[object]:
    slots = session.pending.values()
    return [request for slot in slots for request in slot.requests if request.answer is None]
