"""`Aliases`: ids of the gate's own, for messages whose SMSC's id cannot be passed on."""

from __future__ import annotations

import random

from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.routing.return_path.message_ids import alias
from smppgate.store import IStore
from smppgate.txsmpp.versions import Version

_RESERVED = 10_000
"""Numbers that are fetched from the store at a time."""


class Aliases:
    """Hands out aliases, none of them twice, over restarts too.

    :param store: counts them.
    """

    log = Logger()

    def __init__(self, store: IStore) -> None:
        self._store = store
        self._numbers = iter(range(0))
        self._is_fetching = self._was_told = False

    def next(self, version: Version) -> bytes:
        """One that a peer of ``version`` can take."""
        number = next(self._numbers, None)
        if number is None:
            # The store owes us some: one of so many that nobody meets it again.
            number = random.getrandbits(63) | 1 << 63
            self.fetch()
        return alias(number, version)

    def fetch(self) -> None:
        """Have numbers ready."""
        if not self._is_fetching:
            self._is_fetching = True
            self._store.reserve_numbers(_RESERVED).addCallbacks(self._fetched, self._not_fetched)

    def _fetched(self, first: int) -> None:
        self._is_fetching = self._was_told = False
        self._numbers = iter(range(first, first + _RESERVED))

    def _not_fetched(self, failure: Failure) -> None:
        self._is_fetching = False
        if not self._was_told:
            self._was_told = True
            self.log.warn("no numbers for aliases: {why}", why=failure.getErrorMessage())
