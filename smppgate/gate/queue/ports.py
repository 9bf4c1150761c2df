"""What queues need of the store and of the dispatcher, as Protocols and types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from twisted.internet.defer import Deferred

from smppgate.routing.esmes.account import Cluster
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession
from smppgate.store import Enqueued, NewMessage, QueuedMessage
from smppgate.txsmpp.versions import Version

ToEsme: TypeAlias = Callable[[bytes, int, Version], tuple[bytes, int]]
"""Gives a PDU as an ESME of another version can take it: see `Transform.to_esme`."""

ChooseSession: TypeAlias = "Callable[[Cluster[EsmeSession], bytes, float], EsmeSession | None]"
"""Gives the session of a cluster that a message goes to now; None when none can take it."""


class Depositor(Protocol):
    """A queue that has given a message to the store and waits for the outcome."""

    def kept(self, exchange: Exchange, outcome: Enqueued) -> None:
        """What became of the message of ``exchange`` in the store."""


class QueueStore(Protocol):
    """The messages of all queues in the store, written and removed in batches."""

    def keep(self, queue: Depositor, exchange: Exchange, message: NewMessage) -> None:
        """Store ``message`` and then call `Depositor.kept` of ``queue``."""

    def remove_message(self, account: bytes, number: int) -> None:
        """Remove the message of that number from the queue of ``account``."""

    def remove_messages(self, account: bytes, numbers: Sequence[int]) -> None:
        """Remove messages at once: no read that is under way gives them any more."""

    def ended(self, account: bytes) -> None:
        """A message of ``account`` is not under way any more, or what is stored has been told."""

    def read(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """The next ``limit`` messages of an account behind the number ``after``.

        Messages removed before the call are not among them.
        """
