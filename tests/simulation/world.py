"""`World`: one gate, its ESMEs, its SMSCs, and all that happens between them, for one seed."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from twisted.internet.defer import Deferred

from smppgate.gate import Gateway
from smppgate.settings import Settings, parse
from tests.simulation import wire
from tests.simulation.clock import NEVER, Agenda, WorldClock
from tests.simulation.counting import Counting
from tests.simulation.differences import OTHER_PORT
from tests.simulation.hashes import SlowCompare
from tests.simulation.hooks import HOOK_TIME, Book
from tests.simulation.inspection import Coverage, Inspection, allowing, short_runs
from tests.simulation.invariants import Judge
from tests.simulation.ledger import Attempt, Delivery, Dialogue, Ledger, Request
from tests.simulation.logs import Errors, errors
from tests.simulation.message_lines import MessageLines
from tests.simulation.model_esme import ModelEsme
from tests.simulation.model_smsc import MessageCenter, ModelSmsc
from tests.simulation.moods import traits, weather
from tests.simulation.mutants import StaleMutant
from tests.simulation.network import Network
from tests.simulation.operator import Operator
from tests.simulation.peers import ModelSession
from tests.simulation.reactor import SimulatedReactor
from tests.simulation.rewrites import destination, from_there, to_there
from tests.simulation.routes import files
from tests.simulation.scenario import (
    CALLED_PORT,
    LONGEST_STALL,
    STOP_TIMEOUT,
    AccountPlan,
    Plan,
    chance,
    settings_text,
)
from tests.simulation.stores import Stores
from tests.simulation.strangers import Strangers
from tests.simulation.terms import Terms
from tests.simulation.trace import Trace, Violation

_MOST_TURNS = 20_000
"""Turns of the reactor in one second: more is a loop without an end."""

_SETTLING = 150.0
"""Seconds that everything may take to be brought home once everybody behaves."""

_UNDER_WAY = 5.0
"""Seconds in which the end of a session has come to the model, whatever the weather."""

_SERVED = STOP_TIMEOUT * (1 - 1 / 4 - 1 / 8)
"""Seconds of a stop in which requests of ESMEs are still served, see docs/operation.md."""


class World:
    """One simulated world.

    :ivar turns: of the gate's reactor; `acts`: those in which there was anything to do.
    :ivar is_active: while models send new requests; `is_open` while they come back when lost.
    :ivar is_up: whether the gate runs; not for a moment after a crash.
    :ivar is_stopping: whether it is being stopped in order; ``began_at``: when it began, and
        ``stopped_at``: when it was to stop last.
    :ivar terms: the settings in force, now and before.
    :ivar hooks: what hooks have decided; None without any.
    :ivar queued: deliveries that the gate has acknowledged for a queue.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.clock = WorldClock()
        self.agenda = Agenda(self.clock)
        self.trace = Trace(self.clock)
        self.ledger = Ledger()
        self.judge = Judge(self)
        self.steps = self.turns = self.acts = self._turns_before = self._second = 0
        self.is_active = self.is_open = True
        self.queued: dict[int, Delivery] = {}
        self.given_ids: dict[bytes, Request] = {}
        self.network = Network(self.agenda, self._chance("network"), weather(list(plan.weather)))
        settings = files(self._chance("files"), list(plan.pools), parse(settings_text(plan)))
        self.terms = Terms.beginning(settings)
        self._operator = Operator(self, settings, self._chance("operator"))
        self._make_models()
        self._strangers = Strangers(self, self._chance("strangers' doings"))
        self._stores = Stores(plan, self._chance("store"), self.trace)
        self._lives = 0
        self.is_up = self.is_stopping = False
        self.began_at = 0.0
        self.stopped_at = NEVER
        self._dead: list[object] = []
        self._crashes = self._chance("crashes")
        self._crowding = self._chance("crowding")
        self._violation: Violation | None = None
        self._errors = Errors()
        self.reactor: SimulatedReactor
        self.gateway: Gateway
        self.inspection: Inspection
        self._watchers: list[Counting | MessageLines] = []

    def _make_models(self) -> None:
        plan = self.plan
        self.hooks = Book.of_world(plan, self._chance("hooks' whims"))
        self.centers = [
            MessageCenter(self, each, traits([]), self._chance(each.name)) for each in plan.centers
        ]
        by_name = {center.plan.name: center for center in self.centers}
        self.smscs = []
        for each in plan.smscs:
            center = by_name[each.center]
            smsc = ModelSmsc(self, each, center, traits(list(each.moods)), self._chance(each.name))
            center.doors.append(smsc)
            self.smscs.append(smsc)
            for port in (each.address[1], OTHER_PORT):
                self.network.serve((each.address[0], port), smsc.accept)
        self.esmes = [
            ModelEsme(self, each, traits(list(each.moods)), self._chance(each.system_id))
            for each in plan.accounts
        ]
        for app in self.esmes:
            self.network.serve((app.plan.host, CALLED_PORT), app.accept)

    def _chance(self, name: str) -> random.Random:
        return chance(self.plan.seed, name)

    # A run

    def run(self) -> None:
        """Everything, from the first connection to the last timer.

        :raises Violation: when an invariant is broken.
        """
        Coverage.install()
        least_retries = self.plan.health.least_retries
        with _no_garbage(), allowing(least_retries), short_runs(), errors() as self._errors:
            try:
                self._live()
                self._rest()
                self._end()
            finally:
                self._stores.end()
        if self._dead:
            self._dead.clear()
            # What is thrown away may do something still, and is thrown away again.
            gc.collect()
            gc.collect()

    def violated(self, what: str) -> NoReturn:
        """An invariant does not hold."""
        self.trace.add("VIOLATED", what)
        # Again and again, should somebody catch it.
        self._violation = Violation(
            f"seed {self.plan.seed} at {self.clock.now:.6f} s: {what}\n"
            f"replay: {self.plan.replay}\n{self.trace.last_lines()}"
        )
        raise self._violation

    def suspect(self, what: Request | Delivery, attempts: list[Attempt]) -> None:
        """The gate says that ``what`` has failed: look later whether it may say so.

        Somebody may have it who has not answered, and whose time is not over; then the session
        must be about to end.
        """
        if attempts and attempts[-1].is_open(self.plan.response_timeout, self.clock.now):
            session = attempts[-1].session
            self.accuse(f"{what} was given up, though {session} has it and its time", session)

    def accuse(self, what: str, *sessions: ModelSession) -> None:
        """``what`` breaks an invariant, unless the gate has ended a session, or is about to.

        The gate knows of that end before the model does: what tells it may be under way. So the
        verdict comes in a while.
        """
        self.agenda.call(_UNDER_WAY, self._verdict, what, sessions)

    def _verdict(self, what: str, sessions: Sequence[ModelSession]) -> None:
        if not any(session.is_disturbed for session in sessions):
            self.violated(what)

    @property
    def hook_time(self) -> float:
        """Seconds that hooks may take for one decision."""
        return HOOK_TIME if self.hooks is not None else 0.0

    @property
    def is_steady(self) -> bool:
        """Whether nothing but a model, a change or an operator gives cause to end a session."""
        is_fine = not set(self.plan.weather) - {"cutting", "crumbling"}
        return is_fine and self.is_up and not self.is_stopping and self.is_open

    def gives_up_at(self, at: float) -> float:
        """Until when the gate waits for the answer to what it has sent at ``at``."""
        until = at + self.plan.response_timeout
        if at >= self.began_at > self.stopped_at:
            # It was another gate that was stopped.
            return until
        return min(until, self.stopped_at + _SERVED)

    def is_quiet_since(self, at: float) -> bool:
        """Whether what the gate has sent to SMSCs since ``at`` has come there."""
        sessions = [session for smsc in self.smscs for session in smsc.sessions]
        return (
            self.is_steady
            and all(smsc.lost_at < at - _UNDER_WAY for smsc in self.smscs)
            and not any(each.is_disturbed or each.end.incoming.was_full for each in sessions)
        )

    def note_renewals(self, settings: Settings) -> None:
        """Note which SMSCs are to have their links bound anew by a reload, and have two."""
        for smsc in self.smscs:
            name = smsc.plan.name
            if self.terms.would_renew(name, settings):
                self.terms.renewed.pop(name, None)
                if smsc.links_bound() >= 2:
                    self.terms.renewed[name] = self.clock.now

    def is_live(self, kept_at: float) -> bool:
        """Whether the store has to have what was kept then, by the wall clock."""
        return self.clock.wall() - kept_at < 0.9 * self.plan.ttl

    def has_path(self, request: Request) -> bool:
        """Whether the gate has to have the return path of a message."""
        is_over = self.clock.now - request.taken_at > 0.9 * self.plan.receipted_ttl
        return bool(request.given) and not is_over and self.is_live(request.kept_at)

    def given(self, request: Request) -> None:
        """An ESME was told an id."""
        key = self._id_key(request)
        if request.given and key in self.given_ids:
            self.violated(f"{request} was given the id of {self.given_ids[key]}")
        self.given_ids[key] = request
        own = request.taken_id
        is_sure = request.wants_receipt and request.is_certain and request.given.endswith(own)
        # The clock may have been stepped beyond its time to live since it was kept.
        is_live = self.is_live(request.kept_at)
        if own and is_sure and is_live and not self._stores.has_path(own):
            self.violated(f"{request} was given an id, and its return path is not in the store")

    def not_given(self, request: Request) -> None:
        """An ESME was told an id, but of another message under the same number."""
        if request.given:
            self.given_ids.pop(self._id_key(request), None)
        request.given = b""

    def _id_key(self, request: Request) -> bytes:
        account = b"" if self.plan.message_ids == "tagged" else request.account.system_id.encode()
        return account + request.given

    def inside(self, account: str, command: int, body: bytes) -> bytes:
        """The body of a request of an ESME's as the gate goes by it."""
        rewrites = self.plan.rewrites
        if rewrites is None or command not in wire.SUBMITS:
            return body
        return rewrites.inside(account, command, body)

    def at_smsc(self, request: Request, smsc: str) -> bytes:
        """The body of a message as an SMSC gets it."""
        rewrites, account = self.plan.rewrites, request.account.system_id
        if rewrites is None:
            return request.body
        return rewrites.at_smsc(account, request.command, request.body, smsc)

    def from_smsc(self, request: Request, receipt: bytes) -> bytes:
        """A receipt as the SMSC writes it that has taken the message: it is from where that went,
        as the SMSC was told."""
        if self.plan.rewrites is None or request.command == wire.SUBMIT_MULTI:
            return receipt
        assert request.taken_by is not None
        body = self.at_smsc(request, request.taken_by.smsc.plan.name)
        return from_there(receipt, destination(request.command, body))

    def cancel(self, message_id: bytes, source: bytes, target: Request | None) -> bytes:
        """The body of a cancel_sm as an ESME writes it; where there are rules it names where the
        message went."""
        body = wire.cancel(message_id, source)
        if self.plan.rewrites is None or target is None:
            return body
        return to_there(body, destination(target.command, target.body))

    def cancelled(self, body: bytes, target: Request) -> bytes:
        """The same as the SMSC gets it that has the message: it was told another number."""
        if self.plan.rewrites is None or target.command == wire.SUBMIT_MULTI:
            return body
        assert target.taken_by is not None
        told = self.at_smsc(target, target.taken_by.smsc.plan.name)
        return to_there(body, destination(target.command, told))

    def to_esme(self, request: Request, receipt: bytes) -> bytes:
        """The same in the ESME's own words."""
        if self.plan.rewrites is None or request.command == wire.SUBMIT_MULTI:
            return receipt
        return from_there(receipt, destination(request.command, request.body))

    def told(self, status: int, request: Request | None) -> int:
        """What is told in place of a status; ``request`` is None for a message of an SMSC's."""
        rewrites = self.plan.rewrites
        if rewrites is None or (request is not None and request.command not in wire.SUBMITS):
            return status
        if request is None:
            return rewrites.told(status, None)
        account = request.account.system_id
        return rewrites.told(status, (account, request.command, request.body))

    def dialogue(self, account: AccountPlan, address: bytes, draw: random.Random) -> Dialogue:
        """A new one, with a subscriber who has no other."""
        number = draw.choice((None, draw.randrange(256)))
        return Dialogue(account, b"88%07d" % self.ledger.label(), number, address)

    def _live(self) -> None:
        self._begin()
        for each in (*self.esmes, *self.smscs, *self.centers):
            each.start()
        for at in self.plan.crashes:
            amid = self._crashes.random() < (0.9 if self.plan.store.is_durable else 0.5)
            how = self._crash_soon if amid else self._crash
            self.agenda.call(at, how)
        for at in self.plan.restarts:
            self.agenda.call(at, self._restart)
        for at, step in self.plan.steps:
            self.agenda.call(at, self._step_clock, step)
        self._operator.start()
        self._strangers.start()
        self._run(self.plan.active)

    def _rest(self) -> None:
        """Everybody behaves, all is brought home, everybody leaves, and the gate stops."""
        self.is_active = False
        self.trace.add("world", "calms down")
        self._check_store()
        self.network.calm()
        self._stores.calm()
        for each in (*self.esmes, *self.smscs, *self.centers):
            each.calm()
        self._operator.calm()
        self._strangers.calm()
        self._settle()
        self.trace.add("world", "leaves")
        self.is_open = False
        for app in self.esmes:
            app.leave()
        self._run(2.0)
        for smsc in self.smscs:
            smsc.leave()
        self._run(10.0)
        self._quiet()

    def _settle(self) -> None:
        deadline = self.clock.now + _SETTLING
        while True:
            self._run(1.0)
            unsettled = self.judge.unsettled()
            if not unsettled:
                return
            if self.clock.now > deadline:
                self.violated("it does not settle: " + "; ".join(unsettled[:5]))

    def _quiet(self) -> None:
        # Nobody is there: it may as well do nothing until all that was kept is over. What was kept
        # before the wall clock was put back lives so much longer.
        self._run(20.0)
        self._skip(self.plan.ttl * 1.1 - min(0.0, self.clock.stepped))
        self._run(40.0)
        self._stores.expire()
        left = [*self.inspection.left(), *self._stores.left()]
        if left:
            self.violated(f"all is quiet, and there is left: {left}")
        if self.terms.is_changed:
            wrong = self.inspection.unlike_fresh(self.terms.now.settings)
            if wrong:
                self.violated(f"a fresh gate differs: {[each[:200] for each in wrong[:5]]}")
        for watcher in self._watchers:
            for what in watcher.wrong():
                self.violated(what)
        self._stop()
        self._check_errors()

    def _end(self) -> None:
        """What fails without anybody being told is found when it is thrown away."""
        del self.gateway, self.inspection, self.reactor, self._watchers
        gc.collect()
        self._check_errors()

    # The gate's lives

    def _begin(self) -> None:
        self._lives += 1
        name = f"reactor {self._lives}"
        self.reactor = SimulatedReactor(self.clock, self.network, self._chance(name))
        store = self._stores.open(self.reactor)
        entropy = self._chance(f"gate {self._lives}")
        settings = self._operator.file
        if settings is not self.terms.now.settings:
            self.terms.change(self.clock.now, settings)
        self.terms.begin()
        self._compare = SlowCompare(self.reactor, self._chance(f"compare {self._lives}"))
        self.gateway = Gateway(
            settings, self.reactor, entropy=entropy, store=store, compare=self._compare
        )
        self.inspection = Inspection(self.gateway)
        # Both ways do the same, and half of the worlds are the judges of each.
        if self.plan.seed // 2 % 2:
            self.inspection.close_lane()
        if self.plan.seed // 4 % 2:
            self.reactor.together = self.inspection.one_turn
        self._watchers = []
        if self.plan.seed % 2 == 0:
            self._watchers.append(Counting(self, self.gateway))
        elif self.plan.seed % 8 in (1, 3):
            self._watchers.append(MessageLines(self, self.gateway))
        if self.plan.forgets:
            self.inspection.forget()
        self.gateway.privilegedStartService()
        self.gateway.startService()
        self.is_up, self.is_stopping = True, False
        self.began_at = self.clock.now
        self.trace.add("gate", "begins")
        if self.plan.store.is_durable:
            # Before what was read at the start leaves memory.
            self.agenda.call(0.5, self._check_store)

    def _crash_soon(self) -> None:
        """While something is being written, if that comes within a few seconds."""
        self._stores.told = self._crash_amid
        self.agenda.call(4.0, self._crash)

    def _crash_amid(self, is_now: bool) -> None:
        self._stores.told = None
        if is_now:
            self._crash()
        else:
            self.agenda.call(self.plan.store.delay * self._crashes.random(), self._crash)

    def _crash(self) -> None:
        self._stores.told = None
        if not self.is_up:
            return
        self.is_up = self.is_stopping = False
        self.trace.fault("gate", "crash")
        self._check_store()
        # What is thrown away of a process that is gone never happened: it is kept.
        self._dead.append((self.reactor.kill(), self.gateway))
        self._stores.crash()
        self._errors.power_may_be_lost = self.plan.store.is_durable
        self.agenda.call(0.1 + self._crashes.random(), self._begin)

    def _check_store(self) -> None:
        for what in self._stores.made_up():
            self.violated(what)

    def _step_clock(self, step: float) -> None:
        self.trace.fault("world", "clock stepped", f"{step:+.0f} s")
        self.clock.stepped += step

    def _restart(self) -> None:
        if not self.is_up:
            return
        self._stopping()
        self.trace.fault("gate", "orderly restart")
        gateway = self.gateway
        gateway.stopService().addCallback(self._stopped, gateway)

    def _stopped(self, _: Any, gateway: Gateway) -> None:
        if gateway is self.gateway and self.is_up:
            self.trace.add("gate", "has stopped")
            # A stop does not wait for a store that is late, and what that was at goes on.
            self.agenda.call(LONGEST_STALL * self.plan.store.is_slow, self._gone, gateway)

    def _gone(self, gateway: Gateway) -> None:
        """The process of a gate that has stopped ends, and the next one begins."""
        if gateway is self.gateway and self.is_up:
            self._check_stopped()
            self.reactor.kill()
            self._begin()

    def _stopping(self) -> None:
        self.is_stopping, self.stopped_at = True, self.clock.now
        # One that hangs may do so for longer than a stop has for it. So may a slow one, behind
        # peers that have used up the rest; at the end all behave.
        self._errors.store_may_be_late = self.is_active and self.plan.store.is_slow

    def _stop(self) -> None:
        self._stopping()
        done: list[Any] = []
        stopping: Deferred[None] = self.gateway.stopService()
        stopping.addBoth(done.append)
        self._run(30.0)
        if done != [None]:
            self.violated(f"the gate does not stop: {done}")
        self._check_stopped()

    def _check_stopped(self) -> None:
        reactor = self.reactor
        calls = [each for each in reactor.getDelayedCalls() if each not in self._compare.calls]
        left = [*calls, *reactor.getReaders(), *reactor.getWriters()]
        left += list(reactor.ports)
        if left:
            self.violated(f"the gate has stopped, and there is left: {left}")

    # Time

    def _run(self, seconds: float) -> None:
        clock, agenda = self.clock, self.agenda
        end = clock.now + seconds
        while (time := min(agenda.next(), self.reactor.next())) <= end:
            if time >= self._second:
                self._second, self._turns_before = int(time) + 1, self.turns
            elif self.turns - self._turns_before > _MOST_TURNS:
                self.violated(f"it runs in circles: {self.reactor.getDelayedCalls()[:3]}")
            clock.advance_to(time)
            agenda.run_due()
            self._look(self.reactor.turn())
        clock.advance_to(end)

    def _skip(self, seconds: float) -> None:
        """Time goes by while the gate's process does nothing: what was due comes all at once."""
        self.clock.advance_to(self.clock.now + seconds)

    def _look(self, has_acted: bool) -> None:
        """After each turn; ``has_acted``: whether the gate had anything to do in it."""
        self.turns += 1
        if self._violation is not None:
            raise self._violation
        if self._errors.found:
            self._check_errors()
        if self.network.has_sent:
            # Without that, no more is open than before.
            self.network.has_sent = False
            over = self.inspection.over_window()
            if over is not None:
                self.violated(over)
        if not has_acted:
            return
        self.acts += 1
        self.inspection.note_health(self.clock.now)
        if self.plan.wraps:
            self.inspection.wrap_soon()
        if self.plan.crowds and self.acts % 8 == 0:
            self.inspection.crowd(self._crowding)
        if self.acts % 16 == 0:
            self._check_tables()

    def _check_errors(self) -> None:
        if self._errors.of_mutant is not None:
            raise StaleMutant(self._errors.of_mutant.getErrorMessage())
        if self._errors.found:
            self.violated("the gate has logged an error: " + self._errors.found[0])

    def _check_tables(self) -> None:
        if not self.is_up:
            # The timers of a gate that was killed do not fire.
            return
        crowd = self._strangers.over_limit()
        if crowd is not None:
            self.violated(f"connections: {crowd}")
        for name, count, most in self.inspection.tables():
            if count > most:
                self.violated(f"{name}: {count} of {most}")
        overdue = self.inspection.overdue(self.clock.now, 2.0 * self.terms.answered_by() + 30.0)
        if overdue:
            self.violated(f"removed, and here still: {overdue}")
        for name, counter, count in self.inspection.counted():
            if counter != count:
                self.violated(f"{name} is {counter} and should be {count}")


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Let Python look for garbage only when it is told to, and not for what others have left."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
