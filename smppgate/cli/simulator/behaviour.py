"""How a simulated SMSC is told to behave, and what it tells of itself."""

from __future__ import annotations

from attrs import define, field, frozen

from smppgate.txsmpp.constants import CommandStatus


@frozen(kw_only=True)
class Behaviour:
    """How a simulated SMSC behaves. Times in seconds, shares from 0.0 to 1.0."""

    name: bytes = b"smsc"
    """The system_id that it tells, up to 15 octets."""
    system_id: bytes | None = None
    """The only one that may bind; None for all."""
    password: bytes | None = field(default=None, repr=False)
    """The only one to bind with; None for any."""
    latency: float = 0.0
    """From a message to its answer."""
    jitter: float = 0.0
    """How much latency may be more or less, evenly spread."""
    error_rate: float = 0.0
    """The share of messages that is refused."""
    error_statuses: tuple[int, ...] = (CommandStatus.ESME_RSUBMITFAIL,)
    """What they are refused with, by chance."""
    receipts: float = 1.0
    """The share of messages asking for a receipt that get one."""
    receipt_delay: float = 0.0
    """From a message's answer to its receipt."""
    mo_rate: float = 0.0
    """Mobile-originated messages per second, whoever is bound to receive them."""
    mo_destinations: tuple[bytes, ...] = (b"447700900000",)
    id_prefix: bytes = b""
    """In front of each message_id."""
    hexadecimal_ids: bool = True
    """Or decimal."""
    window: int = 100
    """deliver_sm that may be unanswered on a session."""
    queue: int = 100_000
    """Answers and receipts that may wait for their time, and receipts that may wait for a
    receiver of one system_id."""


@define
class Counts:
    """What a simulated SMSC did so far. Mutable: the hot path counts in it."""

    taken: int = 0
    """Messages answered with ESME_ROK."""
    refused: int = 0
    """Messages answered with an error."""
    receipts: int = 0
    """Receipts made."""
    mobile_originated: int = 0
    """MO messages made."""
    delivered: int = 0
    """deliver_sm, of both kinds, answered with ESME_ROK."""
    repeated: int = 0
    """Times that a deliver_sm was put off, to be sent again: not answered, or not now."""
    delivery_failures: int = 0
    """deliver_sm refused for good, or given up."""
    dropped: int = 0
    """deliver_sm that found the queue full."""


@frozen(kw_only=True)
class Statistics:
    """The `Counts` at one time, and what there is then."""

    sessions: int
    waiting: int
    """Answers and receipts whose time has not come, and deliver_sm that wait for a receiver."""
    taken: int
    refused: int
    receipts: int
    mobile_originated: int
    delivered: int
    repeated: int
    delivery_failures: int
    dropped: int
