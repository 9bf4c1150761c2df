"""The configuration of a simulated SMSC, and its statistics."""

from __future__ import annotations

from attrs import define, field, frozen

from smppgate.txsmpp.constants import CommandStatus, MessageState


@frozen(kw_only=True)
class Behaviour:
    """The configuration of a simulated SMSC. Times are seconds, shares 0.0 to 1.0."""

    name: bytes = b"smsc"
    """The system_id in its bind_resp, up to 15 octets."""
    system_id: bytes | None = None
    """The only system_id that may bind; None: any."""
    password: bytes | None = field(default=None, repr=False)
    """The only password that is accepted; None: any."""
    drop_every: float = 0.0
    """From one connection that is cut to the next; 0: none is."""
    latency: float = 0.0
    """From the arrival of a message to its answer."""
    jitter: float = 0.0
    """The latency varies by up to this much in both directions, evenly distributed."""
    error_rate: float = 0.0
    """The share of messages that are refused."""
    error_statuses: tuple[int, ...] = (CommandStatus.ESME_RSUBMITFAIL,)
    """The statuses of refusals; each refusal has a random one of them."""
    throttle: float = 0.0
    """Messages a second that are taken, and as many at once after a pause; 0: all."""
    silence: float = 0.0
    """The share of messages that are never answered."""
    receipts: float = 1.0
    """The share of requested receipts that are sent."""
    receipt_delay: float = 0.0
    """From a message's answer to its receipt."""
    hexadecimal_receipts: bool | None = None
    """Whether the number in the id of a receipt is hexadecimal; None: as in the answer."""
    states: tuple[tuple[MessageState, float], ...] = ()
    """Final states, each with the share of messages taken that end so; the rest is delivered."""
    mo_rate: float = 0.0
    """Mobile-originated messages per second, spread over all system_ids with a receiver."""
    mo_destinations: tuple[bytes, ...] = (b"447700900000",)
    """The destinations of these; each message has a random one of them."""
    id_prefix: bytes = b""
    """The octets that each message_id begins with."""
    hexadecimal_ids: bool = True
    """Whether the number in a message_id is hexadecimal or decimal."""
    id_length: int = 0
    """Octets that a message_id has at the least, by zeros in front of its number."""
    window: int = 100
    """deliver_sm that may be unanswered on a session."""
    queue: int = 100_000
    """Answers and receipts that may wait for their time; for each system_id also the deliver_sm
    that may wait for a receiver."""


@define
class Counts:
    """The totals of a simulated SMSC since its start. Mutable: every message changes it."""

    taken: int = 0
    """Messages answered with ESME_ROK."""
    refused: int = 0
    """Messages answered with an error."""
    receipts: int = 0
    """Receipts created."""
    mobile_originated: int = 0
    """MO messages created."""
    delivered: int = 0
    """deliver_sm, receipts and MO messages, answered with ESME_ROK."""
    repeated: int = 0
    """Repetitions of deliver_sm that were not answered, or answered with a transient status."""
    delivery_failures: int = 0
    """deliver_sm answered with another error, or given up."""
    dropped: int = 0
    """deliver_sm discarded because a queue was full."""
    unanswered: int = 0
    """Messages that are never answered."""
    cut: int = 0
    """Connections cut."""


@frozen(kw_only=True)
class Statistics:
    """The state of a simulated SMSC at one time."""

    sessions: int
    """Bound sessions."""
    waiting: int
    """Answers and receipts that wait for their time, and deliver_sm that wait for a receiver."""
    counts: Counts
    """The totals at that time."""
