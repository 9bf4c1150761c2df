"""`IHooks`, which a gate asks, and `Hooks`, to be subclassed by who writes some."""

# ruff: noqa: N805 - the methods of an interface have no self

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, TypeAlias, TypeVar

import attrs
from twisted.internet.defer import Deferred
from zope.interface import Interface, implementer

from smppgate.gate.hooks.decisions import (
    PASS,
    AnswerDecision,
    BindDecision,
    DeliverDecision,
    SubmitDecision,
)
from smppgate.gate.hooks.views import AnswerView, BindView, DeliverView, SubmitView

T = TypeVar("T")
Later: TypeAlias = T | Awaitable[T]
"""A decision now, or a Deferred or coroutine of one: methods may be ``async def``."""


@attrs.frozen
class HookContext:
    """What a factory of hooks is given.

    :ivar reactor: the gate's, for timers and connections. It may not run yet: connect when
        something is to be asked for the first time.
    :ivar options: the table ``[gate] hook_options`` of the configuration. Not in the repr.
    """

    reactor: Any
    options: Mapping[str, Any] = attrs.field(factory=dict, repr=False)


class IHooks(Interface):
    """Is asked what becomes of binds, messages and answers. What a factory of hooks returns.

    Each method returns its decision, or a Deferred or coroutine of it. What it raises, what is no
    decision, and what takes longer than ``hook_timeout`` is a failure: ``hook_default`` holds
    then. A Deferred that is not waited for any longer is cancelled.

    A gate asks about messages as they come, several of one session at a time, and sends them in
    their order: what comes behind a message that is not decided waits for it. Methods are called
    in the reactor's thread and must not block.
    """

    def on_bind(view: BindView) -> Later[BindDecision]:
        """An ESME binds, and the gate itself would accept it: `Pass` or `Refuse`.

        An account that an SMSC judges (``auth = "smsc"``) is asked about before that SMSC is.
        """

    def on_submit(view: SubmitView) -> Later[SubmitDecision]:
        """A message of an ESME came, within its window: `Pass`, `Change`, `Route` or `Refuse`."""

    def on_deliver(view: DeliverView) -> Later[DeliverDecision]:
        """A message or a receipt of an SMSC came: `Pass`, `Change` or `Refuse`."""

    def on_answer(view: AnswerView) -> Later[AnswerDecision]:
        """An SMSC has answered a message of an ESME: `Pass`, or `Refuse` to tell another status.

        Where the SMSC took the message, receipts of it find their way in any case. Not asked is
        what the gate answers itself, after a timeout for instance. Failures let it pass.
        """

    def stop() -> Deferred[None] | None:
        """Nothing is asked any more: close what is open. The gate waits for a Deferred."""


@implementer(IHooks)
class Hooks:
    """Lets everything pass. A gate asks what a subclass has of its own, and nothing else.

    What no method of a subclass is about stays as fast as without hooks. A subclass is a factory,
    unless it has other arguments.
    """

    def __init__(self, context: HookContext) -> None:
        self.context = context

    def on_bind(self, view: BindView) -> Later[BindDecision]:
        """See `IHooks.on_bind`."""
        return PASS

    def on_submit(self, view: SubmitView) -> Later[SubmitDecision]:
        """See `IHooks.on_submit`."""
        return PASS

    def on_deliver(self, view: DeliverView) -> Later[DeliverDecision]:
        """See `IHooks.on_deliver`."""
        return PASS

    def on_answer(self, view: AnswerView) -> Later[AnswerDecision]:
        """See `IHooks.on_answer`."""
        return PASS

    def stop(self) -> Deferred[None] | None:
        """See `IHooks.stop`."""
        return None
