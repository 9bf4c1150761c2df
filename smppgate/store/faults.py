"""What fails in a store, logged once when it begins and once when it is over."""

from __future__ import annotations

import sqlite3

from twisted.python.failure import Failure

from smppgate.notices.store import STORE_FAILS, STORE_MISTAKE
from smppgate.txsmpp.log import Logger


class Faults:
    """The parts of a store that fail at present.

    :param name: the store's name in the log.
    """

    log = Logger()

    def __init__(self, name: str) -> None:
        self.failures = 0
        """Operations that have failed since the start."""
        self._name = name
        self._present: dict[str, str] = {}

    def __str__(self) -> str:
        return "; ".join(f"{part}: {error}" for part, error in self._present.items())

    def __contains__(self, part: str) -> bool:
        return part in self._present

    def failed(self, part: str, failure: Failure) -> None:
        """An operation of ``part`` failed."""
        self.failures += 1
        if part not in self._present and not failure.check(sqlite3.Error, OSError):
            self.log.tell_failure(STORE_MISTAKE, failure)
        if not self._present:
            error = failure.getErrorMessage()
            self.log.tell(STORE_FAILS, store=self._name, part=part, error=error)
        self._present[part] = failure.getErrorMessage()

    def worked(self, part: str) -> None:
        """An operation of ``part`` succeeded."""
        if self._present.pop(part, None) is not None and not self._present:
            self.log.info("The store in {store} works again", store=self._name)


class FaultsBeside(Faults):
    """What fails in a folder beside that of a store: among the store's faults, by its name."""

    def __init__(self, faults: Faults, name: str) -> None:
        super().__init__(name)
        self._faults = faults

    def __contains__(self, part: str) -> bool:
        return self._named(part) in self._faults

    def failed(self, part: str, failure: Failure) -> None:
        """See `Faults.failed`."""
        self._faults.failed(self._named(part), failure)

    def worked(self, part: str) -> None:
        """See `Faults.worked`."""
        self._faults.worked(self._named(part))

    def _named(self, part: str) -> str:
        return f"{part} in {self._name}"
