"""`AllStrangers`: what the processes of a gate know together of peers that are not known yet.

Where there is one process, a listener counts its connections itself (`Strangers`), and failed
binds are in `OwnGuesses`. Of several, each asks the one that all of them have in common.
"""

from __future__ import annotations

from typing import Protocol

from attrs import frozen
from twisted.internet.defer import Deferred, succeed

from smppgate.routing.esmes.guesses import Guesses


@frozen
class Turn:
    """When a bind is judged.

    :ivar wait: seconds until then; None where they would be too many.
    :ivar failures: of its system_id from its address, as far as they are kept.
    """

    wait: float | None
    failures: int


class AllGuesses(Protocol):
    """The failed binds at all processes, see `Guesses`. Times are those of `Clock.monotonic`."""

    def change_limit(self, seconds: float) -> None:
        """Let no bind wait longer from now on; 0 lets none wait."""

    def turn(self, address: str, name: bytes, now: float, by: float) -> Deferred[Turn]:
        """Give a bind of ``name`` its turn; see `Guesses.wait`."""

    def failures(self, address: str, name: bytes) -> Deferred[int]:
        """How many there are; see `Guesses.failures`."""

    def failed(self, address: str, name: bytes, now: float, before: int | None) -> None:
        """A bind was refused for its credentials.

        :param before: failures that there were when it was judged. If there are more by now it
            is not counted; None counts it in any case.
        """

    def bound(self, address: str, name: bytes) -> None:
        """A bind was accepted."""

    def ended(self, address: str) -> None:
        """A session that was bound has ended."""


class AllAddresses(Protocol):
    """The connections of each address to a listener, at all processes."""

    def admit(self, listener: str, address: str, limit: int) -> Deferred[bool]:
        """Count a connection more, where all processes have under ``limit`` from ``address``.

        :param listener: its endpoint string.
        :param address: what `network_of` gives.
        :return: fires with whether it is counted, and before any later question about a bind is
            answered: so a bind on a connection that is not is never accepted.
        """

    def leave(self, listener: str, address: str) -> None:
        """A connection that was counted is gone."""


class AllStrangers(AllGuesses, AllAddresses, Protocol):
    """Both."""


class OwnGuesses:
    """Those of this process, as all that there are."""

    def __init__(self, guesses: Guesses) -> None:
        self._guesses = guesses

    def change_limit(self, seconds: float) -> None:
        """See `AllGuesses.change_limit`."""
        self._guesses.limit = seconds

    def turn(self, address: str, name: bytes, now: float, by: float) -> Deferred[Turn]:
        """See `AllGuesses.turn`."""
        wait = self._guesses.wait(address, name, now, by)
        return succeed(Turn(wait, self._guesses.failures(address, name)))

    def failures(self, address: str, name: bytes) -> Deferred[int]:
        """See `AllGuesses.failures`."""
        return succeed(self._guesses.failures(address, name))

    def failed(self, address: str, name: bytes, now: float, before: int | None) -> None:
        """See `AllGuesses.failed`."""
        if before is None or self._guesses.failures(address, name) <= before:
            self._guesses.failed(address, name, now)

    def bound(self, address: str, name: bytes) -> None:
        """See `AllGuesses.bound`."""
        self._guesses.bound(address, name)

    def ended(self, address: str) -> None:
        """See `AllGuesses.ended`."""
        self._guesses.lost(address)
