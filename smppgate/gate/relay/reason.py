"""`Reason`: why a message was not taken, or never left, in one word: told with its end."""

from __future__ import annotations

from enum import Enum

from smppgate.routing.routes.rules import Target
from smppgate.txsmpp.constants import CommandStatus, numbers

_THROTTLES = numbers(CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL)


class Reason(Enum):
    """Why a message came to its end without success.

    :ivar word: what logs have for it.
    :ivar meaning: the same as a sentence.
    """

    word: str
    meaning: str

    NONE = "", "The message was taken."
    REFUSED = (
        "refused",
        "Its peer refused it; or the gate did, because the peer cannot be sent it as it is.",
    )
    THROTTLED = (
        "throttled",
        "It was over the rate of its account or session; or its SMSC says that it is sent too "
        "much (0x58, 0x14).",
    )
    WINDOW = (
        "window",
        "The window of the ESME's session was full: that of the one that sent it, or that of all "
        "that it might have been sent to.",
    )
    TIMEOUT = "timeout", "It was sent, and not answered in time."
    LINK_LOST = (
        "link_lost",
        "It was sent, and the link or session that it was sent on ended before the answer.",
    )
    NO_SMSC = "no_smsc", "No SMSC that may take it was up."
    HOLD = (
        "hold",
        "SMSCs were up, and none had room: it waited in vain as long as `hold` says, or "
        "`hold_octets` of messages waited.",
    )
    REJECTED = (
        "rejected",
        "A route or a hook rejects it; or a hook gives its answer another status.",
    )
    NO_ROUTE = (
        "no_route",
        "No route is for it; no account serves the number that a message of an SMSC is for.",
    )
    NOT_BOUND = (
        "not_bound",
        "The ESME that it is for is not bound as a receiver, and it has no queue, or a full one; "
        "of what was to be sent: the session of its ESME ended while it waited.",
    )
    UNMATCHED = (
        "unmatched",
        "A receipt of a message that the gate does not know, or whose account is gone.",
    )
    STOPPING = "stopping", "The gate was stopping."
    QUEUED = "queued", "It is in the queue of its account now, and so its SMSC was answered."

    def __init__(self, word: str, meaning: str) -> None:
        self.word = word
        self.meaning = meaning


def refusal(command_status: int) -> Reason:
    """Why a message was not taken that was answered so."""
    if not command_status:
        return Reason.NONE
    return Reason.THROTTLED if command_status in _THROTTLES else Reason.REFUSED


def of_queue(command_status: int) -> Reason:
    """Why a message was not delivered that the queue of its account has answered so."""
    return Reason.NOT_BOUND if command_status else Reason.QUEUED


def of_route(target: Target | None) -> Reason:
    """Why a message goes nowhere that this says so of."""
    return Reason.NO_ROUTE if target is None or target.route is None else Reason.REJECTED
