"""What operators do with all workers is told and kept whatever becomes of who has asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from twisted.internet.defer import CancelledError, Deferred

from smppgate.admin.messages import Answer, Asked, Problem
from smppgate.admin.routes import Call
from smppgate.workers.joining.actions import JoinedActions
from smppgate.workers.joining.decisions import Decisions
from smppgate.workers.joining.ports import Answered
from tests.fakes import outcomes
from tests.workers.joining.test_decisions import ROOT, settings


class Rig:
    """Actions with two workers, which answer when the test says so."""

    def __init__(self) -> None:
        self.audit = Mock()
        self.decisions = Decisions()
        self.decisions.change(settings("alpha"))
        self.asked: list[Deferred[Answered]] = []
        workers = [Mock(number=number, ask=self._ask) for number in (1, 2)]
        self.actions = JoinedActions(Mock(up=lambda: workers), self.audit, self.decisions)

    def _ask(self, *_: Any) -> Deferred[Answered]:
        self.asked.append(Deferred())
        return self.asked[-1]

    def answer(self, status: int, body: bytes) -> None:
        asked, self.asked = self.asked, []
        for each in asked:
            each.callback(Answered(status, body))

    @property
    def told(self) -> list[str]:
        return [call.args[1] for call in self.audit.changed.call_args_list]


def call_of(path: str, **names: str) -> Call:
    asked = Asked(method="POST", path=f"{ROOT}/{path}")
    return Call(asked=asked, user=Mock(), names=names, query={}, body={})


def drain(rig: Rig) -> Deferred[Answer]:
    call = call_of("smscs/alpha/drain", name="alpha")
    return Deferred.fromCoroutine(rig.actions.smsc(call, "drain"))


def drop(rig: Rig) -> Deferred[Answer]:
    call = call_of("queues/acme/drop", system_id="acme")
    return Deferred.fromCoroutine(rig.actions.drop(call))


@pytest.mark.parametrize(
    ("act", "kept", "told"),
    [(drain, [f"{ROOT}/smscs/alpha/drain"], "drain"), (drop, [], "drop 4 messages of")],
)
def test_it_is_told_and_kept_where_the_client_has_gone(
    act: Callable[[Rig], Deferred[Answer]], kept: list[str], told: str
) -> None:
    rig = Rig()
    waiting = act(rig)
    done = outcomes(waiting)
    waiting.cancel()
    assert done[0].check(CancelledError)  # type: ignore[union-attr]
    rig.answer(200, b'{"count": 2}')
    assert [path for _, path, _ in rig.decisions.all()] == kept
    assert rig.told == [told]


def test_what_none_has_done_is_not_told() -> None:
    rig = Rig()
    done = outcomes(drain(rig))
    rig.answer(404, b"{}")
    assert done[0].check(Problem)  # type: ignore[union-attr]
    assert rig.decisions.all() == []
    assert rig.told == []
