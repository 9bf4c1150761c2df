"""`SubmitHook`: messages of ESMEs that hooks decide about, on their way to the submitter.

1. A message comes, within the window of its session: it counts as unanswered from here on, and is
   asked about at once.
2. Decided, and the first of its session: it goes to the submitter, changed or for another pool, or
   is answered with the error that the hook says.
3. Meanwhile everything of its session waits behind it, queries too. Its session ends: it is
   dropped. Its session is to end, or the gate: it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from smppgate.gate.hooks.asking import Asking
from smppgate.gate.hooks.causes import REFUSED, ROOM_FULL, STOPPING, UNDECIDED
from smppgate.gate.hooks.changing import CannotDo, changed
from smppgate.gate.hooks.decisions import PASS, Change, Decision, Refuse, Route
from smppgate.gate.hooks.lines import Lines
from smppgate.gate.hooks.views import SubmitView
from smppgate.gate.options import RouterOptions
from smppgate.gate.relay.events import Events
from smppgate.gate.submit.submitter import Submitter
from smppgate.routing.exchange import Exchange
from smppgate.routing.routes.rules import Target
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.pool import Pool
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId, CommandStatus, numbers
from smppgate.txsmpp.frame import Frame

MESSAGES = numbers(CommandId.SUBMIT_SM, CommandId.SUBMIT_MULTI, CommandId.DATA_SM)
"""What hooks are asked about."""

_TEMPORARY = Refuse(CommandStatus.ESME_RSYSERR)
_THROTTLED = int(CommandStatus.ESME_RTHROTTLED)
_STOPPING = int(CommandStatus.ESME_RSYSERR)


class SubmitHook:
    """Asks hooks about messages of ESMEs. ``len()`` is the number of requests that wait.

    :param pools: gives the pools by name.
    :param emptied: called when nothing waits any more.
    """

    def __init__(
        self,
        clock: Clock,
        asking: Asking,
        submitter: Submitter,
        events: Events,
        options: RouterOptions,
        pools: Callable[[], Mapping[str, Pool]],
        emptied: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._asking = asking
        self._submitter = submitter
        self._events = events
        self._options = options
        self._pools = pools
        self._lines: Lines[EsmeSession, Exchange] = Lines(
            asking, "on_submit", self._default, self._go_on, emptied
        )

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def octets(self) -> int:
        """What waits occupies so many octets."""
        return self._lines.octets

    def submit_all(self, origin: EsmeSession, frames: Sequence[Frame], now: float) -> None:
        """`submit` for each of ``frames``."""
        for frame in frames:
            self.submit(origin, frame, now)

    def submit(self, origin: EsmeSession, frame: Frame, now: float) -> None:
        """Relay a request of an ESME, once hooks have let it."""
        submitter = self._submitter
        is_asked = frame.command_id in MESSAGES and self._asking.asks("on_submit")
        if not submitter.is_open or not (is_asked or origin in self._lines):
            submitter.submit(origin, frame, now)
            return
        if not submitter.admits(origin, frame):
            return
        exchange = submitter.exchange(origin, frame, now)
        if frame.command_id in MESSAGES and self._events.tell_entered is not None:
            self._events.tell_entered(exchange)
        if self.octets > self._options.hold_octets:
            submitter.turn_down(exchange, _THROTTLED, ROOM_FULL)
            return
        view = view_of(exchange, exchange.octets) if is_asked else None
        self._lines.add(origin, exchange, len(frame.octets), view)

    def _default(self, _origin: EsmeSession) -> Decision:
        return _TEMPORARY if self._options.hooks_refuse else PASS

    # Decided

    def _go_on(self, origin: EsmeSession, exchange: Exchange, decision: Decision) -> None:
        now = self._clock.monotonic()
        if exchange.command_id not in MESSAGES:
            self._submitter.submit_counted(origin, _frame(exchange), now)
            return
        try:
            self._carry_out(origin, exchange, decision, now)
        except CannotDo as fault:
            self._asking.failed("on_submit", str(fault))
            self._carry_out(origin, exchange, self._default(origin), now)

    def _carry_out(
        self, origin: EsmeSession, exchange: Exchange, decision: Decision, now: float
    ) -> None:
        if isinstance(decision, Refuse):
            self._refuse(exchange, decision.status)
            return
        if isinstance(decision, Route):
            # First what may not be possible: of what is not, nothing is done.
            target = self._target(origin, decision.pool)
            self._change(exchange, decision.change)
            exchange.target = target
        elif isinstance(decision, Change):
            self._change(exchange, decision)
        self._submitter.submit_entered(origin, exchange, now)

    def _change(self, exchange: Exchange, change: Change | None) -> None:
        """Have ``change`` in a message.

        :raises CannotDo: it does not fit.
        """
        if change is not None:
            octets = changed(exchange.octets, change, self._options.max_pdu_size)
            exchange.rewrite(octets)

    def _refuse(self, exchange: Exchange, status: int) -> None:
        self._asking.refused("on_submit")
        self._events.rejected += 1
        self._submitter.turn_down(exchange, status, REFUSED)

    def _target(self, origin: EsmeSession, name: str) -> Target:
        """The pool of that name, as the only place that a message may go to.

        :raises CannotDo: there is none, or the session has an SMSC of its own.
        """
        pool = self._pools().get(name)
        if pool is None:
            raise CannotDo("named a pool that there is not")
        if origin.own_pool is not None:
            raise CannotDo("named a pool for a session whose bind was passed through")
        return Target(None, (pool,), is_fixed=True)

    # Ends of sessions, and of the gate

    def drop(self, session: EsmeSession) -> None:
        """``session`` has ended: its messages are dropped unsent."""
        for exchange in self._lines.take(session):
            self._events.dropped += 1
            # Nobody hears it. It ends the count of what is unanswered.
            exchange.origin.answer(exchange.resp(_STOPPING))
            if exchange.command_id in MESSAGES and self._events.tell_ended is not None:
                now = self._clock.monotonic()
                self._events.tell_ended(exchange, _STOPPING, now, UNDECIDED)

    def give_up(self, session: EsmeSession) -> None:
        """Answer the messages of ``session``: its time is over."""
        for exchange in self._lines.take(session):
            self._submitter.turn_down(exchange, _STOPPING, UNDECIDED)

    def close(self) -> None:
        """Answer all: the gate stops."""
        for session in self._lines.sessions():
            for exchange in self._lines.take(session):
                self._submitter.turn_down(exchange, _STOPPING, STOPPING)


def _frame(exchange: Exchange) -> Frame:
    """A request as it came."""
    return Frame(exchange.command_id, 0, exchange.number, exchange.octets)


def view_of(exchange: Exchange, octets: bytes) -> SubmitView:
    """What hooks are shown of a message of an ESME.

    :param octets: as it came, or as it was sent.
    """
    origin = cast(EsmeSession, exchange.origin)
    name = origin.system_id.decode("latin-1")
    return SubmitView(exchange.asked, octets, name, origin.id, origin.host)
