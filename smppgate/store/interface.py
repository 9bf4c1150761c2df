"""`IStore`: what the gate keeps longer than a session lives.

It has five parts, each of which a database in another process can implement as well: batches go in
and come out, answers are Deferreds, and everything is found by its key alone. Times are seconds of
the wall clock, `Clock.wall`: they are compared after a restart.
"""

# ruff: noqa: N805 - the methods of an interface have no self

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from smppgate.store.records import Enqueued, Found, NewMessage, QueuedMessage, StoreStatistics

KEEP_DEADLINE = 1.0
"""Seconds after which `IReturnPaths.keep` has fired at the latest."""

WHOLE = 1_000_000
"""All of a limit, see `IQuota`."""

LEAST_PART = 500
"""What each process may use of a limit without a question; 32 of them leave others 98 % of it."""


class IReturnPaths(Interface):
    """Octets under keys, for a time."""

    keeps_at_once: bool = Attribute(
        """Whether `keep` has done its work when it returns: its Deferred has fired by then. It
        changes in a call of `keep` or between turns of the reactor, never between the first
        look at it in a turn and the call of `keep` at the end of that turn."""
    )

    is_all_recent: bool = Attribute(
        """Whether memory holds every live return path: a key that `recent` does not find is
        then unknown, and `find` would not find it either."""
    )

    def keep(paths: Mapping[bytes, bytes], waited: float = 0.0) -> Deferred[None]:
        """Keep ``paths``, key to value, each of any octets, for the time to live.

        `recent` finds them as soon as this returns. A key that is kept again has its newest
        value, and does not end if it was to. The store keeps the mapping itself: the caller must
        not change it afterwards.

        :param waited: seconds that answers have waited already: a store in another process lets
            them wait so much less for this.
        :return: fires when the return paths are as durable as the store was asked to make them, or
            when that is not possible at present; within `KEEP_DEADLINE`, and never fails.
        :raises TypeError: when a key or value is not octets; nothing is kept.
        """

    def recent(key: bytes) -> bytes | None:
        """The value of ``key``, if memory has it. Takes a few microseconds at most."""

    def find(keys: Sequence[bytes]) -> Deferred[Found]:
        """The values of those of ``keys`` that are kept, in memory or elsewhere. Never fails."""

    def find_beside(keys: Sequence[bytes]) -> Deferred[Mapping[bytes, bytes]]:
        """The values of those of ``keys`` that other processes of this gate keep on this machine.

        For when those processes cannot be asked themselves: what they had not indexed is not
        found, nor that it has ended there. Never fails.
        """

    def end(keys: Sequence[bytes], grace: float) -> None:
        """Let the return paths of ``keys``, kept or not, end ``grace`` seconds from now.

        From then on they are not found. After a crash within the next second, or where there is
        no room to note it, they may be found until their time to live is over.
        """


class IPathStore(IReturnPaths):
    """A store of return paths, alone or with the other parts."""

    def open() -> Deferred[None]:
        """Prepare the store; no other method may be called before this has fired.

        Fails with `StoreError` when an operator has to act; the store is closed again.
        """

    def close() -> Deferred[None]:
        """Write what is not written yet and release all files and threads. Never fails."""

    def statistics() -> StoreStatistics:
        """How much the store holds and what fails in it, from counters: the disk is not read."""


class INumbers(Interface):
    """Numbers that are given out once."""

    def reserve_numbers(count: int) -> Deferred[int]:
        """Reserve ``count`` consecutive integers that no call has reserved or will reserve.

        They are greater than all reserved before, also by earlier runs on the same state. They
        begin with 1, have up to 63 bits, and leap ahead where the state was lost.

        :return: the first of them. Fails with `StoreError` when the reservation cannot be written.
        """


class QueueWatcher(Protocol):
    """Hears of the queue of an account that several processes share."""

    def came(self, count: int) -> None:
        """Other processes have put ``count`` messages into it; `queued` gives them from now on."""

    def emptied(self) -> None:
        """There is no message in it."""

    def granted(self, count: int) -> None:
        """This process has the claim, on a queue with ``count`` messages; `came` adds to them.

        Some of them may have expired.
        """

    def wanted(self) -> None:
        """A process that can send them better waits for the claim: `IQueues.release` it soon."""


class IQueues(Interface):
    """Queues of messages, one for each account that has any.

    Where several processes use them, each queue is one process's at a time: that alone sends its
    messages. The others put messages in.
    """

    is_shared: bool = Attribute(
        """Whether other processes use the queues too. Where not, all of them are this process's:
        `claim`, `release` and `watch` do nothing, and need not be called."""
    )

    def enqueue(messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        """Append ``messages`` to the queues of their accounts, in this order.

        :return: fires with the outcome of each message, when those that are stored survive the end
            of this process, whatever the durability of return paths is. Never fails.
        """

    def queued(account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """The first ``limit`` messages in the queue of ``account`` with numbers over ``after``.

        They are in the order in which they were enqueued, without those that have expired, and
        without those of which `enqueue` has not fired. Fails with `StoreError` when the queue
        cannot be read at present.
        """

    def remove(account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        """Remove the messages of these numbers from the queue of ``account``, if it has them.

        `queued` does not return them any more as soon as this returns.

        :return: fires when the removal has been written, or cannot be at present; never fails. A
            removal that could not be written is retried until it is.
        """

    def tell_expired(told: Callable[[bytes, QueuedMessage], None]) -> None:
        """Call ``told`` with the account and each message that is deleted because it has expired.

        Not of those that `remove` has named. Of several processes the one is told that has the
        claim, or any one where none has. ``told`` must not raise.
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

    def claim(account: bytes, rank: int) -> None:
        """Ask for the claim on the queue of ``account``, which must be watched.

        `QueueWatcher.granted` is called when this process has it: at once where it is free, or
        when the process that has it has let it go or has ended. Called again, it gives this
        process another rank, also when it has the claim.

        :param rank: how well this process can send the messages of the queue. The highest comes
            first, and one of a lower rank is asked to let the claim go (`QueueWatcher.wanted`).
        """

    def release(account: bytes) -> None:
        """Let the claim on the queue of ``account`` go, or ask for it no longer.

        Nothing may be sent from that queue then, and all that was sent must be answered or lost.
        """

    def watch(account: bytes, watcher: QueueWatcher | None) -> None:
        """Tell ``watcher`` of the queue of ``account``, in place of the one before; None ends it.

        It hears at once what is there: `QueueWatcher.came` or `QueueWatcher.emptied`.
        """


class IAdmission(Interface):
    """Places for the sessions of accounts, and slots for links to SMSCs, over all processes.

    All that a process has is given back when it ends, however it does. ESMEs may bind before the
    store is open, so these methods are called at any time.
    """

    def admit(account: bytes, limit: int) -> Deferred[bool]:
        """Give a session more of ``account`` a place, where all processes have under ``limit``.

        :return: fires with whether it has one; a fired one where no other process is asked. Fails
            with `StoreError` when that cannot be found out at present.
        """

    def leave(account: bytes) -> None:
        """Give back a place that `admit` gave."""

    def tell_full(told: Callable[[bytes], None]) -> None:
        """Call ``told`` with each account that this process has places of, and of which a session,
        here or elsewhere, has just got none. ``told`` must not raise."""

    def take_slot(smsc: str, limit: int) -> Deferred[bool]:
        """Give a link to ``smsc`` more a slot, where all processes have under ``limit``.

        :return: fires with whether it has one. Fails with `StoreError` when that cannot be found
            out at present: unlike places, no process gives out any by its own count.
        """

    def give_slot(smsc: str) -> None:
        """Give back a slot that `take_slot` gave."""


class IQuota(Interface):
    """Parts of rates that are limited over all processes, in millionths: `WHOLE`.

    Before it is told otherwise, a process has `LEAST_PART` of a limit. The parts of all processes
    are no more than the whole together, but for the time that telling takes; and while a store
    cannot be reached, see `share_among`.
    """

    is_quota_shared: bool = Attribute(
        """Whether other processes use the same limits. If not, each is this process's as a whole,
        and nothing is asked or told. It does not change."""
    )

    def lease(wanted: Mapping[str, int]) -> None:
        """This process could use these parts of limits, by their names.

        A wish holds until the next one for the same name. What no process wishes for is divided
        among all that have any wish, and a part is taken away only when others are in need of it:
        so one that is idle, and wishes for 1, keeps what it has until then. With 0 the process
        uses the limit no longer, and has `LEAST_PART` again at once.
        """

    def share_among(processes: int) -> None:
        """So many processes have the same limits, as far as the settings say; 0: they do not.

        While a store in another process cannot be reached, this one uses one of so many parts of
        each limit of which it was told nothing: so all of them together, where all begin then, use
        the whole. Where others have more, each that begins adds that part to the whole.
        """

    def tell_leased(told: Callable[[Mapping[str, int]], None]) -> None:
        """Call ``told`` with the parts of limits that this process has from now on.

        It may come later than the process has given up a limit. As long as nothing is told, the
        process goes on with what it has. ``told`` must not raise.
        """


class IStore(IPathStore, IQueues, INumbers, IAdmission, IQuota):
    """All that the gate keeps: return paths, queues, numbers, admission and quota.

    An error of the disk is logged, counted, shown by `statistics` and retried until it is gone;
    forwarding does not depend on it. Only the methods that say so fail with `StoreError`.
    """
