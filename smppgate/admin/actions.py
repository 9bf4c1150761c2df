"""`Actions`: what operators do by the API. The gate's own controls do it.

What takes time is begun and answered at once with 202: the object tells when it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.python.failure import Failure

from smppgate.admin.audit import Audit
from smppgate.admin.messages import Answer, Problem
from smppgate.admin.routes import Call
from smppgate.admin.views import Views, number, unknown
from smppgate.gate import Gateway
from smppgate.notices.program import ACTION_FAILED
from smppgate.store import StoreError
from smppgate.txsmpp.log import Logger


class Actions:
    """What operators do with one gate."""

    log = Logger()

    def __init__(self, gateway: Gateway, views: Views, audit: Audit) -> None:
        self._gateway = gateway
        self._views = views
        self._audit = audit
        self._begun: dict[tuple[str, str], Deferred[None]] = {}
        """What takes time, by what it is about: one for each, as the last decision counts."""

    async def smsc(self, call: Call, action: str) -> Answer:
        """``ready``, ``drain``, ``maint``, ``end-ejection``: of an SMSC."""
        control = self._found("smscs", call.names["name"], self._gateway.smsc)
        method = "end_ejection" if action == "end-ejection" else action
        return await self._done(call, "smscs", action, getattr(control, method))

    async def weight(self, call: Call) -> Answer:
        """Another share of messages."""
        control = self._found("smscs", call.names["name"], self._gateway.smsc)
        weight = call.body["weight"]
        act = control.reset_weight if weight is None else partial(control.change_weight, weight)
        action = f"weight {'of the settings' if weight is None else weight}"
        return await self._done(call, "smscs", action, act)

    async def link(self, call: Call, action: str) -> Answer:
        """``ready``, ``drain``, ``maint``: of a link."""
        control = self._found("links", call.names["id"], self._gateway.link)
        return await self._done(call, "links", action, getattr(control, action))

    async def account(self, call: Call, action: str) -> Answer:
        """``open`` or ``close``: of an account."""
        control = self._found("accounts", call.names["system_id"], self._gateway.account)
        act = control.close if action == "close" else control.ready
        return await self._done(call, "accounts", action, act)

    async def kick_account(self, call: Call) -> Answer:
        """Unbind all sessions of an account."""
        control = self._found("accounts", call.names["system_id"], self._gateway.account)
        act = partial(control.kick, now=call.body["now"])
        return await self._done(call, "accounts", "kick", act)

    async def kick_session(self, call: Call) -> Answer:
        """Unbind one session."""
        name = call.names["id"]
        control = self._found("sessions", name, lambda id: self._gateway.session(number(id)))
        # As it is before: with `now` it may be gone at once.
        answer = await self._views.item("sessions", name, 202)
        self._audit.changed(call, "kick", name, "sessions")
        self._watch(("sessions", name), control.kick(now=call.body["now"]))
        return answer

    async def drop(self, call: Call) -> Answer:
        """Remove what waits in a queue."""
        count = await self.dropped(call.names["system_id"])
        return await self._done(call, "queues", f"drop {count} messages of")

    async def dropped(self, system_id: str) -> int:
        """Remove what waits in a queue; gives how many messages that was.

        :raises Problem: 404 or 503.
        """
        control = self._found("queues", system_id, self._gateway.queue)
        try:
            return int(await control.drop())
        except StoreError as error:
            raise Problem(503, f"the queue cannot be read now: {error}") from None

    async def retry(self, call: Call) -> Answer:
        """Send what waits in a queue at once."""
        control = self._found("queues", call.names["system_id"], self._gateway.queue)
        return await self._done(call, "queues", "retry", control.retry)

    def _found(self, kind: str, name: str, look_up: Callable[[str], Any]) -> Any:
        try:
            return look_up(name)
        except KeyError:
            raise unknown(kind, name) from None

    async def _done(
        self, call: Call, kind: str, action: str, act: Callable[[], object] = lambda: None
    ) -> Answer:
        """Do it, tell of it, and answer with the object as it is now: 202 where it takes time."""
        (name,) = call.names.values()
        begun = self._audit.done(act)
        self._audit.changed(call, action, name, kind)
        takes_time = isinstance(begun, Deferred) and not begun.called
        if isinstance(begun, Deferred):
            self._watch((kind, name), cast("Deferred[None]", begun))
        return await self._views.item(kind, name, 202 if takes_time else 200)

    def _watch(self, about: tuple[str, str], begun: Deferred[None]) -> None:
        former = self._begun.pop(about, None)
        if former is not None:
            former.cancel()
        self._begun[about] = begun
        begun.addErrback(self._not_done).addBoth(self._over, about, begun)

    def _over(self, _: object, about: tuple[str, str], begun: Deferred[None]) -> None:
        if self._begun.get(about) is begun:
            del self._begun[about]

    def _not_done(self, failure: Failure) -> None:
        if not failure.check(TimeoutError, CancelledError):
            self.log.tell_failure(ACTION_FAILED, failure)
