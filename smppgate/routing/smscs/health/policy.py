"""The rules of one pool: `HealthPolicy` for its members, `RetryPolicy` for its messages."""

from __future__ import annotations

from attrs import frozen

from smppgate.txsmpp.statuses import BIND_STATUSES, TRANSIENT


@frozen(kw_only=True)
class HealthPolicy:
    """When a member is ejected, and how it comes back.

    :param max_errors: faults in a row for which it is ejected; with 0 none ever is, for whatever
        reason.
    :param eject_time: seconds of its first ejection; the second lasts twice as long, and so on.
    :param max_ejected: the part of the members that may be ejected at one time, but always one.
    :param slow_start: seconds in which it gets back its whole weight.
    """

    max_errors: int = 0
    eject_time: float = 30.0
    max_ejected: float = 0.5
    slow_start: float = 10.0

    def most_ejected(self, members: int) -> int:
        """How many of so many members may be ejected at one time."""
        return max(1, int(self.max_ejected * members))


@frozen(kw_only=True)
class RetryPolicy:
    """Which messages another member is tried with.

    :param statuses: answers after which it is tried.
    :param max_attempts: how often a message is sent altogether.
    :param resubmits: whether a message is sent again whose link was lost: it may come twice.
    """

    statuses: frozenset[int] = TRANSIENT
    max_attempts: int = 3
    resubmits: bool = False

    def is_retried(self, status: int) -> bool:
        """Whether it is tried again after this answer.

        One about the gate's own bind says nothing of the message, whatever the statuses are.
        """
        return status in self.statuses or status in BIND_STATUSES
