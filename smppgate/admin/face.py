"""`Face`: lets the right handler answer each request, for those who may ask it."""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure

from smppgate.admin.audit import Audit
from smppgate.admin.guard import SAFE, Guard, User, check_origin
from smppgate.admin.messages import Answer, Asked, Problem
from smppgate.admin.routes import Route, Table
from smppgate.admin.shielded import shielded
from smppgate.notices.program import REQUEST_FAILED
from smppgate.txsmpp.log import Logger

NOBODY = User("", "")
"""Asks what anybody may."""


class Face:
    """Answers requests.

    :param table: the routes, by which a request is answered.
    """

    log = Logger()

    def __init__(self, table: Table, guard: Guard, audit: Audit) -> None:
        self._table = table
        self._guard = guard
        self._audit = audit

    async def respond(self, asked: Asked) -> Answer:
        """The answer to ``asked``, whatever it is; an error of the gate's own is 500."""
        if asked.method in SAFE:
            return await self._responded(asked)
        # A change is made at all workers, kept and told of, even if the client is gone by then.
        return await shielded(self._responded(asked))

    async def _responded(self, asked: Asked) -> Answer:
        try:
            return await self._answered(asked)
        except Problem as problem:
            return problem.answer
        except CancelledError:
            return Problem(503, "the gate is stopping").answer
        except Exception:
            self.log.tell_failure(REQUEST_FAILED, Failure())
            return Problem(500, "the gate could not answer; its log tells why").answer

    async def _answered(self, asked: Asked) -> Answer:
        check_origin(asked)
        route = self._open_route(asked)
        if route is not None:
            return await route.handle(route.call(asked, NOBODY, {}))
        user = await self._guard.user(asked)
        route, names = self._table.find(asked)
        if not route.is_audited:
            return await route.handle(route.call(asked, user, names))
        return await self._audited(asked, route, user, names)

    async def _audited(
        self, asked: Asked, route: Route, user: User, names: dict[str, str]
    ) -> Answer:
        try:
            if not user.is_operator:
                allowed = "change nothing" if route.method != "GET" else "see no messages"
                raise Problem(403, f"the user {user.name} may look, and {allowed}")
            return await route.handle(route.call(asked, user, names))
        except Problem as problem:
            what = f"{route.method} {asked.path[:200]}"
            self._audit.refused(user.name, asked.client, what, problem.detail)
            raise

    def _open_route(self, asked: Asked) -> Route | None:
        """The route of a request that anybody may ask; None where a user has to."""
        try:
            route, _ = self._table.find(asked)
        except Problem:
            # Only users are told what there is.
            return None
        return None if route.role else route
