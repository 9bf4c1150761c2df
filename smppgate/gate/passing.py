"""`Passages`: binds that an SMSC is to judge, and the sessions that come of them.

The bind of such an ESME goes on to an SMSC of its account's pool over a connection of its own, and
the SMSC's answer comes back. From then on the two sessions are one: nothing but this ESME's
requests goes over that connection, what comes on it is for this ESME, and neither session outlives
the other. All else is as with any ESME and any SMSC: numbers, message ids and receipts are
translated, and the account's limits hold.

An SMSC that is not reached, or gives no answer in its share of the time, leaves the bind to the
next. One that has answered has decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IAddress, IStreamClientEndpoint
from twisted.internet.protocol import Factory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.gate.smsc import SmscProtocol, SmscSide
from smppgate.routing.accounts import BindRejected
from smppgate.routing.pools import Member, Pool
from smppgate.routing.refusals import Refusals
from smppgate.txsmpp.constants import CommandStatus, status_meaning
from smppgate.txsmpp.frame import HEADER_SIZE, MAX_PDU_SIZE, Frame
from smppgate.txsmpp.timers import Timers

if TYPE_CHECKING:
    from smppgate.gate.esme import Bind, EsmeProtocol
    from smppgate.gate.router import RouterService

AVOIDED_SECONDS = 10.0
"""How long an SMSC that gave no answer is asked after all others."""


@define(eq=False)
class Passage:
    """The way of binds to one SMSC.

    :param member: the SMSC; the sessions' messages are not counted in it.
    :param endpoint: where each of the sessions connects.
    :param window: unanswered requests allowed on each of them.
    """

    member: Member
    endpoint: IStreamClientEndpoint
    timers: Timers = field(factory=Timers)
    window: int = 100
    max_pdu_size: int = MAX_PDU_SIZE
    sessions: dict[PassedSession, None] = field(factory=dict, init=False, repr=False)
    """Those bound, those that are to be, and those whose connection is not closed yet."""
    avoided_until: float = field(default=0.0, init=False)

    @property
    def load(self) -> float:
        """Sessions for its weight."""
        return len(self.sessions) * self.member.share


class PassedSession(SmscProtocol):
    """The SMSC's half of the session of one ESME."""

    def __init__(self, passage: Passage, esme: EsmeProtocol, bind: Bind) -> None:
        member = passage.member.for_one_session()
        side = SmscSide(
            name=f"{member.name} for {bind.account.system_id}",
            router=esme.router,
            member=member,
            timers=passage.timers,
            version=bind.version,
            window=passage.window,
            max_pdu_size=passage.max_pdu_size,
        )
        super().__init__(side)
        self.owner: EsmeProtocol = esme
        self._passage = passage
        passage.sessions[self] = None

    def sessionEnding(self, reason: str) -> None:
        """Take it out of its member's group."""
        super().sessionEnding(reason)
        self.member.retire()
        if self.transport is None:
            self._passage.sessions.pop(self, None)

    def sessionEnded(self, reason: str) -> None:
        """The ESME's session ends with it, now that all its requests are answered."""
        # A gate that stops unbinds its ESMEs by itself, when it has come to that.
        if self.owner.passed_through is self.member and not self.router.is_draining:
            _part(self.owner, "its SMSC session has ended")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It counts no longer."""
        super().connectionLost(reason)
        self._passage.sessions.pop(self, None)


class Passages:
    """Asks SMSCs about binds, and joins the sessions of those that are accepted.

    While one bind is being judged, others with the same credentials wait: a refusal is for all of
    them.

    :param passages: one for each SMSC that may be asked.
    """

    log = Logger()

    def __init__(
        self, router: RouterService, passages: Iterable[Passage], refusals: Refusals | None = None
    ) -> None:
        self._clock = router.clock
        self._passages = {passage.member: passage for passage in passages}
        self._refusals = refusals if refusals is not None else Refusals()
        self._asking: dict[EsmeProtocol, Deferred[None]] = {}
        self._joined: dict[EsmeProtocol, PassedSession] = {}
        # Digest of credentials that are being judged → who waits for it, to be told whether they
        # were accepted.
        self._judging: dict[bytes, list[Deferred[bool]]] = {}

    @property
    def sessions(self) -> list[PassedSession]:
        """The sessions with SMSCs, those not bound yet included."""
        return [session for each in self._passages.values() for session in each.sessions]

    def begin(self, esme: EsmeProtocol, bind: Bind) -> None:
        """Ask an SMSC about ``bind``, and answer ``esme`` with what it says, later."""
        bind.account.add(esme)
        asking = ensureDeferred(self._ask(esme, bind))
        if not asking.called:
            self._asking[esme] = asking

    def esme_lost(self, esme: EsmeProtocol) -> None:
        """``esme`` has ended, bound or not: so does what it has with an SMSC."""
        asking = self._asking.pop(esme, None)
        if asking is not None:
            asking.cancel()
        link = self._joined.pop(esme, None)
        if link is not None:
            _part(link, "its ESME is gone")

    def stop(self) -> None:
        """The gate stops: the binds that wait for an answer are refused."""
        for asking in list(self._asking.values()):
            asking.cancel()

    async def _ask(self, esme: EsmeProtocol, bind: Bind) -> None:
        error, body = BindRejected("no longer wanted", CommandStatus.ESME_RBINDFAIL), b""
        try:
            await esme.router.ready()
            link, answer = await self._in_turn(esme, bind)
        except BindRejected as rejected:
            error = rejected
        except CancelledError:
            pass
        except Exception:
            self.log.failure("a bind could not be passed on")
        else:
            if link.session.is_bound:
                self._asking.pop(esme, None)
                self._join(esme, bind, link, answer)
                return
            error, body = _said_no(link, answer), answer.octets[HEADER_SIZE:]
            link.close(str(error))
        self._asking.pop(esme, None)
        bind.account.remove(esme)
        if not esme.has_ended:
            esme.refuse_bind(bind.frame, error, body)

    def _join(self, esme: EsmeProtocol, bind: Bind, link: PassedSession, answer: Frame) -> None:
        self._joined[esme] = link
        link.attached()
        esme.accept_bind(bind, answer.octets[HEADER_SIZE:], link.member)

    # One at a time

    async def _in_turn(self, esme: EsmeProtocol, bind: Bind) -> tuple[PassedSession, Frame]:
        """The SMSC's answer, and the session that it came on.

        :raises BindRejected: when there is none, or it is known.
        """
        digest = self._refusals.digest(bind.account.system_id.encode("latin-1"), bind.password)
        await self._wait(digest)
        status = self._refusals.status(digest, self._clock.seconds())
        if status is not None:
            raise BindRejected("an SMSC refused it a moment ago", status)
        if digest in self._judging:
            return await self._try_each(esme, bind)
        self._judging[digest] = []
        try:
            link, answer = await self._try_each(esme, bind)
        except Exception:
            self._judged(digest, accepted=False)
            raise
        if not link.session.is_bound:
            self._refusals.add(digest, answer.command_status, self._clock.seconds())
        self._judged(digest, accepted=link.session.is_bound)
        return link, answer

    def _judged(self, digest: bytes, accepted: bool) -> None:
        for waiting in self._judging.pop(digest):
            waiting.callback(accepted)

    async def _wait(self, digest: bytes) -> None:
        """Until nobody's bind with these credentials is being judged, or one was accepted."""
        while digest in self._judging:
            verdict: Deferred[bool] = Deferred()
            self._judging[digest].append(verdict)
            if await verdict:
                return

    # Asking

    async def _try_each(self, esme: EsmeProtocol, bind: Bind) -> tuple[PassedSession, Frame]:
        passages = self._in_order(bind.account.pool)
        for tried, passage in enumerate(passages):
            link = PassedSession(passage, esme, bind)
            asking = ensureDeferred(_answer(link, passage.endpoint, bind.frame.octets))
            # A share is left to tell the ESME that nobody answered.
            patience = (esme.bound_by - self._clock.seconds()) / (len(passages) - tried + 1)
            asking.addTimeout(max(0.0, min(patience, passage.timers.response)), self._clock)
            try:
                return link, await asking
            except Exception as error:
                # Endpoints have errors of their own for having been cancelled.
                if esme.has_ended or esme.router.is_draining:
                    raise CancelledError from error
                self._avoid(passage, link.name, error)
        raise BindRejected("no SMSC has answered it", CommandStatus.ESME_RBINDFAIL)

    def _in_order(self, pool: Pool) -> list[Passage]:
        """The passages of the pool, the one to be asked first in front."""
        now = self._clock.seconds()
        passages = [self._passages[each] for each in pool.members if each in self._passages]
        return sorted(passages, key=lambda each: (each.avoided_until > now, each.load))

    def _avoid(self, passage: Passage, name: str, error: Exception) -> None:
        passage.avoided_until = self._clock.seconds() + AVOIDED_SECONDS
        self.log.warn(
            "SMSC {name} gave no answer to its bind: {reason}",
            name=name,
            reason=str(error) or type(error).__name__,
        )


class _Connection(Factory):
    """One connection, for a session that is there already."""

    noisy = False

    def __init__(self, link: PassedSession) -> None:
        self._link = link

    def buildProtocol(self, addr: IAddress | None) -> PassedSession:
        self._link.factory = self
        return self._link


async def _answer(link: PassedSession, endpoint: IStreamClientEndpoint, octets: bytes) -> Frame:
    """What the SMSC answers to the bind in ``octets``; without an answer ``link`` is closed."""
    try:
        await endpoint.connect(_Connection(link))
        return await link.bind_with(octets)
    except Exception:
        link.close("no answer to the bind")
        raise


def _said_no(link: PassedSession, answer: Frame) -> BindRejected:
    """The SMSC's status. A generic_nack with ESME_ROK has bound nobody either."""
    status = answer.command_status or CommandStatus.ESME_RBINDFAIL
    return BindRejected(f"SMSC {link.name}: {status_meaning(status)}", status)


def _part(session: EsmeProtocol | PassedSession, reason: str) -> None:
    """End a session in order, if nobody is about it already."""
    if not session.unbinding:
        ensureDeferred(session.unbind(reason))
