"""`Aliases`: ids of the gate's own, for messages whose SMSC's id cannot be passed on."""

from __future__ import annotations

from random import Random

from twisted.python.failure import Failure

from smppgate.notices.store import NO_ALIASES
from smppgate.routing.return_path.message_ids import alias
from smppgate.store import IStore
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.versions import Version

RESERVED_NUMBERS = 10_000
"""Numbers fetched from the store at a time. Those that are left at a stop are lost."""


class Aliases:
    """Gives out aliases, no alias twice, not after a restart either.

    :param store: counts the aliases.
    :param entropy: for aliases that the store could not count in time.
    """

    log = Logger()

    def __init__(self, store: IStore, entropy: Random) -> None:
        self._store = store
        self._entropy = entropy
        self._numbers = iter(range(0))
        self._is_fetching = self._has_warned = False

    def next(self, version: Version) -> bytes:
        """An alias that a peer of ``version`` can take."""
        number = next(self._numbers, None)
        if number is None:
            # The store has not answered yet. One of 2**63 numbers: chance will not give it twice.
            number = self._entropy.getrandbits(63) | 1 << 63
            self.fetch()
        return alias(number, version)

    def fetch(self) -> None:
        """Fetch numbers from the store, so that `next` has them ready."""
        if not self._is_fetching:
            self._is_fetching = True
            self._store.reserve_numbers(RESERVED_NUMBERS).addCallbacks(
                self._fetched, self._not_fetched
            )

    def _fetched(self, first: int) -> None:
        self._is_fetching = self._has_warned = False
        self._numbers = iter(range(first, first + RESERVED_NUMBERS))

    def _not_fetched(self, failure: Failure) -> None:
        self._is_fetching = False
        if not self._has_warned:
            self._has_warned = True
            self.log.tell(NO_ALIASES, reason=failure.getErrorMessage())
