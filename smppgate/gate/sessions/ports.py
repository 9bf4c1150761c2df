"""What sessions need of the rest of the gate, as Protocols.

Sessions do not import the router, and the router imports no session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred

from smppgate.gate.reports.reports import Reports
from smppgate.gate.sessions.binds import Bind
from smppgate.routing.esmes.account import Account
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.errors import ProtocolError
from smppgate.txsmpp.frame import Frame


class Switch(Protocol):
    """Takes the requests of sessions, and learns when sessions begin and end: the router."""

    clock: Clock
    batch: Batch
    """Shared by all sessions of the gate."""
    accounts: Accounts[EsmeSession]
    ranges: RangeTable[EsmeSession]
    reports: Reports
    """What the gate tells in summary."""
    is_draining: bool
    """Whether the gate stops: no new bind is taken."""
    bind_hook: BindHook | None
    """Is asked about binds that the gate itself would accept; None where nothing is."""

    def forward(self, origin: EsmeSession, frame: Frame, now: float) -> None:
        """Relay or answer a request of an ESME."""

    def forward_all(self, origin: EsmeSession, frames: Sequence[Frame], now: float) -> None:
        """The same for each submit_sm of a read that has nothing else."""

    def relay_from_esme(self, session: EsmeSession, octets: bytes, start: int, now: float) -> int:
        """Relay the plain PDUs of an ESME from ``start`` on in a read; gives where those end."""

    def relay_from_smsc(self, link: SmscSession, octets: bytes, start: int, now: float) -> int:
        """Relay the plain PDUs of an SMSC from ``start`` on in a read; gives where those end."""

    def deliver(self, link: SmscSession, frame: Frame, now: float) -> None:
        """Relay or answer a request of an SMSC."""

    def congestion_for(self, session: EsmeSession) -> int:
        """The congestion_state that an ESME is told, 0 to 100."""

    def connected(self, session: EsmeSession | SmscSession) -> None:
        """A session has a connection; it is not bound yet."""

    def esme_bound(self, session: EsmeSession, account: Account[EsmeSession]) -> None:
        """A session is bound to ``account``."""

    def bind_refused(
        self, session: EsmeSession, number: int, name: str, command_status: int, why: str
    ) -> None:
        """The bind of this sequence number, of an ESME that calls itself ``name``, was refused."""

    def connection_refused(self, host: str, reason: str) -> None:
        """A connection was cut over a limit: to a listener for ESMEs, or with outbind."""

    def esme_lost(self, session: EsmeSession, account: Account[EsmeSession], reason: str) -> None:
        """A session that was bound to ``account`` has ended, or is unbinding."""

    def esme_drained(self, session: EsmeSession) -> None:
        """A session is served no longer after an unbind; it can still be answered."""

    def esme_ended(self, session: BindingEsme) -> None:
        """A session has ended, bound or not: nothing can be answered any more."""

    def smsc_bound(self, link: SmscSession) -> None:
        """A session with an SMSC is bound."""

    def smsc_leaving(self, link: SmscSession) -> None:
        """A session with an SMSC takes no more requests: it is unbound once all are answered."""

    def smsc_doubted(self, link: SmscSession, is_doubted: bool) -> None:
        """Something is wrong with a link: others are chosen before it. Or nothing is any more."""

    def is_dispensable(self, link: SmscSession) -> bool:
        """Whether each pool of its SMSC has another link with which nothing is wrong."""

    def smsc_lost(self, link: SmscSession, reason: str) -> None:
        """A session with an SMSC has ended."""

    def link_failed(self, link: str, smsc: Smsc, reason: str) -> None:
        """A link to an SMSC was not reached, or not bound."""

    def is_up(self, account: Account[EsmeSession]) -> bool:
        """Whether any pool that messages of an account may go to has a bound link."""

    def stray(self) -> None:
        """A resp came that answers no request."""

    def ready(self) -> Deferred[None]:
        """Fires as soon as the store is open; cancelled if the gate stops first."""


class BindingEsme(EsmeSession, Protocol):
    """An ESME's session whose bind an SMSC judges, or has accepted."""

    router: Switch
    clock: Clock

    @property
    def where(self) -> str:
        """The peer's network address, for the log."""

    @property
    def host(self) -> str:
        """The same without the port."""

    @property
    def network(self) -> str:
        """The network that the peer is in, see `network_of`."""

    @property
    def unbinding(self) -> bool:
        """Whether an unbind was sent or received."""

    @property
    def bound_by(self) -> float:
        """The time at which the session ends unless it is bound; seconds on its clock."""

    @property
    def judged_by(self) -> float:
        """The time before which a bind that waits has to be judged; seconds on its clock."""

    def hash_for(self, name: bytes) -> str:
        """The hash that the password of a bind with this system_id is to be compared with.

        Empty for none.
        """

    def accept_bind(self, bind: Bind, body: bytes, passed_through: Smsc | None = None) -> None:
        """Answer the bind with ESME_ROK and ``body``."""

    def refuse_bind(self, frame: Frame, error: ProtocolError, body: bytes = b"") -> None:
        """Answer the bind in ``frame`` with the error's status and ``body``, and close."""

    async def unbind(self, reason: str = "unbound") -> None:
        """End the session in order."""


class BindHook(Protocol):
    """Judges binds that the gate itself would accept."""

    def judge(self, esme: BindingEsme, bind: Bind, judged: Callable[[int], None]) -> None:
        """Call ``judged`` with the command_status that ``bind`` is to be answered, 0 to go on.

        Now or later; not where the session has ended before.
        """


class BindJudge(Protocol):
    """Judges the binds of accounts with ``auth = "smsc"``, and answers them later."""

    def begin(self, esme: BindingEsme, bind: Bind) -> None:
        """Judge ``bind``; `BindingEsme.accept_bind` or `BindingEsme.refuse_bind` follows."""

    def esme_lost(self, esme: BindingEsme) -> None:
        """``esme`` has ended, bound or not; any session may be given."""
