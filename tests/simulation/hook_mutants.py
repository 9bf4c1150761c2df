"""Deliberate faults with hooks: see ``mutants.py``."""

from __future__ import annotations

from typing import Any

from smppgate.gate.hooks.answers import AnswerHook
from smppgate.gate.hooks.deliveries import DeliveryHook
from smppgate.gate.hooks.lines import Lines
from smppgate.gate.hooks.submits import SubmitHook
from smppgate.gate.relay.correlator import Correlator
from tests.simulation.mutant import mutant


@mutant(Lines, "decided", "What a hook has decided goes on before what waits.", "hooked")
def _decided_overtakes(_decided: Any) -> Any:
    def decided(self: Any, place: Any, decision: Any) -> None:
        place.decision, place.question = decision, None
        line = self._lines.get(place.session)
        if line is None:
            return
        line.places.remove(place)
        self._left(place)
        self._go_on(place.session, place.request, decision)
        if not line.places and self._lines.get(place.session) is line:
            self._forget(place.session)

    return decided


@mutant(SubmitHook, "_refuse", "What a hook refuses is sent all the same.", "hooked")
def _refused_is_sent(_refuse: Any) -> Any:
    def refuse(self: Any, exchange: Any, _status: int) -> None:
        self._submitter.submit_entered(exchange.origin, exchange, self._clock.monotonic())

    return refuse


@mutant(SubmitHook, "drop", "What waits for a hook is sent without its session.", "hooked")
def _sent_without_its_session(_drop: Any) -> Any:
    return lambda self, session: None


@mutant(DeliveryHook, "drop", "What waits for a hook is delivered without its link.", "hooked")
def _delivered_without_its_link(_drop: Any) -> Any:
    return lambda self, link: None


@mutant(AnswerHook, "hears", "An answer that is told otherwise is told as it is too.", "hooked")
def _told_twice(hears: Any) -> Any:
    def heard(self: Any, exchange: Any, frame: Any, status: int, go_on: Any) -> None:
        def told(other: int) -> None:
            if other != status:
                exchange.origin.answer(exchange.resp(status))
                exchange.origin.unanswered += 1
            go_on(other)

        hears(self, exchange, frame, status, told)

    return heard


@mutant(Correlator, "_taken_late", "What is taken, and told otherwise, has no line.", "hooked")
def _taken_late_untold(_taken_late: Any) -> Any:
    return lambda self, exchange, smsc, frame, now: self.keeper.take_late(exchange, smsc, frame)
