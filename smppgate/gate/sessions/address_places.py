"""`AddressPlaces`: the sessions of a listener among those of their addresses, at all processes."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from smppgate.gate.sessions.all_strangers import AllAddresses
from smppgate.notices.program import BIND_UNJUDGED
from smppgate.txsmpp.log import Logger


class AddressPlaces:
    """Asks for a place for each session, and gives it back when the session is lost.

    :param listener: the endpoint string, which is the same at all processes.
    """

    log = Logger()

    def __init__(self, addresses: AllAddresses, listener: str) -> None:
        self._addresses = addresses
        self._listener = listener
        self._asking: set[Hashable] = set()
        self._held: dict[Hashable, str] = {}

    def __len__(self) -> int:
        return len(self._asking) + len(self._held)

    def ask(
        self, session: Hashable, address: str, limit: int, refused: Callable[[], None]
    ) -> None:
        """Have ``session`` counted as one of ``address``, where both are known.

        :param limit: sessions that an address may have; 0 counts none.
        :param refused: is called where there are as many, unless the session is lost by then.
        """
        if not (address and limit):
            return
        self._asking.add(session)
        asking = self._addresses.admit(self._listener, address, limit)
        asking.addCallback(self._told, session, address, refused)
        asking.addErrback(lambda why: self.log.tell_failure(BIND_UNJUDGED, why))

    def leave(self, session: Hashable) -> None:
        """``session`` is lost."""
        self._asking.discard(session)
        address = self._held.pop(session, None)
        if address is not None:
            self._addresses.leave(self._listener, address)

    def _told(
        self, is_admitted: bool, session: Hashable, address: str, refused: Callable[[], None]
    ) -> None:
        is_here = session in self._asking
        self._asking.discard(session)
        if is_admitted and is_here:
            self._held[session] = address
        elif is_admitted:
            self._addresses.leave(self._listener, address)
        elif is_here:
            refused()
