"""What of a store fails, said once when it begins and once when it is over."""

from __future__ import annotations

import sqlite3

from twisted.logger import Logger
from twisted.python.failure import Failure


class Faults:
    """The parts of a store that do not work at present.

    :param name: the store, for the log.
    """

    log = Logger()

    def __init__(self, name: str) -> None:
        self.failures = 0
        """How often something failed."""
        self._name = name
        self._present: dict[str, str] = {}

    def __str__(self) -> str:
        return "; ".join(f"{part}: {error}" for part, error in self._present.items())

    def __contains__(self, part: str) -> bool:
        return part in self._present

    def failed(self, part: str, failure: Failure) -> None:
        """``part`` did not work."""
        self.failures += 1
        if part not in self._present and not failure.check(sqlite3.Error, OSError):
            self.log.failure("A mistake in the store", failure)
        if not self._present:
            self.log.error(
                "The store in {store} fails ({part}: {error}). Messages are forwarded all the "
                "same; it is tried again each second.",
                store=self._name,
                part=part,
                error=failure.getErrorMessage(),
            )
        self._present[part] = failure.getErrorMessage()

    def worked(self, part: str) -> None:
        """``part`` works."""
        if self._present.pop(part, None) is not None and not self._present:
            self.log.info("The store in {store} works again", store=self._name)
