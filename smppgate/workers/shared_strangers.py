"""`SharedStrangers`: what a worker asks its master about peers that are not bound.

The master answers in the order in which it is asked. When the connection to it is lost the worker
ends, and with it the sessions that were asked about.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed

from smppgate.gate.sessions.all_strangers import Turn
from smppgate.workers import stranger_commands as c
from smppgate.workers.control import Responders


class SharedStrangers(Responders):
    """See `AllStrangers`.

    :param bind_delay: seconds of the longest wait; with 0 nothing is asked about binds.
    """

    def __init__(self, bind_delay: float) -> None:
        super().__init__()
        self._bind_delay = bind_delay

    # Addresses

    def admit(self, listener: str, address: str, limit: int) -> Deferred[bool]:
        """See `AllAddresses.admit`."""
        asking = self.control.ask(c.AdmitAddress, listener=listener, address=address, limit=limit)
        return asking.addCallback(lambda found: found["is_admitted"])

    def leave(self, listener: str, address: str) -> None:
        """See `AllAddresses.leave`."""
        self.control.callRemote(c.LeaveAddress, listener=listener, address=address)

    # Guesses

    def change_limit(self, seconds: float) -> None:
        """See `AllGuesses.change_limit`; the master has settings of its own."""
        self._bind_delay = seconds

    def turn(self, address: str, name: bytes, now: float, by: float) -> Deferred[Turn]:
        """See `AllGuesses.turn`."""
        if not self._bind_delay:
            return succeed(Turn(0.0, 0))
        patience = float(by - now)
        asking = self.control.ask(c.TakeTurn, address=address, name=name, patience=patience)
        return asking.addCallback(lambda found: Turn(found["wait"], found["failures"]))

    def failures(self, address: str, name: bytes) -> Deferred[int]:
        """See `AllGuesses.failures`."""
        if not self._bind_delay:
            return succeed(0)
        asking = self.control.ask(c.Failures, address=address, name=name)
        return asking.addCallback(lambda found: found["failures"])

    def failed(self, address: str, name: bytes, now: float, before: int | None) -> None:
        """See `AllGuesses.failed`."""
        if self._bind_delay:
            self.control.callRemote(c.GuessFailed, address=address, name=name, before=before)

    def bound(self, address: str, name: bytes) -> None:
        """See `AllGuesses.bound`. Told in any case: a reload may let binds wait."""
        self.control.callRemote(c.GuessBound, address=address, name=name)

    def ended(self, address: str) -> None:
        """See `AllGuesses.ended`."""
        self.control.callRemote(c.GuessEnded, address=address)
