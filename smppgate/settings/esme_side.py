"""The tables ``[gate]``, ``[[listen]]`` and ``[[esme]]``."""

from __future__ import annotations

import attrs

from smppgate.settings.checks import Flag, Seconds, Several, Whole
from smppgate.settings.endpoints import server_fault
from smppgate.settings.tables import COUNT, PASSWORD, SYSTEM_ID, Table, told
from smppgate.settings.texts import AddressRange, Choice, Endpoint, Reference


@attrs.frozen
class GateSettings(Table):
    """``[gate]``: what holds for the whole gate."""

    name: str = attrs.field(
        default="smppgate",
        metadata=told(SYSTEM_ID, "The system_id that ESMEs are told in bind_resp."),
    )
    response_timeout: float = attrs.field(
        default=60.0,
        metadata=told(
            Seconds(),
            "How long an answer is waited for. After that the gate answers for the silent side.",
            "seconds",
        ),
    )
    stop_timeout: float = attrs.field(
        default=30.0,
        metadata=told(
            Seconds(),
            "How long a stop waits for outstanding answers before it unbinds and closes.",
            "seconds",
        ),
    )
    session_init_timeout: float = attrs.field(
        default=30.0,
        metadata=told(
            Seconds(), "How long a new connection may take until it has bound.", "seconds"
        ),
    )
    enquire_link: float = attrs.field(
        default=30.0,
        metadata=told(
            Seconds(zero=True),
            "An ESME session idle for this long is asked with enquire_link; 0 never asks.",
            "seconds",
        ),
    )
    inactivity_timeout: float = attrs.field(
        default=300.0,
        metadata=told(
            Seconds(zero=True),
            "An ESME session that sends nothing but answers to the gate's own enquire_link for "
            "this long is ended; 0 never ends one.",
            "seconds",
        ),
    )
    max_pdu_size: int = attrs.field(
        default=70_000,
        metadata=told(
            Whole(1024, 1_048_576),
            "The largest PDU taken from either side. A longer command_length ends the session.",
            "octets",
        ),
    )
    no_member_status: int = attrs.field(
        default=0x08,
        metadata=told(
            Whole(1, 0xFFFF_FFFF, hexadecimal=True),
            "The answer to a message that no SMSC of its pool can take now.",
            "command_status",
        ),
    )
    accept_binds_without_smsc: bool = attrs.field(
        default=True,
        metadata=told(
            Flag(),
            "Whether ESMEs may bind while no SMSC link is up. If not, they are refused with 0x0D.",
        ),
    )
    receipt_routes: int = attrs.field(
        default=1_000_000,
        metadata=told(
            Whole(1, 100_000_000),
            "How many messages that wait for a receipt are remembered for each SMSC. Beyond it "
            "the oldest are forgotten.",
            "messages",
        ),
    )
    receipt_route_ttl: float = attrs.field(
        default=259_200.0,
        metadata=told(
            Seconds(), "How long a message that waits for a receipt is remembered.", "seconds"
        ),
    )


@attrs.frozen
class ListenSettings(Table):
    """``[[listen]]``: one place where ESMEs connect."""

    endpoint: str = attrs.field(
        metadata=told(
            Endpoint("server", server_fault), "Where the gate listens.", reloadable=False
        ),
    )
    max_sessions: int = attrs.field(
        default=10_000,
        metadata=told(COUNT, "How many connections are open here at most.", "sessions"),
    )


@attrs.frozen
class EsmeSettings(Table):
    """``[[esme]]``: one account that may bind to the gate."""

    system_id: str = attrs.field(
        metadata=told(SYSTEM_ID, "The name the account binds with; no two accounts share one.")
    )
    password: str = attrs.field(
        repr=False,
        metadata=told(PASSWORD, "The password it binds with. SMPP itself ends at 8 octets."),
    )
    binds: tuple[str, ...] = attrs.field(
        default=("transmitter", "receiver", "transceiver"),
        metadata=told(
            Several(Choice(("transmitter", "receiver", "transceiver")), 1),
            "The kinds of bind it may use.",
        ),
    )
    max_binds: int = attrs.field(
        default=10,
        metadata=told(COUNT, "How many sessions it may have bound at once.", "sessions"),
    )
    window: int = attrs.field(
        default=100,
        metadata=told(
            COUNT, "Unanswered requests allowed per session, in each direction.", "requests"
        ),
    )
    address_ranges: tuple[str, ...] = attrs.field(
        default=(),
        metadata=told(
            Several(AddressRange()),
            "Mobile-originated messages to these numbers go to this account; receipts find their "
            "sender without.",
        ),
    )
    pool: str = attrs.field(
        default="",
        metadata=told(
            Reference("pool"), "The pool that takes its messages; empty means the first pool."
        ),
    )
