"""`BindDelays`: lets binds wait after failures, see `Guesses`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smppgate.gate.sessions.all_strangers import AllGuesses, OwnGuesses, Turn
from smppgate.gate.sessions.binds import shown_name
from smppgate.gate.sessions.ports import BindingEsme
from smppgate.notices.esmes import BIND_DELAYED
from smppgate.notices.program import BIND_UNJUDGED
from smppgate.routing.esmes.accounts import BindRejected
from smppgate.routing.esmes.guesses import Guesses
from smppgate.routing.esmes.refused_credentials import LASTING
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.log import Logger

T = TypeVar("T")

Judge = Callable[[Frame], None]

_MANY = ("many binds come from there", "many binds come from there")


class BindDelays:
    """Holds binds until they may be judged, with one timer for each.

    :param guesses: by default no bind waits.
    """

    log = Logger()

    def __init__(self, guesses: AllGuesses | None = None) -> None:
        self._guesses = guesses if guesses is not None else OwnGuesses(Guesses(0.0))
        # Sessions of whose bind something is asked, with what fires then.
        self._asking: dict[BindingEsme, object] = {}
        self._held: dict[BindingEsme, IDelayedCall] = {}
        # Sessions whose bind is being judged, with the failures that there were before.
        self._judged: dict[BindingEsme, int] = {}
        # Sessions that are bound, with their networks: a transport that is lost has no peer.
        self._bound: dict[BindingEsme, str] = {}

    def change_limit(self, seconds: float) -> None:
        """Let no bind wait longer from now on; 0 lets none wait."""
        self._guesses.change_limit(seconds)

    def begin(self, esme: BindingEsme, frame: Frame, judge: Judge, turn: float = 0.0) -> None:
        """Call ``judge`` with the bind in ``frame``, now or later, or refuse the bind.

        :param turn: seconds that it waits in any case, because of others from its address.
        """
        now, by = esme.clock.monotonic(), esme.judged_by
        asking = self._guesses.turn(esme.network, _name(frame), now, by)
        self._ask(esme, frame, asking, partial(self._wait, esme, frame, judge, turn))

    def failed(self, esme: BindingEsme, frame: Frame, status: int) -> None:
        """The bind in ``frame`` was refused with ``status``.

        Binds that were judged at the same time count as one failure: those of an ESME are, that
        binds all its sessions with one wrong password.
        """
        before = self._judged.pop(esme, 0)
        if status in LASTING:
            now = esme.clock.monotonic()
            self._guesses.failed(esme.network, _name(frame), now, before)

    def failed_unheard(self, network: str, name: bytes, now: float) -> None:
        """A password was wrong, and the peer that sent it is not there any more."""
        self._guesses.failed(network, name, now, None)

    def bound(self, esme: BindingEsme, frame: Frame) -> None:
        """The bind in ``frame`` was accepted."""
        self._judged.pop(esme, None)
        self._bound[esme] = esme.network
        self._guesses.bound(esme.network, _name(frame))

    def ended(self, esme: BindingEsme) -> None:
        """A session has ended, bound or not."""
        self._asking.pop(esme, None)
        self._judged.pop(esme, None)
        held, network = self._held.pop(esme, None), self._bound.pop(esme, None)
        if held is not None:
            held.cancel()
        if network is not None:
            self._guesses.ended(network)

    def _ask(
        self, esme: BindingEsme, frame: Frame, asking: Deferred[T], then: Callable[[T], None]
    ) -> None:
        """Call ``then`` with what ``asking`` fires with, unless the session has ended by then."""
        self._asking[esme] = asking

        def told(answer: T) -> None:
            if self._asking.get(esme) is asking:
                del self._asking[esme]
                then(answer)

        def not_told(why: Failure) -> None:
            if self._asking.pop(esme, None) is asking:
                reason = f"its turn cannot be found out: {why.getErrorMessage()}"
                esme.refuse_bind(frame, BindRejected(reason, CommandStatus.ESME_RBINDFAIL))

        asking.addCallbacks(told, not_told)
        asking.addErrback(partial(self.log.tell_failure, BIND_UNJUDGED))

    def _wait(
        self, esme: BindingEsme, frame: Frame, judge: Judge, turn: float, found: Turn
    ) -> None:
        wait = found.wait
        if wait is None:
            reason = "too many binds of that name, or from that address, have failed"
            esme.refuse_bind(frame, BindRejected(reason, CommandStatus.ESME_RBINDFAIL))
        elif max(wait, turn) == 0.0:
            self._judge(esme, frame, judge, found.failures)
        else:
            why = _failed_before(found.failures) if wait > turn else _MANY
            self._hold(esme, frame, judge, max(wait, turn), why)

    def _hold(
        self, esme: BindingEsme, frame: Frame, judge: Judge, wait: float, why: tuple[str, str]
    ) -> None:
        """Judge the bind after ``wait`` seconds.

        :param why: for the log: of one bind, and of a kind of binds.
        """
        self._held[esme] = esme.clock.callLater(wait, self._release, esme, frame, judge)
        name = shown_name(frame)
        esme.router.reports.refusals.add(
            BIND_DELAYED,
            f"{name} from {esme.host} waits: {why[1]}",
            account=name,
            peer=esme.where,
            seconds=wait,
            reason=why[0],
        )

    def _release(self, esme: BindingEsme, frame: Frame, judge: Judge) -> None:
        del self._held[esme]
        asking = self._guesses.failures(esme.network, _name(frame))
        self._ask(esme, frame, asking, partial(self._judge, esme, frame, judge))

    def _judge(self, esme: BindingEsme, frame: Frame, judge: Judge, failures: int) -> None:
        self._judged[esme] = failures
        judge(frame)


def _failed_before(count: int) -> tuple[str, str]:
    return f"{count} of that name failed from there", "too many binds have failed"


def _name(frame: Frame) -> bytes:
    try:
        return peek.credentials(frame.octets).system_id
    except PduError:
        return b""
