"""The values that go into and come out of a store."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import frozen


class StoreError(Exception):
    """A store could not do what was asked; the text tells an operator why."""


class Durability(Enum):
    """What a return path survives from the moment that the Deferred of `IStore.keep` fires."""

    NONE = "none"
    """Nothing yet: it is written soon after."""
    PROCESS = "process"
    """The end of this process, ``kill -9`` included: the operating system has it."""
    DISK = "disk"
    """The loss of power: the disk has it."""


@frozen
class Limits:
    """How much a store keeps.

    :param return_paths: return paths kept in all; beyond it the oldest are forgotten. 0 sets no
        bound.
    :param return_paths_in_memory: how many of them memory holds.
    :param return_path_ttl: seconds that a return path is kept; up to a sixteenth longer.
    :param return_paths_disk: octets that they may take on disk.
    """

    return_paths: int = 0
    return_paths_in_memory: int = 1_000_000
    return_path_ttl: float = 259_200.0
    return_paths_disk: int = 16 << 30

    @property
    def recent(self) -> int:
        """Return paths that memory holds at most."""
        return min(self.return_paths or self.return_paths_in_memory, self.return_paths_in_memory)


@frozen
class Found:
    """The outcome of a search for return paths.

    :param paths: key to value of those that were found.
    :param is_complete: whether all places could be searched. If not, a key that is missing in
        ``paths`` may have a return path all the same.
    """

    paths: Mapping[bytes, bytes]
    is_complete: bool = True


UNBOUNDED = 1 << 62
"""The limit of a queue that has none."""


@frozen
class NewMessage:
    """A message for the queue of an account.

    :param account: the account, any octets.
    :param pdu: the message, any octets.
    :param expires: when it expires, in seconds of the store's clock.
    :param limit: messages that the queue may hold with this one.
    """

    account: bytes
    pdu: bytes
    expires: float
    limit: int = UNBOUNDED


class Enqueued(Enum):
    """What became of a message that was to be put into a queue."""

    STORED = "stored"
    """The queue has it, and it survives the end of this process."""
    FULL = "full"
    """There is no room for it: neither the queue has it, nor will trying again soon help."""
    FAILED = "failed"
    """It could not be written at present. The queue does not have it."""


@frozen
class QueuedMessage:
    """A message in a queue; its ``number`` is greater than those of all before it."""

    number: int
    pdu: bytes
    expires: float


@frozen
class StoreStatistics:
    """How much a store holds, and what fails in it.

    :param paths_recent: return paths in memory.
    :param paths_on_disk: return paths on disk, those included that memory has too or that have
        ended.
    :param unsaved: return paths and ends of return paths in memory that are still to be written.
    :param lost: return paths and ends of return paths that were dropped unwritten, because writing
        failed for too long. Memory has them.
    :param forgotten: return paths that were dropped before they expired, because a limit was
        reached.
    :param unconfirmed: return paths of which `IReturnPaths.keep` has fired although the server
        that is to have them had not confirmed them: the process has them on disk meanwhile.
    :param queued: messages in all queues.
    :param doubtful: messages that could not be put into a queue as far as is known, and may be
        there all the same: their sender sends them again.
    :param unremoved: messages that were another process's before they could be removed from their
        queue: that one sends them again.
    :param servers: how many servers keep what is kept; 0 where files do.
    :param servers_up: those of them that answer.
    :param octets: size of the store's files.
    :param failures: how many operations of the store have failed.
    :param fault: what fails at present, as text for an operator; empty when everything works.
    """

    paths_recent: int = 0
    paths_on_disk: int = 0
    unsaved: int = 0
    lost: int = 0
    forgotten: int = 0
    unconfirmed: int = 0
    queued: int = 0
    doubtful: int = 0
    unremoved: int = 0
    servers: int = 0
    servers_up: int = 0
    octets: int = 0
    failures: int = 0
    fault: str = ""
