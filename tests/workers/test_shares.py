"""Limits that are divided among workers."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from smppgate.store.interface import LEAST_PART, WHOLE
from smppgate.workers.shares import Shares, fulfilled

NAME = "account acme"


class Box:
    """Shares, and what each worker has been told."""

    def __init__(self, *workers: str) -> None:
        self.shares = Shares()
        self.parts: dict[str, dict[str, int]] = {}
        self.told = 0
        for worker in workers:
            self.join(worker)

    def join(self, worker: str) -> None:
        """A worker has begun."""
        self.parts[worker] = {}
        self.shares.join(worker, lambda parts: self._told(worker, parts))

    def _told(self, worker: str, parts: Mapping[str, int]) -> None:
        self.parts[worker].update(parts)
        self.told += 1

    def percent(self, worker: str) -> int:
        """The part of the limit that it has, of a hundred."""
        return round(100 * self.parts[worker].get(NAME, LEAST_PART) / WHOLE)


def test_the_only_one_that_uses_a_limit_has_nearly_all_of_it() -> None:
    """Even if it wishes for next to nothing."""
    box = Box("1", "2")
    box.shares.lease("1", {NAME: 1})
    assert (box.percent("1"), box.percent("2")) == (98, 0)


def test_what_none_wishes_for_is_divided_equally() -> None:
    """So that each is ready for more."""
    box = Box("1", "2")
    box.shares.lease("1", {NAME: WHOLE // 2})
    box.shares.lease("2", {NAME: WHOLE // 10})
    assert (box.percent("1"), box.percent("2")) == (69, 29)


def test_who_wishes_for_more_has_what_others_do_not_need() -> None:
    """And a limit that all want is divided equally."""
    box = Box("1", "2")
    box.shares.lease("1", {NAME: 1})
    box.shares.lease("2", {NAME: 1})
    box.shares.lease("1", {NAME: WHOLE})
    assert (box.percent("1"), box.percent("2")) == (98, 0)
    box.shares.lease("2", {NAME: WHOLE // 5})
    assert (box.percent("1"), box.percent("2")) == (78, 20)
    box.shares.lease("2", {NAME: WHOLE})
    assert (box.percent("1"), box.percent("2")) == (49, 49)


def test_a_worker_keeps_what_it_has_until_another_needs_it() -> None:
    """Nothing is told to anyone."""
    box = Box("1", "2")
    box.shares.lease("1", {NAME: WHOLE})
    box.shares.lease("2", {NAME: WHOLE // 10})
    told = box.told
    box.shares.lease("1", {NAME: 1})
    assert (box.percent("1"), box.told) == (88, told)
    box.shares.lease("2", {NAME: WHOLE // 4})
    assert box.percent("2") >= 25


def test_what_was_given_up_goes_to_the_others() -> None:
    """By a worker that says so, and by one that has gone."""
    box = Box("1", "2", "3")
    for worker in ("1", "2", "3"):
        box.shares.lease(worker, {NAME: WHOLE, "smsc alpha": WHOLE})
    assert box.percent("1") == 33
    box.shares.lease("3", {NAME: 0})
    assert box.percent("1") == 49
    box.shares.gone("2")
    assert box.percent("1") == 98
    assert box.parts["1"]["smsc alpha"] == box.parts["3"]["smsc alpha"]
    box.shares.lease("2", {NAME: WHOLE})
    box.shares.gone("1")
    box.shares.gone("1")
    box.shares.gone("3")
    assert len(box.shares) == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("1", "2", "3")),
            st.sampled_from((0, 1, 2_000, 100_000, 600_000, WHOLE)),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_all_parts_are_no_more_than_the_whole(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever they wish for; and none goes short while there is something left."""
    box, wanted = Box("1", "2", "3"), dict[str, int]()
    for worker, wish, goes in steps:
        if goes:
            box.shares.gone(worker)
            box.join(worker)
        else:
            box.shares.lease(worker, {NAME: wish})
        wanted[worker] = 0 if goes else wish
        if not wanted[worker]:
            box.parts[worker].pop(NAME, None)
        parts = {each: box.parts[each].get(NAME, LEAST_PART) for each in box.parts}
        assert sum(parts.values()) <= WHOLE
        if any(wanted.values()):
            assert sum(parts.values()) >= 0.98 * WHOLE
        needy = [parts[each] for each, wish in wanted.items() if wish > parts[each]]
        if needy:
            assert all(parts[e] <= max(w, min(needy)) + LEAST_PART for e, w in wanted.items())


@given(st.lists(st.integers(0, WHOLE), min_size=1, max_size=8), st.integers(0, WHOLE))
def test_wishes_are_fulfilled_fairly(wishes: list[int], whole: int) -> None:
    """None gets more than it wishes, or than one that has not got all that it wishes for."""
    given_to = fulfilled(wishes, whole)
    assert sum(given_to) == min(whole, sum(wishes)) or sum(given_to) > whole - len(wishes)
    for wish, got in zip(wishes, given_to, strict=True):
        assert got <= wish
        assert got == wish or got >= max(given_to) - 1
