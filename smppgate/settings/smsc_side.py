"""The table ``[[smsc]]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.checks import Flag, Seconds, Whole
from smppgate.settings.endpoints import client_fault, server_fault
from smppgate.settings.errors import Problem
from smppgate.settings.members import (
    MEMBER_WEIGHT,
)
from smppgate.settings.nested import Nested
from smppgate.settings.passwords import (
    SMSC_PASSWORDS,
    KeptPassword,
    in_environment,
    in_file,
    password_problems,
    secret_of,
)
from smppgate.settings.relations import RECEIPT_IDS, reconnect_problems
from smppgate.settings.tables import (
    BURST,
    COUNT,
    PASSWORD,
    RATE,
    SYSTEM_ID,
    Table,
    setting,
)
from smppgate.settings.tags import derived_tag
from smppgate.settings.takes import Takes
from smppgate.settings.texts import Choice, Endpoint, Name, Octets, ShortTag
from smppgate.settings.tls import SmscTlsSettings, client_tls_problems

# One octet, SMPP v3.4 §5.2.5 and §5.2.6. All values are accepted: vendors define their own.
_OCTET = Whole(0, 255)


@attrs.frozen
class SmscSettings(Table):
    """``[[smsc]]``: one SMSC, and how the gate binds to it."""

    name: str = attrs.field(
        metadata=setting(Name(), "What pools and logs call it; no two SMSCs share one."),
    )
    endpoint: str = attrs.field(
        metadata=setting(
            Endpoint("client", client_fault),
            "Where the gate connects to.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    system_id: str = attrs.field(
        metadata=setting(
            SYSTEM_ID,
            "The name the gate binds with.",
            takes=Takes.LINK_BY_LINK,
        )
    )
    password: str | None = attrs.field(
        default=None,
        repr=False,
        metadata=setting(
            PASSWORD,
            "The password the gate binds with. SMPP itself ends at 8 octets.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    password_file: KeptPassword | None = attrs.field(
        default=None, metadata=in_file(Takes.LINK_BY_LINK)
    )
    password_env: KeptPassword | None = attrs.field(
        default=None, metadata=in_environment(Takes.LINK_BY_LINK)
    )
    receive_endpoint: str = attrs.field(
        default="",
        metadata=setting(
            Endpoint("client", client_fault, optional=True),
            "Where the gate connects to as receiver, if that is elsewhere; empty is endpoint.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    system_type: str = attrs.field(
        default="",
        metadata=setting(
            Octets(0, 12),
            "The system_type to bind with, if one is asked for.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    bind: str = attrs.field(
        default="transceiver",
        metadata=setting(
            Choice(("transceiver", "transmitter+receiver", "transmitter", "receiver")),
            "One session for both directions, a pair with one for each, or one direction only.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    sessions: int = attrs.field(
        default=1,
        metadata=setting(
            Whole(0, 1000),
            "How many sessions, or pairs of them, are bound in parallel. With 0 there are only "
            "those of binds passed through and of outbinds.",
            "sessions",
        ),
    )
    sessions_total: int = attrs.field(
        default=0,
        metadata=setting(
            Whole(0, 100_000),
            "How many of them are bound in all workers and nodes together, with those of outbinds "
            "and of binds passed through, where the provider allows so many. A link that would be "
            "one more waits until another has gone; an outbind is not bound then, and a bind goes "
            "to another SMSC of its pool, or is refused. 0 is any number. Where nodes share no "
            "store, each counts its own. If Redis does not answer, what is bound goes on, and "
            "nothing more is bound.",
            "sessions",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    interface_version: str = attrs.field(
        default="3.4",
        metadata=setting(
            Choice(("3.3", "3.4", "5.0")),
            "The version of SMPP to speak. In quotes.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    addr_ton: int = attrs.field(
        default=0,
        metadata=setting(
            _OCTET,
            "Type of number of address_range, in the bind.",
            "TON",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    addr_npi: int = attrs.field(
        default=0,
        metadata=setting(
            _OCTET,
            "Numbering plan of address_range, in the bind.",
            "NPI",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    address_range: str = attrs.field(
        default="",
        metadata=setting(
            Octets(0, 40),
            "The addresses to ask for in the bind. Most SMSCs want it empty.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    window: int = attrs.field(
        default=10,
        metadata=setting(
            COUNT,
            "Unanswered requests to the SMSC allowed per session. Most providers allow 10; more "
            "are answered 0x58, or not at all.",
            "requests",
        ),
    )
    rate: float = attrs.field(
        default=0.0,
        metadata=setting(
            RATE,
            "How many messages it is sent at the most, over all its sessions; others wait. 0 is "
            "any number.",
            "messages a second",
        ),
    )
    burst: float = attrs.field(
        default=0.0,
        metadata=setting(
            BURST,
            "How many of them at once after a pause, by rate and by link_rate each; 0 is those of "
            "a tenth of a second, one at least.",
            "messages",
        ),
    )
    link_rate: float = attrs.field(
        default=0.0,
        metadata=setting(
            RATE,
            "How many messages each of its sessions is sent at the most; 0 is any number.",
            "messages a second",
        ),
    )
    adaptive_rate: bool = attrs.field(
        default=False,
        metadata=setting(
            Flag(),
            "Whether it is sent less where it answers 0x58 or 0x14: a tenth less in a second in "
            "which it does, a hundredth more in each in which it does not, never more than rate. "
            "Such a message goes to another SMSC, or is sent to it again, until hold of its pool "
            "is over.",
        ),
    )
    weight: int = attrs.field(
        default=1,
        metadata=setting(
            MEMBER_WEIGHT,
            "Its share of a pool's messages, against the other members' weights; with 0 it takes "
            "no new ones.",
        ),
    )
    response_timeout: float = attrs.field(
        default=0.0,
        metadata=setting(
            Seconds(zero=True),
            "How long its answer is waited for; 0 is response_timeout of `[gate]`.",
            "seconds",
        ),
    )
    enquire_link: float = attrs.field(
        default=30.0,
        metadata=setting(
            Seconds(zero=True),
            "A session idle for this long is asked with enquire_link; 0 never asks.",
            "seconds",
        ),
    )
    enquire_link_timeout: float = attrs.field(
        default=10.0,
        metadata=setting(
            Seconds(),
            "How long the SMSC may take to answer that, or to send anything else on the session; "
            "then it is cut, its open requests are answered 0x08, and it is bound anew.",
            "seconds",
        ),
    )
    undelivered_status: int = attrs.field(
        default=0x64,
        metadata=setting(
            Whole(1, 0xFFFF_FFFF, hexadecimal=True),
            "The answer to a message or receipt that no ESME and no queue can take now. Some "
            "SMSCs do not send again on 0x64 but do on 0x14 or 0x08.",
            "command_status",
        ),
    )
    reconnect_min: float = attrs.field(
        default=1.0,
        metadata=setting(
            Seconds(),
            "A lost link is tried again after a random time up to this, so that many do not come "
            "back at once; each failure doubles it.",
            "seconds",
        ),
    )
    reconnect_max: float = attrs.field(
        default=60.0,
        metadata=setting(
            Seconds(), "The most that it grows to; after a refused bind it is this.", "seconds"
        ),
    )

    rebind: bool = attrs.field(
        default=True,
        metadata=setting(
            Flag(),
            "Whether a session is unbound and bound anew when the SMSC has forgotten the bind, or "
            "is silent (max_timeouts). A session that works is kept while it is the last of a "
            "pool, and pauses grow. Without, it only comes after all others.",
        ),
    )
    max_timeouts: int = attrs.field(
        default=5,
        metadata=setting(
            Whole(0, 1_000_000),
            "A session is silent after this many messages in a row without an answer in time, or "
            "while such messages take half of its window; 0 never calls it so.",
            "messages",
        ),
    )
    tag: str = attrs.field(
        default="",
        metadata=setting(
            ShortTag(),
            "What its message ids begin with where ESMEs see them; empty means 4 letters and "
            "digits made from its name. No tag may begin with another.",
            takes=Takes.AT_RESTART,
        ),
    )
    group: str = attrs.field(
        default="",
        metadata=setting(
            Name(optional=True),
            "SMSCs that give one set of message ids, and receipts for each other's messages, "
            "have one group; empty means its name.",
            takes=Takes.AT_RESTART,
        ),
    )
    receipt_ids: str = attrs.field(
        default="auto",
        metadata=setting(
            Choice(RECEIPT_IDS),
            'How a receipt has the id that was in the resp: the "same"; in decimal where the '
            'resp has hexadecimal, "resp_hex"; the other way round, "receipt_hex"; "auto" finds '
            "out.",
            takes=Takes.AT_RESTART,
        ),
    )
    system_id_case: str = attrs.field(
        default="exact",
        metadata=setting(
            Choice(("exact", "fold")),
            'Whether it tells "acme" from "ACME" in binds that are passed through to it: '
            '"fold" if not, so that both are one account.',
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    max_pending_binds: int = attrs.field(
        default=100,
        metadata=setting(
            COUNT,
            "How many binds that are passed through it may have to judge at one time. Beyond it "
            "another SMSC of the pool is asked, or the bind is refused with 0x0D.",
            "binds",
        ),
    )
    outbind_listen: str = attrs.field(
        default="",
        metadata=setting(
            Endpoint("server", server_fault, optional=True),
            "Where it may connect and send outbind, which the gate answers with bind_receiver; "
            "empty is nowhere.",
        ),
    )
    outbind_system_id: str = attrs.field(
        default="",
        metadata=setting(Octets(0, 15), "The system_id its outbind must have; empty takes any."),
    )
    outbind_password: str = attrs.field(
        default="",
        repr=False,
        metadata=setting(PASSWORD, "The password its outbind must have; empty takes any."),
    )
    tls: SmscTlsSettings | None = attrs.field(
        default=None,
        metadata=setting(Nested(SmscTlsSettings), "TLS, see below.", takes=Takes.LINK_BY_LINK),
    )

    @property
    def secret(self) -> str:
        """The password the gate binds with, wherever it is."""
        return secret_of(self.password, self.password_file, self.password_env)

    @property
    def tag_or_derived(self) -> str:
        """The tag in use: 1 to 5 of ``[A-Za-z0-9]``; no other SMSC's tag begins with it."""
        return self.tag or derived_tag(self.name)

    def endpoint_for(self, bind: str) -> str:
        """The endpoint of a bind of this kind."""
        is_elsewhere = bind == "receiver" and self.receive_endpoint
        return self.receive_endpoint if is_elsewhere else self.endpoint

    @property
    def group_or_name(self) -> str:
        """The group in use."""
        return self.group or self.name

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """A shortest wait longer than the longest; several passwords; TLS that cannot be."""
        yield from reconnect_problems(table.get("reconnect_min"), table.get("reconnect_max"))
        yield from password_problems(table, SMSC_PASSWORDS)
        yield from client_tls_problems(table, table.get("tls"))
