"""`AllKnown`: what the master knows for all workers of peers that are not bound.

It counts connections by listener and address, and failed binds: a worker asks before a connection
or a bind goes on. What a worker has counted, and its bound sessions, end with its connection;
failures stay, or a guesser would gain by the end of a worker.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from smppgate.gate.sessions.all_strangers import OwnGuesses
from smppgate.routing.esmes.guesses import Guesses
from smppgate.txsmpp.clock import Clock
from smppgate.workers import stranger_commands as c
from smppgate.workers.control import Responders
from smppgate.workers.places import Places


class AllKnown:
    """What all workers have in common of strangers.

    :param bind_delay: seconds that a bind waits at the most after failures.
    """

    def __init__(self, clock: Clock, bind_delay: float) -> None:
        self.clock = clock
        self.guesses = Guesses(bind_delay)
        self.addresses = Places()

    def change(self, bind_delay: float) -> None:
        """Let no bind wait longer from now on."""
        self.guesses.limit = bind_delay

    def connections(self, listener: str, address: str) -> int:
        """How many there are from ``address`` to ``listener``."""
        return self.addresses.taken(_key(listener, address))

    def responders(self) -> Responders:
        """What answers one worker more."""
        return _Responders(self)


class _Responders(Responders):
    """Answers the `SharedStrangers` of one worker."""

    def __init__(self, known: AllKnown) -> None:
        super().__init__()
        self._clock = known.clock
        self._addresses = known.addresses
        self._guesses = OwnGuesses(known.guesses)
        # Sessions that are bound, by their addresses.
        self._bound: Counter[str] = Counter()
        known.addresses.join(self, _nothing)

    def lost(self) -> None:
        """The worker has ended."""
        self._addresses.gone(self)
        for address in self._bound.elements():
            self._guesses.ended(address)
        self._bound.clear()

    # Addresses

    @c.AdmitAddress.responder
    def admit(self, listener: str, address: str, limit: int) -> dict[str, Any]:
        """See `AllAddresses.admit`."""
        return {"is_admitted": self._addresses.admit(self, _key(listener, address), limit)}

    @c.LeaveAddress.responder
    def leave(self, listener: str, address: str) -> dict[str, Any]:
        """See `AllAddresses.leave`."""
        self._addresses.leave(self, _key(listener, address))
        return {}

    # Guesses

    @c.TakeTurn.responder
    def turn(self, address: str, name: bytes, patience: float) -> Any:
        """See `AllGuesses.turn`."""
        now = self._clock.monotonic()
        asking = self._guesses.turn(address, name, now, now + patience)
        return asking.addCallback(lambda turn: {"wait": turn.wait, "failures": turn.failures})

    @c.Failures.responder
    def failures(self, address: str, name: bytes) -> Any:
        """See `AllGuesses.failures`."""
        asking = self._guesses.failures(address, name)
        return asking.addCallback(lambda failures: {"failures": failures})

    @c.GuessFailed.responder
    def failed(self, address: str, name: bytes, before: int | None) -> dict[str, Any]:
        """See `AllGuesses.failed`."""
        self._guesses.failed(address, name, self._clock.monotonic(), before)
        return {}

    @c.GuessBound.responder
    def bound(self, address: str, name: bytes) -> dict[str, Any]:
        """See `AllGuesses.bound`."""
        self._bound[address] += 1
        self._guesses.bound(address, name)
        return {}

    @c.GuessEnded.responder
    def ended(self, address: str) -> dict[str, Any]:
        """See `AllGuesses.ended`."""
        self._bound[address] -= 1
        if self._bound[address] <= 0:
            del self._bound[address]
        self._guesses.ended(address)
        return {}


def _key(listener: str, address: str) -> bytes:
    return f"{listener}\0{address}".encode()


def _nothing(_: bytes) -> None:
    """No connection gives way for another."""
