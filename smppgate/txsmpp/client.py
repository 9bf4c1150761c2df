"""`SmppClient`: an ESME, or another client of an SMSC, as a Twisted service."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from attrs import define
from twisted.application.service import Service
from twisted.internet.defer import Deferred, ensureDeferred, fail, succeed
from twisted.internet.interfaces import IStreamClientEndpoint

from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import BindRefused, SessionLost, SmppError
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.notices import CLIENT_NOT_BOUND
from smppgate.txsmpp.pdu import (
    AnyResp,
    Bind,
    DataSm,
    DeliverSm,
    Pdu,
    RequestPdu,
)
from smppgate.txsmpp.program_session import Limits, ProgramSession, Reply
from smppgate.txsmpp.reconnecting import Reconnecting, ToldEndpoint
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers

OnMessage: TypeAlias = Callable[[DeliverSm | DataSm], Reply]
"""Is given each message and receipt; what it returns, or fires with, is the answer."""


@define(eq=False)
class _Waiter:
    """Who waits for a bind: until it is there, or so many tries from now have failed."""

    bound: Deferred[None]
    tries: int | None

    def fail(self) -> None:
        """Count one try."""
        if self.tries is not None:
            self.tries -= 1


class SmppClient(Service):
    """Keeps one session to an SMSC bound: what is lost comes back, after pauses with full jitter.

    ::

        client = SmppClient(reactor, "tcp:127.0.0.1:2775", BindTransceiver(system_id=b"acme"))
        client.startService()
        answer = await client.request(SubmitSm(destination_addr=b"447700900123"))

    A request is sent once, on the session that is bound: it ends with its answer, its timeout, or
    that session. Sending it again is the program's to decide.

    :param reactor: Twisted's.
    :param endpoint: where to connect, as a Twisted endpoint string or object.
    :param bind: the PDU to bind with, password included.
    :param on_message: answers each deliver_sm and data_sm, by default with ESME_ROK. An error in
        it is logged and answered ESME_RX_T_APPN: the SMSC may send the message again.
    :param timers: of its sessions; ``inactivity`` is 0 by default, which is no limit.
    :param backoff: gives the pauses; by default up to 1 s, which doubles with each failure up to
        60 s, and 60 s after each refused bind.
    :raises PduError: when ``bind`` cannot be encoded.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        endpoint: str | IStreamClientEndpoint,
        bind: Bind,
        on_message: OnMessage | None = None,
        *,
        limits: Limits | None = None,
        timers: Timers | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        # What cannot be encoded is told here, and not by each bind.
        encode(bind)
        self.clock = Clock.of(reactor)
        self.batch = Batch(self.clock)
        self.bind = bind
        self.on_message = on_message
        self.limits = limits or Limits()
        self.timers = timers or Timers(inactivity=0.0)
        # Jitter is no secret.
        self.backoff = backoff or Backoff(1.0, 60.0, random.random)
        self._place = endpoint if isinstance(endpoint, str) else repr(endpoint)
        where = _client_endpoint(reactor, endpoint) if isinstance(endpoint, str) else endpoint
        self._waiting: list[_Waiter] = []
        self._link = Reconnecting(
            ToldEndpoint(where, self.not_bound, self._place),
            partial(ClientSession, self),
            self.backoff,
            self.clock,
        )

    @property
    def session(self) -> ClientSession | None:
        """The session if it is bound, and not about to end; else None."""
        session = self._link.session
        if session is None or not session.session.is_bound or session.unbinding:
            return None
        return session

    def when_bound(self, tries: int | None = None) -> Deferred[None]:
        """Fires as soon as the session is bound: at once, or later.

        :param tries: fails with the error of the last one when so many tries have failed from now
            on: `BindRefused`, a `NoAnswer`, or what the endpoint raises. None: it waits as long as
            the service runs.
        """
        if self.session is not None:
            return succeed(None)
        bound: Deferred[None] = Deferred(self._forget)
        self._waiting.append(_Waiter(bound, tries))
        return bound

    def request(self, pdu: RequestPdu[AnyResp]) -> Deferred[AnyResp]:
        """Send ``pdu`` as soon as the window has room; fires with its resp, whatever status.

        Fails with `SessionLost` when no session is bound or it ends, with `RequestTimeout`,
        `WindowFull` when too many wait, `Nacked` when the answer is a generic_nack, or a
        `PduError` when it cannot be decoded.

        :raises PduError: when ``pdu`` cannot be encoded.
        :raises ValueError: for an outbind or alert_notification, which are not answered.
        """
        session = self.session
        return session.request(pdu) if session is not None else fail(SessionLost("not bound"))

    def startService(self) -> None:  # noqa: N802
        """Connect and bind, and again whenever the session is lost."""
        super().startService()  # type: ignore[no-untyped-call]
        self._link.startService()

    def stopService(self) -> Deferred[None]:  # noqa: N802
        """Unbind and connect no more; fires when the connection is closed."""
        super().stopService()  # type: ignore[no-untyped-call]
        return ensureDeferred(self._stop())

    async def _stop(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.bound.errback(SessionLost("the client is stopped"))
        if self._link.session is not None:
            await self._link.session.unbind("the client is stopped")
        await self._link.stop()

    def _forget(self, bound: Deferred[None]) -> None:
        self._waiting = [waiter for waiter in self._waiting if waiter.bound is not bound]

    # Called by its session, and its endpoint

    def bound(self) -> None:
        """The session is bound."""
        self.log.info("bound at {place}", place=self._place)
        self.backoff.bound(self.clock.monotonic())
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.bound.callback(None)

    def not_bound(self, error: BaseException) -> None:
        """A try has failed, unless a stop has ended it."""
        if not self.running:
            return
        self.log.tell(CLIENT_NOT_BOUND, place=self._place, error=error)
        if isinstance(error, BindRefused):
            self.backoff.refused()
        for waiter in self._waiting:
            waiter.fail()
        given_up = [waiter for waiter in self._waiting if waiter.tries == 0]
        self._waiting = [waiter for waiter in self._waiting if waiter.tries != 0]
        for waiter in given_up:
            waiter.bound.errback(error)

    def lost(self, reason: str, was_bound: bool) -> None:
        """The session is over; `Reconnecting` makes another."""
        if was_bound:
            self.log.info("session at {place} ended: {reason}", place=self._place, reason=reason)
        self.backoff.lost(self.clock.monotonic())


def _client_endpoint(reactor: Any, text: str) -> IStreamClientEndpoint:
    # It loads OpenSSL, which half of the programs that import this package have no need of.
    from twisted.internet.endpoints import clientFromString  # noqa: PLC0415

    endpoint: IStreamClientEndpoint = clientFromString(reactor, text)
    return endpoint


class ClientSession(ProgramSession):
    """A session of an `SmppClient`: it binds as soon as it is connected."""

    fault_status = CommandStatus.ESME_RX_T_APPN

    def __init__(self, client: SmppClient) -> None:
        super().__init__(Role.ESME, client.clock, client.timers, client.batch, client.limits)
        self._client = client
        self._was_bound = False

    def connectionMade(self) -> None:  # noqa: N802
        """Bind."""
        super().connectionMade()
        ensureDeferred(self._begin())

    async def _begin(self) -> None:
        try:
            await self.bind(self._client.bind)
        except SmppError as error:
            self._client.not_bound(error)
            self.close(str(error))
        else:
            self._was_bound = True
            if not self.unbinding:
                self._client.bound()

    def answer_to(self, pdu: Pdu) -> Reply:
        """What the program says to a message; other requests an ESME does not do."""
        if not isinstance(pdu, DeliverSm | DataSm):
            return CommandStatus.ESME_RINVCMDID
        on_message = self._client.on_message
        return on_message(pdu) if on_message is not None else None

    def sessionEnded(self, reason: str) -> None:  # noqa: N802
        """Let the client know."""
        self._client.lost(reason, self._was_bound)
