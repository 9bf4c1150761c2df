"""The values that go into and come out of a store."""

from __future__ import annotations

from enum import Enum

from attrs import frozen


class StoreError(Exception):
    """A store could not do what was asked; the text says why, for an operator to read."""


class Durability(Enum):
    """What a return path has survived when the Deferred of `IStore.keep` fires."""

    NONE = "none"
    """Nothing yet: it is written soon after."""
    PROCESS = "process"
    """The end of this process, ``kill -9`` included: the operating system has it."""
    DISK = "disk"
    """The loss of power: the disk has it."""


@frozen
class Limits:
    """How much a store keeps.

    :param return_paths: return paths kept in all; beyond it the oldest are forgotten.
    :param return_paths_in_memory: how many of them lie in memory.
    :param return_path_ttl: seconds that a return path is kept; up to a sixteenth longer.
    """

    return_paths: int = 10_000_000
    return_paths_in_memory: int = 1_000_000
    return_path_ttl: float = 259_200.0

    @property
    def recent(self) -> int:
        """Return paths that memory may really hold."""
        return min(self.return_paths, self.return_paths_in_memory)


@frozen
class NewMessage:
    """A message for a receiver that is away.

    :param account: whose it is, any octets.
    :param pdu: the message, any octets.
    :param expires: when it is of no use any more, in seconds of the store's clock.
    """

    account: bytes
    pdu: bytes
    expires: float


@frozen
class QueuedMessage:
    """A message of a queue; ``number`` is its place, greater than that of all before it."""

    number: int
    pdu: bytes
    expires: float


@frozen
class StoreStatistics:
    """What a store holds and how it is.

    :param paths_recent: return paths in memory.
    :param paths_archived: return paths on disk, older than those in memory.
    :param unsaved: return paths and ends of return paths in memory that the disk is still to get.
    :param lost: of those, how many it will not get: it failed for too long. Memory has them.
    :param forgotten: return paths that had to go before their time for want of room.
    :param queued: messages in all queues.
    :param octets: what the store takes on disk.
    :param failures: how often something of the store failed.
    :param fault: what fails at present, for an operator to read; empty when all is well.
    """

    paths_recent: int = 0
    paths_archived: int = 0
    unsaved: int = 0
    lost: int = 0
    forgotten: int = 0
    queued: int = 0
    octets: int = 0
    failures: int = 0
    fault: str = ""
