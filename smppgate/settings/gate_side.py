"""The table ``[gate]``."""

from __future__ import annotations

from typing import Any

import attrs

from smppgate.settings.checks import Flag, Seconds, Whole
from smppgate.settings.hook_side import Factory, Options
from smppgate.settings.tables import SYSTEM_ID, Table, setting
from smppgate.settings.takes import Takes
from smppgate.settings.texts import Choice, FolderPath
from smppgate.settings.workers import MOST_WORKERS, Workers


@attrs.frozen
class GateSettings(Table):
    """``[gate]``: settings of the whole gate."""

    name: str = attrs.field(
        default="smppgate",
        metadata=setting(
            SYSTEM_ID,
            "The gate's system_id in bind_resp to ESMEs.",
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    response_timeout: float = attrs.field(
        default=60.0,
        metadata=setting(
            Seconds(),
            "How long the answer of an SMSC is waited for. After that the gate answers for it.",
            "seconds",
        ),
    )
    deliver_timeout: float = attrs.field(
        default=10.0,
        metadata=setting(
            Seconds(),
            "How long the answer of an ESME is waited for before the SMSC is told that the "
            "message is not delivered: SMSCs give up after 5 to 30 s and send it again.",
            "seconds",
        ),
    )
    stop_timeout: float = attrs.field(
        default=30.0,
        metadata=setting(
            Seconds(),
            "How long a stop may take in all. ESMEs are served until they have answered the "
            "unbind; requests that are open when most of this time is over are answered 0x08.",
            "seconds",
        ),
    )
    unbind_timeout: float = attrs.field(
        default=2.0,
        metadata=setting(
            Seconds(),
            "How long the answer to the gate's own unbind is waited for. A session with open "
            "requests goes on for up to 5 seconds, to hear and to give their answers.",
            "seconds",
        ),
    )
    session_init_timeout: float = attrs.field(
        default=30.0,
        metadata=setting(
            Seconds(), "How long a new connection may take until it has bound.", "seconds"
        ),
    )
    refused_bind_wait: float = attrs.field(
        default=1.0,
        metadata=setting(
            Seconds(zero=True),
            "How long a peer whose bind was refused may take to close first: some lose the answer "
            "when the end follows at once. 0 closes at once.",
            "seconds",
        ),
    )
    stale_bind_timeout: float = attrs.field(
        default=5.0,
        metadata=setting(
            Seconds(zero=True),
            "When a bind finds max_binds in use, the sessions in place are asked with "
            "enquire_link, and those not heard for this long are cut; 0 asks none.",
            "seconds",
        ),
    )
    bind_delay: float = attrs.field(
        default=10.0,
        metadata=setting(
            Seconds(zero=True),
            "How long a bind waits at the most before it is judged, after several of its "
            "system_id from its address were refused for name or password; 0 lets none wait.",
            "seconds",
        ),
    )
    enquire_link: float = attrs.field(
        default=30.0,
        metadata=setting(
            Seconds(zero=True),
            "An ESME session idle for this long is asked with enquire_link; 0 never asks.",
            "seconds",
        ),
    )
    enquire_link_timeout: float = attrs.field(
        default=10.0,
        metadata=setting(
            Seconds(),
            "How long an ESME session may take to answer that, or to send anything else; then it "
            "is cut.",
            "seconds",
        ),
    )
    inactivity_timeout: float = attrs.field(
        default=0.0,
        metadata=setting(
            Seconds(zero=True),
            "An ESME session that sends nothing but answers to the gate's own enquire_link for "
            "this long is ended; 0 never ends one.",
            "seconds",
        ),
    )
    max_pdu_size: int = attrs.field(
        default=70_000,
        metadata=setting(
            Whole(1024, 1_048_576),
            "The largest PDU taken from either side. A longer command_length ends the session.",
            "octets",
        ),
    )
    refusal_rate: int = attrs.field(
        default=2000,
        metadata=setting(
            Whole(0, 1_000_000),
            "How many PDUs a second each session may send that are refused, that no window "
            "bounds, such as enquire_link, or whose message is looked up on disk. Beyond that it "
            "is not read for a while, up to a second; 0 is no limit.",
            "PDUs a second",
        ),
    )
    no_member_status: int = attrs.field(
        default=0x08,
        metadata=setting(
            Whole(1, 0xFFFF_FFFF, hexadecimal=True),
            "The answer to a message that no SMSC of its pool was there for in the time of hold.",
            "command_status",
        ),
    )
    hold_octets: int = attrs.field(
        default=268_435_456,
        metadata=setting(
            Whole(1, 1_099_511_627_776),
            "How much memory messages may take that wait for an SMSC, see hold of `[[pool]]`. "
            "Beyond it, of the account that has most of it the newest message is answered 0x58.",
            "octets",
        ),
    )
    affinity_ttl: float = attrs.field(
        default=60.0,
        metadata=setting(
            Seconds(),
            "How long the parts of one long message go to one link of one SMSC, and the steps of "
            "a dialogue to one ESME session and the answers to one SMSC, after the last of them.",
            "seconds",
        ),
    )
    hooks: str = attrs.field(
        default="",
        metadata=setting(
            Factory(),
            "What makes the hooks: code of your own that is asked about binds, messages and "
            "answers, see docs/hooks.md. Its module must be where Python finds it.",
        ),
    )
    hook_options: dict[str, Any] = attrs.field(
        # Nothing puts anything into it: hooks get a copy.
        default={},
        hash=False,
        repr=False,
        metadata=setting(
            Options(),
            "What the hooks are told, as a table of its own: `[gate.hook_options]`. Neither logs "
            "nor the API show it.",
        ),
    )
    hook_timeout: float = attrs.field(
        default=2.0,
        metadata=setting(Seconds(), "How long a hook may take for a decision.", "seconds"),
    )
    hook_default: str = attrs.field(
        default="refuse",
        metadata=setting(
            Choice(("refuse", "pass")),
            'What becomes of what a hook fails to decide: "refuse" answers a bind 0x0D, a message '
            'of an ESME 0x08 and one of an SMSC undelivered_status; "pass" lets it go on as it '
            "is. Answers always do.",
        ),
    )
    accept_binds_without_smsc: bool = attrs.field(
        default=True,
        metadata=setting(
            Flag(),
            "Whether ESMEs may bind while no SMSC link is up. If not, they are refused with 0x0D.",
            takes=Takes.AT_NEXT_BIND,
        ),
    )
    message_ids: str = attrs.field(
        default="tagged",
        metadata=setting(
            Choice(("tagged", "original")),
            'How ESMEs see message ids: "tagged" has the tag of the SMSC in front, so that no two '
            'are equal; "original" is what the SMSC gave.',
            takes=Takes.AT_RESTART,
        ),
    )
    unmatched_receipts: str = attrs.field(
        default="reject",
        metadata=setting(
            Choice(("reject", "ack")),
            "The answer to a receipt of an unknown message whose number is in no account's "
            'address_ranges: "reject" is undelivered_status, "ack" drops it as if it had been '
            "delivered.",
        ),
    )
    receipt_patience: float = attrs.field(
        default=2.0,
        metadata=setting(
            Seconds(),
            "How long a receipt waits at the most for the answer that says whose message it is "
            "about. SMSCs give up waiting for theirs after 5 seconds or more.",
            "seconds",
        ),
    )
    receipt_delay: float = attrs.field(
        default=0.05,
        metadata=setting(
            Seconds(zero=True),
            "How long a receipt waits after the answer about its message has left, if it leaves "
            "on another session: an ESME with a transmitter and a receiver may read it first, and "
            "lose it. 0 never waits.",
            "seconds",
        ),
    )
    pass_newer_tlvs: bool = attrs.field(
        default=False,
        metadata=setting(
            Flag(), "Whether TLVs that only SMPP 5.0 has go to peers that are bound as 3.4."
        ),
    )
    workers: int | str = attrs.field(
        default=1,
        metadata=setting(
            Workers(1, MOST_WORKERS),
            "How many processes share the work, each on a core of its own: see docs/workers.md. "
            '"auto" is one for each core; 1 is one process for all.',
            takes=Takes.AT_RESTART,
        ),
    )
    reuse_port: bool = attrs.field(
        default=False,
        metadata=setting(
            Flag(),
            "Whether each worker accepts connections by itself, and the system spreads them by "
            "chance. If not, a master accepts them, and the worker with the fewest gets the next.",
            takes=Takes.AT_RESTART,
        ),
    )
    state_dir: str = attrs.field(
        default="state",
        metadata=setting(
            FolderPath(),
            "The folder of what outlives the gate; a relative path counts from the directory that "
            "the gate runs in. It is made on first start, for the gate's user alone.",
            takes=Takes.AT_RESTART,
        ),
    )
