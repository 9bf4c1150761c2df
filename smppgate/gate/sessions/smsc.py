"""`SmscProtocol`: a session with an SMSC, of which the gate is the ESME."""

from __future__ import annotations

from attrs import define
from twisted.logger import Logger

from smppgate.gate.sessions.ports import Switch
from smppgate.gate.sessions.relay_session import RelaySession
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.errors import BindRefused, SmppError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import Version


@define
class SmscSessionConfig:
    """The configuration that sessions with one SMSC share.

    :param name: for the log.
    :param version: the SMSC's version of SMPP.
    :param window: unanswered requests allowed on each session, in either direction.
    """

    name: str
    router: Switch
    smsc: Smsc
    timers: Timers
    version: Version
    window: int
    max_pdu_size: int


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
            config.window,
        )
        self.name = config.name
        self.router = config.router
        self.smsc = config.smsc
        self.version = config.version
        self.owner: EsmeSession | None = None
        """The ESME session that this session serves alone; None where it serves all."""

    async def attach(self, bind: Pdu) -> None:
        """Bind; from the bind_resp on the router may use the session.

        :raises SmppError: when the bind fails; the session is closed then.
        """
        try:
            await self.bind(bind)
        except BindRefused as refusal:
            self.log.error("SMSC {name}: {refusal}", name=self.name, refusal=refusal)
            self.close(str(refusal))
            raise
        except SmppError as error:
            self.close(f"no usable bind_resp: {error}")
            raise
        self.attached()

    def attached(self) -> None:
        """The session is bound: the router may use it."""
        self.router.smsc_bound(self)
        self.log.info("SMSC {name} bound at {where}", name=self.name, where=self.where)

    def requestReceived(self, frame: Frame, now: float) -> None:
        """Relay a request of the SMSC's to an ESME."""
        self.router.deliver(self, frame, now)

    def strayReceived(self, frame: Frame) -> None:
        """Count a resp that answers no request."""
        self.router.stray()

    def sessionLeaving(self) -> None:
        """Send no more requests on the session; open ones are still answered."""
        self.router.smsc_leaving(self)
        self.log.info(
            "SMSC {name} unbinds: {reason}", name=self.name, reason=self.session.unbind_reason
        )

    def sessionEnding(self, reason: str) -> None:
        """Take the session out of its SMSC's links."""
        self.router.smsc_lost(self)
        self.log.info("SMSC {name} gone: {reason}", name=self.name, reason=reason)
