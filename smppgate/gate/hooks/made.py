"""`Made`: hooks that a factory has made, and which of their methods a gate asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from smppgate.gate.hooks.interface import HookContext, Hooks, IHooks
from smppgate.notices.program import HOOKS_NOT_STOPPED
from smppgate.txsmpp.log import Logger

KINDS = ("on_bind", "on_submit", "on_deliver", "on_answer")
"""The methods that decide."""


class CannotMake(Exception):
    """A factory has failed, or what it returns are no hooks; says how, in a few words."""


class Made:
    """Hooks of one factory, in use until others take their place. Mutable: it counts.

    :param name: ``package.module:Factory``.
    :param factory: makes the hooks.
    :raises CannotMake: where it does not.
    :ivar waiting: decisions that are waited for.
    """

    log = Logger()

    def __init__(
        self, name: str, factory: Callable[[HookContext], Any], context: HookContext
    ) -> None:
        self.name = name
        self.waiting = 0
        self._hooks = hooks = _made(factory, context)
        self._methods = {kind: getattr(hooks, kind) for kind in KINDS if _has(hooks, kind)}
        self._stopping: Deferred[None] | None = None
        self._is_retired = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The methods that are asked."""
        return tuple(self._methods)

    def method(self, kind: str) -> Callable[[Any], Any] | None:
        """The method ``kind``; None where it is not asked."""
        return self._methods.get(kind)

    def decided(self) -> None:
        """A decision is not waited for any more."""
        self.waiting -= 1
        if self._is_retired and not self.waiting:
            self.stop()

    def retire(self) -> None:
        """Others are asked from now on: stop the hooks once nothing waits for them any more."""
        self._is_retired = True
        if not self.waiting:
            self.stop()

    def stop(self) -> Deferred[None]:
        """Stop the hooks, once; fires when that is done, whatever comes of it."""
        if self._stopping is None:
            stopping: Deferred[None] = maybeDeferred(self._hooks.stop)
            self._stopping = stopping.addErrback(self._not_stopped)
        after: Deferred[None] = Deferred()
        self._stopping.addBoth(lambda _: after.callback(None))
        return after

    def _not_stopped(self, failure: Failure) -> None:
        self.log.tell_failure(HOOKS_NOT_STOPPED, failure, name=self.name)


def _made(factory: Callable[[HookContext], Any], context: HookContext) -> Any:
    try:
        hooks = factory(context)
        verifyObject(IHooks, hooks, tentative=True)
    except Invalid as fault:
        raise CannotMake(f"returns no hooks: {str(fault).splitlines()[0]}") from None
    except Exception as error:
        raise CannotMake(f"fails: {raised(error)}") from error
    return hooks


def _has(hooks: Any, kind: str) -> bool:
    """Whether it has a method of its own, and not that of `Hooks`, which lets all pass."""
    return getattr(type(hooks), kind, None) is not getattr(Hooks, kind)


def raised(error: BaseException) -> str:
    """What was raised, and where, without its text: that may be somebody's message."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = ""
    if at is not None:
        file = at.tb_frame.f_code.co_filename.rpartition("/")[2]
        where = f" ({file}, line {at.tb_lineno})"
    return f"{type(error).__name__}{where}"
