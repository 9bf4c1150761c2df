"""`SmscProtocol`: a session with an SMSC, of which the gate is the ESME."""

from __future__ import annotations

from attrs import define
from twisted.internet.defer import ensureDeferred

from smppgate.gate.reports.trouble import may_speak_tls
from smppgate.gate.sessions.ports import Switch
from smppgate.gate.sessions.relay_session import RelaySession
from smppgate.notices.smscs import (
    LINK_BOUND_ANEW,
    LINK_DOUBTED,
    LINK_LOST,
    LINK_NOT_BOUND,
    LINK_REFUSED,
)
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.congestion import told_congestion
from smppgate.routing.smscs.link_health import LinkHealth
from smppgate.routing.smscs.link_shares import LinkShares
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandStatus
from smppgate.txsmpp.errors import BindRefused, SmppError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.states import WITHOUT_RESP, Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import Version


@define
class SmscSessionConfig:
    """The configuration that sessions with one SMSC share.

    :param name: for the log.
    :param version: the SMSC's version of SMPP.
    :param endpoint: where the SMSC is, for the log.
    :param refusal_rate: PDUs a second of one session that no window bounds; 0 is no limit.
    :param rebinds: whether a session that is of no use is unbound, so that it is bound anew.
    :param max_timeouts: see `LinkHealth`.
    """

    name: str
    router: Switch
    smsc: Smsc
    timers: Timers
    version: Version
    max_pdu_size: int
    endpoint: str = "an unknown place"
    refusal_rate: float = 0.0
    rebinds: bool = True
    max_timeouts: int = 5


class SmscProtocol(RelaySession):
    """A session with an SMSC; the gate is its ESME."""

    log = Logger()

    def __init__(self, config: SmscSessionConfig) -> None:
        super().__init__(
            Role.ESME,
            config.router.clock,
            config.timers,
            config.max_pdu_size,
            config.router.batch,
            config.router.reports,
            config.refusal_rate,
        )
        self.name = config.name
        self.router = config.router
        self.smsc = config.smsc
        self.tally = config.smsc.tally
        self.shares = LinkShares()
        self.version = config.version
        self.endpoint = config.endpoint
        self.is_attached = False
        """Whether the router may use it, or could."""
        self._is_told = False
        """Whether the log has said already why it was not bound."""
        self.outstanding.counts_overdue = True
        self.health = LinkHealth(config.max_timeouts)
        self._config = config
        self._bind_errors = config.smsc.bind_errors
        self._complaint = ""
        self.owner: EsmeSession | None = None
        """The ESME session that this session serves alone; None where it serves all."""

    @property
    def window(self) -> int:
        """The most unanswered requests in each direction."""
        return self.smsc.window

    def connectionMade(self) -> None:
        """Tell of it before anything is sent."""
        super().connectionMade()
        self.router.connected(self)

    def config_changed(self) -> None:
        """Go by the configuration as it is now: it is shared, and a reload changes it."""
        config = self._config
        if not self.unbinding:
            self.change_timers(config.timers)
        self.change_limits(config.max_pdu_size, config.refusal_rate)
        self.health.max_timeouts = config.max_timeouts

    async def attach(self, bind: Pdu) -> None:
        """Bind; from the bind_resp on the router may use the session.

        :raises SmppError: when the bind fails; the session is closed then.
        """
        try:
            await self.bind(bind)
        except BindRefused as refusal:
            self._is_told = True
            self.log.tell(LINK_REFUSED, link=self.name, refusal=refusal, endpoint=self.endpoint)
            self.close(str(refusal))
            raise
        except SmppError as error:
            self.close(f"no usable bind_resp: {error}")
            raise
        self.attached()

    def attached(self) -> None:
        """The session is bound: the router may use it."""
        self.is_attached, self.bound_at = True, self.clock.wall()
        self.router.smsc_bound(self)
        self.log.info("SMSC {link} bound at {peer}", link=self.name, peer=self.where)
        if self.unbinding:
            self.sessionLeaving()

    def requestReceived(self, frame: Frame, now: float) -> None:
        """Relay a request of the SMSC's to an ESME."""
        if frame.command_id in WITHOUT_RESP:
            self.session.ignored += 1
        self.router.deliver(self, frame, now)

    def octetsReceived(self, octets: bytes, now: float) -> int:
        """Relay the plain PDUs at the beginning of a read, of an SMSC with which nothing is
        wrong, and that does not tell of congestion."""
        return 0 if self._looks_at_answers else self.router.relay_from_smsc(self, octets, 0, now)

    @property
    def _looks_at_answers(self) -> bool:
        """Whether more is to be learned of answers than whom they are for."""
        return (
            self.version.congestion_state
            or self.health.is_watched
            or self._bind_errors != self.smsc.bind_errors
        )

    def framesReceived(self, frames: list[Frame], now: float) -> None:
        """Relay what came; where something is wrong, look at the answers in it."""
        super().framesReceived(frames, now)
        if self.version.congestion_state:
            self._hear_congestion(frames, now)
        if self.health.is_watched or self._bind_errors != self.smsc.bind_errors:
            self._bind_errors = self.smsc.bind_errors
            self.health.heard(frames)
            self._judge()

    def _hear_congestion(self, frames: list[Frame], now: float) -> None:
        """Note what the last resp in a read says of congestion, of an SMSC of SMPP 5.0."""
        for frame in reversed(frames):
            if frame.command_id & RESPONSE_BIT:
                state = told_congestion(frame.octets)
                if state is not None:
                    self.smsc.told_congestion(state, now)
                    return

    def requestsTimedOut(self, requests: list[Request]) -> None:
        """Note that the SMSC did not answer."""
        self.health.timed_out(requests)

    def look(self, now: float) -> bool:
        """Do what is due at ``now``, and judge the link where something was wrong."""
        goes_on = super().look(now)
        if self.health.is_watched:
            self._judge()
        return goes_on

    def enquireLinkRefused(self, command_status: int) -> None:
        """Bind anew where the SMSC does not know the bind."""
        if command_status == CommandStatus.ESME_RINVBNDSTS:
            self.health.forgotten()
            self._judge()

    def strayReceived(self, frame: Frame) -> None:
        """Count a resp that answers no request."""
        super().strayReceived(frame)
        self.router.stray()

    @property
    def who(self) -> str:
        """The SMSC's name, for the log."""
        return f"SMSC {self.name}"

    def sessionLeaving(self) -> None:
        """Send no more requests on the session; open ones are still answered.

        Of a session that is not bound it is told once that is: its bind_resp and the SMSC's unbind
        may come in one read.
        """
        if not self.is_attached:
            return
        self.router.smsc_leaving(self)
        self.log.info(
            "SMSC {name} unbinds: {reason}", name=self.name, reason=self.session.unbind_reason
        )

    def bindingAnew(self) -> None:
        """The session is about to be unbound because it is of no use."""

    def _judge(self) -> None:
        """Put the link behind all others while something is wrong, and cure it if that helps."""
        self.health.overdue(self.outstanding.overdue, self.window)
        complaint = self.health.complaint
        if self.unbinding or not (complaint or self._complaint):
            return
        is_new, self._complaint = not self._complaint, complaint
        self.router.smsc_doubted(self, bool(complaint))
        if not complaint:
            return
        if self._config.rebinds and (
            not self.health.works or self.owner or self.router.is_dispensable(self)
        ):
            self.log.tell(LINK_BOUND_ANEW, link=self.name, reason=complaint)
            self.bindingAnew()
            ensureDeferred(self.unbind(complaint))
        elif is_new:
            self.log.tell(LINK_DOUBTED, link=self.name, reason=complaint)

    def sessionEnding(self, reason: str) -> None:
        """Take the session out of its SMSC's links."""
        self.router.smsc_lost(self, reason)
        if not self.is_attached:
            if not (self._is_told or self.router.is_draining):
                self.tell_unbound(reason)
        elif self.unbinding or self.router.is_draining:
            self.log.info("SMSC {link} gone: {reason}", link=self.name, reason=reason)
        else:
            self.log.tell(LINK_LOST, link=self.name, endpoint=self.endpoint, reason=reason)

    def tell_unbound(self, reason: str) -> None:
        """The session has ended and was not bound."""
        if may_speak_tls(reason) and not self.endpoint.startswith(("tls:", "ssl:")):
            reason = "closed before it answered the bind: TLS on the other side?"
        self.log.tell(LINK_NOT_BOUND, link=self.name, endpoint=self.endpoint, reason=reason)
