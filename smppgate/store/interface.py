"""`IStore`: what the gate remembers beyond a session, whatever keeps it.

Batches go in and come out, answers are Deferreds, and nothing is found but by its key: that is
what a database in another process can do as well. Times are seconds of the clock that the store
was made with, which is to be a wall clock: they are compared after a restart.
"""

# ruff: noqa: N805 - the methods of an interface have no self

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from smppgate.store.records import NewMessage, QueuedMessage, StoreStatistics


class IStore(Interface):
    """Return paths to the senders of messages, queues for receivers that are away, and numbers.

    What fails underneath is logged, counted and shown by `statistics`, and tried again until it
    works; forwarding is never to depend on it. Only what says so below fails with `StoreError`.
    """

    is_all_recent: bool = Attribute(
        """Whether memory holds every live return path: a key that `recent` does not know is
        then known to nobody, and `find` would find no more."""
    )

    def open() -> Deferred[None]:
        """Make ready; nothing else may be called before it has fired.

        Fails with `StoreError` for what an operator must mend, and the store is closed again.
        """

    def close() -> Deferred[None]:
        """Write all that is not written yet, and let go of everything. It never fails."""

    def keep(paths: Mapping[bytes, bytes]) -> Deferred[None]:
        """Remember ``paths``, key to value, each of any octets, for the time to live.

        `recent` knows them when this returns. The mapping is not to be changed afterwards.
        A key that is kept again leads to its newest value.

        :return: fires when the return paths are as durable as the store was asked to make them, or
            when that is not possible at present; it never fails.
        :raises TypeError: when keys or values are no octets; nothing is kept.
        """

    def recent(key: bytes) -> bytes | None:
        """The value kept for ``key``, when memory has it. It costs a few microseconds at most."""

    def find(keys: Sequence[bytes]) -> Deferred[dict[bytes, bytes]]:
        """The values for those of ``keys`` that are known, from wherever they are.

        It never fails: what cannot be read at present is not found.
        """

    def end(keys: Sequence[bytes]) -> None:
        """Forget the return paths of ``keys``, known or not: nothing finds them from now on.

        A restart within the second may bring them back.
        """

    def reserve_numbers(count: int) -> Deferred[int]:
        """Take ``count`` integers that nobody was given before and nobody will be given again.

        They are greater than all given before, also by earlier runs on the same state; up to 63
        bits, beginning with 1, and leaping ahead where state was lost.

        :return: the first of them. Fails with `StoreError` when they cannot be noted as taken.
        """

    def enqueue(messages: Sequence[NewMessage]) -> Deferred[None]:
        """Put ``messages`` at the ends of their accounts' queues, all of them or none.

        :return: fires when they survive the end of this process, whatever the durability of return
            paths is. Fails with `StoreError` when they could not be written: they are not in the
            queue, and are not to be acknowledged.
        """

    def queued(account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """Of the queue of ``account``, the first ``limit`` messages with numbers over ``after``.

        They come in the order in which they were put there. Expired ones are left out. Fails
        with `StoreError` when the queue cannot be read at present.
        """

    def remove_queued(numbers: Sequence[int]) -> Deferred[None]:
        """Take the messages of these numbers, there or not, out of their queues.

        `queued` does not give them any more when this returns.

        :return: fires when that has been written, or cannot be at present; it never fails. What
            could not be written is tried again until it is.
        """

    def queue_sizes() -> Deferred[dict[bytes, int]]:
        """How many messages, expired ones left out, each account with any has in its queue.

        Fails with `StoreError` when that cannot be read at present.
        """

    def statistics() -> StoreStatistics:
        """What the store holds and how it is, at no cost to speak of."""
