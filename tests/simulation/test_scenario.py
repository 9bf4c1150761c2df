"""`scenario`: what seeds decide."""

from __future__ import annotations

from collections import Counter

from smppgate.settings import parse
from tests.simulation.moods import MOODS, of, traits
from tests.simulation.scenario import Plan, scenario, settings_text

PLANS = [scenario(seed) for seed in range(300)]


def test_all_settings_are_settings() -> None:
    """The gate can be made from each of them."""
    for plan in PLANS[:50]:
        parse(settings_text(plan))


def test_the_same_seed_decides_the_same() -> None:
    """And another seed something else."""
    assert scenario(7) == PLANS[7]
    assert scenario(8) != PLANS[7]


def test_every_mood_comes() -> None:
    """To some model, in some seed."""
    seen = Counter(mood for plan in PLANS for mood in plan.moods)
    # Sluggish are SMSCs whose windows are narrow, and rationing those that have rates.
    some = {"sluggish", "rationing", "in_runs", "in_bursts"}
    assert set(seen) == {*of("esme", "smsc", "both", "weather"), *some}


def test_stores_and_gates_have_theirs() -> None:
    """One store in ten is the real one, and there are crashes, restarts and clocks that step."""

    def part(has: list[Plan]) -> float:
        return len(has) / len(PLANS)

    assert 0.05 < part([p for p in PLANS if p.store.is_real]) < 0.15
    assert part([p for p in PLANS if p.crashes]) > 0.1
    assert part([p for p in PLANS if p.restarts]) > 0.05
    assert part([p for p in PLANS if p.steps]) > 0.1
    assert not [p for p in PLANS if p.crashes and p.store.failures], "it promises nothing"


def test_operators_have_theirs() -> None:
    """More than half of the gates are changed while they run, and each way comes."""
    moods = Counter(mood for plan in PLANS for mood in plan.operator)
    assert set(moods) == set(of("operator"))
    assert len([plan for plan in PLANS if plan.operator]) > len(PLANS) / 2


def test_a_mood_can_be_asked_for() -> None:
    """Every model that may have it has it then."""
    plan = scenario(3, ("last_words",))
    assert all("last_words" in smsc.moods for smsc in plan.smscs)
    assert traits(["last_words"]).episodes == ("last_words",)
    assert MOODS["last_words"].whose == "smsc"
