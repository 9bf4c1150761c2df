"""What an operator may do with SMSCs, links, accounts, sessions and queues of a running gate.

States survive a reload, not a restart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from twisted.internet.defer import Deferred, TimeoutError, ensureDeferred

from smppgate.gate.drain import until
from smppgate.gate.queue.account_queue import AccountQueue
from smppgate.gate.router import RouterService
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.smsc_service import LinkKey, SmscService
from smppgate.notices.messages import QUEUE_EMPTIED
from smppgate.routing.admin_state import AdminState
from smppgate.routing.esmes.account import Account
from smppgate.routing.sessions import EsmeSession
from smppgate.txsmpp.log import Logger

TIME_LIMIT = 60.0
"""Seconds that a drain is waited for, unless told otherwise."""


CLOSE_TIMEOUT = 10.0
"""Seconds that an unbind may take beyond the time that open requests have."""


class _Control(ABC):
    """What takes messages, for its operator. Each Deferred fires when it is so, or fails with
    `TimeoutError`.

    After a failure the state is as it was asked for all the same.
    """

    log = Logger()

    what: ClassVar[str]
    """``smsc`` or ``link``."""

    def __init__(self, router: RouterService, service: SmscService) -> None:
        self._router = router
        self._service = service

    @property
    @abstractmethod
    def name(self) -> str:
        """The name, for the log."""

    @property
    @abstractmethod
    def state(self) -> AdminState:
        """What was decided last."""

    @abstractmethod
    def _decide(self, state: AdminState) -> None:
        """Let `state` be this."""

    @abstractmethod
    def _is_up(self) -> bool:
        """Whether messages can be taken, as far as the links go."""

    @abstractmethod
    def _is_idle(self) -> bool:
        """Whether no request is open."""

    @abstractmethod
    def _is_away(self) -> bool:
        """Whether nothing is bound any more."""

    def ready(self) -> Deferred[None]:
        """Take messages again; fires when that is possible: what is to be bound is bound."""
        self._change(AdminState.READY)
        self._service.relink()
        return self._when(self._is_up)

    def drain(self, seconds: float = TIME_LIMIT) -> Deferred[None]:
        """Take no new messages; fires when no request is open."""
        was_away = self.state is AdminState.MAINT
        self._change(AdminState.DRAIN)
        if was_away:
            self._service.relink()
        return self._when(self._is_idle, seconds)

    def maint(self, seconds: float = TIME_LIMIT) -> Deferred[None]:
        """Drain for ``seconds`` at the most, unbind and stay away; fires when that is so."""
        self._change(AdminState.DRAIN)
        return ensureDeferred(self._maint(seconds))

    async def _maint(self, seconds: float) -> None:
        await until(
            lambda: self._is_idle() or self._router.is_draining, seconds, self._router.clock
        )
        if self.state is AdminState.READY or self._router.is_draining:
            raise TimeoutError("it was made ready meanwhile, or the gate is stopping")
        self._change(AdminState.MAINT)
        self._service.relink()
        await self._when(self._is_away)

    def _change(self, state: AdminState) -> None:
        if state is self.state:
            return
        self._decide(state)
        self._router.smsc_changed(self._service.smsc)
        self.log.info("SMSC {smsc}: {state}", smsc=self.name, state=state.value)
        self._tell(state.value)

    def _tell(self, decision: str) -> None:
        if self._router.events.tell_decided is not None:
            self._router.events.tell_decided(self.what, self.name, decision)

    def _when(self, done: Callable[[], bool], seconds: float = TIME_LIMIT) -> Deferred[None]:
        return ensureDeferred(_until(done, seconds, self._router))


class SmscControl(_Control):
    """An SMSC, for its operator. `ready` needs one link that is bound, or that there are none."""

    what = "smsc"

    @property
    def name(self) -> str:
        """The SMSC's name."""
        return self._service.smsc.name

    @property
    def state(self) -> AdminState:
        """What was decided last."""
        return self._service.smsc.state

    @property
    def weight(self) -> int:
        """Its share of messages, as it is now."""
        return self._service.smsc.weight

    def change_weight(self, weight: int) -> None:
        """Give it another share, in all pools: 0 takes no new messages.

        It holds until `reset_weight`, or until its weight changes in the settings.

        :raises ValueError: for less than 0.
        """
        if weight < 0:
            raise ValueError(f"a weight of {weight}: it must be 0 or more")
        self._service.smsc.change_weight(weight, is_decided=True)
        self._router.smsc_changed(self._service.smsc)
        self._tell(f"weight {weight}")

    def reset_weight(self) -> None:
        """Let its weights be those of the settings again."""
        self._service.smsc.change_weight(self._service.settings.weight)
        self._router.smsc_changed(self._service.smsc)
        self._tell("weight of the settings")

    def end_ejection(self) -> int:
        """Let it come back in all pools that have ejected it; gives how many have."""
        return self._router.health.end(self._service.smsc, "the operator says so")

    def links(self) -> list[LinkControl]:
        """Its links, in order of their numbers, those that an operator keeps unbound too."""
        service = self._service
        return [LinkControl(self._router, service, key) for key in service.keys]

    def _decide(self, state: AdminState) -> None:
        self._service.smsc.change_state(state)

    def _is_up(self) -> bool:
        return bool(self._service.smsc.bound) or not self._service.links

    def _is_idle(self) -> bool:
        return self._service.smsc.outstanding <= self._service.smsc.overdue

    def _is_away(self) -> bool:
        return not self._service.smsc.bound


class LinkControl(_Control):
    """One link of an SMSC, for its operator."""

    what = "link"

    def __init__(self, router: RouterService, service: SmscService, key: LinkKey) -> None:
        super().__init__(router, service)
        self._key = key

    @property
    def name(self) -> str:
        """The SMSC's name, with the kind of bind and the number of the link."""
        return self._service.name_of(self._key)

    @property
    def state(self) -> AdminState:
        """What was decided last."""
        return self._service.state_of(self._key)

    def _decide(self, state: AdminState) -> None:
        self._service.change_link(self._key, state)

    def _is_up(self) -> bool:
        link = self._service.link(self._key)
        return link is not None and link.is_bound

    def _is_idle(self) -> bool:
        link = self._service.link(self._key)
        session = link.session if link is not None and link.is_bound else None
        return session is None or len(session.outstanding) <= session.outstanding.overdue

    def _is_away(self) -> bool:
        return self._service.link(self._key) is None


class AccountControl:
    """An account, for its operator. Of the wildcard's, all accounts derived from it too."""

    log = Logger()

    def __init__(self, account: Account[EsmeSession], router: RouterService) -> None:
        self._account = account
        self._accounts = router.accounts
        self._router = router

    @property
    def state(self) -> AdminState:
        """What was decided last: `AdminState.READY` or `AdminState.CLOSED`."""
        return self._account.state

    def ready(self) -> None:
        """Accept binds again."""
        self._change(AdminState.READY)

    def close(self) -> None:
        """Accept no new bind; sessions that are bound go on."""
        self._change(AdminState.CLOSED)

    def kick(self, now: bool = False, seconds: float = TIME_LIMIT) -> Deferred[None]:
        """Unbind its sessions; fires when none is left. They may bind again, unless it is closed.

        :param now: do not wait for open requests to be answered.
        :param seconds: after which the Deferred fails with `TimeoutError`.
        """
        sessions = [s for each in self._accounts.derived(self._account) for s in each.sessions]
        name, count = self._account.system_id, len(sessions)
        self.log.info("ESME {account}: {count} sessions unbound", account=name, count=count)
        self._tell("kick")
        return _kicked(sessions, now, seconds, self._router)

    def _change(self, state: AdminState) -> None:
        if state is self.state:
            return
        for account in self._accounts.derived(self._account):
            account.state = state
        self.log.info(
            "ESME {system_id}: {state}", system_id=self._account.system_id, state=state.value
        )
        self._tell(state.value)

    def _tell(self, decision: str) -> None:
        if self._router.events.tell_decided is not None:
            self._router.events.tell_decided("account", self._account.system_id, decision)


class SessionControl:
    """A session with an ESME, for the gate's operator."""

    log = Logger()

    def __init__(self, session: EsmeProtocol, router: RouterService) -> None:
        self._session = session
        self._router = router

    def kick(self, now: bool = False, seconds: float = TIME_LIMIT) -> Deferred[None]:
        """Unbind it; fires when it has ended. Its ESME may bind again.

        :param now: do not wait for open requests to be answered.
        :param seconds: after which the Deferred fails with `TimeoutError`.
        """
        self.log.info("{who}, session {id}: unbound", who=self._session.who, id=self._session.id)
        return _kicked([self._session], now, seconds, self._router)


class QueueControl:
    """The queue of an account, for the gate's operator."""

    log = Logger()

    def __init__(self, queue: AccountQueue) -> None:
        self._queue = queue

    def retry(self) -> None:
        """Send what waits at once, where a pause after refusals would have it wait."""
        self._queue.sender.bound()

    def drop(self) -> Deferred[int]:
        """Remove what waits now and is not under way to the ESME; fires with how many it was.

        Fails with `StoreError` where the store cannot be read: what was read before is removed.
        Of several processes that share the queue, the one with the claim does it; the others 0.
        """
        return ensureDeferred(self._drop())

    async def _drop(self) -> int:
        count = await self._queue.drop()
        if count or self._queue.is_mine:
            name = self._queue.account.system_id
            self.log.tell(QUEUE_EMPTIED, account=name, count=count)
        return count


def _kicked(
    sessions: Sequence[EsmeSession], now: bool, seconds: float, router: RouterService
) -> Deferred[None]:
    for session in sessions:
        session.leave("unbound by the operator", 0.0 if now else seconds)
    limit = seconds + CLOSE_TIMEOUT
    return ensureDeferred(_until(lambda: all(each.has_ended for each in sessions), limit, router))


async def _until(done: Callable[[], bool], seconds: float, router: RouterService) -> None:
    if not await until(lambda: done() or router.is_draining, seconds, router.clock):
        raise TimeoutError(f"not so after {seconds:g} s")
    if not done():
        raise TimeoutError("the gate is stopping")
