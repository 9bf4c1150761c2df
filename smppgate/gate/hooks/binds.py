"""`BindHook`: binds of ESMEs that the gate itself would accept, and that hooks may refuse."""

from __future__ import annotations

from collections.abc import Callable

from smppgate.gate.hooks.asking import Asking, Question
from smppgate.gate.hooks.decisions import Decision, Refuse
from smppgate.gate.hooks.views import BindView
from smppgate.gate.options import RouterOptions
from smppgate.gate.sessions.binds import Bind
from smppgate.gate.sessions.ports import BindingEsme
from smppgate.routing.esmes.account import BIND_KINDS
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandStatus

_FAILED = int(CommandStatus.ESME_RBINDFAIL)


class BindHook:
    """Asks hooks about binds. ``len()`` is the number of those that wait."""

    def __init__(self, asking: Asking, options: RouterOptions) -> None:
        self._asking = asking
        self._options = options
        self._questions: dict[BindingEsme, Question] = {}

    def __len__(self) -> int:
        return len(self._questions)

    def judge(self, esme: BindingEsme, bind: Bind, judged: Callable[[int], None]) -> None:
        """Call ``judged`` with the command_status of the bind, now or later; not where its session
        has ended before."""

        def decided(decision: Decision | None) -> None:
            self._questions.pop(esme, None)
            if decision is None and self._options.hooks_refuse:
                decision = Refuse(_FAILED)
            if isinstance(decision, Refuse):
                self._asking.refused("on_bind")
                judged(decision.status)
            else:
                judged(0)

        who = peek.credentials(bind.frame.octets)
        kind = BIND_KINDS[bind.frame.command_id]
        name = who.system_id.decode("latin-1")
        view = BindView(name, who.password, kind, esme.host, who.interface_version)
        question = self._asking.ask("on_bind", view, decided)
        if question is not None:
            self._questions[esme] = question

    def drop(self, esme: BindingEsme) -> None:
        """``esme`` has ended; any session may be given."""
        question = self._questions.pop(esme, None)
        if question is not None:
            self._asking.forget(question)

    def drain(self) -> None:
        """Judge those that wait now: the gate stops, and refuses them for that."""
        for question in list(self._questions.values()):
            self._asking.give_up(question)
