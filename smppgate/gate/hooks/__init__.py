"""Hooks: code of a user's own that decides what becomes of binds, messages and answers.

Write a subclass of `Hooks`, and a factory that is called with a `HookContext`; the class itself
may be one. ``[gate] hooks = "package.module:Factory"`` names it. See docs/hooks.md.
"""

from smppgate.gate.hooks.decisions import (
    PASS,
    AnswerDecision,
    BindDecision,
    Change,
    Decision,
    DeliverDecision,
    Pass,
    Refuse,
    Route,
    SubmitDecision,
)
from smppgate.gate.hooks.interface import HookContext, Hooks, IHooks, Later
from smppgate.gate.hooks.views import AnswerView, BindView, DeliverView, SubmitView

__all__ = [
    "PASS",
    "AnswerDecision",
    "AnswerView",
    "BindDecision",
    "BindView",
    "Change",
    "Decision",
    "DeliverDecision",
    "DeliverView",
    "HookContext",
    "Hooks",
    "IHooks",
    "Later",
    "Pass",
    "Refuse",
    "Route",
    "SubmitDecision",
    "SubmitView",
]
