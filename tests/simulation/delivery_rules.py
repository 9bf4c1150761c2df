"""What must hold of messages and receipts from SMSCs to ESMEs, and of their answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.simulation import wire
from tests.simulation.hooks import REFUSED
from tests.simulation.ledger import Attempt, Delivery, Request
from tests.simulation.model_smsc import receipt_body
from tests.simulation.moods import AGAIN
from tests.simulation.request_rules import LONGEST_ID, NOTICED

if TYPE_CHECKING:
    from tests.simulation.model_esme import EsmeSession
    from tests.simulation.model_smsc import Outgoing, SmscSession
    from tests.simulation.world import World

_ALIAS = re.compile(rb"_[0-9a-f]+")

RECEIPT_DELAY = 0.2
"""Seconds after an answer in which a receipt may be held back: more than `receipt_delay`."""

LINGER = 5.0
"""Seconds that a dialogue is known after its last step."""

FULL = 0x14

_QUEUED = 30.0
"""Seconds that a message may have been in the queue of an account that has its number no more."""
PATIENCE = 2.0
"""Seconds that a receipt waits for its submit_sm_resp, by default."""


class DeliveryRules:
    """Judges each message that an ESME gets, and each answer that an SMSC gets."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._parts: dict[tuple[str, bytes, tuple[int, ...]], tuple[EsmeSession, float]] = {}
        """Long message → the session that a part was sent to last, and when."""

    # At the ESME

    def arrived(self, session: EsmeSession, pdu: wire.Pdu) -> Attempt:
        """An ESME gets a message or a receipt."""
        delivery = self._world.ledger.delivered(pdu.body)
        if delivery is None or delivery.command != pdu.command:
            session.violated(f"{pdu} is nothing that an SMSC has sent")
        assert delivery is not None
        self._check_hooks(session, delivery)
        self._check_account(session, delivery)
        if not 1 <= pdu.number <= wire.MAX_NUMBER or pdu.number in session.open:
            session.violated(f"{pdu} has a number that is none, or is in use")
        self._check_body(session, delivery, pdu)
        self._check_repeated(session, delivery)
        self._check_order(session, delivery)
        self._check_resp(session, delivery)
        self._check_parts(session, delivery)
        self._check_dialogue(session, delivery)
        arrival = Attempt(session, pdu.number, session.sent_at)
        session.open[pdu.number] = arrival
        delivery.arrivals.append(arrival)
        self._check_window(session)
        return arrival

    def _check_hooks(self, session: EsmeSession, delivery: Delivery) -> None:
        """Nothing comes that hooks have not let go on."""
        book = self._world.hooks
        if book is None:
            return
        if session.end.incoming.was_full:
            # It may have left the gate long before it could be sent.
            return
        why = book.sent_too_soon("on_deliver", delivery.label, session.sent_at)
        if why:
            session.violated(f"{delivery} comes, and {why}")
        gate_end = delivery.session.end.gate_end
        is_gone = gate_end is not None and gate_end.closed_at < session.sent_at
        if is_gone and not self._had_queue(delivery):
            session.violated(f"{delivery} comes after its link has gone")

    def _check_account(self, session: EsmeSession, delivery: Delivery) -> None:
        """A receipt is for the account that asked for it, a message for one with its number."""
        request = delivery.request
        if request is not None and delivery.account is session.plan:
            return
        terms, system_id = self._world.terms, session.plan.system_id
        is_known = request is not None and self._has_path(delivery)
        if is_known or not terms.owned(system_id, delivery.destination, delivery.at):
            session.violated(f"{delivery} is for {delivery.account.system_id}")

    def _has_path(self, delivery: Delivery) -> bool:
        """Whether the gate had to know the message that it is a receipt for when it came."""
        request = delivery.request
        if request is None:
            return False
        is_out = request.answered_at < delivery.at and request.answer is not None
        return is_out and self._world.has_path(request)

    def _had_queue(self, delivery: Delivery) -> bool:
        """Whether it may have been queued. A queue that closes takes more until it is empty."""
        terms, accounts = self._world.terms, self._world.plan.accounts
        return any(
            terms.had_queue(each.system_id)
            for each in accounts
            if (
                each is delivery.account
                or terms.owned(each.system_id, delivery.destination, delivery.at)
            )
        )

    def _check_body(self, session: EsmeSession, delivery: Delivery, pdu: wire.Pdu) -> None:
        if delivery.request is None:
            book, body = self._world.hooks, delivery.body
            bodies = book.may_be("on_deliver", delivery.label, body) if book else [body]
            if pdu.body not in bodies:
                session.violated(f"{delivery} has been changed")
            return
        ids = self._ids(delivery.request, delivery, pdu)
        if all(pdu.body not in self._receipts(delivery, given) for given in ids):
            session.violated(f"{delivery} is not as it should be: {ids} in {pdu.body!r}")

    def _ids(self, request: Request, delivery: Delivery, pdu: wire.Pdu) -> list[bytes]:
        """The ids that may be in a receipt: what the ESME was given, or would have been."""
        is_original = self._world.plan.message_ids != "tagged"
        if self._world.has_path(request) and request.answered_at < delivery.at:
            return [*request.may_be_given, *[delivery.told_id] * is_original]
        if is_original:
            return [request.taken_id, delivery.told_id, *_ALIAS.findall(pdu.body)]
        assert request.taken_by is not None
        # Without a path it goes by its destination, in the name of the SMSC that it came from; as
        # it is where nothing but its text makes it a receipt.
        own = request.taken_by.smsc.plan.tag.encode() + request.taken_id
        passed_on = delivery.session.smsc.plan.tag.encode() + delivery.told_id
        ids = [own, passed_on[:LONGEST_ID], *request.may_be_given]
        ids += [delivery.told_id] * (not delivery.esm_class)
        return ids + _ALIAS.findall(pdu.body) if len(own) > LONGEST_ID else ids

    def _receipts(self, delivery: Delivery, given: bytes) -> list[bytes]:
        """What the receipt may be with this id: the number that the message went to is in the
        ESME's own words, or as the SMSC was told where the gate need not know the message."""
        request, world = delivery.request, self._world
        assert request is not None
        label = b"<d%d>" % delivery.label
        plan = delivery.session.center.plan
        body = receipt_body(plan, request, given, delivery.state, label, delivery.esm_class)
        rewrites = world.plan.rewrites
        if rewrites is None:
            return [body]
        found = [world.to_esme(request, body)]
        is_known = world.has_path(request) and request.answered_at < delivery.at
        if not is_known:
            found.append(world.from_smsc(request, body))
        return [rewrites.receipt(each) for each in found]

    def _check_repeated(self, session: EsmeSession, delivery: Delivery) -> None:
        if not delivery.arrivals:
            return
        if not self._had_queue(delivery):
            session.violated(f"{delivery} comes a second time")
        if session.end.incoming.was_full:
            return
        for arrival in delivery.arrivals:
            done = [a.read_at for a in arrival.answers if a.pdu.status not in AGAIN]
            in_time = arrival.at + self._world.plan.response_timeout
            if done and done[0] < min(in_time, session.sent_at) and self._is_orderly(arrival):
                session.violated(f"{delivery} comes again, though {arrival.session} has answered")

    def _is_orderly(self, arrival: Attempt) -> bool:
        """Whether nothing has happened to its session that the gate may have to start anew for."""
        session = arrival.session
        return not session.is_disturbed and not session.end.incoming.was_full

    def _check_order(self, session: EsmeSession, delivery: Delivery) -> None:
        """Of one session of an SMSC's to one of an ESME's; receipts if nothing is looked up."""
        if delivery.arrivals or not self._is_plain(delivery):
            return
        app = session.app
        if self._had_queue(delivery) and (
            app.disturbed_at + NOTICED > delivery.at or app.has_unread(session)
        ):
            # It may have been under way to a session that is gone, which the gate learns later, or
            # lie unread at another until its time there is over.
            return
        last = session.last.get(delivery.session, 0)
        if last > delivery.serial:
            session.violated(f"{delivery} has been overtaken")
        session.last[delivery.session] = delivery.serial

    def _is_plain(self, delivery: Delivery) -> bool:
        request = delivery.request
        if request is None:
            return True
        is_out = request.answered_at + RECEIPT_DELAY < delivery.at
        is_known = self._world.has_path(request) and is_out
        return is_known and not self._world.plan.store.looks_up

    def _check_resp(self, session: EsmeSession, delivery: Delivery) -> None:
        request = delivery.request
        if request is None or request.answer is not None:
            return
        if request.slot is not None and request.slot.may_answer([request]):
            # An answer came that may be its own, or that of another under the same number.
            return
        if session.sent_at - delivery.at >= PATIENCE:
            # It was passed on by its destination then.
            return
        if any(attempt.session.is_disturbed for attempt in request.attempts):
            # Nor does it wait for an answer of a link that is gone.
            return
        if request.session is session or self._would_be_seen(request):
            session.violated(f"{delivery} comes before the answer")

    def _would_be_seen(self, request: Request) -> bool:
        """Whether its answer cannot be under way on the ESME's other session any more."""
        session, weather = request.session, self._world.plan.weather
        is_steady = not set(weather) - {"cutting", "crumbling"}
        is_read = session.end.reads and not session.end.incoming.was_full
        is_undisturbed = session.is_alive and not session.is_disturbed
        return is_steady and is_read and is_undisturbed and not self._may_be_given_up(request)

    def _may_be_given_up(self, request: Request) -> bool:
        """Whether the gate may just have answered by itself, knowing no id, for want of a resp."""
        timeout, now = self._world.plan.response_timeout, self._world.clock.now
        return not all(each.was_read() or each.is_open(timeout, now) for each in request.attempts)

    def _check_parts(self, session: EsmeSession, delivery: Delivery) -> None:
        """Parts of one message go to one session as long as that lives."""
        if delivery.parts is None or session.end.incoming.was_full:
            return
        reference, total, _ = delivery.parts
        destination = delivery.body
        key = (delivery.session.center.plan.name, destination[:20], (reference, total))
        sent_at = session.sent_at
        known, known_at = self._parts.get(key, (session, sent_at))
        # Parts on two connections arrive in any order.
        first, last = (known, session) if sent_at >= known_at else (session, known)
        self._parts[key] = (last, max(sent_at, known_at))
        if self._world.terms.moved_ranges(min(delivery.at, known_at - _QUEUED)):
            return
        if abs(sent_at - known_at) > 0.9 * self._world.terms.affinity_ttl(known_at):
            # Such a message may be another, with the same reference.
            return
        if first is not last and first.is_alive and not first.is_disturbed:
            what = f"{session}: {delivery} is a part of a message that {known} has"
            if first is known and first.end.knows_all:
                self._world.violated(what)
            self._world.accuse(what, first)

    def _check_dialogue(self, session: EsmeSession, delivery: Delivery) -> None:
        """Steps of one dialogue go to one session as long as that lives."""
        dialogue, at, world = delivery.dialogue, session.sent_at, self._world
        if dialogue is None or session.end.incoming.was_full:
            return
        before = dialogue.served_by
        if before is not None and before[1] > at:
            # It has lain unread while the dialogue went on elsewhere.
            return
        dialogue.served_by = session, at, delivery.at
        # Of what comes out of a queue it is not known where it has come from.
        was_queued = self._had_queue(delivery)
        if delivery.session.owner is None and not was_queued:
            dialogue.held_by = (delivery.session, at)
        if before is None or before[0] is session or was_queued or world.plan.forgets:
            return
        # The step before may have lain in a queue since before a reload.
        known, since, came_at = before
        longest = min(world.terms.affinity_ttl(since), LINGER if dialogue.is_over else 60.0)
        is_late = at - since > 0.9 * longest
        if (
            is_late
            or since < world.began_at
            or world.terms.moved_ranges(min(delivery.at, came_at))
        ):
            return
        if known.is_alive and not known.is_disturbed:
            world.accuse(f"{session}: {delivery} is a step of a dialogue that {known} has", known)

    def _check_window(self, session: EsmeSession) -> None:
        now, timeout = session.sent_at, self._world.plan.response_timeout
        if session.end.incoming.was_full or any(
            now - a.at >= timeout for a in session.open.values()
        ):
            return
        since = min((a.at for a in session.open.values()), default=now)
        windows = self._world.terms.windows(session, since)
        if len(session.open) > max(windows):
            session.violated(f"{len(session.open)} requests of the gate's are open")

    # At the SMSC

    def delivered(self, session: SmscSession, pdu: wire.Pdu) -> Outgoing:
        """An SMSC gets an answer."""
        known = session.deliveries.pop(pdu.number, None)
        if known is None:
            session.violated(f"{pdu} answers nothing, or something a second time")
        assert known is not None
        delivery, outgoing = known
        reason = self._wrong(delivery, pdu)
        if reason is not None:
            session.violated(f"{pdu} cannot be: {delivery}: {reason}")
        delivery.resp = pdu
        if pdu.status == 0:
            delivery.taken_at = self._world.clock.now
        return outgoing

    def _wrong(self, delivery: Delivery, pdu: wire.Pdu) -> str | None:
        """Why ``pdu`` cannot be the answer to ``delivery``; None where it can."""
        if pdu.command not in (delivery.command | wire.RESP, wire.NACK):
            return "another command"
        said = [a.pdu for arrival in delivery.arrivals for a in arrival.answers]
        # The message_id of a deliver_sm_resp is empty, whatever the ESME has put there.
        told = [s.body for s in said] if pdu.command == wire.DATA_SM | wire.RESP else []
        if pdu.body not in (b"", b"\0", *told):
            return f"its body is {pdu.body!r}"
        told_as = {(s.command, self._told(delivery, s.status)) for s in said}
        if (pdu.command, pdu.status) in told_as:
            return None
        if pdu.command == wire.NACK:
            return "no ESME has said so"
        return self._wrong_status(delivery, pdu.status)

    def _told(self, delivery: Delivery, status: int) -> int:
        """What an SMSC hears where an ESME says ``status``."""
        return status if delivery.is_receipt else self._world.told(status, None)

    def _wrong_status(self, delivery: Delivery, status: int) -> str | None:
        """Why the gate itself cannot have said so."""
        has_queue, book = self._had_queue(delivery), self._world.hooks
        if book is not None and status == REFUSED:
            is_refused = book.may_refuse("on_deliver", delivery.label, status)
            return None if is_refused else "no hook has said so"
        if status == 0:
            return self._wrongly_acknowledged(delivery)
        name = delivery.session.smsc.plan.name
        if status in self._world.terms.undelivered(name, delivery.at):
            return self._wrongly_failed(delivery) if delivery.arrivals else None
        return None if status == FULL and has_queue else "no ESME has said so"

    def _wrongly_acknowledged(self, delivery: Delivery) -> str | None:
        request = delivery.request
        terms = self._world.terms
        is_unmatched = request is not None and not (
            self._world.has_path(request)
            and terms.has_account(request.account.system_id, delivery.at)
        )
        if is_unmatched and terms.acknowledged_unmatched(delivery.at):
            return None
        if not self._had_queue(delivery):
            return "no ESME has taken it"
        delivery.kept_at = min(delivery.kept_at, self._world.clock.wall())
        self._world.queued[delivery.label] = delivery
        return None

    def _wrongly_failed(self, delivery: Delivery) -> str | None:
        for arrival in delivery.arrivals:
            if arrival.has_counted():
                return f"{arrival.session} has taken it"
        self._world.suspect(delivery, delivery.arrivals)
        return None
