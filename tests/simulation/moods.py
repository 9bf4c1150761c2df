"""Moods: the ways in which ESMEs, SMSCs, connections and stores misbehave, each by its name.

A mood changes some of a model's `Traits`; a model may have several. Chances are for each request,
rates for each second of a session.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from tests.simulation.sockets import Weather

RETRYABLE = (0x08, 0x14, 0x58, 0x64)
"""Statuses of an SMSC that make the gate try another."""

AGAIN = (*RETRYABLE, 0x45, 0x67, 0xFE, 0xFF)
"""Statuses of an ESME that make a queue try it again."""

LASTING = (0x0A, 0x0B, 0x45, 0x400, 0xFF00)


@frozen
class Traits:
    """How a model behaves, ESME or SMSC.

    :param quickest: seconds to an answer at the least, `spread` what it takes longer on average.
    :param silence: the chance that a request is never answered; `late`: not before the gate has
        given up; `twice`: two times; `stray`: beside an answer to nothing; `nack`: by a
        generic_nack; `refused`: with one of ``statuses``.
    :param episodes: what happens to sessions at ``rate``, see `Episodes`.
    :param away: seconds until it connects, or lets itself be connected to, again.
    :param flood: the chance of a burst that is larger than the window.
    :param runs: the chance of a burst of nothing but plain submit_sm, many of them.
    :param gathers: seconds for which an SMSC gathers what it has for ESMEs, to send it at once;
        both ends write in one go what they send at one time.
    :param reuse: the chance that an ESME takes a number again that is still unanswered.
    :param asks: the chance that an ESME asks about a message instead of sending one.
    :param nonsense: the chance of something that is not allowed or not known.
    :param wrong_bind: the chance that a bind is wrong (ESME) or refused (SMSC); `slow_bind`: that
        it is answered late or never.
    :param early: the chance of a receipt before its resp; `belated`: a good deal later; `again`:
        of a second one; `at_once`: at the heels of the resp.
    :param late_again: the chance of a second receipt more than a minute after the first was
        taken; `interim`: of a final one that long after one that is not; `plain`: of a receipt
        that only its text tells; `unknown`: of one for what was never answered.
    :param ration: messages a second that an SMSC takes; what is more it throttles; 0 for any.
    :param pipelines: the chance that an ESME sends requests behind its bind without waiting;
        `partings`: that it sends an unbind right behind a burst.
    :param brief: the chance that an SMSC unbinds right behind its bind_resp, and what it has to
        send between the two.
    :param patience: seconds until an SMSC sends again what the gate has not taken; 0 for few.
    """

    quickest: float = 0.0005
    spread: float = 0.01
    silence: float = 0.0
    late: float = 0.0
    twice: float = 0.0
    stray: float = 0.0
    nack: float = 0.0
    refused: float = 0.0
    statuses: tuple[int, ...] = RETRYABLE + LASTING
    episodes: tuple[str, ...] = ()
    rate: float = 0.0
    away: float = 1.0
    flood: float = 0.0
    runs: float = 0.0
    gathers: float = 0.0
    reuse: float = 0.0
    asks: float = 0.0
    nonsense: float = 0.0
    wrong_bind: float = 0.0
    slow_bind: float = 0.0
    early: float = 0.0
    belated: float = 0.0
    again: float = 0.0
    at_once: float = 0.0
    patience: float = 0.0
    late_again: float = 0.0
    interim: float = 0.0
    plain: float = 0.0
    unknown: float = 0.0
    ration: float = 0.0
    pipelines: float = 0.0
    partings: float = 0.0
    brief: float = 0.0


CALM = Traits()
"""How everybody is when the world is to come to rest."""


@frozen
class Mood:
    """A name and what it changes.

    :param whose: "esme", "smsc", "both", "weather", "store", "operator" or "gate".
    """

    name: str
    whose: str
    changes: dict[str, Any]


def _moods(whose: str, **changes: dict[str, Any]) -> dict[str, Mood]:
    return {name: Mood(name, whose, change) for name, change in changes.items()}


MOODS: dict[str, Mood] = {
    **_moods(
        "both",
        slow={"quickest": 0.05, "spread": 0.6},
        silent={"silence": 0.4},
        out_of_order={"spread": 0.3},
        answering_twice={"twice": 0.3},
        late={"late": 0.25},
        wrong_numbers={"stray": 0.3},
        nacking={"nack": 0.2},
        erring={"refused": 0.4},
        throttling={"refused": 0.6, "statuses": (0x58,)},
        mute={"episodes": ("mute",), "rate": 0.08},
        deaf={"episodes": ("deaf",), "rate": 0.1},
        vanishing={"episodes": ("vanish",), "rate": 0.1},
        resetting={"episodes": ("reset",), "rate": 0.1},
        closing={"episodes": ("close", "half_close"), "rate": 0.1},
        unbinding={"episodes": ("unbind",), "rate": 0.15},
        garbling={"episodes": ("garbage",), "rate": 0.06},
        hanging={"episodes": ("hang",), "rate": 0.08},
        binding_anew={"episodes": ("reset", "close", "unbind"), "rate": 0.3, "away": 0.05},
        odd={"nonsense": 0.1},
    ),
    **_moods(
        "esme",
        flooding={"flood": 0.5},
        reusing_numbers={"reuse": 0.3},
        asking={"asks": 0.35},
        misbinding={"wrong_bind": 0.5},
        absent={"episodes": ("reset", "close", "unbind"), "rate": 0.2, "away": 6.0},
        pipelining={"pipelines": 0.5},
        parting={"partings": 0.15},
    ),
    **_moods(
        "smsc",
        refusing_binds={"wrong_bind": 0.5},
        slow_binding={"slow_bind": 0.5},
        receipts_early={"early": 0.5},
        receipts_belated={"belated": 0.5},
        receipts_twice={"again": 0.4},
        receipts_at_once={"at_once": 0.6},
        patient={"patience": 65.0},
        last_words={"spread": 0.1, "episodes": ("last_words",), "rate": 0.3},
        forgetting={"episodes": ("forget",), "rate": 0.1},
        silent_for_good={"silence": 0.6},
        receipts_late_again={"late_again": 0.4},
        interim_first={"interim": 0.5},
        receipts_by_text={"plain": 0.5},
        receipts_of_unknown={"silence": 0.2, "unknown": 1.0},
        failing={"episodes": ("fail",), "rate": 0.3},
        brief={"brief": 0.4},
        away_long={"episodes": ("reset",), "rate": 0.08, "away": 8.0},
    ),
    **_moods(
        "weather",
        distant={"latency": 0.08, "jitter": 0.02},
        jittery={"jitter": 0.05},
        cutting={"cuts": 0.9},
        crumbling={"cuts": 0.5, "crumbs": 0.5},
        stalling={"stalls": 0.05, "stall": 1.5},
        narrow={"capacity": 600},
    ),
    **_moods(
        "store",
        slow_store={"delay": 0.05},
        stalling_store={"stall": 0.1},
        forgetful_store={"archives": 0.7},
        failing_store={"failures": 0.2},
    ),
    **_moods(
        "operator",
        changing={"acts": ("differ",)},
        relinking={"acts": ("relink",)},
        removing={"acts": ("remove", "remove", "remove_busy")},
        hasty={"acts": ("row", "same")},
        mistaken={"acts": ("fail", "same")},
        holding={"acts": ("hold", "hold", "weigh")},
        holding_links={"acts": ("hold_link",)},
        kicking={"acts": ("kick", "kick_session", "close")},
        dropping={"acts": ("drop_queue", "drop_queue", "retry_queue")},
    ),
    **_moods(
        "gate",
        crashing={"crashes": 2},
        restarting={"restarts": 1},
        numbers_wrapping={},
        numbers_crowded={},
        clock_stepping={},
        holding_nothing={},
        tiny_room={},
        narrow_smscs={},
        strangers={},
        hashing={},
        backups={},
        weightless={},
        telling_congestion={},
        # Code of a user's own decides about messages and answers.
        hooked={},
        # ESMEs send long messages in parts, over all of their sessions.
        long_messages={},
        # Of ESMEs: what the gate may relay by the read.
        in_runs={"runs": 0.7, "flood": 0.15},
        # Of SMSCs: the same in the other direction, and of ESMEs, who answer it at once.
        in_bursts={"gathers": 0.5, "spread": 0.0},
        # Subscribers and ESMEs have dialogues, begun by either.
        dialogues={},
        # Next to no memory for what belongs together.
        forgetful={},
        routing={},
        # Rules change numbers and statuses on their way.
        rewriting={},
        limited_accounts={},
        limited_smscs={},
        few_slots={},
        # Of SMSCs, where the gate's mood has limits for them.
        rationing={"ration": 4.0},
        resubmitting={},
        few_retries={},
        ailing_smscs={},
        # Of SMSCs, where the gate's mood has narrow ones.
        sluggish={"quickest": 0.5, "spread": 1.5},
    ),
}


STEADY = frozenset(
    {
        "asking",
        "flooding",
        "out_of_order",
        "receipts_early",
        "receipts_belated",
        "receipts_twice",
        "receipts_at_once",
        "receipts_late_again",
        "interim_first",
        "receipts_by_text",
    }
)
"""Moods that give the gate no reason to end a session."""

ANSWERING = STEADY | {
    "erring",
    "failing",
    "throttling",
    "rationing",
    "answering_twice",
    "slow_binding",
    "slow",
}
"""Moods of SMSCs whose links are not cured: they answer, more or less."""


def traits(moods: list[str]) -> Traits:
    """Those of a model in these moods."""
    found = CALM
    for name in moods:
        changes = dict(MOODS[name].changes)
        if "episodes" in changes:
            changes["episodes"] = (*found.episodes, *changes["episodes"])
        found = evolve(found, **changes)
    return found


def weather(moods: list[str]) -> Weather:
    """That of a network in these moods."""
    found = Weather()
    for name in moods:
        found = evolve(found, **MOODS[name].changes)
    return found


def of(*whose: str) -> list[str]:
    """The names of the moods of these."""
    return [name for name, mood in MOODS.items() if mood.whose in whose]
