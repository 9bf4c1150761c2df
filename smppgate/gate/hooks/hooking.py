"""`Hooking`: the hooks of a gate: which are asked, what waits for them, and how that ends.

Hooks may be changed while things wait for them: those are decided by the ones that were asked, and
what comes meanwhile goes behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from twisted.internet.defer import Deferred, DeferredList

from smppgate.gate.deliver.dispatcher import Dispatcher
from smppgate.gate.hooks.answers import AnswerHook
from smppgate.gate.hooks.asking import Asking, HookCount
from smppgate.gate.hooks.binds import BindHook
from smppgate.gate.hooks.deliveries import Deliver, DeliveryHook
from smppgate.gate.hooks.made import Made
from smppgate.gate.hooks.submits import SubmitHook
from smppgate.gate.options import RouterOptions
from smppgate.gate.relay.events import Events
from smppgate.gate.reports.summary import Summaries
from smppgate.gate.sessions.ports import BindingEsme
from smppgate.gate.submit.submitter import Submitter
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.routing.smscs.pool import Pool
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock


class Hooking:
    """Puts the hooks of a gate in the ways of binds, messages and answers.

    :param pools: gives the pools by name.
    :param deliver: takes messages of SMSCs that hooks let go on.
    :param failures: tells in summary what fails.
    :param changed: called when what is asked about may be another.
    """

    def __init__(
        self,
        clock: Clock,
        batch: Batch,
        submitter: Submitter,
        dispatcher: Dispatcher,
        deliver: Deliver,
        events: Events,
        options: RouterOptions,
        pools: Callable[[], Mapping[str, Pool]],
        failures: Summaries,
        changed: Callable[[], None],
    ) -> None:
        self._changed = changed
        self._asking = asking = Asking(clock, batch, options, failures)
        self._retired: dict[Made, None] = {}
        self.binds = BindHook(asking, options)
        self.submits = SubmitHook(
            clock, asking, submitter, events, options, pools, partial(self._emptied, "on_submit")
        )
        self.deliveries = DeliveryHook(
            clock, asking, deliver, dispatcher, options, partial(self._emptied, "on_deliver")
        )
        self.answers = AnswerHook(asking)

    def change(self, made: Made | None) -> None:
        """Ask ``made`` from now on; None asks nobody. The former are stopped once nothing waits
        for them any more."""
        before, self._asking.made = self._asking.made, made
        self._retired = {each: None for each in self._retired if each.waiting}
        if before is not None:
            self._retired[before] = None
            before.retire()
        self._changed()

    def _emptied(self, kind: str) -> None:
        """Nothing waits for ``kind``: it is in the way no longer, unless it is asked still."""
        if not self._asking.asks(kind):
            self._changed()

    # What they are in the way of

    @property
    def judges_binds(self) -> bool:
        """Whether binds are asked about."""
        return self._asking.asks("on_bind")

    @property
    def takes_submits(self) -> bool:
        """Whether requests of ESMEs go to `submits`."""
        return self._asking.asks("on_submit") or bool(len(self.submits))

    @property
    def takes_deliveries(self) -> bool:
        """Whether messages of SMSCs go to `deliveries`."""
        return self._asking.asks("on_deliver") or bool(len(self.deliveries))

    @property
    def hears_answers(self) -> bool:
        """Whether answers of SMSCs go to `answers`."""
        return self._asking.asks("on_answer")

    # What is seen of them

    @property
    def name(self) -> str:
        """The factory of those that are asked; empty without any."""
        return self._asking.made.name if self._asking.made is not None else ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The methods that are asked."""
        return self._asking.made.kinds if self._asking.made is not None else ()

    @property
    def counts(self) -> Mapping[str, HookCount]:
        """What came of each method since the start."""
        return self._asking.counts

    @property
    def waiting(self) -> dict[str, int]:
        """How many of each kind wait: for a decision, or behind one that does."""
        return {
            "on_bind": len(self.binds),
            "on_submit": len(self.submits),
            "on_deliver": len(self.deliveries),
            "on_answer": len(self.answers),
        }

    @property
    def octets(self) -> int:
        """What the messages that wait occupy."""
        return self.submits.octets + self.deliveries.octets

    # Ends of sessions, and of the gate

    def esme_drained(self, session: EsmeSession) -> None:
        """The time of ``session`` is over; it can still be answered."""
        self.submits.give_up(session)
        self.answers.give_up(session)

    def esme_ended(self, session: BindingEsme) -> None:
        """``session`` has ended, bound or not: what was taken has its return path, all else is
        dropped."""
        self.binds.drop(session)
        self.submits.drop(session)
        self.answers.give_up(session)

    def link_ended(self, link: SmscSession) -> None:
        """A link has ended."""
        self.deliveries.drop(link)

    def drain(self) -> None:
        """The gate stops: no bind is taken from now on."""
        self.binds.drain()

    def close(self) -> None:
        """Answer all that waits, and let nothing wait from now on."""
        self.submits.close()
        self.deliveries.close()
        self.answers.close()

    def stop(self) -> Deferred[None]:
        """Stop the timer and all hooks; fires when they are stopped."""
        self._asking.stop()
        made = [*self._retired, *([self._asking.made] if self._asking.made is not None else ())]
        self._asking.made = None
        stopped = DeferredList([each.stop() for each in made])
        return stopped.addCallback(lambda _: None)
