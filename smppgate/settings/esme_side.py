"""The tables ``[[listen]]`` and ``[[esme]]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.checks import Flag, Seconds, Several
from smppgate.settings.endpoints import client_fault, server_fault
from smppgate.settings.errors import Problem
from smppgate.settings.esme_rules import WILDCARD, esme_problems
from smppgate.settings.nested import Nested
from smppgate.settings.networks import Network
from smppgate.settings.passwords import (
    HashedPassword,
    KeptPassword,
    in_environment,
    in_file,
    secret_of,
)
from smppgate.settings.tables import (
    BURST,
    COUNT,
    PASSWORD,
    RATE,
    SYSTEM_ID,
    UP_TO_COUNT,
    WEIGHT,
    Table,
    setting,
)
from smppgate.settings.takes import Takes
from smppgate.settings.texts import AddressRange, Choice, Endpoint, Reference
from smppgate.settings.tls import ListenTlsSettings, server_tls_problems
from smppgate.settings.tls_checks import CertificateName


@attrs.frozen
class ListenSettings(Table):
    """``[[listen]]``: one endpoint that ESMEs connect to."""

    endpoint: str = attrs.field(
        metadata=setting(
            Endpoint("server", server_fault),
            "Where the gate listens.",
        ),
    )
    max_sessions: int = attrs.field(
        default=10_000,
        metadata=setting(COUNT, "How many connections are open here at most.", "sessions"),
    )
    max_per_address: int = attrs.field(
        default=1000,
        metadata=setting(
            UP_TO_COUNT,
            "How many of them may come from one address, or from one /64 network of IPv6; behind "
            "a PROXY header the address in it counts. 0 is no limit.",
            "sessions",
        ),
    )
    max_unbound: int = attrs.field(
        default=2000,
        metadata=setting(
            UP_TO_COUNT,
            "How many of them may be there that have not bound yet; 0 is no limit.",
            "sessions",
        ),
    )
    bind_rate: int = attrs.field(
        default=100,
        metadata=setting(
            UP_TO_COUNT,
            "How many binds a second may come from one address, and how many of them at once. "
            "More wait for their turn, and are refused with 0x0D where session_init_timeout is "
            "too short for that. 0 is no limit.",
            "binds a second",
        ),
    )
    allow: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            Several(Network()),
            "Where connections may come from; behind a PROXY header the address in it counts. "
            "Others are closed before anything is read; empty allows every place.",
        ),
    )
    tls: ListenTlsSettings | None = attrs.field(
        default=None, metadata=setting(Nested(ListenTlsSettings), "TLS, see below.")
    )

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """TLS in the endpoint and beside it; what is wrong with the files that are beside it."""
        yield from server_tls_problems(table.get("endpoint"), table.get("tls"))


@attrs.frozen
class EsmeSettings(Table):
    """``[[esme]]``: one account that may bind to the gate."""

    system_id: str = attrs.field(
        metadata=setting(
            SYSTEM_ID,
            "The name the account binds with; no two accounts share one. "
            '"*" is every name without an account, with auth = "smsc".',
        )
    )
    password: str | None = attrs.field(
        default=None,
        repr=False,
        metadata=setting(
            PASSWORD,
            "The password it binds with. SMPP itself ends at 8 octets. "
            'With auth = "smsc" there is none.',
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    password_hash: str | None = attrs.field(
        default=None,
        repr=False,
        metadata=setting(
            HashedPassword(0, 300),
            "Instead: a hash of it, which `smppgate passwd` makes.",
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    password_file: KeptPassword | None = attrs.field(
        default=None, metadata=in_file(Takes.AT_NEXT_BIND)
    )
    password_env: KeptPassword | None = attrs.field(
        default=None, metadata=in_environment(Takes.AT_NEXT_BIND)
    )
    auth: str = attrs.field(
        default="gate",
        metadata=setting(
            Choice(("gate", "smsc")),
            'Who judges its binds: "gate" by the password; with "smsc" each is passed on to an '
            "SMSC of its pool, and the session that this opens there is its own.",
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    allow: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            Several(Network()),
            "Where it may bind from; behind a PROXY header the address in it counts. Binds from "
            "elsewhere are refused with 0x0E, whatever their password; empty allows every place.",
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    certificate: str = attrs.field(
        default="",
        metadata=setting(
            CertificateName(),
            "What its client certificate must have as its CN or as one of its alternative names, "
            "or its digest; a bind without it is refused with 0x0E. Listeners ask for one where "
            "client_ca is set. Empty asks for none.",
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    binds: tuple[str, ...] = attrs.field(
        default=("transmitter", "receiver", "transceiver"),
        metadata=setting(
            Several(Choice(("transmitter", "receiver", "transceiver")), 1),
            "The kinds of bind it may use.",
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    max_binds: int = attrs.field(
        default=10,
        metadata=setting(
            COUNT,
            "How many sessions it may have bound at once, in all workers together.",
            "sessions",
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    window: int = attrs.field(
        default=100,
        metadata=setting(
            COUNT, "Unanswered requests allowed per session, in each direction.", "requests"
        ),
    )
    deliver_timeout: float = attrs.field(
        default=0.0,
        metadata=setting(
            Seconds(zero=True),
            "How long its answer is waited for; 0 is deliver_timeout of `[gate]`.",
            "seconds",
        ),
    )
    address_ranges: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            Several(AddressRange()),
            "Mobile-originated messages to these numbers go to this account; receipts find their "
            "sender without.",
        ),
    )
    bind_ranges: bool = attrs.field(
        default=False,
        metadata=setting(
            Flag(),
            "Whether the address_range in its binds counts beside address_ranges. It may name "
            "numbers that another account serves by a wider range, but not the same range: only "
            "for accounts you trust.",
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    weight: int = attrs.field(
        default=1,
        metadata=setting(
            WEIGHT,
            "Its sessions' share of the messages for a range that several accounts serve, against "
            "the others' weights.",
        ),
    )
    share: int = attrs.field(
        default=1,
        metadata=setting(
            WEIGHT,
            "Its share of what the SMSCs of its pool take while messages of several accounts wait "
            "for them, against the others' shares.",
        ),
    )
    rate: float = attrs.field(
        default=0.0,
        metadata=setting(
            RATE,
            "How many messages it may send, over all its sessions; 0 is any number.",
            "messages a second",
        ),
    )
    burst: float = attrs.field(
        default=0.0,
        metadata=setting(
            BURST,
            "How many of them at once after a pause, by rate and by session_rate each; 0 is those "
            "of a second, one at least.",
            "messages",
        ),
    )
    session_rate: float = attrs.field(
        default=0.0,
        metadata=setting(
            RATE,
            "How many messages each of its sessions may send; 0 is any number.",
            "messages a second",
        ),
    )
    over_rate: str = attrs.field(
        default="delay",
        metadata=setting(
            Choice(("delay", "reject")),
            'What becomes of a message over that: with "delay" it waits, for hold of its pool at '
            'the most, and is answered 0x58 then; with "reject" it is answered 0x58 at once.',
        ),
    )
    pool: str = attrs.field(
        default="",
        metadata=setting(
            Reference("pool"), "The pool that takes its messages; empty means the first pool."
        ),
    )
    queries: bool = attrs.field(
        default=True,
        metadata=setting(
            Flag(),
            "Whether it may query, cancel and replace messages that asked for no receipt. "
            "Without, such a message costs no write.",
        ),
    )
    cancel_all: bool = attrs.field(
        default=False,
        metadata=setting(
            Flag(),
            "Whether its cancel_sm may be without an id. An SMSC cancels all messages between its "
            "addresses then, those of other accounts too. Without, it is answered 0x0C.",
        ),
    )
    queue: bool = attrs.field(
        default=False,
        metadata=setting(
            Flag(),
            "Whether messages and receipts are kept while no session can receive them. Without, "
            "SMSCs are answered their undelivered_status.",
        ),
    )
    queue_size: int = attrs.field(
        default=10_000,
        metadata=setting(
            COUNT, "How many of them are kept. Beyond it SMSCs are answered 0x14.", "messages"
        ),
    )
    queue_ttl: float = attrs.field(
        default=259_200.0,
        metadata=setting(Seconds(), "How long each of them is kept.", "seconds"),
    )
    outbind: str = attrs.field(
        default="",
        metadata=setting(
            Endpoint("client", client_fault, optional=True),
            "Where the gate sends outbind when messages wait for the ESME; empty is nowhere.",
        ),
    )
    outbind_password: str = attrs.field(
        default="",
        repr=False,
        metadata=setting(PASSWORD, "The password that the gate's outbind has."),
    )

    @property
    def secret(self) -> str:
        """Its password, wherever it is; empty where the gate knows a hash of it, or nothing."""
        return secret_of(self.password, self.password_file, self.password_env)

    @property
    def is_wildcard(self) -> bool:
        """Whether it is the account for binds whose system_id has no account."""
        return self.system_id == WILDCARD

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """The settings of one account that exclude each other."""
        return esme_problems(table)
