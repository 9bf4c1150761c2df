"""The options of ``smppgate simulate``, on the command line and in a file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from smppgate.cli.failures import UsageError
from smppgate.cli.option_file import Option
from smppgate.cli.options import (
    address,
    command_status,
    count,
    listening_endpoint,
    octets,
    password,
    percentage,
    positive_seconds,
    rate,
    seconds,
    system_id,
)
from smppgate.cli.simulator.behaviour import Behaviour
from smppgate.txsmpp.constants import MessageState
from smppgate.txsmpp.receipts import STAT_OF

_DEFAULT = Behaviour()

_LONGEST_ID = 64
"""Octets of a message_id without its NUL, SMPP v3.4 §5.2.23."""

# Half of them; the rest is for the number.
_id_prefix = octets(_LONGEST_ID // 2)

_NOTATIONS = ("hex", "decimal")

_FAILED_STATES = {
    STAT_OF[state].decode(): state
    for state in (
        MessageState.UNDELIVERABLE,
        MessageState.EXPIRED,
        MessageState.REJECTED,
        MessageState.DELETED,
        MessageState.UNKNOWN,
    )
}


def state_share(text: str) -> tuple[MessageState, float]:
    """A final state and the share of messages that come to it, from ``UNDELIV=10%``.

    :raises ArgumentTypeError: for anything else.
    """
    word, _, share = text.partition("=")
    state = _FAILED_STATES.get(word.upper())
    if state is None:
        known = ", ".join(_FAILED_STATES)
        raise argparse.ArgumentTypeError(f"STATE=PERCENT with one of {known}, not {text!r}")
    return state, percentage(share)


def id_length(text: str) -> int:
    """A number of octets from 1 to 64.

    :raises ArgumentTypeError: for anything else.
    """
    value = count(text)
    if value > _LONGEST_ID:
        raise argparse.ArgumentTypeError(f"at most {_LONGEST_ID} octets, not {text!r}")
    return value


def whole_number(text: str) -> int:
    """An integer.

    :raises ArgumentTypeError: for anything else.
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"an integer, not {text!r}") from None


GENERAL = (
    Option(
        "listen",
        "ENDPOINT",
        listening_endpoint,
        "Twisted server endpoint; with port 0 the kernel picks one "
        "(default: tcp:3001:interface=127.0.0.1)",
        "tcp:3001:interface=127.0.0.1",
    ),
    Option(
        "report",
        "SECONDS",
        positive_seconds,
        "time between two lines of statistics (default: 5)",
        5.0,
    ),
    Option("seed", "N", whole_number, "an integer that makes all chance come out the same again"),
)

BINDS = (
    Option("system-id", "NAME", system_id, "who may bind (default: anyone)"),
    Option("password", "PASSWORD", password, "the password to bind with (default: any)"),
    Option(
        "name",
        "NAME",
        system_id,
        "the system_id that the SMSC calls itself by (default: smsc)",
        _DEFAULT.name,
    ),
    Option(
        "drop-every",
        "SECONDS",
        seconds,
        "cut one of the connections so often (default: none)",
        _DEFAULT.drop_every,
    ),
)

ANSWERS = (
    Option(
        "latency",
        "SECONDS",
        seconds,
        "from a message to its answer (default: at once)",
        _DEFAULT.latency,
    ),
    Option(
        "jitter",
        "SECONDS",
        seconds,
        "latency may be that much more or less, so that answers change places (default: 0)",
        _DEFAULT.jitter,
    ),
    Option(
        "error-rate",
        "PERCENT",
        percentage,
        "how many messages are refused (default: 0)",
        _DEFAULT.error_rate,
    ),
    Option(
        "error-status",
        "STATUS",
        command_status,
        "what they are refused with, by name or number; given more than once, one of them by "
        "chance (default: ESME_RSUBMITFAIL)",
        _DEFAULT.error_statuses,
        is_repeated=True,
    ),
    Option(
        "throttle",
        "PER_SECOND",
        rate,
        "messages a second that are taken, and as many at once after a pause; further ones are "
        "refused with ESME_RTHROTTLED (default: all)",
        _DEFAULT.throttle,
    ),
    Option(
        "silence",
        "PERCENT",
        percentage,
        "how many messages are never answered (default: 0)",
        _DEFAULT.silence,
    ),
    Option(
        "id-prefix",
        "TEXT",
        _id_prefix,
        "what each message_id begins with (default: nothing)",
        _DEFAULT.id_prefix,
    ),
    Option(
        "id-format",
        "NOTATION",
        str,
        "how the number in a message_id is written (default: hex)",
        "hex",
        choices=_NOTATIONS,
    ),
    Option(
        "id-length",
        "OCTETS",
        id_length,
        "octets that a message_id has at the least, by zeros in front of its number, up to 64 "
        "(default: 8 digits in hex)",
        _DEFAULT.id_length,
    ),
)

DELIVERIES = (
    Option(
        "receipts",
        "PERCENT|all",
        percentage,
        "how many of the messages that ask for a receipt get one (default: all)",
        _DEFAULT.receipts,
    ),
    Option(
        "receipt-delay",
        "SECONDS",
        seconds,
        "from a message's answer to its receipt; until then it can be cancelled "
        "(default: 0, right behind it)",
        _DEFAULT.receipt_delay,
    ),
    Option(
        "receipt-ids",
        "NOTATION",
        str,
        "how the number in a receipt's id is written (default: as in the answer)",
        choices=_NOTATIONS,
    ),
    Option(
        "state",
        "STATE=PERCENT",
        state_share,
        "how many of the messages taken end so, such as UNDELIV=10%; may be given again, for "
        f"{', '.join(_FAILED_STATES)} (default: all are delivered)",
        _DEFAULT.states,
        is_repeated=True,
    ),
    Option(
        "mo-rate",
        "PER_SECOND",
        rate,
        "mobile-originated messages, while anyone is bound to receive them (default: 0)",
        _DEFAULT.mo_rate,
    ),
    Option(
        "mo-destination",
        "ADDRESS",
        address,
        "the number they go to; given more than once, one of them by chance "
        f"(default: {_DEFAULT.mo_destinations[0].decode()})",
        _DEFAULT.mo_destinations,
        is_repeated=True,
    ),
    Option(
        "window",
        "COUNT",
        count,
        f"unanswered deliver_sm on a session at the most (default: {_DEFAULT.window})",
        _DEFAULT.window,
    ),
    Option(
        "queue",
        "COUNT",
        count,
        "answers and receipts that may wait; beyond it messages are refused with ESME_RMSGQFUL "
        f"and receipts dropped (default: {_DEFAULT.queue})",
        _DEFAULT.queue,
    ),
)

GROUPS: dict[str, tuple[Option, ...]] = {
    "binds and connections": BINDS,
    "answers": ANSWERS,
    "receipts and mobile-originated messages": DELIVERIES,
}

OPTIONS = (*GENERAL, *BINDS, *ANSWERS, *DELIVERIES)


def behaviour(values: Mapping[str, Any]) -> Behaviour:
    """The behaviour that these values of `OPTIONS` describe.

    :raises UsageError: when the shares of states are more than all messages.
    """
    total = sum(share for _, share in values["state"])
    if total > 1 + 1e-9:
        raise UsageError(f"state: the shares are {total:.0%} of all messages")
    return Behaviour(
        name=values["name"],
        system_id=values["system_id"],
        password=values["password"],
        drop_every=values["drop_every"],
        latency=values["latency"],
        jitter=values["jitter"],
        error_rate=values["error_rate"],
        error_statuses=values["error_status"],
        throttle=values["throttle"],
        silence=values["silence"],
        receipts=values["receipts"],
        receipt_delay=values["receipt_delay"],
        hexadecimal_receipts=_is_hexadecimal(values["receipt_ids"]),
        states=values["state"],
        mo_rate=values["mo_rate"],
        mo_destinations=values["mo_destination"],
        id_prefix=values["id_prefix"],
        hexadecimal_ids=values["id_format"] == "hex",
        id_length=values["id_length"],
        window=values["window"],
        queue=values["queue"],
    )


def _is_hexadecimal(notation: str | None) -> bool | None:
    return None if notation is None else notation == "hex"
