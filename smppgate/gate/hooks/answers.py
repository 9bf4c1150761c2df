"""`AnswerHook`: answers of SMSCs to messages of ESMEs, of which hooks decide what is told.

Each is decided by itself: answers come in any order. Meanwhile its message is unanswered, and a
receipt of it counts as one that came before its answer.
"""

from __future__ import annotations

from collections.abc import Callable

from smppgate.gate.hooks.asking import Asking, Question
from smppgate.gate.hooks.decisions import Decision, Refuse
from smppgate.gate.hooks.submits import view_of
from smppgate.gate.hooks.views import AnswerView
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import Origin
from smppgate.txsmpp.frame import Frame


class AnswerHook:
    """Asks hooks about answers to ESMEs. ``len()`` is the number of those that wait."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._questions: dict[Origin, dict[Question, None]] = {}

    def __len__(self) -> int:
        return sum(len(questions) for questions in self._questions.values())

    def hears(
        self, exchange: Exchange, frame: Frame, status: int, go_on: Callable[[int], None]
    ) -> None:
        """See `smppgate.gate.relay.correlator.AnswerHook`."""
        origin, smsc = exchange.origin, exchange.smsc
        # Nobody but an ESME has a name.
        if not origin.system_id or smsc is None or origin.has_ended:
            go_on(status)
            return
        question: Question | None = None

        def decided(decision: Decision | None) -> None:
            if question is not None:
                self._forget(origin, question)
            if isinstance(decision, Refuse):
                self._asking.refused("on_answer")
                go_on(decision.status)
            else:
                go_on(status)

        view = AnswerView(frame, status, smsc.name, view_of(exchange, exchange.sent.octets))
        question = self._asking.ask("on_answer", view, decided)
        if question is not None:
            self._questions.setdefault(origin, {})[question] = None

    def give_up(self, origin: Origin) -> None:
        """Tell what SMSCs have answered to ``origin``: its time is over."""
        for question in list(self._questions.get(origin, ())):
            self._asking.give_up(question)

    def close(self) -> None:
        """The same for all: the gate stops."""
        for origin in list(self._questions):
            self.give_up(origin)

    def _forget(self, origin: Origin, question: Question) -> None:
        questions = self._questions[origin]
        del questions[question]
        if not questions:
            del self._questions[origin]
