"""Of each session, requests go on in the order in which they came, whenever they are decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.hooks.asking import Question
from smppgate.gate.hooks.decisions import PASS, Decision
from smppgate.gate.hooks.lines import OVERHEAD, Lines

SESSIONS = ("a", "b", "c")

STEPS = st.lists(
    st.tuples(st.just("ask"), st.sampled_from(SESSIONS))
    | st.tuples(st.just("follow"), st.sampled_from(SESSIONS))
    | st.tuples(st.just("decide"), st.integers(0, 30))
    | st.tuples(st.just("take"), st.sampled_from(SESSIONS)),
    max_size=60,
)


class HeldQuestions:
    """Asks hooks that decide what the test says, when it does.

    :ivar open: the questions by what is asked about, which is the number of a request.
    """

    def __init__(self) -> None:
        self.open: dict[int, Question] = {}

    def ask(self, kind: str, view: Any, decided: Callable[[Decision | None], None]) -> Question:
        assert kind == "on_submit"
        self.open[view] = Question(kind, cast(Any, None), decided)
        return self.open[view]

    def forget(self, question: Question) -> None:
        (view,) = (view for view, each in self.open.items() if each is question)
        del self.open[view]


@given(STEPS)
def test_each_goes_on_once_in_order_or_is_taken(steps: list[tuple[str, Any]]) -> None:
    gone: dict[str, list[int]] = {name: [] for name in SESSIONS}
    seen_empty: list[int] = []
    asking = HeldQuestions()
    lines: Lines[str, int] = Lines(
        cast(Any, asking),
        "on_submit",
        lambda session: PASS,
        lambda session, request, _: gone[session].append(request),
        lambda: seen_empty.append(len(lines)),
    )
    decided: list[bool] = []
    there: dict[str, list[int]] = {name: [] for name in SESSIONS}
    for step, what in steps:
        if step in ("ask", "follow"):
            request, is_asked = len(decided), step == "ask"
            decided.append(not is_asked)
            there[what].append(request)
            lines.add(what, request, 100, request if is_asked else None)
        elif step == "decide" and what in asking.open:
            decided[what] = True
            asking.open.pop(what).decided(PASS if what % 2 else None)
        elif step == "take":
            taken = lines.take(what)
            left = [each for each in there[what] if each not in gone[what]]
            assert taken == left
            there[what] = []
        for name in SESSIONS:
            # A line is as long as what is in front of it is undecided.
            waiting = [each for each in there[name] if each not in gone[name]]
            assert not waiting or not decided[waiting[0]]
            assert (name in lines) == bool(waiting)
            assert gone[name] == sorted(gone[name])
        waits = [each for name in SESSIONS for each in there[name] if each not in gone[name]]
        assert (len(lines), lines.octets) == (len(waits), len(waits) * (100 + OVERHEAD))
        assert sorted(lines.sessions()) == [name for name in SESSIONS if name in lines]
        assert sorted(asking.open) == sorted(each for each in waits if not decided[each])
        assert not any(seen_empty)
    assert all(len(set(each)) == len(each) for each in gone.values())
