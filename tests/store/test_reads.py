"""`Reads`: what a read must not return because it was removed meanwhile."""

from __future__ import annotations

from smppgate.store.reads import Reads


def test_what_is_removed_while_reads_go_on_is_hidden_from_those_of_its_queue() -> None:
    reads = Reads()
    first, second, other = reads.begin(b"one", (1,)), reads.begin(b"one"), reads.begin(b"two")
    reads.hide(b"one", [2, 3])
    assert (first, second, other) == ({1, 2, 3}, {2, 3}, set())


def test_a_read_that_is_over_hears_of_nothing_more_and_others_go_on() -> None:
    """Also one that is to hide the same."""
    reads = Reads()
    first, second = reads.begin(b"one"), reads.begin(b"one")
    reads.end(first)
    reads.hide(b"one", [7])
    assert (first, second) == (set(), {7})


def test_what_is_hidden_from_the_beginning_stays_the_callers() -> None:
    reads, removed = Reads(), {5}
    reads.begin(b"one", removed)
    reads.hide(b"one", [6])
    assert removed == {5}
