"""Deliberate faults with places of accounts, and slots of SMSCs: see ``mutants.py``."""

from __future__ import annotations

from typing import Any

from smppgate.gate.sessions.bind_places import BindPlaces
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.link_slots import LinkSlot
from smppgate.gate.sessions.outbind_smsc import OutbindProtocol
from smppgate.gate.sessions.session_slots import SessionSlots
from tests.simulation.mutant import mutant

_SLOTS = ("few_slots",)


@mutant(EsmeProtocol, "sessionEnding", "A session that is lost without an unbind keeps its place.")
def _lost_place_kept(ending: Any) -> Any:
    def kept(self: Any, reason: str) -> None:
        places = self._config.places
        held = places._held.get(self)
        ending(self, reason)
        if held is not None:
            places._held[self] = held

    return kept


@mutant(BindPlaces, "leave", "The place of a session that has ended is given back twice.")
def place_given_back_twice(leave: Any) -> Any:
    def twice(self: Any, esme: Any) -> None:
        name = self._held.get(esme)
        leave(self, esme)
        if name is not None:
            self._store.leave(name)

    return twice


# Slots of SMSCs


@mutant(SessionSlots, "give", "The slot of a session that has ended is not given back.", *_SLOTS)
def _slot_not_given_back(_give: Any) -> Any:
    return lambda self, session: self._sessions.pop(session, None)


@mutant(SessionSlots, "give", "The slot of a session is given back twice.", *_SLOTS)
def _slot_given_back_twice(give: Any) -> Any:
    def twice(self: Any, session: Any) -> None:
        if self._sessions.get(session):
            self._store.give_slot(self._smsc)
        give(self, session)

    return twice


@mutant(
    SessionSlots,
    "_told",
    "A slot that comes when its session has ended is kept.",
    *_SLOTS,
    "stalling_store",
    "refusing_binds",
)
def _late_slot_kept(told: Any) -> Any:
    def kept(self: Any, has_slot: bool, session: Any) -> Any:
        return told(self, has_slot, session) if session in self._sessions else ""

    return kept


@mutant(OutbindProtocol, "_has_slot", "A session with outbind is bound without a slot.", *_SLOTS)
def _outbind_without_slot(_has_slot: Any) -> Any:
    async def always(self: Any) -> bool:
        return True

    return always


@mutant(LinkSlot, "leave", "The slot of a link that is no more is not given back.", *_SLOTS)
def _slot_of_no_link(_leave: Any) -> Any:
    return lambda self, kind: self.ended(kind)
