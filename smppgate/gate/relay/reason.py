"""`Cause`: why a message was not taken, or never left: a `Reason`, and some words of its own.

It is told with the end of the message, to logs, to traces and to reports.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from smppgate.notices import messages
from smppgate.routing.routes.rules import Target
from smppgate.txsmpp.constants import CommandStatus, numbers
from smppgate.txsmpp.notice import Notice

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
    EXPIRED = (
        "expired",
        "It was in the queue of its account as long as `queue_ttl` says, and is removed.",
    )
    DROPPED = (
        "dropped",
        "It was in the queue of its account, and is removed: the ESME refused it for good, or "
        "cannot be sent it in its version of SMPP, or an operator has dropped the queue.",
    )
    QUEUED = "queued", "It is in the queue of its account now, and so its SMSC was answered."

    def __init__(self, word: str, meaning: str) -> None:
        self.word = word
        self.meaning = meaning

    @property
    def notice(self) -> Notice:
        """The line of the log for messages that are not delivered.

        :raises KeyError: for what is no failure.
        """
        return _NOTICES[self]

    def because(self, text: str) -> Cause:
        """This, as ``text`` says it for people."""
        return Cause(self, text)


_NOTICES = {
    Reason.REFUSED: messages.REFUSED,
    Reason.THROTTLED: messages.THROTTLED,
    Reason.WINDOW: messages.WINDOW_FULL,
    Reason.TIMEOUT: messages.UNANSWERED,
    Reason.LINK_LOST: messages.SESSION_LOST,
    Reason.NO_SMSC: messages.NO_SMSC,
    Reason.HOLD: messages.HOLD_OVER,
    Reason.REJECTED: messages.REJECTED,
    Reason.NO_ROUTE: messages.NO_ROUTE,
    Reason.NOT_BOUND: messages.NOT_BOUND,
    Reason.UNMATCHED: messages.UNMATCHED,
    Reason.STOPPING: messages.STOPPING,
    Reason.EXPIRED: messages.QUEUE_EXPIRED,
    Reason.DROPPED: messages.QUEUE_DROPPED,
}


@frozen
class Cause:
    """Why a message came to its end without success.

    :ivar reason: for programs: one of a few.
    :ivar text: for people, a few words.
    """

    reason: Reason
    text: str


EXPIRED = Reason.EXPIRED.because("it has expired")
SUCCESS = Reason.NONE.because("")
_QUEUED = Reason.QUEUED.because("it is in the queue of its account")
_NOT_QUEUED = Reason.NOT_BOUND.because("the queue of its account has not taken it")
_REFUSED = Reason.REFUSED.because("refused")
_THROTTLED = Reason.THROTTLED.because("refused")
_NO_ROUTE = Reason.NO_ROUTE.because("no route is for it")
_REJECTED = Reason.REJECTED.because("a route rejects it")


def refusal(command_status: int) -> Cause:
    """Why a message was not taken that was answered so."""
    if not command_status:
        return SUCCESS
    return _THROTTLED if command_status in _THROTTLES else _REFUSED


def of_queue(command_status: int) -> Cause:
    """Why a message was not delivered that the queue of its account has answered so."""
    return _NOT_QUEUED if command_status else _QUEUED


def of_route(target: Target | None) -> Cause:
    """Why a message goes nowhere that this says so of."""
    return _NO_ROUTE if target is None or target.route is None else _REJECTED
