"""`IStore`: what the gate keeps longer than a session lives.

Batches go in and come out, answers are Deferreds, and everything is found by its key alone, so
that a database in another process can implement it as well. Times are seconds of the wall clock,
`Clock.wall`: they are compared after a restart.
"""

# ruff: noqa: N805 - the methods of an interface have no self

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from smppgate.store.records import NewMessage, QueuedMessage, StoreStatistics


class IStore(Interface):
    """Keeps return paths, queues of messages that are not delivered yet, and numbers.

    An error of the disk is logged, counted, shown by `statistics` and retried until it is gone;
    forwarding does not depend on it. Only the methods that say so fail with `StoreError`.
    """

    is_all_recent: bool = Attribute(
        """Whether memory holds every live return path: a key that `recent` does not find is
        then unknown, and `find` would not find it either."""
    )

    def open() -> Deferred[None]:
        """Prepare the store; no other method may be called before this has fired.

        Fails with `StoreError` when an operator has to act; the store is closed again.
        """

    def close() -> Deferred[None]:
        """Write what is not written yet and release all files and threads. Never fails."""

    def keep(paths: Mapping[bytes, bytes]) -> Deferred[None]:
        """Keep ``paths``, key to value, each of any octets, for the time to live.

        `recent` finds them as soon as this returns. A key that is kept again has its newest
        value. The store keeps the mapping itself: the caller must not change it afterwards.

        :return: fires when the return paths are as durable as the store was asked to make them, or
            when that is not possible at present; never fails.
        :raises TypeError: when a key or value is not octets; nothing is kept.
        """

    def recent(key: bytes) -> bytes | None:
        """The value of ``key``, if memory has it. Takes a few microseconds at most."""

    def find(keys: Sequence[bytes]) -> Deferred[dict[bytes, bytes]]:
        """The values of those of ``keys`` that are kept, in memory or on disk.

        Never fails: a value that cannot be read at present is not found.
        """

    def end(keys: Sequence[bytes]) -> None:
        """Forget the return paths of ``keys``, kept or not: from now on they are not found.

        After a crash within the next second they may be found again.
        """

    def reserve_numbers(count: int) -> Deferred[int]:
        """Reserve ``count`` consecutive integers that no call has reserved or will reserve.

        They are greater than all reserved before, also by earlier runs on the same state. They
        begin with 1, have up to 63 bits, and leap ahead where the state was lost.

        :return: the first of them. Fails with `StoreError` when the reservation cannot be written.
        """

    def enqueue(messages: Sequence[NewMessage]) -> Deferred[None]:
        """Append ``messages`` to the queues of their accounts, all of them or none.

        :return: fires when they survive the end of this process, whatever the durability of return
            paths is. Fails with `StoreError` when they could not be written: no queue has them,
            and they must not be acknowledged.
        """

    def queued(account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """The first ``limit`` messages in the queue of ``account`` with numbers over ``after``.

        They are in the order in which they were enqueued, without those that have expired. Fails
        with `StoreError` when the queue cannot be read at present.
        """

    def remove_queued(numbers: Sequence[int]) -> Deferred[None]:
        """Remove the messages of these numbers, queued or not, from their queues.

        `queued` does not return them any more as soon as this returns.

        :return: fires when the removal has been written, or cannot be at present; never fails. A
            removal that could not be written is retried until it is.
        """

    def queue_sizes() -> Deferred[dict[bytes, int]]:
        """How many messages, without those that have expired, each account that has any has.

        Fails with `StoreError` when they cannot be read at present.
        """

    def queue_ends() -> Deferred[dict[bytes, float]]:
        """When the last message of each account expires that has any which have not expired.

        Messages expire and go whether or not their account has a queue at present. Fails with
        `StoreError` when they cannot be read at present.
        """

    def statistics() -> StoreStatistics:
        """How much the store holds and what fails in it, from counters: the disk is not read."""
