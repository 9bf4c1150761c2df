"""Deliberate faults with places for sessions of accounts: see ``mutants.py``."""

from __future__ import annotations

from typing import Any

from smppgate.gate.sessions.bind_places import BindPlaces
from smppgate.gate.sessions.esme import EsmeProtocol
from tests.simulation.mutant import mutant


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
