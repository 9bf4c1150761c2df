"""`SessionSlots`: the ``sessions_total`` of an SMSC for sessions that no link keeps up.

A session with outbind, and one that a bind is passed through on, takes a slot before it binds and
gives it back when its connection is closed. It does not wait for one: who has asked for it hears
at once that there is none. Links have a `LinkSlot`.
"""

from __future__ import annotations

from collections.abc import Hashable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.gate.sessions.link_slots import IN_USE, UNKNOWN
from smppgate.store import IStore, StoreError


class NoSlot(Exception):
    """A session may not be bound, for the reason that its text gives."""


class SessionSlots:
    """The slots of the sessions of one SMSC. ``len()``: how many have one.

    :param store: see `smppgate.store.interface.IAdmission`.
    :param limit: slots that there are of the SMSC; 0 for any number, and then none is taken.
    """

    def __init__(self, store: IStore, smsc: str, limit: int) -> None:
        self._store = store
        self._smsc = smsc
        self._limit = limit
        # Session → whether it has a slot.
        self._sessions: dict[Hashable, bool] = {}

    def __len__(self) -> int:
        return sum(self._sessions.values())

    def change(self, limit: int) -> None:
        """There are so many from now on. Sessions stay, and have a slot as far as there is one."""
        was_counted, self._limit = bool(self._limit), limit
        for session, has_slot in list(self._sessions.items()):
            if has_slot and not limit:
                self._sessions[session] = False
                self._store.give_slot(self._smsc)
            elif limit and not was_counted:
                self._asked(session)

    async def take(self, session: Hashable) -> None:
        """Return when ``session`` may bind; `give` must follow, whether it may or not.

        :raises NoSlot: it may not.
        """
        self._sessions[session] = False
        why = await self._asked(session) if self._limit else ""
        if why:
            raise NoSlot(why)

    def give(self, session: Hashable) -> None:
        """The connection of ``session`` is closed, or is not made."""
        if self._sessions.pop(session, False):
            self._store.give_slot(self._smsc)

    def _asked(self, session: Hashable) -> Deferred[str]:
        """Fires with why there is no slot, or nothing. What the store gives after a cancellation
        is not lost."""
        asked: Deferred[str] = Deferred()
        asking = self._store.take_slot(self._smsc, self._limit)
        asking.addCallbacks(self._told, _not_told, (session,)).addBoth(asked.callback)
        return asked

    def _told(self, has_slot: bool, session: Hashable) -> str:
        if not has_slot:
            return IN_USE.format(limit=self._limit) if self._limit else ""
        if self._limit and self._sessions.get(session) is False:
            self._sessions[session] = True
        else:
            self._store.give_slot(self._smsc)
        return ""


def _not_told(why: Failure) -> str:
    why.trap(StoreError)
    return UNKNOWN.format(reason=why.getErrorMessage())
