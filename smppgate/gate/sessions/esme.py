"""`EsmeProtocol`: a session with an ESME, of which the gate is the SMSC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Protocol

from attrs import define, evolve, field
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from smppgate.gate.reports.trouble import naming_the_protocol
from smppgate.gate.sessions.addresses import ip_of
from smppgate.gate.sessions.bind_delays import BindDelays
from smppgate.gate.sessions.bind_places import BindPlaces
from smppgate.gate.sessions.binds import Bind, shown_name
from smppgate.gate.sessions.client_certificates import names_of
from smppgate.gate.sessions.password_checks import PasswordChecks
from smppgate.gate.sessions.ports import BindJudge, Switch
from smppgate.gate.sessions.read_budget import read_as_usual, read_less
from smppgate.gate.sessions.relay_session import RelaySession
from smppgate.notices.esmes import BIND_REFUSED, RANGES_TAKEN, UNBOUND, WRONG_CREDENTIALS
from smppgate.routing.esmes.account import BIND_KINDS, Account, AccountPolicy
from smppgate.routing.esmes.accounts import BindRejected
from smppgate.routing.esmes.peer import UNKNOWN, Peer
from smppgate.routing.esmes.refused_credentials import LASTING
from smppgate.routing.esmes.strangers import Strangers
from smppgate.routing.limits.esme_limits import SessionLimit
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.congestion import telling_congestion
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp import peek
from smppgate.txsmpp.address_range import bind_ranges
from smppgate.txsmpp.answers import bind_resp_body
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import ProtocolError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import Version, version_of


@define
class EsmeSessionConfig:
    """The configuration that all sessions with ESMEs share.

    :param name: the gate's system_id in a bind_resp, up to 15 octets.
    :param accepts_without_smsc: whether to accept a bind while no link to an SMSC is up.
    :param bind_delays: lets binds wait after failures; by default none does.
    :param places: has places for sessions among the binds of their accounts.
    :param refusal_rate: PDUs a second of one session that no window bounds; 0 is no limit.
    :param refused_bind_wait: seconds that a peer has to close after its bind was refused.
    :param stale_bind_timeout: seconds in which sessions of an account without a free place must be
        heard when another bind comes; 0 does not ask them.
    :param password_checks: compares passwords with hashes.
    :param pass_through: passes binds of accounts with ``auth = "smsc"`` through to an SMSC.
    :param ids: numbers for sessions, each of which it gives once.
    """

    router: Switch
    name: str
    timers: Timers
    max_pdu_size: int
    accepts_without_smsc: bool
    pass_through: BindJudge
    password_checks: PasswordChecks
    places: BindPlaces
    refusal_rate: float = 0.0
    refused_bind_wait: float = 0.0
    stale_bind_timeout: float = 5.0
    bind_delays: BindDelays = field(factory=BindDelays)
    ids: Iterator[int] = field(factory=lambda: count(1))

    @property
    def system_id(self) -> bytes:
        """The gate's system_id as a C-octet string."""
        return self.name.encode("latin-1") + b"\0"

    def bind_resp_body(self, version: Version) -> bytes:
        """The body of a bind_resp with ESME_ROK, to a peer that speaks ``version``."""
        return bind_resp_body(self.name.encode("latin-1"), version)


class SessionFactory(Protocol):
    """What has made a session, and counts it among the others of its listener.

    :ivar strangers: knows which of them are not bound, and how many an address has.
    """

    strangers: Strangers

    def identified(self, session: EsmeProtocol, addr: IAddress) -> str:
        """The address of a session behind a balancer is known; gives why it is cut, if it is."""

    def lost(self, session: EsmeProtocol) -> None:
        """The connection of ``session`` is lost."""


_SUBMIT_SM = int(CommandId.SUBMIT_SM)

_NO_POLICY = AccountPolicy(binds=frozenset(), max_binds=0, window=0, queries=False)
"""That of a session without an account: no request of it is relayed."""

JUDGING_TIME = 2.0
"""Seconds that are left to judge a bind which had to wait: its password is compared then, and the
store is asked for a place. Else its connection might end without an answer."""


class EsmeProtocol(RelaySession):
    """A session with an ESME; the gate is its SMSC.

    :ivar id: what an operator calls it by.
    """

    log = Logger()

    def __init__(self, config: EsmeSessionConfig, factory: SessionFactory) -> None:
        super().__init__(
            Role.SMSC,
            config.router.clock,
            config.timers,
            config.max_pdu_size,
            config.router.batch,
            reports=config.router.reports,
            refusal_rate=config.refusal_rate,
        )
        self.router = config.router
        self.id = next(config.ids)
        self.account: Account[EsmeSession] | None = None
        self.own_pool: Pool | None = None
        self.passed_through: Smsc | None = None
        """The `Smsc` that serves this session alone, where its bind was passed through."""
        self.limit: SessionLimit | None = None
        self._config = config
        self._factory = factory
        self._is_refused = False
        # Of the bind that is judged.
        self._peer = UNKNOWN
        self._kind = ""

    def connectionMade(self) -> None:
        """Read little at a time until the peer is bound."""
        super().connectionMade()
        read_less(self.transport)
        self.router.connected(self)

    def octetsReceived(self, octets: bytes, now: float) -> int:
        """Relay the plain PDUs at the beginning of a read."""
        return 0 if self.session.unbinding else self.router.relay_from_esme(self, octets, 0, now)

    def framesReceived(self, frames: list[Frame], now: float) -> None:
        """Relay what came: a read of nothing but submit_sm as one run."""
        for frame in frames:
            if frame[0] != _SUBMIT_SM:
                super().framesReceived(frames, now)
                return
        self.router.forward_all(self, frames, now)

    def requestReceived(self, frame: Frame, now: float) -> None:
        """Relay a request of the ESME's to an SMSC."""
        self.router.forward(self, frame, now)

    def strayReceived(self, frame: Frame) -> None:
        """Count a resp that answers no request."""
        super().strayReceived(frame)
        self.router.stray()

    @property
    def who(self) -> str:
        """The account's name, for the log."""
        return f"ESME {self.account.system_id}" if self.account is not None else super().who

    def bindReceived(self, frame: Frame) -> None:
        """Accept or refuse the bind with exactly one bind_resp, now or later."""
        now, strangers = self.clock.monotonic(), self._factory.strangers
        turn = strangers.bind_wait(self.network, now, self.judged_by)
        if turn is None:
            reason = "too many binds come from that address"
            self.refuse_bind(frame, BindRejected(reason, CommandStatus.ESME_RBINDFAIL))
        else:
            self._wait_turn(frame, turn)

    def _wait_turn(self, frame: Frame, turn: float = 0.0) -> None:
        self._config.bind_delays.begin(self, frame, self._check_password, turn)

    def _check_password(self, frame: Frame) -> None:
        # Not again when it is judged: a certificate takes time to read.
        self._peer = self._found_peer()
        checks = self._config.password_checks
        checks.begin(self, frame, self._judge_bind, self._wait_turn)

    def hash_for(self, name: bytes) -> str:
        """The hash that the password of a bind of ``name`` is to be compared with, or empty."""
        return self.router.accounts.hash_for(name, self._peer)

    def _found_peer(self) -> Peer:
        transport = self.transport
        if transport is None:
            return UNKNOWN
        return Peer(ip_of(transport.getPeer()), names_of(transport))

    def _judge_bind(self, frame: Frame, proven: str) -> None:
        bind = self._admitted(frame, proven, partial(self._judge_bind, frame, proven))
        hook = self.router.bind_hook
        if bind is not None and hook is not None:
            hook.judge(self, bind, partial(self._judged, frame, proven))
        elif bind is not None:
            self._go_on(bind)

    def _judged(self, frame: Frame, proven: str, status: int) -> None:
        """A hook has decided about a bind that the gate itself would have accepted then."""
        if status:
            self.refuse_bind(frame, BindRejected("a hook refuses it", status))
            return
        bind = self._admitted(frame, proven, partial(self._judged, frame, proven, 0))
        if bind is not None:
            self._go_on(bind)

    def _admitted(self, frame: Frame, proven: str, again: Callable[[], None]) -> Bind | None:
        """The bind in ``frame``, if it may be accepted and has a place; else it is refused.

        :param proven: the hash that its password was found to fit; empty for none.
        :param again: is called later where it is not known yet whether there is a place.
        """
        try:
            bind = self._admit(frame, proven)
            return bind if self._config.places.has(self, bind.account, again) else None
        except ProtocolError as error:
            self.refuse_bind(frame, error)
            return None

    def _go_on(self, bind: Bind) -> None:
        """Accept a bind, or leave it to an SMSC."""
        self.version = bind.version
        if bind.account.policy.asks_smsc:
            # Guesses that wait for an SMSC must not take the places of those that know better.
            self._config.places.leave(self)
            self._config.pass_through.begin(self, bind)
        else:
            self.accept_bind(bind, self._config.bind_resp_body(self.version))

    @property
    def policy(self) -> AccountPolicy:
        """The rules of its account; before it is bound, of none."""
        return self.account.policy if self.account is not None else _NO_POLICY

    @property
    def window(self) -> int:
        """The most unanswered requests in each direction."""
        account = self.account
        return account.policy.window if account is not None else 0

    @property
    def pool(self) -> Pool | None:
        """The pool that takes its messages; None before it is bound."""
        return self.own_pool or self.policy.pool

    @property
    def is_routed(self) -> bool:
        """Whether routes say where its messages go; not where its bind was passed through."""
        return self.own_pool is None

    @property
    def hold(self) -> float:
        """Seconds that a message of its may wait for an SMSC; 0: it does not wait."""
        return self.policy.hold

    @property
    def queries(self) -> bool:
        """Whether messages that ask for no receipt have a return path too."""
        return self.policy.queries

    @property
    def kind(self) -> str:
        """How it is bound: a name of `BIND_KINDS`."""
        return self._kind

    def config_changed(self) -> None:
        """Go by the configuration as it is now: it is shared, and a reload changes it."""
        self.change_limits(self._config.max_pdu_size, self._config.refusal_rate)
        self.policy_changed()

    def policy_changed(self) -> None:
        """Let what was made from the old policy be made anew."""
        self.answer_forms.clear()
        self.change_timers(evolve(self._config.timers, response=self.policy.deliver_timeout))

    @property
    def bound_by(self) -> float:
        """The time at which the session ends unless it is bound; seconds on its clock."""
        return self._watch.next(bound=False)

    @property
    def judged_by(self) -> float:
        """The time before which a bind that waits has to be judged; seconds on its clock."""
        return self.bound_by - JUDGING_TIME

    def accept_bind(self, bind: Bind, body: bytes, passed_through: Smsc | None = None) -> None:
        """Answer the bind with ESME_ROK and ``body``; the session belongs to its account then.

        With ``passed_through``, its requests go to that SMSC only.
        """
        self.answer_bind(bind.frame, CommandStatus.ESME_ROK, body)
        read_as_usual(self.transport)
        self._factory.strangers.bound(self)
        self._config.bind_delays.bound(self, bind.frame)
        self.account = account = bind.account
        self.limit = SessionLimit(account.limit)
        self._kind, self.bound_at = BIND_KINDS[bind.frame.command_id], self.clock.wall()
        if passed_through is not None:
            self.passed_through = passed_through
            self.own_pool = Pool(account.system_id, [Member(passed_through)])
        self.system_id = account.system_id.encode("latin-1")
        self.tally = account.tally
        self.policy_changed()
        self.tells_congestion = self.version.congestion_state
        self.router.esme_bound(self, account)
        if bind.ranges and self.receives:
            self._join_ranges(bind, account)
        self.log.info(
            "ESME {account} bound as {kind} from {peer}",
            account=account.system_id,
            kind=self._kind,
            peer=self.where,
        )

    def congested(self, octets: bytes) -> bytes:
        """A resp that says how congested the gate is for this session."""
        return telling_congestion(octets, self.router.congestion_for(self))

    def _join_ranges(self, bind: Bind, account: Account[EsmeSession]) -> None:
        """Serve the ranges that the bind names, except those that are another account's."""
        ranges = self.router.ranges
        taken = [each for each in bind.ranges if ranges.is_anothers(each, account)]
        free = [each for each in bind.ranges if each not in taken]
        ranges.join(self, account, free, bind.ton, bind.npi)
        if taken:
            self.log.tell(
                RANGES_TAKEN,
                account=account.system_id,
                peer=self.where,
                ranges=", ".join(taken),
            )

    def refuse_bind(self, frame: Frame, error: ProtocolError, body: bytes = b"") -> None:
        """Answer the bind in ``frame`` with the error's status and ``body``, and close.

        Without a body the answer has the gate's system_id. This departs from SMPP v3.4 §4.1.2, by
        which it has no body: some peers read one in any case.
        """
        name, reason = shown_name(frame), f"{error} (0x{error.command_status:08X})"
        self._is_refused = True
        self._config.places.leave(self)
        self._config.bind_delays.failed(self, frame, error.command_status)
        self.router.reports.refusals.add(
            WRONG_CREDENTIALS if error.command_status in LASTING else BIND_REFUSED,
            f"{name} from {self.host}: {reason}",
            account=name,
            peer=self.where,
            reason=reason,
        )
        number, status = frame.sequence_number, error.command_status
        self.router.bind_refused(self, number, name, status, str(error))
        self.answer_bind(frame, error.command_status, body or self._config.system_id)
        self.close(f"bind refused: {error}", self._config.refused_bind_wait)

    def identified(self) -> bool:
        """The address of the peer behind a balancer is known; gives whether it may go on."""
        reason = self._factory.identified(self, self._tcp.getPeer())
        if reason:
            self.turn_away(reason)
        return not reason

    def turn_away(self, reason: str) -> None:
        """Cut the connection, which is over a limit; the factory has told of it."""
        self._is_refused = True
        self.abort(reason)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Give its place in the listener's limit back."""
        super().connectionLost(reason)
        self._factory.lost(self)

    def sessionLeaving(self) -> None:
        """Give its place in the account back; open requests are still answered."""
        self._config.places.leave(self)
        if self.account is not None:
            self.router.esme_lost(self, self.account, "unbinding")

    def sessionDrained(self) -> None:
        """Answer what still waits for an SMSC."""
        self.router.esme_drained(self)

    def sessionEnding(self, reason: str) -> None:
        """Take the session out of its account, unless an unbind has done so."""
        self._config.bind_delays.ended(self)
        self._config.password_checks.ended(self)
        self._config.places.leave(self)
        self.router.esme_ended(self)
        if self.account is None:
            self._tell_unbound(reason)
            return
        if not self.unbinding:
            self.router.esme_lost(self, self.account, reason)
        self.log.info(
            "ESME {account} at {peer} gone: {reason}",
            account=self.account.system_id,
            peer=self.where,
            reason=reason,
        )

    def _tell_unbound(self, reason: str) -> None:
        if not (self._is_refused or self.router.is_draining):
            reason = naming_the_protocol(reason)
            kind = f"{self.host}: {reason}"
            self.router.reports.unbound.add(UNBOUND, kind, peer=self.where, reason=reason)

    def sessionEnded(self, reason: str) -> None:
        """End its session with an SMSC too: requests that came from there have failed by now."""
        super().sessionEnded(reason)
        self._config.pass_through.esme_lost(self)

    def _admit(self, frame: Frame, proven: str) -> Bind:
        """Read a bind and decide whether it may be accepted.

        :param proven: the hash that its password is of.
        :raises ProtocolError: with the command_status of the refusal.
        """
        who = peek.credentials(frame.octets)
        account = self.router.accounts.admit(
            frame.command_id, who.system_id, who.password, self._peer, proven
        )
        if self.router.is_draining:
            raise BindRejected("the gate is stopping", CommandStatus.ESME_RBINDFAIL)
        # A bind that is passed through makes a link of its own.
        policy = account.policy
        is_up = self._config.accepts_without_smsc or policy.asks_smsc or self.router.is_up(account)
        if not is_up:
            raise BindRejected("no link to an SMSC is up", CommandStatus.ESME_RBINDFAIL)
        asked = peek.bind_address_range(frame.octets)
        ranges = bind_ranges(asked.addr) if policy.bind_ranges else ()
        version = version_of(who.interface_version)
        return Bind(frame, account, who.password, version, ranges, asked.ton, asked.npi)
