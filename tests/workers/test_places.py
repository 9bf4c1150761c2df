"""Places of accounts, over all workers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.workers.places import Places


def joined(*workers: str) -> tuple[Places, list[tuple[str, bytes]]]:
    """Places for these workers, and who is told which account is full."""
    places, full = Places(), list[tuple[str, bytes]]()
    for worker in workers:
        places.join(worker, lambda account, worker=worker: full.append((worker, account)))
    return places, full


def test_a_limit_holds_over_all_workers() -> None:
    """Whoever takes the places."""
    places, _ = joined("1", "2")
    asked = [places.admit(worker, b"acme", 3) for worker in ("1", "2", "1", "2")]
    assert asked == [True, True, True, False]
    assert places.admit("2", b"bolt", 1)


def test_a_place_that_is_given_back_is_free_for_all() -> None:
    """Once for each time that it was given."""
    places, _ = joined("1", "2")
    assert places.admit("1", b"acme", 1)
    places.leave("2", b"acme")
    assert not places.admit("2", b"acme", 1)
    places.leave("1", b"acme")
    places.leave("1", b"acme")
    assert [places.admit("2", b"acme", 1) for _ in range(2)] == [True, False]


def test_a_limit_that_has_changed_holds_at_once() -> None:
    """Those that are there stay."""
    places, _ = joined("1")
    assert [places.admit("1", b"acme", limit) for limit in (1, 1, 2, 1)] == [
        True,
        False,
        True,
        False,
    ]


def test_who_has_places_is_told_that_there_are_none_left() -> None:
    """Whether it has asked itself or not; one without any is not."""
    places, full = joined("1", "2", "3")
    places.admit("1", b"acme", 2)
    places.admit("2", b"acme", 2)
    assert full == []
    places.admit("3", b"acme", 2)
    assert full == [("1", b"acme"), ("2", b"acme")]


def test_places_of_a_worker_that_has_gone_are_free() -> None:
    """It gets no others, and is told nothing."""
    places, full = joined("1", "2")
    for account in (b"acme", b"acme", b"bolt"):
        assert places.admit("1", account, 2)
    places.gone("1")
    assert len(places) == 0
    assert not places.admit("1", b"acme", 2)
    assert [places.admit("2", b"acme", 2) for _ in range(3)] == [True, True, False]
    assert full == [("2", b"acme")]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("admit", "leave", "gone")),
            st.sampled_from(("1", "2", "3")),
            st.sampled_from((b"acme", b"bolt")),
        ),
        max_size=60,
    )
)
def test_there_are_never_more_nor_fewer_than_may_be(steps: list[tuple[str, str, bytes]]) -> None:
    """As a count of each worker's own says."""
    places, _ = joined("1", "2", "3")
    held: dict[tuple[str, bytes], int] = {}
    for step, worker, account in steps:
        if step == "admit":
            count = sum(n for (_, name), n in held.items() if name == account)
            assert places.admit(worker, account, 3) is (count < 3)
            if count < 3:
                held[worker, account] = held.get((worker, account), 0) + 1
        elif step == "leave":
            places.leave(worker, account)
            held[worker, account] = max(0, held.get((worker, account), 0) - 1)
        else:
            places.gone(worker)
            places.join(worker, lambda account: None)
            held = {key: n for key, n in held.items() if key[0] != worker}
        assert len(places) == sum(held.values())
