"""`Asked`: a request that is sent to a peer, as its origin sent it, and what was decided of it."""

from __future__ import annotations

from attrs import frozen

from smppgate.gate.deliver.receipt_delivery import ReceiptDelivery
from smppgate.gate.lane.delivery_run import DeliveryRun
from smppgate.gate.lane.run import Run
from smppgate.gate.queue.sender import QueuedRequest
from smppgate.gate.sessions.smsc import SmscProtocol
from smppgate.observe.traffic.seen import Decision, Session
from smppgate.routing.exchange import Exchange


@frozen(eq=False)
class Asked:
    """One request.

    :ivar origin: the session that sent it, or what else did; None for a message of a queue.
    :ivar number: its sequence number there.
    :ivar octets: as it came.
    :ivar entered_at: when; seconds on the gate's clock.
    """

    origin: object
    number: int
    octets: bytes
    entered_at: float
    decision: Decision


def asked(session: Session, number: int) -> Asked | None:
    """What was sent on ``session`` under that number; None for what the gate asks by itself."""
    entry = session.outstanding.requests.get(number)
    if isinstance(entry, tuple):
        run, at = entry
        if isinstance(run, DeliveryRun):
            return _of_deliveries(session, run, at)
        return _of_run(session, run, at) if isinstance(run, Run) else None
    if isinstance(entry, QueuedRequest):
        decision = {"from": "the queue", **_to(session)}
        return Asked(None, number, b"", entry.sent_at, decision)
    return _of_exchange(session, entry) if isinstance(entry, Exchange) else None


def _of_run(session: Session, run: Run, at: int) -> Asked:
    decision = {"pool": run.pool.name, **_to(session), "attempt": 1}
    return Asked(run.origin, run.asked[at], run.message(at), run.sent_at, decision)


def _of_deliveries(session: Session, run: DeliveryRun, at: int) -> Asked | None:
    message = run.messages[at]
    if message is None:
        return None
    number, octets, _, known = message
    decision: dict[str, object] = {**_to(session), "attempt": 1, **_from(run.link)}
    if known is not None:
        decision["receipt_of"] = known[0].decode("latin-1")
    return Asked(run.link, number, octets, run.sent_at, decision)


def _of_exchange(session: Session, exchange: Exchange) -> Asked:
    way = {**_way(exchange), **_to(session), **_from(exchange.origin)}
    decision: dict[str, object] = {**way, "attempt": exchange.attempts}
    if isinstance(exchange, ReceiptDelivery):
        decision["receipt_of"] = exchange.message_id.decode("latin-1")
    return Asked(
        exchange.origin, exchange.number, exchange.original, exchange.entered_at, decision
    )


def waiting(exchange: Exchange) -> Decision:
    """What was decided of a request that waits."""
    return _way(exchange)


def _way(exchange: Exchange) -> dict[str, object]:
    way: dict[str, object] = {}
    target = exchange.target
    if target is not None and target.route is not None:
        way["route"] = target.route.label
    if exchange.pool is not None:
        way["pool"] = exchange.pool.name
    return way


def _to(session: Session) -> dict[str, object]:
    if isinstance(session, SmscProtocol):
        return {"smsc": session.smsc.name, "link": session.name}
    return {"account": session.system_id.decode("latin-1")}


def _from(origin: object) -> dict[str, object]:
    return {"from": origin.name} if isinstance(origin, SmscProtocol) else {}
