"""Commands between a worker, with its `SharedStore`, and the master, with the store behind it.

They are the methods of `IQueues`, `INumbers`, `IAdmission` and `IQuota`. Messages are tuples, as
their classes have their fields. What the master tells of a queue comes in the order in which it
happened, and in order with its answers: the counts of `AccountQueue` rest on that.
"""

from __future__ import annotations

from twisted.protocols import amp

from smppgate.store.records import StoreError
from smppgate.workers.values import Values

ERRORS: dict[type[Exception], bytes] = {StoreError: b"STORE_ERROR"}

ACCOUNT = (b"account", amp.String())
COUNT = (b"count", amp.Integer())
SMSC = (b"smsc", amp.Unicode())


# To the master


class Enqueue(amp.Command):
    """See `IQueues.enqueue`; has the fields of each `NewMessage`, gives values of `Enqueued`."""

    arguments = [(b"messages", Values())]
    response = [(b"outcomes", Values())]


class Queued(amp.Command):
    """See `IQueues.queued`; gives the fields of each `QueuedMessage`."""

    arguments = [ACCOUNT, (b"after", amp.Integer()), (b"limit", amp.Integer())]
    response = [(b"messages", Values())]
    errors = ERRORS


class Remove(amp.Command):
    """See `IQueues.remove`."""

    arguments = [ACCOUNT, (b"numbers", Values())]


class QueueSizes(amp.Command):
    """See `IQueues.queue_sizes`."""

    response = [(b"sizes", Values())]
    errors = ERRORS


class QueueEnds(amp.Command):
    """See `IQueues.queue_ends`."""

    response = [(b"ends", Values())]
    errors = ERRORS


class Watch(amp.Command):
    """Tell of a queue, or do not any more; see `IQueues.watch`."""

    arguments = [ACCOUNT, (b"begins", amp.Boolean())]
    requiresAnswer = False


class Claim(amp.Command):
    """See `IQueues.claim`. ``turn`` is the same until `Release`, and comes back with `Granted`."""

    arguments = [ACCOUNT, (b"rank", amp.Integer()), (b"turn", amp.Integer())]
    requiresAnswer = False


class Release(amp.Command):
    """See `IQueues.release`."""

    arguments = [ACCOUNT]
    requiresAnswer = False


class ReserveNumbers(amp.Command):
    """See `INumbers.reserve_numbers`."""

    arguments = [COUNT]
    response = [(b"first", amp.Integer())]
    errors = ERRORS


class Admit(amp.Command):
    """See `IAdmission.admit`."""

    arguments = [ACCOUNT, (b"limit", amp.Integer())]
    response = [(b"is_admitted", amp.Boolean())]
    errors = ERRORS


class Leave(amp.Command):
    """See `IAdmission.leave`."""

    arguments = [ACCOUNT]
    requiresAnswer = False


class TakeSlot(amp.Command):
    """See `IAdmission.take_slot`."""

    arguments = [SMSC, (b"limit", amp.Integer())]
    response = [(b"has_slot", amp.Boolean())]
    errors = ERRORS


class GiveSlot(amp.Command):
    """See `IAdmission.give_slot`."""

    arguments = [SMSC]
    requiresAnswer = False


class Lease(amp.Command):
    """See `IQuota.lease`."""

    arguments = [(b"wanted", Values())]
    requiresAnswer = False


# To a worker


class Came(amp.Command):
    """See `QueueWatcher.came`."""

    arguments = [ACCOUNT, COUNT]
    requiresAnswer = False


class Emptied(amp.Command):
    """See `QueueWatcher.emptied`."""

    arguments = [ACCOUNT]
    requiresAnswer = False


class Granted(amp.Command):
    """See `QueueWatcher.granted`; ``turn`` is that of `Claim`."""

    arguments = [ACCOUNT, COUNT, (b"turn", amp.Integer())]
    requiresAnswer = False


class Wanted(amp.Command):
    """See `QueueWatcher.wanted`."""

    arguments = [ACCOUNT]
    requiresAnswer = False


class Expired(amp.Command):
    """See `IQueues.tell_expired`; ``message`` has the fields of `QueuedMessage`."""

    arguments = [ACCOUNT, (b"message", Values())]
    requiresAnswer = False


class Full(amp.Command):
    """See `IAdmission.tell_full`."""

    arguments = [ACCOUNT]
    requiresAnswer = False


class Leased(amp.Command):
    """See `IQuota.tell_leased`."""

    arguments = [(b"parts", Values())]
    requiresAnswer = False
