"""SG-3…: messages that are not delivered, and queues of accounts.

Of each kind of message that is not delivered the first has a line at once, and as long as more
come there is one a minute with their number. The message log has a line for each of them.
"""

from smppgate.txsmpp.notice import Notice

_NOT_DELIVERED = (
    "{messages} not delivered: {reason}; account {account}, SMSC {smsc}, status 0x{status:08X} "
    "({meaning})"
)


def _not_delivered(number: int, name: str, *, meaning: str, cause: str, remedy: str) -> Notice:
    return Notice(
        code=f"SG-{number}",
        name=name,
        level="info",
        text=_NOT_DELIVERED,
        meaning=meaning,
        cause=cause,
        remedy=remedy,
    )


REFUSED = _not_delivered(
    3001,
    "message refused",
    meaning="The SMSC or the ESME that messages were sent to answered them with this status, and "
    "so was their sender; or the gate answered it, because the peer cannot be sent them as they "
    "are.",
    cause="The status says it: 0x0B, the number is not served; 0x45, 0x64, 0x65: the message is "
    "wrong; 0x08, the SMSC is in trouble.",
    remedy="Look whether that SMSC is meant to have them: `smppgate route`. Ask the provider "
    "about the status, with an example of the message log. `retry_on` in `[[pool]]` says which "
    "statuses are tried at another SMSC.",
)

THROTTLED = _not_delivered(
    3002,
    "message throttled",
    meaning="Messages were over a rate, and answered 0x58 or 0x14: the ESME may send them again, "
    "more slowly.",
    cause="The account is over its `rate` or `session_rate`; or the SMSC answers that it is sent "
    "too much.",
    remedy="For an account: raise its `rate`, or let it wait with `over_rate` and `hold`. For an "
    "SMSC: set its `rate` to what the provider allows, or `adaptive_rate = true`.",
)

WINDOW_FULL = _not_delivered(
    3003,
    "window full",
    meaning="An ESME has sent more than its window, and was answered 0x58; or an SMSC has sent "
    "more to an ESME than that can take, and was answered `undelivered_status`.",
    cause="The ESME does not wait for answers, or answers slowly.",
    remedy="Raise `window` in `[[esme]]`, or let the ESME keep to it. `queue = true` keeps what "
    "an ESME cannot take now.",
)

UNANSWERED = _not_delivered(
    3004,
    "message not answered",
    meaning="Messages were sent and not answered within `response_timeout` (or "
    "`deliver_timeout`). Their sender was answered 0x08; the peer may have them all the same.",
    cause="The peer is overloaded, or its network drops what is sent.",
    remedy="Look at the latency of that peer (`smppgate top`), and ask its operator.",
)

SESSION_LOST = _not_delivered(
    3005,
    "link lost under a message",
    meaning="The link or session that messages were sent on ended before the answer. The peer may "
    "have them all the same.",
    cause="SG-1004 says it for links; sessions of ESMEs have their line too.",
    remedy='`on_link_loss = "resubmit"` in `[[pool]]` sends them again, and may duplicate.',
)

NO_SMSC = _not_delivered(
    3006,
    "no SMSC up",
    meaning="No SMSC of the pool was up for as long as `hold` says. The ESME was answered "
    "`no_member_status`.",
    cause="SG-1301 and the lines before it.",
    remedy="As for SG-1301.",
)

HOLD_OVER = _not_delivered(
    3007,
    "hold over",
    meaning="SMSCs were up, and none had room for as long as `hold` says; or `hold_octets` of "
    "messages waited already. The ESME was answered 0x58.",
    cause="More comes in than the SMSCs take: their `window`, `rate` or speed is the limit.",
    remedy="`smppgate smscs` shows how full they are. Raise `window`, `rate` or `sessions` in "
    "`[[smsc]]` to what the provider allows, add an SMSC, or raise `hold` for short peaks.",
)

REJECTED = _not_delivered(
    3008,
    "route rejects",
    meaning="A `[[route]]` with `reject` holds for these messages.",
    cause="The configuration wants it so.",
    remedy="`smppgate route --esme ACCOUNT --to NUMBER` tells which route it is.",
)

NO_ROUTE = _not_delivered(
    3009,
    "no route",
    meaning="No `[[route]]` holds for messages of an ESME; or no account serves the number that "
    "messages of an SMSC are for.",
    cause="A route or an `address_ranges` is missing, or numbers are written otherwise (`+`, "
    "leading zeros, another type of number).",
    remedy="`smppgate route --esme ACCOUNT --to NUMBER` tells why none holds. Add a route at the "
    "end for what is left, or the number to `address_ranges` of its account.",
)

NOT_BOUND = _not_delivered(
    3010,
    "ESME not bound",
    meaning="The ESME that messages are for is not bound as a receiver, and it has no queue, or a "
    "full one. The SMSC was answered `undelivered_status`, and sends them again.",
    cause="The ESME is gone, or binds as a transmitter only.",
    remedy="`smppgate sessions ACCOUNT` shows how it is bound. `queue = true` in `[[esme]]` keeps "
    "its messages, `queue_size` of them.",
)

UNMATCHED = _not_delivered(
    3011,
    "receipt of an unknown message",
    meaning="A receipt came, and no message is known that it is about; or its account is gone. It "
    "was answered as `unmatched_receipts` says.",
    cause="The message was sent by another gate or before a loss of the store; its id is written "
    "otherwise in receipts than in answers; or its return path has expired.",
    remedy="Compare both ids in the message log. `receipt_ids` and `group` in `[[smsc]]` say how "
    "an SMSC writes them; `return_path_ttl` says how long they are known.",
)

STOPPING = _not_delivered(
    3012,
    "the gate was stopping",
    meaning="Messages that were not answered when the time of the stop was over.",
    cause="An operator has stopped the gate, while SMSCs answered slowly or none was up.",
    remedy="None. A longer `stop_timeout` gives them more time.",
)

SHARED_ID = Notice(
    code="SG-3101",
    name="one id from two SMSCs",
    level="warn",
    text="ESME {account} was given the id {message_id} by SMSC {smsc} and by SMSC {other}: it "
    'cannot tell these messages apart; message_ids = "tagged" would ({count} so far)',
    meaning="Receipts of both messages go to the right account, but have the same id.",
    cause="Two SMSCs that do not know of each other count their messages alike.",
    remedy='Set `message_ids = "tagged"` in `[gate]`; it takes effect at the next start.',
)

QUEUE_DROPPED = Notice(
    code="SG-3201",
    name="queued message dropped",
    level="warn",
    text="a message that waited for ESME {account} is dropped: {reason} ({count} so far)",
    meaning="The ESME refused a message of its queue for good, or cannot be sent it in its "
    "version of SMPP. The SMSC has been answered before, so it is lost.",
    cause="The status says why the ESME does not want it.",
    remedy="Tell the ESME's owner. The message log has each of them, with the reason `dropped`.",
)

QUEUE_EXPIRED = Notice(
    code="SG-3202",
    name="queued messages expired",
    level="warn",
    text="{messages} that waited for ESME {account} expired ({count} so far)",
    meaning="They were in the queue of the account for `queue_ttl` and are removed. Their SMSC "
    "has been answered before, so they are lost.",
    cause="The ESME was not bound, or took less than came.",
    remedy="`smppgate queues` shows how many wait. Tell the ESME's owner; raise `queue_ttl`.",
)

ORPHANS = Notice(
    code="SG-3203",
    name="messages of an account without a queue",
    level="warn",
    text="{count} messages are queued for ESME {account}, which has no queue: they are kept until "
    "{until} at the latest, and delivered if it has one again",
    meaning="Nothing is lost yet.",
    cause="The account was removed, or has `queue = false` now.",
    remedy="Give it a queue again until they are delivered, or let them expire.",
)

QUEUE_EMPTIED = Notice(
    code="SG-3204",
    name="queue dropped by an operator",
    level="warn",
    text="ESME {account}: {count} messages of its queue are dropped",
    meaning="An operator has dropped what waited for the account.",
    cause="`smppgate queue drop`, or the API.",
    remedy="None.",
)

HOOK_FAILED = Notice(
    code="SG-3301",
    name="a hook failed",
    level="warn",
    text="a hook failed: {what}",
    meaning="A method of the hooks raised an error, was late, or decided what cannot be done. "
    "`hook_default` was done with what it was asked about.",
    cause="A mistake in the hooks, or something that they ask is slow or away.",
    remedy="The metric smppgate_hook_failures_total counts failures of each method. Mend the "
    "hooks and reload, or give them more `hook_timeout`.",
)
