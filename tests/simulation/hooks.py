"""The hooks of worlds in the mood ``hooked``, and the book of what they have decided.

They decide at once, later or never, let pass, refuse, change, raise and talk nonsense. The gate
makes them by the settings as it makes any; a world finds its book by its seed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import define, field
from twisted.internet.defer import Deferred
from zope.interface import implementer

from smppgate.gate.hooks import (
    PASS,
    AnswerView,
    Change,
    DeliverView,
    HookContext,
    Hooks,
    IHooks,
    Refuse,
    SubmitView,
)
from tests.simulation import wire

if TYPE_CHECKING:
    from tests.simulation.scenario import Plan

HOOK_TIME = 1.0
"""Seconds that a hook has."""

REFUSED, TOLD = 0x4F1, 0x4F2
"""What hooks refuse with, and what they have told in place of what an SMSC has answered. Nobody
else says so."""

_MARK = 0x2A
"""The protocol_id of what they change."""

_TO_PROTOCOL_ID = re.compile(rb"[^\0]*\0..[^\0]*\0..[^\0]*\0.", re.DOTALL)
_CHANGEABLE = (wire.SUBMIT_SM, wire.DELIVER_SM)

_EARLY = 0.005
"""Seconds that a clock may be off."""


def changed(body: bytes) -> bytes:
    """The body of a submit_sm or deliver_sm as it is once hooks have changed it."""
    found = _TO_PROTOCOL_ID.match(body)
    assert found is not None
    return body[: found.end()] + bytes((_MARK,)) + body[found.end() + 1 :]


@define(eq=False)
class Verdict:
    """One decision.

    :ivar what: "pass", "change", "refuse", or "fail" where there is none.
    :ivar asked_at: seconds; ``by``: when it is known, at the earliest.
    """

    what: str
    asked_at: float
    by: float

    def lets(self, at: float, default: str) -> bool:
        """Whether what it is about may have gone on at that time."""
        passes = self.what in ("pass", "change") or (self.what == "fail" and default == "pass")
        return passes and at >= self.by - _EARLY

    def refuses(self, status: int, default: str) -> bool:
        """Whether it may have been answered so."""
        if status == REFUSED:
            return self.what == "refuse"
        return self.what == "fail" and default == "refuse"


@define(eq=False)
class Book:
    """What the hooks of one world have decided, by the kind of hook and the label.

    :param default: what becomes of what they fail to decide.
    """

    of: ClassVar[dict[int, Book]] = {}

    default: str
    chance: Random
    verdicts: dict[tuple[str, int], list[Verdict]] = field(factory=lambda: defaultdict(list))

    @classmethod
    def of_world(cls, plan: Plan, chance: Random) -> Book | None:
        """A new one for the hooks of a world; None for one without hooks."""
        if not plan.hook_default:
            return None
        book = cls.of[plan.seed] = cls(plan.hook_default, chance)
        return book

    def decide(self, kind: str, view: Any, octets: bytes, now: float) -> Verdict:
        """Decide about ``view``, which is about the message in ``octets``."""
        draw = self.chance
        whats = ("pass",) * 6 + ("refuse", "fail") + ("change",) * (2 * (kind != "on_answer"))
        what = draw.choice(whats)
        if what == "change" and getattr(view, "command_id", 0) not in _CHANGEABLE:
            what = "pass"
        if what == "change" and getattr(view, "receipt", None) is not None:
            what = "pass"
        after = draw.choice((0.0, 0.0, draw.uniform(0.0, 0.1), draw.uniform(0.0, 1.5)))
        if after >= HOOK_TIME:
            what, after = "fail", HOOK_TIME
        verdict = Verdict(what, now, now + after)
        label = wire.label_in(octets, b"d" if kind == "on_deliver" else b"m")
        if label is not None:
            self.verdicts[kind, label].append(verdict)
        return verdict

    def about(self, kind: str, label: int) -> list[Verdict]:
        """The decisions about the message with that label."""
        return self.verdicts.get((kind, label), [])

    # What rules ask

    def sent_too_soon(self, kind: str, label: int, at: float) -> str:
        """Why a message may not have gone on at that time; empty where it may."""
        verdicts = self.about(kind, label)
        if not verdicts:
            return "no hook was asked about it"
        if any(each.lets(at, self.default) for each in verdicts):
            return ""
        return f"hooks do not let it go on: {verdicts}"

    def may_be(self, kind: str, label: int, body: bytes) -> list[bytes]:
        """The bodies with which it may go on."""
        whats = {each.what for each in self.about(kind, label)}
        found = [body] if whats - {"change"} else []
        return [*found, changed(body)] if "change" in whats else found

    def may_refuse(self, kind: str, label: int, status: int) -> bool:
        """Whether hooks may have had it answered so."""
        return any(each.refuses(status, self.default) for each in self.about(kind, label))


@implementer(IHooks)
class SimulatedHooks(Hooks):
    """Decides as chance has it, and keeps a book of it."""

    def __init__(self, context: HookContext) -> None:
        super().__init__(context)
        self._reactor = context.reactor
        self._book = Book.of[context.options["seed"]]

    def on_submit(self, view: SubmitView) -> Any:
        return self._decide("on_submit", view, view.octets)

    def on_deliver(self, view: DeliverView) -> Any:
        return self._decide("on_deliver", view, view.octets)

    def on_answer(self, view: AnswerView) -> Any:
        return self._decide("on_answer", view, view.request.octets)

    def _decide(self, kind: str, view: Any, octets: bytes) -> Any:
        now = self._reactor.seconds()
        verdict = self._book.decide(kind, view, octets, now)
        after = verdict.by - now
        if after <= 0.0:
            return self._said(kind, verdict)
        if verdict.what == "fail" and after >= HOOK_TIME:
            return Deferred()
        return self._later(after, kind, verdict)

    def _later(self, after: float, kind: str, verdict: Verdict) -> Deferred[Any]:
        later: Deferred[Any] = Deferred(lambda _: call.cancel() if call.active() else None)
        call = self._reactor.callLater(after, self._fire, later, kind, verdict)
        return later

    def _fire(self, later: Deferred[Any], kind: str, verdict: Verdict) -> None:
        try:
            later.callback(self._said(kind, verdict))
        except ValueError as error:
            later.errback(error)

    def _said(self, kind: str, verdict: Verdict) -> Any:
        if verdict.what == "fail":
            if self._book.chance.random() < 0.5:
                raise ValueError("a hook fails")
            return None
        if verdict.what == "refuse":
            return Refuse(TOLD if kind == "on_answer" else REFUSED)
        return Change(protocol_id=_MARK) if verdict.what == "change" else PASS
