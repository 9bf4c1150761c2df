"""Of each session, requests go on in the order in which they came, whenever they are decided."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.hooks.decisions import PASS
from smppgate.gate.hooks.lines import OVERHEAD, Lines, Place

SESSIONS = ("a", "b", "c")

STEPS = st.lists(
    st.tuples(st.just("add"), st.sampled_from(SESSIONS))
    | st.tuples(st.just("decide"), st.integers(0, 30))
    | st.tuples(st.just("take"), st.sampled_from(SESSIONS)),
    max_size=60,
)


@given(STEPS)
def test_each_goes_on_once_in_order_or_is_taken(steps: list[tuple[str, Any]]) -> None:
    gone: dict[str, list[int]] = {name: [] for name in SESSIONS}
    emptied: list[None] = []
    lines: Lines[str, int] = Lines(
        lambda session, request, _: gone[session].append(request), lambda: emptied.append(None)
    )
    places: list[Place[str, int]] = []
    there: dict[str, list[Place[str, int]]] = {name: [] for name in SESSIONS}
    for step, what in steps:
        if step == "add":
            places.append(lines.add(what, len(places), 100))
            there[what].append(places[-1])
        elif step == "decide" and what < len(places) and places[what].decision is None:
            lines.decided(places[what], PASS)
        elif step == "take":
            taken = list(lines.take(what))
            left = [each for each in there[what] if each.request not in gone[what]]
            assert taken == left
            there[what] = []
        for name in SESSIONS:
            # A line is as long as what is in front of it is undecided.
            waiting = [each for each in there[name] if each.request not in gone[name]]
            assert not waiting or waiting[0].decision is None
            assert (name in lines) == bool(waiting)
            assert gone[name] == sorted(gone[name])
        count = sum(each.request not in gone[name] for name in SESSIONS for each in there[name])
        assert (len(lines), lines.octets) == (count, count * (100 + OVERHEAD))
        assert sorted(lines.sessions()) == [name for name in SESSIONS if name in lines]
    assert all(len(set(each)) == len(each) for each in gone.values())
