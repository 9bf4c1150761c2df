"""Hooks that do what a test says, and a gate with them, one ESME and one SMSC."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.internet.defer import Deferred

from smppgate.gate.hooks import PASS, HookContext, Hooks
from smppgate.settings import EsmeSettings, GateSettings
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import DeliverSm, Pdu, SubmitSm
from tests.gate.memory_gateway import End, MemoryGateway, bind, smsc
from tests.txsmpp.pairs import numbered

SUBMIT_SM_RESP = CommandId.SUBMIT_SM | RESPONSE_BIT
DELIVER_SM_RESP = CommandId.DELIVER_SM | RESPONSE_BIT

WAIT = object()
"""What a hook is told to do that leaves the decision to the test, see `Asked.waiting`."""


class Asked(Hooks):
    """Hooks of which the test has the latest.

    :ivar does: what is decided, or raised, or `WAIT`; a callable is called with the view.
    :ivar views: what was asked about.
    :ivar waiting: the Deferreds that nobody has fired yet, in order.
    """

    latest: ClassVar[Any] = None
    does: Any

    def __init__(self, context: HookContext) -> None:
        super().__init__(context)
        if context.options.get("fails"):
            raise ValueError("the secret is " + "hush")
        self.does = WAIT
        self.views: list[Any] = []
        self.waiting: list[Deferred[Any]] = []
        self.cancelled: list[Deferred[Any]] = []
        self.stopped = 0
        self.stopping: Deferred[None] | None = None
        Asked.latest = self

    def stop(self) -> Deferred[None] | None:
        self.stopped += 1
        return self.stopping

    def later(self, reactor: Any, seconds: float) -> Deferred[Any]:
        """A decision to let pass, so many seconds later."""
        later: Deferred[Any] = Deferred()
        reactor.callLater(seconds, later.callback, PASS)
        return later

    def asked(self, view: Any) -> Any:
        self.views.append(view)
        does = self.does(view) if callable(self.does) else self.does
        if isinstance(does, Exception):
            raise does
        if does is not WAIT:
            return does
        waiting: Deferred[Any] = Deferred(self.cancelled.append)
        self.waiting.append(waiting)
        return waiting


class Binds(Asked):
    on_bind = Asked.asked


class Submits(Asked):
    on_submit = Asked.asked


class Deliveries(Asked):
    on_deliver = Asked.asked


class Answers(Asked):
    on_answer = Asked.asked


class Everything(Binds, Submits, Deliveries, Answers):
    pass


class Nothing(Asked):
    pass


class Coroutines(Asked):
    async def on_submit(self, view: Any) -> Any:
        return await self.asked(view)


class NoHooks:
    """An object that is none."""

    def __init__(self, context: HookContext) -> None:
        pass


def settings(kind: str = "Submits", **more: Any) -> GateSettings:
    """The table [gate] with hooks of this module."""
    return GateSettings(hooks=f"{__name__}:{kind}", **more)


class HookedGate:
    """A gate with hooks, an ESME that is bound, and the SMSC alpha, which has a link.

    :ivar hooks: those of the gate.
    """

    def __init__(self, kind: str = "Submits", *, account: Any = None, **more: Any) -> None:
        gate = {key: more.pop(key) for key in list(more) if key.startswith(("hook_", "hold_"))}
        self.account = EsmeSettings(
            system_id="acme", password="secret", address_ranges=("44*",), **(account or {})
        )
        smscs = more.pop("smscs", None) or (smsc("alpha", sessions=1),)
        self.gate = MemoryGateway(
            *smscs, esme=(self.account,), gate=settings(kind, **gate), **more
        )
        self.hooks: Any = Asked.latest
        self.links = [self.bound(at) for at in range(len(smscs))]
        self.link = self.links[0]

    def bound(self, at: int = -1) -> End:
        """A link that the gate has bound."""
        end = self.gate.smsc(at)
        (request,) = end.heard()
        end.answer(request, 0, b"smsc\0")
        return end

    def esme(self, **more: Any) -> End:
        """Another session of the ESME, bound."""
        end = self.gate.esme(bind(**more))
        (resp,) = end.heard()
        assert resp.command_status == 0
        return end

    def failures(self) -> int:
        return sum(count.failed for count in self.gate.router.hooks.counts.values())


def message(text: bytes = b"a", **more: Any) -> SubmitSm:
    return SubmitSm(
        **{"source_addr": b"1234", "destination_addr": b"4477", "short_message": text, **more}
    )


def delivery(text: bytes = b"a", **more: Any) -> DeliverSm:
    return DeliverSm(
        **{"source_addr": b"1234", "destination_addr": b"4477", "short_message": text, **more}
    )


def several(*pdus: Pdu, first: int = 1) -> bytes:
    """One read of these, numbered from ``first`` on."""
    return b"".join(numbered(pdu, number) for number, pdu in enumerate(pdus, first))


def texts(frames: list[Frame]) -> list[bytes]:
    """The last octet of each message, as `message` has it."""
    return [frame.octets[-1:] for frame in frames]
