"""`PassThrough`: binds that an SMSC judges, and the pairs of sessions that follow.

The bind goes to an SMSC of the account's pool over a connection made for it, and the SMSC's answer
goes to the ESME. Once it is ESME_ROK the two sessions belong together: only this ESME's requests
go over that connection, requests that come on it are for this ESME, and neither session outlives
the other. All else is as with any ESME and any SMSC: sequence numbers, message ids and receipts
are translated, and the account's limits hold.

If an SMSC is not reached, gives no answer in its share of the time, or has all its
``sessions_total`` in use, the bind goes to the next SMSC. Any answer, an error too, is final.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure

from smppgate.gate.reports.trouble import in_words
from smppgate.gate.sessions.bind_places import BindPlaces
from smppgate.gate.sessions.binds import Bind
from smppgate.gate.sessions.pass_through_target import PassThroughTarget
from smppgate.gate.sessions.ports import BindingEsme, Switch
from smppgate.gate.sessions.session_slots import NoSlot
from smppgate.gate.sessions.smsc import SmscProtocol, SmscSessionConfig
from smppgate.notices.program import PASSING_FAILED
from smppgate.notices.smscs import BIND_UNANSWERED
from smppgate.routing.esmes.accounts import BindRejected
from smppgate.routing.esmes.refused_credentials import RefusedCredentials
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import CommandStatus, status_meaning
from smppgate.txsmpp.errors import SessionLost
from smppgate.txsmpp.frame import HEADER_SIZE, Frame
from smppgate.txsmpp.log import Logger

AVOIDANCE_SECONDS = 10.0
"""Seconds for which an SMSC that gave no answer is tried after all others: each try costs a share
of the time that the ESME waits."""


class PassThroughSession(SmscProtocol):
    """A session with an SMSC that serves the session of one ESME."""

    def __init__(self, target: PassThroughTarget, esme: BindingEsme, bind: Bind) -> None:
        smsc = target.smsc.for_one_session()
        config = SmscSessionConfig(
            name=f"{smsc.name} for {bind.account.system_id}",
            router=esme.router,
            smsc=smsc,
            timers=target.timers,
            version=bind.version,
            max_pdu_size=target.max_pdu_size,
            endpoint=target.place,
            refusal_rate=target.refusal_rate,
            rebinds=target.rebinds,
            max_timeouts=target.max_timeouts,
        )
        super().__init__(config)
        self.owner: BindingEsme = esme
        self.target = target
        target.sessions[self] = None

    def sessionEnding(self, reason: str) -> None:
        """Take its `Smsc` out of the message center."""
        super().sessionEnding(reason)
        self.smsc.retire()
        if self.transport is None:
            self._gone()

    def tell_unbound(self, reason: str) -> None:
        """Nothing: `PassThrough` tells what became of the bind."""

    def sessionEnded(self, reason: str) -> None:
        """End the ESME's session too: requests that it sent here have failed by now."""
        super().sessionEnded(reason)
        # A gate that stops unbinds its ESMEs itself, at a later step.
        if self.owner.passed_through is self.smsc and not self.router.is_draining:
            _unbind(self.owner, "its SMSC session has ended")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Take the session out of its target."""
        super().connectionLost(reason)
        self._gone()

    def _gone(self) -> None:
        self.target.sessions.pop(self, None)
        self.target.slots.give(self)


class PassThrough:
    """Passes binds through to SMSCs, and joins the two sessions of an accepted bind.

    While one bind is being judged, others with the same credentials wait: a refusal counts for all
    of them.

    :param targets: one for each SMSC that judges binds; ``targets`` has them by SMSC.
    :param refused: remembers refusals.
    :param places: has places for sessions whose bind an SMSC has accepted.
    """

    log = Logger()

    def __init__(
        self,
        router: Switch,
        targets: Iterable[PassThroughTarget],
        refused: RefusedCredentials,
        places: BindPlaces,
    ) -> None:
        self._clock = router.clock
        self.targets = {target.smsc: target for target in targets}
        # Those that are removed, as long as they have sessions.
        self._removed: list[PassThroughTarget] = []
        self._refused = refused
        self._places = places
        self._under_way: dict[BindingEsme, Deferred[None]] = {}
        self._joined: dict[BindingEsme, PassThroughSession] = {}
        # Digest of credentials that are being judged → Deferreds of the binds that wait for the
        # verdict; each fires with whether it was an acceptance.
        self._judging: dict[bytes, list[Deferred[bool]]] = {}

    def set_target(self, target: PassThroughTarget) -> None:
        """Pass binds through to this SMSC from now on, or in this way."""
        known = self.targets.setdefault(target.smsc, target)
        if known is not target:
            known.change(target)

    def remove_target(self, smsc: Smsc) -> list[SmscProtocol]:
        """Pass no more binds through to this SMSC; gives the sessions that it has."""
        target = self.targets.pop(smsc, None)
        if target is None:
            return []
        self._removed = [each for each in (*self._removed, target) if each.sessions]
        return list(target.sessions)

    @property
    def sessions(self) -> list[SmscProtocol]:
        """The sessions with SMSCs, including those that are not bound yet."""
        targets = (*self.targets.values(), *self._removed)
        return [session for each in targets for session in each.sessions]

    def begin(self, esme: BindingEsme, bind: Bind) -> None:
        """Pass ``bind`` through to an SMSC, and give ``esme`` the answer when it comes."""
        passing = ensureDeferred(self._pass(esme, bind))
        if not passing.called:
            self._under_way[esme] = passing

    def esme_lost(self, esme: BindingEsme) -> None:
        """``esme`` has ended, bound or not: end its session with an SMSC, or its waiting bind."""
        passing = self._under_way.pop(esme, None)
        if passing is not None:
            passing.cancel()
        link = self._joined.pop(esme, None)
        if link is not None:
            _unbind(link, "its ESME is gone")

    def stop(self) -> None:
        """The gate stops: binds that wait for an answer are refused."""
        for passing in list(self._under_way.values()):
            passing.cancel()

    async def _pass(self, esme: BindingEsme, bind: Bind) -> None:
        error, body = BindRejected("no longer wanted", CommandStatus.ESME_RBINDFAIL), b""
        try:
            await esme.router.ready()
            link, answer = await self._judge(esme, bind)
        except BindRejected as rejected:
            error = rejected
        except CancelledError:
            pass
        except Exception:
            self.log.tell_failure(PASSING_FAILED, Failure())
        else:
            # Other binds may have been accepted meanwhile, of the same name too, and the account
            # or the SMSC may have been removed.
            has_place = link.session.is_bound and await self._has_place(esme, bind)
            accounts = esme.router.accounts
            account = accounts.current(bind.account)
            is_here = accounts.has(account) and link.target.smsc in self.targets
            if has_place and link.session.is_bound and is_here:
                self._under_way.pop(esme, None)
                self._join(esme, evolve(bind, account=account), link, answer)
                return
            error = _refusal(link, answer)
            body = b"" if link.session.is_bound else answer.octets[HEADER_SIZE:]
            link.close(str(error))
        self._under_way.pop(esme, None)
        if not esme.has_ended:
            esme.refuse_bind(bind.frame, error, body)

    async def _has_place(self, esme: BindingEsme, bind: Bind) -> bool:
        try:
            await self._places.take(esme, esme.router.accounts.current(bind.account))
        except (BindRejected, CancelledError):
            return False
        return True

    def _join(
        self, esme: BindingEsme, bind: Bind, link: PassThroughSession, answer: Frame
    ) -> None:
        self._joined[esme] = link
        link.attached()
        esme.accept_bind(bind, answer.octets[HEADER_SIZE:], link.smsc)

    # One verdict for equal credentials

    async def _judge(self, esme: BindingEsme, bind: Bind) -> tuple[PassThroughSession, Frame]:
        """The SMSC's answer, and the session that it came on.

        :raises BindRejected: when no SMSC answers, or the credentials were refused a moment ago.
        """
        digest = self._refused.digest(bind.account.system_id.encode("latin-1"), bind.password)
        await self._await_verdict(digest)
        status = self._refused.status(digest, self._clock.monotonic())
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
            self._refused.add(digest, answer.command_status, self._clock.monotonic())
        self._judged(digest, accepted=link.session.is_bound)
        return link, answer

    def _judged(self, digest: bytes, accepted: bool) -> None:
        for waiting in self._judging.pop(digest):
            waiting.callback(accepted)

    async def _await_verdict(self, digest: bytes) -> None:
        """Wait until no bind with these credentials is being judged, or one was accepted."""
        while digest in self._judging:
            verdict: Deferred[bool] = Deferred()
            self._judging[digest].append(verdict)
            if await verdict:
                return

    # Trying SMSCs

    async def _try_each(self, esme: BindingEsme, bind: Bind) -> tuple[PassThroughSession, Frame]:
        targets, why = self._in_order(bind.account.policy.pool), "no SMSC has answered it"
        for tried, target in enumerate(targets):
            # One that a reload has removed while another was asked is asked no more.
            is_removed = self.targets.get(target.smsc) is not target
            if is_removed or target.pending >= target.max_pending:
                continue
            target.pending += 1
            link = PassThroughSession(target, esme, bind)
            answer = ensureDeferred(_answer(link, bind.frame.octets))
            # One share is left over, to answer the ESME when no SMSC has.
            patience = (esme.bound_by - self._clock.monotonic()) / (len(targets) - tried + 1)
            answer.addTimeout(max(0.0, min(patience, target.timers.response)), self._clock)
            try:
                return link, await answer
            except NoSlot as no_slot:
                why = f"SMSC {target.smsc.name}: {no_slot}"
            except Exception as error:
                # A cancelled endpoint fails with an error of its own class.
                if esme.has_ended or esme.router.is_draining:
                    raise CancelledError from error
                self._avoid(target, link.name, error)
            finally:
                target.pending -= 1
        raise BindRejected(why, CommandStatus.ESME_RBINDFAIL)

    def _in_order(self, pool: Pool | None) -> list[PassThroughTarget]:
        """The targets of the pool, in the order in which they are tried."""
        seats = pool.members if pool is not None else ()
        now = self._clock.monotonic()
        targets = [
            (self.targets[seat.smsc], seat)
            for seat in seats
            if seat.smsc in self.targets and seat.weight
        ]
        targets.sort(key=lambda each: _rank(each[0], each[1], now))
        return [target for target, _ in targets]

    def _avoid(self, target: PassThroughTarget, name: str, error: Exception) -> None:
        target.avoided_until = self._clock.monotonic() + AVOIDANCE_SECONDS
        self.log.tell(BIND_UNANSWERED, link=name, endpoint=target.place, reason=in_words(error))


def _rank(target: PassThroughTarget, seat: Member, now: float) -> tuple[bool, bool, float]:
    """The less, the earlier it is tried: by sessions relative to weight, backups last."""
    return target.avoided_until > now, seat.is_backup, len(target.sessions) * seat.cost


class _SessionFactory(Factory):
    """A factory of one connection, whose session was made before."""

    noisy = False

    def __init__(self, link: PassThroughSession) -> None:
        self._link = link

    def buildProtocol(self, addr: IAddress | None) -> PassThroughSession:
        self._link.factory = self
        return self._link


async def _answer(link: PassThroughSession, octets: bytes) -> Frame:
    """The SMSC's answer to the bind in ``octets``; without an answer ``link`` is closed.

    :raises NoSlot: the SMSC may not be bound once more, and is not asked.
    """
    target = link.target
    try:
        await target.slots.take(link)
        await target.endpoint.connect(_SessionFactory(link))
        answer = await link.bind_with(octets)
        if link.unbinding:
            raise SessionLost(link.session.unbind_reason)
        return answer
    except Exception:
        link.close("no answer to the bind")
        raise


def _refusal(link: PassThroughSession, answer: Frame) -> BindRejected:
    """The SMSC's status. A generic_nack with ESME_ROK is a refusal too."""
    if link.session.is_bound:
        return BindRejected("all binds are in use, or it is removed", CommandStatus.ESME_RBINDFAIL)
    status = answer.command_status or CommandStatus.ESME_RBINDFAIL
    return BindRejected(f"SMSC {link.name}: {status_meaning(status)}", status)


def _unbind(session: BindingEsme | PassThroughSession, reason: str) -> None:
    """Unbind ``session``, unless the gate is doing so already."""
    if not session.unbinding:
        ensureDeferred(session.unbind(reason))
