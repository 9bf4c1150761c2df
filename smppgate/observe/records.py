"""The fields of a line of the message log, and of a CDR.

A field is the same in every format, and has its meaning here and nowhere else: the table of
``docs/messages.md`` is made of `FIELDS`.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Field:
    """One field of a line."""

    name: str
    meaning: str


FIELDS: tuple[Field, ...] = (
    Field("time", "When the sender of the message was answered, UTC."),
    Field(
        "event",
        "`sent`: a message of an ESME, when that is answered; `refused`: one that never left; "
        "`mo`: a message of an SMSC, when that is answered; `receipt`: a receipt, likewise; "
        "`late`: an SMSC took a message after its sender was answered that it had not.",
    ),
    Field(
        "account",
        "system_id of the ESME that sent it, or that it is for; empty for the gate's own.",
    ),
    Field("session", "Number of that ESME's session, as `smppgate sessions` shows it."),
    Field("peer", "Address of that session's peer."),
    Field("route", "Name of the route that says where it goes, where there are routes."),
    Field("pool", "Pool whose SMSCs may take it."),
    Field("smsc", "SMSC that it was sent to last, or that sent it."),
    Field("link", "Link that it was sent on last, or came on."),
    Field("attempts", "How often it was sent."),
    Field("id", "message_id that the ESME knows it by."),
    Field("smsc_id", "message_id that the SMSC knows it by. A receipt has both of its message."),
    Field("source", "source_addr."),
    Field("destination", "destination_addr; of a submit_multi the first one."),
    Field(
        "status",
        "command_status that the sender was answered, by name; of a `late` one what the SMSC "
        "answered.",
    ),
    Field("reason", "Why that is an error, or why it was not delivered: see below."),
    Field("latency", "Seconds from its last try to the answer."),
    Field("parts", "Which part of how many, of a long message: `2/3`."),
    Field("receipt", "State that a receipt tells: `DELIVRD`, …"),
    Field("entered", "When the message came, UTC."),
    Field("sent", "When it was sent last, UTC."),
    Field("source_ton", "Type of number of the source."),
    Field("source_npi", "Numbering plan of the source."),
    Field("destination_ton", "Type of number of the destination."),
    Field("destination_npi", "Numbering plan of the destination."),
    Field("error", "Error that a receipt tells: `err:` of its text, else network_error_code."),
    Field(
        "matched",
        "How the message of a receipt was found: `id`, by the SMSC's id as it stands there; "
        "`notation`, by the same number written otherwise; `destination`, it was not, and the "
        "receipt went by its number; `no`, it was not.",
    ),
    Field("text", "Text of the message, only with `log_text = true`."),
)
"""All of them, in the order of the columns."""

NAMES = tuple(field.name for field in FIELDS)

PLACE = NAMES[2:10]
"""Those that say who sent a message and where it went."""
IDS = NAMES[10:14]
"""Both ids, and both addresses."""
OUTCOME = NAMES[14:21]
"""Those that say how it ended, and when it came and left."""
PLANS = NAMES[21:25]
"""Those that say what its addresses are."""
REST = NAMES[25:]
