"""`ModelStore`: what it promised is there after a crash."""

from __future__ import annotations

from random import Random

from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from smppgate.store import IStore, NewMessage
from tests.fakes import outcomes
from tests.simulation.clock import WorldClock
from tests.simulation.model_store import Disk, ModelStore
from tests.simulation.scenario import StorePlan
from tests.simulation.trace import Trace

SLOW = StorePlan(delay=0.5)


def store(disk: Disk, seed: int = 1, plan: StorePlan = SLOW) -> tuple[Clock, ModelStore]:
    """One process's, open."""
    clock = Clock()
    made = ModelStore(clock, disk, plan, 100.0, Random(seed), Trace(WorldClock()), lambda _: None)
    outcomes(made.open())
    clock.advance(5.0)
    return clock, made


def test_it_is_a_store() -> None:
    """As the gate wants one."""
    verifyObject(IStore, store(Disk())[1])


def test_what_was_acknowledged_survives_a_crash() -> None:
    """And of what was not, any first part: never a later write without the one before it."""
    lost = set()
    for seed in range(30):
        disk = Disk()
        clock, made = store(disk, seed)
        done = [outcomes(made.keep({b"%d" % it: b"path"})) for it in range(6)]
        clock.advance(0.5)
        acknowledged = sum(1 for each in done if each)
        made.crash()
        _, again = store(disk, seed)
        kept = [it for it in range(6) if again.recent(b"%d" % it)]
        assert kept == list(range(len(kept)))
        assert len(kept) >= acknowledged
        lost.add(6 - len(kept))
    assert len(lost) > 1, "it crashed at one place only"


def test_removed_messages_come_again_only_if_the_removal_was_not_written() -> None:
    """In their order, under their numbers."""
    disk = Disk()
    clock, made = store(disk)
    outcomes(made.enqueue([NewMessage(b"acme", b"%d" % it, 1000.0) for it in range(3)]))
    clock.advance(5.0)
    outcomes(made.remove(b"acme", [1]))
    assert [message.number for message in made._queued(b"acme", 0)] == [2, 3]
    clock.advance(5.0)
    made.crash()
    _, again = store(disk)
    assert [message.pdu for message in again._queued(b"acme", 0)] == [b"1", b"2"]


def test_what_is_over_is_forgotten() -> None:
    """Return paths after the time to live, messages at their own time."""
    disk = Disk()
    clock, made = store(disk)
    outcomes(made.keep({b"key": b"path"}))
    outcomes(made.enqueue([NewMessage(b"acme", b"pdu", 50.0)]))
    clock.advance(200.0)
    made.expire()
    assert not disk.paths
    assert not disk.queue
    assert made.recent(b"key") is None
