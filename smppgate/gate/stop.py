"""`Stop`: the end of a gate, step by step, within ``stop_timeout``.

1. The listeners close; binds are refused with ESME_RBINDFAIL, queues send nothing more.
2. Each ESME gets an unbind. Its requests in front of the unbind_resp are served: the links to
   SMSCs are up. Its session ends when nothing is open in either direction. A message of an SMSC
   finds no session then: it goes into the queue of the account, else back with
   ``undelivered_status``.
   Messages that wait for an SMSC are served meanwhile, and those of other processes of the gate
   until none of them serves ESMEs.
3. Time for that is over: requests without an answer are answered as if their SMSC had not
   answered in time, those that wait for one too, and the sessions close.
4. Each SMSC gets an unbind. Answers that still come are heard: their return paths are kept.
5. What has not closed by now is cut, and the store is closed.

Each step ends as soon as it can, and no step takes the time of the next: what step 2 may take of
``stop_timeout`` leaves a share to steps 4 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from attrs import evolve
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import deferLater

from smppgate.gate.router import RouterService
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.links import SmscLink
from smppgate.gate.sessions.smsc import SmscProtocol
from smppgate.notices.process import STEP_FAILED
from smppgate.notices.store import STORE_LATE
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.timers import NEVER

REASON = "the gate is stopping"

CLOSE_TIMEOUT = 1.0
"""Seconds that connections have to close after an unbind, and the store: at the most."""

LINKS_SHARE, STORE_SHARE = 1 / 4, 1 / 8
"""Shares of ``stop_timeout`` that the links and the store have at the most for themselves."""

POLL_INTERVAL = 0.05
"""Seconds between two looks whether a step is over: too short to be felt."""


_Step: TypeAlias = Coroutine[Deferred[Any], Any, None]


class Stoppable(Protocol):
    """What a stop needs of a gate."""

    router: RouterService

    @property
    def links(self) -> Sequence[SmscLink]:
        """The links to SMSCs."""

    def esme_sessions(self) -> list[EsmeProtocol]:
        """The sessions with ESMEs whose connections are not lost."""

    def other_smsc_sessions(self) -> list[SmscProtocol]:
        """The sessions with SMSCs that no `SmscLink` keeps."""

    async def close_doors(self) -> None:
        """Listen no more, connect to no ESME, and refuse the binds that wait for an SMSC."""

    async def esmes_ended(self) -> None:
        """No ESME is served any more; returns when links to SMSCs are needed no longer."""

    async def close_services(self) -> None:
        """Stop all services and timers."""

    async def close_store(self) -> None:
        """Close the store."""


class Stop:
    """One stop of a gate.

    :param timeout: seconds for the whole of it.
    :param unbind_timeout: seconds that a peer has for its unbind_resp.
    """

    log = Logger()

    def __init__(
        self, gate: Stoppable, timeout: float, unbind_timeout: float, clock: Clock
    ) -> None:
        self._gate = gate
        self._clock = clock
        self._unbind_timeout = unbind_timeout
        links = min(unbind_timeout + CLOSE_TIMEOUT, timeout * LINKS_SHARE)
        store = min(CLOSE_TIMEOUT, timeout * STORE_SHARE)
        self._over_by = clock.seconds() + timeout
        self._links_by = self._over_by - store
        self._esmes_by = self._links_by - links

    def cut(self) -> None:
        """Wait for no peer any more; the store has `CLOSE_TIMEOUT` left."""
        now = self._clock.seconds()
        self._esmes_by = self._links_by = now
        self._over_by = min(self._over_by, now + CLOSE_TIMEOUT)

    async def run(self) -> None:
        """Stop the gate; returns when that is done, or its time is over."""
        router = self._gate.router
        self.log.info("stopping: {open} requests open", open=router.open_exchanges)
        router.drain()
        router.queues.rest()
        await self._finish([self._gate.close_doors()], self._until_esmes)
        await self._end_esmes()
        await self._end_links()
        await self._end_connections()
        if not await self._finish([self._gate.close_store()], self._until_over):
            self.log.tell(STORE_LATE)
        self.log.info("stopped")

    # The steps

    async def _end_esmes(self) -> None:
        sessions = self._gate.esme_sessions()
        # This stop ends the session in time, and answers what is open before.
        ends = [_unbind(session, self._unbind_timeout, NEVER) for session in sessions]
        is_done = await self._finish(ends, self._until_esmes)
        # What this process has sent waits too.
        await self._wait(lambda: not self._gate.router.waiting_room, self._until_esmes)
        await self._finish([self._gate.esmes_ended()], self._until_esmes)
        self._gate.router.close()
        if is_done:
            return
        for link in self._smsc_sessions():
            link.give_up()
        for session in sessions:
            session.close(REASON)

    async def _end_links(self) -> None:
        left = max(0.0, self._links_by - self._clock.seconds())
        patience = min(self._unbind_timeout, left)
        ends: list[_Step] = [link.leave(REASON, patience, left) for link in self._gate.links]
        ends += [_unbind(each, patience, left) for each in self._gate.other_smsc_sessions()]
        await self._finish(ends, self._until_links)

    async def _end_connections(self) -> None:
        await self._wait(self._is_empty, self._until_links)
        for session in (*self._gate.esme_sessions(), *self._smsc_sessions()):
            session.abort(REASON)
        await self._finish([self._gate.close_services()], self._until_over)
        await self._wait(self._is_empty, self._until_over)

    def _smsc_sessions(self) -> list[SmscProtocol]:
        of_links = [link.session for link in self._gate.links if link.session is not None]
        return [*of_links, *self._gate.other_smsc_sessions()]

    def _is_empty(self) -> bool:
        return not self._gate.esme_sessions() and not self._gate.other_smsc_sessions()

    # Time. `cut` may change it at any moment.

    def _until_esmes(self) -> float:
        return self._esmes_by

    def _until_links(self) -> float:
        return self._links_by

    def _until_over(self) -> float:
        return self._over_by

    async def _finish(self, steps: Iterable[_Step], by: Callable[[], float]) -> bool:
        """Do these beside each other; gives whether all were done in time."""
        done = DeferredList([self._begun(step) for step in steps])
        return await self._wait(lambda: done.called, by)

    def _begun(self, step: _Step) -> Deferred[None]:
        doing = Deferred.fromCoroutine(step)
        return doing.addErrback(lambda why: self.log.tell_failure(STEP_FAILED, why))

    async def _wait(self, done: Callable[[], bool], by: Callable[[], float]) -> bool:
        """Wait until ``done`` is true, or the time of ``by`` has come; gives whether it is."""
        while not done():
            left = by() - self._clock.seconds()
            if left <= 0:
                break
            await deferLater(self._clock, min(left, POLL_INTERVAL))
        return done()


async def _unbind(session: EsmeProtocol | SmscProtocol, answer: float, requests: float) -> None:
    """Unbind ``session``.

    :param answer: seconds that its peer has for the unbind_resp.
    :param requests: seconds that open requests have.
    """
    session.timers = evolve(session.timers, unbind=answer, unbinding=requests)
    await session.unbind(REASON)
