"""`Operator`: reloads the running gate and holds parts of it, at random times, with traffic on."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred, TimeoutError

from smppgate.settings import Settings, SettingsError
from smppgate.settings.applicable import applicable
from smppgate.settings.difference import difference
from smppgate.store import StoreError
from tests.simulation import differences
from tests.simulation.moods import MOODS
from tests.simulation.terms import FAR_OFF

if TYPE_CHECKING:
    from tests.simulation.world import World

_DIFFERENCES: dict[str, Callable[[Settings, Settings, Random], Settings]] = {
    "differ": differences.differing,
    "relink": differences.relinking,
    "remove": differences.removing,
}


class Operator:
    """Whoever runs the gate.

    :ivar file: the settings as they are written, with what waits for a restart.
    """

    def __init__(self, world: World, settings: Settings, chance: Random) -> None:
        self._world = world
        self._original = self.file = settings
        self._chance = chance
        changes = [MOODS[mood].changes for mood in world.plan.operator]
        self._acts = [act for change in changes for act in change["acts"]]

    def start(self) -> None:
        """Act now and then, if that is the operator's mood."""
        if self._acts:
            self._world.agenda.call(self._chance.expovariate(0.7), self._act)

    def _act(self) -> None:
        if self._world.is_active:
            self._if_possible(getattr(self, f"_{self._chance.choice(self._acts)}"))
            self.start()

    def calm(self) -> None:
        """Bring back what is gone, and hold nothing any more."""
        if not self._acts:
            return
        self.file = differences.restored(self.file, self._original)
        if not self._world.is_up or self._world.is_stopping:
            # It has them from its next start on.
            return
        self._reload(self.file)
        self._release()

    def _release(self) -> None:
        world, gateway = self._world, self._world.gateway
        world.terms.begin()
        for smsc in self.file.smsc:
            control = gateway.smsc(smsc.name)
            control.reset_weight()
            world.terms.decide(world.clock.now, smsc.name, None)
            self._await(control.ready())
            for link in control.links():
                self._await(link.ready())
        for esme in self.file.esme:
            gateway.account(esme.system_id).ready()

    # Reloads

    def _differ(self) -> None:
        self._reload_with("differ")

    def _relink(self) -> None:
        self._reload_with("relink")

    def _remove(self) -> None:
        self._reload_with("remove")

    def _remove_busy(self) -> None:
        """An SMSC goes that has requests open, once there is one."""
        names = [smsc.plan.name for smsc in self._world.smscs if smsc.open_requests() > 0]
        names = [name for name in names if name in self._world.terms.now.smscs]
        if not names:
            self._world.agenda.call(0.01, self._if_possible, self._remove_busy)
        elif len(self.file.smsc) > 1:
            self._reload(differences.without(self.file, self._chance.choice(names)))

    def _if_possible(self, act: Callable[[], None]) -> None:
        world = self._world
        if world.is_active and world.is_up and not world.is_stopping:
            act()

    def _row(self) -> None:
        """Several, one after the other, some of them back to what was before."""
        before = self.file
        for _ in range(self._chance.randint(2, 4)):
            self._reload_with(self._chance.choice(list(_DIFFERENCES)))
        if self._chance.random() < 0.5:
            self._reload(before)

    def _same(self) -> None:
        self._reload(self.file)

    def _fail(self) -> None:
        """With settings that cannot be in force beside those that are."""
        world = self._world
        in_force = world.gateway.settings
        world.trace.fault("operator", "reload that fails")
        outcome = _outcome(world.gateway.reload(differences.impossible(in_force, self._chance)))
        if not outcome.check(SettingsError) or world.gateway.settings is not in_force:
            world.violated(f"a reload that cannot be: {outcome}")

    def _reload_with(self, how: str) -> None:
        self._reload(_DIFFERENCES[how](self.file, self._original, self._chance))

    def _reload(self, settings: Settings) -> None:
        world = self._world
        world.trace.fault("operator", "reload", _Lines(self.file, settings))
        self.file = settings
        world.inspection.before_reload(settings)
        world.note_renewals(settings)
        world.terms.change(world.clock.now, applicable(world.gateway.settings, settings))
        outcome = _outcome(world.gateway.reload(settings))
        if outcome != world.terms.now.settings:
            world.violated(f"a reload has failed: {outcome}")
        wrong = world.inspection.after_reload()
        if wrong:
            world.violated(f"a reload has changed what is the same: {wrong}")
        for name in [n for n in world.terms.held if n not in world.terms.now.smscs]:
            # One that comes back is another.
            del world.terms.held[name]
        for name in [n for n in world.terms.closed if n not in world.terms.now.esmes]:
            del world.terms.closed[name]

    # What an operator decides

    def _hold(self) -> None:
        """Drain an SMSC, keep it away, or let it be ready."""
        world, now = self._world, self._world.clock.now
        name = self._chance.choice([each.name for each in self.file.smsc])
        how = self._chance.choice(("drain", "maint", "ready"))
        world.trace.fault("operator", how, name)
        if how == "ready":
            if world.terms.held.pop(name, None) is not None:
                world.terms.released[name] = now
        else:
            world.terms.held.setdefault(name, now)
        if how == "maint":
            world.terms.away[name] = float("inf")
        control = world.gateway.smsc(name)
        seconds = self._chance.choice((1.0, 60.0))
        self._await(control.ready() if how == "ready" else getattr(control, how)(seconds))

    def _hold_link(self) -> None:
        """The same with one link."""
        world = self._world
        name = self._chance.choice([each.name for each in self.file.smsc])
        links = world.gateway.smsc(name).links()
        how = self._chance.choice(("drain", "maint", "ready"))
        link = self._chance.choice(links)
        world.trace.fault("operator", f"{how} of a link", link.name)
        world.terms.touched[name] = None
        if how == "maint":
            world.terms.away[name] = float("inf")
        self._await(getattr(link, how)())

    def _weigh(self) -> None:
        name = self._chance.choice([each.name for each in self.file.smsc])
        self._world.trace.fault("operator", "weight", name)
        weight = self._chance.choice((0, 1, 3, 7))
        self._world.terms.decide(self._world.clock.now, name, weight)
        self._world.gateway.smsc(name).change_weight(weight)

    def _close(self) -> None:
        """Close an account, or open it again."""
        world = self._world
        name = self._chance.choice([each.system_id for each in self.file.esme])
        control = world.gateway.account(name)
        if name in world.terms.closed:
            del world.terms.closed[name]
            control.ready()
        else:
            world.terms.closed[name] = world.clock.now
            control.close()
        world.trace.fault("operator", f"account {control.state.value}", name)

    def _kick(self) -> None:
        world = self._world
        name = self._chance.choice([each.system_id for each in self.file.esme])
        now = self._chance.random() < 0.3
        world.trace.fault("operator", "kick now" if now else "kick", name)
        world.terms.ended[name] = (world.clock.now, now)
        self._await(world.gateway.account(name).kick(now))

    def _kick_session(self) -> None:
        """One session of any account."""
        world = self._world
        sessions = list(world.gateway.observation().sessions())
        if not sessions:
            return
        session, now = self._chance.choice(sessions), self._chance.random() < 0.3
        world.trace.fault("operator", "kick of a session", session.account)
        world.terms.ended[session.account] = (world.clock.now, now)
        self._await(world.gateway.session(session.id).kick(now))

    def _drop_queue(self) -> None:
        """Lose what waits in a queue; with messages in it where there is one."""
        world = self._world
        queues = list(world.gateway.observation().queues())
        names = [each.system_id for each in queues if each.queued] or [
            each.system_id for each in queues
        ]
        names = [name for name in names if world.terms.dropped.get(name, 0.0) != FAR_OFF]
        if not names:
            return
        name = self._chance.choice(names)
        world.trace.fault("operator", "drop of a queue", name)
        world.terms.dropped[name] = FAR_OFF

        def done(_: object) -> None:
            world.terms.dropped[name] = world.clock.now

        dropping = world.gateway.queue(name).drop()
        # The store may fail in the middle of it; a gate that ends before never tells.
        dropping.addErrback(lambda why: why.trap(StoreError, CancelledError))
        dropping.addCallback(done)

    def _retry_queue(self) -> None:
        world = self._world
        names = [each.system_id for each in world.gateway.observation().queues()]
        if names:
            name = self._chance.choice(names)
            world.trace.fault("operator", "retry of a queue", name)
            world.gateway.queue(name).retry()

    def _await(self, deciding: Deferred[Any]) -> None:
        """It may come too late, or never where the gate ends before."""
        deciding.addErrback(lambda why: why.trap(TimeoutError, CancelledError))


class _Lines:
    """What differs, as text when it is asked for."""

    def __init__(self, before: Settings, after: Settings) -> None:
        self._both = before, after

    def __str__(self) -> str:
        return "; ".join(difference(*self._both).lines()) or "the same"


def _outcome(doing: Deferred[Any]) -> Any:
    """What came of it; nothing in the world keeps a reload waiting."""
    found: list[Any] = []
    doing.addBoth(found.append)
    return found[0] if found else "it is not done at once"
