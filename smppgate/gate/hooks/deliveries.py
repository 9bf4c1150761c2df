"""`DeliveryHook`: messages and receipts of SMSCs that hooks decide about, on their way to ESMEs.

They are asked about as they come on a link, before it is known whose they are: what is changed is
what is delivered, and decides where. They count against the window of the link meanwhile. A link
that ends takes with it what waits, undelivered: the SMSC has no answer, and sends it again.
"""

from __future__ import annotations

from collections.abc import Callable

from smppgate.gate.deliver.dispatcher import Dispatcher
from smppgate.gate.hooks.asking import Asking
from smppgate.gate.hooks.causes import REFUSED, ROOM_FULL, STOPPING
from smppgate.gate.hooks.changing import CannotDo, changed
from smppgate.gate.hooks.decisions import PASS, Change, Decision, Refuse
from smppgate.gate.hooks.lines import Lines
from smppgate.gate.hooks.views import DeliverView
from smppgate.gate.options import RouterOptions
from smppgate.routing.sessions import SmscSession
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.frame import Frame, response

Deliver = Callable[[SmscSession, Frame, float, bytes], None]
"""Relays or answers a request of an SMSC that is counted as unanswered: as it came, or what a hook
has made of it, which is the last parameter; empty where nothing has been changed."""


class DeliveryHook:
    """Asks hooks about messages of SMSCs. ``len()`` is the number of those that wait.

    :param deliver: takes what goes on.
    :param dispatcher: answers what does not.
    :param emptied: called when nothing waits any more.
    """

    def __init__(
        self,
        clock: Clock,
        asking: Asking,
        deliver: Deliver,
        dispatcher: Dispatcher,
        options: RouterOptions,
        emptied: Callable[[], None],
    ) -> None:
        self.is_open = True
        self._clock = clock
        self._asking = asking
        self._deliver = deliver
        self._dispatcher = dispatcher
        self._options = options
        self._lines: Lines[SmscSession, Frame] = Lines(
            asking, "on_deliver", self._default, self._go_on, emptied
        )

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def octets(self) -> int:
        """What waits occupies so many octets."""
        return self._lines.octets

    def deliver(self, link: SmscSession, frame: Frame, now: float) -> None:
        """Relay a message that is counted as unanswered, once hooks have let it."""
        is_asked = self._asking.asks("on_deliver")
        if not (is_asked or link in self._lines):
            self._deliver(link, frame, now, b"")
        elif link.has_ended:
            # It came in one read with what ended the link, and with the answer to its bind.
            self._drop(link, frame)
        elif not self.is_open:
            self._dispatcher.refuse(link, frame, STOPPING)
        elif self.octets > self._options.hold_octets:
            self._dispatcher.refuse(link, frame, ROOM_FULL)
        else:
            smsc, octets = link.smsc.name, frame.octets
            view = DeliverView(frame.command_id, octets, smsc) if is_asked else None
            self._lines.add(link, frame, len(octets), view)

    def _default(self, link: SmscSession) -> Decision:
        return Refuse(link.smsc.undelivered_status) if self._options.hooks_refuse else PASS

    def _go_on(self, link: SmscSession, frame: Frame, decision: Decision) -> None:
        made = b""
        if isinstance(decision, Change):
            try:
                made = changed(frame.octets, decision, self._options.max_pdu_size)
            except CannotDo as fault:
                self._asking.failed("on_deliver", str(fault))
                decision = self._default(link)
        if isinstance(decision, Refuse):
            self._asking.refused("on_deliver")
            self._dispatcher.refuse(link, frame, REFUSED, decision.status)
        else:
            self._deliver(link, frame, self._clock.monotonic(), made)

    # Ends of links, and of the gate

    def drop(self, link: SmscSession) -> None:
        """``link`` has ended: its messages are dropped undelivered."""
        for frame in self._lines.take(link):
            self._drop(link, frame)

    def close(self) -> None:
        """Answer all, and what comes from now on: the gate stops."""
        self.is_open = False
        for link in self._lines.sessions():
            for frame in self._lines.take(link):
                self._dispatcher.refuse(link, frame, STOPPING)

    def _drop(self, link: SmscSession, frame: Frame) -> None:
        # Nobody hears it. It ends the count of what is unanswered.
        link.answer(response(frame, link.smsc.undelivered_status))
