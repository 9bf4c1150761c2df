"""The tables ``[[listen]]`` and ``[[esme]]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.checks import Flag, Seconds, Several
from smppgate.settings.endpoints import client_fault, server_fault
from smppgate.settings.errors import Problem
from smppgate.settings.esme_rules import esme_problems
from smppgate.settings.tables import COUNT, PASSWORD, SYSTEM_ID, WEIGHT, Table, told
from smppgate.settings.texts import AddressRange, Choice, Endpoint, Reference


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
        metadata=told(
            SYSTEM_ID,
            "The name the account binds with; no two accounts share one. "
            '"*" is everybody else, with auth = "smsc".',
        )
    )
    password: str | None = attrs.field(
        default=None,
        repr=False,
        metadata=told(
            PASSWORD,
            "The password it binds with. SMPP itself ends at 8 octets. "
            'With auth = "smsc" there is none.',
        ),
    )
    auth: str = attrs.field(
        default="gate",
        metadata=told(
            Choice(("gate", "smsc")),
            'Who judges its binds: "gate" by the password; with "smsc" each is passed on to an '
            "SMSC of its pool, and the session that this opens there is its own.",
        ),
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
    bind_ranges: bool = attrs.field(
        default=False,
        metadata=told(
            Flag(),
            "Whether the address_range in its binds counts beside address_ranges. It may name "
            "numbers that another account serves by a wider range: only for accounts you trust.",
        ),
    )
    weight: int = attrs.field(
        default=1,
        metadata=told(
            WEIGHT,
            "Its sessions' share of the messages for a range that several accounts serve, against "
            "the others' weights.",
        ),
    )
    pool: str = attrs.field(
        default="",
        metadata=told(
            Reference("pool"), "The pool that takes its messages; empty means the first pool."
        ),
    )
    queries: bool = attrs.field(
        default=True,
        metadata=told(
            Flag(),
            "Whether it may query, cancel and replace messages that asked for no receipt. "
            "Without, such a message costs no write.",
        ),
    )
    queue: bool = attrs.field(
        default=False,
        metadata=told(
            Flag(),
            "Whether messages and receipts for it are kept while it is away. Without, SMSCs are "
            "answered 0x64.",
        ),
    )
    queue_size: int = attrs.field(
        default=10_000,
        metadata=told(
            COUNT, "How many of them are kept. Beyond it SMSCs are answered 0x14.", "messages"
        ),
    )
    queue_ttl: float = attrs.field(
        default=259_200.0,
        metadata=told(Seconds(), "How long each of them is kept.", "seconds"),
    )
    outbind: str = attrs.field(
        default="",
        metadata=told(
            Endpoint("client", client_fault, optional=True),
            "Where it is told by outbind that messages wait for it; empty is nowhere.",
        ),
    )
    outbind_password: str = attrs.field(
        default="",
        repr=False,
        metadata=told(PASSWORD, "The password that the gate's outbind has."),
    )

    @classmethod
    def between(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """What one account cannot have together."""
        return esme_problems(table)
