"""SG-9…: what should not happen. The lines behind each of these have the place in the program."""

from smppgate.txsmpp.notice import Notice
from smppgate.txsmpp.notices import FAULT, REPORT_IT


def _fault(number: int, name: str, text: str, meaning: str) -> Notice:
    return Notice(
        code=f"SG-{number}",
        name=name,
        level="critical",
        text=text,
        meaning=meaning,
        cause=FAULT,
        remedy=REPORT_IT,
    )


LOOKUP_FAILED = _fault(
    9101,
    "look-up led to an error",
    "a look-up led to an error",
    "A receipt or a request about a message was looked up, and is not answered.",
)
PASSING_FAILED = _fault(
    9102,
    "bind could not be passed on",
    "a bind could not be passed on",
    "An ESME's bind was answered 0x0D.",
)
NOT_UNBOUND = _fault(
    9103,
    "link or SMSC not unbound",
    "{what} was not unbound",
    "A reload has taken a link or an SMSC away. Its connection may stay.",
)
CHANGES_UNTOLD = _fault(
    9104,
    "changes not told",
    "not all changes were told",
    "A reload is done, and the log does not have all of it.",
)
QUEUE_ANSWER_FAILED = _fault(
    9105,
    "queued message not answered",
    "a message that was queued could not be answered",
    "It is in the queue, and its SMSC may send it again.",
)
QUEUES_UNCOUNTED = _fault(
    9106,
    "queues could not be counted",
    "queues could not be counted",
    "They are counted again in a while.",
)
QUEUE_UNREAD = _fault(
    9107,
    "queue could not be read",
    "a queue could not be read",
    "It is read again in a while.",
)
BIND_UNJUDGED = _fault(
    9108,
    "bind not judged",
    "a bind was not judged",
    "An ESME's bind waited for its password to be compared, and was not answered.",
)
PASSWORD_UNCOMPARED = _fault(
    9109,
    "password not compared",
    "a password could not be compared",
    "An ESME's bind was refused; its next one is judged anew.",
)
CERTIFICATES_UNSEEN = _fault(
    9110,
    "certificates not looked at",
    "certificates could not be looked at",
    "Whether files of certificates have changed is not known. They are looked at again.",
)
HOOKS_NOT_STOPPED = _fault(
    9111,
    "hooks not stopped",
    "the hooks {name} were not stopped",
    "Their `stop` has failed. What they hold, such as connections, may stay.",
)
DECISION_NOT_CANCELLED = _fault(
    9112,
    "decision of a hook not cancelled",
    "a decision of a hook could not be cancelled",
    "What it was asked about is gone, or was decided otherwise. Its answer is not waited for.",
)
LOADS_UNTOLD = _fault(
    9113,
    "loads not told to other nodes",
    "loads are not told any more",
    "Other nodes choose among sessions by what they were told last.",
)
SHARES_IDLE = _fault(
    9114,
    "rates not divided anew",
    "rates are not divided among processes any more",
    "This process goes on with the parts of the rates of accounts and SMSCs that it had last.",
)
REQUEST_FAILED = _fault(
    9401,
    "request of the API failed",
    "a request of the API failed",
    "It was answered 500. Messages are not concerned.",
)
REQUEST_UNANSWERED = _fault(
    9402,
    "request of the API not answered",
    "a request could not be answered",
    "Its connection was closed. Messages are not concerned.",
)
ACTION_FAILED = _fault(
    9403,
    "operator's wish failed",
    "what an operator asked for failed",
    "Something that takes a while, such as a drain, has ended with an error.",
)
